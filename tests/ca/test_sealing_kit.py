import asyncio
import io
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import pytest
from envelope_world import ACT, PAYLOAD, person

from app.ca import sealing_kit
from app.ca.envelope import open_envelope, read_header, seal_bytes, take_share
from app.ca.sealing_kit import KitCore, KitOpener, SealingKit, accept, assemble, build_core, parse, verify
from app.ca.trust import Part, Status, Usage, Verdict
from app.canon import canonical, parse_canonical
from app.errors import InputError

DEADLINE = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)


def opener(name: str, party: str = "agency", **changes: Any) -> KitOpener:
    key = person(name)
    made = KitOpener(
        holder=name,
        organisation="昆明某某招标代理有限公司",
        party=party,
        encryption_certificate=key.encryption_certificate,
        signing_certificate=key.signing_certificate,
    )
    return msgspec.structs.replace(made, **changes)


def core(**changes: Any) -> KitCore:
    values: dict[str, Any] = {
        "case": "KM-2026-001",
        "project": "学校课桌椅采购",
        "lot": "1",
        "deadline": DEADLINE,
        "notice_sha256": "cd" * 32,
        "k": 2,
        "supplier": True,
        "openers": [opener("张"), opener("王"), opener("李", "purchaser")],
        "rehearsal": False,
        "host_name": "host.example",
        "host_fingerprint": "ef" * 32,
    }
    return build_core(**{**values, **changes})


def assembled(of: KitCore) -> SealingKit:
    async def work() -> SealingKit:
        acceptances = [await accept(of, person(opener.holder)) for opener in of.openers]
        return await assemble(of, reversed(acceptances), person("周主持"))

    return asyncio.run(work())


@cache
def kit() -> SealingKit:
    return assembled(core())


def says(status: Status) -> Verdict:
    part = Part(status, f"chain.{status}")
    return Verdict(part, part, part, part)


def trusting(certificate: bytes, chain: tuple[bytes, ...], usage: Usage) -> Verdict:
    return says(Status.PASSED)


def code_of(work: Any) -> str:
    with pytest.raises(InputError) as caught:
        work()
    return caught.value.code


def test_a_kit_survives_the_file_and_verifies() -> None:
    read = parse(kit().to_bytes())
    assert read == kit()
    verdicts = verify(read, trusting)
    assert verdicts.status is Status.PASSED
    assert len(verdicts.openers) == 3


def test_trust_is_asked_for_every_certificate_with_its_usage() -> None:
    asked: list[tuple[bytes, Usage]] = []

    def trust(certificate: bytes, chain: tuple[bytes, ...], usage: Usage) -> Verdict:
        asked.append((certificate, usage))
        return says(Status.COULD_NOT_TELL if certificate == person("王").signing_certificate else Status.PASSED)

    assert verify(kit(), trust).status is Status.COULD_NOT_TELL
    expected = [(person("周主持").signing_certificate, "sign")]
    for name in "张王李":
        expected += [(person(name).signing_certificate, "sign"), (person(name).encryption_certificate, "decrypt")]
    assert asked == expected


@pytest.mark.parametrize("name", ["周主持", "李"])
def test_an_untrusted_holder_is_refused_by_name(name: str) -> None:
    def trust(certificate: bytes, chain: tuple[bytes, ...], usage: Usage) -> Verdict:
        return says(Status.FAILED if certificate == person(name).signing_certificate else Status.PASSED)

    with pytest.raises(InputError) as caught:
        verify(kit(), trust)
    assert (caught.value.code, caught.value.facts["holder"]) == ("kit.untrusted", name)


def test_a_bid_sealed_with_a_kit_opens() -> None:
    async def work() -> None:
        made, data = await seal_bytes(
            purpose="bid",
            rehearsal=kit().core.rehearsal,
            context=kit().context,
            openers=kit().recipients,
            k=kit().core.k,
            supplier=person("甲公司").encryption_certificate,
            payload=PAYLOAD,
            signer=person("甲公司"),
        )
        header = read_header(io.BytesIO(data))
        shares = [await take_share(header, person(name), ACT) for name in ("张", "李", "甲公司")]
        result = open_envelope(
            io.BytesIO(data),
            header_sha256=made.header_sha256,
            purpose="bid",
            context=kit().context,
            rehearsal=False,
            shares=shares,
        )
        assert result.payload == PAYLOAD

    asyncio.run(work())


