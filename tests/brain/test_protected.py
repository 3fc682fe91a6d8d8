"""What is locked, held or set to a number stays, whatever else is asked, and nothing says else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifx_bridge.brain import Context, Past, Plan, brain
from ifx_bridge.brain.draft import TITLES, title_of
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.study.instructions import read

BRAIN = brain("offline")
FULL = Chain(
    (
        Slot("eq", {"band0_gain_db": -0.8, "band0_cutoff_freq": 300, "high_shelf_gain_db": 5}),
        Slot("comp", {"threshold_db": -28, "ratio": 5}),
        Slot("dist", {"drive_db": 24}),
        Slot("delay", {"mix": 0.35, "feedback": 0.4}),
        Slot("rev", {"wet_level": 0.5, "room_size": 0.8}),
    )
)
SAID = [case.say for case in read(Path(__file__).parent / "corpus" / "tuned.toml")]
COMMANDS = ["undo", "start over", "put the reverb first", "delay last", "swap the order",
            "brighter",
            "more of that", "halve the drive", "bigger room", "dry it up", "less reverb",
            "remove everything", "too harsh", "swap the reverb and the delay", "max feedback",
            "replace the reverb with a delay", "cut 3 dB at 300 Hz", "double the delay time",
            "muddy around 300", "less eq", "unsquash it"]  # fmt: skip
KEYS = [f"{slot.fx}.{name}" for slot in FULL for name in slot.params]
saying = st.sampled_from([*SAID, *COMMANDS]).filter(lambda said: "unlock" not in said)


def context(locked: frozenset[str] = frozenset(), pinned: frozenset[str] = frozenset()) -> Context:
    before = Chain(FULL.slots[:2])
    turns = {1: Past("before", before, pinned=pinned), 2: Past("then", FULL, pinned=pinned)}
    return Context(FULL, turns, locked=locked, pinned=pinned)


def stays(key: str, plan: Plan) -> None:
    fx, _, name = key.partition(".")
    for chain in (plan.start, plan.aim):
        assert fx in chain, key
        names = [name] if name else list(FULL[fx].params)
        for each in names:
            assert chain[fx].params[each] == FULL[fx].params[each], (key, each)


def claims(key: str, explanation: str) -> bool:
    """Whether an explanation says that something about it was changed."""
    return bool(
        re.search(
            rf"\b{re.escape(title_of(key))} (?:goes (?:up|down)|is set|is removed|is re-tuned)",
            explanation,
        )
    )


@given(saying, st.frozensets(st.sampled_from([*FULL.ids, *KEYS]), min_size=1, max_size=4))
@settings(max_examples=500, deadline=None)
def test_what_is_locked_stays(said: str, locked: frozenset[str]) -> None:
    plan = BRAIN.plan(said, context(locked))
    for key in locked & plan.locked:
        stays(key, plan)
        assert not claims(key, plan.explanation), plan.explanation
    assert plan.explanation


@given(saying, st.frozensets(st.sampled_from(KEYS), min_size=1, max_size=4))
@settings(max_examples=500, deadline=None)
def test_what_was_set_stays_until_it_is_named(said: str, pinned: frozenset[str]) -> None:
    plan = BRAIN.plan(said, context(pinned=pinned))
    for key in pinned & plan.pinned:
        fx, name = key.split(".")
        moved = {(m.fx, m.name) for m in plan.moves}
        assert (fx, name) not in moved
        if plan.start[fx].params[name] != FULL[fx].params[name]:  # set to another number
            assert key in plan.held


QUALITIES = ["brighter", "darker", "warm", "make it airy", "like a telephone", "more punch", "thin",
             "crunchy", "in a church", "slapback", "crisp", "fat and round"]  # fmt: skip


@pytest.mark.parametrize("said", QUALITIES)
@given(pinned=st.frozensets(st.sampled_from(KEYS), min_size=1))
@settings(max_examples=60, deadline=None)
def test_qualities_leave_numbers_alone(said: str, pinned: frozenset[str]) -> None:
    plan = BRAIN.plan(said, context(pinned=pinned))
    for key in pinned:
        stays(key, plan)


@given(
    saying.filter(lambda said: not re.search(r"\b(?:lock|keep|leave|touch|alone)\b", said)),
    st.sampled_from(FULL.ids),
    st.sampled_from(["leave the {} alone but {}", "{1}, but do not touch the {0}",
                     "lock the {} and {}", "keep the {}, {}"]),
)  # fmt: skip
@settings(max_examples=500, deadline=None)
def test_what_is_held_stays(said: str, fx: str, phrase: str) -> None:
    names = {"comp": "compressor", "dist": "distortion", "rev": "reverb", "eq": "equalizer"}
    plan = BRAIN.plan(phrase.format(names.get(fx, fx), said), context())
    if fx not in plan.held:
        return  # "swap it" and the like ask for more than one clause can say
    stays(fx, plan)
    assert not claims(fx, plan.explanation), plan.explanation


@pytest.mark.parametrize("said", ["leave the eq alone but make it brighter",
                                  "brighter, but don't touch the eq",
                                  "make it brighter but lock the equalizer"])  # fmt: skip
def test_holding_holds_wherever_it_stands(said: str) -> None:
    plan = BRAIN.plan(said, context())
    assert "eq" in plan.held
    stays("eq", plan)
    assert "re-tuned" not in plan.explanation


def test_a_lock_after_a_number_locks_the_number() -> None:
    plan = BRAIN.plan("set the delay to 300 ms and lock the delay", context())
    assert plan.aim["delay"].params["delay_seconds"] == pytest.approx(0.3)
    assert "delay" in plan.locked
    plan = BRAIN.plan("more delay and lock the delay", context())
    assert plan.aim["delay"].params["mix"] > FULL["delay"].params["mix"]


def test_a_number_survives_a_quality() -> None:
    first = BRAIN.plan("cut 0.8 dB at 300 Hz", Context())
    second = BRAIN.plan("brighter", Context(first.aim, pinned=first.pinned))
    for name in ("gain_db", "cutoff_freq", "q_factor"):
        key = f"band0_{name}"
        assert second.aim["eq"].params[key] == first.aim["eq"].params[key]


@pytest.mark.parametrize(
    "said",
    ["undo", "start over", "put the reverb first", "less reverb", "remove the reverb",
     "halve the reverb", "bigger room"],
)  # fmt: skip
def test_says_that_a_locked_effect_stays(said: str) -> None:
    plan = BRAIN.plan(said, context(frozenset({"rev"})))
    stays("rev", plan)
    assert f"The {TITLES['rev']} is locked and stays" in plan.explanation
    assert plan.start.ids.index("rev") == len(plan.start.ids) - 1
