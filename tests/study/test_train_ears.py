"""Training: what is held out stays out, and the same data give the same ears."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ifx_bridge.errors import Cancelled
from ifx_bridge.study import examples
from ifx_bridge.study.examples import LOOPS, Label, Measured, Splits, handmade
from ifx_bridge.study.train_ears import Recipe, tabulate, train

SHORT = Recipe(steps=12, batch=32, dimensions=3, hidden=4)


def made_up() -> Measured:
    """Three words that move three of five measurements, on random sounds."""
    random = np.random.default_rng(0)
    words = ("bright", "church", "gritty")
    which = random.integers(3, size=240)
    before = random.normal(size=(240, 5)).astype(np.float32)
    change = 0.2 * random.normal(size=(240, 5))
    change[np.arange(240), which] += 1
    return Measured(
        before,
        (before + change).astype(np.float32),
        [f"eq:{number}" for number in range(240)],
        ["sound"] * 240,
        [(Label(words[i]),) for i in which],
    )


def test_splits_are_disjoint_from_training(tmp_path: Path) -> None:
    splits = Splits.load()
    assert set(LOOPS) <= splits.dry
    assert splits.words and splits.contributions
    assert not splits.words & set(handmade().descriptors)
    known = examples.Example("eq:a", (Label("bright"),), ())
    held = examples.Example("eq:b", (Label("bright"),), ())
    word = examples.Example("eq:c", (Label("unheard"), Label("bright")), ())
    data = examples.Data(
        (known, known, known, known, held, word),
        Splits(frozenset({"eq:b"}), frozenset({"unheard"}), frozenset()),
        handmade(),
    )
    shown = data.shown()
    assert "eq:b" not in {example.key for example in shown}
    assert {label.word for example in shown for label in example.labels} == {"bright"}
    for loop in LOOPS:
        (tmp_path / f"{loop}.wav").touch()
    assert examples.dry_paths(tmp_path) == []


def test_held_out_words_are_hidden_as_aliases_too() -> None:
    table = tabulate(made_up(), {"shiny": "bright", "brilliant": "bright"}, frozenset({"shiny"}))
    assert len(table.aliases[1]) == 1


def test_training_is_repeatable_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    table = tabulate(made_up(), {}, frozenset())
    whole = train(table, SHORT).weights
    assert all(torch.equal(whole[n], w) for n, w in train(table, SHORT).weights.items())
    steps = iter([False] * 4 + [True])
    with pytest.raises(Cancelled):
        train(table, SHORT, tmp_path / "state.pt", cancelled=lambda: next(steps))
    again = train(table, SHORT, tmp_path / "state.pt", resume=True).weights
    assert all(torch.allclose(whole[n], w, atol=1e-6) for n, w in again.items())


def test_learns_what_words_do() -> None:
    measured = made_up()
    table = tabulate(measured, {}, frozenset())
    weights, words = train(table, Recipe(steps=60, batch=64, dimensions=3, hidden=4)).finished(
        measured
    )
    assert words == ["bright", "church", "gritty"]
    from ifx_bridge.ears.fx import hear

    full = {name: tensor.float() for name, tensor in weights.items()}
    change = hear(full, torch.from_numpy(measured.after)) - hear(
        full, torch.from_numpy(measured.before)
    )
    like = (
        torch.nn.functional.normalize(change, dim=-1)
        @ torch.nn.functional.normalize(full["points"], dim=-1).T
    )
    right = torch.tensor([words.index(row[0].word) for row in measured.labels])
    assert float((like.argmax(-1) == right).float().mean()) > 0.9


def test_examples_of_the_lexicon_are_the_same_for_the_same_seed() -> None:
    one, two = (
        [(e.key, e.labels) for e in examples.transitions(handmade(), 20, np.random.default_rng(3))]
        for _ in range(2)
    )
    assert one == two
    less = [labels for key, labels in one if "less" in key]
    assert less and all(labels[0].amount < 0 for labels in less)
