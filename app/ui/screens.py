"""Every screen of the room, fed with a played sample case: for the demonstration's pictures and for looking."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from app.clock import ManualClock, SystemClock
from app.errors import InputError
from app.session.rules.people import Role
from app.session.rules.state import State
from app.ui.archive.archive_screen import ArchiveScreen, Verify
from app.ui.async_bridge import AsyncBridge
from app.ui.documents.viewer import DocumentViewer
from app.ui.evaluation.expert_desk import ExpertDesk
from app.ui.i18n import Language, language, set_language
from app.ui.models import TokenState, TokenView
from app.ui.room.room_screen import RoomScreen
from app.ui.room_snapshot import Surroundings, room_view, tiles
from app.ui.sample_state import MethodName, Played, digest, play
from app.ui.step_facts import StepContext, StepFacts
from app.ui.step_panels import make_panel, place_panel
from app.ui.supervision.supervisor_step import SupervisorStep
from app.ui.theme import ThemeChoice, theme

Factory = Callable[[AsyncBridge, Path], QWidget]
Who = Callable[[Played], str]
SIZE = QSize(1280, 800)
CONSULTATION: MethodName = "competitive_consultation"
TENDER: MethodName = "public_tender"


@cache
def _played(phase: str, method: MethodName) -> Played:
    return play(phase, method)


def officer(played: Played) -> str:
    return played.one(Role.OFFICER)


def supplier(played: Played) -> str:
    """The last supplier: the one that is still waited for in every sample."""
    return list(played.speaker.values())[-1]


def supervisor(played: Played) -> str:
    return played.one(Role.SUPERVISOR)


def expert(played: Played) -> str:
    """A member who has not acted yet."""
    return played.state.members()[-1]


def leader(played: Played) -> str:
    return played.state.leader


def room(phase: str, who: Who, method: MethodName = TENDER, tab: int = 0, *, compare: bool = False) -> Factory:
    """The room as ``who`` sees it in ``phase``; ``tab`` of a supervisor's place; ``compare`` two bids at the desk."""

    def make(bridge: AsyncBridge, drafts: Path) -> QWidget:
        played = _played(phase, method)
        me = who(played)
        state, entries = played.seen_by(me)
        clock = ManualClock(played.now)
        screen = RoomScreen(clock)

        async def fetch(sha256: str) -> bytes:
            if sha256 not in played.files:
                raise InputError("blob.missing", digest=sha256)
            return played.files[sha256]

        facts = StepFacts(state, me)
        around = surroundings(state, len(played.log))
        screen.spoken_anew.connect(lambda: screen.show_room(room_view(facts, entries, around)))
        screen.show_room(room_view(facts, entries, around))
        screen.show_tiles(tiles(facts, around))
        panel = make_panel(StepContext(clock, bridge, fetch, drafts), facts, around)
        if isinstance(panel, SupervisorStep):
            panel.tabs.choose(tab)
        if compare and isinstance(panel, ExpertDesk):
            panel.criteria.choose("approach")
            panel.documents.compare(True)
        screen.set_step(panel)
        place_panel(screen, panel)
        return screen

    return make


def surroundings(state: State, size: int) -> Surroundings:
    """A desk in good order: witnessed, token in, microphone on."""
    token = TokenView(label="CA-01", holder="CA-01", state=TokenState.READY, tries_left=10)
    count = len(state.online)
    return Surroundings(
        head=(size, digest("root")), cosigned=count, expected=count, token=token, muted=False, camera=True,
        talking=frozenset(state.with_role(Role.OFFICER)),
    )  # fmt: skip


def archive(path: Path, expect: str, verify: Verify) -> Factory:
    """The archive viewer with a real archive, read and verified; to be appended to :data:`SCREENS` by who has one."""

    def make(bridge: AsyncBridge, drafts: Path) -> QWidget:
        screen = ArchiveScreen(bridge, SystemClock(), verify, drafts / "trust")
        bridge.start(screen.open(path, expect), "screens.archive")
        return screen

    return make


