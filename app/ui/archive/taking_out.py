"""Taking things out of an archive: one file, the whole case, a party's edition, the outcome of a verification."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QWidget

from app.errors import BidroomError
from app.session.editions import export_edition as write_edition
from app.session.extract import extract as extract_all
from app.session.extract import safe_name
from app.ui import texts
from app.ui.archive.content import ArchivedFile, Content, extract
from app.ui.archive.words import edition_words
from app.ui.archive.work_dialog import Told, WorkDialog
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.i18n import tr
from app.ui.program.pick import pick_folder, pick_target
from app.ui.step_facts import StepFacts

T = TypeVar("T")


class TakingOut(QObject):
    """For the archive at ``path``; what goes wrong is told over ``place``'s window.

    Signals:
        written(str): something was written to this path.
    """

    written = Signal(str)

    def __init__(self, bridge: AsyncBridge, place: QWidget) -> None:
        super().__init__(place)
        self._bridge, self._place = bridge, place
        self.path = Path()

    # --- asked where to ---

    async def ask_file(self, file: ArchivedFile, name: str) -> None:
        """One file; ``name`` is proposed."""
        target = await pick_target(self._place.window(), tr("另存为…"), name)
        if target is not None:
            await self.file(file, target)

    async def ask_whole(self, record: str, certificate: Callable[[], bytes] | None) -> None:
        """The whole case, see :meth:`whole`."""
        folder = await pick_folder(self._place.window(), tr("导出到文件夹"))
        if folder is not None:
            await self.whole(folder, record, certificate)

    async def ask_edition(self, edition: str) -> None:
        """The edition of a party or a court."""
        name = safe_name(f"{self.path.stem}-{edition.replace(':', '-')}") + ".bidroom"
        target = await pick_target(self._place.window(), tr("导出当事人版本"), name)
        if target is not None:
            await self.edition(edition, target)

    async def ask_text(self, text: str) -> None:
        """The outcome of a verification as text."""
        target = await pick_target(self._place.window(), tr("保存校验结果"), f"{self.path.stem}-verification.txt")
        if target is not None:
            await self._told(target, lambda: target.write_text(text, "utf-8"))

    def offer_editions(self, menu: QMenu, content: Content) -> None:
        """An action for each edition; a party's hides what that party may not see, a court's hides nothing."""
        facts = StepFacts(content.state, "")
        offered = [(f"supplier:{one}", facts.supplier_name(one)) for one in content.state.suppliers]
        for edition, whose in (*offered, ("purchaser", ""), ("court", "")):
            word = edition_words(edition.partition(":")[0])
            action = menu.addAction(f"{word}　{whose}" if whose else word)
            action.triggered.connect(
                lambda _on=False, chosen=edition: self._bridge.start(self.ask_edition(chosen), "archive.edition")
            )

    # --- written ---

    async def file(self, file: ArchivedFile, target: Path) -> None:
        """Take one file out; what is not its digest is not written."""
        await self._told(target, lambda: extract(self.path, file, target))

    async def edition(self, edition: str, target: Path) -> None:
        """Write the edition of a party (``supplier:USCC``, ``purchaser``) or of a court."""
        await self._told(target, lambda: write_edition(self.path, edition, target))

    async def whole(self, folder: Path, record: str, certificate: Callable[[], bytes] | None) -> None:
        """Every file under the name of what it is, the record in words, and the certificate (PDF) when there is one."""
        out = folder / self.path.stem

        def work(tell: Told) -> bool:
            out.mkdir(parents=True, exist_ok=True)
            (out / "record.txt").write_text(record, "utf-8")
            extract_all(self.path, out, tell)
            if certificate is not None:
                (out / "verification.pdf").write_bytes(certificate())
            return True

        window = self._place.window()
        dialog = WorkDialog(tr("导出整个项目"), tr("正在写入 {folder}", folder=str(out)), window)
        try:
            done = await dialog.run(work)
        except (BidroomError, OSError) as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=window))
            return
        if done:
            self.written.emit(str(out))

    async def _told(self, target: Path, work: Callable[[], T]) -> None:
        try:
            await asyncio.to_thread(work)
        except (BidroomError, OSError) as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self._place.window()))
            return
        self.written.emit(str(target))
