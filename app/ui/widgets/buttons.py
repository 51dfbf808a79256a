"""Buttons by meaning: one primary per screen, danger outlined, round ones for devices."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from app.ui.icons import icon
from app.ui.theme import theme
from app.ui.view import restyle


class Button(QPushButton):
    """A push button with a role (primary, plain, danger, ghost, link, small, nav) and an optional icon by name."""

    def __init__(
        self, role: str = "plain", icon_name: str | None = None, text: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self.setProperty("role", role)
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self._icon_name = icon_name
        self._role = role
        if icon_name is not None:
            self.setIconSize(QSize(18, 18))
            theme().changed.connect(self._tint)
            self._tint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that has the focus, never a dialog's default instead of it."""
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.click()
            return
        super().keyPressEvent(event)

    def show_role(self, role: str) -> None:
        """Change the role: one primary on a screen, whichever is due."""
        if role != self._role:
            self._role = role
            restyle(self, "role", role)
            self._tint()

    @property
    def role(self) -> str:
        return self._role

    def show_icon(self, name: str) -> None:
        """Change the icon."""
        self._icon_name = name
        self._tint()

    def _tint(self) -> None:
        if self._icon_name is not None:
            token = {"primary": "on_primary", "danger": "bad", "link": "primary"}.get(self._role, "text")
            self.setIcon(icon(self._icon_name, token, self.iconSize().width()))


class RoundButton(Button):
    """A device or hand: on, off or raised; the state is in the icon, the ground and the accessible name."""

    def __init__(self, icon_name: str, parent: QWidget | None = None) -> None:
        super().__init__("round", icon_name, "", parent)
        self.setIconSize(QSize(22, 22))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click must not take the space bar (hold to talk)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._tint()

    def show_state(self, icon_name: str, look: str, name: str) -> None:
        """``look`` is ``round`` (plain), ``round-off`` (switched off) or ``round-on`` (active)."""
        self.show_icon(icon_name)
        restyle(self, "role", look)
        self.setToolTip(name)
        self.setAccessibleName(name)


class TabButton(Button):
    """One of several; the checked one is underlined."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("tab", None, "", parent)
        self.setCheckable(True)

    def sizeHint(self) -> QSize:
        """Wide enough for the heavier letters of the chosen tab, so that choosing moves and cuts nothing."""
        hint = super().sizeHint()
        heavy = QFont(self.font())
        heavy.setWeight(QFont.Weight.DemiBold)
        return QSize(max(hint.width(), QFontMetrics(heavy).horizontalAdvance(self.text()) + 8), hint.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.updateGeometry()
