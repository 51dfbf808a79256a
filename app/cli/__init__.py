"""The verbs of ``bidroom``. Each reads its words, calls ``bootstrap`` or the session, and says one clear sentence when
something is wrong. Exit status: 2 for wrong input, 1 for a fault; ``verify``: 0 passed, 1 failed, 2 could not tell.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from app import __version__, logs
from app.cli.bid_parser import add_bid_verbs
from app.errors import BidroomError, InputError
from app.settings import data_dir

Verb = Callable[[argparse.Namespace], int]


def run(arguments: Sequence[str]) -> int:
    """Run one verb; the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments or ["desk"])
    logs.configure("DEBUG" if options.verbose else "WARNING")
    verb: Verb = options.verb
    try:
        return verb(options)
    except BidroomError as error:
        from app.cli.texts import sentence

        print(f"bidroom: {sentence(error.code, error.facts)}", file=sys.stderr)
        if getattr(options, "json", False):
            told = {"code": error.code, "facts": error.facts, "text": sentence(error.code, error.facts)}
            print(json.dumps({"error": told}, ensure_ascii=False))
        return 2 if isinstance(error, InputError) else 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bidroom", description="开评标室: open and evaluate bids, on the record")
    parser.add_argument("--version", action="version", version=f"bidroom {__version__}")
    parser.add_argument("--verbose", action="store_true", help="technical log on standard error")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    desk = verbs.add_parser("desk", help="open the desk (the default)")
    desk.add_argument("link", nargs="?", default="", help="an invitation link to follow")
    desk.set_defaults(verb=_desk)

    host = verbs.add_parser("host", help="keep cases: the bid box, the room, the recording")
    host.add_argument("--home", type=Path, default=data_dir() / "cases", help="folder of the cases")
    host.add_argument("--case", default="", help="only this case")
    host.add_argument("--listen", default="0.0.0.0:7443", metavar="ADDRESS:PORT", help="TCP address and port")
    host.add_argument("--media-port", type=int, default=0, help="UDP port of picture and sound (default: as --listen)")
    host.add_argument("--public", default="", metavar="ADDRESS", help="name or address by which outsiders reach it")
    host.add_argument("--no-media", dest="media", action="store_false", help="no picture and sound")
    host.add_argument("--local", action="store_true", help="this machine only (rehearsals)")
    host.set_defaults(verb=_host)

    case = verbs.add_parser("case", help="cases on this host").add_subparsers(required=True, metavar="WHAT")
    new = case.add_parser("new", help="make a case from a case file (docs/case-file.md)")
    new.add_argument("file", type=Path)
    new.add_argument("--lot", default="", help="lot id (default: the first); one case is one lot")
    new.add_argument("--home", type=Path, default=data_dir() / "cases")
    new.add_argument("--people", type=Path, required=True, help="JSON list of the agency's and openers' people")
    new.add_argument("--trust", type=Path, required=True, help="PEM bundle of the CAs to be trusted")
    new.add_argument("--crl", type=Path, help="PEM bundle of revocation lists")
    new.add_argument(
        "--tsa", action="append", default=[], metavar="URL", help="time stamping authority (RFC 3161), several in order"
    )
    new.add_argument("--offline", action="store_true", help="ask no OCSP responder and no distribution point")
    new.add_argument("--require-revocation", action="store_true", help="no sign-in while revocation cannot be told")
    new.add_argument("--rules", type=Path, help="rule pack (default: the one that is shipped)")
    new.add_argument("--mirror", type=Path, help="file for a second copy of the record, on another disk")
    new.add_argument(
        "--log-token", default="", metavar="TOKEN", help="label or serial: its holder stands behind the case's log key"
    )
    new.add_argument("--module", action="append", default=[], help="PKCS#11 module (default: those found)")
    new.add_argument("--public", default="127.0.0.1:7443", metavar="ADDRESS:PORT", help="for the links")
    new.set_defaults(verb=_case_new)
    escrow = case.add_parser("escrow", help="share the host's keys among people, any k of whom restore the case")
    escrow.add_argument("--case", required=True, help="case id")
    escrow.add_argument("--home", type=Path, default=data_dir() / "cases")
    escrow.add_argument(
        "--holder", type=Path, action="append", required=True, help="a holder's encryption certificate (PEM or DER)"
    )
    escrow.add_argument("-k", type=int, default=2, help="how many of them are needed (at least 2)")
    escrow.add_argument("--out", type=Path, required=True, help="keep it with the second copy of the record")
    escrow.set_defaults(verb=_case_escrow)
    share = case.add_parser("share", help="as holder: take one's share out as words, by token")
    share.add_argument("escrow", type=Path)
    share.add_argument("--trial", action="store_true", help="only try that it opens; print no words")
    _token(share)
    share.set_defaults(verb=_case_share)
    restore = case.add_parser("restore", help="bring a case up on another machine, from k shares and the second copy")
    restore.add_argument("escrow", type=Path)
    restore.add_argument("--words", type=Path, action="append", required=True, help="file with one holder's words")
    restore.add_argument("--mirror", type=Path, help="the second copy of the record")
    restore.add_argument("--home", type=Path, default=data_dir() / "cases")
    restore.set_defaults(verb=_case_restore)
    check = case.add_parser("check", help="say all that is wrong in a case file")
    check.add_argument("file", type=Path)
    check.set_defaults(verb=_case_check)

    invite = verbs.add_parser("invite", help="make a one-use link for a person (as officer)")
    invite.add_argument("person", help="person id")
    invite.add_argument("--reason", default="", help="why a link is issued again")
    invite.add_argument("--reset-certificate", action="store_true", help="the token was lost: bind a new one")
    _as_person(invite)
    invite.set_defaults(verb=_invite)

    kits = verbs.add_parser("kit", help="the sealing kit: propose, accept, issue").add_subparsers(
        required=True, metavar="WHAT"
    )
    propose = kits.add_parser("propose", help="as officer: fix who holds a share of every bid's key")
    propose.add_argument("--notice", type=Path, required=True, help="the notice or procurement document, as published")
    accept = kits.add_parser("accept", help="as opener: accept with the token")
    issue = kits.add_parser("issue", help="as officer: sign and publish the kit")
    issue.add_argument("--out", type=Path, required=True, help="where to keep the kit")
    committee = verbs.add_parser("committee", help="as officer: import the drawn committee; prints one link a member")
    committee.add_argument("people", type=Path, help="JSON list of the members")
    committee.add_argument("--draw", required=True, metavar="REFERENCE", help="number of the draw's record")
    trust = verbs.add_parser("trust", help="as officer: have the case trust another certificate authority")
    trust.add_argument("certificates", type=Path, help="its certificates, PEM or DER, as the authority publishes them")
    trust.add_argument("--reason", required=True, help="why; everybody sees it in the record")
    admit = verbs.add_parser("admit-backup", help="as officer: admit the backup of a bid that did not open")
    admit.add_argument("supplier", help="unified social credit code")
    admit.add_argument("--reason", required=True, help="it goes into the opening record")
    advance = verbs.add_parser("advance", help="as officer: begin the next phase")
    advance.add_argument("phase", help="its code (docs/session.md)")
    advance.add_argument("--reason", default="", help="where something is still undone")
    for parser_, work in (
        (propose, "propose_kit"),
        (accept, "accept_kit"),
        (issue, "issue_kit"),
        (committee, "import_committee"),
        (trust, "add_authority"),
        (admit, "admit_backup"),
        (advance, "advance"),
    ):
        _as_person(parser_)
        parser_.set_defaults(verb=_officer, work=work)

    add_bid_verbs(verbs, token=_token, person=_as_person, alone=_bid_alone, joined=_bid_joined)

    verify = verbs.add_parser("verify", help="check an archive: 0 passed, 1 failed, 2 could not tell")
    verify.add_argument("archive", type=Path)
    verify.add_argument("--trust", type=Path, action="append", default=[], help="roots.pem, from outside the archive")
    verify.add_argument("--expect", default="", metavar="N:R", help="entries and root, from a signed document or slip")
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(verb=_verify)

    archive = verbs.add_parser("archive", help="make something from an archive").add_subparsers(
        required=True, metavar="WHAT"
    )
    export = archive.add_parser(
        "export", help="hand a party its edition: it verifies, and shows no more than it may see"
    )
    export.add_argument("archive", type=Path, help="the full archive")
    export.add_argument(
        "--edition", required=True, metavar="WHOM", help="supplier:USCC, purchaser, or court (every entry)"
    )
    export.add_argument("--out", type=Path, required=True)
    export.set_defaults(verb=_archive_export)

    signature = verbs.add_parser("signature", help="signatures on single files").add_subparsers(
        required=True, metavar="WHAT"
    )
    signed = signature.add_parser("check", help="check a signed PDF or OFD: 0 passed, 1 failed, 2 could not tell")
    signed.add_argument("file", type=Path)
    signed.add_argument(
        "--trust", type=Path, action="append", default=[], help="CAs to be trusted, and those below them, PEM or DER"
    )
    signed.add_argument("--crl", type=Path, action="append", default=[], help="revocation lists, PEM or DER")
    signed.add_argument("--json", action="store_true")
    signed.set_defaults(verb=_signature_check)

    extract = verbs.add_parser("extract", help="take documents, bids and recordings out of an archive")
    extract.add_argument("archive", type=Path)
    extract.add_argument("--out", type=Path, required=True)
    extract.set_defaults(verb=_extract)

    token = verbs.add_parser("token", help="tokens").add_subparsers(required=True, metavar="WHAT")
    listing = token.add_parser("list", help="tokens and certificates on this machine")
    doctor = token.add_parser(
        "doctor", help="check drivers and tokens, sign and decrypt a trifle: 0 works, 1 something failed, 3 no token"
    )
    doctor.add_argument("--token", default="", help="label or serial of the one token to try (default: all)")
    doctor.add_argument("--no-test", dest="test", action="store_false", help="do not sign or decrypt: no PIN is asked")
    for parser_, work in ((listing, "list_tokens"), (doctor, "doctor")):
        parser_.add_argument("--module", action="append", default=[], help="driver file (default: those found)")
        parser_.add_argument("--json", action="store_true")
        parser_.set_defaults(verb=_token_async, work=work)
    add = token.add_parser("add", help="check a driver file without running it, and use it from now on")
    remove = token.add_parser("remove", help="no longer use a driver that was added")
    search = token.add_parser("search", help="offer driver files in the usual (or given) folders; runs none")
    add.add_argument("path", type=Path)
    remove.add_argument("path", type=Path)
    search.add_argument("folder", type=Path, nargs="*")
    for parser_, work in ((add, "add"), (remove, "remove"), (search, "search")):
        parser_.set_defaults(verb=_token_work, work=work)

    seal_file = token.add_parser("seal-file", help="put a seal's picture into a protected file, bound to a certificate")
    seal_file.add_argument("--holder", required=True, help="whose seal it is")
    seal_file.add_argument("--picture", type=Path, help="PNG with a transparent ground (default: drawn from the name)")
    seal_file.add_argument("--width", type=float, default=40.0, help="of the picture, in mm")
    seal_file.add_argument("--round", action="store_true", help="drawn: an organisation's round seal, not a name chop")
    seal_file.add_argument("--rehearsal", action="store_true", help="marked, for rehearsals only")
    seal_file.add_argument("--out", type=Path, required=True, help="the file, usually ….seal")
    _token(seal_file)
    seal_file.set_defaults(verb=_seal_file)

    keys = verbs.add_parser("keys", help="where device and host keys lie; choose the place and move them there")
    keys.add_argument("--place", choices=["files", "device", "all"], help="none, device keys, or all under the keyring")
    keys.add_argument("--home", type=Path, default=data_dir() / "cases", help="folder of the hosted cases")
    keys.add_argument("--json", action="store_true")
    keys.set_defaults(verb=_keys)

    demo = verbs.add_parser("demo", help="play a whole case, from sealed bids to a verified archive")
    demo.add_argument("--method", choices=["tender", "consultation"], default="tender")
    demo.add_argument("--out", type=Path, help="an empty or new folder (default: a new one in out/)")
    demo.add_argument("--headless", action="store_true", help="no windows")
    demo.add_argument("--case", type=Path, help="one's own case file")
    demo.add_argument("--bids", type=Path, help="one's own bids: a folder with one folder a supplier")
    demo.add_argument("--big", type=int, default=200_000_000, help="bytes of the sample's big bid")
    demo.add_argument("--no-media", dest="media", action="store_false")
    demo.add_argument("--screenshots", type=Path, metavar="DIR", help="only draw every screen into DIR")
    demo.set_defaults(verb=_demo)
    return parser


