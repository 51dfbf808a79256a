"""The sealing wizard with made-up contents, page by page: for the demonstration's pictures and for looking."""

from datetime import timedelta
from functools import cache
from pathlib import Path

from PySide6.QtWidgets import QWidget

from app.clock import ManualClock
from app.errors import InputError
from app.procurement.bid_check import demands
from app.procurement.price_table import read_price_table
from app.session.rules.people import Role
from app.ui.async_bridge import AsyncBridge
from app.ui.bids.models import HolderView, KitView, ReceiptView, SealedView, TrialView
from app.ui.bids.seal_wizard import CHECK, DECLARE, FILES, HAND_IN, KIT, PRICE, SEAL, SealBidWizard
from app.ui.i18n import tr
from app.ui.sample_state import DEADLINE, Played, play
from app.ui.screens import Factory

NOW = DEADLINE - timedelta(minutes=42)


@cache
def _receiving() -> Played:
    return play("receiving", "public_tender")


def _name(role: Role) -> str:
    played = _receiving()
    return played.people[played.one(role)].name


def _kit() -> KitView:
    lot = _receiving().lot
    people = ((Role.OFFICER, lot.agency.name, "agency"), (Role.PURCHASER, lot.purchaser.name, "purchaser"))
    return KitView(
        project=lot.project_name,
        number="KM-GK-2026-0118/1",
        lot="1",
        deadline=DEADLINE,
        holders=tuple(
            HolderView(name=_name(role), organisation=where, party=party, trusted=True) for role, where, party in people
        ),
        k=2,
        supplier_layer=True,
        issued_by=_name(Role.OFFICER),
        signature_ok=True,
        host=lot.agency.name,
    )


def _wizard(folder: Path) -> SealBidWizard:
    """Filled in, but for one kind of document and one fact."""
    wizard = SealBidWizard(ManualClock(NOW), lambda _path: _kit())
    wizard.take_kit(folder / "sealing.kit")
    bid = next(iter(_receiving().bids))
    wizard.show_demands(demands(_receiving().lot))
    facts = dict(list(bid.payload.facts.items())[:1])
    wizard.price.fill(bid.payload.price)
    wizard.declare.fill(bid.payload.price.declarations, facts, enterprise=True)
    for number, file in enumerate(bid.files[:3]):
        wizard.documents.add_files([file])
        wizard.documents.show_looked(file, 12 + 31 * number, "")
    return wizard


def _at(step: int) -> Factory:
    def make(_bridge: AsyncBridge, drafts: Path) -> QWidget:
        wizard = _wizard(drafts.parent)
        wizard.go_to(step)
        return wizard

    return make


def _seal_bad_kit(_bridge: AsyncBridge, drafts: Path) -> QWidget:
    def refuse(_path: Path) -> KitView:
        raise InputError("kit.untrusted", holder=_name(Role.PURCHASER), why="chain.no_path")

    wizard = SealBidWizard(ManualClock(NOW), refuse)
    wizard.take_kit(drafts.parent / "sealing.kit")
    return wizard


def _seal_table(_bridge: AsyncBridge, drafts: Path) -> QWidget:
    wizard = _wizard(drafts.parent)
    items = next(iter(_receiving().bids)).payload.price.items
    rows = [["name", "quantity", "unit", "unit price", "total"]]
    rows += [[one.name, str(one.quantity), one.unit, str(one.unit_price), str(one.total)] for one in items]
    rows[2][1], rows[3][4] = "?", "7"
    wizard.price_page.take_table(read_price_table(rows))
    wizard.go_to(PRICE)
    return wizard


def _seal_no_files(_bridge: AsyncBridge, drafts: Path) -> QWidget:
    wizard = _wizard(drafts.parent)
    wizard.documents.clear_all()
    wizard.go_to(FILES)
    return wizard


def _seal_ready(_bridge: AsyncBridge, drafts: Path) -> QWidget:
    wizard = _wizard(drafts.parent)
    wizard.seal_page.allow_paper(allowed=True)
    wizard.seal_page.backup.choose(drafts.parent / "backup.bidbak")
    wizard.seal_page.paper.choose(drafts.parent / "words.pdf")
    wizard.go_to(SEAL)
    return wizard


def _sealed(folder: Path) -> SealBidWizard:
    wizard = _wizard(folder)
    wizard.go_to(SEAL)
    wizard.show_trial(TrialView(holder=_name(Role.OFFICER), expires=NOW + timedelta(days=530), lasts=True))
    wizard.show_sealed(SealedView(path=Path("1.bid"), size=218_000_000, header_digest="5e" * 32))
    return wizard


def _seal_sealed(_bridge: AsyncBridge, drafts: Path) -> QWidget:
    return _sealed(drafts.parent)


def _seal_upload(_bridge: AsyncBridge, drafts: Path) -> QWidget:
    wizard = _sealed(drafts.parent)
    wizard.go_to(HAND_IN)
    wizard.hand_in.show_standing(NOW - timedelta(hours=3))
    wizard.hand_in.work.act.click()
    moved = "91.6 MB / 218 MB"
    wizard.hand_in.work.show_progress(0.42, lambda: f"{tr('正在上传…')} {moved} {tr('还需 {time}', time='0:42')}")
    return wizard


def _seal_receipt(_bridge: AsyncBridge, drafts: Path) -> QWidget:
    wizard = _sealed(drafts.parent)
    wizard.go_to(HAND_IN)
    wizard.show_receipt(
        ReceiptView(
            received=NOW, header_digest="5e" * 32, size=218_000_000, host=_receiving().lot.agency.name, stamped=False,
            path=Path("1.receipt.json"),
        )
    )  # fmt: skip
    return wizard


def seal_screens() -> list[tuple[str, Factory]]:
    """Name and factory of each page, as ``app.ui.screens.SCREENS`` has them."""
    return [
        ("seal_kit", _at(KIT)),
        ("seal_kit_refused", _seal_bad_kit),
        ("seal_price", _at(PRICE)),
        ("seal_price_imported", _seal_table),
        ("seal_declare", _at(DECLARE)),
        ("seal_files", _at(FILES)),
        ("seal_files_none", _seal_no_files),
        ("seal_check", _at(CHECK)),
        ("seal_seal", _seal_ready),
        ("seal_sealed", _seal_sealed),
        ("seal_upload", _seal_upload),
        ("seal_receipt", _seal_receipt),
    ]
