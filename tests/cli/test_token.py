"""``bidroom token``: exit codes, words in both languages, JSON without secrets."""

import json
from pathlib import Path

import pytest

from app.ca.modules import find_modules
from app.ca.token import PinRequest
from app.cli import run
from app.cli import token as verbs
from app.clock import SystemClock
from app.rehearsal.demo_pki import DemoPerson, DemoPki, SoftToken

PIN = "975318"


@pytest.fixture(scope="module")
def soft(tmp_path_factory: pytest.TempPathFactory) -> SoftToken:
    if not any("softhsm" in module for module in find_modules()):
        pytest.skip("SoftHSM is not installed: no token tests ran")
    pki = DemoPki.create(tmp_path_factory.mktemp("pki"), SystemClock().now())
    person = DemoPerson("测试公司", "测试公司", "91990000MA0000000X", algorithm="ec")
    return pki.provision_token(person, tmp_path_factory.mktemp("token") / "t", PIN)


class Typed:
    """A person at the terminal."""

    def __init__(self, pin: str | None = PIN) -> None:
        self._pin = pin

    async def ask(self, request: PinRequest) -> str | None:
        return None if request.wrong else self._pin

    async def confirm_final(self, request: PinRequest) -> bool:
        return False


@pytest.fixture(autouse=True)
def _here(soft: SoftToken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIDROOM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SOFTHSM2_CONF", soft.env["SOFTHSM2_CONF"])
    monkeypatch.setenv("BIDROOM_LANGUAGE", "en")
    monkeypatch.setattr(verbs, "PromptPin", Typed)


def test_the_check_passes_on_a_good_token(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["token", "doctor"]) == 0
    english = capsys.readouterr().out
    assert "the signature is right" in english
    assert "the decryption is right" in english
    monkeypatch.setenv("BIDROOM_LANGUAGE", "zh")
    assert run(["token", "doctor"]) == 0
    assert "解密正确" in capsys.readouterr().out
    assert PIN not in english


def test_json_says_the_same_to_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["token", "doctor", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["exit"] == 0
    assert {"token", "sign", "decrypt"} <= {check["code"] for check in said["checks"]}
    assert run(["token", "list", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert {certificate["holder"] for certificate in one["certificates"]} >= {"测试公司"}
    assert run(["token", "list"]) == 0
    assert "测试公司" in capsys.readouterr().out


def test_what_fails_and_what_is_not_there_have_their_own_status(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verbs, "PromptPin", lambda: Typed("000000"))
    assert run(["token", "doctor", "--token", "nobody"]) == 3
    (tmp_path / "empty").mkdir()
    (tmp_path / "conf").write_text(f"directories.tokendir = {tmp_path / 'empty'}\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "conf"))
    assert run(["token", "doctor"]) == 3
    assert "apt install opensc-pkcs11" in capsys.readouterr().out
    assert run(["token", "doctor", "--module", str(tmp_path / "absent.so")]) == 1
    assert "not there" in capsys.readouterr().out


def test_drivers_are_added_searched_and_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = Path(find_modules()[0]).resolve()
    assert run(["token", "search", str(module.parent)]) == 0
    assert "pkcs11" in capsys.readouterr().out
    assert run(["token", "add", str(module)]) == 0
    assert run(["token", "remove", str(module)]) == 0
    assert run(["token", "remove", str(module)]) == 1
    assert run(["token", "add", __file__]) == 2
    assert "no driver file" in capsys.readouterr().err
