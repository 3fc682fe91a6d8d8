"""Small talk changes nothing and is answered; what goes before something else is passed over."""

from __future__ import annotations

import pytest

from ifx_bridge.brain import Context, Past, brain, grammar, smalltalk
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.words.knowledge import knowledge

CHAIN = Chain((Slot("rev"), Slot("dist", {"drive_db": 14.0})))
CONTEXT = Context(CHAIN, {1: Past("before", CHAIN)})


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("perfect", "approval"), ("great, keep it", "approval"), ("I love it!!", "approval"),
        ("ok that's nice, thanks", "approval"), ("thanks", "thanks"),
        ("thank you so much", "thanks"),
        ("hello there", "greeting"), ("bye", "farewell"), ("hmm", "waiting"), ("nope", "refusal"),
        ("what can you do?", "help"), ("muchas gracias", "thanks"),
    ],
)  # fmt: skip
def test_small_talk_changes_nothing(said: str, kind: str) -> None:
    found = smalltalk.answer(grammar.normalized(said))
    assert found is not None and found.kind == kind
    plan = brain("offline").plan(said, CONTEXT)
    assert plan.aim == CHAIN and plan.understood and plan.explanation == found.reply


@pytest.mark.parametrize(
    ("said", "word"),
    [("perfect, now darker", "dark"), ("ok thanks, now a little warmer", "warm"),
     ("nice, but less dirty", "clean")],
)  # fmt: skip
def test_what_follows_small_talk_is_done(said: str, word: str) -> None:
    assert word in brain("offline").plan(said, CONTEXT).toward


@pytest.mark.parametrize("said", ["make it nice and warm", "darker", "good old radio", "no reverb"])
def test_is_no_small_talk(said: str) -> None:
    assert smalltalk.answer(grammar.normalized(said)) is None


@pytest.mark.parametrize("said", ["gate the noise", "add a flanger", "put some autotune on it"])
def test_effects_that_there_are_none_of(said: str) -> None:
    plan = brain("offline").plan(said, CONTEXT)
    assert plan.aim == CHAIN and "There is no" in plan.explanation


def test_a_word_of_an_effect_that_is_there() -> None:
    chain = Chain((Slot("bitcrush", {"bit_depth": 8.0}),))
    there = Context(chain, {1: Past("before", chain)})
    more, less = (brain("offline").plan(s, there) for s in ("more crushed", "less crushed"))
    depths = [plan.aim["bitcrush"].params["bit_depth"] for plan in (more, less)]
    assert more.start.ids == less.start.ids == ("bitcrush",) and depths[0] < 8 < depths[1]
    assert brain("offline").plan("crushed", Context()).start.ids == ("comp",)


def test_every_name_is_said_of_one_quality() -> None:
    from ifx_bridge.words.knowledge import lexicon

    names: dict[str, list[str]] = {}
    for name, entry in lexicon().items():
        for said in (name, *entry.get("also", ())):
            names.setdefault(said, []).append(name)
    assert not {said: found for said, found in names.items() if len(found) > 1}
    assert all(d.opposite in knowledge().descriptors for d in knowledge().descriptors.values()
               if d.opposite)  # fmt: skip
