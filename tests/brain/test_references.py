"""Going back, forth and part of the way: what people mean by the last turn."""

from __future__ import annotations

import itertools
import json
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ifx_bridge.brain import Context, Past, brain, grammar, references
from ifx_bridge.brain.plan import Plan
from ifx_bridge.brain.references import Reference
from ifx_bridge.effects.chain import Chain
from ifx_bridge.session import Score, Session, standing

BRAIN = brain("offline")


def context(session: Session) -> Context:
    """What `engine.context` tells, without a clip."""
    return Context(
        chain=session.own,
        turns={t.index: Past(t.instruction, t.as_own(), t.uses, frozenset(t.pinned))
               for t in session.turns},
        standing=standing(session),
        start=Past("", session.go_to(0).own),
        locked=frozenset(session.locked),
        pinned=frozenset(session.pinned),
    )  # fmt: skip


def step(session: Session, instruction: str) -> tuple[Session, Plan]:
    """One turn as the brain alone would make it: every move made, nothing refined."""
    plan = BRAIN.plan(instruction, context(session))
    after = session.add(
        instruction=instruction, route="reuse_all", chain=plan.aim, understood=plan.understood,
        score=Score(before=0, after=0), explanation=plan.explanation, resumed=plan.resumed,
        locked=sorted(plan.locked), pinned=sorted(plan.pinned),
    )  # fmt: skip
    return after, plan


def said(*instructions: str) -> Session:
    session = Session(clip={})
    for instruction in instructions:
        session, _ = step(session, instruction)
    return session


def params(session: Session) -> dict[str, dict[str, float]]:
    return {fx: dict(values) for fx, values in session.chain.params.items()}


MADE = ("add some distortion", "add reverb", "brighter", "delay 250 ms")


@cache
def made(count: int) -> Session:
    return said(*MADE[:count])


@pytest.mark.parametrize(
    ("instructions", "like"),
    [
        (("undo", "undo"), 2),
        (("undo", "undo", "undo"), 1),
        (("undo", "undo", "redo"), 3),
        (("undo", "undo", "redo", "redo"), 4),
        (("undo", "redo", "undo"), 3),
        (("go back two steps",), 2),
        (("undo the last two",), 2),
        (("undo twice", "undo"), 1),
        (("undo 4 times",), 0),
        (("undo", "wibble wobble", "undo"), 2),
        (("louder", "undo"), 3),
        (("undo that last one",), 3),
        (("I liked it better before",), 3),
        (("undo", "I liked it better before"), 4),
        (("never mind",), 3),
        (("qwertzuiop", "never mind"), 4),
        (("go back to turn 1",), 1),
        (("back to 1", "undo"), 4),
        (("give me turn 2", "go back a step"), 4),
        (("the first turn again",), 1),
        (("3 turns ago",), 1),
        (("start over",), 0),
        (("start over", "undo"), 4),
        (("back to the beginning", "undo"), 4),
        (("more of that", "undo"), 4),
        (("undo", "undo", "add chorus of 9 wibbles", "redo"), 3),
        (("return to the second version",), 2),
        (("I prefer the previous version",), 3),
    ],
)
def test_walks_what_a_person_means(instructions: tuple[str, ...], like: int) -> None:
    session = made(4)
    for instruction in instructions:
        session, _ = step(session, instruction)
    assert params(session) == params(made(like))


@pytest.mark.parametrize(
    "instruction",
    ["like turn 9 but brighter", "undo 7 times", "between turn 1 and turn 12", "redo",
     "halfway back to turn 30", "8 turns ago, and darker", "use the reverb from turn 1",
     "darker, like turn 6"],
)  # fmt: skip
def test_a_turn_that_is_not_there_changes_nothing(instruction: str) -> None:
    after, plan = step(made(4), instruction)
    assert not plan.understood and params(after) == params(made(4))
    assert "nothing" in plan.explanation.lower()


def test_goes_on_from_another_turn() -> None:
    for instruction in (
        "turn 1 but darker",
        "darker, like turn 1",
        "return to turn one and darker",
    ):
        after, plan = step(made(4), instruction)
        assert after.chain.ids == ("dist", "eq") and "dark" in plan.toward
        # More of that is darker still, and undo is the turn before.
        more, _ = step(after, "more of that")
        gain = "high_shelf_gain_db"
        assert more.chain["eq"].params[gain] < after.chain["eq"].params[gain]
        assert more.chain["dist"] == after.chain["dist"]
        assert params(step(after, "undo")[0]) == params(made(4))
    after, _ = step(made(4), "undo but darker")
    assert params(step(after, "undo")[0]) == params(made(4))
    borrowed, _ = step(said("add reverb", "remove the reverb"), "use the reverb from turn 1")
    assert borrowed.chain.ids == ("rev",)


def test_more_goes_on_by_equal_steps() -> None:
    session, gains = said("brighter"), []
    for _ in range(4):
        gains.append(session.chain["eq"].params["high_shelf_gain_db"])
        session, _ = step(session, "more")
    ways = [b - a for a, b in itertools.pairwise(gains)]
    assert ways == pytest.approx([0.5 * gains[0]] * 3, rel=0.01)
    # What was said in between and not understood is not what there is to be more of.
    first, _ = step(said("brighter", "wibble wobble"), "more")
    assert first.chain["eq"].params["high_shelf_gain_db"] == pytest.approx(gains[1])


