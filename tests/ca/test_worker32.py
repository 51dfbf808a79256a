"""32-bit modules in a 64-bit program: named when nobody can load them, else served by a child of their own.

On a machine with a 32-bit Python and 32-bit modules (``tests/ca/make_i386.sh`` makes both) they are really run.
"""

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from national import NationalPki
from skf_world import Sticks, build, national_container

from app.ca import keywrap
from app.ca.signatures import verify_signature
from app.ca.token import Act, FixedPin
from app.ca.worker import TokenWorker
from app.ca.worker_process import worker_command32
from app.rehearsal.demo_pki import SoftToken
from tests.ca.conftest import PIN

ACT = Act("release_share", {"case": "2026-001"})
SELF_SUFFICIENT = [sys.executable, "-S", "-m", "app.ca.token_worker", "--ctypes"]
NARROW = "extern int C_GetFunctionList(void **list); int C_GetFunctionList(void **list) { (void)list; return 5; }"

pytestmark = pytest.mark.skipif(struct.calcsize("P") != 8, reason="this program is a 32-bit one itself")


@pytest.fixture
async def begin(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    monkeypatch.delenv("BIDROOM_PYTHON32", raising=False)
    workers: list[TokenWorker] = []

    async def start(modules: list[str], env: dict[str, str], **options: Any) -> TokenWorker:
        worker = TokenWorker(FixedPin(PIN), **options)
        workers.append(worker)
        await worker.start(modules, env)
        return worker

    yield start
    for worker in workers:
        await worker.close()


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A 32-bit module that exports what a PKCS#11 module exports."""
    folder = tmp_path_factory.mktemp("narrow")
    (folder / "narrow.c").write_text(NARROW)
    compiler = shutil.which("cc") or shutil.which("gcc") or "cc"
    command = [compiler, "-m32", "-shared", "-nostdlib", "-fPIC", "-o", "narrow.so", "narrow.c"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the C compiler makes nothing for 32 bit: a 32-bit module was not tried")
    return str(folder / "narrow.so")


@pytest.fixture(scope="module")
def sticks(tmp_path_factory: pytest.TempPathFactory) -> Sticks:
    folder = tmp_path_factory.mktemp("sticks")
    sticks = Sticks(build(folder), folder)
    device = sticks.plug("stick-1", "SN0001", "甲的锁")
    national_container(device.application("BJCA", PIN), "c", NationalPki().holder("张三", "甲公司"))
    return sticks


async def test_a_32_bit_module_is_named_and_hides_nobody(
    narrow: str, make_token: Callable[[str], SoftToken], begin: Callable[..., Any]
) -> None:
    soft = make_token("ec")
    worker = await begin([narrow, soft.module], soft.env)
    assert [(one.module, one.problem) for one in await worker.tokens()] == [
        (soft.module, None),
        (narrow, "token.module_32bit"),
    ]
    assert await (await worker.open(soft.label)).sign(b"x", ACT)


async def test_an_interpreter_that_does_not_start_hides_nobody(
    narrow: str, make_token: Callable[[str], SoftToken], begin: Callable[..., Any]
) -> None:
    soft = make_token("ec")
    worker = await begin([narrow, soft.module], soft.env, command32=["/nowhere/python32"])
    assert {one.problem for one in await worker.tokens()} == {"token.worker_died", None}
    # One that is no 32-bit interpreter finds the module broken.
    worker = await begin([narrow, soft.module], soft.env, command32=SELF_SUFFICIENT)
    assert {one.problem for one in await worker.tokens()} == {"token.module_broken", None}


async def test_two_children_serve_side_by_side(
    sticks: Sticks, make_token: Callable[[str], SoftToken], begin: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SoftHSM by ctypes in a child of its own, as if it were the 32-bit one; the SKF module in the usual one."""
    soft = make_token("rsa")
    monkeypatch.setattr("app.ca.worker.module_bits", lambda path: 32 if path == soft.module else 64)
    worker = await begin([sticks.module, soft.module], {**soft.env, **sticks.env}, command32=SELF_SUFFICIENT)
    assert {one.label for one in await worker.tokens()} == {"甲的锁", soft.label}
    holders = [await worker.open(label) for label in ("甲的锁", soft.label)]
    for holder in holders:
        assert verify_signature(holder.signing_certificate, b"x", await holder.sign(b"x", ACT))
        assert await holder.unwrap(keywrap.wrap(b"s", [holder.encryption_certificate]), ACT) == b"s"
    children = psutil.Process().children()
    mine = [one for one in children if "app.ca.token_worker" in one.cmdline()]
    assert len(mine) == 2
    narrow = next(one for one in mine if "--ctypes" in one.cmdline())
    narrow.kill()
    narrow.wait(5)
    for holder in holders:
        assert await holder.sign(b"y", ACT)
    await worker.forget()
    assert (sticks.devices / "stick-1" / "BJCA" / "open").read_text() == "0"
    await worker.close()
    psutil.wait_procs(mine, 5)
    assert not [one for one in psutil.Process().children() if "app.ca.token_worker" in one.cmdline()]


def test_the_interpreter_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BIDROOM_PYTHON32", raising=False)
    assert worker_command32() is None
    monkeypatch.setenv("BIDROOM_PYTHON32", "/opt/python32")
    assert worker_command32() == ["/opt/python32", "-S", "-m", "app.ca.token_worker", "--ctypes"]


def test_the_worker_needs_the_standard_library_and_these_files() -> None:
    """ADR 16 lists them for whoever packages the program."""
    program = "import sys, app.ca.token_worker; print(*sorted(one for one in sys.modules if one.startswith('app.ca.')))"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-S", "-c", program], cwd=root, capture_output=True, text=True, check=True)
    names = [one.removeprefix("app.ca.") for one in done.stdout.split()]
    assert names == [
        "cryptoki_ctypes", "pkcs11_keys", "pkcs11_sm2", "pkcs11_token", "skf_library", "skf_token", "token_module",
        "token_worker", "worker_wire",
    ]  # fmt: skip
    decision = (root / "docs" / "adr" / "0016-two-token-workers.md").read_text(encoding="utf-8")
    assert all(name in decision for name in names)


async def test_real_32_bit_modules_on_a_real_32_bit_python(
    sticks: Sticks, make_token: Callable[[str], SoftToken]
) -> None:
    names = ("BIDROOM_PYTHON32", "BIDROOM_TEST_SKF32", "BIDROOM_TEST_SOFTHSM32")
    python, skf, softhsm = (os.environ.get(name, "") for name in names)
    if not all(Path(path).is_file() for path in (python, skf, softhsm)):
        pytest.skip(f"no 32-bit Python and modules ({', '.join(names)}): run tests/ca/make_i386.sh as root, 0 ran")
    for algorithm in ("rsa", "ec"):
        soft = make_token(algorithm)
        worker = TokenWorker(FixedPin(PIN))
        await worker.start([skf, softhsm], {**soft.env, **sticks.env})
        try:
            seen = [(one.module, one.label, one.problem) for one in await worker.tokens()]
            assert seen == [(skf, "甲的锁", None), (softhsm, soft.label, None)]
            for label in ("甲的锁", soft.label):
                holder = await worker.open(label)
                assert verify_signature(holder.signing_certificate, b"x", await holder.sign(b"x", ACT))
                blob = keywrap.wrap(b"share", [holder.encryption_certificate])
                assert await holder.unwrap(blob, ACT) == b"share"
        finally:
            await worker.close()
