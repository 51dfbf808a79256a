"""Asking for a token's PIN: which token, whose, for what exact act, how many tries are left."""

import asyncio
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLineEdit, QWidget

from app.ca.token import PinRequest, PinState, TokenInfo
from app.errors import InputError
from app.ui import texts
from app.ui.async_bridge import ask
from app.ui.dialogs.base import DeskDialog
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.view import column, label, row
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.elided import ElidedLabel
from app.ui.widgets.form_field import FormField

LONGEST = 64
IDLE_SECONDS = 180
_TONES = {PinState.OK: Tone.OK, PinState.LOW: Tone.WARN, PinState.FINAL: Tone.BAD, PinState.LOCKED: Tone.BAD}


class PinDialog(DeskDialog[str | None]):
    """Answers the PIN, an empty text when it is entered on the device itself, or None when cancelled.

    The PIN is in the line edit only and is wiped when it is answered. A dialog in which nobody types for three minutes
    is cancelled: a half typed PIN is not left on an unattended screen.
    """

    def __init__(self, request: PinRequest, parent: QWidget | None = None) -> None:
        super().__init__(tr("输入证书口令"), parent, width=500)
        self._request = request
        self._line = QLineEdit()
        self._line.setEchoMode(QLineEdit.EchoMode.Password)
        self._line.setMaxLength(LONGEST)
        self._line.setInputMethodHints(
            Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhNoAutoUppercase
        )
        self._field = FormField("口令", self._line)
        self.add(self._what_for(), self._which_token())
        if request.on_device:
            self.add(self._notice("info", "primary", tr("请在证书设备的键盘上输入口令；点“开始”后按设备提示操作。")))
        else:
            self.add(self._field)
        if request.wrong:
            self._field.show_error(tr("口令不正确，请核对后再输入。"))
        if request.pin_state is PinState.LOW:
            self.add(self._notice("warning", "warn", tr("口令剩余次数不多。再输错，证书可能被锁定。")))
        elif request.pin_state is PinState.FINAL:
            self.add(self._notice("warning", "bad", tr("这是最后一次机会：输错后证书立即锁定，本次操作无法完成。")))
        self.add_button(tr("取消"), "plain", accept=False)
        self._go = self.add_button(
            tr("开始") if request.on_device else tr("确定"), "primary", accept=True, default=True
        )
        self._line.textChanged.connect(self._check)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(IDLE_SECONDS * 1000)
        self._idle.timeout.connect(self.reject)
        self._line.textChanged.connect(lambda _text: self._idle.start())
        self._idle.start()
        self._check()
        (self._go if request.on_device else self._line).setFocus()

    def answer(self) -> str | None:
        pin = self._line.text()
        self._line.clear()
        if not self.accepted_now:
            return None
        return "" if self._request.on_device else pin

    def type_pin(self, pin: str) -> None:
        """Fill in the PIN."""
        self._line.setText(pin)

    def sentences(self) -> str:
        """What the dialog says the PIN is for."""
        return act_sentence(self._request)

    def can_go(self) -> bool:
        return self._go.isEnabled()

    def _check(self) -> None:
        self._go.setEnabled(self._request.on_device or bool(self._line.text()))

    def _what_for(self) -> QWidget:
        card = Card(margin=14)
        card.add(label("second", tr("这次口令用于")), label("section", act_sentence(self._request), wrap=True))
        for key, value in self._request.act.facts.items():
            if texts.has_word("act_fact", key):
                line = row(
                    label("second", texts.word("act_fact", key)), ElidedLabel("body", value, middle=True), spacing=12
                )
                line.setStretch(1, 1)
                card.add(line)
        return card

    def _which_token(self) -> QWidget:
        request = self._request
        holder = QWidget()
        state = texts.word("pin_state", request.pin_state)
        if request.tries_left is not None:
            state = tr("口令剩余 {count} 次", count=request.tries_left)
        chip = Chip(state, _TONES.get(request.pin_state, Tone.NEUTRAL))
        named = column(
            label("strong", request.holder),
            label("hint", "　".join(part for part in (request.token_label, request.token_serial) if part)),
            spacing=2,
        )
        layout = row(IconLabel("token", "text2", 28), named, chip, spacing=12)
        layout.setStretch(1, 1)
        holder.setLayout(layout)
        return holder

    def _notice(self, icon: str, shade: str, text: str) -> QWidget:
        holder = QWidget()
        layout = row(IconLabel(icon, shade, 20), label("body", text, wrap=True), spacing=10)
        layout.setStretch(1, 1)
        holder.setLayout(layout)
        return holder


def act_sentence(request: PinRequest) -> str:
    """What the key is about to do, in words."""
    return texts.word("pin_act", request.act.code)


class DeskPinProvider:
    """``PinProvider`` of the desk: one PIN question at a time, over the window that ``window()`` names."""

    def __init__(self, window: Callable[[], QWidget | None]) -> None:
        self._window = window
        self._one = asyncio.Lock()
        self._open: tuple[PinRequest, PinDialog] | None = None
        self._gone = False

    def gone(self, token: TokenInfo) -> None:
        """A token was pulled out: the question for its PIN ends."""
        if self._open is None:
            return
        request, dialog = self._open
        if (request.token_serial, request.token_label) == (token.serial, token.label):
            self._gone = True
            dialog.reject()

    async def ask(self, request: PinRequest) -> str | None:
        """Open the PIN dialog; None when cancelled.

        Raises:
            InputError: ``token.gone`` when the token was pulled out meanwhile.
        """
        async with self._one:
            dialog = PinDialog(request, self._window())
            self._open, self._gone = (request, dialog), False
            try:
                answer = await ask(dialog)
            finally:
                self._open = None
            if self._gone:
                raise InputError("token.gone", token=request.token_label)
            return answer

    async def confirm_final(self, request: PinRequest) -> bool:
        """Ask whether the last try shall be used."""
        text = tr(
            "证书“{holder}”的口令只剩最后一次机会。输错后证书立即锁定，须到证书机构解锁。确有把握才继续。",
            holder=request.holder,
        )
        async with self._one:
            return await ask(ConfirmDialog(tr("使用最后一次机会？"), text, tr("继续输入"), parent=self._window()))
