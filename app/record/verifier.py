"""Verification of a case archive in numbered steps; needs nothing but the file and what the reader brings along."""

from collections.abc import Sequence
from pathlib import Path

from app.ca.trust import TrustList
from app.errors import BidroomError, InputError
from app.record.archive import ENTRIES, RULEPACK
from app.record.archive_reader import ArchiveReader, Hidden
from app.record.carried import with_carried
from app.record.checks_acts import ActChecks
from app.record.checks_log import (
    Heads,
    check_carried,
    check_cosignatures,
    check_expected,
    check_files,
    check_stamps,
)
from app.record.entry import Entry, decode_base64, decode_hex, parse_entry
from app.record.log import MerkleTree
from app.record.naming import blob_keys, named_blobs
from app.record.verification import Finding, Step, StepResult, Stopped, Tally, Verdict, Verification, Watch

CASE_OPENED = "case_opened"
STEPS = (
    "container",
    "entries",
    "tree",
    "checkpoints",
    "cosignatures",
    "expect",
    "sign_ins",
    "identities",
    "revocations",
    "commands",
    "grave_acts",
    "files",
    "stamps",
    "carried",
    "documents",
)
"""The codes of the steps, in their order; what other floors contribute follows."""


def parse_expect(text: str) -> tuple[int, bytes]:
    """``N:R``: number of entries and root (64 hex digits), as printed; InputError ``expect.malformed``."""
    size, separator, root = text.strip().partition(":")
    try:
        value = bytes.fromhex(root)
    except ValueError:
        value = b""
    if not separator or not size.isascii() or not size.isdigit() or len(size) > 15 or len(value) != 32:
        raise InputError("expect.malformed")
    return int(size), value


def verify_archive(
    path: Path,
    *,
    roots: bytes | None = None,
    crls: Sequence[bytes] = (),
    expect: tuple[int, bytes] | None = None,
    documents: Step | None = None,
    steps: Sequence[Step] = (),
    watch: Watch | None = None,
) -> Verification:
    """Verify an archive. Never raises for what the archive contains.

    Args:
        roots: trusted root certificates from outside the archive (PEM bundle or DER); without them identities cannot be
            told. Roots for rehearsals count only in a case that its first entry marks as one.
        crls: revocation lists (PEM or DER) besides those in the archive.
        expect: number of entries and root from outside, e.g. from a signed document.
        documents: judges the signed PDFs; its code is not looked at.
        steps: further steps, e.g. the replay.
        watch: told how far it is; may end it.

    Raises:
        InputError: ``trust.unreadable`` for ``roots`` or ``crls``.
        Stopped: when ``watch`` raised it.
    """
    if roots is not None:
        TrustList([roots], crls, demo=True)
    try:
        archive = ArchiveReader(path)
    except InputError as error:
        return _unreadable(error, [step.code for step in steps])
    with archive:
        progress = _Progress(archive, watch)
        progress.begin("container", sum(archive.members[name].size for name in archive.listed))
        files, good = check_files(archive)
        progress.begin("entries", archive.members[ENTRIES].size)
        trust = None if roots is None else with_carried(TrustList([roots], crls, demo=True), archive)
        walk = _Walk(archive, trust, good)
        progress.begin("checkpoints")
        heads = Heads(archive, walk.tree, walk.log_key)
        heads.signatures.absorb(walk.acts.voucher)
        findings = [
            files,
            walk.entries.finding(),
            heads.roots.finding(),
            heads.signatures.finding(),
            check_cosignatures(archive, heads, walk.acts.keys_of(), walk.acts.some_hidden),
            check_expected(walk.tree, expect),
            walk.acts.sign_ins.finding(),
            walk.acts.identities.finding(),
            walk.acts.revocations.finding(),
            walk.acts.commands.finding(),
            walk.acts.grave_acts.finding(),
            walk.files.finding(),
            check_stamps(archive, heads, trust),
            check_carried(archive),
            Finding(Verdict.COULD_NOT_TELL, problem="documents.not_checked")
            if documents is None
            else _contributed(documents, archive, progress, "documents"),
            *(_contributed(step, archive, progress, step.code) for step in steps),
        ]
        return Verification(
            case=archive.case,
            edition=archive.edition,
            size=walk.tree.size,
            root=walk.tree.root().hex(),
            rehearsal=walk.acts.rehearsal,
            steps=_numbered([*STEPS, *(step.code for step in steps)], findings),
        )


class _Progress:
    """Tells a watcher how far the step at work is."""

    def __init__(self, archive: ArchiveReader, watch: Watch | None) -> None:
        self._watch = watch
        self._step, self._done, self._all = "", 0, 0
        if watch is not None:
            archive.on_read = self._read

    def begin(self, step: str, size: int = 0) -> None:
        self._step, self._done, self._all = step, 0, size
        self._read(0)

    def _read(self, size: int) -> None:
        self._done += size
        if self._watch is not None:
            self._watch(self._step, min(self._done, self._all), self._all)


