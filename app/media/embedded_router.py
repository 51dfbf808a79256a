"""The router inside the host process: raw RTP in, headers rewritten, RTP out; nothing is decoded.

*Measured* (benchmarks/router.py) against decoding and encoding again; see docs/media.md for the numbers.
"""

import asyncio
import re
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from app.clock import Clock
from app.errors import InputError
from app.logs import get_logger
from app.media import rtcp, rtp
from app.media.loudness import Loudness, choose
from app.media.room_peer import RoomPeer
from app.media.router import (
    Kind,
    PairTap,
    PeerStats,
    RouterEvent,
    SourceInfo,
    Tap,
    WantedTile,
)
from app.media.seams import Link, check_seams
from app.media.stream import Stream
from app.media.udp_port import UdpPort
from app.tasks import TaskSet

VIDEO_SLOTS = 16
AUDIO_SLOTS = 4
LOST_SECONDS = 3.0
GONE_SECONDS = 10.0  # a client says something every second; ICE alone would need thirty
CONNECT_SECONDS = 20.0
MAX_VIDEO_BITS = 600_000
_TICK = 0.05
_PEER_NAME = re.compile(r"[^\x00-\x1f/\x7f]{1,64}")
_KINDS: tuple[Kind, Kind] = ("audio", "video")
_log = get_logger("media.router")


