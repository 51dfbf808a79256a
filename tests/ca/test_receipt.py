from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from national import certify, new_key
from national import name as national_name

from app.ca import receipt
from app.ca.signatures import fingerprint
from app.canon import canonical, parse_canonical
from app.errors import FaultError, InputError

NOW = datetime(2026, 11, 20, 1, 29, 59, 123000, tzinfo=UTC)


def host(kind: str) -> tuple[bytes, Callable[[bytes], bytes]]:
    if kind == "sm2":
        national = new_key("host")
        named = national_name("host.example")
        return certify(named, national, named, national, at=NOW), national.sign
    key = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "host.example")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return certificate, key.sign
    return certificate, lambda data: key.sign(data, ec.ECDSA(hashes.SHA256()))


HOST = {kind: host(kind) for kind in ("p256", "ed25519", "sm2")}


def issued(kind: str = "p256", **changes: Any) -> receipt.Receipt:
    certificate, sign = HOST[kind]
    values: dict[str, Any] = {
        "case": "KM-2026-001",
        "lot": "1",
        "header_sha256": "12" * 32,
        "size": 48_184,
        "received_at": NOW,
        "person": "赵一",
        "organisation": "甲公司",
        "replaces": None,
        "certificate": certificate,
        "sign": sign,
    }
    return receipt.issue(**{**values, **changes})


@pytest.mark.parametrize("kind", HOST)
def test_a_receipt_is_verified_with_the_hosts_fingerprint(kind: str) -> None:
    made = issued(kind)
    read = receipt.verify(made.to_bytes(), fingerprint(HOST[kind][0]))
    assert read == made
    assert read.body.received_at == "2026-11-20T01:29:59.123Z"
    assert read.digest == made.digest


def test_a_replacing_receipt_names_the_one_before() -> None:
    first = issued()
    assert issued(replaces=first.digest).body.replaces == first.digest


def test_another_hosts_receipt_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        receipt.verify(issued("ed25519").to_bytes(), fingerprint(HOST["p256"][0]))
    assert caught.value.code == "receipt.other_host"


@pytest.mark.parametrize("kind", HOST)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("case", "KM-2026-002"),
        ("lot", "2"),
        ("header_sha256", "34" * 32),
        ("size", 1),
        ("received_at", "2026-11-19T01:29:59.123Z"),
        ("person", "钱二"),
        ("organisation", "乙公司"),
        ("replaces", "56" * 32),
    ],
)
def test_no_field_can_be_changed(kind: str, field: str, value: object) -> None:
    value_of = parse_canonical(issued(kind).to_bytes(), 1 << 20)
    assert isinstance(value_of, dict)
    value_of["body"][field] = value
    with pytest.raises(InputError) as caught:
        receipt.verify(canonical(value_of), fingerprint(HOST[kind][0]))
    assert caught.value.code == "receipt.not_signed"


def test_a_forged_receipt_with_the_right_certificate_inside() -> None:
    _, other_sign = host("p256")
    good = issued()
    forged = msgspec.structs.replace(good, signature=other_sign(receipt.signed_bytes(good.body)))
    with pytest.raises(InputError) as caught:
        receipt.verify(forged.to_bytes(), fingerprint(HOST["p256"][0]))
    assert caught.value.code == "receipt.not_signed"


def test_a_forger_cannot_bring_its_own_certificate() -> None:
    certificate, sign = host("p256")
    good = issued()
    body = msgspec.structs.replace(good.body, organisation="丙公司")
    forged = receipt.Receipt(body, certificate, sign(receipt.signed_bytes(body)))
    with pytest.raises(InputError) as caught:
        receipt.verify(forged.to_bytes(), fingerprint(HOST["p256"][0]))
    assert caught.value.code == "receipt.other_host"


def test_a_key_that_is_not_the_certificates() -> None:
    _, other_sign = host("p256")
    with pytest.raises(FaultError) as caught:
        issued(sign=other_sign)
    assert caught.value.code == "receipt.signature"


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"null", b'{"body":{}}', b"\xff", issued().to_bytes() + b" ", issued().to_bytes()[:-1], b"[" * 9999],
)
def test_nonsense_is_malformed(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        receipt.parse(data)
    assert caught.value.code == "receipt.malformed"


@pytest.mark.parametrize("moment", ["2026-11-20", "2026-11-20T01:29:59Z", "yesterday", "2026-11-20T01:29:59.123Z\n"])
def test_one_form_of_time(moment: str) -> None:
    good = issued()
    odd = msgspec.structs.replace(good, body=msgspec.structs.replace(good.body, received_at=moment))
    with pytest.raises(InputError):
        receipt.parse(odd.to_bytes())


def test_content_out_of_bounds() -> None:
    for change in ({"size": 0}, {"header_sha256": "zz"}, {"case": ""}, {"organisation": "甲" * 300}):
        with pytest.raises(InputError) as caught:
            issued(**change)
        assert caught.value.code == "receipt.content"


def test_one_form_of_base64() -> None:
    for _ in range(20):  # signatures differ in length; some end in stray bits
        text = issued().to_bytes().decode()
        if '=","signature"' in text or text.endswith('="}'):
            place = text.rindex("=") - (2 if text[text.rindex("=") - 1] == "=" else 1)
            letter = "B" if text[place] == "A" else chr(ord(text[place]) + 1)
            with pytest.raises(InputError):
                receipt.parse((text[:place] + letter + text[place + 1 :]).encode())
            return
    pytest.fail("no padded signature in twenty")
