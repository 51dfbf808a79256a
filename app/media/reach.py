"""Is the media port reached? A STUN binding request (RFC 8489) that only holders of the case's link can make.

Both sides are authenticated by the fingerprint in the link, so that an answer proves this very host, and so that the
port answers no stranger: nobody can use it to send bytes to others.
"""

import asyncio
import contextlib
import struct
from typing import Any

from aioice import stun

USER = "bidroom-reach"
TRIES = 4
PAUSE_SECONDS = 0.7
"""Between two of them: UDP may lose one."""


def request(key: bytes) -> stun.Message:
    """A question to a host whose link has this fingerprint (``key``)."""
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = USER
    message.add_message_integrity(key)
    return message


def answer(data: bytes, address: tuple[str, int], key: bytes) -> bytes | None:
    """The host's answer to a datagram from ``address``; None for whatever is no question of this kind."""
    found = _parsed(data, key)
    if found is None or found.message_class != stun.Class.REQUEST or found.attributes.get("USERNAME") != USER:
        return None
    response = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=found.transaction_id,
    )
    response.attributes["XOR-MAPPED-ADDRESS"] = address
    response.add_message_integrity(key)
    return bytes(response)


async def reached(host: str, port: int, key: bytes) -> bool:
    """Whether the host with this key answers at ``host:port`` (UDP)."""
    asking = _Asking(key)
    try:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: asking, remote_addr=(host, port)
        )
    except OSError:
        return False
    try:
        for _ in range(TRIES):
            transport.sendto(bytes(asking.message))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_SECONDS):
                    await asking.answered.wait()
                    return True
    finally:
        transport.close()
    return False


class _Asking(asyncio.DatagramProtocol):
    def __init__(self, key: bytes) -> None:
        self.message = request(key)
        self.answered = asyncio.Event()
        self._key = key

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        found = _parsed(data, self._key)
        right = found is not None and found.message_class == stun.Class.RESPONSE
        if found is not None and right and found.transaction_id == self.message.transaction_id:
            self.answered.set()


def _parsed(data: bytes, key: bytes) -> stun.Message | None:
    """The message, when it is one and was made with the key."""
    try:
        found = stun.parse_message(data)
    except (ValueError, IndexError, KeyError, struct.error):
        return None
    return found if found.check_message_integrity(key) else None
