"""The host's side of one connected peer: what it publishes, and the slots it receives in."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from app.media import rtp
from app.media.depacketize import AUDIO_CLOCK, VIDEO_CLOCK
from app.media.router import WantedTile
from app.media.seams import Line, Link
from app.media.slots import SlotWriter
from app.media.stream import Stream

_NAMES_PER_NOTE = 8


class Slot:
    """One outgoing stream and what fills it now.

    Attributes:
        waiting: for a packet that begins a whole picture; nothing is sent before it.
    """

    def __init__(self, line: Line) -> None:
        with_level = line.kind == "audio" and line.level_id > 0
        self.kind = line.kind
        self.payload_types = line.payload_types
        self.stream: Stream | None = None
        self.waiting = False
        self.writer = SlotWriter(
            line.ssrc,
            VIDEO_CLOCK if line.kind == "video" else AUDIO_CLOCK,
            rtp.extensions(line.mid_id, line.mid, line.level_id if with_level else 0),
            with_level=with_level,
        )


class RoomPeer:
    """One peer's connection with its slots; knows what it may receive and lets nothing else into a slot."""

    def __init__(self, name: str, link: Link, publishes: bool, allowed: frozenset[str]) -> None:
        self.name = name
        self.link = link
        self.publishes = publishes
        self.allowed = allowed
        self.published: dict[int, Stream] = {}
        self.slots: dict[int, Slot] = {}
        self.received = self.sent = self.injected = 0
        self.lost = 0.0
        self.last_heard = float("inf")
        self.level_id = 0
        self.names_changed = True
        self._video: list[Slot] = []
        self._audio: list[Slot] = []

    def take_slots(self, max_video: int, max_audio: int) -> None:
        """Make slots of the lines that the negotiation gave us to send on."""
        sending = [line for line in self.link.lines if line.sends]
        self._video = [Slot(line) for line in sending if line.kind == "video"][:max_video]
        self._audio = [Slot(line) for line in sending if line.kind == "audio"][:max_audio]
        own = self.line_of("audio")
        self.level_id = own.level_id if own else 0
        self.slots = {slot.writer.ssrc: slot for slot in (*self._video, *self._audio)}

    def heard(self) -> list[str | None]:
        """What the audio slots hold, by slot."""
        return [slot.stream.source if slot.stream else None for slot in self._audio]

    def show(self, wanted: Sequence[WantedTile], streams: Mapping[str, Stream], now: float) -> None:
        """Fill the picture slots; a source that stays wanted stays in its slot."""
        sources = [tile.source for tile in wanted if tile.source in self.allowed and tile.source in streams]
        targets = [streams[s] for s in dict.fromkeys(sources) if streams[s].kind == "video"][: len(self._video)]
        for slot in self._video:
            if slot.stream in targets:
                targets.remove(slot.stream)
            else:
                self._put(slot, None, now)
        for slot in self._video:
            if slot.stream is None and targets:
                self._put(slot, targets.pop(0), now)

    def hear(self, sources: Sequence[str | None], streams: Mapping[str, Stream], now: float) -> None:
        """Fill the audio slots, slot by slot."""
        for slot, source in zip(self._audio, sources, strict=True):
            self._put(slot, streams.get(source or ""), now)

    def send_again(self, ssrc: int, lost: Collection[int]) -> None:
        """Retransmit from one of our slots what is still there and still allowed."""
        slot = self.slots.get(ssrc)
        stream = slot.stream if slot is not None else None
        if slot is None or stream is None or stream.silenced or stream.source not in self.allowed:
            return
        for sequence in lost:
            packet = slot.writer.again(sequence)
            if packet is not None:
                self.sent += 1
                self.link.send_rtp(packet)

    def withdraw(self, forbidden: Collection[str] | None = None) -> None:
        """Empty every slot that holds one of these sources (None: all slots) at once."""
        for slot in self.slots.values():
            if slot.stream is not None and (forbidden is None or slot.stream.source in forbidden):
                self._put(slot, None, 0.0)

    def names(self) -> list[bytes]:
        """Which number (CSRC) is which source, as notes to send; at least one, it also says that we are alive."""
        bound = {str(s.stream.number): s.stream.source for s in self.slots.values() if s.stream is not None}
        pairs = list(bound.items())
        parts = [dict(pairs[i : i + _NAMES_PER_NOTE]) for i in range(0, len(pairs), _NAMES_PER_NOTE)] or [{}]
        return [msgspec.json.encode(part) for part in parts]

    def line_of(self, kind: Literal["audio", "video"]) -> Line | None:
        """The m-line on which this peer publishes, if it may."""
        return next((line for line in self.link.lines if line.receives and line.kind == kind), None)

    def _put(self, slot: Slot, stream: Stream | None, now: float) -> None:
        if slot.stream is stream:
            return
        if slot.stream is not None:
            slot.stream.outs.remove((self, slot))
        if stream is not None and stream.source not in self.allowed:
            stream = None
        slot.stream = stream
        self.names_changed = True
        slot.writer.switch(stream.number if stream else 0)
        if stream is not None:
            slot.waiting = stream.kind == "video"
            stream.outs.append((self, slot))
            stream.request_keyframe(now)