def _token(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--module", action="append", default=[], help="PKCS#11 module (default: those found)")
    parser.add_argument("--token", default="", help="label or serial of the token (default: the only one)")


def _as_person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--link", required=True, help="one's own link")
    parser.add_argument("--name", default="", help="the representative's name (organisation token)")
    _token(parser)


def _desk(options: argparse.Namespace) -> int:
    from app.bootstrap.desk import run_desk_program

    return run_desk_program(options.link)


def _host(options: argparse.Namespace) -> int:
    from app.bootstrap import HostOptions, run_hosts
    from app.session.host import Listen

    address, _, port = options.listen.rpartition(":")
    if not port.isdigit():
        raise InputError("host.listen_malformed")
    addresses = ("127.0.0.1",) if options.local else None
    listen = Listen(
        address=address,
        port=int(port),
        media_addresses=addresses,
        media_port=options.media_port or int(port),
        public=options.public,
        public_media=_public_ip(options.public),
    )
    home: Path = options.home

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows: Ctrl+C raises KeyboardInterrupt instead
                loop.add_signal_handler(name, stop.set)
        await run_hosts(HostOptions(home, listen, options.case, options.media), stop)

    asyncio.run(serve())
    return 0


def _public_ip(public: str) -> str | None:
    """The IP address that media candidates carry: as given, or what the public name leads to now."""
    import ipaddress
    import socket

    if not public:
        return None
    try:
        return str(ipaddress.ip_address(public))
    except ValueError:
        pass
    try:
        return socket.gethostbyname(public)
    except OSError as error:
        raise InputError("host.public_unknown", name=public) from error


def _case_new(options: argparse.Namespace) -> int:
    from app.cli.case import new_case

    return new_case(options)


def _case_escrow(options: argparse.Namespace) -> int:
    from app.cli.escrow import escrow

    return escrow(options)


def _case_share(options: argparse.Namespace) -> int:
    from app.cli.escrow import share

    return asyncio.run(share(options))


def _case_restore(options: argparse.Namespace) -> int:
    from app.cli.escrow import bring_back

    return bring_back(options)


def _case_check(options: argparse.Namespace) -> int:
    from app.cli.case import check_case

    return check_case(options.file)


def _invite(options: argparse.Namespace) -> int:
    from app.cli.case import invite

    return _with_client(options, lambda client: invite(client, options))


def _officer(options: argparse.Namespace) -> int:
    from app.cli import officer

    work = getattr(officer, options.work)
    return _with_client(options, lambda client: work(client, options))


def _bid_alone(options: argparse.Namespace) -> int:
    from app.cli import bid

    return int(asyncio.run(getattr(bid, options.work)(options)))


def _bid_joined(options: argparse.Namespace) -> int:
    from app.cli import bid

    work = getattr(bid, options.work)
    return _with_client(options, lambda client: work(client, options))


def _with_client(options: argparse.Namespace, work: "Callable[..., Awaitable[int]]") -> int:
    from app.cli.bid import as_person

    async def go() -> int:
        async with as_person(options) as client:
            return await work(client)

    return asyncio.run(go())


def _token_async(options: argparse.Namespace) -> int:
    from app.cli import token

    return int(asyncio.run(getattr(token, options.work)(options)))


def _seal_file(options: argparse.Namespace) -> int:
    from app.cli.seal_file import seal_file

    return asyncio.run(seal_file(options))


def _token_work(options: argparse.Namespace) -> int:
    from app.cli import token

    return int(getattr(token, options.work)(options))


def _keys(options: argparse.Namespace) -> int:
    from app.cli.keys import keys

    return keys(options)


def _verify(options: argparse.Namespace) -> int:
    from app.bootstrap import verify
    from app.cli.texts import verification_lines

    result = verify(options.archive, options.trust, options.expect)
    if options.json:
        print(result.to_json().decode())
    else:
        print("\n".join(verification_lines(result)))
    return result.exit_code


def _archive_export(options: argparse.Namespace) -> int:
    from app.cli.archive import export

    return export(options)


def _signature_check(options: argparse.Namespace) -> int:
    from app.cli.signature import check

    return check(options)


def _extract(options: argparse.Namespace) -> int:
    from app.session.extract import extract

    for path in extract(options.archive, options.out):
        print(path)
    return 0


def _demo(options: argparse.Namespace) -> int:
    if options.screenshots is not None:
        from app.bootstrap.desk import screenshots

        return screenshots(options.screenshots)
    from app.cli.demo import demo
    from app.clock import SystemClock

    if options.out is None:
        options.out = Path("out") / f"demo-{SystemClock().now():%Y%m%d-%H%M%S}"
    return demo(options)
