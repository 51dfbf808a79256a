"""Verifying the seals in an OFD document (GB/T 33190, 18; GB/T 38540): every signature's three verdicts.

A signature lists the files that it covers with the SM3 of each, in a ``Signature.xml``; the seal signature is over that
list. **What no signature lists is not signed**, however the reader shows it: here a signature holds only when it covers
every file of the package, apart from the signatures' own, which have their own protection.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element

import msgspec

from app.ca import sm2
from app.ca.ofd_package import NAMESPACE, Package, resolve
from app.ca.ses import MAX_SIGNATURE, SM2_WITH_SM3, SM3, read_signature
from app.ca.ses_verifier import SealSignatureVerdict, verify_signature_with_seal
from app.ca.trust import Part, Status, TrustList
from app.errors import InputError

ROOT: Final = "OFD.xml"
_SEQUENCE: Final = b"\x30"
MAX_SIGNATURES: Final = 100
_MAX_REFERENCES: Final = 20_000


class OfdSignatureVerdict(msgspec.Struct, frozen=True):
    """One signature in an OFD document.

    Attributes:
        place: its Signature.xml. holder, seal_name: names in the signer's certificate and of the seal; may be empty.
        claimed_time: aware UTC, or None where the signature cannot be read.
        integrity: all files are listed and unchanged; seal and signature are unchanged.
        identity, time: as in :class:`~app.ca.ses_verifier.SealSignatureVerdict`, which ``signature`` is where it
            could be read.
        uncovered: files of the package that it does not list.
    """

    place: str
    holder: str
    seal_name: str
    claimed_time: datetime | None
    integrity: Part
    identity: Part
    time: Part
    uncovered: tuple[str, ...] = ()
    signature: SealSignatureVerdict | None = None


class OfdVerdict(msgspec.Struct, frozen=True):
    """An OFD document: the package as a whole, and its signatures in the order of their list."""

    document: Part
    signatures: tuple[OfdSignatureVerdict, ...] = ()

    @property
    def intact(self) -> bool:
        """The package and every signature's integrity passed; says nothing about who signed or when."""
        parts = [self.document, *(one.integrity for one in self.signatures)]
        return all(part.status is Status.PASSED for part in parts)


class _Listed(msgspec.Struct, frozen=True):
    """A signature as the list of signatures names it, with the files that are its own."""

    place: str
    kind: str
    value: str = ""
    seal: str = ""
    problem: str = ""


def verify(ofd: bytes, trust: TrustList, at: datetime) -> OfdVerdict:
    """The verdict on a document.

    Args:
        trust: whom to believe; it must know the authorities between roots and holders, which no file carries.
        at: the moment for which certificates are judged where no time stamp proves another, aware.
    """
    try:
        package = Package(ofd)
        lists = _lists(package)
        listed = [one for path in lists for one in _listed(package, path)]
    except InputError as error:
        return OfdVerdict(Part(Status.FAILED, error.code, str(error.facts.get("name", ""))))
    except Exception:
        return OfdVerdict(Part(Status.FAILED, "ofd.unreadable"))
    if not listed:
        return OfdVerdict(Part(Status.FAILED, "ofd.unsigned"))
    if len(listed) > MAX_SIGNATURES or len({one.place for one in listed}) != len(listed):
        return OfdVerdict(Part(Status.FAILED, "ofd.unreadable"))
    own = {*lists}
    for one in listed:
        own.update(() if one.problem else (one.place, one.value, one.seal))
    digests: dict[str, bytes] = {}
    signatures = tuple(_judge(package, one, own, digests, trust, at) for one in listed)
    return OfdVerdict(Part(Status.PASSED, "ofd.ok"), signatures)


def _lists(package: Package) -> list[str]:
    """The lists of signatures, one for each document in the package that has any."""
    root = package.tree(ROOT)
    bodies = _all(root, "DocBody")
    if root.tag != _name("OFD") or not bodies:
        raise InputError("ofd.unreadable")
    found = [resolve(_text(one), ROOT) for body in bodies for one in _all(body, "Signatures")]
    if len(set(found)) != len(found):
        raise InputError("ofd.unreadable")
    return found


def _listed(package: Package, path: str) -> list[_Listed]:
    root = package.tree(path)
    if root.tag != _name("Signatures"):
        raise InputError("ofd.unreadable")
    return [_own_files(package, one, path) for one in _all(root, "Signature")]


