"""核验身份: the staff sees who it is, keeps a photo of face and document, and writes down what was shown."""

from pathlib import Path

import msgspec
from PySide6.QtCore import QBuffer, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from app.errors import InputError
from app.ui import texts
from app.ui.devices.camera import Camera
from app.ui.dialogs.base import DeskDialog
from app.ui.fonts import SECOND, font
from app.ui.i18n import capital, tr
from app.ui.theme import color
from app.ui.view import label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.check_box import CheckBox
from app.ui.widgets.choice import Choice
from app.ui.widgets.file_row import FileRow
from app.ui.widgets.form_field import FormField
from app.ui.widgets.picture import Picture

PHOTO_SIZE = QSize(1280, 960)
PHOTO_QUALITY = 85
FILE_LIMIT = 20 * 1024 * 1024
DOCUMENTS = ("id_card", "passport", "military", "residence", "other")
PICTURES = "*.jpg *.jpeg *.png"


class Verified(msgspec.Struct, frozen=True):
    """What the staff saw: ``note`` goes into the record, ``photo`` is a JPEG for the case's confidential files."""

    note: str
    photo: bytes


class PhotoView(QWidget):
    """The camera's picture, or the photo that was taken."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(224)
        self.image: QImage | None = None

    def show_image(self, image: QImage | None) -> None:
        self.image = image
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), color("tile_to"))
        if self.image is None:
            painter.setPen(Qt.GlobalColor.white)
            painter.setFont(font(SECOND))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, tr("还没有照片"))
        else:
            size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
            painter.drawImage(self.rect().adjusted(left, top, -left, -top), self.image)
        painter.end()


class VerifyDialog(DeskDialog[Verified | None]):
    """Answers what was seen, or None. Without a camera a photo file serves (taken with the telephone, say)."""

    def __init__(self, name: str, organisation: str, parent: QWidget | None = None) -> None:
        super().__init__(tr("核验身份：{name}", name=name), parent, width=560)
        self._photo: QImage | None = None
        self.camera = Camera(self)
        self.camera.pictured.connect(self._pictured)
        self.camera.failed.connect(self._camera_failed)
        self.view = PhotoView()
        self.shoot, self.again = Button("plain", "camera", tr("拍照")), Button("plain", "refresh", tr("打开摄像头"))
        self.shoot.clicked.connect(self.take)
        self.again.clicked.connect(self._open_camera)
        self.file = FileRow("或选择照片文件（JPEG、PNG）", PICTURES)
        self.file.chosen.connect(self._take_file)
        self.document = Choice()
        self.document.addItems([capital(texts.word("identity_document", code)) for code in DOCUMENTS])
        self.digits = QLineEdit()
        self.digits.setMaxLength(60)
        self.sure = CheckBox(tr("我已看清：证件有效，人与证件一致。"))
        self._problem = label("error", wrap=True)
        self._problem.hide()
        who = f"{name}　{organisation}"
        said = tr("请本人在镜头前手持证件。照片保密存放，只有工作人员和监督人员可以查看。")
        self.add(label("strong", who), label("second", said, wrap=True), self.view)
        self.add(row(self.again, self.shoot, None), self.file, self._problem)
        pair = row(
            FormField("证件种类", self.document), FormField("证件号码后四位或说明（记入案卷）", self.digits), spacing=12
        )
        pair.setStretch(1, 1)
        self.add(pair, self.sure)
        self.add_button(tr("取消"), "plain", accept=False)
        self._go = self.add_button(tr("已核验，给出验证码"), "primary", accept=True, default=True)
        self.digits.textChanged.connect(self._check)
        self.sure.toggled.connect(self._check)
        self.finished.connect(self.camera.stop)
        self.again.setVisible(bool(Camera.names()))
        self._check()

    def can_go(self) -> bool:
        return self._go.isEnabled()

    def take(self) -> None:
        """Keep the picture that is seen now."""
        if self.camera.running and self.view.image is not None:
            self._keep(self.view.image.copy())
            self.camera.stop()
        self._check()

    def answer(self) -> Verified | None:
        if not self.accepted_now or self._photo is None:
            return None
        document = texts.recorded_word("identity_document", DOCUMENTS[max(0, self.document.currentIndex())])
        return Verified(f"{document}　{self._digits()}", jpeg(self._photo))

    def _digits(self) -> str:
        return " ".join(self.digits.text().split())

    def _open_camera(self) -> None:
        self._photo = None
        self.view.show_image(None)
        self.camera.start()
        self._check()

    def _pictured(self, picture: Picture) -> None:
        if self.camera.running:
            self.view.show_image(picture.image().copy())
            self._check()

    def _camera_failed(self, code: str) -> None:
        self._say(texts.finding_text(code))

    def _take_file(self, path: Path) -> None:
        try:
            self._keep(read_photo(path))
        except InputError as error:
            self._photo = None
            self.view.show_image(None)
            self.file.show_error(texts.exception_text(error).brief)
        self.camera.stop()
        self._check()

    def _keep(self, image: QImage) -> None:
        self._say("")
        self._photo = image
        self.view.show_image(image)

    def _say(self, text: str) -> None:
        self._problem.setText(text)
        self._problem.setVisible(bool(text))

    def _check(self) -> None:
        self.shoot.setEnabled(self.camera.running and self.view.image is not None)
        self.again.setText(tr("重拍") if self._photo is not None else tr("打开摄像头"))
        self._go.setEnabled(self._photo is not None and bool(self._digits()) and self.sure.isChecked())


def read_photo(path: Path) -> QImage:
    """A photo that a person chose, scaled down.

    Raises:
        InputError: ``photo.unreadable``, ``photo.too_large`` (fact limit, bytes).
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError("photo.unreadable", name=path.name) from error
    if size > FILE_LIMIT:
        raise InputError("photo.too_large", limit=FILE_LIMIT)
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    reader.setAllocationLimit(256)
    kind = bytes(reader.format().data())
    image = reader.read()
    if image.isNull() or kind not in (b"jpeg", b"jpg", b"png"):
        raise InputError("photo.unreadable", name=path.name)
    return image


def jpeg(image: QImage) -> bytes:
    """A JPEG of at most 1280 x 960; nothing of the file it came from (place, telephone) goes along."""
    kept = Qt.AspectRatioMode.KeepAspectRatio
    if image.width() > PHOTO_SIZE.width() or image.height() > PHOTO_SIZE.height():
        image = image.scaled(PHOTO_SIZE, kept, Qt.TransformationMode.SmoothTransformation)
    plain = QImage(image.size(), QImage.Format.Format_RGB32)
    plain.fill(Qt.GlobalColor.white)
    painter = QPainter(plain)
    painter.drawImage(0, 0, image)
    painter.end()
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    plain.save(buffer, "JPEG", PHOTO_QUALITY)  # type: ignore[call-overload]  # the stub knows bytes only, PySide str only
    return bytes(buffer.data().data())
