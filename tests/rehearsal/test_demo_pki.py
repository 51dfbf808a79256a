"""The rehearsal's CA makes tokens quickly, apart from each other, and without loading a module here."""

import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from app.ca.modules import find_modules
from app.ca.signatures import describe, verify_signature
from app.ca.token import Act, FixedPin
from app.ca.trust import Status, TrustList
from app.ca.worker import TokenWorker
from app.errors import FaultError
from app.rehearsal.demo_pki import DemoPerson, DemoPki, fictitious_uscc
from app.rehearsal.soft_token import make_tokens

NOW = datetime.now(UTC)
needs_softhsm = pytest.mark.skipif(
    not any("softhsm" in module for module in find_modules()), reason="SoftHSM is not installed: no token tests ran"
)


@needs_softhsm
async def test_twelve_tokens_in_no_time(tmp_path: Path) -> None:
    pki = DemoPki.create(tmp_path / "pki", NOW)
    wanted = [
        (DemoPerson(f"专家{number}", "甲", fictitious_uscc(number), "", "rsa" if number % 2 else "ec"),
         tmp_path / f"person{number}", f"10000{number}")
        for number in range(12)
    ]  # fmt: skip
    started = time.monotonic()
    tokens = pki.provision_tokens(wanted)
    assert time.monotonic() - started < 20
    assert not any("softhsm" in mapped.path for mapped in psutil.Process().memory_maps())
    for token in (tokens[0], tokens[11]):
        worker = TokenWorker(FixedPin(token.pin))
        await worker.start([token.module], token.env)
        assert [info.label for info in await worker.tokens()] == [token.label]  # nobody else's token in sight
        signature = await (await worker.open(token.label)).sign(b"x", Act("sign_in"))
        assert verify_signature(token.signing_certificate, b"x", signature)
        await worker.close()


def test_dual_certificates_and_dates(tmp_path: Path) -> None:
    pki = DemoPki.create(tmp_path, NOW)
    signing, encryption = (describe(one.certificate) for one in pki.issue(DemoPerson("张三", algorithm="ec")))
    assert (signing.signs, signing.decrypts) == (True, False)
    assert (encryption.signs, encryption.decrypts) == (False, True)
    assert signing.not_before < NOW - timedelta(days=30) < NOW + timedelta(days=300) < signing.not_after
    assert "仅供演练" in signing.issuer


def test_openssl_believes_the_chain(tmp_path: Path) -> None:
    pki = DemoPki.create(tmp_path, NOW)
    leaf, middle = tmp_path / "leaf.pem", tmp_path / "middle.pem"
    der_to_pem(pki.issue(DemoPerson("张三"))[0].certificate, leaf)
    der_to_pem(pki.intermediate, middle)
    command = ["openssl", "verify", "-crl_check_all", "-CRLfile", str(pki.crl_file), "-CAfile", str(pki.trust_file)]
    done = subprocess.run([*command, "-untrusted", str(middle), str(leaf)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == f"{leaf}: OK", done.stderr


def test_revocation_is_in_the_file(tmp_path: Path) -> None:
    pki = DemoPki.create(tmp_path, NOW)
    signing = pki.issue(DemoPerson("张三", algorithm="ec"))[0].certificate
    pki.revoke(signing, NOW)
    trust = TrustList([pki.trust_file.read_bytes()], [pki.crl_file.read_bytes()], demo=True)
    verdict = trust.validate(signing, [pki.intermediate], NOW + timedelta(minutes=1), "sign")
    assert (verdict.status, verdict.revocation.code) == (Status.FAILED, "revocation.revoked")


def test_a_failure_is_said(tmp_path: Path) -> None:
    from app.rehearsal.soft_token import TokenOrder

    with pytest.raises(FaultError, match=r"soft_token\.failed") as caught:
        make_tokens([TokenOrder(str(tmp_path / "t"), "x", "987654", ())], str(tmp_path / "absent.so"))
    assert "987654" not in str(caught.value)


def der_to_pem(der: bytes, path: Path) -> None:
    command = ["openssl", "x509", "-inform", "DER", "-out", str(path)]
    subprocess.run(command, input=der, check=True)
