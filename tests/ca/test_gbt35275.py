import asyncio
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from national import DECRYPTS, NationalHolder, NationalPki, certify, name

from app.ca import gbt35275, gbt35275_signed, sm2
from app.ca.keywrap import open_wrapped, wrap
from app.ca.token import Act
from app.errors import InputError
from tests.ca.test_trust import Maker

SHARE = b'{"hc":"00","kind":"share","x":1,"y":"11"}'
ACT = Act("release_share", {})
SM3 = bytes.fromhex("06082a811ccf55018311")


@cache
def pki() -> NationalPki:
    return NationalPki()


@cache
def person(who: str) -> NationalHolder:
    return pki().holder(who)


def opened(blob: bytes, who: str = "张三") -> bytes:
    return asyncio.run(person(who).unwrap(blob, ACT))


def is_refused(blob: bytes, who: str = "张三") -> bool:
    with pytest.raises(InputError) as caught:
        opened(blob, who)
    return caught.value.code == "keywrap.refused"


def certificate(who: str) -> bytes:
    return person(who).encryption_certificate


def test_the_holder_opens_and_nobody_else() -> None:
    blob = wrap(SHARE, [certificate("张三")])
    assert opened(blob) == SHARE
    assert is_refused(blob, "李四")


def test_each_of_several_opens_alone() -> None:
    blob = wrap(SHARE, [certificate("张三"), certificate("李四")])
    assert [opened(blob, who) for who in ("张三", "李四")] == [SHARE, SHARE]
    assert is_refused(blob, "王五")


def test_an_anonymous_blob_names_nobody() -> None:
    blobs = [wrap(SHARE, [certificate(who)], anonymous=True) for who in ("张三", "李四")]
    assert opened(blobs[0]) == SHARE
    assert is_refused(blobs[1])
    assert "测试国密".encode() in wrap(SHARE, [certificate("张三")])
    recipients = [gbt35275._EnvelopedInfo.load(blob)["content"]["recipients"][0]["rid"] for blob in blobs]
    assert [one["issuer"].dump() for one in recipients] == [b"\x30\x00"] * 2
    assert [len(one["serial_number"].contents) for one in recipients] == [16, 16]
    with pytest.raises(ValueError, match="recipients"):
        wrap(SHARE, [certificate("张三"), certificate("李四")], anonymous=True)


def test_no_container_holds_both_worlds() -> None:
    international = Maker().ca.public_bytes(Encoding.DER)
    with pytest.raises(InputError, match=r"certificate\.suite_unsupported"):
        wrap(SHARE, [certificate("张三"), international])
    for blob, mine in (
        (wrap(SHARE, [certificate("张三")]), international),
        (wrap(SHARE, [international]), certificate("张三")),
    ):
        with pytest.raises(InputError, match=r"keywrap\.refused"):
            asyncio.run(open_wrapped(blob, mine, never, never, never))


async def never(_: object) -> bytes:
    pytest.fail("no private key may be asked")


def outcome(blob: bytes) -> bytes | str:
    try:
        return opened(blob)
    except InputError as error:
        return error.code


def test_every_flipped_byte_is_refused_or_gives_another_content() -> None:
    """There is no authentication in the standard: what it gives is noise, never the content, and no other error."""
    blob = wrap(SHARE, [certificate("张三")])
    parts = gbt35275.parse_enveloped(blob, certificate("张三"))
    free = {*_span(blob, parts.iv), *_span(blob, parts.ciphertext)}
    for place in range(len(blob)):
        found = outcome(blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :])
        if place in free and isinstance(found, bytes):
            assert found != SHARE
        else:
            assert found == "keywrap.refused", place


def _span(blob: bytes, part: bytes) -> range:
    return range(blob.index(part), blob.index(part) + len(part))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_nonsense_is_refused_with_the_one_error(data: bytes) -> None:
    assert is_refused(data)
    with pytest.raises(InputError, match=r"^gbt35275\.refused$"):
        gbt35275_signed.read_signed_data(data)


def test_a_point_off_the_curve_never_reaches_the_key() -> None:
    blob = wrap(SHARE, [certificate("张三")])
    wrapped = gbt35275.parse_enveloped(blob, certificate("张三")).wrapped_key
    y = sm2.ciphertext_parts(wrapped)[1]
    other = wrapped.replace(y, bytes([y[0], *y[1:-1], y[-1] ^ 1]))
    with pytest.raises(InputError, match=r"gbt35275\.refused"):
        gbt35275.parse_enveloped(blob.replace(wrapped, other), certificate("张三"))


