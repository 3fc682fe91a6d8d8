"""The window with the real engine, drawn into memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from gui.window import Window
from ifx_bridge import audio
from ifx_bridge.demo import clips
from ifx_bridge.engine import Engine
from ifx_bridge.errors import UserError
from ifx_bridge.refine import Settings
from ifx_bridge.session import load
from ifx_bridge.workspace import Workspace

QUICK = Engine(settings=Settings(steps=6, trial_steps=2, starts=1))
LONG = Engine(settings=Settings(steps=4000, trial_steps=4000, starts=1, patience=4000))
CHURCH = "make it sound like a church"
PATIENT = 60_000


def opened(qtbot: QtBot, folder: Path, machine: Engine = QUICK, source: Path | None = None):
    window = Window(out=folder, machine=machine)
    qtbot.addWidget(window)
    window.show()
    window.open_source(source or clips()["guitar"])
    qtbot.waitUntil(lambda: window.clip is not None and window.job is None, timeout=PATIENT)
    return window


def say(window: Window, text: str) -> None:
    window.instruction.setText(text)
    window.send()


def status(window: Window) -> str:
    bar = window.statusBar()
    assert bar is not None
    return bar.currentMessage()


def rows(window: Window) -> list[str]:
    found = [window.turns.item(n) for n in range(window.turns.count())]
    return [item.text() for item in found if item is not None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A session of one turn, as it is on disk."""
    from ifx_bridge.engine import open_session

    clip = audio.load(clips()["guitar"])
    place = Workspace(tmp_path_factory.mktemp("made"))
    session = open_session(clip)
    place.open(session, clip)
    result = QUICK.turn(session, clip, CHURCH)
    place.add(result.session, result.turn, result.audio, clip)
    yield place.session_path


