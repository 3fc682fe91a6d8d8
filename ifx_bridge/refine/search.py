"""Search where there are no gradients: hosted plugins, and whatever else only renders.

Positions run from 0 to 1. Numbers are searched by COBYQA, which fits a quadratic to what it has
seen and trusts it in a region that it adapts (T. M. Ragonneau, Model-based derivative-free
optimization methods and software, 2022; in SciPy); switches and choices are tried one by one in
between. Each knob is tried alone before: one that changes nothing is left alone, until it is tried
again where the others have been turned, since many are felt only then (the frequency of a band with
its gain). Of very many, those that are felt most are searched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ifx_bridge.errors import Cancelled
from ifx_bridge.plugins.effect import stoppable

Positions = NDArray[np.float64]
Cost = Callable[[Positions], float]

REACH = 0.25  # of the first steps
NARROW = 0.4  # part of it, where all knobs have been turned before
FINEST = 1e-3
BEFORE_SECOND, FOR_SWITCHES = 0.35, 0.3  # parts of the renders
MOST_KNOBS = 40
SCREEN_SHARE = 0.4  # of the renders, at most
DEAD = 1e-6  # of the cost: a knob that changes less is not felt


@dataclass(frozen=True)
class Dimension:
    """One knob to be searched.

    Attributes:
        name: For people.
        start: Where it is, 0 to 1.
        steps: Number of values, where it has few; 0 for any.
    """

    name: str
    start: float
    steps: int = 0


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        positions: The best.
        cost: There.
        trace: Best cost after every render.
        searched: Names of the knobs that were not left alone.
        finished: False when it was cancelled.
    """

    positions: Positions
    cost: float
    trace: tuple[float, ...]
    searched: tuple[str, ...]
    finished: bool = True


class _Stopped(Exception):
    """No renders are left, or the user stopped it."""


@dataclass
class _Counted:
    """A cost that counts, remembers the best, and stops in time."""

    cost: Cost
    start: Positions
    stay: float
    most: int
    cancelled: Callable[[], bool]
    progress: Callable[[int, int, float, Positions], None]
    best: Positions = field(default_factory=lambda: np.zeros(0))
    least: float = float("inf")
    trace: list[float] = field(default_factory=list)
    stopped: bool = False
    heard: dict[bytes, float] = field(default_factory=dict)

    def __call__(self, positions: Positions) -> float:
        moved = float(np.square(positions - self.start).sum())
        return self.hear(positions) + self.stay * moved

    def hear(self, positions: Positions) -> float:
        """The cost without that of moving; what was rendered before is remembered."""
        key = np.round(positions, 9).tobytes()
        if key not in self.heard:
            self.heard[key] = self._rendered(positions)
            value = self.heard[key] + self.stay * float(np.square(positions - self.start).sum())
            if value < self.least:
                self.least, self.best = value, positions.copy()
            self.trace.append(self.least)
            self.progress(len(self.trace), self.most, self.least, self.best)
        return self.heard[key]

    def _rendered(self, positions: Positions) -> float:
        if self.cancelled():
            self.stopped = True
            raise _Stopped
        if len(self.trace) >= self.most:
            raise _Stopped
        try:
            with stoppable(self.cancelled):
                heard = float(self.cost(positions))
        except Cancelled:
            self.stopped = True
            raise _Stopped from None
        return heard if np.isfinite(heard) else 1e9


