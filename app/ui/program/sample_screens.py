"""The program's own screens with made-up contents: for the demonstration's pictures and for looking."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app.ca.token import Act, PinRequest, PinState
from app.clock import ManualClock
from app.errors import InputError
from app.keystore import KeystoreState, Place
from app.procurement.case import CaseFile, parse_case_file
from app.rehearsal.sample_case import sample_case
from app.session.head_code import head_code
from app.session.rules.people import Level, Role
from app.session.wire.link import Link, parse_link
from app.settings import RESOURCES
from app.ui import texts
from app.ui.async_bridge import AsyncBridge
from app.ui.dialogs.base import DeskDialog
from app.ui.dialogs.compare_head import CompareHeadDialog
from app.ui.dialogs.confirm import leave_dialog
from app.ui.dialogs.end_for_all import EndForAllDialog
from app.ui.dialogs.error import ErrorDialog
from app.ui.dialogs.join_link import JoinByLinkDialog
from app.ui.dialogs.pin import PinDialog
from app.ui.home.home_screen import HomeScreen
from app.ui.home.new_case import NewCaseWizard
from app.ui.home.settings_screen import SettingsScreen
from app.ui.i18n import tr
from app.ui.models import (
    CaseAction,
    CaseRow,
    CaseTime,
    CertificateView,
    CheckLine,
    CheckState,
    HomeView,
    HostState,
    TokenState,
    TokenView,
)
from app.ui.people.committee_dialog import CommitteeDialog
from app.ui.people.dialogs import LinkDialog, LinksDialog, PersonDialog, SecretDialog, expert_library
from app.ui.people.people_table import PeopleDialog
from app.ui.people.replace_dialog import ReplaceDialog
from app.ui.people.seats_dialog import SeatsDialog
from app.ui.people.verify_dialog import VerifyDialog
from app.ui.preferences import Preferences
from app.ui.prepare.prepare_screen import PrepareScreen
from app.ui.program import token_samples
from app.ui.program.bid_page import BidPage
from app.ui.program.case_dialogs import CaseDetailsDialog, RehearsalDialog
from app.ui.program.case_page import CasePage
from app.ui.program.rehearsal_control import RehearsalControl
from app.ui.program.seal_samples import seal_screens
from app.ui.program.sign_in_dialog import SignInChoice, SignInDialog
from app.ui.sample_state import DEADLINE, Played, digest, play
from app.ui.screens import Factory, officer, supplier
from app.ui.step_facts import StepFacts
from app.ui.tokens.certificate_choice import CertificateDialog
from app.ui.tokens.doctor_screen import DoctorScreen
from app.ui.tokens.tokens_screen import TokensScreen
from app.ui.view import View, clear, column, row

NOW = DEADLINE - timedelta(minutes=42)
SAMPLE_CASE = RESOURCES / "samples" / "case.json"
SAMPLE_LINK = Link("kp.example.cn", 7443, "KM-GK-2026-0118/1", "5e" * 32, "p3", "one-use")


class _Asked(View):
    """A dialog on a page, made anew in each language."""

    def __init__(self, make: Callable[[], DeskDialog[object]]) -> None:
        super().__init__()
        self.setProperty("role", "page")
        self._make = make
        self._holder = column(None)
        self.setLayout(self._holder)
        self.retranslate()

    def retranslate(self) -> None:
        clear(self._holder)
        dialog = self._make()
        dialog.setParent(self)
        self._holder.addStretch(1)
        self._holder.addLayout(row(None, dialog, None))
        self._holder.addStretch(1)
        dialog.show()


@cache
def _receiving() -> Played:
    return play("receiving", "public_tender")


@cache
def _consultation() -> CaseFile:
    return sample_case("competitive_consultation", NOW)


_REACH: dict[str, str | int] = {
    "address": "203.0.113.5", "port": 7443, "inside": "192.168.1.20", "time": "2026-11-20 08:41",
}  # fmt: skip


def _name(role: Role) -> str:
    played = _receiving()
    return played.people[played.one(role)].name


def token() -> TokenView:
    """A token in good order."""
    certificates = (
        CertificateView(
            subject=_name(Role.OFFICER),
            issuer="Sample CA",
            serial="4a7f09",
            usage="sign",
            valid_from=NOW - timedelta(days=200),
            valid_to=NOW + timedelta(days=530),
            trusted=True,
            number="91990000MA5FICTN0X",
            fitness="good",
        ),
        CertificateView(
            subject=_name(Role.OFFICER),
            issuer="Sample CA",
            serial="4a7f0a",
            usage="decrypt",
            valid_from=NOW - timedelta(days=200),
            valid_to=NOW + timedelta(days=530),
            trusted=True,
            number="91990000MA5FICTN0X",
            fitness="good",
        ),
    )
    return TokenView(
        label="CA-01",
        holder=_name(Role.OFFICER),
        state=TokenState.READY,
        serial="31e433399d26",
        maker="SoftHSM project",
        expires=NOW + timedelta(days=530),
        certificates=certificates,
    )


def cases() -> tuple[CaseRow, ...]:
    """One case of each kind."""
    return (
        CaseRow(
            case_id="1",
            name=_receiving().lot.project_name,
            number="KM-GK-2026-0118",
            method="public_tender",
            role="officer",
            phase="receiving",
            starts=DEADLINE,
            when=CaseTime.TODAY,
            action=CaseAction.PREPARE,
        ),
        CaseRow(
            case_id="2",
            name=_consultation().project_name,
            number="KM-CS-2026-0119",
            method="competitive_consultation",
            role="supervisor",
            phase="announced",
            starts=DEADLINE + timedelta(days=6),
            when=CaseTime.COMING,
            action=CaseAction.PREPARE,
            rehearsal=True,
        ),
        CaseRow(
            case_id="3",
            name=_receiving().lot.project_name,
            number="KM-GK-2026-0091",
            method="public_tender",
            role="officer",
            phase="closed",
            starts=DEADLINE - timedelta(days=20),
            when=CaseTime.PAST,
            action=CaseAction.ARCHIVE,
        ),
    )


def _home(_bridge: AsyncBridge, _drafts: Path) -> QWidget:
    screen = HomeScreen(ManualClock(NOW))
    screen.show_home(HomeView(cases=cases(), token=token(), host=HostState.RUNNING))
    return screen


def _empty_home(_bridge: AsyncBridge, _drafts: Path) -> QWidget:
    return HomeScreen(ManualClock(NOW))


def _prepare(_bridge: AsyncBridge, _drafts: Path) -> QWidget:
    screen = PrepareScreen(Preferences())
    screen.show_case(cases()[0], _name(Role.OFFICER))
    screen.show_checks(
        (
            CheckLine(code="network", state=CheckState.PASSED, finding="network.ok", facts={"ms": 18}),
            CheckLine(code="clock", state=CheckState.PASSED, finding="clock.ok", facts={"seconds": "0.1"}),
            CheckLine(
                code="token",
                state=CheckState.PASSED,
                finding="token.ok",
                facts={"holder": _name(Role.OFFICER), "date": "2028-05-03"},
            ),
            CheckLine(code="disk", state=CheckState.PASSED, finding="disk.ok", facts={"hours": 212}),
            CheckLine(code="reach", state=CheckState.PASSED, finding="reach.tcp_round", facts=_REACH),
            CheckLine(code="reach_udp", state=CheckState.FAILED, finding="reach.udp_none", facts=_REACH),
        )
    )
    return screen


def _tokens(_bridge: AsyncBridge, _drafts: Path) -> QWidget:
    screen = TokensScreen(ManualClock(NOW))
    broken = TokenView(label="CA-02", holder="", state=TokenState.BROKEN, problem="token.unrecognised")
    screen.show_tokens((token(), broken), 2)
    screen.drivers.show_drivers(token_samples.drivers())
    return screen


def _no_tokens(_bridge: AsyncBridge, _drafts: Path) -> QWidget:
    screen = TokensScreen(ManualClock(NOW))
    screen.show_tokens((), 0)
    return screen


def _settings(_bridge: AsyncBridge, _drafts: Path) -> QWidget:
    screen = SettingsScreen(Preferences())
    screen.show_keys(KeystoreState(Place.DEVICE, "Secret Service"))
    return screen


def _doctor(_bridge: AsyncBridge, _drafts: Path) -> QWidget:
    screen = DoctorScreen()
    screen.begin()
    for check in token_samples.checks(_name(Role.OFFICER), NOW):
        screen.add(check)
    screen.end()
    return screen


def _new_case(_bridge: AsyncBridge, _drafts: Path) -> QWidget:
    wizard = NewCaseWizard()
    wizard.read(SAMPLE_CASE)
    wizard.go_to(2)
    return wizard


def _case_page(_bridge: AsyncBridge, _drafts: Path) -> QWidget:
    played = _receiving()
    me = officer(played)
    page = CasePage(ManualClock(played.now), hosted=True)
    page.show_facts(StepFacts(played.seen_by(me)[0], me))
    page.show_host(
        running=True,
        checks=(
            CheckLine(code="reach", state=CheckState.PASSED, finding="reach.tcp_seen", facts=_REACH),
            CheckLine(code="reach_udp", state=CheckState.ATTENTION, finding="reach.udp_here", facts=_REACH),
            CheckLine(code="disk", state=CheckState.PASSED, finding="disk.ok", facts={"hours": 212}),
        ),
    )
    return page


def _bid_page(_bridge: AsyncBridge, _drafts: Path) -> QWidget:
    played = _receiving()
    me = supplier(played)
    page = BidPage(ManualClock(played.now))
    page.show_facts(StepFacts(played.seen_by(me)[0], me))
    return page


def _control(_bridge: AsyncBridge, _drafts: Path) -> QWidget:
    holder = QWidget()
    holder.setProperty("role", "page")
    control = RehearsalControl(ManualClock(NOW), _receiving().lot.project_name)
    for role in ("officer", "supervisor", "expert"):
        control.show_role(role)
    for step in ("tokens", "host", "bid", "bid", "opening"):
        control.show_step(step)
    control.setFixedSize(460, 520)
    holder.setLayout(column(None, row(None, control, None), None))
    return holder


def _pin() -> DeskDialog[object]:
    act = Act("release_share", {"case": "KM-GK-2026-0118/1"})
    return PinDialog(PinRequest("CA-01", "31e433399d26", _name(Role.OFFICER), act, PinState.LOW))  # type: ignore[return-value]


def _asked(make: Callable[[], object]) -> Factory:
    return lambda _bridge, _drafts: _Asked(make)  # type: ignore[arg-type]


def _case_details() -> object:
    return CaseDetailsDialog(parse_case_file(SAMPLE_CASE.read_bytes()), _name(Role.OFFICER), "kp.example.cn")


def _person() -> object:
    return PersonDialog(parse_case_file(SAMPLE_CASE.read_bytes()), ())


def _error() -> object:
    return ErrorDialog(texts.exception_text(InputError("bid.late")))


def _end() -> object:
    return EndForAllDialog((tr("等待接受：{names}", names=_name(Role.PURCHASER)),))


@cache
def _assembling() -> Played:
    return play("assembling", "public_tender")


def _members() -> list[str]:
    state = _assembling().state
    return [state.people[key].name for key in state.members()]


def _links() -> object:
    return LinksDialog([(name, SAMPLE_LINK.text()) for name in _members()])


def _sign_in() -> object:
    return SignInDialog(token_samples.picker(token_samples.pairs(_name(Role.OFFICER), NOW), NOW), registers=False)


def _certificate() -> object:
    picker = token_samples.picker(token_samples.pairs(_name(Role.OFFICER), NOW), NOW, opening=DEADLINE)
    picker.list.setCurrentIndex(1)
    return CertificateDialog(picker, tr("请选择用来签名和加密投标文件的证书；开标时须用同一支证书解密。"))


def _verified_sign_in() -> object:
    before = SignInChoice(Level.STAFF_VERIFIED)
    dialog = SignInDialog(token_samples.picker((), NOW), registers=False, before=before)
    for stroke in SIGNATURE:
        dialog.pad.draw_stroke([QPointF(x, y) for x, y in stroke])
    dialog.code.setText("4071 8263")
    return dialog


SIGNATURE = (
    [(70 + 9 * n, 40 + (n % 3) * 4) for n in range(14)],
    [(120 - n, 34 + 8 * n) for n in range(11)],
    [(190 + 7 * n, 60 + (n * n) % 23) for n in range(20)],
    [(230 + n, 30 + 7 * n) for n in range(12)],
)


def _verify() -> object:
    dialog = VerifyDialog(_members()[1], expert_library())
    photo = QImage(640, 400, QImage.Format.Format_RGB32)
    photo.fill(0x5B6B7F)
    dialog.view.show_image(photo)
    dialog.digits.setText("2046")
    return dialog


def _committee() -> object:
    played = _receiving()
    dialog = CommitteeDialog(played.lot, played.state.people)
    dialog.fill([person for person in played.people.values() if person.has(Role.MEMBER)])
    dialog.draw.setText("YN-ZJ-2026-1120-07")
    return dialog


def _seats() -> object:
    return SeatsDialog(_assembling().state)


def _replace() -> object:
    state = _assembling().state
    return ReplaceDialog(state, state.members()[1])


def _people() -> object:
    dialog = PeopleDialog()
    state = _assembling().state
    dialog.people.show_facts(StepFacts(state, state.with_role(Role.OFFICER)[0]))
    dialog.people.choose(state.members()[1])
    return dialog


def _compare() -> QWidget:
    """The record is compared, and differs."""
    dialog = CompareHeadDialog(235, lambda size: digest(f"root {size}"), lambda _text, _size: None)
    dialog.type_other(head_code(235, digest("another")))
    dialog.press()
    return dialog


def program_screens() -> list[tuple[str, Factory]]:
    """Name and factory of each, as ``app.ui.screens.SCREENS`` has them."""
    return [
        ("home", _home),
        ("home_empty", _empty_home),
        ("prepare", _prepare),
        ("tokens", _tokens),
        ("tokens_none", _no_tokens),
        ("settings", _settings),
        ("new_case", _new_case),
        *seal_screens(),
        ("case_page", _case_page),
        ("bid_page", _bid_page),
        ("rehearsal_control", _control),
        ("dialog_pin", _asked(_pin)),
        ("dialog_join", _asked(lambda: JoinByLinkDialog(parse_link))),
        ("dialog_sign_in", _asked(_sign_in)),
        ("dialog_certificate", _asked(_certificate)),
        ("token_doctor", _doctor),
        ("dialog_case_details", _asked(_case_details)),
        ("dialog_person", _asked(_person)),
        ("dialog_link", _asked(lambda: LinkDialog(_name(Role.PURCHASER), SAMPLE_LINK.text(), secret=True))),
        ("dialog_code", _asked(lambda: SecretDialog(_name(Role.PURCHASER), "40718263", 30, SAMPLE_LINK.text()))),
        ("dialog_links", _asked(_links)),
        ("dialog_sign_in_verified", _asked(_verified_sign_in)),
        ("dialog_verify", _asked(_verify)),
        ("dialog_committee", _asked(_committee)),
        ("dialog_seats", _asked(_seats)),
        ("dialog_replace", _asked(_replace)),
        ("dialog_people", _asked(_people)),
        ("dialog_rehearsal", _asked(RehearsalDialog)),
        ("dialog_leave", _asked(lambda: leave_dialog(True))),
        ("dialog_end", _asked(_end)),
        ("dialog_error", _asked(_error)),
        ("dialog_compare", _asked(_compare)),
    ]
