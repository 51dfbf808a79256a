"""The archive viewer: a kept archive is opened, verified, changed, taken apart; what it believes, and why, is said."""

import asyncio
import lzma
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.clock import SystemClock
from app.errors import BidroomError, FaultError, InputError
from app.record.archive_reader import ArchiveReader
from app.record.verification import Place, StepResult, Verdict, Verification, Watch
from app.record.verifier import parse_expect, verify_archive
from app.session.extract import extract as extract_all
from app.ui.archive import certificate as certificates
from app.ui.archive.archive_screen import ArchiveScreen
from app.ui.archive.check_panel import CheckPanel
from app.ui.archive.content import Content, Segment, extract, file_digest, read_content, read_papers
from app.ui.archive.contents_panel import FILES, PAPERS, ContentsPanel
from app.ui.archive.entries_page import lines
from app.ui.archive.places import Marks, marks, target
from app.ui.archive.timeline import Timeline, spans
from app.ui.archive.trust import (
    NOBODY,
    Origin,
    Root,
    Trust,
    compared,
    keep,
    offered_roots,
    own_roots,
    read_roots,
    trust_for,
)
from app.ui.archive.trust_dialog import Compared, TrustDialog
from app.ui.archive.words import certificate, step_detail, trust_words
from app.ui.archive.work_dialog import WorkDialog
from app.ui.async_bridge import AsyncBridge
from app.ui.documents.signature_words import part_words
from app.ui.i18n import Language, set_language
from app.ui.sample_state import play

START = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
GOLDEN = Path(__file__).parents[1] / "golden" / "v1"


