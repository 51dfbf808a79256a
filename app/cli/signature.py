"""``bidroom signature check``: the signatures on a PDF or OFD file, three lines each."""

import argparse
from pathlib import Path

import msgspec

from app.ca.pdf_verifier import DocumentVerdict
from app.ca.signed_file import FILE_LIMIT, status_of, trust_of
from app.ca.signed_file import check as check_file
from app.ca.trust import MAX_TRUST_FILE, Part, Status
from app.cli.texts import problem_words, said
from app.clock import SystemClock
from app.errors import InputError

_EXIT = {Status.PASSED: 0, Status.FAILED: 1, Status.COULD_NOT_TELL: 2}


def check(options: argparse.Namespace) -> int:
    """Check ``options.file``; 0 passed, 1 failed, 2 could not tell (always so without ``--trust``)."""
    trust = trust_of(
        [_read(path, MAX_TRUST_FILE) for path in options.trust], [_read(path, MAX_TRUST_FILE) for path in options.crl]
    )
    verdict = check_file(_read(options.file, FILE_LIMIT), trust, SystemClock().now())
    if options.json:
        value = msgspec.to_builtins(verdict) | {"status": status_of(verdict).value}
        print(msgspec.json.format(msgspec.json.encode(value), indent=1).decode())
    else:
        print("\n".join(_lines(verdict)))
    return _EXIT[status_of(verdict)]


def _lines(verdict: DocumentVerdict) -> list[str]:
    lines = [] if verdict.document.status is Status.PASSED else [_line("document", verdict.document)]
    for number, one in enumerate(verdict.signatures, 1):
        claimed = f"{one.claimed_time.astimezone():%Y-%m-%d %H:%M:%S}" if one.claimed_time else ""
        lines.append(f"{number}. {' · '.join(text for text in (one.holder, one.name, claimed) if text)}")
        lines += [
            "   " + _line("integrity", one.integrity),
            "   " + _line("identity", one.identity),
            "   " + _line("time", one.time),
        ]
    lines.append(said(f"signature.all.{status_of(verdict).value}"))
    return lines


def _line(what: str, part: Part) -> str:
    said_why = "" if part.status is Status.PASSED else problem_words(part.code)
    about = " · ".join(text for text in (said_why, part.about) if text)
    return f"{said(f'signature.{what}')}{said(f'signature.is.{part.status.value}')}{f'  {about}' if about else ''}"


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InputError("file.not_read", name=path.name) from error
    if len(data) > limit:
        raise InputError("file.too_large", name=path.name, limit=limit)
    return data
