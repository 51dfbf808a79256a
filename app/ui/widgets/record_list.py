"""The live record: what has just happened, newest first, in sentences."""

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.ui import texts
from app.ui.fonts import BODY, SECOND, font
from app.ui.models import RecordLine
from app.ui.theme import color
from app.ui.view import View
from app.ui.widgets.data_table import fit_lines

AnyIndex = QModelIndex | QPersistentModelIndex
ROW, TWO_LINES, TIME = 28, 47, 66


class _Lines(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[RecordLine] = []

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008  (Qt's own default)
        return 0 if parent.isValid() else len(self.lines)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self.lines):
            return None
        line = self.lines[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{texts.clock_time(line.at)} {texts.event_text(line.event, line.facts)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{line.index}　{texts.full_time(line.at)}\n{texts.event_text(line.event, line.facts)}"
        if role == Qt.ItemDataRole.UserRole:
            return line
        return None


class _Painter(QStyledItemDelegate):
    """A sentence that is too long for the width takes two lines: who did it and what stay readable."""

    def __init__(self, view: QListView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        line = index.data(Qt.ItemDataRole.UserRole)
        sentence = texts.event_text(line.event, line.facts)
        room = self._view.viewport().width() - TIME
        return QSize(120, ROW if QFontMetrics(font(BODY)).horizontalAdvance(sentence) <= room else TWO_LINES)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        line = index.data(Qt.ItemDataRole.UserRole)
        area = QRectF(option.rect)
        painter.save()
        painter.setFont(font(SECOND))
        painter.setPen(color("text3"))
        first = QRectF(area.left(), area.top(), TIME, ROW)
        painter.drawText(first, Qt.AlignmentFlag.AlignVCenter, texts.clock_time(line.at))
        area.setLeft(area.left() + TIME)
        painter.setFont(font(BODY))
        painter.setPen(color("text2"))
        height = TWO_LINES if area.height() > ROW else ROW
        lines = fit_lines(texts.event_text(line.event, line.facts), painter.font(), int(area.width()), height)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, "\n".join(lines))
        painter.restore()


class LiveRecordList(View):
    """Newest on top; new lines are put in without moving what is read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _Lines()
        self._view = QListView()
        self._view.setModel(self._model)
        self._view.setItemDelegate(_Painter(self._view))
        self._view.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._view.setResizeMode(QListView.ResizeMode.Adjust)
        self.say(self._view.setAccessibleName, "实时记录")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)

    def show_lines(self, lines: tuple[RecordLine, ...]) -> None:
        """``lines`` in the order of the record; lines already shown are kept."""
        wanted = list(reversed(lines))
        have = self._model.lines
        fresh = len(wanted) - len(have)
        if fresh >= 0 and wanted[fresh:] == have:
            if fresh:
                self._model.beginInsertRows(QModelIndex(), 0, fresh - 1)
                self._model.lines = wanted
                self._model.endInsertRows()
            return
        self._model.beginResetModel()
        self._model.lines = wanted
        self._model.endResetModel()

    def sentences(self) -> list[str]:
        """What is shown, newest first."""
        return [str(self._model.data(self._model.index(i))) for i in range(self._model.rowCount())]

    def retranslate(self) -> None:
        self._view.doItemsLayout()
