"""One recording segment (录像分段) on disk: Matroska without re-encoding, and beside it what happened as JSON lines."""

import hashlib
import io
import os
import shutil
from collections.abc import Collection
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote

import av
import msgspec

from app.clock import parse_stamp, stamp
from app.media.assemble import Frame
from app.media.depacketize import AUDIO_CLOCK, VIDEO_CLOCK, vp8_size

PART = ".part"
_RATES = {"audio": AUDIO_CLOCK, "video": VIDEO_CLOCK}


class SegmentClosed(msgspec.Struct, frozen=True):
    """A segment that will not change any more.

    Attributes:
        publisher: whose it is. sources: the streams in it. number: counts from 1 for each publisher.
        path: of the Matroska file. sha256: hex, of that file. size: in bytes.
        start: UTC of the first frame, as :func:`app.clock.stamp`. duration_ms: to the last frame.
        gaps: how often packets were missing for good. lost: how many packets.
        notes_path: and notes_sha256: the JSON lines beside it (clock pairs, gaps).
        recovered: it was left behind by a process that ended badly and closed by the next one.
    """

    publisher: str
    sources: tuple[str, ...]
    number: int
    path: str
    sha256: str
    size: int
    start: str
    duration_ms: int
    gaps: int
    lost: int
    notes_path: str
    notes_sha256: str
    recovered: bool = False


