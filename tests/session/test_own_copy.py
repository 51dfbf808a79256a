"""A host that lies: a desk finds a changed leaf, a dropped entry, a fork, a foreign key, and witnesses nothing more."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from world import JumpingClock, World

from app.errors import InputError
from app.record.checkpoint import sign_checkpoint
from app.record.entry import build_entry
from app.record.log import MerkleTree, leaf_hash
from app.session.connection import Connection
from app.session.keys import HostKeys
from app.session.own_copy import OwnCopy
from app.session.rules import commands as cmd
from app.session.rules import events_case as evc
from app.session.rules.events import to_builtins
from app.session.signin import base64_text
from app.session.wire import messages as wire

CASE = "KM-1/1"


class LyingHost:
    """Makes whatever record it likes, and signs it."""

    def __init__(self, folder: Path) -> None:
        self.clock = JumpingClock()
        self.keys = HostKeys.create(folder, "host", self.clock)
        self.lines: list[bytes] = []
        self.opened()

    def opened(self) -> None:
        from factory import case_file, rules

        event = evc.CaseOpened(
            case=CASE, lot="1", case_file=case_file(), rehearsal=False, rules=rules(), windows={}, shortened={},
            blob_keys=(), host_key=self.keys.log_public.hex(),
            host_certificate=base64_text(self.keys.certificate),
        )  # fmt: skip
        self.add(event)

    def line(self, index: int, event: object, case: str = CASE) -> bytes:
        return build_entry(case, index, self.clock.now(), "host", b"\1" * 16, to_builtins(event), None)  # type: ignore[arg-type]

    def add(self, *events: object) -> None:
        for event in events:
            self.lines.append(self.line(len(self.lines), event))

    def says(self, *texts: str) -> None:
        self.add(*(evc.MessagePosted(to="all", text=text) for text in texts))

    def items(self, *hidden: int, start: int = 0) -> wire.Entries:
        return wire.Entries(
            tuple(
                wire.EntryItem(index, leaf_hash(line).hex(), "" if index in hidden else line.decode())
                for index, line in enumerate(self.lines)
                if index >= start
            )
        )

    def note(self, size: int | None = None, key: Ed25519PrivateKey | None = None) -> str:
        tree = MerkleTree()
        for line in self.lines:
            tree.append(line)
        size = tree.size if size is None else size
        return sign_checkpoint(CASE, size, tree.root(size), key or self.keys.log_key)


@pytest.fixture
def host(tmp_path: Path) -> LyingHost:
    host = LyingHost(tmp_path / "keys")
    host.says("一", "二", "三")
    return host


@pytest.fixture
def copy(host: LyingHost) -> OwnCopy:
    """A desk that has seen four entries under a head."""
    copy = OwnCopy(CASE, host.keys.fingerprint)
    copy.take(host.items())
    assert copy.witness(host.note()) is not None
    return copy


def alarmed(copy: OwnCopy, host: LyingHost) -> str:
    """The alarm; and nothing is witnessed any more, however right it is."""
    assert copy.alarm
    assert copy.witness(host.note()) is None
    return copy.alarm


def test_an_honest_host_is_witnessed_and_folded_once(host: LyingHost, copy: OwnCopy) -> None:
    host.says("四")
    copy.take(host.items(start=4))
    checkpoint = copy.witness(host.note())
    assert checkpoint is not None
    assert checkpoint.size == 5
    copy.begin()  # a new connection sends all of it again
    copy.take(host.items())
    assert copy.witness(host.note()) is not None
    assert [message.text for message in copy.state.messages] == ["一", "二", "三", "四"]
    assert copy.alarm == ""


def test_a_hidden_entry_that_is_shown_later_is_folded_in_its_place(host: LyingHost) -> None:
    copy = OwnCopy(CASE, host.keys.fingerprint)
    copy.take(host.items(1, 2))
    assert [message.text for message in copy.state.messages] == ["三"]
    copy.take(wire.Entries((host.items().items[1],)))
    assert [message.text for message in copy.state.messages] == ["一", "三"]
    copy.begin()
    copy.take(host.items(1))  # hidden again on a new connection: what was seen stays
    assert [message.text for message in copy.state.messages] == ["一", "二", "三"]


def test_a_text_that_is_not_its_leaf(host: LyingHost, copy: OwnCopy) -> None:
    host.says("四")
    good = host.items(start=4).items[0]
    other = host.line(4, evc.MessagePosted(to="all", text="改"))
    copy.take(wire.Entries((wire.EntryItem(4, good.leaf, other.decode()),)))
    assert alarmed(copy, host) == "record.leaf_differs"
    assert copy.state.messages[-1].text == "三"


def test_an_entry_that_was_changed_between_two_connections(host: LyingHost, copy: OwnCopy) -> None:
    host.lines[2] = host.line(2, evc.MessagePosted(to="all", text="改"))
    copy.begin()
    copy.take(host.items())
    assert alarmed(copy, host) == "record.entry_changed"


def test_an_entry_that_was_changed_and_hidden_between_two_connections(host: LyingHost, copy: OwnCopy) -> None:
    host.lines[2] = host.line(2, evc.MessagePosted(to="all", text="改"))
    copy.begin()
    copy.take(host.items(2))
    assert alarmed(copy, host) == "record.entry_changed"


def test_a_hidden_entry_that_was_changed_shows_in_the_old_head(host: LyingHost) -> None:
    copy = OwnCopy(CASE, host.keys.fingerprint)
    copy.take(host.items(2))
    assert copy.witness(host.note()) is not None
    host.lines[2] = host.line(2, evc.MessagePosted(to="all", text="改"))
    copy.begin()
    copy.take(host.items(2))
    assert copy.witness(host.note()) is None
    assert alarmed(copy, host) == "record.forked"


def test_a_leaf_sent_twice_differently(host: LyingHost, copy: OwnCopy) -> None:
    leaf = leaf_hash(host.line(1, evc.MessagePosted(to="all", text="改"))).hex()
    copy.take(wire.Entries((wire.EntryItem(1, leaf, ""),)))
    assert alarmed(copy, host) == "record.entry_changed"


def test_a_dropped_entry(host: LyingHost, copy: OwnCopy) -> None:
    host.says("四", "五")
    copy.take(host.items(start=5))
    assert alarmed(copy, host) == "record.gap"


def test_a_record_that_became_shorter(host: LyingHost, copy: OwnCopy) -> None:
    del host.lines[3:]
    copy.begin()
    copy.take(host.items())
    assert copy.witness(host.note()) is None
    assert alarmed(copy, host) == "record.rolled_back"


def test_a_head_over_something_else(host: LyingHost, copy: OwnCopy) -> None:
    host.says("四")
    copy.take(host.items(start=4))
    host.lines[4] = host.line(4, evc.MessagePosted(to="all", text="改"))
    copy.witness(host.note())
    assert alarmed(copy, host) == "record.root_differs"


def test_a_head_by_another_key(host: LyingHost, copy: OwnCopy) -> None:
    assert copy.witness(host.note(key=Ed25519PrivateKey.generate())) is None
    assert alarmed(copy, host) == "checkpoint.not_signed"


def test_another_host_than_the_links(host: LyingHost) -> None:
    copy = OwnCopy(CASE, "ab" * 32)
    copy.take(host.items())
    copy.witness(host.note())
    assert alarmed(copy, host) == "record.other_host"


def test_a_head_without_a_first_entry(host: LyingHost) -> None:
    copy = OwnCopy(CASE, host.keys.fingerprint)
    copy.take(host.items(0))
    copy.witness(host.note())
    assert alarmed(copy, host) == "record.no_first_entry"


@pytest.mark.parametrize("case", ["KM-2/1", CASE])
def test_an_entry_of_another_case_or_place(host: LyingHost, copy: OwnCopy, case: str) -> None:
    host.lines.append(host.line(4 if case != CASE else 7, evc.MessagePosted(to="all", text="四"), case))
    copy.take(host.items(start=4))
    assert alarmed(copy, host) == "record.entry_changed"


def test_an_entry_that_says_nothing_known(host: LyingHost, copy: OwnCopy) -> None:
    data = build_entry(CASE, 4, host.clock.now(), "host", b"\1" * 16, {"type": "unheard_of"}, None)
    host.lines.append(data)
    copy.take(host.items(start=4))
    assert alarmed(copy, host) == "event.unknown"


def test_a_head_whose_entries_are_on_the_way_waits(host: LyingHost, copy: OwnCopy) -> None:
    host.says("四")
    assert copy.witness(host.note()) is None
    assert copy.alarm == ""
    copy.take(host.items(start=4))
    assert copy.witness(host.note()) is not None


def test_an_act_recorded_with_other_bytes(host: LyingHost, copy: OwnCopy) -> None:
    copy.check_own(1, b"what I signed")
    assert alarmed(copy, host) == "record.other_command"


# --- over the wire ---


async def test_a_desk_cosigns_nothing_after_an_alarm_and_holds_nothing_for_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = await world.enter("officer")
    await officer.do(cmd.PostMessage(to="officer", text="一"))
    honest = Connection._item

    def lying(self: Connection, state: object, entry: object) -> wire.EntryItem:
        item = honest(self, state, entry)  # type: ignore[arg-type]
        return wire.EntryItem(item.index, item.leaf, item.data.replace("二", "改"))

    monkeypatch.setattr(Connection, "_item", lying)
    with pytest.raises(InputError) as caught:
        await officer.do(cmd.PostMessage(to="officer", text="二"))
    assert caught.value.code == "record.leaf_differs"
    monkeypatch.undo()
    witnessed = world.room.witnesses["officer"]
    await world.room.report(cmd.ReportClocks(offsets={"officer": 1}))
    await asyncio.sleep(0.3)
    assert officer.alarm == "record.leaf_differs"
    assert world.room.witnesses["officer"] == witnessed < world.room.tree.size


async def test_heads_are_cosigned_by_everyone_connected(world: World) -> None:
    await world.enter("officer", "clerk", "supervisor")
    await world.clients["officer"].do(cmd.PostMessage(to="officer", text="一"))
    async with asyncio.timeout(10):
        await world.room.witnessed(world.room.tree.size)
    assert set(world.room.witnesses) == {"officer", "clerk", "supervisor"}


async def test_a_cosignature_of_another_or_over_something_else_is_not_taken(world: World) -> None:
    officer = await world.enter("officer")
    await world.enter("clerk")
    from app.record.checkpoint import Checkpoint, cosign

    size = world.room.tree.size
    origin = world.room.note.split("\n", 1)[0]
    for person, root in (("clerk", world.room.tree.root(size)), ("officer", b"\0" * 32)):
        line = cosign(Checkpoint(origin, size, root), person, officer._key, 1)
        before = dict(world.room.witnesses)
        with pytest.raises(InputError) as caught:
            await world.room.cosigned(person, size, line)
        assert caught.value.code == "checkpoint.not_signed"
        assert world.room.witnesses == before


async def test_suppliers_see_no_places_of_the_record_before_the_opening(world: World) -> None:
    await world.receiving("supplier-a", "supplier-b")
    a = world.clients["supplier-a"]
    await world.submit("supplier-a")
    assert a.entries == {}
    assert a.head == (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    assert a.state.suppliers == {world.uscc("supplier-a"): world.bids["supplier-a"].payload.supplier.name}
    assert world.clients["supplier-b"].state.bids == {}
    assert not set(a.witnesses) - {"officer", "clerk", "supervisor", a.me}
    assert world.clock.now() < world.file.deadline - timedelta(minutes=1)
