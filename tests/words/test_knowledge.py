"""The lexicon and the statistics fit together."""

from __future__ import annotations

import pytest

from ifx_bridge.effects.chain import Chain
from ifx_bridge.words.knowledge import build, knowledge


def test_every_descriptor_is_sound() -> None:
    known = knowledge()
    for name, descriptor in known.descriptors.items():
        assert descriptor.effects or descriptor.relief, name
        assert not descriptor.opposite or descriptor.opposite in known.descriptors, name
        Chain(descriptor.slots())
    assert set(known.names.values()) == set(known.descriptors)


def test_no_name_means_two_things() -> None:
    import tomllib
    from importlib import resources

    text = resources.files("ifx_bridge.words").joinpath("lexicon.toml").read_text("utf-8")
    said: dict[str, str] = {}
    for name, entry in tomllib.loads(text).items():
        for way in (name, *entry.get("also", ())):
            assert said.setdefault(way, name) == name, way


def test_crowd_values_replace_ours_where_named() -> None:
    lexicon = {"bright": {"crowd": "brightish", "eq": {"high_shelf_gain_db": 1.0}}}
    crowd = {
        "brightish": {"eq": {"params": {"high_shelf_gain_db": 5.0}, "count": 9, "consistency": 0.9}}
    }
    descriptor = build(lexicon, crowd).descriptors["bright"]
    assert descriptor.effects["eq"]["high_shelf_gain_db"] == 5.0
    assert descriptor.people == 9


def test_learned_words_are_there_with_their_contributors() -> None:
    assert knowledge().descriptors["warm"].people > 100
    assert knowledge().descriptors["bright"].people > 100


@pytest.mark.parametrize("name", ["the", "sound", "more", "less", "too"])
def test_grammar_words_are_no_descriptors(name: str) -> None:
    assert name not in knowledge().names
