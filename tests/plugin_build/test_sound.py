"""The chain in C++, without a plugin around it, against the session's sound."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from ifx_bridge.audio import Audio
from ifx_bridge.chain_plugin.table import kinds
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.plugin_build.check import (
    ALLOWED_DB,
    ALLOWED_PITCH_DB,
    difference_db,
    sample_chains,
    sample_sound,
)
from tests.plugin_build.conftest import COUNTING, Render, harness_with

CHAINS = list(sample_chains(chains=10, seed=3))
RATES = (22050, 48000, 96000)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("number", range(len(CHAINS)), ids=[what for what, _ in CHAINS])
def test_it_sounds_like_the_session_at_any_block_size(
    number: int, rate: int, render: Render
) -> None:
    chain = CHAINS[number][1]
    allowed = ALLOWED_PITCH_DB if "pitchshift" in chain else ALLOWED_DB
    for channels, block in ((1, 64), (2, 1000)):
        sound = sample_sound(channels, rate, seconds=0.3)
        ours = chain.render(sound, rate)
        assert difference_db(ours, render(chain, sound, rate, block)) <= allowed


@pytest.mark.parametrize("rate", [44100, 192000])
def test_not_a_bit_depends_on_the_hosts_blocks(rate: int, render: Render) -> None:
    chain = max((chain for _, chain in CHAINS), key=len)
    sound = sample_sound(2, rate, seconds=0.2)
    one, other, third = (render(chain, sound, rate, block) for block in (8192, 64, 17))
    assert np.array_equal(one, other) and np.array_equal(one, third)
    assert len(chain) == len(kinds())


def test_where_no_rubber_band_is_involved_it_is_the_same_to_the_last_bit(render: Render) -> None:
    for _, chain in CHAINS:
        if "pitchshift" not in chain and chain.amount == 1:
            sound = sample_sound(2, 44100, seconds=0.5)
            assert np.array_equal(chain.render(sound, 44100), render(chain, sound, 44100))


def test_bypass_amount_and_nothing(render: Render) -> None:
    sound = sample_sound(2, 48000)
    dist = Slot("dist", {"drive_db": 30.0}, bypass=True)
    shift = Slot("pitchshift", {"semitones": 7.0})
    for chain in (
        Chain(),
        Chain((dist,)),
        Chain((Slot("pitchshift", {"semitones": 0.0}),)),
        Chain((shift, Slot("dist", {})), trim_db=-6.0, amount=0.0),
    ):
        assert np.array_equal(render(chain, sound, 48000), sound)


def test_no_shift_leaves_the_queue_empty(harness: Path) -> None:
    for rate in (22050, 48000):
        made = subprocess.run([harness, "shifts", str(rate)], capture_output=True, text=True)
        assert (made.returncode, made.stdout.strip()) == (0, "0")


def _steps(sound: Audio) -> float:
    """The largest jump between neighbours, over what the tone itself has."""
    return float(np.abs(np.diff(sound, 2)).max())


TONE = (0.5 * np.sin(2 * np.pi * 100 * np.arange(48000) / 48000)).astype(np.float32)[None]
GAIN = Slot("eq", {f"{b}_gain_db": 6.0 for b in ("low_shelf", "band0", "band1", "band2")})


@pytest.mark.parametrize(
    "change",
    [
        ("trim_db=-20",),
        ("amount=0.2",),
        ("dist_bypass=1",),
        ("dist_drive_db=12",),
        ("delay_delay_seconds=0.2503",),
        ("slot_1=7", "slot_2=1"),
        ("slot_2=0",),
        ("slot_1=2", "slot_2=6", "slot_3=7", "slot_4=5"),
        ("eq_band0_gain_db=-18", "eq_low_shelf_gain_db=-18"),
        ("rev_wet_level=1", "rev_dry_level=0"),
    ],
    ids=lambda words: words[0],
)
def test_changes_make_no_click(change: tuple[str, ...], render: Render) -> None:
    slots = (GAIN, Slot("dist", {"drive_db": 1.0}), Slot("delay", {"delay_seconds": 0.25}))
    chain = Chain((*slots, Slot("rev", {"wet_level": 0.2})), trim_db=-3.0)
    # At 0.4925 s a tone of 100 Hz is at its top, where a step is the largest.
    later = [f"@23640:{word}" for word in change]
    steady, changed = render(chain, TONE, 48000, 64), render(chain, TONE, 48000, 64, *later)
    assert difference_db(steady[:, 28800:], changed[:, 28800:]) > -60  # it did change
    # A fade of 10 ms or more bends the tone a little; a step of 1 % of it would show.
    assert _steps(changed[:, 9600:]) < _steps(steady[:, 9600:]) + 0.004


@pytest.mark.parametrize(
    "change",
    [
        ("slot_1=7", "slot_2=1"),
        ("slot_1=4", "slot_2=3"),
        ("pitchshift_bypass=0",),
        ("pitchshift_bypass=0", "slot_1=4", "slot_2=3"),
    ],
    ids=lambda words: " ".join(words),
)
def test_a_new_order_is_faded_to_without_a_gap(change: tuple[str, ...], render: Render) -> None:
    shift = Slot("pitchshift", {"semitones": 12.0}, bypass="pitchshift_bypass=0" in change)
    chain = Chain((shift, Slot("dist", {"drive_db": 3.0}), Slot("rev", {"wet_level": 0.2})))
    if change[0].startswith("slot_1=7"):
        chain = Chain(chain.slots[1:])
    wet = render(chain, TONE, 48000, 64, *(f"@23640:{word}" for word in change))[0]
    periods = np.abs(wet[4800:].reshape(-1, 480)).max(axis=1)  # the tone's, 10 ms each
    # Two sounds whose phases differ may weaken each other in the middle of a fade, not more.
    assert periods.min() > 0.3 * np.median(periods)


def test_blocks_cannot_be_heard_while_values_move(render: Render) -> None:
    chain = Chain((Slot("dist", {"drive_db": 1.0}), Slot("delay", {"delay_seconds": 0.05})))
    later = ["@9600:dist_drive_db=20", "@9600:trim_db=-9", "@9600:amount=0.4", "@14400:slot_1=6",
             "@14400:slot_2=4"]  # fmt: skip
    whole = render(chain, TONE, 48000, 4800, *later)
    for block in (8, 75, 480):
        assert difference_db(whole, render(chain, TONE, 48000, block, *later)) < -140


def test_a_change_arrives_exactly(render: Render) -> None:
    before = Chain((Slot("dist", {"drive_db": 1.0}),), trim_db=-3.0)
    after = Chain((Slot("dist", {"drive_db": 17.3}),), trim_db=2.5)
    later = ["@4800:dist_drive_db=17.3", "@4800:trim_db=2.5"]
    changed = render(before, TONE, 48000, 64, *later)
    assert np.array_equal(changed[:, 7200:], render(after, TONE, 48000)[:, 7200:])


def test_tails_end_when_they_say(harness: Path, render: Render) -> None:
    click = np.zeros((1, 44100 * 12), np.float32)
    click[0, 0] = 1.0
    for slot in (
        Slot("delay", {"delay_seconds": 0.3, "feedback": 0.7, "mix": 1.0}),
        Slot("rev", {"room_size": 0.5, "damping": 0.0, "wet_level": 1.0, "dry_level": 0.0}),
    ):
        kind = 1 + [fx.id for fx in kinds()].index(slot.fx)
        words = [f"{slot.fx}_{name}={value}" for name, value in slot.params.items()]
        said = subprocess.run([harness, "tail", f"slot_1={kind}", *words], capture_output=True)
        tail = float(said.stdout)
        wet = np.abs(render(Chain((slot,)), click, 44100)[0])
        rest = wet[int(tail * 44100) :].max()
        assert rest <= 1.1e-4 * wet.max()  # 80 dB down
        assert wet[int(0.5 * tail * 44100) :].max() > 1e-4 * wet.max()  # and not long before


@pytest.mark.parametrize(
    "flags",
    [COUNTING, ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")],
    ids=["plain", "address and undefined"],
)
@pytest.mark.parametrize(
    ("rate", "channels", "seed"), [(48000, 2, 1), (22050, 1, 2), (192000, 2, 3)]
)
def test_it_survives_anything(rate: int, channels: int, seed: int, flags: tuple[str, ...]) -> None:
    """Random values, orders, rates and block sizes, with sound that is none in between."""
    seconds = "0.5" if flags != COUNTING or rate > 100000 else "2"
    words = ["stress", str(rate), str(channels), str(seed), seconds]
    made = subprocess.run([harness_with(*flags), *words], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-2000:]


def test_values_may_be_set_from_another_thread() -> None:
    program = harness_with("-O1", "-g", "-fsanitize=thread")
    made = subprocess.run([program, "threads", "48000", "3"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-2000:]


def test_nothing_is_allocated_while_it_plays(harness: Path) -> None:
    made = subprocess.run([harness, "allocations", "48000"], capture_output=True, text=True)
    ours, with_moving_pitch = map(int, made.stdout.split())
    assert ours == 0
    assert 0 < with_moving_pitch < 50  # Rubber Band's; and so we know that it counts