def search(
    cost: Cost,
    dimensions: Sequence[Dimension],
    renders: int,
    seed: int = 0,
    reach: float = REACH,
    progress: Callable[[int, int, float, Positions], None] = lambda done, most, least, best: None,
    cancelled: Callable[[], bool] = lambda: False,
    stay: float = 0.0,
) -> Found:
    """The positions of least cost that were found.

    Args:
        cost: Of positions `[dimensions]`, 0 to 1.
        dimensions: What they are.
        renders: How often the cost may be asked.
        seed: Same seed, same answer.
        reach: Of the first steps; small where the start is good.
        progress: Told renders done and allowed, the least cost, and where it is.
        cancelled: Asked before every render; the best so far is the answer.
        stay: What moving from the start costs besides, per squared part of a turn.
    """
    start = np.array([d.start for d in dimensions], dtype=float)
    counted = _Counted(cost, start, stay, renders, cancelled, progress)
    counted.best = start
    numbers = [i for i, d in enumerate(dimensions) if not d.steps]
    switches = [i for i, d in enumerate(dimensions) if d.steps]
    random = np.random.default_rng(seed)
    felt: list[int] = []
    try:
        counted(start)
        felt = _felt(counted, numbers, reach, random)
        _descend(counted, felt, renders * BEFORE_SECOND, reach)
        if switches:
            _switch(counted, switches, dimensions, renders * FOR_SWITCHES)
        rest = [index for index in numbers if index not in felt]
        woken = _felt(counted, rest, reach, random)
        felt = [*felt, *woken][:MOST_KNOBS]
        _descend(counted, felt, renders, reach if woken else NARROW * reach)
    except _Stopped:
        pass
    names = tuple(d.name for i, d in enumerate(dimensions) if i in {*felt, *switches})
    return Found(
        counted.best, counted.least, tuple(counted.trace), names, finished=not counted.stopped
    )


def _felt(
    counted: _Counted, numbers: list[int], reach: float, random: np.random.Generator
) -> list[int]:
    """Those that the cost feels at the best so far, of those there is time to try, most felt first.

    They are moved to where the descent, too, will try them.
    """
    base = counted.best.copy()
    here, change = counted.hear(base), dict[int, float]()
    for index in random.permutation(numbers)[: int(SCREEN_SHARE * counted.most)]:
        trial = base.copy()
        trial[index] += reach if trial[index] + reach <= 1 else -reach
        change[int(index)] = abs(counted.hear(trial) - here)
    felt = [index for index in change if change[index] > DEAD * abs(here)]
    return sorted(felt, key=lambda index: -change[index])[:MOST_KNOBS]


def _descend(counted: _Counted, numbers: list[int], renders: float, reach: float) -> None:
    """Numbers, from the best so far."""
    if not numbers:
        return
    from scipy.optimize import minimize

    base, count = counted.best.copy(), len(numbers)

    def cost(moving: Positions) -> float:
        trial = base.copy()
        trial[numbers] = np.clip(moving, 0, 1)
        return counted(trial)

    minimize(
        cost,
        base[numbers],
        method="COBYQA",
        bounds=[(0.0, 1.0)] * count,
        options={
            "maxfev": max(count + 3, int(renders)),
            "initial_tr_radius": reach,
            "final_tr_radius": FINEST,
        },
    )


def _switch(
    counted: _Counted, switches: list[int], dimensions: Sequence[Dimension], renders: float
) -> None:
    """Every switch and choice at its other values, the best kept."""
    each = max(1, int(renders / len(switches)))
    for index in switches:
        count = dimensions[index].steps
        here = round(counted.best[index] * (count - 1))
        others = [k for k in range(count) if k != here]
        if len(others) > each:
            others = [others[int(k)] for k in np.linspace(0, len(others) - 1, each)]
        base = counted.best.copy()
        for other in others:
            trial = base.copy()
            trial[index] = other / (count - 1)
            counted(trial)


def gaussian_process(
    cost: Cost,
    dimensions: Sequence[Dimension],
    renders: int,
    seed: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
    stay: float = 0.0,
) -> Found:
    """The published way, for comparison: `gp_minimize` with LCB, kappa 5, 30 without gain.

    It begins with ten random points, as scikit-optimize does by default, and searches every knob.
    """
    from skopt import gp_minimize

    start = np.array([d.start for d in dimensions], dtype=float)
    counted = _Counted(cost, start, stay, renders, cancelled, lambda done, most, least, best: None)
    counted.best = start

    def stale(result: object) -> bool:
        return len(counted.trace) > 30 and counted.trace[-31] <= counted.least

    with suppress(_Stopped):
        gp_minimize(
            lambda x: counted(np.array(x, dtype=float)),
            [(0.0, 1.0)] * len(dimensions),
            n_calls=renders,
            acq_func="LCB",
            kappa=5.0,
            callback=stale,
            random_state=seed,
        )
    names = tuple(d.name for d in dimensions)
    return Found(
        counted.best, counted.least, tuple(counted.trace), names, finished=not counted.stopped
    )
