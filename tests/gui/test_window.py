"""The window with the real engine, drawn into memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PyQt6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from gui.window import Window
from ifx_bridge.demo import clips
from ifx_bridge.engine import Engine
from ifx_bridge.refine import Settings

QUICK = Engine(settings=Settings(steps=6, trial_steps=2, starts=1))
LONG = Engine(settings=Settings(steps=4000, trial_steps=4000, starts=1, patience=4000))


def opened(qtbot: QtBot, folder: Path, machine: Engine = QUICK) -> Window:
    window = Window(out=folder, machine=machine)
    qtbot.addWidget(window)
    window.open_clip(clips()["guitar"])
    qtbot.waitUntil(lambda: window.clip is not None and window.job is None, timeout=30_000)
    return window


def say(window: Window, text: str) -> None:
    window.instruction.setText(text)
    window.send()


def test_turns_are_made_listed_and_saved(qtbot: QtBot, tmp_path: Path) -> None:
    window = opened(qtbot, tmp_path)
    beats: list[int] = []
    timer = QTimer(window)
    timer.timeout.connect(lambda: beats.append(1))
    timer.start(20)
    say(window, "make it sound like a church")
    say(window, "add some grit")
    qtbot.waitUntil(lambda: window.turns.count() == 3 and window.job is None, timeout=60_000)
    assert len(beats) > 5  # the event loop ran meanwhile
    current = window.turns.currentItem()
    assert current is not None and "add some grit" in current.text()
    assert "Distortion" in current.text()
    assert "drive" in window.details.toPlainText()
    assert {p.name for p in tmp_path.iterdir()} >= {"dry.wav", "turn-01.wav", "turn-02.wav"}
    saved = json.loads((tmp_path / "session.json").read_text())
    assert saved["history"] == ["make it sound like a church", "add some grit"]

    window.undo()
    assert window.session is not None and window.session.head == 1
    assert window.redo_action.isEnabled()
    window.redo()
    assert window.session.head == 2
    assert json.loads((tmp_path / "session.json").read_text())["head"] == 2


def test_stop_keeps_the_best_so_far(qtbot: QtBot, tmp_path: Path) -> None:
    window = opened(qtbot, tmp_path, LONG)
    say(window, "make it sound like a church")
    qtbot.waitUntil(lambda: "score" in window.bar.format(), timeout=30_000)
    window.stop()
    qtbot.waitUntil(lambda: window.job is None, timeout=30_000)
    assert window.session is not None
    assert not window.session.turn(1).finished
    assert (tmp_path / "turn-01.wav").exists()


def test_closing_while_it_works_loses_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    window = opened(qtbot, tmp_path, LONG)
    say(window, "make it sound like a church")
    qtbot.waitUntil(lambda: "score" in window.bar.format(), timeout=30_000)
    window.close()
    assert json.loads((tmp_path / "session.json").read_text())["turns"]


def test_a_bad_file_is_a_message(qtbot: QtBot, tmp_path: Path) -> None:
    bad = tmp_path / "notes.wav"
    bad.write_text("no audio")
    window = Window(out=tmp_path / "out", machine=QUICK)
    qtbot.addWidget(window)
    window.open_clip(bad)
    qtbot.waitUntil(lambda: window.job is None, timeout=30_000)
    status = window.statusBar()
    assert status is not None and "not audio" in status.currentMessage()
    assert window.clip is None


@pytest.mark.parametrize("name", ["open_button", "send_button", "stop_button", "play_button"])
def test_every_button_says_what_it_does(qtbot: QtBot, name: str) -> None:
    window = Window()
    qtbot.addWidget(window)
    button = getattr(window, name)
    assert button.toolTip() and button.accessibleName()
