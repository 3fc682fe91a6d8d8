"""The refinement: gradients through the whole chain, in its signal order, toward a point.

From the plan's start, the knobs move until the ears hear the change that the words typically make,
measured from the previous turn's sound. Knobs that the instruction is not about are held near
their values by a penalty; knobs that cannot be differentiated are searched inside the same loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from ifx_bridge.audio import Audio, Clip, excerpt
from ifx_bridge.brain.plan import SURE, Plan
from ifx_bridge.ears import losses
from ifx_bridge.ears.base import Ears
from ifx_bridge.effects.chain import Chain
from ifx_bridge.effects.spec import Effect, Parameter

if TYPE_CHECKING:
    from torch import Tensor

# How far knobs may go, as parts of their turn.
SURE_RANGE = (0.7, 1.5)  # of the way to a sure move's goal
ASKED_REACH = 0.22  # around the goal of an unsure one
IDLE_REACH, BAND_SHARE = 0.03, 0.6  # of equalizer gains: a little, and by what is planned
FREQUENCY_REACH = 0.08  # a band that wanders is another band
UNASKED_REACH = 0.03
# Penalty per squared part of a turn; the loss is 1 at the start.
SURE_WEIGHT, ASKED_WEIGHT, UNASKED_WEIGHT = 2.0, 0.2, 30.0
# What a move must be worth, in score: of an effect that no one asked about, or away from the plan.
WORTH = 0.05
# Knobs of time are musical choices, not matters of degree.
CHOSEN = frozenset({"delay.delay_seconds", "comp.attack_ms", "comp.release_ms"})


@dataclass(frozen=True)
class Settings:
    """How to refine.

    Attributes:
        steps: Gradient steps of the best start, at most.
        trial_steps: Steps of each start before the best is chosen.
        starts: Starting points.
        learning_rate: Of Adam, on inverse-sigmoid knob positions.
        patience: Steps without gain after which it stops.
        seconds: Length of the excerpt listened to.
        tail_seconds: Silence after it, in which decays are heard.
        seed: Of the starting points.
        loss: What is minimized, one of `losses.OBJECTIVES`.
        anchor: What a change is measured from: the previous turn's sound, or the dry.
    """

    steps: int = 120
    trial_steps: int = 12
    starts: int = 2
    learning_rate: float = 0.2
    patience: int = 18
    seconds: float = 2.0
    tail_seconds: float = 0.75
    seed: int = 0
    loss: losses.Objective = "aimed"
    anchor: Literal["previous", "dry"] = "previous"


@dataclass(frozen=True)
class Progress:
    """One step of a refinement.

    Attributes:
        stage: What is being done, for people.
        step: Steps done.
        steps: Steps at most.
        score: Of the best so far.
        chain: The best so far.
    """

    stage: str
    step: int
    steps: int
    score: float
    chain: Chain


@dataclass(frozen=True)
class Outcome:
    """What a refinement found.

    Attributes:
        chain: The best chain.
        score: Share of the way to the point aimed at that it goes; 0 is the previous sound.
        trace: Best score after every step.
        finished: False when it was cancelled; `chain` is then the best so far.
        deaf: True when the ears hear nothing of the words in anything that was tried, so that the
            plan's own values stand.
        seconds: Time it took.
    """

    chain: Chain
    score: float
    trace: tuple[float, ...] = ()
    finished: bool = True
    seconds: float = 0.0
    deaf: bool = False


@dataclass(frozen=True, eq=False)
class Target:
    """Where a refinement listens and what it aims at.

    Attributes:
        audio: The dry excerpt, `[1, channels, samples]`.
        rate: Its sample rate in Hz.
        origin: Embedding of the previous turn's sound, `[1, dim]`.
        change: The change asked for, `[dim]`.
        words: Whether words say so, or only the plan's numbers.
        loss: What is minimized: of the embeddings before and after.
    """

    audio: Tensor
    rate: float
    origin: Tensor
    change: Tensor
    words: bool
    loss: Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Knob:
    """One number that moves, as a part of its turn, 0 to 1."""

    fx: str
    parameter: Parameter
    start: float
    goal: float
    low: float
    high: float
    weight: float


@dataclass
class _Best:
    loss: float = float("inf")
    score: float = 0.0
    chain: Chain = field(default_factory=Chain)


def refine(
    clip: Clip,
    before: Chain,
    plan: Plan,
    ears: Ears,
    settings: Settings | None = None,
    progress: Callable[[Progress], None] = lambda step: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Move the planned chain's knobs toward what the words mean.

    Args:
        clip: The dry clip.
        before: The previous turn's chain; its sound is where the change is measured from.
        plan: Where to start and what to move.
        ears: They hear whether it got there.
        settings: How long and how hard to try.
        progress: Called after every step, from this thread.
        cancelled: Asked before every step; when true, the best so far is returned.

    Returns:
        The best found. With the same arguments, the same.
    """
    settings = settings or Settings()
    began = time.perf_counter()
    target = aim(clip, before, plan, ears, settings)
    search = _Search(
        target, plan.aim, movable(plan) if target.words else [], ears, settings, progress, cancelled
    )
    finished = search.run() if search.knobs else search.only()
    return Outcome(
        search.best.chain,
        search.best.score,
        tuple(search.trace),
        finished,
        time.perf_counter() - began,
        search.deaf,
    )


