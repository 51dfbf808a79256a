"""SKF (GM/T 0016-2012, 智能密码钥匙应用接口规范) by ctypes: structures, functions, errors.

Structures are packed, ULONG has 32 bits, coordinates stand on the right of 64 bytes. Names are handed around as the
bytes they came as, since not every vendor writes the UTF-8 of the standard. Results are read from 8 zeroed bytes, so
that a module built with a 64-bit ULONG overwrites nothing. One thread only: SKF_WaitForDevEvent would keep it waiting,
so whoever wants to know of devices that come and go asks for them again.
"""

import ctypes
import sys
from typing import Any

SM4_CBC = 0x402
SM2_SIDE = 32
USER_PIN = 1
MAX_CERTIFICATE = 16 * 1024
_MAX_NAMES = 64 * 1024
_COORDINATE = 64
_U32 = ctypes.c_uint32

# SAR_* that somebody tells apart.
OK = 0x00000000
FAIL = 0x0A000001
NOT_SUPPORTED = 0x0A000003
INVALID_HANDLE = 0x0A000005
KEY_NOT_FOUND = 0x0A00001B
DEVICE_REMOVED = 0x0A000023
PIN_INCORRECT = 0x0A000024
PIN_LOCKED = 0x0A000025
PIN_INVALID = 0x0A000026
PIN_LENGTH = 0x0A000027
ALREADY_LOGGED_IN = 0x0A000028
PIN_NOT_SET = 0x0A000029
NOT_LOGGED_IN = 0x0A00002D


class SkfError(Exception):
    """A function returned something else than SAR_OK; ``code`` is the SAR number, ``left`` the tries after a PIN."""

    def __init__(self, code: int, left: int | None = None) -> None:
        super().__init__(f"SAR {code:#010x}")
        self.code, self.left = code, left


class _Packed(ctypes.Structure):
    _pack_ = 1


class DeviceInfo(_Packed):
    """DEVINFO up to the last field that is used; the rest differs between editions and is room only."""

    _fields_ = (
        ("version", ctypes.c_ubyte * 2),
        ("manufacturer", ctypes.c_char * 64),
        ("issuer", ctypes.c_char * 64),
        ("label", ctypes.c_char * 32),
        ("serial", ctypes.c_char * 32),
        ("rest", ctypes.c_ubyte * 256),
    )


class EccSignature(_Packed):
    """ECCSIGNATUREBLOB."""

    _fields_ = (("r", ctypes.c_ubyte * _COORDINATE), ("s", ctypes.c_ubyte * _COORDINATE))


class EccCipher(_Packed):
    """ECCCIPHERBLOB with a ciphertext of 16 bytes: a wrapped SM4 key."""

    _fields_ = (
        ("x", ctypes.c_ubyte * _COORDINATE),
        ("y", ctypes.c_ubyte * _COORDINATE),
        ("hash", ctypes.c_ubyte * 32),
        ("length", _U32),
        ("cipher", ctypes.c_ubyte * 16),
    )


class BlockCipher(_Packed):
    """BLOCKCIPHERPARAM; ``padding`` 1 is PKCS#5."""

    _fields_ = (("iv", ctypes.c_ubyte * 32), ("iv_length", _U32), ("padding", _U32), ("feed_bits", _U32))


