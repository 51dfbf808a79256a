"""The sealing kit (密封工具包): the signed file that says to whom suppliers seal their bids for one lot.

Every opener has accepted with the token's signature, over all of the kit's core, so nobody can be named an opener
unknown to himself, nor have another certificate put under his name. The officer signs the whole. A supplier sees the
holders' names before sealing, and a holder who is not chained to the trust list is refused.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

from app.ca.envelope_header import MAX_MUST, Hex32
from app.ca.envelope_plan import Recipient
from app.ca.shares import MAX_SHARES
from app.ca.signatures import describe, require_able, verify_signature
from app.ca.suite import SUITES, Suite, SuiteName, suite_for
from app.ca.token import Act, KeyHolder
from app.ca.trust import Status, Usage, Verdict
from app.canon import canonical, parse_canonical, sha256_hex
from app.clock import parse_stamp, stamp
from app.errors import InputError

ACCEPTANCE_DOMAIN: Final = b"bidroom sealing kit acceptance v1\x00"
KIT_DOMAIN: Final = b"bidroom sealing kit v1\x00"
MAX_KIT: Final = 1 << 20

_Text = Annotated[str, msgspec.Meta(max_length=256)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
_Certificate = Annotated[bytes, msgspec.Meta(min_length=1, max_length=16 * 1024)]
_Chain = Annotated[tuple[_Certificate, ...], msgspec.Meta(max_length=7)]

Trust = Callable[[bytes, tuple[bytes, ...], Usage], Verdict]
"""Judges a certificate (DER) with its chain for a usage: a trust list's ``validate`` at a fixed moment."""


