import asyncio
import hashlib
import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pytest
from envelope_world import ACT, CONTEXT, FILES, PAYLOAD, Shelf, opened, person, sealed, share_of, shares_of

from app.ca import envelope_seal
from app.ca.device_key import DeviceKeyHolder
from app.ca.envelope import (
    SIGNATURE_DOMAIN,
    FileEntry,
    Recipient,
    Share,
    check,
    open_envelope,
    open_with_key,
    read_header,
    seal,
    share_matches,
    take_share,
)
from app.ca.signatures import verify_signature
from app.ca.streams import Meter
from app.ca.token import Act
from app.canon import canonical
from app.errors import FaultError, InputError

BID = sealed()


def refused(work: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        work()
    return caught.value


def openers(names: Iterable[str], **changes: Any) -> list[Recipient]:
    return [Recipient(person(name).encryption_certificate, **changes) for name in names]


def test_what_was_sealed_comes_out() -> None:
    shelf = Shelf()
    result = opened(BID, shares_of(BID, ["李", "张", "甲公司"]), shelf)
    assert result.payload == PAYLOAD
    assert {number: (entry.name, data) for number, (entry, data) in shelf.files.items()} == {
        1: FILES[0],
        2: FILES[1],
    }
    assert [entry.media_type for entry in result.files] == ["application/pdf", "application/octet-stream"]
    assert result.used == (1, 3)
    assert (result.inconsistent, result.mismatched) == ((), ())


def test_the_makers_signature_is_evidence() -> None:
    result = opened(BID, shares_of(BID, ["李", "张", "甲公司"]))
    assert result.signer_certificate == person("甲公司").signing_certificate
    assert verify_signature(result.signer_certificate, SIGNATURE_DOMAIN + result.manifest, result.signature)


@pytest.mark.parametrize("pair", ["张王", "张李", "王李"])
def test_any_k_openers_with_the_supplier(pair: str) -> None:
    assert opened(BID, shares_of(BID, [*pair, "甲公司"])).payload == PAYLOAD


@pytest.mark.parametrize(
    ("names", "fault", "missing"),
    [
        (["张", "甲公司"], "opener", (1, 0, False)),
        (["张", "王", "李"], "supplier", (0, 0, True)),
        ([], "opener", (2, 0, True)),
        (["甲公司"], "opener", (2, 0, False)),
    ],
)
def test_fewer_do_not_open(names: list[str], fault: str, missing: tuple[int, int, bool]) -> None:
    error = refused(lambda: opened(BID, shares_of(BID, names)))
    assert error.code == "envelope.shares_missing"
    facts = error.facts
    assert (facts["missing_shares"], facts["missing_must"], facts["missing_supplier"]) == missing
    assert facts["fault"] == fault


def test_the_same_share_twice_is_one() -> None:
    share = share_of(BID, "张")
    assert refused(lambda: opened(BID, [share, share, share_of(BID, "甲公司")])).code == "envelope.shares_missing"


def test_supplier_only() -> None:
    envelope = sealed(openers=[], k=0)
    assert opened(envelope, [share_of(envelope, "甲公司")]).payload == PAYLOAD
    assert refused(lambda: opened(envelope, [])).facts["fault"] == "supplier"


def test_openers_only_and_other_purposes() -> None:
    for purpose in ("sheet", "quote"):
        envelope = sealed(purpose=purpose, supplier=None, files=(), payload={"scores": {"A1": "9.50"}})
        result = opened(envelope, shares_of(envelope, "王李"), purpose=purpose, sink=None)
        assert result.payload == {"scores": {"A1": "9.50"}}


def test_a_must_is_needed_and_a_substitute_will_do() -> None:
    must = Recipient(
        person("孙监督").encryption_certificate, must=True, substitute=person("吴监督").encryption_certificate
    )
    envelope = sealed(openers=[*openers("张王李"), must])
    without = shares_of(envelope, ["张", "王", "李", "甲公司"])
    error = refused(lambda: opened(envelope, without))
    assert (error.code, error.facts["missing_must"]) == ("envelope.shares_missing", 1)
    for name in ("孙监督", "吴监督"):
        assert opened(envelope, [*without, share_of(envelope, name)]).payload == PAYLOAD


def test_one_of_one() -> None:
    envelope = sealed(openers=openers("张"), k=1)
    assert opened(envelope, shares_of(envelope, ["张", "甲公司"])).used == (1,)


def test_the_key_opens_again_and_another_does_not() -> None:
    key = opened(BID, shares_of(BID, ["李", "张", "甲公司"])).envelope_key
    known: dict[str, Any] = {
        "header_sha256": BID.header_sha256,
        "purpose": "bid",
        "context": CONTEXT,
        "rehearsal": False,
    }
    again = open_with_key(io.BytesIO(BID.data), **known, envelope_key=key, sink=Shelf())
    assert again.payload == PAYLOAD
    error = refused(lambda: open_with_key(io.BytesIO(BID.data), **known, envelope_key=bytes(32), sink=Shelf()))
    assert error.code == "envelope.key_mismatch"


def test_check_needs_no_key() -> None:
    header = check(io.BytesIO(BID.data), None)
    assert header.sha256 == BID.header_sha256
    assert header.size == len(BID.data)
    assert check(io.BytesIO(BID.data), BID.header_sha256) == header


def test_the_header_hash_is_over_the_headers_bytes() -> None:
    raw = BID.header.raw
    assert BID.data[12 : 12 + len(raw)] == raw
    assert hashlib.sha256(raw).hexdigest() == BID.header_sha256
    assert canonical(msgspec.json.decode(raw)) == raw


def test_shares_travel_as_bytes_and_show_no_secret() -> None:
    share = share_of(BID, "张")
    assert Share.from_bytes(share.to_bytes()) == share
    assert share.value not in repr(share)
    assert share.value not in str([share])
    for data in (b"", b"{}", share.to_bytes() + b" ", share.to_bytes().replace(b'"x":1', b'"x":1.0')):
        assert refused(lambda data=data: Share.from_bytes(data)).code == "envelope.share_malformed"


def test_no_key_in_any_repr() -> None:
    result = opened(BID, shares_of(BID, ["李", "张", "甲公司"]))
    assert repr(result) == "OpenedEnvelope(files=2, used=(1, 3))"


def test_share_matches_only_its_own_envelope_and_place() -> None:
    share = share_of(BID, "张")
    assert share_matches(BID.header, share)
    wrong = [
        msgspec.structs.replace(share, value="00" * 32),
        msgspec.structs.replace(share, x=2),
        msgspec.structs.replace(share, x=99),
        msgspec.structs.replace(share, kind="must"),
        share_of(sealed(), "张"),
    ]
    assert not any(share_matches(BID.header, other) for other in wrong)


def test_others_have_no_share() -> None:
    assert refused(lambda: share_of(BID, "乙公司")).code == "envelope.not_recipient"
    without_supplier = sealed(supplier=None)
    assert refused(lambda: share_of(without_supplier, "乙公司")).code == "envelope.not_recipient"


def test_what_the_token_says_passes_through() -> None:
    class Locked(DeviceKeyHolder):
        async def unwrap(self, blob: bytes, act: Act) -> bytes:
            raise InputError("token.pin_locked")

    key = Locked(person("张")._key, person("张").signing_certificate)
    assert refused(lambda: asyncio.run(take_share(BID.header, key, ACT))).code == "token.pin_locked"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"k": 4}, "envelope.policy"),
        ({"k": 0}, "envelope.policy"),
        ({"k": -1}, "envelope.policy"),
        ({"openers": [], "k": 1}, "envelope.policy"),
        ({"openers": [], "k": 0, "supplier": None}, "envelope.policy"),
        ({"openers": openers("张", substitute=b"x"), "k": 1}, "envelope.policy"),
        ({"openers": openers("张王李张")}, "envelope.duplicate_recipient"),
        ({"openers": [*openers("张王李"), *openers("张", must=True)]}, "envelope.duplicate_recipient"),
        ({"openers": openers(["张", "王", "甲公司"])}, "envelope.duplicate_recipient"),
        ({"payload": {"price": 9.8}}, "envelope.content"),
        ({"payload": {"big": "x" * (5 << 20)}}, "envelope.content"),
        ({"context": {"Case": "1"}}, "envelope.content"),
        ({"context": {"case": "x" * 300}}, "envelope.content"),
        ({"files": [("", b"")]}, "envelope.content"),
        ({"files": [("a\nb", b"")]}, "envelope.content"),
        ({"files": [("a", b"")] * 513}, "envelope.content"),
        ({"purpose": "letter"}, "envelope.content"),
        ({"supplier": b"no certificate"}, "certificate.unreadable"),
    ],
)
def test_what_cannot_be_sealed(changes: dict[str, Any], code: str) -> None:
    assert refused(lambda: sealed(**changes)).code == code


