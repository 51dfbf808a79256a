"""Sealed sets: quotes and sheets are envelopes to k of the members, opened all together (DESIGN §3)."""

from collections.abc import Iterable
from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_evaluation as ev
from app.errors import InputError
from app.session.rules.decide import Events, Waiting, decides, require_counts
from app.session.rules.effects import Effect, OpenSealed, due_when
from app.session.rules.evaluation import majority, require_member
from app.session.rules.state import SealedSet, State

QUOTE = "quote"
SHEET = "sheet"
PURPOSE = {"quoting": QUOTE, "scoring": SHEET}
"""What is sealed in which phase."""


def sealed_set(state: State, purpose: str) -> SealedSet:
    """The set of a purpose; empty before its phase."""
    return state.sealed.get(purpose, SealedSet())


def fix_holders(state: State, purpose: str) -> Events:
    """Seal to more than half of the committee: every member that has a certificate to seal to holds a share.

    Raises:
        InputError: ``gate.too_few_holders``.
    """
    members = state.members()
    needed = majority(len(members))
    signed_in = {person: state.signed_in[person] for person in members if person in state.signed_in}
    holders = {
        # suppliers seal quotes, and must not learn from a certificate who sits on the committee
        person: (item.blind_certificate if purpose == QUOTE else "") or item.encryption_certificate
        for person, item in signed_in.items()
        if item.encryption_certificate
    }
    if len(holders) < needed:
        raise InputError("gate.too_few_holders", purpose=purpose, found=len(holders), needed=needed)
    return [ev.HoldersFixed(purpose=purpose, k=needed, holders=holders)]


def openable_by_members(state: State, purpose: str) -> bool:
    """Whether enough holders still sit on the committee; if not, holders are fixed anew and all seal again."""
    found = sealed_set(state, purpose)
    return found.k > 0 and sum(person in state.members() for person in found.holders) >= found.k


def pending(state: State, purpose: str) -> dict[str, str]:
    """Envelopes that are still to be opened: header digest → owner."""
    found = sealed_set(state, purpose)
    if purpose == SHEET:
        owners = [member for member in state.members() if member not in state.sheets]
    else:
        owners = [] if found.opened else list(state.continuing())
    return {found.envelopes[owner].header_sha256: owner for owner in owners if owner in found.envelopes}


def all_in(state: State, purpose: str) -> bool:
    """Nothing more can come: every member's sheet is in; the quotes' clock has ended or every supplier has quoted."""
    found = sealed_set(state, purpose)
    if purpose == SHEET:
        return bool(state.members()) and all(m in found.envelopes or m in state.sheets for m in state.members())
    return found.k > 0 and not state.window_open("quoting")


def released_by(state: State, purpose: str) -> tuple[str, ...]:
    """Holders that have released their share of every envelope that is to be opened."""
    headers = pending(state, purpose).keys()
    return tuple(p for p, shares in sealed_set(state, purpose).released.items() if headers <= shares.keys())


def check_openable(state: State, purpose: str) -> None:
    """Raise InputError while the envelopes may not be opened: ``release.not_all_in``, ``gate.minimum_count``."""
    if not all_in(state, purpose) or not pending(state, purpose):
        raise InputError("release.not_all_in", purpose=purpose)
    if purpose == QUOTE:
        require_counts(state, "low_price")


def to_open(state: State, purpose: str) -> bool:
    """Whether the host can and may open all envelopes of a purpose now."""
    try:
        check_openable(state, purpose)
    except InputError:
        return False
    return len(released_by(state, purpose)) >= sealed_set(state, purpose).k


def releasing(state: State, purpose: str) -> Iterable[Waiting]:
    """Holders that are waited for."""
    try:
        check_openable(state, purpose)
    except InputError:
        return
    done = released_by(state, purpose)
    if len(done) >= sealed_set(state, purpose).k:
        yield Waiting("host", "report_quotes" if purpose == QUOTE else "report_sheets")
        return
    for person in sealed_set(state, purpose).holders:
        if person in state.members() and person not in done:
            yield Waiting(person, "release_sealed")


@decides(cmd.ReleaseSealed, by=("member",), during=("quoting", "scoring"))
def _(state: State, actor: str, command: cmd.ReleaseSealed, now: datetime) -> Events:
    if command.purpose != PURPOSE[state.phase]:
        raise InputError("release.purpose", purpose=command.purpose)
    require_member(state, actor)
    if actor not in sealed_set(state, command.purpose).holders:
        raise InputError("release.not_holder")
    check_openable(state, command.purpose)
    if command.shares.keys() != pending(state, command.purpose).keys():
        raise InputError("release.other_envelopes", purpose=command.purpose)
    if actor in released_by(state, command.purpose):
        raise InputError("release.again")
    return [ev.SealedShareReleased(purpose=command.purpose, shares=command.shares, grave=command.grave)]


@due_when
def _(state: State) -> Iterable[Effect]:
    purpose = PURPOSE.get(state.phase)
    if purpose is not None and to_open(state, purpose):
        yield OpenSealed(purpose)
