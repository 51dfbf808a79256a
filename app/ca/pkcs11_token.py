"""The token worker's own side: the one process and the one thread that touch PKCS#11 modules.

python-pkcs11 calls C_Initialize without locking and releases the GIL, so threads crash it; vendor modules hang and
write to standard output. All of that stays in this child. Start: ``python -m app.ca.pkcs11_token``.
"""

import hashlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

import pkcs11
from pkcs11 import exceptions as p11

from app.ca.worker_wire import (
    Decrypt,
    Derive,
    Done,
    Failed,
    Forget,
    ListSlots,
    Load,
    Operation,
    Pin,
    PinNeeded,
    RawCertificate,
    RawSlot,
    Reply,
    Request,
    Sign,
    Slots,
    TokenRef,
    receive_request,
    send,
)

GONE = (
    p11.DeviceRemoved, p11.DeviceError, p11.TokenNotPresent, p11.SessionHandleInvalid, p11.ObjectHandleInvalid,
    p11.KeyHandleInvalid, p11.GeneralError, p11.SessionClosed, p11.SlotIDInvalid,
)  # fmt: skip
_UNSUPPORTED = (p11.ArgumentsBad, p11.MechanismInvalid, p11.MechanismParamInvalid, p11.FunctionNotSupported)
_BAD_CIPHERTEXT = (p11.EncryptedDataInvalid, p11.EncryptedDataLenRange, p11.DataInvalid, p11.DataLenRange)
_LOGIN_FAILURES: dict[type[Exception], str] = {
    p11.PinLocked: "token.pin_locked",
    p11.PinExpired: "token.pin_expired",
    p11.UserPinNotInitialized: "token.pin_not_set",
    p11.FunctionCancelled: "token.cancelled",
    p11.FunctionRejected: "token.cancelled",
}
_DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017 9.2
_EC_PARAMETER_ERRORS = (p11.ArgumentsBad, p11.MechanismParamInvalid, p11.DomainParamsInvalid, p11.PublicKeyInvalid)


class _Ask(Exception):
    """A PIN is needed before the operation can go on."""

    def __init__(self, reply: PinNeeded) -> None:
        super().__init__("pin needed")
        self.reply = reply


class _Refuse(Exception):
    """The operation ends with a code."""

    def __init__(self, code: str, error: str = "") -> None:
        super().__init__(code)
        self.reply = Failed(code, error)


