"""A seal file opens with its passphrase only, serves its certificates only, and is made by their key only."""

import base64

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from pdf_world import NOW, HeldKey

from app.ca import seal_file
from app.ca.device_key import DeviceKeyHolder
from app.ca.seal import name_chop, official_seal, picture_seal
from app.ca.seal_file import make_seal_file, open_seal_file
from app.canon import canonical, parse_canonical
from app.errors import InputError
from app.rehearsal.demo_pki import DemoPerson, DemoPki

WORDS = "开门见山，一字千金 42"


@pytest.fixture(autouse=True, scope="module")
def _quick() -> None:
    seal_file._SCRYPT_N = 1 << 10


@pytest.fixture(scope="module")
def key(pki: DemoPki) -> HeldKey:
    return HeldKey(pki.issue(DemoPerson("李明", algorithm="rsa"))[0], (pki.intermediate,))


async def test_it_gives_back_the_picture_and_whom_it_serves(key: HeldKey) -> None:
    picture = official_seal("某某招标代理有限公司", rehearsal=False)
    following = DeviceKeyHolder.create("李明").signing_certificate
    data = await make_seal_file(picture, "某某招标代理有限公司", key, WORDS, NOW, (following,))
    assert key.acts[-1].code == "make_seal"
    found = open_seal_file(data, WORDS)
    assert (found.picture, found.holder, len(found.certificates)) == (picture, "某某招标代理有限公司", 2)
    for certificate in (key.signing_certificate, following):
        found.check(certificate, rehearsal=False)
    with pytest.raises(InputError, match=r"^seal\.other_certificate"):
        found.check(DeviceKeyHolder.create("李明").signing_certificate, rehearsal=False)
    with pytest.raises(InputError, match=r"^seal\.not_for_rehearsal"):
        found.check(key.signing_certificate, rehearsal=True)
    assert picture.png not in data
    assert "招标".encode() not in data


async def test_a_rehearsals_seal_serves_no_real_case(key: HeldKey) -> None:
    data = await make_seal_file(name_chop("李明", rehearsal=True), "李明", key, WORDS, NOW)
    with pytest.raises(InputError, match=r"^seal\.for_rehearsal_only"):
        open_seal_file(data, WORDS).check(key.signing_certificate, rehearsal=False)


async def test_a_wrong_passphrase_and_a_short_one(key: HeldKey) -> None:
    data = await make_seal_file(name_chop("李明", rehearsal=True), "李明", key, WORDS, NOW)
    with pytest.raises(InputError, match=r"^seal\.passphrase_wrong"):
        open_seal_file(data, WORDS + " ")
    with pytest.raises(InputError, match=r"^seal\.passphrase_short"):
        await make_seal_file(name_chop("李明", rehearsal=True), "李明", key, "1234567", NOW)


async def test_who_knows_the_passphrase_binds_it_to_no_other_certificate(key: HeldKey) -> None:
    data = await make_seal_file(name_chop("李明", rehearsal=True), "李明", key, WORDS, NOW)
    head = data[: len(seal_file.MAGIC) + 28]
    cipher = AESGCM(seal_file._key(WORDS, head[-28:-12]))
    content = msgspec.convert(parse_canonical(cipher.decrypt(head[-12:], data[len(head) :], head), 1 << 22), dict)
    thief = DeviceKeyHolder.create("小偷")
    stolen = {
        **content,
        "core": {**content["core"], "certificates": [seal_file.fingerprint(thief.signing_certificate)]},
    }
    resigned = {**stolen, "certificate": base64.b64encode(thief.signing_certificate).decode()}
    for forged in (stolen, resigned):
        again = head + cipher.encrypt(head[-12:], canonical(forged), head)
        with pytest.raises(InputError, match=r"^seal\.file_forged"):
            open_seal_file(again, WORDS)


def test_a_picture_of_ones_own_becomes_a_seal() -> None:
    drawn = official_seal("某单位", rehearsal=False)
    made = picture_seal(drawn.png, 42.0, rehearsal=True)
    assert (made.width_mm, made.height_mm, made.rehearsal) == (42.0, 46.5, True)
    for width in (1.0, 100.0):
        with pytest.raises(InputError, match=r"^seal\.bad_size"):
            picture_seal(drawn.png, width, rehearsal=False)


@given(st.binary(max_size=400))
def test_nonsense_has_one_kind_of_error(data: bytes) -> None:
    for tried in (data, seal_file.MAGIC + data):
        with pytest.raises(InputError, match=r"^seal\."):
            open_seal_file(tried, WORDS)
