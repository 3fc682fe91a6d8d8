"""The window on a virtual sound device, its output recorded; run by `test_playback.py`.

python tests/gui/play.py recorded|unplugged|idea SERVER CLIP FOLDER

PortAudio looks for sound systems once, when it is loaded: hence a process of its own.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from pathlib import Path

import jack
import numpy as np
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from gui.main_window import Window
from ifx_bridge.engine import Engine
from ifx_bridge.refine import Settings

MOST_SECONDS = 60


class Recorder:
    """A JACK client that keeps whatever PortAudio plays."""

    def __init__(self, server: str) -> None:
        self.client = jack.Client("recorder", servername=server, no_start_server=True)
        self.ports = [self.client.inports.register(f"in{n}") for n in range(2)]
        self.kept = np.zeros((2, MOST_SECONDS * self.client.samplerate), dtype=np.float32)
        self.count = 0
        self.xruns = 0
        self.client.set_process_callback(self._process)
        self.client.set_xrun_callback(self._late)
        self.client.activate()
        self.searching = True
        self.search = threading.Thread(target=self._connect, daemon=True)
        self.search.start()

    def _late(self, delay: float) -> None:
        self.xruns += 1

    def _connect(self) -> None:
        while self.searching:
            for source, target in zip(
                self.client.get_ports("PortAudio.*", is_output=True, is_audio=True), self.ports,
                strict=False,
            ):  # fmt: skip
                with contextlib.suppress(jack.JackError):  # it came and went
                    if target not in self.client.get_all_connections(source):
                        self.client.connect(source, target)
            time.sleep(0.02)

    def _process(self, frames: int) -> None:
        room = min(frames, self.kept.shape[1] - self.count)
        for channel, port in enumerate(self.ports):
            self.kept[channel, self.count : self.count + room] = port.get_array()[:room]
        self.count += room

    @property
    def sound(self) -> np.ndarray:
        return self.kept[:, : self.count].copy()

    def close(self) -> None:
        self.searching = False
        self.search.join()  # libjack does not bear a request on a client that is being closed
        self.client.close()


def opened(clip: Path, folder: Path) -> Window:
    """The window with one turn made of the clip."""
    window = Window(folder / "out", Engine(settings=Settings(steps=6, trial_steps=2, starts=1)))
    window.show()
    window.open_source(clip)
    rest(window)
    window.document.send("make it sound like a church")
    rest(window)
    return window


def rest(window: Window) -> None:
    """Wait until it is idle."""
    while not window.idle():
        QTest.qWait(10)


def recorded(server: str, clip: Path, folder: Path) -> None:
    """Play, switch, and keep what came out of the device."""
    window = opened(clip, folder)
    player, recorder = window.listening.player, Recorder(server)
    loop = 1000 * player.mixer.sound.shape[1] // player._rate + 300
    window.run("play")
    assert player.playing, player.reason
    for _ in range(2):  # each whole once: B, A
        QTest.qWait(loop)
        window.run("switch")
    rng = np.random.default_rng(0)
    for _ in range(8):  # back and forth, faster and faster
        QTest.qWait(int(rng.integers(30, 300)))
        window.run("switch")
    QTest.qWait(300)
    window.run("play")
    np.savez(
        folder / "heard.npz", heard=recorder.sound, a=window.listening.sounds[0],
        b=window.listening.sounds[1], xruns=recorder.xruns, played=player.mixer.sound,
        trim=window.document.edit.chain.trim_db,
    )  # fmt: skip
    recorder.close()
    assert window.close()


def unplugged(server: str, clip: Path, folder: Path) -> None:
    """The device goes while it plays; the window stays."""
    window = opened(clip, folder)
    told: list[str] = []
    window.listening.lost.connect(told.append)
    player = window.listening.player
    window.run("play")
    assert player.playing, player.reason
    QTest.qWait(200)
    print("pull the plug", flush=True)
    end = time.monotonic() + 20
    while not told and time.monotonic() < end:
        QTest.qWait(20)
    assert told and not player.playing, "nobody noticed"
    assert window.notice.isVisible()
    place = player.seconds
    print("gone:", told[0], flush=True)
    assert window.document.session.head == 1  # and all else goes on
    window.run("find-device")  # said again, not waited for
    assert not player.available and player.seconds == place
    assert window.close()


def idea(server: str, clip: Path, folder: Path) -> None:
    """One click: the guitar plays at once, and the turn after it, without another click."""
    window = Window(folder / "out", Engine(settings=Settings(steps=6, trial_steps=2, starts=1)))
    window.show()
    recorder = Recorder(server)
    window.source.idea_button.click()
    player = window.listening.player
    end = time.monotonic() + 60
    while window.document.clip is None or not player.playing:
        assert time.monotonic() < end, "it does not play"
        QTest.qWait(10)
    assert window.document.session.head == 0, "the dry clip comes first"
    assert QApplication.focusWidget() in (window.conversation.instruction, None)
    while window.document.session.head == 0 or not window.idle():
        QTest.qWait(10)
    assert player.playing and window.listening.sound is window.listening.sounds[1]
    QTest.qWait(500)
    assert np.abs(recorder.sound).max() > 0.01, "nothing was heard"
    recorder.close()
    assert window.close()


def main(what: str, server: str, clip: Path, folder: Path) -> None:
    application = QApplication([])
    {"unplugged": unplugged, "recorded": recorded, "idea": idea}[what](server, clip, folder)
    del application
    print("closed", flush=True)
    # libjack, once its server has gone, may crash while the interpreter ends; all is saved by now.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