class EmbeddedRouter:
    """A :class:`app.media.router.Router` on aiortc's ICE, DTLS and SRTP."""

    def __init__(self, port: UdpPort, clock: Clock, on_event: Callable[[RouterEvent], None], slots: tuple[int, int]):
        self._port = port
        self._clock = clock
        self._on_event = on_event
        self._max_video, self._max_audio = slots
        self._peers: dict[str, RoomPeer] = {}
        self._streams: dict[str, Stream] = {}
        self._numbers: dict[str, int] = {}
        self._allowed: dict[str, frozenset[str]] = {}
        self._wanted: dict[str, list[WantedTile]] = {}
        self._silenced: set[str] = set()
        self._taps: dict[str, list[tuple[Tap, PairTap | None]]] = {}
        self._loudness = Loudness()
        self._tasks = TaskSet()

    @classmethod
    async def start(
        cls,
        clock: Clock,
        on_event: Callable[[RouterEvent], None] = lambda _event: None,
        *,
        addresses: Sequence[str] | None = None,
        port: int = 0,
        public_address: str | None = None,
        video_slots: int = VIDEO_SLOTS,
        audio_slots: int = AUDIO_SLOTS,
    ) -> "EmbeddedRouter":
        """Check the seams, open the one UDP port, and begin.

        Args:
            addresses: local IP addresses to listen on; None for all of the machine's own.
            port: UDP port for all peers; 0 lets the system choose.
            public_address: IP address by which the outside reaches that port.
            video_slots: and audio_slots: the most that a peer gets; it may ask for fewer.

        Raises:
            FaultError: ``media.seam_changed``, ``media.port_unavailable``. InputError: ``media.address_invalid``.
        """
        await check_seams()
        router = cls(await UdpPort.open(addresses, port, public_address), clock, on_event, (video_slots, audio_slots))
        router._tasks.start(router._run(), "media router")
        return router

    @property
    def port(self) -> int:
        """The UDP port in use."""
        return self._port.port

    def show_reach(self, key: bytes, on_peer: Callable[[str], None]) -> None:
        """As :meth:`app.media.udp_port.UdpPort.show_reach`."""
        self._port.show_reach(key, on_peer)

    async def connect(self, peer: str, offer_sdp: str, *, publishes: bool) -> str:
        if not _PEER_NAME.fullmatch(peer):
            raise InputError("media.peer_invalid")
        link = Link(self._port)
        room_peer = RoomPeer(peer, link, publishes, self._allowed.get(peer, frozenset()))
        given = {"audio": 0, "video": 0}
        taken: set[str] = set()

        def our_direction(kind: str, offered: str) -> str:
            if offered == "recvonly" and given[kind] < (self._max_video if kind == "video" else self._max_audio):
                given[kind] += 1
                return "sendonly"
            if offered == "sendonly" and publishes and kind not in taken:
                taken.add(kind)
                return "recvonly"
            return "inactive"

        link.on_rtp = lambda data: self._on_rtp(room_peer, data)
        link.on_rtcp = lambda data: self._on_rtcp(room_peer, data)
        link.on_state = lambda state: self._on_state(room_peer, state)
        answer = await link.answer(offer_sdp, our_direction)
        room_peer.allowed = self._allowed.get(peer, frozenset())
        room_peer.take_slots(self._max_video, self._max_audio)
        now = self._clock.monotonic()
        for kind in _KINDS:
            line = room_peer.line_of(kind)
            if line is not None and line.remote_ssrc:
                room_peer.published[line.remote_ssrc] = self._new_stream(room_peer, kind, line.remote_ssrc, now)
        former = self._peers.pop(peer, None)
        if former is not None:
            former.withdraw()
            self._tasks.start(former.link.close(), "close replaced connection")
        self._peers[peer] = room_peer
        self._fill(room_peer, now)
        self._tasks.start(self._give_up(room_peer), "media connect timeout")
        return answer

    async def disconnect(self, peer: str) -> None:
        room_peer = self._peers.get(peer)
        if room_peer is not None:
            self._drop(room_peer)
            await room_peer.link.close()

    def sources(self) -> Mapping[str, SourceInfo]:
        return {
            s.source: SourceInfo(s.source, s.peer, s.kind, s.number, s.codec, s.silenced, s.lost)
            for s in self._streams.values()
        }

    def allow(self, peer: str, sources: Collection[str]) -> None:
        allowed = frozenset(sources)
        self._allowed[peer] = allowed
        room_peer = self._peers.get(peer)
        if room_peer is not None:
            forbidden = room_peer.allowed - allowed
            room_peer.allowed = allowed
            room_peer.withdraw(forbidden)
            self._fill(room_peer, self._clock.monotonic())

    def watch(self, peer: str, wanted: Sequence[WantedTile]) -> None:
        self._wanted[peer] = list(wanted)
        room_peer = self._peers.get(peer)
        if room_peer is not None:
            self._fill(room_peer, self._clock.monotonic())

    def silence(self, source: str, silenced: bool = True) -> None:
        (self._silenced.add if silenced else self._silenced.discard)(source)
        stream = self._streams.get(source)
        if stream is not None:
            stream.silenced = silenced
            self._fill_all()

    def request_keyframe(self, source: str) -> None:
        stream = self._streams.get(source)
        if stream is not None:
            stream.request_keyframe(self._clock.monotonic())

    def add_tap(self, source: str, tap: Tap, pairs: PairTap | None = None) -> Callable[[], None]:
        taps = self._taps.setdefault(source, [])
        entry = (tap, pairs)
        taps.append(entry)
        self.request_keyframe(source)

        def end() -> None:
            if entry in taps:
                taps.remove(entry)

        return end

    def stats(self, peer: str) -> PeerStats | None:
        p = self._peers.get(peer)
        if p is None:
            return None
        return PeerStats(p.link.connected, p.received, p.sent, p.injected, p.link.rejected, p.lost)

    async def close(self) -> None:
        peers = list(self._peers.values())
        for room_peer in peers:
            self._drop(room_peer, tell=False)
        await asyncio.gather(*(room_peer.link.close() for room_peer in peers))
        await self._tasks.close()
        self._port.close()

    # Packets

    def _on_rtp(self, sender: RoomPeer, data: bytes) -> None:
        try:
            packet = rtp.parse(data, sender.level_id)
        except ValueError:
            sender.injected += 1
            return
        stream = sender.published.get(packet.ssrc)
        if stream is None:
            # Read-only peers have no stream at all; publishers only those they declared.
            sender.injected += 1
            return
        now = self._clock.monotonic()
        place = stream.take(packet, now)
        if place is None:
            sender.injected += 1
            return
        sender.received += 1
        sender.last_heard = now
        if not stream.seen:
            self._publish(stream)
        if stream.silenced or not packet.payload:
            return
        sequence, timestamp = place
        if stream.kind == "audio" and self._loudness.hear(stream.source, packet.level, now):
            self._fill_all()
        stream.forward(packet, sequence, timestamp, now)

    def _on_rtcp(self, sender: RoomPeer, data: bytes) -> None:
        sender.last_heard = self._clock.monotonic()
        try:
            messages = rtcp.parse(data)
        except ValueError:
            sender.injected += 1
            return
        now = self._clock.monotonic()
        for message in messages:
            match message:
                case rtcp.SenderReport(ssrc=ssrc):
                    stream = sender.published.get(ssrc)
                    if stream is not None and stream.seen and not stream.silenced:
                        stream.pass_report(message, now)
                case rtcp.ReceiverReport(ssrc=ssrc, fraction_lost=fraction):
                    if ssrc in sender.slots:
                        sender.lost = fraction / 256
                case rtcp.Nack(ssrc=ssrc, lost=lost):
                    sender.send_again(ssrc, lost)
                case rtcp.KeyframeRequest(ssrc=ssrc):
                    slot = sender.slots.get(ssrc)
                    if slot is not None and slot.stream is not None and slot.stream.source in sender.allowed:
                        slot.stream.request_keyframe(now)
                case rtcp.Note(data=note):
                    self._on_note(sender, note)
                case _:
                    pass

    def _on_note(self, sender: RoomPeer, note: bytes) -> None:
        try:
            request = msgspec.json.decode(note, type=rtcp.WatchRequest)
        except msgspec.DecodeError:
            sender.injected += 1
            return
        wanted = [WantedTile(source, width) for source, width in request.watch[: self._max_video]]
        if wanted != self._wanted.get(sender.name) and self._peers.get(sender.name) is sender:
            self.watch(sender.name, wanted)

    # Who is there

    def _new_stream(self, peer: RoomPeer, kind: Kind, ssrc: int, now: float) -> Stream:
        source = f"{peer.name}/{kind}"
        line = peer.line_of(kind)
        codecs = {number: name for name, number in line.payload_types.items()} if line else {}
        stream = Stream(
            source, peer.name, kind, self._numbers.setdefault(source, len(self._numbers) + 1), ssrc, codecs, now,
            lambda ssrc: peer.link.send_rtcp(rtcp.keyframe_request(1, ssrc)),
        )  # fmt: skip
        stream.silenced = source in self._silenced
        stream.taps = self._taps.setdefault(source, [])
        return stream

    def _publish(self, stream: Stream) -> None:
        stream.seen = True
        former = self._streams.get(stream.source)
        self._streams[stream.source] = stream
        stream.silenced = stream.source in self._silenced
        if former is None:
            self._on_event(RouterEvent("source_added", stream.peer, stream.source))
        elif former.lost:
            self._on_event(RouterEvent("source_restored", stream.peer, stream.source))
        if stream.taps:
            stream.request_keyframe(self._clock.monotonic())
        self._fill_all()

    def _on_state(self, peer: RoomPeer, state: str) -> None:
        if state == "connected":
            peer.last_heard = self._clock.monotonic()
            _log.info("peer connected", person=peer.name)
            self._on_event(RouterEvent("peer_connected", peer.name))
            self._fill(peer, self._clock.monotonic())
        elif state in ("failed", "closed"):
            self._drop(peer)
            self._tasks.start(peer.link.close(), "close failed connection")

    def _drop(self, peer: RoomPeer, *, tell: bool = True) -> None:
        peer.withdraw()
        if self._peers.get(peer.name) is not peer:
            return
        del self._peers[peer.name]
        for source in [s.source for s in self._streams.values() if s.peer == peer.name]:
            stream = self._streams.pop(source)
            for other, _ in tuple(stream.outs):
                other.withdraw((source,))
            self._loudness.forget(source)
            if tell:
                self._on_event(RouterEvent("source_removed", peer.name, source))
        if tell:
            _log.info("peer gone", person=peer.name)
            self._on_event(RouterEvent("peer_gone", peer.name))
            self._fill_all()

    def _fill_all(self) -> None:
        now = self._clock.monotonic()
        for peer in self._peers.values():
            self._fill(peer, now)

    def _fill(self, peer: RoomPeer, now: float) -> None:
        """Decide again what is in a peer's slots."""
        voices = {
            s.source
            for s in self._streams.values()
            if s.kind == "audio" and not s.silenced and not s.lost and s.peer != peer.name and s.source in peer.allowed
        }
        peer.hear(choose(peer.heard(), voices, self._loudness, now), self._streams, now)
        peer.show(self._wanted.get(peer.name, []), self._streams, now)

    # Time

    async def _give_up(self, peer: RoomPeer) -> None:
        await asyncio.sleep(CONNECT_SECONDS)
        if not peer.link.connected and self._peers.get(peer.name) is peer:
            self._drop(peer)
            await peer.link.close()

    async def _run(self) -> None:
        turn = 0
        before = self._clock.monotonic()
        while True:
            await asyncio.sleep(_TICK)
            now = self._clock.monotonic()
            # If this loop was held up, packets were too: no verdict on sources now.
            late, before = now - before > 1.0, now
            turn += 1
            for peer in tuple(self._peers.values()):
                self._tend(peer, now, full=turn % 20 == 0)
                if peer.link.connected and now - peer.last_heard > GONE_SECONDS and not late:
                    self._on_state(peer, "failed")
            if turn % 5 == 0 and not late:
                self._check_sources(now)

    def _tend(self, peer: RoomPeer, now: float, *, full: bool) -> None:
        for stream in peer.published.values():
            asked = stream.missing.due(now)
            if asked:
                peer.link.send_rtcp(rtcp.nack(1, stream.ssrc, asked))
        for slot in peer.slots.values():
            if slot.waiting and slot.stream is not None:
                slot.stream.request_keyframe(now)
        if full or peer.names_changed:
            peer.names_changed = False
            for note in peer.names():
                peer.link.send_rtcp(rtcp.note(1, note))
        if full:
            reports = [r for r in (s.reception.report(s.ssrc) for s in peer.published.values()) if r is not None]
            if reports:
                peer.link.send_rtcp(rtcp.receiver_report(1, reports))
            for stream in peer.published.values():
                if stream.kind == "video" and stream.seen:
                    peer.link.send_rtcp(rtcp.bitrate_limit(1, self._bits_for(stream), (stream.ssrc,)))

    def _bits_for(self, stream: Stream) -> int:
        """What this picture is worth: by its largest tile, less while its packets get lost on the way to us."""
        widths = [t.width for p in self._peers for t in self._wanted.get(p, ()) if t.source == stream.source]
        width = max([640, *widths] if stream.taps else [160, *widths])
        loss = stream.reception.fraction
        stream.budget = max(0.25, stream.budget * 0.85) if loss > 0.1 else min(1.0, stream.budget * 1.05)
        return int(min(MAX_VIDEO_BITS, 940 * width) * stream.budget)

    def _check_sources(self, now: float) -> None:
        for stream in tuple(self._streams.values()):
            lost = now - stream.last_packet > LOST_SECONDS
            if lost != stream.lost:
                stream.lost = lost
                what: RouterEvent = RouterEvent(
                    "source_lost" if lost else "source_restored", stream.peer, stream.source
                )
                _log.info("source lost" if lost else "source restored", source=stream.source)
                self._on_event(what)
                self._fill_all()
