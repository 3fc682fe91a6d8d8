"""The window with the real engine, drawn into memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PyQt6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PyQt6.QtGui import QDropEvent
from PyQt6.QtWidgets import QAbstractButton, QAbstractSlider, QAbstractSpinBox, QFileDialog
from pytestqt.qtbot import QtBot

from gui.dialogs import Chooser
from gui.main_window import Window
from gui.settings import Settings
from gui.telling import decibels, plain
from ifx_bridge import audio
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.engine import open_session
from ifx_bridge.errors import UserError
from ifx_bridge.presets import store
from ifx_bridge.session import load
from ifx_bridge.workspace import Workspace
from tests.gui.conftest import LONG, PATIENT, QUICK, Opener, idle

CHURCH = "make it sound like a church"
# While an instruction is carried out the window may be busy for so long at once. The benchmark
# holds 50 ms; here other tests share the processor.
STALL_SECONDS = 1.0


def say(window: Window, text: str) -> None:
    window.conversation.instruction.setText(text)
    window.conversation.send()


def status(window: Window) -> str:
    bar = window.statusBar()
    assert bar is not None
    return bar.currentMessage()


def rows(window: Window) -> list[str]:
    turns = window.conversation.turns
    found = [turns.item(n) for n in range(turns.count())]
    return [item.text().replace("\u00a0", " ") for item in found if item is not None]


def drop(window: Window, path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    window.dropEvent(
        QDropEvent(
            QPointF(9, 9), Qt.DropAction.CopyAction, mime,
            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A session of one turn, as it is on disk."""
    clip = audio.load(clips()["guitar"])
    place = Workspace(tmp_path_factory.mktemp("made"))
    session = open_session(clip)
    place.open(session, clip)
    result = QUICK.turn(session, clip, CHURCH)
    place.add(result.session, result.turn, result.audio, clip)
    yield place.session_path


