import json
import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from ui_samples import NOW

from app.errors import FaultError
from app.session.rules.people import Role
from app.session.wire.link import Link
from app.settings import data_dir
from app.ui.models import CaseAction, CaseTime
from app.ui.program.case_book import CaseBook, KnownCase, case_row, seen, write_private
from app.ui.sample_state import play

LINK = Link("10.0.0.7", 7443, "KM-1/1", "5e" * 32, "p3", "one-use")


def known(**changed: object) -> KnownCase:
    values: dict[str, object] = {"link": LINK.text(), "starts": NOW + timedelta(hours=1), "phase": "receiving"}
    return KnownCase(**{**values, **changed})  # type: ignore[arg-type]


def test_a_case_is_found_again_by_the_next_desk(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    CaseBook(path).put(known(name="档案"))
    again = CaseBook(path)
    assert [case.name for case in again.cases] == ["档案"]
    assert again.find("KM-1/1|p3") is not None


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_unused_links_are_for_this_user_only(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    CaseBook(path).put(known())
    assert os.stat(path).st_mode & 0o077 == 0


def test_an_unreadable_list_is_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    path.write_text("[{")
    assert CaseBook(path).cases == ()


def test_a_folder_that_refuses_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FaultError, match=r"desk\.not_written"):
        write_private(tmp_path / "file" / "below", b"")


@pytest.mark.parametrize(
    ("changed", "when", "action"),
    [
        ({}, CaseTime.TODAY, CaseAction.PREPARE),
        ({"starts": NOW + timedelta(days=6)}, CaseTime.COMING, CaseAction.PREPARE),
        ({"phase": "decrypting", "starts": NOW - timedelta(hours=1)}, CaseTime.TODAY, CaseAction.ENTER),
        ({"phase": "closed", "archive": "/a"}, CaseTime.PAST, CaseAction.ARCHIVE),
        ({"phase": "closed"}, CaseTime.PAST, CaseAction.ENTER),
    ],
)
def test_the_one_thing_to_do_next(changed: dict[str, object], when: CaseTime, action: CaseAction) -> None:
    row = case_row(known(**changed), NOW)
    assert (row.when, row.action) == (when, action)


def test_the_record_fills_the_line() -> None:
    played = play("receiving", "public_tender")
    me = played.one(Role.OFFICER)
    case = seen(known(), played.seen_by(me)[0], me)
    assert (case.role, case.phase, case.method) == ("officer", "receiving", "public_tender")
    assert case.starts == played.lot.deadline
    CaseBook().put(case)
    kept = json.loads((data_dir() / "desk" / "cases.json").read_bytes())
    assert kept[0]["number"] == played.lot.project_number