def test_a_session_key_of_another_length_is_refused() -> None:
    blob = wrap(SHARE, [certificate("张三")])
    for length in (15, 17, 32):
        longer = sm2.encrypt(sm2.public_point_of(certificate("张三")), bytes(length))
        parsed = gbt35275._EnvelopedInfo.load(blob)
        parsed["content"]["recipients"][0]["encrypted_key"] = longer
        assert is_refused(parsed.dump(force=True))


def test_too_much_is_a_mistake_of_ours() -> None:
    for data, recipients in ((bytes(gbt35275.MAX_DATA + 1), 1), (SHARE, 0), (SHARE, gbt35275.MAX_RECIPIENTS + 1)):
        with pytest.raises(ValueError, match="recipients"):
            gbt35275.envelop(data, [certificate("张三")] * recipients)


def signed(content: bytes = b"bid", who: str = "张三", attached: bool = True) -> bytes:
    signer = person(who)
    signature = signer.signing_key.sign(content)
    return gbt35275_signed.signed_data(content, signer.signing_certificate, signer.chain, signature, attached=attached)


def test_signed_data_says_who_signed_what() -> None:
    read = gbt35275_signed.read_signed_data(signed())
    assert (read.content, read.certificate, read.chain) == (b"bid", person("张三").signing_certificate, (pki().ca,))
    assert gbt35275_signed.read_signed_data(signed(attached=False), b"bid").content == b"bid"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: (signed(attached=False), b"bie"),
        lambda: (signed(attached=False), None),
        lambda: (signed(), b"bid"),
        lambda: (signed().replace(b"\x04\x03bid", b"\x04\x03bie"), None),
        lambda: (signed() + b"\0", None),
        lambda: (signed().replace(SM3, SM3[:-1] + b"\x12", 1), None),
    ],
)
def test_signed_data_that_is_not_is_refused(spoil: Callable[[], tuple[bytes, bytes | None]]) -> None:
    with pytest.raises(InputError, match=r"^gbt35275\.refused$"):
        gbt35275_signed.read_signed_data(*spoil())


def test_another_s_signature_is_not_put_into_a_container() -> None:
    signature = person("李四").signing_key.sign(b"bid")
    with pytest.raises(InputError, match=r"gbt35275\.refused"):
        gbt35275_signed.signed_data(b"bid", person("张三").signing_certificate, (), signature)


JARS = [Path("/usr/share/java") / f"{jar}.jar" for jar in ("bcprov", "bcutil", "bcpkix")]


@pytest.mark.slow
def test_bouncy_castle_reads_what_we_write_and_we_what_it_writes(tmp_path: Path) -> None:
    """Needs a JDK (11 or newer) and Debian's libbcpkix-java."""
    if shutil.which("javac") is None or not all(jar.exists() for jar in JARS):
        pytest.skip("needs a JDK and libbcpkix-java: GB/T 35275 was not compared with Bouncy Castle")
    path = ":".join(map(str, JARS))
    subprocess.run(
        ["javac", "-nowarn", "-cp", path, "-d", str(tmp_path), str(Path(__file__).with_name("Gbt35275.java"))],
        check=True,
    )

    def java(*arguments: str | Path) -> bytes:
        done = subprocess.run(
            ["java", "-cp", f"{tmp_path}:{path}", "Gbt35275", *map(str, arguments)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return bytes.fromhex(done.stdout.strip())

    key = sm2.PrivateKey.generate()
    der = certify(name("张三"), key, pki().ca_name, pki().ca_key, usage=DECRYPTS)
    holder = NationalHolder((key, der), (key, der))
    data, cert, blob = tmp_path / "data", tmp_path / "certificate", tmp_path / "blob"
    data.write_bytes(SHARE)
    cert.write_bytes(der)
    for anonymous in (False, True):
        blob.write_bytes(wrap(SHARE, [der], anonymous=anonymous))
        assert java("open", key.scalar().hex(), blob) == SHARE
    java("make", cert, data, blob)
    assert asyncio.run(holder.unwrap(blob.read_bytes(), ACT)) == SHARE
    blob.write_bytes(gbt35275_signed.signed_data(SHARE, der, (), key.sign(SHARE)))
    assert java("verify", blob) == SHARE
    java("sign", key.scalar().hex(), cert, data, blob)  # with authenticated attributes
    assert gbt35275_signed.read_signed_data(blob.read_bytes())[:2] == (SHARE, der)
