"""Packets to frames: order, holes, key frames; VP8 and H.264 payloads."""

import pytest

from app.media.assemble import FrameAssembler
from app.media.depacketize import h264_payload, is_keyframe, starts_keyframe, vp8_payload, vp8_size

KEY = b"\x10\x02\x00\x9d\x01\x2a\x40\x01\xb4\x00"
DELTA = b"\x11\x02\x00"
FIRST, REST = b"\x90\x80\x80\x01", b"\x80\x80\x80\x01"


def test_frames_come_whole_and_in_order() -> None:
    frames = FrameAssembler("video", 0.2)
    assert frames.add("VP8", 1, 0, False, FIRST + KEY, 0.0) == []
    assert frames.add("VP8", 3, 9000, True, FIRST + DELTA, 0.02) == []
    done = frames.add("VP8", 2, 0, True, REST + b"more", 0.03)
    assert [(f.data, f.timestamp, f.keyframe) for f in done] == [(KEY + b"more", 0, True), (DELTA, 9000, False)]


def test_a_hole_is_given_up_and_nothing_is_shown_until_a_key_frame() -> None:
    gaps: list[int] = []
    frames = FrameAssembler("video", 0.2, lambda lost, _now: gaps.append(lost))
    frames.add("VP8", 1, 0, True, FIRST + KEY, 0.0)
    assert frames.add("VP8", 4, 27_000, True, FIRST + DELTA, 0.1) == []
    assert frames.poll(0.25) == []
    assert gaps == []
    assert frames.poll(0.31) == []
    assert (gaps, frames.broken) == ([2], True)
    assert frames.add("VP8", 5, 36_000, True, FIRST + DELTA, 0.4) == []
    assert [f.keyframe for f in frames.add("VP8", 6, 45_000, True, FIRST + KEY, 0.5)] == [True]
    assert frames.add("VP8", 2, 9000, True, FIRST + KEY, 0.6) == []


def test_sound_goes_on_after_a_hole() -> None:
    frames = FrameAssembler("audio", 0.06)
    assert len(frames.add("opus", 1, 0, False, b"a", 0.0)) == 1
    assert frames.add("opus", 3, 1920, False, b"c", 0.04) == []
    assert [f.data for f in frames.poll(0.11)] == [b"c"]
    assert frames.lost == 1


@pytest.mark.parametrize("size", range(5))
def test_vp8_cut_short(size: int) -> None:
    payload = FIRST[:size]
    with pytest.raises(ValueError):
        vp8_payload(payload)
    assert not starts_keyframe("VP8", payload)


def test_vp8_key_frames_are_told_by_their_start_code() -> None:
    assert vp8_size(KEY) == (320, 180)
    assert vp8_size(DELTA + bytes(10)) is None
    assert starts_keyframe("VP8", FIRST + KEY)
    assert not starts_keyframe("VP8", REST + KEY)


def test_h264_units() -> None:
    sps, idr = b"\x67" + b"s" * 5, b"\x65" + b"i" * 20
    bundle = b"\x78" + len(sps).to_bytes(2, "big") + sps + len(idr).to_bytes(2, "big") + idr
    assert h264_payload(bundle) == (True, b"\0\0\0\1" + sps + b"\0\0\0\1" + idr)
    assert starts_keyframe("H264", bundle)
    assert is_keyframe("H264", h264_payload(bundle)[1])
    parts = [b"\x7c\x85" + idr[1:9], b"\x7c\x45" + idr[9:]]
    assert b"".join(h264_payload(part)[1] for part in parts) == b"\0\0\0\1" + idr
    for bad in (b"\x78\x00\x09ab", b"\x7d\x00", b"\x67"):
        with pytest.raises(ValueError):
            h264_payload(bad)
