"""我的项目 on this machine: the cases this user joined or hosts, with what is needed to come back.

Kept in ``desk/cases.json`` of the data folder, readable by this user only: a link that was not yet used is a secret.
"""

import os
from datetime import datetime
from pathlib import Path

import msgspec

from app.errors import FaultError
from app.logs import get_logger
from app.session.case_folder import folder_name
from app.session.rules.people import Role
from app.session.rules.state import ANNOUNCED, CLOSED, FAILED, RECEIVING, State
from app.session.wire.link import Link, parse_link
from app.settings import data_dir
from app.ui.models import CaseAction, CaseRow, CaseTime

_log = get_logger("cases")
LIMIT = 8 * 1024 * 1024
ROLE_ORDER = (
    Role.OFFICER, Role.CLERK, Role.SUPERVISOR, Role.SUPPLIER, Role.EXPERT, Role.MEMBER, Role.OPENER, Role.PURCHASER,
    Role.ENGINEER,
)  # fmt: skip


class KnownCase(msgspec.Struct, frozen=True, kw_only=True):
    """One case as it was last seen.

    Attributes:
        link: whole invitation link; after the first sign-in without its secret.
        name, number, method, role, phase: as on the home screen; empty before the first sign-in.
        starts: deadline, which is when the opening begins; ISO 8601 with zone.
        level, person: how one signed in, and the representative's name with an organisation token.
        token: serial or label of the token used; certificate: SHA-256 of the signing certificate chosen for this case.
        archive: path of the archive on this machine, empty when there is none.
    """

    link: str
    name: str = ""
    number: str = ""
    method: str = ""
    role: str = ""
    phase: str = ANNOUNCED
    starts: datetime | None = None
    level: str = ""
    person: str = ""
    token: str = ""
    certificate: str = ""
    rehearsal: bool = False
    hosted: bool = False
    archive: str = ""

    @property
    def parsed(self) -> Link:
        return parse_link(self.link)

    @property
    def key(self) -> str:
        """Case and person: one may hold several places in a case (tests, rehearsals)."""
        link = self.parsed
        return f"{link.case}|{link.person}"


class CaseBook:
    """The list, written whole at each change."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or data_dir() / "desk" / "cases.json"
        self._cases: dict[str, KnownCase] = {}
        self._load()

    @property
    def cases(self) -> tuple[KnownCase, ...]:
        return tuple(self._cases.values())

    def find(self, key: str) -> KnownCase | None:
        """By :attr:`KnownCase.key`."""
        return self._cases.get(key)

    def put(self, case: KnownCase) -> None:
        """Add or replace.

        Raises:
            FaultError: ``desk.not_written``.
        """
        if self._cases.get(case.key) != case:
            self._cases[case.key] = case
            self._save()

    def forget(self, key: str) -> None:
        if self._cases.pop(key, None) is not None:
            self._save()

    def _load(self) -> None:
        try:
            with self._path.open("rb") as file:
                found = msgspec.json.decode(file.read(LIMIT), type=list[KnownCase])
            self._cases = {case.key: case for case in found}
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            _log.warning("case list not read", error=type(error).__name__)

    def _save(self) -> None:
        write_private(self._path, msgspec.json.format(msgspec.json.encode(list(self._cases.values())), indent=1))


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only this user may read; whole or not at all.

    Raises:
        FaultError: ``desk.not_written``.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        part.replace(path)
    except OSError as error:
        raise FaultError("desk.not_written", name=path.name, error=type(error).__name__) from error


def seen(case: KnownCase, state: State, me: str) -> KnownCase:
    """``case`` with what its record now says."""
    person = state.people.get(me)
    roles = [role for role in ROLE_ORDER if person is not None and person.has(role)]
    lot = state.lot
    return msgspec.structs.replace(
        case,
        name=f"{lot.project_name}　{lot.lot.id}" if lot is not None else case.name,
        number=lot.project_number if lot is not None else case.number,
        method=lot.method if lot is not None else case.method,
        role=roles[0].value if roles else case.role,
        phase=state.phase,
        starts=lot.deadline if lot is not None else case.starts,
        rehearsal=state.rehearsal,
    )


def case_row(case: KnownCase, now: datetime) -> CaseRow:
    """The case on the home screen."""
    link = case.parsed
    over = case.phase in (CLOSED, FAILED)
    starts = case.starts or now
    today = starts.astimezone().date() == now.astimezone().date() or (starts < now and not over)
    when = CaseTime.PAST if over else CaseTime.TODAY if today else CaseTime.COMING
    waiting = case.phase in (ANNOUNCED, RECEIVING) and starts > now
    action = CaseAction.ARCHIVE if over and case.archive else CaseAction.PREPARE if waiting else CaseAction.ENTER
    return CaseRow(
        case_id=case.key,
        name=case.name or link.case,
        number=case.number or link.case,
        method=case.method,
        role=case.role,
        phase=case.phase,
        starts=starts,
        when=when,
        action=action,
        rehearsal=case.rehearsal,
    )


def case_folder(case: str) -> Path:
    """Where this desk keeps what belongs to a case: drafts, receipts, keys."""
    return data_dir() / "desk" / folder_name(case)
