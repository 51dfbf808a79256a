"""The list of keys, on ``?``."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QWidget

from app.ui.i18n import tr
from app.ui.view import column, label, row
from app.ui.widgets.buttons import Button

KEYS = (
    ("M", "静音或打开麦克风"),
    ("Space", "按住说话"),
    ("V", "打开或关闭摄像头"),
    ("H", "举手或放下"),
    ("Ctrl+1 … 4", "人员、消息、异议、文件"),
    ("F6", "下一个区域"),
    ("↑ ↓ 0…9", "评分表中移动与打分"),
    ("Enter", "评分表中的下一项"),
    ("Ctrl+← →", "上一家、下一家供应商"),
    ("E", "跳到依据"),
    ("P", "把本页记为依据"),
    ("C", "两家并排对比"),
    ("Ctrl+F", "在文件中查找"),
    ("Ctrl+Enter", "提交评分，或跳到还没打分的一项"),
    ("W", "这个数怎么来的"),
    ("?", "本列表"),
)


class ShortcutSheet(QDialog):
    """A window that does not block the room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("键盘快捷键"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(10)
        for number, (keys, meaning) in enumerate(KEYS):
            grid.addWidget(label("strong", keys), number, 0)
            grid.addWidget(label("body", tr(meaning)), number, 1)
        close = Button("plain", text=tr("关闭"))
        close.clicked.connect(self.accept)
        self.setLayout(
            column(label("title", tr("键盘快捷键")), grid, 8, row(None, close), spacing=14, margins=(24, 20, 24, 20))
        )
