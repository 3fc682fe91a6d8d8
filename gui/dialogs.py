"""Dialogs, each made from a table: command palette, keys, preferences, presets."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import QKeyEvent, QKeySequence
from PyQt6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui.commands import COMMANDS
from gui.translations import translate

if TYPE_CHECKING:
    from ifx_bridge.plugins.description import Description

KEY = Qt.ItemDataRole.UserRole


class Chooser(QDialog):
    """A list that is searched by typing; Enter takes the marked row.

    Attributes:
        picked: Key of the row that was taken; empty when none was.
    """

    def __init__(self, parent: QWidget, title: str, rows: list[tuple[str, str, str, bool]]) -> None:
        """Of rows.

        Args:
            parent: The window.
            title: What is chosen.
            rows: Key, text, help, and whether it can be taken now.
        """
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(560, 420)
        self.picked = ""
        self.box = QLineEdit()
        self.box.setPlaceholderText(translate("dialogs", "Type to search"))
        self.box.setAccessibleName(translate("dialogs", "Search: {title}").format(title=title))
        self.list = QListWidget()
        self.list.setAccessibleName(title)
        for key, text, tip, able in rows:
            item = QListWidgetItem(text)
            item.setData(KEY, key)
            item.setToolTip(tip)
            if not able:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self.list.addItem(item)
        layout = QVBoxLayout(self)
        layout.addWidget(self.box)
        layout.addWidget(self.list, 1)
        self.box.textChanged.connect(self._filter)
        self.box.returnPressed.connect(self._take)
        self.list.itemActivated.connect(lambda item: self._take())
        self.box.installEventFilter(self)
        self._filter("")

    def _filter(self, text: str) -> None:
        words, first = text.lower().split(), None
        for row in range(self.list.count()):
            item = self.list.item(row)
            assert item is not None
            told = f"{item.text()} {item.toolTip()}".lower()
            fits = all(word in told for word in words)
            item.setHidden(not fits)
            if fits and first is None and item.flags() & Qt.ItemFlag.ItemIsEnabled:
                first = item
        self.list.setCurrentItem(first)

    def _take(self) -> None:
        item = self.list.currentItem()
        if item is not None and not item.isHidden():
            self.picked = item.data(KEY)
            self.accept()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Up and down move in the list while one types."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            by = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
            if by is not None:
                at = self.list.currentRow() + by
                while 0 <= at < self.list.count():
                    item = self.list.item(at)
                    assert item is not None
                    if not item.isHidden() and item.flags() & Qt.ItemFlag.ItemIsEnabled:
                        self.list.setCurrentRow(at)
                        break
                    at += by
                return True
        return super().eventFilter(watched, event)


def shown_key(keys: tuple[str, ...]) -> str:
    """A shortcut as this system writes it."""
    native = QKeySequence.SequenceFormat.NativeText
    return QKeySequence(keys[0]).toString(native) if keys else ""


def command_chooser(parent: QWidget, states: set[str]) -> Chooser:
    """The command palette; what cannot run now says why."""
    rows = []
    for each in COMMANDS.values():
        why = each.why_not(states)
        key = shown_key(each.keys)
        text = each.shown_title + (f"   {key}" if key else "") + (f"   — {why}" if why else "")
        rows.append((each.name, text, each.shown_text, not why))
    return Chooser(parent, translate("dialogs", "Commands"), rows)


def preset_chooser(parent: QWidget, presets: dict[str, str]) -> Chooser:
    """The factory presets: name and description."""
    rows = [(name, f"{name}   {text}", text, True) for name, text in presets.items()]
    return Chooser(parent, translate("dialogs", "Presets"), rows)


def recent_chooser(parent: QWidget, sessions: list[Path]) -> Chooser:
    """Earlier sessions, the last one first."""
    rows = []
    for path in sessions:
        name = path.parent.name.removesuffix("-ifx")
        when = datetime.fromtimestamp(path.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
        rows.append((str(path), f"{name}   {when}   {path.parent}", str(path), True))
    return Chooser(parent, translate("dialogs", "Recent sessions"), rows)


def plugin_chooser(parent: QWidget, plugins: list[Description]) -> Chooser:
    """Plugins on this computer."""
    rows = [
        (each.path, f"{each.name}   {each.vendor} · {each.category}", each.path, True)
        for each in plugins
    ]
    return Chooser(parent, translate("dialogs", "Plugins"), rows)


class KeysDialog(QDialog):
    """All commands with their keys."""

    def __init__(self, parent: QWidget) -> None:
        """Of the table of commands."""
        super().__init__(parent)
        self.setWindowTitle(translate("dialogs", "Commands and keys"))
        self.resize(760, 560)
        self.box = QLineEdit()
        self.box.setPlaceholderText(translate("dialogs", "Type to search"))
        self.box.setAccessibleName(translate("dialogs", "Search commands"))
        self.box.textChanged.connect(self._filter)
        self.table = QTableWidget(len(COMMANDS), 3)
        self.table.setAccessibleName(translate("dialogs", "Commands and keys"))
        self.table.setHorizontalHeaderLabels(
            [
                translate("dialogs", "Command"),
                translate("dialogs", "Keys"),
                translate("dialogs", "What it does"),
            ]
        )
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for row, each in enumerate(COMMANDS.values()):
            keys = ", ".join(shown_key((key,)) for key in each.keys)
            for column, text in enumerate((each.shown_title, keys, each.shown_text)):
                self.table.setItem(row, column, QTableWidgetItem(text))
        header, numbers = self.table.horizontalHeader(), self.table.verticalHeader()
        assert header is not None and numbers is not None
        numbers.hide()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        numbers.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        layout = QVBoxLayout(self)
        layout.addWidget(self.box)
        layout.addWidget(self.table)

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        for row, each in enumerate(COMMANDS.values()):
            told = f"{each.shown_title} {' '.join(each.keys)} {each.shown_text}".lower()
            self.table.setRowHidden(row, not all(word in told for word in words))
