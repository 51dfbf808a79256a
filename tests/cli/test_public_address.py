"""What media candidates carry for a public name or address."""

import pytest

from app.cli import _public_ip, run
from app.errors import InputError


def test_address_name_and_nothing() -> None:
    assert _public_ip("203.0.113.5") == "203.0.113.5"
    assert _public_ip("localhost") == "127.0.0.1"
    assert _public_ip("") is None


def test_a_name_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        _public_ip("nowhere.invalid")
    assert refused.value.code == "host.public_unknown"


def test_wrong_input_ends_with_two_and_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["case", "check", "no-such-file.json"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
