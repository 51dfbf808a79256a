"""The one place that touches what aiortc and aioice keep private (ICE, DTLS and SRTP of theirs, RTP of ours).

A :class:`Link` is one encrypted connection to one peer that carries plain RTP and RTCP packets. aiortc does the
handshakes and the SDP; its senders, receivers, jitter buffers, encoders and decoder threads never start.
:func:`check_seams` asserts at start that everything used here is still there; the version is pinned.
"""

import asyncio
import importlib.metadata
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import aioice.ice
import aioice.stun
import msgspec
import pylibsrtp
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.codecs import get_capabilities
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.sdp import SessionDescription

from app.errors import FaultError, InputError
from app.media.rtp import AUDIO_LEVEL, MID, is_rtcp

SUPPORTED = "1.16."
MAX_DESCRIPTION = 128 * 1024  # characters of SDP
MAX_LINES = 64
_MAX_CANDIDATES = 32
_TURNED = {"recvonly": "sendonly", "sendonly": "recvonly"}
_CODECS = {"audio": ("audio/opus",), "video": ("video/VP8", "video/H264")}

_SIGNATURES: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "RTCRtpSender.send": (RTCRtpSender.send, ("self", "parameters")),
    "RTCRtpReceiver.receive": (RTCRtpReceiver.receive, ("self", "parameters")),
    "RTCDtlsTransport._setup_srtp": (RTCDtlsTransport._setup_srtp, ("self",)),
    "Connection.data_received": (aioice.ice.Connection.data_received, ("self", "data", "component")),
    "Connection.get_component_candidates": (
        aioice.ice.Connection.get_component_candidates,
        ("self", "component", "addresses", "timeout"),
    ),
    "StunProtocol.datagram_received": (aioice.ice.StunProtocol.datagram_received, ("self", "data", "addr")),
    "StunProtocol.close": (aioice.ice.StunProtocol.close, ("self",)),
    "pylibsrtp.Session.protect": (pylibsrtp.Session.protect, ("self", "packet")),
    "pylibsrtp.Session.unprotect": (pylibsrtp.Session.unprotect, ("self", "packet")),
}


async def check_seams() -> None:
    """Assert that aiortc and aioice are as this module expects.

    Raises:
        FaultError: ``media.seam_changed`` with the first seam that is not.
    """
    version = importlib.metadata.version("aiortc")
    if not version.startswith(SUPPORTED):
        raise FaultError("media.seam_changed", seam="aiortc", found=version)
    for name, (method, expected) in _SIGNATURES.items():
        found = tuple(inspect.signature(method).parameters)
        if found != expected:
            raise FaultError("media.seam_changed", seam=name, found=",".join(found))
    connection = _new_connection()
    try:
        transceiver: Any = connection.addTransceiver("audio", direction="recvonly")
        dtls: Any = transceiver.receiver.transport
        ice: Any = dtls.transport._connection
        protocol: Any = aioice.ice.StunProtocol(ice)
        for owner, names in (
            (transceiver, ("_codecs", "_headerExtensions", "mid", "direction", "_offerDirection")),
            (transceiver.sender, ("_ssrc",)),
            (dtls, ("_rx_srtp", "_tx_srtp")),
            (ice, ("_nominated", "_check_list", "_protocols", "local_username")),
            (protocol, ("transactions", "receiver")),
        ):
            for attribute in names:
                if not hasattr(owner, attribute):
                    raise FaultError("media.seam_changed", seam=f"{type(owner).__name__}.{attribute}", found="missing")
    finally:
        await connection.close()


class Line(msgspec.Struct, frozen=True):
    """One m-line as negotiated, seen from our side.

    Attributes:
        sends: and receives: at most one of them is true.
        ssrc: ours, for what we send. remote_ssrc: the peer's as declared, 0 if it declared none.
        payload_types: codec name (``VP8``, ``H264``, ``opus``) to number.
        mid_id: and level_id: numbers of the header extensions, 0 if not negotiated.
    """

    mid: str
    kind: str
    sends: bool
    receives: bool
    ssrc: int
    remote_ssrc: int
    payload_types: dict[str, int]
    mid_id: int
    level_id: int


