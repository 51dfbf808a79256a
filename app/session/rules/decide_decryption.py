"""Decisions about decryption 解密: releases, what opened, what failed and by whose fault (20号令 art. 30-31)."""

from collections.abc import Iterable
from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_opening as ev
from app.errors import InputError
from app.session.rules.attendance import attending, own_bid, speaker_of
from app.session.rules.checks import text
from app.session.rules.decide import (
    ELAPSED,
    WAITING,
    Events,
    Waiting,
    decides,
    open_window,
)
from app.session.rules.effects import Effect, OpenBackup, OpenBid, due_when
from app.session.rules.events_case import WindowClosed
from app.session.rules.people import HOST, Role
from app.session.rules.state import Bid, State

ATTRIBUTIONS = ("supplier", "platform", "ruled")


def required_openers(state: State) -> tuple[str, ...]:
    """Holders who may release: those who accepted the kit."""
    return tuple(p for p in state.kit_openers if p not in state.replaced)


def shares_complete(state: State, bid: Bid) -> bool:
    """Whether the policy's layers are all released for a bid: supplier key, k openers, and the *must* holder."""
    policy = state.the_lot().opening_policy
    if policy.layers != "openers" and not bid.supplier_share:
        return False
    if policy.layers == "supplier":
        return True
    plain = [p for p in bid.shares if state.has_role(p, Role.OPENER)]
    must = [p for p in bid.shares if state.has_role(p, Role.SUPERVISOR)]
    needs_must = policy.must is not None and any(state.has_role(p, Role.SUPERVISOR) for p in state.kit_openers)
    return len(plain) >= policy.k and (bool(must) or not needs_must)


def _check_release(state: State, bid: Bid | None) -> Bid:
    """The release rules of DESIGN §5: receipted here, current, in phase decrypting, not yet settled."""
    if bid is None or bid.withdrawn or bid.seal == "excluded":
        raise InputError("release.not_receipted")
    if bid.seal not in ("confirmed", "default"):
        raise InputError("release.seal_open")
    if bid.settled or bid.backup_admitted:
        raise InputError("release.settled")
    return bid


@decides(cmd.ReleaseShare, by=("opener", "supervisor"), during=("decrypting",))
def _(state: State, actor: str, command: cmd.ReleaseShare, now: datetime) -> Events:
    if command.header_sha256 in state.superseded:
        raise InputError("release.superseded")
    if actor not in state.kit_openers:
        raise InputError("release.not_holder")
    found = next((b for b in state.bids.values() if b.header_sha256 == command.header_sha256), None)
    bid = _check_release(state, found)
    if actor in bid.shares:
        raise InputError("release.again")
    return [
        ev.ShareReleased(
            header_sha256=command.header_sha256,
            commitment=command.commitment,
            share_sha256=command.share_sha256,
            grave=command.grave,
        )
    ]


@decides(cmd.ReleaseSupplierKey, by=("supplier",), during=("decrypting",))
def _(state: State, actor: str, command: cmd.ReleaseSupplierKey, now: datetime) -> Events:
    bid = _check_release(state, state.bids.get(state.supplier_of(actor)))
    if command.header_sha256 != bid.header_sha256:
        raise InputError("release.superseded")
    if bid.supplier_share and not bid.failure:
        raise InputError("release.again")
    if command.recovered and not bid.recovery:
        raise InputError("release.recovery_unannounced")
    return [
        ev.SupplierKeyReleased(
            supplier=bid.supplier,
            header_sha256=command.header_sha256,
            commitment=command.commitment,
            share_sha256=command.share_sha256,
            grave=command.grave,
            recovered=command.recovered,
        )
    ]


@decides(cmd.ReportTrouble, by=("supplier",), during=("decrypting",))
def _(state: State, actor: str, command: cmd.ReportTrouble, now: datetime) -> Events:
    bid = own_bid(state, actor)
    if len(command.telemetry) > 20 or any(len(k) + len(v) > 300 for k, v in command.telemetry.items()):
        raise InputError("refused.text", limit=300)
    troubled = ev.DecryptionTroubled(supplier=bid.supplier, cause=command.cause[:80], telemetry=command.telemetry)
    return [troubled]


@due_when
def _(state: State) -> Iterable[Effect]:
    if state.phase != "decrypting":
        return
    for supplier in state.valid_bids():
        bid = state.bids[supplier]
        if not bid.settled and not bid.failure and shares_complete(state, bid):
            yield OpenBid(supplier)


@decides(cmd.ReportBidOpened, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportBidOpened, now: datetime) -> Events:
    bid = state.bids.get(command.supplier)
    if bid is None or bid.settled or bid.header_sha256 != command.header_sha256:
        return []
    opened = ev.BidOpened(
        supplier=command.supplier,
        header_sha256=command.header_sha256,
        manifest_sha256=command.manifest_sha256,
        documents=command.documents,
    )
    window = _backup_window(state, command.supplier)
    return [opened, *([WindowClosed(window=window, elapsed=False)] if window else [])]


@decides(cmd.ReportBidFailed, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportBidFailed, now: datetime) -> Events:
    return [ev.DecryptionFailed(supplier=command.supplier, cause=command.cause, telemetry=command.telemetry)]


