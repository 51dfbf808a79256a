"""How long something that moves bytes will still take."""

from collections import deque

_WINDOW_SECONDS = 10.0
_LEAST_SECONDS = 1.0


class Pace:
    """Seconds left by the speed of the last ten seconds; after a break of the line the new speed counts soon."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def left(self, done: int, total: int, now: float) -> float | None:
        """Seconds until ``total`` at this pace; None while it cannot be said.

        Args:
            done, total: bytes.
            now: seconds of a clock that never goes back.
        """
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()  # begun again
        self._seen.append((now, done))
        while now - self._seen[0][0] > _WINDOW_SECONDS and len(self._seen) > 2:
            self._seen.popleft()
        first, at = self._seen[0]
        if now - first < _LEAST_SECONDS or done <= at:
            return None
        return max(0, total - done) * (now - first) / (done - at)


def clock_text(seconds: float) -> str:
    """``0:42``, ``12:05``, ``1:00:00``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
