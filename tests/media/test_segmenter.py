"""Where recordings are cut."""

from app.media.assemble import Frame
from app.media.segmenter import Close, Open, Segmenter, Step, Write

KEY = b"\x10\x02\x00\x9d\x01\x2a\x40\x01\xb4\x00"


def picture(key: bool = False, width: int = 320) -> Frame:
    data = KEY[:6] + width.to_bytes(2, "little") + KEY[8:] if key else b"\x11\x02\x00"
    return Frame("VP8", data, 0, key, 0.0)


SOUND = Frame("opus", b"s", 0, True, 0.0)
BOTH = {"video": "P/video", "audio": "P/audio"}


def play(segmenter: Segmenter, until: float, keys: list[float], start: float = 0.0) -> list[Step]:
    steps: list[Step] = []
    for tick in range(round(start * 10), round(until * 10)):
        now = tick / 10
        segmenter.add("video", now, picture(now in keys))
        segmenter.add("audio", now + 0.01, SOUND)
        steps += segmenter.advance(now)
    return steps


def test_a_segment_begins_with_a_key_frame_and_ends_when_the_next_one_comes() -> None:
    asked: list[int] = []
    segmenter = Segmenter(BOTH, lambda: asked.append(1))
    steps = play(segmenter, 13, [0.3, 5.0, 10.4]) + segmenter.finish()
    opens = [s for s in steps if isinstance(s, Open)]
    assert [round(s.start, 1) for s in opens] == [0.3, 10.4]
    assert {s.sources for s in opens} == {("P/video", "P/audio")}
    assert [round(s.end, 2) for s in steps if isinstance(s, Close)] == [10.31, 12.91]
    first = [s for s in steps[: steps.index(opens[1])] if isinstance(s, Write)]
    assert min(s.at for s in first) == 0.0
    assert {s.kind for s in first} == {"video", "audio"}
    assert len(asked) >= 1


def test_a_new_size_begins_a_new_segment() -> None:
    segmenter = Segmenter(BOTH, lambda: None)
    segmenter.add("video", 0.0, picture(True))
    segmenter.add("video", 1.0, picture(True, width=640))
    steps = segmenter.finish()
    assert [type(s) for s in steps] == [Open, Write, Close, Open, Write, Close]


def test_sound_alone_is_recorded_after_two_seconds_and_the_picture_joins_with_a_new_file() -> None:
    asked: list[int] = []
    segmenter = Segmenter(BOTH, lambda: asked.append(1))
    steps: list[Step] = []
    for tick in range(40):
        segmenter.add("audio", tick / 10, SOUND)
        steps += segmenter.advance(tick / 10)
    assert asked
    segmenter.add("video", 4.0, picture(True))
    steps += segmenter.finish()
    assert [s.sources for s in steps if isinstance(s, Open)] == [("P/audio",), ("P/video", "P/audio")]


def test_sound_and_picture_are_sorted_by_time_before_the_cut() -> None:
    segmenter = Segmenter(BOTH, lambda: None)
    segmenter.add("video", 0.0, picture(True))
    segmenter.add("video", 10.0, picture(True))
    segmenter.add("audio", 9.99, SOUND)
    segmenter.add("audio", 10.01, SOUND)
    steps = segmenter.finish()
    at = [(s.kind, round(s.at, 2)) for s in steps if isinstance(s, Write)]
    assert at == [("video", 0.0), ("audio", 9.99), ("video", 0.0), ("audio", 0.01)]
