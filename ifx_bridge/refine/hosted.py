"""Plugins of the user's in the chain: in place of effects of ours, or beside them.

Words are understood, and gradients taken, in effects of ours. A plugin that stands for one of them
begins where the meanings of its parameters lead (`plugins.closed_form`), or where it was, moved as
ours moved; then what it has to turn is searched by what the ears hear of the whole chain, held near
its beginning by a penalty. A plugin of another kind is only searched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ifx_bridge.audio import Audio, Clip
from ifx_bridge.brain.plan import SURE, Plan, Use
from ifx_bridge.ears import losses
from ifx_bridge.ears.base import Ears
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.spec import Params
from ifx_bridge.plugins import effect as plugins
from ifx_bridge.plugins.closed_form import closed_form
from ifx_bridge.plugins.description import Description
from ifx_bridge.plugins.host import PluginError
from ifx_bridge.refine.distance import distance
from ifx_bridge.refine.search import Dimension, search
from ifx_bridge.refine.whole_chain import Outcome, Progress, Settings, Target, aim

if TYPE_CHECKING:
    from torch import Tensor

RENDERS = 60  # of each plugin, in a turn
# Penalty per squared part of a turn; the loss is 1 at the start.
STAY_NEW, STAY_KNOWN = 0.1, 0.3
NEAR = 0.15  # first steps
# A plugin that stands for an effect of ours shall sound like it, which is refined by gradients and
# what later words are understood in; so many dB count like the whole way of a word.
ALIKE_DB = 10.0
# What a plugin beside ours must be worth, in score, to be turned.
WORTH = 0.03
SILENT = 1e-6  # power, as a part of what goes in
NOT_HEARD = 1e9
TURNED = 0.01  # of a turn: a knob that was meant to move
FREE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Hosted:
    """What came of it.

    Attributes:
        outcome: With the plugins in the chain.
        uses: Those that work.
        notes: For the user: which do not, and what stands in their place.
    """

    outcome: Outcome
    uses: tuple[Use, ...]
    notes: tuple[str, ...] = ()


def refine_hosted(
    clip: Clip,
    before: Chain,
    own: Outcome,
    plan: Plan,
    past: Sequence[tuple[Chain, Chain]],
    ears: Ears,
    settings: Settings | None = None,
    progress: Callable[[Progress], None] = lambda step: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Hosted:
    """Put the user's plugins into a refined chain, and refine them.

    Args:
        clip: The dry clip.
        before: The previous turn's chain, plugins included.
        own: The refined chain in effects of ours.
        plan: What was meant, and which plugins are used.
        past: (in effects of ours, with plugins) of the turns that led here, the newest first.
        ears: They hear whether it got there.
        settings: What is listened to.
        progress: Called after every render.
        cancelled: Asked before every render; when true, the best so far is kept.
    """
    settings = settings or Settings()
    uses, notes = list[Use](), list[str]()
    own = replace(own, chain=_unasked_back(own.chain, plan, past))
    chain, finished, trace = own.chain, own.finished, list(own.trace)
    target: Target | None = None
    score = own.score
    for use in plan.uses:
        description = plugins.described(use.plugin)
        stands_for = use.fx if use.fx in own.chain else ""
        if not stands_for and not use.always:
            uses.append(use)
            continue
        if description is None:
            notes.append(_gone(use.plugin, "is not on this computer", stands_for))
            uses.append(use)
            continue
        starts, known, fixed = _starts(use, own.chain, description, plan, past)
        try:
            target = target or aim(clip, before, plan, ears, settings)
            if missing := _anchor_missing(use, chain, before):
                notes.append(f"{description.name} was to stand {missing}")
            placed = [_placed(chain, start, use, stands_for) for start in starts]
            ours = chain if stands_for else None
            search_it = _Search(target, placed[0], use.plugin, description, ears, ours)
            free = [
                key for key in _free(use, own.chain, description, plan, past) if key not in fixed
            ]
            if free and not cancelled():
                chain, done = search_it.run(placed, free, known, settings, progress, cancelled)
                finished = finished and done
            else:
                chain = search_it.as_it_is()
            score = search_it.score(chain)
            trace += [*search_it.trace, score]
            uses.append(replace(use, values={}))
        except PluginError as error:
            what = error.what.removesuffix(".")
            notes.append(_gone(description.name, f"failed ({what})", stands_for))
    outcome = replace(own, chain=chain, score=score, trace=tuple(trace), finished=finished)
    return Hosted(outcome, tuple(uses), tuple(notes))


def _gone(name: str, why: str, stands_for: str) -> str:
    instead = "our own effect is heard in its place" if stands_for else "it is left out"
    return f"{name} {why}; {instead}."


def _before(use: Use, past: Sequence[tuple[Chain, Chain]]) -> tuple[Slot | None, Slot | None]:
    """The plugin as it was last, and what of ours it stood for then."""
    for own, real in past:
        if use.plugin in real:
            slot = real[use.plugin]
            return slot, next((s for s in own if s.fx == use.fx), None)
    return None, None


def _same(one: Slot, other: Slot) -> bool:
    return one.fx == other.fx and all(
        abs(p.to_unit(one.params[p.name]) - p.to_unit(other.params[p.name])) < 1e-6
        for p in one.effect.parameters
    )


def _unasked_back(own: Chain, plan: Plan, past: Sequence[tuple[Chain, Chain]]) -> Chain:
    """Effects that a plugin stands for stay as they were, unless the plan is about them."""
    asked = {move.fx for move in plan.moves} | {key.split(".")[0] for key in plan.free}
    for use in plan.uses:
        if use.fx in own and use.fx not in asked and past and use.fx in past[0][0]:
            own = own.with_params({use.fx: plan.start[use.fx].params})
    return own


def _found_before(use: Use, own: Chain, past: Sequence[tuple[Chain, Chain]]) -> Slot | None:
    """What once was found for the same settings of ours, unless other values are given now."""
    if use.values:
        return None
    for earlier, real in past:
        if use.plugin in real and use.fx in earlier and _same(earlier[use.fx], own[use.fx]):
            return real[use.plugin]
    return None


def _starts(
    use: Use,
    own: Chain,
    description: Description,
    plan: Plan,
    past: Sequence[tuple[Chain, Chain]],
) -> tuple[list[Slot], bool, frozenset[str]]:
    """Values to begin a search with, whether the plugin was there before, and what is fixed."""
    new = plugins.as_effect(description).defaults()
    last, stood_for = _before(use, past)
    if use.values:
        last, stood_for = Slot(use.plugin, {**new, **use.values}, engine=plugins.ENGINE), None
    if use.fx not in own:
        return (
            [Slot(use.plugin, last.params if last else new, engine=plugins.ENGINE)],
            bool(last),
            FREE,
        )
    ours = own[use.fx]
    if (found := _found_before(use, own, past)) is not None:
        return [replace(found, bypass=ours.bypass)], True, FREE

    def at(values: Params, moves: Params) -> Slot:
        changed = {
            key: parameter.value(min(1.0, max(0.0, position)))
            for key, position in moves.items()
            if (parameter := description.parameter(key)) is not None
        }
        return Slot(use.plugin, {**values, **changed}, ours.bypass, plugins.ENGINE)

    meant = closed_form(ours, description)
    if last is None:
        return [at(new, meant.positions)], False, meant.exact
    if use.values:  # as given, but for what is exact; or with what its parameters mean on top
        exact = {key: meant.positions[key] for key in meant.exact}
        return [at(last.params, exact), at(last.params, meant.positions)], True, meant.exact
    # As it was, moved as ours moved; or as its parameters mean.
    old = closed_form(stood_for, description).positions if stood_for else {}
    moved, turned = dict[str, float](), set[str]()
    for key, position in meant.positions.items():
        parameter = description.parameter(key)
        assert parameter is not None
        same = key in old and key not in meant.exact
        here = parameter.position(last.params[key])
        moved[key] = here + position - old[key] if same else position
        if abs(moved[key] - here) > TURNED:
            turned.add(key)
    if any(move.fx == use.fx and move.confidence >= SURE for move in plan.moves) and turned:
        return [at(last.params, moved)], True, meant.exact | turned  # what is sure binds
    return [at(last.params, moved), at(last.params, meant.positions)], True, meant.exact


def _free(
    use: Use,
    own: Chain,
    description: Description,
    plan: Plan,
    past: Sequence[tuple[Chain, Chain]],
) -> list[str]:
    """The keys that may be searched in this turn."""
    held = plan.held | plan.locked
    if use.plugin in held:
        return []
    if use.fx in own:
        if own[use.fx].bypass or _found_before(use, own, past) is not None:
            return []
    elif not plan.toward and not plan.away:
        return []
    return [p.key for p in description.parameters if f"{use.plugin}.{p.key}" not in held]


def _anchor_missing(use: Use, chain: Chain, before: Chain) -> str:
    """Where a new plugin was to stand, in words, if that is beside what is not in the chain."""
    side, _, other = use.place.partition(":")
    if not other or other in chain or use.plugin in before:
        return ""
    return f"{side} {other}, which is not in the chain; it stands where its effect would."


def _placed(chain: Chain, slot: Slot, use: Use, stands_for: str) -> Chain:
    """The chain with a plugin in it."""
    if stands_for:
        at = chain.ids.index(stands_for)
        slots = [slot if s.fx == stands_for else s for s in chain.slots]
    else:
        at = len(chain)
        slots = [*chain.slots, slot]
    rest = [*slots[:at], *slots[at + 1 :]]
    side, _, other = use.place.partition(":")
    ids = [s.fx for s in rest]
    if side == "first":
        at = 0
    elif side == "last":
        at = len(rest)
    elif other in ids:
        at = ids.index(other) + (side == "after")
    return replace(chain, slots=(*rest[:at], slot, *rest[at:]))


class _Search:
    """One plugin in a chain, listened to."""

    def __init__(
        self,
        target: Target,
        chain: Chain,
        fx: str,
        description: Description,
        ears: Ears,
        ours: Chain | None,
    ) -> None:
        """With a plugin in a chain, and the chain with our effect in its place."""
        import torch

        self.target, self.chain, self.fx, self.ears = target, chain, fx, ears
        self.description = description
        self.at = chain.ids.index(fx)
        self.trace: list[float] = []
        with torch.no_grad():
            self.prefix = chain.forward(target.audio, target.rate, stop=self.at)
            self.wanted = None if ours is None else _first(ours.forward(target.audio, target.rate))

    def as_it_is(self) -> Chain:
        """The chain, once it has been heard.

        Raises:
            PluginError: The plugin fails.
        """
        self._wet(self.chain)
        return self.chain

    def score(self, chain: Chain) -> float:
        """What the ears say of a chain with other values of this plugin."""
        if float(self.target.change.norm()) < 1e-6:
            return 0.0
        return losses.score(self.target.origin, self._heard(chain), self.target.change)

    def _wet(self, chain: Chain) -> Tensor:
        import torch

        with torch.no_grad():
            return chain.forward(self.prefix, self.target.rate, start=self.at)

    def _heard(self, chain: Chain) -> Tensor:
        import torch

        with torch.no_grad():
            return self.ears.embed_audio(self._wet(chain), self.target.rate)

    def run(
        self,
        starts: Sequence[Chain],
        keys: Sequence[str],
        known: bool,
        settings: Settings,
        progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> tuple[Chain, bool]:
        """The chain with the best values found, and whether it was not stopped.

        Args:
            starts: Chains with values to begin with.
            keys: Parameters that may move.
            known: Whether the plugin was in the chain before, so that moving it costs more.
            settings: How hard to try.
            progress: Told every step.
            cancelled: Asked before every render.
        """
        start = min(starts, key=self._cost) if len(starts) > 1 else starts[0]
        parameters = [p for p in self.description.parameters if p.key in keys]
        params = start[self.fx].params
        dimensions = [
            Dimension(p.key, p.position(params[p.key]), 0 if p.kind == "number" else len(p.values))
            for p in parameters
        ]
        stay = STAY_KNOWN if known else STAY_NEW

        def chain_at(positions: NDArray[np.float64]) -> Chain:
            pairs = zip(parameters, positions, strict=True)
            return start.with_params({self.fx: {p.key: p.value(float(at)) for p, at in pairs}})

        def cost(positions: NDArray[np.float64]) -> float:
            return self._cost(chain_at(positions))

        def report(done: int, most: int, least: float, best: NDArray[np.float64]) -> None:
            score = 1 - min(1.0, max(0.0, least)) ** 0.5
            self.trace.append(score)
            stage = f"trying settings of {self.description.name}"
            progress(Progress(stage, done, most, score, chain_at(best)))

        found = search(cost, dimensions, RENDERS, settings.seed, NEAR, report, cancelled, stay)
        best = chain_at(found.positions)
        if self.wanted is None and self.score(best) < self.score(start) + WORTH:
            best = start
        return best, found.finished

    def _cost(self, chain: Chain) -> float:
        """What the ears say, where there are words; how unlike ours it is, where there is one."""
        wet = self._wet(chain)
        if float(wet.square().mean()) < SILENT * float(self.target.audio.square().mean()):
            return NOT_HEARD
        cost = 0.0
        if self.target.words:
            heard = self.ears.embed_audio(wet, self.target.rate).detach()
            cost += float(losses.aimed(self.target.origin, heard, self.target.change))
        if self.wanted is not None:
            cost += distance(_first(wet), self.wanted) / ALIKE_DB
        return cost


def _first(batch: Tensor) -> Audio:
    sound: Audio = batch[0].detach().numpy()
    return sound
