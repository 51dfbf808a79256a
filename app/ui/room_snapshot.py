"""From the state that a person may see to what the room's shell shows."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from app.procurement.methods import Phase
from app.session.rules.event import Recorded
from app.session.rules.people import Role
from app.session.rules.sealed import sealed_set
from app.session.rules.seats import seated_elsewhere, sitting_in
from app.session.rules.state import CLOSED, FAILED, Disk, State
from app.ui import texts
from app.ui.i18n import tr
from app.ui.models import (
    AgendaStep,
    FileRow,
    Link,
    MessageRow,
    ObjectionRow,
    PersonRow,
    RecordState,
    RoomTop,
    RoomView,
    StepState,
    TileView,
    TokenView,
    Waiting,
)
from app.ui.opening.gathering import person_state
from app.ui.people.people_table import acts_for, people_acts, seat_words
from app.ui.record_lines import record_lines
from app.ui.room.people_panel import ACTS
from app.ui.room_people import relief_acts
from app.ui.step_facts import StepFacts


class Surroundings(msgspec.Struct, frozen=True):
    """What the room shows and the record does not hold.

    Attributes:
        cosigned, expected: how many have witnessed the present head, of how many who could.
        head: size and root (hex) as checked here.
        silent: people who have not witnessed for ten seconds what this desk saw.
        posted: messages and objections on their way into the record.
        talking: people heard now; network: person → 0..3.
    """

    link: Link = Link.CONNECTED
    head: tuple[int, str] = (0, "")
    cosigned: int = 0
    expected: int = 0
    silent: tuple[str, ...] = ()
    token: TokenView | None = None
    muted: bool = True
    camera: bool = False
    posted: tuple[MessageRow, ...] = ()
    talking: frozenset[str] = frozenset()
    network: dict[str, int] = {}
    read_only: bool = False


def room_view(facts: StepFacts, entries: Mapping[int, Recorded], around: Surroundings) -> RoomView:
    """The whole shell."""
    state = facts.state
    return RoomView(
        room=room_of(state),
        top=_top(facts, around),
        agenda=agenda(state),
        people=_people(facts, around),
        messages=(*_messages(facts), *around.posted),
        objections=_objections(facts),
        files=_files(facts),
        lines=record_lines(facts, entries.values()),
        waiting=_waiting(facts),
        may=frozenset() if around.read_only else permissions(facts),
        link=around.link,
        paused=bool(state.paused),
        muted=around.muted,
        camera=around.camera,
        hand=facts.me in state.hands,
        all_muted=state.muted_all,
        locked=state.locked,
        disk=state.disk if state.disk.space in ("critical", "full") else None,
    )


def room_of(state: State) -> str:
    """``opening`` or ``evaluation``; what lies between the rooms is shown with the second."""
    method = state.method
    if method is None or not any(p.name == state.phase for p in method.phases if p.room != "opening"):
        ended = method is not None and any(phase == "evaluation_closed" for phase, _ in state.history)
        return "evaluation" if ended else "opening"
    return "evaluation"


def agenda(state: State) -> tuple[AgendaStep, ...]:
    """The phases of the room where the case is, with what is done and when."""
    if state.method is None:
        return ()
    here = room_of(state)
    phases = [p for p in state.method.phases if (p.room == "opening") == (here == "opening")]
    names = [p.name for p in phases]
    place = names.index(state.phase) if state.phase in names else (len(names) if state.phase == CLOSED else -1)
    if state.phase == FAILED and state.history:
        reached = [phase for phase, _ in state.history if phase in names]
        place = names.index(reached[-1]) if reached else -1
    return tuple(_step(state, phase, number, place) for number, phase in enumerate(phases))


def _step(state: State, phase: Phase, number: int, place: int) -> AgendaStep:
    if number < place:
        stands = StepState.DONE
    elif number == place:
        stands = StepState.FAILED if state.phase == FAILED else StepState.CURRENT
    else:
        stands = StepState.COMING
    done_at = _left_at(state, phase.name) if stands is StepState.DONE else None
    told = stands is StepState.CURRENT or done_at is not None  # a supplier is not told when a closed phase ended
    note = _note(state, phase.name) if told and stands is not StepState.COMING else ""
    return AgendaStep(phase=phase.name, state=stands, note=note, done_at=done_at)


def _left_at(state: State, phase: str) -> datetime | None:
    """When the phase ended: the moment the next one was entered, the last time round."""
    for place in range(len(state.history) - 1, -1, -1):
        if state.history[place][0] == phase:
            return state.history[place + 1][1] if place + 1 < len(state.history) else state.phase_since
    return None


def _note(state: State, phase: str) -> str:
    bids = [state.bids[s] for s in state.valid_bids()]
    members = state.members()
    counted = {
        "gathering": (len(state.signed_in), 0),
        "seal_check": (sum(b.seal in ("confirmed", "default") for b in bids), len(bids)),
        "decrypting": (sum(b.opened for b in bids), len(bids)),
        "reading": (sum(b.read for b in bids), len(state.opened_bids())),
        "qualification": (len(state.decisions.get("qualification", {})), len(state.opened_bids())),
        "conformity": (len(state.decisions.get("conformity", {})), len(state.continuing())),
        "commitment": (len(state.commitments), len(members)),
        "leader": (len(state.leader_votes), len(members)),
        "talks": (sum(t.seconds is not None for t in state.talks.values()), len(state.continuing())),
        "quoting": (len(sealed_set(state, "quote").envelopes), len(state.continuing())),
        "scoring": (len(sealed_set(state, "sheet").envelopes), len(members)),
    }
    kind = {"signing": "opening_record", "report": "evaluation_report"}.get(phase)
    papers = [one for one in state.documents.values() if kind is not None and one.kind == kind]
    if papers:
        return f"{sum(len(one.signed) for one in papers)}/{sum(len(one.fields) for one in papers)}"
    if phase == "leader" and state.leader:
        return ""
    count, whole = counted.get(phase, (0, 0))
    if not whole:
        return tr("{count} 人", count=count) if count else ""
    return f"{count}/{whole}"


def minutes_left(state: State) -> int | None:
    """What the host's disk still holds: the newest forecast, at first the one with which the recording began."""
    if state.disk.minutes_left is not None:
        return state.disk.minutes_left
    return state.recording.hours_left * 60 if state.recording.running else None


