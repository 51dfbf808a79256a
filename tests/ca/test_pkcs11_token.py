"""Tokens that behave badly: SoftHSM behind a module that injects the faults it lacks."""

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.ca import keywrap
from app.ca.signatures import verify_signature
from app.ca.token import Act, FixedPin, PinState
from app.ca.worker import TokenWorker
from app.errors import FaultError, InputError
from app.rehearsal.demo_pki import DemoPerson, DemoPki, SoftToken
from app.rehearsal.soft_token import TokenKey, TokenOrder, configuration, make_tokens, softhsm_module
from tests.ca.conftest import PIN, Person

ACT = Act("release_share", {"case": "2026-001"})
Start = Callable[..., Any]


class Faulty:
    """A token behind the faulty module, and its orders."""

    def __init__(self, module: Path, token: SoftToken, orders: Path) -> None:
        self.token, self.orders = token, orders
        self.module = str(module)
        self.env = {**token.env, "FAULTY_TARGET": token.module, "FAULTY_DIR": str(orders)}

    def order(self, name: str, content: str = "") -> None:
        (self.orders / name).write_text(content)

    def withdraw(self, name: str) -> None:
        (self.orders / name).unlink()


@pytest.fixture(scope="session")
def faulty_module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform == "win32":
        pytest.skip("no C compiler: the fault-injecting module was not built, 0 of its tests ran")
    built = tmp_path_factory.mktemp("module") / "faulty.so"
    source = Path(__file__).with_name("faulty_module.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(built), str(source), "-ldl"], check=True)
    return built


@pytest.fixture(scope="session")
def soft(make_token: Callable[[str], SoftToken]) -> SoftToken:
    return make_token("ec")


@pytest.fixture
def faulty(faulty_module: Path, soft: SoftToken, tmp_path: Path) -> Faulty:
    return Faulty(faulty_module, soft, tmp_path)


@pytest.fixture
async def begin(faulty: Faulty) -> Any:
    workers = []

    async def start(person: Any, **options: Any) -> TokenWorker:
        worker = TokenWorker(person, **options)
        workers.append(worker)
        await worker.start([faulty.module], faulty.env)
        return worker

    yield start
    for worker in workers:
        await worker.close()


async def test_last_try_needs_a_second_yes(faulty: Faulty, begin: Start) -> None:
    person = Person("111111", "222222", PIN)
    holder = await (await begin(person)).open(faulty.token.label)
    assert await holder.sign(b"x", ACT)
    assert [one.pin_state for one in person.asked] == [PinState.OK, PinState.LOW, PinState.FINAL]
    assert person.confirmations == 1


async def test_last_try_not_confirmed_is_not_used(faulty: Faulty, begin: Start) -> None:
    person = Person("111111", "222222", "333333", confirms=False)
    worker = await begin(person)
    holder = await worker.open(faulty.token.label)
    with pytest.raises(InputError, match=r"token\.cancelled"):
        await holder.sign(b"x", ACT)
    assert (faulty.orders / "tries").read_text() == "2"
    assert [info.pin_state for info in await worker.tokens()] == [PinState.FINAL]


async def test_locked_token_is_left_alone(faulty: Faulty, begin: Start) -> None:
    person = Person("111111", "222222", "333333")
    holder = await (await begin(person)).open(faulty.token.label)
    with pytest.raises(InputError, match=r"token\.pin_locked"):
        await holder.sign(b"x", ACT)
    with pytest.raises(InputError, match=r"token\.pin_locked"):
        await holder.sign(b"x", ACT)
    assert len(person.asked) == 3
    assert (faulty.orders / "tries").read_text() == "3"


async def test_unattended_pin_never_costs_the_last_try(faulty: Faulty, begin: Start) -> None:
    holder = await (await begin(FixedPin("999999"))).open(faulty.token.label)
    for _ in range(5):
        with pytest.raises(InputError, match=r"token\.cancelled"):
            await holder.sign(b"x", ACT)
    assert (faulty.orders / "tries").read_text() == "2"


async def test_pin_on_the_device(faulty: Faulty, begin: Start) -> None:
    faulty.order("pinpad", PIN)
    person = Person("ignored")
    worker = await begin(person)
    holder = await worker.open(faulty.token.label)
    assert holder.info.protected_path
    assert verify_signature(holder.signing_certificate, b"x", await holder.sign(b"x", ACT))
    assert [one.on_device for one in person.asked] == [True]


async def test_cancelled_on_the_device(faulty: Faulty, begin: Start) -> None:
    faulty.order("pinpad", "")
    holder = await (await begin(Person(""))).open(faulty.token.label)
    with pytest.raises(InputError, match=r"token\.cancelled"):
        await holder.sign(b"x", ACT)


async def test_pulled_out_between_and_during_acts(faulty: Faulty, begin: Start) -> None:
    person = Person(PIN, PIN)
    worker = await begin(person)
    holder = await worker.open(faulty.token.label)
    await holder.sign(b"x", ACT)
    faulty.order("removed")
    for act in (holder.sign(b"x", ACT), holder.unwrap(keywrap.wrap(b"s", [holder.encryption_certificate]), ACT)):
        with pytest.raises(InputError, match=r"token\.gone"):
            await act
    assert {info.problem for info in await worker.tokens()} == {"token.gone"}
    faulty.withdraw("removed")
    assert await holder.sign(b"x", ACT)
    assert len(person.asked) == 2


async def test_pulled_out_while_the_pin_is_typed(faulty: Faulty, begin: Start) -> None:
    class Puller(Person):
        async def ask(self, request: Any) -> str | None:
            faulty.order("removed")
            return await super().ask(request)

    person = Puller(PIN)
    holder = await (await begin(person)).open(faulty.token.label)
    with pytest.raises(InputError, match=r"token\.gone"):
        await holder.sign(b"x", ACT)
    assert len(person.asked) == 1


async def test_a_token_that_hangs_is_given_up(faulty: Faulty, begin: Start) -> None:
    person = Person(PIN, PIN)
    holder = await (await begin(person, timeout=1.0)).open(faulty.token.label)
    faulty.order("stall")
    with pytest.raises(FaultError, match=r"token\.timeout"):
        await holder.sign(b"x", ACT)
    faulty.withdraw("stall")
    assert await holder.sign(b"x", ACT)


async def test_closing_does_not_wait_for_a_token_that_hangs(faulty: Faulty, begin: Start) -> None:
    worker = await begin(FixedPin(PIN))
    holder = await worker.open(faulty.token.label)
    faulty.order("stall")
    act = asyncio.create_task(holder.sign(b"x", ACT))
    await asyncio.sleep(0.3)
    started = time.monotonic()
    await worker.close()
    assert time.monotonic() - started < 3
    with pytest.raises(FaultError, match=r"token\.(worker_died|not_started)"):
        await act


async def test_a_module_that_crashes_takes_nobody_along(faulty: Faulty, begin: Start) -> None:
    person = Person(PIN, PIN)
    holder = await (await begin(person)).open(faulty.token.label)
    faulty.order("crash")
    with pytest.raises(FaultError, match=r"token\.worker_died"):
        await holder.sign(b"x", ACT)
    assert await holder.sign(b"x", ACT)


async def test_a_broken_neighbour_hides_nobody(faulty: Faulty, begin: Start) -> None:
    faulty.order("broken")
    person = Person(PIN)
    worker = await begin(person)
    assert {(info.label, info.problem) for info in await worker.tokens()} == {
        ("", "token.gone"),
        (faulty.token.label, None),
    }
    holder = await worker.open(faulty.token.label)
    assert await holder.sign(b"x", ACT)
    await worker.tokens()
    assert await holder.sign(b"x", ACT)  # looking at the broken one logged nobody out


@pytest.mark.parametrize("fault", ["hang", "fall"])
async def test_a_module_that_is_lost_while_it_is_looked_at_is_left_out(
    faulty: Faulty, soft: SoftToken, tmp_path: Path, fault: str
) -> None:
    """The driver of one maker hangs or crashes at every look: the token behind another is seen and signs."""
    healthy = str(shutil.copy(soft.module, tmp_path / "healthy.so"))  # the faulty one has loaded the original
    worker = TokenWorker(FixedPin(PIN), timeout=1.5)
    await worker.start([faulty.module, healthy], faulty.env)
    try:
        faulty.order(fault)
        problems = []
        for _ in range(3):
            seen = {info.module: info for info in await worker.tokens()}
            problems.append(seen[faulty.module].problem)
            assert seen[healthy].problem is None
        lost = "token.timeout" if fault == "hang" else "token.worker_died"
        assert problems == [lost, lost, "token.module_broken"]
        before = worker.pid
        assert await (await worker.open(soft.label)).sign(b"x", ACT)  # the only one of this label now
        await worker.tokens()
        assert worker.pid == before  # it is not tried again and again
    finally:
        await worker.close()


async def test_a_slow_token_is_waited_for_and_that_can_be_shown(faulty: Faulty, begin: Start) -> None:
    worker = await begin(FixedPin(PIN))
    holder = await worker.open(faulty.token.label)
    faulty.order("slow", "10")
    act = asyncio.create_task(holder.sign(b"x", ACT))
    while worker.under_way is None:
        await asyncio.sleep(0.01)
    assert (worker.under_way[0].label, worker.under_way[1]) == (faulty.token.label, ACT)
    assert verify_signature(holder.signing_certificate, b"x", await act)
    assert worker.under_way is None


async def test_a_label_that_is_not_utf8_hinders_nothing(faulty: Faulty, begin: Start) -> None:
    (faulty.orders / "label").write_bytes("张三的锁".encode("gb18030"))
    worker = await begin(Person(PIN))
    (info,) = await worker.tokens()
    assert info.problem is None
    holder = await worker.open(info.serial)
    assert verify_signature(holder.signing_certificate, b"x", await holder.sign(b"x", ACT))


async def test_a_module_that_prints_spoils_no_answer(faulty: Faulty, begin: Start) -> None:
    faulty.order("noise")
    holder = await (await begin(FixedPin(PIN))).open(faulty.token.label)
    assert verify_signature(holder.signing_certificate, b"x", await holder.sign(b"x", ACT))


@pytest.mark.parametrize("algorithm", ["rsa", "ec"])
async def test_key_that_wants_the_pin_each_time(
    pki: DemoPki, soft: SoftToken, tmp_path: Path, start: Start, algorithm: str
) -> None:
    signing, _encryption = pki.issue(DemoPerson("赵六", algorithm=algorithm))
    private = signing.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    folder = tmp_path / "token"
    key = TokenKey(b"\x05", private, signing.certificate, encrypts=False, asks_each_time=True)
    make_tokens([TokenOrder(str(folder), "each-time", PIN, (key,))], softhsm_module())
    token = SoftToken(
        {"SOFTHSM2_CONF": str(configuration(folder))},
        soft.module,
        "each-time",
        PIN,
        signing.certificate,
        signing.certificate,
        folder,
    )
    person = Person(PIN, "000000", PIN, None)
    worker = await start(token, person)
    holder = await worker.open("each-time")
    for _ in range(2):
        assert verify_signature(signing.certificate, b"x", await holder.sign(b"x", ACT))
    assert [one.wrong for one in person.asked] == [False, False, True]
    with pytest.raises(InputError, match=r"token\.cancelled"):
        await holder.sign(b"x", ACT)
    with pytest.raises(InputError, match=r"token\.no_encryption_certificate"):
        await holder.unwrap(keywrap.wrap(b"s", [signing.certificate]), ACT)
