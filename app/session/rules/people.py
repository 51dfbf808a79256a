"""People of a case, their roles and how they proved who they are (SESSION.md, People, roles, identity)."""

from enum import StrEnum

import msgspec


class Role(StrEnum):
    """角色: what a person may be in a case; one person may hold several."""

    OFFICER = "officer"  # 主持人
    CLERK = "clerk"  # 记录人
    SUPPLIER = "supplier"  # 供应商代表
    PURCHASER = "purchaser"  # 采购人代表
    OPENER = "opener"  # 开标人, holds a share of every bid's key
    MEMBER = "member"  # 评审小组成员: experts and the purchaser's committee member
    EXPERT = "expert"  # 评审专家
    SUPERVISOR = "supervisor"  # 监督人员
    ENGINEER = "engineer"  # 设备专员


class Level(StrEnum):
    """签到方式: how a person proved who they are; shown on every act and signature."""

    PERSONAL_TOKEN = "personal_token"  # noqa: S105
    ORGANISATION_TOKEN = "organisation_token"  # noqa: S105
    STAFF_VERIFIED = "staff_verified"


class Party(StrEnum):
    """所属方: whose side a person is on; openers must come from at least two."""

    AGENCY = "agency"
    PURCHASER = "purchaser"
    SUPPLIER = "supplier"
    EXPERT = "expert"
    SUPERVISION = "supervision"


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named person in a case.

    Attributes:
        id: short and stable inside the case, e.g. ``"p3"``; the actor of entries and the name on cosignatures.
        organisation: the unit's name as printed on documents.
        uscc: the unit's 统一社会信用代码 (GB 32100), empty for experts; for suppliers it names the bid.
        seat: the room or desk the person sits at when several share one camera and microphone, else empty.
    """

    id: str
    name: str
    roles: tuple[Role, ...]
    party: Party
    organisation: str
    uscc: str = ""
    seat: str = ""

    def has(self, *roles: Role) -> bool:
        """Whether the person holds at least one of ``roles``."""
        return any(role in self.roles for role in roles)


HOST = "host"
"""The actor of what the host itself observed or did: clocks, decryption, recording, computed numbers."""
