"""Colours and spacing: one table per theme, from which palette, style sheet and plots are made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QGuiApplication, QPalette
from PyQt6.QtWidgets import QApplication


@dataclass(frozen=True)
class Theme:
    """Colours of one look; text on its ground has a contrast of at least 4.5 to 1.

    Attributes:
        window: Behind everything.
        panel: Of the four areas.
        card: Of what stands on an area.
        line: Around cards.
        text: What is read.
        quiet: What is read second.
        faded: What cannot be used now; still read.
        accent: What is chosen, and B.
        dry: The dry sound, and A.
        warn: Problems; always with words beside it.
        field: Behind what is typed.
    """

    window: str
    panel: str
    card: str
    line: str
    text: str
    quiet: str
    faded: str
    accent: str
    on_accent: str
    dry: str
    warn: str
    field: str


DARK = Theme(
    "#14161a", "#1b1e24", "#242830", "#343a45", "#e8eaee", "#9aa3b2", "#8b93a1", "#f2a541",
    "#1a1204", "#7fb4d6", "#4a3314", "#101216",
)  # fmt: skip
LIGHT = Theme(
    "#e9eaed", "#f6f7f9", "#ffffff", "#c9ced8", "#1a1d23", "#545d6e", "#5f6775", "#a85a00",
    "#ffffff", "#1f5f8b", "#ffe9c2", "#ffffff",
)  # fmt: skip
current = DARK
# What a style sheet cannot draw by itself.
ART = Path(__file__).with_name("art")

SHEET = Template("""
QWidget { font-size: 12px; }
QMainWindow, QDialog { background: $window; }
#panel { background: $panel; border-radius: 8px; }
#card { background: $card; border: 1px solid $line; border-radius: 6px; }
#card[muted="true"] { border-style: dashed; }
#heading { color: $quiet; font-size: 11px; font-weight: bold; letter-spacing: 1px; }
#title { font-size: 15px; font-weight: bold; }
#quiet { color: $quiet; }
#notice { background: $warn; border: 1px solid $accent; border-radius: 6px; }
#drop { border: 2px dashed $line; border-radius: 8px; color: $quiet; padding: 10px; }
QPushButton, QToolButton { background: $card; border: 1px solid $line; border-radius: 5px;
  padding: 4px 9px; color: $text; }
QToolButton { padding: 3px 6px; }
#card QToolButton { background: transparent; border-color: transparent; color: $text; }
#card QToolButton:hover { border-color: $line; color: $text; }
#card QToolButton:focus { border-color: $accent; }
#card QToolButton:checked { background: $accent; color: $on_accent; }
#card QToolButton:disabled { color: $faded; }
#card[muted="true"] #title { color: $quiet; }
#play { padding: 7px 14px; font-size: 13px; font-weight: bold; }
#add { background: transparent; border: 1px dashed $line; border-radius: 6px; padding: 10px;
  color: $quiet; }
#add:hover { color: $text; border-color: $quiet; }
#add:disabled { color: $faded; border-style: dotted; }
#fact { background: $card; border-radius: 6px; }
#value { font-size: 14px; font-weight: bold; }
#big { font-size: 19px; font-weight: bold; }
QPushButton:hover, QToolButton:hover { border-color: $quiet; }
QPushButton:focus, QToolButton:focus, QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus,
QListWidget:focus, QTextEdit:focus { border: 1px solid $accent; }
QPushButton:checked, QToolButton:checked { background: $accent; color: $on_accent;
  border-color: $accent; font-weight: bold; }
QPushButton#primary { background: $accent; color: $on_accent; border-color: $accent;
  font-weight: bold; }
QPushButton:disabled, QPushButton#primary:disabled, QToolButton:disabled { background: $panel;
  color: $faded; border: 1px dotted $line; font-weight: normal; }
