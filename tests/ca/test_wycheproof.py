"""Vectors by others (C2SP Wycheproof) for every primitive of an envelope, through our own code where it has any.

RSA-OAEP stands in ``test_keywrap.py``, RSA and ECDSA signatures in ``test_signatures.py``. The folder has none for AES
key wrap: those of RFC 3394 are here. Each test prints how many ran and fails when none did.
"""

import asyncio
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, keys
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from salamander import gcm_opened

from app.ca import keywrap
from app.ca.device_key import DeviceKeyHolder
from app.ca.suite import GM_1, INTL_1
from app.errors import InputError
from app.record.checkpoint import good_signature


def vectors(folder: Path, name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Group and vector; says at the end how many there were."""
    ran = 0
    for group in json.loads((folder / f"{name}.json").read_bytes())["testGroups"]:
        for vector in group["tests"]:
            ran += 1
            yield group, vector
    print(f"wycheproof {name}: {ran} vectors ran")
    assert ran


def blob_from(point: bytes, certificate: bytes) -> bytes:
    """A wrapped share whose ephemeral key is ``point``."""
    info = cms.ContentInfo.load(keywrap.wrap(b"share", [certificate])).copy()
    algorithm = {"algorithm": "ec", "parameters": keys.ECDomainParameters(name="named", value="secp256r1")}
    public = keys.PublicKeyInfo({"algorithm": algorithm, "public_key": keys.ECPointBitString(point)})
    info["content"]["recipient_infos"][0].chosen["originator"] = cms.OriginatorIdentifierOrKey("originator_key", public)
    return bytes(info.dump(force=True))


def test_ecdh_p256_as_a_share_is_opened(wycheproof: Path) -> None:
    """Only uncompressed points on the curve reach the key; then the secret is the right one."""
    reader, reached = DeviceKeyHolder.create("王五"), 0
    for _, vector in vectors(wycheproof, "ecdh_secp256r1_ecpoint_test"):
        private = int(vector["private"], 16)
        seen: list[bytes] = []

        async def ecdh(point: bytes, private: int = private, seen: list[bytes] = seen) -> bytes:
            key = ec.derive_private_key(private, ec.SECP256R1())
            public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            seen.append(key.exchange(ec.ECDH(), public))
            return seen[0]

        async def oaep(_data: bytes) -> bytes:
            raise AssertionError("this key is EC")

        blob = blob_from(bytes.fromhex(vector["public"]), reader.encryption_certificate)
        with pytest.raises(InputError, match=r"^keywrap\.refused$"):  # made for another secret: never opens
            asyncio.run(keywrap.open_wrapped(blob, reader.encryption_certificate, oaep, ecdh))
        if vector["result"] == "invalid" or "CompressedPoint" in vector["flags"]:
            assert not seen, vector["tcId"]
        else:
            reached += 1
            assert [secret.hex() for secret in seen] == [vector["shared"]], vector["tcId"]
    assert reached > 200


def test_aes_gcm(wycheproof: Path) -> None:
    """With the nonce of 12 and the tag of 16 bytes that a blob must have; others are refused before (test_keywrap)."""
    ours = 0
    for group, vector in vectors(wycheproof, "aes_gcm_test"):
        if (group["ivSize"], group["tagSize"]) != (96, 128):
            continue
        ours += 1
        key, nonce, aad, plain, sealed, tag = (
            bytes.fromhex(vector[name]) for name in ("key", "iv", "aad", "msg", "ct", "tag")
        )
        if vector["result"] == "valid":
            assert AESGCM(key).encrypt(nonce, plain, aad) == sealed + tag, vector["tcId"]
            assert AESGCM(key).decrypt(nonce, sealed + tag, aad) == plain, vector["tcId"]
        else:
            with pytest.raises(InvalidTag):
                AESGCM(key).decrypt(nonce, sealed + tag, aad)
    assert ours > 100


def test_sm4_gcm(wycheproof: Path) -> None:
    """As the chunks of suite gm-1 use it: 12 bytes of nonce, 16 of tag, no further data."""
    ours = 0
    for group, vector in vectors(wycheproof, "sm4_gcm_test"):
        key, nonce, plain, sealed = (bytes.fromhex(vector[name]) for name in ("key", "iv", "msg", "ct"))
        if group["ivSize"] != 96 or group["tagSize"] != 128 or vector["aad"]:
            continue
        ours += 1
        whole = sealed + bytes.fromhex(vector["tag"])
        if vector["result"] == "valid":
            assert gcm_opened(GM_1, key, nonce, whole) == plain, vector["tcId"]
        else:
            with pytest.raises(InvalidTag):
                gcm_opened(GM_1, key, nonce, whole)
    assert ours > 40


def test_hkdf_expand(wycheproof: Path) -> None:
    """Our key derivation expands a key that is uniform already; the vectors' extraction is done here."""
    for _, vector in vectors(wycheproof, "hkdf_sha256_test"):
        salt = bytes.fromhex(vector["salt"]) or bytes(32)
        uniform = hmac.digest(salt, bytes.fromhex(vector["ikm"]), "sha256")
        expected = bytes.fromhex(vector["okm"])[:32]
        if vector["result"] == "valid":
            info = bytes.fromhex(vector["info"])
            assert INTL_1.expand(uniform, info)[: len(expected)] == expected, vector["tcId"]


def test_ed25519(wycheproof: Path) -> None:
    """Heads, session keys and the host's receipts."""
    for group, vector in vectors(wycheproof, "ed25519_test"):
        public = bytes.fromhex(group["publicKey"]["pk"])
        good = good_signature(public, bytes.fromhex(vector["sig"]), bytes.fromhex(vector["msg"]))
        assert good == (vector["result"] == "valid"), vector["tcId"]


def test_aes_key_wrap_of_rfc_3394() -> None:
    """RFC 3394 4.6: 256 bits of key with a 256-bit KEK; and one flipped bit anywhere is refused."""
    kek = bytes(range(32))
    key = bytes.fromhex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F")
    wrapped = bytes.fromhex("28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21")
    assert aes_key_wrap(kek, key) == wrapped
    assert aes_key_unwrap(kek, wrapped) == key
    for place in range(len(wrapped)):
        with pytest.raises(InvalidUnwrap):
            aes_key_unwrap(kek, wrapped[:place] + bytes([wrapped[place] ^ 1]) + wrapped[place + 1 :])
