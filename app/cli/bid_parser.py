"""The words of ``bidroom bid``."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.procurement.bid_file import ENTERPRISES

Add = Callable[[argparse.ArgumentParser], None]
Runner = Callable[[argparse.Namespace], int]


def add_bid_verbs(verbs: Any, *, token: Add, person: Add, alone: Runner, joined: Runner) -> None:
    """Add ``bid WHAT``.

    Args:
        token, person: add the options that choose a token; those and the link.
        alone, joined: run ``options.work`` of ``app.cli.bid``: with the options, or with a signed-in client and them.
    """
    bid = verbs.add_parser("bid", help="prepare, check, seal, submit, withdraw a bid (docs/bid-file.md)")
    what = bid.add_subparsers(required=True, metavar="WHAT")
    new = what.add_parser("new", help="make a bid.json beside the PDFs of a folder")
    check = what.add_parser("check", help="say all that a bid lacks: 0 may be sealed, 3 not yet")
    seal = what.add_parser("seal", help="try the token, then seal a bid with the signed sealing kit")
    trial = what.add_parser("trial", help="will this token decrypt at the opening? 0 yes, 3 it will have expired")
    receipt = what.add_parser("receipt", help="verify a receipt, and that it is for this sealed file")
    submit = what.add_parser("submit", help="upload a sealed bid; writes the signed receipt")
    replace = what.add_parser("replace", help="put a newly sealed bid in the place of the one that stands")
    withdraw = what.add_parser("withdraw", help="withdraw the bid that stands; signed over its receipt")
    status = what.add_parser("status", help="what stands for you now, and until when it can be changed")
    decrypt = what.add_parser("decrypt", help="release the key of your own bid when it is to be opened")
    backup = what.add_parser("backup", help="hand in the backup that the officer admitted")
    kit = what.add_parser("kit", help="fetch the sealing kit")

    new.add_argument("folder", type=Path)
    new.add_argument("--kit", type=Path, required=True, help="the sealing kit: it names project and lot")
    new.add_argument("--enterprise", choices=ENTERPRISES, required=True, help="as in your declaration; never assumed")
    new.add_argument("--table", type=Path, help="price table: xlsx, xls, ods or csv")
    new.add_argument("--supplier", default="", help="name (default: the token's)")
    new.add_argument("--uscc", default="", help="unified social credit code (default: the token's)")
    new.add_argument("--delivery", default="", help="delivery or service period")
    new.add_argument("--quality", default="")
    new.add_argument("--validity", type=int, default=90, metavar="DAYS")
    token(new)
    check.add_argument("folder", type=Path, help="folder with bid.json and documents")
    check.add_argument("--case", type=Path, help="case file, for the list of what this case asks for")
    check.add_argument("--kit", type=Path, help="sealing kit, for the deadline")
    for parser in (seal,):
        parser.add_argument("--kit", type=Path, required=True)
        parser.add_argument("--bid", type=Path, required=True, help="folder with bid.json and documents")
        parser.add_argument("--trust", type=Path, required=True, help="PEM of the authorities that you trust")
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument("--case", type=Path, help="case file, to check against its list")
        parser.add_argument("--backup", type=Path, help="also keep the bid in the clear here, if it should not open")
        parser.add_argument("--paper", type=Path, help="write a page (PDF) to print: the share in words")
        parser.add_argument("--no-trial", dest="trial", action="store_false", help="do not try the token first")
        token(parser)
    trial.add_argument("--kit", type=Path, help="sealing kit, for the time of the opening")
    token(trial)
    receipt.add_argument("receipt", type=Path)
    receipt.add_argument("--envelope", type=Path, help="the sealed file")
    host = receipt.add_mutually_exclusive_group(required=True)
    host.add_argument("--kit", type=Path, help="sealing kit, which names the host")
    host.add_argument("--link", help="invitation link, which names the host")
    host.add_argument("--host", help="SHA-256 of the host's certificate, hex")
    for parser in (submit, replace):
        parser.add_argument("envelope", type=Path)
        parser.add_argument("--receipt", type=Path, required=True, help="where to keep the receipt")
        parser.add_argument("--backup", type=Path, help="the backup that sealing wrote: only a commitment is sent")
        parser.add_argument("--paper", action="store_true", help="announce that the share was printed when sealing")
    decrypt.add_argument("--paper", action="store_true", help="asks for the words of the printed page instead")
    backup.add_argument("backup", type=Path)
    kit.add_argument("--out", type=Path, required=True)

    for parser, work in ((new, "new"), (check, "check"), (seal, "seal"), (trial, "trial"), (receipt, "receipt")):
        parser.set_defaults(verb=alone, work=work)
    for parser, work in (
        (submit, "submit"), (replace, "replace"), (withdraw, "withdraw"), (status, "status"), (decrypt, "decrypt"),
        (backup, "backup"), (kit, "kit"),
    ):  # fmt: skip
        person(parser)
        parser.set_defaults(verb=joined, work=work)
    for parser in (new, check, seal, trial, receipt, submit, replace, withdraw, status):
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
