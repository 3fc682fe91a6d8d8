from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import mido
import numpy as np
import pytest

from ifx_bridge import audio
from ifx_bridge.daw.desk import Desk
from ifx_bridge.daw.link import Can, Capabilities, Capture, Device, Scene, Track, Transport
from ifx_bridge.daw.live import LiveLink
from ifx_bridge.daw.midi import Controls
from ifx_bridge.daw.osc import Message
from ifx_bridge.daw.remote import Announcer, Command, Remote, Say
from ifx_bridge.daw.wire import LOOPBACK, Wire
from ifx_bridge.engine import Engine
from ifx_bridge.errors import UserError
from ifx_bridge.refine import Settings
from ifx_bridge.session import load
from tests.daw.fakes import Effect, Knob, Lane
from tests.daw.test_writing import daw


class Controller:
    """Somebody's tablet: sends commands, keeps the answers."""

    def __init__(self, worker: object, controls: Controls | None = None) -> None:
        self.wire = Wire((LOOPBACK, 9))
        self.ours = Wire((LOOPBACK, self.wire.port))
        self.wire.remote = (LOOPBACK, self.ours.port)
        self.heard: list[Message] = []
        self.wire.listen(self.heard.append)
        self.remote = Remote(self.ours, worker, controls)  # type: ignore[arg-type]

    def say(self, address: str, *args: object) -> None:
        self.wire.send(Message(address, args))  # type: ignore[arg-type]

    def wait(self, address: str, *args: object, seconds: float = 60) -> Message:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for message in list(self.heard):
                if message.address == address and message.args[: len(args)] == args:
                    self.heard.remove(message)
                    return message
            time.sleep(0.005)
        raise AssertionError((address, args, self.heard))

    def close(self) -> None:
        self.remote.close()
        self.wire.close()
        self.ours.close()


class Slow:
    """Notes what it is asked, and takes its time with the first."""

    def __init__(self) -> None:
        self.done: list[Command] = []
        self.go = threading.Event()

    def do(self, command: Command, say: Say) -> None:
        self.go.wait(10)
        if command.name == "capture":
            raise RuntimeError("a fault")
        if command.name == "push":
            raise UserError("No DAW.", next_step="Get one.")
        self.done.append(command)


@pytest.fixture
def slow() -> Iterator[tuple[Slow, Controller]]:
    worker = Slow()
    made = Controller(worker, Controls().learned(KNOB, "amount").learned(KEY, "undo"))
    yield worker, made
    worker.go.set()
    made.close()


KNOB = mido.Message("control_change", control=20, value=0)
KEY = mido.Message("note_on", note=36)


def test_commands_are_carried_out_in_order(slow: tuple[Slow, Controller]) -> None:
    worker, controller = slow
    controller.say("/ifx/ping")
    controller.wait("/ifx/pong")
    controller.say("/ifx/refine", "warmer")
    controller.wait("/ifx/status", "refine…")
    for n in range(200):  # a fader, while something is being done
        controller.say("/ifx/amount", n / 200)
    controller.say("/ifx/turn/undo")
    controller.say("/ifx/capture")
    controller.say("/ifx/push")
    controller.say("/ifx/refine", 3.0)
    controller.say("/ifx/nothing")
    assert "not understood" in str(controller.wait("/ifx/error").args[0])
    assert "not understood" in str(controller.wait("/ifx/error").args[0])
    worker.go.set()
    assert "RuntimeError" in str(controller.wait("/ifx/error").args[0])
    assert controller.wait("/ifx/error").args == ("No DAW. Get one.",)
    assert worker.done == [
        Command("refine", {"text": "warmer"}),
        Command("amount", {"value": pytest.approx(199 / 200)}),
        Command("undo", {}),
    ]


