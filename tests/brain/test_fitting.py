"""Typical values fitted to how loud a clip is and to its beat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifx_bridge import audio, engine
from ifx_bridge.brain import Context, brain
from ifx_bridge.brain.fitting import NOTES, USUAL_LUFS, fitted, note_of
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.facts import Facts
from ifx_bridge.study import heard

FACTS = Facts(4.0, 2, USUAL_LUFS, 14.0, 900.0, 0.4, 0.2, 20.0, 0.0)
TYPICAL = {"dist": "drive_db", "comp": "threshold_db", "bitcrush": "bit_depth"}


def quieter(db: float) -> Facts:
    return replace(FACTS, loudness_lufs=USUAL_LUFS - db)


@pytest.mark.parametrize("fx", TYPICAL)
def test_a_quieter_clip_is_changed_in_the_same_way(fx: str) -> None:
    """The values for the quieter clip give the same sound, that much quieter."""
    slot = Slot(fx)
    noise = 0.2 * np.random.default_rng(1).standard_normal((1, 8000)).astype(np.float32)
    usual = Chain((slot,)).render(noise, 44100)
    found = Chain((fitted(slot, Chain(), quieter(12.04)),)).render(noise / 4, 44100)
    loud = 1.0 if fx == "dist" else 4.0  # a waveshaper comes out as loud, whatever goes in
    assert np.max(np.abs(loud * found - usual)) < 2e-3


def test_without_facts_and_at_the_usual_level_values_are_typical() -> None:
    for fx in TYPICAL:
        assert fitted(Slot(fx), Chain(), None) == Slot(fx)
        assert fitted(Slot(fx), Chain(), FACTS) == Slot(fx)


@given(st.floats(-70, 0), st.sampled_from(sorted(TYPICAL)), st.floats(0, 200))
def test_fitted_values_are_in_range(lufs: float, fx: str, bpm: float) -> None:
    facts = replace(FACTS, loudness_lufs=lufs, tempo_bpm=bpm)
    slot = fitted(Slot(fx), Chain((Slot("delay"),)), facts)
    for parameter in slot.effect.parameters:
        assert parameter.low <= slot.params[parameter.name] <= parameter.high


def test_behind_a_distortion_the_level_is_what_comes_out_of_it() -> None:
    driven = Chain((Slot("dist", {"drive_db": 40.0}),))
    behind = fitted(Slot("comp"), driven, quieter(20))
    assert behind.params["threshold_db"] > Slot("comp").params["threshold_db"]


@given(st.floats(0.2, 2.0), st.floats(60, 200))
def test_a_note_is_near_or_none(seconds: float, bpm: float) -> None:
    note = note_of(seconds, bpm)
    beats = seconds * bpm / 60
    assert note == 0 or (note in NOTES and 0.79 < note / beats < 1.26)


def test_a_delay_is_in_time_with_a_clip_that_has_a_beat() -> None:
    facts = replace(FACTS, tempo_bpm=120.0)
    plan = brain().plan("add a delay", Context(facts=facts))
    beats = plan.start["delay"].params["delay_seconds"] * 2
    assert min(abs(beats - note) for note in NOTES) < 1e-3
    assert "a dotted eighth at 120 bpm" in plan.explanation
    slapback = brain().plan("add a slapback echo", Context(facts=facts))
    assert slapback.start["delay"].params["delay_seconds"] == pytest.approx(
        brain().plan("add a slapback echo", Context()).start["delay"].params["delay_seconds"]
    )
    said = brain().plan("delay 333 ms", Context(facts=facts))
    assert said.start["delay"].params["delay_seconds"] == pytest.approx(0.333)
    assert "bpm" not in said.explanation


@pytest.mark.parametrize("instruction", ["add some grit", "squash it"])
def test_a_stem_24_db_quieter_sounds_as_changed(instruction: str) -> None:
    loud = audio.load(clips()["guitar"])
    quiet = replace(loud, samples=loud.samples / 16)
    changed = []
    for clip in (loud, quiet):
        result = engine.Engine().turn(engine.open_session(clip), clip, instruction)
        changed.append(heard.roughness_db(clip.samples, result.audio))
    assert abs(changed[0] - changed[1]) < 3, changed


def test_less_of_it_on_a_quiet_clip_is_less_and_not_none() -> None:
    """A drive of 38 dB on a clip that is 22 dB quieter is one of 16 on the usual one."""
    for said in ("too harsh, soften it", "less distortion"):
        usual = Context(Chain((Slot("dist", {"drive_db": 16.0}),)), facts=FACTS)
        quiet = Context(Chain((Slot("dist", {"drive_db": 38.0}),)), facts=quieter(22))
        one, other = (brain().plan(said, c).aim["dist"].params["drive_db"] for c in (usual, quiet))
        assert other - 22 == pytest.approx(one, abs=0.5)