class KitOpener(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One opener (开标人).

    Attributes:
        holder: the person's name.
        organisation: whom the person belongs to.
        party: the side, e.g. ``agency``, ``purchaser``, ``supervisor``; a kit needs two among its openers.
        encryption_certificate, signing_certificate: DER, of one token.
        chain: DER, intermediates of both, nearest first.
        must: the share is required besides the k of n.
        substitute_for: for the named substitute of a must opener: that one's place in the kit's list.
    """

    holder: _Name
    organisation: _Name
    party: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z_]{0,31}\Z")]
    encryption_certificate: _Certificate
    signing_certificate: _Certificate
    chain: _Chain = ()
    must: bool = False
    substitute_for: int | None = None


class KitCore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What openers accept and the officer signs.

    Attributes:
        suite: the algorithms of the bids: national when all openers hold SM2 certificates (docs/adr/0017-suites.md).
        case, project, lot: number of the case, name of the project (采购项目), lot (采购包).
        deadline: bids are received until then (:func:`app.clock.stamp`).
        notice_sha256: of the notice or tender document.
        k: openers needed besides those who must; 0 without an opener layer.
        supplier: bids have the supplier's own layer too.
        rehearsal: made for a rehearsal or demo.
        host_name, host_fingerprint: where bids are handed in; SHA-256 of the host's certificate.
    """

    v: Literal[1]
    suite: SuiteName
    case: _Name
    project: _Name
    lot: _Text
    deadline: _Name
    notice_sha256: Hex32
    k: Annotated[int, msgspec.Meta(ge=0, le=MAX_SHARES)]
    supplier: bool
    openers: Annotated[tuple[KitOpener, ...], msgspec.Meta(max_length=MAX_SHARES + 2 * MAX_MUST)]
    rehearsal: bool
    host_name: _Name
    host_fingerprint: Hex32


class Acceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An opener's signature over the core: ``place`` in the list of openers, signature of its signing certificate."""

    place: int
    signature: bytes


class SealingKit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A complete kit; see :func:`verify` before using it.

    Attributes:
        acceptances: one per opener, in their order.
        officer_certificate, officer_chain, signature: the officer's (主持人), over core and acceptances.
    """

    core: KitCore
    acceptances: tuple[Acceptance, ...]
    officer_certificate: _Certificate
    officer_chain: _Chain
    signature: bytes

    def to_bytes(self) -> bytes:
        """Canonical JSON, bytes in base64: the file."""
        return canonical(msgspec.to_builtins(self))

    @property
    def sha256(self) -> str:
        """Hex digest of the file, in every bid's context."""
        return sha256_hex(self.to_bytes())

    @property
    def suite(self) -> Suite:
        """The algorithms of a bid sealed with this kit."""
        return SUITES[self.core.suite]

    @property
    def context(self) -> dict[str, str]:
        """The context of a bid sealed with this kit."""
        core = self.core
        return {"case": core.case, "lot": core.lot, "deadline": core.deadline, "kit_sha256": self.sha256}

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """The openers as :func:`app.ca.envelope.seal` takes them."""
        openers = self.core.openers
        substitutes = {opener.substitute_for: opener.encryption_certificate for opener in openers}
        return tuple(
            Recipient(opener.encryption_certificate, opener.must, substitutes.get(place) if opener.must else None)
            for place, opener in enumerate(openers)
            if opener.substitute_for is None
        )


class KitVerdicts(msgspec.Struct, frozen=True):
    """What the trust list said, none of it failed.

    Attributes:
        officer: of the officer's certificate.
        openers: of each opener's signing and encryption certificate.
    """

    officer: Verdict
    openers: tuple[tuple[Verdict, Verdict], ...]

    @property
    def status(self) -> Status:
        """Passed only if every verdict is."""
        statuses = {self.officer.status, *(verdict.status for pair in self.openers for verdict in pair)}
        return Status.PASSED if statuses == {Status.PASSED} else Status.COULD_NOT_TELL


def build_core(
    *,
    case: str,
    project: str,
    lot: str,
    deadline: datetime,
    notice_sha256: str,
    k: int,
    supplier: bool,
    openers: Sequence[KitOpener],
    rehearsal: bool,
    host_name: str,
    host_fingerprint: str,
) -> KitCore:
    """The core, checked.

    Raises:
        InputError: ``kit.malformed`` (a value out of bounds), ``kit.policy`` (k, n, must do not fit),
            ``kit.one_party`` (all openers of one side), ``kit.one_party_can_open`` (without a supplier's layer one side
            alone could open), ``kit.duplicate_opener``, ``kit.name_differs`` and ``kit.certificate_usage`` (fact
            holder), ``certificate.*``.
    """
    core = KitCore(
        v=1,
        suite=suite_for(opener.encryption_certificate for opener in openers).name,
        case=case,
        project=project,
        lot=lot,
        deadline=stamp(deadline),
        notice_sha256=notice_sha256,
        k=k,
        supplier=supplier,
        openers=tuple(openers),
        rehearsal=rehearsal,
        host_name=host_name,
        host_fingerprint=host_fingerprint,
    )
    try:
        msgspec.convert(msgspec.to_builtins(core), KitCore)
    except msgspec.ValidationError:
        raise InputError("kit.malformed") from None
    _require_sound(core)
    return core


async def accept(core: KitCore, key: KeyHolder) -> Acceptance:
    """An opener's token says: I hold a share of these bids, on these terms, among these people.

    Raises:
        InputError: ``kit.not_opener``, ``token.*``.
    """
    mine = (key.signing_certificate, key.encryption_certificate)
    for place, opener in enumerate(core.openers):
        if (opener.signing_certificate, opener.encryption_certificate) == mine:
            act = Act("accept_opener", {"case": core.case, "project": core.project, "lot": core.lot})
            return Acceptance(place, await key.sign(_accepted_bytes(core), act))
    raise InputError("kit.not_opener")


async def assemble(core: KitCore, acceptances: Iterable[Acceptance], officer: KeyHolder) -> SealingKit:
    """Put the acceptances together and sign as officer.

    Raises:
        InputError: ``kit.not_accepted`` (fact holder: the first whose valid acceptance is missing), ``token.*``.
    """
    ordered = tuple(sorted(acceptances, key=lambda acceptance: acceptance.place))
    _require_accepted(core, ordered)
    act = Act("sign_sealing_kit", {"case": core.case, "project": core.project, "lot": core.lot})
    return SealingKit(
        core=core,
        acceptances=ordered,
        officer_certificate=officer.signing_certificate,
        officer_chain=officer.chain,
        signature=await officer.sign(_kit_bytes(core, ordered), act),
    )


def parse(data: bytes) -> SealingKit:
    """Read a kit; nothing in it is verified yet.

    Raises:
        InputError: ``kit.malformed``, ``kit.suite_unsupported``.
    """
    try:
        value = parse_canonical(data, MAX_KIT)
        _require_suite(value)
        kit = msgspec.convert(value, SealingKit)
        if kit.to_bytes() != data or stamp(parse_stamp(kit.core.deadline)) != kit.core.deadline:
            raise InputError("kit.malformed")
    except InputError as error:
        if error.code == "kit.suite_unsupported":
            raise
        raise InputError("kit.malformed") from None
    except (msgspec.ValidationError, ValueError, OverflowError):
        raise InputError("kit.malformed") from None
    return kit


def verify(kit: SealingKit, trust: Trust) -> KitVerdicts:
    """Check policy, acceptances and the officer's signature, and ask ``trust`` about every certificate.

    Raises:
        InputError: ``kit.not_signed``, ``kit.not_accepted`` (fact holder), ``kit.untrusted`` (facts holder, why),
            ``sm2.unavailable`` (this machine cannot check it), the codes of :func:`build_core`.
    """
    core = kit.core
    for certificate in (kit.officer_certificate, *(opener.signing_certificate for opener in core.openers)):
        require_able(certificate)
    _require_sound(core)
    _require_accepted(core, kit.acceptances)
    if not verify_signature(kit.officer_certificate, _kit_bytes(core, kit.acceptances), kit.signature):
        raise InputError("kit.not_signed")
    officer = trust(kit.officer_certificate, kit.officer_chain, "sign")
    _require_not_failed(officer, describe(kit.officer_certificate).holder)
    verdicts = []
    for opener in core.openers:
        signing = trust(opener.signing_certificate, opener.chain, "sign")
        encryption = trust(opener.encryption_certificate, opener.chain, "decrypt")
        for verdict in (signing, encryption):
            _require_not_failed(verdict, opener.holder)
        verdicts.append((signing, encryption))
    return KitVerdicts(officer, tuple(verdicts))


def _require_not_failed(verdict: Verdict, holder: str) -> None:
    if verdict.status is Status.FAILED:
        parts = (verdict.chain, verdict.validity, verdict.usage, verdict.revocation)
        why = next(part.code for part in parts if part.status is Status.FAILED)
        raise InputError("kit.untrusted", holder=holder, why=why)


def _accepted_bytes(core: KitCore) -> bytes:
    return ACCEPTANCE_DOMAIN + canonical(msgspec.to_builtins(core))


def _kit_bytes(core: KitCore, acceptances: tuple[Acceptance, ...]) -> bytes:
    return KIT_DOMAIN + canonical({"core": msgspec.to_builtins(core), "acceptances": msgspec.to_builtins(acceptances)})


def _require_suite(value: object) -> None:
    core = value.get("core") if isinstance(value, dict) else None
    if isinstance(core, dict) and isinstance(core.get("suite"), str) and core["suite"] not in SUITES:
        raise InputError("kit.suite_unsupported", suite=core["suite"][:32])


def _require_accepted(core: KitCore, acceptances: tuple[Acceptance, ...]) -> None:
    by_place = {acceptance.place: acceptance for acceptance in acceptances}
    data = _accepted_bytes(core)
    for place, opener in enumerate(core.openers):
        given = by_place.get(place)
        if given is None or not verify_signature(opener.signing_certificate, data, given.signature):
            raise InputError("kit.not_accepted", holder=opener.holder)
    if [acceptance.place for acceptance in acceptances] != list(range(len(core.openers))):
        raise InputError("kit.malformed")


def _require_sound(core: KitCore) -> None:
    openers = core.openers
    held = [opener for opener in openers if not opener.must and opener.substitute_for is None]
    musts = [place for place, opener in enumerate(openers) if opener.must and opener.substitute_for is None]
    substituted = [opener.substitute_for for opener in openers if opener.substitute_for is not None]
    fits = (core.k == 0 and not held) or 1 <= core.k <= len(held) <= MAX_SHARES
    stand_ins_fit = set(substituted) <= set(musts) and len(set(substituted)) == len(substituted)
    if not fits or not stand_ins_fit or len(musts) > MAX_MUST or not (held or core.supplier):
        raise InputError("kit.policy", k=core.k, n=len(held), must=len(musts), supplier=core.supplier)
    certificates = [opener.encryption_certificate for opener in openers]
    if len(set(certificates)) != len(certificates):
        raise InputError("kit.duplicate_opener")
    parties = {opener.party for opener in openers}
    if held and len(parties) < 2:
        raise InputError("kit.one_party", party=next(iter(parties)))
    if not core.supplier:
        for party in sorted(parties):
            if _can_open_alone(core, party, musts):
                raise InputError("kit.one_party_can_open", party=party)
    for opener in openers:
        _require_certificates(opener)


def _can_open_alone(core: KitCore, party: str, musts: list[int]) -> bool:
    own = [(place, opener) for place, opener in enumerate(core.openers) if opener.party == party]
    shares = sum(not opener.must and opener.substitute_for is None for _, opener in own)
    reached = {opener.substitute_for if opener.substitute_for is not None else place for place, opener in own}
    return shares >= core.k and set(musts) <= reached


def _require_certificates(opener: KitOpener) -> None:
    signing, encryption = describe(opener.signing_certificate), describe(opener.encryption_certificate)
    if not signing.signs or not encryption.decrypts:
        raise InputError("kit.certificate_usage", holder=opener.holder)
    # A personal token names its holder, an organisation's token the organisation.
    for certificate in (signing, encryption):
        if certificate.holder not in {opener.holder, opener.organisation}:
            raise InputError("kit.name_differs", holder=opener.holder, certificate=certificate.holder)
