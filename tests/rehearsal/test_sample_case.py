"""The sample case, its bids and marks: sound under the rules, believable as documents, and scored to a ranking."""

import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec
import pypdfium2
import pytest

from app.errors import InputError
from app.procurement.bid import parse_bid, parse_quote
from app.procurement.case import CaseFile, Criterion, LotCase, lot_case, parse_case_file
from app.procurement.case_checks import case_problems
from app.procurement.data import encode
from app.procurement.identifiers import uscc_ok
from app.procurement.low_price import low_price_findings
from app.procurement.methods import METHODS, method_of
from app.procurement.price import correct, evaluation_prices, price_scores, quote_faults
from app.procurement.rulepack import RuleSet, effective_windows, load_rule_pack, rules_in_force
from app.procurement.scoring import opened_problems, rank, totals
from app.rehearsal.sample_bids import SampleBid, bids_from_directory, sample_bids
from app.rehearsal.sample_case import sample_case, sample_people, sample_sheet
from app.settings import RESOURCES

NOW = datetime(2026, 11, 23, 1, 2, 3, 456, tzinfo=UTC)
MEMBERS = ("m1", "m2", "m3", "m4", "m5")
MethodCode = Literal["public_tender", "competitive_consultation"]


def rules_for(case: CaseFile) -> RuleSet:
    return rules_in_force(load_rule_pack((RESOURCES / "rulepacks" / "cn-2026.json").read_bytes()), case.notice_date)


@pytest.fixture(scope="module")
def tender() -> LotCase:
    return lot_case(sample_case("public_tender", NOW), "1")


@pytest.fixture(scope="module")
def bids(tender: LotCase, tmp_path_factory: pytest.TempPathFactory) -> list[SampleBid]:
    return sample_bids(tender, tmp_path_factory.mktemp("bids"), big_bytes=6_000_000)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rehearsal", [True, False])
@pytest.mark.parametrize("must", [True, False])
def test_the_case_is_sound_under_the_rules(method: MethodCode, rehearsal: bool, must: bool) -> None:
    case = sample_case(method, NOW, rehearsal, must_supervisor=must)
    assert case_problems(case, rules_for(case)) == ()
    assert parse_case_file(encode(case)) == case
    assert (case.opening_policy.must is not None) is must


def test_the_notice_lies_behind_and_the_deadline_ahead() -> None:
    case = sample_case("public_tender", NOW, receiving=timedelta(seconds=30))
    assert case.notice_date == date(2026, 10, 24)
    assert case.deadline == datetime(2026, 11, 23, 1, 2, 34, tzinfo=UTC)


def test_only_a_rehearsal_has_shortened_windows() -> None:
    for rehearsal in (True, False):
        case = sample_case("public_tender", NOW, rehearsal)
        windows = effective_windows(case.windows, rules_for(case)).values()
        assert {window.shortened for window in windows} == {rehearsal}


def test_people_fit_the_case() -> None:
    case = sample_case("public_tender", NOW)
    people = sample_people(case)
    roles = [person.role for person in people]
    assert roles.count("expert") == case.committee.experts
    assert roles.count("expert") + roles.count("purchaser") == case.committee.size
    assert roles.count("supplier") == 3
    assert {seat.name for seat in case.opening_policy.openers} <= {person.name for person in people}
    assert len({person.name for person in people}) == len({person.id for person in people}) == len(people)
    assert all(uscc_ok(person.organisation.uscc) for person in people if person.organisation)
    # 87号令第40条: the purchaser's opener and the purchaser's committee member are two persons
    assert {person.role for person in people if person.organisation == case.purchaser} == {"opener", "purchaser"}


