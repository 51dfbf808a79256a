"""One test per attack of the threat model (CRYPTO: envelope). Each was seen to succeed with its defence taken out."""

import io
from functools import partial
from typing import Any

import msgspec
import pytest
from envelope_world import (
    CONTEXT,
    PAYLOAD,
    Envelope,
    opened,
    person,
    refusal,
    sealed,
    share_of,
    shares_of,
    suite,
)

from app.ca.envelope import Recipient, check, read_header
from app.ca.envelope_header import recipient_tag
from app.ca.signatures import describe, fingerprint
from app.canon import canonical, parse_canonical, sha256_hex
from app.errors import InputError

BID = sealed()
ENOUGH = shares_of(BID, ["张", "李", "甲公司"])


# --- openers


def test_a_lying_opener_is_named_and_does_not_stop_the_others() -> None:
    lie = msgspec.structs.replace(share_of(BID, "张"), value="11" * 32)
    result = opened(BID, [lie, *shares_of(BID, ["王", "李", "甲公司"])])
    assert (result.payload, result.mismatched, result.inconsistent) == (PAYLOAD, ("share:1",), ())


def test_a_lying_opener_without_a_stand_in_is_at_fault_not_the_supplier() -> None:
    lie = msgspec.structs.replace(share_of(BID, "张"), value="11" * 32)
    with pytest.raises(InputError) as caught:
        opened(BID, [lie, *shares_of(BID, ["王", "甲公司"])])
    assert caught.value.code == "envelope.share_mismatch"
    assert caught.value.facts == {"fault": "opener", "shares": "share:1"}


def test_a_supplier_that_lies_about_its_own_share_is_at_fault() -> None:
    lie = msgspec.structs.replace(share_of(BID, "甲公司"), value="11" * 32)
    assert refusal(lambda: opened(BID, [lie, *shares_of(BID, "张王")]))[:2] == ("envelope.share_mismatch", "supplier")


def test_a_share_of_another_envelope_does_not_count() -> None:
    other = share_of(sealed(), "张")
    relabelled = msgspec.structs.replace(other, env_id=BID.header.core.env_id)
    for share in (other, relabelled):
        attempt = [share, *shares_of(BID, ["王", "甲公司"])]
        assert refusal(partial(opened, BID, attempt))[0] == "envelope.share_mismatch"


def test_one_person_cannot_be_two_openers() -> None:
    twice = Recipient(person("张").encryption_certificate)
    assert refusal(lambda: sealed(openers=[twice, twice], k=2))[0] == "envelope.duplicate_recipient"
    value = _header_value(BID)
    value["core"]["recipients"][1]["tag"] = value["core"]["recipients"][0]["tag"]
    assert refusal(lambda: check(io.BytesIO(_with_header(BID, value).data), None))[0] == "envelope.damaged"


# --- another place, another time


@pytest.mark.parametrize("name", ["case", "lot", "deadline", "kit_sha256"])
def test_a_bid_of_another_case_or_lot_does_not_open(name: str) -> None:
    expected = {**CONTEXT, name: "other"}
    assert refusal(lambda: opened(BID, ENOUGH, context=expected)) == ("envelope.foreign", "supplier", "context")
    fewer = {key: value for key, value in CONTEXT.items() if key != name}
    assert refusal(lambda: opened(BID, ENOUGH, context=fewer)) == ("envelope.foreign", "supplier", "context")


@pytest.mark.parametrize("made_for_rehearsal", [True, False])
def test_rehearsal_and_real_never_mix(made_for_rehearsal: bool) -> None:
    envelope = sealed(rehearsal=made_for_rehearsal)
    shares = shares_of(envelope, ["张", "李", "甲公司"])
    assert opened(envelope, shares, rehearsal=made_for_rehearsal).payload == PAYLOAD
    attempt = lambda: opened(envelope, shares, rehearsal=not made_for_rehearsal)  # noqa: E731
    assert refusal(attempt) == ("envelope.foreign", "supplier", "rehearsal")


@pytest.mark.parametrize("purpose", ["sheet", "quote"])
def test_a_bid_is_not_a_sheet(purpose: str) -> None:
    assert refusal(lambda: opened(BID, ENOUGH, purpose=purpose)) == ("envelope.foreign", "supplier", "purpose")


