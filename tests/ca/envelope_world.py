"""People and envelopes for the envelope's tests; keys are made once, a test says only what it is about.

All of it exists twice: with EC keys in suite ``intl-1``, and inside :func:`world` with SM2 keys in ``gm-1``.
"""

import asyncio
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, BinaryIO

import msgspec
import pytest
from national import NationalHolder, NationalPki

from app.ca.device_key import DeviceKeyHolder
from app.ca.envelope import (
    INTL_1,
    EnvelopeHeader,
    FileEntry,
    OpenedEnvelope,
    Recipient,
    Share,
    Suite,
    open_envelope,
    read_header,
    seal_bytes,
    take_share,
)
from app.ca.token import Act
from app.errors import InputError

CONTEXT = {"case": "KM-2026-001", "lot": "1", "deadline": "2026-11-20T01:30:00.000Z", "kit_sha256": "ab" * 32}
PAYLOAD = {"price": "9800000.00", "words": "玖佰捌拾万元整"}
FILES = (("投标文件.pdf", b"%PDF-1.4 " + bytes(40_000)), ("../../etc/passwd", b"not a path"))
ACT = Act("release_share", {})


_suites = [INTL_1]


@contextmanager
def world(of: Suite) -> Iterator[None]:
    """Everybody holds keys for this suite, and seals with it."""
    _suites.append(of)
    try:
        yield
    finally:
        _suites.pop()


def suite() -> Suite:
    """The suite of the present world."""
    return _suites[-1]


def person(name: str) -> Any:
    """A ``KeyHolder``."""
    return _person(name, suite().name)


@cache
def _person(name: str, suite_name: str) -> DeviceKeyHolder | NationalHolder:
    return DeviceKeyHolder.create(name) if suite_name == INTL_1.name else _pki().holder(name)


@cache
def _pki() -> NationalPki:
    return NationalPki()


class Envelope(msgspec.Struct, frozen=True):
    """A sealed envelope in memory with what its receipt says."""

    data: bytes
    header_sha256: str

    @property
    def header(self) -> EnvelopeHeader:
        return read_header(io.BytesIO(self.data))


def sealed(**changes: Any) -> Envelope:
    """A bid by 甲公司, 2 of the openers 张, 王, 李 and the supplier's own layer, unless told otherwise."""
    terms: dict[str, Any] = {
        "purpose": "bid",
        "rehearsal": False,
        "context": CONTEXT,
        "openers": [Recipient(person(name).encryption_certificate) for name in "张王李"],
        "k": 2,
        "supplier": person("甲公司").encryption_certificate,
        "payload": PAYLOAD,
        "signer": person("甲公司"),
        "files": FILES,
        "suite": suite(),
    }
    made, data = asyncio.run(seal_bytes(**{**terms, **changes}))
    assert made.size == len(data)
    return Envelope(data, made.header_sha256)


def share_of(envelope: Envelope, name: str) -> Share:
    return asyncio.run(take_share(envelope.header, person(name), ACT))


def shares_of(envelope: Envelope, names: Iterable[str]) -> list[Share]:
    return [share_of(envelope, name) for name in names]


class Shelf:
    """Where opened files are put: only those whose context ended well."""

    def __init__(self) -> None:
        self.files: dict[int, tuple[FileEntry, bytes]] = {}

    @contextmanager
    def __call__(self, number: int, entry: FileEntry) -> Iterator[BinaryIO]:
        file = io.BytesIO()
        yield file
        self.files[number] = (entry, file.getvalue())


def opened(envelope: Envelope, shares: Iterable[Share], shelf: Shelf | None = None, **changes: Any) -> OpenedEnvelope:
    expected: dict[str, Any] = {
        "header_sha256": envelope.header_sha256,
        "purpose": "bid",
        "context": CONTEXT,
        "rehearsal": False,
        "shares": shares,
        "sink": shelf or Shelf(),
    }
    return open_envelope(io.BytesIO(envelope.data), **{**expected, **changes})


def refusal(work: Callable[[], object]) -> tuple[str, object, object]:
    """Code, fault and reason of the refusal that ``work`` ends in."""
    with pytest.raises(InputError) as caught:
        work()
    return caught.value.code, caught.value.facts.get("fault"), caught.value.facts.get("reason")
