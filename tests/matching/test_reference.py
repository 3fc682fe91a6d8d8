"""What was done to a reference is found again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ifx_bridge import audio, cli
from ifx_bridge.audio import Clip
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.matching import reference
from ifx_bridge.matching.reference import match
from ifx_bridge.session import load


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "SECONDS", 1.2)
    monkeypatch.setattr(reference, "TAIL_SECONDS", 0.4)
    monkeypatch.setattr(reference, "STEPS", 50)


def dry(name: str, seconds: float = 1.5) -> Clip:
    clip = audio.load(clips()[name])
    begin = round((0.5 if name == "voice" else 0) * clip.sample_rate)
    end = begin + round(seconds * clip.sample_rate)
    return replace(clip, samples=clip.samples[:, begin:end])


def wet(clip: Clip, *slots: Slot) -> Clip:
    return replace(clip, samples=Chain(slots).render(clip.samples, clip.sample_rate))


@pytest.mark.parametrize(
    ("name", "slots"),
    [
        ("guitar", (Slot("rev", {"room_size": 0.8, "wet_level": 0.35}),)),
        ("drums", (Slot("dist", {"drive_db": 20.0}),)),
        ("loop", (Slot("comp", {"threshold_db": -35.0, "ratio": 6.0}),
                  Slot("bitcrush", {"bit_depth": 6.0}))),
        ("voice", (Slot("eq", {"low_shelf_gain_db": -12.0, "high_shelf_gain_db": -12.0}),)),
    ],
)  # fmt: skip
def test_finds_what_was_done(name: str, slots: tuple[Slot, ...]) -> None:
    clip = dry(name)
    found = match(clip, wet(clip, *slots))
    assert found.same and found.finished
    assert found.chain.ids == tuple(slot.fx for slot in slots)
    assert found.share > 0.8
    assert all(without > found.after for without in found.without.values())


def test_at_another_time_rate_and_number_of_channels() -> None:
    from scipy.signal import resample_poly

    clip = dry("guitar", 2.0)
    heard = wet(clip, Slot("delay", {"delay_seconds": 0.31, "feedback": 0.3, "mix": 0.35})).samples
    late = np.pad(heard, ((0, 0), (3000, 0)))
    samples = resample_poly(late, 160, 147, axis=1).astype(np.float32)  # 44.1 to 48 kHz
    mono = replace(clip, samples=samples.mean(0, keepdims=True), sample_rate=48000)
    found = match(clip, mono)
    assert found.same and found.chain.ids == ("delay",)
    assert found.chain["delay"].params["delay_seconds"] == pytest.approx(0.31, abs=0.002)


def test_another_performance_is_met_with_caution() -> None:
    found = match(dry("voice"), wet(dry("guitar"), Slot("rev", {"wet_level": 0.4})))
    assert not found.same
    assert found.after < found.before
    assert not {"pitchshift", "bitcrush"} & set(found.chain.ids)
    assert len(found.chain) <= reference.MOST_OF_ANOTHER


def test_nothing_to_do() -> None:
    clip = dry("drums")
    found = match(clip, replace(clip, samples=0.5 * clip.samples))
    assert found.chain == Chain() and found.finished and found.nothing


def test_nothing_to_do_by_command(tmp_path: Path) -> None:
    clip = dry("drums")
    path = tmp_path / "a.wav"
    audio.save(path, clip.samples, clip.sample_rate)
    done = CliRunner().invoke(cli.app, ["match", str(path), str(path), "--out", str(tmp_path)])
    assert done.exit_code == 0 and "Nothing differs" in done.stdout
    assert "Distance" not in done.stdout and "values" not in done.stdout  # nor an empty table


def test_a_shift_has_no_knob_for_gradients_and_is_found() -> None:
    clip = dry("loop")
    found = match(clip, wet(clip, Slot("pitchshift", {"semitones": 7.0})))
    assert found.same and "pitchshift" in found.chain.ids
    assert found.chain["pitchshift"].params["semitones"] == 7.0


def test_stopped_it_keeps_the_best_so_far() -> None:
    clip, steps = dry("guitar"), list[float]()
    found = match(
        clip,
        wet(clip, Slot("rev", {"wet_level": 0.4})),
        progress=lambda step: steps.append(step.score),
        cancelled=lambda: len(steps) >= 5,
    )
    assert not found.finished and found.after <= found.before
    assert steps == sorted(steps)


def test_the_command(tmp_path: Path) -> None:
    clip = dry("drums")
    paths = [tmp_path / "dry.wav", tmp_path / "reference.wav"]
    audio.save(paths[0], clip.samples, clip.sample_rate)
    audio.save(paths[1], 0.5 * wet(clip, Slot("dist", {"drive_db": 18.0})).samples, 44100)
    out = tmp_path / "out"
    result = CliRunner().invoke(cli.app, ["match", *map(str, paths), "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["same_recording"] and told["share"] > 0.8
    session = load(out / "session.json")
    assert session.chain.ids == ("dist",)
    assert session.history == ("sound like reference.wav",)
    names = {p.name for p in out.iterdir()}
    assert names == {"dry.wav", "turn-01.wav", "turn-01.vstpreset", "session.json"}
