"""Escrow of a case's keys 密钥托管: named people hold shares, any k of whom bring the case up on another machine.

One file, which may lie beside the second copy of the record: the host's keys and what else it needs to start, encrypted
under a random key; that key in Shamir shares (k at least two), each wrapped to a holder's encryption certificate and
bound by a commitment. A holder's token takes its share out as words, on whatever machine; the words of k holders and
the file restore the folder. The file opens no sealed bid: none of the host's keys does.
"""

import base64
import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Meta
from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics

from app import keystore
from app.ca.keywrap import wrap
from app.ca.shares import MAX_SHARES, SECRET_BYTES, combine, commitment, split
from app.ca.signatures import describe, fingerprint
from app.ca.token import Act, KeyHolder
from app.canon import canonical
from app.errors import FaultError, InputError
from app.record.entry import ENTRY_LIMIT
from app.record.store import Store
from app.session.case_folder import CaseMeta, folder_name
from app.session.keys import SECRET_FILES

ESCROW_LIMIT = 4 * 1024 * 1024
PLAIN_FILES = ("case.json", "host.crt", "trust.pem", "crls.pem", "rulepack.json", "trust.json")
KIND = "escrow"
_BATCH = 200

Hex32 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class HeldShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One holder's share: whose (name and SHA-256 of the encryption certificate), which, and wrapped to it (base64)."""

    holder: str
    certificate: Hex32
    x: Annotated[int, Meta(ge=1, le=MAX_SHARES)]
    commitment: Hex32
    wrapped: str