@pytest.mark.parametrize(
    ("field", "value"),
    [("context", {**CONTEXT, "lot": "2"}), ("rehearsal", True), ("purpose", "quote"), ("env_id", "00" * 32)],
)
def test_a_core_rewritten_for_another_place_gives_no_share(field: str, value: object) -> None:
    """Someone copies a rival's envelope, writes another lot on it, and hands it in for a receipt of its own."""
    header = _header_value(BID)
    header["core"][field] = value
    if field == "env_id":  # so that the opener recognises itself
        for entry, name in zip(header["core"]["recipients"], "张王李", strict=False):
            entry["tag"] = recipient_tag(suite(), "00" * 32, person(name).encryption_certificate)
    copy = _with_header(BID, header)
    check(io.BytesIO(copy.data), copy.header_sha256)
    assert refusal(lambda: share_of(copy, "张")) == ("envelope.share_foreign", "supplier", "envelope")


def test_a_copied_bid_stays_its_makers() -> None:
    """A rival hands in the very same bytes: what opens is signed by the one who made it, as the caller will see."""
    assert opened(BID, ENOUGH).signer_certificate == person("甲公司").signing_certificate


# --- what binds the bytes


def _header_value(envelope: Envelope) -> dict[str, Any]:
    value = parse_canonical(envelope.header.raw, 1 << 20)
    assert isinstance(value, dict)
    return value


def _with_header(envelope: Envelope, value: dict[str, Any]) -> Envelope:
    raw = canonical(value)
    data = b"BIDENV1\n" + len(raw).to_bytes(4, "big") + raw + envelope.data[envelope.header.body_offset :]
    return Envelope(data, sha256_hex(raw))


def test_a_blob_nobody_needs_cannot_be_changed_after_the_receipt() -> None:
    header = _header_value(BID)
    header["blobs"][1] = header["blobs"][0]
    copy = _with_header(BID, header)
    assert check(io.BytesIO(copy.data), None).sha256 != BID.header_sha256  # by itself it is sound, and would open
    assert refusal(lambda: check(io.BytesIO(copy.data), BID.header_sha256))[0] == "envelope.header_differs"
    received = Envelope(copy.data, BID.header_sha256)
    assert refusal(lambda: opened(received, ENOUGH))[0] == "envelope.header_differs"


@pytest.mark.parametrize("cut", [1, 16, 100, 40_000])
def test_truncated(cut: int) -> None:
    short = Envelope(BID.data[:-cut], BID.header_sha256)
    assert refusal(lambda: check(io.BytesIO(short.data), None)) == ("envelope.damaged", "platform", "truncated")
    assert refusal(lambda: opened(short, ENOUGH)) == ("envelope.damaged", "platform", "truncated")


def test_extended() -> None:
    long = Envelope(BID.data + b"\0", BID.header_sha256)
    assert refusal(lambda: check(io.BytesIO(long.data), None)) == ("envelope.damaged", "platform", "trailing")
    assert refusal(lambda: opened(long, ENOUGH)) == ("envelope.damaged", "platform", "trailing")


def test_every_ciphertext_byte_is_bound_without_a_key() -> None:
    start = BID.header.body_offset
    for place in (*range(start, start + 80), *range(start, len(BID.data), 997), len(BID.data) - 1):
        bad = BID.data[:place] + bytes([BID.data[place] ^ 0x80]) + BID.data[place + 1 :]
        assert refusal(partial(check, io.BytesIO(bad), None)) == ("envelope.damaged", "platform", "stream")


@pytest.mark.parametrize("name", ["cn-sm-1", "intl-0", "gm-2", ""])
def test_another_suite_is_refused_by_name_before_anything_else(name: str) -> None:
    header = _header_value(BID)
    header["core"]["suite"] = name
    header["core"]["new_field"] = 1
    assert refusal(lambda: read_header(io.BytesIO(_with_header(BID, header).data)))[0] == "envelope.suite_unsupported"


