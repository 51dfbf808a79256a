"""National tokens (SKF, GM/T 0016) through the real child process, with a module compiled over OpenSSL."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from envelope_world import CONTEXT, FILES, PAYLOAD, Envelope, Shelf, opened
from national import NationalHolder, NationalPki
from skf_world import Sticks, build, national_container, rsa_pem

from app.ca import keywrap
from app.ca.envelope import GM_1, Recipient, seal_bytes, take_share
from app.ca.signatures import SM2_SUITE, verify_signature
from app.ca.token import Act, FixedPin, PinState
from app.ca.worker import TokenWorker
from app.errors import FaultError, InputError
from app.rehearsal.demo_pki import DemoPerson, DemoPki
from tests.ca.conftest import PIN, Person

ACT = Act("release_share", {"case": "2026-001"})
SELF_SUFFICIENT = [sys.executable, "-S", "-m", "app.ca.token_worker", "--ctypes"]
Start = Callable[..., Any]


@pytest.fixture(scope="session")
def skf_module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("skf"))


@pytest.fixture(scope="session")
def people() -> tuple[NationalHolder, NationalHolder]:
    pki = NationalPki()
    return pki.holder("张三", "甲公司"), pki.holder("李四", "乙公司")


@pytest.fixture
def sticks(skf_module: Path, people: tuple[NationalHolder, NationalHolder], tmp_path: Path) -> Sticks:
    """One device with one person's keys."""
    sticks = Sticks(skf_module, tmp_path)
    device = sticks.plug("stick-1", "SN0001", "甲的锁")
    national_container(device.application("BJCA", PIN), "容器 1", people[0])
    return sticks


@pytest.fixture
async def begin(sticks: Sticks) -> Any:
    workers = []

    async def start(person: Any, **options: Any) -> TokenWorker:
        worker = TokenWorker(person, **options)
        workers.append(worker)
        await worker.start([sticks.module], sticks.env)
        return worker

    yield start
    for worker in workers:
        await worker.close()


def state(sticks: Sticks, file: str) -> str:
    path = sticks.devices / "stick-1" / "BJCA" / file
    return path.read_text() if path.exists() else ""


async def test_is_listed_with_both_certificates_and_its_tries(sticks: Sticks, begin: Start) -> None:
    person = Person()
    worker = await begin(person)
    (info,) = await worker.tokens()
    assert (info.label, info.serial, info.manufacturer, info.problem) == ("甲的锁", "SN0001", "Test", None)
    assert (info.pin_state, info.tries_left) == (PinState.OK, 3)
    assert [(one.suite, one.signs, one.decrypts, one.holder) for one in info.certificates] == [
        (SM2_SUITE, True, False, "张三"),
        (SM2_SUITE, False, True, "张三"),
    ]
    assert (await worker.open("SN0001")).info.label == "甲的锁"
    assert person.asked == []


@pytest.mark.parametrize("command", [None, SELF_SUFFICIENT], ids=["usual", "standard-library"])
async def test_signs_and_opens_with_one_pin(sticks: Sticks, begin: Start, command: list[str] | None) -> None:
    person = Person(PIN)
    holder = await (await begin(person, command=command)).open("甲的锁")
    signature = await holder.sign("唱标".encode(), ACT)
    assert verify_signature(holder.signing_certificate, "唱标".encode(), signature)
    assert not verify_signature(holder.encryption_certificate, "唱标".encode(), signature)
    assert await holder.unwrap(keywrap.wrap(b"share", [holder.encryption_certificate]), ACT) == b"share"
    long = bytes(range(256)) * 60
    blob = keywrap.wrap(long, [holder.encryption_certificate], anonymous=True)
    assert await holder.unwrap(blob, ACT) == long
    assert [(one.act, one.holder, one.tries_left) for one in person.asked] == [(ACT, "张三", 3)]


async def test_a_damaged_blob_says_one_thing(begin: Start) -> None:
    holder = await (await begin(FixedPin(PIN))).open("甲的锁")
    blob = keywrap.wrap(b"share", [holder.encryption_certificate])
    refused = opened = 0
    for place in range(len(blob) - 140, len(blob), 3):
        damaged = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        try:
            assert await holder.unwrap(damaged, ACT) != b"share"
        except InputError as error:
            refused += error.code == "keywrap.refused"
        else:
            opened += 1
    assert opened + refused == len(range(len(blob) - 140, len(blob), 3))
    assert refused > 30  # CBC without authentication: flips in IV and text may open to something else
    assert await holder.unwrap(blob, ACT) == b"share"


