"""The style sheet, generated from the tokens; properties ``kind`` and ``role`` choose the variant of a widget.

``kind`` on labels: clock, title, section, body, second, hint, error, warn, ok, mono.
``role`` on buttons: primary, danger, plain (default), ghost, round, round-off, link; on frames: card, bar, banner-*.
"""

from string import Template

_SHEET = Template("""
QWidget { color: $text; }
QMainWindow, QDialog, QWidget[role="page"] { background: $bg; }
QDialog { background: $surface; }
QLabel { background: transparent; }
QLabel[kind="clock"]   { font-size: 26px; font-weight: 600; }
QLabel[kind="title"]   { font-size: 16px; font-weight: 600; }
QLabel[kind="section"] { font-size: 15px; font-weight: 600; }
QLabel[kind="strong"]  { font-weight: 600; }
QLabel[kind="second"]  { font-size: 13px; color: $text2; }
QLabel[kind="hint"]    { font-size: 12px; color: $text3; }
QLabel[kind="error"]   { font-size: 13px; color: $bad; }
QLabel[kind="warn"]    { font-size: 13px; color: $warn; }
QLabel[kind="ok"]      { font-size: 13px; color: $ok; }
QLabel[kind="record"]  { font-size: 14px; font-weight: 600; color: $record; }

QFrame[role="card"] { background: $surface; border: 1px solid $line; border-radius: 10px; }
QFrame[role="bar"]  { background: $surface; border: 0; border-bottom: 1px solid $line; }
QFrame[role="rule"] { background: $line; border: 0; min-height: 1px; max-height: 1px; }
QFrame[role="row"]  { background: transparent; border: 0; border-bottom: 1px solid $line; }
QFrame[role="row"]:hover { background: $hover; }
QFrame[role="banner-info"] { background: $primary_soft; border: 1px solid $primary; border-radius: 8px; }
QFrame[role="banner-ok"]   { background: $ok_soft; border: 1px solid $ok; border-radius: 8px; }
QFrame[role="banner-warn"] { background: $warn_soft; border: 1px solid $warn; border-radius: 8px; }
QFrame[role="banner-bad"]  { background: $bad_soft; border: 1px solid $bad; border-radius: 8px; }
QFrame[role="drop"] { background: $surface; border: 1px dashed $strong_line; border-radius: 10px; }
QFrame[role="drop-over"] { background: $primary_soft; border: 1px dashed $primary; border-radius: 10px; }

QPushButton { background: $surface; border: 1px solid $strong_line; border-radius: 8px; padding: 0 16px;
              min-height: 34px; max-height: 34px; outline: 0; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $line; }
QPushButton:disabled { color: $text3; border-color: $line; background: $surface; }
QPushButton:focus { border: 2px solid $primary; padding: 0 15px; min-height: 32px; max-height: 32px; }
QPushButton[role="primary"] { background: $primary; border-color: $primary; color: $on_primary; font-weight: 600; }
QPushButton[role="primary"]:hover { background: $primary_hover; border-color: $primary_hover; }
QPushButton[role="primary"]:focus { border: 2px solid $text; }
QPushButton[role="primary"]:disabled { background: $neutral_soft; border-color: $line; color: $text3; }
QPushButton[role="danger"] { border-color: $bad; color: $bad; }
QPushButton[role="danger"]:hover { background: $bad_soft; }
QPushButton[role="danger"]:disabled { border-color: $line; color: $text3; }
QPushButton[role="ghost"] { border-color: transparent; background: transparent; padding: 0 10px; }
QPushButton[role="ghost"]:hover { background: $hover; }
QPushButton[role="ghost"]:focus { border: 2px solid $primary; padding: 0 9px; }
QPushButton[role="link"] { border-color: transparent; background: transparent; color: $primary; padding: 0 4px;
                          text-align: left; }
QPushButton[role="link"]:hover { text-decoration: underline; }
QPushButton[role="link"]:focus { border: 2px solid $primary; padding: 0 3px; }
QPushButton[lines="2"], QPushButton[lines="2"]:focus { min-height: 46px; max-height: 46px; }
QPushButton[role="round"] { border-radius: 20px; padding: 0; min-width: 38px; max-width: 38px;
                            min-height: 38px; max-height: 38px; }
QPushButton[role="round-off"] { border-radius: 20px; padding: 0; min-width: 38px; max-width: 38px;
                            min-height: 38px; max-height: 38px; background: $bad_soft; border-color: $bad; }
QPushButton[role="round-on"] { border-radius: 20px; padding: 0; min-width: 38px; max-width: 38px;
                            min-height: 38px; max-height: 38px; background: $primary_soft; border-color: $primary; }
QPushButton[role="round"]:focus, QPushButton[role="round-off"]:focus, QPushButton[role="round-on"]:focus {
                            border: 2px solid $primary; padding: 0; min-width: 36px; max-width: 36px;
                            min-height: 36px; max-height: 36px; }
QPushButton[role="small"] { min-height: 26px; max-height: 26px; padding: 0 10px; font-size: 13px; border-radius: 6px; }
QPushButton[role="small"]:checked { background: $primary_soft; border-color: $primary; color: $primary; }
QPushButton[verdict="ok"] { background: $ok_soft; border-color: $ok; color: $ok; }
QPushButton[verdict="bad"] { background: $bad_soft; border-color: $bad; color: $bad; }
QPushButton[role="small"]:focus { min-height: 24px; max-height: 24px; padding: 0 9px; }
QPushButton[role="nav"] { border-color: transparent; background: transparent; text-align: left; padding: 0 12px; }
QPushButton[role="nav"]:hover { background: $hover; }
QPushButton[role="nav"]:checked { background: $primary_soft; color: $primary; font-weight: 600; }
QPushButton[role="nav"]:focus { border: 2px solid $primary; padding: 0 11px; }
QPushButton[role="tab"] { border: 0; border-bottom: 2px solid transparent; border-radius: 0; background: transparent;
                          padding: 0 2px; min-height: 36px; max-height: 36px; color: $text2; font-size: 13px; }
QPushButton[role="tab"]:hover { color: $text; }
QPushButton[role="tab"]:checked { border-bottom: 2px solid $primary; color: $primary; font-weight: 600; }
QPushButton[role="tab"]:focus { border: 2px solid $primary; border-radius: 6px; padding: 0; min-height: 34px;
                                max-height: 34px; }

QLineEdit, QPlainTextEdit, QTextEdit, QComboBox, QSpinBox, QDoubleSpinBox, QDateTimeEdit {
    background: $surface; border: 1px solid $strong_line; border-radius: 8px; padding: 0 10px;
    selection-background-color: $primary; selection-color: $on_primary; }
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QDateTimeEdit { min-height: 34px; }
QPlainTextEdit, QTextEdit { padding: 6px 8px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus,
QDateTimeEdit:focus { border: 2px solid $primary; }
QLineEdit:focus, QComboBox:focus { padding: 0 9px; min-height: 32px; }
QLineEdit[wrong="true"] { border-color: $bad; }
QLineEdit:disabled, QComboBox:disabled, QPlainTextEdit:disabled { color: $text3; background: $bg; }
QLineEdit[readOnly="true"] { background: $bg; }
QComboBox::drop-down { border: 0; width: 28px; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $strong_line; outline: 0;
    selection-background-color: $primary_soft; selection-color: $text; }
QCheckBox, QRadioButton { spacing: 8px; background: transparent; }
QCheckBox:focus, QRadioButton:focus { color: $primary; }
QRadioButton::indicator {
    width: 14px; height: 14px; border: 1px solid $text3; border-radius: 8px; background: $surface;
}
QRadioButton::indicator:checked { width: 6px; height: 6px; border: 5px solid $primary; }

QTableView, QListView, QTreeView { background: $surface; border: 0; outline: 0; gridline-color: $line;
    selection-background-color: $primary_soft; selection-color: $text; }
QTableView::item { border-bottom: 1px solid $line; padding: 0 8px; }
QTableView::item:selected, QListView::item:selected { background: $primary_soft; color: $text; }
QTableView:focus, QListView:focus { border: 2px solid $primary; border-radius: 6px; }
QHeaderView { background: $surface; border: 0; }
QHeaderView::section { background: $surface; color: $text2; border: 0; border-bottom: 1px solid $strong_line;
    padding: 6px 8px; font-size: 13px; font-weight: 400; }
QTableCornerButton::section { background: $surface; border: 0; }

QScrollArea { background: transparent; border: 0; }
QScrollArea:focus { border: 2px solid $primary; border-radius: 6px; }
QScrollArea > QWidget > QWidget[role="inside"] { background: transparent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $strong_line; border-radius: 4px; margin: 1px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $text3; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $primary_soft; }
QProgressBar { background: $neutral_soft; border: 0; border-radius: 4px; min-height: 8px; max-height: 8px; }
QProgressBar::chunk { background: $primary; border-radius: 4px; }
QToolTip { background: $surface; color: $text; border: 1px solid $strong_line; padding: 4px 8px; }
QMenu { background: $surface; border: 1px solid $strong_line; border-radius: 8px; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 6px; }
QMenu::item:selected { background: $primary_soft; color: $text; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QSlider::groove:horizontal { background: $neutral_soft; height: 4px; border-radius: 2px; }
QSlider::handle:horizontal { background: $primary; width: 16px; height: 16px; margin: -6px 0; border-radius: 8px; }
""")


def stylesheet(tokens: dict[str, str]) -> str:
    """Style sheet text for one set of tokens; raises KeyError when a token is missing."""
    return _SHEET.substitute(tokens)
