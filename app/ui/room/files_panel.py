"""Documents of the case that this person may see: name, owner, size, digest, state."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from app.ui import texts
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.models import FileRow
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.digest import DigestLabel
from app.ui.widgets.elided import ElidedLabel

TONES = {"opened": Tone.OK, "signed": Tone.OK, "verified": Tone.OK, "failed": Tone.BAD, "fixed": Tone.INFO}


class FilesPanel(View):
    """Signals:
    opened(str): show the file with this id.
    authority_requested(): a supplier's representative wants to file its authorisation.
    """

    opened = Signal(str)
    authority_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files: tuple[FileRow, ...] = ()
        inside = QWidget()
        inside.setProperty("role", "inside")
        self._rows = column(spacing=0)
        inside.setLayout(self._rows)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inside)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.say(area.setAccessibleName, "文件")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area, 1)
        self.authority = Button("small", "upload")
        self.authority.clicked.connect(self.authority_requested)
        self.say(self.authority.setText, "提交授权委托书…")
        self.authority.hide()
        layout.addLayout(row(self.authority, None))
        self.retranslate()

    def show_files(self, files: tuple[FileRow, ...], may: frozenset[str] = frozenset()) -> None:
        """In the order given; ``may`` are the acts allowed to me."""
        self.authority.setVisible("file_authorisation" in may)
        if files != self._files:
            self._files = files
            self.retranslate()

    def retranslate(self) -> None:
        clear(self._rows)
        for file in self._files:
            self._rows.addWidget(self._line(file))
        if not self._files:
            self._rows.addWidget(label("second", tr("还没有可查看的文件。"), wrap=True))
        self._rows.addStretch(1)

    def _line(self, file: FileRow) -> QFrame:
        frame = QFrame()
        frame.setProperty("role", "row")
        show = Button("small", text=tr("查看"))
        show.setAccessibleName(tr("查看 {name}", name=file.name))
        show.clicked.connect(lambda: self.opened.emit(file.file_id))
        chip = Chip(texts.word("state", file.state), TONES.get(file.state, Tone.NEUTRAL))
        name = row(IconLabel("document", "text2", 18), ElidedLabel("body", file.name, middle=True), chip, spacing=8)
        name.setStretch(1, 1)
        meta = row(ElidedLabel("hint", f"{file.owner}　{texts.size_text(file.size)}"), DigestLabel(file.digest), show)
        meta.setStretch(0, 1)
        frame.setLayout(column(name, meta, spacing=4, margins=(4, 8, 4, 8)))
        return frame
