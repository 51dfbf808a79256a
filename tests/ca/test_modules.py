"""Token drivers: known by name, added by a person, found by what they export; never loaded by being looked at."""

import contextlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from app.ca import modules, providers
from app.ca.module_file import ModuleKind, inspect
from app.ca.modules import find_modules
from app.errors import InputError
from app.settings import RESOURCES

needs_compiler = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="no C compiler: 0 of these ran"
)
LAST_WORDS = '__attribute__((constructor)) static void run(void) { FILE *f = fopen("%s", "w"); if (f) fclose(f); }'


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIDROOM_DATA", str(tmp_path / "data"))


def build(folder: Path, name: str, source: str) -> Path:
    """A shared library that leaves a mark when it is loaded."""
    code = folder / f"{name}.c"
    code.write_text(f"#include <stdio.h>\n{LAST_WORDS % (folder / 'loaded')}\n{source}\n")
    made = folder / name
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(made), str(code)], check=True)
    return made


def test_named_modules_come_first_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, link = tmp_path / "vendor.so", tmp_path / "link.so"
    module.touch()
    link.symlink_to(module)
    monkeypatch.setenv("BIDROOM_PKCS11", os.pathsep.join([str(module), str(link), str(tmp_path / "absent.so")]))
    found = find_modules()
    assert found[0] == str(module)
    assert str(link) not in found
    assert str(tmp_path / "absent.so") not in found
    assert str(module) not in find_modules(ModuleKind.SKF)


def test_every_known_driver_says_whence_and_whether_it_was_tried() -> None:
    known = modules.catalogue()
    assert len({one.id for one in known}) == len(known)
    for one in known:
        assert one.source, one.id
        assert one.paths, one.id
        assert set(one.paths) <= {"linux", "darwin", "win32"}, one.id
        assert set(one.ca) == set(one.get) == {"zh", "en"}, one.id
        places = [place for paths in one.paths.values() for place in paths]
        assert all(place.bits in (None, 32, 64) for place in places), one.id
        assert all("SysWOW64" not in place.at or place.bits == 32 for place in places), one.id
    assert {one.id for one in known if one.tried != "never"} == {"softhsm"}  # a new one is tried before it says so
    raw = json.loads((RESOURCES / "tokens" / "modules.json").read_text("utf-8"))
    assert all(set(one) <= {*modules.KnownModule.__struct_fields__} for one in raw["modules"])


@needs_compiler
def test_a_driver_is_known_by_what_it_exports_and_is_not_run(tmp_path: Path) -> None:
    p11 = build(tmp_path, "p11.so", "long C_GetFunctionList(void **l) { return 5; }")
    skf = build(tmp_path, "skf.so", "int SKF_EnumDev(void) { return 1; }")
    caller = build(
        tmp_path, "caller.so", "long C_GetFunctionList(void **); long f(void) { return C_GetFunctionList(0); }"
    )
    assert inspect(p11).kinds == (ModuleKind.PKCS11,)
    assert inspect(p11).problem() is None
    assert inspect(skf).kinds == (ModuleKind.SKF,)
    with pytest.raises(InputError, match=r"token\.module_no_interface"):
        inspect(caller)  # it only wants the symbol
    assert not (tmp_path / "loaded").exists()
    assert [Path(one.path).name for one in modules.search([str(tmp_path)])] == ["p11.so", "skf.so"]
    assert not (tmp_path / "loaded").exists()


@needs_compiler
def test_added_drivers_are_checked_kept_and_removed(tmp_path: Path) -> None:
    p11 = build(tmp_path, "p11.so", "long C_GetFunctionList(void **l) { return 5; }")
    modules.add(p11)
    modules.add(p11)
    assert [one.path for one in modules.added()] == [str(p11)]
    assert str(p11) in find_modules()
    p11.rename(tmp_path / "away.so")
    assert str(p11) not in find_modules()
    assert [one.path for one in modules.added()] == [str(p11)]  # still the person's wish
    assert modules.remove(p11)
    assert not modules.remove(p11)
    assert modules.added() == ()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "token.module_no_library"),
        (b"#!/bin/sh\nrm -rf /\n", "token.module_no_library"),
        (b"\x7fELF" + bytes(60), "token.module_no_library"),
        (b"MZ" + b"\xff" * 200, "token.module_no_library"),
        (b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(64), "token.module_no_library"),
    ],
)
def test_what_is_no_library_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "x.so"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        modules.add(path)
    assert refused.value.code == code
    assert modules.added() == ()
    with pytest.raises(InputError, match=r"token\.module_missing"):
        modules.add(tmp_path / "absent.so")