def test_the_bids_are_sound(tender: LotCase, bids: list[SampleBid]) -> None:
    rules = rules_for(sample_case("public_tender", NOW))
    assert len(bids) == 3
    for bid in bids:
        assert parse_bid(encode(bid.payload)) == bid.payload
        assert parse_quote(encode(bid.quote)) == bid.quote
        assert not correct(bid.payload.price, bid.payload.body_total, rules).needs_confirmation
        assert not correct(bid.quote.price, None, rules).needs_confirmation
        assert quote_faults(bid.payload.price.total, tender) == ()
        assert bid.quote.price.total < bid.payload.price.total
        assert [document.name for document in bid.payload.documents] == [path.name for path in bid.files]
    quotes = {bid.key: bid.payload.price.total for bid in bids}
    assert low_price_findings(quotes, tender, rules) == ()


def test_documents_are_chinese_pdfs_of_5_to_50_pages(bids: list[SampleBid]) -> None:
    pages = []
    for bid in bids:
        for path in bid.files:
            document = pypdfium2.PdfDocument(path)
            pages.append(len(document))
            if path.name == "报价文件.pdf":
                text = document[2].get_textpage().get_text_range()
                assert f"{bid.payload.price.total:,.2f}" in text
                assert bid.payload.price.total_words in text
                assert "演练" in text
            document.close()
    assert 5 <= min(pages) <= max(pages) <= 50
    assert max(pages) > 15


def test_the_big_annex_is_a_valid_pdf_with_its_data(bids: list[SampleBid]) -> None:
    path = bids[1].files[-1]
    assert abs(path.stat().st_size - 6_000_000) < 10_000
    document = pypdfium2.PdfDocument(path)
    assert document.count_attachments() == 1
    attachment = document.get_attachment(0)
    assert attachment.get_name() == "samples.bin"
    assert len(attachment.get_data()) > 1_000_000
    picture = document[0].render(scale=0.2).to_numpy()
    assert picture.std() > 5
    document.close()


def test_the_slip_is_a_wrong_line_total(tender: LotCase, tmp_path: Path) -> None:
    first, *others = sample_bids(tender, tmp_path, big_bytes=0, slip=True, documents=False)
    rules = rules_for(sample_case("public_tender", NOW))
    outcome = correct(first.payload.price, None, rules)
    assert [step.code for step in outcome.steps] == ["correction.line_total", "correction.unit_price_over_total"]
    assert outcome.quoted - outcome.corrected == 9000
    assert not any(correct(bid.payload.price, None, rules).needs_confirmation for bid in others)
    assert [len(bid.files) for bid in (first, *others)] == [1, 1, 1]


@pytest.mark.parametrize("method", METHODS)
def test_the_sample_is_scored_to_a_ranking(method: MethodCode, bids: list[SampleBid]) -> None:
    case_file = sample_case(method, NOW)
    case, rules, how = lot_case(case_file, "1"), rules_for(case_file), method_of(method)
    schedules = {bid.key: bid.quote.price if how.has("quoting") else bid.payload.price for bid in bids}
    quotes = {key: price.total for key, price in schedules.items()}
    facts = {bid.key: bid.payload.facts for bid in bids}
    sheets = [sample_sheet(case, member, place, list(quotes), facts) for place, member in enumerate(MEMBERS)]
    assert opened_problems(sheets, case, list(quotes), facts) == ()
    evaluated = evaluation_prices({key: (quotes[key], schedules[key]) for key in quotes}, case, rules)
    # the small enterprise's quote is the highest and its evaluation price the lowest
    assert max(quotes, key=lambda key: quotes[key]) == "supplier-b"
    assert min(evaluated, key=lambda key: evaluated[key].price) == "supplier-b"
    assert case.price_criterion is not None
    scores = price_scores(
        {key: entry.price for key, entry in evaluated.items()}, case.price_criterion.max_score, how.price_formula, rules
    )
    ranking = rank(totals(sheets, case, list(quotes), scores, quotes, rules), how)
    assert [entry.rank for entry in ranking] == [1, 2, 3]
    assert ranking[0].supplier == "supplier-b"