SCREENS: list[tuple[str, Factory]] = [
    ("room_receiving_supplier", room("receiving", supplier)),
    ("room_gathering", room("gathering", officer)),
    ("room_discipline", room("discipline", officer)),
    ("room_seal_wall", room("seal_check", officer)),
    ("room_seal_wall_supplier", room("seal_check", supplier)),
    ("room_decrypting", room("decrypting", officer)),
    ("room_decrypting_supplier", room("decrypting", supplier)),
    ("room_decrypting_consultation", room("decrypting", supplier, CONSULTATION)),
    ("room_reading", room("reading", officer)),
    ("room_objections", room("objections", officer)),
    ("room_objections_supplier", room("objections", supplier)),
    ("room_signing", room("signing", officer)),
    ("room_closing", room("opening_closed", officer)),
    ("room_supervisor", room("decrypting", supervisor)),
    ("room_supervisor_alarms", room("decrypting", supervisor, tab=1)),
    ("evaluation_qualification", room("qualification", officer)),
    ("evaluation_assembling", room("assembling", officer)),
    ("evaluation_commitment", room("commitment", expert)),
    ("evaluation_leader", room("leader", expert)),
    ("evaluation_conformity", room("conformity", expert)),
    ("evaluation_conformity_supplier", room("conformity", supplier)),
    ("evaluation_talks", room("talks", leader, CONSULTATION)),
    ("evaluation_talks_supplier", room("talks", supplier, CONSULTATION)),
    ("evaluation_quote", room("quoting", supplier, CONSULTATION)),
    ("evaluation_quotes_in", room("quoting", leader, CONSULTATION)),
    ("evaluation_low_price", room("low_price", leader)),
    ("evaluation_desk", room("scoring", expert)),
    ("evaluation_compare", room("scoring", expert, compare=True)),
    ("evaluation_scoring_officer", room("scoring", officer)),
    ("evaluation_summary", room("summary", leader)),
    ("evaluation_check", room("agency_check", officer)),
    ("evaluation_report", room("report", expert)),
]
"""Name and factory of each screen; the factory gets the bridge and a folder for drafts."""


async def grab_all(
    directory: Path,
    bridge: AsyncBridge,
    *,
    sizes: tuple[QSize, ...] = (SIZE,),
    only: Callable[[str], bool] = lambda _name: True,
    settle: Callable[[QWidget], Awaitable[None]] | None = None,
) -> list[Path]:
    """A picture of every screen in each language, theme and size; needs the desk's running loop.

    Named ``NAME_zh_light.png``; sizes other than the first are marked, e.g. ``NAME_1920_zh_light.png``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    before = (language(), theme().choice)
    written: list[Path] = []
    try:
        for name, factory in SCREENS:
            if only(name):
                written += await _grab(directory, bridge, name, factory, sizes, settle or _settle)
    finally:
        set_language(before[0])
        theme().apply(before[1])
    return written


async def _grab(
    directory: Path,
    bridge: AsyncBridge,
    name: str,
    factory: Factory,
    sizes: tuple[QSize, ...],
    settle: Callable[[QWidget], Awaitable[None]],
) -> list[Path]:
    set_language(Language.CHINESE)
    window = QWidget()
    window.setProperty("role", "page")
    layout = QVBoxLayout(window)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(factory(bridge, directory / ".drafts"))
    window.resize(sizes[0])
    window.show()
    written = []
    for size in sizes:
        window.resize(size)
        mark = "" if size == sizes[0] else f"_{size.width()}"
        for spoken in Language:
            for dress in (ThemeChoice.LIGHT, ThemeChoice.DARK):
                set_language(spoken)
                theme().apply(dress)
                await settle(window)
                path = directory / f"{name}{mark}_{spoken.value}_{dress.value}.png"
                window.grab().save(str(path), "PNG")
                written.append(path)
    window.close()
    window.deleteLater()
    await asyncio.sleep(0)
    return written


async def _settle(window: QWidget) -> None:
    """Layouts, then documents: until every page in sight is drawn, two seconds at most."""
    for _ in range(3):
        await asyncio.sleep(0.01)
    for _ in range(80):
        viewers = [v for v in window.findChildren(DocumentViewer) if v.isVisible()]
        if any(screen.result is None for screen in window.findChildren(ArchiveScreen)):
            await asyncio.sleep(0.1)
            continue
        if all(viewer.error() or (viewer.area.isVisible() and _drawn(viewer)) for viewer in viewers):
            break
        await asyncio.sleep(0.025)
    QApplication.sendPostedEvents()
    await asyncio.sleep(0.01)


def _drawn(viewer: DocumentViewer) -> bool:
    return all(viewer.area.drawn(number) for number in viewer.area.in_sight())
