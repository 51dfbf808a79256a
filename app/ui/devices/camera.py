"""Cameras through QtMultimedia: listed, hot-plugged, opened only on a person's word, handed out as frames."""

from collections.abc import Callable
from typing import Any

import av
import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtMultimedia import QCamera, QCameraDevice, QMediaCaptureSession, QMediaDevices, QVideoFrame, QVideoSink

from app.ui.widgets.picture import Picture

FrameTaker = Callable[[Any], None]
WANTED_WIDTH, WANTED_HEIGHT = 1280, 720


class Camera(QObject):
    """One camera at a time.

    Signals:
        pictured(Picture): for the own preview.
        failed(str): ``camera.denied``, ``camera.none``, ``camera.lost``.
        devices_changed(): a camera came or went.
    """

    pictured = Signal(object)
    failed = Signal(str)
    devices_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._devices = QMediaDevices(self)
        self._devices.videoInputsChanged.connect(self.devices_changed)
        self._session: QMediaCaptureSession | None = None
        self._camera: QCamera | None = None
        self._sink: QVideoSink | None = None
        self._taker: FrameTaker | None = None

    @staticmethod
    def names() -> list[str]:
        """Cameras of this machine, the system's default first."""
        default = QMediaDevices.defaultVideoInput()
        devices = sorted(QMediaDevices.videoInputs(), key=lambda one: one.id() != default.id())
        return [one.description() for one in devices]

    @property
    def running(self) -> bool:
        return self._camera is not None

    def hand_to(self, taker: FrameTaker | None) -> None:
        """Give every frame as ``av.VideoFrame`` (bgra, unscaled) to ``taker`` too (``CallbackSource.push_frame``)."""
        self._taker = taker

    def start(self, name: str = "") -> None:
        """Open the camera called ``name`` (empty: the default)."""
        self.stop()
        device = _device(name)
        if device is None:
            self.failed.emit("camera.none")
            return
        self._camera, self._session, self._sink = QCamera(device), QMediaCaptureSession(), QVideoSink()
        self._camera.errorOccurred.connect(self._on_error)
        best = max(device.videoFormats(), key=_fitness, default=None)
        if best is not None:
            self._camera.setCameraFormat(best)
        self._session.setCamera(self._camera)
        self._session.setVideoSink(self._sink)
        self._sink.videoFrameChanged.connect(self._on_frame, Qt.ConnectionType.QueuedConnection)
        self._camera.start()

    def stop(self) -> None:
        """Close the camera; its light goes off."""
        if self._camera is not None:
            self._camera.stop()
            self._camera.deleteLater()
        if self._session is not None:
            self._session.deleteLater()
        if self._sink is not None:
            self._sink.deleteLater()
        self._camera = self._session = self._sink = None

    def _on_frame(self, frame: QVideoFrame) -> None:
        if self._camera is None or not frame.isValid():
            return
        picture = picture_from_image(frame.toImage())
        self.pictured.emit(picture)
        if self._taker is not None:
            self._taker(av_frame(picture))

    def _on_error(self, error: QCamera.Error, _text: str) -> None:
        if error != QCamera.Error.NoError:
            present = bool(QMediaDevices.videoInputs())
            self.stop()
            self.failed.emit("camera.denied" if present else "camera.lost")


def picture_from_image(image: QImage) -> Picture:
    """BGRX bytes of any QImage."""
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    return Picture(plain.width(), plain.height(), plain.bytesPerLine(), bytes(plain.constBits()))


def av_frame(picture: Picture) -> Any:
    """The same picture as ``av.VideoFrame`` in bgra."""
    rows = np.frombuffer(picture.data, np.uint8).reshape(picture.height, picture.stride)
    pixels = rows[:, : picture.width * 4].reshape(picture.height, picture.width, 4)
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="bgra")


def _device(name: str) -> QCameraDevice | None:
    for one in QMediaDevices.videoInputs():
        if name and one.description() == name:
            return one
    default = QMediaDevices.defaultVideoInput()
    return None if default.isNull() else default


def _fitness(wanted: Any) -> tuple[bool, bool, int]:
    """Prefer at least 15 frames a second, then 720p or less, then the largest of those."""
    size = wanted.resolution()
    fits = size.width() <= WANTED_WIDTH and size.height() <= WANTED_HEIGHT
    return wanted.maxFrameRate() >= 15, fits, size.width() * size.height() * (1 if fits else -1)