class SegmentFile:
    """Writes one segment; used on the recorder's worker thread only.

    The file carries ``.part`` until it is closed. Clusters of 500 ms are written through, so a killed process loses
    at most one. Raises OSError when the disk does.
    """

    def __init__(
        self, directory: Path, publisher: str, number: int, sources: tuple[str, ...], start: datetime,
        first: Frame | None,
    ) -> None:  # fmt: skip
        stem = f"{quote(publisher, safe='')}-{number:06d}"
        self._path = directory / f"{stem}.mkv"
        self._notes_path = directory / f"{stem}.jsonl"
        self._publisher = publisher
        self._number = number
        self._sources = sources
        self._start = start
        self._gaps = self._lost = 0
        self._container: Any = None
        self._streams: dict[str, Any] = {}
        self._last: dict[str, int] = {}
        self._file = Path(f"{self._path}{PART}").open("xb", buffering=0)  # noqa: SIM115  closed in close()
        self._notes: BinaryIO = self._notes_path.open("xb")
        try:
            self._begin(first)
        except BaseException:
            self.abandon()
            raise

    def _begin(self, first: Frame | None) -> None:
        start = {
            "note": "start",
            "at": stamp(self._start),
            "publisher": self._publisher,
            "sources": list(self._sources),
        }
        self.note(start)
        options = {"cluster_time_limit": "500", "flush_packets": "1", "write_crc32": "1"}
        self._container = av.open(self._file, "w", format="matroska", options=options)
        if first is not None:
            self._streams["video"] = self._video_stream(first)
        if any(source.endswith("/audio") for source in self._sources):
            # Opened only for its codec header; packets are written as they came.
            self._streams["audio"] = self._container.add_stream("libopus", rate=AUDIO_CLOCK, layout="mono")

    def write(self, kind: str, at: float, frame: Frame) -> None:
        """A frame, ``at`` seconds from the start."""
        stream = self._streams.get(kind)
        if stream is None:
            return
        rate = _RATES[kind]
        ticks = max(round(at * rate), self._last.get(kind, -rate) + rate // 1000)
        self._last[kind] = ticks
        packet = av.Packet(frame.data)
        packet.stream = stream
        packet.time_base = Fraction(1, rate)
        packet.pts = packet.dts = ticks
        packet.is_keyframe = frame.keyframe
        self._container.mux(packet)

    def note(self, entry: dict[str, Any]) -> None:
        """A line beside the segment."""
        if entry.get("note") == "gap":
            self._gaps += 1
            self._lost += int(entry.get("lost", 0))
        self._notes.write(msgspec.json.encode(entry) + b"\n")

    def abandon(self) -> None:
        """Free what is open, come what may; the ``.part`` stays for :func:`recover`."""
        for opened in (self._container, self._file, self._notes):
            try:
                if opened is not None:
                    opened.close()
            except (OSError, av.FFmpegError):
                continue

    def flush(self) -> None:
        """Hand the notes to the system; the film itself is written through."""
        self._notes.flush()

    def close(self, seconds: float) -> SegmentClosed:
        """End, fsync, rename, digest."""
        try:
            self._container.close()
            for file in (self._file, self._notes):
                _sync(file)
        finally:
            self.abandon()
        os.replace(f"{self._path}{PART}", self._path)
        _sync_directory(self._path.parent)
        return _describe(
            self._path, self._publisher, self._number, self._sources, self._start, seconds, self._gaps, self._lost
        )

    def _video_stream(self, first: Frame) -> Any:
        if first.codec == "VP8":
            width, height = vp8_size(first.data) or (0, 0)
            return self._container.add_mux_stream(
                "vp8", rate=30, width=width, height=height, time_base=Fraction(1, VIDEO_CLOCK)
            )
        template = av.open(io.BytesIO(first.data), format="h264")
        return self._container.add_stream_from_template(template.streams.video[0])


def next_number(directory: Path, publisher: str) -> int:
    """The number after the highest one on disk."""
    prefix = f"{quote(publisher, safe='')}-"
    taken = [
        int(digits)
        for path in directory.iterdir()
        if path.name.startswith(prefix) and (digits := path.name[len(prefix) :].split(".")[0]).isdigit()
    ]
    return max(taken, default=0) + 1


def recover(directory: Path, known: Collection[str] = ()) -> list[SegmentClosed]:
    """Close what an earlier process left open, and describe every segment whose file name is not in ``known``.

    Call it before recording begins: it also finds segments that were closed but not yet reported when it ended.
    """
    found = []
    for path in sorted(directory.glob(f"*.mkv{PART}")):
        with path.open("rb+") as file:
            _sync(file)
        os.replace(path, path.with_suffix(""))
        found.append(path.with_suffix(""))
    _sync_directory(directory)
    unfinished = set(found)
    found += [path for path in sorted(directory.glob("*.mkv")) if path.name not in known and path not in unfinished]
    return [_describe_from_disk(path, recovered=path in unfinished) for path in sorted(found)]


def hours_left(directory: Path, bytes_per_second: float) -> float | None:
    """How long the disk will last at this rate; None while nothing is being written."""
    return shutil.disk_usage(directory).free / bytes_per_second / 3600 if bytes_per_second > 0 else None


def _describe_from_disk(path: Path, *, recovered: bool) -> SegmentClosed:
    publisher, _, digits = path.stem.rpartition("-")
    start, sources, gaps, lost = stamp(datetime.fromtimestamp(path.stat().st_mtime).astimezone()), (), 0, 0
    notes_path = path.with_suffix(".jsonl")
    if notes_path.exists():
        for line in notes_path.read_bytes().splitlines():
            try:
                entry = msgspec.json.decode(line)
            except msgspec.DecodeError:
                continue  # the last line of a killed process
            if entry.get("note") == "start":
                start, sources = entry["at"], tuple(entry["sources"])
            elif entry.get("note") == "gap":
                gaps, lost = gaps + 1, lost + entry["lost"]
    else:
        notes_path.touch()
    return _describe(
        path, unquote(publisher), int(digits), sources, parse_stamp(start), _duration(path), gaps, lost, recovered
    )


def _describe(
    path: Path, publisher: str, number: int, sources: tuple[str, ...], start: datetime, seconds: float,
    gaps: int, lost: int, recovered: bool = False,
) -> SegmentClosed:  # fmt: skip
    notes_path = path.with_suffix(".jsonl")
    return SegmentClosed(
        publisher, sources, number, str(path), _digest(path), path.stat().st_size, stamp(start),
        timedelta(seconds=max(0.0, seconds)) // timedelta(milliseconds=1), gaps, lost, str(notes_path),
        _digest(notes_path), recovered,
    )  # fmt: skip


def _duration(path: Path) -> float:
    """Seconds from the first to the last packet that can be read; 0 for a file without any."""
    times: list[float] = []
    try:
        with av.open(str(path)) as container:
            times.extend(float(packet.pts * packet.time_base) for packet in container.demux() if packet.pts is not None)
    except av.FFmpegError:
        pass  # cut in the middle of a cluster: what was read so far counts
    return max(times) - min(times) if times else 0.0


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(file: BinaryIO | io.FileIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    if os.name == "nt":
        return  # Windows has no handle for a directory; the rename is journalled
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
