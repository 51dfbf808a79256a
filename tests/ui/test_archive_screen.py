"""The archive viewer: a real archive is opened, its steps are said in words, the certificate is written."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.record.verification import StepResult, Verdict, Verification
from app.ui.archive.archive_screen import write_pdf
from app.ui.archive.check_panel import CheckPanel
from app.ui.archive.content import Content, Segment
from app.ui.archive.contents_panel import ContentsPanel
from app.ui.archive.timeline import Timeline, spans
from app.ui.archive.words import certificate, step_detail
from app.ui.i18n import Language, set_language
from app.ui.sample_state import play

START = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


def outcome(**changed: Any) -> Verification:
    steps = (
        StepResult(1, "container", Verdict.PASSED, {"kept": 12}, None, {}),
        StepResult(2, "tree", Verdict.FAILED, {}, "entry.hidden", {"index": 7}),
        StepResult(3, "identities", Verdict.COULD_NOT_TELL, {}, None, {}),
    )
    made: dict[str, Any] = {
        "case": "KM-1/1", "edition": "full", "size": 214, "root": "ab" * 32, "rehearsal": False, "steps": steps,
    }  # fmt: skip
    return Verification(**{**made, **changed})


def content(**changed: Any) -> Content:
    played = play("reading")
    segments = tuple(
        Segment("room-1", n, played.now + timedelta(seconds=10 * n), 10_000, "ab" * 32, 1000, n == 2, n != 3)
        for n in range(5)
    )
    made: dict[str, Any] = {
        "path": Path("x.bidroom"), "case": "KM-1/1", "edition": "full", "size": len(played.log), "root": "ab" * 32,
        "state": played.state, "entries": tuple(played.log), "hidden": 0, "segments": segments, "papers": (),
        "bid_files": frozenset(),
    }  # fmt: skip
    return Content(**{**made, **changed})


def test_the_bad_thing_stands_first_and_says_where(qtbot: Any) -> None:
    panel = CheckPanel()
    qtbot.addWidget(panel)
    panel.show_result(outcome())
    assert [line.split()[0] for line in panel.lines()] == ["通过", "未通过", "无法判断"]
    assert "7" in step_detail(outcome().steps[1])
    set_language(Language.ENGLISH)
    assert panel.lines()[1].startswith("failed")


def test_verifying_again_takes_what_was_typed(qtbot: Any) -> None:
    panel = CheckPanel()
    qtbot.addWidget(panel)
    asked: list[tuple[str, str]] = []
    panel.again.connect(lambda roots, expect: asked.append((roots, expect)))
    panel.show_sources("/a/roots.pem", "")
    panel.expect.setText(" 214:abcd ")
    panel.verify_again()
    assert asked == [("/a/roots.pem", "214:abcd")]


def test_the_certificate_says_every_step(tmp_path: Path, qapp: Any) -> None:
    text = certificate(outcome(), "x.bidroom", "2026-11-20 09:00:00")
    assert "214:" + "ab" * 32 in text
    assert text.count("\n 1.") + text.count("\n 2.") + text.count("\n 3.") == 3
    target = tmp_path / "c.pdf"
    write_pdf(text, target)
    assert target.read_bytes().startswith(b"%PDF")


def test_events_are_searched(qtbot: Any) -> None:
    panel = ContentsPanel()
    qtbot.addWidget(panel)
    panel.show_content(content())
    everything = len(panel.events.rows())
    panel.search.setText("唱标")
    found = panel.events.rows()
    assert 0 < len(found) < everything
    assert all("唱标" in line[2] for line in found)


def test_a_click_on_the_timeline_is_a_moment(qtbot: Any) -> None:
    line = Timeline()
    qtbot.addWidget(line)
    line.resize(800, line.sizeHint().height())
    line.show_content(content())
    assert line.moment is not None
    first = line.moment
    line.resize(800, line.sizeHint().height())
    line._choose(line._at(790))
    assert line.moment > first


def test_each_phase_lasts_until_the_next() -> None:
    found = spans([("gathering", START), ("discipline", START + timedelta(minutes=9))], START + timedelta(minutes=12))
    assert [(span.phase, span.end - span.start) for span in found] == [
        ("gathering", timedelta(minutes=9)),
        ("discipline", timedelta(minutes=3)),
    ]
