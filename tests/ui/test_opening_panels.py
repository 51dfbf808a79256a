"""The opening's panels: what they show of a played case, and what they ask for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget

import app.session.rules.commands as cmd
from app.clock import ManualClock
from app.session.rules.people import Role
from app.ui.async_bridge import AsyncBridge
from app.ui.i18n import Language, set_language
from app.ui.opening.decrypting import DecryptingPanel
from app.ui.opening.discipline import DisciplinePanel
from app.ui.opening.gathering import GatheringPanel, open_gates
from app.ui.opening.objections import ObjectionsStep
from app.ui.opening.reading import ReadingPanel
from app.ui.opening.seal_wall import SealWallPanel
from app.ui.phase_panel import PhasePanel
from app.ui.room_acts import Asking, ConfirmRead, ReleaseBids
from app.ui.room_dialogs import AskingDialog
from app.ui.sample_state import Played, play
from app.ui.step_facts import StepContext, StepFacts
from app.ui.step_panels import panel_type


class Desk:
    """A panel with what it asked for."""

    def __init__(self, played: Played, person: str, folder: Path) -> None:
        async def fetch(sha256: str) -> bytes:
            return played.files[sha256]

        self.played, self.person = played, person
        context = StepContext(ManualClock(played.now), AsyncBridge(lambda error: None), fetch, folder)
        self.facts = StepFacts(played.seen_by(person)[0], person)
        self.panel: Any = panel_type(self.facts)(context)  # type: ignore[call-arg]
        self.asked: list[object] = []
        self.panel.command_requested.connect(self.asked.append)
        self.panel.show_snapshot(self.facts)

    def again(self) -> None:
        self.panel.show_snapshot(StepFacts(self.played.seen_by(self.person)[0], self.person))


@pytest.fixture
def desk(qtbot: Any, tmp_path: Path) -> Iterator[Any]:
    def make(phase: str, who: str, method: str = "public_tender") -> Desk:
        played = play(phase, method)  # type: ignore[arg-type]
        made = Desk(played, person_of(played, who), tmp_path)
        qtbot.addWidget(made.panel)
        return made

    return make


def person_of(played: Played, who: str) -> str:
    speakers = list(played.speaker.values())
    return {"first": speakers[0], "last": speakers[-1]}.get(who) or played.one(Role(who))


def shown(widget: QWidget, panel: PhasePanel) -> bool:
    return widget.isVisibleTo(panel)


def test_gathering_lists_gates_with_what_is_missing(desk: Any) -> None:
    found = desk("gathering", "officer")
    assert isinstance(found.panel, GatheringPanel)
    gates = dict(open_gates(found.facts.state, "discipline", found.played.now))
    assert gates["recording_runs"] is None
    assert gates["deadline_reached"] is not None
    found.panel._admit_all()
    waiting = list(found.played.speaker.values())[-1]
    assert found.asked == [cmd.Admit(person=waiting)]


def test_the_list_is_published_once(desk: Any) -> None:
    found = desk("discipline", "officer")
    assert isinstance(found.panel, DisciplinePanel)
    assert not found.panel.read.isEnabled()
    found.panel.publish.click()
    assert found.asked == [cmd.PublishBidders()]
    found.played.does(found.person, cmd.PublishBidders())
    found.again()
    assert not found.panel.publish.isEnabled()


def test_a_supplier_confirms_its_own_seal(desk: Any) -> None:
    found = desk("seal_check", "last")
    assert isinstance(found.panel, SealWallPanel)
    assert len(found.panel.table.rows()) == 3
    found.panel.confirm.click()
    assert found.asked == [cmd.ConfirmSeal()]
    confirmed = desk("seal_check", "first")
    assert not confirmed.panel.confirm.isEnabled()


def test_decryption_asks_for_the_own_bid_only(desk: Any) -> None:
    found = desk("decrypting", "last")
    assert isinstance(found.panel, DecryptingPanel)
    found.panel.decrypt.click()
    assert found.asked == [ReleaseBids((found.facts.supplier,))]
    done = desk("decrypting", "first")
    assert not shown(done.panel.decrypt, done.panel)


def test_pending_rests_the_buttons_until_the_record_answers(desk: Any) -> None:
    found = desk("decrypting", "last")
    found.panel.set_pending(True)
    assert not found.panel.decrypt.isEnabled()
    found.panel.set_pending(False)
    assert found.panel.decrypt.isEnabled()


def test_a_failure_is_attributed_with_a_reason(desk: Any) -> None:
    found = desk("decrypting", "officer")
    assert not shown(found.panel.attribute, found.panel)
    found.played.wait(300)
    found.again()
    assert shown(found.panel.attribute, found.panel)
    found.panel.attribute.click()
    asking = found.asked[0]
    assert isinstance(asking, Asking)
    supplier = list(found.played.speaker)[-1]
    assert asking.make("时限内未解密。", "supplier") == cmd.AttributeFailure(
        supplier=supplier, attribution="supplier", reason="时限内未解密。"
    )
    assert len(asking.lines) >= 2


def test_moving_on_with_something_undone_needs_a_reason(desk: Any, qtbot: Any) -> None:
    found = desk("decrypting", "officer")
    found.panel.onward.click()
    asking = found.asked[0]
    assert isinstance(asking, Asking)
    dialog = AskingDialog(asking)
    qtbot.addWidget(dialog)
    assert not dialog.can_go()
    dialog.type("供应商未到。")
    assert dialog.can_go()


def test_prices_are_read_one_by_one(desk: Any) -> None:
    officer = desk("reading", "officer")
    assert isinstance(officer.panel, ReadingPanel)
    assert not officer.panel.next.isEnabled()
    second = list(officer.played.speaker.values())[1]
    own = Desk(officer.played, second, Path("unused"))
    assert own.panel.confirm.isVisibleTo(own.panel)
    own.panel.confirm.click()
    total = officer.played.bids[1].payload.price.total
    assert own.asked == [ConfirmRead(total)]
    own.panel.deleteLater()


def test_no_price_in_a_consultation(desk: Any) -> None:
    found = desk("decrypting", "officer", "competitive_consultation")
    text = "".join("".join(line) for line in found.panel.table.rows())
    assert not any(str(bid.payload.price.total) in text for bid in found.played.bids)


def test_objections_are_answered_by_the_officer_only(desk: Any) -> None:
    officer, supplier = desk("objections", "officer"), desk("objections", "last")
    assert isinstance(officer.panel, ObjectionsStep)
    supplier.panel.none.click()
    assert supplier.asked == [cmd.DeclareNoObjection()]
    texts = [button.text() for button in officer.panel.findChildren(type(officer.panel.none))]
    assert "答复…" in texts
    assert "答复…" not in [button.text() for button in supplier.panel.findChildren(type(officer.panel.none))]


@pytest.mark.parametrize("phase", ["gathering", "discipline", "seal_check", "decrypting", "reading", "objections"])
def test_panels_change_their_language(desk: Any, phase: str) -> None:
    found = desk(phase, "officer")
    set_language(Language.ENGLISH)
    found.panel.retranslate()
    assert found.panel._heading.text().isascii()
    assert found.panel.onward.text().isascii()
