"""The plugin as a DAW meets it: random automation, any block, rate and moment; tail and latency."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ifx_bridge.audio import Audio
from ifx_bridge.chain_plugin.table import entries
from ifx_bridge.chain_plugin.values import state_of, values_in, values_of
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.plugin_build.check import (
    ALLOWED_DB,
    ALLOWED_PITCH_DB,
    difference_db,
    sample_chains,
    sample_sound,
)
from tests.plugin_build.vst3_host import LATENCY_CHANGED, Instance, Points

CHAINS = [chain for _, chain in sample_chains(chains=10, seed=7)][-10:]
PLAIN = Chain((Slot("dist", {"drive_db": 9.0}), Slot("delay"), Slot("rev")), trim_db=-6.0)
SHIFT = Chain((Slot("pitchshift", {"semitones": 5.0}),))
NONE: Points = {}
TITLES = [entry.name for entry in entries()]


def instance(bundles: dict[int, Path], chain: Chain, channels: int = 2) -> Instance:
    made = Instance(bundles[channels], channels)
    made.state = state_of(values_of(chain))
    return made


def play(one: Instance, sound: Audio, sizes: Sequence[int], points: Points = NONE) -> Audio:
    """In blocks of these sizes, over and over; points are at samples of the whole sound."""
    wet, at, number = [], 0, 0
    while at < sound.shape[1]:
        end = min(sound.shape[1], at + sizes[number % len(sizes)])
        here = {t: [(s - at, v) for s, v in p if at <= s < end] for t, p in points.items()}
        wet.append(one.play(sound[:, at:end], here))
        at, number = end, number + 1
    return np.concatenate(wet, axis=1)


@pytest.mark.parametrize("seed", range(4))
def test_automation_counts_from_its_sample_whatever_the_blocks(
    seed: int, bundles: dict[int, Path]
) -> None:
    random = np.random.default_rng(seed)
    sound = sample_sound(2, 48000, seconds=0.4)
    moved = random.choice([t for t in TITLES if "Pitch" not in t], 8, replace=False)
    points: Points = {
        str(title): [
            (int(at), float(random.uniform()))
            for at in np.sort(random.choice(sound.shape[1], 3, replace=False))
        ]
        for title in moved
    }
    rendered = []
    for sizes in ([4096], [64], [17, 1, 300, 5], [int(n) for n in random.integers(1, 900, 50)]):
        one = instance(bundles, PLAIN)
        one.start(48000, 4096)
        rendered.append(play(one, sound, sizes, points))
    still = PLAIN.render(sound, 48000)
    assert difference_db(rendered[0], still) > -60  # it did move
    for other in rendered[1:]:
        assert difference_db(rendered[0], other) < -120


@pytest.mark.parametrize("channels", [1, 2])
def test_one_instance_at_every_rate(channels: int, bundles: dict[int, Path]) -> None:
    for chain in (CHAINS[0], PLAIN):
        one = instance(bundles, chain, channels)
        allowed = ALLOWED_PITCH_DB if "pitchshift" in chain else ALLOWED_DB
        for rate in (44100, 192000, 22050, 96000, 48000):
            sound = sample_sound(channels, rate, seconds=0.2)
            one.start(rate, 512)
            late = one.latency
            longer = np.pad(sound, ((0, 0), (0, late)))
            wet = play(one, longer, [512])[:, late:]
            assert difference_db(chain.render(sound, rate), wet) <= allowed


def test_saved_and_loaded_at_any_moment(bundles: dict[int, Path]) -> None:
    random = np.random.default_rng(2)
    sound = sample_sound(2, 44100, seconds=0.1)
    one = Instance(bundles[2], 2)
    one.start(44100, 8192)
    for _ in range(20):
        points = {str(t): [(0, float(random.uniform()))] for t in random.choice(TITLES, 9)}
        one.play(sound[:, : random.integers(1, 4000)], points)
        saved = one.state
        fresh = Instance(bundles[2], 2)
        fresh.state = saved
        assert values_in(fresh.state) == values_in(saved)
        other = state_of(values_of(CHAINS[random.integers(len(CHAINS))]))
        one.state = other  # while it plays
        assert np.isfinite(one.play(sound)).all()
        assert values_in(one.state) == {k: np.float32(v) for k, v in values_in(other).items()}
        one.state = saved
        one.start(44100, 8192)
        fresh.start(44100, 8192)
        assert np.array_equal(one.play(sound[:, :4000]), fresh.play(sound[:, :4000]))


def test_tail_and_latency_are_told(bundles: dict[int, Path]) -> None:
    dry = instance(bundles, Chain((Slot("dist"),)))
    dry.start(48000, 512)
    assert (dry.tail, dry.latency) == (0, 0)
    slot = Slot("delay", {"delay_seconds": 0.2, "feedback": 0.5, "mix": 1.0})
    echo = instance(bundles, Chain((slot,)))
    for rate in (48000, 96000):
        echo.start(rate, 512)
        tail = echo.tail
        assert 1.5 * rate < tail < 4 * rate
        click = np.zeros((2, tail + rate), np.float32)
        click[:, 0] = 1
        wet = np.abs(play(echo, click, [512]))
        assert wet[:, tail // 2 :].max() > 1e-4 >= 0.9 * wet[:, tail:].max()
    # A preset with pitch shift is late, and hosts are told to ask again.
    echo.restarts = 0
    echo.state = state_of(values_of(SHIFT))
    echo.play(click[:, :512])
    assert echo.latency > 2000
    assert echo.restarts & LATENCY_CHANGED


def test_silence_stays_silent_and_nonsense_becomes_no_number(bundles: dict[int, Path]) -> None:
    random = np.random.default_rng(3)
    silence = np.zeros((2, 512), np.float32)
    for chain in CHAINS[:5]:
        one = instance(bundles, chain)
        one.start(48000, 512)
        assert not any(one.play(silence).any() for _ in range(40))
        for nonsense in (np.nan, np.inf, -np.inf, 3e38, -1e-42):
            broken = sample_sound(2, 48000, seconds=0.05)
            broken[random.integers(2), random.integers(0, 2400, 5)] = nonsense
            assert np.isfinite(one.play(broken[:, :512])).all()
            moved = {title: [(7, nonsense)] for title in TITLES if "Slot" not in title}
            assert np.isfinite(one.play(broken[:, 512:1024], moved)).all()


def test_a_hundred_instances_keep_to_themselves(bundles: dict[int, Path]) -> None:
    sound = sample_sound(2, 48000, seconds=0.1)
    chains = [PLAIN if number % 2 else CHAINS[number // 2 % 10] for number in range(100)]
    many = [instance(bundles, chain) for chain in chains]
    for one in many:
        one.start(48000, 480)
    wet: list[list[Audio]] = [[] for _ in many]
    for at in range(0, sound.shape[1], 480):  # all of them, block by block, as a DAW does
        for number, one in enumerate(many):
            wet[number].append(one.play(sound[:, at : at + 480]))
    expected = PLAIN.render(sound, 48000)
    for number in range(1, 100, 2):
        assert np.array_equal(np.concatenate(wet[number], axis=1), expected)
