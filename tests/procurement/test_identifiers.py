"""GB 32100-2015."""

import pytest

from app.procurement.identifiers import uscc_check_character, uscc_ok


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110000802100433B"])
def test_published_codes_are_right(code: str) -> None:
    assert uscc_ok(code)


@pytest.mark.parametrize("place", range(18))
def test_one_changed_character_is_found(place: int) -> None:
    good = "91350100M000100Y43"
    changed = good[:place] + ("2" if good[place] != "2" else "3") + good[place + 1 :]
    assert not uscc_ok(changed)


@pytest.mark.parametrize("code", ["", "91350100M000100Y4", "91350100M000100Y433", "9135010OM000100Y43"])
def test_wrong_length_or_letter_is_refused(code: str) -> None:
    assert not uscc_ok(code)


def test_the_check_character_needs_seventeen() -> None:
    with pytest.raises(ValueError):
        uscc_check_character("123")
