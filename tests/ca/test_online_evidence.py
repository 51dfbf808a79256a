"""Revocation evidence and time stamps from servers that answer, do not answer, or answer nonsense."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st
from live_pki import LivePki, live_pki

from app.ca.ocsp import OcspAnswer, build_question
from app.ca.revocation import Standing
from app.ca.revocation_client import Evidence, RevocationClient
from app.ca.timestamp import build_query, judge, read_reply
from app.ca.timestamp_client import TimestampClient
from app.ca.trust import Status, TrustList, Verdict
from app.clock import ManualClock
from app.errors import FaultError, InputError

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePki]:
    with live_pki(tmp_path_factory.mktemp("pki"), NOW) as pki:
        yield pki


@pytest.fixture
def pki(server: LivePki) -> LivePki:
    server.down, server.answer = False, None
    server.now = lambda: NOW
    server.requests.clear()
    return server


@pytest.fixture
def trust(pki: LivePki) -> TrustList:
    return TrustList([pki.root], intermediates=[pki.intermediate])


async def judged(
    trust: TrustList, client: RevocationClient, certificate: bytes, at: datetime = NOW
) -> tuple[Verdict, Evidence]:
    path = trust.validate(certificate, [], at, "sign").path
    found = await client.evidence(path)
    return trust.with_evidence(found.crls, found.ocsp).validate(certificate, [], at, "sign"), found


@pytest.mark.parametrize(
    ("label", "part", "code"),
    [
        ("good", "revocation", "revocation.ok"),
        ("revoked", "revocation", "revocation.revoked"),
        ("expired", "validity", "validity.expired"),
        ("not_yet", "validity", "validity.not_yet"),
        ("wrong_usage", "usage", "usage.wrong"),
        ("unknown", "chain", "chain.no_path"),
    ],
)
async def test_every_kind_of_certificate(
    pki: LivePki, trust: TrustList, tmp_path: Path, label: str, part: str, code: str
) -> None:
    client = RevocationClient(tmp_path, ManualClock(NOW))
    verdict, _ = await judged(trust, client, pki.certificate(label))
    assert getattr(verdict, part).code == code
    assert verdict.status is (Status.PASSED if label == "good" else Status.FAILED)


async def test_ocsp_is_asked_first_and_kept(pki: LivePki, trust: TrustList, tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    client = RevocationClient(tmp_path, clock)
    _, found = await judged(trust, client, pki.certificate("good"))
    assert (len(found.ocsp), len(found.crls)) == (1, 1)  # the person's by OCSP, the issuing CA's by the root's list
    assert sorted(pki.requests) == ["/test/crls/root/latest.crl", "/test/ocsp/interm"]
    await judged(trust, client, pki.certificate("good"))
    assert len(pki.requests) == 2
    clock.advance(3 * 24 * 3600)  # past what the answer is good for: asked again
    pki.now = clock.now
    verdict, _ = await judged(trust, client, pki.certificate("good"), clock.now())
    assert verdict.revocation.code == "revocation.ok"
    assert pki.requests.count("/test/ocsp/interm") == 2


async def test_nobody_answers(pki: LivePki, trust: TrustList, tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    client = RevocationClient(tmp_path, clock)
    pki.down = True
    verdict, found = await judged(trust, client, pki.certificate("good"))
    assert (verdict.revocation.code, found) == ("revocation.no_crl", Evidence())
    pki.down = False
    await judged(trust, client, pki.certificate("revoked"))
    await judged(trust, client, pki.certificate("good"))
    pki.down = True
    clock.advance(300 * 24 * 3600)
    late = clock.now()
    assert (await judged(trust, client, pki.certificate("revoked"), late))[0].revocation.code == "revocation.revoked"
    assert (await judged(trust, client, pki.certificate("good"), late))[0].revocation.code == "revocation.stale"


async def test_offline_asks_nobody(pki: LivePki, trust: TrustList, tmp_path: Path) -> None:
    verdict, _ = await judged(
        trust, RevocationClient(tmp_path, ManualClock(NOW), online=False), pki.certificate("good")
    )
    assert verdict.revocation.code == "revocation.no_crl"
    assert pki.requests == []
    await judged(trust, RevocationClient(tmp_path, ManualClock(NOW)), pki.certificate("good"))
    pki.requests.clear()
    kept = RevocationClient(tmp_path, ManualClock(NOW), online=False)
    assert (await judged(trust, kept, pki.certificate("good")))[0].revocation.code == "revocation.ok"
    assert pki.requests == []


@pytest.mark.parametrize("answer", [b"", b"<html>busy</html>", bytes(70_000), b"\x30\x03\x0a\x01\x06"])
async def test_nonsense_for_an_answer(pki: LivePki, trust: TrustList, tmp_path: Path, answer: bytes) -> None:
    pki.answer = answer
    client = RevocationClient(tmp_path, ManualClock(NOW))
    verdict, found = await judged(trust, client, pki.certificate("good"))
    assert (verdict.revocation.code, found) == ("revocation.no_crl", Evidence())
    assert not any(tmp_path.iterdir())


async def test_the_answer_about_another_does_not_count(pki: LivePki, trust: TrustList, tmp_path: Path) -> None:
    _, found = await judged(trust, RevocationClient(tmp_path / "a", ManualClock(NOW)), pki.certificate("good"))
    pki.answer = found.ocsp[0]
    verdict, kept = await judged(trust, RevocationClient(tmp_path / "b", ManualClock(NOW)), pki.certificate("revoked"))
    assert verdict.revocation.code == "revocation.no_crl"
    assert kept.ocsp == ()


async def test_a_forged_answer_does_not_count(pki: LivePki, trust: TrustList, tmp_path: Path) -> None:
    _, found = await judged(trust, RevocationClient(tmp_path, ManualClock(NOW)), pki.certificate("good"))
    certificate, issuer = (x509.load_der_x509_certificate(der) for der in (pki.certificate("good"), pki.intermediate))
    (answer,) = found.ocsp
    assert OcspAnswer(answer).standing(certificate, issuer, NOW) is Standing.GOOD
    other = x509.load_der_x509_certificate(pki.certificate("other"))
    assert OcspAnswer(answer).standing(certificate, other, NOW) is Standing.NO_CRL
    told = []
    for place in range(0, len(answer), 3):
        spoiled = answer[:place] + bytes([answer[place] ^ 1]) + answer[place + 1 :]
        try:
            told.append(OcspAnswer(spoiled).standing(certificate, issuer, NOW))
        except InputError:
            continue
    assert Standing.REVOKED not in told
    # what an unsigned wrapping or a certificate in the answer says may change without changing what was signed
    assert told.count(Standing.GOOD) < len(told) / 2


@given(st.binary(max_size=300))
def test_any_bytes_are_no_answer(data: bytes) -> None:
    with pytest.raises(InputError, match=r"ocsp\."):
        OcspAnswer(data)


def test_the_question_names_the_certificate(pki: LivePki) -> None:
    certificate, issuer = (x509.load_der_x509_certificate(der) for der in (pki.certificate("good"), pki.intermediate))
    assert ocsp.load_der_ocsp_request(build_question(certificate, issuer)).serial_number == certificate.serial_number


# --- time stamps ---


async def test_a_time_stamp_is_given_and_judged(pki: LivePki, trust: TrustList, tmp_path: Path) -> None:
    stamped = await TimestampClient([pki.tsa], trust).stamp(b"a head")
    assert (stamped.at, stamped.authority) == (NOW, pki.tsa)
    part, moment = judge(stamped.token, b"a head", trust)
    assert (part.code, moment) == ("revocation.no_crl", NOW)
    found = await RevocationClient(tmp_path, ManualClock(NOW)).evidence(
        trust.validate(pki.certificate("tsa"), [], NOW, "sign").path
    )
    assert judge(stamped.token, b"a head", trust.with_evidence(found.crls, found.ocsp))[0].code == "time.stamped"
    assert judge(stamped.token, b"another head", trust)[0].code == "time.stamp_of_another"


async def test_the_next_authority_is_asked(pki: LivePki, trust: TrustList) -> None:
    dead = "http://127.0.0.1:9/tsa"
    stamped = await TimestampClient([dead, pki.tsa + "/none", pki.tsa], trust).stamp(b"x")
    assert stamped.authority == pki.tsa
    with pytest.raises(FaultError, match=r"time\.no_authority") as caught:
        await TimestampClient([dead, pki.tsa + "/none"], trust).stamp(b"x")
    assert caught.value.facts["count"] == 2
    with pytest.raises(FaultError, match=r"time\.no_authority"):
        await TimestampClient([], trust).stamp(b"x")


async def test_an_authority_that_is_not_believed_is_passed_over(pki: LivePki) -> None:
    stranger = TrustList([pki.certificate("other")])
    with pytest.raises(FaultError) as caught:
        await TimestampClient([pki.tsa], stranger).stamp(b"x")
    assert caught.value.facts["reason"] == "chain.no_path"


async def test_an_old_answer_is_not_taken_again(pki: LivePki, trust: TrustList) -> None:
    seen: list[bytes] = []
    query = build_query(bytes(32))
    async with (
        aiohttp.ClientSession() as http,
        http.post(pki.tsa, data=query.der, headers={"Content-Type": "application/timestamp-query"}) as reply,
    ):
        seen.append(await reply.read())
    assert read_reply(seen[0], query)
    with pytest.raises(InputError, match=r"time\.reply_of_another"):
        read_reply(seen[0], build_query(bytes(32)))  # the same digest, another nonce
    pki.answer = seen[0]
    with pytest.raises(FaultError):
        await TimestampClient([pki.tsa], trust).stamp(b"x")


async def test_a_slow_authority_is_left(pki: LivePki, trust: TrustList) -> None:
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        stamped = await TimestampClient([address, pki.tsa], trust, seconds=0.5).stamp(b"x")
    finally:
        server.close()
    assert stamped.authority == pki.tsa


def test_addresses_are_of_the_web(trust: TrustList) -> None:
    with pytest.raises(InputError, match=r"time\.bad_address"):
        TimestampClient(["file:///etc/passwd"], trust)


@given(st.binary(max_size=300))
def test_any_bytes_are_no_token(data: bytes) -> None:
    trust = TrustList([])
    assert judge(data, b"x", trust) == (judge(b"", b"x", trust)[0], None)


async def test_a_token_with_a_changed_time(pki: LivePki, trust: TrustList) -> None:
    token = (await TimestampClient([pki.tsa], trust).stamp(b"x")).token
    wanted = f"{NOW:%Y%m%d%H%M%SZ}".encode()
    assert token.count(wanted) == 1
    moved = token.replace(wanted, f"{NOW - timedelta(days=366):%Y%m%d%H%M%SZ}".encode())
    assert judge(moved, b"x", trust)[0].code == "time.stamp_invalid"
