"""PKCS#11 2.40 by ctypes alone: what the token worker needs, under the names that python-pkcs11 gives it.

:mod:`app.ca.pkcs11_token` runs on either binding. This one needs nothing but an interpreter, so that it serves 32-bit
modules; and it takes mechanism and key type numbers of vendors as they are. One thread only: modules are initialised
without locking.
"""

import ctypes
import sys
from enum import IntEnum, IntFlag
from types import SimpleNamespace
from typing import Any

_ULONG = ctypes.c_ulong  # CK_ULONG is the platform's unsigned long: 32 bit on every Windows
_UNAVAILABLE = _ULONG(-1).value
_PACK = 1 if sys.platform == "win32" else 0  # PKCS#11 2.40, 2.1: packed on Windows, natural alignment elsewhere
_MAX_ATTRIBUTE = 64 * 1024
_MAX_RESULT = 8 * 1024
_MAX_OBJECTS = 1000

PROTECTED_AUTH = object()
"""In place of a PIN: it is entered on the device."""


class Attribute(IntEnum):
    """CKA_*."""

    CLASS = 0x000
    TOKEN = 0x001
    VALUE = 0x011
    CERTIFICATE_TYPE = 0x080
    KEY_TYPE = 0x100
    ID = 0x102
    SENSITIVE = 0x103
    VALUE_LEN = 0x161
    EXTRACTABLE = 0x162
    ALWAYS_AUTHENTICATE = 0x202


class ObjectClass(IntEnum):
    """CKO_*."""

    CERTIFICATE = 1
    PRIVATE_KEY = 3
    SECRET_KEY = 4


class KeyType(IntEnum):
    """CKK_*."""

    RSA = 0x00
    EC = 0x03
    GENERIC_SECRET = 0x10


class CertificateType(IntEnum):
    """CKC_*."""

    X_509 = 0


class Mechanism(IntEnum):
    """CKM_*."""

    RSA_PKCS = 0x0001
    RSA_X_509 = 0x0003
    RSA_PKCS_OAEP = 0x0009
    SHA256_RSA_PKCS = 0x0040
    SHA256 = 0x0250
    ECDSA = 0x1041
    ECDH1_DERIVE = 0x1050


class MGF(IntEnum):
    """CKG_*."""

    SHA256 = 2


class KDF(IntEnum):
    """CKD_*."""

    NULL = 1


class SlotFlag(IntFlag):
    """CKF_* of a slot."""

    REMOVABLE_DEVICE = 0x2


class TokenFlag(IntFlag):
    """CKF_* of a token."""

    PROTECTED_AUTHENTICATION_PATH = 0x100
    TOKEN_INITIALIZED = 0x400
    USER_PIN_COUNT_LOW = 0x10000
    USER_PIN_FINAL_TRY = 0x20000
    USER_PIN_LOCKED = 0x40000


_SERIAL_SESSION, _USER, _CONTEXT_SPECIFIC, _DATA_SPECIFIED = 4, 1, 2, 1
_FLAGS = {Attribute.TOKEN, Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.ALWAYS_AUTHENTICATE}
_NUMBERS = {Attribute.CLASS, Attribute.KEY_TYPE, Attribute.CERTIFICATE_TYPE, Attribute.VALUE_LEN}

# CKR_* that somebody tells apart, by the names of their exceptions.
_ERRORS = {
    0x003: "SlotIDInvalid", 0x005: "GeneralError", 0x007: "ArgumentsBad", 0x011: "AttributeSensitive",
    0x012: "AttributeTypeInvalid", 0x020: "DataInvalid", 0x021: "DataLenRange", 0x030: "DeviceError",
    0x032: "DeviceRemoved", 0x040: "EncryptedDataInvalid", 0x041: "EncryptedDataLenRange", 0x050: "FunctionCancelled",
    0x054: "FunctionNotSupported", 0x060: "KeyHandleInvalid", 0x070: "MechanismInvalid",
    0x071: "MechanismParamInvalid", 0x082: "ObjectHandleInvalid", 0x0A0: "PinIncorrect", 0x0A1: "PinInvalid",
    0x0A2: "PinLenRange", 0x0A3: "PinExpired", 0x0A4: "PinLocked", 0x0B0: "SessionClosed",
    0x0B3: "SessionHandleInvalid", 0x0E0: "TokenNotPresent", 0x0E1: "TokenNotRecognised",
    0x100: "UserAlreadyLoggedIn", 0x101: "UserNotLoggedIn", 0x102: "UserPinNotInitialized",
    0x130: "DomainParamsInvalid", 0x1B9: "PublicKeyInvalid", 0x200: "FunctionRejected",
}  # fmt: skip


