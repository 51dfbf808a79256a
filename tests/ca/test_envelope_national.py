"""The envelope's own tests and attacks once more, where everybody holds SM2 keys and seals in suite ``gm-1``."""

import asyncio
import importlib.util
import inspect
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from envelope_world import ACT, PAYLOAD, opened, person, refusal, sealed, world

from app.ca import sm2
from app.ca.envelope import GM_1, INTL_1, Recipient, Suite, suite_for, take_share

MODULES = (
    "test_attack_table",
    "test_envelope",
    "test_envelope_attacks",
    "test_envelope_makers",
    "test_envelope_mutants",
    "test_envelope_two_prices",
)
# About the classes of international keys, or measured once for both.
NOT_HERE = {
    "test_what_the_token_says_passes_through",
    "test_a_wrong_signature_is_noticed_before_the_bid_is_sent",
    "test_a_refused_pin_leaves_nothing",
    "test_memory_does_not_grow_with_the_bid",
    "test_a_thousand_damaged_blobs",
    "test_a_hundred_thousand_mutants",
    "test_the_size_does_not_show_the_price",
}


def _load(name: str) -> ModuleType:
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"{name}_national", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with world(GM_1):
        spec.loader.exec_module(module)
    return module


def _tests(module: ModuleType) -> dict[str, Any]:
    functions = {name: value for name, value in vars(module).items() if inspect.isfunction(value)}
    return {
        name: value
        for name, value in functions.items()
        if name.startswith("test_") and value.__module__ == module.__name__ and name not in NOT_HERE
    }


_LOADED = {name: _load(name) for name in MODULES}
for _module in _LOADED.values():
    globals().update(_tests(_module))
_certificates = _LOADED["test_attack_table"]._certificates  # its fixture for the rows about CMS blobs


@pytest.fixture(autouse=True)
def national() -> Iterator[None]:
    with world(GM_1):
        yield


def test_they_are_what_they_say() -> None:
    envelope = sealed()
    assert envelope.header.core.suite == "gm-1"
    assert b'"sm3"' in envelope.header.raw
    assert b"sha256" not in envelope.header.raw.replace(b"kit_sha256", b"")
    assert sm2.is_point(sm2.public_point_of(person("张").encryption_certificate))


def test_the_size_shows_no_price() -> None:
    """Only the blobs differ, by the leading zeros of the random numbers in them."""

    def size_without_blobs(price: str) -> int:
        envelope = sealed(payload={"price": price}, files=())
        return len(envelope.data) - sum(len(b64encode(blob)) for blob in envelope.header.blobs)

    assert len({size_without_blobs(price) for price in ("1", "123456789012345.67", "1" * 900)}) == 1


def test_one_international_certificate_makes_the_suite_international() -> None:
    national = [person(name).encryption_certificate for name in "张王"]
    with world(INTL_1):
        other = person("李").encryption_certificate
    assert suite_for(national) is GM_1
    assert suite_for([*national, other]) is INTL_1
    assert suite_for([]) is INTL_1


@pytest.mark.parametrize("of", [INTL_1, GM_1], ids=lambda one: one.name)
@pytest.mark.parametrize("maker", [INTL_1, GM_1], ids=lambda one: one.name)
def test_people_of_both_worlds_open_one_envelope(of: Suite, maker: Suite) -> None:
    """An SM2 supplier in an international case, the reverse, and openers of both kinds."""
    with world(maker):
        supplier = person("甲公司")
    with world(INTL_1):
        wang = person("王")
    zhang = person("张")
    openers = [Recipient(one.encryption_certificate) for one in (zhang, wang)]
    envelope = sealed(openers=openers, supplier=supplier.encryption_certificate, signer=supplier, suite=of)
    shares = [asyncio.run(take_share(envelope.header, key, ACT)) for key in (zhang, wang, supplier)]
    result = opened(envelope, shares)
    assert (result.payload, result.signer_certificate) == (PAYLOAD, supplier.signing_certificate)


def test_a_machine_without_sm2_blames_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    envelope = sealed()
    shares = [asyncio.run(take_share(envelope.header, person(name), ACT)) for name in ("张", "王", "甲公司")]
    monkeypatch.setattr(sm2, "gmssl_fast", None)
    assert refusal(lambda: opened(envelope, shares)) == ("sm2.unavailable", "platform", None)
    assert refusal(sealed)[0] == "sm2.unavailable"