def outcome(**changed: Any) -> Verification:
    steps = (
        StepResult(1, "container", Verdict.PASSED, {"kept": 12}, None, {}),
        StepResult(
            2, "tree", Verdict.FAILED, {}, "entry.hidden", {"index": 7}, (Place(True, "entry.hidden", {"index": 7}),)
        ),
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
        "state": played.state, "entries": tuple(played.log), "segments": segments,
    }  # fmt: skip
    return Content(**{**made, **changed})


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kept archive of a rehearsal in a folder of its own, with nothing beside it."""
    path = tmp_path_factory.mktemp("archive") / "case.bidroom"
    path.write_bytes(lzma.decompress((GOLDEN / "case.bidroom.xz").read_bytes()))
    return path


def flipped(kept: Path, folder: Path, member: Callable[[ArchiveReader], str], at: int) -> Path:
    """A copy in which one bit of one file differs."""
    with ArchiveReader(kept) as archive:
        offset = archive.members[member(archive)].offset + at
    data = bytearray(kept.read_bytes())
    data[offset] ^= 1
    path = folder / "changed.bidroom"
    path.write_bytes(data)
    return path


def judged(path: Path) -> tuple[Verification, Content, Marks]:
    result, found = verify_archive(path), read_content(path)
    return result, found, marks(result, found)


# --- checks in words ---


def test_the_bad_thing_stands_first_and_says_where(qtbot: Any) -> None:
    panel = CheckPanel()
    qtbot.addWidget(panel)
    panel.show_result(outcome())
    assert [line.split()[0] for line in panel.lines()] == ["通过", "未通过", "无法判断"]
    assert "7" in step_detail(outcome().steps[1])
    set_language(Language.ENGLISH)
    assert panel.lines()[1].lower().startswith("failed")


def test_verifying_again_takes_what_was_typed(qtbot: Any) -> None:
    panel = CheckPanel()
    qtbot.addWidget(panel)
    asked: list[str] = []
    panel.again.connect(asked.append)
    panel.expect.setText(" 214:abcd ")
    panel.verify_again()
    assert asked == ["214:abcd"]


def test_progress_is_said_with_its_share(qtbot: Any) -> None:
    panel = CheckPanel()
    qtbot.addWidget(panel)
    panel.show_busy(True)
    panel.show_progress("container", 250, 1000)
    assert "25 %" in panel.summary()
    assert panel.summary().startswith("正在校验：1.")
    panel.show_busy(False)
    panel.show_stopped()
    assert panel.summary() == "校验已停止，没有结论。"


def test_the_outcome_as_text_says_every_step(qapp: Any) -> None:
    text = certificate(outcome(), "x.bidroom", "2026-11-20 09:00:00")
    assert "214:" + "ab" * 32 in text
    assert text.count("\n 1.") + text.count("\n 2.") + text.count("\n 3.") == 3


# --- a change is shown where it is ---


def test_a_changed_entry_is_marked_and_no_other(kept: Path, tmp_path: Path, qapp: Any) -> None:
    with ArchiveReader(kept) as archive:
        stored = list(archive.entry_lines())
    before = sum(len(line) + 1 for line in stored[:120])  # type: ignore[arg-type]
    salt = stored[120].index(b'"salt":"') + 10  # type: ignore[union-attr]
    result, found, marked = judged(flipped(kept, tmp_path, lambda _: "entries.jsonl", before + salt))
    assert list(marked.entries) == [120]
    assert "entries.jsonl" in marked.files
    assert result.first_failed is not None
    assert target(result.first_failed, result, found) == 120


def test_an_entry_that_cannot_be_read_stays_in_its_place(kept: Path, tmp_path: Path, qapp: Any) -> None:
    with ArchiveReader(kept) as archive:
        before = sum(len(line) + 1 for line in list(archive.entry_lines())[:60])  # type: ignore[arg-type]
    _, found, marked = judged(flipped(kept, tmp_path, lambda _: "entries.jsonl", before))
    shown = list(lines(found))
    assert next(iter(found.unreadable)) == 60
    assert [line.index for line in shown] == list(range(found.size))
    assert shown[60].recorded is None
    assert marked.first_entry == 60


@pytest.mark.parametrize("kind", ["segment_closed", "document_signed"])
def test_a_changed_file_is_marked(kept: Path, tmp_path: Path, kind: str, qtbot: Any) -> None:
    keys = {"segment_closed": "segment_sha256", "document_signed": "pdf_sha256"}

    def member(archive: ArchiveReader) -> str:
        found = [e for e in archive.entries() if getattr(e, "type", "") == kind]
        return f"blobs/{found[-1].event[keys[kind]]}"  # type: ignore[union-attr]

    path = flipped(kept, tmp_path, member, 40)
    result, found, marked = judged(path)
    (digest,) = marked.files
    assert not marked.entries or kind == "document_signed"
    panel = ContentsPanel()
    qtbot.addWidget(panel)
    panel.show_content(found)
    panel.show_marks(marked)
    bad = [line for line in panel.files.table.rows() if line[-1] == "未通过"]
    assert len(bad) == 1
    assert result.first_failed is not None
    assert target(result.first_failed, result, found) == digest
    panel.go_to_file(digest)
    chosen = panel.files.row()
    assert chosen is not None
    assert chosen.said
    with pytest.raises(InputError, match=r"blob\.damaged"):
        extract(path, next(one for one in found.files if one.sha256 == digest), tmp_path / "out.bin")
    assert not (tmp_path / "out.bin").exists()
    assert bool(marked.papers) is (kind == "document_signed")


def test_acts_after_a_change_are_not_blamed(qapp: Any) -> None:
    places = tuple(Place(True, "command.head", {"index": n}) for n in (30, 31, 40))
    step = StepResult(10, "commands", Verdict.FAILED, {}, "command.head", {"index": 30}, places)
    assert list(marks(outcome(steps=(step,)), content()).entries) == [30]
    head = StepResult(
        3, "tree", Verdict.FAILED, {}, "tree.root_differs", {"size": 24},
        tuple(Place(True, "tree.root_differs", {"size": n}) for n in (24, 30)),
    )  # fmt: skip
    found = marks(outcome(steps=(head, step)), content(heads=(10, 21, 24, 30)))
    assert list(found.entries) == [21, 22, 23]


# --- whom to believe ---


def real_root(name: str = "A real authority") -> Root:
    from record_case import Authority

    return read_roots(Authority(name).pem, Origin.FILE).roots[0]


def beside(kept: Path, folder: Path, pem: bytes) -> Path:
    path = folder / "case.bidroom"
    path.write_bytes(kept.read_bytes())
    (folder / "trust.pem").write_bytes(pem)
    return path


def test_a_file_beside_the_archive_is_no_ground_for_trust(kept: Path, tmp_path: Path, qapp: Any) -> None:
    path = beside(kept, tmp_path, real_root().pem)
    offered = offered_roots(path, b"")
    assert offered.origin is Origin.BESIDE
    assert trust_for(path, False, NOBODY, offered) == NOBODY
    assert "trust.pem" in trust_words(NOBODY, offered)
    # a claim to be a rehearsal does not help a root that is no rehearsal's
    assert trust_for(path, True, NOBODY, offered) == NOBODY
    result = verify_archive(path, roots=trust_for(path, False, NOBODY, offered).pem)
    assert {step.code: step.verdict for step in result.steps}["identities"] is Verdict.COULD_NOT_TELL


def test_a_rehearsal_is_judged_by_its_own_roots_and_says_so(kept: Path, tmp_path: Path, qapp: Any) -> None:
    path = beside(kept, tmp_path, (GOLDEN / "trust.pem").read_bytes())
    used = trust_for(path, True, NOBODY, offered_roots(path, b""))
    assert used.origin is Origin.REHEARSAL
    assert "不能证明" in trust_words(used, NOBODY)
    assert trust_for(path, False, NOBODY, offered_roots(path, b"")) == NOBODY


def test_roots_inside_the_archive_are_offered_only(kept: Path, qapp: Any) -> None:
    found = read_content(kept)
    offered = offered_roots(kept, found.carried_roots)
    assert offered.origin is Origin.INSIDE
    assert offered.roots
    assert trust_for(kept, False, NOBODY, offered) == NOBODY


def test_own_roots_are_believed_and_what_was_compared_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "trust"
    assert own_roots(folder) == NOBODY
    root = real_root()
    written = keep(root, folder)
    (folder / "broken.pem").write_bytes(b"-----BEGIN")
    own = own_roots(folder)
    assert (own.origin, own.roots, own.place) == (Origin.OWN, (root,), written.name)
    assert trust_for(tmp_path / "x.bidroom", False, own, NOBODY) == own
    other = real_root("Another")
    assert {one.name for one in compared((other,), own, "f").roots} == {root.name, "Another"}
    demo = read_roots((GOLDEN / "trust.pem").read_bytes(), Origin.BESIDE).roots[0]
    with pytest.raises(InputError, match=r"trust\.demo_root"):
        keep(demo, folder)


def test_the_case_of_this_machine_is_judged_by_what_it_was_made_with(tmp_path: Path) -> None:
    file = tmp_path / "trust.pem"
    file.write_bytes(real_root().pem)
    assert trust_for(tmp_path / "archive" / "x.bidroom", False, NOBODY, NOBODY, file).origin is Origin.CASE


def test_only_ticked_roots_are_believed(qtbot: Any, tmp_path: Path) -> None:
    first, second = real_root("One"), real_root("Two")
    dialog = TrustDialog(Trust(Origin.BESIDE, (first, second), "trust.pem"), AsyncBridge(lambda error: None))
    qtbot.addWidget(dialog)
    assert not dialog.use.isEnabled()
    dialog.ticks[1][0].setChecked(True)
    assert dialog.use.isEnabled()
    dialog.accept()
    assert dialog.answer() == Compared((second,), "trust.pem", keep=False)
    other = tmp_path / "other.pem"
    other.write_bytes(b"no certificate")
    dialog.take_file(other)
    assert len(dialog.ticks) == 2
    other.write_bytes(real_root("Three").pem)
    dialog.take_file(other)
    assert [root.name for _, root in dialog.ticks] == ["Three"]
    assert not dialog.use.isEnabled()


def test_the_fingerprint_is_that_of_the_certificate() -> None:
    root = real_root()
    der = x509.load_pem_x509_certificate(root.pem).public_bytes(Encoding.DER)
    from hashlib import sha256

    assert root.fingerprint == sha256(der).hexdigest()


# --- the whole screen ---


def quick(path: Path, roots: bytes | None, expect: str, watch: Watch) -> Verification:
    """Without the replay and the documents, which take seconds."""
    return verify_archive(path, roots=roots, expect=parse_expect(expect) if expect else None, watch=watch)


def screen_of(qtbot: Any, tmp_path: Path, verify: Any = quick) -> ArchiveScreen:
    def report(error: BaseException) -> None:
        raise error

    screen = ArchiveScreen(AsyncBridge(report), SystemClock(), verify, tmp_path / "own")
    qtbot.addWidget(screen)
    return screen


def test_an_archive_is_opened_verified_and_certified(qtbot: Any, run: Any, kept: Path, tmp_path: Path) -> None:
    path = beside(kept, tmp_path, (GOLDEN / "trust.pem").read_bytes())
    screen = screen_of(qtbot, tmp_path)

    async def scenario() -> None:
        assert await screen.open(path, (GOLDEN / "expect.txt").read_text().strip())
        assert screen.result is not None
        assert screen.result.verdict is not Verdict.FAILED
        assert screen.trust.origin is Origin.REHEARSAL
        papers = screen.contents.papers.table.rows()
        assert len(papers) > 5
        assert {line[3] for line in papers} == {"通过"}
        window = await screen.show_certificate()
        assert window is not None
        assert window.save.isVisibleTo(window)
        assert window.print.isVisibleTo(window)
        window.close()
        out = tmp_path / "export"
        out.mkdir()
        await screen.out.whole(out, screen.contents.entries.as_text(), lambda: b"%PDF")
        written = {one.name for one in (out / "case").iterdir()}
        assert written >= {"bids", "documents", "recording", "record.txt", "verification.pdf"}
        assert (out / "case" / "record.txt").read_text("utf-8").count("\n") == 235
        await screen.out.edition("purchaser", tmp_path / "p.bidroom")
        edition = read_content(tmp_path / "p.bidroom")
        assert edition.hidden
        assert not edition.full
        assert await screen.open(tmp_path / "p.bidroom")
        assert "采购人版本" in screen._edition.text
        await screen.open(path)
        first = screen.content.files[0]  # type: ignore[union-attr]
        await screen.out.file(first, tmp_path / "one.bin")
        assert file_digest(tmp_path / "one.bin", lambda *_: None) == first.sha256
        screen.leave()

    run(scenario())


def test_roots_that_were_compared_change_the_verdict_on_people(
    qtbot: Any, run: Any, kept: Path, tmp_path: Path
) -> None:
    screen = screen_of(qtbot, tmp_path)
    wrong = real_root()

    async def scenario() -> None:
        assert await screen.open(kept)
        assert screen.trust.origin is Origin.REHEARSAL
        verdicts = {step.code: step.verdict for step in screen.result.steps}  # type: ignore[union-attr]
        assert verdicts["identities"] is Verdict.PASSED
        await screen.believe(Compared((wrong,), "x", keep=True))
        verdicts = {step.code: step.verdict for step in screen.result.steps}  # type: ignore[union-attr]
        assert verdicts["identities"] is Verdict.FAILED
        assert own_roots(tmp_path / "own").roots == (wrong,)
        assert {line[3] for line in screen.contents.papers.table.rows()} == {"未通过"}

    run(scenario())


def test_a_verification_can_be_stopped(qtbot: Any, run: Any, kept: Path, tmp_path: Path) -> None:
    reached = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    def endless(_path: Path, _roots: bytes | None, _expect: str, watch: Watch) -> Verification:
        while True:
            watch("container", 1, 2)
            loops[0].call_soon_threadsafe(reached.set)

    screen = screen_of(qtbot, tmp_path, endless)

    async def scenario() -> None:
        loops.append(asyncio.get_running_loop())
        opening = asyncio.create_task(screen.open(kept))
        await reached.wait()
        screen.checks.cancel.click()
        assert await opening
        assert screen.result is None
        assert screen.checks.summary() == "校验已停止，没有结论。"
        assert not screen.printing.isEnabled()

    run(scenario())


def test_a_file_that_changes_meanwhile_has_no_outcome(qtbot: Any, run: Any, kept: Path, tmp_path: Path) -> None:
    path = tmp_path / "case.bidroom"
    path.write_bytes(kept.read_bytes())

    def verify(at: Path, _roots: bytes | None, _expect: str, _watch: Watch) -> Verification:
        at.write_bytes(kept.read_bytes() + b"\0" * 512)
        return outcome()

    screen = screen_of(qtbot, tmp_path, verify)

    async def scenario() -> None:
        await screen.open(path)
        assert screen.result is None

    run(scenario())


# --- taking out ---


def test_the_whole_case_is_taken_out_and_damage_is_named(kept: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    written = extract_all(kept, tmp_path / "whole", lambda *at: told.append(at))
    assert told[-1][0] == told[-1][1] == sum(path.stat().st_size for path in written)

    def member(archive: ArchiveReader) -> str:
        found = [e for e in archive.entries() if getattr(e, "type", "") == "segment_closed"]
        return f"blobs/{found[0].event['segment_sha256']}"  # type: ignore[union-attr]

    with pytest.raises(FaultError, match=r"extract\.damaged"):
        extract_all(flipped(kept, tmp_path, member, 3), tmp_path / "bad")
    left = {one.relative_to(tmp_path / "bad") for one in (tmp_path / "bad").rglob("*") if one.is_file()}
    whole = {one.relative_to(tmp_path / "whole") for one in written}
    assert len(whole - left) == 1
    assert not [one for one in left if one.suffix == ".part"]


def test_taking_out_can_be_ended(kept: Path, tmp_path: Path, qtbot: Any, run: Any) -> None:
    dialog = WorkDialog("t", "x")
    qtbot.addWidget(dialog)

    def work(tell: Callable[[int, int], None]) -> bool:
        def told(done: int, whole: int) -> None:
            dialog._stop.set()
            tell(done, whole)

        extract_all(kept, tmp_path / "out", told)
        return True

    async def scenario() -> None:
        assert await dialog.run(work) is None

    run(scenario())
    assert not [one for one in (tmp_path / "out").rglob("*") if one.is_file()]


# --- the certificate ---


def build(result: Verification, found: Content | None, used: Trust = NOBODY) -> certificates.Certificate:
    return certificates.build(
        result, found, name="x.bidroom", digest="cd" * 32, used=used, offered=NOBODY, expect="", now=START
    )


@pytest.mark.parametrize("language", list(Language))
def test_the_certificate_holds_what_it_must(qapp: Any, language: Language) -> None:
    set_language(language)
    root = real_root()
    made = build(outcome(), content(), Trust(Origin.COMPARED, (root,), "roots.pem"))
    said = msgspec.json.encode(made).decode()
    for wanted in ("cd" * 32, "ab" * 32, "214", root.fingerprint, "Bidroom "):
        assert wanted in said
    assert [(step.number, step.verdict) for step in made.steps] == [(1, "passed"), (2, "failed"), (3, "could_not_tell")]
    pdf = certificates.render(made)
    assert pdf.startswith(b"%PDF")
    assert certificates.render(made) == pdf


def test_the_certificate_of_an_unreadable_file_can_be_printed(qapp: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.bidroom"
    path.write_bytes(b"nothing")
    result = verify_archive(path)
    assert certificates.render(build(result, None)).startswith(b"%PDF")
    with pytest.raises(BidroomError):
        read_content(path)


def test_many_places_are_counted(qapp: Any) -> None:
    places = tuple(Place(True, "files.damaged", {"digest": f"{n:064x}"}) for n in range(60))
    step = StepResult(1, "files", Verdict.FAILED, {}, "files.damaged", {"digest": "0" * 64}, places)
    (line,) = build(outcome(steps=(step,)), None).steps[0].places
    assert "另有 48 处" in line


# --- contents ---


def test_entries_are_searched(qtbot: Any) -> None:
    panel = ContentsPanel()
    qtbot.addWidget(panel)
    panel.show_content(content())
    everything = len(panel.entries.table.rows())
    panel.entries.search.setText("唱标")
    found = panel.entries.table.rows()
    assert 0 < len(found) < everything
    assert all("唱标" in line[2] for line in found)
    assert panel.entries.go_to(3)
    assert len(panel.entries.table.rows()) == everything


def test_hidden_entries_of_a_party_share_a_row(qapp: Any) -> None:
    whole = content()
    hidden = tuple(range(4, 9))
    kept_entries = tuple(one for one in whole.entries if one.index not in hidden)
    found = list(lines(msgspec.structs.replace(whole, entries=kept_entries, hidden=hidden)))
    (shared,) = [line for line in found if line.recorded is None]
    assert (shared.index, shared.last) == (4, 8)
    assert "5" in shared.said


def test_every_file_has_words_and_a_name(kept: Path, qtbot: Any) -> None:
    found = read_content(kept)
    panel = ContentsPanel()
    qtbot.addWidget(panel)
    panel.show_content(found)
    panel.show_papers(read_papers(found, (GOLDEN / "trust.pem").read_bytes()))
    panel.show_marks(Marks())
    panel.tabs.choose(FILES)
    rows = panel.files.table.rows()
    assert len(rows) == len(found.files)
    assert {line[-1] for line in rows} == {"一致"}
    panel.tabs.choose(PAPERS)
    panel.papers.table.choose(0)
    chosen = panel.papers.row()
    assert chosen is not None
    assert [name for name, *_ in chosen.said] == ["完整性", "身份", "时间"]


def test_every_verdict_of_a_signature_has_a_sentence(kept: Path, qapp: Any) -> None:
    papers = read_papers(read_content(kept), (GOLDEN / "trust.pem").read_bytes())
    parts = [part for paper in papers if paper.verdict for one in paper.verdict.signatures
             for part in (one.integrity, one.identity, one.time)]  # fmt: skip
    assert parts
    for language in Language:
        set_language(language)
        assert [part.code for part in parts if part.code in part_words(part)] == []


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
