"""Messages between program and worker: whole, or refused."""

import io
import json
import random
import struct

import pytest

from app.ca.worker_wire import (
    MAX_MESSAGE,
    Decrypt,
    Derive,
    Done,
    Failed,
    Forget,
    ListSlots,
    Load,
    OpenSm4,
    Pin,
    PinNeeded,
    RawCertificate,
    RawSlot,
    Reply,
    Request,
    Sign,
    Slots,
    TokenRef,
    receive_reply,
    receive_request,
    send,
)

REF = TokenRef("C:\\模块\udcff.dll", "SN", "张三的锁 / 人员")
REQUESTS: list[Request] = [
    Load("m"), Load("m", after_loss=True), ListSlots("m"), Forget(), Forget(REF),
    Sign(REF, b"\x00\xff", "sm2", b"data", Pin("口令 1", final_confirmed=True), bytes(32)),
    Decrypt(REF, b"", bytes(256)), Derive(REF, b"\1", bytes(65), Pin("", on_device=True)),
    OpenSm4(REF, b"S", bytes(112), bytes(16), bytes(32)),
]  # fmt: skip
REPLIES: list[Reply] = [
    Done(), Done(bytes(range(256)), raw=True), PinNeeded("low", wrong=True, tries_left=2), Failed("token.gone", "X"),
    Slots([]), Slots([RawSlot(1), RawSlot(2, "l", "s", "m", [RawCertificate(b"\1", b"der")], "ok", tries_left=0)]),
]  # fmt: skip


def framed(payload: bytes) -> io.BytesIO:
    return io.BytesIO(struct.pack(">I", len(payload)) + payload)


def sent(message: Request | Reply) -> bytes:
    pipe = io.BytesIO()
    send(pipe, message)
    return pipe.getvalue()


def test_what_is_sent_is_received() -> None:
    pipe = io.BytesIO(b"".join(sent(one) for one in REQUESTS))
    assert [receive_request(pipe) for _ in REQUESTS] == REQUESTS
    with pytest.raises(EOFError):
        receive_request(pipe)
    pipe = io.BytesIO(b"".join(sent(one) for one in REPLIES))
    assert [receive_reply(pipe) for _ in REPLIES] == REPLIES


def test_requests_are_no_replies_and_parts_are_neither() -> None:
    for one in REQUESTS:
        with pytest.raises(ValueError):
            receive_reply(io.BytesIO(sent(one)))
    for other in REPLIES:
        with pytest.raises(ValueError):
            receive_request(io.BytesIO(sent(other)))
    with pytest.raises(ValueError):
        receive_request(io.BytesIO(sent(REF)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "plain",
    [
        "{}", "[]", "null", "1", '"x"', '{"type": "Nothing"}', '{"type": "Done"', '{"type": "Done", "more": 1}',
        '{"type": "Done", "data": "text"}', '{"type": "Done", "data": {"type": "bytes", "base64": "%%%"}}',
        '{"type": "Done", "data": {"type": "bytes"}}', '{"type": "Done", "data": {"type": "Pin", "value": ""}}',
        '{"type": "Done", "raw": 1}', '{"type": "Failed", "code": null}', '{"type": "Slots", "slots": [1]}',
        '{"type": "Slots", "slots": {}}', '{"type": "Slots", "slots": [{"type": "RawSlot", "slot": true}]}',
        '{"type": "PinNeeded", "state": "ok", "tries_left": "2"}', '{"type": ["Done"]}', "[" * 200_000, "NaN", "\xff",
    ],
)  # fmt: skip
def test_nonsense_is_a_value_error(plain: str) -> None:
    with pytest.raises(ValueError):
        receive_reply(framed(plain.encode("latin-1")))


def test_damaged_messages_are_read_or_refused_never_worse() -> None:
    draw, refused = random.Random(20261123), 0
    for _ in range(3000):
        payload = bytearray(json.dumps(json.loads(sent(draw.choice(REPLIES))[4:])).encode())
        for _ in range(draw.randint(1, 3)):
            payload[draw.randrange(len(payload))] = draw.randrange(256)
        try:
            receive_reply(framed(bytes(payload)))
        except ValueError:
            refused += 1
    assert refused > 1500


def test_sizes_are_limited_on_both_sides() -> None:
    with pytest.raises(ValueError):
        send(io.BytesIO(), Done(bytes(MAX_MESSAGE)))
    with pytest.raises(ValueError):
        receive_reply(io.BytesIO(struct.pack(">I", MAX_MESSAGE + 1)))
    with pytest.raises(EOFError):
        receive_reply(io.BytesIO(sent(Done(b"abc"))[:-1]))


def test_neither_pin_nor_frame_shows_in_a_text() -> None:
    assert "口令" not in "".join(repr(one) for one in REQUESTS)
