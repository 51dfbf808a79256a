"""声明: what is announced with the price and what points are computed from. Nothing is chosen for the supplier."""

from decimal import Decimal

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from app.procurement.bid import Declarations
from app.procurement.bid_check import Demands
from app.procurement.bid_file import ENTERPRISES
from app.procurement.case import Criterion, Match, PerUnit
from app.procurement.price_table import read_number
from app.ui import texts
from app.ui.bids.draft import BidDraft
from app.ui.i18n import tr
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.card import Card
from app.ui.widgets.check_box import CheckBox
from app.ui.widgets.choice import Choice
from app.ui.widgets.form_field import FormField

DAYS = 3650


class DeclarePage(View):
    """Signals:
    changed(): something was said or unsaid.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked = Demands()
        self._facts: dict[str, int | str | bool] = {}
        self._inputs: dict[str, Choice | QLineEdit] = {}
        self._filling = False
        self.enterprise = Choice()
        self.enterprise.currentIndexChanged.connect(self._tell)
        self._policy = label("second", wrap=True)
        self.joint = CheckBox()
        self.say(self.joint.setText, "联合体或分包中有小微企业")
        self.joint.toggled.connect(self._joint_changed)
        self.joint_share, self.domestic = QLineEdit(), QLineEdit()
        self.delivery, self.quality, self.validity = QLineEdit(), QLineEdit(), QLineEdit()
        self.delivery.setMaxLength(200)
        self.quality.setMaxLength(200)
        self._joint_field = FormField("小微企业所占份额（%）", self.joint_share)
        self._domestic_field = FormField(
            "本国产品成本占比（%，可空）", self.domestic, "只在采购文件对本国产品有价格评审优惠时填写。"
        )
        self._validity_field = FormField("投标有效期（天）", self.validity)
        for field in (self.joint_share, self.domestic, self.delivery, self.quality, self.validity):
            field.textChanged.connect(self._tell)
        size, said, scored = Card(heading=True), Card(heading=True), Card(heading=True)
        self.say(size.title.setText, "企业声明")
        self.say(said.title.setText, "与报价一起宣读的内容")
        self.say(scored.title.setText, "客观评分依据")
        note = label("second", wrap=True)
        self.say(note.setText, "请按本单位的声明函选择。系统不预选，也不替您判断；虚假声明要承担法律责任。")
        size.add(
            note,
            _grid(FormField("企业规模或类型", self.enterprise), self._domestic_field),
            self._policy,
            row(self.joint, None),
            _grid(self._joint_field),
        )
        said.add(
            _grid(FormField("交货期或服务期", self.delivery), FormField("质量", self.quality), self._validity_field)
        )
        self._scored = column(spacing=10)
        self._none = label("second", wrap=True)
        scored.add(self._none, self._scored)
        self.setLayout(column(size, said, scored, None, spacing=12))
        self._joint_field.hide()
        self.retranslate()

    def show_demands(self, asked: Demands) -> None:
        """What the case computes points from; what was said already stays."""
        if asked != self._asked:
            self._facts = self.facts()
            self._asked = asked
            self.retranslate()

    def chosen_enterprise(self) -> str:
        """Size or kind of the enterprise; empty while it was not said."""
        number = self.enterprise.currentIndex()
        return ENTERPRISES[number - 1] if number > 0 else ""

    def declarations(self) -> Declarations | None:
        """As said, or None while the size is not said or a figure cannot be read."""
        share, domestic, days = _percent(self.joint_share.text()), _percent(self.domestic.text()), self._days()
        if not self.chosen_enterprise() or days is None or (self.joint.isChecked() and share is None):
            return None
        if self.domestic.text().strip() and domestic is None:
            return None
        return Declarations(
            enterprise=self.chosen_enterprise(),  # type: ignore[arg-type]
            joint=self.joint.isChecked(),
            joint_share=share if self.joint.isChecked() and share is not None else Decimal(0),
            domestic_share=domestic,
            delivery=self.delivery.text().strip(),
            quality=self.quality.text().strip(),
            validity_days=days,
        )

    def facts(self) -> dict[str, int | str | bool]:
        """What was declared; what is blank is not there."""
        said = {name: value for name, value in self._facts.items() if name not in self._inputs}
        for criterion in self._asked.facts:
            assert criterion.rule is not None
            field = self._inputs.get(criterion.rule.fact)
            if field is None:
                continue
            value = _value(criterion, field)
            if value is not None:
                said[criterion.rule.fact] = value
        return said

    def fill(self, said: Declarations, facts: dict[str, int | str | bool], *, enterprise: bool) -> None:
        """From a bid file; ``enterprise``: whether the file itself says the size."""
        self._filling = True
        self.enterprise.setCurrentIndex(ENTERPRISES.index(said.enterprise) + 1 if enterprise else 0)
        self.joint.setChecked(said.joint)
        self.joint_share.setText(_per_cent_text(said.joint_share) if said.joint else "")
        self.domestic.setText("" if said.domestic_share is None else _per_cent_text(said.domestic_share))
        self.delivery.setText(said.delivery)
        self.quality.setText(said.quality)
        self.validity.setText(str(said.validity_days))
        self._take_facts(facts)

    def draft(self, draft: BidDraft) -> BidDraft:
        """``draft`` with what stands here."""
        return msgspec.structs.replace(
            draft, enterprise=self.chosen_enterprise(), joint=self.joint.isChecked(),
            joint_share=self.joint_share.text(), domestic_share=self.domestic.text(),
            delivery=self.delivery.text(), quality=self.quality.text(),
            validity=self.validity.text(), facts=self.facts(),
        )  # fmt: skip

    def restore(self, draft: BidDraft) -> None:
        """From a draft."""
        self._filling = True
        known = draft.enterprise in ENTERPRISES
        self.enterprise.setCurrentIndex(ENTERPRISES.index(draft.enterprise) + 1 if known else 0)
        self.joint.setChecked(draft.joint)
        for field, text in (
            (self.joint_share, draft.joint_share), (self.domestic, draft.domestic_share),
            (self.delivery, draft.delivery), (self.quality, draft.quality), (self.validity, draft.validity),
        ):  # fmt: skip
            field.setText(text)
        self._take_facts(draft.facts)

    def retranslate(self) -> None:
        self._filling = True
        chosen = max(0, self.enterprise.currentIndex())
        self.enterprise.clear()
        self.enterprise.addItems([tr("请选择…"), *(texts.word("enterprise", one) for one in ENTERPRISES)])
        self.enterprise.setCurrentIndex(chosen)
        self._policy.setText(self._policy_text())
        self._policy.setVisible(bool(self._policy.text()))
        self._facts = self.facts()
        clear(self._scored)
        self._inputs = {}
        for criterion in self._asked.facts:
            self._scored.addLayout(self._criterion(criterion))
        known = {criterion.rule.fact for criterion in self._asked.facts if criterion.rule is not None}
        others = [f"{name} = {value}" for name, value in self._facts.items() if name not in known]
        if others:
            self._scored.addWidget(label("second", tr("另外声明的：{facts}", facts="；".join(others)), wrap=True))
        if self._asked.known:
            self._none.setText(tr("本项目没有按声明计算的评分项。"))
        else:
            self._none.setText(tr("进入项目或选择项目文件后，这里会列出按声明计分的评分项。"))
        self._none.setVisible(not self._asked.facts)
        self._filling = False
        self._tell()

    def _policy_text(self) -> str:
        if self._asked.set_aside:
            return tr("本采购包专门面向中小企业，不再给予价格扣除。")
        if self._asked.small_rate is not None:
            rate = f"{(self._asked.small_rate * 100).normalize():f}"
            return tr("本项目对小型、微型企业的报价给予 {rate}% 的价格扣除，用于评审。", rate=rate)
        return ""

    def _criterion(self, criterion: Criterion) -> QGridLayout:
        rule = criterion.rule
        assert rule is not None
        told = self._facts.get(rule.fact)
        field: Choice | QLineEdit
        if isinstance(rule, Match):
            field = Choice()
            field.addItems([tr("不声明"), *(_shown(word) for word in rule.scores)])
            words = list(rule.scores)
            text = str(told).lower() if isinstance(told, bool) else str(told)
            field.setCurrentIndex(words.index(text) + 1 if told is not None and text in words else 0)
            field.currentIndexChanged.connect(self._tell)
        else:
            field = QLineEdit("" if told is None else str(told))
            field.setPlaceholderText(tr("不声明"))
            field.textChanged.connect(self._tell)
        self._inputs[rule.fact] = field
        most = tr("最高 {score} 分。", score=f"{criterion.max_score:f}")
        field.setAccessibleName(criterion.name)
        grid = _grid()
        grid.addLayout(column(label("second", f"{criterion.name}　{most}"), field, spacing=4), 0, 0)
        grid.addWidget(label("hint", criterion.text, wrap=True), 0, 1, 1, 2)
        return grid

    def _take_facts(self, facts: dict[str, int | str | bool]) -> None:
        self._inputs = {}
        self._facts = dict(facts)
        self.retranslate()

    def _joint_changed(self) -> None:
        self._joint_field.setVisible(self.joint.isChecked())
        self._tell()

    def _days(self) -> int | None:
        text = self.validity.text().strip()
        if not text:
            return 0
        return int(text) if text.isascii() and text.isdigit() and int(text) <= DAYS else None

    def _tell(self, *_new: object) -> None:
        if self._filling:
            return
        wrong = tr("请填 0 到 100 之间的数字")
        for field, box in ((self._joint_field, self.joint_share), (self._domestic_field, self.domestic)):
            unread = bool(box.text().strip()) and _percent(box.text()) is None
            field.show_error(wrong if unread else "")
        self._validity_field.show_error("" if self._days() is not None else tr("请填整数，不超过 {days} 天", days=DAYS))
        self.changed.emit()


def _grid(*fields: QWidget) -> QGridLayout:
    """Up to three fields side by side, each a third wide."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    for place, field in enumerate(fields):
        grid.addWidget(field, 0, place, Qt.AlignmentFlag.AlignTop)
    for place in range(3):
        grid.setColumnStretch(place, 1)
    return grid


def _shown(word: str) -> str:
    return {"true": tr("是"), "false": tr("否")}.get(word, word)


def _value(criterion: Criterion, field: Choice | QLineEdit) -> int | str | bool | None:
    rule = criterion.rule
    if isinstance(rule, Match):
        number = field.currentIndex() if isinstance(field, Choice) else 0
        word = list(rule.scores)[number - 1] if number > 0 else None
        return {"true": True, "false": False}.get(word, word) if word is not None else None
    text = field.text().strip() if isinstance(field, QLineEdit) else ""
    if not text:
        return None
    number_said = read_number(text)
    if number_said is None:
        return text
    whole = number_said == number_said.to_integral_value()
    return int(number_said) if whole and isinstance(rule, PerUnit) else f"{number_said:f}"


def _percent(text: str) -> Decimal | None:
    """A share 0..1 from per cent as typed."""
    number = read_number(text.strip().rstrip("%％"))
    return number / 100 if number is not None and 0 <= number <= 100 else None


def _per_cent_text(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}"
