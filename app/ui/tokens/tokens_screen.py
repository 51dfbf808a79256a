"""CA tokens: what is plugged in, its certificates, until when, how many PIN tries; what to do when it is not seen."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app.ca.certificates import Fitness
from app.clock import Clock
from app.ui import texts
from app.ui.home.home_screen import TOKEN_TONES
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.models import CertificateView, TokenState, TokenView
from app.ui.tokens.drivers_card import DriversCard
from app.ui.view import View, clear, column, label, row, rule
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.elided import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.top_bar import TopBar


class TokensScreen(View):
    """Signals:
    back(), refresh_requested(), driver_requested(): name a driver file. doctor_requested(): the token check.
    test_requested(TokenView): sign a nonce to try PIN and certificate.
    """

    back = Signal()
    refresh_requested = Signal()
    driver_requested = Signal()
    test_requested = Signal(object)
    doctor_requested = Signal()

    def __init__(self, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self._clock = clock
        self._tokens: tuple[TokenView, ...] = ()
        self._modules = 0
        self._bar = TopBar()
        back, refresh = Button("ghost", "arrow-left"), Button("plain", "refresh")
        back.clicked.connect(self.back)
        refresh.clicked.connect(self.refresh_requested)
        self.say(back.setAccessibleName, "返回")
        self.say(refresh.setText, "重新检测")
        doctor = Button("plain", "check")
        doctor.clicked.connect(self.doctor_requested)
        self.say(doctor.setText, "证书检测…")
        self._bar.lead(back)
        self._bar.add(refresh, doctor)
        self.drivers = DriversCard()
        self.drivers.add_requested.connect(self.driver_requested)
        self._cards = column(spacing=12)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._cards, self.drivers, None, spacing=12))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._bar)
        body = column(area, margins=(20, 16, 20, 16))
        layout.addLayout(body, 1)
        self.retranslate()

    def show_tokens(self, tokens: tuple[TokenView, ...], modules: int) -> None:
        """``modules``: how many drivers were found; none is a different advice than no token."""
        self._tokens, self._modules = tokens, modules
        self.retranslate()

    def retranslate(self) -> None:
        self._bar.say_title(tr("CA 证书"), tr("签名、解密和登录都由证书完成；口令只在证书内核对，程序不保存。"))
        clear(self._cards)
        for token in self._tokens:
            self._cards.addWidget(self._card(token))
        if self._tokens:
            return
        card = Card()
        card.setMinimumHeight(300)
        if self._modules:
            empty = EmptyState("token", "没有找到证书", "请插入 CA 证书，几秒后会自动出现；仍未出现时换一个 USB 接口，"
                               "或点“重新检测”。", "重新检测")  # fmt: skip
            empty.acted.connect(self.refresh_requested)
        else:
            empty = EmptyState("warning", "没有找到证书驱动", "请安装证书机构提供的驱动程序后重新打开；已经安装的，"
                               "请指定驱动文件（Windows 为 .dll，Linux 为 .so）。", "指定驱动文件…")  # fmt: skip
            empty.acted.connect(self.driver_requested)
        card.add(empty)
        self._cards.addWidget(card)

    def _card(self, token: TokenView) -> Card:
        card = Card()
        tries = tr("口令剩余 {count} 次", count=token.tries_left) if token.tries_left is not None else ""
        test = Button("plain", "check", tr("试用口令与证书"))
        test.setEnabled(token.state in (TokenState.READY, TokenState.EXPIRING, TokenState.PIN_LOW))
        test.clicked.connect(lambda: self.test_requested.emit(token))
        head = row(
            IconLabel("token", "text2", 28),
            column(
                label("section", token.holder or token.label),
                ElidedLabel("hint", "　".join(part for part in (token.label, token.serial, token.maker) if part)),
                spacing=2,
            ),
            label("second", tries),
            Chip(texts.word("token_state", token.state), TOKEN_TONES.get(token.state, Tone.BAD)),
            test,
            spacing=12,
        )
        head.setStretch(1, 1)
        card.add(head)
        if token.problem:
            said = texts.error_text(token.problem)
            card.add(label("error", said.brief, wrap=True))
        for certificate in token.certificates:
            card.add(rule(), self._certificate(certificate))
        return card

    def _certificate(self, one: CertificateView) -> QWidget:
        days = (one.valid_to - self._clock.now()).days
        if one.fitness == Fitness.SOON:
            chip = Chip(tr("{days} 天后到期", days=days), Tone.WARN)
        else:
            good = one.fitness == Fitness.GOOD
            chip = Chip(texts.word("fitness", one.fitness), Tone.OK if good else Tone.BAD)
        trust = {
            True: (tr("受信任"), Tone.OK),
            False: (tr("不受信任"), Tone.BAD),
            None: (tr("信任未核对"), Tone.NEUTRAL),
        }
        holder = QWidget()
        until = tr(
            "{start} 至 {end}", start=texts.full_time(one.valid_from)[:10], end=texts.full_time(one.valid_to)[:10]
        )
        words = column(
            row(
                label("body", one.subject),
                label("second", one.number),
                Chip(texts.word("usage", one.usage), Tone.INFO),
                None,
                spacing=8,
            ),
            ElidedLabel("hint", tr("颁发者 {issuer}　序列号 {serial}", issuer=one.issuer, serial=one.serial)),
            spacing=2,
        )
        line = row(words, label("second", until), chip, Chip(*trust[one.trusted]), spacing=12)
        line.setStretch(0, 1)
        holder.setLayout(line)
        return holder