class Pkcs11Tokens:
    """The loaded modules and the sessions in which a person is logged in."""

    def __init__(self) -> None:
        self._libraries: dict[str, Any] = {}
        self._sessions: dict[TokenRef, Any] = {}

    def handle(self, request: Request) -> Reply:
        """Carry out one request; every PKCS#11 error becomes a reply."""
        try:
            match request:
                case Load(module):
                    return self._load(module)
                case ListSlots(module):
                    return Slots(self._list(module))
                case Forget(token):
                    self._forget(token)
                    return Done()
                case Sign() | Decrypt() | Derive():
                    return self._operate(request)
        except _Ask as ask:
            return ask.reply
        except _Refuse as refusal:
            return refusal.reply
        except Exception as error:  # whatever a vendor's module makes of us, the next request is answered
            return Failed("token.refused", type(error).__name__)

    def _load(self, module: str) -> Reply:
        if not os.path.isfile(module):
            return Failed("token.module_missing")
        try:
            self._libraries[module] = pkcs11.lib(module)
        except (p11.PKCS11Error, RuntimeError) as error:
            return Failed("token.module_broken", type(error).__name__)
        return Done()

    # -- what is there

    def _list(self, module: str) -> list[RawSlot]:
        library = self._library(module)
        try:
            slots = library.get_slots(token_present=True)
            if self._needs_refresh(module, slots):
                self._restart(module)
                slots = library.get_slots(token_present=True)
        except GONE:
            self._restart(module)
            slots = library.get_slots(token_present=True)
        described = [self._describe(slot) for slot in slots]
        found = [slot for slot in described if slot is not None]
        present = {(slot.serial, slot.label) for slot in found if slot.problem is None}
        for token in [token for token in self._sessions if token.module == module]:
            if (token.serial, token.label) not in present:
                del self._sessions[token]
        # Not while somebody is logged in: one dead token would log out its neighbours at each look.
        if any(slot.problem == "token.gone" for slot in found) and not self._in_use(module):
            self._restart(module)
        return found

    def _in_use(self, module: str) -> bool:
        return any(token.module == module for token in self._sessions)

    def _needs_refresh(self, module: str, slots: list[Any]) -> bool:
        # A module without removable slots (SoftHSM) looks for tokens only when it starts.
        fixed = not any(slot.flags & pkcs11.SlotFlag.REMOVABLE_DEVICE for slot in slots)
        return fixed and not self._in_use(module)

    def _describe(self, slot: Any) -> RawSlot | None:
        try:
            token = slot.get_token()
            flags = token.flags
            if not flags & pkcs11.TokenFlag.TOKEN_INITIALIZED:
                return None
            return RawSlot(
                slot=slot.slot_id,
                label=token.label,
                serial=_text(token.serial),
                manufacturer=token.manufacturer_id,
                certificates=_certificates(token),
                pin_state=_pin_state(flags),
                on_device=bool(flags & pkcs11.TokenFlag.PROTECTED_AUTHENTICATION_PATH),
            )
        except (p11.TokenNotRecognised, UnicodeDecodeError):
            return RawSlot(slot=slot.slot_id, problem="token.unrecognised")
        except GONE:
            return RawSlot(slot=slot.slot_id, problem="token.gone")
        except p11.PKCS11Error:
            return RawSlot(slot=slot.slot_id, problem="token.refused")

    # -- what it does

    def _operate(self, request: Operation) -> Reply:
        try:
            return self._attempt(request)
        except GONE as error:
            self._restart(request.token.module)
            if request.pin is not None:
                raise _Refuse("token.gone", type(error).__name__) from None
        try:
            return self._attempt(request)  # the token may be back already: then the person is asked for the PIN
        except GONE as error:
            raise _Refuse("token.gone", type(error).__name__) from None

    def _attempt(self, request: Operation) -> Reply:
        session = known = self._sessions.get(request.token)
        if session is None:
            session = self._login(request.token, request.pin)
        try:
            key = _private_key(session, request)
            if key is None and known is not None:
                raise p11.ObjectHandleInvalid  # a token pulled out may look empty instead of dead
            if key is None:
                raise _Refuse("token.key_missing")
            pin = self._context_pin(key, request)
            return _perform(key, request, pin)
        except p11.UserNotLoggedIn:  # someone else logged the application out
            self._sessions.pop(request.token, None)
            raise self._ask(request.token) from None
        except p11.PinIncorrect:
            self._forget(request.token)  # the begun operation stays in the session: only closing it ends that
            raise self._ask(request.token, wrong=True) from None
        except p11.PinLocked:
            raise _Refuse("token.pin_locked") from None

    def _login(self, ref: TokenRef, pin: Pin | None) -> Any:
        token = self._token(ref)
        state = _pin_state(token.flags)
        if pin is None or state == "locked" or (state == "final" and not pin.final_confirmed):
            raise self._ask(ref)
        try:
            session = token.open(user_pin=pkcs11.PROTECTED_AUTH if pin.on_device else pin.value)
        except p11.UserAlreadyLoggedIn:
            session = token.open()
        except (p11.PinIncorrect, p11.PinInvalid, p11.PinLenRange):
            self._release_failed_login(ref.module)
            raise self._ask(ref, wrong=True) from None
        except tuple(_LOGIN_FAILURES) as error:
            self._release_failed_login(ref.module)
            raise _Refuse(_LOGIN_FAILURES[type(error)]) from None
        self._sessions[ref] = session
        return session

    def _context_pin(self, key: Any, request: Operation) -> str | None:
        """The PIN for a key that wants one at each use (CKA_ALWAYS_AUTHENTICATE)."""
        try:
            always = bool(key[pkcs11.Attribute.ALWAYS_AUTHENTICATE])
        except (p11.AttributeTypeInvalid, p11.AttributeSensitive):
            always = False
        if not always or isinstance(request, Derive):  # PKCS#11 has no context login for derivation
            return None
        if request.pin is None:
            raise self._ask(request.token)
        if request.pin.on_device:
            raise _Refuse("token.unsupported", "AlwaysAuthenticateOnDevice")
        return request.pin.value

    def _ask(self, ref: TokenRef, wrong: bool = False) -> Exception:
        flags = self._token(ref).flags  # a token's flags are a snapshot: fetched anew after each try
        state = _pin_state(flags)
        if state == "locked":
            return _Refuse("token.pin_locked")
        return _Ask(PinNeeded(state, wrong, bool(flags & pkcs11.TokenFlag.PROTECTED_AUTHENTICATION_PATH)))

    def _token(self, ref: TokenRef) -> Any:
        for slot in self._library(ref.module).get_slots(token_present=True):
            try:
                token = slot.get_token()
                if (_text(token.serial), token.label) == (ref.serial, ref.label):
                    return token
            except p11.PKCS11Error:
                continue  # a broken neighbour hides nobody
        raise p11.TokenNotPresent

    def _library(self, module: str) -> Any:
        library = self._libraries.get(module)
        if library is None:
            raise _Refuse("token.module_missing")
        if not library.initialized:  # starting it anew failed while the token was away
            library.initialize()
        return library

    # -- letting go

    def _forget(self, ref: TokenRef | None) -> None:
        for token in [token for token in self._sessions if ref is None or token == ref]:
            session = self._sessions.pop(token)
            try:
                session.close()
            except p11.PKCS11Error:
                self._restart(token.module)

    def _release_failed_login(self, module: str) -> None:
        # A failed open leaves its session behind, and tokens have few of them.
        if not self._in_use(module):
            self._restart(module)

    def _restart(self, module: str) -> None:
        """After a removal every handle of the module is dead; only starting it anew heals."""
        self._sessions = {token: session for token, session in self._sessions.items() if token.module != module}
        library = self._libraries[module]
        for step in (library.finalize, library.initialize):
            try:
                step()
            except p11.PKCS11Error:
                continue  # finalised it is all the same; a failed start is tried again with the next request