class Escrow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; holds nothing that fewer than ``k`` holders can read."""

    v: Annotated[int, Meta(ge=1, le=1)]
    case: str
    id: Hex32
    k: Annotated[int, Meta(ge=2, le=MAX_SHARES)]
    shares: Annotated[tuple[HeldShare, ...], Meta(min_length=2, max_length=MAX_SHARES)]
    content: str


class HandedShare(msgspec.Struct, frozen=True):
    """A share that its holder took out; secret, not shown by ``repr``."""

    x: int
    value: bytes

    def __repr__(self) -> str:
        return f"HandedShare(x={self.x})"

    def words(self) -> str:
        """Its number and 33 words (SLIP-39, with a checksum of their own); other words each time."""
        ((text,),) = generate_mnemonics(1, [(1, 1)], self.value, iteration_exponent=0)
        return f"{self.x} {text}"


def make_escrow(folder: Path, certificates: Sequence[bytes], k: int) -> Escrow:
    """Share the keys of the case in ``folder`` among the holders of ``certificates`` (encryption, DER).

    Raises:
        InputError: ``escrow.policy`` for a k below two or above the number of holders, or a holder twice;
            ``certificate.*``.
        FaultError: ``host.keys_missing``, ``secret.*``.
    """
    prints = [fingerprint(certificate) for certificate in certificates]
    if not 2 <= k <= len(prints) <= MAX_SHARES or len(set(prints)) != len(prints):
        raise InputError("escrow.policy", k=k, n=len(prints))
    try:
        kept = {name: keystore.read(folder / name) for name in SECRET_FILES}
        kept |= {name: (folder / name).read_bytes() for name in PLAIN_FILES if (folder / name).exists()}
        meta = msgspec.json.decode(kept["case.json"], type=CaseMeta)
    except (OSError, KeyError, msgspec.DecodeError) as error:
        raise FaultError("host.keys_missing", error=type(error).__name__) from error
    identifier, key, nonce = secrets.token_bytes(32), secrets.token_bytes(SECRET_BYTES), os.urandom(12)
    text = canonical({name: base64.b64encode(data).decode() for name, data in kept.items()})
    sealed = nonce + AESGCM(key).encrypt(nonce, text, _bound(meta.case, identifier))
    shares = tuple(
        HeldShare(
            holder=describe(certificate).holder,
            certificate=fingerprint(certificate),
            x=x,
            commitment=commitment(identifier, KIND, x, value).hex(),
            wrapped=base64.b64encode(wrap(value, [certificate])).decode(),
        )
        for x, (certificate, value) in enumerate(zip(certificates, split(key, k, len(prints)), strict=True), 1)
    )
    content = base64.b64encode(sealed).decode()
    return Escrow(v=1, case=meta.case, id=identifier.hex(), k=k, shares=shares, content=content)


def read_escrow(data: bytes) -> Escrow:
    """An escrow file; InputError ``escrow.malformed``, ``escrow.too_large``."""
    if len(data) > ESCROW_LIMIT:
        raise InputError("escrow.too_large", limit=ESCROW_LIMIT)
    try:
        return msgspec.json.decode(data, type=Escrow)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError("escrow.malformed") from error


async def take_out(escrow: Escrow, key: KeyHolder) -> HandedShare:
    """One's own share, by one's token; also how one tries, before it is needed, that it opens.

    Raises:
        InputError: ``escrow.not_a_holder``; ``escrow.share_differs`` where it is not what was committed to;
            ``token.*``, ``keywrap.refused``.
    """
    own = fingerprint(key.encryption_certificate)
    held = next((share for share in escrow.shares if share.certificate == own), None)
    if held is None:
        raise InputError("escrow.not_a_holder", case=escrow.case)
    value = await key.unwrap(_binary(held.wrapped), Act("take_out_escrow", {"case": escrow.case}))
    return _checked(escrow, HandedShare(held.x, value))


def share_of_words(escrow: Escrow, text: str) -> HandedShare:
    """A share from the number and words that its holder handed over.

    Raises:
        InputError: ``escrow.words`` (mistyped or incomplete), ``escrow.share_differs`` (of another escrow).
    """
    try:
        number, *words = text.split()
        share = HandedShare(int(number), combine_mnemonics([" ".join(word.lower() for word in words)]))
    except (ValueError, MnemonicError):
        raise InputError("escrow.words") from None
    return _checked(escrow, share)


def open_escrow(escrow: Escrow, shares: Sequence[HandedShare]) -> dict[str, bytes]:
    """The files of the case's folder.

    Raises:
        InputError: ``escrow.too_few`` (facts found, needed), ``escrow.damaged``.
    """
    by_x = {share.x: share.value for share in shares}
    if len(by_x) < escrow.k:
        raise InputError("escrow.too_few", found=len(by_x), needed=escrow.k)
    key = combine(dict(list(by_x.items())[: escrow.k]))
    sealed = _binary(escrow.content)
    try:
        text = AESGCM(key).decrypt(sealed[:12], sealed[12:], _bound(escrow.case, bytes.fromhex(escrow.id)))
        files = {name: _binary(item) for name, item in msgspec.json.decode(text, type=dict[str, str]).items()}
    except (InvalidTag, ValueError, msgspec.DecodeError):
        raise InputError("escrow.damaged") from None
    return {name: data for name, data in files.items() if name in SECRET_FILES or name in PLAIN_FILES}


def restore(escrow: Escrow, shares: Sequence[HandedShare], home: Path, mirror: Path | None = None) -> Path:
    """Bring the keys, and from a second copy the record, into the folder of the case under ``home``; the folder.

    Files of the case (``blobs``) that were copied there before stay; nothing that is there is replaced.

    Raises:
        InputError: as :func:`open_escrow`; ``escrow.in_the_way`` where the folder has keys or a record of its own;
            ``entry.*``, ``record.*`` of a second copy that is not this case's.
    """
    files = open_escrow(escrow, shares)
    folder = home / folder_name(escrow.case)
    taken = [name for name in SECRET_FILES if (folder / name).exists()]
    if mirror is not None and (folder / "record.sqlite").exists():
        taken.append("record.sqlite")
    if taken:
        raise InputError("escrow.in_the_way", name=str(folder / taken[0]))
    folder.mkdir(parents=True, exist_ok=True)
    if mirror is not None:
        with Store.at(folder, escrow.case) as store:
            batch: list[bytes] = []
            for line in _lines(mirror):
                batch.append(line)
                if len(batch) >= _BATCH:
                    store.append(batch)
                    batch = []
            store.append(batch)
    for name, data in files.items():
        if name in SECRET_FILES:
            keystore.write_new(folder / name, data, keystore.Kind.HOST)
        elif not (folder / name).exists():
            (folder / name).write_bytes(data)
    return folder


def _lines(mirror: Path) -> Iterator[bytes]:
    """The entries of a second copy; a torn last line is left out."""
    with open(mirror, "rb") as file:
        while line := file.readline(ENTRY_LIMIT + 2):
            if line.endswith(b"\n"):
                yield line[:-1]


def _checked(escrow: Escrow, share: HandedShare) -> HandedShare:
    held = next((item for item in escrow.shares if item.x == share.x), None)
    right = held is not None and len(share.value) == SECRET_BYTES
    if not right or commitment(bytes.fromhex(escrow.id), KIND, share.x, share.value).hex() != held.commitment:  # type: ignore[union-attr]
        raise InputError("escrow.share_differs", place=share.x)
    return share


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InputError("escrow.malformed") from error


def _bound(case: str, identifier: bytes) -> bytes:
    return hashlib.sha256(b"bidroom escrow/1\0" + identifier + case.encode()).digest()
