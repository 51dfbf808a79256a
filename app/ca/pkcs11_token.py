"""Tokens behind PKCS#11 modules, for the token worker: the one process and the one thread that touch them.

python-pkcs11 calls C_Initialize without locking and releases the GIL, so threads crash it; vendor modules hang and
write to standard output. All of that stays in the child. The binding is python-pkcs11, or :mod:`app.ca.cryptoki_ctypes`
where the interpreter has nothing but itself.
"""

import os
from typing import Any

from app.ca.cryptoki_ctypes import SlotFlag, TokenFlag
from app.ca.pkcs11_keys import Pkcs11Errors, Pkcs11Keys, needs_sm2
from app.ca.pkcs11_sm2 import Profile, is_sm2, profile_of
from app.ca.token_module import Ask, Refuse, TokenModules
from app.ca.worker_wire import Derive, Forget, Operation, Pin, PinNeeded, RawSlot, Reply, TokenRef


class Pkcs11Tokens(TokenModules):
    """PKCS#11 modules, through python-pkcs11 or what stands in for it."""

    def __init__(self, binding: Any) -> None:
        super().__init__()
        self._binding = binding
        self._keys = Pkcs11Keys(binding)
        self._errors = Pkcs11Errors(binding.exceptions)
        self._libraries: dict[str, Any] = {}
        self._profiles: dict[TokenRef, Profile | None] = {}

    def _load(self, module: str, after_loss: bool) -> None:
        if not os.path.isfile(module):
            raise Refuse("token.module_missing")
        try:
            self._libraries[module] = self._binding.lib(module)
        except (self._errors.any, RuntimeError, OSError) as error:
            raise Refuse("token.module_broken", type(error).__name__) from None

    # -- what is there

    def _list(self, module: str) -> list[RawSlot]:
        library = self._library(module)
        try:
            slots = library.get_slots(token_present=True)
            if self._needs_refresh(module, slots):
                self._restart(module)
                slots = library.get_slots(token_present=True)
        except self._errors.gone:
            self._restart(module)
            slots = library.get_slots(token_present=True)
        described = [self._describe(module, slot) for slot in slots]
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
        fixed = not any(slot.flags & SlotFlag.REMOVABLE_DEVICE for slot in slots)
        return fixed and not self._in_use(module)

    def _describe(self, module: str, slot: Any) -> RawSlot | None:
        try:
            token = slot.get_token()
            flags = token.flags
            if not flags & TokenFlag.TOKEN_INITIALIZED:
                return None
            certificates = self._keys.certificates(token)
            # Whose numbers the token uses for SM2, if it holds anything of SM2's.
            national = any(is_sm2(one.der) for one in certificates)
            profile = profile_of(slot.get_mechanisms()) if national else None
            self._profiles[TokenRef(module, _text(token.serial), token.label)] = profile
            return RawSlot(
                slot=slot.slot_id,
                label=token.label,
                serial=_text(token.serial),
                manufacturer=token.manufacturer_id,
                certificates=certificates,
                profile=profile.name if profile is not None else "",
                pin_state=_pin_state(flags),
                on_device=bool(flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH),
            )
        except (self._errors.one.TokenNotRecognised, UnicodeDecodeError):
            return RawSlot(slot=slot.slot_id, problem="token.unrecognised")
        except self._errors.gone:
            return RawSlot(slot=slot.slot_id, problem="token.gone")
        except self._errors.any:
            return RawSlot(slot=slot.slot_id, problem="token.refused")

    # -- what it does

    def _operate(self, request: Operation) -> Reply:
        try:
            return self._attempt(request)
        except self._errors.gone as error:
            self._restart(request.token.module)
            if request.pin is not None:
                raise Refuse("token.gone", type(error).__name__) from None
        try:
            return self._attempt(request)  # the token may be back already: then the person is asked for the PIN
        except self._errors.gone as error:
            raise Refuse("token.gone", type(error).__name__) from None

    def _attempt(self, request: Operation) -> Reply:
        session = known = self._sessions.get(request.token)
        if session is None:
            session = self._login(request.token, request.pin)
        try:
            if needs_sm2(request) and request.token not in self._profiles:
                self._list(request.token.module)  # a new child has not looked yet
            profile = self._profiles.get(request.token)
            key = self._keys.find(session, request, profile)
            if key is None and known is not None:
                raise self._errors.one.ObjectHandleInvalid  # a token pulled out may look empty instead of dead
            if key is None:
                raise Refuse("token.key_missing")
            pin = self._context_pin(key, request)
            return self._keys.perform(key, request, profile, pin)
        except self._errors.one.UserNotLoggedIn:  # someone else logged the application out
            self._sessions.pop(request.token, None)
            raise self._ask(request.token) from None
        except self._errors.one.PinIncorrect:
            self.handle(Forget(request.token))  # the begun operation stays in the session: only closing it ends that
            raise self._ask(request.token, wrong=True) from None
        except self._errors.one.PinLocked:
            raise Refuse("token.pin_locked") from None

    def _login(self, ref: TokenRef, pin: Pin | None) -> Any:
        token = self._token(ref)
        state = _pin_state(token.flags)
        if pin is None or state == "locked" or (state == "final" and not pin.final_confirmed):
            raise self._ask(ref)
        try:
            session = token.open(user_pin=self._binding.PROTECTED_AUTH if pin.on_device else pin.value)
        except self._errors.one.UserAlreadyLoggedIn:
            session = token.open()
        except self._errors.pin_refused:
            self._release_failed_login(ref.module)
            raise self._ask(ref, wrong=True) from None
        except tuple(self._errors.login) as error:
            self._release_failed_login(ref.module)
            raise Refuse(self._errors.login[type(error)]) from None
        self._sessions[ref] = session
        return session

    def _context_pin(self, key: Any, request: Operation) -> str | None:
        """The PIN for a key that wants one at each use (CKA_ALWAYS_AUTHENTICATE)."""
        try:
            always = bool(key[self._binding.Attribute.ALWAYS_AUTHENTICATE])
        except (self._errors.one.AttributeTypeInvalid, self._errors.one.AttributeSensitive):
            always = False
        if not always or isinstance(request, Derive):  # PKCS#11 has no context login for derivation
            return None
        if request.pin is None:
            raise self._ask(request.token)
        if request.pin.on_device:
            raise Refuse("token.unsupported", "AlwaysAuthenticateOnDevice")
        return request.pin.value

    def _ask(self, ref: TokenRef, wrong: bool = False) -> Exception:
        flags = self._token(ref).flags  # a token's flags are a snapshot: fetched anew after each try
        state = _pin_state(flags)
        if state == "locked":
            return Refuse("token.pin_locked")
        return Ask(PinNeeded(state, wrong, bool(flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH)))

    def _token(self, ref: TokenRef) -> Any:
        for slot in self._library(ref.module).get_slots(token_present=True):
            try:
                token = slot.get_token()
                if (_text(token.serial), token.label) == (ref.serial, ref.label):
                    return token
            except self._errors.any:
                continue  # a broken neighbour hides nobody
        raise self._errors.one.TokenNotPresent

    def _library(self, module: str) -> Any:
        library = self._libraries.get(module)
        if library is None:
            raise Refuse("token.module_missing")
        if not library.initialized:  # starting it anew failed while the token was away
            library.initialize()
        return library

    # -- letting go

    def _log_out(self, token: TokenRef, session: Any) -> None:
        try:
            session.close()
        except self._errors.any:
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
            except self._errors.any:
                continue  # finalised it is all the same; a failed start is tried again with the next request


def _pin_state(flags: Any) -> str:
    if flags & TokenFlag.USER_PIN_LOCKED:
        return "locked"
    if flags & TokenFlag.USER_PIN_FINAL_TRY:
        return "final"
    return "low" if flags & TokenFlag.USER_PIN_COUNT_LOW else "ok"


def _text(serial: bytes) -> str:
    return serial.decode("ascii", errors="replace").strip("\0 ")
