"""Being controlled: commands come by OSC or MIDI, are carried out one by one, and are answered."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ifx_bridge import __version__
from ifx_bridge.daw.link import Scene, Transport
from ifx_bridge.daw.midi import Controls
from ifx_bridge.daw.osc import LONGEST, Message, table
from ifx_bridge.daw.wire import Wire
from ifx_bridge.errors import Cancelled, UserError

log = logging.getLogger("ifx.remote")
TABLE = table("ifx")
# Commands of which only the newest counts, when several wait.
NEWEST = frozenset({"amount"})
# Answers that come in a stream: only the newest goes out, so many times a second and no oftener.
RUNNING = frozenset({"progress", "transport"})
MOST_WAITING = 32
# Texts are cut so that their message keeps below the longest datagram.
LONGEST_TEXT = LONGEST // 2


@dataclass(frozen=True)
class Command:
    """What was asked for.

    Attributes:
        name: One of the table's.
        values: Its arguments.
    """

    name: str
    values: dict[str, Any]


class Worker(Protocol):
    """Carries commands out."""

    def do(self, command: Command, say: Say) -> None:
        """Carry one out; may raise `UserError` and `Cancelled`."""


class Say:
    """Answers over OSC, to whoever is at the other end of the wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def __call__(self, name: str, /, **values: Any) -> None:
        """Say something of the table; long texts are cut."""
        short = {
            k: v.encode("utf-8")[:LONGEST_TEXT].decode("utf-8", "ignore").replace("\0", " ")
            if isinstance(v, str)
            else v
            for k, v in values.items()
        }
        message = TABLE.message(name, **short)
        if name in RUNNING:
            self._wire.put(message)
        else:
            self._wire.send(message)


class Announcer:
    """Says over OSC what the DAW does; for `Follow`.

    Args:
        say: Says it.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._selected: tuple[str, str] | None = None

    def __call__(self, scene: Scene | None) -> None:
        """Say a scene; None is a DAW that does not answer."""
        now = scene.transport if scene else Transport(False)
        track, device = (scene.track, scene.device) if scene else (None, None)
        selected = (track.name if track else "", device.name if device else "")
        try:
            self._say(
                "transport",
                playing=now.playing,
                recording=bool(now.recording),
                seconds=-1.0 if now.seconds is None else now.seconds,
                tempo=-1.0 if now.tempo is None else now.tempo,
            )
            if selected != self._selected:
                self._selected = selected
                self._say("selected", track=selected[0], device=selected[1])
        except UserError:
            return  # nobody can be told


class Remote:
    """Takes commands off a wire and out of MIDI, and has them carried out on one thread.

    Args:
        wire: Where they come from and answers go.
        worker: Who carries them out.
        controls: What MIDI knobs and keys do.
    """

    def __init__(self, wire: Wire, worker: Worker, controls: Controls | None = None) -> None:
        self.wire, self.worker = wire, worker
        self.controls = controls or Controls()
        self.say = Say(wire)
        self._waiting: queue.Queue[Command | None] = queue.Queue(MOST_WAITING)
        self._newest: dict[str, Command] = {}
        self._lock = threading.Lock()
        self._stop = wire.listen(self._heard)
        self._thread = threading.Thread(target=self._work, name="ifx-remote", daemon=True)
        self._thread.start()

    def _heard(self, message: Message) -> None:
        if not message.address.startswith("/ifx/"):
            return
        found = TABLE.read(message)
        if found is None:
            self._answer("error", text=f"{message.address} is not understood so")
        elif found[0] == "ping":
            self._answer("pong", version=__version__)
        else:
            self.take(Command(*found))

    def midi(self, message: Any) -> None:
        """A message of mido's; what was not learned is ignored."""
        if found := self.controls.command(message):
            name, value = found
            self.take(Command(name, {"value": value} if name == "amount" else {}))

    def take(self, command: Command) -> None:
        """Have a command carried out after those before it."""
        with self._lock:
            if command.name in NEWEST:
                known = command.name in self._newest
                self._newest[command.name] = command
                if known:
                    return
        try:
            self._waiting.put_nowait(command)
        except queue.Full:
            self._answer("error", text=f"Too much is waiting; {command.name} was not taken")

    def _work(self) -> None:
        while (command := self._waiting.get()) is not None:
            with self._lock:
                command = self._newest.pop(command.name, command)
            self._answer("status", text=f"{command.name}…")
            try:
                self.worker.do(command, self.say)
            except UserError as error:
                self._answer("error", text=str(error))
            except Cancelled:
                self._answer("status", text="stopped")
            except Exception as error:  # one command's fault must not end the others
                log.exception("%s failed", command)
                self._answer("error", text=f"{command.name} failed: {type(error).__name__}")
            else:
                self._answer("status", text="ready")

    def _answer(self, name: str, **values: Any) -> None:
        try:
            self.say(name, **values)
        except UserError:
            return  # nobody can be told

    def close(self) -> None:
        """Finish what is being done, and stop."""
        self._stop()
        self._waiting.put(None)
        self._thread.join(10)


def serve(
    remote: Remote, stopped: Callable[[], bool], midi_in: Any = None, pause_seconds: float = 0.02
) -> None:
    """Keep a remote going until it is stopped; MIDI is polled here."""
    import time

    while not stopped():
        for message in midi_in.iter_pending() if midi_in else ():
            remote.midi(message)
        time.sleep(pause_seconds)
