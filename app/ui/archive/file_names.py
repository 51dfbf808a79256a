"""What each file of an archive is, in words, and a name to save it under."""

import msgspec

from app.session.extract import safe_name
from app.session.rules.event import Recorded
from app.session.rules.events_case import DocumentIssued, DocumentSigned
from app.ui import texts
from app.ui.archive.content import ArchivedFile, Content, source_names
from app.ui.i18n import tr
from app.ui.record_lines import record_line
from app.ui.step_facts import StepFacts


class Described(msgspec.Struct, frozen=True):
    """``kind`` in one word, ``name`` in a line, ``saved`` as a file name; ``pdf`` whether it can be looked at here."""

    kind: str
    name: str
    saved: str
    pdf: bool = False


class FileNames:
    """Made for one content in the language shown now."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._facts = StepFacts(content.state, "")
        self._entries = {one.index: one for one in content.entries}
        self._known: dict[str, Described] = {}
        for entry in content.entries:
            if isinstance(entry.event, DocumentIssued | DocumentSigned):
                self._document(entry)
        self._bids()
        sources = source_names(content)
        for one in content.segments:
            source = sources.get(one.source, one.source)
            time = one.start.astimezone().strftime("%H%M%S")
            self._known[one.sha256] = Described(
                texts.word("file_kind", "recording"),
                tr(
                    "{source} 第 {number} 段 {time}", source=source, number=one.number, time=texts.clock_time(one.start)
                ),
                safe_name(f"{source}-{one.number:05d}-{time}.mkv"),
            )

    def of(self, file: ArchivedFile) -> Described:
        """A file in words; one that only an entry names by the entry's sentence."""
        if file.own:
            return Described(texts.word("file_kind", "own"), file.member, safe_name(file.member.rpartition("/")[2]))
        if file.sha256 in self._known:
            return self._known[file.sha256]
        entry = self._entries.get(file.index) if file.index is not None else None
        short = file.sha256[:16]
        if entry is None:
            return Described(texts.word("file_kind", "other"), short, f"{short}.bin")
        line = record_line(self._facts, entry)
        return Described(
            texts.word("file_kind", "attachment"), texts.event_text(line.event, line.facts), f"{short}.bin"
        )

    def digest(self, sha256: str) -> Described:
        """The same by digest."""
        return self._known.get(sha256) or Described(texts.word("file_kind", "other"), sha256[:16], f"{sha256[:16]}.bin")

    def _document(self, entry: Recorded) -> None:
        event = entry.event
        assert isinstance(event, DocumentIssued | DocumentSigned)
        kind = event.kind if isinstance(event, DocumentIssued) else self._kind(event.document)
        name = texts.word("document", kind)
        if isinstance(event, DocumentSigned):
            shown = tr("{name}（{person} 签署后）", name=name, person=self._facts.name(entry.actor))
        else:
            shown = tr("{name}（待签署）", name=name)
        self._known[event.pdf_sha256] = Described(
            texts.word("file_kind", "document"), shown, safe_name(f"{name}-{entry.index}.pdf"), pdf=True
        )

    def _kind(self, document: str) -> str:
        found = self._content.state.documents.get(document)
        return found.kind if found is not None else document

    def _bids(self) -> None:
        for supplier, bid in self._content.state.bids.items():
            name = self._facts.supplier_name(supplier)
            self._known[bid.envelope_sha256] = Described(
                texts.word("file_kind", "envelope"), tr("{name} 递交的密封文件", name=name), safe_name(f"{name}.bid")
            )
            for document in bid.documents:
                self._known[document.sha256] = Described(
                    texts.word("file_kind", "bid"), f"{name}　{document.name}", safe_name(document.name),
                    pdf=document.name.lower().endswith(".pdf"),
                )  # fmt: skip
