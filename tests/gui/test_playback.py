"""What comes out of a sound device: switching A and B is aligned, gapless and level-matched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyloudnorm
import pytest

from gui.listening import resampled
from gui.player import FADE_SECONDS
from ifx_bridge import audio
from ifx_bridge.demo import clips
from tests.daw import jack

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 2


def window(what: str, tmp_path: Path, rate: int) -> list[str]:
    """`play.py` on a virtual device; the lines that it printed."""
    if jack.missing():
        pytest.skip(jack.missing())
    clip = audio.load(clips()["guitar"])
    sound = resampled(clip.samples[:, : SECONDS * clip.sample_rate], clip.sample_rate, rate)
    audio.save(tmp_path / "guitar.wav", sound, rate)
    server = jack.Jack(patient=what == "recorded")
    environment = {**os.environ, **server.environment, "QT_QPA_PLATFORM": "offscreen"}
    environment["PYTHONPATH"] = str(ROOT)
    told = []
    try:
        server.client("waits-until-it-is-there").close()
        process = subprocess.Popen(
            [sys.executable, "tests/gui/play.py", what, server.name,
             str(tmp_path / "guitar.wav"), str(tmp_path)],
            env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE,
            stderr=(tmp_path / "stderr.txt").open("w"),
        )  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line.strip())
            if told[-1] == "pull the plug":
                server.close()
        assert process.wait(60) == 0, (told, (tmp_path / "stderr.txt").read_text()[-2000:])
    finally:
        server.close()
    assert told[-1] == "closed", told
    return told


def play(tmp_path: Path, rate: int) -> dict[str, Any]:
    """The window plays a clip into a virtual device; what was heard, A and B."""
    window("recorded", tmp_path, rate)
    return dict(np.load(tmp_path / "heard.npz"))


def begin(heard: np.ndarray, sound: np.ndarray) -> int:
    """Where in a loop of `sound` the first samples of `heard` stand."""
    length = sound.size
    spectrum = np.fft.rfft(sound) * np.conj(np.fft.rfft(heard[:length], length))
    return int(np.argmax(np.fft.irfft(spectrum, length)))


def runs(true: np.ndarray) -> list[tuple[int, int]]:
    """Stretches in which something is true, `(first, one after the last)`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], true.astype(int), [0]])))
    return [(int(edges[n]), int(edges[n + 1])) for n in range(0, len(edges), 2)]


def test_a_switch_is_aligned_gapless_and_as_loud(tmp_path: Path) -> None:
    found = play(tmp_path, jack.RATE)
    heard, a, b = found["heard"], found["a"], found["b"]
    length, fade = a.shape[1], int(FADE_SECONDS * jack.RATE)
    sounding = np.flatnonzero(np.abs(heard).max(axis=0) > 0)
    heard = heard[:, sounding[0] + fade : sounding[-1] + 1]  # it begins from silence, faded
    place = begin(heard[0, : length // 2], b[0])
    at = (place + np.arange(heard.shape[1])) % length
    # Every sample is of A or of B, at the place that it has if nothing was ever left out.
    of_a = (heard == a[:, at]).all(axis=0)
    of_b = (heard == b[:, at]).all(axis=0)
    between = runs(~(of_a | of_b))
    assert len(between) == 10, between  # the switches, and nothing else
    for first, stop in between:
        assert stop - first <= fade
        toward = a if of_a[stop] else b
        other = b if toward is a else a
        steps = (1 - (stop - np.arange(first, stop)) / fade).astype(np.float32)
        mixed = toward[:, at[first:stop]] * steps + other[:, at[first:stop]] * (1 - steps)
        assert np.abs(heard[:, first:stop] - mixed).max() < 1e-6
    assert of_a.sum() > length and of_b.sum() > length
    meter = pyloudnorm.Meter(jack.RATE)
    whole = [max(runs(of), key=lambda run: run[1] - run[0]) for of in (of_b, of_a)]
    levels = [meter.integrated_loudness(heard[:, i:j].T) for i, j in whole]
    assert abs(levels[0] - levels[1]) < 0.3
    assert abs(found["trim"]) > 0.5  # unmatched, they would differ


def test_a_clip_at_a_rate_that_the_device_does_not_take_is_heard(tmp_path: Path) -> None:
    found = play(tmp_path, 44100)
    heard, played = found["heard"], found["played"]
    wanted = resampled(found["b"], 44100, jack.RATE)
    assert np.array_equal(played, wanted)
    sounding = np.flatnonzero(np.abs(heard).max(axis=0) > 0)
    part = heard[:, sounding[0] + 1000 : sounding[0] + 41000]
    at = (begin(part[0], wanted[0]) + np.arange(part.shape[1])) % wanted.shape[1]
    assert np.array_equal(part, wanted[:, at])


def test_a_device_that_goes_is_said_and_costs_nothing_but_the_sound(tmp_path: Path) -> None:
    assert any("gone: " in line for line in window("unplugged", tmp_path, jack.RATE))


def test_one_click_is_heard(tmp_path: Path) -> None:
    window("idea", tmp_path, jack.RATE)
