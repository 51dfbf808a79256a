"""A device that two drivers show is one token."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from national import DECRYPTS, NationalPki

from app.ca.signatures import CertificateInfo, describe
from app.ca.token import Act, FixedPin, PinState, TokenInfo
from app.ca.token_doubles import without_doubles
from app.ca.worker import TokenWorker
from app.rehearsal.demo_pki import DemoPerson, DemoPki, SoftToken


def on_token(der: bytes) -> CertificateInfo:
    return msgspec.structs.replace(describe(der), key_id=b"\1")


@pytest.fixture(scope="module")
def national() -> tuple[CertificateInfo, ...]:
    pki = NationalPki()
    return on_token(pki.leaf()), on_token(pki.leaf(usage=DECRYPTS))


@pytest.fixture(scope="module")
def usual(pki: DemoPki) -> tuple[CertificateInfo, ...]:
    return tuple(on_token(one.certificate) for one in pki.issue(DemoPerson("李四")))


def test_the_driver_that_does_more_is_taken(
    national: tuple[CertificateInfo, ...], usual: tuple[CertificateInfo, ...]
) -> None:
    def by(module: str, profile: str, certificates: tuple[CertificateInfo, ...]) -> TokenInfo:
        return TokenInfo(module, 0, module, certificates=certificates, profile=profile, pin_state=PinState.OK)

    skf, probed, blind = by("skf", "skf", national), by("p", "8000", national), by("b", "", national)
    assert without_doubles([blind, probed, skf]) == [skf]
    assert without_doubles([blind, probed]) == [probed]
    locked = msgspec.structs.replace(skf, pin_state=PinState.LOCKED)
    assert without_doubles([locked, probed]) == [probed]
    rsa, rsa_skf = by("p", "", usual), by("skf", "skf", usual)
    assert without_doubles([rsa_skf, rsa]) == [rsa]
    again = msgspec.structs.replace(rsa, module="later")
    assert without_doubles([rsa, again]) == [rsa]
    both = by("skf", "skf", (*national, *usual))
    assert without_doubles([rsa, both, probed]) == [both]  # a part hides nothing of the whole


def test_what_differs_or_has_a_problem_stays(usual: tuple[CertificateInfo, ...], pki: DemoPki) -> None:
    one, other = TokenInfo("m", 0, "a", certificates=usual), TokenInfo("m", 1, "b", certificates=usual[:1])
    third = TokenInfo("m", 2, "c", certificates=tuple(on_token(x.certificate) for x in pki.issue(DemoPerson("王五"))))
    authorities = (on_token(pki.root), on_token(pki.intermediate))
    empty, also_empty = TokenInfo("m", 3, certificates=authorities), TokenInfo("n", 3, certificates=authorities)
    broken, also = TokenInfo("m", 4, problem="token.gone"), TokenInfo("x", -1, problem="token.module_broken")
    tokens = [broken, one, third, empty, also_empty, also]
    assert without_doubles(tokens) == tokens
    assert without_doubles([other, *tokens]) == tokens


async def test_a_driver_installed_twice_is_not_ambiguous(
    make_token: Callable[[str], SoftToken], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with 64 and 32 bit side by side: the one for this program is used, the other when it alone is there."""
    soft = make_token("ec")
    twin = str(shutil.copy(soft.module, tmp_path / "softhsm32.so"))
    monkeypatch.setattr("app.ca.worker.module_bits", lambda path: 32 if path == twin else 64)
    narrow = [sys.executable, "-S", "-m", "app.ca.token_worker", "--ctypes"]
    for modules, used in (([twin, soft.module], soft.module), ([twin], twin)):
        worker = TokenWorker(FixedPin(soft.pin), command32=narrow)
        await worker.start(modules, soft.env)
        try:
            assert [one.module for one in await worker.tokens()] == [used]
            holder = await worker.open(soft.signing_certificate)
            assert await holder.sign(b"x", Act("sign_document"))
        finally:
            await worker.close()
