"""Whatever a certificate or a revocation list from outside is made of: one clear error, or a verdict."""

import base64
from collections.abc import Callable

import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.ca.device_key import DeviceKeyHolder
from app.ca.signatures import MAX_CERTIFICATE, describe, parse_certificate, verify_signature
from app.ca.trust import Status, TrustList, is_demo
from app.errors import InputError
from tests.ca.conftest import NOW
from tests.ca.test_trust import Maker, der

MAKER = Maker()
LEAF = der(MAKER.leaf())
CA = der(MAKER.ca)
ROOT = der(MAKER.root)
CRL = MAKER.crl(MAKER.leaf(), extensions=(x509.CRLNumber(7),))
VERSION = bytes.fromhex("a003020102")
KEY_USAGE = bytes.fromhex("0603551d0f")
CONSTRAINTS = bytes.fromhex("0603551d13")


def tampered(original: bytes, cuts: list[tuple[int, int]], keep: int) -> bytes:
    """Bytes changed at some places, then cut off or as long as before."""
    data = bytearray(original)
    for place, value in cuts:
        data[place % len(data)] = value
    return bytes(data[: len(data) - keep % 40] if keep % 5 == 0 else data)


def pem(data: bytes, kind: str) -> bytes:
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (kind.encode(), base64.encodebytes(data), kind.encode())


changes = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=4)
bounded = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))


def code_of(act: Callable[[], object]) -> str:
    """The code with which something is refused, or empty; any other error goes on."""
    try:
        act()
    except InputError as error:
        return error.code
    return ""


def certificate_or_error(data: bytes) -> None:
    """All that is done with a certificate, however the bytes are."""
    refused = code_of(lambda: parse_certificate(data))
    assert refused in ("", "certificate.unreadable")
    if not refused:
        assert describe(data).der == data
        assert is_demo(data) in (True, False)
    assert verify_signature(data, b"data", b"signature") is False
    assert TrustList([ROOT], [CRL]).validate(data, [CA], NOW, "sign").status in tuple(Status)
    assert TrustList([ROOT], [CRL]).validate(LEAF, [data, CA], NOW, "sign").chain.status is Status.PASSED
    for trust in (data, pem(data, "CERTIFICATE")):
        refused = code_of(lambda trust=trust: TrustList([trust]).validate(LEAF, [CA], NOW, "sign"))  # type: ignore[misc]
        assert refused in ("", "trust.unreadable", "trust.demo_root", "certificate.unreadable")


@bounded
@given(original=st.sampled_from((LEAF, CA, ROOT)), cuts=changes, keep=st.integers(0, 200))
def test_a_damaged_certificate_is_one_error(original: bytes, cuts: list[tuple[int, int]], keep: int) -> None:
    certificate_or_error(tampered(original, cuts, keep))


@bounded
@given(cuts=changes, keep=st.integers(0, 200))
def test_a_damaged_revocation_list_is_one_error_or_says_nothing(cuts: list[tuple[int, int]], keep: int) -> None:
    data = tampered(CRL, cuts, keep)
    for given_list in (data, pem(data, "X509 CRL")):
        refused = code_of(lambda item=given_list: TrustList([ROOT], [item]))  # type: ignore[misc]
        assert refused in ("", "trust.unreadable")
        if not refused:
            revocation = TrustList([ROOT], [given_list]).validate(LEAF, [CA], NOW, "sign").revocation
            assert revocation.status is Status.COULD_NOT_TELL or data == CRL


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (VERSION, bytes.fromhex("a003020105")),  # version 6: InvalidVersion
        (KEY_USAGE, CONSTRAINTS),  # twice the same extension: DuplicateExtension
        (CONSTRAINTS, bytes.fromhex("0603551d11")),  # alternative names that are none
        (CONSTRAINTS, bytes.fromhex("0603551d1e")),  # name constraints that are none
    ],
)
def test_errors_that_are_no_value_error_do_not_escape(old: bytes, new: bytes) -> None:
    data = CA.replace(old, new, 1)
    assert data != CA
    with pytest.raises(InputError, match=r"certificate\.unreadable"):
        parse_certificate(data)
    certificate_or_error(data)


def test_a_name_of_an_unknown_kind_does_not_escape() -> None:
    """x400Address [3] in subjectAltName raises UnsupportedGeneralNameType."""
    names = x509.SubjectAlternativeName([x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")])
    made = der(MAKER.leaf(extensions=((names, False),)))
    place = made.index(bytes.fromhex("0603551d11"))
    other = made.index(b"\xa0", place)
    data = made[:other] + b"\xa3" + made[other + 1 :]
    with pytest.raises(InputError, match=r"certificate\.unreadable"):
        parse_certificate(data)
    certificate_or_error(data)


def test_too_much_is_not_even_parsed() -> None:
    with pytest.raises(InputError, match=r"certificate\.unreadable"):
        parse_certificate(b"\x30" * (MAX_CERTIFICATE + 1))


def test_a_device_key_with_a_damaged_certificate_is_one_error() -> None:
    holder = DeviceKeyHolder.create("张三")
    for spoiled in (b"", LEAF, CA.replace(VERSION, bytes.fromhex("a003020105"), 1)):
        with pytest.raises(InputError, match=r"device_key\.unreadable"):
            DeviceKeyHolder.restore(holder.export(), spoiled)