class _Walk:
    """One walk over the entries for all steps that look at them."""

    def __init__(self, archive: ArchiveReader, trust: TrustList | None, good_files: frozenset[str]) -> None:
        self.tree = MerkleTree()
        self.log_key: bytes | None = None
        self.acts = ActChecks(archive.case, self.tree, trust)
        self.entries, self.files = Tally(), Tally()
        self._archive = archive
        self._named: set[str] = set()
        self._keys: frozenset[str] = frozenset()
        self._hidden = 0
        try:
            for index, line in enumerate(archive.entry_lines()):
                if isinstance(line, Hidden):
                    self._hide(line)
                else:
                    self.tree.append(line)
                    self._show(index, line)
        except InputError as error:
            self.entries.failed(error.code, **error.facts)
        if self.tree.size == 0:
            self.entries.failed("entry.none")
        self.entries.facts |= {"entries": self.tree.size, "hidden": self._hidden}
        self.acts.finish()
        self._compare_files(good_files)

    def _hide(self, line: Hidden) -> None:
        self.tree.append_leaf_hash(line.leaf)
        self._hidden += 1
        self.acts.some_hidden = True
        if self._archive.full or line.index == 0:
            self.entries.failed("entry.hidden", index=line.index)

    def _show(self, index: int, line: bytes) -> None:
        try:
            entry = parse_entry(line)
        except InputError as error:
            self.entries.failed(error.code, index=index)
            return
        if entry.index != index:
            self.entries.failed("entry.index", index=index)
        elif entry.case != self._archive.case:
            self.entries.failed("entry.other_case", index=index)
        elif index == 0 and not self._first(entry):
            self.entries.failed("entry.first", index=index)
        else:
            try:
                self.acts.visit(entry)
            except Exception as error:  # as for contributed steps: a parser that breaks is a finding
                self.entries.failed("step.broke", index=index, error=type(error).__name__)
            try:
                self._named.update(named_blobs(entry.event, self._keys))
            except ValueError:
                self.files.failed("files.malformed", index=index)

    def _first(self, entry: Entry) -> bool:
        event = entry.event
        try:
            key = decode_hex(event.get("host_key"), "host_key", 32)
            certificate = decode_base64(event.get("host_certificate"), "host_certificate")
            self._keys = blob_keys(event)
        except (ValueError, InputError):
            return False
        if entry.type != CASE_OPENED or not isinstance(event.get("rehearsal"), bool):
            return False
        self.log_key = key
        self.acts.start(certificate, event["rehearsal"])
        self.acts.vouch(entry, key)
        return True

    def _compare_files(self, good: frozenset[str]) -> None:
        archive = self._archive
        kept = {name.partition("/")[2]: name for name in archive.members if name.startswith(("blobs/", "sealed/"))}
        if RULEPACK in archive.members:
            kept[archive.listed[RULEPACK].sha256] = RULEPACK
        self.files.facts |= {"named": len(self._named), "kept": len(kept)}
        for digest in sorted(self._named):
            name = kept.get(digest)
            if name is None and archive.full:
                self.files.failed("files.missing", digest=digest)
            elif name is None:
                self.files.unsure("files.not_in_edition", digest=digest)
            elif name not in good:
                self.files.failed("files.damaged", digest=digest)
            elif name.startswith("sealed/"):
                self.files.unsure("files.sealed", digest=digest)
        for digest in sorted(kept.keys() - self._named):
            self.files.failed("files.unnamed", digest=digest)


def _contributed(step: Step, archive: ArchiveReader, progress: _Progress, code: str) -> Finding:
    progress.begin(code)
    try:
        return step.check(archive)
    except Stopped:
        raise
    except BidroomError as error:
        return Finding(Verdict.FAILED, {}, error.code, dict(error.facts))
    except Exception as error:  # a hostile archive may break any parser: that is a finding, never the end
        return Finding(Verdict.FAILED, {}, "step.broke", {"error": type(error).__name__})


def _unreadable(error: InputError, more: Sequence[str]) -> Verification:
    rest = Finding(Verdict.COULD_NOT_TELL, problem="container.not_read")
    findings = [Finding(Verdict.FAILED, {}, error.code, dict(error.facts)), *[rest] * (len(STEPS) - 1 + len(more))]
    return Verification("", "", 0, "", False, _numbered([*STEPS, *more], findings))


def _numbered(codes: Sequence[str], findings: Sequence[Finding]) -> tuple[StepResult, ...]:
    return tuple(
        StepResult(number, code, found.verdict, found.facts, found.problem, found.where, found.places)
        for number, (code, found) in enumerate(zip(codes, findings, strict=True), 1)
    )
