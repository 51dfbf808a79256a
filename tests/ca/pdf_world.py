"""A small document with four boxes, people with keys of every kind, and ways to spoil what they signed."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import typst
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from app.ca.pdf_signer import PyHankoSigner, SignatureField
from app.ca.seal import SealImage, name_chop
from app.ca.token import Act
from app.ca.typeface import FONTS
from app.rehearsal.demo_pki import IssuedKey

NOW = datetime.now(UTC).replace(microsecond=0)
FIELDS = tuple(
    SignatureField(
        f"signature_{n:02d}", f"person-{n}", n // 2, (60.0, 80.0 + 100 * (n % 2), 290.0, 165.0 + 100 * (n % 2))
    )
    for n in range(4)
)
NAMES = ("李明", "杨丽", "张晓峰", "阿依古丽·买买提")


class HeldKey:
    """A key in memory that counts what it is asked; a ``KeyHolder``."""

    def __init__(self, issued: IssuedKey, chain: tuple[bytes, ...] = ()) -> None:
        self._key = issued.private_key
        self.signing_certificate = self.encryption_certificate = issued.certificate
        self.chain = chain
        self.acts: list[Act] = []

    async def sign(self, data: bytes, act: Act) -> bytes:
        self.acts.append(act)
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    async def unwrap(self, blob: bytes, act: Act) -> bytes:
        raise AssertionError("nothing is unwrapped here")


@cache
def flat_pdf() -> bytes:
    """Two pages of text, PDF/A-3u, no fields."""
    source = (
        '#set document(date: datetime(year: 2026, month: 11, day: 20))\n#set page("a4")\n'
        '#set text(font: "Noto Sans SC", fallback: false)\n开标记录表 总价 9,800,000.00\n#pagebreak()\n第二页'
    )
    pdf = typst.compile(
        source.encode(), font_paths=[str(FONTS)], ignore_system_fonts=True, pdf_standards=["a-3u"], timestamp=0
    )
    assert isinstance(pdf, bytes)
    return pdf


@cache
def with_fields() -> bytes:
    return PyHankoSigner().add_fields(flat_pdf(), FIELDS)


@cache
def chop(name: str) -> SealImage:
    return name_chop(name, rehearsal=True)


async def sign_one(pdf: bytes, number: int, key: Any, **changes: Any) -> bytes:
    """``pdf`` with field ``number`` signed; the first certifies."""
    wanted: dict[str, Any] = {
        "name": NAMES[number], "reason": "评审专家", "at": NOW + timedelta(minutes=number), "certify": number == 0,
    }  # fmt: skip
    return await PyHankoSigner().sign(pdf, FIELDS[number].name, key, chop(NAMES[number]), **(wanted | changes))


async def sign_all(keys: Sequence[Any]) -> list[bytes]:
    """The file before any signature, and after each."""
    files = [with_fields()]
    for number, key in enumerate(keys):
        files.append(await sign_one(files[-1], number, key))
    return files


def spoiled(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """``pdf`` with one more increment, as an attacker with a good PDF library would write it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()
