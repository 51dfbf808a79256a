"""Nonsense over the wire: forged, replayed, oversized and malformed messages are refused, and the session goes on."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from world import World

import app.session.connection
import app.session.host
from app.errors import InputError
from app.record.acts import Head, build_command
from app.session import acts
from app.session.acts import UNSIGNED
from app.session.client import Client
from app.session.rules import commands as cmd
from app.session.wire import messages as wire

EMPTY = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


class Raw:
    """A socket in the hands of somebody who says what he likes, signed in as a desk's session."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.http = aiohttp.ClientSession()
        self.socket: aiohttp.ClientWebSocketResponse

    async def open(self) -> dict[str, Any]:
        link = self.world.link()
        pin = aiohttp.Fingerprint(bytes.fromhex(link.fingerprint))
        url = f"https://{link.host}:{link.port}/v1/desk"
        self.socket = await self.http.ws_connect(url, ssl=pin, max_msg_size=0, autoping=True)
        await self.say({"m": "hello", "version": 1, "case": link.case})
        return await self.hear()

    async def resume(self, desk: Client) -> None:
        """Come in with the session key of a desk."""
        welcome = await self.open()
        signature = desk._key.sign(b"bidroom resume " + bytes.fromhex(welcome["nonce"]))
        session = desk._session.hex()
        await self.say({"m": "resume", "session": session, "signature": b64(signature), "size": 0})
        assert (await self.hear())["m"] == "signed_in"

    async def say(self, message: Any) -> None:
        await self.socket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def hear(self, kind: str = "") -> dict[str, Any]:
        async with asyncio.timeout(10):
            while True:
                frame = await self.socket.receive()
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    return {"m": "gone"}
                message: dict[str, Any] = json.loads(frame.data)
                if kind in ("", message["m"]):
                    return message

    async def refusal(self, message: Any) -> str:
        await self.say(message)
        code: str = (await self.hear("refused_command"))["code"]
        return code


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def signed(
    desk: Client,
    sequence: int,
    *,
    case: str = "",
    session: bytes = b"",
    head: Head | None = None,
    command: Any = None,
    key: Ed25519PrivateKey | None = None,
) -> dict[str, Any]:
    """A command in a desk's name; everything about it can be bent."""
    command = cmd.PostMessage(to="officer", text="冒名") if command is None else command
    said = command if isinstance(command, dict) else cmd.to_builtins(command)
    body = build_command(case or desk.link.case, session or desk._session, sequence, head or Head(0, EMPTY), said)
    return {"m": "command", "number": 7, "signed": b64(body), "signature": b64((key or desk._key).sign(body))}


@pytest.fixture
async def raw(world: World) -> AsyncIterator[Raw]:
    """The officer's own session in the hands of somebody else."""
    await world.enter("officer", "clerk")
    raw = Raw(world)
    await raw.resume(world.clients["officer"])
    yield raw
    await raw.http.close()


async def goes_on(world: World) -> None:
    """Everyone else works as before."""
    before = world.room.tree.size
    await world.clients["clerk"].do(cmd.RaiseHand())
    assert world.room.tree.size == before + 1
    assert world.clients["clerk"].alarm == ""


async def test_resuming_takes_the_session_key(world: World) -> None:
    desk = await world.enter("officer")
    for key, session in ((Ed25519PrivateKey.generate(), desk._session), (desk._key, b"\7" * 32)):
        raw = Raw(world)
        welcome = await raw.open()
        signature = key.sign(b"bidroom resume " + bytes.fromhex(welcome["nonce"]))
        message = {"m": "resume", "session": session.hex(), "signature": b64(signature), "size": 0}
        assert await raw.refusal(message) in ("sign_in.signature", "sign_in.session_unknown")
        await raw.http.close()


async def test_a_signed_challenge_is_good_for_one_connection(world: World) -> None:
    desk = world.client("officer")
    first, second = Raw(world), Raw(world)
    nonce = bytes.fromhex((await first.open())["nonce"])
    await second.open()
    stolen = json.loads(wire.encode(await desk._sign_in(nonce)))
    assert await second.refusal(stolen) == "sign_in.challenge"
    await first.say(stolen)
    assert (await first.hear())["m"] == "signed_in"
    await first.http.close()
    await second.http.close()