async def test_wrong_pins_count_down_to_locked(sticks: Sticks, begin: Start) -> None:
    person = Person("111111", "222222", "333333")
    worker = await begin(person)
    holder = await worker.open("甲的锁")
    with pytest.raises(InputError, match=r"token\.pin_locked"):
        await holder.sign(b"x", ACT)
    assert [(one.wrong, one.pin_state, one.tries_left) for one in person.asked] == [
        (False, PinState.OK, 3),
        (True, PinState.LOW, 2),
        (True, PinState.FINAL, 1),
    ]
    assert person.confirmations == 1
    with pytest.raises(InputError, match=r"token\.pin_locked"):
        await holder.sign(b"x", ACT)
    assert len(person.asked) == 3
    assert [(info.pin_state, info.tries_left) for info in await worker.tokens()] == [(PinState.LOCKED, 0)]


async def test_the_last_try_is_never_used_unasked(sticks: Sticks, begin: Start) -> None:
    holder = await (await begin(FixedPin("999999"))).open("甲的锁")
    for _ in range(4):
        with pytest.raises(InputError, match=r"token\.cancelled"):
            await holder.sign(b"x", ACT)
    assert state(sticks, "left") == "1"
    unsure = Person("999999", confirms=False)
    holder = await (await begin(unsure)).open("甲的锁")
    with pytest.raises(InputError, match=r"token\.cancelled"):
        await holder.sign(b"x", ACT)
    assert (state(sticks, "left"), unsure.asked) == ("1", [])


async def test_many_tries_left_are_not_called_few(sticks: Sticks, begin: Start) -> None:
    (sticks.devices / "stick-1" / "BJCA" / "max").write_text("10")
    worker = await begin(Person())
    states = []
    for left in (10, 9, 4, 3, 2, 1, 0):
        (sticks.devices / "stick-1" / "BJCA" / "left").write_text(str(left))
        states += [(info.tries_left, info.pin_state) for info in await worker.tokens()]
    ok, low = PinState.OK, PinState.LOW
    assert states == [(10, ok), (9, ok), (4, ok), (3, low), (2, low), (1, PinState.FINAL), (0, PinState.LOCKED)]


async def test_a_device_that_tells_its_tries_only_after_one(sticks: Sticks, begin: Start) -> None:
    sticks.order("silent")
    person = Person("111111", "222222", "333333")
    holder = await (await begin(person)).open("甲的锁")
    with pytest.raises(InputError, match=r"token\.pin_locked"):
        await holder.sign(b"x", ACT)
    assert [(one.pin_state, one.tries_left) for one in person.asked] == [
        (PinState.UNKNOWN, None),
        (PinState.LOW, 2),
        (PinState.FINAL, 1),
    ]
    assert person.confirmations == 1


async def test_no_device_may_look_like_an_error(sticks: Sticks, begin: Start) -> None:
    worker = await begin(Person())
    sticks.order("fails")
    assert await worker.tokens() == []
    sticks.withdraw("fails")
    assert len(await worker.tokens()) == 1


async def test_a_pin_of_a_wrong_length_costs_no_try(sticks: Sticks, begin: Start) -> None:
    person = Person("12", PIN)
    holder = await (await begin(person)).open("甲的锁")
    assert await holder.sign(b"x", ACT)
    assert [(one.wrong, one.tries_left) for one in person.asked] == [(False, 3), (True, 3)]


async def test_letting_go_clears_what_the_device_remembers(sticks: Sticks, begin: Start) -> None:
    person = Person(PIN, PIN, PIN)
    worker = await begin(person)
    holder = await worker.open("甲的锁")
    await holder.sign(b"x", ACT)
    assert state(sticks, "open") == "2"  # logged in, by its number of insertions
    await holder.forget()
    assert state(sticks, "open") == "0"
    await holder.sign(b"x", ACT)
    await worker.forget()
    assert state(sticks, "open") == "0"
    await holder.sign(b"x", ACT)
    assert len(person.asked) == 3
    await worker.close()
    assert state(sticks, "open") == "0"


