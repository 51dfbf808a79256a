"""Token drivers on this machine: those known by name (``resources/tokens/modules.json``), those a person added, and a
search that offers further ones. Nothing is loaded here; :mod:`app.ca.module_file` reads files without running them.
"""

import fnmatch
import glob
import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import msgspec

from app.ca.module_file import ModuleFile, ModuleKind, inspect
from app.errors import BidroomError, FaultError, InputError
from app.logs import get_logger
from app.settings import RESOURCES, data_dir

MAX_ADDED = 32
MAX_LOOKED_AT = 40_000
MAX_DEPTH = 4
_LIMIT = 64 * 1024
_ENDINGS = {"win32": (".dll",), "darwin": (".dylib", ".so"), "linux": (".so",)}
_log = get_logger("modules")


class ModulePlace(msgspec.Struct, frozen=True):
    """A usual place of a driver; ``at`` may hold wildcards. ``bits``: None where the vendor has one name for both."""

    at: str
    bits: int | None = None


class KnownModule(msgspec.Struct, frozen=True):
    """A driver that is known by name.

    Attributes:
        vendor: maker and product. ca: by whom it is handed out, in each language.
        paths: usual places by ``sys.platform``.
        source: where name and place were learnt. tried: ``never``, or where and how this program ran with it.
        get: where a person gets it, in each language.
    """

    id: str
    kind: ModuleKind
    vendor: str
    ca: dict[str, str]
    paths: dict[str, tuple[ModulePlace, ...]]
    source: str
    tried: str
    get: dict[str, str]


class _Catalogue(msgspec.Struct, frozen=True):
    modules: tuple[KnownModule, ...]
    not_tokens: tuple[str, ...]
    search: dict[str, tuple[str, ...]]


@cache
def _catalogue() -> _Catalogue:
    return msgspec.json.decode((RESOURCES / "tokens" / "modules.json").read_bytes(), type=_Catalogue)


def catalogue() -> tuple[KnownModule, ...]:
    """All drivers known by name, in the order of search."""
    return _catalogue().modules


def platform() -> str:
    """``linux``, ``darwin`` or ``win32``: the key of :attr:`KnownModule.paths`."""
    return sys.platform if sys.platform in ("win32", "darwin") else "linux"


def installed(module: KnownModule) -> list[str]:
    """Where a known driver lies on this machine."""
    found: dict[str, str] = {}
    for place in module.paths.get(platform(), ()):
        for path in sorted(glob.glob(os.path.expanduser(place.at))):
            if Path(path).is_file():
                found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def find_modules(kind: ModuleKind = ModuleKind.PKCS11) -> list[str]:
    """Paths of the drivers of one kind to be used on this machine.

    ``BIDROOM_PKCS11`` (for SKF ``BIDROOM_SKF``; paths separated like PATH) comes first, then what was added
    (:func:`add`), then what is known by name.
    """
    found: dict[str, str] = {}
    named = [path for path in os.environ.get(f"BIDROOM_{kind.upper()}", "").split(os.pathsep) if path]
    for pattern in named:
        for path in sorted(glob.glob(pattern)):
            found.setdefault(os.path.realpath(path), path)
    for one in added():
        if one.kind is kind:
            found.setdefault(os.path.realpath(one.path), one.path)
    for module in catalogue():
        if module.kind is kind:
            for path in installed(module):
                found.setdefault(os.path.realpath(path), path)
    return [path for path in found.values() if Path(path).is_file()]


# --- drivers that a person added ---


class AddedModule(msgspec.Struct, frozen=True):
    """A driver file named by the person."""

    path: str
    kind: ModuleKind = ModuleKind.PKCS11


def added_file() -> Path:
    """Where the added drivers are written down: this user's data folder."""
    return data_dir() / "token-modules.json"


def added() -> tuple[AddedModule, ...]:
    """The drivers that this user added, also those whose file has gone; an unreadable list counts as empty."""
    try:
        with added_file().open("rb") as file:
            return msgspec.json.decode(file.read(_LIMIT), type=tuple[AddedModule, ...])[:MAX_ADDED]
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("list of drivers not read", error=type(error).__name__)
        return ()


def add(path: str | Path) -> ModuleFile:
    """Check a driver file without loading it, and use it from now on.

    Raises:
        InputError: ``token.module_*`` of :func:`app.ca.module_file.inspect`, also ``token.module_32bit``,
            ``token.module_other_system``, ``token.module_other_machine``; ``token.module_too_many``.
        FaultError: ``desk.not_written``.
    """
    found = inspect(Path(path).expanduser().resolve())
    problem = found.problem()
    # A 32-bit driver may be added: the worker says what it can do with it.
    if problem is not None and problem != "token.module_32bit":
        raise InputError(problem, name=Path(found.path).name, machine=" ".join(found.machines))
    before = [one for one in added() if os.path.realpath(one.path) != os.path.realpath(found.path)]
    if len(before) >= MAX_ADDED:
        raise InputError("token.module_too_many", limit=MAX_ADDED)
    _write((*before, AddedModule(found.path, found.kinds[0])))
    return found


def remove(path: str | Path) -> bool:
    """No longer use an added driver; False when it was not added.

    Raises:
        FaultError: ``desk.not_written``.
    """
    wanted = os.path.realpath(os.path.expanduser(str(path)))
    kept = tuple(one for one in added() if os.path.realpath(one.path) != wanted)
    if len(kept) == len(added()):
        return False
    _write(kept)
    return True


def _write(modules: Sequence[AddedModule]) -> None:
    path = added_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.format(msgspec.json.encode(modules), indent=1))
        part.replace(path)
    except OSError as error:
        raise FaultError("desk.not_written", name=path.name, error=type(error).__name__) from error


# --- looking for more ---


def search_folders() -> tuple[str, ...]:
    """The usual folders on this system."""
    return _catalogue().search.get(platform(), ())


def search(folders: Sequence[str] | None = None) -> Iterator[ModuleFile]:
    """Drivers in the usual (or the given) folders: offered, never used by themselves. Blocks; for a worker thread.

    Bounded: :data:`MAX_DEPTH` levels, :data:`MAX_LOOKED_AT` files; links to folders are not followed.
    """
    looked, seen = 0, set()
    for folder in folders if folders is not None else search_folders():
        root = folder.rstrip("/\\")
        for place, inner, names in os.walk(root):
            if place[len(root) :].count(os.sep) >= MAX_DEPTH:
                inner.clear()
            inner.sort()
            for name in sorted(names):
                if not _may_be_library(name):
                    continue
                looked += 1
                if looked > MAX_LOOKED_AT:
                    _log.warning("search for drivers stopped", looked=looked)
                    return
                real = os.path.realpath(os.path.join(place, name))
                if real in seen:
                    continue
                seen.add(real)
                try:
                    yield inspect(os.path.join(place, name))
                except BidroomError:
                    continue


def _may_be_library(name: str) -> bool:
    lower = name.lower()
    if any(fnmatch.fnmatch(lower, pattern) for pattern in _catalogue().not_tokens):
        return False  # certificate stores of browsers and desktops speak PKCS#11 too
    return lower.endswith(_ENDINGS[platform()]) or (platform() == "linux" and ".so." in lower)
