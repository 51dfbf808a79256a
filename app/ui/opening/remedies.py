"""A supplier whose bid does not open the usual way: its backup is handed in, its paper's words are typed in."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QCompleter, QGridLayout, QLineEdit, QProgressBar, QWidget
from shamir_mnemonic.wordlist import WORDLIST

from app.ca.paper import WORDS, secret_of
from app.errors import BidroomError, FaultError, InputError
from app.session import backups, recovery
from app.session.client import Client
from app.ui import texts
from app.ui.async_bridge import AsyncBridge
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.program.pick import all_files, pick_file
from app.ui.view import label

COLUMNS = 3


class RemedyDialog(DeskDialog[bool]):
    """Works while it stands open; answers whether it is done. Cancelling stops the work under way."""

    def __init__(self, client: Client, bridge: AsyncBridge, title: str, act: str, parent: QWidget | None) -> None:
        super().__init__(title, parent, width=620)
        self.client, self._bridge = client, bridge
        self._task: asyncio.Task[Any] | None = None
        self.said = label("body", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(title)
        self.bar.hide()
        self.add_button(tr("取消"), "plain", accept=False)
        self.go = self.add_button(act, "primary")
        self.go.setEnabled(False)

    def answer(self) -> bool:
        return self.accepted_now

    def may_go(self) -> bool:
        """Whether the act can be tried now."""
        raise NotImplementedError

    def reject(self) -> None:
        if self._task is not None:
            self._task.cancel()
        super().reject()

    def work(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run one step; its error is said in the dialog, which stays open."""
        self._task = self._bridge.start(self._guarded(coroutine), "remedy")

    async def _guarded(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.go.setEnabled(False)
        self.bar.setRange(0, 0)
        self.bar.show()
        try:
            await coroutine
        except (BidroomError, TimeoutError, ConnectionError) as error:
            self.say_error(error if isinstance(error, BidroomError) else FaultError("command.timeout"))
        finally:
            self._task = None
            self.bar.hide()
            self.go.setEnabled(self.may_go())

    def say_error(self, error: BidroomError) -> None:
        text = texts.exception_text(error)
        self.said.setText(f"{text.what}{text.do}" if text.what.endswith("。") else f"{text.what} {text.do}")


class HandInDialog(RemedyDialog):
    """提交备用文件: choose, see the commitment checked, hand in."""

    def __init__(self, client: Client, bridge: AsyncBridge, parent: QWidget | None = None) -> None:
        super().__init__(client, bridge, tr("提交备用文件"), tr("提交备用文件"), parent)
        self.path: Path | None = None
        self.add(label("body", tr("只接受与递交时承诺一致的备用文件；核对通过后才会上传。"), wrap=True))
        self.said.setText(tr("还没有选择文件"))
        self.choose = self.add_button(tr("选择备用文件…"))
        self.buttons.insertWidget(self.buttons.indexOf(self.go), self.choose)  # what ends the dialog stands last
        self.add(self.said, self.bar)
        self.choose.clicked.connect(lambda: self._bridge.start(self._pick(), "remedy.pick"))
        self.go.clicked.connect(lambda: self.work(self._send()))

    def may_go(self) -> bool:
        return self.path is not None

    async def _pick(self) -> None:
        path = await pick_file(self, tr("选择备用文件"), all_files())
        if path is not None:
            self.take(path)

    def take(self, path: Path) -> None:
        """Check this file."""
        self.path = None
        self.work(self._check(path))

    async def _check(self, path: Path) -> None:
        self.said.setText(tr("正在核对承诺"))
        await backups.check_backup(self.client, path)
        self.path = path
        self.said.setText(tr("与递交时的承诺一致：{name}", name=path.name))

    async def _send(self) -> None:
        assert self.path is not None
        self.choose.setEnabled(False)
        self.said.setText(tr("正在上传"))
        try:
            await backups.hand_in_backup(self.client, self.path, self._progress)
        finally:
            self.choose.setEnabled(True)
        self.accept()

    def _progress(self, sent: int, size: int) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(sent * 1000 // max(size, 1))


class PaperDialog(RemedyDialog):
    """纸质恢复词: one field a word. The words are in the fields only, which are emptied when the dialog ends."""

    def __init__(self, client: Client, bridge: AsyncBridge, parent: QWidget | None = None) -> None:
        super().__init__(client, bridge, tr("使用纸质恢复词"), tr("放行"), parent)
        told = tr("按打印页上的编号录入 {count} 个词。录入的词不会保存，放行后立即清除。", count=WORDS)
        self.add(label("body", told, wrap=True), label("hint", tr("签署仍使用您登录时的证书。"), wrap=True))
        model = QStringListModel(list(WORDLIST), self)
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        self.fields: list[QLineEdit] = []
        rows = -(-WORDS // COLUMNS)
        for place in range(WORDS):
            field = QLineEdit()
            field.setAccessibleName(tr("第 {place} 个词", place=place + 1))
            field.setInputMethodHints(
                Qt.InputMethodHint.ImhSensitiveData
                | Qt.InputMethodHint.ImhNoPredictiveText
                | Qt.InputMethodHint.ImhLatinOnly
            )
            completer = QCompleter(model, field)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            field.setCompleter(completer)
            field.textChanged.connect(lambda text, at=place: self._typed(at, text))
            grid.addWidget(label("second", str(place + 1)), place % rows, place // rows * 2)
            grid.addWidget(field, place % rows, place // rows * 2 + 1)
            self.fields.append(field)
        self.add(grid, self.said, self.bar)
        self.go.clicked.connect(lambda: self.work(self._release()))
        self.finished.connect(self._forget)
        self._check()
        self.fields[0].setFocus()

    def may_go(self) -> bool:
        if not all(self.words()):
            return False
        try:
            secret_of(self.words())
        except InputError:
            return False
        return True

    def words(self) -> list[str]:
        return [field.text().strip() for field in self.fields]

    def _typed(self, at: int, text: str) -> None:
        """A space goes on to the next field; a whole page pasted into one is spread over those that follow."""
        parts = text.split()
        if parts and text != parts[0]:
            for field, part in zip(self.fields[at:], parts, strict=False):
                field.setText(part)
            self.fields[min(at + len(parts), WORDS - 1)].setFocus()
            return
        self._check()

    def _check(self) -> None:
        found = sum(bool(word) for word in self.words())
        self.go.setEnabled(False)
        if found < WORDS:
            self.said.setText(tr("已录入 {found}/{count} 个词", found=found, count=WORDS))
            return
        try:
            secret_of(self.words())
        except InputError as error:
            self.say_error(error)
        else:
            self.said.setText(tr("校验通过，可以放行。"))
            self.go.setEnabled(self._task is None)

    async def _release(self) -> None:
        for field in self.fields:
            field.setReadOnly(True)
        try:
            await recovery.release_from_paper(self.client, self.words())
        finally:
            for field in self.fields:
                field.setReadOnly(False)
        self.accept()

    def _forget(self) -> None:
        for field in self.fields:
            field.blockSignals(True)
            field.setText("")  # clears the undo history as well