def aim(clip: Clip, before: Chain, plan: Plan, ears: Ears, settings: Settings) -> Target:
    """What is listened to, where the sound was, and how it should change.

    Without words for the ears, the plan's own numbers are the aim.
    """
    import torch

    audio = torch.from_numpy(listening_excerpt(clip, settings))[None]
    rate = clip.sample_rate
    with torch.no_grad():
        anchor = before if settings.anchor == "previous" else Chain()
        origin = ears.embed_audio(anchor.forward(audio, rate), rate)
        words = losses.word_change(ears, plan.toward, plan.away)
        if words is not None:
            change = plan.amount * words
            loss = losses.objective(settings.loss, ears, change, plan.toward, plan.away)
            return Target(audio, rate, origin, change, True, loss)
        planned = ears.embed_audio(plan.aim.forward(audio, rate), rate)
        change = (planned - origin)[0]
        return Target(
            audio, rate, origin, change, False, losses.objective("aimed", ears, change, (), ())
        )


def listening_excerpt(clip: Clip, settings: Settings) -> Audio:
    """What is listened to: the clip's most telling seconds, then silence, `[channels, samples]`.

    Of more than two channels the loudest is taken.
    """
    samples = excerpt(clip, settings.seconds)
    if clip.channels > 2:
        samples = samples[[int(np.argmax((samples**2).mean(axis=1)))]]
    silence = np.zeros((samples.shape[0], round(settings.tail_seconds * clip.sample_rate)))
    return np.concatenate([samples, silence.astype(np.float32)], axis=1)


def all_differentiable(effect: Effect) -> bool:
    """Whether gradients reach every knob of an effect."""
    return all(parameter.differentiable for parameter in effect.parameters)


def movable(plan: Plan) -> list[Knob]:
    """The knobs that may move, with their goals, ranges and penalties."""
    moves = {(m.fx, m.name): m for m in plan.moves}
    knobs = []
    # An effect that is not differentiable is slow to render. What comes before it stays, unless
    # asked, so that it is rendered once.
    slow = [slot.fx for slot in plan.start if not all_differentiable(slot.effect)]
    rendered_once = set(plan.start.ids[: plan.start.ids.index(slow[-1])]) if slow else set()
    for slot in plan.start:
        if slot.bypass or slot.fx in plan.held:
            continue
        for parameter in slot.effect.parameters:
            key = f"{slot.fx}.{parameter.name}"
            move = moves.get((slot.fx, parameter.name))
            if key in plan.held or (move is None and (key in CHOSEN or "q_factor" in key)):
                continue
            start = parameter.to_unit(slot.params[parameter.name])
            goal = parameter.to_unit(move.to) if move else start
            if move is not None and move.confidence >= SURE:
                ends = [start + share * (goal - start) for share in SURE_RANGE]
                weight = SURE_WEIGHT
            elif move is not None or key in plan.free:
                reach = FREQUENCY_REACH if "cutoff_freq" in key else ASKED_REACH
                if parameter.neutral is not None and slot.fx == "eq":
                    # A band that the plan leaves flat is no way to get there.
                    planned = abs(goal - parameter.to_unit(parameter.neutral))
                    reach = min(reach, IDLE_REACH + BAND_SHARE * planned)
                ends = [goal - reach, goal + reach]
                weight = ASKED_WEIGHT
            else:
                unmoved = slot.fx in rendered_once or "cutoff_freq" in key
                if unmoved or not parameter.differentiable:
                    continue
                ends = [start - UNASKED_REACH, start + UNASKED_REACH]
                weight = UNASKED_WEIGHT
            low, high = max(0.0, min(ends)), min(1.0, max(ends))
            if parameter.neutral is not None and parameter.name != "threshold_db":
                # What an instruction adds is heard: it does not vanish into neutral or past it.
                neutral = parameter.to_unit(parameter.neutral)
                low, high = _on_one_side(low, high, goal, neutral)
            if high - low > 1e-4:
                knobs.append(Knob(slot.fx, parameter, start, goal, low, high, weight))
    return knobs


