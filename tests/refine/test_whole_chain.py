"""The refinement: better than its start, bounded by the plan, repeatable, stoppable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from ifx_bridge.audio import load
from ifx_bridge.brain import Context, Plan, brain
from ifx_bridge.demo import clips
from ifx_bridge.ears import ears, losses
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.refine import Progress, Settings, refine, refine_staged
from ifx_bridge.refine.staged import Recipe
from ifx_bridge.refine.whole_chain import SURE_RANGE, aim, movable

CLIP = load(clips()["loop"])
EARS = ears()
QUICK = Settings(steps=20, trial_steps=4)


def planned(instruction: str, chain: Chain | None = None) -> Plan:
    return brain().plan(instruction, Context(chain or Chain()))


@pytest.mark.parametrize("instruction", ["make it bright", "like a megaphone", "squash it"])
def test_gets_nearer_than_its_start(instruction: str) -> None:
    plan = planned(instruction)
    at_start = refine(CLIP, Chain(), replace(plan, held=frozenset(plan.start.ids)), EARS, QUICK)
    found = refine(CLIP, Chain(), plan, EARS, QUICK)
    assert found.score > at_start.score
    assert found.chain.ids == plan.start.ids
    assert list(found.trace) == sorted(found.trace) or found.trace[-1] >= found.trace[0]


def test_is_repeatable() -> None:
    plan = planned("like a cassette")
    first, second = (refine(CLIP, Chain(), plan, EARS, QUICK) for _ in range(2))
    assert first.chain == second.chain and first.score == second.score


def test_half_the_amount_is_another_place() -> None:
    little = refine(CLIP, Chain(), planned("slightly bright"), EARS, QUICK).chain["eq"].params
    much = refine(CLIP, Chain(), planned("very bright"), EARS, QUICK).chain["eq"].params
    assert 0 < little["high_shelf_gain_db"] < much["high_shelf_gain_db"]


def test_what_is_held_does_not_move_and_what_is_sure_does() -> None:
    chain = Chain((Slot("rev", {"room_size": 0.8}), Slot("dist", {"drive_db": 16})))
    plan = planned("keep the reverb, too harsh, soften it", chain)
    found = refine(CLIP, chain, plan, EARS, QUICK)
    assert found.chain["rev"] == chain["rev"]
    (move,) = [m for m in plan.moves if m.name == "drive_db"]
    least = SURE_RANGE[0] * (16 - move.to)
    assert 16 - found.chain["dist"].params["drive_db"] >= least - 0.1


def test_unasked_knobs_stay_near() -> None:
    chain = Chain((Slot("rev", {"room_size": 0.8, "wet_level": 0.3}),))
    found = refine(CLIP, chain, planned("add some grit", chain), EARS, QUICK).chain
    for name, value in chain["rev"].params.items():
        assert abs(found["rev"].params[name] - value) < 0.05


def test_an_effect_no_one_asked_about_changes_only_for_a_gain() -> None:
    chain = Chain(
        (Slot("rev", {"room_size": 0.8, "wet_level": 0.3}), Slot("dist", {"drive_db": 16}))
    )
    found = refine(CLIP, chain, planned("less distortion", chain), EARS, QUICK).chain
    assert found["dist"].params["drive_db"] < 14
    assert found["rev"] == chain["rev"]


class Deaf:
    """Hears every sound as the same."""

    name, sample_rate = "deaf", 44100

    def embed_audio(self, audio: Tensor, sample_rate: float) -> Tensor:
        return 0 * audio.mean(dim=(1, 2)).unsqueeze(1).expand(-1, 2)

    def embed_text(self, text: str) -> Tensor:
        return torch.ones(2)


def test_where_the_ears_hear_nothing_the_plans_values_stand() -> None:
    plan = planned("heavily distorted")
    found = refine(CLIP, Chain(), plan, Deaf(), QUICK)
    assert found.deaf and found.score < 0.01
    (move,) = [m for m in plan.moves if m.name == "drive_db"]
    assert found.chain["dist"].params["drive_db"] == pytest.approx(move.to, abs=0.5)
    assert not refine(CLIP, Chain(), plan, EARS, QUICK).deaf


class Placing:
    """A word is a place: of the first number the level above 2 kHz, of the second that below."""

    name, sample_rate = "placing", 44100

    def embed_audio(self, audio: Tensor, sample_rate: float) -> Tensor:
        power = torch.fft.rfft(audio.mean(1)).abs().square()
        split = int(2000 * audio.shape[-1] / sample_rate)
        parts = torch.stack([power[:, split:].sum(1), power[:, :split].sum(1)], 1).log()
        return torch.nn.functional.normalize(parts - parts.mean(1, keepdim=True) + 1, dim=-1)

    def embed_text(self, text: str) -> Tensor:
        return self.place([text]) - torch.tensor([0.7, 0.7])

    def place(self, words: Sequence[str]) -> Tensor:
        return torch.tensor([1.0, 0.0] if "bright" in words else [0.0, 1.0])


@pytest.mark.parametrize("loss", losses.OBJECTIVES)
@pytest.mark.parametrize("anchor", ["previous", "dry"])
def test_every_published_loss_moves_the_sound_toward_the_word(loss: Any, anchor: Any) -> None:
    asked = replace(QUICK, loss=loss, anchor=anchor)
    plan = replace(planned("make it bright"), away=("dark",))
    found = refine(CLIP, Chain(), plan, Placing(), asked)
    above = [k for k in found.chain["eq"].params if k in ("band3_gain_db", "high_shelf_gain_db")]
    assert all(found.chain["eq"].params[k] > 0 for k in above) and found.score > 0


def test_what_a_change_is_measured_from() -> None:
    before = Chain((Slot("eq", {"high_shelf_gain_db": 6}),))
    plan = planned("brighter", before)
    ends = [
        aim(CLIP, before, plan, EARS, replace(QUICK, anchor=anchor))  # type: ignore[arg-type]
        for anchor in ("previous", "dry")
    ]
    assert not torch.allclose(ends[0].origin, ends[1].origin)
    assert torch.equal(ends[1].origin, aim(CLIP, Chain(), plan, EARS, QUICK).origin)


def test_ears_that_know_changes_only_have_no_place_for_a_word() -> None:
    for loss in ("semantic", "guided"):
        with pytest.raises(UserError, match="changes only"):
            refine(CLIP, Chain(), planned("make it bright"), EARS, replace(QUICK, loss=loss))  # type: ignore[arg-type]


def test_semitones_are_searched_among_whole_steps() -> None:
    found = refine(CLIP, Chain(), planned("like a chipmunk"), EARS, QUICK)
    semitones = found.chain["pitchshift"].params["semitones"]
    assert 4 <= semitones <= 15


def test_progress_and_cancel_keep_the_best_so_far() -> None:
    seen: list[Progress] = []
    plan = planned("make it dark")
    found = refine(CLIP, Chain(), plan, EARS, QUICK, seen.append, lambda: len(seen) >= 5)
    assert not found.finished and len(seen) == 5
    assert found.chain == seen[-1].chain and found.chain.ids == ("eq",)
    at_once = refine(CLIP, Chain(), plan, EARS, QUICK, cancelled=lambda: True)
    assert not at_once.finished and at_once.chain.ids == ("eq",)


def test_commands_are_carried_out_exactly() -> None:
    found = refine(CLIP, Chain(), planned("delay 250 ms"), EARS, QUICK)
    assert found.chain["delay"].params["delay_seconds"] == 0.25
    assert found.score == pytest.approx(1, abs=1e-3)


def test_every_knob_that_moves_has_room() -> None:
    for instruction in ("make it bright", "church", "like a radio", "monster", "8-bit"):
        for knob in movable(planned(instruction)):
            assert 0 <= knob.low < knob.high <= 1


def test_staged_recipe_runs_and_can_be_stopped() -> None:
    plan = planned("telephone")
    recipe = Recipe(steps=5, evaluations=12, patience=12)
    found = refine_staged(CLIP, Chain(), plan, EARS, QUICK, recipe=recipe)
    assert found.finished and found.chain.ids == plan.start.ids
    assert found.score > 0
    count: list[Progress] = []
    stopped = refine_staged(
        CLIP, Chain(), plan, EARS, QUICK, count.append, lambda: len(count) > 6, recipe
    )
    assert not stopped.finished and stopped.chain.ids == plan.start.ids
