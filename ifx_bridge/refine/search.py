"""Search where there are no gradients: hosted plugins, and whatever else only renders.

Positions run from 0 to 1. Numbers are searched by COBYQA, which fits a quadratic to what it has
seen and trusts it in a region that it adapts (T. M. Ragonneau, Model-based derivative-free
optimization methods and software, 2022; in SciPy); switches and choices are tried one by one in
between. Of plugins with very many knobs, those that the cost feels most are searched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.float64]
Cost = Callable[[Positions], float]

REACH = 0.25  # of the first steps
NARROW = 0.4  # part of it, after switches were tried
FINEST = 1e-3
BEFORE_SWITCHES, FOR_SWITCHES = 0.5, 0.3  # parts of the renders
MOST_KNOBS = 40
SCREEN_SHARE = 0.4  # of the renders, where there are more knobs than that
SCREEN_MOVE = 0.25


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
    most: int
    cancelled: Callable[[], bool]
    progress: Callable[[int, int, float, Positions], None]
    best: Positions = field(default_factory=lambda: np.zeros(0))
    least: float = float("inf")
    trace: list[float] = field(default_factory=list)
    stopped: bool = False

    def __call__(self, positions: Positions) -> float:
        if self.cancelled():
            self.stopped = True
            raise _Stopped
        if len(self.trace) >= self.most:
            raise _Stopped
        value = float(self.cost(positions))
        value = value if np.isfinite(value) else 1e9
        if value < self.least:
            self.least, self.best = value, positions.copy()
        self.trace.append(self.least)
        self.progress(len(self.trace), self.most, self.least, self.best)
        return value


def search(
    cost: Cost,
    dimensions: Sequence[Dimension],
    renders: int,
    seed: int = 0,
    reach: float = REACH,
    progress: Callable[[int, int, float, Positions], None] = lambda done, most, least, best: None,
    cancelled: Callable[[], bool] = lambda: False,
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
    """
    counted = _Counted(cost, renders, cancelled, progress)
    start = np.array([d.start for d in dimensions], dtype=float)
    counted.best = start
    chosen = list(range(len(dimensions)))
    try:
        counted(start)
        if len(dimensions) > MOST_KNOBS:
            chosen = _felt(counted, start, seed)
        numbers = [i for i in chosen if not dimensions[i].steps]
        switches = [i for i in chosen if dimensions[i].steps]
        _descend(counted, numbers, renders * (BEFORE_SWITCHES if switches else 1.0), reach)
        if switches:
            _switch(counted, switches, dimensions, renders * FOR_SWITCHES)
            _descend(counted, numbers, renders, NARROW * reach)
    except _Stopped:
        pass
    names = tuple(dimensions[i].name for i in chosen)
    return Found(
        counted.best, counted.least, tuple(counted.trace), names, finished=not counted.stopped
    )


def _felt(counted: _Counted, start: Positions, seed: int) -> list[int]:
    """Indices of the knobs that change the cost most, of those there is time to try."""
    order = np.random.default_rng(seed).permutation(len(start))
    tried = order[: int(SCREEN_SHARE * counted.most)]
    here = counted.trace[0]
    change = {}
    for index in tried:
        moved = start.copy()
        moved[index] += SCREEN_MOVE if moved[index] < 0.5 else -SCREEN_MOVE
        change[int(index)] = abs(counted(moved) - here)
    felt = [index for index in change if change[index] > 0]
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
) -> Found:
    """The published way, for comparison: `gp_minimize` with LCB, kappa 5, 30 without gain.

    It begins with ten random points, as scikit-optimize does by default, and searches every knob.
    """
    from skopt import gp_minimize

    counted = _Counted(cost, renders, cancelled, lambda done, most, least, best: None)
    counted.best = np.array([d.start for d in dimensions])

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