async def test_a_killed_child_leaves_nobody_logged_in(sticks: Sticks, begin: Start) -> None:
    worker = await begin(Person(PIN))
    await (await worker.open("甲的锁")).sign(b"x", ACT)
    child = psutil.Process(worker.pid)
    child.kill()
    child.wait(5)
    assert state(sticks, "open") == "2"  # so far
    await worker.tokens()
    assert state(sticks, "open") == "0"


async def test_logged_out_by_another_program_asks_again(sticks: Sticks, begin: Start) -> None:
    person = Person(PIN, PIN)
    holder = await (await begin(person)).open("甲的锁")
    await holder.sign(b"x", ACT)
    (sticks.devices / "stick-1" / "BJCA" / "open").write_text("0")
    assert await holder.sign(b"x", ACT)
    assert [one.wrong for one in person.asked] == [False, False]


async def test_pulled_out_and_put_back(sticks: Sticks, begin: Start) -> None:
    person = Person(PIN, PIN)
    worker = await begin(person)
    holder = await worker.open("甲的锁")
    await holder.sign(b"x", ACT)
    sticks.pull("stick-1")
    for act in (holder.sign(b"x", ACT), holder.unwrap(keywrap.wrap(b"s", [holder.encryption_certificate]), ACT)):
        with pytest.raises(InputError, match=r"token\.gone"):
            await act
    assert await worker.tokens() == []
    sticks.put_back("stick-1")
    assert [info.label for info in await worker.tokens()] == ["甲的锁"]
    assert verify_signature(holder.signing_certificate, b"y", await holder.sign(b"y", ACT))
    assert len(person.asked) == 2


async def test_pulled_and_back_between_two_acts_asks_for_the_pin(sticks: Sticks, begin: Start) -> None:
    person = Person(PIN, PIN)
    holder = await (await begin(person)).open("甲的锁")
    await holder.sign(b"x", ACT)
    sticks.replug("stick-1")
    assert await holder.sign(b"x", ACT)
    assert len(person.asked) == 2


async def test_pulled_while_it_signs(sticks: Sticks, begin: Start) -> None:
    holder = await (await begin(Person(PIN, PIN))).open("甲的锁")
    await holder.sign(b"x", ACT)
    sticks.order("slow", "600")
    act = asyncio.create_task(holder.sign(b"x", ACT))
    await asyncio.sleep(0.2)
    sticks.pull("stick-1")
    with pytest.raises(InputError, match=r"token\.gone"):
        await act
    sticks.put_back("stick-1")
    sticks.withdraw("slow")
    assert await holder.sign(b"x", ACT)


async def test_another_device_in_its_place_is_not_taken_for_it(
    sticks: Sticks, begin: Start, people: tuple[NationalHolder, NationalHolder]
) -> None:
    person = Person(PIN, PIN)
    worker = await begin(person)
    holder = await worker.open("甲的锁")
    await holder.sign(b"x", ACT)
    sticks.pull("stick-1")
    other = sticks.plug("stick-1", "SN0002", "乙的锁")  # the driver calls it the same
    national_container(other.application("BJCA", PIN), "容器 1", people[1])
    with pytest.raises(InputError, match=r"token\.(gone|wrong_token)"):
        await holder.sign(b"x", ACT)
    assert len(person.asked) == 1
    theirs = await worker.open("乙的锁")
    assert verify_signature(people[1].signing_certificate, b"z", await theirs.sign(b"z", ACT))


async def test_two_devices_and_two_applications_stand_side_by_side(
    sticks: Sticks, begin: Start, people: tuple[NationalHolder, NationalHolder]
) -> None:
    device = sticks.plug("stick-2", "SN0002", "办公锁")
    national_container(device.application("人员", PIN), "p", NationalPki().holder("王五"))
    national_container(device.application("单位", "666666"), "o", people[1])
    device.application("空", PIN)
    worker = await begin(Person(PIN, "666666"))
    assert {info.label for info in await worker.tokens()} == {"甲的锁", "办公锁 / 人员", "办公锁 / 单位"}
    for label in ("办公锁 / 人员", "办公锁 / 单位"):
        holder = await worker.open(label)
        assert verify_signature(holder.signing_certificate, b"x", await holder.sign(b"x", ACT))


