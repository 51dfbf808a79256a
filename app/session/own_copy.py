"""A desk's own copy of the record: the tree it builds from what it is sent, and the state it folds. No network here.

The host is trusted with nothing that can be checked. Leaf hashes make the tree; texts must be those leaves; a head that
the log key signed must be this tree's root; what was seen once must still be there after every reconnect, and after
this desk was closed (:mod:`app.session.head_memory`); and what others cosigned must be heads of this very record.
Whatever does not hold sets :attr:`OwnCopy.alarm`, for good: from then on nothing is cosigned.
"""

import hashlib

import app.session.rules.fold_case
import app.session.rules.fold_evaluation
import app.session.rules.fold_opening  # noqa: F401 - the fold's table fills when its modules are read
from app.clock import parse_stamp
from app.errors import InputError
from app.logs import get_logger
from app.record.checkpoint import (
    Checkpoint,
    open_checkpoint,
    origin_of,
    parse_signature_line,
    verify_cosignature,
)
from app.record.entry import SignedCommand, parse_entry
from app.record.log import MerkleTree, leaf_hash
from app.session.rules.event import Recorded
from app.session.rules.events import from_builtins
from app.session.rules.events_case import CaseOpened
from app.session.rules.fold import apply
from app.session.rules.state import State
from app.session.signin import unbase64
from app.session.wire import messages as wire

_log = get_logger("own copy")

EMPTY_ROOT = hashlib.sha256(b"").hexdigest()


