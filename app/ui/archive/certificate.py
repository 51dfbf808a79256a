"""The certificate of a verification (校验证明): what was checked, against what, and what came out, as a PDF.

It is nobody's signature: it says what this program found, so that another can find it again.
"""

from datetime import datetime
from typing import cast

import msgspec
import typst

from app import __version__
from app.ca.typeface import FONTS, printable
from app.canon import canonical, sha256_hex
from app.clock import stamp
from app.errors import FaultError
from app.record.archive import shipped_verifier
from app.record.verification import Place, Verdict, Verification
from app.settings import RESOURCES
from app.ui import texts
from app.ui.archive.content import Content
from app.ui.archive.trust import Trust
from app.ui.archive.words import (
    edition_words,
    places_words,
    step_detail,
    step_title,
    summary,
    trust_words,
    verdict_word,
    where_words,
)
from app.ui.i18n import language, tr

TEMPLATES = RESOURCES / "templates"
MOST_PLACES = 12
"""Places of one problem that are printed; the rest is counted."""


class Line(msgspec.Struct, frozen=True):
    """A fact of the certificate; ``mono`` for digests, printed in groups."""

    name: str
    value: str
    mono: bool = False


class Step(msgspec.Struct, frozen=True):
    """A step with its verdict (``passed``, ``failed``, ``could_not_tell``), in words."""

    number: int
    title: str
    verdict: str
    word: str
    detail: str
    places: tuple[str, ...] = ()


class Certificate(msgspec.Struct, frozen=True):
    """What the template prints; every text in the language of the certificate."""

    language: str
    title: str
    rehearsal: str
    verdict: str
    outcome: str
    issued_at: str
    facts_title: str
    facts: tuple[Line, ...]
    steps_title: str
    steps: tuple[Step, ...]
    trust_title: str
    trust: str
    roots: tuple[Line, ...]
    program_title: str
    program: tuple[Line, ...]
    note: str
    page: str


def build(
    result: Verification, content: Content | None, *, name: str, digest: str, used: Trust, offered: Trust,
    expect: str, now: datetime,
) -> Certificate:  # fmt: skip
    """In the language shown now.

    Args:
        name, digest: of the archive as a file; ``expect``: the head from outside, empty for none.
    """
    lot = content.state.lot if content is not None else None
    facts = [
        Line(tr("档案文件"), name),
        Line(tr("档案摘要 SHA-256"), digest, mono=True),
        Line(tr("项目"), f"{lot.project_name}　{lot.project_number}" if lot is not None else result.case or "—"),
        Line(tr("版本"), edition_words(result.edition) if result.edition else "—"),
        Line(tr("记录条数"), f"{result.size:,}"),
        Line(tr("记录的根"), result.root or "—", mono=bool(result.root)),
        Line(tr("外部依据 条数:根"), expect or tr("没有提供"), mono=bool(expect)),
        Line(tr("校验时间"), texts.full_time(now)),
    ]
    inside = next((str(step.facts["digest"]) for step in result.steps if "digest" in step.facts), "")
    shipped = sha256_hex(shipped_verifier())
    program = [
        Line(tr("程序版本"), f"Bidroom {__version__}"),
        Line(tr("本版本发布的 bidverify.py SHA-256"), shipped, mono=True),
        Line(tr("档案内 bidverify.py SHA-256"), tr("与上相同") if inside == shipped else inside or "—",
             mono=bool(inside) and inside != shipped),
    ]  # fmt: skip
    return Certificate(
        language=language().value,
        title=tr("档案校验证明"),
        rehearsal=tr("演练档案，不具法律效力") if result.rehearsal else "",
        verdict=result.verdict.value,
        outcome=summary(result),
        issued_at=stamp(now),
        facts_title=tr("校验对象"),
        facts=tuple(facts),
        steps_title=tr("校验步骤"),
        steps=tuple(
            Step(
                step.number, step_title(step), step.verdict.value, verdict_word(step.verdict), step_detail(step),
                _places(result, step.number),
            )
            for step in result.steps
        ),
        trust_title=tr("身份的依据"),
        trust=trust_words(used, offered),
        roots=tuple(Line(root.name or "—", root.fingerprint, mono=True) for root in used.roots),
        program_title=tr("所用程序"),
        program=tuple(program),
        note=tr(
            "本证明记载上述程序对上述档案校验的结果，任何人可用同一档案与外部依据重新校验。"
            "“无法判断”不是不通过：缺少作出判断所需的依据。"
        ),
        page=tr("第 {page} / {total} 页", page="{page}", total="{total}"),
    )  # fmt: skip


def _places(result: Verification, number: int) -> tuple[str, ...]:
    """Where a failed step found something: a line a kind of problem; nothing for one place, which its detail says."""
    step = result.steps[number - 1]
    failed = [place for place in step.places if place.failed]
    if step.verdict is not Verdict.FAILED or len(failed) < 2:
        return ()
    kinds: dict[str, list[Place]] = {}
    for place in failed:
        kinds.setdefault(place.problem, []).append(place)
    lines = []
    for places in kinds.values():
        shown = [where_words(place) for place in places[:MOST_PLACES]]
        rest = len(places) - len(shown)
        if rest:
            shown.append(tr("另有 {count} 处", count=rest))
        lines.append("　".join((places_words(places[:1]), tr("；").join(shown))))
    return tuple(lines)


def render(certificate: Certificate) -> bytes:
    """The PDF (PDF/A-3u, A4); the data are attached as ``data.json``. The same data give the same bytes.

    Raises:
        FaultError: ``document.not_rendered``: the template or the fonts are broken.
    """
    data = msgspec.to_builtins(certificate)
    try:
        compiler = typst.Compiler(
            str(TEMPLATES / "verification.typ"),
            root=str(TEMPLATES),
            font_paths=[str(FONTS)],
            ignore_system_fonts=True,
            sys_inputs={"data": canonical(data).decode(), "shown": canonical(_shown(data)).decode()},
        )
        pdf = compiler.compile(format="pdf", pdf_standards=["a-3u"], pdf_tags=False)
    except typst.TypstError as error:
        raise FaultError("document.not_rendered", kind="verification") from error
    return cast(bytes, pdf)


def _shown(value: object) -> object:
    """What is printed: characters that cannot be shown, or reorder text unseen, become their code points."""
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return printable(value) if isinstance(value, str) else value
