"""Segments on disk: closed, digested, playable by another program."""

import hashlib
import json
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pytest

from app.errors import FaultError
from app.media.recorder import Recorder
from app.media.segment_file import SegmentClosed, SegmentFile, next_number, recover


def probe(path: str) -> dict[str, int]:
    """Frames that ffprobe decodes, by kind of stream; fails on any decoding error."""
    show = "stream=codec_type,nb_read_frames"
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_entries", show, "-of", "json", path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return {s["codec_type"]: int(s.get("nb_read_frames", 0)) for s in json.loads(done.stdout)["streams"]}


async def test_every_publisher_gets_playable_segments_with_digests(room, wait_until, tmp_path: Path) -> None:
    closed: list[SegmentClosed] = []
    recorder = Recorder(room.router, tmp_path, room.clock, closed.append, seconds=1.5)
    await recorder.start()
    await room.join("甲")
    await room.join("B", muted=True)
    await wait_until(lambda: len([s for s in closed if s.publisher == "甲"]) >= 2)
    await wait_until(lambda: len([s for s in closed if s.publisher == "B"]) >= 2)
    assert recorder.stats().bytes_per_second > 0
    await recorder.stop()

    numbers = defaultdict(list)
    for segment in closed:
        numbers[segment.publisher].append(segment.number)
        data = Path(segment.path).read_bytes()
        assert (segment.sha256, segment.size) == (hashlib.sha256(data).hexdigest(), len(data))
        assert (
            segment.sha256 != segment.notes_sha256 == hashlib.sha256(Path(segment.notes_path).read_bytes()).hexdigest()
        )
        assert segment.gaps == 0
    for publisher in ("甲", "B"):
        count = len(numbers[publisher])
        assert numbers[publisher] == list(range(1, count + 1))
        first = next(s for s in closed if s.publisher == publisher)
        assert first.sources == (f"{publisher}/video", f"{publisher}/audio")
        # cut at the keyframe after 1.5 s; how soon the first and that picture come is the machine's affair
        assert 750 <= first.duration_ms <= 3000
        frames = probe(first.path)
        assert frames["video"] >= 10
        assert frames["audio"] >= (60 if publisher == "甲" else 2)
        notes = [json.loads(line) for line in Path(first.notes_path).read_text().splitlines()]
        assert notes[0]["note"] == "start"
        assert any(note["note"] == "pair" for note in notes)
    assert not list(tmp_path.glob("*.part"))


async def test_a_silenced_microphone_is_not_recorded(room, wait_until, tmp_path: Path) -> None:
    closed: list[SegmentClosed] = []
    room.router.silence("P/audio")
    recorder = Recorder(room.router, tmp_path, room.clock, closed.append, seconds=1.0)
    await recorder.start()
    await room.join("P")
    await wait_until(lambda: len(closed) >= 1)
    await recorder.stop()
    assert probe(closed[0].path).get("audio", 0) == 0


async def test_a_disk_that_fails_is_told_and_recording_goes_on_later(
    room, wait_until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[SegmentClosed] = []
    troubles: list[FaultError] = []
    write = SegmentFile.write

    def full(self: SegmentFile, *args: object) -> None:
        if not troubles:
            raise OSError(28, "No space left on device")
        write(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(SegmentFile, "write", full)
    recorder = Recorder(room.router, tmp_path, room.clock, closed.append, troubles.append, seconds=1.0)
    await recorder.start()
    await room.join("P")
    await wait_until(lambda: troubles and closed)
    await recorder.stop()
    assert troubles[0].facts == {"publisher": "P", "reason": "recording.disk_full"}
    assert closed[0].number == 2


def test_recover_closes_what_was_left_open_and_finds_what_was_not_reported(tmp_path: Path) -> None:
    source = tmp_path / "made.mkv"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1:s=64x64:r=10", "-c:v", "libvpx", str(source)],
        check=True,
    )
    data = source.read_bytes()
    source.unlink()
    (tmp_path / "P-000001.mkv").write_bytes(data)
    (tmp_path / "P-000002.mkv").write_bytes(data)
    (tmp_path / "P-000003.mkv.part").write_bytes(data[: len(data) * 95 // 100])
    (tmp_path / "P-000003.jsonl").write_text(
        '{"note":"start","at":"2026-11-20T01:30:00.000Z","publisher":"P","sources":["P/video"]}\n{"note":"ga'
    )
    found = recover(tmp_path, known={"P-000001.mkv"})
    assert [(s.number, s.recovered) for s in found] == [(2, False), (3, True)]
    assert found[1].start == "2026-11-20T01:30:00.000Z"
    assert found[1].sources == ("P/video",)
    assert found[1].duration_ms > 300
    assert next_number(tmp_path, "P") == 4
    assert recover(tmp_path, known={p.name for p in tmp_path.glob("*.mkv")}) == []


_KILLED = """
import asyncio, sys
from datetime import datetime
from pathlib import Path
from app.clock import SystemClock
from app.media.client import MediaClient
from app.media.embedded_router import EmbeddedRouter
from app.media.recorder import Recorder
from app.media.sources import Tone
from app.media.testcard import TestCard

async def main():
    router = await EmbeddedRouter.start(SystemClock(), addresses=["127.0.0.1"])
    await Recorder(router, Path(sys.argv[1]), SystemClock(), print).start()
    client = MediaClient(
        lambda offer: router.connect("P", offer, publishes=True), SystemClock(), publishes=True, muted=False,
        camera=True, frames=TestCard("P", datetime.now), sound=Tone(), addresses=["127.0.0.1"],
    )
    await client.start()
    while not router.sources():
        await asyncio.sleep(0.01)
    print("recording", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_killed_recorder_leaves_a_file_that_plays(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert child.stdout
    while b"recording" not in child.stdout.readline():
        assert child.poll() is None
    time.sleep(4.0)
    child.kill()
    child.communicate()
    assert list(tmp_path.glob("*.part"))
    (segment,) = recover(tmp_path)
    assert segment.recovered
    # At most: half a second held, a quarter on its way, a cluster of half a second.
    assert segment.duration_ms > 2300
    done = subprocess.run(
        ["ffmpeg", "-v", "quiet", "-i", segment.path, "-map", "0:v", "-f", "framemd5", "-"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert len([line for line in done.stdout.splitlines() if not line.startswith("#")]) >= 18