def _perform(key: Any, request: Operation, pin: str | None) -> Reply:
    match request:
        case Sign():
            return Done(_sign(key, request, pin))
        case Decrypt():
            return _decrypt(key, request, pin)
        case Derive():
            return Done(_derive(key, request.point))


def _sign(key: Any, request: Sign, pin: str | None) -> bytes:
    digest = hashlib.sha256(request.data).digest()
    if not request.rsa:
        return bytes(key.sign(digest, mechanism=pkcs11.Mechanism.ECDSA, pin=pin))
    try:
        return bytes(key.sign(_DIGEST_INFO_SHA256 + digest, mechanism=pkcs11.Mechanism.RSA_PKCS, pin=pin))
    except _UNSUPPORTED:  # some tokens insist on hashing themselves
        return bytes(key.sign(request.data, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS, pin=pin))


def _decrypt(key: Any, request: Decrypt, pin: str | None) -> Done:
    oaep = (pkcs11.Mechanism.SHA256, pkcs11.MGF.SHA256, None)
    mechanism = pkcs11.Mechanism
    try:
        try:
            found = key.decrypt(request.ciphertext, mechanism=mechanism.RSA_PKCS_OAEP, mechanism_param=oaep, pin=pin)
            return Done(bytes(found))
        except _UNSUPPORTED:
            return Done(bytes(key.decrypt(request.ciphertext, mechanism=mechanism.RSA_X_509, pin=pin)), raw=True)
    except _BAD_CIPHERTEXT:
        raise _Refuse("keywrap.refused") from None


def _derive(key: Any, point: bytes) -> bytes:
    template = {
        pkcs11.Attribute.SENSITIVE: False,
        pkcs11.Attribute.EXTRACTABLE: True,
        pkcs11.Attribute.TOKEN: False,
    }
    for encoded in (point, b"\x04\x41" + point):  # raw by PKCS#11 2.40; older modules want it DER-encoded
        try:
            secret = key.derive_key(
                pkcs11.KeyType.GENERIC_SECRET,
                256,
                mechanism=pkcs11.Mechanism.ECDH1_DERIVE,
                mechanism_param=(pkcs11.KDF.NULL, None, encoded),
                template=template,
            )
        except _EC_PARAMETER_ERRORS:
            continue
        try:
            return bytes(secret[pkcs11.Attribute.VALUE])
        finally:
            secret.destroy()
    raise _Refuse("token.unsupported", "ECDH1_DERIVE")


def _private_key(session: Any, request: Operation) -> Any:
    is_rsa = isinstance(request, Decrypt) or (isinstance(request, Sign) and request.rsa)
    wanted = {
        pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
        pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.RSA if is_rsa else pkcs11.KeyType.EC,
        pkcs11.Attribute.ID: request.key_id,
    }
    keys = list(session.get_objects(wanted))
    return keys[0] if len(keys) == 1 else None


def _certificates(token: Any) -> list[RawCertificate]:
    session = token.open()
    try:
        found = session.get_objects(
            {
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
            }
        )
        pairs = ((one[pkcs11.Attribute.ID] or b"", one[pkcs11.Attribute.VALUE]) for one in found)
        return [RawCertificate(bytes(key_id), bytes(der)) for key_id, der in pairs if der]
    finally:
        session.close()


def _pin_state(flags: Any) -> str:
    if flags & pkcs11.TokenFlag.USER_PIN_LOCKED:
        return "locked"
    if flags & pkcs11.TokenFlag.USER_PIN_FINAL_TRY:
        return "final"
    return "low" if flags & pkcs11.TokenFlag.USER_PIN_COUNT_LOW else "ok"


def _text(serial: bytes) -> str:
    return serial.decode("ascii", errors="replace").strip("\0 ")


def serve(incoming: BinaryIO, outgoing: BinaryIO, handle: Callable[[Request], Reply]) -> None:
    """Answer requests one after the other until the pipe ends."""
    while True:
        try:
            request = receive_request(incoming)
        except EOFError:
            return
        send(outgoing, handle(request))


def main() -> None:
    """The child process. Standard output is the program's pipe: modules that print find standard error instead."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the program, which then closes the pipe
    outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, outgoing, Pkcs11Tokens().handle)


if __name__ == "__main__":
    main()
