"""The cells of a price schedule: several cells on the clipboard are a table, and the delete key empties a cell."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QTableWidget


class PriceGrid(QTableWidget):
    """Signals:
    pasted(str): a table of several cells was pasted.
    """

    pasted = Signal(str)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            text = QGuiApplication.clipboard().text()
            if "\t" in text or "\n" in text.strip():
                self.pasted.emit(text)
            elif (cell := self.currentItem()) is not None and cell.flags() & Qt.ItemFlag.ItemIsEditable:
                cell.setText(text.strip())
            return
        if event.key() == Qt.Key.Key_Delete:
            for cell in self.selectedItems():
                if cell.flags() & Qt.ItemFlag.ItemIsEditable:
                    cell.setText("")
            return
        super().keyPressEvent(event)