def _own_files(package: Package, entry: Element, path: str) -> _Listed:
    """What belongs to a signature, as far as it is what it should be: nobody gets a page past the others' list by
    calling it the value of a signature."""
    place, kind = resolve(entry.get("BaseLoc", ""), path), entry.get("Type", "Seal")
    try:
        root = package.tree(place)
        info = _one(root, "SignedInfo")
        value = resolve(_text(_one(root, "SignedValue")), place)
        seals = _all(info, "Seal")
        seal = resolve(_text(_one(seals[0], "BaseLoc")), place) if seals else ""
        if root.tag != _name("Signature") or len(seals) > 1:
            raise InputError("ofd.unreadable")
        for file in filter(None, (value, seal)):
            if package.read(file, MAX_SIGNATURE)[:1] != _SEQUENCE:
                raise InputError("ofd.unreadable")
    except InputError as error:
        return _Listed(place, kind, problem=error.code)
    return _Listed(place, kind, value, seal)


def _judge(
    package: Package,
    listed: _Listed,
    own: set[str],
    digests: dict[str, bytes],
    trust: TrustList,
    at: datetime,
) -> OfdSignatureVerdict:
    if listed.problem:
        return _failed(listed, listed.problem)
    if listed.kind != "Seal":  # a signature without a seal; its container is each maker's own
        unknown = Part(Status.COULD_NOT_TELL, "ofd.other_kind", listed.kind[:40])
        return OfdSignatureVerdict(listed.place, "", "", None, unknown, unknown, unknown)
    try:
        list_xml = package.read(listed.place)
        covered, problem = _references(package, listed, digests)
        signature = read_signature(package.read(listed.value, MAX_SIGNATURE))
        if listed.seal and package.read(listed.seal, MAX_SIGNATURE) != signature.seal.der:
            problem = problem or Part(Status.FAILED, "ofd.other_seal", listed.seal)
        verdict = verify_signature_with_seal(signature, list_xml, trust, at)
    except InputError as error:
        return _failed(listed, error.code, str(error.facts.get("reason") or error.facts.get("name") or ""))
    except Exception:
        return _failed(listed, "signature.unreadable")
    uncovered = tuple(name for name in package.names if name not in covered and name not in own)
    if problem is None and uncovered:
        problem = Part(Status.FAILED, "ofd.not_covered", uncovered[0])
    return OfdSignatureVerdict(
        place=listed.place,
        holder=verdict.holder,
        seal_name=verdict.seal.name,
        claimed_time=verdict.claimed_time,
        integrity=problem or verdict.integrity,
        identity=verdict.identity,
        time=verdict.time,
        uncovered=uncovered,
        signature=verdict,
    )


def _references(package: Package, listed: _Listed, digests: dict[str, bytes]) -> tuple[frozenset[str], Part | None]:
    """The files that a signature lists, and what is wrong with the first that is not as it was."""
    info = _one(package.tree(listed.place), "SignedInfo")
    method, references = _all(info, "SignatureMethod"), _one(info, "References")
    problem: Part | None = None
    if [_text(one) for one in method] not in ([], [SM2_WITH_SM3]):
        problem = Part(Status.FAILED, "signature.algorithm", _text(method[0])[:40])
    if references.get("CheckMethod", "").strip().upper() not in ("SM3", SM3):
        problem = Part(Status.FAILED, "signature.algorithm", references.get("CheckMethod", "")[:40])
    entries = _all(references, "Reference")
    if not 0 < len(entries) <= _MAX_REFERENCES:
        raise InputError("ofd.unreadable")
    covered: set[str] = set()
    for entry in entries:
        name = resolve(entry.get("FileRef", ""), listed.place)
        if name in covered:
            raise InputError("ofd.unreadable")
        covered.add(name)
        if name not in package.names:
            problem = problem or Part(Status.FAILED, "ofd.missing", name)
            continue
        if name not in digests:
            digests[name] = sm2.sm3(package.read(name))
        if not hmac.compare_digest(digests[name], _base64(_text(_one(entry, "CheckValue")))):
            problem = problem or Part(Status.FAILED, "signature.content_changed", name)
    return frozenset(covered), problem


def _failed(listed: _Listed, code: str, about: str = "") -> OfdSignatureVerdict:
    failed = Part(Status.FAILED, code, about)
    return OfdSignatureVerdict(listed.place, "", "", None, failed, failed, failed)


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InputError("ofd.unreadable") from None


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"


def _all(element: Element, local: str) -> Sequence[Element]:
    return element.findall(_name(local))


def _one(element: Element, local: str) -> Element:
    found = _all(element, local)
    if len(found) != 1:
        raise InputError("ofd.unreadable")
    return found[0]


def _text(element: Element) -> str:
    return (element.text or "").strip()
