"""What a desk does for its person beyond a click: acts that need the token, a file, or both.

The same functions serve the screens and the rehearsal. Each checks on this machine what its person answers for, above
all :func:`check_release`: a holder's desk unwraps a share only when everything it can see says that the opening is on.
"""

import asyncio
import base64
import contextlib
import io
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from app.ca import sealing_kit
from app.ca.backup import ManifestKeeper, commitment_of, write_backup
from app.ca.blind import BlindHolder
from app.ca.envelope import Recipient, Share, read_header, seal, seal_bytes, suite_for, take_share
from app.ca.envelope_header import EnvelopeHeader
from app.ca.keywrap import wrap
from app.ca.sealing_kit import Acceptance, KitCore, KitOpener, SealingKit
from app.ca.token import Act, KeyHolder
from app.canon import canonical
from app.errors import InputError
from app.procurement.bid import BidPayload, PriceSchedule, QuotePayload
from app.procurement.case import Organisation
from app.session.bidbox import sealed_context
from app.session.client import Client
from app.session.large_upload import upload_large
from app.session.rules import commands
from app.session.rules.event import Grave
from app.session.rules.events_case import PhaseEntered
from app.session.rules.events_evaluation import OpenedSheet
from app.session.rules.people import Role
from app.session.rules.sealed import PURPOSE, check_openable, sealed_set
from app.session.rules.state import RECEIVING, Bid, State
from app.session.signin import unbase64

UNSIGNED = Grave(statement="", signature="", certificate="")
"""Placeholder in a grave command until the token has signed."""
HEADER_LIMIT = 8 * 1024 * 1024
KIT_LIMIT = 4 * 1024 * 1024
CLOCK_SLACK = timedelta(seconds=5)
WITNESS_SECONDS = 5.0
Progress = Callable[[int, int], None]


# --- the sealing kit ---


async def fix_kit(client: Client, notice_sha256: str) -> None:
    """The officer's desk writes down who holds the shares: all openers (and the *must* supervisor) that have signed in.

    Raises:
        InputError: ``kit.holder_missing`` (fact person) for an opener that has not signed in yet; ``kit.*``.
    """
    state = client.state
    lot = state.the_lot()
    policy = lot.opening_policy
    holders = [*state.with_role(Role.OPENER), *(state.with_role(Role.SUPERVISOR) if policy.must else ())]
    openers: list[KitOpener] = []
    for person_id in holders:
        person, signed = state.people[person_id], state.signed_in.get(person_id)
        if signed is None:
            raise InputError("kit.holder_missing", person=person_id)
        must = person.has(Role.SUPERVISOR)
        first_must = next((i for i, o in enumerate(openers) if o.must), None) if must else None
        openers.append(
            KitOpener(
                holder=person.name,
                organisation=person.organisation,
                party=person.party.value,
                encryption_certificate=unbase64(signed.encryption_certificate),
                signing_certificate=unbase64(signed.certificate),
                chain=tuple(unbase64(item) for item in signed.chain),
                must=must,
                substitute_for=first_must,
            )
        )
    core = sealing_kit.build_core(
        case=state.case,
        project=lot.project_name,
        lot=lot.lot.id,
        deadline=lot.deadline,
        notice_sha256=notice_sha256,
        k=policy.k if policy.layers != "supplier" else 0,
        supplier=policy.layers != "openers",
        openers=openers if policy.layers != "supplier" else [],
        rehearsal=state.rehearsal,
        host_name=lot.agency.name,
        host_fingerprint=client.link.fingerprint,
    )
    await client.do(commands.FixKit(core=canonical(msgspec.to_builtins(core)).decode()))


def _core(state: State) -> KitCore:
    return msgspec.json.decode(state.kit_core.encode(), type=KitCore)


async def accept_opening(client: Client) -> None:
    """An opener accepts: the token signs the kit's core."""
    acceptance = await sealing_kit.accept(_core(client.state), client.who.key)
    await client.do(commands.AcceptOpening(acceptance=canonical(msgspec.to_builtins(acceptance)).decode()))


