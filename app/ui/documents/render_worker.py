"""The child process that parses and draws suppliers' PDFs. It imports neither Qt nor anything of the desk.

It may hang, swell or crash: the desk (``renderer.py``) watches it and ends it. Where the system can limit a process by
itself (POSIX), it also limits its own memory and processor time and gives up the right to write files.
"""

import os
import sys
from itertools import islice
from typing import BinaryIO

import pypdfium2 as pdfium

from app.ui.documents.wire import (
    MAX_BOXES,
    MAX_FILE,
    MAX_HEADINGS,
    MAX_PAGES_LISTED,
    MAX_PIXELS,
    MAX_TITLE,
    Failed,
    Find,
    Found,
    Heading,
    Locate,
    Located,
    Open,
    Opened,
    Outline,
    Outlined,
    Render,
    Rendered,
    Reply,
    Request,
    read_request,
    write,
)

MEMORY_LIMIT = 1536 * 1024 * 1024
CPU_SECONDS = 900
DEPTH = 6
_BGRX = 4


class Worker:
    """One document at a time."""

    def __init__(self, reply_to: BinaryIO) -> None:
        self._out = reply_to
        self._document: pdfium.PdfDocument | None = None

    def handle(self, request: Request, payload: bytes) -> None:
        """Answer one request; a document's fault is an answer, never an end."""
        pixels: bytes | memoryview = b""
        answer: Reply
        try:
            match request:
                case Open():
                    answer = self._open(request, payload)
                case Render():
                    answer, pixels = self._render(request)
                case Find():
                    answer = self._find(request)
                case Locate():
                    answer = self._locate(request)
                case Outline():
                    answer = self._outline()
        except MemoryError:
            answer = Failed("document.memory")
        except pdfium.PdfiumError as error:
            answer = Failed(_code(error))
        except (OSError, ValueError, IndexError):
            answer = Failed("document.unreadable")
        write(self._out, answer, pixels)

    def _open(self, request: Open, payload: bytes) -> Reply:
        if self._document is not None:
            self._document.close()
            self._document = None
        if request.path and os.path.getsize(request.path) > MAX_FILE:
            return Failed("document.too_large")
        self._document = pdfium.PdfDocument(request.path or payload)
        count = len(self._document)
        if count == 0:
            return Failed("document.unreadable")
        if count > MAX_PAGES_LISTED:
            return Failed("document.too_many_pages")
        sizes = tuple(self._document.get_page_size(number) for number in range(count))
        return Opened(tuple((max(1.0, width), max(1.0, height)) for width, height in sizes))

    def _render(self, request: Render) -> tuple[Reply, bytes | memoryview]:
        if self._document is None:
            return Failed("document.not_open"), b""
        page = self._document[request.page]
        width, height = page.get_size()
        if width * height * request.scale**2 > MAX_PIXELS:
            return Failed("document.page_too_large"), b""
        bitmap = page.render(scale=request.scale, rev_byteorder=False, prefer_bgrx=True, may_draw_forms=False)
        if bitmap.n_channels != _BGRX:
            return Failed("document.unreadable"), b""
        page.close()
        return (
            Rendered(request.page, bitmap.width, bitmap.height, bitmap.stride),
            memoryview(bitmap.buffer).cast("B")[: bitmap.stride * bitmap.height],
        )

    def _find(self, request: Find) -> Reply:
        if self._document is None:
            return Failed("document.not_open")
        end = min(len(self._document), request.start + request.most)
        pages = []
        for number in range(request.start, end):
            page = self._document[number]
            text_page = page.get_textpage()
            if text_page.search(request.text).get_next() is not None:
                pages.append(number)
            text_page.close()
            page.close()
        return Found(tuple(pages), end)

    def _locate(self, request: Locate) -> Reply:
        if self._document is None:
            return Failed("document.not_open")
        page = self._document[request.page]
        boxes: list[tuple[float, float, float, float]] = []
        if page.get_rotation() == 0:  # what pdfium says of text does not turn with the page
            left, bottom, _, _ = page.get_bbox()
            text_page = page.get_textpage()
            searcher = text_page.search(request.text)
            while len(boxes) < MAX_BOXES and (hit := searcher.get_next()) is not None:
                for number in range(text_page.count_rects(*hit)):
                    x0, y0, x1, y1 = text_page.get_rect(number)
                    boxes.append((x0 - left, y0 - bottom, x1 - x0, y1 - y0))
            text_page.close()
        page.close()
        return Located(tuple(boxes[:MAX_BOXES]))

    def _outline(self) -> Reply:
        if self._document is None:
            return Failed("document.not_open")
        count = len(self._document)
        headings = []
        for mark in islice(self._document.get_toc(max_depth=DEPTH), MAX_HEADINGS):
            place = mark.get_dest()
            page = place.get_index() if place is not None else None
            title = " ".join(mark.get_title()[: 4 * MAX_TITLE].split())[:MAX_TITLE]
            if title and page is not None and 0 <= page < count:
                headings.append(Heading(mark.level, title, page))
        return Outlined(tuple(headings))


def _code(error: Exception) -> str:
    return "document.encrypted" if "password" in str(error).lower() else "document.unreadable"


def _limit_self() -> None:
    try:
        import resource
    except ImportError:  # Windows: the desk's watch alone
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    """Serve requests from standard input until it ends."""
    _limit_self()
    worker = Worker(sys.stdout.buffer)
    while (frame := read_request(sys.stdin.buffer)) is not None:
        worker.handle(*frame)
    return 0


if __name__ == "__main__":
    sys.exit(main())