def test_marks_differ_between_members_and_carry_reasons(tender: LotCase, bids: list[SampleBid]) -> None:
    facts = {bid.key: bid.payload.facts for bid in bids}
    sheets = [sample_sheet(tender, member, place, list(facts), facts) for place, member in enumerate(MEMBERS)]
    assert len({sheet.score("supplier-a", "approach") for sheet in sheets}) > 1
    assert len({tuple(mark.score for mark in sheet.marks) for sheet in sheets}) == len(MEMBERS)
    assert all(mark.reason for sheet in sheets for mark in sheet.marks if mark.criterion in ("approach", "after"))


def test_marks_fit_any_case(tender: LotCase) -> None:
    criteria = (
        Criterion("x", "细项", "subjective", Decimal("0.5")),
        Criterion("y", "证书", "objective", Decimal(7)),
        Criterion("z", "方案", "subjective", Decimal("92.5")),
    )
    case = msgspec.structs.replace(tender, lot=msgspec.structs.replace(tender.lot, criteria=criteria))
    suppliers = [f"s{index}" for index in range(7)]
    sheets = [sample_sheet(case, f"m{place}", place, suppliers, {}) for place in range(9)]
    assert opened_problems(sheets, case, suppliers, {}) == ()


# --- a folder of one's own


@pytest.fixture
def folder(tmp_path: Path, bids: list[SampleBid]) -> Path:
    """Two prepared bids, as docs/bid-file.md describes them; the first with a final quote."""
    for bid in bids[:2]:
        place = tmp_path / bid.key
        place.mkdir()
        shutil.copy(bid.files[0], place / "资格.pdf")
        value: dict[str, Any] = msgspec.to_builtins(bid.payload)
        value["schema"] = "bidroom.bid-file/1"
        value["documents"] = [{"name": "资格.pdf", "kind": "qualification"}]
        (place / "bid.json").write_bytes(msgspec.json.encode(value, enc_hook=str))
    (tmp_path / bids[0].key / "quote.json").write_bytes(encode(bids[0].quote))
    return tmp_path


def test_prepared_bids_are_read(folder: Path, tender: LotCase, bids: list[SampleBid]) -> None:
    first, second = bids_from_directory(folder, tender)
    assert first.payload.price == bids[0].payload.price
    assert first.quote == bids[0].quote
    assert second.quote.price == second.payload.price
    assert first.payload.documents[0].size == bids[0].files[0].stat().st_size
    assert first.payload.documents[0].sha256 == bids[0].payload.documents[0].sha256


def refused(folder: Path, case: LotCase) -> str:
    with pytest.raises(InputError) as caught:
        bids_from_directory(folder, case)
    return caught.value.code


def test_what_is_wrong_with_a_folder_is_said(folder: Path, tender: LotCase) -> None:
    other = lot_case(sample_case("competitive_consultation", NOW), "1")
    assert refused(folder, other) == "bids.other_case"
    assert refused(folder / "nowhere", tender) == "bids.none"
    shutil.copytree(folder / "supplier-a", folder / "supplier-z")
    assert refused(folder, tender) == "bids.supplier_twice"
    (folder / "supplier-z" / "资格.pdf").write_bytes(b"")
    assert refused(folder, tender) == "bid.document_empty"
    (folder / "supplier-z" / "资格.pdf").unlink()
    assert refused(folder, tender) == "bid.document_missing"
    (folder / "supplier-z" / "资格.pdf").symlink_to(folder / "supplier-a" / "资格.pdf")
    assert refused(folder, tender) == "bid.document_missing"
    (folder / "supplier-z" / "bid.json").unlink()
    assert refused(folder, tender) == "bids.no_bid_file"


def test_an_unreadable_bid_file_is_one_error(folder: Path, tender: LotCase) -> None:
    (folder / "supplier-a" / "bid.json").write_bytes(b"{}")
    assert refused(folder, tender) == "bid.field_missing"
