"""Settings: few. Language and look change at once; nothing here touches a case."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.keystore import KeystoreState, Place
from app.ui import texts
from app.ui.i18n import Language, set_language, tr
from app.ui.preferences import Preferences
from app.ui.theme import ThemeChoice, theme
from app.ui.view import View, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.choice import Choice
from app.ui.widgets.form_field import FormField
from app.ui.widgets.top_bar import TopBar


class SettingsScreen(View):
    """Changes ``preferences`` in place.

    Signals:
        back(): to where the person came from.
        drivers_requested(): the page of the tokens, where drivers are.
        place_chosen(Place): where keys of this machine are to lie.
    """

    back = Signal()
    drivers_requested = Signal()
    place_chosen = Signal(object)

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
        self.say(hint.setText, "一般不需要设置：程序会自动查找常见证书机构的驱动。找不到时在“CA 证书”页面添加。")
        to_tokens = Button("plain", "token")
        to_tokens.clicked.connect(self.drivers_requested)
        self.say(to_tokens.setText, "CA 证书与驱动…")
        drivers.add(hint, row(to_tokens, None))
        keys = Card(heading=True)
        self.say(keys.title.setText, "本机密钥")
        self.place = Choice()
        self.place.currentIndexChanged.connect(self._set_place)
        self._where = label("second", wrap=True)
        keys.add(FormField("保存位置", self.place), self._where)
        self._kept: KeystoreState | None = None
        for box in (card, drivers, keys):
            box.setMaximumWidth(720)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._bar)
        wide = column(card, drivers, keys, None, spacing=12)
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
        self.place.blockSignals(True)
        self.place.clear()
        self.place.addItems(
            [tr("文件（只有当前用户可读）"), tr("设备密钥用系统密钥环"), tr("设备密钥和主机密钥都用系统密钥环")]
        )
        self.place.setCurrentIndex(list(Place).index(self._kept.place) if self._kept is not None else 1)
        self.place.blockSignals(False)
        self._show_where()

    def show_keys(self, kept: KeystoreState) -> None:
        """Where the keys of this machine lie now."""
        self._kept = kept
        self.retranslate()

    def _show_where(self) -> None:
        kept = self._kept
        self.place.setEnabled(kept is not None)
        if kept is None:
            self._where.setText(tr("正在查看系统密钥环…"))
            return
        if not kept.keyring:
            said = tr("这台电脑没有可用的系统密钥环：设备密钥和主机密钥都是只有当前用户可以读取的文件。")
        elif kept.place is Place.FILES:
            said = tr("设备密钥和主机密钥都是只有当前用户可以读取的文件。")
        elif kept.place is Place.DEVICE:
            said = tr(
                "设备密钥用系统密钥环（{name}）加密；主机密钥仍是文件，主机重启时无需有人在场。", name=kept.keyring
            )
        else:
            said = tr(
                "设备密钥和主机密钥都用系统密钥环（{name}）加密。主机重启前须有人登录；项目文件夹不能直接搬到另一台电脑。",
                name=kept.keyring,
            )
        self._where.setText(texts.sentences(said, tr("口令从不保存。")))

    def _set_place(self, index: int) -> None:
        if self._kept is not None and list(Place)[index] is not self._kept.place:
            self.place_chosen.emit(list(Place)[index])

    def _set_language(self, index: int) -> None:
        chosen = list(Language)[index]
        self._preferences.language = chosen.value
        set_language(chosen)

    def _set_theme(self, index: int) -> None:
        self._preferences.theme = list(ThemeChoice)[index]
        theme().apply(self._preferences.theme)
