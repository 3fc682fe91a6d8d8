"""MIDI: knobs and keys that run commands of the window, and learning them."""

from __future__ import annotations

import tomllib
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QObject, Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui.commands import COMMANDS
from gui.parts import button, label
from gui.settings import Settings
from gui.translations import translate
from ifx_bridge.daw.midi import Control, Controls
from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from gui.main_window import Window

POLL_MS = 20
# Beside the commands: what a knob moves.
AMOUNT = "amount"
STATE = "midi-controls"
NO_PORT = QT_TRANSLATE_NOOP("midi_control", "no MIDI input")


def known() -> dict[str, str]:
    """What can be learned: name and title."""
    return {
        AMOUNT: translate("midi_control", "Amount (a knob or fader)"),
        **{c.name: c.shown_title for c in COMMANDS.values()},
    }


class MidiControl(QObject):
    """Listens to one MIDI input.

    Attributes:
        learned: Another control was learned, or forgotten.
        gave: Name of a command and a value 0 to 1, from a knob or key.
        problem: A `UserError`.
    """

    learned = pyqtSignal()
    gave = pyqtSignal(str, float)
    problem = pyqtSignal(object)

    def __init__(self, parent: QObject, settings: Settings) -> None:
        """With what was learned before; no port is open."""
        super().__init__(parent)
        self.settings = settings
        self.controls = _kept(settings)
        self.learning = ""
        self.told = ""
        self.port_name = ""
        self._port: Any = None
        self._open = ExitStack()
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)

    def open(self, name: str) -> None:
        """Listen to a port; to none when it is empty."""
        from ifx_bridge.daw import midi

        self.close()
        if not name:
            return
        try:
            self._port = self._open.enter_context(midi.input(name))
        except UserError as error:
            self.problem.emit(error)
            return
        self.port_name = name
        self._timer.start()

    def close(self) -> None:
        """Free the port."""
        self._timer.stop()
        self._open.close()
        self._port, self.port_name = None, ""

    def learn(self, command: str) -> None:
        """The next knob or key that moves gives this command; empty ends learning."""
        self.learning = command
        self.told = (
            translate("midi_control", "Move the knob or press the key for “{command}”.").format(
                command=known()[command]
            )
            if command
            else ""
        )
        self.learned.emit()

    def forget(self, command: str) -> None:
        """What gave this command does nothing from now on."""
        self._keep(Controls(tuple(r for r in self.controls.rows if r.command != command)))
        self.told = translate("midi_control", "“{command}” has no control any more.").format(
            command=known()[command]
        )
        self.learned.emit()

    def bound(self, command: str) -> str:
        """What gives a command, in words."""
        return ", ".join(said(r) for r in self.controls.rows if r.command == command)

    def _poll(self) -> None:
        for message in self._port.iter_pending() if self._port is not None else ():
            if self.learning:
                self._learn(message)
            elif found := self.controls.command(message):
                self.gave.emit(*found)

    def _learn(self, message: Any) -> None:
        before = self.controls.rows
        try:
            found = self.controls.learned(message, self.learning, known())
        except UserError:
            return  # clocks and the like are passed over
        name, self.learning = self.learning, ""
        lost = [r for r in before if r not in found.rows and r.command != name]
        self._keep(found)
        self.told = f"“{known()[name]}”: {said(found.rows[-1])}."
        if lost:
            self.told += " " + translate("midi_control", "Before, it gave “{command}”.").format(
                command=known().get(lost[0].command, lost[0].command)
            )
        self.learned.emit()

    def _keep(self, controls: Controls) -> None:
        self.controls = controls
        self.settings.keep(STATE, controls.to_toml())


def said(control: Control) -> str:
    """A control as people call it."""
    kinds = {
        "control_change": translate("midi_control", "CC"),
        "note_on": translate("midi_control", "note"),
        "program_change": translate("midi_control", "program"),
    }
    return translate("midi_control", "{kind} {number}, channel {channel}").format(
        kind=kinds.get(control.kind, control.kind),
        number=control.number,
        channel=control.channel + 1,
    )


def _kept(settings: Settings) -> Controls:
    try:
        rows = tomllib.loads(str(settings.state(STATE) or "")).get("control", [])
        return Controls.of([r for r in rows if r.get("command") in known()], known())
    except (tomllib.TOMLDecodeError, UserError, AttributeError):
        return Controls()


