"""One UDP port for all peers, so that a firewall has one thing to open. Part of the seams (see seams.py).

Datagrams are told apart as RFC 7983 says; STUN requests by the ICE user name in them, everything else by the remote
address, once an authenticated check has succeeded from it.
"""

import asyncio
import ipaddress
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any, cast

from aioice import stun
from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol, get_host_addresses

from app.errors import FaultError, InputError
from app.media import reach

_BUFFER = 4 * 1024 * 1024


class _Share:
    """What one ICE connection sees as its own transport."""

    def __init__(self, port: "_Socket") -> None:
        self._port = port
        self.protocol: Any = None
        self.sendto = port.transport.sendto

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._port.transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self.protocol not in self._port.protocols

    def close(self) -> None:
        if not self.is_closing():
            self._port.release(self.protocol)
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)


class _Socket(asyncio.DatagramProtocol):
    """One bound address."""

    transport: asyncio.DatagramTransport

    def __init__(self) -> None:
        self.protocols: dict[Any, str] = {}
        self._by_name: dict[str, Any] = {}
        self._by_address: dict[tuple[str, int], Any] = {}
        self.reach_key = b""
        self.on_peer: Callable[[str], None] = lambda _address: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # On some Python versions the selector's transport is no subclass of DatagramTransport.
        self.transport = cast(asyncio.DatagramTransport, transport)

    def share(self, ice: Any) -> Any:
        """A protocol object for one ICE connection."""
        protocol: Any = StunProtocol(ice)
        share = _Share(self)
        share.protocol = protocol
        protocol.connection_made(share)
        self.protocols[protocol] = ice.local_username
        self._by_name[ice.local_username] = protocol
        return protocol

    def release(self, protocol: Any) -> None:
        name = self.protocols.pop(protocol, None)
        if name is not None:
            self._by_name.pop(name, None)
        self._by_address = {a: p for a, p in self._by_address.items() if p is not protocol}

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        address = (addr[0], addr[1])
        if not data:
            return
        if data[0] > 3:
            protocol = self._by_address.get(address) or self._find(address)
            if protocol is not None:
                protocol.receiver.data_received(data, 1)
            return
        try:
            message = stun.parse_message(data)
        except (ValueError, IndexError, KeyError, struct.error):
            return
        if message.message_class == stun.Class.REQUEST:
            name = str(message.attributes.get("USERNAME", "")).partition(":")[0]
            protocol = self._by_name.get(name)
            if name == reach.USER and self.reach_key:
                answer = reach.answer(data, address, self.reach_key)
                if answer is not None:
                    self.transport.sendto(answer, addr)
                return
            if protocol is not None and self._by_address.get(address) is not protocol:
                self._by_address.pop(address, None)
        else:
            protocol = next((p for p in self.protocols if message.transaction_id in p.transactions), None)
        if protocol is not None:
            protocol.datagram_received(data, address)

    def _find(self, address: tuple[str, int]) -> Any:
        for protocol in reversed(self.protocols):
            for pair in protocol.receiver._check_list:
                if (
                    pair.protocol is protocol
                    and pair.state == CandidatePair.State.SUCCEEDED
                    and pair.remote_addr == address
                ):
                    self._by_address[address] = protocol
                    self.on_peer(address[0])
                    return protocol
        return None


class UdpPort:
    """The host's media port.

    Attributes:
        port: the number, the same on every address.
        addresses: what it is bound to.
    """

    def __init__(self, sockets: list[_Socket], public_address: str | None) -> None:
        self._sockets = sockets
        self._public = public_address
        names = [s.transport.get_extra_info("sockname") for s in sockets]
        self.port = int(names[0][1])
        self.addresses = tuple(str(name[0]) for name in names)

    @classmethod
    async def open(
        cls, addresses: Sequence[str] | None = None, port: int = 0, public_address: str | None = None
    ) -> "UdpPort":
        """Bind.

        Args:
            addresses: local IP addresses; None for all of the machine's own.
            port: 0 lets the system choose.
            public_address: IP address by which the outside reaches this port; offered beside the local ones.

        Raises:
            InputError: ``media.address_invalid``. FaultError: ``media.port_unavailable``.
        """
        if public_address is not None:
            try:
                ipaddress.ip_address(public_address)
            except ValueError as error:
                raise InputError("media.address_invalid", address=public_address) from error
        chosen = list(addresses) if addresses is not None else get_host_addresses(use_ipv4=True, use_ipv6=True)
        loop = asyncio.get_running_loop()
        sockets: list[_Socket] = []
        for address in chosen or ["127.0.0.1"]:
            try:
                _, protocol = await loop.create_datagram_endpoint(_Socket, local_addr=(address, port))
            except OSError:
                continue
            sockets.append(protocol)
            raw = protocol.transport.get_extra_info("socket")
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                raw.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
            port = protocol.transport.get_extra_info("sockname")[1]
        if not sockets:
            raise FaultError("media.port_unavailable", port=port)
        return cls(sockets, public_address)

    def show_reach(self, key: bytes, on_peer: Callable[[str], None]) -> None:
        """Answer who asks with ``key`` (see :mod:`app.media.reach`); tell the address of each peer whose media come."""
        for one in self._sockets:
            one.reach_key, one.on_peer = key, on_peer

    def attach(self, ice: Any) -> None:
        """Make an aioice connection use this port instead of sockets of its own."""

        async def gather_here(component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:
            candidates = []
            for one in self._sockets:
                protocol = one.share(ice)
                name = one.transport.get_extra_info("sockname")
                protocol.local_candidate = _candidate(component, name[0], name[1])
                ice._protocols.append(protocol)
                candidates.append(protocol.local_candidate)
            if self._public is not None and self._public not in self.addresses:
                candidates.append(_candidate(component, self._public, self.port))
            return candidates

        ice.get_component_candidates = gather_here

    def close(self) -> None:
        """Close the sockets; links must be closed before."""
        for one in self._sockets:
            one.transport.close()


def _candidate(component: int, host: str, port: int) -> Candidate:
    return Candidate(
        foundation=candidate_foundation("host", "udp", host),
        component=component,
        transport="udp",
        priority=candidate_priority(component, "host"),
        host=host,
        port=port,
        type="host",
    )
