"""``bidroom case escrow``, ``share`` and ``restore``: a case that outlives its machine."""

import argparse
import sys
from pathlib import Path

import msgspec

from app.ca.trust import read_authorities
from app.cli.bid import token_of
from app.cli.case import read
from app.cli.texts import said
from app.errors import InputError
from app.session.case_folder import cases_in
from app.session.escrow import make_escrow, read_escrow, restore, share_of_words, take_out


def escrow(options: argparse.Namespace) -> int:
    """Write the escrow file of a case; prints its holders."""
    folder = cases_in(options.home).get(options.case)
    if folder is None:
        raise InputError("host.no_case", case=options.case)
    certificates = [der for path in options.holder for der in read_authorities(read(path))]
    made = make_escrow(folder, certificates, options.k)
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n")
    for share in made.shares:
        print(f"{share.x}\t{share.holder}\t{share.certificate[:16]}")
    print(said("escrow.made", name=str(options.out), k=str(made.k), n=str(len(made.shares))))
    return 0


async def share(options: argparse.Namespace) -> int:
    """Take one's share out by token: words on standard output, or only whether it opens."""
    held = read_escrow(read(options.escrow))
    async with token_of(options) as key:
        taken = await take_out(held, key)
    print(said("escrow.opens", place=str(taken.x)), file=sys.stderr)
    if not options.trial:
        print(taken.words())
    return 0


def bring_back(options: argparse.Namespace) -> int:
    """Restore a case's folder from the file, the words of k holders, and the second copy of the record."""
    held = read_escrow(read(options.escrow))
    words: list[Path] = options.words
    shares = [share_of_words(held, read(path).decode("utf-8", "replace")) for path in words]
    folder = restore(held, shares, options.home, options.mirror)
    print(said("escrow.restored", name=str(folder)))
    return 0
