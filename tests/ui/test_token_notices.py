"""Seal again, in time: a bid or an acceptance whose key is on no token any more."""

import base64
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
from pytestqt.qtbot import QtBot

from app.ca.certificates import Fitness
from app.ca.sealing_kit import Acceptance, KitOpener, build_core
from app.ca.signatures import CertificateInfo, describe
from app.ca.token import FixedPin, TokenInfo
from app.canon import canonical
from app.clock import ManualClock
from app.rehearsal.demo_pki import DemoPerson, DemoPki
from app.session import acts
from app.session.client import Client
from app.session.rules import commands
from app.session.rules.people import Role
from app.ui.main_window import MainWindow
from app.ui.program.case_book import case_folder
from app.ui.program.sealed_to import remember, sealed_to
from app.ui.program.token_notices import TokenNotices
from app.ui.program.token_watch import TokenWatch
from app.ui.sample_state import Played, play
from app.ui.tokens.certificate_choice import CertificateDialog, CertificatePicker


class Plugged:
    """A case in the receiving phase, seen by one person, and a watch that sees what the test plugs in."""

    def __init__(self, qtbot: QtBot, me: str, played: Played, state: Any) -> None:
        self.clock = ManualClock(played.now)
        self.window = MainWindow(self.clock)
        qtbot.addWidget(self.window)
        self.watch = TokenWatch(FixedPin(""), self.clock)
        self.sent: list[Any] = []
        self.client = SimpleNamespace(
            state=state, me=me, status="connected", link=SimpleNamespace(case="KM-1/1"), do=self._do
        )
        self.notices = TokenNotices(self.watch, self.window, lambda: self.fake(), lambda _client: True)

    def fake(self) -> Client:
        return self.client  # type: ignore[return-value]

    async def _do(self, command: Any) -> None:
        self.sent.append(command)
        missing = command.missing
        keyless = self.client.state.keyless | {self.client.me} if missing else frozenset()
        self.client.state = self.client.state.with_(keyless=keyless)

    def plug(self, *certificates: CertificateInfo) -> None:
        self.watch._show((TokenInfo("m", 0, "CA-01", "01", certificates=certificates),) if certificates else ())

    def said(self) -> str:
        notice = self.notices.notice()
        return notice.text if notice is not None else ""


def keyed(der: bytes) -> CertificateInfo:
    return msgspec.structs.replace(describe(der), key_id=b"1")


def dual(pki: DemoPki, uscc: str) -> tuple[CertificateInfo, CertificateInfo]:
    signing, encryption = pki.issue(DemoPerson("某公司", "某公司", uscc, algorithm="ec"))
    return keyed(signing.certificate), keyed(encryption.certificate)


def test_a_renewed_token_of_the_supplier_says_seal_again(qtbot: QtBot, tmp_path: Path) -> None:
    played = play("receiving", "public_tender")
    supplier, me = next((s, p) for s, p in played.speaker.items() if s in played.state.bids)
    state = played.seen_by(me)[0]
    pki = DemoPki.create(tmp_path / "pki", played.now)
    old, new, others = dual(pki, supplier), dual(pki, supplier), dual(pki, "91990000MA0000000X")
    desk = Plugged(qtbot, me, played, state)
    header = state.bids[supplier].header_sha256
    envelope = case_folder("KM-1/1") / "envelopes" / "1.bid"
    remember(envelope, header, old[1].der)
    assert sealed_to("KM-1/1", header)
    assert sealed_to("KM-1/1", "00") == ""
    desk.plug(*old)
    assert desk.said() == ""
    desk.plug(*new)
    assert "重新加密" in desk.said()
    desk.window.show()
    desk.notices.show()
    asked: list[bool] = []
    desk.notices.seal_again.connect(lambda: asked.append(True))
    desk.window.token_banner._button.click()
    assert asked == [True]  # one click to the wizard
    desk.plug(*new, old[1])  # the authority left the old key on the token
    assert desk.said() == ""
    desk.plug(*others)  # somebody else's token: nothing is known
    assert "重新加密" not in desk.said()
    desk.plug(*new)
    remember(envelope.with_name("2.bid"), "second", new[1].der)
    bid = msgspec.structs.replace(state.bids[supplier], header_sha256="second")
    desk.client.state = state.with_(bids={**state.bids, supplier: bid})
    assert desk.said() == ""
    desk.window.close_now()