async def test_forged_commands_are_refused(world: World, raw: Raw) -> None:
    desk, other = world.clients["officer"], world.clients["clerk"]
    size = world.room.tree.size
    n = desk._sequence + 1
    future, wrong = Head(size + 5, b"\1" * 32), Head(size, b"\1" * 32)
    assert await raw.refusal(signed(desk, n, key=Ed25519PrivateKey.generate())) == "command.signature"
    assert await raw.refusal(signed(desk, n, case="KM-X/9")) == "command.foreign"
    assert await raw.refusal(signed(desk, n, session=other._session)) == "command.foreign"
    assert await raw.refusal(signed(other, n)) == "command.signature"
    assert await raw.refusal(signed(desk, n, head=future)) == "command.head_unknown"
    assert await raw.refusal(signed(desk, n, head=wrong)) == "command.head_unknown"
    assert (await raw.refusal(signed(desk, n, command={"type": "unheard_of"}))).startswith("command.")
    assert (await raw.refusal(signed(desk, n, command={"type": "raise_hand", "more": 1}))).startswith("command.")
    assert await raw.refusal(signed(desk, n, command=cmd.Tick())) == "refused.role"
    assert world.room.tree.size == size
    await goes_on(world)


async def test_the_same_bytes_are_answered_again_and_nothing_happens_twice(world: World, raw: Raw) -> None:
    desk = world.clients["officer"]
    message = signed(desk, desk._sequence + 5)
    await raw.say(message)
    first = await raw.hear("accepted")
    await raw.say(message)
    assert (await raw.hear("accepted"))["indexes"] == first["indexes"]
    assert sum(m.text == "冒名" for m in world.state.messages) == 1
    assert await raw.refusal(signed(desk, desk._sequence + 5, command=cmd.RaiseHand())) == "command.replayed"
    assert await raw.refusal(signed(desk, desk._sequence + 4)) == "command.replayed"  # out of order
    await world.restart()
    again = Raw(world)
    await again.resume(desk)
    await again.say(message)
    assert (await again.hear("accepted"))["indexes"] == first["indexes"]
    assert await again.refusal(signed(desk, desk._sequence + 1, command=cmd.RaiseHand())) == "command.replayed"
    assert sum(m.text == "冒名" for m in world.state.messages) == 1
    await again.http.close()


async def test_grave_acts_need_the_token_over_exactly_this(world: World) -> None:
    await world.decrypting("supplier-a", "supplier-b", "supplier-c")
    a, b = world.clients["supplier-a"], world.clients["supplier-b"]
    bid = world.state.bids[world.uscc("supplier-a")]
    blob = await a.files.upload(b"share")
    mine = cmd.ReleaseSupplierKey(
        header_sha256=bid.header_sha256, commitment="ab" * 32, share_sha256=blob, grave=UNSIGNED
    )

    async def refused(desk: Client, command: Any) -> str:
        with pytest.raises(InputError) as caught:
            await desk.do(command)
        return caught.value.code

    async def by(desk: Client, command: Any) -> Any:
        """The command with a grave signature of another desk's token."""
        caught: list[Any] = []

        async def keep(said: Any) -> tuple[int, ...]:
            caught.append(said)
            return ()

        do, desk.do = desk.do, keep  # type: ignore[method-assign]
        await desk.grave(command)
        desk.do = do  # type: ignore[method-assign]
        return caught[0]

    good = await by(a, mine)
    other = msgspec.structs.replace(good, commitment="cd" * 32)
    assert await refused(a, mine) == "command.grave_differs"
    assert await refused(a, other) == "command.grave_differs"
    assert await refused(a, await by(b, mine)) == "command.grave_differs"
    certificate = msgspec.structs.replace(good.grave, certificate=b64(world.keys["supplier-b"].signing_certificate))
    assert await refused(a, msgspec.structs.replace(good, grave=certificate)) == "command.grave_certificate"
    signature = msgspec.structs.replace(good.grave, signature=b64(await world.keys["supplier-b"].sign(b"x", None)))  # type: ignore[arg-type]
    assert await refused(a, msgspec.structs.replace(good, grave=signature)) == "command.grave_signature"
    assert world.state.bids[world.uscc("supplier-a")].supplier_share == ""
    await a.do(good)
    assert world.state.bids[world.uscc("supplier-a")].supplier_share == blob


