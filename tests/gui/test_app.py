"""The start: what is opened, and what is said after a crash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from gui.app import DEMO, Running, begin
from gui.main_window import Window
from gui.settings import Settings
from ifx_bridge import audio
from ifx_bridge.demo import clips
from ifx_bridge.errors import UserError
from ifx_bridge.session import load
from tests.gui.conftest import PATIENT, QUICK, Opener, idle


def test_a_crash_is_noticed_at_the_next_start(tmp_path: Path) -> None:
    first = Running(tmp_path)
    assert not first.ended_badly
    first.done()
    assert not Running(tmp_path).ended_badly  # closed as it should; now one runs
    assert not Running(tmp_path).ended_badly  # a second window beside it
    crash = (
        "import sys, os, pathlib; from gui.app import Running;"
        "Running(pathlib.Path(sys.argv[1])); os.abort()"
    )
    ended = subprocess.run([sys.executable, "-c", crash, str(tmp_path)], capture_output=True)
    assert ended.returncode != 0
    third = Running(tmp_path)
    assert third.ended_badly
    assert "Abort" in (tmp_path / "crash.txt").read_text()  # where it was
    third.done()
    assert not list(tmp_path.glob("running*"))


def test_what_was_open_last_is_opened_and_a_bad_end_is_told(
    qtbot: QtBot, opened: Opener, tmp_path: Path
) -> None:
    window = opened()
    window.chain.add("dist")
    idle(qtbot, window)
    settings = Settings(tmp_path / "window.ini")
    settings.remember(tmp_path / "out/session.json")
    again = Window(machine=QUICK, settings=settings)
    qtbot.addWidget(again)
    again.show()
    begin(again, None, False, True)
    qtbot.waitUntil(lambda: again.document.session is not None, timeout=PATIENT)
    idle(qtbot, again)
    assert again.document.edit.chain.ids == ("dist",)
    assert again.notice.isVisible() and "had been saved" in again.notice.text()
    assert not list((tmp_path / "out").glob("previous-*"))


def test_the_demo_opens_and_says_one_thing(qtbot: QtBot, tmp_path: Path) -> None:
    window = Window(tmp_path)  # with the engine that the preferences say
    qtbot.addWidget(window)
    begin(window, None, True, False)
    qtbot.waitUntil(lambda: window.conversation.turns.count() == 2, timeout=PATIENT)
    idle(qtbot, window)
    session = window.document.session
    assert session is not None and session.history == (DEMO,)
    assert session.clip.name == clips()["guitar"].name


def test_the_window_is_there_before_torch() -> None:
    code = (
        "import sys; from PyQt6.QtWidgets import QApplication; app = QApplication([]);"
        "from gui.main_window import Window; window = Window(); window.show(); window.grab();"
        "sys.exit('torch' in sys.modules)"
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


START = """
import typer
from gui.command import register
app = typer.Typer()
app.callback()(lambda: None)
register(app)
app()
"""


def test_killed_in_the_middle_it_goes_on_where_it_was(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    running = subprocess.Popen(
        [sys.executable, "-c", START, "gui", "--demo", "--out", str(tmp_path / "out")],
        stderr=subprocess.DEVNULL,
    )
    saved = tmp_path / "out/turn-01.wav"
    try:
        qtbot.waitUntil(
            lambda: saved.exists() and load_turns(tmp_path / "out") == 1, timeout=PATIENT
        )
        qtbot.wait(200)
        assert running.poll() is None
    finally:
        running.kill()
        running.wait()
    settings = Settings(tmp_path / "config/ifx-bridge/window.ini")
    state = Running(tmp_path / "state/ifx-bridge")
    assert state.ended_badly
    window = Window(machine=QUICK, settings=settings)
    qtbot.addWidget(window)
    window.show()
    begin(window, None, False, state.ended_badly)
    qtbot.waitUntil(lambda: window.document.session is not None, timeout=PATIENT)
    idle(qtbot, window)
    session = window.document.session
    assert session is not None and session.history == (DEMO,) and session.head == 1
    assert "had been saved" in window.notice.text()
    sound = window.listening.player.mixer.sound
    assert sound is not None and np.array_equal(sound, audio.load(saved).samples)
    state.done()


def load_turns(folder: Path) -> int:
    try:
        return len(load(folder / "session.json").turns)
    except UserError:
        return 0
