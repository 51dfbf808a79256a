"""Made-up snapshots for the tests of the screens."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.ui.models import (
    AgendaStep,
    FileRow,
    MessageRow,
    ObjectionRow,
    PersonRow,
    RecordLine,
    RecordState,
    RoomTop,
    RoomView,
    StepState,
    TileView,
    TokenState,
    TokenView,
    Waiting,
)

NOW = datetime(2026, 11, 20, 1, 17, 42, tzinfo=UTC)
DIGEST = "a3f1" + "0" * 58 + "9c"
OFFICER_MAY = frozenset({"publish", "raise_hand", "mute_all", "lock_room", "admit", "lower_hand", "pause", "end",
                         "answer_objection", "share_screen"})  # fmt: skip


def token(**changed: Any) -> TokenView:
    """A working token."""
    made: dict[str, Any] = {
        "label": "CA-01", "holder": "昆明市政采代理有限公司", "state": TokenState.READY, "tries_left": 10,
        "expires": NOW + timedelta(days=300), "serial": "4A7F",
    }  # fmt: skip
    return TokenView(**{**made, **changed})


def person(number: int, **changed: Any) -> PersonRow:
    made: dict[str, Any] = {
        "person_id": f"p{number}", "name": f"供应商{'甲乙丙丁戊'[number % 5]}", "organisation": "数字科技有限公司",
        "role": "supplier", "state": "signed_in",
    }  # fmt: skip
    return PersonRow(**{**made, **changed})


def agenda() -> tuple[AgendaStep, ...]:
    """The opening, at decryption."""
    done = StepState.DONE
    return (
        AgendaStep(phase="gathering", state=done, note="6 / 6", done_at=NOW - timedelta(minutes=17)),
        AgendaStep(phase="discipline", state=done, done_at=NOW - timedelta(minutes=15)),
        AgendaStep(phase="seal_check", state=done, note="3/3", done_at=NOW - timedelta(minutes=10)),
        AgendaStep(phase="decrypting", state=StepState.CURRENT, note="2/3"),
        AgendaStep(phase="reading", state=StepState.COMING),
        AgendaStep(phase="objections", state=StepState.COMING),
        AgendaStep(phase="signing", state=StepState.COMING, note="0/6"),
        AgendaStep(phase="opening_closed", state=StepState.COMING),
    )


def room(**changed: Any) -> RoomView:
    """The officer's view of an opening at decryption."""
    made: dict[str, Any] = {
        "room": "opening",
        "top": RoomTop(
            title="城区档案数字化服务项目　包 1", number="KM-GK-2026-0118", method="public_tender", officer="李主持",
            recording_since=NOW - timedelta(minutes=17, seconds=42), disk_hours=46, supervisors=1, token=token(),
            record=RecordState(size=214, root="7c1e44ab09f2c8d1" + "0" * 48, cosigned=6, expected=6),
        ),
        "agenda": agenda(),
        "people": (
            person(0, name="李主持", role="officer", organisation="昆明市政采代理有限公司", state="agency", me=True,
                   muted=False),
            person(1, name="王记录", role="clerk", organisation="昆明市政采代理有限公司", state="agency"),
            person(2, name="赵甲"), person(3, name="钱乙"), person(4, name="孙丙", state="weak_network"),
            person(5, name="周监督", role="supervisor", organisation="市财政局", state="supervising"),
        ),
        "lines": tuple(
            RecordLine(index=200 + n, at=NOW - timedelta(minutes=15 - 2 * n), event=event, facts=facts)
            for n, (event, facts) in enumerate([
                ("discipline_read", {"actor": "李主持"}),
                ("seal_matched", {"supplier": "甲公司"}),
                ("window_opened", {"window": "decrypting"}),
                ("bid_opened", {"supplier": "甲公司"}),
                ("supplier_key_released", {"supplier": "乙公司"}),
                ("bid_opened", {"supplier": "乙公司"}),
            ])
        ),
        "messages": (MessageRow(at=NOW, sender="孙丙", text="正在插入证书，请稍候。", scope="all"),),
        "objections": (ObjectionRow(objection_id="o1", at=NOW, raiser="赵甲", text="请说明密封核对的方式。",
                                    state="raised"),),
        "files": (FileRow(file_id="f1", name="开标记录表.pdf", owner="代理机构", size=218_000, digest=DIGEST,
                          state="fixed"),),
        "waiting": Waiting(names=("孙丙",), act="decrypt"),
        "may": OFFICER_MAY,
        "muted": False,
        "camera": True,
    }  # fmt: skip
    return RoomView(**{**made, **changed})


def tiles(count: int = 6) -> tuple[TileView, ...]:
    names = ("李主持", "开标室全景", "赵甲", "钱乙", "孙丙", "主持台")
    return tuple(
        TileView(
            source_id=f"s{n}", name=names[n % 6], role=("officer", "room", "supplier", "supplier", "supplier", "room")[n % 6],
            speaking=n == 0, muted=n == 3, network=3 if n != 4 else 1, pinned=n in (0, 1), detail="丢包 0.4%　往返 23 ms",
        )
        for n in range(count)
    )  # fmt: skip
