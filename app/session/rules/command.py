"""The base of all commands: what a person asks for, signed with the session key."""

import msgspec

from app.session.rules.event import tag_of


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag=tag_of, kw_only=True):
    """请求: becomes events, or is refused with a code."""
