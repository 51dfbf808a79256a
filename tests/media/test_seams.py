"""The contract with aiortc and aioice."""

import asyncio
from typing import Any

import aiortc
import pytest
from aiortc.rtcdtlstransport import RTCDtlsTransport

from app.errors import FaultError
from app.media import seams
from app.media.router import WantedTile


async def test_the_installed_version_has_all_seams() -> None:
    await seams.check_seams()


async def test_a_changed_seam_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def receive(self: object, parameters: object, more: object) -> None: ...

    monkeypatch.setitem(seams._SIGNATURES, "RTCRtpReceiver.receive", (receive, ("self", "parameters")))
    with pytest.raises(FaultError) as caught:
        await seams.check_seams()
    assert caught.value.facts["seam"] == "RTCRtpReceiver.receive"


async def test_a_missing_attribute_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    before = RTCDtlsTransport.__init__

    def without(self: RTCDtlsTransport, *args: object) -> None:
        before(self, *args)  # type: ignore[arg-type]
        del self._tx_srtp

    monkeypatch.setattr(RTCDtlsTransport, "__init__", without)
    with pytest.raises(FaultError, match="_tx_srtp"):
        await seams.check_seams()


async def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "1.17.0")
    with pytest.raises(FaultError, match=r"1\.17\.0"):
        await seams.check_seams()


def test_aiortc_is_the_one_that_was_measured() -> None:
    assert aiortc.__version__.startswith(seams.SUPPORTED)


async def test_an_unchanged_aiortc_can_watch(room: Any, wait_until: Any) -> None:
    """A reader that knows nothing of ours: plain aiortc, its own jitter buffer, its own decoder."""
    room.router.allow("R", ["A/video"])
    room.router.watch("R", [WantedTile("A/video")])
    await room.join("A")
    connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    transceiver = connection.addTransceiver("video", direction="recvonly")
    seams.Gathering(["127.0.0.1"]).attach(transceiver.receiver.transport.transport._connection)
    await connection.setLocalDescription(await connection.createOffer())
    answer = await room.router.connect("R", connection.localDescription.sdp, publishes=False)
    await connection.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))
    frame: Any = await asyncio.wait_for(transceiver.receiver.track.recv(), 5)
    assert (frame.width, frame.height) == (320, 180)
    await connection.close()
