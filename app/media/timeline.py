"""One time for all that a publisher sends: RTP timestamps to the host's monotonic seconds. Pure.

Arrival times jitter and each stream counts from its own zero; sender reports say how the streams of one publisher
lie to each other. Offsets stand still until they are wrong by 40 ms, so that recorded times are as even as sent ones.
"""

from app.media.rtcp import ntp_seconds

_WINDOW = 5.0  # seconds over which the quickest packet tells the delay
_TOLERANCE = 0.04


class _Clock:
    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.quickest: float | None = None
        self.window: tuple[float, float] | None = None
        self.ntp: float | None = None
        self.offset: float | None = None


class Timeline:
    """The clocks of one publisher's streams, by source id."""

    def __init__(self) -> None:
        self._clocks: dict[str, _Clock] = {}

    def restart(self, source: str, rate: int) -> None:
        """A stream begins to count anew."""
        self._clocks[source] = _Clock(rate)

    def arrive(self, source: str, timestamp: int, arrival: float) -> None:
        """A packet with this unwrapped timestamp came at this monotonic time."""
        clock = self._clocks[source]
        delay = arrival - timestamp / clock.rate
        if clock.window is None or arrival - clock.window[0] > _WINDOW:
            if clock.window is not None:
                clock.quickest = clock.window[1]
            clock.window = (arrival, delay)
        else:
            clock.window = (clock.window[0], min(clock.window[1], delay))
        clock.quickest = delay if clock.quickest is None else min(clock.quickest, delay)

    def pair(self, source: str, timestamp: int, ntp: int) -> None:
        """A sender report."""
        clock = self._clocks.get(source)
        if clock is not None:
            clock.ntp = ntp_seconds(ntp) - timestamp / clock.rate

    def at(self, source: str, timestamp: int) -> float:
        """When, in the host's monotonic seconds, this was captured (plus the shortest way to here)."""
        clock = self._clocks[source]
        target = self._target(clock)
        if clock.offset is None or abs(target - clock.offset) > _TOLERANCE:
            clock.offset = target
        return timestamp / clock.rate + clock.offset

    def _target(self, clock: _Clock) -> float:
        assert clock.quickest is not None
        ways = [c.quickest - c.ntp for c in self._clocks.values() if c.ntp is not None and c.quickest is not None]
        if clock.ntp is None or len(ways) < len(self._clocks):
            return clock.quickest
        return min(ways) + clock.ntp