@pytest.mark.parametrize(
    "frame",
    [
        "", "null", "7", "[]", "{", '{"m":"unheard_of"}', '{"m":"ping"}', '{"m":"ping","at":7}',
        '{"m":"ping","at":"soon"}',
        '{"m":"ping","at":"0001-01-01T00:00:00+14:00"}', '{"m":"ping","at":"2026-01-01T00:00:00Z","more":1}',
        "[" * 100_000, '{"a":' * 50_000, '{"m":"command","number":1,"signed":"*","signature":"*"}',
        '{"m":"command","number":1,"signed":"e30=","signature":""}', '{"m":"hello","version":1,"case":"x"}',
        '{"m":"cosign","size":1,"line":"x"}', '{"m":"cosign","size":-1,"line":"\u2014 officer AAAA"}',
        '{"m":"lease","number":1,"document":"none"}', '{"m":"media_offer","number":1,"sdp":"","publishes":true}',
        '{"m":"command","number":99999999999999999999,"signed":"","signature":""}', "😀", "\x00",
    ],
)  # fmt: skip
async def test_malformed_messages_are_refused_and_the_connection_stays(world: World, raw: Raw, frame: str) -> None:
    size = world.room.tree.size
    assert await raw.refusal(frame)
    await raw.say({"m": "ping", "at": "2026-01-01T00:00:00Z"})
    assert (await raw.hear("pong"))["asked"] == "2026-01-01T00:00:00Z"
    assert world.room.tree.size == size
    await goes_on(world)


async def test_oversized_and_binary_frames_end_only_that_connection(world: World, raw: Raw) -> None:
    await raw.socket.send_str("x" * (wire.INBOUND_LIMIT + 1))
    assert (await raw.hear("gone"))["m"] == "gone"
    desk = world.clients["officer"]
    for send in ("binary", "utf8"):
        other = Raw(world)
        await other.resume(desk)
        if send == "binary":
            await other.socket.send_bytes(b"{}")
        else:
            await other.socket._writer.send_frame(b"\xff\xfe\xfd", aiohttp.WSMsgType.TEXT)
        assert (await other.hear("gone"))["m"] == "gone"
        await other.http.close()
    await goes_on(world)


async def test_who_says_too_much_is_refused_and_then_cut(
    world: World, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.session.connection, "OVER_LIMIT", 100)
    codes = {await raw.refusal("{") for _ in range(199)}
    assert codes == {"message.malformed", "message.too_many"}
    for _ in range(50):
        try:
            await raw.say("{")
        except ConnectionError:
            break
    assert (await raw.hear("gone"))["m"] == "gone"
    await goes_on(world)


async def test_a_desk_that_does_not_read_is_cut(world: World, raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.session.connection, "QUEUE_BYTES", 300_000)
    connection = raw.socket._response.connection
    assert connection is not None
    assert connection.transport is not None
    connection.transport.pause_reading()  # type: ignore[attr-defined]
    assert len(world.host._connections["officer"]) == 2
    large = cmd.ReportSource(source="s", state="started", person="officer", name="长" * 50_000, kind="camera")
    for _ in range(300):
        await world.room.report(large)
        if len(world.host._connections["officer"]) == 1:
            break
    await world.settled(lambda _s: len(world.host._connections["officer"]) == 1)
    await goes_on(world)


async def test_half_open_sockets_keep_nobody_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.session.host, "MOST_SIGNING_IN", 3)
    monkeypatch.setattr(app.session.connection, "HELLO_SECONDS", 0.3)
    link = world.link()
    pin = aiohttp.Fingerprint(bytes.fromhex(link.fingerprint))
    async with aiohttp.ClientSession() as http:
        url = f"https://{link.host}:{link.port}/v1/desk"
        idle = [await http.ws_connect(url, ssl=pin) for _ in range(3)]
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(url, ssl=pin)
        await world.enter("officer")  # gets in as soon as the idle ones are cut
        assert world.host._count <= 4
        for socket in idle:
            await socket.close()


