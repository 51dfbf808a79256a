"""我的项目: today, coming, past; the token and the host at the top right; where to begin."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app.clock import Clock
from app.ui import texts
from app.ui.home.case_row import CaseLine, primary_case
from app.ui.i18n import tr
from app.ui.models import CaseTime, HomeView, HostState, TokenState, TokenView
from app.ui.view import View, clear, column, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.top_bar import TopBar

HOST_TONES = {
    HostState.NONE: Tone.NEUTRAL,
    HostState.STARTING: Tone.INFO,
    HostState.RUNNING: Tone.OK,
    HostState.LOST: Tone.BAD,
}
TOKEN_TONES = {
    TokenState.READY: Tone.OK,
    TokenState.EXPIRING: Tone.WARN,
    TokenState.PIN_LOW: Tone.WARN,
    TokenState.MISSING: Tone.NEUTRAL,
    TokenState.NO_MODULE: Tone.WARN,
    TokenState.WORKING: Tone.INFO,
    TokenState.REMOVED: Tone.WARN,
}


class HomeScreen(View):
    """Signals:
    case_chosen(CaseRow): the action of a case.
    join_requested(), new_case_requested(), seal_requested(), archive_requested(), verify_requested(),
    rehearsal_requested(), tokens_requested(), settings_requested(): the other ways on.
    """

    case_chosen = Signal(object)
    join_requested = Signal()
    new_case_requested = Signal()
    seal_requested = Signal()
    archive_requested = Signal()
    verify_requested = Signal()
    rehearsal_requested = Signal()
    shows_token = True
    tokens_requested = Signal()
    settings_requested = Signal()

    def __init__(self, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self._clock = clock
        self._view = HomeView()
        self._bar = TopBar()
        self._token, self._host = Chip(), Chip()
        tokens, settings = Button("ghost", "token"), Button("ghost", "settings")
        tokens.clicked.connect(self.tokens_requested)
        settings.clicked.connect(self.settings_requested)
        self.say(tokens.setText, "证书")
        self.say(settings.setText, "设置")
        self._bar.add(self._host, self._token, tokens, settings)
        self._buttons: list[Button] = []
        acts = row(spacing=10)
        for source, icon, signal in (
            ("凭邀请链接加入", "link", self.join_requested),
            ("新建项目", "plus", self.new_case_requested),
            ("加密投标文件", "lock", self.seal_requested),
            ("打开档案", "archive", self.archive_requested),
            ("验证签名", "seal", self.verify_requested),
            ("演练", "play", self.rehearsal_requested),
        ):
            button = Button("plain", icon)
            self.say(button.setText, source)
            button.clicked.connect(signal)
            acts.addWidget(button)
            self._buttons.append(button)
        acts.addStretch(1)
        self._sections = column(spacing=12)
        inside = QWidget()
        inside.setProperty("role", "inside")
        self._inside = column(self._sections, None)
        inside.setLayout(self._inside)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._bar)
        body = column(acts, area, spacing=14, margins=(20, 16, 20, 16))
        body.setStretch(1, 1)
        layout.addLayout(body, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(30_000)
        self._timer.timeout.connect(self.retranslate)
        self._timer.start()
        self.retranslate()

    def show_home(self, view: HomeView) -> None:
        """Show another snapshot."""
        if view != self._view:
            self._view = view
            self.retranslate()

    def lines(self) -> list[CaseLine]:
        """The case lines shown, in order."""
        return self.findChildren(CaseLine)

    def retranslate(self) -> None:
        view = self._view
        now = self._clock.now()
        self._bar.say_title(tr("我的项目"), texts.day(now))
        self._host.show_state(tr("主机　{state}", state=texts.word("host", view.host)), HOST_TONES[view.host])
        self._host.setVisible(view.host != HostState.NONE)
        self._token.show_state(*token_chip(view.token))
        clear(self._sections)
        first = primary_case(view.cases)
        for when in CaseTime:
            cases = [case for case in view.cases if case.when == when]
            if not cases:
                continue
            card = Card(heading=True)
            card.body.setSpacing(4)
            card.title.setText(texts.word("case_time", when))
            for case in sorted(cases, key=lambda one: one.starts, reverse=when == CaseTime.PAST):
                line = CaseLine(case, now, primary=case.case_id == first)
                line.acted.connect(self.case_chosen)
                card.add(line)
            self._sections.addWidget(card)
        self._inside.setStretch(0, 0 if view.cases else 1)
        self._inside.setStretch(1, 1 if view.cases else 0)
        if not view.cases:
            self._sections.addWidget(self._empty())

    def _empty(self) -> Card:
        card = Card()
        card.setMinimumHeight(460)
        empty = EmptyState(
            "folder",
            "还没有项目",
            "收到邀请链接的人，点“凭邀请链接加入”。代理机构从“新建项目”开始；供应商收到密封工具包后，点“加密投标文件”。"
            "想先熟悉流程，可以做一次演练，不影响任何真实项目。",
            "凭邀请链接加入",
        )
        empty.acted.connect(self.join_requested)
        card.add(empty)
        return card


def token_chip(token: TokenView | None) -> tuple[str, Tone]:
    """The token at a glance: holder, state, expiry, tries."""
    if token is None:
        return tr("CA 证书　未插入"), Tone.NEUTRAL
    parts = [token.holder, texts.word("token_state", token.state)]
    if token.expires is not None and token.state in (TokenState.READY, TokenState.EXPIRING):
        parts.append(tr("至 {date}", date=token.expires.astimezone().strftime("%Y-%m-%d")))
    if token.tries_left is not None:
        parts.append(tr("口令剩余 {count} 次", count=token.tries_left))
    return "　".join(part for part in parts if part), TOKEN_TONES.get(token.state, Tone.BAD)
