"""``bidroom token seal-file``: a seal's picture into a protected file, bound to the certificate on a token."""

import argparse
import getpass
from pathlib import Path

from app.ca.providers import module_paths
from app.ca.seal import DRAWN_LIMIT, name_chop, official_seal, picture_seal
from app.ca.seal_file import make_seal_file
from app.ca.worker import TokenWorker
from app.cli.bid import PromptPin
from app.clock import SystemClock
from app.errors import InputError


def read_small(path: Path) -> bytes:
    """A picture; InputError ``file.not_read``, ``seal.drawing_too_large``."""
    try:
        with path.open("rb") as file:
            data = file.read(DRAWN_LIMIT + 1)
    except OSError as error:
        raise InputError("file.not_read", name=path.name, error=type(error).__name__) from error
    if len(data) > DRAWN_LIMIT:
        raise InputError("seal.drawing_too_large", limit=DRAWN_LIMIT)
    return data


async def seal_file(options: argparse.Namespace) -> int:
    """Write the file; the passphrase is asked for twice and never echoed."""
    if options.picture is not None:
        picture = picture_seal(read_small(options.picture), options.width, rehearsal=options.rehearsal)
    elif options.round:
        picture = official_seal(options.holder, rehearsal=options.rehearsal)
    else:
        picture = name_chop(options.holder, rehearsal=options.rehearsal)
    passphrase = getpass.getpass("印章口令 / passphrase: ")
    if getpass.getpass("再输一次 / again: ") != passphrase:
        raise InputError("seal.passphrase_wrong")
    worker = TokenWorker(PromptPin())
    await worker.start(options.module or module_paths())
    try:
        usable = [one for one in await worker.tokens() if one.problem is None]
        if not options.token and len(usable) != 1:
            raise InputError("token.ambiguous" if usable else "token.not_found")
        key = await worker.open(options.token or usable[0].serial or usable[0].label)
        data = await make_seal_file(picture, options.holder, key, passphrase, SystemClock().now())
    finally:
        await worker.close()
    try:
        options.out.write_bytes(data)
    except OSError as error:
        raise InputError("file.not_written", name=options.out.name, error=type(error).__name__) from error
    print(options.out)
    return 0
