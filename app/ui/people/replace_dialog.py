"""更换评委: who leaves, why, and who comes instead (87号令 art. 49)."""

from collections.abc import Collection

from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

import app.session.rules.commands as cmd
from app.session.rules.people import Party, Person, Role
from app.session.rules.state import State
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.people.dialogs import expert_library, free_id
from app.ui.view import column, label
from app.ui.widgets.check_box import CheckBox
from app.ui.widgets.choice import Choice
from app.ui.widgets.form_field import FormField

LONGEST = 2000


class ReplaceDialog(DeskDialog[cmd.ReplaceMember | None]):
    """Answers the replacement, or None. The host decides whether the committee stays lawful without a substitute."""

    def __init__(self, state: State, member: str = "", parent: QWidget | None = None) -> None:
        super().__init__(tr("更换评委"), parent, width=560)
        self._state = state
        self._members = state.members()
        self.member = Choice()
        self.member.addItems([state.people[key].name for key in self._members])
        if member in self._members:
            self.member.setCurrentIndex(self._members.index(member))
        self.substitute = CheckBox(tr("由替补人员接替"))
        self.substitute.setChecked(True)
        self.name, self.organisation = QLineEdit(), QLineEdit(expert_library())
        for line in (self.name, self.organisation):
            line.setMaxLength(60)
            line.textChanged.connect(self._check)
        self.reason = QPlainTextEdit()
        self.reason.setFixedHeight(72)
        self.reason.setTabChangesFocus(True)
        self.reason.setAccessibleName(tr("理由（记入案卷）"))
        caption = label("second", tr("理由（记入案卷）"))
        caption.setBuddy(self.reason)
        self._fields = QWidget()
        self._fields.setLayout(
            column(
                FormField("替补人员姓名（与证书或证件一致）", self.name),
                FormField("单位或专家库", self.organisation),
            )
        )
        self._hint = label("second", wrap=True)
        self.add(label("body", tr("被撤换成员的意见无效，依赖它的环节须重新进行。"), wrap=True))
        self.add(FormField("离开的评委", self.member), self.substitute, self._fields)
        self.add(column(caption, self.reason, spacing=4), self._hint)
        self.add_button(tr("取消"), "plain", accept=False)
        self._go = self.add_button(tr("更换"), "danger", accept=True)
        self.member.currentIndexChanged.connect(self._check)
        self.substitute.toggled.connect(self._check)
        self.reason.textChanged.connect(self._check)
        self._check()

    def can_go(self) -> bool:
        return self._go.isEnabled()

    def answer(self) -> cmd.ReplaceMember | None:
        if not self.accepted_now:
            return None
        reason = self.reason.toPlainText().strip()
        return cmd.ReplaceMember(person=self._leaving().id, substitute=self._coming(), reason=reason)

    def _leaving(self) -> Person:
        return self._state.people[self._members[max(0, self.member.currentIndex())]]

    def _coming(self) -> Person | None:
        """The substitute takes the place: an expert's, or the purchaser's."""
        if not self.substitute.isChecked():
            return None
        leaving = self._leaving()
        roles = tuple(role for role in leaving.roles if role in (Role.MEMBER, Role.EXPERT, Role.PURCHASER))
        taken: Collection[str] = self._state.people
        return Person(
            id=free_id(taken), name=_words(self.name), roles=roles, party=leaving.party,
            organisation=_words(self.organisation), uscc=leaving.uscc if leaving.party is Party.PURCHASER else "",
        )  # fmt: skip

    def _check(self) -> None:
        if not self._members:
            self._go.setEnabled(False)
            return
        coming = self.substitute.isChecked()
        self._fields.setVisible(coming)
        if coming:
            self._hint.setText(tr("保存后给替补人员发邀请链接；签到、核验场所、签署承诺书后参加评审。"))
        else:
            self._hint.setText(tr("只有人数和组成仍符合规定时，才可以不补充人员；主机会核对。"))
        self.adjustSize()
        named = bool(_words(self.name)) and bool(_words(self.organisation))
        said = self.reason.toPlainText().strip()
        self._go.setEnabled(0 < len(said) <= LONGEST and (named or not coming))


def _words(line: QLineEdit) -> str:
    return " ".join(line.text().split())