@pytest.mark.parametrize("other", ["intl-1", "gm-1"])
def test_a_header_of_one_suite_is_none_of_the_other(other: str) -> None:
    """Neither suite's digests pass under the other's name, so nothing is taken down to the other's algorithms."""
    header = _header_value(BID)
    honest, header["core"]["suite"] = header["core"]["suite"], other
    renamed = _header_value(BID)
    renamed["core"]["suite"] = other
    for entry in renamed["streams"]:
        entry["sm3" if other == "gm-1" else "sha256"] = entry.pop(suite().digest_name)
    if other != honest:
        assert refusal(lambda: read_header(io.BytesIO(_with_header(BID, header).data)))[2] == "header"
        copy = _with_header(BID, renamed)
        assert refusal(partial(check, io.BytesIO(copy.data), None)) == ("envelope.damaged", "platform", "stream")
        assert refusal(lambda: share_of(copy, "张"))[0] == "envelope.not_recipient"


def _swap(header: dict[str, Any]) -> None:
    entries = header["core"]["recipients"]
    entries[0], entries[1] = entries[1], entries[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.update(extra=1),
        lambda header: header.update(commit="AB" * 32),
        lambda header: header.update(commit="ab" * 32 + "\n"),
        lambda header: header["blobs"].pop(),
        lambda header: header["blobs"].append("AAAA"),
        lambda header: header["blobs"].__setitem__(0, "AB=="),
        lambda header: header["streams"].clear(),
        lambda header: header["streams"][0].update(size=-1),
        lambda header: header["streams"][0].update(size=57),
        lambda header: header["streams"][0].update(size=True),
        lambda header: header["core"].update(v=2),
        lambda header: header["core"].update(rehearsal=0),
        lambda header: header["core"].update(purpose="letter"),
        lambda header: header["core"].update(recipients=[]),
        lambda header: header["core"]["policy"].update(k=0),
        lambda header: header["core"]["policy"].update(k=4),
        lambda header: header["core"]["policy"].update(n=2),
        lambda header: header["core"]["policy"].update(must=1),
        lambda header: header["core"]["policy"].update(supplier=False),
        lambda header: header["core"]["recipients"][0].update(x=2),
        lambda header: header["core"]["recipients"][0].update(tag=""),
        lambda header: header["core"]["recipients"][3].update(tag="ab" * 32),
        lambda header: header["core"]["recipients"][2].update(kind="must", x=1),
        lambda header: header["core"]["context"].update({"Case": "x"}),
        _swap,
    ],
)
def test_a_header_has_one_form(change: Any) -> None:
    header = _header_value(BID)
    change(header)
    code, fault, _ = refusal(lambda: read_header(io.BytesIO(_with_header(BID, header).data)))
    assert code in {"envelope.damaged", "envelope.suite_unsupported"}
    assert fault in {"platform", "supplier"}


def test_a_header_that_claims_to_be_huge() -> None:
    data = b"BIDENV1\n" + b"\xff\xff\xff\xff" + b"{"
    assert refusal(lambda: read_header(io.BytesIO(data))) == ("envelope.damaged", "platform", "header_size")


# --- what the outside shows


def test_the_outside_names_nobody() -> None:
    for name in ("张", "王", "李", "甲公司"):
        certificate = person(name).encryption_certificate
        serial = int(describe(certificate).serial, 16).to_bytes(20, "big").lstrip(b"\0")
        traces = (serial, serial.hex().encode(), fingerprint(certificate).encode(), certificate[-64:])
        for trace in (*traces, name.encode()):
            assert trace not in BID.header.raw
        for trace in traces:  # a name's few bytes may stand in a ciphertext by chance
            assert all(trace not in blob for blob in BID.header.blobs)
    tags = {entry.tag for envelope in (BID, sealed()) for entry in envelope.header.core.recipients}
    assert len(tags) == 7  # three each, never the same twice, and the supplier's empty one


def test_the_size_does_not_show_the_price() -> None:
    sizes = {len(sealed(payload={"price": price}, files=()).data) for price in ("1.00", "123456789012345.67")}
    spread = max(sizes) - min(sizes)
    assert spread <= 8  # ECDH blobs differ by a byte of DER now and then; the manifest does not
    streams = {sealed(payload={"price": price}, files=()).header.streams[0].size for price in ("1", "1" * 900)}
    assert len(streams) == 1
