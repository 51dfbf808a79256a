"""The certificate of a verification as it will be printed, with a button to keep it and one to print it."""

import asyncio
import tempfile
from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.i18n import tr
from app.ui.program.pick import pick_target
from app.ui.room_documents import DocumentWindow
from app.ui.view import row
from app.ui.widgets.buttons import Button


class CertificateWindow(DocumentWindow):
    """Signals:
    saved(str): it was written to this path.
    """

    saved = Signal(str)

    def __init__(self, bridge: AsyncBridge, pdf: bytes, name: str, parent: QWidget | None = None) -> None:
        super().__init__(bridge, pdf, tr("档案校验证明"), parent)
        self._bridge, self._pdf, self._name = bridge, pdf, name
        self._folder = tempfile.TemporaryDirectory(prefix="bidroom-print-")
        self.save, self.print = Button("primary", "download", tr("另存为…")), Button("plain", "document", tr("打印…"))
        self.save.clicked.connect(lambda: bridge.start(self._save(), "certificate.save"))
        self.print.clicked.connect(lambda: bridge.start(self._print(), "certificate.print"))
        self.print.setToolTip(tr("用本机的 PDF 程序打开后打印"))
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.addLayout(row(None, self.print, self.save, spacing=8))

    def closeEvent(self, event: QCloseEvent) -> None:
        self._folder.cleanup()
        super().closeEvent(event)

    async def _save(self) -> None:
        target = await pick_target(self, tr("保存校验证明"), self._name)
        if target is not None and await self._written(target):
            self.saved.emit(str(target))

    async def _print(self) -> None:
        target = Path(self._folder.name) / self._name
        if await self._written(target):
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(target)))

    async def _written(self, target: Path) -> bool:
        try:
            await asyncio.to_thread(target.write_bytes, self._pdf)
        except OSError as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self))
            return False
        return True
