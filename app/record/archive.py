"""The case archive (归档): everything a case was, in one file that verifies itself (docs/formats/case-archive.md)."""

import base64
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from app.canon import canonical, sha256_hex
from app.errors import FaultError
from app.record.archive_readme import README_EN, README_ZH
from app.record.container import ContainerWriter
from app.record.entry import parse_entry
from app.record.evidence import StoredCheckpoint, StoredCosignature, StoredStamp
from app.record.log import MerkleTree, leaf_hash
from app.record.naming import blob_keys, named_blobs

FORMAT = "bidroom-archive/1"
FULL = "full"
MANIFEST = "MANIFEST.jsonl"
ENTRIES = "entries.jsonl"
CHECKPOINTS = "checkpoints.jsonl"
COSIGNATURES = "cosignatures.jsonl"
STAMPS = "stamps.jsonl"
RULEPACK = "rulepack.json"
VERIFIER = "bidverify.py"


class ArchivedBlob(msgspec.Struct, frozen=True):
    """A file for the archive.

    Attributes:
        sealed: still encrypted under the case key; ``size`` and ``pieces`` are then of the ciphertext.
        pieces: gives the bytes from the start, each time it is called.
    """

    sealed: bool
    size: int
    pieces: Callable[[], Iterator[bytes]]


class ArchiveSource(Protocol):
    """Where a case's record comes from; see :class:`app.record.source.CaseSource`."""

    @property
    def case(self) -> str:
        """The case id."""
        ...

    @property
    def rulepack(self) -> bytes | None:
        """The rule pack that the case used, as the event that names it has it."""
        ...

    @property
    def certificates(self) -> Mapping[str, bytes]:
        """Certificates and revocation evidence by file name, of which only the ending is kept (``der``, ``crl``, …)."""
        ...

    def entries(self) -> Iterable[bytes]:
        """The exact bytes of all entries; asked twice."""
        ...

    def checkpoints(self) -> Sequence[StoredCheckpoint]:
        """By size."""
        ...

    def cosignatures(self) -> Sequence[StoredCosignature]:
        """By size and name."""
        ...

    def stamps(self) -> Sequence[StoredStamp]:
        """In the order in which they came."""
        ...

    def blob(self, sha256: str) -> ArchivedBlob | None:
        """The file of that digest, if it is there."""
        ...


class ArchiveSummary(msgspec.Struct, frozen=True):
    """What an archive holds.

    Attributes:
        size, root: the last head (root as hex): the ``N:R`` of ``--expect``.
        missing: digests that visible events name and the source does not have.
        sealed: how many files stay encrypted.
        bytes: of the whole archive.
    """

    case: str
    edition: str
    size: int
    root: str
    hidden: int
    blobs: int
    sealed: int
    missing: tuple[str, ...]
    bytes: int


def shipped_verifier() -> bytes:
    """``bidverify.py`` of this version, with the line ends it was released with."""
    return Path(__file__).with_name(VERIFIER).read_bytes().replace(b"\r\n", b"\n")


def everything(_index: int) -> bool:
    """The visibility of the full edition."""
    return True


def save_archive(
    path: Path,
    source: ArchiveSource,
    edition: str = FULL,
    visible: Callable[[int], bool] = everything,
    blobs: Callable[[str], bool] | None = None,
) -> ArchiveSummary:
    """Write an archive to ``path``, by way of ``.part``, fsync and rename; else as :func:`write_archive`.

    Raises:
        FaultError: ``archive.not_written``.
    """
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as out:
            summary = write_archive(out, source, edition, visible, blobs)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, path)
    except OSError as error:
        raise FaultError("archive.not_written", error=type(error).__name__) from error
    finally:
        part.unlink(missing_ok=True)
    return summary


