"""Choosing a certificate: whose it is, by whom issued, until when, and what speaks against it, in words."""

from collections.abc import Callable, Sequence
from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ca.certificates import Fitness, KeyPair, Use, fitness, worse
from app.ca.signatures import CertificateInfo, fingerprint
from app.clock import Clock
from app.ui import texts
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.choice import Choice
from app.ui.widgets.elided import ElidedLabel

FITNESS_TONES = {Fitness.GOOD: Tone.OK, Fitness.SOON: Tone.WARN, Fitness.BEFORE_OPENING: Tone.WARN}


class CertificatePicker(View):
    """A list of certificates by key usage, and what is to be known of the one that is chosen.

    ``opening``: when the case opens, to say which will have expired by then; ``revoked``: whether one is known to be.

    Signals:
        chosen_changed(): another one, or its state.
    """

    chosen_changed = Signal()

    def __init__(
        self,
        pairs: Sequence[KeyPair],
        clock: Clock,
        *,
        opening: datetime | None = None,
        revoked: Callable[[CertificateInfo], bool] = lambda _certificate: False,
        before: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._clock, self._opening, self._revoked = clock, opening, revoked
        self._pairs: tuple[KeyPair, ...] = ()
        self._before = before
        self.list = Choice()
        self.say(self.list.setAccessibleName, "证书")
        self._details: QVBoxLayout = column(spacing=6)
        self.setLayout(column(self.list, self._details, spacing=8))
        self.list.currentIndexChanged.connect(self._show)
        self.show_pairs(pairs)

    def show_pairs(self, pairs: Sequence[KeyPair]) -> None:
        """What is plugged in now; the choice stays on the same certificate while it is there."""
        chosen = self.chosen()
        before = fingerprint(chosen.signing.der) if chosen is not None else self._before
        self._pairs = tuple(pairs)
        self.list.blockSignals(True)
        self.list.clear()
        self.list.addItems([self._named(pair) for pair in self._pairs])
        best = next((n for n, p in enumerate(self._pairs) if fingerprint(p.signing.der) == before), None)
        if best is None:
            best = next((n for n, p in enumerate(self._pairs) if self.fit(p).usable), 0)
        self.list.setCurrentIndex(best if self._pairs else -1)
        self.list.blockSignals(False)
        self.list.setEnabled(bool(self._pairs))
        self._show()

    def chosen(self) -> KeyPair | None:
        number = self.list.currentIndex()
        return self._pairs[number] if 0 <= number < len(self._pairs) else None

    def fit(self, pair: KeyPair) -> Fitness:
        """What speaks against the signing certificate of a pair."""
        return self._fitness(pair.signing, Use.SIGN)

    def fit_to_seal(self) -> Fitness:
        """What speaks against sealing with the chosen pair: its encryption certificate is needed at the opening."""
        chosen = self.chosen()
        if chosen is None or chosen.encryption is None:
            return Fitness.NO_KEY
        return worse(self.fit(chosen), self._fitness(chosen.encryption, Use.DECRYPT))

    def usable(self) -> bool:
        """Whether the chosen one can be used now."""
        chosen = self.chosen()
        return chosen is not None and self.fit(chosen).usable

    def retranslate(self) -> None:
        self.show_pairs(self._pairs)

    def _fitness(self, one: CertificateInfo, use: Use) -> Fitness:
        return fitness(one, use, self._clock.now(), opening=self._opening, revoked=self._revoked(one))

    def _named(self, pair: KeyPair) -> str:
        token, one = pair.token, pair.signing
        parts = [one.holder, token.label if token.label != one.holder else "", f"…{one.serial[-6:]}"]
        fit = self.fit(pair)
        if fit is not Fitness.GOOD:
            parts.append(texts.word("fitness", fit.value))
        return "　".join(part for part in parts if part)

    def _show(self) -> None:
        clear(self._details)
        chosen = self.chosen()
        if chosen is None:
            self._details.addWidget(label("warn", tr("没有找到可用的证书。请插入证书，几秒后再试。"), wrap=True))
        else:
            number = chosen.signing.uscc or chosen.signing.identity_number
            who = "　".join(part for part in (chosen.signing.holder, number) if part)
            self._details.addWidget(ElidedLabel("second", who, middle=True))
            self._details.addLayout(self._line(tr("签名"), chosen.signing, Use.SIGN))
            if chosen.encryption is not None:
                self._details.addLayout(self._line(tr("解密"), chosen.encryption, Use.DECRYPT))
            else:
                self._details.addWidget(
                    label("warn", tr("这支证书没有加密证书：可以签到和签名，不能加密或解密。"), wrap=True)
                )
        self.chosen_changed.emit()

    def _line(self, name: str, one: CertificateInfo, use: Use) -> QVBoxLayout:
        fit = self._fitness(one, use)
        until = one.not_after.astimezone().strftime("%Y-%m-%d")
        issued = tr("{issuer} 颁发，至 {date}", issuer=one.issuer, date=until)
        chip = Chip(texts.word("fitness", fit.value), FITNESS_TONES.get(fit, Tone.BAD))
        line = row(Chip(name, Tone.INFO), ElidedLabel("hint", issued), chip, spacing=8)
        line.setStretch(1, 1)
        return column(line)


class CertificateDialog(DeskDialog[KeyPair | None]):
    """Answers which certificate to use, or None."""

    def __init__(self, picker: CertificatePicker, why: str, parent: QWidget | None = None) -> None:
        super().__init__(tr("选择证书"), parent, width=560)
        self.picker = picker
        self.add(label("body", why, wrap=True), picker)
        self.add_button(tr("取消"), "plain", accept=False)
        self._go = self.add_button(tr("使用这支证书"), "primary", accept=True, default=True)
        picker.chosen_changed.connect(self._check)
        self._check()

    def answer(self) -> KeyPair | None:
        return self.picker.chosen() if self.accepted_now else None

    def can_go(self) -> bool:
        return self._go.isEnabled()

    def _check(self) -> None:
        self._go.setEnabled(self.picker.usable())
