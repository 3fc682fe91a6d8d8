"""Our effects in plugins that the user owns: the settings that sound most alike.

What parameters mean says where to begin (`closed_form`); then the rendered difference is searched
down, on the clip as it reaches the effect and on test signals, so that the settings hold for more
than this clip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ifx_bridge.audio import Audio, Clip
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.plugins.closed_form import closed_form, role
from ifx_bridge.plugins.description import Description
from ifx_bridge.plugins.effect import ENGINE, as_effect, id_of
from ifx_bridge.plugins.effect import positions as positions_of
from ifx_bridge.refine.distance import distance
from ifx_bridge.refine.search import REACH, Dimension, search
from ifx_bridge.refine.whole_chain import Progress, Settings, listening_excerpt

RENDERS = 250
# Of the effect; with more than that missing it is another sound.
MOST_LEFT = 0.5
# What the clip counts beside the test signals.
CLIP_SHARE = 0.7
# First steps from where parameters' meanings lead.
NEAR = 0.15
# Of two settings that sound alike, the one nearer to where it began.
STAY = 0.05  # dB for a whole turn, squared


@dataclass(frozen=True)
class Translation:
    """An effect of ours in a plugin.

    Attributes:
        fx: Our effect.
        plugin: The other.
        slot: The plugin with its settings, to stand in our effect's place.
        positions: The settings as automation has them, 0 to 1, by key.
        dry_db: Distance of the sound without the effect from the sound with it.
        default_db: The same with the plugin as it is when new.
        meant_db: With what follows from the parameters' meanings.
        found_db: With what was found.
        clip_db: The latter on the clip alone.
        finished: False when it was stopped, and the best so far kept.
    """

    fx: str
    plugin: Description
    slot: Slot
    positions: dict[str, float]
    dry_db: float
    default_db: float
    meant_db: float
    found_db: float
    clip_db: float
    finished: bool

    @property
    def left(self) -> float:
        """How much of what the effect does to the sound is missing: 0 none, 1 all, or more."""
        if self.dry_db > 0:
            return self.found_db / self.dry_db
        return float("inf") if self.found_db > 0 else 0.0

    @property
    def good(self) -> bool:
        """Whether it can be called a translation."""
        return self.left <= MOST_LEFT


def named(chain: Chain, fx: str, plugin: Description) -> str:
    """The effect of a chain that is meant: by its id, or by that of ours which a plugin is like.

    Raises:
        UserError: There is none.
    """
    if fx not in chain and fx == role(plugin) and id_of(plugin) in chain:
        return id_of(plugin)
    return chain[fx].fx


def translate(
    clip: Clip,
    chain: Chain,
    fx: str,
    plugin: Description,
    renders: int = RENDERS,
    seed: int = 0,
    progress: Callable[[Progress], None] = lambda step: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Translation:
    """Find a plugin's settings that sound like an effect of a chain.

    Args:
        clip: The dry clip.
        chain: Ours.
        fx: Which of its effects.
        plugin: What shall sound like it.
        renders: How often it may be tried.
        seed: Same seed, same answer.
        progress: Told every try; its score is the share of the plugin's distance made up for.
        cancelled: Asked before every try.

    Raises:
        UserError: The effect is not in the chain.
        PluginError: The plugin fails.
    """
    effect = as_effect(plugin)
    slot = replace(chain[fx], bypass=False)
    excerpt = listening_excerpt(clip, Settings())
    before = Chain(chain.slots[: chain.ids.index(fx)])
    inputs = [before.render(excerpt, clip.sample_rate), test_signal(clip)]
    wanted = [Chain((slot,)).render(sound, clip.sample_rate) for sound in inputs]
    shares = (CLIP_SHARE, 1 - CLIP_SHARE)
    process = effect.process
    assert process is not None

    def heard(positions: dict[str, float]) -> list[float]:
        values = {p.key: p.value(positions.get(p.key, p.default)) for p in plugin.parameters}
        pairs = zip(inputs, wanted, strict=True)
        return [distance(process(values, s, clip.sample_rate), w) for s, w in pairs]

    def cost(positions: dict[str, float]) -> float:
        return float(np.dot(shares, heard(positions)))

    new = {p.key: p.default for p in plugin.parameters}
    dry_db = float(np.dot(shares, [distance(s, w) for s, w in zip(inputs, wanted, strict=True)]))

    def translation(found: dict[str, float], meant_db: float, finished: bool) -> Translation:
        values = {p.key: p.value(found[p.key]) for p in plugin.parameters}
        distances = heard(found)
        return Translation(
            fx, plugin, Slot(effect.id, values, engine=ENGINE), found, dry_db, default_db,
            meant_db, float(np.dot(shares, distances)), distances[0], finished,
        )  # fmt: skip

    if slot.engine == ENGINE and slot.fx == effect.id:  # it is that plugin: nothing is searched
        default_db = cost(new)
        same = {**new, **positions_of(plugin, slot.params)}
        return translation(same, cost(same), True)
    told = closed_form(slot, plugin)
    meant = {**new, **told.positions}
    default_db, meant_db = cost(new), cost(meant)
    better = meant_db <= default_db
    start = meant if better else new
    dimensions = [
        Dimension(p.key, start[p.key], 0 if p.kind == "number" else len(p.values))
        for p in plugin.parameters
        if not (better and p.key in told.exact)
    ]
    keys = [d.name for d in dimensions]

    def searched(at: NDArray[np.float64]) -> float:
        return cost({**start, **dict(zip(keys, at, strict=True))})

    def report(done: int, most: int, least: float, best: NDArray[np.float64]) -> None:
        values = {p.key: p.value(start[p.key]) for p in plugin.parameters}
        for key, at in zip(keys, best, strict=True):
            parameter = plugin.parameter(key)
            assert parameter is not None
            values[key] = parameter.value(float(at))
        share = max(0.0, 1 - least / default_db) if default_db else 0.0
        tried = Chain((Slot(effect.id, values, engine=ENGINE),))
        progress(Progress(f"trying settings of {plugin.name}", done, most, share, tried))

    found = search(
        searched,
        dimensions,
        renders,
        seed,
        NEAR if better else REACH,
        report,
        cancelled,
        STAY,
    )
    positions = {**start, **dict(zip(keys, map(float, found.positions), strict=True))}
    return translation(positions, meant_db, found.finished)


def test_signal(clip: Clip) -> Audio:
    """Noise, clicks and a rising tone at several levels, with silence to ring in.

    `[channels, samples]` like the clip, of at most two channels.
    """
    rate = clip.sample_rate
    random = np.random.default_rng(0)
    time = np.arange(int(0.35 * rate)) / rate
    sweep = np.sin(2 * np.pi * 60 * 0.35 / np.log(150) * (150 ** (time / 0.35) - 1))
    click = np.zeros(int(0.1 * rate))
    click[0] = 1.0
    rest = np.zeros(int(0.25 * rate))
    parts = [
        level * sound
        for level in (0.7, 0.05)
        for sound in (0.5 * random.standard_normal(len(time)).clip(-2, 2), rest, sweep, click)
    ]
    whole = np.concatenate([*parts, rest]).astype(np.float32)
    return np.repeat(whole[None], min(2, clip.channels), axis=0)
