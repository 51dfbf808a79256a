"""Whom this user trusts, and what follows for a sealing kit: the list is the user's own, never the kit's."""

from pathlib import Path

from app.ca.sealing_kit import SealingKit
from app.ca.sealing_kit import verify as verify_kit
from app.ca.signatures import describe
from app.ca.trust import Status, TrustList, Verdict
from app.clock import Clock, parse_stamp
from app.errors import InputError
from app.settings import data_dir
from app.ui.bids.models import HolderView, KitView
from app.ui.program.pick import read_small


def trust_folder() -> Path:
    """Where this user keeps the certificates (PEM) of the authorities it trusts, and revocation lists (``.crl``)."""
    return data_dir() / "trust"


def own_trust(*, rehearsal: bool) -> TrustList:
    """The trust list of this user.

    Raises:
        InputError: ``trust.none`` when there is nothing in the folder; ``trust.*``.
    """
    folder = trust_folder()
    roots = [read_small(path) for path in sorted(folder.glob("*.pem"))] if folder.is_dir() else []
    if not roots:
        raise InputError("trust.none")
    crls = [read_small(path) for path in sorted(folder.glob("*.crl"))]
    return TrustList(roots, crls, demo=rehearsal)


def trusted(verdict: Verdict) -> bool | None:
    """Chained, in its dates, for this usage, and not revoked as far as is known; None when the chain cannot be told."""
    told = {part.status for part in (verdict.chain, verdict.validity, verdict.usage)}
    if Status.FAILED in told or verdict.revocation.status is Status.FAILED:
        return False
    return True if told == {Status.PASSED} else None


def kit_view(kit: SealingKit, trust: TrustList, clock: Clock) -> KitView:
    """A kit as the wizard shows it.

    Raises:
        InputError: ``kit.*``.
    """
    now = clock.now()
    verdicts = verify_kit(kit, lambda der, chain, usage: trust.validate(der, chain, now, usage))
    holders = []
    for opener, pair in zip(kit.core.openers, verdicts.openers, strict=True):
        both = {trusted(verdict) for verdict in pair}
        state = False if False in both else True if both == {True} else None
        holders.append(
            HolderView(
                name=opener.holder, organisation=opener.organisation, party=opener.party, trusted=state,
                must=opener.must, substitute=opener.substitute_for is not None,
            )
        )  # fmt: skip
    core = kit.core
    return KitView(
        project=core.project, number=core.case, lot=core.lot, deadline=parse_stamp(core.deadline),
        holders=tuple(holders), k=core.k, supplier_layer=core.supplier,
        issued_by=describe(kit.officer_certificate).holder, signature_ok=trusted(verdicts.officer) is True,
        host=core.host_name, rehearsal=core.rehearsal, sha256=kit.sha256, notice_sha256=core.notice_sha256,
    )  # fmt: skip