async def test_an_rsa_container_signs(sticks: Sticks, begin: Start, pki: DemoPki) -> None:
    signing, encryption = pki.issue(DemoPerson("王五"))
    container = sticks.plug("stick-3", "SN0003", "旧锁").application("GDCA", PIN) / "rsa"
    container.mkdir()
    for name, issued in (("sign", signing), ("encrypt", encryption)):
        (container / f"{name}.pem").write_bytes(rsa_pem(issued.private_key))  # type: ignore[arg-type]
        (container / f"{name}.der").write_bytes(issued.certificate)
    holder = await (await begin(FixedPin(PIN))).open("旧锁")
    assert verify_signature(signing.certificate, b"x", await holder.sign(b"x", ACT))
    with pytest.raises(InputError, match=r"token\.unsupported"):  # the standard has no RSA decryption
        await holder.unwrap(keywrap.wrap(b"s", [encryption.certificate]), ACT)


async def test_a_certificate_of_another_key_is_noticed_at_once(
    sticks: Sticks, begin: Start, people: tuple[NationalHolder, NationalHolder]
) -> None:
    (sticks.devices / "stick-1" / "BJCA" / "容器 1" / "sign.der").write_bytes(people[1].signing_certificate)
    holder = await (await begin(FixedPin(PIN))).open("甲的锁")
    with pytest.raises(InputError, match=r"token\.signature_wrong"):
        await holder.sign(b"x", ACT)


async def test_hangs_crashes_and_prints_harm_nobody(sticks: Sticks, begin: Start) -> None:
    sticks.order("noise")
    holder = await (await begin(FixedPin(PIN), timeout=2.0)).open("甲的锁")
    assert await holder.sign(b"x", ACT)
    sticks.order("crash")
    with pytest.raises(FaultError, match=r"token\.worker_died"):
        await holder.sign(b"x", ACT)
    assert await holder.sign(b"x", ACT)
    sticks.order("stall")
    with pytest.raises(FaultError, match=r"token\.timeout"):
        await holder.sign(b"x", ACT)
    sticks.withdraw("stall")
    assert await holder.sign(b"x", ACT)


async def test_a_bid_is_sealed_and_opened_with_national_tokens(sticks: Sticks, begin: Start) -> None:
    """Suite gm-1 with a supplier and three openers, two of whom open; nobody's key leaves a device."""
    national = NationalPki()
    for number, name in enumerate("张王李", start=2):
        device = sticks.plug(f"stick-{number}", f"SN{number:04}", name)
        national_container(device.application("CA", PIN), "c", national.holder(name))
    worker = await begin(FixedPin(PIN))
    supplier = await worker.open("甲的锁")
    openers = [await worker.open(name) for name in "张王李"]
    made, data = await seal_bytes(
        purpose="bid",
        rehearsal=False,
        context=CONTEXT,
        openers=[Recipient(one.encryption_certificate) for one in openers],
        k=2,
        supplier=supplier.encryption_certificate,
        payload=PAYLOAD,
        signer=supplier,
        files=FILES,
        suite=GM_1,
    )
    envelope = Envelope(data, made.header_sha256)
    shares = [await take_share(envelope.header, one, ACT) for one in (supplier, *openers[1:])]
    shelf = Shelf()
    seen = opened(envelope, shares, shelf)
    assert seen.signer_certificate == supplier.signing_certificate
    assert seen.payload == PAYLOAD
    assert [shelf.files[number][1] for number in sorted(shelf.files)] == [content for _name, content in FILES]


async def test_stands_beside_pkcs11_tokens(sticks: Sticks, make_token: Start) -> None:
    soft = make_token("ec")
    worker = TokenWorker(Person(PIN, soft.pin))
    await worker.start([soft.module, sticks.module], {**sticks.env, **soft.env})
    try:
        assert {info.label for info in await worker.tokens()} == {soft.label, "甲的锁"}
        for label in ("甲的锁", soft.label):
            holder = await worker.open(label)
            assert verify_signature(holder.signing_certificate, b"x", await holder.sign(b"x", ACT))
    finally:
        await worker.close()


async def test_the_pin_is_nowhere_to_be_read(
    sticks: Sticks, begin: Start, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    holder = await (await begin(Person("13579246", None))).open("甲的锁")
    with pytest.raises(InputError) as caught:
        await holder.sign(b"x", ACT)
    said = str(caught.value) + repr(caught.value.facts) + caplog.text + "".join(capfd.readouterr())
    assert "13579246" not in said