async def issue_kit(client: Client) -> bytes:
    """The officer assembles, signs and publishes the kit; its bytes."""
    state = client.state
    acceptances = [msgspec.json.decode(text.encode(), type=Acceptance) for text in state.acceptances.values()]
    kit = await sealing_kit.assemble(_core(state), acceptances, client.who.key)
    data = kit.to_bytes()
    digest = await client.files.upload(data)
    await client.do(commands.IssueKit(kit_sha256=digest))
    return data


async def fetch_kit(client: Client) -> bytes:
    """The published kit."""
    if not client.state.kit_sha256:
        raise InputError("refused.no_kit")
    return await client.files.fetch(client.state.kit_sha256, KIT_LIMIT)


def accepted_certificate(state: State, person: str) -> bytes:
    """DER of the encryption certificate to which an opener's shares are wrapped; empty for who is none."""
    text = state.acceptances.get(person)
    if text is None or not state.kit_core or person not in state.kit_openers:
        return b""
    try:
        place = msgspec.json.decode(text.encode(), type=Acceptance).place
        openers = _core(state).openers
    except msgspec.DecodeError:
        return b""
    return openers[place].encryption_certificate if 0 <= place < len(openers) else b""


def key_is_awaited(state: State, person: str) -> bool:
    """Whether a missing key of this opener can still be settled: after the kit is out, before the opening begins."""
    return person in state.kit_openers and state.phase in (RECEIVING, "gathering")


async def report_holder_key(client: Client, *, missing: bool) -> None:
    """Have it recorded that one's key is missing, or there again; what is recorded already is not said twice."""
    state = client.state
    if key_is_awaited(state, client.me) and (client.me in state.keyless) != missing:
        await client.do(commands.ReportHolderKey(missing=missing))


# --- sealing and submitting a bid ---


async def seal_bid(
    kit: SealingKit,
    payload: BidPayload,
    files: Sequence[tuple[str, Path]],
    out: Path,
    key: KeyHolder,
    progress: Progress | None = None,
    backup: Path | None = None,
) -> str:
    """Seal a bid to the kit's holders and to oneself; the header's digest (hex), which the receipt will bind.

    ``backup``: where to write what the supplier keeps for the case that the envelope does not open
    (:mod:`app.ca.backup`); it holds the bid in the clear.
    """
    keeper = ManifestKeeper(key)
    sealed = await seal(
        out,
        purpose="bid",
        rehearsal=kit.core.rehearsal,
        context=kit.context,
        openers=kit.recipients,
        k=kit.core.k,
        supplier=key.encryption_certificate if kit.core.supplier else None,
        payload=msgspec.to_builtins(payload),
        files=files,
        signer=keeper,
        progress=progress,
        suite=kit.suite,
    )
    if backup is not None and keeper.signed is not None:
        await asyncio.to_thread(write_backup, backup, keeper.signed, [path for _, path in files], kit.suite)
    return sealed.header_sha256


async def submit_bid(
    client: Client,
    envelope: Path,
    header_sha256: str,
    progress: Progress | None = None,
    backup: Path | None = None,
    recovery: bool = False,
) -> bytes:
    """Upload, going on where a lost connection stopped it, and submit; the signed receipt, which the supplier keeps.

    ``backup``: the file that sealing wrote; only its commitment goes to the host. ``recovery``: announce
    that one's share is kept on paper too (:mod:`app.session.recovery`), where the case allows it.

    Raises:
        InputError: ``bid.*`` with the reason why it was not received; ``backup.*`` for another envelope's backup.
    """
    commitment = await asyncio.to_thread(commitment_of, backup, envelope) if backup is not None else ""
    digest = await upload_large(client.files, envelope, progress)
    supplier = client.state.supplier_of(client.me)
    current = client.state.bids.get(supplier)
    replaces = current.header_sha256 if current is not None and not current.withdrawn else ""
    await client.do(
        commands.SubmitBid(
            header_sha256=header_sha256,
            envelope_sha256=digest,
            size=envelope.stat().st_size,
            replaces=replaces,
            backup=commitment,
            recovery=recovery,
        )
    )
    state = await client.until(lambda s: supplier in s.bids and s.bids[supplier].header_sha256 == header_sha256)
    return base64.b64decode(state.bids[supplier].receipt)


