"""What the preparation finds out besides the devices: host, clock, token, disk, and how well others reach this host."""

import asyncio
import shutil
from datetime import datetime

import aiohttp
import msgspec
from aiohttp import WSMsgType

from app.clock import Clock, parse_stamp
from app.errors import BidroomError, FaultError, InputError
from app.media.reach import reached as reached_by_udp
from app.session.files import Files
from app.session.reach import Reached, own_addresses
from app.session.wire import messages as wire
from app.session.wire.link import Link
from app.settings import data_dir
from app.ui import texts
from app.ui.models import CheckLine, CheckState, TokenState, TokenView
from app.ui.program.host_control import HostRecord, own_address, reachable

PROBE_SECONDS = 8.0
SLOW_MS = 300
CLOCK_MS = 2000
LOW_BYTES = 2 * 10**9
BYTES_AN_HOUR = 2_000_000_000
"""What some twelve places of picture and sound take in an hour at most."""


class Probe(msgspec.Struct, frozen=True):
    """A host answered: round trip and the host's clock minus ours, both in milliseconds."""

    round_trip_ms: int
    offset_ms: int


async def probe(link: Link, clock: Clock) -> Probe:
    """Greet the host of a link without signing in.

    Raises:
        InputError: ``link.other_case``, ``message.version``, ``link.other_host`` (another certificate).
        FaultError: ``client.unreachable``.
    """
    files = Files(link)
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            async with files.http().ws_connect(files.url("desk"), ssl=files.pin(), max_msg_size=1 << 20) as socket:
                began, sent = clock.monotonic(), clock.now()
                await socket.send_str(wire.encode(wire.Hello(wire.VERSION, link.case)))
                frame = await socket.receive()
                trip = clock.monotonic() - began
                if frame.type is not WSMsgType.TEXT:
                    raise FaultError("client.unreachable", address=link.host, port=link.port)
                welcome = wire.decode_to_desk(frame.data)
    except aiohttp.ServerFingerprintMismatch as error:
        raise InputError("link.other_host") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise FaultError("client.unreachable", address=link.host, port=link.port) from error
    finally:
        await files.close()
    if isinstance(welcome, wire.RefusedCommand):
        raise InputError(welcome.code, **welcome.facts)
    if not isinstance(welcome, wire.Welcome) or welcome.version != wire.VERSION:
        raise InputError("message.version")
    if welcome.case != link.case:
        raise InputError("link.other_case", case=welcome.case)
    middle = sent + (clock.now() - sent) / 2
    return Probe(round(trip * 1000), round((parse_stamp(welcome.at) - middle).total_seconds() * 1000))


async def host_lines(link: Link, clock: Clock) -> tuple[CheckLine, ...]:
    """The lines about host and clock."""
    try:
        found = await probe(link, clock)
    except BidroomError as error:
        known = texts.exception_text(error)
        finding = "network.none" if error.code == "client.unreachable" else "network.refused"
        return (
            CheckLine(code="network", state=CheckState.FAILED, finding=finding, facts={"what": known.what}),
            CheckLine(code="clock", state=CheckState.WAITING),
        )
    slow = found.round_trip_ms > SLOW_MS
    seconds = f"{abs(found.offset_ms) / 1000:.1f}"
    off = abs(found.offset_ms) > CLOCK_MS
    return (
        CheckLine(
            code="network",
            state=CheckState.ATTENTION if slow else CheckState.PASSED,
            finding="network.slow" if slow else "network.ok",
            facts={"ms": found.round_trip_ms},
        ),
        CheckLine(
            code="clock",
            state=CheckState.ATTENTION if off else CheckState.PASSED,
            finding="clock.off" if off else "clock.ok",
            facts={"seconds": seconds},
        ),
    )


