"""What this user chose on this machine: language, theme, splitter places. Nothing of any case."""

from pathlib import Path

import msgspec

from app.logs import get_logger
from app.settings import data_dir
from app.ui.theme import ThemeChoice

LIMIT = 64 * 1024
_log = get_logger("preferences")


class Preferences(msgspec.Struct, kw_only=True):
    """The settings of the desk, stored as JSON.

    Attributes:
        language: ``zh`` or ``en``.
        theme: system, light or dark.
        shares: splitter places by name, as shares of the whole.
        camera, microphone, speaker: chosen devices by name; empty for the system's default.
    """

    language: str = "zh"
    theme: ThemeChoice = ThemeChoice.SYSTEM
    shares: dict[str, list[float]] = msgspec.field(default_factory=dict)
    camera: str = ""
    microphone: str = ""
    speaker: str = ""

    def save(self) -> None:
        """Write the file; a disk that refuses costs the preferences, not the desk."""
        path = preferences_path()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))
            part.replace(path)
        except OSError as error:
            _log.warning("preferences not written", error=type(error).__name__)


def preferences_path() -> Path:
    return data_dir() / "desk.json"


def load_preferences() -> Preferences:
    """Read the file; an unreadable one gives the defaults."""
    try:
        with preferences_path().open("rb") as file:
            chosen = msgspec.json.decode(file.read(LIMIT), type=Preferences)
    except FileNotFoundError:
        return Preferences()
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("preferences not read", error=type(error).__name__)
        return Preferences()
    if chosen.language not in ("zh", "en"):
        chosen.language = "zh"
    return chosen
