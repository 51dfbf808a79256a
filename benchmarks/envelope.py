"""How fast a bid is sealed, checked and opened, and in how much memory, beside ``openssl cms`` and age in the same run.

    .venv/bin/python benchmarks/envelope.py [--mb 200] [--suite gm-1] [--folder DIR] [--json] [--without-openssl]

Each step runs in a process of its own; memory is the peak resident size, of ours above what the process had before the
step and in all. The first comparison is CMS AuthEnvelopedData with AES-256-GCM, streamed: it encrypts only, to one
recipient, with no digests, no signature and no commitment, and it is the way a bid must not be sealed (decryption holds
all of it in memory, and has written plaintext before it knows that the tag is wrong). The second is age, by pyrage,
where that can be imported. Opening here means: check every byte against the receipt, decrypt, verify digests and
signature.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.ca.device_key import DeviceKeyHolder
from app.ca.envelope import FileEntry, Recipient, check, open_envelope, read_header, seal, take_share
from app.ca.suite import SUITES
from app.ca.token import Act

CONTEXT = {"case": "BENCH", "lot": "1"}
MB = 1_000_000


class PeakMemory:
    """Samples this process's resident size on a thread; works where there is no getrusage."""

    def __init__(self) -> None:

        self._process, self._stop = psutil.Process(), threading.Event()
        self.before = self.peak = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.005):
            self.peak = max(self.peak, self._process.memory_info().rss)

    def end(self) -> float:
        self._stop.set()
        self._thread.join()
        return (self.peak - self.before) / MB


def people(folder: Path) -> dict[str, DeviceKeyHolder]:
    """The same keys in every process: kept in the temporary folder."""
    held = {}
    for name in ("supplier", "opener1", "opener2", "opener3"):
        key, certificate = folder / f"{name}.key", folder / f"{name}.der"
        if not key.exists():
            made = DeviceKeyHolder.create(name)
            key.write_bytes(made.export())
            certificate.write_bytes(made.signing_certificate)
        held[name] = DeviceKeyHolder.restore(key.read_bytes(), certificate.read_bytes())
    return held


def seal_step(folder: Path) -> None:
    who = people(folder)
    openers = [Recipient(who[f"opener{number}"].encryption_certificate) for number in (1, 2, 3)]
    made = asyncio.run(
        seal(
            folder / "bid.env",
            purpose="bid",
            rehearsal=True,
            context=CONTEXT,
            openers=openers,
            k=2,
            supplier=who["supplier"].encryption_certificate,
            payload={"price": "9800000.00"},
            files=[("bid.pdf", folder / "plain")],
            signer=who["supplier"],
            suite=SUITES[(folder / "suite").read_text()],
        )
    )
    (folder / "receipt").write_text(made.header_sha256)


def check_step(folder: Path) -> None:
    check(folder / "bid.env", (folder / "receipt").read_text())


def open_step(folder: Path) -> None:
    who = people(folder)
    with (folder / "bid.env").open("rb") as file:
        header = read_header(file)

    async def shares() -> list[Any]:
        return [
            await take_share(header, who[name], Act("release_share")) for name in ("supplier", "opener1", "opener3")
        ]

    def sink(number: int, entry: FileEntry) -> AbstractContextManager[BinaryIO]:
        return (folder / f"{number}.out").open("wb", buffering=0)

    open_envelope(
        folder / "bid.env",
        header_sha256=(folder / "receipt").read_text(),
        purpose="bid",
        context=CONTEXT,
        rehearsal=True,
        shares=asyncio.run(shares()),
        sink=sink,
    )


STEPS: dict[str, Callable[[Path], None]] = {"seal": seal_step, "check": check_step, "open": open_step}


def measured(step: str, folder: Path) -> dict[str, float]:
    """Seconds, MB/s of plaintext and memory of one step, in this process."""
    people(folder)
    size = (folder / "plain").stat().st_size
    memory, start = PeakMemory(), time.perf_counter()
    STEPS[step](folder)
    seconds = time.perf_counter() - start
    rss = memory.end()
    whole = memory.peak / MB
    return {"seconds": seconds, "mb_per_s": size / MB / seconds, "rss_above_baseline_mb": rss, "rss_mb": whole}


def in_own_process(step: str, folder: Path) -> dict[str, float]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measured, (step, folder))


