"""A person to register, a link to hand out, a code to say: small dialogs of the agency's staff."""

import itertools
from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QScrollArea, QWidget

from app.procurement.case import CaseFile
from app.session.rules.people import Party, Person, Role
from app.ui import texts
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import capital, tr
from app.ui.view import column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice
from app.ui.widgets.elided import ElidedLabel
from app.ui.widgets.form_field import FormField
from app.ui.widgets.qr import QrView

KINDS: tuple[tuple[str, tuple[Role, ...], Party], ...] = (
    ("clerk", (Role.CLERK,), Party.AGENCY),
    ("opener_agency", (Role.OPENER,), Party.AGENCY),
    ("opener_purchaser", (Role.OPENER, Role.PURCHASER), Party.PURCHASER),
    ("supervisor", (Role.SUPERVISOR,), Party.SUPERVISION),
    ("engineer", (Role.ENGINEER,), Party.AGENCY),
)


def expert_library() -> str:
    """Where experts are drawn from, as it goes into the record."""
    return texts.recorded_word("library", "experts")


def free_id(taken: Collection[str]) -> str:
    """An id for a new person that nobody has."""
    return next(f"p{n}" for n in itertools.count(len(taken) + 1) if f"p{n}" not in taken)


class PersonDialog(DeskDialog[Person | None]):
    """Registers a person of the agency or the purchaser; ``taken`` are the ids in use."""

    def __init__(self, case: CaseFile, taken: Collection[str], parent: QWidget | None = None) -> None:
        super().__init__(tr("登记人员"), parent)
        self._case, self._taken = case, taken
        self.kind = Choice()
        self.kind.addItems([capital(texts.word("person_kind", kind)) for kind, _roles, _party in KINDS])
        self.name, self.organisation, self.uscc = QLineEdit(), QLineEdit(), QLineEdit()
        self.name.setMaxLength(60)
        self.uscc.setMaxLength(18)
        self.kind.currentIndexChanged.connect(self._suggest)
        self.add(FormField("身份", self.kind), FormField("姓名（与证书一致）", self.name))
        self.add(FormField("单位", self.organisation), FormField("统一社会信用代码（可空）", self.uscc))
        self.add_button(tr("取消"), "plain", accept=False)
        self._go = self.add_button(tr("登记"), "primary", accept=True, default=True)
        for line in (self.name, self.organisation):
            line.textChanged.connect(self._check)
        self._suggest()
        self._check()

    def answer(self) -> Person | None:
        if not self.accepted_now:
            return None
        _kind, roles, party = KINDS[self.kind.currentIndex()]
        return Person(
            id=free_id(self._taken), name=" ".join(self.name.text().split()), roles=roles, party=party,
            organisation=self.organisation.text().strip(), uscc=self.uscc.text().strip(),
        )  # fmt: skip

    def _suggest(self) -> None:
        party = KINDS[self.kind.currentIndex()][2]
        known = {Party.AGENCY: self._case.agency, Party.PURCHASER: self._case.purchaser}.get(party)
        self.organisation.setText(known.name if known is not None else "")
        self.uscc.setText(known.uscc if known is not None else "")

    def _check(self) -> None:
        self._go.setEnabled(bool(self.name.text().strip()) and bool(self.organisation.text().strip()))


class LinkDialog(DeskDialog[None]):
    """A link to hand out: as text, as QR code, copied. It is shown this once."""

    def __init__(self, name: str, link: str, *, secret: bool, parent: QWidget | None = None) -> None:
        super().__init__(tr("邀请链接：{name}", name=name), parent, width=600)
        note = tr("链接只能使用一次，请只发给本人。") if secret else tr("供应商凭此链接登记；可以随公告发布。")
        self.text = QPlainTextEdit(link)
        self.text.setReadOnly(True)
        self.text.setFixedHeight(96)
        copy = Button("plain", "copy", tr("复制"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(link))
        self.add(label("body", note, wrap=True), self.text, row(copy, None), row(None, QrView(link, 220), None))
        self.add_button(tr("关闭"), "primary", accept=True, default=True)

    def answer(self) -> None:
        return None


class LinksDialog(DeskDialog[None]):
    """Links of several persons, each to be sent to its person alone; shown this once."""

    def __init__(self, links: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(tr("邀请链接（{count} 人）", count=len(links)), parent, width=600)
        self.links = tuple(links)
        inside = QWidget()
        inside.setProperty("role", "inside")
        lines = column(spacing=8, margins=(0, 0, 8, 0))
        self.copies: list[Button] = []
        for name, link in links:
            copy = Button("small", "copy", tr("复制"))
            copy.setAccessibleName(tr("复制 {name} 的链接", name=name))
            copy.clicked.connect(lambda _=False, link=link: QGuiApplication.clipboard().setText(link))
            self.copies.append(copy)
            who = label("body", name)
            who.setFixedWidth(110)
            line = row(who, ElidedLabel("hint", link, middle=True), copy, spacing=10)
            line.setStretch(1, 1)
            lines.addLayout(line)
        lines.addStretch(1)
        inside.setLayout(lines)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedHeight(min(280, 44 * max(1, len(self.links)) + 8))
        area.setWidget(inside)
        both = Button("plain", "copy", tr("全部复制"))
        both.clicked.connect(
            lambda: QGuiApplication.clipboard().setText("\n".join(f"{name}\t{link}" for name, link in self.links))
        )
        note = tr("每个链接只能使用一次，请分别只发给本人；关闭后不再显示，可以换发。")
        self.add(label("body", note, wrap=True), area, row(both, None))
        self.add_button(tr("关闭"), "primary", accept=True, default=True)

    def answer(self) -> None:
        return None


class SecretDialog(DeskDialog[None]):
    """A one-use code to say to a person whose identity has been verified, and the link that leads here."""

    def __init__(self, name: str, code: str, minutes: int, link: str = "", parent: QWidget | None = None) -> None:
        super().__init__(tr("一次性验证码：{name}", name=name), parent, width=520)
        said = tr("请当面或在视频中告知本人，不要写进消息。{minutes} 分钟内有效，只能用一次。", minutes=minutes)
        self.add(label("body", said, wrap=True))
        self.code = label("clock", f"{code[:4]} {code[4:]}", selectable=True)
        self.add(row(None, self.code, None))
        if link:
            copy = Button("plain", "copy", tr("复制链接"))
            copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(link))
            level = texts.word("level", "staff_verified")
            how = tr("本人打开此链接，签到方式选择“{level}”，输入验证码并手写签名。", level=level)
            self.add(label("second", how, wrap=True), row(copy, None))
        self.add_button(tr("关闭"), "primary", accept=True, default=True)

    def answer(self) -> None:
        return None
