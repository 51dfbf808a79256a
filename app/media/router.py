"""The media router (媒体转发): what a room asks of it, whichever engine does it.

Who may see whom is decided above; a router enforces it on every packet, and by default forwards nothing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

Kind = Literal["audio", "video"]


class SourceInfo(msgspec.Struct, frozen=True):
    """One published stream (媒体源).

    Attributes:
        source: its id, ``<peer>/audio`` or ``<peer>/video``; the same after a reconnect.
        number: how receivers know it (CSRC).
        codec: ``opus``, ``VP8`` or ``H264``.
        silenced: muted by the host.
        lost: nothing has come for three seconds.
    """

    source: str
    peer: str
    kind: Kind
    number: int
    codec: str
    silenced: bool
    lost: bool


class WantedTile(msgspec.Struct, frozen=True):
    """A picture that a person looks at (画面), and how many device pixels wide it is shown."""

    source: str
    width: int = 320


class MediaPacket(NamedTuple):
    """What a tap gets: one packet of a source, header already taken apart.

    Attributes:
        stream: the publisher's SSRC; another one means that numbering begins anew (it has reconnected).
        sequence: and timestamp: unwrapped; the timestamp in units of the codec's clock (90 kHz video, 48 kHz audio).
        arrival: monotonic seconds.
    """

    source: str
    stream: int
    kind: Kind
    codec: str
    sequence: int
    timestamp: int
    marker: bool
    level: int
    payload: bytes
    arrival: float


class ClockPair(NamedTuple):
    """From a publisher's sender report: its RTP timestamp (unwrapped) was sent at this NTP time of its clock."""

    source: str
    timestamp: int
    ntp: int
    arrival: float


class RouterEvent(msgspec.Struct, frozen=True):
    """Something that happened to a peer or source.

    Attributes:
        what: ``peer_connected``, ``peer_gone`` (its connection ended or failed), ``source_added``, ``source_removed``,
            ``source_lost`` (nothing for three seconds), ``source_restored``.
        source: empty for peers.
    """

    what: Literal["peer_connected", "peer_gone", "source_added", "source_removed", "source_lost", "source_restored"]
    peer: str
    source: str = ""


class PeerStats(msgspec.Struct, frozen=True):
    """One peer's connection. ``injected`` counts packets dropped because the peer may not send them;
    ``lost`` is the share (0 to 1) of forwarded packets that the peer last reported missing."""

    connected: bool
    received: int
    sent: int
    injected: int
    rejected: int
    lost: float


Tap = Callable[[MediaPacket], None]
PairTap = Callable[[ClockPair], None]


class Router(Protocol):
    """All calls are made in the host's event loop; all callbacks run in it and must be quick."""

    async def connect(self, peer: str, offer_sdp: str, *, publishes: bool) -> str:
        """Answer a peer's offer (SDP). An existing connection of the same peer is replaced.

        What :meth:`allow`, :meth:`watch` and :meth:`silence` said stays in force over reconnects.

        Raises:
            InputError: ``media.description_invalid``, ``media.peer_invalid``.
        """
        ...

    async def disconnect(self, peer: str) -> None:
        """End a peer's connection; unknown peers are ignored."""
        ...

    def sources(self) -> Mapping[str, SourceInfo]:
        """What is published now, by source id."""
        ...

    def allow(self, peer: str, sources: Collection[str]) -> None:
        """Exactly these sources may reach this peer, from the next packet on."""
        ...

    def watch(self, peer: str, wanted: Sequence[WantedTile]) -> None:
        """What the peer's picture slots show, most important first; more than there are slots are left out."""
        ...

    def silence(self, source: str, silenced: bool = True) -> None:
        """Mute by the host: the source reaches neither peers nor taps, until told otherwise."""
        ...

    def request_keyframe(self, source: str) -> None:
        """Ask the publisher for a whole picture; not more often than every 500 ms."""
        ...

    def add_tap(self, source: str, tap: Tap, pairs: PairTap | None = None) -> Callable[[], None]:
        """Give every packet of a source to ``tap``, now or when it appears; returns the function that ends it."""
        ...

    def stats(self, peer: str) -> PeerStats | None:
        """None for a peer that is not connected."""
        ...

    async def close(self) -> None:
        """End all connections."""
        ...
