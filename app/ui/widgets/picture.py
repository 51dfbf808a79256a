"""A video frame as the desk takes it: BGRA bytes, made wherever decoding happens, shown by the GUI thread."""

import threading
from typing import Any

import msgspec
import numpy as np
from PySide6.QtGui import QImage


class Picture(msgspec.Struct, frozen=True):
    """``height`` rows of ``stride`` bytes, four bytes a pixel in the order B, G, R, X."""

    width: int
    height: int
    stride: int
    data: bytes

    def image(self) -> QImage:
        """A QImage over the same bytes (no copy; keep the picture alive while the image is used)."""
        return QImage(self.data, self.width, self.height, self.stride, QImage.Format.Format_RGB32)


def picture_from_av(frame: Any, most_width: int = 1280, most_height: int = 720) -> Picture:
    """From a decoded ``av.VideoFrame``, scaled down to fit; call it on the decoding thread (swscale frees the GIL)."""
    scale = min(1.0, most_width / frame.width, most_height / frame.height)
    width, height = max(2, int(frame.width * scale) & ~1), max(2, int(frame.height * scale) & ~1)
    converted = frame.reformat(width=width, height=height, format="bgra")
    plane = converted.planes[0]
    return Picture(width, height, plane.line_size, bytes(plane))


def picture_from_i420(width: int, height: int, y: bytes, u: bytes, v: bytes) -> Picture:
    """From tightly packed I420 planes (BT.601, limited range).

    Raises:
        ValueError: a plane has the wrong size.
    """
    half_width, half_height = (width + 1) // 2, (height + 1) // 2
    luma = np.frombuffer(y, np.uint8).reshape(height, width).astype(np.int32)
    blue, red = (
        np.frombuffer(plane, np.uint8).reshape(half_height, half_width).repeat(2, 0).repeat(2, 1)[:height, :width]
        .astype(np.int32) - 128
        for plane in (u, v)
    )  # fmt: skip
    grey = (luma - 16) * 298 + 128
    out = np.empty((height, width, 4), np.uint8)
    out[..., 0] = np.clip((grey + 516 * blue) >> 8, 0, 255)
    out[..., 1] = np.clip((grey - 100 * blue - 208 * red) >> 8, 0, 255)
    out[..., 2] = np.clip((grey + 409 * red) >> 8, 0, 255)
    out[..., 3] = 255
    return Picture(width, height, width * 4, out.tobytes())


class Mailbox:
    """The newest picture of one source: any thread puts, the GUI thread takes; older ones are dropped, never queued."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._picture: Picture | None = None
        self.dropped = 0

    def put(self, picture: Picture) -> None:
        """Leave a picture, from any thread."""
        with self._lock:
            if self._picture is not None:
                self.dropped += 1
            self._picture = picture

    def take(self) -> Picture | None:
        """The newest picture since the last call, or None."""
        with self._lock:
            picture, self._picture = self._picture, None
            return picture
