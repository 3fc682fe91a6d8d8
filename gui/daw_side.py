"""What the window does with DAWs, MIDI and remote control, all in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QTimer
from PyQt6.QtWidgets import QFileDialog, QMessageBox

from gui import midi_control
from gui.daw_desk import SELECTED, DawDesk, origin
from gui.daw_panel import DawPanel, needs
from gui.files import music
from gui.midi_control import MidiControl, MidiDialog
from gui.push_dialog import PushDialog, counted
from gui.remote_control import RemoteControl
from gui.translations import translate
from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from gui.main_window import Window
    from ifx_bridge.daw.link import Capture, PushReport
    from ifx_bridge.daw.push import Preview

CAPTURES = "captures"


class DawSide(QObject):
    """Connects the desk, its panel, MIDI and the remote control with the window."""

    def __init__(self, window: Window) -> None:
        """Nothing is looked for and no port is opened yet: see `start`."""
        super().__init__(window)
        self.window = window
        self.desk: DawDesk = DawDesk(window)
        self.panel = DawPanel(self.desk)
        self.midi = MidiControl(window, window.settings)
        self.remote = RemoteControl(window)
        self.dialog: PushDialog | None = None
        self.desk.said.connect(window.say)
        self.desk.problem.connect(self._problem)
        self.desk.captured.connect(self._captured)
        self.desk.changed.connect(window.refresh)
        for signal, name in (
            (self.panel.look, "look-for-daws"),
            (self.panel.capture, "capture"),
            (self.panel.push, "push"),
        ):
            signal.connect(lambda name=name: window.run(name))
        self.panel.explain.connect(self.explain)
        self.midi.problem.connect(window.problem)
        self.midi.gave.connect(lambda name, value: midi_control.act(window, name, value))

    def start(self) -> None:
        """Look for DAWs and open the ports that the preferences name."""
        self.look()
        self.midi.open(self.window.settings["midi/input"])
        self.preferred("remote/on")

    def preferred(self, key: str) -> None:
        """A preference changed."""
        kept = self.window.settings
        if key.startswith("daw/"):
            self.look()
        elif key == "midi/input" and kept[key] != self.midi.port_name:
            self.midi.open(kept[key])
        elif key.startswith("remote/"):
            if kept["remote/on"]:
                self.remote.start(kept["remote/port"])
            else:
                self.remote.close()

    @property
    def ready(self) -> bool:
        """Whether a DAW answers and is not being asked something already."""
        return self.desk.link is not None and self.desk.answers and not self.desk.busy

    def look(self) -> None:
        """Look who answers."""
        kept = self.window.settings
        options: dict[str, object] = {}
        if kept["daw/port"]:
            options["port"] = kept["daw/port"]
        if kept["daw/session"]:
            options["session"] = Path(kept["daw/session"]).expanduser()
        self.desk.search(kept["daw/link"], **options)

    def explain(self) -> None:
        """Say what each DAW needs to be seen."""
        box = QMessageBox(self.window)
        box.setWindowTitle(translate("daw_side", "What each DAW needs"))
        box.setText(needs(self.desk) or translate("daw_side", "Nothing was looked for yet."))
        box.exec()

    def capture(self) -> None:
        """Take the dry sound of the track."""
        document = self.window.document
        folder = self.window.settings["files/folder"]
        place = Path(folder).expanduser() if folder else (
            document.out.parent if document.out is not None else music()
        )  # fmt: skip
        self.desk.capture(place / CAPTURES)

    def watch(self) -> None:
        """Choose a folder whose bounces become the clip, or stop watching it."""
        if self.desk.watching is not None:
            self.desk.watch(None)
            self.window.say(translate("daw_side", "The folder is not watched any more."))
            return
        chosen = QFileDialog.getExistingDirectory(
            self.window, translate("daw_side", "The folder that you bounce into")
        )
        if chosen:
            self.desk.watch(Path(chosen))

    def _captured(self, capture: Capture) -> None:
        text = origin(capture)
        if self.window.document.busy:
            self.window.say(
                translate("daw_side", "{name} was captured; open it when the turn is done.").format(
                    name=capture.path.name
                )
            )
            return
        beside = capture.path.with_name(f"{capture.path.stem}-ifx")
        self.window.open_source(capture.path, beside)
        self.panel.show_origin(text)
        self.window.say(text)

    def chains(self) -> tuple[str, Chain, Chain]:
        """What would be pushed: its title, the chain of the turn before, and its own."""
        document = self.window.document
        session, index = document.session, document.chosen
        title, parent = translate("daw_side", "the start"), 0
        if session is not None and index:
            turn = session.turn(index)
            title, parent = (
                turn.instruction or translate("daw_side", "turn {index}").format(index=index),
                turn.parent or 0,
            )
        after = self.window.listening.edit.chain
        if self.window.listening.hearing_a:
            after = document.edit.chain
        return title, document.chain_of(parent), after

    def push(self) -> None:
        """Show what would be set, then set it."""
        title, before, after = self.chains()
        place = self.window.results()
        self.dialog = PushDialog(self.window, self.desk, title, before, after, place)
        self.dialog.exec()
        self.dialog = None

    def push_now(self) -> None:
        """Push without asking; what became of it is told in one line."""
        title, before, after = self.chains()

        def told(report: PushReport) -> None:
            self.window.say(
                translate("daw_side", "Pushed “{title}”: {counts}.").format(
                    title=title, counts=counted(report)
                )
            )
            lost = [w for w in report.writes if w.status != "confirmed"]
            if lost:
                first = lost[0]
                self.window.problem(
                    UserError(
                        translate(
                            "daw_side",
                            "{count} of {total} values were not confirmed, {name} for one: "
                            "{reason}.",
                        ).format(
                            count=len(lost),
                            total=len(report.writes),
                            name=first.parameter.name,
                            reason=first.reason,
                        ),
                        kept=translate("daw_side", "What was confirmed is set."),
                        next_step=translate("daw_side", "Push… shows every value."),
                    )
                )

        def planned(found: tuple[Preview, Preview, Preview]) -> None:
            plan = found[2]
            if plan.empty:
                text = " ".join(plan.warnings) or translate("daw_side", "nothing to set")
                self.window.problem(
                    UserError(translate("daw_side", "Nothing was pushed."), next_step=text)
                )
                return
            # The job that planned ends first.
            self._next(lambda: self.desk.push(plan, lambda step: None, told))

        self.desk.preview(before, after, planned)

    def _next(self, do: Callable[[], None]) -> None:
        def when_free() -> None:
            if self.desk.busy:
                QTimer.singleShot(10, when_free)
            else:
                do()

        when_free()

    def follow_selection(self) -> None:
        """Work with whichever track is selected in the DAW, or stay with this one."""
        desk = self.desk
        if desk.track_name == SELECTED and desk.track_title:
            desk.follow_track(desk.track_title)
            self.window.say(
                translate("daw_side", "Staying with the track {track_title}.").format(
                    track_title=desk.track_title
                )
            )
        else:
            desk.follow_track(SELECTED)
            self.window.say(translate("daw_side", "Following the selected track."))

    def learn(self) -> None:
        """Choose which knob or key gives which command."""
        MidiDialog(self.window, self.midi, self.window.settings).exec()

    def _problem(self, error: UserError) -> None:
        if self.dialog is None:  # it tells of problems itself
            self.window.problem(error)

    def close(self) -> None:
        """End everything and free all ports."""
        self.midi.close()
        self.remote.close()
        self.desk.close()
