"""What Linux itself says about tokens and readers: the PC/SC service, and USB devices that look like a token.

Elsewhere the system brings its own service, and nothing is found here.
"""

import os
import shutil
import sys
from pathlib import Path

import msgspec

SMART_CARD_CLASS = "0b"  # USB-IF: chip/smart card interface
_LIMIT = 256
# Makers of tokens by USB vendor id; from the CCID driver's list of readers and the vendors' udev rules.
_MAKERS = {
    "096e": "飞天诚信 Feitian", "055c": "龙脉科技 Longmai", "163c": "握奇数据 Watchdata", "0529": "SafeNet",
    "1050": "Yubico", "08e6": "Gemalto",
}  # fmt: skip


class ReaderFinding(msgspec.Struct, frozen=True):
    """A code (``doctor.pcsc_*``, ``doctor.usb_*``) with facts; ``good``: nothing to do."""

    finding: str
    good: bool
    facts: dict[str, str | int] = {}


def reader_findings(root: Path = Path("/")) -> list[ReaderFinding]:
    """Look at this machine (``root``: where its file system begins). Reads a few small files; blocks shortly."""
    if not sys.platform.startswith("linux"):
        return []
    found = [_service(root)]
    for name, maker, card, reachable in _usb_tokens(root):
        facts: dict[str, str | int] = {"name": name or maker, "maker": maker or "-"}
        if not reachable and not card:
            found.append(ReaderFinding("doctor.usb_denied", False, facts))
        elif card and not _has_card_driver(root):
            found.append(ReaderFinding("doctor.usb_no_ccid", False, facts))
        else:
            found.append(ReaderFinding("doctor.usb_seen", True, facts))
    return found


def _service(root: Path) -> ReaderFinding:
    if (root / "run/pcscd/pcscd.comm").exists():
        return ReaderFinding("doctor.pcsc_running", True)
    there = any((root / place).exists() for place in ("usr/sbin/pcscd", "usr/bin/pcscd"))
    if there or (root == Path("/") and shutil.which("pcscd")):
        return ReaderFinding("doctor.pcsc_stopped", False)
    return ReaderFinding("doctor.pcsc_absent", True)


def _has_card_driver(root: Path) -> bool:
    return any((root / "usr/lib/pcsc/drivers").glob("*.bundle"))


def _usb_tokens(root: Path) -> list[tuple[str, str, bool, bool]]:
    """Name, maker, whether it is a card reader, whether this user may open it: of each device that may be a token."""
    found = []
    for device in sorted((root / "sys/bus/usb/devices").glob("*"))[:_LIMIT]:
        vendor = _text(device / "idVendor").lower()
        if not vendor:
            continue
        classes = {_text(path) for path in device.glob("*:*/bInterfaceClass")}
        card = SMART_CARD_CLASS in classes
        maker = _MAKERS.get(vendor, "")
        if not card and not maker:
            continue
        bus, number = _text(device / "busnum"), _text(device / "devnum")
        node = root / "dev/bus/usb" / bus.zfill(3) / number.zfill(3)
        found.append((_text(device / "product"), maker, card, os.access(node, os.R_OK | os.W_OK)))
    return found


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LIMIT).decode("utf-8", "replace").strip()
    except OSError:
        return ""
