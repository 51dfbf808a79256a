"""What suppliers seal to tells nothing of its holder, and its holder opens it with the token's own key."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.ca.blind import BlindHolder, blind
from app.ca.device_key import DeviceKeyHolder
from app.ca.envelope import Recipient, open_envelope, read_header, seal_bytes, take_share
from app.ca.signatures import describe, parse_certificate
from app.ca.token import Act
from app.errors import InputError

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ACT = Act("test")
CONTEXT = {"case": "c", "purpose": "quote"}


async def test_the_nameless_certificate_opens_with_the_named_key() -> None:
    host = ec.generate_private_key(ec.SECP256R1())
    members = [DeviceKeyHolder.create(name) for name in ("程以宁", "许怀谷", "罗思齐")]
    nameless = [blind(member.encryption_certificate, host, NOW) for member in members]
    for member, certificate in zip(members, nameless, strict=True):
        named = parse_certificate(member.encryption_certificate)
        assert describe(certificate).holder != describe(member.encryption_certificate).holder
        assert "程以宁".encode() not in certificate
        assert parse_certificate(certificate).public_key() == named.public_key()
    sealed, data = await seal_bytes(
        purpose="quote", rehearsal=False, context=CONTEXT, openers=[Recipient(one) for one in nameless], k=2,
        supplier=None, payload={"total": "1.00"}, signer=DeviceKeyHolder.create("供应商"),
    )  # fmt: skip
    header = read_header(BytesIO(data))
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
