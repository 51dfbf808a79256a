"""A supplier hands in the backup that the officer admitted (启用备用文件)."""

from collections.abc import Callable
from pathlib import Path

from app.ca.backup import read_backup
from app.ca.sealing_kit import parse as parse_kit
from app.errors import FaultError, InputError
from app.session.acts import fetch_kit
from app.session.client import Client
from app.session.rules import commands


async def check_backup(client: Client, backup: Path) -> None:
    """Whether this is the file that was committed to, as far as its head says; nothing is sent.

    Raises:
        InputError: ``backup.not_admitted``, ``backup.malformed``, ``backup.not_committed``.
        FaultError: ``backup.unreadable``.
    """
    bid = client.state.bids.get(client.state.supplier_of(client.me))
    if bid is None or not bid.backup_admitted:
        raise InputError("backup.not_admitted")
    suite = parse_kit(await fetch_kit(client)).suite
    try:
        with open(backup, "rb") as file:
            kept = read_backup(file)
    except OSError as error:
        raise FaultError("backup.unreadable", error=type(error).__name__) from error
    if kept.commitment(suite) != bid.backup:
        raise InputError("backup.not_committed")


async def hand_in_backup(client: Client, backup: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Send the backup; the host checks it against the commitment that the receipt names, and so does this desk before.

    Raises:
        InputError, FaultError: as :func:`check_backup`, before anything is sent; ``upload.*``.
    """
    await check_backup(client, backup)
    digest = await client.files.upload(backup, progress, private=True)
    await client.do(commands.HandInBackup(backup_sha256=digest))
