"""Who is heard when there are more voices than audio slots: the loudest, held for a while. Pure.

Levels are RFC 6464 (0 loudest, 127 silence).
"""

from collections.abc import Collection, Sequence

LOUD = 50  # quieter than -50 dBov is not speech
HOLD_SECONDS = 2.0
MARGIN = 10.0  # decibels by which a voice must exceed a speaking one to take its place
_STALE_SECONDS = 0.5


class Loudness:
    """What the router knows of each voice."""

    def __init__(self) -> None:
        self._level: dict[str, float] = {}
        self._seen: dict[str, float] = {}
        self._spoke: dict[str, float] = {}
        self._voice: dict[str, float] = {}

    def hear(self, source: str, level: int, now: float) -> bool:
        """Take note of one packet; True when this voice has just begun to speak."""
        before = self._level.get(source, 127.0)
        # Fast up, slow down: the first syllable counts, a pause between words does not.
        self._level[source] = level if level < before else before * 0.9 + level * 0.1
        self._seen[source] = now
        if level > LOUD:
            return False
        voice = self._voice.get(source, float(level))
        self._voice[source] = voice * 0.9 + level * 0.1
        began = now - self._spoke.get(source, -1e9) > HOLD_SECONDS
        self._spoke[source] = now
        return began

    def forget(self, source: str) -> None:
        """The source is gone."""
        for table in (self._level, self._seen, self._spoke, self._voice):
            table.pop(source, None)

    def level(self, source: str, now: float) -> float:
        """Smoothed level, 127 when nothing has come lately."""
        return self._level[source] if now - self._seen.get(source, -1e9) < _STALE_SECONDS else 127.0

    def voice(self, source: str) -> float:
        """How loud it is when it speaks, pauses left out: what two speakers are compared by."""
        return self._voice.get(source, 127.0)

    def speaking(self, source: str, now: float) -> bool:
        """Has spoken within the hold."""
        return now - self._spoke.get(source, -1e9) <= HOLD_SECONDS


def choose(
    slots: Sequence[str | None], candidates: Collection[str], loudness: Loudness, now: float
) -> list[str | None]:
    """Which source fills each audio slot next.

    A source keeps its slot while it is a candidate and nobody better needs it; candidates that fit all get a slot.
    """
    result: list[str | None] = [source if source in candidates else None for source in slots]
    waiting = [source for source in candidates if source not in result]
    waiting.sort(key=lambda source: (not loudness.speaking(source, now), loudness.level(source, now), source))
    for source in waiting:
        if None in result:
            result[result.index(None)] = source
            continue
        if not loudness.speaking(source, now) or not result:
            break
        weakest = max(
            range(len(result)),
            key=lambda i: (not loudness.speaking(result[i] or "", now), loudness.level(result[i] or "", now)),
        )
        held = result[weakest] or ""
        if loudness.speaking(held, now) and loudness.voice(held) - loudness.voice(source) < MARGIN:
            break
        result[weakest] = source
    return result
