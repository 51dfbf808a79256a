"""The contract with aiortc and aioice."""

import aiortc
import pytest
from aiortc.rtcdtlstransport import RTCDtlsTransport

from app.errors import FaultError
from app.media import seams


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
