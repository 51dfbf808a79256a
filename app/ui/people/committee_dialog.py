"""导入评审小组: the drawn members, typed from the draw sheet or read from a file, with the sheet's number."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QScrollArea, QWidget

import app.session.rules.commands as cmd
from app.procurement.case import LotCase
from app.session.rules.people import Party, Person, Role
from app.ui import texts
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.people.dialogs import expert_library, free_id
from app.ui.view import column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice
from app.ui.widgets.form_field import FormField

KINDS = ("expert", "purchaser")
MOST = 31


class MemberLine(QWidget):
    """One member: name, kind, unit. ``person`` keeps what a file said beyond these."""

    def __init__(self, number: int, lot: LotCase, kind: str) -> None:
        super().__init__()
        self._lot = lot
        self.name, self.organisation, self.kind = QLineEdit(), QLineEdit(), Choice()
        self.kind.addItems([texts.word("role", code) for code in KINDS])
        self.kind.setFixedWidth(236)
        self.name.setFixedWidth(130)
        for line, what in ((self.name, tr("姓名")), (self.organisation, tr("单位或专家库"))):
            line.setMaxLength(60)
            line.setPlaceholderText(what)
            line.setAccessibleName(f"{number}　{what}")
        self.kind.setAccessibleName(f"{number}　{tr('身份')}")
        self.kind.currentIndexChanged.connect(self._suggest)
        place = label("second", str(number))
        place.setFixedWidth(20)
        fields = row(place, self.name, self.kind, self.organisation, spacing=8)
        fields.setStretch(3, 1)
        self.setLayout(fields)
        self.kind.setCurrentIndex(KINDS.index(kind))
        self._suggest()

    def person(self, taken: Collection[str]) -> Person | None:
        """The member, or None while there is no name."""
        name, organisation = _words(self.name), _words(self.organisation)
        if not name:
            return None
        expert = self.kind.currentIndex() == 0
        return Person(
            id=free_id(taken), name=name, roles=(Role.EXPERT if expert else Role.PURCHASER, Role.MEMBER),
            party=Party.EXPERT if expert else Party.PURCHASER, organisation=organisation,
            uscc="" if expert else self._lot.purchaser.uscc,
        )  # fmt: skip

    def fill(self, person: Person) -> None:
        """Show a member from a file."""
        self.kind.setCurrentIndex(1 if person.has(Role.PURCHASER) else 0)
        self.name.setText(person.name)
        self.organisation.setText(person.organisation)

    def _suggest(self) -> None:
        own = self._lot.purchaser.name if self.kind.currentIndex() == 1 else expert_library()
        self.organisation.setText(own)


class CommitteeDialog(DeskDialog[cmd.ImportCommittee | None]):
    """Answers the import, or None. ``read`` asks for a file and gives its people, or None.

    Attributes:
        from_file: the button to read a file.
    """

    def __init__(self, lot: LotCase, taken: Collection[str], parent: QWidget | None = None) -> None:
        super().__init__(tr("导入评审小组"), parent, width=680)
        self._lot, self._taken = lot, taken
        self._read: tuple[Person, ...] = ()
        self.draw = QLineEdit()
        self.draw.setMaxLength(120)
        self.draw.textChanged.connect(self._check)
        self.from_file = Button("plain", "folder", tr("从名单文件读入…"))
        self.more = Button("plain", "plus", tr("加一行"))
        self.more.clicked.connect(lambda: self._add())
        self.lines: list[MemberLine] = []
        self._rows = column(spacing=6)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._rows, None, margins=(0, 0, 8, 0)))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedHeight(252)
        area.setWidget(inside)
        self._hint = label("second", wrap=True)
        size, experts = lot.committee.size, lot.committee.experts
        said = tr(
            "公告的组成：{size} 人，其中评审专家 {experts} 人。姓名在结果公告前保密。", size=size, experts=experts
        )
        self.add(label("second", said, wrap=True), FormField("抽取单号", self.draw), area)
        self.add(row(self.more, self.from_file, None), self._hint)
        self.add_button(tr("取消"), "plain", accept=False)
        self._go = self.add_button(tr("导入"), "primary", accept=True, default=True)
        for number in range(size):
            self._add("expert" if number < experts else "purchaser")
        self._check()

    def can_go(self) -> bool:
        return self._go.isEnabled()

    def fill(self, people: Sequence[Person]) -> None:
        """Show the members that a file names, whatever was typed before."""
        self._read = tuple(people)
        while len(self.lines) < min(len(people), MOST):
            self._add()
        for line, person in zip(self.lines, people, strict=False):
            line.fill(person)
        for line in self.lines[len(people) :]:
            line.name.clear()
        self._check()

    def answer(self) -> cmd.ImportCommittee | None:
        if not self.accepted_now:
            return None
        return cmd.ImportCommittee(people=self._people(), draw_reference=_words(self.draw))

    def _people(self) -> tuple[Person, ...]:
        """What was read keeps its own ids and seats where nothing was changed."""
        found: list[Person] = []
        ids = set(self._taken) | {person.id for person in self._read}
        for number, line in enumerate(self.lines):
            person = line.person(ids)
            if person is None:
                continue
            read = self._read[number] if number < len(self._read) else None
            if read is not None and (read.name, read.organisation) == (person.name, person.organisation):
                person = read
            ids.add(person.id)
            found.append(person)
        return tuple(found)

    def _add(self, kind: str = "expert") -> None:
        if len(self.lines) >= MOST:
            return
        line = MemberLine(len(self.lines) + 1, self._lot, kind)
        line.name.textChanged.connect(self._check)
        self.lines.append(line)
        self._rows.addWidget(line)

    def _check(self) -> None:
        named = sum(bool(_words(line.name)) for line in self.lines)
        self._hint.setText(tr("已填 {count} 人。导入后为每人给出一次性邀请链接。", count=named))
        self._go.setEnabled(named > 0 and bool(_words(self.draw)))


def _words(line: QLineEdit) -> str:
    return " ".join(line.text().split())