@decides(cmd.AttributeFailure, by=("officer",), during=("decrypting",))
def _(state: State, actor: str, command: cmd.AttributeFailure, now: datetime) -> Events:
    bid = state.bids.get(command.supplier)
    if bid is None or bid.settled or command.attribution not in ATTRIBUTIONS:
        raise InputError("refused.no_request", request=command.supplier)
    if not bid.failure and state.window_open("decrypting"):
        raise InputError("refused.window_runs")
    attributed = ev.FailureAttributed(
        supplier=command.supplier, attribution=command.attribution, reason=text(command.reason)
    )
    window = _backup_window(state, command.supplier)
    return [attributed, *([WindowClosed(window=window, elapsed=False)] if window else [])]


# --- the backup bid 备用文件 ---

BACKUP = "backup"


def _backup_window(state: State, supplier: str) -> str:
    """The clock that runs for a supplier's backup, or empty."""
    name = f"{BACKUP}:{supplier}"
    return name if state.window_open(name) else ""


@decides(cmd.AdmitBackup, by=("officer",), during=("decrypting",))
def _(state: State, actor: str, command: cmd.AdmitBackup, now: datetime) -> Events:
    """Only what was committed to before the deadline, and only where the failure is not the supplier's own."""
    bid = state.bids.get(command.supplier)
    if bid is None or bid.withdrawn or bid.opened or bid.backup_admitted or not bid.backup:
        raise InputError("backup.none_announced")
    if bid.attribution not in ("platform", "ruled"):
        raise InputError("backup.not_attributed")
    admitted = ev.BackupAdmitted(supplier=command.supplier, reason=text(command.reason))
    return [admitted, open_window(state, f"{BACKUP}:{command.supplier}", "decrypt", now)]


@decides(cmd.HandInBackup, by=("supplier",), during=("decrypting",))
def _(state: State, actor: str, command: cmd.HandInBackup, now: datetime) -> Events:
    bid = own_bid(state, actor)
    if not bid.backup_admitted or bid.opened:
        raise InputError("backup.not_admitted")
    if bid.backup_sha256:
        raise InputError("backup.again")
    return [ev.BackupHandedIn(supplier=bid.supplier, backup_sha256=command.backup_sha256)]


@due_when
def _(state: State) -> Iterable[Effect]:
    if state.phase == "decrypting":
        for supplier, bid in state.bids.items():
            if bid.backup_sha256 and not bid.opened:
                yield OpenBackup(supplier)


def _backup_elapsed(state: State, name: str, now: datetime) -> Events:
    """No backup in time: the failure stays attributed as it was."""
    bid = state.bids.get(name.partition(":")[2])
    if bid is None or bid.opened or bid.backup_sha256 or not bid.backup_admitted:
        return []
    attributed = ev.FailureAttributed(supplier=bid.supplier, attribution=bid.attribution, reason=bid.attribution_reason)
    return [attributed]


ELAPSED[BACKUP] = _backup_elapsed


def _decrypting_waiting(state: State) -> Iterable[Waiting]:
    policy = state.the_lot().opening_policy
    for supplier in state.valid_bids():
        bid = state.bids[supplier]
        if bid.settled:
            continue
        if bid.backup_admitted and _backup_window(state, supplier):
            handed_in = bool(bid.backup_sha256)
            who = HOST if handed_in else speaker_of(state, supplier)
            yield Waiting(who, "report_bid_opened" if handed_in else "hand_in_backup")
            continue
        if bid.failure:
            yield Waiting(state.with_role(Role.OFFICER)[0], "attribute_failure")
            continue
        if policy.layers != "openers" and not bid.supplier_share:
            yield Waiting(speaker_of(state, supplier), "release_supplier_key")
        if shares_complete(state, bid):
            yield Waiting(HOST, "report_bid_opened")
        elif policy.layers != "supplier":
            for holder in required_openers(state):
                if holder not in bid.shares and _still_needed(state, bid, holder):
                    yield Waiting(holder, "release_share")


def _still_needed(state: State, bid: Bid, holder: str) -> bool:
    if state.has_role(holder, Role.SUPERVISOR):
        return not any(state.has_role(p, Role.SUPERVISOR) for p in bid.shares)
    plain = sum(state.has_role(p, Role.OPENER) for p in bid.shares)
    return plain < state.the_lot().opening_policy.k


WAITING["decrypting"] = _decrypting_waiting


def _decrypting_elapsed(state: State, name: str, now: datetime) -> Events:
    """Time is up: who did not release in time failed; the officer attributes it with a reason."""
    events: Events = []
    for supplier in state.valid_bids():
        bid = state.bids[supplier]
        if bid.settled or bid.failure or shares_complete(state, bid):
            continue
        missing_key = state.the_lot().opening_policy.layers != "openers" and not bid.supplier_share
        cause = "decryption.supplier_silent" if missing_key else "decryption.opener_silent"
        if missing_key and not attending(state, supplier):
            cause = "decryption.supplier_absent"
        telemetry = {"trouble": bid.trouble} if bid.trouble else {}
        events.append(ev.DecryptionFailed(supplier=supplier, cause=cause, telemetry=telemetry))
    return events


ELAPSED["decrypting"] = _decrypting_elapsed
