"""The case that the product is for, on every demo recording and ten seeds."""

from __future__ import annotations

import pytest

from ifx_bridge import audio, engine
from ifx_bridge.cli import DEMO_INSTRUCTIONS
from ifx_bridge.demo import clips
from ifx_bridge.refine import Settings


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", sorted(clips()))
def test_church_grit_soften(name: str, seed: int) -> None:
    clip = audio.load(clips()[name])
    machine = engine.Engine(settings=Settings(seed=seed))
    session = engine.open_session(clip)
    for instruction in DEMO_INSTRUCTIONS:
        session = machine.turn(session, clip, instruction).session
    turns = session.turns
    assert [t.route for t in turns] == ["initialize_all", "reuse_and_initialize", "reuse_all"]
    assert [t.as_chain().ids for t in turns] == [("rev",), ("rev", "dist"), ("rev", "dist")]
    church, grit, soft = (t.as_chain().params for t in turns)
    assert grit["dist"]["drive_db"] - soft["dist"]["drive_db"] >= 2
    assert soft["dist"]["drive_db"] > 0.5
    # The reverb is not undone by the turn that is about something else.
    assert church["rev"]["room_size"] > 0.7
    for knob in ("room_size", "wet_level", "dry_level"):
        assert abs(grit["rev"][knob] - church["rev"][knob]) < 0.06
    assert "distortion" in turns[2].explanation.lower()
    assert turns[0].score.after > 0.3