QLabel:disabled, QCheckBox:disabled, QMenu::item:disabled { color: $faded; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid $quiet; border-radius: 3px;
  background: $field; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent;
  image: url($art/check-$look.svg); }
QCheckBox::indicator:focus, QCheckBox::indicator:hover { border-color: $accent; }
QComboBox::drop-down { border: 0; width: 20px; }
QComboBox::down-arrow { image: url($art/down-$look.svg); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: $field; color: $text; border: 1px solid $line;
  selection-background-color: $accent; selection-color: $on_accent; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: 0; width: 18px;
  background: transparent; }
QAbstractSpinBox::up-arrow { image: url($art/up-$look.svg); width: 10px; height: 10px; }
QAbstractSpinBox::down-arrow { image: url($art/down-$look.svg); width: 10px; height: 10px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QTableWidget { background: $field; border: 1px solid $line; border-radius: 5px;
  gridline-color: $panel; }
QHeaderView, QHeaderView::section { background: $card; color: $quiet; border: 0;
  padding: 4px 6px; min-height: 18px; }
QLineEdit, QAbstractSpinBox, QComboBox, QListWidget, QTextEdit { background: $field;
  border: 1px solid $line; border-radius: 5px; padding: 3px 5px; color: $text;
  selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit { placeholder-text-color: $quiet; }
QLineEdit#ask { padding: 8px 9px; font-size: 14px; }
QListWidget { padding: 2px; outline: 0; }
QListWidget::item { border-radius: 4px; padding: 5px; }
QListWidget::item:selected { background: $card; color: $text; border: 1px solid $accent; }
QProgressBar { background: $field; border: 1px solid $line; border-radius: 5px; text-align: center;
  min-height: 20px; color: $text; }
QProgressBar::chunk { background: $line; border-radius: 4px; }
QScrollBar:vertical { background: transparent; width: 8px; margin: 0; }
QScrollBar::handle:vertical { background: $line; border-radius: 4px; min-height: 24px; }
QScrollBar::handle:vertical:hover { background: $quiet; }
QScrollBar::add-line, QScrollBar::sub-line { height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; border: 0; }
QTabWidget::pane { border: 0; }
QTabBar::tab { background: transparent; color: $quiet; padding: 4px 6px; border: 0; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:focus { color: $accent; }
QMenuBar, QStatusBar { background: $window; color: $quiet; }
QSplitter::handle { background: $window; }
QToolTip { background: $card; color: $text; border: 1px solid $line; padding: 4px; }
""")


def apply(application: QApplication, name: str = "dark") -> Theme:
    """Give the application a look: `dark`, `light`, or as the `system` has it."""
    global current
    if name == "system":
        hints = QGuiApplication.styleHints()
        light = hints is not None and hints.colorScheme() == Qt.ColorScheme.Light
        name = "light" if light else "dark"
    theme = current = LIGHT if name == "light" else DARK
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, theme.window),
        (QPalette.ColorRole.WindowText, theme.text),
        (QPalette.ColorRole.Base, theme.field),
        (QPalette.ColorRole.AlternateBase, theme.panel),
        (QPalette.ColorRole.Text, theme.text),
        (QPalette.ColorRole.Button, theme.card),
        (QPalette.ColorRole.ButtonText, theme.text),
        (QPalette.ColorRole.Highlight, theme.accent),
        (QPalette.ColorRole.HighlightedText, theme.on_accent),
        (QPalette.ColorRole.PlaceholderText, theme.quiet),
        (QPalette.ColorRole.ToolTipBase, theme.card),
        (QPalette.ColorRole.ToolTipText, theme.text),
        (QPalette.ColorRole.Link, theme.dry),
    ):
        palette.setColor(role, QColor(colour))
        if role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.faded))
    application.setStyle("Fusion")
    application.setPalette(palette)
    look = "light" if theme is LIGHT else "dark"
    application.setStyleSheet(SHEET.substitute(vars(theme), art=ART.as_posix(), look=look))
    return theme
