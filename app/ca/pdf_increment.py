"""One incremental update of a PDF whose bytes follow from its input alone."""

# mypy: allow-untyped-calls
# (pyHanko is only partly annotated.)

import io

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader


class Increment(IncrementalPdfFileWriter):
    """An incremental update that touches nothing but what it is asked to.

    The library stamps the clock's time and a random file identifier into every update; here the time is an argument
    and the same input gives the same bytes, so metadata stays as it was and the identifier follows from the content.
    """

    def __init__(self, sha256: bytes, reader: PdfFileReader) -> None:
        """``sha256``: the digest of the document that ``reader`` reads."""
        super().__init__(reader.stream, prev=reader)
        self._document_id = generic.ArrayObject([self._document_id.raw_get(0), generic.ByteStringObject(sha256[:16])])

    def finished(self) -> bytes:
        """The whole file with the update behind it."""
        self.write_in_place()
        stream: io.BytesIO = self.prev.stream
        return stream.getvalue()

    def _update_meta(self) -> None:
        return
