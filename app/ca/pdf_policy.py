"""What may change in a signed document: nothing but one more signature (CRYPTO §2 of the design; ISO 32000-2, 12.8)."""

# mypy: allow-untyped-calls
# (pyHanko is only partly annotated.)

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DiffResult,
    DSSCompareRule,
    FormUpdatingRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.fields import MDPPerm

_CATALOG_KEYS = frozenset({"/AcroForm", "/DSS", "/Extensions"})
_FIELD_KEYS = frozenset({"/V", "/AP"})


def _policy(catalog_keys: frozenset[str]) -> StandardDiffPolicy:
    """pyHanko's default lets a text field change and so admits shadow attacks; here only signature fields may.

    No metadata rule, no orphaned objects, no rewritten appearance streams, no field keys but value and appearance.
    """
    lta = ModificationLevel.LTA_UPDATES
    return StandardDiffPolicy(
        global_rules=[
            CatalogModificationRule(ignored_keys=catalog_keys),
            ObjectStreamRule().as_qualified(lta),
            XrefStreamRule().as_qualified(lta),
            DSSCompareRule().as_qualified(lta),
        ],
        form_rule=FormUpdatingRule(
            field_rules=[
                SigFieldCreationRule(),
                SigFieldModificationRule(
                    allow_in_place_appearance_stream_changes=False,
                    always_modifiable=frozenset(),
                    value_update_keys=_FIELD_KEYS,
                ),
            ],
            ignored_acroform_keys=frozenset({"/Fields"}),
        ),
        ignore_orphaned_objects=False,
        ignore_identical_objects=False,
    )


_LATER = _policy(_CATALOG_KEYS)
_FIRST = _policy(_CATALOG_KEYS | {"/Perms"})  # the certifying signature is entered in the catalog


def step(reader: PdfFileReader, revision: int, *, certifying: bool = False) -> frozenset[str] | None:
    """The fields that ``revision`` (from 1) newly signs, or None when it changes anything else.

    Args:
        certifying: the revision may enter itself as the certifying signature.
    """
    policy = _FIRST if certifying else _LATER
    try:
        result = policy.apply(
            old=reader.get_historical_resolver(revision - 1),
            new=reader.get_historical_resolver(revision),
            doc_mdp=None if certifying else MDPPerm.FILL_FORMS,
        )
    except SuspiciousModification:
        return None
    if not isinstance(result, DiffResult) or result.modification_level > ModificationLevel.FORM_FILLING:
        return None
    return frozenset(result.changed_form_fields)
