"""Who keeps the floor when there are more voices than slots."""

from app.media.loudness import Loudness, choose


def test_all_fit_without_moving() -> None:
    assert choose([None, None, None], {"b", "a"}, Loudness(), 0.0) == ["a", "b", None]
    assert choose(["b", None, "x"], {"b", "a"}, Loudness(), 0.0) == ["b", "a", None]


def test_a_speaker_takes_the_place_of_a_quiet_one_and_keeps_it_for_two_seconds() -> None:
    loudness = Loudness()
    assert loudness.hear("c", 20, 0.0)
    assert not loudness.hear("c", 25, 0.02)
    assert choose(["a", "b"], {"a", "b", "c"}, loudness, 0.1) in (["c", "b"], ["a", "c"])
    loudness.hear("a", 22, 1.0)
    held = choose(["c", "b"], {"a", "b", "c"}, loudness, 1.0)
    assert held == ["c", "a"]
    loudness.hear("b", 24, 1.5)
    assert choose(held, {"a", "b", "c"}, loudness, 1.5) == held
    loudness.hear("b", 24, 2.5)
    assert choose(held, {"a", "b", "c"}, loudness, 2.5) == ["b", "a"]


def test_silence_moves_nobody() -> None:
    loudness = Loudness()
    for name in "abc":
        assert not loudness.hear(name, 127, 0.0)
    assert choose(["a", "b"], {"a", "b", "c"}, loudness, 0.1) == ["a", "b"]
    assert choose(["a", "b"], {"c"}, loudness, 0.1) == ["c", None]
