"""Drivers in use, and adding one: by file, or from a search that loads nothing."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ca.worker import LIST_SECONDS
from app.ui import texts
from app.ui.i18n import tr
from app.ui.models import DriverView
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.elided import ElidedLabel


class DriversCard(View):
    """Signals:
    add_requested(): name a file. search_requested(): look in the usual folders.
    use_requested(str), remove_requested(str): a path that was offered, or was added before.
    """

    add_requested = Signal()
    search_requested = Signal()
    use_requested = Signal(str)
    remove_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drivers: tuple[DriverView, ...] = ()
        self._searching = False
        card = Card(heading=True)
        self.say(card.title.setText, "证书驱动")
        hint = label("second", wrap=True)
        self.say(
            hint.setText,
            "程序会自动查找常见证书机构的驱动。找不到时请指定驱动文件，或在常用文件夹里查找；查找只读文件内容，不运行它们。",
        )
        add, self.search = Button("plain", "plus"), Button("plain", "search")
        add.clicked.connect(self.add_requested)
        self.search.clicked.connect(self.search_requested)
        self.say(add.setText, "添加驱动文件…")
        self._rows: QVBoxLayout = column(spacing=6)
        card.add(hint, self._rows, row(add, self.search, None, spacing=10))
        self.setLayout(column(card))
        self.retranslate()

    def show_drivers(self, drivers: Sequence[DriverView], *, searching: bool = False) -> None:
        """What is used, added, or offered."""
        if (tuple(drivers), searching) != (self._drivers, self._searching):
            self._drivers, self._searching = tuple(drivers), searching
            self.retranslate()

    def retranslate(self) -> None:
        self.search.setText(tr("正在查找…") if self._searching else tr("查找驱动"))
        self.search.setEnabled(not self._searching)
        clear(self._rows)
        for driver in self._drivers:
            self._rows.addLayout(self._row(driver))
        if not self._drivers:
            self._rows.addWidget(label("warn", tr("没有找到证书驱动。"), wrap=True))

    def _row(self, driver: DriverView) -> QVBoxLayout:
        if driver.problem:
            chip = Chip(tr("不能使用"), Tone.BAD)
        elif driver.used:
            chip = Chip(tr("使用中"), Tone.OK)
        else:
            chip = Chip(tr("可以添加"), Tone.NEUTRAL)
        line = row(
            column(label("body", driver.name), ElidedLabel("hint", driver.path, middle=True), spacing=1),
            chip,
            spacing=10,
        )
        line.setStretch(0, 1)
        if driver.added:
            remove = Button("small", "close", tr("移除"))
            remove.clicked.connect(lambda: self.remove_requested.emit(driver.path))
            line.addWidget(remove)
        elif not driver.used and not driver.problem:
            use = Button("small", "plus", tr("添加"))
            use.clicked.connect(lambda: self.use_requested.emit(driver.path))
            line.addWidget(use)
        said = column(line, spacing=2)
        if driver.problem:
            facts = {"name": driver.name, "seconds": round(LIST_SECONDS)}
            said.addWidget(label("error", texts.error_text(driver.problem, facts).brief, wrap=True))
        return said
