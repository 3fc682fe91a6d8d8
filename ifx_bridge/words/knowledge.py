"""What descriptors mean: our lexicon, with crowd statistics where there are any."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from ifx_bridge.effects.chain import Slot
from ifx_bridge.effects.spec import Params, effect
from ifx_bridge.words.forms import base_in

# Crowd words that are in no lexicon entry count when so many people used them and so agreed.
TRUST = {"eq": (4, 0.3), "rev": (40, 0.4)}
# Words of an entry that mean it only where an effect is in the chain: "more crushed" of a bit
# crusher is no compression.
WHERE_THERE = "where_there"
# Judgements and things that say nothing about sound, though people wrote them.
JUDGEMENTS = frozenset({
    "amplified", "attractive", "band", "classic", "death", "disturbing", "enjoyable", "exciting",
    "fast", "formal", "fun", "happy", "irritating", "jammy", "love", "loving", "marching",
    "marching band", "melodic", "military", "moving", "odd", "off key", "pleasing", "rhythmic",
    "simple", "stereo", "strange", "subtle", "too much", "ugly", "upbeat", "uplifting", "low",
    "rolling", "annoying", "interesting", "unpleasant", "loud", "quiet", "strong",
    "energetic", "mild",
    "high pitch", "feedback", "distortion", "hard", "hot", "sad", "quieter",
})  # fmt: skip


@dataclass(frozen=True)
class Cause:
    """A knob that raises a quality when turned up (`sign` 1) or down (-1)."""

    fx: str
    name: str
    sign: int


@dataclass(frozen=True)
class Descriptor:
    """One quality of sound.

    Attributes:
        name: Canonical word.
        effects: Typical values by effect id, in signal order.
        opposite: Canonical word of the opposite, or empty.
        causes: Knobs that raise it, the most likely culprit first.
        relief: True when asking for it means first undoing what causes its opposite.
        people: Contributors behind the values; 0 when they are ours.
    """

    name: str
    effects: Mapping[str, Params] = field(default_factory=dict)
    opposite: str = ""
    causes: tuple[Cause, ...] = ()
    relief: bool = False
    people: int = 0

    def slots(self) -> tuple[Slot, ...]:
        """Its effects at typical strength, in signal order."""
        return tuple(Slot(fx, params) for fx, params in self.effects.items())


@dataclass(frozen=True)
class Knowledge:
    """All descriptors.

    Attributes:
        descriptors: By canonical name.
        names: Every way to say one, to its canonical name.
        where_there: The effect and the name that a word has where that effect is in the chain.
    """

    descriptors: Mapping[str, Descriptor]
    names: Mapping[str, str]
    where_there: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def find(self, phrase: str) -> Descriptor | None:
        """The descriptor said by exactly this phrase."""
        name = self.names.get(phrase)
        return self.descriptors[name] if name is not None else None

    def opposite(self, descriptor: Descriptor) -> Descriptor | None:
        """Its opposite, where it has one."""
        return self.descriptors.get(descriptor.opposite)


@cache
def knowledge() -> Knowledge:
    """The shipped lexicon and statistics."""
    crowd_file = resources.files("ifx_bridge.words").joinpath("crowd.json")
    crowd = json.loads(crowd_file.read_text("utf-8"))["words"] if crowd_file.is_file() else {}
    return build(lexicon(), crowd)


def lexicon() -> dict[str, Any]:
    """The lexicon as it stands in its file."""
    text = resources.files("ifx_bridge.words").joinpath("lexicon.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def complaints() -> dict[str, re.Pattern[str]]:
    """What people say of too much of a quality without naming it, by descriptor."""
    text = resources.files("ifx_bridge.words").joinpath("complaints.toml").read_text("utf-8")
    return {name: re.compile("|".join(said)) for name, said in tomllib.loads(text).items()}


def build(lexicon: Mapping[str, Any], crowd: Mapping[str, Any]) -> Knowledge:
    """Knowledge from the two tables, as they stand in their files."""
    descriptors: dict[str, Descriptor] = {}
    names: dict[str, str] = {}
    where_there: dict[str, tuple[str, str]] = {}
    for name, entry in lexicon.items():
        effects = {
            fx: dict(v) for fx, v in entry.items() if isinstance(v, Mapping) and fx != WHERE_THERE
        }
        for fx, words in entry.get(WHERE_THERE, {}).items():
            where_there |= {word: (fx, name) for word in words}
        people = 0
        for fx, found in crowd.get(entry.get("crowd", ""), {}).items():
            if fx in effects:
                effects[fx] = found["params"]
                people += int(found["count"])
        descriptors[name] = Descriptor(
            name,
            {fx: effect(fx).complete(values) for fx, values in effects.items()},
            entry.get("opposite", ""),
            tuple(_cause(text) for text in entry.get("caused_by", ())),
            bool(entry.get("relief", False)),
            people,
        )
        for alias in (name, *entry.get("also", ())):
            names[alias] = name
    for word, by_effect in sorted(crowd.items()):
        tokens = word.split()
        if word in JUDGEMENTS or all(base_in(token, names) for token in tokens):
            continue
        # Contributors were given one effect and asked for words: an equalizer says most about
        # tone, and words that it does not explain are left to the reverb.
        sure = [
            fx
            for fx, (people_least, agreement) in TRUST.items()
            if fx in by_effect
            and by_effect[fx]["count"] >= people_least
            and by_effect[fx]["consistency"] >= agreement
        ]
        if sure:
            fx, found = sure[0], by_effect[sure[0]]
            values = effect(fx).complete(found["params"])
            descriptors[word] = Descriptor(word, {fx: values}, people=int(found["count"]))
            names[word] = word
    return Knowledge(descriptors, names, where_there)


def _cause(text: str) -> Cause:
    fx, name = text.removeprefix("-").split(".")
    effect(fx).parameter(name)
    return Cause(fx, name, -1 if text.startswith("-") else 1)
