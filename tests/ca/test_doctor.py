"""The token check on real tokens, on bad ones, and on machines that are made up of files."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.ca import doctor, reader_service
from app.ca.doctor import Check, Outcome, examine
from app.ca.worker import TokenWorker
from app.clock import SystemClock
from app.rehearsal.demo_pki import DemoPerson, DemoPki, SoftToken
from app.rehearsal.soft_token import TokenKey, TokenOrder, configuration, make_tokens
from tests.ca.conftest import PIN, Person

Start = Callable[..., Any]


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIDROOM_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(doctor, "reader_findings", list)


def told(checks: tuple[Check, ...], *codes: str) -> list[tuple[str, Outcome, str]]:
    return [(one.code, one.outcome, one.finding) for one in checks if one.code in codes]


async def test_a_good_token_signs_and_decrypts_for_one_pin(token: SoftToken, start: Start) -> None:
    person, heard = Person(PIN), list[Check]()
    report = await examine(await start(token, person), SystemClock(), heard.append)
    assert told(report.checks, "token", "signing", "encryption", "sign", "decrypt") == [
        ("token", Outcome.PASSED, "doctor.token_ok"),
        ("signing", Outcome.PASSED, "doctor.certificate_good"),
        ("encryption", Outcome.PASSED, "doctor.certificate_good"),
        ("sign", Outcome.PASSED, "doctor.sign_ok"),
        ("decrypt", Outcome.PASSED, "doctor.decrypt_ok"),
    ]
    assert report.exit_code == 0
    assert tuple(heard) == report.checks  # told while it goes on
    assert [one.act.code for one in person.asked] == ["test"]
    assert PIN not in repr(report)


async def test_without_a_test_no_pin_is_asked(token: SoftToken, start: Start) -> None:
    person = Person()
    report = await examine(await start(token, person), SystemClock(), test=False)
    assert report.exit_code == 0
    assert person.asked == []


async def test_who_cancels_is_not_told_that_something_failed(token: SoftToken, start: Start) -> None:
    report = await examine(await start(token, Person(None)), SystemClock())
    assert told(report.checks, "sign", "decrypt") == [("sign", Outcome.SKIPPED, "token.cancelled")]
    assert report.exit_code == 0


async def test_a_wrong_pin_fails_and_is_not_tried_again(make_token: Start, start: Start) -> None:
    person = Person("000000", "000000", PIN)
    report = await examine(await start(make_token("ec"), person), SystemClock())
    assert told(report.checks, "sign", "decrypt") == [("sign", Outcome.FAILED, "token.pin_wrong")]
    assert (len(person.asked), report.exit_code) == (2, 1)


async def test_keys_that_do_not_belong_to_their_certificates_are_found(
    pki: DemoPki, make_token: Start, start: Start, tmp_path: Path
) -> None:
    """A renewal that wrote the new certificate over the old key: everything looks right until it is needed."""
    soft = make_token("ec")
    (signing, encryption), (stranger, strange) = (
        pki.issue(DemoPerson("赵六", algorithm="ec")),
        pki.issue(DemoPerson("赵六", algorithm="ec")),
    )

    def key(number: int, pair: tuple[Any, Any], encrypts: bool) -> TokenKey:
        private = pair[0].private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return TokenKey(bytes([number]), private, pair[1].certificate, encrypts)

    folder = tmp_path / "token"
    keys = (key(1, (signing, stranger), False), key(2, (encryption, strange), True))
    make_tokens([TokenOrder(str(folder), "renewed", PIN, keys)], soft.module)
    env = {"SOFTHSM2_CONF": str(configuration(folder))}
    mixed = SoftToken(env, soft.module, "renewed", PIN, b"", b"", folder)
    report = await examine(await start(mixed, Person(PIN)), SystemClock())
    failed = [one for one in report.checks if one.outcome is Outcome.FAILED]
    assert failed
    assert {one.code for one in failed} <= {"sign", "decrypt"}
    assert report.exit_code == 1


async def test_no_token_names_the_drivers_that_are_missing_and_where_they_are_got(
    token: SoftToken, tmp_path: Path
) -> None:
    worker = TokenWorker(Person())
    (tmp_path / "empty").mkdir()
    conf = tmp_path / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {tmp_path / 'empty'}\nobjectstore.backend = file\n")
    await worker.start([token.module, str(tmp_path / "absent.so")], {"SOFTHSM2_CONF": str(conf)})
    try:
        report = await examine(worker, SystemClock())
    finally:
        await worker.close()
    assert ("none", Outcome.ATTENTION, "doctor.no_token") in told(report.checks, "none")
    missing = [one for one in report.checks if one.code == "missing"]
    assert missing
    assert all(one.advice["zh"] and one.advice["en"] for one in missing)
    assert ("module", Outcome.FAILED, "token.module_missing") in told(report.checks, "module")
    assert report.exit_code == 1  # a driver failed; without it
    kept = tuple(one for one in report.checks if one.code != "module")
    assert msgspec.structs.replace(report, checks=kept).exit_code == 3


def usb(root: Path, name: str, vendor: str, interface: str, product: str, node: bool) -> None:
    device = root / "sys/bus/usb/devices" / name
    (device / f"{name}:1.0").mkdir(parents=True)
    for file, text in (("idVendor", vendor), ("busnum", "1"), ("devnum", name[-1]), ("product", product)):
        (device / file).write_text(text + "\n")
    (device / f"{name}:1.0" / "bInterfaceClass").write_text(interface + "\n")
    if node:
        (root / "dev/bus/usb/001").mkdir(parents=True, exist_ok=True)
        (root / "dev/bus/usb/001" / name[-1].zfill(3)).touch()


@pytest.mark.skipif(shutil.which("ls") is None, reason="Linux only: 0 of these ran")
def test_what_linux_says_about_readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_service.sys, "platform", "linux")
    codes = lambda: [one.finding for one in reader_service.reader_findings(tmp_path)]  # noqa: E731
    assert codes() == ["doctor.pcsc_absent"]
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/pcscd").touch()
    assert codes() == ["doctor.pcsc_stopped"]
    (tmp_path / "run/pcscd").mkdir(parents=True)
    (tmp_path / "run/pcscd/pcscd.comm").touch()
    assert codes() == ["doctor.pcsc_running"]
    usb(tmp_path, "1-1", "055c", "03", "mToken GM3000", node=False)
    usb(tmp_path, "1-2", "abcd", "0b", "Some reader", node=True)
    usb(tmp_path, "1-3", "1234", "08", "A stick", node=True)
    assert codes() == ["doctor.pcsc_running", "doctor.usb_denied", "doctor.usb_no_ccid"]
    (tmp_path / "usr/lib/pcsc/drivers/ifd-ccid.bundle").mkdir(parents=True)
    (tmp_path / "dev/bus/usb/001/001").touch()
    assert codes() == ["doctor.pcsc_running", "doctor.usb_seen", "doctor.usb_seen"]
