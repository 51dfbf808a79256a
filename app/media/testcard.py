"""A drawn test picture (测试画面): soft colour, a person's outline, name, running clock; cheap enough for a dozen.

The background is drawn once; each picture only copies it, puts digits into the luminance plane and moves a bar.
"""

import colorsys
import zlib
from collections.abc import Callable
from datetime import datetime

import av
import numpy
from PIL import Image, ImageDraw, ImageFont

from app.media.sources import Pace
from app.settings import RESOURCES

FONT = RESOURCES / "fonts" / "NotoSansSC-Regular.ttf"
_GLYPHS = "0123456789:"


class TestCard:
    """A picture source in real time.

    Args:
        name: shown below the outline, e.g. ``供应商 甲``. note: a second, smaller line.
        now: the time to show, local or UTC as the caller likes.
    """

    __test__ = False  # the name is not a test's

    def __init__(
        self,
        name: str,
        now: Callable[[], datetime],
        *,
        note: str = "",
        width: int = 320,
        height: int = 180,
        rate: float = 8.0,
    ) -> None:
        self._now = now
        self._size = (width, height)
        self._pace = Pace(1 / rate)
        image = _draw(name, note, width, height)
        frame = av.VideoFrame.from_ndarray(numpy.asarray(image), format="rgb24").reformat(format="yuv420p")
        planes = [numpy.frombuffer(bytes(p), numpy.uint8).reshape(p.height, p.line_size) for p in frame.planes]
        self._luma = planes[0][:, :width].copy()
        self._chroma = [bytes(plane) for plane in frame.planes[1:]]
        self._line_sizes = [plane.line_size for plane in frame.planes]
        self._glyphs = _glyphs(height // 10)
        self._shown = ""
        self._count = 0

    async def next_frame(self) -> av.VideoFrame | None:
        await self._pace.wait()
        return self.draw()

    def draw(self) -> av.VideoFrame:
        """The picture of this moment."""
        width, height = self._size
        text = self._now().strftime("%H:%M:%S")
        luma = self._luma
        if text != self._shown:
            self._shown = text
            # in the middle third, so that a tile of another shape that crops the sides still shows it
            x, y = (width - sum(self._glyphs[c].shape[1] for c in text)) // 2 & ~1, height // 16
            for character in text:
                glyph = self._glyphs[character]
                rows, columns = glyph.shape
                luma[y : y + rows, x : x + columns] = glyph
                x += columns
        bar = luma[height - 4 : height - 2]
        bar[:] = 60
        self._count = (self._count + 1) % 40
        start = self._count * (width - width // 10) // 40 & ~1
        bar[:, start : start + width // 10] = 170
        frame = av.VideoFrame(width, height, "yuv420p")
        target = frame.planes[0]
        if target.line_size == width:
            target.update(luma.tobytes())
        else:
            padded = numpy.zeros((height, target.line_size), numpy.uint8)
            padded[:, :width] = luma
            target.update(padded.tobytes())
        for plane, data in zip(frame.planes[1:], self._chroma, strict=True):
            plane.update(data)
        return frame

    def close(self) -> None:
        """Nothing to free."""


def _draw(name: str, note: str, width: int, height: int) -> Image.Image:
    hue = zlib.crc32(name.encode()) % 360 / 360
    light, dark = (tuple(round(c * 255) for c in colorsys.hsv_to_rgb(hue, 0.30, value)) for value in (0.36, 0.16))
    across = numpy.linspace(0, 1, width)[None, :, None] * 0.6 + numpy.linspace(0, 1, height)[:, None, None] * 0.4
    pixels = numpy.array(light) * (1 - across) + numpy.array(dark) * across
    image = Image.fromarray(pixels.astype(numpy.uint8), "RGB")
    draw = ImageDraw.Draw(image)
    tint = tuple(round(c * 0.7 + 255 * 0.3) for c in light)
    middle, unit = width // 2, height / 18
    draw.ellipse((middle - 3 * unit, 4 * unit, middle + 3 * unit, 10 * unit), fill=tint)
    draw.pieslice((middle - 6 * unit, 11 * unit, middle + 6 * unit, 25 * unit), 180, 360, fill=tint)
    large, small = (ImageFont.truetype(str(FONT), max(9, round(height * part))) for part in (0.085, 0.065))
    draw.text((middle, 11.6 * unit), name, font=large, fill=(245, 245, 245), anchor="ma")
    if note:
        draw.text((middle, 13.6 * unit), note, font=small, fill=(225, 225, 230), anchor="ma")
    return image


def _glyphs(size: int) -> dict[str, "numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.uint8]]"]:
    font = ImageFont.truetype(str(FONT), max(9, size))
    width = max(round(font.getlength(character)) for character in _GLYPHS) // 2 * 2 + 2
    result = {}
    for character in _GLYPHS:
        cell = Image.new("L", (width, round(size * 1.5)), 60)
        ImageDraw.Draw(cell).text((width / 2, 0), character, font=font, fill=225, anchor="ma")
        result[character] = numpy.asarray(cell).copy()
    return result
