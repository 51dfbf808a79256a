"""The verifier's steps about the container, the log and its heads."""

from app.ca.timestamp import judge
from app.ca.trust import Status, TrustList
from app.canon import sha256_hex
from app.errors import InputError
from app.record.archive import VERIFIER, shipped_verifier
from app.record.archive_reader import ArchiveReader
from app.record.checkpoint import (
    Checkpoint,
    open_checkpoint,
    parse_note,
    parse_signature_line,
    verify_cosignature,
)
from app.record.log import MerkleTree
from app.record.verification import Fact, Finding, Tally


def check_files(archive: ArchiveReader) -> tuple[Finding, frozenset[str]]:
    """Every file against the manifest and its own name; also gives the names of those that are right."""
    tally = Tally()
    good: set[str] = set()
    for name, listed in archive.listed.items():
        digest = archive.digest(name)
        tally.count("files")
        named = name.rpartition("/")[2].partition(".")[0]
        if listed.size != archive.members[name].size or listed.sha256 != digest:
            tally.failed("container.file_differs", name=name)
        elif name.startswith(("blobs/", "certificates/")) and named != digest:
            tally.failed("container.name_differs", name=name)
        else:
            good.add(name)
    return tally.finding(), frozenset(good)


class Heads:
    """The archive's checkpoints, judged once for several steps.

    Attributes:
        by_size: those that could be read.
    """

    def __init__(self, archive: ArchiveReader, tree: MerkleTree, log_key: bytes | None) -> None:
        self._archive = archive
        self._tree = tree
        self.by_size: dict[int, Checkpoint] = {}
        self.roots = Tally()
        self.signatures = Tally()
        self._read(log_key)

    def _read(self, log_key: bytes | None) -> None:
        archive, tree = self._archive, self._tree
        last = -1
        try:
            for stored in archive.checkpoints():
                checkpoint, _ = parse_note(stored.note)
                where: dict[str, Fact] = {"size": stored.size}
                if checkpoint.size != stored.size or stored.size <= last:
                    self.roots.failed("checkpoint.order", **where)
                last = stored.size
                if checkpoint.size > tree.size:
                    self.roots.failed("tree.shorter_than_checkpoint", **where)
                elif tree.root(checkpoint.size) != checkpoint.root:
                    self.roots.failed("tree.root_differs", **where)
                self.by_size[checkpoint.size] = checkpoint
                self.signatures.count("checkpoints")
                self._check_signature(stored.note, log_key, stored.size)
        except InputError as error:
            self.roots.failed(error.code, **error.facts)
            self.signatures.failed(error.code, **error.facts)
        self.roots.facts |= {"entries": tree.size, "root": tree.root().hex()}
        if archive.size != tree.size or archive.root != tree.root().hex():
            self.roots.failed("tree.manifest_differs", size=archive.size)
        if last != tree.size:
            self.roots.failed("tree.end_not_signed", size=tree.size)

    def _check_signature(self, note: str, log_key: bytes | None, size: int) -> None:
        if log_key is None:
            self.signatures.failed("checkpoint.no_log_key")
            return
        try:
            open_checkpoint(note, self._archive.case, log_key)
        except InputError as error:
            self.signatures.failed(error.code, size=size)


def check_cosignatures(
    archive: ArchiveReader, heads: Heads, sessions: dict[str, list[bytes]], some_hidden: bool
) -> Finding:
    """Every cosignature by a session key that its person signed in with."""
    tally = Tally()
    people: set[str] = set()
    try:
        for stored in archive.cosignatures():
            line = parse_signature_line(stored.line)
            checkpoint = heads.by_size.get(stored.size)
            where: dict[str, Fact] = {"size": stored.size, "name": stored.name}
            tally.count("cosignatures")
            if line.name != stored.name:
                tally.failed("cosignature.name_differs", **where)
            elif checkpoint is None:
                tally.failed("cosignature.no_checkpoint", **where)
            elif not sessions.get(stored.name) and some_hidden:
                tally.unsure("cosignature.sign_in_hidden", **where)
            elif verify_cosignature(checkpoint, line, sessions.get(stored.name, [])):
                people.add(stored.name)
            elif some_hidden:
                tally.unsure("cosignature.sign_in_hidden", **where)
            else:
                tally.failed("cosignature.invalid", **where)
    except InputError as error:
        tally.failed(error.code, **error.facts)
    tally.facts["people"] = len(people)
    if not people:
        tally.unsure("cosignature.none")
    return tally.finding()


def check_expected(tree: MerkleTree, expect: tuple[int, bytes] | None) -> Finding:
    """Whether the log begins with the head that the reader brought from outside."""
    tally = Tally()
    if expect is None:
        tally.unsure("expect.not_given")
        return tally.finding()
    size, root = expect
    tally.facts |= {"size": size, "root": root.hex()}
    if size > tree.size:
        tally.failed("expect.log_shorter", size=tree.size)
    elif tree.root(size) != root:
        tally.failed("expect.root_differs", size=size)
    return tally.finding()


def check_stamps(archive: ArchiveReader, heads: Heads, trust: TrustList | None) -> Finding:
    """Every stamp over its checkpoint's body, by an authority that the trust from outside knows."""
    tally = Tally()
    tally.facts["stamps"] = 0
    try:
        for stored in archive.stamps():
            tally.count("stamps")
            where: dict[str, Fact] = {"size": stored.size}
            checkpoint = heads.by_size.get(stored.size)
            if checkpoint is None:
                tally.failed("stamp.no_checkpoint", **where)
                continue
            part, _moment = judge(stored.token, checkpoint.body.encode(), trust or TrustList([]))
            if part.status is Status.FAILED and not (trust is None and part.code.startswith("chain.")):
                tally.failed(part.code, **where)
            elif part.status is not Status.PASSED:
                tally.unsure("stamp.no_trust" if trust is None else part.code, **where)
    except InputError as error:
        tally.failed(error.code, **error.facts)
    return tally.finding()


def check_carried(archive: ArchiveReader) -> Finding:
    """Whether the verifier inside is the one that this version ships."""
    tally = Tally()
    digest = archive.digest(VERIFIER)
    tally.facts["digest"] = digest
    if digest != sha256_hex(shipped_verifier()):
        tally.unsure("carried.other_version", name=VERIFIER)
    return tally.finding()
