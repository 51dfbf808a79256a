"""Real tokens through the real child process: what a person meets on a day of openings."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.ca import keywrap
from app.ca.signatures import verify_signature
from app.ca.token import Act, FixedPin, PinState
from app.ca.worker import TokenWorker
from app.errors import FaultError, InputError
from app.rehearsal.demo_pki import DemoPerson, DemoPki, SoftToken
from app.rehearsal.soft_token import TokenKey, TokenOrder, configuration, make_tokens
from tests.ca.conftest import PIN, Person

ACT = Act("sign_document", {"title": "开标记录表"})
Start = Callable[..., Any]


async def test_signs_and_opens_with_one_pin(token: SoftToken, pki: DemoPki, start: Start) -> None:
    person = Person(PIN)
    worker = await start(token, person)
    holder = await worker.open(token.label)
    signature = await holder.sign("唱标".encode(), ACT)
    assert verify_signature(token.signing_certificate, "唱标".encode(), signature)
    assert not verify_signature(token.signing_certificate, b"other", signature)
    assert not verify_signature(token.encryption_certificate, "唱标".encode(), signature)
    blob = keywrap.wrap(b"share", [token.encryption_certificate])
    assert await holder.unwrap(blob, ACT) == b"share"
    assert holder.signing_certificate == token.signing_certificate
    assert holder.encryption_certificate == token.encryption_certificate
    assert holder.chain == (pki.intermediate,)
    assert [(one.act, one.holder, one.pin_state, one.wrong) for one in person.asked] == [
        (ACT, "李四", PinState.OK, False)
    ]


async def test_anonymous_blob_opens_and_a_damaged_one_says_one_thing(token: SoftToken, start: Start) -> None:
    worker = await start(token, FixedPin(PIN))
    holder = await worker.open(token.label)
    blob = keywrap.wrap(b"share", [token.encryption_certificate], anonymous=True)
    assert await holder.unwrap(blob, ACT) == b"share"
    for place in range(len(blob) - 20, len(blob), 4):
        damaged = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        with pytest.raises(InputError, match=r"^keywrap\.refused$"):
            await holder.unwrap(damaged, ACT)
    blob = keywrap.wrap(b"share", [token.encryption_certificate])
    for place in range(100, len(blob), 37):  # the encrypted key too: the token's refusal reads the same
        damaged = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        with pytest.raises(InputError, match=r"^keywrap\.refused$"):
            await holder.unwrap(damaged, ACT)
    assert await holder.unwrap(blob, ACT) == b"share"


async def test_token_is_described_without_a_pin(token: SoftToken, start: Start) -> None:
    person = Person()
    worker = await start(token, person)
    (info,) = await worker.tokens()
    assert (info.label, info.problem, info.pin_state, info.protected_path) == (token.label, None, PinState.OK, False)
    usages = {(one.signs, one.decrypts, one.authority) for one in info.certificates}
    assert usages == {(True, False, False), (False, True, False), (False, False, True)}
    for selector in (info.serial, info.label, token.signing_certificate, token.encryption_certificate):
        assert (await worker.open(selector)).info.serial == info.serial
    with pytest.raises(InputError, match=r"token\.not_found"):
        await worker.open("nobody")
    assert person.asked == []


async def test_wrong_pin_is_asked_again_with_the_new_state(make_token: Start, start: Start) -> None:
    token, person = make_token("ec"), Person("000000", PIN)
    worker = await start(token, person)
    holder = await worker.open(token.label)
    assert verify_signature(holder.signing_certificate, b"x", await holder.sign(b"x", ACT))
    assert [(one.wrong, one.pin_state) for one in person.asked] == [(False, PinState.OK), (True, PinState.LOW)]


async def test_refused_pin_is_never_sent_twice(make_token: Start, start: Start) -> None:
    token, person = make_token("ec"), Person("000000", "000000", PIN)
    worker = await start(token, person)
    holder = await worker.open(token.label)
    with pytest.raises(InputError, match=r"token\.pin_wrong"):
        await holder.sign(b"x", ACT)
    assert len(person.asked) == 2
    assert await holder.sign(b"x", ACT)


async def test_cancel_is_final_for_the_act_only(token: SoftToken, start: Start) -> None:
    person = Person(None, PIN)
    worker = await start(token, person)
    holder = await worker.open(token.label)
    with pytest.raises(InputError, match=r"token\.cancelled"):
        await holder.sign(b"x", ACT)
    assert await holder.sign(b"x", ACT)


async def test_forget_logs_out(token: SoftToken, start: Start) -> None:
    person = Person(PIN, PIN)
    worker = await start(token, person)
    holder = await worker.open(token.label)
    await holder.sign(b"x", ACT)
    await holder.forget()
    await holder.sign(b"x", ACT)
    assert len(person.asked) == 2


async def test_token_pulled_out_and_put_back(make_token: Start, start: Start) -> None:
    token, person = make_token("rsa"), Person(PIN, PIN)
    worker = await start(token, person)
    holder = await worker.open(token.label)
    await holder.sign(b"x", ACT)
    there, away = token.folder / "tokens", token.folder / "away"
    there.rename(away)
    there.mkdir()
    with pytest.raises(InputError, match=r"token\.gone"):
        await holder.sign(b"x", ACT)
    assert [info for info in await worker.tokens() if info.problem is None] == []
    there.rmdir()
    away.rename(there)
    assert [info.label for info in await worker.tokens()] == [token.label]
    assert verify_signature(holder.signing_certificate, b"y", await holder.sign(b"y", ACT))
    assert len(person.asked) == 2


async def test_token_put_back_needs_nobody_to_look(make_token: Start, start: Start) -> None:
    token, person = make_token("ec"), Person(PIN, PIN)
    worker = await start(token, person)
    holder = await worker.open(token.label)
    await holder.sign(b"x", ACT)
    there, away = token.folder / "tokens", token.folder / "away"
    there.rename(away)
    with pytest.raises(InputError, match=r"token\.gone"):
        await holder.sign(b"x", ACT)
    away.rename(there)
    assert verify_signature(holder.signing_certificate, b"y", await holder.sign(b"y", ACT))


@pytest.mark.parametrize("algorithm", ["rsa", "ec"])
async def test_what_was_sealed_to_the_key_before_the_renewal_still_opens(
    pki: DemoPki, make_token: Start, start: Start, tmp_path: Path, algorithm: str
) -> None:
    """A token as authorities renew it: new certificates, the earlier encryption key left beside the new one."""
    person = DemoPerson("钱七", algorithm=algorithm)
    (_, before), (signing, after), (_, elsewhere) = pki.issue(person), pki.issue(person), pki.issue(person)
    keys = tuple(
        TokenKey(
            bytes([number]), pair.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            pair.certificate, number > 1,
        )
        for number, pair in enumerate((signing, before, after), 1)
    )  # fmt: skip
    module = make_token("ec").module
    make_tokens([TokenOrder(str(tmp_path / "t"), "renewed", PIN, keys)], module)
    env = {"SOFTHSM2_CONF": str(configuration(tmp_path / "t"))}
    asked = Person(PIN)
    worker = await start(SoftToken(env, module, "renewed", PIN, b"", b"", tmp_path), asked)
    holder = await worker.open("renewed")
    for certificate in (before.certificate, after.certificate):
        assert await holder.unwrap(keywrap.wrap(b"share", [certificate], anonymous=True), ACT) == b"share"
    with pytest.raises(InputError, match=r"keywrap\.refused"):
        await holder.unwrap(keywrap.wrap(b"share", [elsewhere.certificate], anonymous=True), ACT)
    assert len(asked.asked) == 1


async def test_another_token_in_its_place_is_not_used(make_token: Start, start: Start) -> None:
    mine, other, person = make_token("ec"), make_token("ec"), Person(PIN, PIN)
    worker = await start(mine, person)
    holder = await worker.open(mine.label)
    await holder.sign(b"x", ACT)
    there, away = mine.folder / "tokens", mine.folder / "away"
    there.rename(away)
    (other.folder / "tokens").rename(there)
    with pytest.raises(InputError, match=r"token\.wrong_token") as caught:
        await holder.sign(b"x", ACT)
    assert caught.value.facts["holder"] == "李四"
    assert len(person.asked) == 1
    there.rename(other.folder / "tokens")
    away.rename(there)
    assert verify_signature(holder.signing_certificate, b"y", await holder.sign(b"y", ACT))


async def test_token_pulled_and_back_between_two_acts_asks_for_the_pin(make_token: Start, start: Start) -> None:
    token, person = make_token("ec"), Person(PIN, PIN)
    worker = await start(token, person)
    holder = await worker.open(token.label)
    await holder.sign(b"x", ACT)
    there, away = token.folder / "tokens", token.folder / "away"
    there.rename(away)
    await worker.tokens()
    away.rename(there)
    assert verify_signature(holder.signing_certificate, b"y", await holder.sign(b"y", ACT))
    assert len(person.asked) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
async def test_killed_worker_is_replaced(token: SoftToken, start: Start) -> None:
    person = Person(PIN, PIN)
    worker = await start(token, person)
    holder = await worker.open(token.label)
    await holder.sign(b"x", ACT)
    first = worker.pid
    os.kill(first, signal.SIGKILL)
    psutil.Process(first).wait(5)
    assert await holder.sign(b"x", ACT)
    assert worker.pid not in (None, first)
    assert len(person.asked) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
async def test_worker_killed_or_hung_in_mid_act_fails_the_act_and_heals(token: SoftToken, start: Start) -> None:
    worker = await start(token, FixedPin(PIN), timeout=1.5)
    holder = await worker.open(token.label)
    for stop, code in ((signal.SIGKILL, "token.worker_died"), (None, "token.timeout")):
        await holder.sign(b"x", ACT)
        os.kill(worker.pid, signal.SIGSTOP)
        act = asyncio.create_task(holder.sign(b"x", ACT))
        await asyncio.sleep(0.1)
        if stop is not None:
            os.kill(worker.pid, stop)
        with pytest.raises(FaultError) as caught:
            await act
        assert caught.value.code == code
        assert await holder.sign(b"x", ACT)


async def test_twenty_acts_at_once_ask_once(token: SoftToken, start: Start) -> None:
    person = Person(PIN)
    worker = await start(token, person)
    holder = await worker.open(token.label)
    blob = keywrap.wrap(b"share", [token.encryption_certificate])
    signed = [holder.sign(str(number).encode(), ACT) for number in range(20)]
    opened = [holder.unwrap(blob, ACT) for _ in range(20)]
    looks = [worker.tokens() for _ in range(20)]
    signatures, shares, seen = await asyncio.gather(
        asyncio.gather(*signed), asyncio.gather(*opened), asyncio.gather(*looks)
    )
    assert all(
        verify_signature(token.signing_certificate, str(number).encode(), signature)
        for number, signature in enumerate(signatures)
    )
    assert set(shares) == {b"share"}
    assert all(infos[0].problem is None for infos in seen)
    assert len(person.asked) == 1


async def test_cancelled_caller_does_not_mix_up_replies(token: SoftToken, start: Start) -> None:
    worker = await start(token, FixedPin(PIN))
    holder = await worker.open(token.label)
    await holder.sign(b"x", ACT)
    for _ in range(5):
        act = asyncio.create_task(holder.sign(b"dropped", ACT))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        act.cancel()
        assert verify_signature(token.signing_certificate, b"kept", await holder.sign(b"kept", ACT))


async def test_broken_and_missing_modules_hide_nothing(token: SoftToken, tmp_path: Path) -> None:
    text = tmp_path / "not-a-module.so"
    text.write_text("nonsense")
    worker = TokenWorker(FixedPin(PIN))
    await worker.start([str(text), str(tmp_path / "absent.so"), token.module], token.env)
    try:
        problems = {info.problem for info in await worker.tokens()}
        assert problems == {"token.module_broken", "token.module_missing", None}
        assert await (await worker.open(token.label)).sign(b"x", ACT)
    finally:
        await worker.close()
    with pytest.raises(FaultError, match=r"token\.not_started"):
        await worker.tokens()


async def test_pin_is_nowhere_to_be_read(
    token: SoftToken, start: Start, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    from app.ca.worker_wire import Pin, Sign, TokenRef

    sign = Sign(TokenRef("m", "s", "l"), b"\1", "rsa", b"data", Pin(PIN))
    assert PIN not in repr(sign)
    assert PIN not in repr(token)
    assert PIN not in repr(vars(FixedPin)) + repr(FixedPin(PIN))
    worker = await start(token, Person("13579", None))
    holder = await worker.open(token.label)
    with pytest.raises(InputError) as caught:
        await holder.sign(b"x", ACT)
    said = str(caught.value) + repr(caught.value.facts) + caplog.text + "".join(capfd.readouterr())
    assert "13579" not in said
