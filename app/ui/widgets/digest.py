"""A SHA-256 digest for people: first and last digits, the whole by tool tip and copy."""

from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtWidgets import QLabel, QWidget

from app.ui.i18n import tr


def short_digest(digest: str, head: int = 4, tail: int = 2) -> str:
    """``a3f1…9c``; a text that is short already stays whole."""
    return digest if len(digest) <= head + tail + 1 else f"{digest[:head]}…{digest[-tail:]}"


class DigestLabel(QLabel):
    """Click copies the whole digest."""

    def __init__(self, digest: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "second")
        self.show_digest(digest)

    def show_digest(self, digest: str) -> None:
        """Show another digest (hexadecimal)."""
        self._digest = digest
        self.setText(short_digest(digest, 8, 4))
        self.setToolTip(" ".join(digest[i : i + 4] for i in range(0, len(digest), 4)) + "\n" + tr("点击复制"))
        self.setAccessibleName(digest)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        QGuiApplication.clipboard().setText(self._digest)
        super().mousePressEvent(event)
