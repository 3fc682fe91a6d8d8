"""The published recipe, for comparison: gradients for equalizer and reverb, then search.

InstructFX2FX refines in two stages: Adam (learning rate 0.01, 1000 steps) over equalizer and
reverb, then Gaussian-process search (lower confidence bound, kappa 5, stop after 30 evaluations
without gain) over the other effects, heard after the first stage's result whatever the signal
order is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ifx_bridge.audio import Clip
from ifx_bridge.brain.plan import Plan
from ifx_bridge.ears import losses
from ifx_bridge.ears.base import Ears
from ifx_bridge.effects.chain import Chain
from ifx_bridge.refine.whole_chain import (
    Knob,
    Outcome,
    Progress,
    Settings,
    aim,
    movable,
)

FIRST_STAGE = ("eq", "rev")


@dataclass(frozen=True)
class Recipe:
    """The published constants.

    Attributes:
        steps: Adam steps of the first stage.
        learning_rate: Of Adam, on inverse-sigmoid knob positions.
        kappa: Of the lower confidence bound.
        patience: Evaluations without gain after which the search stops.
        evaluations: Of the search, at most.
    """

    steps: int = 1000
    learning_rate: float = 0.01
    kappa: float = 5.0
    patience: int = 30
    evaluations: int = 200


def refine_staged(
    clip: Clip,
    before: Chain,
    plan: Plan,
    ears: Ears,
    settings: Settings | None = None,
    progress: Callable[[Progress], None] = lambda step: None,
    cancelled: Callable[[], bool] = lambda: False,
    recipe: Recipe | None = None,
) -> Outcome:
    """`refine` by the published recipe; same arguments, same kind of answer."""
    import torch

    settings, recipe = settings or Settings(), recipe or Recipe()
    began = time.perf_counter()
    target = aim(clip, before, plan, ears, settings)
    audio, rate, origin, change = target.audio, target.rate, target.origin, target.change
    chain, knobs = plan.aim, movable(plan)

    def score(candidate: Chain) -> float:
        with torch.no_grad():
            heard = ears.embed_audio(candidate.forward(audio, rate), rate)
            return losses.score(origin, heard, change)

    trace: list[float] = []
    stage_one = [k for k in knobs if k.fx in FIRST_STAGE]
    stage_two = [k for k in knobs if k.fx not in FIRST_STAGE]
    finished = True

    if stage_one:
        alone = Chain(tuple(s for s in chain if s.fx in FIRST_STAGE))
        low = torch.tensor([k.low for k in stage_one])
        span = torch.tensor([k.high - k.low for k in stage_one])
        goal = torch.tensor([k.goal for k in stage_one])
        theta = torch.logit(((goal - low) / span).clamp(0.05, 0.95)).requires_grad_(True)
        optimizer = torch.optim.Adam([theta], lr=recipe.learning_rate)
        best, reached = float("inf"), 0.0
        for step in range(recipe.steps):
            if cancelled():
                finished = False
                break
            optimizer.zero_grad()
            positions = low + span * torch.sigmoid(theta)
            values: dict[str, dict[str, Any]] = {}
            for knob, position in zip(stage_one, positions, strict=True):
                value = knob.parameter.from_unit_tensor(position)
                values.setdefault(knob.fx, {})[knob.parameter.name] = value
            heard = ears.embed_audio(alone.forward(audio, rate, values), rate)
            loss = target.loss(origin, heard)
            if float(loss.detach()) < best:
                best, reached = float(loss.detach()), losses.score(origin, heard, change)
                chain = _with(chain, stage_one, positions.tolist())
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            trace.append(reached)
            progress(Progress("gradients", step + 1, recipe.steps, trace[-1], chain))

    if stage_two and finished:
        chain, finished = _searched(
            chain, stage_two, recipe, settings, score, trace, progress, cancelled
        )
    return Outcome(chain, score(chain), tuple(trace), finished, time.perf_counter() - began)


def _searched(
    chain: Chain,
    knobs: list[Knob],
    recipe: Recipe,
    settings: Settings,
    score: Callable[[Chain], float],
    trace: list[float],
    progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> tuple[Chain, bool]:
    from skopt import gp_minimize

    # Its stage order: equalizer and reverb first, whatever the chain says.
    ids = [fx for fx in chain.ids if fx in FIRST_STAGE]
    ids += [fx for fx in chain.ids if fx not in FIRST_STAGE]
    heard_order = chain.reordered(ids)
    best, since, finished = score(heard_order), 0, True
    best_chain, tried = chain, 0

    def evaluate(positions: list[float]) -> float:
        nonlocal best, best_chain, since, tried
        candidate = _with(heard_order, knobs, positions)
        reached = score(candidate)
        tried += 1
        since += 1
        if reached > best:
            best, since = reached, 0
            best_chain = _with(chain, knobs, positions)
        trace.append(best)
        progress(Progress("search", tried, recipe.evaluations, best, best_chain))
        return -reached

    def stop(result: Any) -> bool:
        nonlocal finished
        if cancelled():
            finished = False
            return True
        return since >= recipe.patience

    gp_minimize(
        evaluate,
        [(k.low, k.high) for k in knobs],
        acq_func="LCB",
        kappa=recipe.kappa,
        n_calls=recipe.evaluations,
        x0=[min(k.high, max(k.low, k.goal)) for k in knobs],
        random_state=settings.seed,
        callback=[stop],
    )
    return best_chain, finished


def _with(chain: Chain, knobs: list[Knob], positions: list[float]) -> Chain:
    values: dict[str, dict[str, float]] = {}
    for knob, position in zip(knobs, positions, strict=True):
        values.setdefault(knob.fx, {})[knob.parameter.name] = knob.parameter.from_unit(position)
    return chain.with_params(values)
