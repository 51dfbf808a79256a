"""Memory and time of signing one large PDF: ``python benchmarks/pdf_signing.py [MEGABYTES]`` (default 60).

The document is one page with a random attachment, so that nothing compresses; each figure is from a process of its own.
"""

import asyncio
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def big_pdf(path: Path, size: int) -> None:
    """One empty page and ``size`` random bytes, with a signature field."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.generic import pdf_name
    from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

    from app.ca.pdf_signer import PyHankoSigner, SignatureField

    writer = PdfFileWriter()
    page = PageObject(
        contents=writer.add_object(generic.StreamObject(stream_data=b"")),
        media_box=generic.ArrayObject([generic.NumberObject(n) for n in (0, 0, 595, 842)]),
    )
    writer.insert_page(page)
    writer.root[pdf_name("/Big")] = writer.add_object(generic.StreamObject(stream_data=os.urandom(size)))
    out = io.BytesIO()
    writer.write(out)
    field = SignatureField("signature_01", "person", 0, (60.0, 80.0, 290.0, 165.0))
    path.write_bytes(PyHankoSigner().add_fields(out.getvalue(), [field]))


async def sign(path: Path) -> None:
    """Sign the file in place."""
    from app.ca.device_key import DeviceKeyHolder
    from app.ca.pdf_signer import PyHankoSigner
    from app.ca.seal import name_chop

    await PyHankoSigner().sign_file(
        path, "signature_01", DeviceKeyHolder.create("李明"), name_chop("李明", rehearsal=True),
        name="李明", reason="签署", at=datetime.now(UTC), certify=True,
    )  # fmt: skip


def check(path: Path) -> None:
    """Verify the signed file."""
    from app.ca.pdf_verifier import verify
    from app.ca.trust import TrustList

    assert verify(path.read_bytes(), TrustList([]), datetime.now(UTC)).intact


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.pdf"
        for step in ("make", "sign", "check"):
            subprocess.run([sys.executable, __file__, "--step", step, str(path), str(size)], check=True)


def step(what: str, path: Path, size: int) -> None:
    import app.ca.pdf_flat
    import app.ca.pdf_signer
    import app.ca.pdf_verifier  # what is imported is not counted

    app.ca.pdf_flat.SIZE_LIMIT = max(app.ca.pdf_flat.SIZE_LIMIT, (size + 4) << 20)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    if what == "make":
        big_pdf(path, size << 20)
        return
    if what == "sign":
        asyncio.run(sign(path))
    else:
        check(path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{what:6} {size} MB: {time.perf_counter() - began:.2f} s, {peak >> 10} MB at most ({before >> 10} before)")


if __name__ == "__main__":
    if "--step" in sys.argv:
        step(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