@pytest.mark.parametrize(
    ("instruction", "share"),
    [("halfway back", 0.5), ("a third back", 2 / 3), ("75% back", 0.25), ("30% of that", 0.3),
     ("quarter of the way back", 0.75), ("twice that", 2.0), ("half that", 0.5),
     ("undo half of it", 0.5), ("opposite", -1.0),
     ("all the way back", None), ("too far", 0.5), ("go halfway to turn 1", None)],
)  # fmt: skip
def test_shares_of_the_last_change(instruction: str, share: float | None) -> None:
    session = said("drive 10 dB", "add 6 dB of drive")
    session = session.model_copy(update={"turns": (
        *session.turns[:1], session.turns[1].model_copy(
            update={"chain": [{"fx": "dist", "params": {"drive_db": 16.0}}]}),
    )})  # fmt: skip
    after, _ = step(session, instruction)
    if share is not None:
        assert after.chain["dist"].params["drive_db"] == pytest.approx(10 + 6 * share, abs=0.02)
    elif "all" in instruction:
        assert not len(after.chain)
    elif "turn 1" in instruction:
        assert after.chain["dist"].params["drive_db"] == pytest.approx(13, abs=0.02)


def test_between_two_turns() -> None:
    session = said("add reverb", "drive 12 dB")
    after, _ = step(session, "between the original and turn 2")
    assert after.chain["dist"].params["drive_db"] == pytest.approx(6, abs=0.1)
    wet = after.chain["rev"].params["wet_level"]
    assert 0 < wet < session.chain["rev"].params["wet_level"]


WORDS = [
    "undo", "redo", "undo twice", "back to turn 1", "like turn 2 but darker", "more of that",
    "halfway back", "twice that", "opposite", "start over", "between turn 1 and turn 3",
    "halfway to turn 2", "never mind", "it was better before", "add reverb", "brighter",
    "drive 12 dB", "lock the reverb", "unlock the reverb", "wibble wobble", "3 turns ago",
    "use the reverb from turn 2", "remove the reverb", "a third back", "undo but warmer",
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=9))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_walk_leaves_a_valid_session(instructions: list[str]) -> None:
    session = said(*instructions)
    again = Session(**json.loads(json.dumps(session.to_data())))
    assert again == session and standing(again) == standing(session)
    at = standing(session)
    assert set(at.line) | set(at.ahead) <= {t.index for t in session.turns}
    # What is heard is the turn that it stands at.
    assert session.chain.slots == (session.turn(at.at).as_own() if at.at else Chain()).slots


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=7), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_undo_so_often_is_the_sound_so_many_turns_before(
    instructions: list[str], data: st.DataObject
) -> None:
    session = said(*[i for i in instructions if "lock" not in i])
    line = (0, *standing(session).line)
    count = data.draw(st.integers(0, len(line) - 1))
    once, one_by_one = session, session
    if count:
        once, _ = step(session, f"undo {count} times")
    for _ in range(count):
        one_by_one, _ = step(one_by_one, "undo")
    target = line[-1 - count]
    there = session.turn(target).as_own() if target else Chain()
    assert once.own.slots == one_by_one.own.slots == there.slots
    back = one_by_one
    for _ in range(count):
        back, _ = step(back, "redo")
    assert back.own.slots == session.own.slots


@pytest.mark.parametrize(
    ("text", "reference", "rest"),
    [
        ("turn one, with distortion", Reference("goto", 1), "distortion"),
        ("same as turn 1 plus grit", Reference("goto", 1), "grit"),
        ("somewhere between dry and turn 2", Reference("between", 0, 2, share=0.5), ""),
        ("redo twice", Reference("redo", steps=2), ""),
        ("way more of that", Reference("further", share=0.75), ""),
        ("a bit less", Reference("back", share=0.25), ""),
        ("go back to how it was before", Reference("before"), ""),
        ("like before but with more reverb", Reference("before"), "with more reverb"),
        ("two thirds back", Reference("back", share=2 / 3), ""),
    ],
)
def test_reads(text: str, reference: Reference, rest: str) -> None:
    assert references.read(text, lambda words: grammar._amount(words)[0]) == (reference, rest)


@pytest.mark.parametrize(
    "text",
    ["more reverb", "first make it warm, then put it in a hall", "put the reverb first",
     "use a plate", "half the reverb", "take the edge off", "make it dry", "turn it down",
     "undo the reverb", "like the eighties", "back of the room", "take 4 dB off at 500 Hz",
     "like a first take", "two octaves down", "back to original pitch", "too much reverb"],
)  # fmt: skip
def test_is_no_reference(text: str) -> None:
    assert references.read(text.lower(), lambda words: 1.0)[0] is None


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_reads_any_text(text: str) -> None:
    reference, rest = references.read(grammar.normalized(text), lambda words: 1.0)
    assert reference is None or len(rest) <= len(grammar.normalized(text))
