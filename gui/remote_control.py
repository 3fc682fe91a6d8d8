"""Remote control: the window's own OSC addresses (`/ifx/refine "warmer"`, …), when switched on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QObject, pyqtSignal

from gui.translations import translate
from ifx_bridge.errors import UserError
from ifx_bridge.refine import Progress

if TYPE_CHECKING:
    from gui.main_window import Window
    from ifx_bridge.daw.remote import Command, Remote, Say
    from ifx_bridge.daw.wire import Wire

ANSWERS = 9124
# Commands of the remote control that are commands of the window.
SAME = {"undo": "undo", "redo": "redo", "ab": "switch", "capture": "capture", "push": "push-now"}


class RemoteControl(QObject):
    """Listens on a port of this machine and has the window do what comes."""

    _came = pyqtSignal(str, dict)

    def __init__(self, window: Window) -> None:
        """Off."""
        super().__init__(window)
        self.window = window
        self._wire: Wire | None = None
        self._remote: Remote | None = None
        self._came.connect(self._act)
        window.document.made.connect(self._made)
        window.document.progressed.connect(self._progressed)
        window.document.problem.connect(lambda error: self._say("error", text=str(error)))
        window.document.said.connect(lambda text: self._say("status", text=text))

    @property
    def port(self) -> int:
        """Where it listens; 0 when it is off."""
        return self._wire.port if self._wire is not None else 0

    def start(self, port: int, answers: int = ANSWERS) -> None:
        """Listen; a port that is taken is told as a problem."""
        from ifx_bridge.daw.remote import Remote
        from ifx_bridge.daw.wire import Wire

        self.close()
        try:
            self._wire = Wire(("127.0.0.1", answers), port=port)
        except UserError as error:
            self.window.problem(error)
            return
        self._remote = Remote(self._wire, self)
        self.window.say(
            translate(
                "remote_control", "Remote control: listening on port {port} of this machine."
            ).format(port=self._wire.port)
        )

    def close(self) -> None:
        """Stop listening."""
        if self._remote is not None:
            self._remote.close()
        if self._wire is not None:
            self._wire.close()
        self._wire = self._remote = None

    def do(self, command: Command, say: Say) -> None:
        """On the remote's thread: hand a command over to the window."""
        self._came.emit(command.name, dict(command.values))

    def _act(self, name: str, values: dict[str, Any]) -> None:
        window = self.window
        if name == "refine":
            window.conversation.instruction.setText(values["text"])
            window.run("send")
        elif name == "file":
            window.open_source(Path(values["path"]))
        elif name == "amount":
            if window.listen.amount.isEnabled():
                window.listen.amount.setValue(round(100 * values["value"]))
        elif name in SAME:
            window.run(SAME[name])
            if name == "ab":
                side = "before" if window.listening.hearing_a else "after"
                self._say("side", name=side)

    def _made(self, index: int, sound: object) -> None:
        session = self.window.document.session
        if session is not None:
            self._say("turn", number=index, text=session.turn(index).explanation)

    def _progressed(self, step: Progress) -> None:
        self._say("progress", stage=step.stage, share=min(1.0, step.step / max(1, step.steps)))

    def _say(self, what: str, /, **values: Any) -> None:
        if self._remote is not None:
            try:
                self._remote.say(what, **values)
            except UserError:
                return  # nobody can be told
