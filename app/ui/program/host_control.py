"""Host processes of this machine: one for each case, detached, so that they outlive the desk; found again by a file.

``hosts/<case>.json`` in the data folder says which process it is, where it listens and under what name it is reached;
``hosts/<case>.log`` has the lines that it printed. A host is ended on request only.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil

import app
from app.errors import FaultError, InputError
from app.session.case_folder import cases_in, folder_name
from app.session.reach import Reached, reached
from app.session.wire.link import Link
from app.settings import data_dir
from app.ui.models import HostState
from app.ui.program.case_book import write_private

FIRST_PORT = 7443
START_SECONDS = 30.0
STOP_SECONDS = 15.0
REACH_SECONDS = 4.0
LIMIT = 4 * 1024 * 1024


_children: list["subprocess.Popen[bytes]"] = []
"""Hosts that this desk has started: kept to be reaped when they end; they are not ended with the desk."""


class HostRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A case's host.

    Attributes:
        port: TCP and UDP. public: address or name that links carry.
        pid, started: the process and its start time (seconds since 1970), 0 when none was started.
    """

    case: str
    port: int
    public: str
    fingerprint: str
    pid: int = 0
    started: float = 0.0


class HostControl:
    """Starts, finds and stops hosts of the cases in ``home``."""

    def __init__(self, home: Path | None = None, folder: Path | None = None, *, local: bool = False) -> None:
        """``local``: this machine only, for tests and rehearsals."""
        self.home = home or data_dir() / "cases"
        self._folder = folder or data_dir() / "hosts"
        self._local = local

    def hosted(self) -> tuple[str, ...]:
        """Ids of the cases that lie on this machine."""
        return tuple(cases_in(self.home)) if self.home.is_dir() else ()

    def record(self, case: str) -> HostRecord | None:
        """What is known of a case's host."""
        try:
            with self._file(case).open("rb") as file:
                return msgspec.json.decode(file.read(LIMIT), type=HostRecord)
        except (OSError, msgspec.DecodeError):
            return None

    def running(self, case: str) -> bool:
        """Whether its process lives."""
        record = self.record(case)
        return record is not None and _alive(record)

    def state(self) -> HostState:
        """All hosts at a glance: lost when one that should run does not."""
        records = [record for case in self.hosted() if (record := self.record(case)) is not None and record.pid]
        if not records:
            return HostState.NONE
        return HostState.RUNNING if all(_alive(record) for record in records) else HostState.LOST

    def assign(self, case: str, fingerprint: str, public: str, port: int = 0) -> HostRecord:
        """Give a new case its port; links are made with it and stay good."""
        taken = {record.port for other in self.hosted() if (record := self.record(other)) is not None}
        record = HostRecord(case=case, port=port or _free_port(taken), public=public, fingerprint=fingerprint)
        self._keep(record)
        return record

    async def start(self, case: str) -> Link:
        """Start the case's host unless it runs; its public link once it is reachable.

        Raises:
            InputError: ``host.no_case``. FaultError: ``host.not_started`` (fact ``reason``: its last line).
        """
        record = self.record(case)
        if record is None or case not in self.hosted():
            raise InputError("host.no_case", case=case)
        if not _alive(record):
            log = self._folder / f"{folder_name(case)}.log"
            process = await asyncio.to_thread(self._launch, record, log)
            record = msgspec.structs.replace(record, pid=process.pid, started=psutil.Process(process.pid).create_time())
            self._keep(record)
            await self._await_link(process, log)
        return link_of(record)

    async def stop(self, case: str) -> None:
        """Ask the host to end, and wait for it."""
        record = self.record(case)
        if record is not None and _alive(record):
            process = psutil.Process(record.pid)
            process.terminate()
            await asyncio.to_thread(psutil.wait_procs, [process], STOP_SECONDS)
        if record is not None:
            self._keep(msgspec.structs.replace(record, pid=0, started=0.0))

    def reached(self, record: HostRecord) -> Reached:
        """When somebody from outside was last at this case's host."""
        folder = cases_in(self.home).get(record.case) if self.home.is_dir() else None
        return reached(folder, record.port) if folder is not None else Reached()

    def archive(self, case: str) -> tuple[Path, str] | None:
        """Archive and head (``N:R``) of a closed case, when it is written."""
        folder = cases_in(self.home).get(case) if self.home.is_dir() else None
        if folder is None:
            return None
        path = folder / "archive" / f"{folder_name(case)}.bidroom"
        expect = path.with_name("expect.txt")
        return (path, expect.read_text().strip()) if path.exists() and expect.exists() else None

    def _launch(self, record: HostRecord, log: Path) -> "subprocess.Popen[bytes]":
        arguments = [sys.executable, "-m", "app", "host", "--home", str(self.home), "--case", record.case]
        if self._local:
            arguments += ["--local", "--listen", f"127.0.0.1:{record.port}"]
        else:
            arguments += ["--listen", f"0.0.0.0:{record.port}", "--public", record.public]
        root = str(Path(app.__file__).resolve().parent.parent)
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
        flags = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            child = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env,
                start_new_session=True, creationflags=flags,
            )  # fmt: skip
        _children[:] = [one for one in _children if one.poll() is None] + [child]
        return child

    async def _await_link(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + START_SECONDS
        while loop.time() < until:
            lines = (await asyncio.to_thread(log.read_bytes))[:LIMIT].decode("utf-8", "replace").splitlines()
            if any(_has_link(line) for line in lines):
                return
            if process.poll() is not None:
                raise FaultError("host.not_started", reason=lines[-1][:200] if lines else "")
            await asyncio.sleep(0.1)
        raise FaultError("host.not_started", reason="")

    def _file(self, case: str) -> Path:
        return self._folder / f"{folder_name(case)}.json"

    def _keep(self, record: HostRecord) -> None:
        write_private(self._file(record.case), msgspec.json.encode(record))


def link_of(record: HostRecord) -> Link:
    """The public link of a case, by which suppliers register."""
    return Link(record.public, record.port, record.case, record.fingerprint)


async def reachable(host: str, port: int) -> bool:
    """Whether a TCP connection to ``host:port`` comes about from this machine."""
    try:
        async with asyncio.timeout(REACH_SECONDS):
            _reader, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def own_address() -> str:
    """The address of this machine in its network, as others most likely see it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # no packet is sent; the system only picks the way out
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _alive(record: HostRecord) -> bool:
    if not record.pid:
        return False
    for child in _children:
        child.poll()
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.started) < 2.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _free_port(taken: set[int]) -> int:
    for port in range(FIRST_PORT, FIRST_PORT + 200):
        if port in taken:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("0.0.0.0", port))  # noqa: S104 - only to learn whether it is free
            except OSError:
                continue
            return port
    raise FaultError("host.port_unavailable", port=FIRST_PORT)


def _has_link(line: str) -> bool:
    try:
        said = json.loads(line)
    except ValueError:
        return False
    return isinstance(said, dict) and "link" in said
