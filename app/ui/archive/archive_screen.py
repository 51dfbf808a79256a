"""The archive viewer: playback and timeline, contents, signatures, checks, and the certificate of verification."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from app.clock import Clock
from app.errors import BidroomError, InputError
from app.record.verification import StepResult, Stopped, Verdict, Verification, Watch
from app.ui import texts
from app.ui.archive import certificate as certificates
from app.ui.archive.certificate_window import CertificateWindow
from app.ui.archive.check_panel import CheckPanel
from app.ui.archive.content import (
    Content,
    SignedPaper,
    file_digest,
    read_content,
    read_file,
    read_papers,
)
from app.ui.archive.contents_panel import ContentsPanel
from app.ui.archive.places import Marks, marks, target
from app.ui.archive.player import SegmentPlayer
from app.ui.archive.taking_out import TakingOut
from app.ui.archive.timeline import Timeline
from app.ui.archive.trust import NOBODY, compared, keep, offered_roots, own_roots, trust_for
from app.ui.archive.trust_dialog import Compared, TrustDialog
from app.ui.archive.words import certificate, edition_words
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.i18n import tr
from app.ui.room_documents import DocumentWindow
from app.ui.view import View, column, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.split_view import SplitView
from app.ui.widgets.tabs import SegmentedTabs
from app.ui.widgets.top_bar import TopBar

Verify = Callable[[Path, bytes | None, str, Watch], Verification]
TOLD_SECONDS = 0.1
"""Progress is not shown more often."""
HIGH = 900
"""Pixels from which contents and checks have room below each other."""


class ArchiveScreen(View):
    """Open an archive with :meth:`open`.

    ``verify(archive, roots, expect, watch)`` runs in a worker thread; it raises InputError for bad roots or a bad
    ``expect``, Stopped when the watcher does. ``own`` is the folder of this user's trusted roots.

    Signals:
        closed(): the person wants to go back.
        exported(str): something was written to this path.
    """

    closed = Signal()
    exported = Signal(str)
    _progress = Signal(str, object, object)

    def __init__(
        self, bridge: AsyncBridge, clock: Clock, verify: Verify, own: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self._bridge, self._clock, self._verify, self._own_folder = bridge, clock, verify, own
        self._path: Path | None = None
        self._stop = threading.Event()
        self._digest = ""
        self._recorded = True
        self.content: Content | None = None
        self.papers: tuple[SignedPaper, ...] = ()
        self.result: Verification | None = None
        self.trust, self.offered = NOBODY, NOBODY
        self._bar = TopBar()
        back = Button("ghost", "arrow-left")
        back.clicked.connect(self.closed)
        self.say(back.setAccessibleName, "返回")
        self._bar.lead(back)
        self._passed, self._unsure, self._failed, self._rehearsal, self._edition = (Chip() for _ in range(5))
        self.export, self.printing = Button("plain", "download"), Button("primary", "document")
        self._menu = QMenu(self)
        self.export.setMenu(self._menu)
        self.printing.clicked.connect(lambda: bridge.start(self.show_certificate(), "archive.certificate"))
        self.say(self.export.setText, "导出")
        self.say(self.printing.setText, "校验证明…")
        self._bar.add(
            self._rehearsal, self._edition, self._failed, self._unsure, self._passed, self.export, self.printing
        )
        self.player, self.timeline = SegmentPlayer(bridge), Timeline()
        self.contents, self.checks = ContentsPanel(), CheckPanel()
        self.player.at.connect(self.timeline.show_moment)
        self.timeline.moment_chosen.connect(self.player.go_to)
        self.contents.moment_chosen.connect(self.timeline.show_moment)
        self.contents.moment_chosen.connect(self.player.go_to)
        self.contents.open_asked.connect(lambda digest, title: bridge.start(self._show(digest, title), "archive.file"))
        self.out = TakingOut(bridge, self)
        self.out.written.connect(self.exported)
        self.contents.save_asked.connect(lambda file, name: bridge.start(self.out.ask_file(file, name), "archive.save"))
        self.checks.again.connect(lambda expect: bridge.start(self._check(expect), "archive.check"))
        self.checks.cancelled.connect(self.stop)
        self.checks.place_asked.connect(self._go_to)
        bridge.on(self.checks.trust_asked, self._ask_trust, "archive.trust")
        self._progress.connect(self.checks.show_progress)
        self._lay_out()
        self.retranslate()

    def _lay_out(self) -> None:
        self._watching, self._inside, self._checking, line = Card(), Card(), Card(), Card()
        self._watching.add(self.player)
        line.add(self.timeline)
        self._inside.add(self.contents)
        self._checking.add(self.checks)
        left, right = QWidget(), QWidget()
        self._left: QVBoxLayout = column(self._watching, line, spacing=12)
        self._left.setStretch(0, 1)
        left.setLayout(self._left)
        self._halves = SplitView(Qt.Orientation.Vertical)
        self._halves.addWidget(self._inside)
        self._halves.addWidget(self._checking)
        self._halves.set_shares([0.5, 0.5])
        self._which = SegmentedTabs(2)
        self._which.chosen.connect(lambda _place: self._show_halves())
        right.setLayout(column(self._which, self._halves, spacing=8))
        split = SplitView(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(right)
        split.set_shares([0.54, 0.46])
        layout = column(self._bar, row(split, margins=(12, 12, 12, 12)), spacing=0)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def _arrange(self, recorded: bool) -> None:
        """Without recordings the contents take their place, and the checks the whole other side."""
        self._recorded = recorded
        self._watching.setVisible(recorded)
        if recorded:
            self._halves.insertWidget(0, self._inside)
        else:
            self._left.insertWidget(0, self._inside, 1)
        self._show_halves()

    def _show_halves(self) -> None:
        """Contents and checks below each other where there is room, else one of them."""
        both = self._recorded and self.height() >= HIGH
        one_of = self._recorded and not both
        self._which.setVisible(one_of)
        self._inside.setVisible(not one_of or self._which.current() == 0)
        self._checking.setVisible(not one_of or self._which.current() == 1)
        self._halves.set_shares([0.5, 0.5] if self._halves.count() > 1 else [1.0])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_halves()

    async def open(self, path: Path, expect: str = "", case_file: Path | None = None) -> bool:
        """Read and verify; True when the contents could be read (the verification says whether they hold).

        Args:
            expect: ``N:R`` known from outside the archive; empty for none.
            case_file: the roots (PEM) of the case where this machine hosted it.
        """
        self._path, self.content, self.result, self.papers = path, None, None, ()
        self.out.path = path
        self.checks.show_expect(expect)
        self.retranslate()
        own = await asyncio.to_thread(own_roots, self._own_folder)
        failure: Exception | None = None
        try:
            content = await asyncio.to_thread(read_content, path)
        except (BidroomError, OSError) as error:
            failure = error
            self.offered = await asyncio.to_thread(offered_roots, path, b"")
            self.trust = trust_for(path, False, own, self.offered, case_file)
        else:
            self.content = content
            self.offered = await asyncio.to_thread(offered_roots, path, content.carried_roots)
            self.trust = trust_for(path, content.state.rehearsal, own, self.offered, case_file)
            self._arrange(bool(content.segments))
            for part in (self.player, self.timeline, self.contents):
                part.show_content(content)
        self.checks.show_trust(self.trust, self.offered)
        self.retranslate()
        if failure is not None:
            self._arrange(False)
            await self._check(expect)
            await ask(ErrorDialog(texts.exception_text(failure), parent=self.window()))
            return False
        await self._check(expect)
        return True

    def retranslate(self) -> None:
        content, result = self.content, self.result
        title, subtitle = tr("档案"), self._path.name if self._path is not None else ""
        if content is not None and content.state.lot is not None:
            lot = content.state.lot
            title = tr("档案　{name}　包 {lot}", name=lot.project_name, lot=lot.lot.id)
            root = " ".join(content.root[i : i + 4] for i in range(0, 16, 4))
            subtitle = "　".join(
                (texts.day(lot.deadline), lot.project_number, tr("{size} 条", size=content.size),
                 tr("根 {root}", root=root))
            )  # fmt: skip
        self._bar.say_title(title, subtitle)
        self._rehearsal.setVisible(content is not None and content.state.rehearsal)
        self._rehearsal.show_state(tr("演练，不具法律效力"), Tone.WARN)
        self._edition.setVisible(content is not None and not content.full)
        if content is not None:
            kind = content.edition.partition(":")[0]
            self._edition.show_state(
                tr("{edition}，{count} 条不公开", edition=edition_words(kind), count=len(content.hidden)), Tone.INFO
            )
            self._edition.setToolTip(edition_words(content.edition))
        counts = dict.fromkeys(Verdict, 0)
        for step in result.steps if result is not None else ():
            counts[step.verdict] += 1
        self._passed.show_state(tr("{count} 项通过", count=counts[Verdict.PASSED]), Tone.OK)
        self._unsure.show_state(tr("{count} 项无法判断", count=counts[Verdict.COULD_NOT_TELL]), Tone.WARN)
        self._failed.show_state(tr("{count} 项未通过", count=counts[Verdict.FAILED]), Tone.BAD)
        self._passed.setVisible(counts[Verdict.PASSED] > 0)
        self._unsure.setVisible(counts[Verdict.COULD_NOT_TELL] > 0)
        self._failed.setVisible(counts[Verdict.FAILED] > 0)
        self._which.name(0, tr("内容"))
        self._which.name(1, tr("校验"))
        self._menu.clear()
        whole = self._menu.addAction(tr("导出整个项目…"))
        whole.triggered.connect(lambda: self._bridge.start(self._export(), "archive.export"))
        whole.setEnabled(content is not None)
        if content is not None and content.full:
            self.out.offer_editions(self._menu.addMenu(tr("导出当事人版本")), content)
        outcome = self._menu.addAction(tr("校验结果（文本）…"))
        outcome.triggered.connect(lambda: self._bridge.start(self.out.ask_text(self.certificate()), "archive.text"))
        outcome.setEnabled(result is not None)
        self.export.setEnabled(content is not None or result is not None)
        self.printing.setEnabled(result is not None)

    def stop(self) -> None:
        """End a running verification as soon as it can be."""
        self._stop.set()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.leave()
        super().closeEvent(event)

    def leave(self) -> None:
        """Nobody looks any more: end playing and verifying."""
        self.stop()
        self.player.stop()

    # --- verifying ---

    async def _check(self, expect: str) -> None:
        path = self._path
        if path is None:
            return
        self.stop()
        stop = self._stop = threading.Event()
        self.result, self._digest = None, ""
        self.contents.show_unverified()
        self.checks.show_busy(True)
        self.retranslate()
        try:
            if self.content is not None:
                with contextlib.suppress(BidroomError, OSError):
                    self.papers = await asyncio.to_thread(read_papers, self.content, self.trust.pem)
                    self.contents.show_papers(self.papers)
            digest, result = await asyncio.to_thread(self._work, path, self.trust.pem, expect, self._watch(stop))
        except Stopped:
            if stop is self._stop:
                self.checks.show_stopped()
            return
        except (BidroomError, OSError) as error:
            self.checks.show_error(texts.exception_text(error).what)
            return
        finally:
            if stop is self._stop:
                self.checks.show_busy(False)
        self.result, self._digest = result, digest
        content = self.content
        placed = [one.code for one in result.steps if content is not None and target(one, result, content) is not None]
        self.checks.show_result(result, frozenset(placed))
        self._mark()
        self.retranslate()

    def _work(self, path: Path, roots: bytes | None, expect: str, watch: Watch) -> tuple[str, Verification]:
        """Digest and verification of the same bytes; runs in a worker thread."""
        before = path.stat()
        digest = file_digest(path, watch)
        result = self._verify(path, roots, expect, watch)
        after = path.stat()
        if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
            raise InputError("archive.changed_meanwhile")
        return digest, result

    def _watch(self, stop: threading.Event) -> Watch:
        last_step, last_at = "", 0.0

        def watch(step: str, done: int, whole: int) -> None:
            nonlocal last_step, last_at
            if stop.is_set():
                raise Stopped
            now = self._clock.monotonic()
            if step != last_step or now - last_at >= TOLD_SECONDS:
                last_step, last_at = step, now
                self._progress.emit(step, done, whole)

        return watch

    def _mark(self) -> None:
        found = marks(self.result, self.content) if self.content is not None else Marks()
        self.contents.show_marks(found)
        self.timeline.show_marks(found)

    def _go_to(self, step: StepResult) -> None:
        """Show where a step found something."""
        content = self.content
        if content is None or self.result is None:
            return
        found = target(step, self.result, content)
        self._which.choose(0)
        if isinstance(found, int):
            self.contents.go_to_entry(found)
        elif found is not None:
            self.contents.go_to_file(found)

    async def _ask_trust(self) -> None:
        offer = self.offered if self.offered.roots else self.trust
        chosen = await ask(TrustDialog(offer, self._bridge, self.window()))
        if chosen is not None and chosen.roots:
            await self.believe(chosen)

    async def believe(self, chosen: Compared) -> None:
        """Verify by the roots that the person compared."""
        own = await asyncio.to_thread(own_roots, self._own_folder)
        self.trust = compared(chosen.roots, own, chosen.place)
        if chosen.keep:
            try:
                for root in chosen.roots:
                    if not root.demo:
                        await asyncio.to_thread(keep, root, self._own_folder)
            except OSError as error:
                await ask(ErrorDialog(texts.exception_text(error), parent=self.window()))
        self.checks.show_trust(self.trust, self.offered)
        await self._check(self.checks.expect.text().strip())

    # --- looking ---

    async def _show(self, digest: str, title: str) -> None:
        if self._path is None:
            return
        try:
            data = await asyncio.to_thread(read_file, self._path, digest)
        except BidroomError as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self.window()))
            return
        DocumentWindow(self._bridge, data, title, self.window()).show()

    async def _export(self) -> None:
        made = self._certificate() if self.result is not None else None
        pdf = (lambda: certificates.render(made)) if made is not None else None
        await self.out.ask_whole(self.contents.entries.as_text(), pdf)

    # --- the certificate ---

    def certificate(self) -> str:
        """The outcome as text; empty before there is one."""
        if self.result is None or self._path is None:
            return ""
        return certificate(self.result, self._path.name, texts.full_time(self._clock.now()))

    def _certificate(self) -> certificates.Certificate:
        assert self.result is not None
        assert self._path is not None
        return certificates.build(
            self.result, self.content, name=self._path.name, digest=self._digest, used=self.trust,
            offered=self.offered, expect=self.checks.expect.text().strip(), now=self._clock.now(),
        )  # fmt: skip

    async def show_certificate(self) -> CertificateWindow | None:
        """The certificate as it will be printed; None where it could not be made."""
        if self.result is None or self._path is None:
            return None
        try:
            pdf = await asyncio.to_thread(certificates.render, self._certificate())
        except BidroomError as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self.window()))
            return None
        window = CertificateWindow(self._bridge, pdf, f"{self._path.stem}-verification.pdf", self.window())
        window.saved.connect(self.exported)
        window.show()
        return window