def outside(command: list[str], folder: Path, out: str) -> dict[str, float]:
    """Seconds and whole memory of another program that writes ``out``."""
    start, peak = time.perf_counter(), 0
    child = psutil.Popen(command)
    while child.poll() is None:
        try:
            peak = max(peak, child.memory_info().rss)
        except psutil.Error:
            break
        time.sleep(0.005)
    if child.wait() != 0:
        return {"failed": 1.0, "seconds": time.perf_counter() - start, "rss_mb": peak / MB}
    fd = os.open(folder / out, os.O_RDWR)
    os.fsync(fd)  # sealing does, too
    os.close(fd)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "mb_per_s": (folder / "plain").stat().st_size / MB / seconds, "rss_mb": peak / MB}


def openssl_steps(folder: Path) -> dict[str, dict[str, float]]:
    """``openssl cms -encrypt -stream`` to the supplier's certificate, and ``-decrypt``."""
    certificate, key = folder / "supplier.pem", folder / "supplier.key.pem"
    for command, target in (
        (["openssl", "x509", "-inform", "DER", "-in", str(folder / "supplier.der")], certificate),
        (["openssl", "pkey", "-inform", "DER", "-in", str(folder / "supplier.key")], key),
    ):
        target.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    sealed, plain = str(folder / "plain.cms"), str(folder / "plain")
    encrypt = ["openssl", "cms", "-encrypt", "-binary", "-stream", "-aes-256-gcm", "-outform", "DER"]
    encrypt += ["-in", plain, "-out", sealed, str(certificate)]
    decrypt = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", sealed, "-inkey", str(key)]
    result = {"openssl_cms_encrypt": outside(encrypt, folder, "plain.cms")}
    result["openssl_cms_decrypt"] = outside([*decrypt, "-out", plain + ".back"], folder, "plain.back")
    for name in ("plain.cms", "plain.back"):
        (folder / name).unlink(missing_ok=True)
    return result


_AGE = """
import pyrage, sys
who = pyrage.x25519.Identity.from_str(sys.argv[2])
if sys.argv[1] == "encrypt":
    pyrage.encrypt_file(sys.argv[3], sys.argv[4], [who.to_public()])
else:
    pyrage.decrypt_file(sys.argv[3], sys.argv[4], [who])
"""


def age_steps(folder: Path) -> dict[str, dict[str, float]]:
    """age to one X25519 key; nothing where pyrage is not installed."""
    try:
        from pyrage import x25519  # type: ignore[import-not-found]  # measured beside it, never needed
    except ImportError:
        return {}
    who, plain = str(x25519.Identity.generate()), str(folder / "plain")
    run = [sys.executable, "-c", _AGE]
    result = {"age_encrypt": outside([*run, "encrypt", who, plain, plain + ".age"], folder, "plain.age")}
    result["age_decrypt"] = outside([*run, "decrypt", who, plain + ".age", plain + ".back"], folder, "plain.back")
    for name in ("plain.age", "plain.back"):
        (folder / name).unlink()
    return result


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--mb", type=int, default=200, help="size of the bid's one file, in 10^6 bytes")
    arguments.add_argument("--suite", choices=sorted(SUITES), default="intl-1", help="keys are EC in both")
    arguments.add_argument("--json", action="store_true", help="print one JSON object")
    arguments.add_argument("--without-openssl", action="store_true")
    arguments.add_argument("--folder", type=Path, help="where to work; by default the system's temporary folder")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        with (folder / "plain").open("wb") as file:
            for _ in range(options.mb):
                file.write(os.urandom(MB))
        (folder / "suite").write_text(options.suite)
        people(folder)
        result: dict[str, Any] = {"mb": options.mb, **{step: in_own_process(step, folder) for step in STEPS}}
        if not options.without_openssl and shutil.which("openssl"):
            for leftover in ("bid.env", "1.out"):
                (folder / leftover).unlink()
            result |= openssl_steps(folder) | age_steps(folder)
            for ours, theirs in (("seal", "encrypt"), ("open", "decrypt")):
                for peer in (f"openssl_cms_{theirs}", f"age_{theirs}"):
                    if "mb_per_s" in result.get(peer, {}):
                        result[f"{ours}_to_{peer}_speed"] = result[ours]["mb_per_s"] / result[peer]["mb_per_s"]
    if options.json:
        print(json.dumps(result))
        return
    for step, values in result.items():
        shown = values if isinstance(values, dict) else {"": values}
        print(f"{step:34}", "  ".join(f"{key} {value:.2f}" for key, value in shown.items()))


if __name__ == "__main__":
    main()
