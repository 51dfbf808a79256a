import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import typst
from PySide6.QtCore import QRectF

from app.errors import InputError
from app.settings import RESOURCES
from app.ui.async_bridge import AsyncBridge
from app.ui.documents.page_area import Mark
from app.ui.documents.renderer import PageRenderer
from app.ui.documents.viewer import DocumentViewer

Run = Callable[[Any], Any]
HANGS = "import sys,time; sys.stdin.buffer.read(1); time.sleep(60)"
SWELLS = "import sys,time; sys.stdin.buffer.read(1); x = bytearray(b'x' * 300_000_000); time.sleep(60)"
DIES = "import sys; sys.stdin.buffer.read(1); sys.exit(139)"
BABBLES = (
    "import sys,time; sys.stdin.buffer.read(1); sys.stdout.buffer.write(b'z' * 100); sys.stdout.flush(); time.sleep(60)"
)


def child(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture(scope="session")
def pdf() -> bytes:
    source = """#set page(width: 200pt, height: 300pt)\n#set text(font: "Noto Sans SC")
    = 第一页\n#pagebreak()\n= 第二页 needle\n#pagebreak()\n= 第三页"""
    made = typst.compile(source.encode(), font_paths=[str(RESOURCES / "fonts")], ignore_system_fonts=True)
    assert isinstance(made, bytes)
    return made


async def test_pages_come_with_size_and_ink(pdf: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bid.pdf"
    path.write_bytes(pdf)
    renderer = PageRenderer()
    try:
        for source in (pdf, path):
            assert await renderer.open(source) == ((200.0, 300.0),) * 3
        page = await renderer.render(1, 2.0)
        assert (page.width, page.height, len(page.data)) == (400, 600, page.stride * 600)
        assert 0 < page.data.count(b"\x00") < len(page.data) / 2
        assert (await renderer.find("needle")).pages == (1,)
    finally:
        renderer.close()


@pytest.mark.parametrize(
    "hostile", [b"", b"%PDF-1.7\n", b"\x00" * 5000, b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj trailer<</Root 1 0 R>>"]
)
async def test_what_is_no_document_is_refused_and_the_child_goes_on(pdf: bytes, hostile: bytes) -> None:
    renderer = PageRenderer()
    try:
        with pytest.raises(InputError, match="unreadable"):
            await renderer.open(hostile)
        pid = renderer.pid
        assert len(await renderer.open(pdf)) == 3
        assert renderer.pid == pid
    finally:
        renderer.close()


async def test_a_page_that_is_not_there_and_one_that_is_too_large(pdf: bytes) -> None:
    renderer = PageRenderer()
    try:
        await renderer.open(pdf)
        with pytest.raises(InputError, match="unreadable"):
            await renderer.render(17, 1.0)
        with pytest.raises(InputError, match="page_too_large"):
            await renderer.render(0, 100.0)
        assert (await renderer.render(0, 1.0)).width == 200
    finally:
        renderer.close()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (HANGS, "document.timeout"),
        (SWELLS, "document.memory"),
        (DIES, "document.crashed"),
        (BABBLES, "document.crashed"),
    ],
)
async def test_a_child_that_misbehaves_is_ended(pdf: bytes, code: str, expected: str) -> None:
    renderer = PageRenderer(
        open_seconds=3.0 if "300_000" in code else 0.6, memory_limit=200_000_000, command=child(code)
    )
    try:
        with pytest.raises(InputError) as met:
            await renderer.open(pdf)
        assert met.value.code == expected
        assert renderer.pid is None
    finally:
        renderer.close()


async def test_a_killed_child_is_replaced_and_opens_the_document_again(pdf: bytes) -> None:
    renderer = PageRenderer()
    try:
        await renderer.open(pdf)
        first = renderer.pid
        assert first is not None
        psutil.Process(first).kill()
        psutil.wait_procs([psutil.Process(first)] if psutil.pid_exists(first) else [], timeout=2)
        page = await renderer.render(2, 1.0)
        assert page.number == 2
        assert renderer.pid not in (None, first)
    finally:
        renderer.close()


async def test_a_cancelled_call_does_not_shift_the_answers(pdf: bytes) -> None:
    renderer = PageRenderer()
    try:
        await renderer.open(pdf)
        task = asyncio.create_task(renderer.render(0, 3.0))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await renderer.render(1, 1.0)).number == 1
    finally:
        renderer.close()


