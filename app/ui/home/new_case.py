"""新建项目: choose the case file, see what is wrong with it, see what it says, create."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QWidget

from app.errors import BidroomError, InputError
from app.procurement.case import CaseFile, parse_case_file
from app.procurement.case_checks import case_problems
from app.procurement.data import Problem
from app.procurement.rulepack import RulePack, load_rule_pack, rules_in_force
from app.settings import RESOURCES
from app.ui import texts
from app.ui.i18n import tr
from app.ui.view import clear, column, label, row
from app.ui.widgets.amount import amount_text
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.data_table import Align, Column, DataTable
from app.ui.widgets.drop_zone import DropZone
from app.ui.widgets.file_row import FileRow
from app.ui.wizard import Wizard

FILE_LIMIT = 4 * 1024 * 1024
STEPS = ("选择项目文件", "检查", "核对并建立")


class NewCaseWizard(Wizard):
    """Signals:
    create_requested(CaseFile, bytes): make this case; ``bytes`` is the file as chosen.
    """

    create_requested = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(STEPS, "建立项目", parent)
        self._case: CaseFile | None = None
        self._data = b""
        self._problems: tuple[Problem, ...] = ()
        self._unreadable: BidroomError | None = None
        self._file = FileRow("项目文件（JSON）", "*.json")
        self._file.chosen.connect(self.read)
        drop = DropZone("把项目文件拖到这里，或", (".json",))
        drop.dropped.connect(lambda paths: self._file.set_path(paths[0]))
        drop.browse.connect(self._file.browse)
        explain = label("second", wrap=True)
        self.say(
            explain.setText,
            "项目文件写明采购方式、采购包、预算与最高限价、截止时间、评分标准与权重、开标与开标人安排。"
            "格式说明见文档“项目文件”。人员之后按事件加入，不写在文件里。",
        )
        first = Card()
        first.add(explain, drop, self._file, None)
        self._result = column(spacing=10)
        second = Card()
        second.add(self._result, None)
        self._fields = column(spacing=10)
        self._criteria = DataTable(
            [
                Column("评分项", stretch=True, width=200),
                Column("类型", width=100),
                Column("分值", Align.RIGHT, width=80),
            ]
        )
        third = Card()
        third.add(self._fields, self._criteria)
        for page in (first, second, third):
            area = QScrollArea()
            area.setWidgetResizable(True)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            area.setWidget(page)
            self.add_page(area)
        self.finished.connect(self._create)
        self.retranslate()

    def read(self, path: Path) -> None:
        """Read and check the file; what is wrong is shown, not raised."""
        self._case, self._problems, self._unreadable = None, (), None
        try:
            self._data = _file_bytes(path)
            self._case = parse_case_file(self._data)
            self._problems = case_problems(self._case, rules_in_force(_pack(), self._case.notice_date))
        except BidroomError as error:
            self._unreadable = error
        self.allow_next(0, True)
        self.allow_next(1, self._case is not None and not self._problems and self._unreadable is None)
        self.allow_next(2, True)
        self.retranslate()
        self.go_to(1)

    def problems(self) -> tuple[Problem, ...]:
        return self._problems

    def set_busy(self, busy: bool) -> None:
        """While the case is being made."""
        self.allow_next(2, not busy)
        self.note.setText(tr("正在建立项目…") if busy else "")

    def retranslate(self) -> None:
        super().retranslate()
        self.bar.say_title(tr("新建项目"))
        self._show_result()
        self._show_fields()

    def _show_result(self) -> None:
        clear(self._result)
        if self._unreadable is not None:
            said = texts.error_text(self._unreadable.code, self._unreadable.facts)
            self._result.addLayout(row(Chip(tr("不能使用"), Tone.BAD), label("section", said.what), None))
            self._result.addWidget(label("body", said.do, wrap=True))
            self._result.addWidget(label("second", said.details, wrap=True, selectable=True))
            return
        if self._case is None:
            return
        count = len(self._problems)
        chip = Chip(tr("发现 {count} 个问题", count=count) if count else tr("没有问题"), Tone.BAD if count else Tone.OK)
        self._result.addLayout(row(chip, label("section", self._case.project_name), None, spacing=10))
        for problem in self._problems:
            text = texts.problem_text(problem.code, problem.facts)
            where = label("second", problem.field)
            where.setFixedWidth(240)
            line = row(where, label("body", text, wrap=True), spacing=16)
            line.setStretch(1, 1)
            self._result.addLayout(line)
        if count:
            hint = tr(
                "请修改文件后重新选择。规则依据公告日期 {date} 时有效的规则包。", date=str(self._case.notice_date)
            )
            self._result.addWidget(label("second", hint, wrap=True))

    def _show_fields(self) -> None:
        clear(self._fields)
        case = self._case
        if case is None:
            return
        lot = case.lots[0]
        facts: list[tuple[str, str]] = [
            (tr("项目名称"), case.project_name),
            (tr("项目编号"), case.project_number),
            (tr("采购方式"), texts.word("method", case.method)),
            (tr("采购人"), case.purchaser.name),
            (tr("代理机构"), case.agency.name),
            (tr("开标时间"), texts.full_time(case.deadline)),
            (tr("地点"), case.place),
            (tr("采购包"), tr("、").join(f"{one.id} {one.name}" for one in case.lots)),
            (tr("预算（元）"), amount_text(lot.budget)),
            (tr("最高限价（元）"), amount_text(lot.ceiling)),
        ]
        for name, value in facts:
            caption = label("second", name)
            caption.setFixedWidth(140)
            line = row(caption, label("body", value, wrap=True), spacing=12)
            line.setStretch(1, 1)
            self._fields.addLayout(line)
        self._criteria.show_rows([
            [one.name, texts.word("criterion_kind", one.kind), one.max_score] for one in lot.criteria
        ])  # fmt: skip
        self._criteria.fit_height()

    def _create(self) -> None:
        if self._case is not None:
            self.create_requested.emit(self._case, self._data)


def _file_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise InputError("file.not_read", name=path.name, error=type(error).__name__) from error
    if len(data) > FILE_LIMIT:
        raise InputError("input.too_large", limit=FILE_LIMIT)
    return data


def _pack() -> RulePack:
    return load_rule_pack((RESOURCES / "rulepacks" / "cn-2026.json").read_bytes())
