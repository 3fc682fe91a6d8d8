"""The whole window on a real screen, moved by real keys and clicks; run by `test_screen.py`.

python tests/gui/drive.py CLIP FOLDER PICTURES

`ifx-bridge gui` runs in the main thread as a person starts it. A second thread is the person: it
sees where things are, and only the mouse and the keyboard of the X server act on them.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import typer
from PyQt6.QtCore import QObject, QPoint, Qt, pyqtSignal
from PyQt6.QtWidgets import QApplication, QDialog, QWidget

from gui.command import register
from gui.main_window import Window
from ifx_bridge import audio
from ifx_bridge.session import load
from tests.gui.screen import Hands, Manager

PATIENCE = 60.0


class Asking(QObject):
    """Runs functions in the window's thread, also while a dialog is open."""

    asked = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.asked.connect(self._answer, Qt.ConnectionType.BlockingQueuedConnection)

    def _answer(self, question: Callable[[list], None]) -> None:
        answer: list = []
        try:
            answer.append(question([]))
        except Exception as error:
            answer.append(error)
        self.answer = answer[0]

    def __call__(self, question: Callable[[], Any]) -> Any:
        self.asked.emit(lambda _: question())
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Person:
    """What is done, and what must then be seen."""

    def __init__(self, ask: Asking, clip: Path, folder: Path, pictures: Path) -> None:
        self.ask, self.clip, self.folder, self.pictures = ask, clip, folder, pictures
        self.hands = Hands(os.environ["DISPLAY"])
        self.count = 0

    def wait(self, what: str, true: Callable[[], Any]) -> None:
        end = time.monotonic() + PATIENCE
        while not self.ask(true):
            assert time.monotonic() < end, f"waited in vain: {what}"
            time.sleep(0.05)

    def look(self, name: str) -> None:
        time.sleep(0.2)  # it is drawn
        self.count += 1
        self.hands.picture(self.pictures / f"{self.count:02d}-{name}.png")

    def where(self, widget: QWidget, right: float = 0.5, down: float = 0.5) -> tuple[int, int]:
        def place() -> tuple[int, int]:
            assert widget.isVisible(), widget.accessibleName()
            spot = QPoint(round(widget.width() * right), round(widget.height() * down))
            spot = widget.mapToGlobal(spot)
            return spot.x(), spot.y()

        return self.ask(place)

    def click(self, widget: QWidget) -> None:
        self.hands.click(*self.where(widget))

    def click_tab(self, index: int) -> None:
        bar = self.window.listen.tabs.tabBar()
        spot = self.ask(lambda: bar.mapToGlobal(bar.tabRect(index).center()))
        self.hands.click(spot.x(), spot.y())

    def say(self, text: str) -> None:
        self.click(self.window.conversation.instruction)
        self.hands.type(text)
        self.hands.press("Return")

    def dialog(self, name: Path) -> None:
        """Type a name into the file dialog that is open."""
        self.wait("a dialog", lambda: isinstance(QApplication.activeModalWidget(), QDialog))
        self.look("dialog")
        self.hands.press("Control+a")
        self.hands.type(str(name))
        self.hands.press("Return")
        self.wait("no dialog", lambda: QApplication.activeModalWidget() is None)

    def turn(self, index: int) -> None:
        self.wait(
            f"turn {index}",
            lambda: (
                (session := self.window.document.session) is not None
                and session.head == index
                and self.window.idle()
            ),
        )

    def acts(self) -> None:
        def windows() -> list[Window]:
            return [w for w in QApplication.topLevelWidgets() if isinstance(w, Window)]

        self.wait("a window", lambda: any(window.isActiveWindow() for window in windows()))
        self.window = window = self.ask(windows)[0]
        listening, document = window.listening, window.document
        self.look("empty")

        self.hands.press("Control+o")
        self.dialog(self.clip)
        self.wait("the clip", lambda: document.clip is not None and window.idle())
        self.look("opened")

        self.say("make it sound like a church")
        self.wait("the best so far", lambda: document.best is not None)
        self.look("refining")
        self.turn(1)
        self.look("first-turn")

        if window.listening.player.available:
            self.click(window.listen.play_button)
            self.wait("sound", lambda: listening.player.playing and listening.player.mixer.peak > 0)
            self.look("playing")
        self.click(window.listen.a_button)
        self.wait("A", lambda: listening.hearing_a and window.listen.a_button.isChecked())
        assert self.ask(lambda: listening.sound) is document.clip.samples
        self.look("hearing-a")
        self.hands.press("Control+d")
        self.wait("B", lambda: not listening.hearing_a)
        if listening.player.playing:
            self.hands.press("Control+space")
            self.wait("silence", lambda: not listening.player.playing)

        self.say("add some grit")
        self.turn(2)
        self.look("second-turn")
        self.hands.press("Control+z")
        self.turn(1)
        self.look("undone")
        self.say("brighter")
        self.turn(3)
        assert document.session.turn(3).parent == 1
        self.look("branch")

        slider = next(iter(window.chain.cards[0].knobs.values())).slider
        before = self.ask(slider.value)
        begin = self.where(slider, before / slider.maximum())
        self.hands.drag(begin, (begin[0] - 40, begin[1]))
        self.turn(4)
        assert self.ask(slider.value) < before
        self.look("by-hand")

        if "eq" in document.edit.chain:
            spectrum = window.listen.spectrum
            handle = spectrum.handles["band1"]

            def place() -> tuple[int, int]:
                spot = spectrum.mapFromScene(handle.scenePos())
                spot = spectrum.viewport().mapToGlobal(spot)
                return spot.x(), spot.y()

            begin, was = self.ask(place), document.edit.chain["eq"].params["band1_gain_db"]
            self.hands.drag(begin, (begin[0] + 20, begin[1] - 40))
            self.turn(5)
            assert document.session.chain["eq"].params["band1_gain_db"] > was + 2
            self.look("bent")
            self.hands.press("Control+z")
            self.turn(4)
        self.click_tab(2)
        self.look("decay")

        self.hands.press("Control+e")
        written = self.folder / "mine.wav"
        self.dialog(written)
        self.wait("the file", written.exists)
        self.wait("rest", window.idle)
        assert np.array_equal(
            audio.load(written).samples, audio.load(self.folder / "out/turn-04.wav").samples
        )
        self.hands.press("Control+k")
        self.wait("the palette", lambda: QApplication.activeModalWidget() is not None)
        self.hands.type("keys")
        self.look("palette")
        self.hands.press("Escape")
        self.wait("no palette", lambda: QApplication.activeModalWidget() is None)

        self.hands.press("Control+q")

    def run(self) -> None:
        try:
            self.acts()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            self.hands.picture(self.pictures / "failed.png")
            os._exit(1)


def main(clip: Path, folder: Path, pictures: Path) -> None:
    Manager(os.environ["DISPLAY"]).start()
    person = Person(Asking(), clip, folder, pictures)
    threading.Thread(target=person.run, daemon=True).start()
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    try:
        app(["gui", "--out", str(folder / "out")])
    finally:
        session = load(folder / "out/session.json")
        print(f"closed with {len(session.turns)} turns at {session.head}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
