"""Where ears lead: their gradient followed from random chains, judged by what no ears learned from.

Contributors' typical settings of a word are the aim of the judge, each effect with a measure of its
own: the equalizer's curve in 40 bands, the reverb's decay time, the compressor's crest factor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ifx_bridge.ears import losses
from ifx_bridge.ears.base import Ears
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.spec import effect, effects
from ifx_bridge.study import crowd
from ifx_bridge.study.examples import LOOPS, Dry

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]
Params = Mapping[str, float]

STEPS = (0, 5, 10, 20, 40, 80, 160, 240)
RATE = 0.012  # of Adam, in turns of a knob
PATIENCE = 18
LEAST_GAIN = 1e-3
START_DB = 4.0  # gains of random equalizers, either way
# What a person would hear as another decay or another crest: nearer starts have nowhere to go.
AUDIBLE = {"rev": 0.15, "comp": 1.0}
# Contributors heard reverbs after the dry sound, so that is nearly where to start: what is added to
# a reverb that is loud already would be judged by another measure than theirs.
FAINT = {"rev": {"wet_level": 0.03, "dry_level": 0.5}}


@dataclass(frozen=True)
class Followed:
    """What following ears from random equalizers did.

    Attributes:
        right_way: Share that moved toward what contributors did, by the spectrum.
        moved: Median of how far, in units of what contributors do.
        likeness: Median correlation of the change with the contributors' mean curve.
        over: Share that went more than twice as far.
        curve: Median distance left to the contributors' mean change after each of `STEPS`, 1 at
            the start.
    """

    right_way: float
    moved: float
    likeness: float
    over: float
    curve: tuple[float, ...]


@dataclass(frozen=True)
class Judged:
    """What following ears from one random reverb or compressor after another did.

    Attributes:
        runs: How many.
        right_way: Share that ended nearer to what contributors' settings do.
        moved: Median share of the way to it.
        over: Share that went past it by more than the whole way.
    """

    runs: int
    right_way: float
    moved: float
    over: float


def follow(
    listening: Ears,
    change: Tensor,
    dry: Dry,
    fx: str,
    free: Sequence[str],
    start: Params,
    stop: bool,
) -> Iterator[Params]:
    """One effect on one sound, moved by the ears' gradient.

    Args:
        listening: The ears.
        change: What they are asked for.
        dry: The sound.
        fx: The effect.
        free: Parameters that move.
        start: Values to begin with.
        stop: Whether to follow `losses.aimed`, stop where it finds no more gain, and keep the best,
            as refining does; else the direction alone is followed to the last step.

    Yields:
        Values after each of `STEPS`.
    """
    import torch

    kind = effect(fx)
    chain = Chain((Slot(fx, start),))
    knobs = [kind.parameter(name) for name in free]
    at = torch.tensor([k.to_unit(chain.params[fx][k.name]) for k in knobs], requires_grad=True)
    optimizer = torch.optim.Adam([at], lr=RATE)
    objective = losses.aimed if stop else losses.directional

    def values(positions: Tensor) -> dict[str, float]:
        pairs = zip(knobs, positions.tolist(), strict=True)
        return {**chain.params[fx], **{k.name: k.from_unit(p) for k, p in pairs}}

    with torch.no_grad():
        before = listening.embed_audio(chain.forward(dry.sound, dry.rate), dry.rate)
    best, best_loss, stale = at.detach().clone(), float("inf"), 0
    yield values(best)
    for step in range(1, STEPS[-1] + 1):
        if stale <= PATIENCE:
            positions = at.clamp(0, 1)
            moving = {k.name: k.from_unit_tensor(p) for k, p in zip(knobs, positions, strict=True)}
            wet = chain.forward(dry.sound, dry.rate, {fx: moving})
            loss = objective(before, listening.embed_audio(wet, dry.rate), change)
            if not stop or float(loss.detach()) < best_loss - LEAST_GAIN:
                best, stale = positions.detach().clone(), 0
                best_loss = min(best_loss, float(loss.detach()))
            else:
                stale += 1
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if step in STEPS:
            yield values(best)


def equalizers(listening: Ears, words: Sequence[str], folder: Path, stop: bool) -> Followed:
    """Follow ears toward words from random equalizers on the three loops.

    The judge is the equalizer's curve in the 40 bands of the contributions: the change from the
    start against the mean curve of the word's contributors.

    Args:
        listening: The ears.
        words: Toward each of them.
        folder: Data.
        stop: See `follow`.
    """
    frequencies, curves = crowd.curves(folder)
    by_word: dict[str, list[crowd.Curve]] = defaultdict(list)
    for curve in curves:
        by_word[curve.word].append(curve)
    gains = [p.name for p in effect("eq").parameters if p.name.endswith("gain_db")]
    shares, likenesses, left = [], [], []
    for change, word, dry, random in _cases(listening, [w for w in words if w in by_word], folder):
        wanted, _, _ = crowd.typical_curve(by_word[word])
        start = {name: float(random.uniform(-START_DB, START_DB)) for name in gains}
        path = [
            crowd.response(params, frequencies)
            for params in follow(listening, change, dry, "eq", gains, start, stop)
        ]
        moved = [curve - path[0] - (curve - path[0]).mean() for curve in path]
        size = float(np.linalg.norm(wanted))
        shares.append(float(moved[-1] @ wanted) / size**2)
        likenesses.append(
            float(moved[-1] @ wanted) / (size * float(np.linalg.norm(moved[-1])) + 1e-9)
        )
        left.append([float(np.linalg.norm(m - wanted)) / size for m in moved])
    went = np.array(shares)
    return Followed(
        float((went > 0).mean()),
        float(np.median(went)),
        float(np.median(likenesses)),
        float((went > 2).mean()),
        tuple(np.median(np.array(left), axis=0).tolist()),
    )


def judged(listening: Ears, words: Sequence[str], folder: Path, fx: str, stop: bool) -> Judged:
    """Follow ears toward words from random reverbs or compressors on the three loops.

    Args:
        listening: The ears.
        words: Toward each of them.
        folder: Data.
        fx: `rev`, judged by decay time, or `comp`, by crest factor.
        stop: See `follow`.
    """
    statistics = _statistics(folder)
    known = [w for w in words if fx in statistics.get(w, {})]
    kind = effect(fx)
    measure = decay if fx == "rev" else crest
    knobs = [p for p in kind.parameters if p.differentiable and p.name != "freeze_mode"]
    shares = []
    for change, word, dry, random in _cases(listening, known, folder):
        start = kind.complete({p.name: p.from_unit(float(random.uniform(0.1, 0.9))) for p in knobs})
        start |= FAINT.get(fx, {})
        wanted = kind.complete(statistics[word][fx]["params"])
        *_, end = follow(listening, change, dry, fx, [p.name for p in knobs], start, stop)
        before, there, after = (measure(fx, params, dry) for params in (start, wanted, end))
        if abs(there - before) >= AUDIBLE[fx]:
            shares.append((after - before) / (there - before))
    went = np.array(shares)
    nearer = (went > 0) & (went < 2)
    return Judged(
        len(went), float(nearer.mean()), float(np.median(went)), float((went >= 2).mean())
    )


def decay(fx: str, params: Params, dry: Dry) -> float:
    """Logarithm of how long the tail takes to fall by 60 dB, from its fall between 5 and 25."""
    import torch

    impulse = torch.zeros(1, 2, int(4 * dry.rate))
    impulse[..., 0] = 1.0
    wet_only = {**params, "dry_level": 0.0, "wet_level": 1.0}
    with torch.no_grad():
        rings = Chain((Slot(fx, wet_only),)).forward(impulse, dry.rate)[0].mean(0).numpy()
    energy = np.cumsum(np.square(rings[::-1], dtype=np.float64))[::-1]
    level = 10 * np.log10(energy / energy[0] + 1e-12)
    early, late = (int(np.argmax(level < floor)) for floor in (-5, -25))
    return float(np.log(3 * max(1, late - early) / dry.rate))


def crest(fx: str, params: Params, dry: Dry) -> float:
    """Peak over RMS of the processed sound, in dB."""
    import torch

    with torch.no_grad():
        wet = Chain((Slot(fx, params),)).forward(dry.sound, dry.rate)
    return float(20 * torch.log10(wet.abs().max() / wet.square().mean().sqrt()))


@lru_cache(maxsize=1)
def _statistics(folder: Path) -> dict[str, Any]:
    words: dict[str, Any] = crowd.learn(folder)["words"]
    return words


def _cases(
    listening: Ears, words: Sequence[str], folder: Path
) -> Iterator[tuple[Tensor, str, Dry, np.random.Generator]]:
    """Every word on every loop, with draws of its own."""
    loops = [Dry.load(folder / "audio" / f"{loop}.wav") for loop in LOOPS]
    for number, word in enumerate(words):
        change = listening.embed_text(word)
        if change is not None:
            for index, dry in enumerate(loops):
                yield change, word, dry, np.random.default_rng([number, index])


@dataclass(frozen=True)
class Attacked:
    """What pulling on every knob of long random chains found.

    Attributes:
        runs: How many.
        broken: Those that ended silent, clipped by more than 12 dB, or in no numbers.
        extreme: Mean share of knobs that ended in the last 2 % of their range.
        started: The same of the random chains themselves.
    """

    runs: int
    broken: int
    extreme: float
    started: float


def attack(listening: Ears, words: Sequence[str], folder: Path, steps: int = 50) -> Attacked:
    """Pull on all knobs at once, with nothing that holds them, as refining never does."""
    import torch

    extremes, starts, broken, runs = [], [], 0, 0
    order = [e for e in effects() if all(p.differentiable for p in e.parameters)]
    dry = Dry.load(folder / "audio" / "guitar.wav")
    loud = float(dry.sound.square().mean())
    for number, word in enumerate(words):
        change = listening.embed_text(word)
        if change is None:
            continue
        random = np.random.default_rng(number)
        chosen = sorted(random.choice(len(order), 3, replace=False))
        chain = Chain(tuple(Slot(order[i].id) for i in chosen))
        knobs = [(slot.fx, p) for slot in chain for p in slot.effect.parameters]
        theta = torch.tensor(random.normal(size=len(knobs)), dtype=torch.float32)
        starts.append(float((((theta.sigmoid() - 0.5).abs()) > 0.48).float().mean()))
        theta.requires_grad_(True)
        optimizer = torch.optim.Adam([theta], lr=0.2)
        with torch.no_grad():
            before = listening.embed_audio(dry.sound, dry.rate)
        for _ in range(steps):
            values: dict[str, dict[str, Tensor]] = defaultdict(dict)
            for (fx, parameter), position in zip(knobs, theta.sigmoid(), strict=True):
                values[fx][parameter.name] = parameter.from_unit_tensor(position)
            wet = chain.forward(dry.sound, dry.rate, values)
            loss = losses.aimed(before, listening.embed_audio(wet, dry.rate), change)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            assert theta.grad is not None
            theta.grad.nan_to_num_(0.0, 0.0, 0.0)
            optimizer.step()
        level = float(wet.detach().square().mean())
        crest = float(wet.detach().abs().max()) / (level**0.5 + 1e-12)
        fine = np.isfinite(level) and level > 1e-4 * loud and crest > 1.5
        broken += not fine
        extremes.append(float((((theta.detach().sigmoid() - 0.5).abs()) > 0.48).float().mean()))
        runs += 1
    return Attacked(runs, broken, float(np.mean(extremes)), float(np.mean(starts)))