class MidiDialog(QDialog):
    """Which knob or key gives which command."""

    def __init__(self, parent: QWidget, midi: MidiControl, settings: Settings) -> None:
        """Of what was learned."""
        super().__init__(parent)
        from ifx_bridge.daw.midi import port_names

        self.midi, self.settings = midi, settings
        self.setWindowTitle(translate("midi_control", "MIDI learn"))
        self.resize(640, 520)
        self.port = QComboBox()
        self.port.setAccessibleName(translate("midi_control", "MIDI input"))
        self.port.addItem(translate("midi_control", NO_PORT), "")
        try:
            names = port_names()[0]
        except UserError as error:
            names = []
            midi.told = str(error)
        for name in dict.fromkeys([*names, *([midi.port_name] if midi.port_name else [])]):
            self.port.addItem(name, name)
        self.port.setCurrentIndex(max(0, self.port.findData(midi.port_name)))
        self.port.activated.connect(self._choose_port)
        self.table = QTableWidget(len(known()), 2)
        self.table.setAccessibleName(translate("midi_control", "Commands and their controls"))
        self.table.setHorizontalHeaderLabels(
            [translate("midi_control", "Command"), translate("midi_control", "Given by")]
        )
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        header = self.table.horizontalHeader()
        assert header is not None
        header.setStretchLastSection(True)
        for row, (name, title) in enumerate(known().items()):
            item = QTableWidgetItem(title)
            item.setData(Qt.ItemDataRole.UserRole, name)
            self.table.setItem(row, 0, item)
        self.table.setColumnWidth(0, 300)
        self.table.setCurrentCell(0, 0)
        self.told = label("", wrap=True)
        self.told.setAccessibleName(translate("midi_control", "What to do"))
        self.learn_button = button(
            translate("midi_control", "&Learn"),
            translate("midi_control", "Then move the knob or press the key"),
            self.learn,
        )
        self.forget_button = button(
            translate("midi_control", "&Forget"),
            translate("midi_control", "Take its control away"),
            self.forget,
        )
        self.close_button = button(
            translate("midi_control", "&Close"),
            translate("midi_control", "Close this dialog"),
            self.accept,
        )
        line = QHBoxLayout()
        line.addWidget(self.port, 1)
        for part in (self.learn_button, self.forget_button, self.close_button):
            line.addWidget(part)
        rows = QVBoxLayout(self)
        rows.addWidget(self.table, 1)
        rows.addWidget(self.told)
        rows.addLayout(line)
        midi.learned.connect(self.refresh)
        self.refresh()

    def chosen(self) -> str:
        """Name of the command that is marked."""
        item = self.table.item(max(0, self.table.currentRow()), 0)
        assert item is not None
        return str(item.data(Qt.ItemDataRole.UserRole))

    def learn(self) -> None:
        """Wait for a knob or key."""
        self.midi.learn("" if self.midi.learning else self.chosen())

    def forget(self) -> None:
        """Take the control away."""
        self.midi.forget(self.chosen())

    def refresh(self) -> None:
        """Show what gives what."""
        for row, name in enumerate(known()):
            self.table.setItem(row, 1, QTableWidgetItem(self.midi.bound(name)))
        told = self.midi.told
        if not self.midi.port_name:
            told = translate(
                "midi_control", "There is no MIDI input. Plug one in, then open this again."
            )
            if self.port.count() > 1:
                told = translate("midi_control", "Choose a MIDI input first.")
        self.told.setText(told)
        self.learn_button.setEnabled(bool(self.midi.port_name))
        self.learn_button.setText(
            translate("midi_control", "&Learn")
            if not self.midi.learning
            else translate("midi_control", "Stop &learning")
        )

    def _choose_port(self, at: int) -> None:
        name = str(self.port.itemData(at))
        self.midi.open(name)
        self.settings["midi/input"] = self.midi.port_name
        self.refresh()

    def done(self, result: int) -> None:
        """Closed: nothing is learned any more."""
        self.midi.learning = ""
        self.midi.learned.disconnect(self.refresh)
        super().done(result)


def act(window: Window, name: str, value: float) -> None:
    """Carry out what a knob or key gives."""
    if name == AMOUNT:
        if window.listen.amount.isEnabled():
            window.listen.amount.setValue(round(200 * value))
    else:
        window.run(name)