def test_turns_are_made_listed_saved_and_undone(
    qtbot: QtBot, opened: Opener, tmp_path: Path
) -> None:
    window = opened()
    document, out = window.document, tmp_path / "out"
    undo, redo = window.actions_by_name["undo"], window.actions_by_name["redo"]
    assert not undo.isEnabled() and not redo.isEnabled()
    beats: list[int] = []
    timer = QTimer(window)
    timer.timeout.connect(lambda: beats.append(1))
    timer.start(20)
    say(window, CHURCH)
    say(window, "add some grit")
    assert document.instructions == ["add some grit"]  # queued behind the first
    assert window.conversation.queue.isVisible()
    turns = window.conversation.turns
    qtbot.waitUntil(lambda: turns.count() == 3 and window.idle(), timeout=PATIENT)
    timer.stop()
    assert len(beats) > 5  # the event loop ran meanwhile
    assert rows(window)[1].startswith(f"1  {CHURCH}\nReverb · score ")
    current = turns.currentItem()
    assert current is not None and rows(window)[turns.currentRow()].startswith("2  add some grit\n")
    assert "Distortion" in rows(window)[2] and "you are here" in rows(window)[2]
    told = window.conversation.details.toPlainText()
    assert "drive" in told and "dB" in told
    assert [card.fx for card in window.chain.cards] == list(document.edit.chain.ids)
    assert {p.name for p in out.iterdir()} >= {"dry.wav", "turn-01.wav", "turn-02.wav"}
    saved = json.loads((out / "session.json").read_text())
    assert saved["history"] == [CHURCH, "add some grit"]

    window.run("undo")
    idle(qtbot, window)
    assert document.session is not None and document.session.head == 1
    assert load(out / "session.json").head == 1
    assert "undone" in rows(window)[2] and [card.fx for card in window.chain.cards] == ["rev"]
    # Undo while nothing is typed is the turn's, though the instruction box has the focus.
    instruction = window.conversation.instruction
    instruction.setFocus()
    qtbot.keyClick(instruction, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert document.session.head == 0 and not undo.isEnabled()
    window.run("redo")
    window.run("redo")
    idle(qtbot, window)
    assert document.session.head == 2 and not redo.isEnabled()
    assert load(out / "session.json").head == 2
    turns.setCurrentRow(1)  # a click on a turn goes there, and the next one branches off
    assert document.session.head == 1
    say(window, "brighter")
    qtbot.waitUntil(lambda: turns.count() == 4 and window.idle(), timeout=PATIENT)
    assert document.session.turn(3).parent == 1 and "another branch" in rows(window)[2]


def test_stop_keeps_the_best_so_far(qtbot: QtBot, opened: Opener, tmp_path: Path) -> None:
    window = opened(LONG)
    say(window, CHURCH)
    say(window, "add some grit")
    qtbot.waitUntil(lambda: "score" in window.conversation.bar.format(), timeout=PATIENT)
    window.conversation.stop_button.click()
    assert "Dropped: add some grit" in status(window)
    idle(qtbot, window)
    session = load(tmp_path / "out/session.json")
    assert len(session.turns) == 1 and not session.turn(1).finished
    assert (tmp_path / "out/turn-01.wav").exists()
    assert "best so far" in status(window) and "stopped early" in rows(window)[1]


def test_sound_and_knobs_follow_and_the_window_answers(qtbot: QtBot, opened: Opener) -> None:
    import time

    window = opened(LONG)
    longest, last = [0.0], [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        longest[0], last[0] = max(longest[0], now - last[0]), now

    timer = QTimer(window)
    timer.timeout.connect(beat)
    timer.start(5)
    say(window, CHURCH)
    qtbot.waitUntil(lambda: window.listening.preview is not None, timeout=PATIENT)
    mixer = window.listening.player.mixer
    first = mixer.sound
    assert first is not None and window.document.clip is not None
    assert first is not window.document.clip.samples
    assert [card.fx for card in window.chain.cards] == ["rev"]
    assert not window.chain.holder.isEnabled()
    qtbot.waitUntil(lambda: mixer.sound is not first, timeout=PATIENT)  # and goes on
    turns = window.conversation.turns
    place = turns.visualItemRect(turns.item(0)).center()  # listen to the dry clip meanwhile
    qtbot.mouseClick(turns.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert mixer.sound is window.document.clip.samples
    window.run("follow")
    assert mixer.sound is not window.document.clip.samples
    window.run("stop")
    idle(qtbot, window)
    timer.stop()
    assert longest[0] < STALL_SECONDS
    assert window.document.paths[1]  # the way can be scrubbed
    window.listen.path.choose(0)
    idle(qtbot, window)
    assert window.listening.step is window.document.paths[1][0].chain
    assert "step" in window.listening.name


def test_closing_while_it_works_loses_nothing(qtbot: QtBot, opened: Opener, tmp_path: Path) -> None:
    window = opened(LONG)
    say(window, CHURCH)
    qtbot.waitUntil(lambda: "score" in window.conversation.bar.format(), timeout=PATIENT)
    assert window.close()
    assert not load(tmp_path / "out/session.json").turn(1).finished
    assert (tmp_path / "out/turn-01.wav").exists()


def test_closing_at_once_keeps_what_was_turned_by_hand(
    qtbot: QtBot, opened: Opener, tmp_path: Path
) -> None:
    window = opened()
    window.chain.add("dist")
    window.chain.cards[0].knobs["drive_db"].box.setValue(30)
    assert window.close()
    assert load(tmp_path / "out/session.json").turn(1).as_chain()["dist"].params["drive_db"] == 30


def test_hand_edits_are_one_turn_and_can_be_undone(
    qtbot: QtBot, opened: Opener, tmp_path: Path
) -> None:
    window = opened()
    document = window.document
    window.chain.add("rev")
    window.chain.add("dist")
    rev, dist = window.chain.cards
    dist.knobs["drive_db"].slider.setValue(500)
    dist.knobs["drive_db"].lock.click()
    dist.up.click()
    rev.bypass.click()
    window.listen.amount.setValue(150)
    assert document.session is not None and not document.session.turns  # not settled yet
    idle(qtbot, window)
    session = document.session
    assert len(session.turns) == 1 and session.turn(1).brain == "hand"
    chain = load(tmp_path / "out/session.json").chain
    assert chain.ids == ("dist", "rev") and chain["rev"].bypass and chain.amount == 1.5
    assert chain["dist"].params["drive_db"] == pytest.approx(24)
    assert session.locked == ("dist.drive_db",)
    say(window, "more distorted")  # locked: it stays
    qtbot.waitUntil(lambda: len(document.session.turns) == 2 and window.idle(), timeout=PATIENT)
    assert document.session.chain["dist"].params["drive_db"] == pytest.approx(24)
    window.run("undo")
    window.run("undo")
    idle(qtbot, window)
    assert document.session.head == 0 and not window.chain.cards
    window.run("undo")  # says why not
    assert "start of the session" in status(window)


def test_undo_takes_back_an_edit_that_has_not_settled(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    window.chain.add("rev")
    window.run("undo")
    idle(qtbot, window)
    session = window.document.session
    assert session is not None and session.head == 0
    assert len(session.turns) == 1 and session.undone == (1,)  # kept, for redo


def test_a_saved_session_goes_on_where_it_is(qtbot: QtBot, opened: Opener, made: Path) -> None:
    window = opened(source=made, out=made.parent)
    assert rows(window)[1].startswith(f"1  {CHURCH}")
    assert not list(made.parent.glob("previous-*"))
    # Its sound was read in the background.
    listening = window.listening
    assert listening.player.mixer.sound is listening.sounds[1]
    assert window.document.clip is not None
    instruction, turns = window.conversation.instruction, window.conversation.turns
    instruction.setFocus()
    qtbot.keyClicks(instruction, "d d")
    assert instruction.text() == "d d" and not listening.hearing_a
    turns.setFocus()
    qtbot.keyClick(turns, Qt.Key.Key_D)
    assert listening.hearing_a and window.listen.a_button.isChecked()
    assert listening.player.mixer.sound is window.document.clip.samples
    qtbot.keyClick(window.listen.b_button, Qt.Key.Key_Space)  # Space presses what has the focus
    assert not listening.hearing_a
    window.listen.match_box.click()
    idle(qtbot, window)
    raw, matched = listening.player.mixer.sound, listening.sounds[1]
    assert raw is not None and raw is not matched
    trim = window.document.edit.chain.trim_db
    level = 20 * np.log10(np.sqrt(np.mean(matched**2) / np.mean(raw**2)))
    assert level == pytest.approx(trim, abs=0.3)
    assert window.listen.offset.text() == f"off: {decibels(trim)}"


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
    idle(qtbot, window)
    assert "gone.flac" in status(window) and window.document.clip is None


@pytest.mark.parametrize("damage", ["", "{", '{"format": "ifx-session"}', "[1, 2]"])
def test_a_damaged_session_is_a_message_and_stays_as_it_is(
    qtbot: QtBot, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "session.json"
    path.write_text(damage)
    window = Window(machine=QUICK)
    qtbot.addWidget(window)
    window.open_source(path)
    idle(qtbot, window)
    assert "session.json" in window.notice.text() and path.read_text() == damage


def test_a_bad_file_is_a_message_and_the_clip_stays(
    qtbot: QtBot, opened: Opener, tmp_path: Path
) -> None:
    window = opened()
    bad = tmp_path / "notes.wav"
    bad.write_text("no audio")
    drop(window, bad)
    idle(qtbot, window)
    assert "not audio" in status(window)
    assert window.notice.isVisible() and "WAV" in window.notice.text()
    clip = window.document.clip
    assert clip is not None and clip.path.name == "guitar.flac"
    assert not list((tmp_path / "out").glob("previous-*"))


@pytest.mark.parametrize(
    ("shape", "rate", "told"),
    [((0, 1), 44100, "empty or too short"), ((20 * 60 * 8000, 1), 8000, "too long"),
     ((4410, 9), 44100, "9 channels"), ((44100, 2), 44100, "silent")],
)  # fmt: skip
def test_clips_that_cannot_be_worked_on_say_why(
    qtbot: QtBot, opened: Opener, tmp_path: Path, shape: tuple[int, int], rate: int, told: str
) -> None:
    window = opened()
    soundfile.write(tmp_path / "odd.wav", np.zeros(shape, dtype=np.float32), rate)
    drop(window, tmp_path / "odd.wav")
    idle(qtbot, window)
    assert told in window.notice.text()
    assert window.document.clip is not None and window.document.clip.path.name == "guitar.flac"


@pytest.mark.parametrize(("channels", "rate"), [(8, 44100), (1, 192000), (2, 8000)])
def test_odd_clips_are_worked_on(
    qtbot: QtBot, opened: Opener, tmp_path: Path, channels: int, rate: int
) -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal((rate, channels))
    soundfile.write(tmp_path / "odd.wav", noise.astype(np.float32), rate)
    window = opened(source=tmp_path / "odd.wav")
    window.chain.add("eq")
    window.chain.cards[0].knobs["high_shelf_gain_db"].box.setValue(6)
    idle(qtbot, window)
    sound = window.listening.player.mixer.sound
    assert sound is not None and sound.shape == (channels, rate)


def test_a_turn_that_cannot_be_saved_can_be_heard(
    qtbot: QtBot, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened()

    def full(*args: object) -> None:
        raise UserError("The disk is full.", kept="All before is kept.", next_step="Free space.")

    monkeypatch.setattr(Workspace, "add", full)
    say(window, CHURCH)
    idle(qtbot, window)
    assert "disk is full" in status(window) and len(rows(window)) == 2
    assert window.notice.text().count("\n") == 2 and 1 in window.listening.sounds


def test_files_go_in_and_out(
    qtbot: QtBot, opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened()
    name, preset = next(iter(store.factory().items()))
    drop(window, preset)
    idle(qtbot, window)
    session = window.document.session
    assert session is not None and session.turn(1).instruction.startswith("Preset: ")
    assert session.chain.params == store.load(name).as_chain().params
    dragged = window.listen.drag_sound.mime()
    assert dragged is not None
    path = Path(dragged.urls()[0].toLocalFile())
    assert path.name == "turn-01.wav" and path.exists()
    dragged = window.listen.drag_preset.mime()
    assert dragged is not None
    path = Path(dragged.urls()[0].toLocalFile())
    assert store.load(str(path)).as_chain().params == session.chain.params
    wav, kept = tmp_path / "mix.wav", tmp_path / "mine.ifx.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(wav), ""))
    window.run("export")
    idle(qtbot, window)
    assert np.array_equal(audio.load(wav).samples, window.listening.sounds[1])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(kept), ""))
    window.run("save-preset")
    idle(qtbot, window)
    assert store.load(str(kept)).as_chain().params == session.chain.params


def test_words_without_a_clip_are_kept(qtbot: QtBot) -> None:
    window = Window(machine=QUICK)
    qtbot.addWidget(window)
    say(window, CHURCH)
    assert "Open a recording" in status(window)
    assert window.conversation.instruction.text() == CHURCH


def test_everything_has_a_name_and_is_reached_by_keys(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    for fx in ("eq", "rev"):
        window.chain.add(fx)
    idle(qtbot, window)
    panels = (window.source, window.conversation, window.chain, window.listen)
    controls = [w for panel in panels for kind in (QAbstractButton, QAbstractSlider,
                QAbstractSpinBox) for w in panel.findChildren(kind) if w.isVisible()]  # fmt: skip
    named = [w for w in controls if not w.objectName().startswith("qt_")
             and type(w).__name__ not in ("QScrollBar", "QTabBar")
             and "pyqtgraph" not in type(w).__module__]  # fmt: skip
    assert len(named) > 40
    for control in named:
        assert control.accessibleName() and control.toolTip(), control
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control.accessibleName()
    for card in window.chain.cards:
        for name, knob in card.knobs.items():
            told = plain(knob.parameter.text(card.base.params[name]))
            assert knob.slider.accessibleDescription() == told  # the value with its unit
            assert knob.box.text() == told


def test_one_click_lets_the_idea_be_heard(qtbot: QtBot, tmp_path: Path) -> None:
    window = Window(tmp_path / "out", QUICK)
    qtbot.addWidget(window)
    window.show()
    assert window.source.idea_button.isVisible() and not window.chain.add_button.isEnabled()
    window.source.idea_button.click()
    turns = window.conversation.turns
    qtbot.waitUntil(lambda: turns.count() == 2 and window.idle(), timeout=PATIENT)
    session = window.document.session
    assert session is not None and session.history == (CHURCH,)
    assert not window.source.idea_button.isVisible()
    window.open_source(clips()["drums"])  # another one is only opened
    idle(qtbot, window)
    assert window.document.session is not None and not window.document.session.turns


def test_any_two_turns_are_compared(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    for text in (CHURCH, "add some grit"):
        say(window, text)
    idle(qtbot, window)
    listening, box = window.listening, window.listen.compare
    assert [box.itemText(n) for n in range(box.count())] == [
        "A: dry clip", f"A: turn 1: {CHURCH}", "A: turn 2: add some grit"
    ]  # fmt: skip
    window.document.choose(2)
    box.setCurrentIndex(1)
    box.activated.emit(1)
    window.run("switch")
    idle(qtbot, window)
    assert listening.player.mixer.sound is listening.sounds[1]
    assert [card.fx for card in window.chain.cards] == ["rev"]
    window.run("switch")
    idle(qtbot, window)
    assert listening.player.mixer.sound is listening.sounds[2]


def test_a_small_window_cuts_nothing_off(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    for fx in ("rev", "eq"):
        window.chain.add(fx)
    idle(qtbot, window)
    window.resize(1100, 700)
    qtbot.waitUntil(lambda: window.width() == 1100)
    assert window.minimumSizeHint().width() <= 1100
    room = window.chain.area.viewport()
    assert room is not None and window.chain.holder.width() <= room.width()


def test_the_offset_is_of_what_is_heard(qtbot: QtBot, opened: Opener) -> None:
    window = opened(LONG)
    listening, offset = window.listening, window.listen.offset
    assert listening.dry and offset.text() == ""
    say(window, "way more distorted")
    qtbot.waitUntil(lambda: listening.preview is not None, timeout=PATIENT)
    preview, clip = listening.preview, window.document.clip
    assert preview is not None and clip is not None and preview.offset_db is not None
    raw = replace(preview.chain, trim_db=0.0).render(clip.samples, clip.sample_rate)
    level = 20 * np.log10(np.sqrt(np.mean(preview.sound**2) / np.mean(raw**2)))
    assert preview.offset_db == pytest.approx(level, abs=0.5) and abs(level) > 0.5
    assert offset.text() == f"by {decibels(preview.offset_db)}"
    window.run("stop")
    idle(qtbot, window)
    window.chain.cards[0].bypass.click()  # by hand, before it is a turn
    qtbot.waitUntil(lambda: window.document.draft is not None, timeout=PATIENT)
    window.document._settle.stop()
    idle_sound = lambda: listening.preview is not None and not listening.busy  # noqa: E731
    qtbot.waitUntil(idle_sound, timeout=PATIENT)
    assert listening.preview is not None
    assert offset.text() == f"by {decibels(listening.preview.offset_db or 0.0)}" == "by 0.0\u00a0dB"
    window.document.commit()
    idle(qtbot, window)


def test_without_a_device_a_line_stays(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    window.listening.player.reason = "Playback is off: there is no audio output device."
    window.listening.changed.emit()
    window.say("something else")
    assert "No audio device" in window.listen.silent.text() and window.listen.silent.isVisible()
    assert window.listen.look_button.isVisible()
    window.listening.player.reason = ""
    window.listening.changed.emit()
    assert not window.listen.silent.isVisible() and not window.listen.look_button.isVisible()


def test_size_areas_and_sessions_are_there_again(
    qtbot: QtBot, tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(tmp_path / "window.ini")
    window = Window(machine=QUICK, settings=settings)
    qtbot.addWidget(window)
    window.show()
    window.resize(1100, 760)  # what the screen has in memory
    window.areas.setSizes([190, 240, 404, 266])
    kept = window.areas.sizes()
    window.open_source(made)
    idle(qtbot, window)
    assert window.close()
    again = Window(machine=QUICK, settings=Settings(tmp_path / "window.ini"))
    qtbot.addWidget(again)
    again.show()
    assert (again.width(), again.height()) == (1100, 760) and again.areas.sizes() == kept

    def first(dialog: Chooser) -> int:
        assert dialog.list.count() == 1
        dialog._take()
        return 1

    monkeypatch.setattr(Chooser, "exec", first)
    again.run("recent")
    idle(qtbot, again)
    assert again.document.session is not None and again.document.session.head == 1
    assert str(made.parent) in status(again)  # the whole path


def test_a_reference_is_matched_as_a_turn(
    qtbot: QtBot, opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = audio.load(clips()["guitar"])
    short = clip.samples[:, : 2 * clip.sample_rate]
    audio.save(tmp_path / "dry.wav", short, clip.sample_rate)
    wet = Chain((Slot("dist", {"drive_db": 24.0}),)).render(short, clip.sample_rate)
    audio.save(tmp_path / "like.wav", 0.3 * wet, clip.sample_rate)
    window = opened(source=tmp_path / "dry.wav")
    name = str(tmp_path / "like.wav")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (name, ""))
    window.run("match-reference")
    assert "like.wav" in rows(window)[1]
    idle(qtbot, window)
    session = window.document.session
    assert session is not None and session.turn(1).brain == "reference"
    assert "dist" in session.chain and session.turn(1).score.after > 0.5
    assert "like.wav" in window.conversation.details.toPlainText()
    assert (tmp_path / "out/turn-01.wav").exists()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(tmp_path / "no"), ""))
    window.run("match-reference")
    idle(qtbot, window)
    assert window.notice.isVisible() and not window.conversation.instruction.text()


def test_what_was_typed_and_not_taken_is_said(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    window.chain.add("eq")
    idle(qtbot, window)
    box = window.chain.cards[0].knobs["band1_gain_db"].box

    def typing(text: str) -> str:
        window.say("")
        box.setFocus()
        box.selectAll()
        qtbot.keyClicks(box, text)
        qtbot.keyClick(box, Qt.Key.Key_Return)
        told = status(window)
        idle(qtbot, window)
        return told

    assert "goes from -18.0 dB to +18.0 dB: it is +18.0 dB now" in typing("99")
    assert typing("18") == ""  # the end itself is no surprise
    assert "“abc” is no value" in typing("abc") and box.value() == 18
    assert typing("-3 dB") == "" and box.value() == -3


def test_what_is_on_is_checked_in_the_menu(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    for name in ("match-loudness", "loop"):
        action = window.actions_by_name[name]
        before = action.isChecked()
        action.trigger()
        assert action.isCheckable() and action.isChecked() != before
        window.run(name)
        assert action.isChecked() == before
    idle(qtbot, window)
