"""The table of commands, and what is derived from it."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from gui.commands import COMMANDS
from gui.dialogs import KeysDialog, command_chooser, preset_chooser
from gui.main_window import Window
from gui.preferences import PreferencesDialog
from gui.settings import SETTINGS


def test_every_command_is_whole_and_no_key_means_two(qtbot: QtBot) -> None:
    window = Window()
    qtbot.addWidget(window)
    keys = [key for each in COMMANDS.values() for key in each.keys]
    assert len(keys) == len(set(keys))
    assert {"Ctrl+O", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+K", "Space", "D"} <= set(keys)
    for each in COMMANDS.values():
        assert each.title and each.text.endswith(".")
        action = window.actions_by_name[each.name]
        assert [key.toString() for key in action.shortcuts()] == list(each.keys)
        assert action.isEnabled() == (not each.why_not(window.states()))
        if not action.isEnabled():
            assert action.toolTip() == each.why_not(window.states())


def test_the_palette_finds_and_says_why_not(qtbot: QtBot) -> None:
    window = Window()
    qtbot.addWidget(window)
    dialog = command_chooser(window, window.states())
    dialog.box.setText("prefer")
    dialog.box.returnPressed.emit()
    assert dialog.picked == "preferences"
    dialog = command_chooser(window, window.states())
    dialog.box.setText("export")
    item = dialog.list.item(list(COMMANDS).index("export"))
    assert item is not None and "Open a recording first" in item.text()
    dialog.box.returnPressed.emit()
    assert not dialog.picked


def test_dialogs_are_made_from_their_tables(qtbot: QtBot) -> None:
    window = Window()
    qtbot.addWidget(window)
    KeysDialog(window)
    dialog = preset_chooser(window, {"a": "one", "b": "two"})
    dialog.box.setText("two")
    dialog.box.returnPressed.emit()
    assert dialog.picked == "b"
    preferences = PreferencesDialog(window, window.settings)
    assert set(preferences.fields) == {setting.key for setting in SETTINGS}
    preferences.accept()  # nothing was changed
    assert all(window.settings[setting.key] == setting.default for setting in SETTINGS)
