"""Settings: few. Language and look change at once; nothing here touches a case."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.i18n import Language, set_language, tr
from app.ui.preferences import Preferences
from app.ui.theme import ThemeChoice, theme
from app.ui.view import View, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.choice import Choice
from app.ui.widgets.file_row import FileRow
from app.ui.widgets.form_field import FormField
from app.ui.widgets.top_bar import TopBar


class SettingsScreen(View):
    """Changes ``preferences`` in place.

    Signals:
        back(): to where the person came from.
        modules_changed(): the list of token drivers is another.
    """

    back = Signal()
    modules_changed = Signal()

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self._preferences = preferences
        self._bar = TopBar()
        back = Button("ghost", "arrow-left")
        back.clicked.connect(self.back)
        self.say(back.setAccessibleName, "返回")
        self._bar.lead(back)
        self.language, self.look = Choice(), Choice()
        self.language.addItems(["简体中文", "English"])
        self.language.setCurrentIndex(0 if preferences.language == "zh" else 1)
        self.language.currentIndexChanged.connect(self._set_language)
        self.look.currentIndexChanged.connect(self._set_theme)
        card = Card(heading=True)
        self.say(card.title.setText, "显示")
        card.add(FormField("语言", self.language), FormField("外观", self.look))
        drivers = Card(heading=True)
        self.say(drivers.title.setText, "证书驱动")
        hint = label("second", wrap=True)
        self.say(hint.setText, "一般不需要设置：程序会自动查找常见证书机构的驱动。找不到时在这里指定驱动文件。")
        self._driver = FileRow("驱动文件", "*.so *.dll *.dylib")
        self._driver.chosen.connect(self._add_driver)
        self._listed = label("second", wrap=True)
        drivers.add(hint, self._driver, self._listed)
        for box in (card, drivers):
            box.setMaximumWidth(720)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._bar)
        wide = column(card, drivers, None, spacing=12)
        line = row(wide, None, margins=(20, 16, 20, 16))
        line.setStretch(0, 1)
        layout.addLayout(line, 1)
        self.retranslate()

    def retranslate(self) -> None:
        self._bar.say_title(tr("设置"))
        self.look.blockSignals(True)
        self.look.clear()
        self.look.addItems([tr("跟随系统"), tr("浅色"), tr("深色")])
        self.look.setCurrentIndex(list(ThemeChoice).index(self._preferences.theme))
        self.look.blockSignals(False)
        self._listed.setText("\n".join(self._preferences.token_modules))
        self._listed.setVisible(bool(self._preferences.token_modules))

    def _set_language(self, index: int) -> None:
        chosen = list(Language)[index]
        self._preferences.language = chosen.value
        set_language(chosen)

    def _set_theme(self, index: int) -> None:
        self._preferences.theme = list(ThemeChoice)[index]
        theme().apply(self._preferences.theme)

    def _add_driver(self, path: object) -> None:
        if str(path) not in self._preferences.token_modules:
            self._preferences.token_modules.append(str(path))
            self.retranslate()
            self.modules_changed.emit()
