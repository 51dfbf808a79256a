"""Rule packs 规则包: what the law says, dated. A case pins the rules in force on the date of its notice 公告."""

import hashlib
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from app.canon import canonical
from app.errors import InputError
from app.procurement.data import Key, Name, Seconds, decode

RULE_PACK_LIMIT = 1_048_576
"""Bytes that a rule pack may have."""


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """One rule with its source.

    Attributes:
        doc, article: where it comes from; ``house`` marks what the program sets itself where the law is silent.
        effective_from, effective_to: first and last day of force, both included; None: still in force.
        params: figures as decimal strings, counts as integers, words as text, nested as needed.
        vectors: worked examples, carried out by the tests.
    """

    id: Key
    doc: Name
    article: Annotated[str, Meta(max_length=100)]
    effective_from: date
    params: dict[str, Any]
    effective_to: date | None = None
    vectors: tuple[dict[str, Any], ...] = ()


class RulePack(Struct, frozen=True, forbid_unknown_fields=True):
    """A published set of dated rules; several versions of one rule do not overlap."""

    schema: Literal["bidroom.rules/1"]
    id: Key
    rules: Annotated[tuple[Rule, ...], Meta(min_length=1, max_length=500)]


class Window(Struct, frozen=True):
    """A clock of a room: ``seconds`` in this case, the ``standard`` of the rule pack, and whether it is shorter."""

    name: str
    seconds: int
    standard: int

    @property
    def shortened(self) -> bool:
        """Marked as rehearsal in the record."""
        return self.seconds < self.standard


class RuleSet(Struct, frozen=True):
    """The rules in force on one date 规则快照, as pinned by a case.

    Attributes:
        digest: SHA-256 over the canonical JSON of pack id, date and rules; what the record states.
    """

    pack: str
    notice_date: date
    rules: tuple[Rule, ...]
    digest: str

    def has(self, rule: str) -> bool:
        """Whether a rule of this id is in force."""
        return any(item.id == rule for item in self.rules)

    def rule(self, rule: str) -> Rule:
        """The rule of this id.

        Raises:
            InputError: ``rule.not_in_force``.
        """
        for item in self.rules:
            if item.id == rule:
                return item
        raise InputError("rule.not_in_force", rule=rule, date=self.notice_date.isoformat())

    def value(self, rule: str, path: str) -> Any:
        """A parameter by dotted path, None where it is absent.

        Raises:
            InputError: ``rule.not_in_force``.
        """
        value: Any = self.rule(rule).params
        for key in path.split("."):
            if not isinstance(value, dict) or key not in value:
                return None
            value = value[key]
        return value

    def decimal(self, rule: str, path: str) -> Decimal:
        """A figure.

        Raises:
            InputError: ``rule.not_in_force``, ``rule.parameter``.
        """
        value = self.value(rule, path)
        if not isinstance(value, str):
            raise InputError("rule.parameter", rule=rule, parameter=path)
        try:
            return Decimal(value)
        except InvalidOperation as error:
            raise InputError("rule.parameter", rule=rule, parameter=path) from error

    def decimal_or_none(self, rule: str, path: str) -> Decimal | None:
        """A figure, or None where the rule leaves it open; raises as :meth:`decimal`."""
        return None if self.value(rule, path) is None else self.decimal(rule, path)

    def integer(self, rule: str, path: str) -> int:
        """A count or a number of seconds; raises as :meth:`decimal`."""
        value = self.value(rule, path)
        if not isinstance(value, int) or isinstance(value, bool):
            raise InputError("rule.parameter", rule=rule, parameter=path)
        return value

    def flag(self, rule: str, path: str) -> bool:
        """A yes or no; raises as :meth:`decimal`."""
        value = self.value(rule, path)
        if not isinstance(value, bool):
            raise InputError("rule.parameter", rule=rule, parameter=path)
        return value

    def words(self, rule: str, path: str) -> tuple[str, ...]:
        """A list of words; raises as :meth:`decimal`."""
        value = self.value(rule, path)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise InputError("rule.parameter", rule=rule, parameter=path)
        return tuple(value)

    def minimum(self, rule: str, counted: str, exception: str | None) -> int:
        """The minimum count of ``counted`` (bids, qualified, conforming, continuing) by a ``minimum.*`` rule.

        Args:
            exception: the case's ``count_exception``; it lowers only the counts that the exception names.
        """
        count = self.integer(rule, "count")
        if exception and counted in (self.value(rule, f"exceptions.{exception}.counted") or ()):
            count = self.integer(rule, f"exceptions.{exception}.count")
        return count


def load_rule_pack(data: bytes) -> RulePack:
    """Read a rule pack (JSON, UTF-8).

    Raises:
        InputError: ``rulepack.*`` as :func:`app.procurement.data.decode`; ``rulepack.number`` for a binary fraction
            in a parameter; ``rulepack.overlap`` when two versions of one rule are in force on the same day.
    """
    pack = decode(data, RulePack, RULE_PACK_LIMIT, "rulepack")
    try:
        canonical(msgspec.to_builtins(pack.rules))
    except TypeError as error:  # a binary fraction must not get near a figure
        raise InputError("rulepack.number", detail=str(error)) from error
    last: dict[str, date] = {}
    for rule in sorted(pack.rules, key=lambda rule: (rule.id, rule.effective_from)):
        end = rule.effective_to or date.max
        if end < rule.effective_from or (rule.id in last and rule.effective_from <= last[rule.id]):
            raise InputError("rulepack.overlap", rule=rule.id)
        last[rule.id] = end
    return pack


def rules_in_force(pack: RulePack, notice_date: date) -> RuleSet:
    """The snapshot in force on ``notice_date``, sorted by id, with its digest."""
    rules = tuple(
        sorted(
            (
                rule
                for rule in pack.rules
                if rule.effective_from <= notice_date
                and (rule.effective_to is None or notice_date <= rule.effective_to)
            ),
            key=lambda rule: rule.id,
        )
    )
    content = canonical({"pack": pack.id, "date": notice_date.isoformat(), "rules": msgspec.to_builtins(rules)})
    return RuleSet(pack=pack.id, notice_date=notice_date, rules=rules, digest=hashlib.sha256(content).hexdigest())


def effective_windows(chosen: Struct, rules: RuleSet) -> dict[str, Window]:
    """All clocks of a case by name: the case's own seconds (a ``Windows``), else the pack's ``windows.standard``."""
    result = {}
    for name in chosen.__struct_fields__:
        standard = rules.integer("windows.standard", name)
        own: Seconds | None = getattr(chosen, name)
        result[name] = Window(name, standard if own is None else own, standard)
    return result
