import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.clock import SystemClock
from app.errors import FaultError, InputError
from app.rehearsal.demo_pki import DemoPki
from app.rehearsal.sample_case import sample_case
from app.session.rules.people import Role
from app.ui.models import CheckState, HostState
from app.ui.program.case_book import CaseBook
from app.ui.program.case_dialogs import CaseDetails
from app.ui.program.host_control import HostControl, reachable
from app.ui.program.hosting import make_case
from app.ui.program.preparing import host_lines, probe, reach_lines

Run = Callable[[Any], Any]


def details(folder: Path) -> CaseDetails:
    pki = DemoPki.create(folder / "pki", datetime.now(UTC))
    return CaseDetails("1", "沈砚秋", "127.0.0.1", pki.trust_file, None, pki.crl_file, None)


def test_a_case_with_its_host(run: Run, tmp_path: Path) -> None:
    """Made, reached, killed, seen as lost, started again at the same address, stopped."""

    async def life() -> None:
        hosts, book, clock = HostControl(local=True), CaseBook(), SystemClock()
        case = sample_case("public_tender", clock.now())
        links = await make_case(case, details(tmp_path), hosts, book, clock)
        officer, link = links[0]
        assert officer.has(Role.OFFICER)
        assert [known.role for known in book.cases] == ["officer"]
        assert hosts.state() is HostState.RUNNING
        assert [line.state for line in await host_lines(link, clock)] == [CheckState.PASSED] * 2
        record = hosts.record(link.case)
        assert record is not None
        assert [line.finding for line in await reach_lines(record, hosts.reached(record))] == ["reach.local"]
        other = type(link)(link.host, link.port, link.case, "00" * 32)
        with pytest.raises(InputError, match=r"link\.other_host"):
            await probe(other, clock)
        os.kill(record.pid, 9)
        while hosts.running(link.case):
            await asyncio.sleep(0.02)
        assert hosts.state() is HostState.LOST
        with pytest.raises(FaultError, match=r"client\.unreachable"):
            await probe(link, clock)
        again = await HostControl(local=True).start(link.case)
        assert (again.port, again.fingerprint) == (link.port, link.fingerprint)
        await probe(link, clock)
        await hosts.stop(link.case)
        assert hosts.state() is HostState.NONE
        assert not await reachable(link.host, link.port)

    run(life())


def test_a_case_that_is_not_here_is_not_started(run: Run) -> None:
    with pytest.raises(InputError, match=r"host\.no_case"):
        run(HostControl(local=True).start("KM-0/1"))