def test_the_child_loads_neither_qt_nor_the_desk() -> None:
    import subprocess

    code = "import sys, app.ui.documents.render_worker; print([m for m in sys.modules if 'PySide' in m])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, cwd=RESOURCES.parent
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_the_viewer_draws_what_is_in_sight(run: Run, pdf: bytes) -> None:
    async def main() -> tuple[list[BaseException], bool, int]:
        met: list[BaseException] = []
        bridge = AsyncBridge(met.append)
        viewer = DocumentViewer(bridge)
        viewer.resize(600, 500)
        viewer.show()
        await viewer.open(pdf, "技术文件.pdf")
        viewer.set_marks([Mark((0, QRectF(20, 20, 60, 60), None))])
        while not viewer.area.drawn(0):
            await asyncio.sleep(0.01)
        viewer._search.setText("needle")
        await viewer._find()
        while not viewer.area.drawn(1):
            await asyncio.sleep(0.01)
        result = viewer.area.drawn(2), viewer.area.current_page
        viewer.close_renderer()
        await bridge.close()
        viewer.close()
        viewer.deleteLater()
        return met, *result

    met, drawn_unseen, page = run(main())
    assert met == []
    assert page == 1
    assert not drawn_unseen


async def test_contents_and_places_of_words_are_told(pdf: bytes) -> None:
    renderer = PageRenderer()
    try:
        await renderer.open(pdf)
        headings = await renderer.outline()
        assert [(h.level, h.title, h.page) for h in headings] == [
            (0, "第一页", 0), (0, "第二页 needle", 1), (0, "第三页", 2),
        ]  # fmt: skip
        assert await renderer.locate("needle", 0) == ()
        (left, bottom, width, height), *more = await renderer.locate("needle", 1)
        assert not more
        assert 0 < left < left + width < 200
        assert 150 < bottom < bottom + height < 300
    finally:
        renderer.close()


def test_the_viewer_goes_to_a_heading_then_to_words_and_says_when_there_are_none(run: Run, pdf: bytes) -> None:
    async def main() -> list[object]:
        bridge = AsyncBridge(print)
        viewer = DocumentViewer(bridge)
        viewer.resize(600, 320)
        viewer.show()
        await viewer.open(pdf, "技术文件.pdf", 0)
        seen: list[object] = [viewer.contents.isVisible(), viewer.outline.isVisible()]
        viewer.contents.click()
        seen += [viewer.outline.isVisible(), await viewer.look_for("第三 页"), viewer.area.current_page]
        seen += [viewer.outline.currentRow(), await viewer.look_for("needle"), viewer.area.current_page]
        viewer._search.setText("nowhere")
        await viewer._find()
        seen += [await viewer.look_for("nowhere"), viewer._said.isVisible(), viewer._said.text()]
        viewer.close_renderer()
        await bridge.close()
        viewer.close()
        viewer.deleteLater()
        return seen

    assert run(main()) == [
        True, False, True, True, 2, 2, True, 1, False, True, "没有找到“nowhere”",
    ]  # fmt: skip


def test_the_viewer_says_what_cannot_be_shown(run: Run, pdf: bytes) -> None:
    async def main() -> tuple[str, str, str]:
        bridge = AsyncBridge(print)
        viewer = DocumentViewer(bridge)
        viewer.show()
        await viewer.open(b"%PDF-1.7 nonsense", "坏文件.pdf")
        before, sentence = viewer.error(), viewer._broken_what.text()
        await viewer.open(pdf, "好文件.pdf")
        after = viewer.error()
        viewer.close_renderer()
        await bridge.close()
        viewer.close()
        viewer.deleteLater()
        return before, sentence, after

    assert run(main()) == ("document.unreadable", "此 PDF 读不出来。", "")
