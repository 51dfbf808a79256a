"""Links and messages: what is written is read back, what is bent is refused with one error."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.session.wire import messages as wire
from app.session.wire.link import Link, parse_link

FINGERPRINT = "ab" * 32
LINKS = [
    Link("127.0.0.1", 8443, "KM-GK-2026-0118/1", FINGERPRINT),
    Link("opening.example.cn", 1, "云采 2026/包 1?&#", FINGERPRINT, "officer", "s-_~e cret&k=x"),
    Link("2001:db8::1", 65535, "A/1", FINGERPRINT, "s1234abcd", "x"),
]


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.host)
def test_a_link_is_read_back_as_it_was_and_hides_its_secret(link: Link) -> None:
    assert parse_link(link.text()) == link
    assert parse_link(f"  {link.text()}\n") == link
    assert link.secret == "" or link.secret not in repr(link)


@pytest.mark.parametrize(
    "text",
    [
        "", "bidroom://", "https://h:1/c?f=" + FINGERPRINT, "bidroom://h/c?f=" + FINGERPRINT, "bidroom://h:1/c",
        "bidroom://h:1/c?f=ab", "bidroom://h:1/c?f=" + "zz" * 32, "bidroom://h:99999/c?f=" + FINGERPRINT,
        "bidroom://h:1/?f=" + FINGERPRINT, "bidroom://[h:1/c?f=" + FINGERPRINT,
        "bidroom://h:1/c?f=" + FINGERPRINT + "00",
    ],
)  # fmt: skip
def test_a_bent_link_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_link(text)
    assert caught.value.code == "link.malformed"


@given(st.text(string.printable, max_size=200))
def test_no_text_breaks_the_reading_of_links(text: str) -> None:
    try:
        parse_link("bidroom://" + text)
    except InputError as error:
        assert error.code == "link.malformed"  # noqa: PT017 - either a link or this


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reading_of_messages(data: bytes) -> None:
    for decode in (wire.decode_to_host, wire.decode_to_desk):
        try:
            decode(data)
        except InputError as error:
            assert error.code == "message.malformed"  # noqa: PT017 - either a message or this


def test_messages_are_read_back_as_they_were() -> None:
    command = wire.Command(3, "c2lnbmVk", "c2ln")
    assert wire.decode_to_host(wire.encode(command)) == command
    entries = wire.Entries((wire.EntryItem(0, "ab" * 32, "{}"), wire.EntryItem(1, "cd" * 32, "")))
    assert wire.decode_to_desk(wire.encode(entries)) == entries


def test_a_message_of_the_other_direction_is_none() -> None:
    with pytest.raises(InputError):
        wire.decode_to_host(wire.encode(wire.Goodbye("x")))
    with pytest.raises(InputError):
        wire.decode_to_desk(wire.encode(wire.Ping("x")))


def test_sizes_are_looked_at_before_anything_is_read() -> None:
    for decode, limit in ((wire.decode_to_host, wire.INBOUND_LIMIT), (wire.decode_to_desk, wire.OUTBOUND_LIMIT)):
        with pytest.raises(InputError) as caught:
            decode("x" * (limit + 1))
        assert caught.value.code == "message.too_large"
