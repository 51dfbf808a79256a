"""The one main window: a stack of screens, a banner over them, toasts; it asks before it closes a room."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from app.clock import Clock
from app.ui.i18n import tr
from app.ui.models import TokenView
from app.ui.tokens.token_strip import TokenStrip
from app.ui.widgets.banner import Banner
from app.ui.widgets.toast import Toast

LEAST = (1280, 800)


class MainWindow(QMainWindow):
    """Screens are shown by object; a screen that is left for good is removed with :meth:`drop`.

    Attributes:
        banner: above every screen (disk low, supervision lost). token_banner: below it, what a token needs.
        foot: the token at a glance, on screens that do not show it themselves (``shows_token``).
        toast: short confirmations.
        may_close: asked before closing; False keeps the window, and whoever answered False opens the question and calls
            :meth:`close_now` afterwards.

    Signals:
        screen_changed(QWidget): another screen is in front.
    """

    screen_changed = Signal(object)

    def __init__(self, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.may_close: Callable[[], bool] = lambda: True
        self._closing = False
        self.setMinimumSize(*LEAST)
        self.resize(*LEAST)
        self._stack = QStackedWidget()
        self.banner, self.token_banner = Banner(clock), Banner(clock)
        self.foot = TokenStrip()
        self._told = False
        self.foot.hide()
        middle = QWidget()
        middle.setProperty("role", "page")
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banner)
        layout.addWidget(self.token_banner)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.foot)
        self.setCentralWidget(middle)
        self.toast = Toast(middle)
        self.name_window("")

    def name_window(self, name: str, *, rehearsal: bool = False) -> None:
        """The title bar: the case's name; a rehearsal is always marked."""
        parts = [tr("【演练】") if rehearsal else "", f"{name} — " if name else "", tr("开评标室")]
        self.setWindowTitle("".join(parts))

    def show_screen(self, screen: QWidget) -> None:
        """Bring ``screen`` to the front; it is added the first time."""
        if self._stack.indexOf(screen) < 0:
            self._stack.addWidget(screen)
        self._stack.setCurrentWidget(screen)
        self._place_foot()
        self.screen_changed.emit(screen)

    def show_token(self, token: TokenView | None, others: int) -> None:
        """What the foot says; without a first word it stays hidden."""
        self._told = True
        self.foot.show_token(token, others)
        self._place_foot()

    def _place_foot(self) -> None:
        self.foot.setVisible(self._told and not getattr(self.screen_now(), "shows_token", False))

    def screen_now(self) -> QWidget | None:
        return self._stack.currentWidget()

    def drop(self, screen: QWidget) -> None:
        """Remove ``screen`` and delete it."""
        self._stack.removeWidget(screen)
        screen.close()
        screen.setParent(None)
        screen.deleteLater()

    def close_now(self) -> None:
        """Close without asking again."""
        self._closing = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._closing and not self.may_close():
            event.ignore()
            return
        for index in range(self._stack.count()):
            screen = self._stack.widget(index)
            if screen is not None:
                screen.close()
        super().closeEvent(event)
