"""The right side: people, messages, objections, files; below them the live record and its root."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.ui.i18n import tr
from app.ui.models import RoomView
from app.ui.room.files_panel import FilesPanel
from app.ui.room.messages_panel import MessagesPanel
from app.ui.room.objections_panel import ObjectionsPanel
from app.ui.room.people_panel import PeoplePanel
from app.ui.view import View, column, label
from app.ui.widgets.card import Card
from app.ui.widgets.record_list import LiveRecordList
from app.ui.widgets.root_line import RootLine
from app.ui.widgets.split_view import SplitView
from app.ui.widgets.tabs import SegmentedTabs


class SidePanel(View):
    """Attributes: people, messages, objections, files (the four panels), tabs, record, root."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: RoomView | None = None
        self.tabs = SegmentedTabs(4)
        self.people, self.messages = PeoplePanel(), MessagesPanel()
        self.objections, self.files = ObjectionsPanel(), FilesPanel()
        self._stack = QStackedWidget()
        for panel in (self.people, self.messages, self.objections, self.files):
            self._stack.addWidget(panel)
        self.tabs.chosen.connect(self._stack.setCurrentIndex)
        self.record, self.root = LiveRecordList(), RootLine()
        upper, lower = QWidget(), QWidget()
        upper.setLayout(column(self.tabs, self._stack, spacing=8))
        record_title = label("section")
        self.say(record_title.setText, "记录")
        lower.setLayout(column(record_title, self.record, self.root, spacing=6))
        split = SplitView(Qt.Orientation.Vertical)
        split.addWidget(upper)
        split.addWidget(lower)
        split.set_shares([0.46, 0.54])
        card = Card()
        card.add(split)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)
        self.setMinimumWidth(310)
        self._name_tabs()

    def show_room(self, view: RoomView) -> None:
        """Show everything anew."""
        self._view = view
        self._name_tabs()
        self.people.show_people(view.people, view.may)
        self.messages.show_messages(view.messages)
        scopes = ("all", "officer", "committee") if "message_committee" in view.may else ("all", "officer")
        self.messages.show_scopes(scopes)
        self.objections.show_objections(view.objections, view.may)
        self.files.show_files(view.files, view.may)
        self.record.show_lines(view.lines)
        self.root.show_state(view.top.record)

    def retranslate(self) -> None:
        self._name_tabs()

    def _name_tabs(self) -> None:
        view = self._view
        self.tabs.name(0, tr("人员"), len(view.people) if view else None)
        self.tabs.name(1, tr("消息"))
        self.tabs.name(2, tr("异议"), len(view.objections) if view else None)
        self.tabs.name(3, tr("文件"))
