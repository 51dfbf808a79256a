"""What suppliers seal to tells nothing of its holder, and its holder opens it with the token's own key."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from envelope_world import person, world

from app.ca.blind import BlindHolder, blind
from app.ca.device_key import DeviceKeyHolder
from app.ca.envelope import (
    GM_1,
    INTL_1,
    Recipient,
    Suite,
    open_envelope,
    read_header,
    seal_bytes,
    suite_for,
    take_share,
)
from app.ca.signatures import describe, parse_certificate
from app.ca.token import Act
from app.errors import InputError

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ACT = Act("test")
CONTEXT = {"case": "c", "purpose": "quote"}


def key_of(certificate: bytes) -> bytes:
    return bytes(asn1_x509.Certificate.load(certificate)["tbs_certificate"]["subject_public_key_info"].dump())


@pytest.mark.parametrize("of", [INTL_1, GM_1], ids=lambda suite: suite.name)
async def test_the_nameless_certificate_opens_with_the_named_key(of: Suite) -> None:
    host = ec.generate_private_key(ec.SECP256R1())
    with world(of):
        members = [person(name) for name in ("程以宁", "许怀谷", "罗思齐")]
    nameless = [blind(member.encryption_certificate, host, NOW) for member in members]
    for member, certificate in zip(members, nameless, strict=True):
        parsed = parse_certificate(certificate)
        assert describe(certificate).holder != describe(member.encryption_certificate).holder
        assert "程以宁".encode() not in certificate
        assert key_of(certificate) == key_of(member.encryption_certificate)
        host.public_key().verify(parsed.signature, parsed.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256()))
    sealed, data = await seal_bytes(
        purpose="quote", rehearsal=False, context=CONTEXT, openers=[Recipient(one) for one in nameless], k=2,
        supplier=None, payload={"total": "1.00"}, signer=DeviceKeyHolder.create("供应商"), suite=suite_for(nameless),
    )  # fmt: skip
    header = read_header(BytesIO(data))
    assert header.suite is of
    with pytest.raises(InputError):
        await take_share(header, members[0], ACT)
    pairs = zip(members[:2], nameless[:2], strict=True)
    shares = [await take_share(header, BlindHolder(key, certificate), ACT) for key, certificate in pairs]
    opened = open_envelope(
        BytesIO(data),
        header_sha256=sealed.header_sha256,
        purpose="quote",
        context=CONTEXT,
        rehearsal=False,
        shares=shares,
    )
    assert opened.payload == {"total": "1.00"}
