"""Root certificates shown with their fingerprints: only those that a person says to have compared are believed."""

from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QScrollArea, QWidget

from app.errors import BidroomError
from app.ui import texts
from app.ui.archive.trust import Origin, Root, Trust, read_roots
from app.ui.async_bridge import AsyncBridge
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.program.pick import PEM, pick_file, read_small
from app.ui.view import clear, column, label, row, rule
from app.ui.widgets.buttons import Button
from app.ui.widgets.check_box import CheckBox
from app.ui.widgets.chip import Chip, Tone


class Compared(msgspec.Struct, frozen=True):
    """The roots that a person compared; ``keep`` to put them into this user's own list."""

    roots: tuple[Root, ...]
    place: str
    keep: bool


class TrustDialog(DeskDialog[Compared | None]):
    """Ends with the roots that were ticked, or with None."""

    def __init__(self, offered: Trust, bridge: AsyncBridge, parent: QWidget | None = None) -> None:
        super().__init__(tr("核对根证书的指纹"), parent, width=640)
        self._bridge = bridge
        self._shown = offered
        self.ticks: list[tuple[CheckBox, Root]] = []
        self._where = label("second", wrap=True)
        self._error = label("error", wrap=True)
        self._error.hide()
        self._lines = column(spacing=10)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._lines, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumHeight(240)
        area.setWidget(inside)
        area.setAccessibleName(tr("根证书"))
        choose = Button("small", "folder", tr("从文件选择…"))
        choose.clicked.connect(lambda: bridge.start(self._choose(), "trust.choose"))
        self.keep = CheckBox(tr("加入本机信任名单，以后不再询问"))
        explained = label(
            "body",
            tr(
                "身份的依据是根证书，它必须来自档案之外。请把下面的指纹与另一来源（签发机构公布的指纹、采购公告、"
                "另一台设备）逐位核对，只勾选核对一致的。"
            ),
            wrap=True,
        )
        where = row(self._where, choose, spacing=8)
        where.setStretch(0, 1)
        self.add(explained, where, self._error, area, self.keep)
        self.add_button(tr("取消"), accept=False)
        self.use = self.add_button(tr("以这些证书为依据"), "primary", accept=True)
        self._show()

    def answer(self) -> Compared | None:
        if not self.accepted_now:
            return None
        chosen = tuple(root for box, root in self.ticks if box.isChecked())
        return Compared(chosen, self._shown.place, self.keep.isChecked())

    def show_offer(self, offered: Trust) -> None:
        """Show other roots; what was ticked is forgotten."""
        self._shown = offered
        self._show()

    def _show(self) -> None:
        offered = self._shown
        clear(self._lines)
        self.ticks = []
        place = offered.place or "—"
        self._where.setText(
            {
                Origin.BESIDE: tr("来源：档案旁的文件 {place}，与档案同来。", place=place),
                Origin.INSIDE: tr("来源：档案之内，与档案同来。"),
                Origin.REHEARSAL: tr("来源：档案旁的文件 {place}，与档案同来。", place=place),
                Origin.FILE: tr("来源：您选择的文件 {place}。", place=place),
            }.get(offered.origin, tr("还没有根证书可供核对。"))
        )
        for number, root in enumerate(offered.roots):
            if number:
                self._lines.addWidget(rule())
            self._lines.addLayout(self._root(root))
        self.keep.setVisible(any(not root.demo for root in offered.roots))
        self._follow()

    def _root(self, root: Root) -> QLayout:
        box = CheckBox(tr("我已与另一来源逐位核对，指纹一致"))
        box.toggled.connect(self._follow)
        self.ticks.append((box, root))
        groups = [root.fingerprint[i : i + 4] for i in range(0, 64, 4)]
        name = row(label("strong", root.name or "—", wrap=True), spacing=8)
        if root.demo:
            name.addWidget(Chip(tr("演练用"), Tone.WARN))
        name.addStretch(1)
        until = label("second", tr("有效期至 {date}", date=texts.day(root.until)))
        shown = label("mono", " ".join(groups[:8]) + "\n" + " ".join(groups[8:]), selectable=True)
        shown.setAccessibleName(tr("指纹 {text}", text=" ".join(groups)))
        return column(name, row(label("second", "SHA-256"), None, until), shown, box, spacing=4)

    def _follow(self) -> None:
        self.use.setEnabled(any(box.isChecked() for box, _ in self.ticks))

    async def _choose(self) -> None:
        path = await pick_file(self, tr("信任的根证书…"), f"PEM ({PEM})")
        if path is not None:
            self.take_file(path)

    def take_file(self, path: Path) -> None:
        """Show the roots of a file that the person chose; what cannot be read is said."""
        try:
            self.show_offer(read_roots(read_small(path), Origin.FILE, path.name))
            self._error.hide()
        except BidroomError as error:
            self._error.setText(texts.exception_text(error).brief)
            self._error.show()
