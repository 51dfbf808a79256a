"""The adapter: what the person wants reaches the client, what the record says reaches the screen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import app.session.rules.commands as cmd
from app.clock import ManualClock
from app.errors import InputError
from app.session.rules.command import Command
from app.session.rules.people import Role
from app.ui.async_bridge import AsyncBridge
from app.ui.models import Link
from app.ui.opening.decrypting import DecryptingPanel
from app.ui.opening.reading import ReadingPanel
from app.ui.room.room_screen import RoomScreen
from app.ui.room_link import RoomLink
from app.ui.sample_state import Played, play
from app.ui.supervision.supervisor_step import SupervisorStep


class PlayedClient:
    """A client whose host is the play itself."""

    def __init__(self, played: Played, me: str) -> None:
        self.played, self.me = played, me
        self.status, self.alarm, self.refusal = "connected", "", None
        self.head, self.witnesses = (len(played.log), "ab" * 32), {"officer": len(played.log)}
        self.silent: tuple[str, ...] = ()
        self.clock = ManualClock(played.now)
        self.refuses: InputError | None = None
        self._listeners: list[Callable[[], None]] = []
        self.take()

    def take(self) -> None:
        self.state, self.entries = self.played.seen_by(self.me)
        for listener in self._listeners:
            listener()

    def host_now(self) -> Any:
        return self.clock.now()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def do(self, command: Command) -> tuple[int, ...]:
        if self.refuses is not None:
            raise self.refuses
        self.played.does(self.me, command)
        self.take()
        return (len(self.played.log) - 1,)


def joined(qtbot: Any, tmp_path: Path, played: Played, me: str) -> tuple[PlayedClient, RoomScreen, RoomLink]:
    client = PlayedClient(played, me)
    screen = RoomScreen(client.clock)
    qtbot.addWidget(screen)
    link = RoomLink(client, screen, AsyncBridge(lambda error: None), tmp_path)  # type: ignore[arg-type]
    return client, screen, link


def test_a_command_goes_to_the_record_and_comes_back(qtbot: Any, tmp_path: Path, run: Any) -> None:
    played = play("reading")
    played.wait(120)  # the second supplier's price is confirmed by the clock
    client, _screen, link = joined(qtbot, tmp_path, played, played.one(Role.OFFICER))
    assert isinstance(link.panel, ReadingPanel)
    third = list(played.speaker)[-1]
    said: list[str] = []
    link.said.connect(said.append)
    assert run(link.carry_out(cmd.ReadPrice(supplier=third))) is True
    link._refresh()
    assert client.state.reading == third
    assert said
    assert not link.panel.next.isEnabled()
    link.close()


def test_the_panel_follows_the_phase(qtbot: Any, tmp_path: Path, run: Any) -> None:
    played = play("decrypting")
    _client, screen, link = joined(qtbot, tmp_path, played, played.one(Role.OFFICER))
    assert isinstance(link.panel, DecryptingPanel)
    played.wait(300)
    supplier = list(played.speaker)[-1]
    run(link.carry_out(cmd.AttributeFailure(supplier=supplier, attribution="supplier", reason="逾时")))
    run(link.carry_out(cmd.Advance(phase="reading")))
    link._refresh()
    assert isinstance(link.panel, ReadingPanel)
    assert screen.step is link.panel
    link.close()


def test_a_message_is_pending_until_the_record_has_it(qtbot: Any, tmp_path: Path) -> None:
    played = play("decrypting")
    client, _screen, link = joined(qtbot, tmp_path, played, played.one(Role.OFFICER))
    link._start = lambda coroutine, name: coroutine.close()  # type: ignore[method-assign,attr-defined]
    link._post("请稍候。", "all")
    assert [row.recorded for row in link._around().posted] == [False]
    played.does(client.me, cmd.PostMessage(to="all", text="请稍候。"))
    client.take()
    assert link._around().posted == ()
    link.close()


def test_a_lost_host_is_said_and_the_buttons_rest(qtbot: Any, tmp_path: Path) -> None:
    played = play("decrypting")
    client, screen, link = joined(qtbot, tmp_path, played, played.one(Role.OFFICER))
    client.status = "reconnecting"
    link._refresh()
    assert link._around().link is Link.RECONNECTING
    assert "秒" in screen.banner.text()
    assert not screen.step.isEnabled()  # type: ignore[union-attr]
    client.status, client.alarm = "connected", "record.forked"
    link._refresh()
    assert screen.banner.isVisibleTo(screen)
    link.close()


def test_a_supervisor_gets_a_place_of_its_own(qtbot: Any, tmp_path: Path) -> None:
    played = play("decrypting")
    _client, screen, link = joined(qtbot, tmp_path, played, played.one(Role.SUPERVISOR))
    assert isinstance(link.panel, SupervisorStep)
    assert not screen.controls.mute_all.isVisibleTo(screen)
    assert not screen.controls.microphone.isVisibleTo(screen)
    link.close()
