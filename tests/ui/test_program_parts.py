from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot
from ui_samples import NOW

from app.ca.certificates import key_pairs
from app.ca.device_key import DeviceKeyHolder
from app.ca.seal import drawn_signature
from app.ca.signatures import describe
from app.ca.token import PinState, TokenInfo
from app.clock import ManualClock
from app.procurement.case import parse_case_file
from app.session.rules.people import Level, Role
from app.session.wire.link import Link
from app.settings import RESOURCES
from app.ui.async_bridge import AsyncBridge
from app.ui.i18n import Language, set_language
from app.ui.models import CheckState, TokenState
from app.ui.people.dialogs import PersonDialog
from app.ui.program.bid_page import BidPage
from app.ui.program.case_page import CasePage
from app.ui.program.joining import device_key
from app.ui.program.preparing import token_line
from app.ui.program.rehearsal_control import RehearsalControl
from app.ui.program.rehearsal_windows import PlayerStrip
from app.ui.program.sample_screens import program_screens
from app.ui.program.sign_in_dialog import SignInDialog
from app.ui.program.token_watch import token_view
from app.ui.sample_state import play
from app.ui.step_facts import StepFacts
from app.ui.tokens.certificate_choice import CertificatePicker


def a_token(**changed: object) -> TokenInfo:
    holder = DeviceKeyHolder.create("沈砚秋", ManualClock(NOW))
    values: dict[str, object] = {
        "module": "m", "slot": 0, "label": "CA-01", "serial": "01",
        "certificates": (replace(describe(holder.signing_certificate), key_id=b"1"),), "pin_state": PinState.OK,
    }  # fmt: skip
    return TokenInfo(**{**values, **changed})  # type: ignore[arg-type]


def picker(*tokens: TokenInfo) -> CertificatePicker:
    """What the dialogs are given of these tokens."""
    return CertificatePicker([pair for one in tokens for pair in key_pairs(one, NOW)], ManualClock(NOW))


def test_what_is_said_of_a_token() -> None:
    later = ManualClock(NOW + timedelta(days=350))
    assert token_view(a_token(), ManualClock(NOW)).state is TokenState.READY
    assert token_view(a_token(), later).state is TokenState.EXPIRING
    assert token_view(a_token(), ManualClock(NOW + timedelta(days=400))).state is TokenState.EXPIRED
    assert token_view(a_token(pin_state=PinState.FINAL), ManualClock(NOW)).state is TokenState.PIN_FINAL
    assert token_view(a_token(certificates=()), ManualClock(NOW)).problem == "token.no_signing_certificate"


def test_the_preparation_stops_at_an_expired_token() -> None:
    view = token_view(a_token(), ManualClock(NOW + timedelta(days=400)))
    assert token_line(view).state is CheckState.FAILED
    assert token_line(None).state is CheckState.ATTENTION


def test_an_organisation_signs_in_with_a_name(qtbot: QtBot) -> None:
    dialog = SignInDialog(picker(a_token()), registers=True)
    qtbot.addWidget(dialog)
    assert dialog.chosen_level() is Level.ORGANISATION_TOKEN
    assert not dialog.can_go()
    dialog.name.setText(" 林见鹿 ")
    assert dialog.can_go()
    dialog.accept()
    answer = dialog.answer()
    assert answer is not None
    assert (answer.token, answer.name) == ("01", "林见鹿")


def test_a_verified_person_needs_code_and_signature(qtbot: QtBot) -> None:
    dialog = SignInDialog(picker(), registers=False)
    qtbot.addWidget(dialog)
    assert not dialog.can_go()
    dialog.level.setCurrentIndex(list(Level).index(Level.STAFF_VERIFIED))
    dialog.code.setText("40718263")
    assert not dialog.can_go()
    dialog.pad.draw_stroke([QPointF(20 + 6 * n, 60 + n % 7) for n in range(40)])
    assert dialog.can_go()
    dialog.accept()
    answer = dialog.answer()
    assert answer is not None
    assert answer.token == ""
    assert drawn_signature(answer.drawn, rehearsal=True).width_mm > 2
    dialog.pad.wipe()
    assert dialog.pad.png() == b""


def test_the_device_key_is_the_same_next_time() -> None:
    link = Link("10.0.0.7", 7443, "KM-1/1", "5e" * 32, "p3", "one-use")
    assert device_key(link).signing_certificate == device_key(link).signing_certificate


def test_ids_of_new_people_are_free(qtbot: QtBot) -> None:
    case = parse_case_file((RESOURCES / "samples" / "case.json").read_bytes())
    dialog = PersonDialog(case, {"officer", "p3"})
    qtbot.addWidget(dialog)
    dialog.kind.setCurrentIndex(2)
    dialog.name.setText("陆明远")
    dialog.accept()
    person = dialog.answer()
    assert person is not None
    assert person.id == "p4"
    assert person.has(Role.OPENER)
    assert person.organisation == case.purchaser.name


def test_a_supplier_may_replace_until_the_deadline(qtbot: QtBot) -> None:
    played = play("receiving", "public_tender")
    me = next(iter(played.speaker.values()))
    clock = ManualClock(played.now)
    page = BidPage(clock)
    qtbot.addWidget(page)
    facts = StepFacts(played.seen_by(me)[0], me)
    page.show_facts(facts)
    assert page.seal.isEnabled()
    page.show_facts(facts, connected=False)
    assert not page.seal.isEnabled()
    clock.advance((played.lot.deadline - played.now).total_seconds())
    page.show_facts(facts)
    assert not page.seal.isEnabled()


def test_only_the_officer_registers_people(qtbot: QtBot) -> None:
    played = play("receiving", "public_tender")
    for role, may in ((Role.OFFICER, True), (Role.SUPERVISOR, False)):
        me = played.one(role)
        page = CasePage(ManualClock(played.now), hosted=False)
        qtbot.addWidget(page)
        page.show_facts(StepFacts(played.seen_by(me)[0], me))
        assert page.people.acts["add"].isVisibleTo(page) is may


def test_a_rehearsal_shows_where_it_stands(qtbot: QtBot) -> None:
    control = RehearsalControl(ManualClock(NOW), "档案")
    qtbot.addWidget(control)
    paces: list[float] = []
    control.paced.connect(paces.append)
    control.pace.setValue(8)
    assert paces[-1] == 2.0
    control.show_step("opening")
    control.show_end("主机没有启动成功。")
    assert not control.archive.isVisibleTo(control)
    control.show_end()
    assert control.archive.isVisibleTo(control)


@pytest.mark.timeout(300)  # a minute on two free cores
def test_every_screen_can_be_pictured(qtbot: QtBot, tmp_path: Path) -> None:
    bridge = AsyncBridge(lambda error: None)
    for name, factory in program_screens():
        widget = factory(bridge, tmp_path / "drafts")
        qtbot.addWidget(widget)
        widget.resize(1280, 800)
        for language in Language:
            set_language(language)
            assert widget.sizeHint().width() <= 1280 or widget.minimumSizeHint().width() <= 1280, name


def test_whoever_takes_over_can_hand_back(qtbot: QtBot) -> None:
    strip = PlayerStrip("沈砚秋", "officer")
    qtbot.addWidget(strip)
    asked: list[bool] = []
    strip.hold_asked.connect(asked.append)
    strip.take.click()
    strip.show_held(True)
    assert not strip.take.isVisibleTo(strip)
    strip.auto.click()
    assert asked == [True, False]
