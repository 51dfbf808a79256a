"""Made-up tokens for pictures: certificates in every state, and a token check."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.ca.certificates import KeyPair
from app.ca.doctor import Check, Outcome
from app.ca.signatures import EC_SUITE, CertificateInfo
from app.ca.token import PinState, TokenInfo
from app.clock import ManualClock
from app.ui.models import DriverView
from app.ui.tokens.certificate_choice import CertificatePicker

ISSUER = "Sample CA"
USCC = "91990000MA5FICTN0X"


def certificate(holder: str, now: datetime, days: int, *, signs: bool = True, number: str = USCC) -> CertificateInfo:
    """A certificate that is valid for ``days`` more."""
    serial = f"4a7f{abs(days):04x}{'01' if signs else '02'}"
    return CertificateInfo(
        der=serial.encode(), holder=holder, organisation=holder, uscc=number, identity_number="", issuer=ISSUER,
        serial=serial, not_before=now - timedelta(days=200), not_after=now + timedelta(days=days), signs=signs,
        decrypts=not signs, authority=False, suite=EC_SUITE, key_id=b"1",
    )  # fmt: skip


def pairs(holder: str, now: datetime) -> tuple[KeyPair, ...]:
    """Two tokens: one in good order, one whose certificate expires before a while is over; and an expired one."""
    found = []
    for label, days in (("CA-01", 530), ("CA-02", 0), ("CA-01", -12)):
        signing, encryption = certificate(holder, now, days), certificate(holder, now, days, signs=False)
        token = TokenInfo("m", 0, label, "31e433399d26", certificates=(signing, encryption), pin_state=PinState.OK)
        found.append(KeyPair(token, signing, encryption))
    return tuple(found)


def picker(shown: Sequence[KeyPair], now: datetime, opening: datetime | None = None) -> CertificatePicker:
    """A picker at a fixed time."""
    return CertificatePicker(shown, ManualClock(now - timedelta(minutes=1)), opening=opening)


def checks(holder: str, now: datetime) -> list[Check]:
    """A check with one of each outcome."""
    until = f"{now + timedelta(days=21):%Y-%m-%d}"
    facts: dict[str, str | int] = {"holder": holder, "number": USCC, "issuer": ISSUER, "date": until}
    named: dict[str, str | int] = {"label": "CA-01", "serial": "31e433399d26"}
    path = "/opt/lm-gm3000/lib/libgm3000_pkcs11.so"
    return [
        Check("provider", Outcome.PASSED, "doctor.provider_ok", {"count": 1}, "PKCS11"),
        Check("provider", Outcome.SKIPPED, "doctor.provider.no_module", {}, "SKF"),
        Check("module", Outcome.PASSED, "doctor.module_ok", {"name": "Longmai mToken GM3000", "path": path}),
        Check("reader", Outcome.PASSED, "doctor.pcsc_absent"),
        Check("reader", Outcome.PASSED, "doctor.usb_seen", {"name": "mToken GM3000", "maker": "Longmai"}),
        Check("token", Outcome.PASSED, "doctor.token_ok", named, "CA-01"),
        Check("signing", Outcome.ATTENTION, "doctor.certificate_soon", facts, "CA-01"),
        Check("encryption", Outcome.ATTENTION, "token.no_encryption_certificate", {}, "CA-01"),
        Check("sign", Outcome.PASSED, "doctor.sign_ok", facts, "CA-01"),
        Check("decrypt", Outcome.FAILED, "doctor.decrypt_wrong", facts, "CA-01"),
        Check("missing", Outcome.SKIPPED, "doctor.missing", {"name": "OpenSC"}, "opensc",
              {"zh": "apt install opensc-pkcs11 pcscd", "en": "apt install opensc-pkcs11 pcscd"}),
    ]  # fmt: skip


def drivers() -> list[DriverView]:
    """A driver in each state."""
    return [
        DriverView(name="SoftHSM 2", path="/usr/lib/softhsm/libsofthsm2.so", used=True),
        DriverView(name="Longmai mToken GM3000", path="/opt/lm-gm3000/lib/libgm3000_pkcs11.so", used=True, added=True),
        DriverView(
            name="/opt/ca/lib/libca_p11.so", path="/opt/ca/lib/libca_p11.so", added=True,
            problem="token.module_broken",
        ),
        DriverView(name="OpenSC", path="/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"),
    ]  # fmt: skip
