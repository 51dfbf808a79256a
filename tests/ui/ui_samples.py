"""Made-up snapshots for the tests of the screens."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.ui.bids.models import HolderView, KitView
from app.ui.models import (
    AgendaStep,
    CaseAction,
    CaseRow,
    CaseTime,
    CertificateView,
    CheckLine,
    CheckState,
    FileRow,
    HomeView,
    HostState,
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
OFFICER_MAY = frozenset(
    {
        "publish",
        "raise_hand",
        "mute_all",
        "lock_room",
        "admit",
        "lower_hand",
        "pause",
        "end",
        "answer_objection",
        "share_screen",
    }
)


def token(**changed: Any) -> TokenView:
    """A working token."""
    made: dict[str, Any] = {
        "label": "CA-01",
        "holder": "昆明市政采代理有限公司",
        "state": TokenState.READY,
        "tries_left": 10,
        "expires": NOW + timedelta(days=300),
        "serial": "4A7F",
    }
    return TokenView(**{**made, **changed})


def person(number: int, **changed: Any) -> PersonRow:
    made: dict[str, Any] = {
        "person_id": f"p{number}",
        "name": f"供应商{'甲乙丙丁戊'[number % 5]}",
        "organisation": "数字科技有限公司",
        "role": "supplier",
        "state": "signed_in",
    }
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
            title="城区档案数字化服务项目　包 1",
            number="KM-GK-2026-0118",
            method="public_tender",
            officer="李主持",
            recording_since=NOW - timedelta(minutes=17, seconds=42),
            disk_minutes=46 * 60,
            supervisors=1,
            token=token(),
            record=RecordState(size=214, root="7c1e44ab09f2c8d1" + "0" * 48, cosigned=6, expected=6),
        ),
        "agenda": agenda(),
        "people": (
            person(
                0,
                name="李主持",
                role="officer",
                organisation="昆明市政采代理有限公司",
                state="agency",
                me=True,
                muted=False,
            ),
            person(1, name="王记录", role="clerk", organisation="昆明市政采代理有限公司", state="agency"),
            person(2, name="赵甲"),
            person(3, name="钱乙"),
            person(4, name="孙丙", state="weak_network"),
            person(5, name="周监督", role="supervisor", organisation="市财政局", state="supervising"),
        ),
        "lines": tuple(
            RecordLine(index=200 + n, at=NOW - timedelta(minutes=15 - 2 * n), event=event, facts=facts)
            for n, (event, facts) in enumerate(
                [
                    ("discipline_read", {"actor": "李主持"}),
                    ("seal_matched", {"supplier": "甲公司"}),
                    ("window_opened", {"window": "decrypting"}),
                    ("bid_opened", {"supplier": "甲公司"}),
                    ("supplier_key_released", {"supplier": "乙公司"}),
                    ("bid_opened", {"supplier": "乙公司"}),
                ]
            )
        ),
        "messages": (MessageRow(at=NOW, sender="孙丙", text="正在插入证书，请稍候。", scope="all"),),
        "objections": (
            ObjectionRow(objection_id="o1", at=NOW, raiser="赵甲", text="请说明密封核对的方式。", state="raised"),
        ),
        "files": (
            FileRow(file_id="f1", name="开标记录表.pdf", owner="代理机构", size=218_000, digest=DIGEST, state="fixed"),
        ),
        "waiting": Waiting(names=("孙丙",), act="decrypt"),
        "may": OFFICER_MAY,
        "muted": False,
        "camera": True,
    }
    return RoomView(**{**made, **changed})


def tiles(count: int = 6) -> tuple[TileView, ...]:
    names = ("李主持", "开标室全景", "赵甲", "钱乙", "孙丙", "主持台")
    return tuple(
        TileView(
            source_id=f"s{n}",
            name=names[n % 6],
            role=("officer", "room", "supplier", "supplier", "supplier", "room")[n % 6],
            speaking=n == 0,
            muted=n == 3,
            network=3 if n != 4 else 1,
            pinned=n in (0, 1),
            detail="丢包 0.4%　往返 23 ms",
        )
        for n in range(count)
    )


def case(number: int = 0, **changed: Any) -> CaseRow:
    made: dict[str, Any] = {
        "case_id": f"c{number}",
        "name": ("城区档案数字化服务项目　包 1", "智慧停车管理平台采购", "市属学校课桌椅采购")[number % 3],
        "number": f"KM-GK-2026-01{18 + number}",
        "method": "public_tender",
        "role": "officer",
        "phase": "receiving",
        "starts": NOW + timedelta(hours=2, minutes=14),
        "when": CaseTime.TODAY,
        "action": CaseAction.ENTER,
    }
    return CaseRow(**{**made, **changed})


def home() -> HomeView:
    """Four cases, a token, a running host."""
    return HomeView(
        cases=(
            case(0, phase="gathering", starts=NOW + timedelta(minutes=12)),
            case(1, method="competitive_consultation", starts=NOW + timedelta(hours=6)),
            case(2, when=CaseTime.COMING, starts=NOW + timedelta(days=4), action=CaseAction.PREPARE, rehearsal=True),
            case(
                3,
                when=CaseTime.PAST,
                starts=NOW - timedelta(days=9),
                action=CaseAction.ARCHIVE,
                phase="archived",
                name="办公家具协议供货",
            ),
        ),
        token=token(),
        host=HostState.RUNNING,
    )


def certificates() -> tuple[CertificateView, ...]:
    return (
        CertificateView(
            subject="昆明市政采代理有限公司",
            issuer="云南省数字证书认证中心",
            serial="4A7F 19C2",
            usage="sign",
            valid_from=NOW - timedelta(days=65),
            valid_to=NOW + timedelta(days=300),
            trusted=True,
            fitness="good",
        ),
        CertificateView(
            subject="昆明市政采代理有限公司",
            issuer="云南省数字证书认证中心",
            serial="4A7F 19C3",
            usage="decrypt",
            valid_from=NOW - timedelta(days=65),
            valid_to=NOW + timedelta(days=12),
            fitness="soon",
        ),
    )


def checks() -> tuple[CheckLine, ...]:
    return (
        CheckLine(code="network", state=CheckState.PASSED, finding="network.ok", facts={"ms": 23}),
        CheckLine(code="media", state=CheckState.FAILED, finding="media.blocked", facts={"port": 8443}),
        CheckLine(code="clock", state=CheckState.PASSED, finding="clock.ok", facts={"seconds": "0.03"}),
        CheckLine(
            code="token",
            state=CheckState.ATTENTION,
            finding="token.expiring",
            facts={"holder": "赵甲", "date": "2026-12-02"},
        ),
        CheckLine(code="disk", state=CheckState.RUNNING),
    )


def kit(**changed: Any) -> KitView:
    made: dict[str, Any] = {
        "project": "城区档案数字化服务项目",
        "number": "KM-GK-2026-0118",
        "lot": "包 1",
        "deadline": NOW + timedelta(hours=20),
        "holders": (
            HolderView(name="李主持", organisation="昆明市政采代理有限公司", party="agency", trusted=True),
            HolderView(name="吴采购", organisation="市档案馆", party="purchaser", trusted=True),
        ),
        "k": 2,
        "supplier_layer": True,
        "issued_by": "李主持",
        "signature_ok": True,
        "host": "机房主机",
        "rehearsal": True,
    }
    return KitView(**{**made, **changed})
