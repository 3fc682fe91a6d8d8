"""The window beside a DAW: the real Ardour, captured from and pushed to; MIDI; remote control."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import mido
import pytest
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication, QDialog, QFileDialog
from pytestqt.qtbot import QtBot

from gui import midi_control
from gui.daw_desk import Found
from gui.daw_side import CAPTURES
from gui.main_window import Window
from gui.midi_control import AMOUNT, MidiDialog
from gui.push_dialog import FILE, PushDialog
from gui.settings import Settings
from ifx_bridge.daw import midi
from ifx_bridge.daw.osc import Message
from ifx_bridge.daw.wire import LOOPBACK, Wire
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from tests.daw import ardour
from tests.daw.fakes import Effect, Knob, Lane
from tests.daw.test_midi import server
from tests.daw.test_writing import daw as live
from tests.gui.conftest import PATIENT, QUICK, Opener, idle
from tests.gui.test_main_window import CHURCH, say, status

__all__ = ["server"]
needs_ardour = pytest.mark.skipif(bool(ardour.missing()), reason=ardour.missing())


@pytest.fixture
def running(tmp_path: Path) -> Iterator[ardour.Ardour]:
    with ardour.Ardour(tmp_path, ardour.make(tmp_path)) as made:
        yield made


def beside(qtbot: QtBot, folder: Path, daw: ardour.Ardour) -> Window:
    """A window that has found the DAW."""
    settings = Settings()
    for key, value in (("link", "ardour"), ("port", daw.port), ("session", str(daw.session))):
        settings[f"daw/{key}"] = value
    window = Window(folder / "out", QUICK, settings)
    qtbot.addWidget(window)
    window.show()
    window.run("look-for-daws")
    qtbot.waitUntil(lambda: window.daw.ready and window.daw.desk.scene is not None, timeout=PATIENT)
    return window


def during(qtbot: QtBot, kind: type[QDialog], do: Callable[[QDialog], None]) -> None:
    """Do something in the dialog that opens next."""

    def look() -> None:
        found = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
        if not found:
            QTimer.singleShot(20, look)
            return
        try:
            do(found[0])
        finally:
            found[0].reject()

    QTimer.singleShot(0, look)


@needs_ardour
def test_captured_refined_pushed_and_read_back(
    qtbot: QtBot, tmp_path: Path, running: ardour.Ardour, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = beside(qtbot, tmp_path, running)
    desk, panel = window.daw.desk, window.daw.panel
    assert panel.state.text().startswith("● Ardour connected")
    at = panel.track.findData(ardour.TRACK)
    panel.track.setCurrentIndex(at)
    panel.track.activated.emit(at)
    qtbot.waitUntil(lambda: len(desk.devices) >= len(ardour.EFFECTS), timeout=PATIENT)
    assert "ACE Reverb" in panel.devices.text()

    panel.capture_button.click()
    qtbot.waitUntil(lambda: window.document.clip is not None, timeout=PATIENT)
    idle(qtbot, window)
    clip = window.document.clip
    assert clip is not None and clip.path.stem == ardour.TRACK
    assert clip.path.parent.parent.name == CAPTURES and clip.seconds > 1
    assert panel.origin.text().startswith("From Ardour · Gtr")

    say(window, CHURCH)
    idle(qtbot, window)
    say(window, "more reverb")
    idle(qtbot, window)

    told: list[str] = []

    def pushed(dialog: QDialog) -> None:
        assert isinstance(dialog, PushDialog)
        qtbot.waitUntil(dialog.push_button.isEnabled, timeout=PATIENT)
        assert "ACE Reverb" in dialog.summary.text() and dialog.table.rowCount() > 0
        dialog.push_button.click()
        qtbot.waitUntil(lambda: dialog.report is not None, timeout=PATIENT)
        report = dialog.report
        assert report is not None and report.done, report
        results = [dialog.table.item(row, 5) for row in range(dialog.table.rowCount())]
        assert all(item is not None and "✓ confirmed" in item.text() for item in results)
        # The same as a MIDI file, to be imported.
        file = tmp_path / "ramp.mid"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(file), ""))
        dialog.way.setCurrentText(FILE)
        dialog.report = None
        qtbot.waitUntil(dialog.push_button.isEnabled, timeout=PATIENT)
        dialog.push_button.click()
        qtbot.waitUntil(lambda: dialog.report is not None, timeout=PATIENT)
        assert any(
            m.type == "control_change" for track in mido.MidiFile(file).tracks for m in track
        )
        told.append(dialog.summary.text())

    during(qtbot, PushDialog, pushed)
    panel.push_button.click()
    assert told and "confirmed" in told[0]
    idle(qtbot, window)
    link = desk.link
    assert link is not None
    device = next(d for d in desk.devices if d.name == "ACE Reverb")
    now = {p.name: p.value for p in link.parameters(device)}
    wanted = {w.parameter.name: w.value for w in _wanted(window, link)}
    for name, value in wanted.items():
        assert now[name] == pytest.approx(value, rel=1e-3, abs=1e-3)

    # It ends while the next push is on its way: told, nothing lost, and no traceback.
    qtbot.waitUntil(lambda: "daw" in window.states(), timeout=PATIENT)  # not just reading devices
    running.kill()
    window.run("push-now")
    qtbot.waitUntil(lambda: not window.notice.isHidden(), timeout=PATIENT)
    assert "Traceback" not in window.notice.text() and "Ardour" in window.notice.text()
    qtbot.waitUntil(lambda: not desk.answers, timeout=PATIENT)
    assert "no longer answers" in panel.state.text()
    assert len(window.document.session.turns) == 2  # type: ignore[union-attr]
    window.close()


def _wanted(window: Window, link):
    from ifx_bridge.daw.push import preview

    plan = preview(link, link.track(ardour.TRACK), window.document.edit.chain)
    return [w for part in plan.parts for w in part.wanted if part.device.name == "ACE Reverb"]


def test_nobody_is_there(qtbot: QtBot, tmp_path: Path) -> None:
    settings = Settings()
    settings["daw/link"], settings["daw/port"] = "reaper", 9  # nobody listens there
    window = Window(tmp_path / "out", QUICK, settings)
    qtbot.addWidget(window)
    window.show()
    window.run("capture")
    assert "No DAW answers" in status(window)
    window.run("look-for-daws")
    qtbot.waitUntil(lambda: window.daw.desk.searched and not window.daw.desk.busy, timeout=PATIENT)
    assert "None answers" in window.daw.panel.state.text()
    assert window.daw.panel.why_button.isVisible()
    from gui.daw_panel import needs

    assert "REAPER" in needs(window.daw.desk) and "OSC" in needs(window.daw.desk)


def test_knobs_and_keys_are_learned(
    qtbot: QtBot, opened: Opener, request: pytest.FixtureRequest
) -> None:
    window = opened()
    # Only now: PortAudio, once it has met a JACK server, does not survive that server's end.
    request.getfixturevalue("server")
    say(window, CHURCH)
    idle(qtbot, window)
    control = window.daw.midi
    with midi.output("knobs", virtual=True) as knobs:
        name = next(n for n in midi.port_names()[0] if "knobs" in n)
        dialog = MidiDialog(window, control, window.settings)
        qtbot.addWidget(dialog)
        dialog.show()
        dialog.port.setCurrentIndex(dialog.port.findData(name))
        dialog.port.activated.emit(dialog.port.currentIndex())
        assert control.port_name == name
        for row, message in (
            (0, mido.Message("control_change", channel=0, control=21, value=1)),
            (list(midi_control.known()).index("undo"), mido.Message("note_on", note=60)),
        ):
            dialog.table.setCurrentCell(row, 0)
            dialog.learn_button.click()
            assert control.learning
            knobs.send(message)
            qtbot.waitUntil(lambda: not control.learning, timeout=PATIENT)
        assert control.bound(AMOUNT) == "CC 21, channel 1" and "note 60" in control.bound("undo")
        # The same knob for something else: what it did is said.
        dialog.table.setCurrentCell(list(midi_control.known()).index("switch"), 0)
        dialog.learn_button.click()
        knobs.send(mido.Message("note_on", note=60))
        qtbot.waitUntil(lambda: not control.learning, timeout=PATIENT)
        assert "Before, it gave “Undo turn”" in dialog.told.text()
        dialog.table.setCurrentCell(list(midi_control.known()).index("undo"), 0)
        dialog.learn_button.click()
        knobs.send(mido.Message("note_on", note=61))
        qtbot.waitUntil(lambda: not control.learning, timeout=PATIENT)
        dialog.accept()

        knobs.send(mido.Message("control_change", channel=0, control=21, value=0))
        qtbot.waitUntil(lambda: window.listen.amount.value() == 0, timeout=PATIENT)
        knobs.send(mido.Message("note_on", note=60))
        qtbot.waitUntil(lambda: window.listening.hearing_a, timeout=PATIENT)
        idle(qtbot, window)
        knobs.send(mido.Message("note_on", note=61))
        qtbot.waitUntil(lambda: window.document.session.head == 1, timeout=PATIENT)  # type: ignore[union-attr]
        control.forget("undo")
        assert not control.bound("undo")
        # Kept for the next start.
        assert midi_control._kept(window.settings) == control.controls
        window.daw.midi.close()


def test_a_remote_control_gives_instructions(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    heard: list[Message] = []
    with Wire((LOOPBACK, 9)) as tablet:
        window.daw.remote.start(0, tablet.port)
        tablet.remote = (LOOPBACK, window.daw.remote.port)
        tablet.listen(heard.append)
        tablet.send(Message("/ifx/refine", (CHURCH,)))
        qtbot.waitUntil(lambda: any(m.address == "/ifx/turn" for m in list(heard)), timeout=PATIENT)
        assert len(window.document.session.turns) == 1  # type: ignore[union-attr]
        idle(qtbot, window)
        tablet.send(Message("/ifx/amount", (0.5,)))
        qtbot.waitUntil(lambda: window.listen.amount.value() == 50, timeout=PATIENT)
        tablet.send(Message("/ifx/ab", ()))
        qtbot.waitUntil(lambda: window.listening.hearing_a, timeout=PATIENT)
        window.daw.remote.close()
        assert window.daw.remote.port == 0


def test_bounces_into_a_folder_become_the_clip(
    qtbot: QtBot, opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, folder = opened(), tmp_path / "bounces"
    folder.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(folder))
    window.run("watch-bounces")
    assert "Waiting for a bounce" in window.daw.panel.watched.text()
    for name in ("drums", "voice"):  # one after another
        shutil.copy(clips()[name], folder / f"{name}.flac")
        qtbot.waitUntil(lambda name=name: window.document.clip.path.stem == name, timeout=PATIENT)  # type: ignore
        idle(qtbot, window)
    assert "bounced into" in window.daw.panel.origin.text()
    window.run("watch-bounces")
    assert window.daw.desk.watching is None


def test_a_ramp_is_dragged_out_without_a_daw(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    say(window, CHURCH)
    idle(qtbot, window)
    mime = window.listen.drag_ramp.mime()
    assert mime is not None
    file = mido.MidiFile(mime.urls()[0].toLocalFile())
    names = [track.name for track in file.tracks]
    assert any("Reverb" in name for name in names)
    assert file.length == pytest.approx(8.0, abs=0.1)  # four bars at 120


def test_the_push_dialog_follows_the_values_of_live(qtbot: QtBot, opened: Opener) -> None:
    window, ratio = opened(), Knob("Ratio", value=0.2, display=lambda v: f"{1 + 19 * v:.2f} : 1")
    lanes = [Lane("Vox", [Effect("Compressor", [Knob("Device On", value=0.0), ratio])])]
    with live("live", lanes) as (fake, link):
        desk = window.daw.desk
        desk.found, desk.track_name = Found(link=link), "Vox"
        after = Chain((Slot("comp", {"ratio": 4}),))
        dialog = PushDialog(window, desk, "x", Chain(), after, window.results())
        qtbot.addWidget(dialog)
        qtbot.waitUntil(dialog.push_button.isEnabled, timeout=PATIENT)
        assert "Compressor is switched on." in dialog.notes.text()

        def now() -> str:
            item = dialog.table.item(0, 3)
            return item.text() if item is not None else ""

        assert now() == "4.80 : 1"
        ratio.move(0.5)
        qtbot.waitUntil(lambda: now() == "10.50 : 1", timeout=PATIENT)
        dialog.reject()
        qtbot.waitUntil(lambda: not fake.listened, timeout=PATIENT)  # type: ignore[attr-defined]
        desk.found = Found()
