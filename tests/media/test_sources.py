"""What a desk publishes: test card, tone, file, pushed frames; and how cheap the test card is."""

import asyncio
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy
import pytest

from app.errors import InputError
from app.media.encoders import OpusEncoder, level
from app.media.mixer import Mixer
from app.media.sources import SILENCE, CallbackSource, FileSource, Tone
from app.media.testcard import TestCard


def luma(frame: av.VideoFrame) -> numpy.ndarray:
    return frame.to_ndarray(format="gray")


def test_the_clock_of_the_test_card_runs_and_the_name_is_drawn() -> None:
    moment = datetime(2026, 11, 20, 9, 30, 0, tzinfo=UTC)
    card = TestCard("供应商 甲", lambda: moment)
    first = luma(card.draw())
    other = luma(TestCard("供应商 乙", lambda: moment).draw())
    moment += timedelta(seconds=1)
    second = luma(card.draw())
    clock = (slice(8, 40), slice(100, 220))
    assert (first[clock] != second[clock]).any()
    assert (first[45:170] == second[45:170]).all()
    assert (first[110:140] != other[110:140]).any()
    assert first.shape == (180, 320)


async def test_a_tone_is_short_and_soft() -> None:
    tone = Tone(3, every_seconds=0.5)
    blocks = [await tone.next_samples() for _ in range(25)]
    loud = [block for block in blocks if block != SILENCE]
    assert len(loud) == 10
    assert 20 < min(level(block or b"") for block in loud) < 45
    assert level(SILENCE) == 127


async def test_pushed_frames_come_out_newest_first_and_sound_complete() -> None:
    source = CallbackSource()
    for width in (64, 32):
        source.push_frame(av.VideoFrame(width, 32, "yuv420p"))
    frame = await source.frames.next_frame()
    assert frame
    assert frame.width == 32
    waiting = asyncio.create_task(source.frames.next_frame())
    await asyncio.sleep(0.01)
    await asyncio.to_thread(source.push_frame, av.VideoFrame(96, 32, "yuv420p"))
    frame = await asyncio.wait_for(waiting, 1)
    assert frame
    assert frame.width == 96
    source.push_samples(b"\1\0" * 1000)
    assert await source.sound.next_samples() == b"\1\0" * 960
    assert await source.sound.next_samples() == SILENCE


async def test_a_file_is_played_over_and_over(tmp_path: Path) -> None:
    path = tmp_path / "short.mkv"
    picture, sound = "testsrc=d=0.3:s=800x600:r=10", "sine=d=0.3"
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, "-c:v", "libvpx", "-c:a", "libopus", str(path)], check=True)
    source = FileSource(str(path), width=320)
    for _ in range(7):
        frame = await source.frames.next_frame()
        assert frame
        assert (frame.width, frame.height) == (320, 240)
    blocks = [await source.sound.next_samples() for _ in range(40)]
    assert all(len(block or b"") == 1920 for block in blocks)
    assert sum(block != SILENCE for block in blocks) > 30
    source.frames.close()
    source.sound.close()
    with pytest.raises(InputError):
        FileSource(str(tmp_path / "missing.mkv"))


def test_voices_are_mixed_and_fade_out() -> None:
    mixer = Mixer()
    for voice, pitch in ((1, 300), (2, 500)):
        encoder = OpusEncoder()
        wave = numpy.sin(2 * numpy.pi * pitch * numpy.arange(960 * 8) / 48_000) * 8000
        data = wave.astype(numpy.int16).tobytes()
        for index in range(8):
            packet = encoder.encode(data[index * 1920 : index * 1920 + 1920])
            if packet:
                mixer.put(voice, packet, index * 960)
    levels = [level(mixer.read()) for _ in range(12)]
    assert min(levels[2:6]) < 20
    assert levels[-1] == 127
