"""The vocabulary: forms, nearness, opposites, misspellings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifx_bridge.words.forms import base_in
from ifx_bridge.words.knowledge import knowledge
from ifx_bridge.words.vocabulary import SHIPPED, Vocabulary

WORDS = Vocabulary.load()
NAMES = list(knowledge().names)


@pytest.mark.parametrize(
    ("form", "base"),
    [("brighter", "bright"), ("crunchiness", "crunchy"), ("softened", "soften"),
     ("cathedrals", "cathedral"), ("darkest", "dark"), ("noisily", "noisy")],
)  # fmt: skip
def test_forms(form: str, base: str) -> None:
    assert base_in(form, {base}) == base


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("sanctuary", "church"),
        ("spooky", "plate"),
        ("whispering", "close"),
        ("woolen", "muffled"),
        ("crackling", "noisy"),
        ("melancholy", "dark"),
    ],
)
def test_nearest_is_what_people_mean(word: str, meaning: str) -> None:
    (best,) = WORDS.nearest(word, [n for n in NAMES if n != word], 1)
    assert knowledge().names[best.word] == meaning


def test_opposites_and_misspellings() -> None:
    assert "dull" in WORDS.opposites("bright")
    assert "hard" in WORDS.opposites("soft")
    assert WORDS.correct("aggresive") == "aggressive"
    assert WORDS.correct("catherdal") == "cathedral"
    assert WORDS.correct("qwrtzp") is None and WORDS.correct("bright") is None


def test_garbage_is_unknown() -> None:
    assert WORDS.vector("xqzzt") is None
    assert WORDS.nearest("xqzzt", NAMES) == ()


def test_is_small_and_holds_no_code() -> None:
    assert SHIPPED.stat().st_size < 3_000_000
    with np.load(SHIPPED, allow_pickle=False) as data:
        assert data["vectors"].dtype == np.int8


@given(st.text(max_size=40))
@settings(max_examples=80, deadline=None)
def test_any_text(text: str) -> None:
    for match in WORDS.nearest(text, NAMES[:40]):
        assert -1 <= match.similarity <= 1
    WORDS.opposites(text)
    WORDS.correct(text)