def _new_connection() -> RTCPeerConnection:
    # Without an explicit empty list aiortc asks a public STUN server.
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


async def _idle(_parameters: object) -> None:
    """Stands in for RTCRtpSender.send and RTCRtpReceiver.receive."""


class Gathering:
    """How a link finds its local addresses: these, or the machine's own (127.0.0.1 only when there is no other)."""

    def __init__(self, addresses: Sequence[str] | None = None) -> None:
        self._addresses = list(addresses) if addresses is not None else None

    def attach(self, ice: Any) -> None:
        """Make an aioice connection use these addresses."""
        gather = ice.get_component_candidates

        async def gather_here(component: int, addresses: list[str], timeout: int = 5) -> Any:
            chosen = self._addresses if self._addresses is not None else addresses
            return await gather(component, chosen or ["127.0.0.1"], timeout)

        ice.get_component_candidates = gather_here


class Link:
    """One peer's encrypted connection.

    Set ``on_rtp`` and ``on_rtcp`` (decrypted packets) and ``on_state`` (``connecting``, ``connected``, ``failed``,
    ``closed``) before negotiating. Callbacks run in the event loop and must not block.

    Attributes:
        lines: the negotiated m-lines, in order; empty before.
        rejected: packets that did not authenticate.
    """

    def __init__(self, gathering: "Gathering | Any") -> None:
        self.lines: list[Line] = []
        self.rejected = 0
        self.on_rtp: Callable[[bytes], None] = lambda _data: None
        self.on_rtcp: Callable[[bytes], None] = lambda _data: None
        self.on_state: Callable[[str], None] = lambda _state: None
        self._gathering = gathering
        self._connection = _new_connection()
        self._connection.on("connectionstatechange", self._state_changed)
        self._dtls: Any = None
        self._ice: Any = None
        self._data_received: Callable[[bytes, int], None] = lambda _data, _component: None
        self._pair: Any = None
        self._sendto: Callable[[bytes, tuple[str, int]], None] = lambda _data, _address: None
        self._address: tuple[str, int] = ("", 0)
        self._closing: asyncio.Future[None] | None = None

    @property
    def connected(self) -> bool:
        """Keys are agreed and packets flow."""
        return bool(self._connection.connectionState == "connected")

    @property
    def ended(self) -> bool:
        """Failed or closed, for good."""
        return self._connection.connectionState in ("failed", "closed")

    async def offer(self, lines: Sequence[tuple[str, str]]) -> str:
        """Begin as the calling side: (kind, ``sendonly`` or ``recvonly``) for each m-line; returns the SDP."""
        for kind, direction in lines:
            transceiver = self._connection.addTransceiver(kind, direction=direction)
            wanted = _CODECS[kind][:1] if direction == "sendonly" else _CODECS[kind]
            transceiver.setCodecPreferences([c for c in get_capabilities(kind).codecs if c.mimeType in wanted])
        self._take_over()
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return str(self._connection.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        """End the negotiation begun with :meth:`offer`.

        Raises:
            InputError: ``media.description_invalid``.
        """
        await self._set_remote(answer, "answer")
        self._take_over()
        self._read_lines(answer)

    async def answer(self, offer: str, choose: Callable[[str, str], str]) -> str:
        """Answer a peer's offer; ``choose(kind, offered direction)`` gives our direction for each m-line.

        Raises:
            InputError: ``media.description_invalid``.
        """
        _examine(offer)
        await self._set_remote(offer, "offer")
        for transceiver in self._connection.getTransceivers():
            # aiortc keeps the offered direction already turned round.
            offered = _TURNED.get(transceiver._offerDirection or "", "inactive")
            transceiver.direction = choose(transceiver.kind, offered)
        self._take_over()
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        self._read_lines(offer)
        return str(self._connection.localDescription.sdp)

    def send_rtp(self, packet: bytes) -> None:
        """Encrypt and send; silently nothing while not connected."""
        if self._bind():
            self._sendto(self._dtls._tx_srtp.protect(packet), self._address)

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send; silently nothing while not connected."""
        if self._bind():
            self._sendto(self._dtls._tx_srtp.protect_rtcp(packet), self._address)

    async def close(self) -> None:
        """Say goodbye and free the sockets."""
        self.on_rtp = self.on_rtcp = lambda _data: None
        self.on_state = lambda _state: None
        # aiortc's close must not be cancelled half way, whoever waits for it.
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._connection.close())
        await asyncio.shield(self._closing)

    def _bind(self) -> bool:
        dtls = self._dtls
        if dtls is None or dtls._tx_srtp is None:
            return False
        pair = self._ice._nominated.get(1)
        if pair is None or pair.protocol.transport.is_closing():
            return False
        if pair is not self._pair:
            self._pair = pair
            self._sendto = pair.protocol.transport.sendto
            self._address = pair.remote_addr
        return True

    def _receive(self, data: bytes, component: int) -> None:
        if data and 127 < data[0] < 192:
            srtp = self._dtls._rx_srtp
            if srtp is None:
                return
            try:
                plain = srtp.unprotect_rtcp(data) if is_rtcp(data) else srtp.unprotect(data)
            except pylibsrtp.Error:
                self.rejected += 1
                return
            if is_rtcp(plain):
                self.on_rtcp(plain)
            else:
                self.on_rtp(plain)
        elif data:
            self._data_received(data, component)

    def _take_over(self) -> None:
        for transceiver in self._connection.getTransceivers():
            sender: Any = transceiver.sender
            receiver: Any = transceiver.receiver
            sender.send = _idle
            receiver.receive = _idle
        if self._ice is None:
            self._dtls = self._connection.getTransceivers()[0].receiver.transport
            self._ice = self._dtls.transport._connection
            self._data_received = self._ice.data_received
            self._ice.data_received = self._receive
            self._gathering.attach(self._ice)

    async def _set_remote(self, sdp: str, kind: str) -> None:
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp, kind))
        except Exception as error:  # the parser raises whatever comes; to the peer it is one thing
            await self._connection.close()
            raise InputError("media.description_invalid", reason=type(error).__name__) from error

    def _read_lines(self, remote: str) -> None:
        declared = {media.rtp.muxId: media for media in SessionDescription.parse(remote).media}
        self.lines = []
        for transceiver in self._connection.getTransceivers():
            ids = {extension.uri: extension.id for extension in transceiver._headerExtensions}
            media = declared[transceiver.mid or ""]
            direction = transceiver.currentDirection
            self.lines.append(
                Line(
                    mid=transceiver.mid or "",
                    kind=transceiver.kind,
                    sends=direction == "sendonly",
                    receives=direction == "recvonly",
                    ssrc=transceiver.sender._ssrc,
                    remote_ssrc=media.ssrc[0].ssrc if media.ssrc else 0,
                    payload_types={
                        c.name: c.payloadType or 0 for c in reversed(transceiver._codecs) if c.name != "rtx"
                    },
                    mid_id=ids.get(MID, 0),
                    level_id=ids.get(AUDIO_LEVEL, 0),
                )
            )

    def _state_changed(self) -> None:
        self.on_state(str(self._connection.connectionState))


def _examine(offer: str) -> None:
    """Refuse early what the parser or ICE should not be bothered with."""
    lines = offer.splitlines()
    media = [line for line in lines if line.startswith("m=")]
    # Every m-line repeats them.
    candidates = {line for line in lines if line.startswith("a=candidate:")}
    problem = (
        "too_long"
        if len(offer) > MAX_DESCRIPTION
        else "lines"
        if not 1 <= len(media) <= MAX_LINES
        else "kind"
        if any(not line.startswith(("m=audio ", "m=video ")) for line in media)
        else "candidates"
        if len(candidates) > _MAX_CANDIDATES or any(".local " in line for line in candidates)
        else "bundle"
        if not any(line.startswith("a=group:BUNDLE ") and len(line.split()) - 1 == len(media) for line in lines)
        else None
    )
    if problem:
        raise InputError("media.description_invalid", reason=problem)
