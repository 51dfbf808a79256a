"""The pages about files name every field and their examples work."""

import re
from pathlib import Path

import pytest
from law_world import RULES

from app.procurement.bid_file import BidFile, parse_bid_file
from app.procurement.case import CaseFile, Criterion, Lot, Windows
from app.procurement.rulepack import effective_windows

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ("case-file.md", CaseFile),
        ("case-file.md", Lot),
        ("case-file.md", Criterion),
        ("case-file.md", Windows),
        ("bid-file.md", BidFile),
    ],
)
def test_the_page_names_every_field(page: str, kind: type) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    missing = [name for name in kind.__struct_fields__ if f"`{name}`" not in text and f'"{name}"' not in text]
    assert missing in ([], ["note"])


def test_the_page_states_the_standard_windows() -> None:
    text = (DOCS / "case-file.md").read_text(encoding="utf-8")
    for name, window in effective_windows(Windows(), RULES).items():
        assert re.search(rf"`{name}` \({window.standard}\b", text.replace("\n", " ")), name


def test_the_example_of_a_bid_is_one() -> None:
    text = (DOCS / "bid-file.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert parse_bid_file(example.encode()).supplier.name == "彩云数智档案服务有限公司"
