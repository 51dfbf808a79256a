"""Documents of a case: checked data in, a flat PDF/A-3u with its signature boxes out. Pure but for the typesetter."""

import json
import re
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import typst

from app.ca.pdf_signer import SignatureField
from app.ca.typeface import FONTS, printable
from app.canon import canonical
from app.clock import parse_stamp
from app.errors import FaultError, InputError
from app.session.document_editions import CURRENT, folder_of
from app.session.documents_data import (
    STAMP,
    AcceptanceCertificate,
    BidReceipt,
    ClarificationLetter,
    Commitment,
    Document,
    DocumentKind,
    OpeningRecord,
    QualificationRecord,
    ReviewTable,
    ScoreSheet,
)
from app.session.documents_report import EvaluationReport, ResultNotice, ScoringMatrix

DATA_LIMIT = 8 * 1024 * 1024
PAGE_HEIGHT = 841.8898  # A4, points

SHAPES: dict[DocumentKind, type[Document]] = {
    DocumentKind.OPENING_RECORD: OpeningRecord,
    DocumentKind.BID_RECEIPT: BidReceipt,
    DocumentKind.COMMITMENT: Commitment,
    DocumentKind.CLARIFICATION_LETTER: ClarificationLetter,
    DocumentKind.SCORE_SHEET: ScoreSheet,
    DocumentKind.QUALIFICATION_RECORD: QualificationRecord,
    DocumentKind.EVALUATION_REPORT: EvaluationReport,
    DocumentKind.RESULT_NOTICE: ResultNotice,
    DocumentKind.ACCEPTANCE_CERTIFICATE: AcceptanceCertificate,
}


@dataclass(frozen=True)
class RenderedDocument:
    """A document ready for its signature fields.

    Attributes:
        pdf: PDF/A-3u, A4, the data attached as ``data.json`` (canonical JSON).
        fields: one per signer, lying exactly over the printed boxes, in the order of the signers.
    """

    pdf: bytes
    fields: tuple[SignatureField, ...]


def render(kind: DocumentKind, data: Document | dict[str, Any], edition: int = CURRENT) -> RenderedDocument:
    """Lay out a document with the templates of an edition; the same data always gives the same bytes.

    Raises:
        InputError: ``document.data_invalid`` (``kind``, ``reason``), ``document.data_too_large``,
            ``document.edition_unknown``.
        FaultError: ``document.not_rendered`` (``kind``): the template or the fonts are broken.
    """
    templates = folder_of(edition)
    document = checked(kind, data)
    builtins = cast(dict[str, Any], msgspec.to_builtins(document))
    try:
        attached = canonical(builtins)
    except UnicodeEncodeError as error:
        raise InputError("document.data_invalid", kind=kind.value, reason="surrogate") from error
    if len(attached) > DATA_LIMIT:
        raise InputError("document.data_too_large", kind=kind.value, limit=DATA_LIMIT)
    inputs = {"data": attached.decode(), "shown": canonical(_shown(builtins)).decode()}
    try:
        compiler = typst.Compiler(
            str(templates / f"{kind.value}.typ"),
            root=str(templates),
            font_paths=[str(FONTS)],
            ignore_system_fonts=True,
            sys_inputs=inputs,
        )
        pdf = compiler.compile(
            format="pdf",
            pdf_standards=["a-3u"],
            pdf_tags=False,
            timestamp=int(parse_stamp(document.issued_at).timestamp()),
        )
        boxes = json.loads(compiler.query("<signature-box>", field="value"))
    except typst.TypstError as error:
        raise FaultError("document.not_rendered", kind=kind.value) from error
    boxes.sort(key=lambda box: box["index"])
    if len(boxes) != len(document.signers):
        raise FaultError("document.not_rendered", kind=kind.value)
    fields = tuple(
        SignatureField(
            name=f"signature_{box['index'] + 1:02d}",
            person_id=signer.person_id,
            page=box["page"] - 1,
            box=(
                round(box["x"], 3),
                round(PAGE_HEIGHT - box["y"] - box["height"], 3),
                round(box["x"] + box["width"], 3),
                round(PAGE_HEIGHT - box["y"], 3),
            ),
        )
        for signer, box in zip(document.signers, boxes, strict=True)
    )
    return RenderedDocument(pdf=cast(bytes, pdf), fields=fields)


def checked(kind: DocumentKind, data: Document | dict[str, Any]) -> Document:
    """The data as the struct of ``kind``, with what the types cannot say checked too (row lengths, no leaked price)."""
    shape = SHAPES[kind]
    try:
        builtins = msgspec.to_builtins(data)
        document = msgspec.convert(builtins, shape)
        _check_stamps(builtins)
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise InputError("document.data_invalid", kind=kind.value, reason=str(error)[:200]) from error
    reason = _inconsistency(document)
    if reason:
        raise InputError("document.data_invalid", kind=kind.value, reason=reason)
    return document


def _check_stamps(value: Any) -> None:
    """Raise ValueError for what has the form of a stamp and is no moment, e.g. 30 February."""
    if isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            _check_stamps(item)
    elif isinstance(value, str) and len(value) <= 30 and re.match(STAMP, value):
        parse_stamp(value)


def _inconsistency(document: Document) -> str | None:
    people = [signer.person_id for signer in document.signers]
    if len(set(people)) != len(people):
        return "signer twice"
    match document:
        case OpeningRecord(variant="consultation", bids=bids) if any(bid.price for bid in bids):
            return "price in consultation"
        case ClarificationLetter(answer=answer, questions=questions) if answer:
            return None if len(answer.answers) == len(questions) else "answers"
        case AcceptanceCertificate(conclusion=conclusion, items=items):
            return "conclusion" if (conclusion == "passed") != all(item.passed for item in items) else None
        case ScoreSheet():
            wide = len(document.suppliers)
            fits = len(document.marks) == len(document.criteria) and len(document.totals) == wide
            return None if fits and all(len(row) == wide for row in document.marks) else "marks"
        case QualificationRecord():
            return _review(document.review)
        case EvaluationReport():
            reviews = [_review(review) for review in (document.qualification, document.conformity) if review]
            return next((reason for reason in reviews if reason), None) or _matrix(document.scoring)
        case _:
            return None


def _review(review: ReviewTable) -> str | None:
    wide = len(review.conclusions)
    fits = len(review.findings) == len(review.items) and all(len(row) == wide for row in review.findings)
    return None if fits else "findings"


def _matrix(matrix: ScoringMatrix | None) -> str | None:
    if matrix is None:
        return None
    rows = [row.scores for row in matrix.rows] + [row.totals for row in matrix.members] + [matrix.price, matrix.totals]
    return None if all(len(row) == len(matrix.suppliers) for row in rows) else "scoring"


def _shown(value: Any) -> Any:
    """What is printed: characters that cannot be shown, or that reorder text unseen, become their code points."""
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    if isinstance(value, str):
        plain = value.replace("\r\n", "\n").replace("\t", " ")
        if plain.isascii() and plain.isprintable():
            return plain
        return printable(plain)
    return value