def test_turns_are_made_listed_saved_and_undone(qtbot: QtBot, tmp_path: Path) -> None:
    window = opened(qtbot, tmp_path)
    assert not window.undo_action.isEnabled() and not window.redo_action.isEnabled()
    beats: list[int] = []
    timer = QTimer(window)
    timer.timeout.connect(lambda: beats.append(1))
    timer.start(20)
    say(window, CHURCH)
    say(window, "add some grit")
    assert list(window.waiting) == ["add some grit"]  # queued behind the first
    qtbot.waitUntil(lambda: window.turns.count() == 3 and window.job is None, timeout=PATIENT)
    timer.stop()
    assert len(beats) > 5  # the event loop ran meanwhile
    assert rows(window)[1].startswith(f"1  {CHURCH} — Reverb — score ")
    current = window.turns.currentItem()
    assert current is not None and current.text().startswith("2  add some grit — ")
    assert "Distortion" in current.text()
    assert "drive" in window.details.toPlainText() and "dB" in window.details.toPlainText()
    assert {p.name for p in tmp_path.iterdir()} >= {"dry.wav", "turn-01.wav", "turn-02.wav"}
    saved = json.loads((tmp_path / "session.json").read_text())
    assert saved["history"] == [CHURCH, "add some grit"]

    window.undo()
    assert window.session is not None and window.session.head == 1
    assert load(tmp_path / "session.json").head == 1
    assert rows(window)[2].endswith("undone")
    # Undo while nothing is typed is the turn's, though the instruction box has the focus.
    window.instruction.setFocus()
    qtbot.keyClick(window.instruction, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.session.head == 0 and not window.undo_action.isEnabled()
    window.redo()
    window.redo()
    assert window.session.head == 2 and not window.redo_action.isEnabled()
    assert load(tmp_path / "session.json").head == 2


def test_stop_keeps_the_best_so_far(qtbot: QtBot, tmp_path: Path) -> None:
    window = opened(qtbot, tmp_path, LONG)
    say(window, CHURCH)
    say(window, "add some grit")
    qtbot.waitUntil(lambda: "score" in window.bar.format(), timeout=PATIENT)
    window.stop_button.click()
    assert "Dropped: add some grit" in status(window)
    qtbot.waitUntil(lambda: window.job is None, timeout=PATIENT)
    session = load(tmp_path / "session.json")
    assert len(session.turns) == 1 and not session.turn(1).finished
    assert (tmp_path / "turn-01.wav").exists()
    assert "best so far" in status(window) and "stopped early" in rows(window)[1]


def test_closing_while_it_works_loses_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    window = opened(qtbot, tmp_path, LONG)
    say(window, CHURCH)
    qtbot.waitUntil(lambda: "score" in window.bar.format(), timeout=PATIENT)
    assert window.close()
    assert not load(tmp_path / "session.json").turn(1).finished
    assert (tmp_path / "turn-01.wav").exists()


def test_a_saved_session_goes_on_where_it_is(qtbot: QtBot, made: Path) -> None:
    window = opened(qtbot, made.parent, source=made)
    assert rows(window)[1].startswith(f"1  {CHURCH}")
    assert not list(made.parent.glob("previous-*"))
    # Its sound is read in the background.
    qtbot.waitUntil(lambda: 1 in window.sounds and not window.readers, timeout=PATIENT)
    assert window.player.mixer._wanted is window.sounds[1]
    assert window.clip is not None
    window.instruction.setFocus()
    qtbot.keyClicks(window.instruction, "d d")
    assert window.instruction.text() == "d d" and not window.dry_box.isChecked()
    window.turns.setFocus()
    qtbot.keyClick(window.turns, Qt.Key.Key_D)
    assert window.dry_box.isChecked()
    assert window.player.mixer._wanted is window.clip.samples
    qtbot.keyClick(window.dry_box, Qt.Key.Key_Space)  # Space presses what has the focus
    assert not window.dry_box.isChecked()


def test_a_session_without_its_recording_is_a_message(
    qtbot: QtBot, made: Path, tmp_path: Path
) -> None:
    data = json.loads(made.read_text())
    data["clip"]["path"] = str(tmp_path / "gone.flac")
    path = tmp_path / "session.json"
    path.write_text(json.dumps(data))
    window = Window(machine=QUICK)
    qtbot.addWidget(window)
    window.open_source(path)
    qtbot.waitUntil(lambda: window.job is None, timeout=PATIENT)
    assert "gone.flac" in status(window) and window.clip is None


def test_a_bad_file_is_a_message_and_the_clip_stays(qtbot: QtBot, tmp_path: Path) -> None:
    window = opened(qtbot, tmp_path / "out")
    bad = tmp_path / "notes.wav"
    bad.write_text("no audio")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(bad))])
    drop = QDropEvent(
        QPointF(9, 9), Qt.DropAction.CopyAction, mime,
        Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    window.dropEvent(drop)
    qtbot.waitUntil(lambda: window.job is None, timeout=PATIENT)
    assert "not audio" in status(window)
    assert window.notice.isVisible() and "WAV" in window.notice.text()
    assert window.clip is not None and window.clip.path.name == "guitar.flac"
    assert not list((tmp_path / "out").glob("previous-*"))


def test_a_turn_that_cannot_be_saved_can_be_heard(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened(qtbot, tmp_path)

    def full(*args: object) -> None:
        raise UserError("The disk is full.", kept="All before is kept.", next_step="Free space.")

    monkeypatch.setattr(Workspace, "add", full)
    say(window, CHURCH)
    qtbot.waitUntil(lambda: window.turns.count() == 2 and window.job is None, timeout=PATIENT)
    assert "disk is full" in status(window)
    assert window.notice.text().count("\n") == 2 and 1 in window.sounds


def test_words_without_a_clip_are_kept(qtbot: QtBot) -> None:
    window = Window(machine=QUICK)
    qtbot.addWidget(window)
    say(window, CHURCH)
    assert "Open a recording" in status(window) and window.instruction.text() == CHURCH


def test_every_button_says_what_it_does_and_is_reached_by_keys(qtbot: QtBot) -> None:
    window = Window()
    qtbot.addWidget(window)
    named = (window.open_button, window.send_button, window.stop_button, window.play_button,
             window.dry_box)  # fmt: skip
    for button in named:
        assert isinstance(button, QAbstractButton)
        assert button.toolTip() and button.accessibleName()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    keys = {key.toString() for act in window.findChildren(type(window.undo_action))
            for key in act.shortcuts()}  # fmt: skip
    assert {"Ctrl+O", "Ctrl+Z", "Ctrl+Shift+Z", "Space", "D"} <= keys
