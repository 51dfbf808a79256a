"""SM2 on PKCS#11 tokens, whose numbers every vendor made up: one module speaks two of them."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from national import NationalHolder, NationalPki
from skf_world import sm2_pem

from app.ca import keywrap, sm2
from app.ca.pkcs11_sm2 import ciphertext, profile_of, profiles, raw_signature
from app.ca.signatures import verify_signature
from app.ca.token import Act, FixedPin
from app.ca.worker import TokenWorker
from app.errors import InputError
from app.rehearsal.soft_token import TokenKey, TokenOrder, configuration, make_tokens, softhsm_module
from tests.ca.conftest import PIN, Person

ACT = Act("release_share", {"case": "2026-001"})
SELF_SUFFICIENT = [sys.executable, "-S", "-m", "app.ca.token_worker", "--ctypes"]
Start = Callable[..., Any]


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform == "win32" or not Path("/usr/include/openssl/evp.h").exists():
        pytest.skip("no C compiler or no OpenSSL headers: the SM2 module was not built, 0 of its tests ran")
    built = tmp_path_factory.mktemp("module") / "sm2.so"
    source = Path(__file__).with_name("sm2_module.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(built), str(source), "-lcrypto", "-ldl"], check=True)
    return built


@pytest.fixture(scope="module")
def person() -> NationalHolder:
    return NationalPki().holder("张三", "甲公司")


@pytest.fixture(scope="module")
def environment(person: NationalHolder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A SoftHSM token with the certificates and placeholders for the keys, and the keys beside it."""
    folder = tmp_path_factory.mktemp("token")
    placeholder = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    keys = (
        TokenKey(b"\x01", placeholder, person.signing_certificate, encrypts=False),
        TokenKey(b"\x02", placeholder, person.encryption_certificate, encrypts=True),
    )
    make_tokens([TokenOrder(str(folder / "t"), "国密锁", PIN, keys)], softhsm_module())
    (folder / "keys").mkdir()
    (folder / "keys" / "01").write_bytes(sm2_pem(person.signing_key))
    (folder / "keys" / "02").write_bytes(sm2_pem(person.encryption_key))
    return {
        "SOFTHSM2_CONF": str(configuration(folder / "t")),
        "SM2_TARGET": softhsm_module(),
        "SM2_KEYS": str(folder / "keys"),
    }


@pytest.fixture
async def begin(module: Path, environment: dict[str, str]) -> Any:
    workers = []

    async def start(person: Any, numbers: str, **options: Any) -> TokenWorker:
        worker = TokenWorker(person, **options)
        workers.append(worker)
        await worker.start([str(module)], {**environment, "SM2_NUMBERS": numbers})
        return worker

    yield start
    for worker in workers:
        await worker.close()


@pytest.mark.parametrize("command", [None, SELF_SUFFICIENT], ids=["python-pkcs11", "ctypes"])
@pytest.mark.parametrize(("numbers", "profile"), [("8000", "8000"), ("3-4", "vendor-3-4")])
async def test_signs_and_opens_with_a_vendors_numbers(
    begin: Start, person: NationalHolder, numbers: str, profile: str, command: list[str] | None
) -> None:
    asked = Person(PIN)
    worker = await begin(asked, numbers, command=command)
    (info,) = await worker.tokens()
    assert (info.label, info.problem, info.profile) == ("国密锁", None, profile)
    holder = await worker.open("国密锁")
    assert (holder.signing_certificate, holder.encryption_certificate) == (
        person.signing_certificate,
        person.encryption_certificate,
    )
    for text in (b"x", "唱标".encode() * 1000):
        assert verify_signature(person.signing_certificate, text, await holder.sign(text, ACT))
    for number in range(8):  # numbers with and without leading zeros
        blob = keywrap.wrap(b"share %d" % number, [person.encryption_certificate])
        assert await holder.unwrap(blob, ACT) == b"share %d" % number
    assert len(asked.asked) == 1


async def test_a_new_child_finds_the_numbers_again(begin: Start) -> None:
    worker = await begin(FixedPin(PIN), "8000")
    holder = await worker.open("国密锁")
    await worker.start(worker._modules, worker._children[0]._env)
    assert await holder.sign(b"x", ACT)


async def test_a_damaged_blob_says_one_thing(begin: Start, person: NationalHolder) -> None:
    holder = await (await begin(FixedPin(PIN), "3-4")).open("国密锁")
    for place in (120, 135, 150):  # within the encrypted key
        blob = bytearray(keywrap.wrap(b"share", [person.encryption_certificate], anonymous=True))
        blob[place] ^= 1
        with pytest.raises(InputError, match=r"^keywrap\.refused$"):
            await holder.unwrap(bytes(blob), ACT)


async def test_a_token_without_known_numbers_is_told_so(environment: dict[str, str]) -> None:
    worker = TokenWorker(FixedPin(PIN))
    await worker.start([environment["SM2_TARGET"]], environment)  # SoftHSM itself knows no SM2
    try:
        (info,) = await worker.tokens()
        assert info.profile == ""
        with pytest.raises(InputError, match=r"token\.unsupported"):
            await (await worker.open("国密锁")).sign(b"x", ACT)
    finally:
        await worker.close()


def test_each_profile_is_found_by_its_own_numbers() -> None:
    for one in profiles():
        found = profile_of({*one.needs, *(number for number, _form in (*one.sign, *one.decrypt)), 0x40, 0x1041})
        assert found == one
        assert {form for _number, form in one.sign} <= {"digest", "data"}
        for _number, form in one.decrypt:
            assert ciphertext(bytes(112), form)
    assert profile_of({0x1, 0x9, 0x40, 0x1041}) is None


def test_forms_are_those_of_the_standard() -> None:
    key = sm2.PrivateKey.generate()
    for number in range(20):
        der = sm2.encrypt(key.public_point, bytes([number] * 16))
        raw = b"".join(sm2.ciphertext_parts(der))
        assert ciphertext(raw, "der") == der
        assert ciphertext(raw, "04c1c3c2") == b"\x04" + ciphertext(raw, "c1c3c2") == b"\x04" + raw
        signature = key.sign(bytes([number]))
        assert raw_signature(signature) == sm2.signature_raw(signature) == raw_signature(raw_signature(signature))
    assert raw_signature(b"\x30\x03\x02\x01\x05") == b"\x30\x03\x02\x01\x05"
