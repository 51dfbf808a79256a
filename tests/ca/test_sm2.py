import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ca import sm2
from app.errors import InputError

# GB/T 32918.5-2017, annexes A.2 and C.2: key, signature and ciphertext printed in the standard
KEY = sm2.PrivateKey(
    bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"),
    bytes.fromhex(
        "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    ),
)
POINT = KEY.public_point
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
CIPHERTEXT = (
    bytes.fromhex("04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"),
    bytes.fromhex("E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"),
    bytes.fromhex("59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"),
    bytes.fromhex("21886CA989CA9C7D58087307CA93092D651EFA"),
)


def openssl(*arguments: str | Path, data: bytes | None = None) -> bytes:
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key that OpenSSL made."""
    path = tmp_path_factory.mktemp("sm2") / "key.pem"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", path)
    return path


def key_of(pem: Path) -> sm2.PrivateKey:
    text = openssl("ec", "-in", pem, "-noout", "-text").decode()
    digits = "".join(line.strip() for line in text.splitlines() if line.startswith("    ")).replace(":", "")
    return sm2.PrivateKey(bytes.fromhex(digits[-130 - 64 : -130].rjust(64, "0")), bytes.fromhex(digits[-130:]))


def test_the_standard_s_own_example() -> None:
    assert sm2.sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"  # GB/T 32905
    digest = sm2.z_digest(POINT, b"message digest")
    assert digest.hex() == "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
    assert sm2.verify(POINT, b"message digest", sm2.signature_der(SIGNATURE))
    assert KEY.decrypt(sm2.ciphertext_der(*CIPHERTEXT)) == b"encryption standard"
    assert sm2.z_digest(POINT, b"message digest", b"ALICE123@YAHOO.COM") != digest


def test_both_ways_of_signing_verify_and_a_change_does_not() -> None:
    for signature in (KEY.sign(b"bid"), KEY.sign_digest(sm2.z_digest(POINT, b"bid"))):
        assert sm2.verify(POINT, b"bid", signature)
        assert not sm2.verify(POINT, b"bie", signature)
        assert not sm2.verify(sm2.PrivateKey.generate().public_point, b"bid", signature)


def test_openssl_understands_us_and_we_openssl(pem: Path, tmp_path: Path) -> None:
    key = key_of(pem)
    message, signed = tmp_path / "message", tmp_path / "signature"
    message.write_bytes(b"bid")
    options = ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-in", message]
    theirs = openssl("pkeyutl", "-sign", "-inkey", pem, *options)
    assert sm2.verify(key.public_point, b"bid", theirs)
    signed.write_bytes(key.sign(b"bid"))
    assert b"Verified" in openssl("pkeyutl", "-verify", "-inkey", pem, *options, "-sigfile", signed)
    assert key.decrypt(openssl("pkeyutl", "-encrypt", "-inkey", pem, data=b"k" * 16)) == b"k" * 16
    assert openssl("pkeyutl", "-decrypt", "-inkey", pem, data=sm2.encrypt(key.public_point, b"k" * 16)) == b"k" * 16


P, N = sm2.P.to_bytes(32, "big"), sm2.N.to_bytes(32, "big")


@pytest.mark.parametrize(
    "point",
    [
        b"",
        POINT[1:],
        b"\x02" + POINT[1:33],
        b"\x04" + bytes(64),
        POINT[:-1] + bytes([POINT[-1] ^ 1]),
        b"\x04" + P + POINT[33:],
        b"\x04" + POINT[1:33] + P,
        POINT + b"\0",
    ],
)
def test_what_is_no_point_is_refused_everywhere(point: bytes) -> None:
    assert not sm2.is_point(point)
    assert not sm2.verify(point, b"message digest", sm2.signature_der(SIGNATURE))
    for work in (lambda: sm2.encrypt(point, b"k"), lambda: sm2.z_digest(point, b"")):
        with pytest.raises(InputError, match=r"sm2\.refused"):
            work()
    with pytest.raises(InputError, match=r"sm2\.refused"):
        sm2.ciphertext_der(point[1:33], point[33:], *CIPHERTEXT[2:])


@pytest.mark.parametrize(
    ("r", "s"),
    [(bytes(32), SIGNATURE[32:]), (SIGNATURE[:32], bytes(32)), (N, SIGNATURE[32:]), (SIGNATURE[:32], b"\xff" * 32)],
)
def test_numbers_out_of_range_are_no_signature(r: bytes, s: bytes) -> None:
    with pytest.raises(InputError, match=r"sm2\.refused"):
        sm2.signature_der(r + s)
    der = b"\x30\x46\x02\x21\x00" + r + b"\x02\x21\x00" + s
    with pytest.raises(InputError, match=r"sm2\.refused"):
        sm2.signature_raw(der)
    assert not sm2.verify(POINT, b"message digest", der)


def test_a_signature_has_one_encoding() -> None:
    der = sm2.signature_der(SIGNATURE)
    assert sm2.signature_raw(der) == SIGNATURE
    longer = b"\x30\x81" + der[1:]
    assert not sm2.verify(POINT, b"message digest", longer)
    assert not sm2.verify(POINT, b"message digest", der + b"\0")
    assert not sm2.verify(POINT, b"message digest", SIGNATURE)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_nonsense_is_refused_with_the_one_error(data: bytes) -> None:
    for work in (sm2.signature_raw, sm2.ciphertext_parts, KEY.decrypt):
        with pytest.raises(InputError, match=r"^sm2\.refused$"):
            work(data)
    assert not sm2.verify(POINT, b"", data)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_ciphertext_does_not_open(place: int, change: int) -> None:
    der = bytearray(sm2.ciphertext_der(*CIPHERTEXT))
    der[place % len(der)] ^= change
    with pytest.raises(InputError, match=r"^sm2\.refused$"):
        KEY.decrypt(bytes(der))


def test_a_key_belongs_to_its_point_and_shows_nothing() -> None:
    with pytest.raises(InputError, match=r"sm2\.refused"):
        sm2.PrivateKey(KEY.scalar(), sm2.PrivateKey.generate().public_point)
    for scalar in (bytes(32), N, (sm2.N - 1).to_bytes(32, "big"), b"\x01"):
        with pytest.raises(InputError, match=r"sm2\.refused"):
            sm2.PrivateKey(scalar, POINT)
    assert repr(KEY) == "PrivateKey()"


def test_without_the_library_nothing_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm2, "gmssl_fast", None)
    assert not sm2.available()
    assert not sm2.verify(POINT, b"message digest", sm2.signature_der(SIGNATURE))
    with pytest.raises(InputError, match=r"sm2\.unavailable"):
        sm2.encrypt(POINT, b"k")