def disk_warning(disk: Disk) -> str:
    """One sentence on the host's disk; empty while there is room for two hours."""
    minutes = disk.minutes_left or 0
    if disk.space == "full":
        return tr("主机磁盘已满，录制已停止。请立即清理主机磁盘；之后录制自动恢复。")
    if disk.space == "critical":
        return tr("主机磁盘只够再录 {minutes} 分钟。请立即清理磁盘，或暂停会议。", minutes=minutes)
    return tr("主机磁盘只够再录 {minutes} 分钟，请尽快清理。", minutes=minutes) if disk.space == "low" else ""


def _top(facts: StepFacts, around: Surroundings) -> RoomTop:
    state = facts.state
    lot = state.lot
    officers = state.with_role(Role.OFFICER)
    size, root = around.head
    supervisors = sum(state.has_role(p, Role.SUPERVISOR) for p in state.online)
    return RoomTop(
        title=tr("{name}　包 {lot}", name=lot.project_name, lot=lot.lot.id) if lot is not None else state.case,
        number=lot.project_number if lot is not None else "",
        method=lot.method if lot is not None else "",
        officer=facts.name(officers[0]) if officers else "",
        recording_since=state.recording.started if state.recording.running else None,
        disk_minutes=minutes_left(state),
        disk_full=state.disk.space == "full",
        supervisors=supervisors,
        record=RecordState(size=size, root=root, cosigned=around.cosigned, expected=around.expected),
        token=around.token,
        rehearsal=state.rehearsal,
    )


def _people(facts: StepFacts, around: Surroundings) -> tuple[PersonRow, ...]:
    state = facts.state
    rows = []
    for key, person in state.people.items():
        if key in state.replaced:
            continue
        code, _ = person_state(state, key)
        if code == "invited" and room_of(state) == "evaluation" and not person.has(Role.MEMBER):
            continue
        if code == "signed_in" and 0 < around.network.get(key, 3) < 2:
            code = "weak_network"
        signed = state.signed_in.get(key)
        role = "leader" if key == state.leader else person.roles[0].value if person.roles else ""
        if role == Role.MEMBER:
            role = "purchaser" if person.has(Role.PURCHASER) else "expert"
        muted = around.muted if key == facts.me else key in state.muted or state.muted_all
        rows.append(
            PersonRow(
                person_id=key,
                name=person.name,
                organisation=person.organisation,
                role=role,
                state=code,
                me=key == facts.me,
                muted=muted,
                camera=any(source.person == key and source.live for source in state.sources.values()),
                hand=state.hands.index(key) + 1 if key in state.hands else None,
                in_lobby=code == "lobby",
                level=signed.level.value if signed is not None else "",
                seat=seat_words(facts, key),
                acts=() if around.read_only else person_acts(facts, key),
            )
        )
    return tuple(sorted(rows, key=lambda row: not row.me))


def person_acts(facts: StepFacts, person: str) -> tuple[str, ...]:
    """What I may do about somebody, as codes of ``people_panel.ACTS``; the host decides each act anew."""
    state = facts.state
    may: set[str] = set(acts_for(facts, person))
    if facts.officer and not facts.closed and person != facts.me:
        conversing = person in state.online and not state.has_role(person, Role.SUPERVISOR)
        if conversing:
            may.add("unmute" if person in state.muted else "mute")
        if conversing and person not in state.removed and not state.has_role(person, Role.OFFICER):
            may.add("remove")
        if person not in state.online and person not in state.absent:
            may.add("absent")
    return tuple(code for code in ACTS if code in may)


