"""Turns of phrase in plain words."""

from __future__ import annotations

import pytest

from ifx_bridge.brain.idioms import plain
from ifx_bridge.words.knowledge import knowledge

KNOWN = frozenset(knowledge().names)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("knock the highs back a bit", "less the highs a bit"),
        ("whack the treble right up", "way more the treble"),
        ("please pull the compressor out", "please remove the compressor"),
        ("go easy on the reverb", "less the reverb"),
        ("it is not bright enough", "more bright"),
        ("the bass is not deep enough", "more deep bass"),
        ("reverb is not long enough", "more long reverb"),
        ("it does not sparkle", "more sparkle"),
        ("it crackles", "it is crackling"),
        ("it clips", "it is clipping"),
        ("swimming in echo", "too much echo"),
        ("the drive makes it fuzzy", "too much drive"),
        ("overcompressed", "too compressed"),
        ("warm not muddy", "warm, not muddy"),
        ("warm rather than bright", "warm, not bright"),
        ("more reverb but do not lose the clarity", "more reverb but , keep the clarity"),
        ("make the electric guitar warmer", "make the guitar warmer"),
        ("really really bright", "extremely bright"),
        ("the delay has to go", "remove the delay"),
    ],
)
def test_says_it_plainly(said: str, meant: str) -> None:
    assert plain(said, KNOWN) == meant


@pytest.mark.parametrize(
    "said",
    [
        "make it brighter",
        "bring it up",  # of what was said before
        "knock the highs back 3 db",  # the number says which way
        "make it swimming in reverb",
        "overdrive",
        "do not brighten it",
        "like an electric guitar",
        "warm not now",
    ],
)
def test_leaves_the_rest_alone(said: str) -> None:
    assert plain(said, KNOWN) == said
