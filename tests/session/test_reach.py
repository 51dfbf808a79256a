"""Can people outside reach this host: asked by UDP with the link's own key, and proved by who has come."""

import asyncio
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.media import reach
from app.media.udp_port import UdpPort
from app.session.reach import AGAIN_SECONDS, Witness, is_outside, reached

KEY = b"ab" * 32


async def test_the_media_port_answers_who_holds_the_link_and_no_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "PAUSE_SECONDS", 0.2)
    port = await UdpPort.open(["127.0.0.1"])
    try:
        assert not await reach.reached("127.0.0.1", port.port, KEY)  # media are up, but nobody was given a key
        port.show_reach(KEY, lambda _address: None)
        assert await reach.reached("127.0.0.1", port.port, KEY)
        assert not await reach.reached("127.0.0.1", port.port, b"cd" * 32)
    finally:
        port.close()
        await asyncio.sleep(0)
    assert not await reach.reached("127.0.0.1", port.port, KEY)


def test_an_answer_is_no_larger_than_its_question() -> None:
    question = bytes(reach.request(KEY))
    for address in (("203.0.113.5", 7443), ("2001:db8::1", 7443)):
        answer = reach.answer(question, address, KEY)
        assert answer is not None
        assert len(answer) <= len(question) + 4
        assert reach.answer(answer, address, KEY) is None
    assert reach.answer(question[:-4], ("203.0.113.5", 1), KEY) is None
    assert reach.answer(b"\x00\x01" + bytes(18), ("203.0.113.5", 1), KEY) is None


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("8.8.8.8", True),
        ("2400:3200::1", True),
        ("::ffff:8.8.8.8", True),
        ("1.2.3.4", False),  # our own public address: the router led it back inside
        ("192.168.1.9", False),
        ("100.64.0.9", False),
        ("127.0.0.1", False),
        ("::ffff:192.168.1.9", False),
        ("fe80::1%eth0", False),
        ("", False),
    ],
)
def test_who_is_from_outside(address: str, outside: bool) -> None:
    assert is_outside(address, {"1.2.3.4"}) is outside


class Clock(SystemClock):
    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def test_a_visit_from_outside_is_kept_without_saying_whose(tmp_path: Path) -> None:
    clock = Clock()
    witness = Witness(tmp_path, clock)
    witness.port = 7443
    witness.tcp("192.168.1.9")
    assert reached(tmp_path, 7443).tcp is None
    witness.tcp("8.8.8.8")
    first = reached(tmp_path, 7443)
    assert first.tcp is not None
    assert first.udp is None
    witness.udp("8.8.4.4")
    witness.tcp("8.8.4.4")
    both = reached(tmp_path, 7443)
    assert (both.tcp, both.udp is not None) == (first.tcp, True)
    assert "8.8" not in (tmp_path / "reach.json").read_text()
    clock.ahead = AGAIN_SECONDS
    witness.tcp("8.8.4.4")
    assert reached(tmp_path, 7443).tcp != first.tcp
    assert reached(tmp_path, 7444).tcp is None  # another port: what was proved is not this host's
    (tmp_path / "reach.json").write_bytes(b"{")
    assert reached(tmp_path, 7443).tcp is None
