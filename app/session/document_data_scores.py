"""The figures of the evaluation report: scoring matrix, price scores, ranking, derived again."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from app.errors import FaultError, InputError
from app.procurement.price import EvaluationPrice, PriceScore, correct, evaluation_prices, price_scores
from app.procurement.scoring import Rank, Sheet, SupplierTotal, deviations, marked_criteria, rank, totals
from app.session.document_parts import body, figure, line, money, person_name, supplier_name
from app.session.document_words import ASPECTS, FORMULAS, TIES, sentence, word
from app.session.documents_data import NamedValue
from app.session.documents_report import MemberTotals, PriceScores, ScoreRow, ScoringMatrix
from app.session.documents_report import PriceScore as PrintedScore
from app.session.documents_report import Rank as PrintedRank
from app.session.rules.events_evaluation import TotalsComputed
from app.session.rules.state import State
from app.session.rules.totals import Quote, compute, corrected_quotes, quoted, sheet_of


class Figures(Struct, frozen=True):
    """All that the sheets and the prices give; suppliers in order of their rank."""

    sheets: tuple[Sheet, ...]
    quotes: dict[str, Quote]
    prices: dict[str, EvaluationPrice]
    scores: dict[str, PriceScore]
    totals: dict[str, SupplierTotal]
    ranks: tuple[Rank, ...]

    @property
    def suppliers(self) -> tuple[str, ...]:
        return tuple(item.supplier for item in self.ranks)


def figures_of(state: State) -> Figures | None:
    """The figures behind the recorded ranking, derived again; None while there is no ranking.

    Raises:
        FaultError: ``document.numbers_differ``: the record says something else than the sheets and prices.
    """
    if not state.standings:
        return None
    again = compute(state)[0]
    if not isinstance(again, TotalsComputed) or again.standings != state.standings:
        raise FaultError("document.numbers_differ", case=state.case)
    lot, rules, method = state.the_lot(), state.the_rules(), state.the_method()
    sheets = tuple(sheet_of(member, state.sheets[member]) for member in state.members() if member in state.sheets)
    suppliers = tuple(sorted(state.continuing()))
    quotes = {s: quote for s, quote in corrected_quotes(state).items() if s in suppliers}
    prices = evaluation_prices({s: (quote.total, quote.schedule) for s, quote in quotes.items()}, lot, rules)
    criterion = lot.price_criterion
    scores: dict[str, PriceScore] = {}
    if criterion is not None:
        compared = {s: price.price for s, price in prices.items()}
        scores = price_scores(compared, criterion.max_score, method.price_formula, rules)
    results = totals(sheets, lot, suppliers, scores, {s: quote.total for s, quote in quotes.items()}, rules)
    by_supplier = {item.supplier: item for item in results}
    return Figures(sheets, quotes, prices, scores, by_supplier, rank(results, method))


def scoring_matrix(state: State, figures: Figures) -> ScoringMatrix:
    """评分汇总: the members' means by criterion, each member's totals, the price scores, the totals."""
    suppliers = figures.suppliers
    rows = tuple(
        ScoreRow(
            criterion=line(f"{ASPECTS[item.aspect]}　{item.name}"),
            maximum=figure(item.max_score),
            scores=tuple(figure(figures.totals[s].criterion_means[item.id]) for s in suppliers),
        )
        for item in marked_criteria(state.the_lot())
    )
    members = tuple(
        MemberTotals(
            member=person_name(state, sheet.member),
            totals=tuple(figure(_of_member(figures.totals[s], sheet.member)) for s in suppliers),
        )
        for sheet in figures.sheets
    )
    return ScoringMatrix(
        suppliers=tuple(supplier_name(state, s) for s in suppliers),
        rows=rows,
        members=members,
        price=tuple(figure(figures.totals[s].price_score) for s in suppliers),
        totals=tuple(figure(figures.totals[s].total) for s in suppliers),
        notes=deviation_notes(state, figures),
    )


def _of_member(total: SupplierTotal, member: str) -> Decimal:
    return next(item.total for item in total.member_totals if item.member == member)


def deviation_notes(state: State, figures: Figures) -> tuple[str, ...]:
    """Totals far from the members' mean 畸高畸低, with the reason that the member gave."""
    notes = []
    for item in deviations(tuple(figures.totals.values()), state.the_rules()):
        reason = state.deviation_reasons.get(f"{item.member}/{item.supplier}/")
        said = f"理由：{reason}" if reason else "未在规定时间内说明理由"
        notes.append(
            body(
                f"{person_name(state, item.member)}对{supplier_name(state, item.supplier)}评分合计 "
                f"{figure(item.total)}，各成员平均 {figure(item.mean)}，偏差 {item.percent}%。{said}"
            )
        )
    return tuple(notes)


def printed_prices(state: State, figures: Figures) -> PriceScores | None:
    """价格分计算 with each step; None where the price is not scored."""
    criterion = state.the_lot().price_criterion
    if criterion is None:
        return None
    return PriceScores(
        formula=line(FORMULAS[state.the_method().price_formula]),
        base=figure(min(price.price for price in figures.prices.values())),
        weight=figure(criterion.max_score),
        scores=tuple(_printed_price(state, figures, supplier) for supplier in figures.suppliers),
    )


def _printed_price(state: State, figures: Figures, supplier: str) -> PrintedScore:
    quote, price, score = figures.quotes[supplier], figures.prices[supplier], figures.scores[supplier]
    steps = (*corrections(state, supplier), *(sentence(step) for step in (*price.steps, *score.steps)))
    declared = quote.schedule.total_words if quote.schedule.total == quote.total else ""
    return PrintedScore(
        supplier=supplier_name(state, supplier),
        quote=money(quote.total, declared),
        steps=tuple(NamedValue(name=line(name), value=body(said)) for name, said in steps),
        evaluation_price=figure(price.price),
        score=figure(score.score),
    )


def corrections(state: State, supplier: str) -> tuple[tuple[str, str], ...]:
    """What was corrected in a quote, step by step."""
    price = quoted(state, supplier)
    if price is None:
        return ()
    try:
        correction = correct(*price, state.the_rules())
    except InputError:
        return ()
    return tuple(sentence(step) for step in correction.steps)


def printed_ranking(state: State, figures: Figures) -> tuple[PrintedRank, ...]:
    """The ranking with how ties were resolved."""
    notes: Mapping[str, str] = {item.supplier: _note(item) for item in figures.ranks}
    return tuple(
        PrintedRank(
            rank=item.rank,
            supplier=supplier_name(state, item.supplier),
            total=figure(item.total),
            quote=figure(figures.quotes[item.supplier].total),
            recommended=item.supplier in state.candidates,
            note=notes[item.supplier],
        )
        for item in figures.ranks
    )


def _note(item: Rank) -> str:
    return "" if item.decided_by in ("", "score_desc") else word(TIES, item.decided_by)
