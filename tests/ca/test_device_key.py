"""A software key that does what a token does."""

from datetime import UTC, datetime

import pytest

from app.ca import keywrap
from app.ca.device_key import DeviceKeyHolder
from app.ca.signatures import describe, verify_signature
from app.ca.token import Act, KeyHolder
from app.clock import ManualClock
from app.errors import InputError

ACT = Act("sign_in")


async def test_signs_and_opens() -> None:
    holder: KeyHolder = DeviceKeyHolder.create("专家甲")
    assert verify_signature(holder.signing_certificate, b"data", await holder.sign(b"data", ACT))
    blob = keywrap.wrap(b"share", [holder.encryption_certificate])
    assert await holder.unwrap(blob, ACT) == b"share"
    other = DeviceKeyHolder.create("专家甲")
    with pytest.raises(InputError, match=r"keywrap\.refused"):
        await other.unwrap(blob, ACT)
    assert not verify_signature(other.signing_certificate, b"data", await holder.sign(b"data", ACT))


def test_certificate_says_who_and_when() -> None:
    info = describe(DeviceKeyHolder.create("专家甲", ManualClock(datetime(2026, 5, 1, tzinfo=UTC))).signing_certificate)
    assert (info.holder, info.signs, info.decrypts, info.authority) == ("专家甲", True, True, False)
    assert info.not_before < datetime(2026, 5, 1, tzinfo=UTC) < info.not_after


async def test_survives_export() -> None:
    holder = DeviceKeyHolder.create("专家甲")
    again = DeviceKeyHolder.restore(holder.export(), holder.signing_certificate)
    assert verify_signature(holder.signing_certificate, b"data", await again.sign(b"data", ACT))
    stranger = DeviceKeyHolder.create("专家乙")
    for key, certificate in ((holder.export(), stranger.signing_certificate), (b"x", holder.signing_certificate)):
        with pytest.raises(InputError, match=r"device_key\.unreadable"):
            DeviceKeyHolder.restore(key, certificate)