def pe(names: list[bytes], *, wide: bool) -> bytes:
    """A PE library with one section that holds its export directory."""
    texts, offsets = b"", []
    first = 40 + 4 * len(names)
    for name in names:
        offsets.append(0x1000 + first + len(texts))
        texts += name + b"\0"
    directory = struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, 0, 1, 0, len(names), 0, 0x1000 + 40, 0)
    section = directory + struct.pack(f"<{len(names)}I", *offsets) + texts
    optional = struct.pack("<H", 0x20B if wide else 0x10B) + bytes((112 if wide else 96) - 2)
    optional += struct.pack("<II", 0x1000, len(section)) + bytes(120)
    head = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", 0x8664 if wide else 0x14C, 1, 0, 0, 0, len(optional), 0x2000) + optional
    head += struct.pack("<8sIIII", b".edata", len(section), 0x1000, len(section), 0x400) + bytes(16)
    return head.ljust(0x400, b"\0") + section


def macho(names: list[bytes]) -> bytes:
    """A 64-bit Mach-O library for ARM with a symbol table."""
    strings, entries = b"\0", b""
    for name in names:
        entries += struct.pack("<IBBHQ", len(strings), 0x0F, 1, 0, 0x100)
        strings += b"_" + name + b"\0"
    start = 32 + 24
    table = struct.pack("<IIIIII", 2, 24, start, len(names), start + len(entries), len(strings))
    return struct.pack("<IIIIIIII", 0xFEEDFACF, 0x0100000C, 0, 6, 1, 24, 0, 0) + table + entries + strings


@pytest.mark.parametrize("wide", [True, False])
def test_a_windows_driver_is_read_anywhere(tmp_path: Path, wide: bool) -> None:
    path = tmp_path / "mtoken.dll"
    path.write_bytes(pe([b"DllMain", b"SKF_ConnectDev", b"SKF_EnumDev"], wide=wide))
    found = inspect(path)
    assert (found.kinds, found.system, found.bits) == ((ModuleKind.SKF,), "win32", 64 if wide else 32)
    if sys.platform != "win32":
        assert found.problem() == "token.module_other_system"
        with pytest.raises(InputError, match=r"token\.module_other_system"):
            modules.add(path)


def test_a_mac_driver_is_read_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "driver.dylib"
    path.write_bytes(macho([b"C_Initialize", b"C_GetFunctionList"]))
    found = inspect(path)
    assert (found.kinds, found.machines, found.bits) == ((ModuleKind.PKCS11,), ("aarch64",), 64)


@needs_compiler
def test_a_damaged_file_gives_one_clear_error(tmp_path: Path) -> None:
    good = build(tmp_path, "p11.so", "long C_GetFunctionList(void **l) { return 5; }").read_bytes()
    chance = random.Random(5)
    path = tmp_path / "damaged.so"
    samples = [good, pe([b"C_GetFunctionList"], wide=True), macho([b"C_GetFunctionList"])]
    for number in range(600):
        data = bytearray(samples[number % 3])
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(min(len(data), 1200))] = chance.randrange(256)
        path.write_bytes(data[: chance.randrange(len(data))] if number % 5 == 0 else data)
        with contextlib.suppress(InputError):  # anything else fails the test
            inspect(path)


def test_a_provider_of_strangers_that_fails_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Works:
        code = "works"

        def state(self) -> providers.ProviderState:
            return providers.ProviderState("works", modules=("/x/works.so",))

    monkeypatch.setattr(sys.modules[__name__], "Works", Works, raising=False)
    points = [
        EntryPoint("gone", "no_such_package:Thing", providers.GROUP),
        EntryPoint("works", f"{__name__}:Works", providers.GROUP),
    ]
    monkeypatch.setattr(providers, "entry_points", lambda group: points)
    states = {state.code: state for state in providers.provider_states()}
    assert states["gone"].reason == "provider.broken"
    assert states["works"].can_work
    assert "/x/works.so" in providers.module_paths()
    assert {"pkcs11", "skf"} <= set(states)
    monkeypatch.setattr(providers, "find_modules", lambda kind: [])
    assert providers.BUILT_IN[0].state().reason == "provider.no_module"