_HANDLE, _ANY = ctypes.c_void_p, ctypes.c_void_p
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "SKF_EnumDev": (ctypes.c_int32, _ANY, _ANY),
    "SKF_ConnectDev": (ctypes.c_char_p, _ANY),
    "SKF_DisConnectDev": (_HANDLE,),
    "SKF_GetDevInfo": (_HANDLE, _ANY),
    "SKF_GetDevState": (ctypes.c_char_p, _ANY),
    "SKF_EnumApplication": (_HANDLE, _ANY, _ANY),
    "SKF_OpenApplication": (_HANDLE, ctypes.c_char_p, _ANY),
    "SKF_CloseApplication": (_HANDLE,),
    "SKF_GetPINInfo": (_HANDLE, _U32, _ANY, _ANY, _ANY),
    "SKF_VerifyPIN": (_HANDLE, _U32, ctypes.c_char_p, _ANY),
    "SKF_ClearSecureState": (_HANDLE,),
    "SKF_EnumContainer": (_HANDLE, _ANY, _ANY),
    "SKF_OpenContainer": (_HANDLE, ctypes.c_char_p, _ANY),
    "SKF_CloseContainer": (_HANDLE,),
    "SKF_ExportCertificate": (_HANDLE, ctypes.c_int32, _ANY, _ANY),
    "SKF_ECCSignData": (_HANDLE, ctypes.c_char_p, _U32, _ANY),
    "SKF_RSASignData": (_HANDLE, ctypes.c_char_p, _U32, _ANY, _ANY),
    "SKF_ImportSessionKey": (_HANDLE, _U32, _ANY, _U32, _ANY),
    "SKF_DecryptInit": (_HANDLE, BlockCipher),
    "SKF_Decrypt": (_HANDLE, ctypes.c_char_p, _U32, _ANY, _ANY),
    "SKF_CloseHandle": (_HANDLE,),
}


