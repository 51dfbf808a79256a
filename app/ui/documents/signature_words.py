"""What a document's signatures are worth, in words: three lines each (完整性, 身份, 时间), and the whole in one."""

import msgspec

from app.ca.pdf_verifier import DocumentVerdict, Level, SignatureVerdict, StampVerdict
from app.ca.trust import Part, Status
from app.ui import texts
from app.ui.i18n import language, tr

UNSIGNED = ("pdf.unsigned", "ofd.unsigned")


class Line(msgspec.Struct, frozen=True):
    """One of the three: what it is about, its verdict, a sentence."""

    name: str
    status: Status
    text: str


def part_words(part: Part) -> str:
    """The sentence of one part, with the certificate's name where it is about one."""
    entry = texts.table("words").get("signature_part", {}).get(part.code)
    entry = entry or texts.table("verification").get("problems", {}).get(part.code)
    said = str(entry[language().value]) if entry else texts.error_text(part.code, {"found": part.about}).what
    said = said[:1].upper() + said[1:].rstrip("。.")
    about = tr("（{name}）", name=part.about) if part.about and part.status is not Status.PASSED else ""
    return f"{said}{about}" + tr("。")


def signature_lines(one: SignatureVerdict) -> tuple[Line, Line, Line]:
    """Integrity, identity and time of a signature."""
    identity = part_words(one.identity)
    if one.holder and one.name and one.holder != one.name:
        identity = texts.sentences(tr("证书持有人 {holder}。", holder=one.holder), identity)
    time = part_words(one.time)
    if one.claimed_time is not None:
        time = texts.sentences(tr("{time}。", time=texts.full_time(one.claimed_time)), time)
    return (
        Line(tr("完整性"), one.integrity.status, part_words(one.integrity)),
        Line(tr("身份"), one.identity.status, identity),
        Line(tr("时间"), one.time.status, time),
    )


def stamp_lines(one: StampVerdict) -> tuple[Line, Line]:
    """Integrity and time of a document time stamp."""
    time = part_words(one.time)
    if one.at is not None:
        time = texts.sentences(tr("{time}。", time=texts.full_time(one.at)), time)
    return (
        Line(tr("完整性"), one.integrity.status, part_words(one.integrity)),
        Line(tr("时间"), one.time.status, time),
    )


def overall(verdict: DocumentVerdict) -> tuple[Status, str]:
    """The worst of all lines, in one sentence; claimed times alone do not count against a document."""
    if verdict.document.code in UNSIGNED:
        return Status.COULD_NOT_TELL, tr("这份文件没有签名。")
    if verdict.document.status is Status.FAILED:
        return Status.FAILED, part_words(verdict.document)
    parts = [part for one in verdict.signatures for part in (one.integrity, one.identity, one.time)]
    parts += [part for one in verdict.stamps for part in (one.integrity, one.time)]
    told = {part.status for part in parts if part.code != "time.claimed_only"}
    if Status.FAILED in told:
        return Status.FAILED, tr("有签名未通过验证，原因见下。")
    if Status.COULD_NOT_TELL in told:
        return Status.COULD_NOT_TELL, tr("内容未被改动；签署人的身份或时间无法完全判断，原因见下。")
    return Status.PASSED, tr("全部签名有效，签署后内容未被改动。")


def level_words(level: Level) -> str:
    """What the file carries along for later."""
    return texts.word("signature_level", level.value) if level else ""
