"""Microphone and speaker through QtMultimedia: mono, 16 bit, 48 kHz, as the media floor takes them."""

import math
import threading
from collections import deque
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QIODevice, QObject, Signal
from PySide6.QtMultimedia import QAudioDevice, QAudioFormat, QAudioSink, QAudioSource, QMediaDevices, QtAudio

RATE = 48_000
TEST_SECONDS = 1.2
PLAY_LIMIT_BYTES = RATE * 2 // 2
SampleTaker = Callable[[bytes], None]


def wire_format() -> QAudioFormat:
    """Mono s16 at 48 kHz."""
    made = QAudioFormat()
    made.setSampleRate(RATE)
    made.setChannelCount(1)
    made.setSampleFormat(QAudioFormat.SampleFormat.Int16)
    return made


def loudness(samples: bytes) -> float:
    """0 to 1 on a scale of 60 dB: 0 at -60 dBFS and below, 1 at full scale."""
    values = np.frombuffer(samples[: len(samples) & ~1], np.int16).astype(np.float64)
    if not values.size:
        return 0.0
    power = float(np.sqrt(np.mean(values**2))) / 32768
    return 0.0 if power < 0.001 else min(1.0, 1 + 20 * math.log10(power) / 60)


def two_notes(seconds: float = TEST_SECONDS) -> bytes:
    """Two soft notes, faded in and out."""
    time = np.arange(int(RATE * seconds)) / RATE
    notes = np.where(time < seconds / 2, np.sin(2 * np.pi * 440 * time), np.sin(2 * np.pi * 554.4 * time))
    fade = np.minimum(1, np.minimum(time, seconds - time) / 0.05)
    return bytes((notes * fade * 6000).astype(np.int16).tobytes())


class Microphone(QObject):
    """One microphone at a time.

    Signals:
        level(float): 0 to 1, about twenty times a second.
        failed(str): ``microphone.none``, ``microphone.denied``.
        devices_changed(): a microphone came or went.
    """

    level = Signal(float)
    failed = Signal(str)
    devices_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._devices = QMediaDevices(self)
        self._devices.audioInputsChanged.connect(self.devices_changed)
        self._source: QAudioSource | None = None
        self._stream: QIODevice | None = None
        self._taker: SampleTaker | None = None

    @staticmethod
    def names() -> list[str]:
        """Microphones of this machine, the default first."""
        return _names(QMediaDevices.audioInputs(), QMediaDevices.defaultAudioInput())

    @property
    def running(self) -> bool:
        return self._source is not None

    def hand_to(self, taker: SampleTaker | None) -> None:
        """Give all samples to ``taker`` as well (``CallbackSource.push_samples``)."""
        self._taker = taker

    def start(self, name: str = "") -> None:
        """Open the microphone called ``name`` (empty: the default)."""
        self.stop()
        device = _find(QMediaDevices.audioInputs(), QMediaDevices.defaultAudioInput(), name)
        if device is None:
            self.failed.emit("microphone.none")
            return
        self._source = QAudioSource(device, wire_format(), self)
        self._source.setBufferSize(RATE // 5)
        self._stream = self._source.start()
        if self._source.error() != QtAudio.Error.NoError or self._stream is None:
            self.stop()
            self.failed.emit("microphone.denied")
            return
        self._stream.readyRead.connect(self._read)

    def stop(self) -> None:
        """Close the microphone."""
        if self._source is not None:
            self._source.stop()
            self._source.deleteLater()
        self._source = self._stream = None

    def _read(self) -> None:
        if self._stream is None:
            return
        samples = bytes(self._stream.readAll().data())
        if samples:
            self.level.emit(loudness(samples))
            if self._taker is not None:
                self._taker(samples)


class _Feed(QIODevice):
    """What is played: anyone pushes, the audio thread pulls; silence when there is nothing."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._parts: deque[bytes] = deque()
        self._held = 0
        self.open(QIODevice.OpenModeFlag.ReadOnly)

    def push(self, samples: bytes, limit: int = PLAY_LIMIT_BYTES) -> None:
        with self._lock:
            self._parts.append(samples)
            self._held += len(samples)
            while self._held > limit and len(self._parts) > 1:
                self._held -= len(self._parts.popleft())

    def held(self) -> int:
        with self._lock:
            return self._held

    def isSequential(self) -> bool:
        return True

    def bytesAvailable(self) -> int:
        return max(self.held(), RATE // 10) + super().bytesAvailable()

    def readData(self, most: int) -> bytes:
        with self._lock:
            out = b""
            while self._parts and len(out) < most:
                part = self._parts.popleft()
                take = part[: most - len(out)]
                if len(take) < len(part):
                    self._parts.appendleft(part[len(take) :])
                out += take
            self._held -= len(out)
        return out + bytes(max(0, min(most, RATE // 10) - len(out)) & ~1)

    def writeData(self, _data: object, _size: int) -> int:
        return -1


class Speaker(QObject):
    """One speaker or headphone at a time.

    Signals:
        failed(str): ``speaker.none``, ``speaker.broken``.
        devices_changed(): one came or went.
    """

    failed = Signal(str)
    devices_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._devices = QMediaDevices(self)
        self._devices.audioOutputsChanged.connect(self.devices_changed)
        self._sink: QAudioSink | None = None
        self._feed: _Feed | None = None

    @staticmethod
    def names() -> list[str]:
        """Speakers of this machine, the default first."""
        return _names(QMediaDevices.audioOutputs(), QMediaDevices.defaultAudioOutput())

    @property
    def running(self) -> bool:
        return self._sink is not None

    def start(self, name: str = "") -> None:
        """Open the speaker called ``name`` (empty: the default)."""
        self.stop()
        device = _find(QMediaDevices.audioOutputs(), QMediaDevices.defaultAudioOutput(), name)
        if device is None:
            self.failed.emit("speaker.none")
            return
        self._feed = _Feed(self)
        self._sink = QAudioSink(device, wire_format(), self)
        self._sink.setBufferSize(RATE // 5)
        self._sink.start(self._feed)
        if self._sink.error() != QtAudio.Error.NoError:
            self.stop()
            self.failed.emit("speaker.broken")

    def play(self, samples: bytes) -> None:
        """Play mono s16 at 48 kHz, from any thread; more than half a second behind is dropped."""
        if self._feed is not None:
            self._feed.push(samples)

    def play_test(self) -> None:
        """Play the test tone."""
        if self._feed is not None:
            self._feed.push(two_notes(), limit=RATE * 2 * 3)

    def stop(self) -> None:
        """Close the speaker."""
        if self._sink is not None:
            self._sink.stop()
            self._sink.deleteLater()
        if self._feed is not None:
            self._feed.close()
            self._feed.deleteLater()
        self._sink = self._feed = None


def _names(devices: list[QAudioDevice], default: QAudioDevice) -> list[str]:
    return [one.description() for one in sorted(devices, key=lambda one: one.id() != default.id())]


def _find(devices: list[QAudioDevice], default: QAudioDevice, name: str) -> QAudioDevice | None:
    for one in devices:
        if name and one.description() == name:
            return one
    return None if default.isNull() else default
