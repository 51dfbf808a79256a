"""Where in the contents a verification found something wrong: which entries, files and documents are marked."""

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from app.record.verification import Place, StepResult, Verification
from app.ui.archive.content import Content

Key = TypeVar("Key")
_BY_DIGEST = re.compile(r"(?:blobs|sealed)/([0-9a-f]{64})")
ENTRIES = "entries.jsonl"
BETWEEN_HEADS = "tree.root_differs"
FOLLOWING = frozenset({"command.head", "document.other_root", "entry.index", "command.order"})
"""What fails at every later place too once something was changed before: only the first says where."""
OF_HEADS = ("tree", "checkpoint", "cosignature", "stamp", "expect")


class Marks(msgspec.Struct, frozen=True):
    """What is wrong, by place.

    Attributes:
        entries: by index; ``papers``: by the document's id.
        files: by SHA-256; the archive's own by their names.
    """

    entries: dict[int, tuple[Place, ...]] = {}
    files: dict[str, tuple[Place, ...]] = {}
    papers: dict[str, tuple[Place, ...]] = {}

    @property
    def first_entry(self) -> int | None:
        return min(self.entries, default=None)


def marks(result: Verification | None, content: Content) -> Marks:
    """The places that failed.

    A head that does not fit says that the change is among the entries since the head before: those are marked. Later
    heads cannot fit then, and say nothing more.
    """
    entries: dict[int, list[Place]] = {}
    files: dict[str, list[Place]] = {}
    papers: dict[str, list[Place]] = {}
    for index, code in content.unreadable.items():
        _add(entries, index, Place(True, code, {"index": index}))
    followed: set[str] = set()
    located = result is not None and any(
        place.problem == BETWEEN_HEADS for step in result.steps for place in step.places
    )
    members = {file.member for file in content.files if file.own}
    heads_done = False
    for step in result.steps if result is not None else ():
        for place in step.places:
            if not place.failed:
                continue
            if place.problem == BETWEEN_HEADS:
                if not heads_done:
                    for index in _since_last_head(content, place):
                        _add(entries, index, place)
                heads_done = True
                continue
            if place.problem in FOLLOWING:
                if located or place.problem in followed:
                    continue
                followed.add(place.problem)
            entry = _entry(place)
            if entry is not None:
                _add(entries, entry, place)
            name, digest = str(place.where.get("name", "")), str(place.where.get("digest", ""))
            found = _BY_DIGEST.fullmatch(name)
            key = digest or (found[1] if found else name if name in members else "")
            if key:
                _add(files, key, place)
            if name in content.state.documents:
                _add(papers, name, place)
    for document in content.state.documents.values():
        for place in files.get(document.pdf_sha256, ()):
            _add(papers, document.id, place)
    return Marks(_fixed(entries), _fixed(files), _fixed(papers))


def target(step: StepResult, result: Verification, content: Content) -> int | str | None:
    """Where to look for what a step found: an entry's index or a file's key; None where it has no place of its own."""
    if not any(place.failed for place in step.places):
        return None
    readable = msgspec.structs.replace(content, unreadable={})
    one = marks(msgspec.structs.replace(result, steps=(step,)), readable)
    key, entry = next(iter(one.files), None), one.first_entry
    if key == ENTRIES:  # the file as a whole: what else was found says which of its entries
        entry = marks(result, content).first_entry
        return key if entry is None else entry
    return key if key is not None and (entry is None or step.code in ("container", "files")) else entry


def _entry(place: Place) -> int | None:
    """The entry that a place names; ``index`` elsewhere counts bytes, lines or heads."""
    index = place.where.get("index")
    family = place.problem.partition(".")[0]
    if not isinstance(index, int) or isinstance(index, bool) or family in ("container", *OF_HEADS):
        return None
    if family == "archive":
        return index - (place.problem == "archive.line") if place.where.get("name", ENTRIES) == ENTRIES else None
    return index


def _since_last_head(content: Content, place: Place) -> Sequence[int]:
    size = place.where.get("size")
    if not isinstance(size, int):
        return range(0)
    before = max((one for one in content.heads if one < size), default=0)
    among = range(before, size)
    unreadable = [index for index in among if index in content.unreadable]
    return unreadable or among


def _add(where: dict[Key, list[Place]], key: Key, place: Place) -> None:
    known = where.setdefault(key, [])
    if all(place.problem != one.problem for one in known):
        known.append(place)


def _fixed(found: dict[Key, list[Place]]) -> dict[Key, tuple[Place, ...]]:
    return {key: tuple(places) for key, places in found.items()}
