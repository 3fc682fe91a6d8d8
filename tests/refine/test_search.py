"""Search without gradients."""

from __future__ import annotations

import numpy as np
import pytest

from ifx_bridge.errors import Cancelled
from ifx_bridge.refine.search import Dimension, gaussian_process, search

AIM = np.array([0.8, 0.3, 0.6, 0.2])


def bowl(at: np.ndarray) -> float:
    return float(((at[:4] - AIM) ** 2).sum()) + 0.5 * abs(round(at[4]) - 1)


KNOBS = [Dimension(name, 0.5) for name in "abcd"] + [Dimension("on", 0.0, 2), Dimension("x", 0.5)]


@pytest.mark.parametrize("seed", range(3))
def test_numbers_and_switches_are_found(seed: int) -> None:
    found = search(bowl, KNOBS, 100, seed)
    assert np.abs(found.positions[:4] - AIM).max() < 0.05
    assert found.positions[4] == 1.0
    assert found.cost == min(found.trace) and len(found.trace) <= 100
    assert list(found.trace) == sorted(found.trace, reverse=True)


def test_the_same_seed_gives_the_same() -> None:
    one, two = (search(bowl, KNOBS, 60, 4) for _ in range(2))
    assert np.array_equal(one.positions, two.positions) and one.trace == two.trace


def test_never_worse_than_the_start_and_never_outside() -> None:
    seen = []

    def nasty(at: np.ndarray) -> float:
        seen.append(at.copy())
        return float("nan") if at[0] > 0.6 else float(at.sum())

    found = search(nasty, KNOBS, 50)
    assert found.cost <= found.trace[0]
    assert np.array(seen).min() >= 0 and np.array(seen).max() <= 1


def test_of_many_knobs_those_that_matter_are_searched() -> None:
    many = [Dimension(str(k), 0.5) for k in range(120)]
    found = search(lambda at: float((at[7] - 0.9) ** 2 + (at[50] - 0.1) ** 2), many, 400)
    assert "7" in found.searched and "50" in found.searched and len(found.searched) <= 40
    assert found.cost < 0.01


def gain_and_frequency(at: np.ndarray) -> float:
    """Two bands that start at 0 dB, where their frequencies are not heard; six dead knobs."""
    gains, frequencies = at[[0, 2]] - 0.5, at[[1, 3]]
    return float(((gains * np.array([1 + frequencies[0], 2 - frequencies[1]]) - 0.2) ** 2).sum())


@pytest.mark.parametrize("seed", range(5))
def test_knobs_that_change_nothing_are_not_searched(seed: int) -> None:
    knobs = [Dimension(name, 0.5) for name in ("gain1", "hz1", "gain2", "hz2", *"uvwxyz")]
    found = search(gain_and_frequency, knobs, 100, seed, stay=0.1)
    assert set(found.searched) == {"gain1", "hz1", "gain2", "hz2"}
    assert np.all(found.positions[4:] == 0.5)
    assert found.cost < 0.5 * found.trace[0]


def test_where_nothing_is_felt_nothing_is_searched() -> None:
    knobs = [Dimension(name, 0.5) for name in "abcdefghij"]
    found = search(lambda at: 1.0, knobs, 40)
    assert found.searched == () and len(found.trace) == 11
    assert np.all(found.positions == 0.5)


def test_what_was_rendered_is_remembered() -> None:
    asked = set()

    def once(at: np.ndarray) -> float:
        assert at.tobytes() not in asked
        asked.add(at.tobytes())
        return bowl(at)

    found = search(once, KNOBS, 60)
    assert len(asked) == len(found.trace)


def test_a_render_that_is_broken_off_stops_the_search() -> None:
    asked = 0

    def hangs(at: np.ndarray) -> float:
        nonlocal asked
        asked += 1
        if asked == 7:
            raise Cancelled
        return bowl(at)

    found = search(hangs, KNOBS, 100)
    assert not found.finished and len(found.trace) == 6 and found.cost == min(found.trace)


def test_stopping_keeps_the_best() -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 20

    found = search(bowl, KNOBS, 100, cancelled=cancelled)
    assert not found.finished and len(found.trace) == 20 and found.cost == min(found.trace)


def test_nothing_to_search() -> None:
    found = search(lambda at: 1.0, [], 10)
    assert found.cost == 1.0 and found.finished


def test_the_published_way() -> None:
    found = gaussian_process(bowl, KNOBS[:4] + KNOBS[4:5], 14)
    assert len(found.trace) == 14 and found.cost < found.trace[0]