async def test_an_opener_without_the_accepted_key_has_it_recorded_once(qtbot: QtBot, tmp_path: Path) -> None:
    played = play("receiving", "public_tender")
    officer = played.one(Role.OFFICER)
    me = next(person for person in played.state.with_role(Role.OPENER) if person != officer)
    pki = DemoPki.create(tmp_path / "pki", played.now)
    old, new = dual(pki, ""), dual(pki, "")
    opener = KitOpener(
        holder="某人", organisation="某公司", party="agency", encryption_certificate=old[1].der,
        signing_certificate=old[0].der,
    )  # fmt: skip
    other = msgspec.structs.replace(
        opener, party="purchaser", encryption_certificate=new[1].der, signing_certificate=new[0].der
    )
    core = build_core(
        case="KM-1/1", project="p", lot="1", deadline=played.lot.deadline, notice_sha256="0" * 64, k=2, supplier=True,
        openers=[opener, other], rehearsal=True, host_name="h", host_fingerprint="0" * 64,
    )  # fmt: skip
    state = played.seen_by(me)[0]
    signed = msgspec.structs.replace(state.signed_in[me], certificate=base64.b64encode(old[0].der).decode())
    state = state.with_(
        kit_core=canonical(msgspec.to_builtins(core)).decode(),
        acceptances={me: canonical(msgspec.to_builtins(Acceptance(0, b"x"))).decode()},
        kit_openers=(me,),
        signed_in={**state.signed_in, me: signed},
    )
    desk = Plugged(qtbot, me, played, state)
    assert acts.accepted_certificate(state, me) == old[1].der
    desk.plug(*old)
    await desk.notices.tell()
    assert (desk.sent, desk.said()) == ([], "")
    desk.plug(old[0], new[1])  # the encryption certificate was renewed, the signing one kept
    await desk.notices.tell()
    await desk.notices.tell()
    assert desk.sent == [commands.ReportHolderKey(missing=True)]
    assert "已告知主持人" in desk.said()
    at_officer = Plugged(qtbot, officer, played, played.seen_by(officer)[0].with_(keyless=frozenset({me})))
    assert played.state.people[me].name in at_officer.said()
    desk.plug(*old)
    await desk.notices.tell()
    assert desk.sent[-1] == commands.ReportHolderKey(missing=False)
    desk.plug()
    await desk.notices.tell()
    assert len(desk.sent) == 2  # no token: nothing is known


def test_the_person_chooses_a_certificate_and_sees_what_speaks_against_it(qtbot: QtBot, tmp_path: Path) -> None:
    played = play("receiving", "public_tender")
    pki = DemoPki.create(tmp_path / "pki", played.now)
    first, second = dual(pki, "91990000MA0000000X"), dual(pki, "91990000MA0000000X")
    expired = tuple(msgspec.structs.replace(one, not_after=played.now - timedelta(days=1)) for one in second)
    tokens = [TokenInfo("m", n, f"CA-0{n}", f"{n}", certificates=pair) for n, pair in enumerate((expired, first))]
    desk = Plugged(qtbot, played.one(Role.OFFICER), played, played.state)
    desk.watch._show(tuple(tokens))
    picker = CertificatePicker(desk.watch.pairs(), desk.clock, opening=played.now + timedelta(days=900))
    dialog = CertificateDialog(picker, "x")
    qtbot.addWidget(dialog)
    assert picker.chosen() is not None
    assert picker.chosen().signing == first[0]  # type: ignore[union-attr]
    assert picker.fit_to_seal() is Fitness.BEFORE_OPENING
    assert dialog.can_go()
    picker.list.setCurrentIndex(0)
    assert not dialog.can_go()
    assert "已过期" in picker.list.currentText()
    picker.show_pairs(())  # pulled out while the dialog is open
    assert picker.chosen() is None
    assert not dialog.can_go()
    picker.show_pairs(desk.watch.pairs())
    picker.list.setCurrentIndex(1)
    dialog.accept()
    answer = dialog.answer()
    assert answer is not None
    assert answer.signing == first[0]
