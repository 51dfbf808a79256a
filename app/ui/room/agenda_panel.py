"""The left side: the agenda, who is waited for, and pausing."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QScrollArea, QVBoxLayout, QWidget

from app.ui import texts
from app.ui.i18n import tr
from app.ui.models import RoomView
from app.ui.view import View, column, label, row
from app.ui.widgets.agenda import AgendaList
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card

MORE = ("incident", "take_over", "election", "trust", "fail")
"""What is seldom done, behind one button."""


class AgendaPanel(View):
    """Signals:
    pause_requested(bool): stop or go on with the clocks.
    more_requested(str): ``incident`` or ``fail``.
    """

    pause_requested = Signal(bool)
    more_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: RoomView | None = None
        self.agenda = AgendaList()
        self._title = label("section")
        self.waiting = label("second", wrap=True)
        self.pause = Button("plain", "pause")
        self.pause.clicked.connect(self._ask_pause)
        self.more = Button("plain", "more")
        self.more.clicked.connect(self._show_more)
        self.say(self.more.setAccessibleName, "更多")
        self.say(self.more.setToolTip, "更多")
        self._menu = QMenu(self)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self.agenda, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        card = Card()
        acts = row(self.pause, self.more)
        acts.setStretch(0, 1)
        card.add(self._title, area, self.waiting, acts)
        card.body.setStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)
        self.setFixedWidth(220)

    def show_room(self, view: RoomView) -> None:
        """Show everything anew."""
        self._view = view
        self._title.setText(tr("评审流程") if view.room == "evaluation" else tr("开标流程"))
        self.agenda.show_steps(view.agenda)
        if view.waiting is not None:
            names = tr("、").join(view.waiting.names)
            self.waiting.setText(tr("当前等待：{names}　{act}", names=names, act=texts.word("act", view.waiting.act)))
        self.waiting.setVisible(view.waiting is not None)
        self.pause.setVisible("pause" in view.may)
        self.more.setVisible(any(code in view.may for code in MORE))
        self.pause.setText(tr("恢复") if view.paused else tr("暂停…"))
        self.pause.show_icon("play" if view.paused else "pause")

    def retranslate(self) -> None:
        if self._view is not None:
            self.show_room(self._view)

    def _show_more(self) -> None:
        self._menu.clear()
        for code in MORE:
            if self._view is not None and code in self._view.may:
                action = self._menu.addAction(texts.word("room_act", code))
                action.setData(code)
                action.triggered.connect(lambda _=False, code=code: self.more_requested.emit(code))
        self._menu.popup(self.more.mapToGlobal(self.more.rect().topLeft()))

    def _ask_pause(self) -> None:
        self.pause_requested.emit(self._view is None or not self._view.paused)
