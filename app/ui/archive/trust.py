"""Whom the viewer believes, and why: roots that came with the archive prove nothing until a person compared them."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.ca.signatures import describe, fingerprint
from app.ca.trust import TrustList, is_demo
from app.errors import BidroomError, InputError

PEM_LIMIT = 4 * 1024 * 1024


class Origin(StrEnum):
    """Where root certificates come from."""

    NONE = "none"
    OWN = "own"  # this user's own list
    CASE = "case"  # the case that this machine hosted
    COMPARED = "compared"  # a person compared the fingerprints
    REHEARSAL = "rehearsal"  # a rehearsal's, from beside it: they prove nobody's identity
    BESIDE = "beside"  # offered only: came along with the archive
    INSIDE = "inside"  # offered only: lies in the archive
    FILE = "file"  # offered only: a file that a person chose


class Root(msgspec.Struct, frozen=True):
    """A root certificate; ``fingerprint`` is the SHA-256 of its DER (hex)."""

    der: bytes
    name: str
    fingerprint: str
    until: datetime
    demo: bool

    @property
    def pem(self) -> bytes:
        return x509.load_der_x509_certificate(self.der).public_bytes(Encoding.PEM)


class Trust(msgspec.Struct, frozen=True):
    """Roots and their origin; ``place`` names the file or files."""

    origin: Origin
    roots: tuple[Root, ...] = ()
    place: str = ""

    @property
    def pem(self) -> bytes | None:
        """What the verifier is given; None for nothing."""
        return b"".join(root.pem for root in self.roots) or None


NOBODY = Trust(Origin.NONE)


def read_roots(pem: bytes, origin: Origin, place: str = "") -> Trust:
    """Roots of a PEM bundle or DER.

    Raises:
        InputError: ``trust.unreadable``, ``input.too_large``.
    """
    if len(pem) > PEM_LIMIT:
        raise InputError("input.too_large", limit=PEM_LIMIT)
    found = []
    for der in dict.fromkeys(TrustList([pem], demo=True).roots):
        about = describe(der)
        found.append(Root(der, about.holder, fingerprint(der), about.not_after, is_demo(der)))
    return Trust(origin, tuple(found), place)


def own_roots(folder: Path) -> Trust:
    """What this user trusts: every ``.pem`` in the folder; unreadable ones are left out."""
    roots: dict[str, Root] = {}
    names = []
    for path in sorted(folder.glob("*.pem")) if folder.is_dir() else ():
        found = _read(path, Origin.OWN)
        if found is not None:
            names.append(path.name)
            roots.update((root.fingerprint, root) for root in found.roots)
    return Trust(Origin.OWN, tuple(roots.values()), ", ".join(names)) if roots else NOBODY


def offered_roots(archive: Path, carried: bytes) -> Trust:
    """What came along with the archive: ``trust.pem`` beside it, else what lies in it."""
    beside = _read(archive.with_name("trust.pem"), Origin.BESIDE)
    if beside is not None and beside.roots:
        return beside
    try:
        inside = read_roots(carried, Origin.INSIDE) if carried else NOBODY
    except BidroomError:
        return NOBODY
    return inside if inside.roots else NOBODY


def trust_for(archive: Path, rehearsal: bool, own: Trust, offered: Trust, case_file: Path | None = None) -> Trust:
    """Whom to believe without asking anybody.

    A case that this machine hosted is judged by the roots that it was made with (``case_file``), any other by the
    user's own list. What came along is used in a rehearsal alone, and only where every root is marked as one's.
    """
    if rehearsal:
        all_demo = bool(offered.roots) and all(root.demo for root in offered.roots)
        return Trust(Origin.REHEARSAL, offered.roots, offered.place) if all_demo else NOBODY
    if case_file is not None:
        found = _read(case_file, Origin.CASE)
        if found is not None and found.roots:
            return found
    return own


def compared(chosen: tuple[Root, ...], own: Trust, place: str) -> Trust:
    """The roots whose fingerprints a person compared, and this user's own."""
    roots = {root.fingerprint: root for root in (*own.roots, *chosen)}
    return Trust(Origin.COMPARED, tuple(roots.values()), place)


def keep(root: Root, folder: Path) -> Path:
    """Put a root into this user's own list; InputError ``trust.demo_root`` for a rehearsal's, OSError of the disk."""
    if root.demo:
        raise InputError("trust.demo_root")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{root.fingerprint[:16]}.pem"
    path.write_bytes(root.pem)
    return path


def _read(path: Path, origin: Origin) -> Trust | None:
    try:
        with path.open("rb") as file:
            return read_roots(file.read(PEM_LIMIT + 1), origin, path.name)
    except (OSError, BidroomError):
        return None