class PKCS11Error(Exception):
    """A function of the module returned something else than CKR_OK; its text is the hexadecimal CKR number."""


_KINDS = {code: type(name, (PKCS11Error,), {}) for code, name in _ERRORS.items()}
exceptions: Any = SimpleNamespace(PKCS11Error=PKCS11Error, **{kind.__name__: kind for kind in _KINDS.values()})
"""One class an error, all of them ``PKCS11Error``."""


class _Packed(ctypes.Structure):
    if _PACK:
        _pack_ = _PACK


class _SlotInfo(_Packed):
    _fields_ = (
        ("description", ctypes.c_char * 64),
        ("manufacturer", ctypes.c_char * 32),
        ("flags", _ULONG),
        ("versions", ctypes.c_ubyte * 4),
    )


class _TokenInfo(_Packed):
    _fields_ = (
        ("label", ctypes.c_ubyte * 32),
        ("manufacturer", ctypes.c_ubyte * 32),
        ("model", ctypes.c_ubyte * 16),
        ("serial", ctypes.c_ubyte * 16),
        ("flags", _ULONG),
        ("counts", _ULONG * 10),
        ("versions", ctypes.c_ubyte * 4),
        ("time", ctypes.c_ubyte * 16),
    )


class _Attribute(_Packed):
    _fields_ = (("type", _ULONG), ("value", ctypes.c_void_p), ("length", _ULONG))


class _Mechanism(_Packed):
    _fields_ = (("mechanism", _ULONG), ("parameter", ctypes.c_void_p), ("length", _ULONG))


class _OaepParameters(_Packed):
    _fields_ = (
        ("hash", _ULONG),
        ("mgf", _ULONG),
        ("source", _ULONG),
        ("source_data", ctypes.c_void_p),
        ("source_length", _ULONG),
    )


class _Ecdh1Parameters(_Packed):
    _fields_ = (
        ("kdf", _ULONG),
        ("shared_length", _ULONG),
        ("shared_data", ctypes.c_void_p),
        ("public_length", _ULONG),
        ("public_data", ctypes.c_void_p),
    )


class _FunctionList(_Packed):
    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * 68))


# Places in CK_FUNCTION_LIST, version left out.
_PLACES = {
    "C_Initialize": 0, "C_Finalize": 1, "C_GetSlotList": 4, "C_GetSlotInfo": 5, "C_GetTokenInfo": 6,
    "C_GetMechanismList": 7, "C_OpenSession": 12, "C_CloseSession": 13, "C_Login": 18, "C_Logout": 19,
    "C_DestroyObject": 22, "C_GetAttributeValue": 24, "C_FindObjectsInit": 26, "C_FindObjects": 27,
    "C_FindObjectsFinal": 28, "C_DecryptInit": 33, "C_Decrypt": 34, "C_SignInit": 42, "C_Sign": 43, "C_DeriveKey": 62,
}  # fmt: skip