@pytest.mark.parametrize(
    "first", ['{"m":"ping","at":"2026-01-01T00:00:00Z"}', "{", '{"m":"hello","version":9,"case":"x"}']
)
async def test_a_handshake_that_is_none(world: World, first: str) -> None:
    link = world.link()
    pin = aiohttp.Fingerprint(bytes.fromhex(link.fingerprint))
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"https://{link.host}:{link.port}/v1/desk", ssl=pin) as socket,
    ):
        await socket.send_str(first)
        answer = json.loads((await socket.receive()).data)
        assert answer["m"] == "refused_command"
        assert answer["code"].startswith("message.")
        assert (await socket.receive()).type is not aiohttp.WSMsgType.TEXT


async def test_a_desk_comes_back_by_its_session_and_says_again_what_was_not_answered(world: World) -> None:
    await world.enter("officer", "clerk")
    officer = world.clients["officer"]
    asked = len(world.keys["officer"].acts)
    await world.host.close()
    pending = asyncio.create_task(officer.do(cmd.PostMessage(to="officer", text="断线时说的")))
    await asyncio.sleep(0.1)
    assert officer.status == "reconnecting"
    world.room = await type(world.room).open(world.room.folder, world.room.case, world.clock)
    await world.serve()
    indexes = await asyncio.wait_for(pending, 15)
    assert len(indexes) == 1
    assert sum(m.text == "断线时说的" for m in world.state.messages) == 1
    assert sum(m.text == "断线时说的" for m in officer.state.messages) == 1
    assert len(world.keys["officer"].acts) == asked  # no PIN again
    assert officer.alarm == ""


async def test_a_killed_desk_comes_back_with_its_token_as_the_same_person(world: World) -> None:
    await world.receiving("supplier-a")
    await world.clients["officer"].do(cmd.RaiseHand())
    await world.clients["officer"]._tasks.close()  # nothing is said, the process is gone
    await world.settled(lambda s: "officer" not in s.online)
    again = world.client("officer", secret="")
    await again.start()
    assert again.me == "officer"
    assert world.state.online >= {"officer"}
    assert again.state.hands == ("officer",)


async def test_files_need_a_bearer_of_somebody_connected(world: World) -> None:
    await world.enter("officer")
    link = world.link()
    pin = aiohttp.Fingerprint(bytes.fromhex(link.fingerprint))
    async with aiohttp.ClientSession() as http:
        for token in ("", "Bearer x", "Bearer \u00e4\u00e9"):
            headers = {"Authorization": token} if token else {}
            for method, path in (("PUT", "blobs"), ("GET", "blobs/" + "ab" * 32), ("GET", "headers/" + "ab" * 32)):
                url = f"https://{link.host}:{link.port}/v1/{path}"
                async with http.request(method, url, ssl=pin, headers=headers) as answer:
                    assert answer.status == 401
    access = world.clients["officer"].files.access
    assert access
    await world.clients["officer"].close()
    await world.settled(lambda s: not s.online)
    async with (
        aiohttp.ClientSession() as http,
        http.put(
            f"https://{link.host}:{link.port}/v1/blobs", ssl=pin, headers={"Authorization": f"Bearer {access}"}
        ) as answer,
    ):
        assert answer.status == 401


async def test_a_resent_submission_is_not_refused_as_a_second_one(world: World) -> None:
    await world.receiving("supplier-a")
    a = world.clients["supplier-a"]
    path, header = await world.seal("supplier-a")
    said: list[wire.Message] = []
    say = a._say

    async def keep(message: wire.Message) -> None:
        said.append(message)
        await say(message)

    a._say = keep  # type: ignore[method-assign]
    await acts.submit_bid(a, path, header)
    command = next(m for m in said if isinstance(m, wire.Command))
    size = world.room.tree.size
    assert isinstance(await a._ask(command.number, command), wire.Accepted)
    assert world.room.tree.size == size