async def withdraw_bid(client: Client) -> None:
    """Withdraw: the token signs over the receipt's header digest."""
    bid = client.state.bids.get(client.state.supplier_of(client.me))
    if bid is None or bid.withdrawn:
        raise InputError("bid.nothing_to_withdraw")
    await client.grave(commands.WithdrawBid(header_sha256=bid.header_sha256, grave=UNSIGNED))


async def file_authorisation(client: Client, pdf: bytes) -> None:
    """The representative's authorisation 授权委托书, kept under the case key.

    Raises:
        InputError: ``authorisation.not_pdf``.
    """
    if not pdf.startswith(b"%PDF-"):
        raise InputError("authorisation.not_pdf")
    digest = await client.files.upload(pdf, private=True)
    await client.do(commands.FileAuthorisation(document_sha256=digest))


# --- releasing shares ---


def check_release(client: Client, bid: Bid, header: EnvelopeHeader) -> None:
    """The release rules of DESIGN §5, on the holder's own machine; no share leaves the token before they hold.

    Raises:
        InputError: ``release.not_decrypting``, ``release.not_receipted``, ``release.superseded``,
            ``release.before_deadline``, ``release.not_witnessed``, ``release.rehearsal``, ``release.foreign``.
    """
    state = client.state
    if state.phase != "decrypting" or state.paused:
        raise InputError("release.not_decrypting")
    recorded = state.bids.get(bid.supplier)
    if recorded is None or header.sha256 != recorded.header_sha256:
        raise InputError("release.not_receipted")
    if recorded.withdrawn or header.sha256 in state.superseded:
        raise InputError("release.superseded")
    if client.clock.now() + CLOCK_SLACK < state.the_lot().deadline:
        raise InputError("release.before_deadline")
    if client.alarm or client.head[0] < phase_index(client):
        raise InputError("release.not_witnessed")
    if header.core.rehearsal != state.rehearsal:
        raise InputError("release.rehearsal")
    place = {"case": state.case, "lot": state.the_lot().lot.id, "kit_sha256": state.kit_sha256}
    if header.core.purpose != "bid" or any(header.core.context.get(name) != value for name, value in place.items()):
        raise InputError("release.foreign")


def phase_index(client: Client) -> int:
    """One more than the index of the entry that began the present phase: a head of that size has witnessed it."""
    begun = [i for i, r in client.entries.items() if isinstance(r.event, PhaseEntered)]
    return max(begun, default=0) + 1


async def _header(client: Client, envelope_sha256: str) -> EnvelopeHeader:
    return read_header(io.BytesIO(await client.files.header(envelope_sha256, HEADER_LIMIT)))


async def _to_host(client: Client, share: Share) -> str:
    """A share wrapped to the host's certificate, as a blob."""
    host = unbase64(client.state.host_certificate)
    return await client.files.upload(wrap(share.to_bytes(), [host]))


async def release_bid(client: Client, supplier: str) -> None:
    """Release one's share of a bid's key: an opener's, or with one's own bid the supplier's layer (解密).

    Raises:
        InputError: ``release.*``, ``envelope.*``, ``token.*``.
    """
    bid = client.state.bids.get(supplier)
    if bid is None:
        raise InputError("release.not_receipted")
    header = await _header(client, bid.envelope_sha256)
    with contextlib.suppress(TimeoutError):  # the head over the phase's beginning is on its way
        await client.until(lambda _state: client.head[0] >= phase_index(client), WITNESS_SECONDS)
    check_release(client, bid, header)
    own = client.state.supplier_of(client.me) == supplier
    act = Act("release_supplier_key" if own else "release_share", {"case": client.link.case, "supplier": supplier})
    share = await take_share(header, client.who.key, act)
    blob = await _to_host(client, share)
    kind = commands.ReleaseSupplierKey if own else commands.ReleaseShare
    await client.grave(
        kind(
            header_sha256=bid.header_sha256,
            commitment=share.commitment(header.suite),
            share_sha256=blob,
            grave=UNSIGNED,
        ),
        act,
    )


