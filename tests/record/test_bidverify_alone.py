"""The stand-alone verifier stands alone, and what the verifiers import stays small."""

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from record_case import RecordCase, write

_CHECKOUT = Path(__file__).resolve().parents[2]


def _run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)


@pytest.fixture
def carried(archive_path: Path, tmp_path: Path) -> Path:
    with tarfile.open(archive_path) as tar:
        file = tar.extractfile("bidverify.py")
        assert file is not None
        return write(tmp_path / "carried.py", file.read())


def test_the_carried_copy_verifies_with_trust_from_outside(
    carried: Path, archive_path: Path, archived: tuple[bytes, RecordCase], tmp_path: Path
) -> None:
    case = archived[1]
    trust = str(write(tmp_path / "roots.pem", case.authority.pem))
    expect = f"{case.expect[0]}:{case.expect[1].hex()}"
    good = _run(carried, str(archive_path), "--trust", trust, "--expect", expect)
    assert (good.returncode, good.stderr) == (0, "")
    assert "Not checked here" in good.stdout

    unsure = _run(carried, str(archive_path), "--json")
    assert unsure.returncode == 2
    verdicts = {step["code"]: step["verdict"] for step in json.loads(unsure.stdout)["steps"]}
    assert verdicts["tree"] == "passed"
    assert verdicts["identities"] == verdicts["expect"] == "could_not_tell"

    wrong = _run(carried, str(archive_path), "--trust", trust, "--expect", f"3:{'0' * 64}")
    assert wrong.returncode == 1
    assert "FAILED" in wrong.stdout


def test_what_cannot_be_read_is_said_in_one_line(carried: Path, tmp_path: Path) -> None:
    missing = _run(carried, str(tmp_path / "none.tar"))
    assert missing.returncode == 2
    assert missing.stderr.startswith("cannot verify: ")
    assert "Traceback" not in missing.stderr


def test_the_verifiers_reach_neither_a_database_nor_a_token_driver() -> None:
    code = (
        "import sys, app.record.verifier, app.record.archive\n"
        "print(sorted(name for name in ('sqlalchemy', 'pkcs11', 'PySide6', 'aiohttp') if name in sys.modules))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=_CHECKOUT, timeout=60, check=True
    )
    assert found.stdout.strip() == "[]"


def test_the_stand_alone_file_imports_nothing_of_ours() -> None:
    source = (_CHECKOUT / "app" / "record" / "bidverify.py").read_text(encoding="utf-8")
    assert "import app" not in source
    assert "from app" not in source
