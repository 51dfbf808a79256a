"""Where this machine keeps its own secrets: device keys of the desk, and the keys of its cases' hosts. Never a PIN.

Every secret is a file that only this user may read. Where the system has a keyring (Windows credential store, macOS
keychain, Secret Service) and it is chosen, the file is encrypted (AES-256-GCM, the file's name bound in) under a key of
32 bytes that lies in the keyring; a file says itself which form it has, so both kinds can always be read. Without a
keyring the plain file (mode 0600) is what there is, and :func:`state` says so. A host must come back without a person,
and its folder may have to go to another machine: its keys are under the keyring only when that was chosen.
"""

import base64
import binascii
import os
import secrets
import struct
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import FaultError, InputError
from app.logs import get_logger
from app.settings import data_dir

MAGIC = b"BIDROOM WRAPPED 1\n"
SERVICE = "bidroom"
LIMIT = 1 << 20
_ID_BYTES, _NONCE_BYTES = 16, 12
_SETTING_LIMIT = 4096
_log = get_logger("keystore")


class Place(StrEnum):
    """Which secrets go into the system's keyring."""

    FILES = "files"
    DEVICE = "device"
    ALL = "all"


class Kind(StrEnum):
    """Whose secret it is."""

    DEVICE = "device"
    HOST = "host"


class Setting(msgspec.Struct, frozen=True):
    """``keystore.json`` of the data folder; ``key`` names the wrapping key in the keyring, empty before the first."""

    place: Place = Place.DEVICE
    key: str = ""


class KeystoreState(msgspec.Struct, frozen=True):
    """What to tell the person.

    Attributes:
        place: as chosen.
        keyring: name of the system's keyring; empty when there is none that keeps secrets.
    """

    place: Place
    keyring: str

    def protects(self, kind: Kind) -> bool:
        """Whether a new secret of this kind will be under the keyring."""
        return bool(self.keyring) and _wanted(self.place, kind)


def state() -> KeystoreState:
    """Where secrets go now. May block while the system's keyring answers: not for an event loop."""
    return KeystoreState(_setting().place, keyring_name())


def keyring_name() -> str:
    """The system's keyring, empty for none. Backends that keep nothing, or keep it in the clear, count as none."""
    import keyring
    from keyring.backends import fail, null

    try:
        backend = keyring.get_keyring()
        inner = getattr(backend, "backends", None)  # a chain asks its members in turn
        backend = next(iter(inner), backend) if inner is not None else backend
        if isinstance(backend, (fail.Keyring, null.Keyring)) or backend.priority < 1:
            return ""
        return str(backend.name)
    except Exception as error:  # a broken backend is no backend
        _log.warning("keyring not usable", error=type(error).__name__)
        return ""


def choose(place: Place) -> None:
    """Where secrets are to go from now on; existing files are moved by :func:`move`.

    Raises:
        InputError: ``secret.no_keyring``: all are to go there, and no keyring gives back what it was given.
        FaultError: ``desk.not_written``.
    """
    if place is Place.ALL:
        _wrapping_key(make=True)
    _save(msgspec.structs.replace(_setting(), place=place))


def write_new(path: Path, data: bytes, kind: Kind) -> None:
    """Keep a secret in a file that must not exist yet; durable when this returns.

    Raises:
        OSError: as for any file.
    """
    _write(path, _dressed(path.name, data, kind))


def read(path: Path) -> bytes:
    """A secret, in whatever form it lies there.

    Raises:
        OSError: as for any file.
        FaultError: ``secret.key_missing`` the keyring does not have the key (fact name), ``secret.damaged``.
    """
    data = _raw(path)
    if not data.startswith(MAGIC):
        return data
    head = len(MAGIC)
    if len(data) < head + 2 * _ID_BYTES + _NONCE_BYTES + 16:
        raise FaultError("secret.damaged", name=path.name)
    name = data[head : head + 2 * _ID_BYTES].decode("ascii", "replace")
    nonce = data[head + 2 * _ID_BYTES :][:_NONCE_BYTES]
    key = _from_keyring(name)
    if key is None:
        raise FaultError("secret.key_missing", name=path.name)
    try:
        return AESGCM(key).decrypt(nonce, data[head + 2 * _ID_BYTES + _NONCE_BYTES :], _bound(path.name))
    except InvalidTag:
        raise FaultError("secret.damaged", name=path.name) from None


