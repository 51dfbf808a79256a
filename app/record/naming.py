"""How an event names files: which of its values are digests of blobs."""

import re
from collections.abc import Iterator, Mapping

_DIGEST = re.compile(r"[0-9a-f]{64}")


ALWAYS = "blobs"
DECLARED = "blob_keys"


def blob_keys(first_event: Mapping[str, object]) -> frozenset[str]:
    """The keys whose values name blobs: ``blobs``, and what the first event of the case lists under ``blob_keys``.

    The case declares them itself, so that its archive can be checked years later by what it says, and the record knows
    no event but the first. ValueError where the list is not one of strings.
    """
    declared = first_event.get(DECLARED)
    if declared is None:
        return frozenset({ALWAYS})
    if not isinstance(declared, list | tuple) or not all(isinstance(key, str) for key in declared):
        raise ValueError("not a list of keys")
    return frozenset({ALWAYS, *declared})


def named_blobs(value: object, keys: frozenset[str]) -> Iterator[str]:
    """The SHA-256 (hex) of every blob that an event names under one of ``keys``, at any depth.

    The value of such a key is a digest or a list of digests; None and "" name nothing.

    Raises:
        ValueError: such a key with another value.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            if key in keys:
                yield from _digests(item)
            else:
                yield from named_blobs(item, keys)
    elif isinstance(value, list):
        for item in value:
            yield from named_blobs(item, keys)


def _digests(item: object) -> Iterator[str]:
    for digest in item if isinstance(item, list) else [item]:
        if digest is None or digest == "":
            continue
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise ValueError("not a digest")
        yield digest
