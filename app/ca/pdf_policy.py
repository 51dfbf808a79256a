"""What may change in a signed document: one more signature, and when all have signed, evidence and a time stamp.

CRYPTO §2 of the design; ISO 32000-2, 12.8; ETSI EN 319 142-1, 5.4.
"""

# mypy: allow-untyped-calls
# (pyHanko is only partly annotated.)

from collections.abc import Mapping
from typing import Any, NamedTuple

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.rw_common import PdfHandler
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DiffResult,
    DSSCompareRule,
    FieldMDPRule,
    FormUpdatingRule,
    ModificationLevel,
    ObjectStreamRule,
    QualifiedWhitelistRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.fields import MDPPerm, enumerate_sig_fields

Box = tuple[float, float, float, float]
_FIELD_KEYS = frozenset({"/V", "/AP", "/Rect"})  # where to is judged by placement_problem
_ALIKE = 0.01  # points
_LTA = ModificationLevel.LTA_UPDATES
_STAMP_KEYS = frozenset({"/FT", "/T", "/TU", "/V", "/Type", "/Subtype", "/Rect", "/P", "/F"})


def _policy(catalog_keys: frozenset[str], *, store: bool = False, new_field: bool = False) -> StandardDiffPolicy:
    """pyHanko's default lets a text field change and so admits shadow attacks; here only signature fields may.

    No metadata rule, no orphaned objects, no rewritten appearance streams, no field keys but value and appearance.
    """
    rules: list[QualifiedWhitelistRule] = [
        CatalogModificationRule(ignored_keys=catalog_keys | {"/AcroForm"}),
        ObjectStreamRule().as_qualified(_LTA),
        XrefStreamRule().as_qualified(_LTA),
    ]
    if store:
        rules.append(DSSCompareRule().as_qualified(_LTA))
    fields: list[FieldMDPRule] = [
        SigFieldModificationRule(
            allow_in_place_appearance_stream_changes=False,
            always_modifiable=frozenset(),
            value_update_keys=_FIELD_KEYS,
        )
    ]
    if new_field:
        fields.insert(0, SigFieldCreationRule())
    return StandardDiffPolicy(
        global_rules=rules,
        form_rule=FormUpdatingRule(field_rules=fields, ignored_acroform_keys=frozenset({"/Fields"})),
        ignore_orphaned_objects=False,
        ignore_identical_objects=False,
    )


_LATER = _policy(frozenset())
_FIRST = _policy(frozenset({"/Perms"}))  # the certifying signature is entered in the catalog
_STORE = _policy(frozenset({"/DSS"}), store=True)
_STAMP = _policy(frozenset(), new_field=True)


def step(reader: PdfFileReader, revision: int, *, certifying: bool = False) -> frozenset[str] | None:
    """The fields that ``revision`` (from 1) newly signs, or None when it changes anything else.

    Args:
        certifying: the revision may enter itself as the certifying signature.
    """
    policy = _FIRST if certifying else _LATER
    fields = _changed(policy, reader, revision, ModificationLevel.FORM_FILLING, certified=not certifying)
    if not fields:
        return fields
    before, after = (places(reader.get_historical_resolver(number)) for number in (revision - 1, revision))
    moved = [name for name in fields if before.get(name) != after.get(name)]
    if any(name not in before or placement_problem(name, after[name].box, before) for name in moved):
        return None
    return fields


class Place(NamedTuple):
    """Where a signature field stands: its page's object, that page's box and its own, in points."""

    page: object
    sheet: Box
    box: Box


def places(handler: PdfHandler) -> dict[str, Place]:
    """All signature fields by name; raises anything for a malformed file: the caller treats that as failed."""
    found = {}
    for name, _, reference in enumerate_sig_fields(handler):
        widget = reference.get_object()
        sheet: Any = widget["/P"]
        while "/MediaBox" not in sheet:
            sheet = sheet["/Parent"]
        found[name] = Place(widget.raw_get("/P").reference, _box(sheet["/MediaBox"]), _box(widget["/Rect"]))
    return found


def _box(edges: Any) -> Box:
    left, bottom, right, top = (float(edge) for edge in edges)
    return left, bottom, right, top


def placement_problem(name: str, box: Box, fields: Mapping[str, Place]) -> bool:
    """Whether a seal may not stand at ``box`` instead of at its field's: it keeps its size, stays on its page, and
    covers nobody else's field."""
    own = fields[name]
    left, bottom, right, top = box
    sheet = own.sheet
    grown = (
        abs(right - left - (own.box[2] - own.box[0])) > _ALIKE or abs(top - bottom - (own.box[3] - own.box[1])) > _ALIKE
    )
    outside = left < sheet[0] or bottom < sheet[1] or right > sheet[2] or top > sheet[3]
    others = [one.box for key, one in fields.items() if key != name and one.page == own.page]
    return (
        grown
        or outside
        or any(left < other[2] and other[0] < right and bottom < other[3] and other[1] < top for other in others)
    )


def adds_store(reader: PdfFileReader, revision: int) -> bool:
    """Whether ``revision`` changes nothing but the document security store."""
    return _changed(_STORE, reader, revision, _LTA, certified=True) == frozenset()


def adds_stamp(reader: PdfFileReader, revision: int, field: str) -> bool:
    """Whether ``revision`` adds nothing but ``field``, which has no appearance, with its time stamp."""
    if _changed(_STAMP, reader, revision, _LTA, certified=True) is None:
        return False
    before, after = (_field_names(reader, number) for number in (revision - 1, revision))
    if after != [*before, field]:
        return False
    fields = reader.get_historical_resolver(revision).root["/AcroForm"]["/Fields"]
    found = fields[len(fields) - 1]
    return set(found) <= _STAMP_KEYS and all(float(edge) == 0 for edge in found["/Rect"])


def _field_names(reader: PdfFileReader, revision: int) -> list[str]:
    return [name for name, _, _ in enumerate_sig_fields(reader.get_historical_resolver(revision))]


def _changed(
    policy: StandardDiffPolicy, reader: PdfFileReader, revision: int, most: ModificationLevel, *, certified: bool
) -> frozenset[str] | None:
    try:
        result = policy.apply(
            old=reader.get_historical_resolver(revision - 1),
            new=reader.get_historical_resolver(revision),
            doc_mdp=MDPPerm.FILL_FORMS if certified else None,
        )
    except SuspiciousModification:
        return None
    if not isinstance(result, DiffResult) or result.modification_level > most:
        return None
    return frozenset(result.changed_form_fields)
