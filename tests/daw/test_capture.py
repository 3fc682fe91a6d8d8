from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from ifx_bridge import audio
from ifx_bridge.cli import app
from ifx_bridge.daw.capture import STABLE_SECONDS, BounceFolder, cut, from_file, kept
from ifx_bridge.daw.link import Capture
from ifx_bridge.errors import Cancelled, UserError

RATE = 44100


def noise(seconds: float = 1.0, level: float = 0.1) -> audio.Audio:
    rng = np.random.default_rng(0)
    return (level * rng.standard_normal((1, int(seconds * RATE)))).astype(np.float32)


def test_where_it_came_from_is_kept(tmp_path: Path) -> None:
    audio.save(tmp_path / "dry.wav", noise(), RATE)
    found = Capture(tmp_path / "dry.wav", "a test", "Ardour", "Vox", "take 3", 8.0, 9.0, tempo=96.0)
    done, clip = kept(found)
    assert clip.seconds == pytest.approx(1)
    assert done.notes == ()
    data = json.loads((tmp_path / "dry.capture.json").read_text())
    assert (data["track"], data["item"], data["start_seconds"], data["tempo"]) == (
        "Vox", "take 3", 8.0, 96.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sound", "said"),
    [(np.zeros((1, RATE), np.float32), "silent"), (noise(0.01), "too short")],
)
def test_what_cannot_be_worked_with_is_told(tmp_path: Path, sound: audio.Audio, said: str) -> None:
    audio.save(tmp_path / "dry.wav", sound, RATE)
    with pytest.raises(UserError, match=said):
        kept(Capture(tmp_path / "dry.wav", "a test"))


def test_clipping_and_a_long_tail_are_noted(tmp_path: Path) -> None:
    audio.save(tmp_path / "clipped.wav", np.clip(30 * noise(), -1, 1), RATE)
    done, _ = kept(Capture(tmp_path / "clipped.wav", "a test"))
    assert "clipped" in done.notes[0]
    tail = noise(4) * np.exp(-np.arange(4 * RATE) / RATE / 0.4).astype(np.float32)
    audio.save(tmp_path / "wet.wav", np.concatenate([noise(1), tail], axis=1), RATE)
    done, _ = kept(Capture(tmp_path / "wet.wav", "a test"))
    assert "wet already" in done.notes[0]


def test_only_a_new_and_finished_file_is_taken(tmp_path: Path) -> None:
    audio.save(tmp_path / "old.wav", noise(), RATE)
    folder = BounceFolder(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    audio.save(tmp_path / "whole.wav", noise(), RATE)
    whole = (tmp_path / "whole.wav").read_bytes()
    (tmp_path / "whole.wav").unlink()
    path = tmp_path / "new.wav"
    assert folder.poll(0.0) is None
    path.write_bytes(whole[:5000])
    assert folder.poll(1.0) is None
    path.write_bytes(whole[:9000])
    assert folder.poll(1.0 + STABLE_SECONDS) is None  # it has grown
    path.write_bytes(whole)
    assert folder.poll(3.0) is None
    assert folder.poll(3.0 + STABLE_SECONDS / 2) is None
    assert folder.poll(3.0 + STABLE_SECONDS) == path
    assert folder.poll(9.0) is None  # once only
    path.write_bytes(whole + whole[-8:])
    assert folder.poll(10.0) is None
    assert folder.poll(10.0 + STABLE_SECONDS) == path  # bounced again under the same name


@pytest.mark.parametrize("content", [b"", b"RIFF but no sound"])
def test_what_is_no_sound_is_never_taken(tmp_path: Path, content: bytes) -> None:
    folder = BounceFolder(tmp_path)
    (tmp_path / "x.wav").write_bytes(content)
    assert all(folder.poll(float(t)) is None for t in range(10))
    with pytest.raises(UserError, match=r"x\.wav was not finished"):
        folder.next(0.0)


@pytest.mark.parametrize("suffix", ["wav", "aiff", "flac"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    folder = BounceFolder(tmp_path)
    soundfile.write(tmp_path / f"x.{suffix}", noise().T, RATE)
    assert folder.poll(0.0) is None
    assert folder.poll(STABLE_SECONDS) == tmp_path / f"x.{suffix}"


def test_waiting_can_be_stopped(tmp_path: Path) -> None:
    stop = threading.Event()
    folder = BounceFolder(tmp_path)
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Cancelled):
        folder.next(cancelled=stop.is_set)
    with pytest.raises(UserError, match="no folder"):
        BounceFolder(tmp_path / "nowhere")


def test_a_part_is_cut_and_a_full_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio.save(tmp_path / "take.wav", noise(2), RATE)
    found = from_file(tmp_path / "take.wav")
    part = cut(found.path, tmp_path / "out", found, 0.5, 1.0)
    assert np.array_equal(audio.load(part.path).samples, noise(2)[:, RATE // 2 : 3 * RATE // 2])

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ifx_bridge.audio.save", full)
    with pytest.raises(UserError, match="No space left") as error:
        cut(found.path, tmp_path / "out", found, 0.5, 1.0)
    assert "untouched" in error.value.kept
    with pytest.raises(UserError, match="no file"):
        from_file(tmp_path / "nothing.wav")


def test_a_bounce_goes_where_it_was_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounces, out = tmp_path / "bounces", tmp_path / "out"
    bounces.mkdir()
    look = BounceFolder.poll

    def bounced(folder: BounceFolder, now: float) -> Path | None:
        if not (bounces / "take.wav").exists():
            audio.save(bounces / "take.wav", noise(), RATE)
        return look(folder, now)

    monkeypatch.setattr(BounceFolder, "poll", bounced)
    words = ["daw", "capture", "--watch", str(bounces), "--out", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, (done.output, done.exception)
    assert sorted(p.name for p in out.iterdir()) == ["dry.capture.json", "dry.wav"]
    assert [p.name for p in bounces.iterdir()] == ["take.wav"]
    assert json.loads((out / "dry.capture.json").read_text())["item"] == "take"


def test_what_can_be_recorded_is_listed_without_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifx_bridge.daw.recording.devices", list)
    done = CliRunner().invoke(app, ["daw", "capture", "--record", "list"])
    assert (done.exit_code, done.output) == (0, "No device here can be recorded.\n")
    done = CliRunner().invoke(app, ["daw", "capture", "--track", "Vox"])
    assert "--out" in str(done.exception)
