"""席位: several people in one room, with the room's camera and microphone; one room at a time."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QScrollArea, QWidget

import app.session.rules.commands as cmd
from app.session.rules.decide_seats import ROOM_LIMIT
from app.session.rules.people import Role
from app.session.rules.seats import devices_of, rooms, sitting_in
from app.session.rules.state import State
from app.ui import texts
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.view import column, label
from app.ui.widgets.check_box import CheckBox
from app.ui.widgets.choice import Choice
from app.ui.widgets.form_field import FormField


class SeatsDialog(DeskDialog[cmd.AssignSeats | None]):
    """Answers the seats of one room, or None."""

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(tr("席位安排"), parent, width=560)
        self._state = state
        self._rooms = rooms(state)
        self.room = Choice()
        self.room.addItems([*self._rooms, tr("新的房间…")])
        self.name = QLineEdit()
        self.name.setMaxLength(ROOM_LIMIT)
        people = [p for key, p in state.people.items() if key not in state.replaced and not p.has(Role.SUPPLIER)]
        self._runners = ["", *(p.id for p in people if not p.has(Role.SUPERVISOR))]
        self.devices = Choice()
        self.devices.addItems([tr("不用（各人用自己的设备）"), *(self._named(key) for key in self._runners[1:])])
        self.boxes: dict[str, CheckBox] = {}
        inside = QWidget()
        inside.setProperty("role", "inside")
        lines = column(spacing=6, margins=(2, 4, 8, 4))
        for person in sorted(people, key=lambda one: not one.has(Role.MEMBER)):
            if person.has(Role.ENGINEER):
                continue  # looks after the devices, and needs no seat
            box = self.boxes[person.id] = CheckBox(self._named(person.id))
            box.toggled.connect(self._check)
            lines.addWidget(box)
        lines.addStretch(1)
        inside.setLayout(lines)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedHeight(220)
        area.setWidget(inside)
        area.setAccessibleName(tr("谁坐在这里"))
        self._hint = label("second", wrap=True)
        self.add(
            label(
                "second",
                tr("同一房间的人各自签到、各自评分，共用摄像头和麦克风；画面上写明在座的人。"),
                wrap=True,
            )
        )
        self._name_field = FormField("房间名称", self.name)
        self.add(FormField("房间", self.room), self._name_field)
        self.add(FormField("由谁的电脑提供摄像头和麦克风", self.devices))
        self.add(label("second", tr("谁坐在这里")), area, self._hint)
        self.add_button(tr("取消"), "plain", accept=False)
        self._go = self.add_button(tr("保存席位"), "primary", accept=True, default=True)
        self.room.currentIndexChanged.connect(self._show_room)
        self.devices.currentIndexChanged.connect(self._check)
        self.name.textChanged.connect(self._check)
        self._show_room()

    def can_go(self) -> bool:
        return self._go.isEnabled()

    def answer(self) -> cmd.AssignSeats | None:
        if not self.accepted_now:
            return None
        return cmd.AssignSeats(room=self._room(), people=self._seated(), devices=self._runner())

    def choose_devices(self, person: str) -> None:
        """Whose desk has the camera and the microphone."""
        self.devices.setCurrentIndex(self._runners.index(person))

    def _named(self, key: str) -> str:
        person = self._state.people[key]
        role = person.roles[0].value if person.roles else ""
        kind = "purchaser" if person.has(Role.PURCHASER) else "expert" if person.has(Role.MEMBER) else role
        words = f"{person.name}　{texts.word('role', kind)}"
        return f"{words}　{tr('现在：{room}', room=person.seat)}" if person.seat else words

    def _room(self) -> str:
        number = self.room.currentIndex()
        return self._rooms[number] if 0 <= number < len(self._rooms) else " ".join(self.name.text().split())

    def _runner(self) -> str:
        return self._runners[max(0, self.devices.currentIndex())]

    def _seated(self) -> tuple[str, ...]:
        return tuple(key for key, box in self.boxes.items() if box.isChecked())

    def _show_room(self) -> None:
        number = self.room.currentIndex()
        known = 0 <= number < len(self._rooms)
        self._name_field.setVisible(not known)
        here = sitting_in(self._state, self._rooms[number]) if known else ()
        for key, box in self.boxes.items():
            box.setChecked(key in here)
        runner = devices_of(self._state, self._rooms[number]) if known else self._first_engineer()
        self.devices.setCurrentIndex(self._runners.index(runner) if runner in self._runners else 0)
        self._check()

    def _first_engineer(self) -> str:
        """Who looks after the devices, if no other room has them yet."""
        taken = {devices_of(self._state, room) for room in self._rooms}
        return next((p for p in self._state.with_role(Role.ENGINEER) if p not in taken), "")

    def _check(self) -> None:
        people, runner = self._seated(), self._runner()
        if not people and not runner:
            self._hint.setText(tr("没有人也没有设备：保存后不再使用这个房间。"))
        elif not runner:
            self._hint.setText(tr("没有指定设备：在座的人仍用自己的摄像头和麦克风。"))
        else:
            self._hint.setText(tr("保存后，在座其他人的摄像头和麦克风关闭，由这台电脑代替。"))
        self._go.setEnabled(bool(self._room()))