class SkfLibrary:
    """One module. Handles are plain ints; whoever opens one closes it. Every method raises :class:`SkfError`."""

    def __init__(self, path: str) -> None:
        """Load it. Raises OSError when it is no library."""
        # __stdcall on 32-bit Windows (GM/T 0016, 6.3: DEVAPI); elsewhere there is one convention only.
        loader: Any = getattr(ctypes, "WinDLL") if sys.platform == "win32" else ctypes.CDLL  # noqa: B009
        self._library = loader(path)

    def devices(self) -> list[bytes]:
        """Names of the devices that are there."""
        try:
            return self._names("SKF_EnumDev", 1)
        except SkfError as error:
            if error.code in (FAIL, DEVICE_REMOVED):  # what some modules say when there are none
                return []
            raise

    def is_present(self, device: bytes) -> bool:
        """Whether the device is there now; True also where the module cannot tell."""
        state = _Number()
        try:
            self._call("SKF_GetDevState", device, state.place)
        except SkfError as error:
            return error.code == NOT_SUPPORTED
        return state.value != 0

    def connect(self, device: bytes) -> int:
        """A device handle."""
        return self._opened("SKF_ConnectDev", device)

    def disconnect(self, device: int) -> None:
        self._call("SKF_DisConnectDev", device)

    def device_info(self, device: int) -> tuple[str, str, str]:
        """Label, serial number and manufacturer."""
        info = DeviceInfo()
        self._call("SKF_GetDevInfo", device, ctypes.byref(info))
        return text(info.label), text(info.serial), text(info.manufacturer)

    def applications(self, device: int) -> list[bytes]:
        return self._names("SKF_EnumApplication", device)

    def open_application(self, device: int, name: bytes) -> int:
        return self._opened("SKF_OpenApplication", device, name)

    def close_application(self, application: int) -> None:
        self._call("SKF_CloseApplication", application)

    def pin_tries(self, application: int) -> tuple[int, int]:
        """The most and the remaining tries of the user PIN; none remaining: locked."""
        most, left, factory = _Number(), _Number(), _Number()
        self._call("SKF_GetPINInfo", application, USER_PIN, most.place, left.place, factory.place)
        return most.value, left.value

    def verify_pin(self, application: int, pin: str) -> None:
        """Log the user in; after a refusal the error's ``left`` says how many tries remain."""
        left = _Number()
        try:
            self._call("SKF_VerifyPIN", application, USER_PIN, pin.encode(), left.place)
        except SkfError as error:
            raise SkfError(error.code, left.value) from None

    def clear_secure_state(self, application: int) -> None:
        """Log out: the device itself remembers the login, also when the program has gone."""
        self._call("SKF_ClearSecureState", application)

    def containers(self, application: int) -> list[bytes]:
        return self._names("SKF_EnumContainer", application)

    def open_container(self, application: int, name: bytes) -> int:
        return self._opened("SKF_OpenContainer", application, name)

    def close_container(self, container: int) -> None:
        self._call("SKF_CloseContainer", container)

    def certificate(self, container: int, signing: bool) -> bytes:
        """The certificate of the signing or the encryption key, DER; empty when there is none."""
        buffer, length = ctypes.create_string_buffer(MAX_CERTIFICATE), _Number(MAX_CERTIFICATE)
        try:
            self._call("SKF_ExportCertificate", container, int(signing), buffer, length.place)
        except SkfError as error:
            if error.code in (DEVICE_REMOVED, INVALID_HANDLE):
                raise
            return b""  # modules have several numbers for an absent certificate
        return buffer.raw[: min(length.value, MAX_CERTIFICATE)]

    def sign_sm2(self, container: int, digest: bytes) -> bytes:
        """r and s, 32 bytes each, over ``digest``: 32 bytes, SM3(Z‖data)."""
        signature = EccSignature()
        self._call("SKF_ECCSignData", container, digest, len(digest), ctypes.byref(signature))
        return bytes(signature.r)[-SM2_SIDE:] + bytes(signature.s)[-SM2_SIDE:]

    def sign_rsa(self, container: int, digest_info: bytes) -> bytes:
        """PKCS#1 v1.5 over what is given: DigestInfo."""
        buffer, length = ctypes.create_string_buffer(1024), _Number(1024)
        self._call("SKF_RSASignData", container, digest_info, len(digest_info), buffer, length.place)
        return buffer.raw[: min(length.value, 1024)]

    def open_sm4(self, container: int, wrapped_key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
        """Open SM4-CBC with PKCS#5 padding under a key that is encrypted with SM2 to this container.

        ``wrapped_key``: as in :class:`app.ca.worker_wire.OpenSm4`. Neither the key nor SM2 leave the device.
        """
        blob = EccCipher(length=len(wrapped_key) - 3 * SM2_SIDE)
        for field, place in ((blob.x, 0), (blob.y, SM2_SIDE)):
            field[_COORDINATE - SM2_SIDE :] = list(wrapped_key[place : place + SM2_SIDE])
        blob.hash[:] = list(wrapped_key[2 * SM2_SIDE : 3 * SM2_SIDE])
        blob.cipher[:] = list(wrapped_key[3 * SM2_SIDE :])
        wrapped = ctypes.byref(blob), ctypes.sizeof(blob)
        key = self._opened("SKF_ImportSessionKey", container, SM4_CBC, *wrapped)
        try:
            parameters = BlockCipher(iv_length=len(iv), padding=1)
            parameters.iv[: len(iv)] = list(iv)
            self._call("SKF_DecryptInit", key, parameters)
            room = len(ciphertext) + 16
            plain, length = ctypes.create_string_buffer(room), _Number(room)
            self._call("SKF_Decrypt", key, ciphertext, len(ciphertext), plain, length.place)
            return plain.raw[: min(length.value, room)]
        finally:
            self._call("SKF_CloseHandle", key)

    def _opened(self, function: str, *arguments: Any) -> int:
        handle = ctypes.c_void_p()
        self._call(function, *arguments, ctypes.byref(handle))
        return handle.value or 0

    def _names(self, function: str, first: int) -> list[bytes]:
        size = _Number()
        self._call(function, first, None, size.place)
        room = min(size.value + 1024, _MAX_NAMES)  # more may come between the two calls
        buffer, size = ctypes.create_string_buffer(room), _Number(room)
        self._call(function, first, buffer, size.place)
        return [name for name in buffer.raw[: min(size.value, room)].split(b"\0") if name]

    def _call(self, function: str, *arguments: Any) -> None:
        try:
            found = getattr(self._library, function)
        except AttributeError:
            raise SkfError(NOT_SUPPORTED) from None
        found.argtypes, found.restype = _FUNCTIONS[function], _U32
        code = found(*arguments)
        if code != OK:
            raise SkfError(code)


class _Number:
    """A ULONG that a function writes."""

    def __init__(self, value: int = 0) -> None:
        self._cell = ctypes.c_uint64(value)

    @property
    def place(self) -> Any:
        return ctypes.byref(self._cell)

    @property
    def value(self) -> int:
        return self._cell.value & 0xFFFFFFFF


def text(name: bytes) -> str:
    """A name for people: UTF-8 by the standard, GB 18030 as some vendors write."""
    try:
        return name.decode("utf-8").strip()
    except UnicodeDecodeError:
        return name.decode("gb18030", errors="replace").strip()
