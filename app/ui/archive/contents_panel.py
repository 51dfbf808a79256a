"""What is in the archive, behind tabs: entries, people, signed documents, bids, recordings, all files."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.record.verification import Place
from app.ui import texts
from app.ui.archive.content import ArchivedFile, Content, SignedPaper, source_names
from app.ui.archive.entries_page import DENSE, EntriesPage
from app.ui.archive.file_names import FileNames
from app.ui.archive.files_page import FileRow, FilesPage, Said
from app.ui.archive.places import Marks
from app.ui.archive.words import STATUS_TONES, place_words, verdict_word
from app.ui.documents.signature_words import Line, signature_lines, stamp_lines
from app.ui.i18n import tr
from app.ui.opening.closing import bid_standing
from app.ui.step_facts import StepFacts
from app.ui.view import View, column
from app.ui.widgets.chip import Tone
from app.ui.widgets.data_table import Align, Cell, ChipCell, Column, DataTable
from app.ui.widgets.tabs import SegmentedTabs

ENTRIES, PEOPLE, PAPERS, BIDS, RECORDINGS, FILES = range(6)


class ContentsPanel(View):
    """Signals:
    open_asked(str, str): show this PDF: digest and title.
    save_asked(object, str): take this file out; the name to propose.
    moment_chosen(object): an entry or a recording was chosen; its time (aware UTC).
    """

    open_asked = Signal(str, str)
    save_asked = Signal(object, str)
    moment_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content: Content | None = None
        self._papers: tuple[SignedPaper, ...] = ()
        self._marks, self._verified = Marks(), False
        self.tabs = SegmentedTabs(6)
        self.entries = EntriesPage()
        self.people = DataTable(
            (Column("姓名", width=80), Column("单位", stretch=True, width=110), Column("角色", width=90),
             Column("签到方式", width=80)), row_height=DENSE,
        )  # fmt: skip
        self.papers = FilesPage(
            (Column("文件", stretch=True, width=120), Column("签署人", width=90), Column("完整性", width=76),
             Column("身份", width=76), Column("时间", width=76))
        )  # fmt: skip
        self.bids = FilesPage(
            (Column("供应商", stretch=True, width=110), Column("文件", width=110),
             Column("大小", Align.RIGHT, width=64), Column("状态", width=76), Column("校验", width=76))
        )  # fmt: skip
        self.recordings = FilesPage(
            (Column("录像来源", stretch=True, width=110), Column("开始", width=76),
             Column("时长", Align.RIGHT, width=60), Column("大小", Align.RIGHT, width=64), Column("校验", width=76))
        )  # fmt: skip
        self.files = FilesPage(
            (Column("种类", width=76), Column("文件", stretch=True, width=120), Column("条目", Align.RIGHT, width=50),
             Column("大小", Align.RIGHT, width=64), Column("校验", width=76))
        )  # fmt: skip
        self._stack = QStackedWidget()
        for page in (self.entries, self.people, self.papers, self.bids, self.recordings, self.files):
            self._stack.addWidget(page)
        for files in (self.papers, self.bids, self.recordings, self.files):
            files.open_asked.connect(self.open_asked)
            files.save_asked.connect(self.save_asked)
        self.entries.moment_chosen.connect(self.moment_chosen)
        self.recordings.moment_chosen.connect(self.moment_chosen)
        self.tabs.chosen.connect(self._stack.setCurrentIndex)
        whole = column(self.tabs, self._stack, spacing=8)
        whole.setStretch(1, 1)
        self.setLayout(whole)
        self._name_tabs()

    def show_content(self, content: Content) -> None:
        """Show an archive."""
        self._content, self._papers, self._marks, self._verified = content, (), Marks(), False
        self.entries.show_marks(self._marks)
        self.entries.show_content(content)
        self.retranslate()

    def show_unverified(self) -> None:
        """A verification begins: nothing is said of the places any more."""
        self._marks, self._verified = Marks(), False
        self.entries.show_marks(self._marks)
        self.retranslate()

    def show_papers(self, papers: tuple[SignedPaper, ...]) -> None:
        """Show the documents with what their signatures are worth."""
        self._papers = papers
        self.retranslate()

    def show_marks(self, marks: Marks) -> None:
        """A verification ended; show where something is wrong."""
        self._marks, self._verified = marks, True
        self.entries.show_marks(marks)
        self.retranslate()

    def go_to_entry(self, index: int) -> None:
        """Show an entry."""
        self.tabs.choose(ENTRIES)
        self.entries.go_to(index)

    def go_to_file(self, key: str) -> None:
        """Show a file, by digest or by its name in the archive."""
        content = self._content
        for place, file in enumerate(content.files if content is not None else ()):
            if key in (file.member if file.own else file.sha256, file.member):
                self.tabs.choose(FILES)
                self.files.table.choose(place)
                return

    def retranslate(self) -> None:
        self._name_tabs()
        content = self._content
        if content is None:
            return
        state, names = content.state, FileNames(content)
        self.people.show_rows(
            [
                [p.name, p.organisation, texts.word("role", "leader" if key == state.leader else p.roles[0].value),
                 texts.word("level", state.signed_in[key].level.value) if key in state.signed_in else None]
                for key, p in state.people.items()
            ]
        )  # fmt: skip
        self.papers.show_rows(tuple(line for paper in self._papers for line in self._signatures(content, paper)))
        self.bids.show_rows(tuple(self._bid_rows(content)))
        sources = source_names(content)
        self.recordings.show_rows(
            tuple(
                self._file_row(
                    content.file(one.sha256), names, moment=one.start,
                    cells=(sources.get(one.source, one.source), texts.clock_time(one.start),
                           f"{one.milliseconds / 1000:.1f} s", texts.size_text(one.size)),
                )
                for one in content.segments
            )
        )  # fmt: skip
        rows = []
        for file in content.files:
            about = names.of(file)
            size = texts.size_text(file.size) if file.size is not None else None
            index = str(file.index) if file.index is not None else None
            rows.append(self._file_row(file, names, (about.kind, about.name, index, size)))
        self.files.show_rows(tuple(rows))

    def _signatures(self, content: Content, paper: SignedPaper) -> list[FileRow]:
        """A row a signature, with integrity, identity and time as three verdicts, in words below."""
        document = paper.document
        name = texts.word("document", document.kind)
        file = content.file(document.pdf_sha256)
        bad = self._said(self._marks.papers.get(document.id, ()))
        saved = f"{name}.pdf"
        if paper.verdict is None or not paper.verdict.signatures:
            word = tr("没有签名") if paper.kept else tr("仅有摘要")
            chip = ChipCell(tr("未通过"), Tone.BAD) if bad else ChipCell(word, Tone.NEUTRAL)
            return [FileRow((name, None, chip, None, None), file, name, saved, paper.kept, bad)]
        rows = list[FileRow]()
        for one in paper.verdict.signatures:
            parts = signature_lines(one)
            cells: tuple[Cell, ...] = (name, one.name or one.holder, *(_chip(part) for part in parts))
            rows.append(FileRow(cells, file, name, saved, paper.kept, (*bad, *map(_said, parts))))
        for stamp in paper.verdict.stamps:
            whole, time = stamp_lines(stamp)
            cells = (name, tr("时间戳"), _chip(whole), None, _chip(time))
            rows.append(FileRow(cells, file, name, saved, paper.kept, (*bad, _said(whole), _said(time))))
        return rows

    def _bid_rows(self, content: Content) -> list[FileRow]:
        facts, names = StepFacts(content.state, ""), FileNames(content)
        rows = []
        for supplier, bid in content.state.bids.items():
            name, stands = facts.supplier_name(supplier), bid_standing(bid)
            envelope = content.file(bid.envelope_sha256)
            rows.append(
                self._file_row(
                    envelope, names, (name, texts.word("file_kind", "envelope"), texts.size_text(bid.size), stands)
                )
            )
            rows += [
                self._file_row(content.file(one.sha256), names, (name, one.name, texts.size_text(one.size), stands))
                for one in bid.documents
            ]
        return rows

    def _file_row(
        self, file: ArchivedFile | None, names: FileNames, cells: tuple[Cell, ...], moment: object = None
    ) -> FileRow:
        """A row about a file with its standing as last cell."""
        if file is None:
            return FileRow((*cells, ChipCell(tr("仅有摘要"), Tone.NEUTRAL)), moment=moment)
        about = names.of(file)
        said = self._said(self._marks.files.get(file.member if file.own else file.sha256, ()))
        return FileRow((*cells, self._standing(file)), file, about.name, about.saved, about.pdf, said, moment)

    def _standing(self, file: ArchivedFile) -> Cell:
        if self._marks.files.get(file.member if file.own else file.sha256):
            return ChipCell(tr("未通过"), Tone.BAD)
        if not file.member:
            return ChipCell(tr("仅有摘要"), Tone.NEUTRAL)
        if file.sealed:
            return ChipCell(tr("仍加密"), Tone.NEUTRAL)
        return ChipCell(tr("一致"), Tone.OK) if self._verified else None

    def _said(self, places: tuple[Place, ...]) -> tuple[Said, ...]:
        return tuple(("", Tone.BAD, tr("未通过"), place_words(place)) for place in places)

    def _name_tabs(self) -> None:
        content = self._content
        counts: tuple[int | None, ...] = (None,) * 6
        if content is not None:
            state = content.state
            counts = (content.size, len(state.people), len(state.documents), len(state.bids), len(content.segments),
                      len(content.files))  # fmt: skip
        named = (tr("条目"), tr("人员"), tr("签署文件"), tr("各方文件"), tr("录像"), tr("全部文件"))
        for place, (name, count) in enumerate(zip(named, counts, strict=True)):
            self.tabs.name(place, name, count)


def _chip(part: Line) -> ChipCell:
    return ChipCell(verdict_word(part.status), STATUS_TONES[part.status])


def _said(part: Line) -> Said:
    return part.name, STATUS_TONES[part.status], verdict_word(part.status), part.text
