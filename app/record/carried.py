"""The revocation evidence (吊销证据) that an archive carries; whether it counts, its own signatures say."""

import contextlib
from collections.abc import Iterator

from app.ca.trust import TrustList
from app.errors import InputError
from app.record.archive_reader import ArchiveReader
from app.record.entry import parse_entry

NAMED_UNDER = "evidence_sha256"
"""The key of a sign-in's event that names its evidence."""


def with_carried(trust: TrustList, archive: ArchiveReader) -> TrustList:
    """``trust`` with the lists of the case and what its sign-ins name; an unreadable one leaves revocation untold."""
    crls: list[bytes] = []
    answers: list[bytes] = []
    for content in _contents(archive):
        for kind, one in ((answers, ([], [content])), (crls, ([content], []))):
            try:
                trust.with_evidence(*one)
            except InputError:
                continue  # not of this kind; the container's step names a file that is not what was archived
            kind.append(content)
            break
    return trust.with_evidence(crls, answers)


def _contents(archive: ArchiveReader) -> Iterator[bytes]:
    for name in archive.members:
        if name.startswith("certificates/") and name.endswith((".crl", ".ocsp")):
            with contextlib.suppress(InputError):
                yield archive.read(name)
    for digest in sorted(_named(archive)):
        name = f"blobs/{digest}"
        if name in archive.members:
            with contextlib.suppress(InputError):
                yield archive.read(name)


def _named(archive: ArchiveReader) -> set[str]:
    """Digests of the evidence that visible sign-ins name; what is malformed in an entry is its step's to say."""
    found: set[str] = set()
    with contextlib.suppress(InputError):
        for line in archive.entry_lines():
            if isinstance(line, bytes) and NAMED_UNDER.encode() in line:
                with contextlib.suppress(InputError):
                    named = parse_entry(line).event.get(NAMED_UNDER)
                    if isinstance(named, list):
                        found.update(one for one in named if isinstance(one, str))
    return found
