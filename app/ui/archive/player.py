"""One recorded piece after another of one source: taken out of the archive, its digest checked, then played."""

import asyncio
import tempfile
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtMultimedia import QAudioOutput, QMediaPlayer
from PySide6.QtMultimediaWidgets import QVideoWidget
from PySide6.QtWidgets import QComboBox, QStackedWidget, QWidget

from app.errors import BidroomError, InputError
from app.ui import texts
from app.ui.archive.content import Content, Segment, extract, source_names
from app.ui.async_bridge import AsyncBridge
from app.ui.i18n import tr
from app.ui.view import View, column, label, row
from app.ui.widgets.buttons import Button


class SegmentPlayer(View):
    """Segments of one source play one by one.

    Signals:
        at(object): the start of the piece that plays now (aware UTC).
    """

    at = Signal(object)

    def __init__(self, bridge: AsyncBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._content: Content | None = None
        self._segments: tuple[Segment, ...] = ()
        self._place = 0
        self._player: QMediaPlayer | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="bidroom-play-")
        self.source = QComboBox()
        self.source.currentIndexChanged.connect(self._chose_source)
        self.say(self.source.setAccessibleName, "录像来源")
        self.back, self.play, self.on = Button("plain"), Button("primary", "play"), Button("plain")
        self.outside = Button("plain", "window")
        self.back.clicked.connect(lambda: self.step(-1))
        self.on.clicked.connect(lambda: self.step(1))
        self.play.clicked.connect(self._toggle)
        self.outside.clicked.connect(lambda: self._bridge.start(self._open_outside(), "archive.outside"))
        self.say(self.back.setText, "上一段")
        self.say(self.on.setText, "下一段")
        self.say(self.outside.setText, "用其他程序打开")
        self._where = label("second", wrap=True)
        self._video_place = QStackedWidget()
        self._note = label("second", wrap=True)
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._video_place.addWidget(self._note)
        self._video_place.setMinimumHeight(120)
        tools = row(self.back, self.play, self.on, self.source, self._where, self.outside, spacing=8)
        tools.setStretch(4, 1)
        layout = column(self._video_place, tools, spacing=8)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.retranslate()

    def show_content(self, content: Content) -> None:
        """Take an archive's segments."""
        self._content = content
        order = list(dict.fromkeys(segment.source for segment in content.segments))
        names = source_names(content)
        self.source.blockSignals(True)
        self.source.clear()
        for key in order:
            self.source.addItem(names.get(key, key), key)
        self.source.blockSignals(False)
        self._chose_source()

    def go_to(self, moment: object) -> None:
        """The piece of the present source at this moment, or the next one after it."""
        for place, segment in enumerate(self._segments):
            if segment.end > moment:  # type: ignore[operator]
                self._place = place
                self._show_place()
                return

    def step(self, by: int) -> None:
        """Another piece."""
        if self._segments:
            self._place = max(0, min(len(self._segments) - 1, self._place + by))
            self._show_place()
            if self._playing():
                self._bridge.start(self._start(), "archive.play")

    def segment(self) -> Segment | None:
        return self._segments[self._place] if self._place < len(self._segments) else None

    def stop(self) -> None:
        """End playing and give the files back."""
        if self._player is not None:
            self._player.stop()
            self._player.setSource(QUrl())
        self._folder.cleanup()

    def retranslate(self) -> None:
        self.play.setText(tr("暂停") if self._playing() else tr("播放"))
        self.play.show_icon("pause" if self._playing() else "play")
        self._show_place()

    def _chose_source(self) -> None:
        key = self.source.currentData()
        segments = self._content.segments if self._content is not None else ()
        self._segments = tuple(sorted((s for s in segments if s.source == key), key=lambda s: s.start))
        self._place = 0
        self._show_place()

    def _show_place(self) -> None:
        segment = self.segment()
        usable = segment is not None and segment.kept
        for button in (self.play, self.outside):
            button.setEnabled(usable)
        self.back.setEnabled(self._place > 0)
        self.on.setEnabled(self._place + 1 < len(self._segments))
        if segment is None:
            self._where.setText("")
            self._note.setText(tr("档案中没有录像。"))
            return
        gaps = tr("　缺 {count} 处", count=segment.gaps) if segment.gaps else ""
        self._where.setText(
            tr("第 {place}/{all} 段　{time}", place=self._place + 1, all=len(self._segments),
               time=texts.clock_time(segment.start)) + gaps
        )  # fmt: skip
        self._note.setText(
            tr("点击播放，逐段播放所选来源。") if segment.kept else tr("本版本档案不含这一段，只有它的摘要。")
        )
        self.at.emit(segment.start)

    def _playing(self) -> bool:
        state = self._player.playbackState() if self._player is not None else None
        return state == QMediaPlayer.PlaybackState.PlayingState

    def _toggle(self) -> None:
        if self._playing() and self._player is not None:
            self._player.pause()
        else:
            self._bridge.start(self._start(), "archive.play")

    async def _start(self) -> None:
        path = await self._taken_out()
        if path is None:
            return
        if self._player is None:
            self._make_player()
        assert self._player is not None
        self._player.setSource(QUrl.fromLocalFile(str(path)))
        self._video_place.setCurrentIndex(1)
        self._player.play()

    def _make_player(self) -> None:
        video = QVideoWidget()
        self._video_place.addWidget(video)
        self._player = QMediaPlayer(self)
        self._player.setAudioOutput(QAudioOutput(self))
        self._player.setVideoOutput(video)
        self._player.mediaStatusChanged.connect(self._status)
        self._player.playbackStateChanged.connect(lambda _state: self.retranslate())
        self._player.errorOccurred.connect(self._failed)

    def _status(self, status: QMediaPlayer.MediaStatus) -> None:
        if status == QMediaPlayer.MediaStatus.EndOfMedia and self._place + 1 < len(self._segments):
            self._place += 1
            self._show_place()
            self._bridge.start(self._start(), "archive.play")

    def _failed(self, _error: object, _text: str) -> None:
        self._video_place.setCurrentIndex(0)
        self._note.setText(tr("本机不能播放这一段，请用其他程序打开。"))

    async def _taken_out(self) -> Path | None:
        segment, content = self.segment(), self._content
        if segment is None or content is None:
            return None
        target = Path(self._folder.name) / f"{segment.sha256[:16]}.mkv"
        if target.exists():
            return target
        try:
            file = content.file(segment.sha256)
            if file is None or not file.kept:
                raise InputError("blob.missing", digest=segment.sha256)
            return await asyncio.to_thread(extract, content.path, file, target)
        except (BidroomError, OSError) as error:
            self._note.setText(texts.exception_text(error).what)
            return None

    async def _open_outside(self) -> None:
        path = await self._taken_out()
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