def test_a_must_opener_and_its_substitute_become_one_recipient() -> None:
    listed = [
        opener("张"),
        opener("王"),
        opener("李", "purchaser"),
        opener("孙监督", "supervisor", must=True),
        opener("吴监督", "supervisor", substitute_for=3),
    ]
    recipients = assembled(core(openers=listed)).recipients
    assert [recipient.must for recipient in recipients] == [False, False, False, True]
    assert recipients[3].substitute == person("吴监督").encryption_certificate


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"k": 4}, "kit.policy"),
        ({"k": 0}, "kit.policy"),
        ({"openers": [], "k": 0, "supplier": False}, "kit.policy"),
        ({"openers": [opener("张"), opener("李", "purchaser", substitute_for=0)], "k": 1}, "kit.policy"),
        ({"openers": [opener("张"), opener("王")]}, "kit.one_party"),
        (
            {"openers": [opener("张"), opener("王"), opener("李", "purchaser")], "supplier": False},
            "kit.one_party_can_open",
        ),
        ({"openers": [opener("张"), opener("张", "purchaser")]}, "kit.duplicate_opener"),
        ({"openers": [opener("张"), opener("李", "purchaser", holder="李四")]}, "kit.name_differs"),
        ({"notice_sha256": "x"}, "kit.malformed"),
        ({"project": ""}, "kit.malformed"),
        ({"openers": [opener("张", "Agency"), opener("李")]}, "kit.malformed"),
    ],
)
def test_terms_that_are_refused(changes: dict[str, Any], code: str) -> None:
    assert code_of(lambda: core(**changes)) == code


def test_without_suppliers_layer_two_parties_must_come_together() -> None:
    listed = [opener("张"), opener("李", "purchaser")]
    assert core(openers=listed, supplier=False).k == 2
    with_must = [*listed, opener("王"), opener("孙监督", "supervisor", must=True)]
    assert core(openers=with_must, supplier=False).k == 2


def test_a_supplier_only_kit_needs_no_openers() -> None:
    assert assembled(core(openers=[], k=0)).recipients == ()


def test_only_openers_accept() -> None:
    assert code_of(lambda: asyncio.run(accept(core(), person("甲公司")))) == "kit.not_opener"


def test_every_acceptance_is_needed_and_must_be_for_these_terms() -> None:
    async def accepted(of: KitCore) -> list[sealing_kit.Acceptance]:
        return [await accept(of, person(opener.holder)) for opener in of.openers]

    here, elsewhere = asyncio.run(accepted(core())), asyncio.run(accepted(core(lot="2")))
    for wrong in (here[:2], [*here[:2], elsewhere[2]], [here[0], msgspec.structs.replace(here[0], place=1), here[2]]):
        assert code_of(lambda wrong=wrong: asyncio.run(assemble(core(), wrong, person("周主持")))) == "kit.not_accepted"
    twice = [*here, here[0]]
    assert code_of(lambda: asyncio.run(assemble(core(), twice, person("周主持")))) == "kit.malformed"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("case", "KM-2026-002"),
        ("lot", "2"),
        ("deadline", "2026-11-19T01:30:00.000Z"),
        ("k", 1),
        ("rehearsal", True),
        ("host_fingerprint", "00" * 32),
    ],
)
def test_no_term_changes_after_acceptance(field: str, value: object) -> None:
    changed = msgspec.structs.replace(kit(), core=msgspec.structs.replace(kit().core, **{field: value}))
    assert code_of(lambda: verify(parse(changed.to_bytes()), trusting)) == "kit.not_accepted"


def test_an_openers_certificate_cannot_be_exchanged() -> None:
    """The officer puts a key of its own under an opener's name and signs again."""
    theirs = person("周主持").encryption_certificate
    mine = opener("李", "purchaser", encryption_certificate=theirs, organisation="周主持")
    forged = msgspec.structs.replace(kit().core, openers=(*kit().core.openers[:2], mine))
    signature = asyncio.run(person("周主持").sign(sealing_kit._kit_bytes(forged, kit().acceptances), ACT))
    changed = msgspec.structs.replace(kit(), core=forged, signature=signature)
    assert code_of(lambda: verify(changed, trusting)) == "kit.not_accepted"


def test_the_officers_signature_is_checked() -> None:
    signature = asyncio.run(person("张").sign(sealing_kit._kit_bytes(kit().core, kit().acceptances), ACT))
    changed = msgspec.structs.replace(kit(), signature=signature)
    assert code_of(lambda: verify(changed, trusting)) == "kit.not_signed"


def test_another_suite_is_refused_by_name() -> None:
    value = parse_canonical(kit().to_bytes(), 1 << 20)
    assert isinstance(value, dict)
    value["core"]["suite"] = "cn-sm-1"
    with pytest.raises(InputError) as caught:
        parse(canonical(value))
    assert (caught.value.code, caught.value.facts) == ("kit.suite_unsupported", {"suite": "cn-sm-1"})


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"core":{"suite":1}}', b"\xff\xfe", kit().to_bytes()[:-1], b"[" * 9999]
)
def test_nonsense_is_malformed(data: bytes) -> None:
    assert code_of(lambda: parse(data)) == "kit.malformed"


def test_one_form_of_base64() -> None:
    """Stray bits before the padding would give a second file, with another digest, for the same kit."""
    text = kit().to_bytes().decode()
    while '="' not in text:  # until some certificate or signature needs padding
        text = assembled(core()).to_bytes().decode()
    end = text.index('="')
    place = end - (2 if text[end - 1] == "=" else 1)
    letter = {"9": "+", "Z": "a", "z": "0"}.get(text[place], chr(ord(text[place]) + 1))
    assert code_of(lambda: parse((text[:place] + letter + text[place + 1 :]).encode())) == "kit.malformed"