class Library:
    """One module; initialised when made.

    Attributes:
        initialized: between a start and a :meth:`finalize`.
    """

    def __init__(self, path: str) -> None:
        """Load and initialise. Raises ``PKCS11Error``, OSError when it is no library, RuntimeError when not PKCS#11."""
        library = ctypes.CDLL(path)
        table = ctypes.POINTER(_FunctionList)()
        try:
            get_list = library.C_GetFunctionList
        except AttributeError:
            raise RuntimeError("no C_GetFunctionList") from None
        _check(get_list(ctypes.byref(table)))
        pointers = table.contents.functions
        prototype = ctypes.CFUNCTYPE(_ULONG)
        self._calls = {name: prototype(pointers[place]) for name, place in _PLACES.items() if pointers[place]}
        self._library = library  # keeps it loaded
        self.initialized = False
        self.initialize()

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function of the module; ints are CK_ULONG. Raises ``PKCS11Error``."""
        function = self._calls.get(name)
        if function is None:
            raise exceptions.FunctionNotSupported
        _check(function(*(_ULONG(one) if isinstance(one, int) else one for one in arguments)))

    def initialize(self) -> None:
        self.call("C_Initialize", None)
        self.initialized = True

    def finalize(self) -> None:
        self.initialized = False
        self.call("C_Finalize", None)

    def get_slots(self, token_present: bool = False) -> list["Slot"]:
        present, count = ctypes.c_ubyte(token_present), _ULONG()
        self.call("C_GetSlotList", present, None, ctypes.byref(count))
        room = _ULONG(count.value + 8)  # a token may come between the two calls
        slots = (_ULONG * room.value)()
        self.call("C_GetSlotList", present, slots, ctypes.byref(room))
        return [Slot(self, one) for one in slots[: room.value]]


class Slot:
    """A slot, by its number."""

    def __init__(self, library: Library, slot_id: int) -> None:
        self._library, self.slot_id = library, slot_id

    @property
    def flags(self) -> SlotFlag:
        info = _SlotInfo()
        self._library.call("C_GetSlotInfo", self.slot_id, ctypes.byref(info))
        return SlotFlag(info.flags)

    def get_token(self) -> "Token":
        info = _TokenInfo()
        self._library.call("C_GetTokenInfo", self.slot_id, ctypes.byref(info))
        return Token(self._library, self.slot_id, info)

    def get_mechanisms(self) -> set[int]:
        """Numbers of the mechanisms that the token offers."""
        count = _ULONG()
        self._library.call("C_GetMechanismList", self.slot_id, None, ctypes.byref(count))
        found = (_ULONG * (count.value + 1))()
        self._library.call("C_GetMechanismList", self.slot_id, found, ctypes.byref(count))
        return set(found[: count.value])


class Token:
    """A token as it was when asked for."""

    def __init__(self, library: Library, slot_id: int, info: _TokenInfo) -> None:
        self._library, self._slot_id = library, slot_id
        self.flags = TokenFlag(info.flags)
        self.label, self.manufacturer_id = _text(bytes(info.label)), _text(bytes(info.manufacturer))
        self.serial = bytes(info.serial).rstrip(b" ")

    def open(self, user_pin: Any = None) -> "Session":
        """A session; with a PIN (or ``PROTECTED_AUTH``) one that is logged in."""
        handle = _ULONG()
        self._library.call("C_OpenSession", self._slot_id, _SERIAL_SESSION, None, None, ctypes.byref(handle))
        session = Session(self._library, handle.value)
        if user_pin is not None:
            try:
                session.login(_USER, user_pin)
            except PKCS11Error:
                session.close()  # tokens have few of them
                raise
        return session


class Session:
    """A session, by its handle."""

    def __init__(self, library: Library, handle: int) -> None:
        self.library, self.handle = library, handle
        self._logged_in = False

    def login(self, user: int, pin: Any) -> None:
        encoded = None if pin is PROTECTED_AUTH else str(pin).encode()
        self.library.call("C_Login", self.handle, user, encoded, len(encoded or b""))
        self._logged_in = True

    def close(self) -> None:
        if self._logged_in:
            self._logged_in = False
            self.library.call("C_Logout", self.handle)
        self.library.call("C_CloseSession", self.handle)

    def get_objects(self, template: dict[Attribute, Any]) -> list["Object"]:
        attributes, _keep = _template(template)
        self.library.call("C_FindObjectsInit", self.handle, attributes, len(attributes))
        found: list[Object] = []
        batch, count = (_ULONG * 16)(), _ULONG()
        try:
            while len(found) < _MAX_OBJECTS:
                self.library.call("C_FindObjects", self.handle, batch, len(batch), ctypes.byref(count))
                if count.value == 0:
                    break
                found.extend(Object(self, one) for one in batch[: count.value])
        finally:
            self.library.call("C_FindObjectsFinal", self.handle)
        return found


class Object:
    """An object of a token, by its handle."""

    def __init__(self, session: Session, handle: int) -> None:
        self._session, self._handle = session, handle

    def __getitem__(self, attribute: Attribute) -> Any:
        entry = _Attribute(attribute, None, 0)
        self._call("C_GetAttributeValue", self._handle, ctypes.byref(entry), 1)
        if entry.length in (_UNAVAILABLE,) or entry.length > _MAX_ATTRIBUTE:
            raise exceptions.AttributeTypeInvalid
        buffer = ctypes.create_string_buffer(max(1, entry.length))
        entry.value = ctypes.cast(buffer, ctypes.c_void_p)
        self._call("C_GetAttributeValue", self._handle, ctypes.byref(entry), 1)
        value = buffer.raw[: min(entry.length, len(buffer))]
        if attribute in _FLAGS:
            return any(value)
        return int.from_bytes(value, sys.byteorder) if attribute in _NUMBERS else value

    def sign(self, data: bytes, mechanism: int, pin: str | None = None) -> bytes:
        """A signature; ``pin`` for a key that wants it at each use."""
        return self._run("C_Sign", mechanism, None, data, pin)

    def decrypt(self, data: bytes, mechanism: int, mechanism_param: Any = None, pin: str | None = None) -> bytes:
        """``mechanism_param``: for OAEP the hash, the mask and the label."""
        parameters, label = None, None
        if mechanism_param is not None:
            digest, mask, label = mechanism_param
            parameters = _OaepParameters(digest, mask, _DATA_SPECIFIED, label, len(label or b""))
        return self._run("C_Decrypt", mechanism, parameters, data, pin)

    def derive_key(
        self, key_type: int, bits: int, mechanism: int, mechanism_param: Any, template: dict[Attribute, Any]
    ) -> "Object":
        """A session object with ``bits`` derived by ECDH; ``mechanism_param``: the KDF, shared data, the point."""
        kdf, shared, point = mechanism_param
        buffers = [ctypes.create_string_buffer(one or b"", max(1, len(one or b""))) for one in (shared, point)]
        places = [ctypes.cast(one, ctypes.c_void_p).value for one in buffers]
        parameters = _Ecdh1Parameters(kdf, len(shared or b""), places[0] if shared else None, len(point), places[1])
        wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: key_type, Attribute.VALUE_LEN: bits // 8}
        attributes, _keep = _template({**wanted, **template})
        order, derived = _mechanism(mechanism, parameters), _ULONG()
        self._call("C_DeriveKey", ctypes.byref(order), self._handle, attributes, len(attributes), ctypes.byref(derived))
        return Object(self._session, derived.value)

    def destroy(self) -> None:
        self._call("C_DestroyObject", self._handle)

    def _run(self, function: str, mechanism: int, parameters: Any, data: bytes, pin: str | None) -> bytes:
        order = _mechanism(mechanism, parameters)
        self._call(f"{function}Init", ctypes.byref(order), self._handle)
        if pin is not None:
            self._session.login(_CONTEXT_SPECIFIC, pin)
        result, length = ctypes.create_string_buffer(_MAX_RESULT), _ULONG(_MAX_RESULT)
        self._call(function, data, len(data), result, ctypes.byref(length))
        return result.raw[: length.value]

    def _call(self, name: str, *arguments: Any) -> None:
        self._session.library.call(name, self._session.handle, *arguments)


def lib(path: str) -> Library:
    """The module at ``path``, loaded and initialised. Raises as :class:`Library`."""
    return Library(path)


def _check(rv: int) -> None:
    if rv != 0:
        raise _KINDS.get(rv, PKCS11Error)(f"{rv:#x}")


def _mechanism(mechanism: int, parameters: Any) -> _Mechanism:
    if parameters is None:
        return _Mechanism(mechanism, None, 0)
    order = _Mechanism(mechanism, ctypes.cast(ctypes.pointer(parameters), ctypes.c_void_p), ctypes.sizeof(parameters))
    order.kept = parameters  # as long as the pointer to it
    return order


def _template(template: dict[Attribute, Any]) -> tuple[Any, list[Any]]:
    """The array, and what must live as long as it."""
    buffers = []
    for attribute, value in template.items():
        if attribute in _FLAGS:
            encoded = bytes([bool(value)])
        elif attribute in _NUMBERS:
            encoded = int(value).to_bytes(ctypes.sizeof(_ULONG), sys.byteorder)
        else:
            encoded = bytes(value)
        buffers.append((attribute, ctypes.create_string_buffer(encoded, max(1, len(encoded))), len(encoded)))
    entries = (_Attribute * len(buffers))()
    for entry, (attribute, buffer, length) in zip(entries, buffers, strict=True):
        entry.type, entry.value, entry.length = attribute, ctypes.cast(buffer, ctypes.c_void_p), length
    return entries, buffers


def _text(padded: bytes) -> str:
    """UTF-8 by the standard; GB 18030 is what some vendors write."""
    text = padded.rstrip(b" \0")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("gb18030", errors="replace")
