"""Every entry of the record in words: found by search, what was changed marked at its place, what is hidden counted."""

from collections.abc import Iterator

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from app.session.rules.event import Recorded
from app.ui import texts
from app.ui.archive.content import Content
from app.ui.archive.places import Marks
from app.ui.archive.words import places_words, problem_words
from app.ui.i18n import tr
from app.ui.record_lines import plain_facts, record_line
from app.ui.step_facts import StepFacts
from app.ui.view import View, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Tone
from app.ui.widgets.data_table import Align, Cell, ChipCell, Column, DataTable, cell_text

DENSE = 36


class Line(msgspec.Struct, frozen=True):
    """A row: one entry, or all hidden ones from ``index`` to ``last``; ``search`` is what is looked through."""

    index: int
    last: int
    time: str
    said: str
    search: str
    recorded: Recorded | None = None


class EntriesPage(View):
    """Signals:
    moment_chosen(object): an entry was chosen; its time (aware UTC).
    """

    moment_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content: Content | None = None
        self._marks = Marks()
        self._lines: tuple[Line, ...] = ()
        self._shown: list[Line] = []
        self.search = QLineEdit()
        self.search.setMaxLength(100)
        self.search.textChanged.connect(lambda _text: self._show())
        self.say(self.search.setPlaceholderText, "搜索人、步骤、文件、摘要")
        self.say(self.search.setAccessibleName, "搜索人、步骤、文件、摘要")
        self.only_bad = Button("small", "warning")
        self.only_bad.setCheckable(True)
        self.only_bad.toggled.connect(lambda _on: self._show())
        self._found = label("second")
        self.table = DataTable(
            (Column("序号", Align.RIGHT, width=50), Column("时间", width=76), Column("事件", stretch=True, width=150),
             Column("状态", width=70)),
            select=True, row_height=DENSE,
        )  # fmt: skip
        self.table.selected.connect(self._chosen)
        self._problem = label("error", wrap=True, selectable=True)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFixedHeight(96)
        self.say(self._details.setAccessibleName, "条目内容")
        tools = row(self.search, self.only_bad, self._found, spacing=8)
        tools.setStretch(0, 1)
        layout = column(tools, self.table, self._problem, self._details, spacing=8)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._problem.hide()
        self._details.hide()

    def show_content(self, content: Content) -> None:
        """Show an archive."""
        self._content = content
        self.retranslate()

    def show_marks(self, marks: Marks) -> None:
        """Show where something is wrong."""
        self._marks = marks
        if not marks.entries:
            self.only_bad.setChecked(False)
        self._show()

    def retranslate(self) -> None:
        if self._content is not None:
            self._lines = tuple(lines(self._content))
        self._show()

    def go_to(self, index: int) -> bool:
        """Choose an entry; False where it is not in the list."""
        self.search.clear()
        self.only_bad.setChecked(False)
        for number, line in enumerate(self._shown):
            if line.index <= index <= line.last:
                self.table.choose(number)
                return True
        return False

    def as_text(self) -> str:
        """All entries in words, a line each."""
        rows = (self._cells(line) for line in self._lines)
        return "".join("\t".join(cell_text(cell) for cell in cells).rstrip() + "\n" for cells in rows)

    def _show(self) -> None:
        bad = self._marks.entries
        wanted = self.search.text().strip().casefold()
        self._shown = [
            line
            for line in self._lines
            if wanted in line.search
            and (not self.only_bad.isChecked() or any(line.index <= i <= line.last for i in bad))
        ]
        self.table.show_rows([self._cells(line) for line in self._shown])
        self.only_bad.setText(tr("问题 {count}", count=len(bad)))
        self.only_bad.setVisible(bool(bad))
        self._found.setText(tr("{count} 条", count=len(self._shown)) if wanted else "")

    def _cells(self, line: Line) -> list[Cell]:
        number = str(line.index) if line.index == line.last else f"{line.index}–{line.last}"
        if line.index in self._marks.entries:
            return [number, line.time, line.said, ChipCell(tr("未通过"), Tone.BAD)]
        if line.recorded is None:
            return [number, None, line.said, ChipCell(tr("仅有摘要"), Tone.NEUTRAL)]
        return [number, line.time, line.said, ""]

    def _chosen(self, number: int) -> None:
        if not 0 <= number < len(self._shown):
            self._problem.hide()
            self._details.hide()
            return
        line = self._shown[number]
        places = self._marks.entries.get(line.index, ())
        self._problem.setText(places_words(places))
        self._problem.setVisible(bool(places))
        self._details.setVisible(line.recorded is not None)
        if line.recorded is not None:
            self._details.setPlainText(plain_facts(line.recorded))
            self.moment_chosen.emit(line.recorded.at)


def lines(content: Content) -> Iterator[Line]:
    """A row for every entry, in the order of the record; neighbours that are hidden share one."""
    facts = StepFacts(content.state, "")
    known = {one.index: one for one in content.entries}
    hidden = set(content.hidden)
    first: int | None = None
    places = sorted({*known, *hidden, *content.unreadable})
    for place, index in enumerate(places):
        if index in hidden:
            first = index if first is None else first
            after = places[place + 1] if place + 1 < len(places) else None
            if after != index + 1 or after not in hidden:
                count = index - first + 1
                said = tr("本版本不公开，仅有摘要（{count} 条）", count=count)
                yield Line(first, index, "", said, said.casefold())
                first = None
            continue
        if index in content.unreadable:
            said = tr("这一条读不出来：{reason}", reason=problem_words(content.unreadable[index], {"index": index}))
            yield Line(index, index, "—", said, said.casefold())
            continue
        one = known[index]
        line = record_line(facts, one)
        said = texts.event_text(line.event, line.facts)
        whole = f"{index} {said} {line.facts.get('actor', '')} {one.event}".casefold()
        yield Line(index, index, texts.clock_time(one.at), said, whole, one)
