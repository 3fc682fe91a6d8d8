"""A window with the real engine, drawn into memory."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.main_window import Window
from gui.settings import Settings as Preferences
from ifx_bridge.demo import clips
from ifx_bridge.engine import Engine
from ifx_bridge.refine import Settings

QUICK = Engine(settings=Settings(steps=6, trial_steps=2, starts=1))
LONG = Engine(settings=Settings(steps=4000, trial_steps=4000, starts=1, patience=4000))
PATIENT = 60_000
Opener = Callable[..., Window]


def idle(qtbot: QtBot, window: Window) -> None:
    qtbot.waitUntil(window.idle, timeout=PATIENT)


@pytest.fixture(autouse=True)
def garbage_goes_in_this_thread() -> Iterator[None]:
    """As in the program: Qt's objects must not end in a thread of the background."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path) -> Opener:
    """Open a window about a recording, by default the guitar."""

    def open(machine: Engine = QUICK, source: Path | None = None, out: Path | None = None):
        settings = Preferences()
        settings["daw/link"] = "off"  # other tests' DAWs are not ours
        window = Window(out or tmp_path / "out", machine, settings)
        qtbot.addWidget(window)
        window.show()
        window.open_source(source or clips()["guitar"])
        qtbot.waitUntil(lambda: window.document.clip is not None, timeout=PATIENT)
        idle(qtbot, window)
        return window

    return open