def write_archive(
    out: BinaryIO,
    source: ArchiveSource,
    edition: str = FULL,
    visible: Callable[[int], bool] = everything,
    blobs: Callable[[str], bool] | None = None,
) -> ArchiveSummary:
    """Write a case as a container, in constant memory but for 100 bytes an entry and a file.

    Args:
        edition: ``"full"``, or another name: a party's, with the leaf hashes of the entries that are not ``visible``.
        visible: by entry index; the first entry is always visible.
        blobs: by digest, of the files that visible events name; all by default.

    Raises:
        FaultError: ``archive.no_final_checkpoint`` (the last checkpoint does not cover the last entry),
            ``archive.source_changed`` (written to meanwhile), and what the source raises.
        OSError: of ``out``.
    """
    survey = _Survey(source, visible if edition != FULL else everything)
    notes = [item for item in source.checkpoints() if item.size <= survey.tree.size]
    if not notes or notes[-1].size != survey.tree.size:
        raise FaultError("archive.no_final_checkpoint", count=survey.tree.size)
    texts: dict[str, bytes] = {
        "README.en.txt": README_EN.encode(),
        "README.zh.txt": README_ZH.encode(),
        VERIFIER: shipped_verifier(),
        CHECKPOINTS: _lines({"size": item.size, "note": item.note} for item in notes),
        COSIGNATURES: _lines(
            {"size": item.size, "name": item.name, "line": item.line}
            for item in source.cosignatures()
            if item.size <= survey.tree.size
        ),
        STAMPS: _lines(
            {"size": item.size, "at": item.at, "token": base64.b64encode(item.token).decode()}
            for item in source.stamps()
            if item.size <= survey.tree.size
        ),
    }
    for ending, content in _certificates(source.certificates):
        texts[f"certificates/{sha256_hex(content)}.{ending}"] = content
    if source.rulepack is not None:
        texts[RULEPACK] = source.rulepack
        survey.named.discard(sha256_hex(source.rulepack))

    files: dict[str, ArchivedBlob] = {}
    missing: list[str] = []
    for digest in sorted(survey.named):
        if blobs is not None and not blobs(digest):
            continue
        blob = source.blob(digest)
        if blob is None:
            missing.append(digest)
        else:
            files[f"{'sealed' if blob.sealed else 'blobs'}/{digest}"] = blob

    root = survey.tree.root().hex()
    manifest = [{"format": FORMAT, "case": source.case, "edition": edition, "size": survey.tree.size, "root": root}]
    names = sorted([*texts, *files, ENTRIES])
    digests = {name: sha256_hex(data) for name, data in texts.items()}
    digests |= {name: _digest_of(name, blob) for name, blob in files.items()}
    digests[ENTRIES] = survey.digest
    sizes = {name: len(data) for name, data in texts.items()} | {name: blob.size for name, blob in files.items()}
    sizes[ENTRIES] = survey.bytes
    manifest += [{"name": name, "size": sizes[name], "sha256": digests[name]} for name in names]
    first = _lines(manifest)

    writer = ContainerWriter(out)
    writer.add(MANIFEST, len(first), [first])
    for name in names:
        if name == ENTRIES:
            pieces: Iterable[bytes] = survey.lines()
        else:
            pieces = [texts[name]] if name in texts else files[name].pieces()
        if writer.add(name, sizes[name], pieces) != digests[name]:
            raise FaultError("archive.source_changed", name=name)
    writer.finish()
    total = sum(512 + size + -size % 512 for size in [len(first), *sizes.values()]) + 1024
    return ArchiveSummary(
        case=source.case,
        edition=edition,
        size=survey.tree.size,
        root=root,
        hidden=survey.hidden,
        blobs=len(files),
        sealed=sum(1 for blob in files.values() if blob.sealed),
        missing=tuple(missing),
        bytes=total,
    )


class _Survey:
    """The first walk over the entries: what the second will write, and which files they name."""

    def __init__(self, source: ArchiveSource, visible: Callable[[int], bool]) -> None:
        self._source = source
        self._visible = visible
        self.tree = MerkleTree()
        self.named: set[str] = set()
        self._keys: frozenset[str] = frozenset()
        self.hidden = 0
        self.bytes = 0
        digest = hashlib.sha256()
        for line in self._walk(self._note):
            digest.update(line)
            self.bytes += len(line)
        self.digest = digest.hexdigest()

    def lines(self) -> Iterator[bytes]:
        """The lines of ``entries.jsonl``."""
        return self._walk(lambda _data, _shown: None)

    def _walk(self, note: Callable[[bytes, bool], None]) -> Iterator[bytes]:
        for index, data in enumerate(self._source.entries()):
            shown = index == 0 or self._visible(index)
            note(data, shown)
            yield (data if shown else canonical({"leaf": leaf_hash(data).hex()})) + b"\n"

    def _note(self, data: bytes, shown: bool) -> None:
        self.tree.append(data)
        if shown:
            event = parse_entry(data).event
            if self.tree.size == 1:
                self._keys = blob_keys(event)
            self.named.update(named_blobs(event, self._keys))
        else:
            self.hidden += 1


def _lines(values: Iterable[Mapping[str, object]]) -> bytes:
    return b"".join(canonical(dict(value)) + b"\n" for value in values)


def _certificates(found: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for name, content in found.items():
        ending = name.rpartition(".")[2]
        if not re.fullmatch(r"[a-z0-9]{1,8}", ending):
            raise ValueError("a certificate file's name has an ending of at most eight lower-case letters or digits")
        yield ending, content


def _digest_of(name: str, blob: ArchivedBlob) -> str:
    if not blob.sealed:
        return name.rpartition("/")[2]
    digest = hashlib.sha256()
    for piece in blob.pieces():
        digest.update(piece)
    return digest.hexdigest()
