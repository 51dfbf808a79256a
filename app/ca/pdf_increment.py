"""One incremental update of a PDF whose bytes follow from its input alone."""

# mypy: allow-untyped-calls
# (pyHanko is only partly annotated.)

import hashlib
import io

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader


class Increment(IncrementalPdfFileWriter):
    """An incremental update that touches nothing but what it is asked to.

    The library stamps the clock's time and a random file identifier into every update; here the time is an argument
    and the same input gives the same bytes, so metadata stays as it was and the identifier follows from the content.
    """

    def __init__(self, pdf: bytes, reader: PdfFileReader) -> None:
        super().__init__(io.BytesIO(pdf), prev=reader)
        self._document_id = generic.ArrayObject(
            [self._document_id.raw_get(0), generic.ByteStringObject(hashlib.sha256(pdf).digest()[:16])]
        )

    def finished(self) -> bytes:
        """The whole file with the update behind it."""
        output = io.BytesIO()
        self.write(output)
        return output.getvalue()

    def _update_meta(self) -> None:
        return
