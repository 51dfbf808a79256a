"""The bundled Han family (Noto Sans SC, OFL) and the type scale of UI.md, in logical pixels."""

from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

from app.errors import FaultError
from app.settings import RESOURCES

FAMILY = "Noto Sans SC"
CLOCK, TITLE, SECTION, BODY, SECOND, HINT = 26, 16, 15, 14, 13, 12

_registered = False


def install_fonts(app: QApplication) -> None:
    """Register the bundled files once and make the family the application's font.

    Raises:
        FaultError: ``desk.font_missing`` when a file is absent or unreadable.
    """
    global _registered
    if not _registered:
        for name in ("NotoSansSC-Regular.ttf", "NotoSansSC-SemiBold.ttf"):
            if QFontDatabase.addApplicationFont(str(RESOURCES / "fonts" / name)) < 0:
                raise FaultError("desk.font_missing", name=name)
        _registered = True
    app.setFont(font(BODY))


def font(pixels: int = BODY, bold: bool = False) -> QFont:
    """The family at ``pixels`` with tabular figures; ``bold`` is SemiBold, the only other weight carried."""
    made = QFont(FAMILY)
    made.setPixelSize(pixels)
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    made.setFeature(QFont.Tag("tnum"), 1)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made
