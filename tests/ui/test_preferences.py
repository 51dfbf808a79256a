from app.ui.preferences import Preferences, load_preferences, preferences_path
from app.ui.theme import ThemeChoice


def test_kept_over_a_restart() -> None:
    Preferences(language="en", theme=ThemeChoice.DARK, shares={"room": [0.6, 0.4]}).save()
    read = load_preferences()
    assert (read.language, read.theme, read.shares) == ("en", ThemeChoice.DARK, {"room": [0.6, 0.4]})


def test_a_broken_file_gives_the_defaults() -> None:
    preferences_path().parent.mkdir(parents=True)
    for content in (b"{", b"[]", b'{"theme": "pink"}', b"\xff" * 100, b'{"language": "tlh"}'):
        preferences_path().write_bytes(content)
        assert load_preferences() == Preferences()


def test_no_file_gives_the_defaults() -> None:
    assert load_preferences() == Preferences()
