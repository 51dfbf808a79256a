"""How one signs in: own token, the organisation's token with a name, or a checked identity with a one-use code."""

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QBuffer, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QWidget

from app.ca.certificates import KeyPair
from app.ca.signatures import fingerprint
from app.session.rules.people import Level
from app.ui import texts
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import capital, tr
from app.ui.program.token_watch import selector
from app.ui.theme import color
from app.ui.tokens.certificate_choice import CertificatePicker
from app.ui.view import column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice
from app.ui.widgets.form_field import FormField

PAD = QSize(460, 150)


class SignInChoice(msgspec.Struct, frozen=True):
    """The answer. ``token`` is empty with a staff-verified identity; ``drawn`` is a PNG.

    ``certificate``: SHA-256 of the signing certificate chosen; ``pair`` that one itself, None when only remembered.
    """

    level: Level
    token: str = ""
    certificate: str = ""
    pair: KeyPair | None = None
    name: str = ""
    code: str = ""
    drawn: bytes = b""


class SignaturePad(QWidget):
    """Draw one's name with mouse, pen or finger.

    Signals:
        changed(): a stroke was drawn, or all were wiped.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(PAD)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._strokes: list[list[QPointF]] = []

    def wipe(self) -> None:
        """Begin anew."""
        self._strokes = []
        self.changed.emit()
        self.update()

    def draw_stroke(self, points: Sequence[QPointF]) -> None:
        """Add a stroke, as the mouse does."""
        self._strokes.append(list(points))
        self.changed.emit()
        self.update()

    def empty(self) -> bool:
        return sum(len(stroke) for stroke in self._strokes) < 8

    def png(self) -> bytes:
        """Dark strokes on white; empty bytes when nothing was drawn."""
        if self.empty():
            return b""
        image = QImage(PAD * 2, QImage.Format.Format_RGB32)
        image.fill(QColor("white"))
        painter = QPainter(image)
        painter.scale(2, 2)
        self._paint(painter, QColor(24, 32, 72))
        painter.end()
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub knows bytes only, PySide str only
        return bytes(buffer.data().data())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._strokes.append([event.position()])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._strokes:
            self._strokes[-1].append(event.position())
            self.changed.emit()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(color("strong_line"))
        painter.setBrush(QColor("white"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 8, 8)
        self._paint(painter, QColor(24, 32, 72))
        painter.end()

    def _paint(self, painter: QPainter, ink: QColor) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(ink, 2.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        for stroke in self._strokes:
            painter.drawPolyline(stroke)


class SignInDialog(DeskDialog[SignInChoice | None]):
    """Answers how to sign in, or None.

    ``registers``: the link is the public one, by which suppliers register with their organisation's token.
    ``picker``: what is plugged in; whoever opens the dialog keeps it true.
    """

    def __init__(
        self, picker: CertificatePicker, *, registers: bool, before: SignInChoice | None = None,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(tr("签到"), parent, width=540)
        self._levels = (Level.ORGANISATION_TOKEN,) if registers else tuple(Level)
        self.level = Choice()
        self.level.addItems([capital(texts.word("level", level.value)) for level in self._levels])
        self.picker = picker
        self.name = QLineEdit()
        self.name.setMaxLength(60)
        self.code = QLineEdit()
        self.code.setMaxLength(32)
        self.pad = SignaturePad()
        wipe = Button("small", "refresh", tr("重写"))
        wipe.clicked.connect(self.pad.wipe)
        self._hint = label("second", wrap=True)
        personal, organisation, verified = QWidget(), QWidget(), QWidget()
        personal.setLayout(column(None))
        organisation.setLayout(column(FormField("代表姓名（与授权书一致）", self.name), None))
        verified.setLayout(
            column(FormField("一次性验证码（工作人员核验身份后给出）", self.code), label("second", tr("请在框内签名")),
                   self.pad, row(wipe, None), None)
        )  # fmt: skip
        self._more = QStackedWidget()
        for page in (personal, organisation, verified):
            self._more.addWidget(page)
        self._token_field = FormField("证书", self.picker)
        self.add(FormField("如何签到", self.level), self._token_field, self._more, self._hint)
        self.add_button(tr("取消"), "plain", accept=False)
        self._go = self.add_button(tr("签到"), "primary", accept=True, default=True)
        self.level.currentIndexChanged.connect(self._show_level)
        for line in (self.name, self.code):
            line.textChanged.connect(self._check)
        self.pad.changed.connect(self._check)
        self.picker.chosen_changed.connect(self._check)
        if before is not None:
            self._fill(before)
        self._show_level()

    def chosen_level(self) -> Level:
        return self._levels[max(0, self.level.currentIndex())]

    def can_go(self) -> bool:
        return self._go.isEnabled()

    def answer(self) -> SignInChoice | None:
        if not self.accepted_now:
            return None
        level = self.chosen_level()
        if level is Level.STAFF_VERIFIED:
            code = "".join(self.code.text().split())  # it is shown in groups
            return SignInChoice(level, code=code, drawn=self.pad.png())
        pair = self.picker.chosen()
        assert pair is not None, "the button is not enabled without one"
        name = self.name.text().strip() if level is Level.ORGANISATION_TOKEN else ""
        return SignInChoice(level, selector(pair.token), fingerprint(pair.signing.der), pair, name)

    def _fill(self, before: SignInChoice) -> None:
        if before.level in self._levels:
            self.level.setCurrentIndex(self._levels.index(before.level))
        self.name.setText(before.name)

    def _show_level(self) -> None:
        level = self.chosen_level()
        self._more.setCurrentIndex(list(Level).index(level))
        self._more.setVisible(level is not Level.PERSONAL_TOKEN)
        with_token = level is not Level.STAFF_VERIFIED
        self._token_field.setVisible(with_token)
        self._hint.setText(
            tr("下一步由证书签名登录，会询问一次口令；程序不保存口令。")
            if with_token
            else tr("本机会生成一支设备密钥并保存在您的用户目录，之后的操作由它签名，签到级别会记入案卷。")
        )
        self._check()
        self.adjustSize()

    def _check(self) -> None:
        level = self.chosen_level()
        if level is Level.STAFF_VERIFIED:
            good = bool(self.code.text().strip()) and not self.pad.empty()
        else:
            good = self.picker.usable() and (level is Level.PERSONAL_TOKEN or bool(self.name.text().strip()))
        self._go.setEnabled(good)
