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

from ifx_bridge.audio import Clip
from ifx_bridge.brain.plan import Plan, Use
from ifx_bridge.ears import losses
from ifx_bridge.ears.base import Ears
from ifx_bridge.effects.chain import Chain, Slot
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
STAY_NEW, STAY_KNOWN = 0.05, 0.3
NEAR = 0.15  # first steps
# Without words the sound of our effect is the aim; so many dB count like the whole way of a word.
ALIKE_DB = 10.0
# What a plugin beside ours must be worth, in score, to be turned.
WORTH = 0.03
SILENT = 1e-6  # power, as a part of what goes in
NOT_HEARD = 1e9


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
        slot, known = _begin(use, own.chain, description, past)
        try:
            placed = _placed(chain, slot, use, stands_for)
            target = target or aim(clip, before, plan, ears, settings)
            search_it = _Search(target, placed, slot.fx, description, ears)
            free = _free(use, own.chain, description, plan, past, known)
            if free and not cancelled():
                ours = chain if stands_for else None
                chain, done = search_it.run(free, known, ours, settings, progress, cancelled)
                finished = finished and done
            else:
                chain = search_it.as_it_is()
            score = search_it.score(chain)
            trace += [*search_it.trace, score]
            uses.append(use)
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


def _begin(
    use: Use, own: Chain, description: Description, past: Sequence[tuple[Chain, Chain]]
) -> tuple[Slot, bool]:
    """The plugin's values before anything is searched, and whether it was there before."""
    new = plugins.as_effect(description).defaults()
    if use.fx not in own:
        last, _ = _before(use, past)
        return Slot(use.plugin, last.params if last else new, engine=plugins.ENGINE), bool(last)
    ours = own[use.fx]
    # What once was found for the same settings of ours is found again.
    for earlier, real in past:
        if use.plugin in real and use.fx in earlier and _same(earlier[use.fx], ours):
            return replace(real[use.plugin], bypass=ours.bypass), True
    last, stood_for = _before(use, past)
    values = dict(last.params) if last else new
    meant = closed_form(ours, description)
    old = closed_form(stood_for, description).positions if last and stood_for else {}
    for key, position in meant.positions.items():
        parameter = description.parameter(key)
        assert parameter is not None
        if last and key in old and key not in meant.exact:
            position = parameter.position(values[key]) + position - old[key]
        values[key] = parameter.value(min(1.0, max(0.0, position)))
    return Slot(use.plugin, values, ours.bypass, plugins.ENGINE), bool(last)


def _free(
    use: Use,
    own: Chain,
    description: Description,
    plan: Plan,
    past: Sequence[tuple[Chain, Chain]],
    known: bool,
) -> list[str]:
    """The keys that may be searched in this turn."""
    held = plan.held | plan.locked
    if use.plugin in held:
        return []
    exact: frozenset[str] = frozenset()
    if use.fx in own:
        same = any(
            use.plugin in real and use.fx in earlier and _same(earlier[use.fx], own[use.fx])
            for earlier, real in past
        )
        if same or own[use.fx].bypass:
            return []
        meant = closed_form(own[use.fx], description)
        pinned = {key.split(".", 1)[1] for key in plan.pinned if key.split(".")[0] == use.fx}
        exact = meant.exact
        if pinned and known:
            exact |= frozenset(meant.positions)
    elif not plan.toward and not plan.away:
        return []
    return [
        p.key
        for p in description.parameters
        if p.key not in exact and f"{use.plugin}.{p.key}" not in held
    ]


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
        self, target: Target, chain: Chain, fx: str, description: Description, ears: Ears
    ) -> None:
        import torch

        self.target, self.chain, self.fx, self.ears = target, chain, fx, ears
        self.description = description
        self.at = chain.ids.index(fx)
        self.trace: list[float] = []
        with torch.no_grad():
            self.prefix = chain.forward(target.audio, target.rate, stop=self.at)

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
        keys: Sequence[str],
        known: bool,
        ours: Chain | None,
        settings: Settings,
        progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> tuple[Chain, bool]:
        """The chain with the best values found, and whether it was not stopped.

        Args:
            keys: Parameters that may move.
            known: Whether the plugin was in the chain before, so that moving it costs more.
            ours: The chain with our effect in its place.
            settings: How hard to try.
            progress: Told every step.
            cancelled: Asked before every render.
        """
        parameters = [p for p in self.description.parameters if p.key in keys]
        params = self.chain[self.fx].params
        dimensions = [
            Dimension(p.key, p.position(params[p.key]), 0 if p.kind == "number" else len(p.values))
            for p in parameters
        ]
        origin = np.array([d.start for d in dimensions])
        stay = STAY_KNOWN if known else STAY_NEW
        wanted = None
        if ours is not None and not self.target.words:
            wanted = ours.forward(self.target.audio, self.target.rate)[0].detach().numpy()
        loud = float(self.target.audio.square().mean())

        def chain_at(positions: NDArray[np.float64]) -> Chain:
            values = {
                p.key: p.value(float(at)) for p, at in zip(parameters, positions, strict=True)
            }
            return self.chain.with_params({self.fx: values})

        def cost(positions: NDArray[np.float64]) -> float:
            wet = self._wet(chain_at(positions))
            if float(wet.square().mean()) < SILENT * loud:
                return NOT_HEARD
            moved = stay * float(np.square(positions - origin).sum())
            if wanted is not None:
                return distance(wet[0].numpy(), wanted) / ALIKE_DB + moved
            heard = self.ears.embed_audio(wet, self.target.rate).detach()
            return float(losses.aimed(self.target.origin, heard, self.target.change)) + moved

        def report(done: int, most: int, least: float, best: NDArray[np.float64]) -> None:
            score = 1 - min(1.0, max(0.0, least)) ** 0.5
            self.trace.append(score)
            stage = f"trying settings of {self.description.name}"
            progress(Progress(stage, done, most, score, chain_at(best)))

        found = search(cost, dimensions, RENDERS, settings.seed, NEAR, report, cancelled)
        best = chain_at(found.positions)
        if ours is None and self.score(best) < self.score(self.chain) + WORTH:
            best = self.chain
        return best, found.finished
