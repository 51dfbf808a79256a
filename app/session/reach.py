"""Proof that outsiders reach this host: somebody did. Kept beside the case for the desk on the same machine.

Says that *someone* came from outside and when, by TCP and by UDP; never who: before the opening not even the officer
may learn from it which supplier is there.
"""

import ipaddress
import os
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import msgspec
import psutil

from app.clock import Clock
from app.logs import get_logger

NAME = "reach.json"
LIMIT = 4096
AGAIN_SECONDS = 300.0
"""A proof is renewed no oftener: neither the disk nor whoever reads it needs every visit."""
_log = get_logger("reach")


class Reached(msgspec.Struct, frozen=True):
    """When someone from outside was last here; ``port`` is the host's, so that a moved case proves nothing."""

    port: int = 0
    tcp: datetime | None = None
    udp: datetime | None = None


class Witness:
    """Notes visits from outside in the case's folder. ``own``: addresses of this machine and its public one."""

    def __init__(self, folder: Path, clock: Clock, own: Collection[str] = ()) -> None:
        self.port = 0
        self.own = set(own)
        self._path = folder / NAME
        self._clock = clock
        self._told: dict[str, float] = {}

    def tcp(self, address: str) -> None:
        """Somebody has signed in from there."""
        self._note("tcp", address)

    def udp(self, address: str) -> None:
        """Somebody's media came from there, authenticated."""
        self._note("udp", address)

    def _note(self, way: str, address: str) -> None:
        now = self._clock.monotonic()
        if not is_outside(address, self.own) or now - self._told.get(way, -AGAIN_SECONDS) < AGAIN_SECONDS:
            return
        self._told[way] = now
        before = reached(self._path.parent, self.port)
        found = msgspec.structs.replace(before, port=self.port, **{way: self._clock.now()})
        part = self._path.with_suffix(".part")
        try:
            part.write_bytes(msgspec.json.encode(found))
            os.replace(part, self._path)
        except OSError as error:
            _log.warning("visit not noted", error=type(error).__name__)


def reached(folder: Path, port: int) -> Reached:
    """What is known for the host of this case on this port."""
    try:
        with (folder / NAME).open("rb") as file:
            found = msgspec.json.decode(file.read(LIMIT), type=Reached)
    except (OSError, msgspec.DecodeError):
        return Reached()
    return found if found.port == port else Reached()


def is_outside(address: str, own: Collection[str] = ()) -> bool:
    """Whether an address is of the public network and not ours: a router that leads its own address back inside may put
    that on packets of the house."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return found.is_global and not found.is_multicast and str(found) not in own


def own_addresses() -> frozenset[str]:
    """IP addresses of this machine's interfaces."""
    found = (item.address.partition("%")[0] for items in psutil.net_if_addrs().values() for item in items)
    return frozenset(address for address in found if address)
