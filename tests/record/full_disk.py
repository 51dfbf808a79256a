"""Run in a mount namespace of its own: a small disk is filled to the last byte, and the record is written on.

``unshare --mount [--user --map-root-user] python full_disk.py FOLDER``; prints what happened as one line of JSON.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from app.clock import SystemClock
from app.errors import FaultError
from app.record.entry import build_entry
from app.record.reserve import Reserve
from app.record.store import Store

CASE = "CASE-1"
ENTRY_BYTES = 1200
ENOUGH = 1500


def fill(folder: Path) -> None:
    """Not a byte is left."""
    with open(folder / "others", "ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue


def entry(index: int) -> bytes:
    words = {"type": "noted", "text": "x" * ENTRY_BYTES}
    return build_entry(CASE, index, SystemClock().now(), "host", index.to_bytes(16, "big"), words)


def main(folder: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)], check=True)
    case = folder / "case"
    with Store.at(case, CASE) as store:
        assert store.reserve is not None
        store.append([entry(0)])
        whole = store.reserve.fill()
        held = store.reserve.path.stat().st_blocks * 512
        fill(folder)
        free = shutil.disk_usage(folder).free
        for index in range(1, ENOUGH):
            store.append([entry(index)])
        appended, left = store.size, store.reserve.left
    fill(folder)
    with Store.at(case, CASE) as store:  # a host that is started again on the full disk
        store.append([entry(ENOUGH)])
        again = store.size
        try:
            for index in range(ENOUGH + 1, 100_000):
                store.append([entry(index)])
        except FaultError as error:
            end = error.code
        last = store.size
    (folder / "others").unlink()
    with Store.at(case, CASE) as store:
        store.append([entry(last)])
        after = len(list(store.read())) == last + 1
        filled = store.reserve is not None and store.reserve.fill()
    with Reserve(case).path.open("rb") as file:
        size = file.seek(0, 2)
    print(json.dumps({
        "whole": whole, "held": held, "free": free, "appended": appended, "left": left, "again": again, "end": end,
        "last": last, "after": after, "filled": filled, "size": size,
    }))  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
