"""The system refuses to write more than some bytes: each time it is told, and nothing is lost."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from ifx_bridge import audio
from ifx_bridge.daw import midi
from ifx_bridge.daw.automation import Lane as Way
from ifx_bridge.daw.automation import Ramp
from ifx_bridge.daw.capture import copied, from_file, kept, written
from ifx_bridge.daw.link import Capture, DawParameter
from ifx_bridge.daw.osc import Message
from ifx_bridge.daw.push import preview, push
from ifx_bridge.daw.reaper_helper import Helper
from ifx_bridge.daw.traffic import recording
from ifx_bridge.daw.wire import Wire
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from tests.daw.fake_reaper import FakeReaper
from tests.daw.fakes import Effect, Lane
from tests.daw.test_ours import REAPERS, knobs
from tests.daw.test_writing import daw

SOUND = (0.1 * np.random.default_rng(0).standard_normal((1, 48000))).astype(np.float32)


@contextmanager
def full(room: int = 0) -> Iterator[None]:
    """No file may grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def ramp_file(folder: Path) -> None:
    ways = [Way(DawParameter(1, 1, 1, "Drive", 0, 48, 0), 0.0, 48.0)]
    midi.write_file(folder / "ramp.mid", ways, Ramp(0, 4))


def metadata(folder: Path) -> None:
    kept(Capture(folder / "take.wav", "a test"))


WRITERS: list[tuple[Callable[[Path], object], str]] = [
    (lambda f: written(SOUND, 48000, f, Capture(f, "a test")), "dry.wav"),
    (lambda f: copied(Capture(f / "take.wav", "a test"), f), "dry.wav"),
    (ramp_file, "ramp.mid"),
    (metadata, "take.capture.json"),
]


@pytest.mark.parametrize(("write", "name"), WRITERS, ids=["sound", "copy", "ramp", "about"])
def test_what_was_there_before_stays(
    write: Callable[[Path], object], name: str, tmp_path: Path
) -> None:
    audio.save(tmp_path / "take.wav", SOUND, 48000)
    (tmp_path / name).write_bytes(b"before")
    with full(100), pytest.raises(UserError) as error:
        write(tmp_path)
    assert "could not be" in error.value.what
    assert (tmp_path / name).read_bytes() == b"before"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted({"take.wav", name})
    write(tmp_path)
    assert (tmp_path / name).read_bytes() != b"before"


def test_the_helper_is_not_asked_with_half_a_request(tmp_path: Path) -> None:
    for side in ("requests", "replies"):
        (tmp_path / side).mkdir()
    with full(), pytest.raises(UserError, match="cannot be asked") as error:
        Helper(tmp_path).ask("hello")
    assert "Free some space" in error.value.next_step
    assert not list((tmp_path / "requests").iterdir())


def test_a_push_goes_on_without_the_preset() -> None:
    plugin = Effect(REAPERS, knobs())
    with daw("reaper", [Lane("Vox", [plugin])]) as (fake, link):
        plan = preview(link, link.track("Vox"), Chain((Slot("rev"),)))
        with full():
            report = push(link, plan)
        assert isinstance(fake, FakeReaper)
    assert report.done
    assert not plugin.preset
    assert any("preset was not loaded" in note for note in report.notes)


def test_a_recording_of_osc_ends_and_the_wire_goes_on(tmp_path: Path) -> None:
    with Wire(("127.0.0.1", 9)) as wire:
        with full(), recording(tmp_path / "osc.jsonl"):
            wire.send(Message("/x", (1.0,)))
        assert wire.counts.sent == 1
        with pytest.raises(UserError, match="cannot be written"):  # noqa: SIM117
            with recording(tmp_path / "nowhere" / "osc.jsonl"):
                pass


def test_a_wrong_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"RIFF but no sound")
    with pytest.raises(UserError):
        kept(from_file(tmp_path / "x.wav"))
    with pytest.raises(UserError, match="could not be copied"):
        copied(Capture(tmp_path / "nothing.wav", "a test"), tmp_path)
