"""Tokens behind SKF modules (GM/T 0016), for the token worker: devices, applications and containers as PKCS#11 tokens.

A token is an application of a device; its certificates are those of the application's containers, up to two in each:
one for signing, one for encryption. Their key id is ``S`` or ``E`` and the container's name. The PIN belongs to the
application, and the *device* remembers a login, also when this process has gone: letting go always clears it.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from app.ca import skf_library as skf
from app.ca.pkcs11_keys import DIGEST_INFO_SHA256
from app.ca.skf_library import SkfError, SkfLibrary
from app.ca.token_module import Ask, Refuse, TokenModules
from app.ca.worker_wire import (
    Done,
    OpenSm4,
    Operation,
    Pin,
    PinNeeded,
    RawCertificate,
    RawSlot,
    Reply,
    Sign,
    TokenRef,
)

_GONE = (skf.DEVICE_REMOVED, skf.INVALID_HANDLE)
_PIN_REFUSED = (skf.PIN_INCORRECT, skf.PIN_INVALID, skf.PIN_LENGTH)
_FEW = 3
_SIGNS, _OPENS = b"S", b"E"


class _Gone(Exception):
    """The device is not there any more, or another one is."""


@dataclass
class _Device:
    """A connected device; handles stay open as long as it is there, since some modules count them badly."""

    module: str
    name: bytes
    handle: int
    applications: dict[bytes, int] = field(default_factory=dict)


class SkfTokens(TokenModules):
    """SKF modules and their devices. A session is the pair of a device and the handle of an application."""

    def __init__(self) -> None:
        super().__init__()
        self._libraries: dict[str, SkfLibrary] = {}
        self._devices: list[_Device] = []
        self._suspect: set[str] = set()
        self._places: dict[TokenRef, tuple[_Device, int]] = {}

    def _load(self, module: str, after_loss: bool) -> None:
        if after_loss:
            self._suspect.add(module)
        try:
            self._libraries[module] = SkfLibrary(module)
        except OSError as error:
            raise Refuse("token.module_broken", type(error).__name__) from None

    # -- what is there

    def _list(self, module: str) -> list[RawSlot]:
        library = self._libraries[module]
        names = library.devices()
        for device in [one for one in self._devices if one.module == module and one.name not in names]:
            self._drop(device)
        found: list[RawSlot] = []
        for name in names:
            try:
                found.extend(self._describe(library, self._connected(module, name), len(found)))
            except SkfError as error:  # a broken neighbour hides nobody
                self._drop_named(module, name)
                gone = self._is_gone(library, name, error)
                problem = "token.gone" if gone else "token.refused"
                found.append(RawSlot(len(found), label=skf.text(name), problem=problem))
        return found

    def _connected(self, module: str, name: bytes) -> _Device:
        """The device, connected anew where it was pulled and put back."""
        library = self._libraries[module]
        known = next((one for one in self._devices if (one.module, one.name) == (module, name)), None)
        if known is not None:
            try:
                library.device_info(known.handle)
                return known
            except SkfError:
                self._drop(known)
        device = _Device(module, name, library.connect(name))
        self._devices.append(device)
        return device

    def _describe(self, library: SkfLibrary, device: _Device, first: int) -> list[RawSlot]:
        label, serial, manufacturer = library.device_info(device.handle)
        label = label or skf.text(device.name)
        everything: dict[bytes, list[RawCertificate]] = {}
        for name in library.applications(device.handle):
            if name not in device.applications:
                device.applications[name] = library.open_application(device.handle, name)
                if device.module in self._suspect:  # the device outlived a child that could not log out
                    library.clear_secure_state(device.applications[name])
            everything[name] = _certificates(library, device.applications[name])
        used = {name: certificates for name, certificates in everything.items() if certificates}
        slots: list[RawSlot] = []
        for name, certificates in (used or dict(list(everything.items())[:1])).items():
            shown = f"{label} / {skf.text(name)}" if len(used) > 1 else label
            application = device.applications[name]
            state, left = _pin_state(library, application)
            self._places[TokenRef(device.module, serial, shown)] = device, application
            slots.append(
                RawSlot(
                    slot=first + len(slots),
                    label=shown,
                    serial=serial,
                    manufacturer=manufacturer,
                    certificates=certificates,
                    pin_state=state,
                    tries_left=left,
                    profile="skf",
                )
            )
        return slots or [RawSlot(first, label=label, serial=serial, manufacturer=manufacturer)]

    # -- what it does

    def _operate(self, request: Operation) -> Reply:
        try:
            return self._attempt(request)
        except _Gone:
            if request.pin is not None:
                raise Refuse("token.gone") from None
        try:
            return self._attempt(request)  # the token may be back already: then the person is asked for the PIN
        except _Gone:
            raise Refuse("token.gone") from None

    def _attempt(self, request: Operation) -> Reply:
        ref = request.token
        if ref not in self._places:
            self._list(ref.module)
        if ref not in self._places:
            raise _Gone
        device, application = self._places[ref]
        library = self._libraries[ref.module]
        try:
            if library.device_info(device.handle)[1] != ref.serial:  # another one under the same name
                self._drop(device)
                raise _Gone
            if ref not in self._sessions:
                self._login(library, application, ref, request.pin)
            return self._perform(library, application, request)
        except SkfError as error:
            if self._is_gone(library, device.name, error):
                self._drop(device)
                raise _Gone from None
            if error.code == skf.NOT_LOGGED_IN:  # another program logged it out
                self._sessions.pop(ref, None)
                raise self._ask(library, application) from None
            raise self._refusal(request, error) from None

    def _login(self, library: SkfLibrary, application: int, ref: TokenRef, pin: Pin | None) -> None:
        state, _left = _pin_state(library, application)
        if pin is None or state == "locked" or (state == "final" and not pin.final_confirmed):
            raise self._ask(library, application)
        try:
            try:
                library.verify_pin(application, pin.value)
            except SkfError as error:
                if error.code != skf.ALREADY_LOGGED_IN:
                    raise
                library.clear_secure_state(application)  # somebody else's login proves nothing about this person
                library.verify_pin(application, pin.value)
        except SkfError as error:
            if error.code in _PIN_REFUSED:
                raise self._ask(library, application, error) from None
            if error.code == skf.PIN_LOCKED:
                raise Refuse("token.pin_locked") from None
            if error.code == skf.PIN_NOT_SET:
                raise Refuse("token.pin_not_set") from None
            raise
        self._sessions[ref] = self._places[ref]

    def _perform(self, library: SkfLibrary, application: int, request: Operation) -> Reply:
        usage, name = request.key_id[:1], request.key_id[1:]
        if name not in library.containers(application):
            raise Refuse("token.key_missing")
        container = library.open_container(application, name)
        try:
            match request:
                case Sign(algorithm="sm2", digest=digest) if usage == _SIGNS:
                    return Done(library.sign_sm2(container, digest))
                case Sign(algorithm="rsa", data=data) if usage == _SIGNS:
                    return Done(library.sign_rsa(container, DIGEST_INFO_SHA256 + sha256(data).digest()))
                case OpenSm4(wrapped_key=wrapped_key, iv=iv, ciphertext=ciphertext) if usage == _OPENS:
                    return Done(library.open_sm4(container, wrapped_key, iv, ciphertext))
                case _:  # SKF has no RSA or raw SM2 decryption, and no other curve
                    raise Refuse("token.unsupported", f"SKF {type(request).__name__}")
        finally:
            library.close_container(container)

    def _ask(self, library: SkfLibrary, application: int, refused: SkfError | None = None) -> Exception:
        state, left = _pin_state(library, application)
        if left is None and refused is not None and refused.left is not None:  # the device tells only after a try
            left, state = refused.left, _state_of(refused.left, None)
        if state == "locked":
            return Refuse("token.pin_locked")
        return Ask(PinNeeded(state, wrong=refused is not None, tries_left=left))

    def _refusal(self, request: Operation, error: SkfError) -> Refuse:
        if error.code == skf.NOT_SUPPORTED:
            return Refuse("token.unsupported", str(error))
        if error.code == skf.KEY_NOT_FOUND:
            return Refuse("token.key_missing", str(error))
        # One answer for whatever is wrong with a ciphertext: more would help an attacker.
        return Refuse("keywrap.refused" if isinstance(request, OpenSm4) else "token.refused", str(error))

    # -- letting go

    def _is_gone(self, library: SkfLibrary, name: bytes, error: SkfError) -> bool:
        """Modules have many numbers for a device that was pulled: when in doubt, see whether it is there."""
        return error.code in _GONE or not library.is_present(name)

    def _drop_named(self, module: str, name: bytes) -> None:
        for device in [one for one in self._devices if (one.module, one.name) == (module, name)]:
            self._drop(device)

    def _drop(self, device: _Device) -> None:
        """Forget a device that is gone, and all handles into it."""
        library = self._libraries[device.module]
        self._devices = [one for one in self._devices if one is not device]
        self._places = {ref: place for ref, place in self._places.items() if place[0] is not device}
        self._sessions = {ref: place for ref, place in self._sessions.items() if place[0] is not device}
        for close, handle in (
            *((library.close_application, handle) for handle in device.applications.values()),
            (library.disconnect, device.handle),
        ):
            try:
                close(handle)
            except SkfError:
                continue  # it is gone all the same

    def _log_out(self, token: TokenRef, session: tuple[_Device, int]) -> None:
        device, application = session
        try:
            self._libraries[token.module].clear_secure_state(application)
        except SkfError:
            self._drop(device)


def _certificates(library: SkfLibrary, application: int) -> list[RawCertificate]:
    found: list[RawCertificate] = []
    for name in library.containers(application):
        container = library.open_container(application, name)
        try:
            pairs = [(usage + name, library.certificate(container, usage == _SIGNS)) for usage in (_SIGNS, _OPENS)]
        finally:
            library.close_container(container)
        found.extend(RawCertificate(key_id, der) for key_id, der in pairs if der)
    return found


def _pin_state(library: SkfLibrary, application: int) -> tuple[str, int | None]:
    try:
        most, left = library.pin_tries(application)
    except SkfError as error:
        if error.code in _GONE:
            raise
        return "unknown", None
    return _state_of(left, most), left


def _state_of(left: int, most: int | None) -> str:
    if left <= 1:
        return "final" if left else "locked"
    return "low" if left <= _FEW and left != most else "ok"