def _messages(facts: StepFacts) -> tuple[MessageRow, ...]:
    return tuple(
        MessageRow(
            at=item.at,
            sender=facts.name(item.sender),
            text=item.text,
            scope=item.to if item.to in ("all", "officer", "committee") else "person",
            mine=item.sender == facts.me,
        )
        for item in facts.state.messages
    )


def _objections(facts: StepFacts) -> tuple[ObjectionRow, ...]:
    return tuple(
        ObjectionRow(
            objection_id=item.id,
            at=item.at,
            raiser=facts.supplier_name(item.supplier),
            text=item.text,
            state="answered" if item.answer else "adjourned" if item.adjourned else "raised",
            answer=item.answer or item.adjourned,
        )
        for item in facts.state.objections.values()
    )


def _files(facts: StepFacts) -> tuple[FileRow, ...]:
    state = facts.state
    rows = []
    for document in state.documents.values():
        done = not document.waiting
        name = texts.word("document", document.kind)
        if document.subject:
            name += f"　{facts.name(document.subject)}"
        agency = state.lot.agency.name if state.lot is not None else ""
        rows.append(
            FileRow(file_id=document.pdf_sha256, name=name, owner=agency, size=0, digest=document.pdf_sha256,
                    state="signed" if done and document.fields else "fixed")
        )  # fmt: skip
    for key, digest in state.authorisations.items():
        name = tr("授权委托书　{name}", name=facts.name(key))
        rows.append(FileRow(file_id=digest, name=name, owner=facts.name(key), size=0, digest=digest, state="filed"))
    for supplier in state.opened_bids():
        for one in state.bids[supplier].documents:
            rows.append(
                FileRow(file_id=one.sha256, name=one.name, owner=facts.supplier_name(supplier), size=one.size,
                        digest=one.sha256, state="opened")
            )  # fmt: skip
    return tuple(rows)


def _waiting(facts: StepFacts) -> Waiting | None:
    """The first act that is waited for, with all who owe it."""
    waiting = facts.waiting()
    if not waiting:
        return None
    act = waiting[0].act
    names = tuple(dict.fromkeys(facts.name(item.person) for item in waiting if item.act == act))
    if len(names) > 3:
        names = (*names[:3], "…")
    return Waiting(names=names, act=act)


def permissions(facts: StepFacts) -> frozenset[str]:
    """Which buttons are shown; the host decides about each act anew."""
    state = facts.state
    may: set[str] = set()
    person = state.people.get(facts.me)
    if person is None or facts.closed:
        return frozenset()
    if not person.has(Role.SUPERVISOR):
        may |= {"publish", "raise_hand"}
    if person.has(Role.OFFICER):
        may |= {"mute_all", "lock_room", "admit", "remove", "lower_hand", "pause", "answer_objection", "end", "fail"}
    if person.has(Role.CLERK):
        may.add("admit")
    if person.has(Role.OFFICER, Role.CLERK, Role.ENGINEER):
        may.add("incident")
    if people_acts(facts) - {"seats"}:
        may.add("people")
    if "seats" in people_acts(facts):
        may.add("seats")
    if facts.officer:
        may.add("trust")
    may |= relief_acts(facts)
    if facts.supplier:
        may.add("file_authorisation")
    if person.has(Role.OFFICER, Role.CLERK, Role.MEMBER):
        may.add("message_committee")
    opening = state.method is not None and any(p.name == state.phase for p in state.method.room("opening"))
    if (
        facts.supplier
        and facts.supplier in state.valid_bids()
        and opening
        and state.phase not in ("gathering", "signing")
    ):
        may.add("raise_objection")
    return frozenset(may)


def tiles(facts: StepFacts, around: Surroundings) -> tuple[TileView, ...]:
    """One tile for each place that can be seen; one that can only be heard has no tile."""
    state = facts.state
    shown = []
    for source in state.sources.values():
        if not source.live or source.id.endswith("/audio"):
            continue
        if seated_elsewhere(state, source.person):
            continue  # its room's camera shows it
        person = state.people.get(source.person)
        room = source.name if source.kind == "room" else ""
        if room:
            person = None
        role = person.roles[0].value if person is not None and person.roles else "room"
        if person is not None and person.has(Role.MEMBER):
            role = "leader" if person.id == state.leader else "expert" if person.has(Role.EXPERT) else "purchaser"
        shown.append(
            TileView(
                source_id=source.id,
                name=person.name if person is not None else source.name,
                role=role,
                muted=source.person in state.muted or (state.muted_all and role not in ("officer", "room")),
                speaking=source.person in around.talking,
                pinned=role in ("officer", "room"),
                network=around.network.get(source.person, 3),
                sitting=tuple(facts.name(key) for key in sitting_in(state, room)),
            )
        )
    return tuple(shown)
