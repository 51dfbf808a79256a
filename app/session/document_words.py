"""The Chinese words of the signed documents 文书用语: documents are Chinese by law, whatever language a desk shows.

Codes of the record become words here, from the tables of the edition that is spoken
(:mod:`app.session.document_editions`); a code without a word is printed as it is.
"""

from collections.abc import Mapping
from string import Formatter

from app.procurement.data import Step
from app.session.document_editions import Table

ROLES: Table[str] = Table("roles")
LEVELS: Table[str] = Table("levels")
SEALS: Table[str] = Table("seals")
CONFIRMATIONS: Table[str] = Table("confirmations")
ATTRIBUTIONS: Table[str] = Table("attributions")
CAUSES: Table[str] = Table("causes")
REFUSALS: Table[str] = Table("refusals")
PHASES: Table[str] = Table("phases")
CLOCKS: Table[str] = Table("clocks")
GATES: Table[str] = Table("gates")
GROUNDS: Table[str] = Table("grounds")
ARTICLES: Table[dict[str, str]] = Table("articles")
STAGES: Table[str] = Table("stages")
TIES: Table[str] = Table("ties")
REDO: Table[str] = Table("redo")
WITHDRAWALS: Table[str] = Table("withdrawals")
ABSENCES: Table[str] = Table("absences")
RECORDING_STOPS: Table[str] = Table("recording_stops")
PLACES: Table[str] = Table("places")
ASPECTS: Table[str] = Table("aspects")
DELIVERY: Table[str] = Table("delivery")
FORMULAS: Table[str] = Table("formulas")
STEPS: Table[tuple[str, str]] = Table("steps")


def word(table: Mapping[str, str], code: str) -> str:
    """The word of a code; the code itself where there is none."""
    return table.get(code, code)


def sentence(step: Step) -> tuple[str, str]:
    """Name and figures of a step of a derivation; a step without words shows its code and facts."""
    found = STEPS.get(step.code)
    if found is None or not {name for _, name, _, _ in Formatter().parse(found[1]) if name} <= step.facts.keys():
        return step.code, "，".join(f"{name} {value}" for name, value in step.facts.items())
    return found[0], found[1].format(**step.facts)


def ground_words(ground: str, items: Mapping[str, str]) -> str:
    """Why a bid is invalid: ``conformity.signed,conformity.format``, or one code.

    Args:
        items: ``<stage>.<item>`` → the text of the review item.
    """
    said = []
    for code in ground.split(","):
        stage, _, item = code.partition(".")
        if code in items:
            said.append(f"{STAGES[stage]}不合格：{items[code]}")
        elif code in GROUNDS:
            said.append(GROUNDS[code])
        elif stage == "response":
            said.append(GROUNDS["response"] + (f"（{item}）" if item else ""))
        elif stage == "quote":
            said.append(f"{GROUNDS['quote.unreadable']}（{item}）")
        else:
            said.append(code)
    return "；".join(said)


def article_words(method: str, ground: str) -> str:
    """The article behind a ground, as far as the law names one for this method."""
    table = ARTICLES.get(method, {})
    found = []
    for code in ground.split(","):
        key = code if code in table else code.partition(".")[0]
        if key == "quote" and code not in table:
            key = "quote.unreadable"
        found.append(table.get(key, ""))
    return "；".join(dict.fromkeys(item for item in found if item))
