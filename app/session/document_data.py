"""From the state to the documents: what a document says is made here from the record alone, and nothing is typed.

:func:`document_for` is a pure function, so that a verification derives the same document again from an archive.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.errors import InputError
from app.session.document_data_opening import opening_record
from app.session.document_data_report import evaluation_report
from app.session.document_data_review import commitment, qualification_record, result_notice, score_sheet
from app.session.document_editions import CURRENT, worded
from app.session.document_parts import Source
from app.session.documents_data import Document, DocumentKind
from app.session.rules.event import Recorded
from app.session.rules.state import State


@dataclass(frozen=True)
class DocumentData:
    """What :func:`app.session.documents.render` takes."""

    kind: DocumentKind
    document: Document


MAKERS: dict[DocumentKind, Callable[[Source, str], Document]] = {
    DocumentKind.OPENING_RECORD: opening_record,
    DocumentKind.QUALIFICATION_RECORD: lambda source, subject: qualification_record(source),
    DocumentKind.COMMITMENT: commitment,
    DocumentKind.SCORE_SHEET: score_sheet,
    DocumentKind.EVALUATION_REPORT: lambda source, subject: evaluation_report(source),
    DocumentKind.RESULT_NOTICE: lambda source, subject: result_notice(source),
}
"""The documents that the state alone gives; receipts and letters are made where they are signed."""


def document_for(
    state: State,
    kind: str,
    subject: str,
    *,
    entries: int,
    root: str,
    recorded: Sequence[Recorded],
    now: datetime,
    edition: int = CURRENT,
) -> DocumentData:
    """What the document of ``kind`` about ``subject`` says in ``state``, for :func:`app.session.documents.render`.

    Args:
        state: the fold of ``recorded``.
        subject: a member (person id) for score sheets and commitments; a supplier (USCC) for an opening record of its
            own; else empty.
        entries: size of the log at this moment, and its ``root`` (hex): printed as "entry N, root R".
        now: the moment of issue, aware UTC.
        edition: of the wording; an archive names the one its document was issued in.

    Raises:
        InputError: ``document.kind_unknown``, ``document.edition_unknown``; ``document.subject_unknown`` for a member
            without a sheet.
        FaultError: ``document.numbers_differ``: the record's totals are not what its sheets and prices give.
    """
    maker = MAKERS.get(DocumentKind(kind)) if kind in set(DocumentKind) else None
    if maker is None:
        raise InputError("document.kind_unknown", kind=kind[:100])
    source = Source(state, recorded, entries, root, now)
    with worded(edition):
        return DocumentData(DocumentKind(kind), maker(source, subject))