def token_line(token: TokenView | None) -> CheckLine:
    """The line about the token."""
    if token is None:
        return CheckLine(code="token", state=CheckState.ATTENTION, finding="token.missing")
    until = texts.full_time(token.expires)[:10] if token.expires is not None else "—"
    facts: dict[str, str | int] = {"holder": token.holder or token.label, "date": until}
    found = {
        TokenState.READY: (CheckState.PASSED, "token.ok"),
        TokenState.EXPIRING: (CheckState.ATTENTION, "token.expiring"),
        TokenState.EXPIRED: (CheckState.FAILED, "token.expired"),
        TokenState.PIN_LOCKED: (CheckState.FAILED, "token.locked"),
        TokenState.NO_MODULE: (CheckState.ATTENTION, "token.no_module"),
        TokenState.PIN_LOW: (CheckState.ATTENTION, "token.pin_few"),
        TokenState.PIN_FINAL: (CheckState.ATTENTION, "token.pin_last"),
    }
    state, finding = found.get(token.state, (CheckState.FAILED, "token.missing"))
    return CheckLine(code="token", state=state, finding=finding, facts=facts)


def disk_line(*, hosting: bool) -> CheckLine:
    """The line about the disk of the data folder."""
    folder = data_dir()
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    low = free < LOW_BYTES * (5 if hosting else 1)
    state = CheckState.ATTENTION if low else CheckState.PASSED
    if hosting:
        finding, facts = "disk.low" if low else "disk.ok", {"hours": free // BYTES_AN_HOUR}
        return CheckLine(code="disk", state=state, finding=finding, facts=dict(facts))
    shown: dict[str, str | int] = {"size": texts.size_text(free)}
    return CheckLine(code="disk", state=state, finding="disk.desk_low" if low else "disk.desk_ok", facts=shown)


async def reach_lines(record: HostRecord, seen: Reached) -> tuple[CheckLine, ...]:
    """How well outsiders reach this host, for TCP and for UDP apart: what is proved, what is not, and what to open.

    Proof is only that somebody came from outside (``seen``). A question from this machine to its public address proves
    that the router leads it back; where that address is the machine's own, no more than that the host listens; and
    where it fails, the router may just not lead its own address back inside.
    """
    if record.public in ("127.0.0.1", "localhost", "::1"):
        facts: dict[str, str | int] = {"address": f"{record.public}:{record.port}"}
        return (CheckLine(code="reach", state=CheckState.ATTENTION, finding="reach.local", facts=facts),)
    tcp, udp, here = await asyncio.gather(
        reachable(record.public, record.port),
        reached_by_udp(record.public, record.port, record.fingerprint.encode()),
        _is_here(record.public),
    )
    return (
        _reach_line("reach", "tcp", record, seen.tcp, answered=tcp, here=here),
        _reach_line("reach_udp", "udp", record, seen.udp, answered=udp, here=here),
    )


def _reach_line(
    code: str, way: str, record: HostRecord, seen: datetime | None, *, answered: bool, here: bool
) -> CheckLine:
    facts: dict[str, str | int] = {"address": record.public, "port": record.port, "inside": own_address()}
    if seen is not None:
        facts["time"] = texts.full_time(seen)[:16]
        return CheckLine(code=code, state=CheckState.PASSED, finding=f"reach.{way}_seen", facts=facts)
    if not answered:
        return CheckLine(code=code, state=CheckState.FAILED, finding=f"reach.{way}_none", facts=facts)
    if here:
        return CheckLine(code=code, state=CheckState.ATTENTION, finding=f"reach.{way}_here", facts=facts)
    return CheckLine(code=code, state=CheckState.PASSED, finding=f"reach.{way}_round", facts=facts)


async def _is_here(public: str) -> bool:
    """Whether a name or address leads to an interface of this machine, so that no packet leaves it."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(public, None)
    except OSError:
        return False
    return any(item[4][0] in own_addresses() for item in found)


def running(*codes: str) -> tuple[CheckLine, ...]:
    """Lines whose check is under way."""
    return tuple(CheckLine(code=code, state=CheckState.RUNNING) for code in codes)
