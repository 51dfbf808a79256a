"""Seal pictures: their size, their shape, what they say, and drawings from outside."""

import io
import zlib

import pytest
from PIL import Image, ImageDraw

from app.ca.seal import DRAWN_LIMIT, SealImage, drawn_signature, name_chop, official_seal
from app.errors import InputError


def picture(seal: SealImage) -> Image.Image:
    image = Image.open(io.BytesIO(seal.png))
    assert image.mode == "RGBA"
    assert image.size == (round(seal.width_mm * 12), round(seal.height_mm * 12))
    return image


def ink(image: Image.Image, box: tuple[float, float, float, float]) -> float:
    """The inked share of a box in millimetres."""
    part = image.getchannel("A").crop(tuple(round(edge * 12) for edge in box))
    return sum(value > 100 for value in part.tobytes()) / (part.width * part.height)


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("name", ["张三", "陈雅琴", "欧阳修文"])
def test_short_names_make_a_square_chop_with_four_characters(name: str) -> None:
    seal = name_chop(name, rehearsal=False)
    assert (seal.width_mm, seal.height_mm) == (18, 18)
    cells = [(2.0, 2.0, 8.4, 8.4), (9.6, 2.0, 16, 8.4), (2.0, 9.6, 8.4, 16), (9.6, 9.6, 16, 16)]
    assert all(0.1 < ink(picture(seal), cell) < 0.9 for cell in cells)
    assert ink(picture(seal), (0, 0, 18, 0.6)) > 0.8  # the frame


@pytest.mark.parametrize("name", ["阿依古丽·买买提", "John Smith", "王𪚥"])
def test_long_and_rare_names_make_a_wide_chop(name: str) -> None:
    seal = name_chop(name, rehearsal=False)
    assert seal.height_mm == 11
    assert 18 < seal.width_mm <= 44
    assert ink(picture(seal), (1.5, 2, seal.width_mm - 1.5, 9)) > 0.08


def test_the_round_seal_has_ring_star_name_and_purpose() -> None:
    image = picture(official_seal("云南正信招标代理有限公司", rehearsal=False, purpose="开标专用章"))
    assert ink(image, (19.5, 18, 20.5, 21)) == 1  # the star's middle
    assert ink(image, (0, 19, 1.8, 21)) > 0.5  # the ring
    assert ink(image, (0, 0, 4, 4)) == 0  # outside it
    assert ink(image, (12, 29, 28, 33)) > 0.15
    bare = picture(official_seal("云南正信招标代理有限公司", rehearsal=False))
    assert ink(bare, (12, 29, 28, 33)) == 0


@pytest.mark.parametrize("length", [1, 2, 8, 30, 60])
def test_names_of_any_length_stay_inside_the_ring(length: int) -> None:
    image = picture(official_seal("昆" * length, rehearsal=False))
    assert ink(image, (12, 30, 28, 36)) == 0
    assert 0.05 < ink(image, (2.2, 2.2, 37.8, 18)) < 0.6


def test_rehearsal_seals_say_so() -> None:
    real, rehearsal = (name_chop("张三", rehearsal=flag) for flag in (False, True))
    assert rehearsal.rehearsal
    assert rehearsal.height_mm > real.height_mm
    assert ink(picture(rehearsal), (4, 18.6, 14, 22.4)) > 0.1
    round_one = picture(official_seal("公司", rehearsal=True, purpose="开标专用章"))
    assert round_one.tobytes() == picture(official_seal("公司", rehearsal=True)).tobytes()
    assert round_one.tobytes() != picture(official_seal("公司", rehearsal=False)).tobytes()


def test_the_same_name_gives_the_same_picture() -> None:
    assert name_chop("张三", rehearsal=False) == name_chop("张三", rehearsal=False)


@pytest.mark.parametrize("background", ["white", None])
def test_a_drawn_signature_keeps_its_strokes_only(background: str | None) -> None:
    drawing = Image.new("RGBA", (900, 500), background or (0, 0, 0, 0))
    ImageDraw.Draw(drawing).line([(200, 300), (400, 100), (700, 350)], fill="black", width=12)
    seal = drawn_signature(png(drawing), rehearsal=False)
    image = picture(seal)
    assert seal.width_mm <= 40
    assert seal.height_mm <= 18
    assert abs(seal.width_mm / seal.height_mm - 510 / 260) < 0.15  # cropped to the strokes, shape kept
    assert 0.02 < ink(image, (0, 0, seal.width_mm, seal.height_mm)) < 0.3


def test_drawings_from_outside_are_limited() -> None:
    bomb = bytearray(png(Image.new("L", (8, 8), 0)))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    for data, code in (
        (bytes(bomb), "seal.drawing_too_large"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * DRAWN_LIMIT, "seal.drawing_too_large"),
        (b"GIF89a" + b"0" * 100, "seal.drawing_unreadable"),
        (png(Image.new("L", (50, 50), 0))[:60], "seal.drawing_unreadable"),
        (png(Image.new("RGBA", (50, 50), (255, 255, 255, 0))), "seal.drawing_empty"),
    ):
        with pytest.raises(InputError, match=f"^{code}"):
            drawn_signature(data, rehearsal=False)


def test_nobody_has_no_seal() -> None:
    with pytest.raises(InputError, match=r"^seal\.no_name"):
        name_chop(" ", rehearsal=False)
    with pytest.raises(InputError, match=r"^seal\.no_name"):
        official_seal("", rehearsal=False)