class OwnCopy:
    """See the module.

    Attributes:
        state: the fold of what may be seen; replaced, never changed.
        entries: what may be seen, by log index.
        head: size and root (hex) of the largest head that was checked.
        alarm: empty, or the code of the first thing that cannot be (``record.*``, ``checkpoint.*``, ``event.*``).
        heard: size of the newest head that each other person cosigned, and that is a head of this record.
    """

    def __init__(self, case: str, host_fingerprint: str, known: tuple[int, str] | None = None) -> None:
        """``known`` is the head that this desk remembers from before it was started."""
        self.state = State()
        self.entries: dict[int, Recorded] = {}
        self.head: tuple[int, str] = known or (0, EMPTY_ROOT)
        self.alarm = ""
        self.heard: dict[str, int] = {}
        self._case = case
        self._host = host_fingerprint
        self._tree = MerkleTree()
        self._texts: dict[int, bytes] = {}
        self._previewed: list[Recorded] = []
        self._folded = -1  # highest index in the state; -1: the state is of previews, or none

    @property
    def size(self) -> int:
        """Leaves received on this connection."""
        return self._tree.size

    def begin(self) -> None:
        """A new connection sends everything anew; it is compared with what was seen before."""
        self._tree, self._previewed = MerkleTree(), []

    # --- what the host sends ---

    def take(self, message: wire.Entries) -> None:
        """Entries in order, or a later reveal of hidden ones."""
        if self.alarm:
            return
        self._previewed = []
        again = self._folded < 0
        try:
            for item in message.items:
                fresh = self._take_item(item)
                if fresh is None:
                    continue
                self.entries[item.index] = fresh
                if item.index < self._folded:
                    again = True  # revealed late: the state is folded anew, in order
                elif not again:
                    self.state = apply(self.state, fresh)
                    self._folded = item.index
        except (InputError, ValueError) as error:
            self.distrust(error.code if isinstance(error, InputError) else "record.leaf_differs")
            return
        if again:
            self._fold()

    def _take_item(self, item: wire.EntryItem) -> Recorded | None:
        """Put one item into the tree; what it says, when that is new."""
        leaf, data = bytes.fromhex(item.leaf), item.data.encode()
        if len(leaf) != 32 or (data and leaf_hash(data) != leaf):
            raise InputError("record.leaf_differs")
        if item.index > self._tree.size:
            raise InputError("record.gap")
        if item.index < self._tree.size:
            if self._tree.leaf(item.index) != leaf:
                raise InputError("record.entry_changed")
        else:
            self._tree.append_leaf_hash(leaf)
        seen = self._texts.get(item.index)
        if seen is not None:
            if leaf_hash(seen) != leaf:
                raise InputError("record.entry_changed")
            return None
        if not data:
            return None
        entry = parse_entry(data)
        if entry.index != item.index or entry.case != self._case:
            raise InputError("record.entry_changed")
        self._texts[item.index] = data
        return Recorded(entry.index, entry.at, entry.actor, from_builtins(entry.event))

    def _fold(self) -> None:
        state = State()
        for index in sorted(self.entries):
            state = apply(state, self.entries[index])
            self._folded = index
        self.state = state

    def preview(self, message: wire.Preview) -> None:
        """What a supplier is shown before the record's places may be seen."""
        if self._folded >= 0:
            self.distrust("record.gap")  # the record was shown before; it does not become hidden again
            return
        for item in message.items:
            event = from_builtins(item.event)
            self._previewed.append(Recorded(len(self._previewed), parse_stamp(item.at), item.actor, event))
        state = State()
        for recorded in self._previewed:
            state = apply(state, recorded)
        self.state = state

    def witness(self, note: str) -> Checkpoint | None:
        """Check a signed head; the checkpoint when it may be cosigned, None when its entries are still on the way."""
        if self.alarm:
            return None
        try:
            checkpoint = open_checkpoint(note, self._case, self._log_key())
        except InputError as error:
            self.distrust(error.code)
            return None
        size, root = self.head
        if checkpoint.size < size:
            self.distrust("record.rolled_back")
        elif checkpoint.size > self._tree.size:
            return None
        elif checkpoint.root != self._tree.root(checkpoint.size):
            self.distrust("record.root_differs")
        elif size and self._tree.root(size).hex() != root:
            self.distrust("record.forked")
        else:
            self.head = (checkpoint.size, checkpoint.root.hex())
            return checkpoint
        return None

    def hear(self, item: wire.Cosigned) -> None:
        """Somebody's cosignature as the host relays it: it must be over the head that this tree has at that size.

        What cannot be judged yet (entries on the way, a sign-in that this person may not see) is passed over.
        """
        if self.alarm or not self.heard.get(item.person, 0) < item.size <= self._tree.size:
            return
        keys = [bytes.fromhex(key) for key, who in self.state.sessions.items() if who == item.person]
        if not keys:
            return
        origin = origin_of(self._case)
        try:
            line = parse_signature_line(item.line)
            root = bytes.fromhex(item.root)
        except (InputError, ValueError):
            self.distrust("record.witness_forged")
            return
        if line.name == item.person and verify_cosignature(self._checkpoint(item.size), line, keys):
            self.heard[item.person] = max(item.size, self.heard.get(item.person, 0))
        elif line.name == item.person and verify_cosignature(Checkpoint(origin, item.size, root), line, keys):
            self.distrust("record.witnessed_otherwise")  # that person's desk saw another record: a fork, proven
        else:
            self.distrust("record.witness_forged")

    def _checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(origin_of(self._case), size, self._tree.root(size))

    def root(self, size: int) -> str:
        """The root (hex) of the first ``size`` entries, to compare with others; ValueError for more than are here."""
        return self._tree.root(size).hex()

    def _log_key(self) -> bytes:
        """The key that signs heads, from the first entry, which must be of the host whose fingerprint the link has."""
        first = self.entries.get(0)
        if first is None or not isinstance(first.event, CaseOpened):
            raise InputError("record.no_first_entry")
        certificate = unbase64(first.event.host_certificate)
        if hashlib.sha256(certificate).hexdigest() != self._host:
            raise InputError("record.other_host")
        return bytes.fromhex(first.event.host_key)

    # --- what this desk relies on ---

    def check_own(self, index: int, signed: bytes) -> None:
        """An act of this desk is in the record with the very bytes it signed; otherwise the alarm is set."""
        text = self._texts.get(index)
        if text is None:
            return  # an act whose entry we may not see ourselves, e.g. before a reveal
        carried = parse_entry(text).command
        if not isinstance(carried, SignedCommand) or carried.signed != signed:
            self.distrust("record.other_command")

    def distrust(self, code: str) -> None:
        """The host showed something that cannot be: keep what was seen, cosign nothing more."""
        _log.error("record not consistent", code=code)
        self.alarm = self.alarm or code
