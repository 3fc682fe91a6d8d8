"""What a turn promises beyond its chain: loudness, safety, history."""

from __future__ import annotations

import numpy as np
import pytest

from ifx_bridge import audio, engine
from ifx_bridge.audio import Clip
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.refine import Settings

QUICK = engine.Engine(settings=Settings(steps=6, trial_steps=2, starts=1))
BASS = audio.load(clips()["bass"])

THIN = Chain((Slot("eq", {"low_shelf_gain_db": -18, "low_shelf_cutoff_freq": 400}),))
FUZZ = Chain((Slot("dist", {"drive_db": 30}), Slot("rev", {"room_size": 0.9})))


@pytest.mark.parametrize("chain", [THIN, FUZZ], ids=["thin", "fuzz"])
@pytest.mark.parametrize("name", sorted(clips()))
def test_matched_in_loudness_and_below_the_ceiling(name: str, chain: Chain) -> None:
    clip = audio.load(clips()[name])
    rendering = engine.render(clip, chain)
    difference = audio.loudness(rendering.audio, clip.sample_rate) - audio.loudness(
        clip.samples, clip.sample_rate
    )
    assert abs(difference) <= audio.LOUDNESS_TOLERANCE_LU
    assert audio.true_peak_db(rendering.audio) <= audio.TRUE_PEAK_CEILING_DB + 0.01
    if not rendering.limited_db:
        again = rendering.chain.render(clip.samples, clip.sample_rate)
        assert np.array_equal(again, rendering.audio)


def test_an_empty_chain_is_the_dry_clip() -> None:
    assert np.array_equal(engine.render(BASS, Chain()).audio, BASS.samples)


def test_a_branch_goes_on_from_where_it_left() -> None:
    session = engine.open_session(BASS)
    for instruction in ("make it bright", "add some grit"):
        session = QUICK.turn(session, BASS, instruction).session
    session = QUICK.turn(session.undo(), BASS, "like a church").session
    assert session.history == ("make it bright", "like a church")
    assert [t.parent for t in session.turns] == [0, 1, 1]
    assert session.turn(2).instruction == "add some grit"  # still there
    assert session.chain.ids == ("eq", "rev")


def test_knows_the_turns_of_its_branch() -> None:
    session = QUICK.turn(engine.open_session(BASS), BASS, "like a church").session
    session = QUICK.turn(session, BASS, "add some grit").session
    result = QUICK.turn(session, BASS, "undo")
    assert result.turn.as_chain().params == session.turn(1).as_chain().params
    assert result.turn.route == "reuse_all"


def test_many_channels(tmp_path: object) -> None:
    samples = np.concatenate([BASS.samples[:, :20000] * g for g in (1, 0.5, 0.2, 0.7)])
    clip = Clip(samples, BASS.sample_rate, BASS.path, "")
    result = QUICK.turn(engine.open_session(clip), clip, "like a church")
    assert result.audio.shape == samples.shape
