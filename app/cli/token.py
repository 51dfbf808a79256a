"""``bidroom token``: what is plugged in, the token check, and drivers that a person adds."""

import argparse
import json
from pathlib import Path

import msgspec

from app.ca import modules
from app.ca.doctor import Check, Outcome, examine
from app.ca.providers import module_paths
from app.ca.token import TokenInfo
from app.ca.worker import TokenWorker
from app.cli.bid import PromptPin
from app.cli.texts import said, spoken, word
from app.clock import SystemClock

MARKS = {Outcome.PASSED: "+", Outcome.ATTENTION: "!", Outcome.FAILED: "x", Outcome.SKIPPED: "-"}


async def list_tokens(options: argparse.Namespace) -> int:
    """Every token with its certificates; broken ones with what is wrong."""
    worker = TokenWorker(PromptPin())
    await worker.start(options.module or module_paths())
    try:
        tokens = await worker.tokens()
    finally:
        await worker.close()
    if options.json:
        print(json.dumps([_plain(token) for token in tokens], ensure_ascii=False))
        return 0
    for token in tokens:
        tries = token.pin_state.value if token.tries_left is None else f"{token.pin_state.value} ({token.tries_left})"
        print("\t".join([token.label or "-", token.serial, tries, token.problem or "ok", token.module]))
        for item in token.certificates:
            use = "/".join(word for word, on in (("sign", item.signs), ("decrypt", item.decrypts)) if on)
            number = item.uscc or item.identity_number
            print("\t".join([f"  {item.holder}", number, use, f"{item.not_after:%Y-%m-%d}", item.issuer]))
    return 0


def _plain(token: TokenInfo) -> dict[str, object]:
    plain = msgspec.to_builtins(token)
    for certificate in plain["certificates"]:
        del certificate["der"], certificate["key_id"]
    return dict(plain)


async def doctor(options: argparse.Namespace) -> int:
    """The token check. Exit status: 0 a token works and nothing failed, 1 something failed, 3 no token to try."""
    worker = TokenWorker(PromptPin())
    await worker.start(options.module or module_paths())
    try:
        tell = (lambda _check: None) if options.json else _print
        report = await examine(worker, SystemClock(), tell, only=options.token, test=options.test)
    finally:
        await worker.close()
    if options.json:
        print(json.dumps({"exit": report.exit_code, "checks": msgspec.to_builtins(report.checks)}, ensure_ascii=False))
    return report.exit_code


def _print(check: Check) -> None:
    name = word("doctor_check", check.code)
    subject = f" {check.subject}" if check.subject and check.code in ("provider", "sign", "decrypt") else ""
    text = f"{MARKS[check.outcome]} {name}{subject}　{said_of(check)}"
    print(" ".join([text, check.advice.get(spoken(), "")]).rstrip(), flush=True)


def said_of(check: Check) -> str:
    """The sentence of a check; errors have theirs in the table of errors."""
    if check.finding.startswith("doctor."):
        return said(check.finding, "findings", **check.facts)
    return said(check.finding, "errors", **check.facts)


def add(options: argparse.Namespace) -> int:
    """Check a driver file without running it, and use it from now on."""
    found = modules.add(options.path)
    print("\t".join([found.path, "/".join(found.kinds), f"{found.bits} bit", "/".join(found.machines)]))
    return 0


def remove(options: argparse.Namespace) -> int:
    """No longer use a driver; exit status 1 when it had not been added."""
    return 0 if modules.remove(options.path) else 1


def search(options: argparse.Namespace) -> int:
    """Offer driver files in the usual or the given folders; none of them is run."""
    known = {one.path for one in modules.added()} | set(module_paths())
    folders = [str(Path(folder)) for folder in options.folder] or None
    for found in modules.search(folders):
        state = "used" if found.path in known else (found.problem() or "offered")
        print("\t".join([found.path, "/".join(found.kinds), f"{found.bits} bit", state]), flush=True)
    return 0