def check_release_sealed(client: Client, purpose: str) -> None:
    """A member's desk gives nothing out before all is in: who held shares early could read sheets as they come.

    Raises:
        InputError: ``release.not_decrypting``, ``release.not_holder``, ``release.not_all_in``,
            ``release.not_witnessed``.
    """
    state = client.state
    if PURPOSE.get(state.phase) != purpose or state.paused:
        raise InputError("release.not_decrypting")
    if client.me not in sealed_set(state, purpose).holders:
        raise InputError("release.not_holder")
    check_openable(state, purpose)
    if client.alarm:
        raise InputError("release.not_witnessed")


async def release_sealed(client: Client, purpose: str) -> None:
    """A member releases its share of every sheet or quote at once.

    Raises:
        InputError: as :func:`check_release_sealed`; ``release.foreign``, ``envelope.*``, ``token.*``.
    """
    check_release_sealed(client, purpose)
    found = client.state.sealed[purpose]
    act = Act("release_sealed", {"case": client.link.case, "purpose": purpose, "count": str(len(found.envelopes))})
    holder = BlindHolder(client.who.key, unbase64(found.holders[client.me]))
    shares: dict[str, str] = {}
    for sealed in found.envelopes.values():
        header = await _header(client, sealed.envelope_sha256)
        right = header.sha256 == sealed.header_sha256 and header.core.purpose == purpose
        placed = header.core.context == sealed_context(client.state, purpose)
        if not right or not placed or header.core.rehearsal != client.state.rehearsal:
            raise InputError("release.foreign")
        shares[sealed.header_sha256] = await _to_host(client, await take_share(header, holder, act))
    await client.grave(commands.ReleaseSealed(purpose=purpose, shares=shares, grave=UNSIGNED), act)


# --- sheets and quotes ---


async def _seal_to_members(client: Client, purpose: str, payload: dict[str, Any]) -> tuple[str, str, int]:
    fixed = client.state.sealed.get(purpose)
    if fixed is None or not fixed.holders:
        raise InputError("sealed.no_holders")
    recipients = [Recipient(unbase64(certificate)) for certificate in fixed.holders.values()]
    sealed, data = await seal_bytes(
        purpose="quote" if purpose == "quote" else "sheet",
        rehearsal=client.state.rehearsal,
        context=sealed_context(client.state, purpose),
        openers=recipients,
        k=fixed.k,
        supplier=None,
        payload=payload,
        signer=client.who.key,
        suite=suite_for(opener.certificate for opener in recipients),
    )
    return sealed.header_sha256, await client.files.upload(data), sealed.size


async def submit_sheet(client: Client, sheet: OpenedSheet) -> None:
    """Seal one's scores to the committee and submit them (提交评分)."""
    header, blob, size = await _seal_to_members(client, "sheet", msgspec.to_builtins(sheet))
    await client.grave(commands.SealSheet(header_sha256=header, envelope_sha256=blob, size=size, grave=UNSIGNED))


async def submit_quote(client: Client, price: PriceSchedule, note: str = "") -> None:
    """Seal the final quote to the committee and submit it (最后报价)."""
    state = client.state
    lot = state.the_lot()
    supplier = state.supplier_of(client.me)
    person = state.people[client.me]
    quote = QuotePayload(
        tender=lot.project_number,
        lot=lot.lot.id,
        supplier=Organisation(name=person.organisation, uscc=supplier),
        price=price,
        note=note,
    )
    header, blob, size = await _seal_to_members(client, "quote", msgspec.to_builtins(quote))
    await client.do(commands.SealQuote(header_sha256=header, envelope_sha256=blob, size=size))


async def confirm_price(client: Client, total: Decimal) -> None:
    """The supplier confirms with its token the price that was read."""
    act = Act("confirm_price", {"case": client.link.case, "amount": str(total)})
    await client.grave(commands.ConfirmPrice(total=total, grave=UNSIGNED), act)
