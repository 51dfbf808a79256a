"""Whatever is done to a signed document, there is a verdict or one error, and nothing that was changed passes."""

from datetime import timedelta
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pdf_world import FIELDS, NOW, sign_one, with_fields

from app.ca.device_key import DeviceKeyHolder
from app.ca.pdf_archive import signed_by
from app.ca.pdf_flat import open_flat
from app.ca.pdf_verifier import check_archived, check_grown, check_increment, verify
from app.ca.trust import TrustList
from app.errors import InputError

_BOUNDED = settings(max_examples=60, deadline=timedelta(seconds=20), suppress_health_check=list(HealthCheck))
_PIECES = st.sampled_from(
    [
        b"",
        b"/V 9 0 R",
        b"/ByteRange [0 0 0 0]",
        b"<<",
        b">>",
        b"endobj",
        b"9999999999",
        b"-1",
        b"/Kids [1 0 R]",
        b"%%EOF\nstartxref\n0\n%%EOF",
        b"/Prev 0",
        b"\x00" * 9,
    ]
)


@cache
def signed() -> tuple[bytes, bytes]:
    import asyncio

    key = DeviceKeyHolder.create("李明")
    return asyncio.run(sign_one(with_fields(), 0, key)), key.signing_certificate


@_BOUNDED
@given(st.integers(0, 10**9), st.integers(0, 60), _PIECES | st.binary(max_size=40))
def test_a_changed_document_never_passes_and_never_crashes(place: int, cut: int, piece: bytes) -> None:
    pdf, certificate = signed()
    at = place % len(pdf)
    damaged = pdf[:at] + piece + pdf[at + cut :]
    verdict = verify(damaged, TrustList([]), NOW)
    assert damaged == pdf or not verdict.intact
    for check in (
        lambda: check_increment(with_fields(), damaged, FIELDS[0].name, certificate),
        lambda: check_grown(with_fields(), damaged),
        lambda: check_archived(pdf, damaged),
        lambda: signed_by(damaged),
        lambda: open_flat(damaged),
    ):
        try:
            check()
        except InputError:
            pass


@_BOUNDED
@given(st.binary(max_size=600), st.booleans())
def test_nonsense_is_a_verdict(data: bytes, headed: bool) -> None:
    pdf = b"%PDF-1.7\n" + data if headed else data
    assert not verify(pdf, TrustList([]), NOW).intact
    for check in (open_flat, signed_by):
        try:
            check(pdf)
        except InputError:
            continue
        raise AssertionError("nonsense was read")