def is_wrapped(path: Path) -> bool:
    """Whether a file's secret is under the keyring.

    Raises:
        OSError: as for any file.
    """
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def move(paths: Iterable[tuple[Path, Kind]]) -> int:
    """Bring secrets into the chosen form, each whole in the one or in the other; how many were changed.

    What stood in the clear may stay readable in the disk's free blocks; what was already so is left alone.

    Raises:
        OSError, FaultError: as :func:`read`; those before it are moved already.
    """
    now, changed = state(), 0
    for path, kind in paths:
        if is_wrapped(path) == now.protects(kind):
            continue
        part = path.with_name(path.name + ".part")
        part.unlink(missing_ok=True)
        _write(part, _dressed(path.name, read(path), kind))
        part.replace(path)
        changed += 1
    return changed


def _wanted(place: Place, kind: Kind) -> bool:
    return place is Place.ALL or (place is Place.DEVICE and kind is Kind.DEVICE)


def _dressed(name: str, data: bytes, kind: Kind) -> bytes:
    if not _wanted(_setting().place, kind):
        return data
    try:
        key_name, key = _wrapping_key(make=True)
    except InputError:
        _log.warning("no keyring: the secret is a file of this user", name=name)
        return data
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return MAGIC + key_name.encode() + nonce + AESGCM(key).encrypt(nonce, data, _bound(name))


def _bound(name: str) -> bytes:
    """What the ciphertext is bound to: a file is not taken for another of its folder."""
    text = name.encode()
    return MAGIC + struct.pack(">I", len(text)) + text


def _wrapping_key(*, make: bool) -> tuple[str, bytes]:
    """Name and value of this user's wrapping key; the first time one is made and seen to come back."""
    setting = _setting()
    if setting.key and (known := _from_keyring(setting.key)) is not None:
        return setting.key, known
    if not make or not keyring_name():
        raise InputError("secret.no_keyring")
    import keyring

    name, key = secrets.token_hex(_ID_BYTES), secrets.token_bytes(32)
    try:
        keyring.set_password(SERVICE, name, base64.b64encode(key).decode())
    except Exception as error:  # locked, refused by the person, no bus: all the same to us
        raise InputError("secret.no_keyring", error=type(error).__name__) from None
    if _from_keyring(name) != key:
        raise InputError("secret.no_keyring")
    _save(msgspec.structs.replace(setting, key=name))
    return name, key


def _from_keyring(name: str) -> bytes | None:
    import keyring

    try:
        text = keyring.get_password(SERVICE, name)
        key = base64.b64decode(text, validate=True) if text else b""
    except (binascii.Error, ValueError):
        return None
    except Exception as error:  # see above
        _log.warning("keyring did not answer", error=type(error).__name__)
        return None
    return key if len(key) == 32 else None


def _setting_file() -> Path:
    return data_dir() / "keystore.json"


def _setting() -> Setting:
    try:
        with _setting_file().open("rb") as file:
            return msgspec.json.decode(file.read(_SETTING_LIMIT), type=Setting)
    except FileNotFoundError:
        return Setting()
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("setting not read", error=type(error).__name__)
        return Setting()


def _save(setting: Setting) -> None:
    path = _setting_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(setting))
        part.replace(path)
    except OSError as error:
        raise FaultError("desk.not_written", name=path.name, error=type(error).__name__) from error


def _raw(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LIMIT)


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