def test_midi_gives_the_same_commands(slow: tuple[Slow, Controller]) -> None:
    worker, controller = slow
    worker.go.set()
    controller.remote.midi(KNOB.copy(value=127))
    controller.wait("/ifx/status", "ready")
    controller.remote.midi(KEY.copy(velocity=90))
    controller.remote.midi(KEY.copy(velocity=0))
    controller.remote.midi(mido.Message("note_on", note=99))
    controller.wait("/ifx/status", "ready")
    assert worker.done == [Command("amount", {"value": 1.0}), Command("undo", {})]


def test_more_than_can_wait_is_refused_and_told(slow: tuple[Slow, Controller]) -> None:
    _, controller = slow
    for n in range(50):
        controller.say("/ifx/refine", f"{n}")
    assert "Too much" in str(controller.wait("/ifx/error").args[0])


def test_long_texts_are_cut(slow: tuple[Slow, Controller]) -> None:
    _, controller = slow
    controller.remote.say("status", text="ä" * 5000)
    assert controller.wait("/ifx/status").args[0] == "ä" * 256


def test_what_the_daw_does_is_announced(slow: tuple[Slow, Controller]) -> None:
    _, controller = slow
    said = Announcer(controller.remote.say)
    said(Scene(Transport(True, None, 3.5, 96.0), Track(1, "Vox"), Device(1, 2, "IFX Chain")))
    assert controller.wait("/ifx/daw/transport").args == (1, 0, 3.5, 96.0)
    assert controller.wait("/ifx/daw/selected").args == ("Vox", "IFX Chain")
    said(Scene(Transport(False), Track(1, "Vox"), Device(1, 2, "IFX Chain")))
    assert controller.wait("/ifx/daw/transport").args == (0, 0, -1.0, -1.0)
    said(None)
    assert controller.wait("/ifx/daw/selected").args == ("", "")
    assert not [m for m in controller.heard if m.address == "/ifx/daw/selected"]


def test_a_whole_session_by_remote_control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    audio.save(tmp_path / "take.wav", (0.1 * rng.standard_normal((1, 66150))).astype("f4"), 44100)
    ratio = Knob("Ratio", value=0.2, display=lambda v: f"{1 + 19 * v:.2f} : 1")
    vox = Effect("Compressor", [Knob("Device On", value=1), ratio])

    def capture(self: LiveLink, track: Track, folder: Path) -> Capture:
        return Capture(tmp_path / "take.wav", "a test", "Live", track.name)

    monkeypatch.setattr(LiveLink, "capture", capture)
    with daw("live", [Lane("Vox", [vox])]) as (_, link):
        assert isinstance(link.capabilities, Capabilities)
        assert Can.CAPTURE in link.capabilities
        engine = Engine(ears="perceptual", settings=Settings(seed=1))
        controller = Controller(Desk(tmp_path / "out", engine, link, "Vox"))
        controller.say("/ifx/push")
        assert "no clip yet" in str(controller.wait("/ifx/error").args[0])
        controller.say("/ifx/capture")
        controller.wait("/ifx/status", "1.5 s of take.wav")
        controller.say("/ifx/refine", "compress it with ratio 6:1")
        assert controller.wait("/ifx/turn").args[0] == 1
        controller.say("/ifx/push")
        controller.wait("/ifx/status", "1 of 1 confirmed")
        assert ratio.text() == "6.00 : 1"
        controller.say("/ifx/amount", 0.5)
        controller.wait("/ifx/status", "amount 50 %")
        controller.say("/ifx/amount", 7.0)
        assert "0 to 2" in str(controller.wait("/ifx/error").args[0])
        controller.say("/ifx/ab")
        controller.wait("/ifx/side", "before")
        controller.say("/ifx/turn/undo")
        assert controller.wait("/ifx/turn").args == (0, "the start")
        controller.say("/ifx/file", str(tmp_path / "nothing.wav"))
        assert "There is no file" in str(controller.wait("/ifx/error").args[0])
        controller.close()
    session = load(tmp_path / "out" / "session.json")
    assert (len(session.turns), session.head) == (1, 0)
