"""Whatever a model says, the plan is valid."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ifx_bridge.brain import Context, Past
from ifx_bridge.brain.draft import Draft
from ifx_bridge.brain.llm import answers, tools
from ifx_bridge.brain.llm.client import Call
from ifx_bridge.brain.plan import Owned, Use
from ifx_bridge.effects import spec
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.refine.whole_chain import movable
from ifx_bridge.session import Session

FX = ["eq", "comp", "rev", "dist", "delay", "pitchshift", "bitcrush"]
KNOBS = [f"{e}.{p.name}" for e in FX for p in spec.effect(e).parameters]
NAMES = [
    *(f"add_{fx}" for fx in FX), *(f"remove_{fx}" for fx in FX), "reorder", "lock", "unlock",
    "set_parameter", "equalize", "undo", "redo", "start_over", "go_to_turn", "more_of_that",
    "part_way_back", "retune", "not_understood", "make_coffee", "", "use_plugin", "put_plugin_away",
]  # fmt: skip
numbers = st.one_of(st.floats(), st.integers(), st.just("12"), st.just("NaN"), st.booleans())
json_values = st.recursive(
    st.one_of(st.none(), numbers, st.text(max_size=8), st.sampled_from([*FX, *KNOBS])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
likely = st.fixed_dictionaries(
    {},
    optional={
        "knob": st.sampled_from(KNOBS) | json_values,
        "value": numbers,
        "hz": numbers,
        "gain_db": numbers,
        "order": st.lists(st.sampled_from(FX)) | json_values,
        "effect": st.sampled_from(FX) | json_values,
        "until": st.sampled_from(["this_turn", "unlocked", 3]),
        "turn": numbers,
        "share": numbers,
        "reason": json_values,
        "plugin": st.sampled_from(["Big Room", "Grains"]) | json_values,
    },
)
calls = st.builds(
    Call,
    name=st.sampled_from(NAMES) | st.text(max_size=12),
    arguments=st.one_of(likely.map(json.dumps), json_values.map(json.dumps), st.text(max_size=30)),
)
chains = st.lists(st.sampled_from(FX), unique=True, max_size=4).map(
    lambda ids: Chain(tuple(Slot(fx) for fx in ids))
)


def context_of(chain: Chain, locked: list[str]) -> Context:
    before = Chain(chain.slots[:-1])
    turns = {1: Past("a", before), 2: Past("b", chain)}
    keys = frozenset(fx for fx in locked if fx in chain)
    owned = (Owned("bigroom", "Big Room", "rev"), Owned("grains", "Grains"))
    return Context(chain, turns, locked=keys, owned=owned)


def check(draft: Draft, context: Context) -> None:
    plan = draft.plan("x")
    aim = plan.aim
    assert Chain.from_data(aim.to_data()) == aim
    movable(plan)
    session = Session(clip={}).add(
        instruction="x", route="reuse_all", chain=aim, score={"before": 0, "after": 0},
        explanation=plan.explanation, uses=plan.uses,
        locked=sorted(plan.locked), pinned=sorted(plan.pinned),
    )  # fmt: skip
    assert Session(**json.loads(json.dumps(session.to_data()))) == session
    gone = set(plan.start.ids) ^ set(context.chain.ids)
    moved = {m.fx for m in plan.moves}
    still = plan.locked & context.locked
    if still == context.locked and not ({"undo"} & gone):
        assert not moved & still


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chains, st.lists(calls, max_size=8), st.lists(st.sampled_from(FX), max_size=2))
def test_any_calls_leave_a_valid_plan(chain: Chain, made: list[Call], locked: list[str]) -> None:
    context = context_of(chain, locked)
    draft = Draft(context)
    outcome = tools.apply(made, draft)
    assert len(outcome.done) + len(outcome.problems) >= min(len(made), 1)
    check(draft, context)
    # And the second question's answer on top of it.
    answers.take({"start": {fx: {"mix": 9e9} for fx in outcome.added}}, draft, outcome.added)
    check(draft, context)


rows: Any = st.fixed_dictionaries(
    {
        "knob": st.sampled_from(KNOBS) | json_values,
        "direction": st.sampled_from(["up", "down", "sideways"]),
        "amount": st.sampled_from(["little", "much", 3, None]),
        "confidence": numbers,
    }
)
meanings = st.fixed_dictionaries(
    {},
    optional={
        "start": st.dictionaries(
            st.sampled_from(FX), st.dictionaries(st.sampled_from(KNOBS), numbers) | json_values
        ),
        "moves": st.lists(rows | json_values, max_size=5) | json_values,
        "toward": json_values,
        "away": json_values,
        "amount": numbers | json_values,
        "explanation": json_values,
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chains, meanings)
def test_any_meaning_leaves_a_valid_plan(chain: Chain, said: dict[str, Any]) -> None:
    context = context_of(chain, [])
    draft = Draft(context)
    added = [fx for fx in chain.ids[-1:]]
    answers.take(said, draft, added)
    check(draft, context)
    assert 0.1 <= draft.plan("x").amount <= 2.5


@given(st.text(max_size=80) | json_values.map(lambda v: f"x{json.dumps(v)}y"))
def test_json_is_looked_for_in_any_text(text: str) -> None:
    list(answers.objects_in(text))
    answers.calls_in(text)


def test_json_is_found_wherever_it_stands() -> None:
    said = 'Well {not json} ... ```json\n{"a": [1, {"b": 2}]}\n``` and {"c": 3}'
    assert list(answers.objects_in(said)) == [{"a": [1, {"b": 2}]}, {"c": 3}]


@given(st.recursive(st.text(), st.lists, max_leaves=3).map(str))
def test_arguments_are_an_object_or_nonsense(text: str) -> None:
    with contextlib.suppress(tools.Nonsense):
        assert isinstance(tools.arguments_of(text), dict)


def test_the_users_plugins() -> None:
    context = context_of(Chain((Slot("rev"),)), [])
    draft = Draft(context)
    given = json.dumps({"plugin": "Big Room", "effect": "rev"})
    tools.apply([Call("use_plugin", given), Call("use_plugin", '{"plugin": "Grains"}')], draft)
    assert draft.plan("x").uses == (Use("bigroom", "rev"), Use("grains", "", True))
    tools.apply([Call("put_plugin_away", '{"plugin": "Grains"}')], draft)
    outcome = tools.apply([Call("use_plugin", '{"plugin": "Valhalla"}')], draft)
    assert draft.plan("x").uses == (Use("bigroom", "rev"),)
    assert "Valhalla" in outcome.problems[0]
    assert not any("plugin" in tool.name for tool in tools.offered(Draft(Context())))
