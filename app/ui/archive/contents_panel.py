"""What is in the archive, behind tabs: events with search, people, documents with their signatures, bids, files."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QStackedWidget, QWidget

from app.ca.trust import Status
from app.session.rules.event import Recorded
from app.ui import texts
from app.ui.archive.content import Content, SignedPaper
from app.ui.i18n import tr
from app.ui.opening.closing import bid_standing
from app.ui.record_lines import plain_facts, record_line
from app.ui.step_facts import StepFacts
from app.ui.view import View, column, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Tone
from app.ui.widgets.data_table import Align, Cell, ChipCell, Column, DataTable
from app.ui.widgets.tabs import SegmentedTabs

MOST = 2000
TONES = {Status.PASSED: Tone.OK, Status.COULD_NOT_TELL: Tone.WARN, Status.FAILED: Tone.BAD}


class ContentsPanel(View):
    """Signals:
    open_asked(str, str): show this PDF: digest and title.
    moment_chosen(object): an event was chosen; its time (aware UTC).
    """

    open_asked = Signal(str, str)
    moment_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content: Content | None = None
        self._found: list[Recorded] = []
        self._files: list[tuple[str, str]] = []
        self.tabs = SegmentedTabs(4)
        self.search = QLineEdit()
        self.search.setMaxLength(100)
        self.search.textChanged.connect(lambda _text: self._show_events())
        self.say(self.search.setPlaceholderText, "搜索人、步骤、文件")
        self.say(self.search.setAccessibleName, "搜索人、步骤、文件")
        self.events = DataTable(
            (Column("序号", Align.RIGHT, width=50), Column("时间", width=76), Column("事件", stretch=True, width=150)),
            select=True,
        )
        self.events.selected.connect(self._event)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFixedHeight(96)
        self._details.hide()
        self.say(self._details.setAccessibleName, "条目内容")
        events = QWidget()
        layout = column(self.search, self.events, self._details, spacing=8)
        layout.setStretch(1, 1)
        events.setLayout(layout)
        self.people = DataTable(
            (Column("姓名", width=80), Column("单位", stretch=True, width=110), Column("角色", width=90),
             Column("签到方式", width=80)),
        )  # fmt: skip
        self.papers = DataTable(
            (Column("文件", stretch=True, width=120), Column("签署人", width=90), Column("完整性", width=76),
             Column("身份", width=76), Column("时间", width=76)), select=True,
        )  # fmt: skip
        self.bids = DataTable(
            (Column("供应商", stretch=True, width=110), Column("文件", width=130), Column("大小", width=70),
             Column("状态", width=80)), select=True,
        )  # fmt: skip
        self._open_paper, self._open_bid = Button("plain", "document"), Button("plain", "document")
        self._open_paper.clicked.connect(self._show_paper)
        self._open_bid.clicked.connect(self._show_bid)
        self.papers.activated.connect(lambda _row: self._show_paper())
        self.bids.activated.connect(lambda _row: self._show_bid())
        for button in (self._open_paper, self._open_bid):
            self.say(button.setText, "查看")
        self._stack = QStackedWidget()
        for page in (events, self.people, _with(self.papers, self._open_paper), _with(self.bids, self._open_bid)):
            self._stack.addWidget(page)
        self.tabs.chosen.connect(self._stack.setCurrentIndex)
        whole = column(self.tabs, self._stack, spacing=8)
        whole.setStretch(1, 1)
        self.setLayout(whole)
        self._name_tabs()

    def show_content(self, content: Content) -> None:
        """Show an archive."""
        self._content = content
        self.retranslate()

    def retranslate(self) -> None:
        self._name_tabs()
        content = self._content
        if content is None:
            return
        state = content.state
        self._show_events()
        self.people.show_rows(
            [
                [p.name, p.organisation, texts.word("role", "leader" if key == state.leader else p.roles[0].value),
                 texts.word("level", state.signed_in[key].level.value) if key in state.signed_in else None]
                for key, p in state.people.items()
            ]
        )  # fmt: skip
        self._papers = [line for paper in content.papers for line in self._signatures(paper)]
        self.papers.show_rows([cells for _, cells in self._papers])
        self._files, rows = [], list[list[Cell]]()
        facts = StepFacts(state, "")
        for supplier, bid in state.bids.items():
            if not bid.documents:
                self._files.append(("", ""))
                rows.append([facts.supplier_name(supplier), None, texts.size_text(bid.size), bid_standing(bid)])
            for document in bid.documents:
                kept = document.sha256 in content.bid_files
                self._files.append((document.sha256 if kept else "", document.name))
                stands = bid_standing(bid) if kept else ChipCell(tr("仅有摘要"), Tone.NEUTRAL)
                rows.append([facts.supplier_name(supplier), document.name, texts.size_text(document.size), stands])
        self.bids.show_rows(rows)

    def _signatures(self, paper: SignedPaper) -> list[tuple[str, list[Cell]]]:
        """A line a signature, with integrity, identity and time as three verdicts."""
        content = self._content
        assert content is not None
        name = texts.word("document", paper.document.kind)
        digest = paper.document.pdf_sha256 if paper.kept else ""
        if paper.verdict is None or not paper.verdict.signatures:
            word = tr("没有签名") if paper.kept else tr("仅有摘要")
            return [(digest, [name, None, ChipCell(word, Tone.NEUTRAL), None, None])]
        return [
            (digest, [name, one.name or one.holder, _part(one.integrity.status), _part(one.identity.status),
                      _part(one.time.status)])
            for one in paper.verdict.signatures
        ]  # fmt: skip

    def _show_events(self) -> None:
        content = self._content
        if content is None:
            return
        facts = StepFacts(content.state, "")
        wanted = self.search.text().strip().casefold()
        rows, self._found = list[list[Cell]](), []
        for one in content.entries:
            line = record_line(facts, one)
            said = texts.event_text(line.event, line.facts)
            if wanted and wanted not in f"{said} {line.facts.get('actor', '')} {line.event}".casefold():
                continue
            self._found.append(one)
            rows.append([str(one.index), texts.clock_time(one.at), said])
            if len(rows) >= MOST:
                break
        self.events.show_rows(rows)

    def _event(self, number: int) -> None:
        if 0 <= number < len(self._found):
            self._details.show()
            self._details.setPlainText(plain_facts(self._found[number]))
            self.moment_chosen.emit(self._found[number].at)

    def _show_paper(self) -> None:
        number = self.papers.view.currentIndex().row()
        if self._content is not None and 0 <= number < len(self._papers) and self._papers[number][0]:
            self.open_asked.emit(self._papers[number][0], str(self._papers[number][1][0]))

    def _show_bid(self) -> None:
        number = self.bids.view.currentIndex().row()
        if 0 <= number < len(self._files) and self._files[number][0]:
            self.open_asked.emit(*self._files[number])

    def _name_tabs(self) -> None:
        content = self._content
        self.tabs.name(0, tr("事件"), len(content.entries) if content is not None else None)
        self.tabs.name(1, tr("人员"), len(content.state.people) if content is not None else None)
        self.tabs.name(2, tr("签署文件"), len(content.papers) if content is not None else None)
        self.tabs.name(3, tr("投标文件"))


def _part(status: Status) -> ChipCell:
    word = {Status.PASSED: tr("通过"), Status.COULD_NOT_TELL: tr("无法判断"), Status.FAILED: tr("未通过")}[status]
    return ChipCell(word, TONES[status])


def _with(table: DataTable, button: Button) -> QWidget:
    page = QWidget()
    layout = column(table, row(None, button), spacing=8)
    layout.setStretch(0, 1)
    page.setLayout(layout)
    return page
