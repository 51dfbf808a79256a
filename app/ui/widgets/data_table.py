"""A table for states and figures: numbers aligned, chips for states, long text elided with a tool tip."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

import msgspec
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from app.ui.fonts import BODY, SECOND, font
from app.ui.i18n import tr
from app.ui.theme import color
from app.ui.view import View
from app.ui.widgets.amount import amount_text
from app.ui.widgets.chip import Tone, paint_chip

AnyIndex = QModelIndex | QPersistentModelIndex
ROW = 46


class Align(StrEnum):
    """Where a column's text stands."""

    LEFT = "left"
    RIGHT = "right"
    CENTER = "center"


class Column(msgspec.Struct, frozen=True):
    """A column; ``name`` is a source text, ``stretch`` lets it take the room that is left, ``width`` is the least."""

    name: str
    align: Align = Align.LEFT
    stretch: bool = False
    width: int = 80


class ChipCell(msgspec.Struct, frozen=True):
    """A state in a cell."""

    text: str
    tone: Tone


Cell = str | Decimal | int | ChipCell | None


def cell_text(cell: Cell) -> str:
    """A cell as text: amounts with separators, nothing as an em dash."""
    if isinstance(cell, ChipCell):
        return cell.text
    if isinstance(cell, Decimal):
        return amount_text(cell)
    return "—" if cell is None else str(cell)


class _Model(QAbstractTableModel):
    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.rows: tuple[tuple[Cell, ...], ...] = ()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008  (Qt's own default)
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return len(self.columns)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        cell = self.rows[index.row()][index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return cell_text(cell)
        if role == Qt.ItemDataRole.UserRole:
            return cell
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell_text(cell)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(self.columns[section].name)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _flags(self.columns[section].align)
        return None


class _Cells(QStyledItemDelegate):
    """Paints cells, and shows a tool tip only where something was cut off."""

    def __init__(self, model: _Model, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        cell = index.data(Qt.ItemDataRole.UserRole)
        chip = isinstance(cell, ChipCell)
        metrics = QFontMetrics(font(SECOND if chip else BODY))
        return QSize(metrics.horizontalAdvance(cell_text(cell)) + (34 if chip else 18), ROW)

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: AnyIndex
    ) -> bool:
        if index.isValid() and self.sizeHint(option, index).width() <= option.rect.width() + 2:
            QToolTip.hideText()
            return True
        return super().helpEvent(event, view, option, index)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        cell = index.data(Qt.ItemDataRole.UserRole)
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, color("primary_soft"))
        painter.setPen(color("line"))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        align = self._model.columns[index.column()].align
        inside = area.adjusted(8, 0, -8, 0)
        if isinstance(cell, ChipCell):
            wanted = QFontMetrics(font(SECOND)).horizontalAdvance(cell.text) + 22
            width = min(wanted, inside.width())
            left = inside.right() - width if align is Align.RIGHT else inside.left() - 2
            paint_chip(painter, QRectF(left, area.center().y() - 12, width, 24), cell.text, cell.tone)
        else:
            painter.setFont(font(BODY))
            painter.setPen(color("text3" if cell is None else "text"))
            text = QFontMetrics(painter.font()).elidedText(
                cell_text(cell), Qt.TextElideMode.ElideRight, int(inside.width())
            )
            painter.drawText(inside, _flags(align), text)
        painter.restore()


class DataTable(View):
    """Rows of cells under named columns.

    Signals:
        activated(int): a row was double clicked or Enter was pressed on it.
        selected(int): the current row changed; -1 for none.
    """

    activated = Signal(int)
    selected = Signal(int)

    def __init__(self, columns: Sequence[Column], parent: QWidget | None = None, *, select: bool = False) -> None:
        super().__init__(parent)
        self._model = _Model(columns)
        self.view = QTableView()
        self.view.setModel(self._model)
        self.view.setItemDelegate(_Cells(self._model, self.view))
        self.view.setShowGrid(False)
        self.view.setWordWrap(False)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(ROW)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(
            QAbstractItemView.SelectionMode.SingleSelection if select else QAbstractItemView.SelectionMode.NoSelection
        )
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.view.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(40)
        self.view.activated.connect(lambda index: self.activated.emit(index.row()))
        self.view.selectionModel().currentRowChanged.connect(lambda now, _before: self.selected.emit(now.row()))
        self.view.viewport().installEventFilter(self)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)

    def show_rows(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Show another snapshot; the selected row stays selected."""
        wanted = tuple(tuple(line) for line in rows)
        if wanted == self._model.rows:
            return
        current = self.view.currentIndex().row()
        self._model.beginResetModel()
        self._model.rows = wanted
        self._model.endResetModel()
        if 0 <= current < len(wanted):
            self.view.selectRow(current)
        self._fit()

    def rows(self) -> list[list[str]]:
        """What is shown, as text."""
        return [[cell_text(cell) for cell in line] for line in self._model.rows]

    def fit_height(self, most: int = 12) -> None:
        """Make the table as high as its rows, up to ``most`` rows."""
        count = min(max(1, len(self._model.rows)), most)
        self.view.setFixedHeight(self.view.horizontalHeader().sizeHint().height() + count * ROW + 4)

    def retranslate(self) -> None:
        self._model.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self._model.columns) - 1)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return False

    def _fit(self) -> None:
        wanted = [self._wanted(number) for number in range(len(self._model.columns))]
        widths = share_widths(
            [least for least, _ in wanted],
            [most for _, most in wanted],
            [one.stretch for one in self._model.columns],
            self.view.viewport().width(),
        )
        for number, width in enumerate(widths):
            self.view.setColumnWidth(number, width)

    def _wanted(self, number: int) -> tuple[int, int]:
        """Least and wished width of a column; amounts and figures are never cut."""
        column = self._model.columns[number]
        title = QFontMetrics(font(SECOND)).horizontalAdvance(tr(column.name)) + 18
        content = self.view.sizeHintForColumn(number) if self._model.rows else 0
        most = max(column.width, title, content)
        least = most if column.align is Align.RIGHT else min(most, max(column.width, title))
        return least, most


def share_widths(least: Sequence[int], most: Sequence[int], stretch: Sequence[bool], room: int) -> list[int]:
    """Column widths that fill ``room``: what is too much is taken from the widest columns, what is left goes to the
    stretching ones (or the last)."""
    widths = list(most)
    over = sum(widths) - room
    if over > 0:
        for level in range(max(most), 0, -2):  # the widest give first, so that short states stay whole
            widths = [max(low, min(high, level)) for low, high in zip(least, most, strict=True)]
            if sum(widths) <= room:
                break
    elif over < 0:
        growing = [number for number, grows in enumerate(stretch) if grows] or [len(widths) - 1]
        for number in growing:
            widths[number] += -over // len(growing)
    return widths


def _flags(align: Align) -> Qt.AlignmentFlag:
    across = {
        Align.LEFT: Qt.AlignmentFlag.AlignLeft,
        Align.RIGHT: Qt.AlignmentFlag.AlignRight,
        Align.CENTER: Qt.AlignmentFlag.AlignHCenter,
    }
    return across[align] | Qt.AlignmentFlag.AlignVCenter
