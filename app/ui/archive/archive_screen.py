"""The archive viewer: playback and timeline, contents, signatures, checks, and the certificate of verification."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMarginsF, Qt, Signal
from PySide6.QtGui import QCloseEvent, QPageLayout, QPdfWriter, QTextDocument
from PySide6.QtWidgets import QFileDialog, QWidget

from app.clock import Clock
from app.errors import BidroomError
from app.record.verification import Verdict, Verification
from app.ui import texts
from app.ui.archive.check_panel import CheckPanel
from app.ui.archive.content import Content, read_content, read_file
from app.ui.archive.contents_panel import ContentsPanel
from app.ui.archive.player import SegmentPlayer
from app.ui.archive.timeline import Timeline
from app.ui.archive.words import certificate
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.fonts import FAMILY
from app.ui.i18n import tr
from app.ui.room_documents import DocumentWindow
from app.ui.view import View, column, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.split_view import SplitView
from app.ui.widgets.top_bar import TopBar

Verify = Callable[[Path, list[Path], str], Verification]


class ArchiveScreen(View):
    """Open an archive with :meth:`open`.

    ``verify(archive, roots, expect)`` runs in a worker thread; it raises InputError for bad roots or a bad ``expect``.

    Signals:
        closed(): the person wants to go back.
        exported(str): the certificate was written to this path.
    """

    closed = Signal()
    exported = Signal(str)

    def __init__(self, bridge: AsyncBridge, clock: Clock, verify: Verify, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self._bridge, self._clock, self._verify = bridge, clock, verify
        self._path: Path | None = None
        self.content: Content | None = None
        self.result: Verification | None = None
        self._bar = TopBar()
        back = Button("ghost", "arrow-left")
        back.clicked.connect(self.closed)
        self.say(back.setAccessibleName, "返回")
        self._bar.lead(back)
        self._passed, self._unsure, self._failed, self._rehearsal = Chip(), Chip(), Chip(), Chip()
        self.export, self.printing = Button("plain", "download"), Button("primary", "document")
        self.export.clicked.connect(lambda: self._save_as("txt"))
        self.printing.clicked.connect(lambda: self._save_as("pdf"))
        self.say(self.export.setText, "导出校验结果…")
        self.say(self.printing.setText, "校验证明 PDF…")
        self._bar.add(self._rehearsal, self._failed, self._passed, self._unsure, self.export, self.printing)
        self.player, self.timeline = SegmentPlayer(bridge), Timeline()
        self.contents, self.checks = ContentsPanel(), CheckPanel()
        self.player.at.connect(self.timeline.show_moment)
        self.timeline.moment_chosen.connect(self.player.go_to)
        self.contents.moment_chosen.connect(self.timeline.show_moment)
        self.contents.moment_chosen.connect(self.player.go_to)
        self.contents.open_asked.connect(lambda digest, title: bridge.start(self._show(digest, title), "archive.file"))
        self.checks.again.connect(lambda roots, expect: bridge.start(self._check(roots, expect), "archive.check"))
        self._lay_out()
        self.retranslate()

    def _lay_out(self) -> None:
        watching, inside, checking, line = Card(), Card(), Card(heading=True), Card()
        watching.add(self.player)
        line.add(self.timeline)
        inside.add(self.contents)
        self.say(checking.title.setText, "校验")
        checking.add(self.checks)
        left, right = QWidget(), QWidget()
        left_layout = column(watching, line, spacing=12)
        left_layout.setStretch(0, 1)
        left.setLayout(left_layout)
        halves = SplitView(Qt.Orientation.Vertical)
        halves.addWidget(inside)
        halves.addWidget(checking)
        halves.set_shares([0.5, 0.5])
        right.setLayout(column(halves))
        split = SplitView(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(right)
        split.set_shares([0.56, 0.44])
        layout = column(self._bar, row(split, margins=(12, 12, 12, 12)), spacing=0)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    async def open(self, path: Path, roots: Path | None = None, expect: str = "") -> bool:
        """Read and verify; True when the contents could be read (the verification says whether they hold)."""
        self._path, self.content, self.result = path, None, None
        self.checks.show_sources(str(roots) if roots is not None else "", expect)
        self.retranslate()
        try:
            pem = await asyncio.to_thread(roots.read_bytes) if roots is not None else None
            self.content = await asyncio.to_thread(read_content, path, pem)
        except (BidroomError, OSError) as error:
            await self._check(str(roots or ""), expect)
            await ask(ErrorDialog(texts.exception_text(error), parent=self.window()))
            return False
        for part in (self.player, self.timeline, self.contents):
            part.show_content(self.content)
        self.retranslate()
        await self._check(str(roots or ""), expect)
        return True

    def retranslate(self) -> None:
        content, result = self.content, self.result
        title, subtitle = tr("档案"), self._path.name if self._path is not None else ""
        if content is not None and content.state.lot is not None:
            lot = content.state.lot
            title = tr("档案　{name}　包 {lot}", name=lot.project_name, lot=lot.lot.id)
            root = " ".join(content.root[i : i + 4] for i in range(0, 16, 4))
            subtitle = "　".join(
                (texts.day(lot.deadline), lot.project_number, tr("{size} 条", size=content.size),
                 tr("根 {root}", root=root))
            )  # fmt: skip
        self._bar.say_title(title, subtitle)
        rehearsal = content is not None and content.state.rehearsal
        self._rehearsal.setVisible(rehearsal)
        self._rehearsal.show_state(tr("演练，不具法律效力"), Tone.WARN)
        counts = dict.fromkeys(Verdict, 0)
        for step in result.steps if result is not None else ():
            counts[step.verdict] += 1
        self._passed.show_state(tr("校验通过 {count} 项", count=counts[Verdict.PASSED]), Tone.OK)
        self._unsure.show_state(tr("{count} 项无法判断", count=counts[Verdict.COULD_NOT_TELL]), Tone.WARN)
        self._failed.show_state(tr("{count} 项未通过", count=counts[Verdict.FAILED]), Tone.BAD)
        self._passed.setVisible(counts[Verdict.PASSED] > 0)
        self._unsure.setVisible(counts[Verdict.COULD_NOT_TELL] > 0)
        self._failed.setVisible(counts[Verdict.FAILED] > 0)
        for button in (self.export, self.printing):
            button.setEnabled(result is not None)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.player.stop()
        super().closeEvent(event)

    async def _check(self, roots: str, expect: str) -> None:
        if self._path is None:
            return
        self.checks.show_busy(True)
        try:
            trusted = [Path(roots)] if roots else []
            self.result = await asyncio.to_thread(self._verify, self._path, trusted, expect)
        except (BidroomError, OSError) as error:
            self.checks.show_error(texts.exception_text(error).what)
        finally:
            self.checks.show_busy(False)
        if self.result is not None:
            self.checks.show_result(self.result)
        self.retranslate()

    async def _show(self, digest: str, title: str) -> None:
        if self._path is None:
            return
        try:
            data = await asyncio.to_thread(read_file, self._path, digest)
        except BidroomError as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self.window()))
            return
        DocumentWindow(self._bridge, data, title, self.window()).show()

    def certificate(self) -> str:
        """The outcome as text; empty before there is one."""
        if self.result is None or self._path is None:
            return ""
        return certificate(self.result, self._path.name, texts.full_time(self._clock.now()))

    def write_certificate(self, target: Path) -> None:
        """As text, or as PDF when the name ends so; raises OSError."""
        if target.suffix.lower() == ".pdf":
            write_pdf(self.certificate(), target)
        else:
            target.write_text(self.certificate(), "utf-8")
        self.exported.emit(str(target))

    def _save_as(self, kind: str) -> None:
        name = f"{self._path.stem if self._path is not None else 'archive'}-verification.{kind}"
        dialog = QFileDialog(self.window(), tr("保存校验结果"), name, f"*.{kind}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.selectFile(name)
        dialog.fileSelected.connect(lambda path: self._bridge.start(self._write(Path(path)), "archive.export"))
        dialog.open()

    async def _write(self, target: Path) -> None:
        try:
            self.write_certificate(target)
        except OSError as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self.window()))


def write_pdf(text: str, target: Path) -> None:
    """A text as A4 pages in the desk's own face; raises OSError when it cannot be written."""
    with target.open("wb"):
        pass
    writer = QPdfWriter(str(target))
    writer.setPageMargins(QMarginsF(20, 20, 20, 20), QPageLayout.Unit.Millimeter)
    document = QTextDocument()
    face = document.defaultFont()
    face.setFamily(FAMILY)
    face.setPointSizeF(10.5)
    document.setDefaultFont(face)
    document.setPlainText(text)
    document.print_(writer)
