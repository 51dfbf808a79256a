"""Dialogs of the agency: what a new case needs beside its file, a person to register, a link to hand out."""

from pathlib import Path

import msgspec
from PySide6.QtWidgets import QLineEdit, QWidget

from app.ca.timestamp_client import check_addresses
from app.errors import InputError
from app.procurement.case import CaseFile
from app.session.trust_settings import TrustSettings
from app.ui import texts
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.program.pick import JSON, PEM
from app.ui.view import label, row
from app.ui.widgets.check_box import CheckBox
from app.ui.widgets.choice import Choice
from app.ui.widgets.file_row import FileRow
from app.ui.widgets.form_field import FormField


class CaseDetails(msgspec.Struct, frozen=True):
    """What a new case needs beside its file. ``people``, ``crls``, ``mirror`` may be None."""

    lot: str
    officer: str
    public: str
    trust: Path
    people: Path | None
    crls: Path | None
    mirror: Path | None
    trust_settings: TrustSettings = TrustSettings()


class CaseDetailsDialog(DeskDialog[CaseDetails | None]):
    """Answers the details, or None."""

    def __init__(self, case: CaseFile, officer: str, address: str, parent: QWidget | None = None) -> None:
        super().__init__(tr("建立项目：人员、信任与地址"), parent, width=620)
        self._case = case
        self.lot = Choice()
        self.lot.addItems([f"{lot.id}　{lot.name}" for lot in case.lots])
        self.officer, self.public = QLineEdit(officer), QLineEdit(address)
        self.officer.setMaxLength(60)
        self.trust = FileRow("信任的证书机构（PEM，必选）", PEM)
        self.crls = FileRow("吊销列表（PEM，可选）", "*.pem *.crl")
        self.people = FileRow("其他人员名单（JSON，可选；以后也可以登记）", JSON)
        self.mirror = FileRow("第二份记录的位置（另一块磁盘，可选）", folder=True)
        self.add(FormField("采购包", self.lot))
        self.add(FormField("主持人姓名（与证书一致）", self.officer))
        self.add(FormField("外部访问地址", self.public, "写入邀请链接；外部人员由此连接。可以是域名或 IP 地址。"))
        self.stamps = QLineEdit()
        self.stamps.setPlaceholderText("http://")
        self.online = CheckBox(tr("签到时联网查询证书是否已被吊销"))
        self.online.setChecked(True)
        self.required = CheckBox(tr("查不到时不允许签到"))
        self.add(self.trust, self.crls, self.people, self.mirror)
        self.stamps_field = FormField("时间戳服务地址（可选，多个用空格分开）", self.stamps)
        self.add(self.stamps_field, row(self.online, self.required, None, spacing=20))
        self.add_button(tr("取消"), "plain", accept=False)
        self._go = self.add_button(tr("建立"), "primary", accept=True, default=True)
        for line in (self.officer, self.public, self.stamps):
            line.textChanged.connect(self._check)
        self.trust.chosen.connect(self._check)
        self._check()

    def can_go(self) -> bool:
        return self._go.isEnabled()

    def answer(self) -> CaseDetails | None:
        trust = self.trust.path()
        if not self.accepted_now or trust is None:
            return None
        return CaseDetails(
            lot=self._case.lots[max(0, self.lot.currentIndex())].id,
            officer=" ".join(self.officer.text().split()),
            public=self.public.text().strip(),
            trust=trust,
            people=self.people.path(),
            crls=self.crls.path(),
            mirror=self.mirror.path(),
            trust_settings=TrustSettings(
                tsa=self._stamps(), online=self.online.isChecked(), revocation_required=self.required.isChecked()
            ),
        )

    def _check(self) -> None:
        named = bool(self.officer.text().strip()) and bool(self.public.text().strip())
        self._go.setEnabled(named and self.trust.path() is not None and self._stamps_are_good())

    def _stamps(self) -> tuple[str, ...]:
        return tuple(self.stamps.text().replace(",", " ").replace("，", " ").split())

    def _stamps_are_good(self) -> bool:
        try:
            check_addresses(self._stamps())
        except InputError as error:
            self.stamps_field.show_error(texts.exception_text(error).brief)
            return False
        self.stamps_field.show_error("")
        return True


class RehearsalDialog(DeskDialog[str | None]):
    """Which method to rehearse; answers its code, or None."""

    METHODS = ("public_tender", "competitive_consultation")

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("演练"), parent)
        self.method = Choice()
        self.method.addItems([texts.word("method", code) for code in self.METHODS])
        text = tr("用演练证书在本机完整走一遍：加密、开标、评审、签署、归档。您可以随时接管主持人、专家或监督人员。")
        self.add(label("body", text, wrap=True), FormField("采购方式", self.method))
        self.add_button(tr("取消"), "plain", accept=False)
        self.add_button(tr("开始演练"), "primary", accept=True, default=True)

    def answer(self) -> str | None:
        return self.METHODS[self.method.currentIndex()] if self.accepted_now else None