def test_a_wrong_signature_is_noticed_before_the_bid_is_sent() -> None:
    class Confused(DeviceKeyHolder):
        async def sign(self, data: bytes, act: Act) -> bytes:
            return await super().sign(data + b"x", act)

    signer = Confused(person("甲公司")._key, person("甲公司").signing_certificate)
    with pytest.raises(FaultError) as caught:
        sealed(signer=signer)
    assert caught.value.code == "envelope.signature"


# --- on disk


def terms(**changes: Any) -> dict[str, Any]:
    return {
        "purpose": "bid",
        "rehearsal": False,
        "context": CONTEXT,
        "openers": openers("张王李"),
        "k": 2,
        "supplier": person("甲公司").encryption_certificate,
        "payload": PAYLOAD,
        "signer": person("甲公司"),
    } | changes


async def test_sealing_to_disk_with_progress(tmp_path: Path) -> None:
    big, out = tmp_path / "big.pdf", tmp_path / "bid.env"
    big.write_bytes(bytes(range(256)) * 10_000)
    (tmp_path / "empty.txt").touch()
    seen: list[tuple[int, int]] = []
    files = [("技术标.pdf", big), ("空.txt", tmp_path / "empty.txt")]
    made = await seal(out, files=files, progress=lambda done, total: seen.append((done, total)), **terms())
    assert out.stat().st_size == made.size
    assert seen[-1] == (2_560_000, 2_560_000)
    header = await asyncio.to_thread(check, out, made.header_sha256)
    shares = [await take_share(header, person(name), ACT) for name in ("王", "李", "甲公司")]
    folder = tmp_path / "opened"
    folder.mkdir()

    def sink(number: int, entry: FileEntry) -> AbstractContextManager[BinaryIO]:
        return (folder / f"{number}.part").open("wb")

    result = open_envelope(
        out,
        header_sha256=made.header_sha256,
        purpose="bid",
        context=CONTEXT,
        rehearsal=False,
        shares=shares,
        sink=sink,
    )
    assert (folder / "1.part").read_bytes() == big.read_bytes()
    assert (folder / "2.part").read_bytes() == b""
    assert [entry.size for entry in result.files] == [2_560_000, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bid.env", "big.pdf", "empty.txt", "opened"]


async def test_cancelling_stops_the_work_and_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "big.pdf"
    source.write_bytes(bytes(8 << 20))
    started, go_on, seen = threading.Event(), threading.Event(), list[int]()

    def progress(done: int, total: int) -> None:
        seen.append(done)
        started.set()
        go_on.wait(10)

    sealing = seal(tmp_path / "bid.env", files=[("big.pdf", source)], progress=progress, **terms())
    task = asyncio.create_task(sealing)
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    await asyncio.sleep(0.01)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == [1 << 20]
    assert [path.name for path in tmp_path.iterdir()] == ["big.pdf"]


async def test_a_refused_pin_leaves_nothing(tmp_path: Path) -> None:
    class Refusing(DeviceKeyHolder):
        async def sign(self, data: bytes, act: Act) -> bytes:
            raise InputError("token.cancelled")

    signer = Refusing(person("甲公司")._key, person("甲公司").signing_certificate)
    with pytest.raises(InputError):
        await seal(tmp_path / "bid.env", files=[], **terms(signer=signer))
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_grows_while_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(b"x" * 100)
    monkeypatch.setattr(envelope_seal, "_size_of", lambda number, path: 99)
    with pytest.raises(InputError) as caught:
        await seal(tmp_path / "bid.env", files=[("a.pdf", source)], **terms())
    assert caught.value.code == "envelope.source_changed"


async def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        await seal(tmp_path / "bid.env", files=[("a.pdf", tmp_path / "a.pdf")], **terms())
    assert (caught.value.code, caught.value.facts["index"]) == ("envelope.source_unreadable", 0)
    with pytest.raises(InputError) as caught:  # a folder has a size but cannot be read
        await seal(tmp_path / "bid.env", files=[("a.pdf", tmp_path)], **terms())
    assert caught.value.code == "envelope.source_unreadable"
    assert list(tmp_path.iterdir()) == []


async def test_nowhere_to_write(tmp_path: Path) -> None:
    with pytest.raises(FaultError) as caught:
        await seal(tmp_path / "missing" / "bid.env", files=[], **terms())
    assert caught.value.code == "envelope.unwritable"


def test_a_missing_envelope_is_a_fault_of_the_machine(tmp_path: Path) -> None:
    with pytest.raises(FaultError) as caught:
        check(tmp_path / "none.env", None)
    assert caught.value.code == "envelope.unreadable"


def test_opening_can_be_cancelled_and_the_sink_hears_of_it() -> None:
    heard: list[type[BaseException]] = []

    @contextmanager
    def sink(number: int, entry: FileEntry) -> Iterator[BinaryIO]:
        try:
            yield io.BytesIO()
        except InputError as error:
            heard.append(type(error))
            raise

    shares = shares_of(BID, ["张", "王", "甲公司"])
    meter = Meter()
    meter.cancel()
    assert refused(lambda: opened(BID, shares, sink=sink, meter=meter)).code == "stream.cancelled"
    late = Meter(progress=lambda done, total: late.cancel() if done > len(BID.data) - BID.header.body_offset else None)
    assert refused(lambda: opened(BID, shares, sink=sink, meter=late)).code == "stream.cancelled"
    assert heard == [InputError]


def test_an_envelope_read_from_a_stream_that_is_not_at_its_start() -> None:
    source = io.BytesIO(BID.data)
    read_header(source)
    assert check(source, BID.header_sha256).sha256 == BID.header_sha256


@pytest.mark.parametrize("megabytes", ["96", pytest.param("200", marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_bid(megabytes: str) -> None:
    """Measured in processes of their own, against the same process before the work."""
    script = Path(__file__).parents[2] / "benchmarks" / "envelope.py"
    command = [sys.executable, str(script), "--mb", megabytes, "--json", "--without-openssl"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert result["seal"]["rss_above_baseline_mb"] < 64
    assert result["open"]["rss_above_baseline_mb"] < 64
