"""评分项: grouped by kind, with the points of the supplier in hand; arrows go up and down."""

from decimal import Decimal

import msgspec
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.ui.fonts import BODY, HINT, font
from app.ui.i18n import tr
from app.ui.icons import paint_icon
from app.ui.theme import color
from app.ui.view import View

AnyIndex = QModelIndex | QPersistentModelIndex
GROUPS = {"objective": "客观分", "subjective": "主观分", "price": "价格分"}


class CriterionLine(msgspec.Struct, frozen=True):
    """A line; one without ``key`` is the heading of a group (``kind``)."""

    key: str
    name: str
    kind: str
    most: Decimal
    score: Decimal | None = None
    fixed: bool = False


class _Lines(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[CriterionLine, ...] = ()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008  (Qt's own default)
        return 0 if parent.isValid() else len(self.lines)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        if index.isValid() and not self.lines[index.row()].key:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self.lines):
            return None
        line = self.lines[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return line
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{line.name} {points_text(line)}" if line.key else tr(GROUPS[line.kind])
        if role == Qt.ItemDataRole.ToolTipRole:
            return line.name or None
        return None


class _Painter(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        line = index.data(Qt.ItemDataRole.UserRole)
        return QSize(160, 40 if line.key else 30)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        line: CriterionLine = index.data(Qt.ItemDataRole.UserRole)
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not line.key:
            painter.setFont(font(HINT))
            painter.setPen(color("text3"))
            painter.drawText(area.adjusted(2, 6, 0, 0), Qt.AlignmentFlag.AlignVCenter, tr(GROUPS[line.kind]))
            painter.restore()
            return
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color("primary_soft"))
            painter.drawRoundedRect(area.adjusted(0, 1, 0, -1), 6, 6)
        points = points_text(line)
        painter.setFont(font(BODY))
        width = QFontMetrics(painter.font()).horizontalAdvance(points)
        painter.setPen(color("text3" if line.score is None else "text2"))
        painter.drawText(
            area.adjusted(0, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, points
        )
        room = area.width() - width - 24
        if line.fixed and line.score is not None:
            paint_icon(painter, "check", QRectF(area.right() - width - 30, area.center().y() - 8, 16, 16), color("ok"))
            room -= 20
        painter.setFont(font(BODY, bold=chosen))
        painter.setPen(color("text"))
        name = QFontMetrics(painter.font()).elidedText(line.name, Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(area.adjusted(8, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)
        painter.restore()


class CriteriaList(View):
    """Signals:
    chosen(str): the criterion now in hand.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _Lines()
        self.view = QListView()
        self.view.setModel(self._model)
        self.view.setItemDelegate(_Painter(self.view))
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.selectionModel().currentChanged.connect(self._chosen)
        self.say(self.view.setAccessibleName, "评分项")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self._filling = False

    def show_lines(self, lines: tuple[CriterionLine, ...]) -> None:
        """Criteria with their points; grouped here. The chosen one stays chosen."""
        grouped: list[CriterionLine] = []
        for kind in GROUPS:
            of_kind = [line for line in lines if line.kind == kind]
            if of_kind:
                grouped.append(CriterionLine("", "", kind, Decimal(0)))
                grouped.extend(of_kind)
        if tuple(grouped) == self._model.lines:
            return
        current = self.current()
        self._filling = True
        self._model.beginResetModel()
        self._model.lines = tuple(grouped)
        self._model.endResetModel()
        self._filling = False
        self.choose(current or next((line.key for line in grouped if line.key), ""))

    def choose(self, key: str) -> None:
        """Take a criterion in hand."""
        for number, line in enumerate(self._model.lines):
            if line.key == key and key:
                self.view.setCurrentIndex(self._model.index(number))

    def step(self, by: int) -> None:
        """The next or previous criterion, over group headings."""
        keys = [line.key for line in self._model.lines if line.key]
        if keys:
            here = keys.index(self.current()) if self.current() in keys else 0
            self.choose(keys[max(0, min(len(keys) - 1, here + by))])

    def current(self) -> str:
        index = self.view.currentIndex()
        return self._model.lines[index.row()].key if 0 <= index.row() < len(self._model.lines) else ""

    def retranslate(self) -> None:
        self.view.viewport().update()

    def _chosen(self) -> None:
        if self.current() and not self._filling:
            self.chosen.emit(self.current())


def points_text(line: CriterionLine) -> str:
    """``16.5 / 20``."""
    most = f"{line.most.normalize():f}"
    return f"— / {most}" if line.score is None else f"{plain(line.score)} / {most}"


def plain(score: Decimal) -> str:
    """Points as a person writes them: at least one decimal, two when needed."""
    return f"{score:.1f}" if score == round(score, 1) else f"{score:.2f}"
