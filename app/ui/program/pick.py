"""Choosing a file, awaited like any other question."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from app.errors import InputError
from app.ui.async_bridge import ask
from app.ui.i18n import tr


class _FilePick(QFileDialog):
    def answer(self) -> Path | None:
        chosen = self.selectedFiles()
        return Path(chosen[0]) if self.result() and chosen else None


async def pick_file(parent: QWidget | None, title: str, pattern: str) -> Path | None:
    """An existing file, or None."""
    dialog = _FilePick(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilter(pattern)
    return await ask(dialog)


async def pick_target(parent: QWidget | None, title: str, name: str) -> Path | None:
    """Where to write a file, or None; the system asks before something is replaced."""
    dialog = _FilePick(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(name)
    return await ask(dialog)


async def pick_folder(parent: QWidget | None, title: str) -> Path | None:
    """An existing folder to write into, or None."""
    dialog = _FilePick(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return await ask(dialog)


def read_small(path: Path, limit: int = 4 * 1024 * 1024) -> bytes:
    """A file that a person chose.

    Raises:
        InputError: ``file.not_read``, ``input.too_large``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise InputError("file.not_read", name=path.name, error=type(error).__name__) from error
    if len(data) > limit:
        raise InputError("input.too_large", limit=limit)
    return data


PEM = "*.pem *.crt *.cer"
JSON = "*.json"


def all_files() -> str:
    """A pattern that lets everything through."""
    return tr("所有文件 (*)")
