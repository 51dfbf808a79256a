"""A reader written from the document alone opens what we seal, and what was sealed when the format was fixed."""

import ast
import json
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest
import second_reader
from envelope_world import CONTEXT, FILES, PAYLOAD, person, sealed

from app.ca.envelope import Recipient

GOLDEN = json.loads((Path(__file__).parent / "golden_envelope_v1.json").read_text(encoding="utf-8"))


def test_it_shares_no_code_with_the_program() -> None:
    tree = ast.parse(Path(second_reader.__file__).read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert roots == {"cryptography"}


def test_it_opens_the_golden_envelope(tmp_path: Path) -> None:
    """In a process of its own that cannot import the program."""
    (tmp_path / "bid").write_bytes(b64decode(GOLDEN["envelope"]))
    keys: list[Path] = []
    for name in ("王", "李", "甲公司"):
        keys.append(tmp_path / f"{len(keys)}.der")
        keys[-1].write_bytes(b64decode(GOLDEN["people"][name]["key"]))
    command = [sys.executable, "-I", second_reader.__file__, str(tmp_path / "bid"), GOLDEN["header_sha256"]]
    done = subprocess.run([*command, *map(str, keys)], check=True, capture_output=True, encoding="utf-8")
    manifest = json.loads(done.stdout)
    assert manifest["payload"] == {"price": "9800000.00"}
    assert manifest["context"] == GOLDEN["context"]


@pytest.mark.parametrize("names", ["张王甲", "王李甲", "张王李甲"])
def test_it_opens_what_we_seal_today(names: str) -> None:
    people = {name: person("甲公司" if name == "甲" else name) for name in names}
    openers = [Recipient(person(name).encryption_certificate) for name in "张王李"]
    must = Recipient(person("孙监督").encryption_certificate, must=True)
    envelope = sealed(openers=[*openers, must])
    keys = [second_reader.private_key(one.export()) for one in (*people.values(), person("孙监督"))]
    manifest, files = second_reader.read(envelope.data, envelope.header_sha256, keys)
    assert (manifest["payload"], manifest["context"]) == (PAYLOAD, CONTEXT)
    assert files == [data for _, data in FILES]


def test_it_refuses_what_we_refuse() -> None:
    envelope = sealed()
    keys = [second_reader.private_key(person(name).export()) for name in ("张", "李", "甲公司")]
    for data in (envelope.data[:-1], envelope.data + b"\0", envelope.data[:-1] + bytes([envelope.data[-1] ^ 1])):
        with pytest.raises(ValueError, match=r".+"):
            second_reader.read(data, envelope.header_sha256, keys)
    with pytest.raises(ValueError, match="receipted"):
        second_reader.read(envelope.data, "00" * 32, keys)
    with pytest.raises(ValueError, match="key"):
        second_reader.read(envelope.data, envelope.header_sha256, keys[:2])
