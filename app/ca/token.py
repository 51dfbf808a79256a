"""Who holds keys, and how the person is asked: the interface that tokens, software keys and tests share."""

from enum import StrEnum
from typing import Protocol

import msgspec

from app.ca.signatures import CertificateInfo


class Act(msgspec.Struct, frozen=True):
    """What the holder's key is about to do, in codes: the PIN dialog shows exactly this.

    Attributes:
        code: e.g. ``sign_in``, ``release_share``, ``sign_document``, ``seal_bid``.
        facts: what the sentence needs, e.g. case number, document title, price.
    """

    code: str
    facts: dict[str, str] = {}


class PinState(StrEnum):
    """How many PIN tries the token says are left (PKCS#11 reports no number)."""

    OK = "ok"
    LOW = "low"
    FINAL = "final"
    LOCKED = "locked"
    UNKNOWN = "unknown"


class TokenInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One token (CA 锁) in one slot.

    Attributes:
        module: path of the PKCS#11 module.
        slot: slot id within the module.
        label, serial, manufacturer: as the token says; may be empty when ``problem`` is set.
        certificates: readable without a PIN, CA certificates included.
        pin_state: tries left.
        protected_path: the PIN is entered on the device itself.
        problem: None when usable; else a code, e.g. ``token.gone``, ``token.unrecognised``, ``token.module_missing``.
        tries_left: the number itself, where the token tells it (SKF does).
        profile: whose numbers for SM2 a PKCS#11 module was found to use (:mod:`app.ca.pkcs11_sm2`), or empty;
            ``skf`` behind an SKF module.
    """

    module: str
    slot: int
    label: str = ""
    serial: str = ""
    manufacturer: str = ""
    certificates: tuple[CertificateInfo, ...] = ()
    pin_state: PinState = PinState.UNKNOWN
    protected_path: bool = False
    problem: str | None = None
    tries_left: int | None = None
    profile: str = ""


class PinRequest(msgspec.Struct, frozen=True):
    """A question for the token's PIN.

    Attributes:
        token_label, token_serial: which token.
        holder: name in the certificate whose key will be used.
        act: what the PIN will do.
        pin_state: tries left.
        wrong: the PIN given just before was refused.
        tries_left: the number itself, where the token tells it.
        on_device: protected path: show a notice; any answer but None starts the entry on the device.
    """

    token_label: str
    token_serial: str
    holder: str
    act: Act
    pin_state: PinState
    wrong: bool = False
    on_device: bool = False
    tries_left: int | None = None

    @property
    def final(self) -> bool:
        """One more wrong PIN locks the token."""
        return self.pin_state is PinState.FINAL


class PinProvider(Protocol):
    """Asks the person for a PIN: a dialog, a console prompt or a test."""

    async def ask(self, request: PinRequest) -> str | None:
        """The PIN, or None when the person cancels. Asked anew, with ``wrong`` set, after a refused PIN."""
        ...

    async def confirm_final(self, request: PinRequest) -> bool:
        """Whether the person wants to use the last try; asked before ``ask`` when ``request.final``."""
        ...


class FixedPin:
    """Answers the PIN it was given, never after a refusal and never on the last try: for rehearsals."""

    def __init__(self, pin: str) -> None:
        self._pin = pin

    async def ask(self, request: PinRequest) -> str | None:
        return None if request.wrong else self._pin

    async def confirm_final(self, request: PinRequest) -> bool:
        return False


class KeyHolder(Protocol):
    """A person's keys (签名证书 and 加密证书), wherever they are.

    Attributes:
        signing_certificate: DER; its key makes the signatures.
        encryption_certificate: DER; blobs are wrapped to it. May be the same certificate.
        chain: DER certificates of intermediates, leaf excluded, nearest first; may be empty.
    """

    @property
    def signing_certificate(self) -> bytes: ...

    @property
    def encryption_certificate(self) -> bytes: ...

    @property
    def chain(self) -> tuple[bytes, ...]: ...

    async def sign(self, data: bytes, act: Act) -> bytes:
        """Sign ``data``: RSA PKCS#1 v1.5 or ECDSA in DER with SHA-256, or SM2 in DER with SM3, by the certificate.

        Raises:
            InputError: ``token.*`` codes of :mod:`app.ca.worker`: cancelled, pin_locked, gone, no_signing_key, …
            FaultError: ``token.timeout``, ``token.worker_died``.
        """
        ...

    async def unwrap(self, blob: bytes, act: Act) -> bytes:
        """Open a blob of :func:`app.ca.keywrap.wrap` made for the encryption certificate.

        Raises:
            InputError: ``keywrap.refused`` whatever is wrong with the blob; ``token.*`` as for :meth:`sign`.
        """
        ...
