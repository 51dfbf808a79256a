"""A table for states and figures: numbers aligned, chips for states, long text in two lines, then elided."""

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
from PySide6.QtGui import QFont, QFontMetrics, QHelpEvent, QPainter, QTextLayout, QTextOption
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
from app.ui.i18n import capital, tr
from app.ui.theme import color
from app.ui.view import View
from app.ui.widgets.amount import amount_text
from app.ui.widgets.chip import Tone, paint_chip

AnyIndex = QModelIndex | QPersistentModelIndex
ROW = 46
CHIP_ROOM = 30
"""What a chip needs besides its word: its round ends, and the gap to the next column."""


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
        return capital(cell.text)
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
            return capital(tr(self.columns[section].name))
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
        return QSize(metrics.horizontalAdvance(cell_text(cell)) + (CHIP_ROOM if chip else 18), ROW)

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: AnyIndex
    ) -> bool:
        if index.isValid() and self._whole(option, index):
            QToolTip.hideText()
            return True
        return super().helpEvent(event, view, option, index)

    def _whole(self, option: QStyleOptionViewItem, index: AnyIndex) -> bool:
        """Whether everything is in sight."""
        if self.sizeHint(option, index).width() <= option.rect.width() + 2:
            return True
        if isinstance(index.data(Qt.ItemDataRole.UserRole), ChipCell):
            return False
        text = cell_text(index.data(Qt.ItemDataRole.UserRole))
        lines = fit_lines(text, font(BODY), option.rect.width() - 16, option.rect.height())
        return "".join(lines).replace(" ", "") == text.replace(" ", "")

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
            text = cell_text(cell)
            wanted = QFontMetrics(font(SECOND)).horizontalAdvance(text) + CHIP_ROOM - 12
            width = min(wanted, inside.width() + 4)
            left = inside.right() - width if align is Align.RIGHT else inside.left() - 2
            paint_chip(painter, QRectF(left, area.center().y() - 12, width, 24), text, cell.tone)
        else:
            painter.setFont(font(BODY))
            painter.setPen(color("text3" if cell is None else "text"))
            lines = fit_lines(cell_text(cell), painter.font(), int(inside.width()), int(area.height()))
            painter.drawText(inside, _flags(align), "\n".join(lines))
        painter.restore()


class DataTable(View):
    """Rows of cells under named columns.

    Signals:
        activated(int): a row was double clicked or Enter was pressed on it.
        selected(int): the current row changed; -1 for none.
    """

    activated = Signal(int)
    selected = Signal(int)

    def __init__(
        self, columns: Sequence[Column], parent: QWidget | None = None, *, select: bool = False, row_height: int = ROW
    ) -> None:
        super().__init__(parent)
        self._row_height = row_height
        self._model = _Model(columns)
        self.view = QTableView()
        self.view.setModel(self._model)
        self.view.setItemDelegate(_Cells(self._model, self.view))
        self.view.setShowGrid(False)
        self.view.setWordWrap(False)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setMinimumSectionSize(row_height)
        self.view.verticalHeader().setDefaultSectionSize(row_height)
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

    def choose(self, number: int) -> None:
        """Select a row and bring it into sight."""
        self.view.selectRow(number)
        self.view.scrollTo(self._model.index(number, 0), QAbstractItemView.ScrollHint.PositionAtCenter)

    def rows(self) -> list[list[str]]:
        """What is shown, as text."""
        return [[cell_text(cell) for cell in line] for line in self._model.rows]

    def fit_height(self, most: int = 12) -> None:
        """Make the table as high as its rows, up to ``most`` rows."""
        count = min(max(1, len(self._model.rows)), most)
        self.view.setFixedHeight(self.view.horizontalHeader().sizeHint().height() + count * self._row_height + 4)

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
        """Least and wished width of a column; amounts, figures and states are never cut."""
        column = self._model.columns[number]
        title = QFontMetrics(font(SECOND)).horizontalAdvance(tr(column.name)) + 18
        content = self.view.sizeHintForColumn(number) if self._model.rows else 0
        most = max(column.width, title, content)
        states = any(isinstance(line[number], ChipCell) for line in self._model.rows)
        if states or column.align is Align.RIGHT:
            return most, most
        words = (word for line in self._model.rows[:200] for word in cell_text(line[number]).split() if word.isascii())
        longest = max((QFontMetrics(font(BODY)).horizontalAdvance(word) for word in words), default=0) + 18
        least = min(most, max(column.width, title, min(longest, 120)))
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


def fit_lines(text: str, face: QFont, width: int, height: int) -> list[str]:
    """``text`` in the lines that fit into ``width`` x ``height`` pixels: one, or two of like length; then elided."""
    metrics = QFontMetrics(face)
    whole = metrics.horizontalAdvance(text)
    if whole <= width or width <= 0 or height < 2 * metrics.ascent() + 2 * metrics.descent():
        return [metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)]
    gaps = [place for place, sign in enumerate(text) if sign.isspace()]
    for place in sorted(gaps, key=lambda one: abs(metrics.horizontalAdvance(text[:one]) - whole / 2)):
        if max(metrics.horizontalAdvance(part) for part in (text[:place], text[place:].strip())) <= width:
            return [text[:place], text[place:].strip()]
    first = width
    for room in (min(width, whole // 2 + metrics.height()), width):
        first = _first_line(text, face, room)
        rest = text[first:].strip()
        if metrics.horizontalAdvance(rest) <= width and not text[first - 1 : first + 1].isascii():
            return [text[:first].strip(), rest]
    return [text[:first].strip(), metrics.elidedText(text[first:].strip(), Qt.TextElideMode.ElideRight, width)]


def _first_line(text: str, face: QFont, width: int) -> int:
    """How many characters the first line takes: broken between words where there are words."""
    layout = QTextLayout(text, face)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(width)
    layout.endLayout()
    return max(1, line.textLength())


def _flags(align: Align) -> Qt.AlignmentFlag:
    across = {
        Align.LEFT: Qt.AlignmentFlag.AlignLeft,
        Align.RIGHT: Qt.AlignmentFlag.AlignRight,
        Align.CENTER: Qt.AlignmentFlag.AlignHCenter,
    }
    return across[align] | Qt.AlignmentFlag.AlignVCenter