def _on_one_side(low: float, high: float, goal: float, neutral: float) -> tuple[float, float]:
    floor = neutral + 0.45 * (goal - neutral)
    if goal > neutral + 0.02:
        return max(low, min(floor, goal)), high
    if goal < neutral - 0.02:
        return low, min(high, max(floor, goal))
    return low, high


class _Search:
    """The loop, and the best it has seen."""

    def __init__(
        self,
        target: Target,
        chain: Chain,
        knobs: Sequence[Knob],
        ears: Ears,
        settings: Settings,
        progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> None:
        import torch

        self.audio, self.rate, self.chain, self.knobs = target.audio, target.rate, chain, knobs
        self.ears, self.origin, self.change = ears, target.origin, target.change
        self.loss = target.loss
        self.progress, self.cancelled = progress, cancelled
        self.best, self.trace = _Best(chain=chain), list[float]()
        # Effects before the first that moves sound the same at every step.
        moving = {knob.fx for knob in knobs}
        self.first = next((i for i, fx in enumerate(chain.ids) if fx in moving), len(chain))
        # A step through an effect that is not differentiable takes ten times longer.
        slow = any(not all_differentiable(slot.effect) for slot in chain.slots[self.first :])
        self.settings = (
            settings
            if not slow
            else replace(
                settings,
                steps=max(1, settings.steps // 4),
                trial_steps=max(1, settings.trial_steps // 4),
                patience=max(1, settings.patience // 3),
            )
        )
        with torch.no_grad():
            self.prefix = chain.forward(self.audio, self.rate, stop=self.first)
        self.low = torch.tensor([k.low for k in knobs])
        self.span = torch.tensor([k.high - k.low for k in knobs])
        self.goal = torch.tensor([k.goal for k in knobs])
        self.weight = torch.tensor([k.weight for k in knobs])
        self.stage, self.deaf = "listening", False

    def only(self) -> bool:
        """Score a chain that has nothing to move."""
        import torch

        with torch.no_grad():
            heard = self.ears.embed_audio(self.chain.forward(self.audio, self.rate), self.rate)
        unchanged = float(self.change.norm()) < 1e-6
        score = 0.0 if unchanged else losses.score(self.origin, heard, self.change)
        self.best = _Best(0.0, score, self.chain)
        return True

    def run(self) -> bool:
        """All starts, then the best one to the end; False when cancelled."""
        import torch

        generator = torch.Generator().manual_seed(self.settings.seed)
        inside = ((self.goal - self.low) / self.span).clamp(0.05, 0.95)
        starts = [inside]
        for _ in range(1, self.settings.starts):
            jitter = 0.25 * torch.randn(len(self.knobs), generator=generator)
            starts.append((inside + jitter).clamp(0.05, 0.95))
        ends = []
        for number, place in enumerate(starts):
            self.stage = f"trying start {number + 1} of {len(starts)}"
            theta, loss, finished = self._descend(torch.logit(place), self.settings.trial_steps)
            if not finished:
                return False
            ends.append((loss, number, theta))
        self.stage = "refining"
        _, _, theta = min(ends)
        _, _, finished = self._descend(theta, self.settings.steps)
        self._as_planned()
        self._put_back()
        return finished

    def _as_planned(self) -> None:
        """The plan's own values, where the ears gain next to nothing by changing them."""
        import torch

        inside = ((self.goal - self.low) / self.span).clamp(0.01, 0.99)
        with torch.no_grad():
            loss, heard = self._loss(torch.logit(inside))
        score = losses.score(self.origin, heard, self.change)
        sure = any(knob.weight == SURE_WEIGHT for knob in self.knobs)  # a command needs no ears
        self.deaf = self.best.score < WORTH and not sure
        if self.deaf or self.best.score < score + WORTH:
            self.best = _Best(float(loss), score, self._chain_at(torch.logit(inside)))

    def _put_back(self) -> None:
        """Effects that no one asked about go back to where they were, if that costs little."""
        import torch

        unasked = [k for k in self.knobs if k.weight == UNASKED_WEIGHT]
        worth = self.best.score - WORTH
        for fx in dict.fromkeys(k.fx for k in unasked):
            params = self.chain[fx].params
            values = {k.parameter.name: params[k.parameter.name] for k in unasked if k.fx == fx}
            chain = self.best.chain.with_params({fx: values})
            with torch.no_grad():
                wet = chain.forward(self.prefix, self.rate, start=self.first)
                heard = self.ears.embed_audio(wet, self.rate)
            score = losses.score(self.origin, heard, self.change)
            if score >= worth:
                self.best = _Best(self.best.loss, score, chain)

    def _descend(self, theta: Tensor, steps: int) -> tuple[Tensor, float, bool]:
        import torch

        theta = theta.clone().requires_grad_(True)
        optimizer = torch.optim.Adam([theta], lr=self.settings.learning_rate)
        here, place, stale = float("inf"), theta.detach().clone(), 0
        searched = [i for i, k in enumerate(self.knobs) if not k.parameter.differentiable]
        for step in range(steps):
            if self.cancelled():
                return place, here, False
            optimizer.zero_grad()
            loss, heard = self._loss(theta)
            loss.backward()  # type: ignore[no-untyped-call]
            value = float(loss.detach())
            stale = 0 if value < here - 1e-3 else stale + 1
            if value < here:
                here, place = value, theta.detach().clone()
            self._keep(theta, value, heard)
            total = steps if self.stage == "refining" else steps * self.settings.starts
            self.trace.append(self.best.score)
            self.progress(Progress(self.stage, step + 1, total, self.best.score, self.best.chain))
            if stale >= self.settings.patience or not np.isfinite(value):
                break
            assert theta.grad is not None
            theta.grad.nan_to_num_(nan=0.0, posinf=0.0, neginf=0.0)
            optimizer.step()
            for index in searched:
                if step % 6 == 0:
                    self._step_search(theta, index, 2.0 if step < 7 else 1.0)
        return place, here, True

    def _step_search(self, theta: Tensor, index: int, units: float) -> None:
        """Try a knob without gradient a step up and down; whole steps are musical."""
        import torch

        knob = self.knobs[index]
        with torch.no_grad():
            position = float(self.low[index] + self.span[index] * torch.sigmoid(theta[index]))
            value = round(knob.parameter.from_unit(position))
            candidates = []
            for candidate in (value, value - units, value + units):
                unit = knob.parameter.to_unit(candidate)
                inside = (unit - knob.low) / (knob.high - knob.low)
                if not 0.0 < inside < 1.0:
                    continue
                trial = theta.detach().clone()
                trial[index] = torch.logit(torch.tensor(inside))
                loss, heard = self._loss(trial)
                self._keep(trial, float(loss), heard)
                candidates.append((float(loss), float(trial[index])))
            if candidates:
                theta[index] = min(candidates)[1]

    def _positions(self, theta: Tensor) -> Tensor:
        import torch

        return self.low + self.span * torch.sigmoid(theta)

    def _loss(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        positions = self._positions(theta)
        values: dict[str, dict[str, Tensor]] = {}
        for index, knob in enumerate(self.knobs):
            values.setdefault(knob.fx, {})[knob.parameter.name] = knob.parameter.from_unit_tensor(
                positions[index]
            )
        wet = self.chain.forward(self.prefix, self.rate, values, start=self.first)
        heard = self.ears.embed_audio(wet, self.rate)
        penalty = (self.weight * (positions - self.goal) ** 2).sum()
        return self.loss(self.origin, heard) + penalty, heard.detach()

    def _keep(self, theta: Tensor, loss: float, heard: Tensor) -> None:
        if not np.isfinite(loss) or loss >= self.best.loss:
            return
        score = losses.score(self.origin, heard, self.change)
        self.best = _Best(loss, score, self._chain_at(theta))

    def _chain_at(self, theta: Tensor) -> Chain:
        changes: dict[str, dict[str, float]] = {}
        for knob, position in zip(self.knobs, self._positions(theta).tolist(), strict=True):
            value = knob.parameter.from_unit(position)
            if not knob.parameter.differentiable:
                value = round(value, 2)
            changes.setdefault(knob.fx, {})[knob.parameter.name] = float(f"{value:.4g}")
        return self.chain.with_params(changes)
