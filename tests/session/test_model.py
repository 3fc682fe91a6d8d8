"""The session's tree of turns, and its shape as data."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.spec import effects
from ifx_bridge.errors import UserError
from ifx_bridge.session import ClipInfo, Score, Session, Turn, route_of

ROUTES = ["initialize_all", "reuse_all", "reuse_and_initialize"]
EFFECTS = list(effects())
REVERB = Chain((Slot("rev", {"room_size": 0.3}),))


def finite(low=-1e9, high=1e9):
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


@st.composite
def slots(draw, kind):
    # One knob drawn is enough; the rest stand at their defaults.
    knob = draw(st.sampled_from(kind.parameters))
    value = draw(finite(knob.low, knob.high))
    return Slot(kind.id, {knob.name: value}, bypass=draw(st.booleans()))


@st.composite
def chains(draw):
    kinds = draw(st.lists(st.sampled_from(EFFECTS), unique_by=lambda e: e.id, max_size=4))
    return Chain(
        tuple(draw(slots(kind)) for kind in kinds),
        trim_db=draw(finite(-60, 60)),
        amount=draw(finite(0, 2)),
    )


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.text("abcxyz_ é", min_size=1, max_size=6).map("later_".__add__)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | finite() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
scores = st.builds(Score, before=finite(), after=finite())


@st.composite
def sessions(draw):
    """A tree grown by adding turns at random places, left at a random turn."""
    session = Session(
        clip=ClipInfo(name=draw(texts), sha256="00", seconds=draw(finite(0, 900))),
        start=draw(chains()).to_data() if draw(st.booleans()) else [],
        **draw(st.dictionaries(keys, plain, max_size=2)),
    )
    for _ in range(draw(st.integers(0, 6))):
        session = session.go_to(draw(st.integers(0, len(session.turns)))).add(
            chain=draw(chains()),
            instruction=draw(texts),
            route=draw(st.sampled_from(ROUTES)),
            score=draw(scores),
            explanation=draw(texts),
            finished=draw(st.booleans()),
            seed=draw(st.integers(0, 2**32)),
            **draw(st.dictionaries(keys, plain, max_size=1)),
        )
    session = session.go_to(draw(st.integers(0, len(session.turns))))
    for _ in range(draw(st.integers(0, 2))):
        if session.head:
            session = session.undo()
    return session


def fields(instruction="warmer", **more):
    return {
        "instruction": instruction,
        "route": "initialize_all",
        "score": Score(before=0.0, after=0.5),
        **more,
    }


def grown(*instructions):
    session = Session(clip=ClipInfo(name="guitar.flac"))
    for instruction in instructions:
        session = session.add(chain=REVERB, **fields(instruction))
    return session


# Properties of every tree.


@settings(max_examples=60, deadline=None)
@given(sessions())
def test_what_is_dumped_reads_the_same(session):
    text = json.dumps(session.to_data(), allow_nan=False)
    again = Session.model_validate(json.loads(text))
    assert again == session
    assert json.dumps(again.to_data(), allow_nan=False) == text
    for turn, same in zip(session.turns, again.turns, strict=True):
        assert turn.as_chain() == same.as_chain()


@settings(max_examples=60, deadline=None)
@given(sessions(), st.data())
def test_moving_about(session, data):
    assert session.history == tuple(turn.instruction for turn in session.path())
    assert session.current_params == session.chain.params
    at = 0
    for turn in session.path():
        assert turn.parent == at and turn in session.children(at)
        at = turn.index
    assert at == session.head

    if session.head:
        assert session.undo().redo() == session
    if session.undone:
        assert session.redo().undo() == session
    index = data.draw(st.integers(0, len(session.turns)))
    there = session.go_to(index)
    assert there.head == index and there.turns == session.turns
    if index in [0, *(turn.index for turn in session.path())]:
        while there.head != session.head:
            there = there.redo()
        assert there == session


@settings(max_examples=40, deadline=None)
@given(sessions(), chains())
def test_a_new_turn_deletes_nothing(session, chain):
    added = session.add(chain=chain, **fields("brighter"))
    assert added.turns[:-1] == session.turns
    assert added.turns[-1].parent == session.head
    assert added.head == len(added.turns) and added.undone == ()
    assert added.chain == chain
    assert added.history == (*session.history, "brighter")
    assert added.undo().chain == session.chain
    with pytest.raises(UserError):
        added.redo()


# Navigation, by example.


def test_a_branch_keeps_the_old_one():
    session = grown("a", "b").undo().add(chain=Chain(), **fields("c"))
    assert session.history == ("a", "c")
    assert session.go_to(2).history == ("a", "b")
    assert [turn.index for turn in session.children(1)] == [2, 3]
    assert session.path(0) == () and session.path(2)[-1].instruction == "b"


def test_going_back_can_be_redone_step_by_step():
    session = grown("a", "b", "c").go_to(1)
    assert session.redo().head == 2
    assert session.redo().redo() == grown("a", "b", "c")
    assert session.undo().redo().redo().head == 2


def test_going_to_another_branch_leaves_nothing_to_redo():
    session = grown("a", "b").undo().add(chain=Chain(), **fields("c")).undo()
    with pytest.raises(UserError, match="nothing to redo"):
        session.go_to(2).redo()


def test_at_the_start_nothing_can_be_undone():
    with pytest.raises(UserError, match="nothing to undo") as caught:
        grown("a").undo().undo()
    assert caught.value.kept and caught.value.next_step
    assert Session(clip=ClipInfo()).chain == Chain()


@pytest.mark.parametrize("index", [-1, 3, 10**9])
def test_turns_that_are_not_there(index):
    for ask in (grown("a", "b").turn, grown("a", "b").go_to, grown("a", "b").path):
        with pytest.raises(UserError, match="There is no turn") as caught:
            ask(index)
        assert "1 to 2" in caught.value.next_step
    with pytest.raises(UserError):
        grown("a").turn(0)


def test_values_are_immutable():
    session = grown("a")
    for value, name in [(session, "head"), (session.turns[0], "index"), (session.clip, "name")]:
        with pytest.raises(ValueError, match="frozen"):
            setattr(value, name, 0)
    session.add(chain=REVERB, **fields())
    assert session == grown("a")


def test_routes():
    assert route_of(Chain(), ["rev"]) == "initialize_all"
    assert route_of(REVERB, {"eq"}) == "reuse_and_initialize"
    assert route_of(REVERB, ()) == "reuse_all"
    assert route_of(Chain(), ()) == "reuse_all"


# What cannot be.


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nothing_that_is_not_finite(value):
    clip = ClipInfo()
    for make in (
        lambda: Score(before=value, after=0.0),
        lambda: Score(before=0.0, after=0.0, later=[value]),
        lambda: ClipInfo(seconds=value),
        lambda: Session(clip=clip, later={"deep": [value]}),
        lambda: Session(clip=clip, start=[{"fx": "rev", "params": {"room_size": value}}]),
        lambda: grown().add(chain=REVERB, **fields(seconds=value)),
        lambda: grown().add(chain=REVERB, **fields(limited_db=value)),
        lambda: Turn(index=1, chain=[{"fx": "rev", "later": value}], **fields()),
        lambda: Turn.of(chain=Chain(trim_db=value), index=1, **fields()),
        lambda: Turn.of(chain=Chain(amount=value), index=1, **fields()),
    ):
        with pytest.raises(UserError):
            make()


@pytest.mark.parametrize(
    "later", [2**2000, "\ud800", {"\ud800": 1}, {1: 1}, b"bytes", 1j, {1}], ids=repr
)
def test_nothing_that_a_file_cannot_hold(later):
    with pytest.raises(UserError):
        Score(before=0.0, after=0.0, later=[later])


def test_nothing_that_is_nested_without_end():
    later = []
    later.append(later)
    with pytest.raises(UserError, match="nested"):
        ClipInfo(later=later)


def test_a_file_name_that_is_not_text_becomes_text():
    assert ascii(ClipInfo(name="caf\udce9.wav").name) == "'caf?.wav'"


@pytest.mark.parametrize(
    ("chain", "says"),
    [
        ([{"fx": "kazoo", "params": {}}], "kazoo"),
        ([{"fx": "rev", "params": {"kazoo": 1}}], "kazoo"),
        ([{"fx": "rev", "params": {"room_size": "big"}}], "not a number"),
        ([{"fx": "rev"}, {"fx": "rev"}], "each effect once"),
        ([{"params": {}}], "fx"),
        ([7], "effect 1 is 7"),
    ],
)
def test_chains_are_checked(chain, says):
    with pytest.raises(UserError, match=says):
        Turn(index=1, chain=chain, **fields())


def test_values_out_of_range_are_moved_into_it():
    turn = Turn(index=1, chain=[{"fx": "rev", "params": {"room_size": 9}}], **fields())
    assert turn.as_chain()["rev"].params["room_size"] == 1.0
    assert turn.chain[0]["params"] == dict(turn.as_chain()["rev"].params)


def test_a_turn_of_a_chain():
    chain = Chain((Slot("rev", bypass=True),), trim_db=-1.25, amount=0.5)
    turn = Turn.of(chain=chain, index=3, **fields())
    assert turn.as_chain() == chain
    assert turn.parent == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"index": 2}, "turn 1 says that it is turn 2"),
        ({"index": 0}, "turn 1, index is 0"),
        ({"parent": 1}, "turn 1 goes on from turn 1"),
        ({"parent": -1}, "turn 1, parent is -1"),
        ({"route": "guess"}, "turn 1, route is 'guess'"),
        ({"amount": 3}, "turn 1, amount is 3"),
        ({"score": {"before": 0}}, "turn 1, score has no 'after'"),
        ({"score": None}, "turn 1, score is None and should be a table."),
    ],
)
def test_problems_are_told_in_words_with_their_place(change, says):
    data = grown("a").to_data()
    data["turns"][0].update(change)
    with pytest.raises(UserError, match="This is no valid session: ") as caught:
        Session(**data)
    assert says in caught.value.what
    assert "\n" not in caught.value.what and "pydantic" not in caught.value.what


def test_a_head_that_is_not_there():
    with pytest.raises(UserError, match="the head is turn 2, which is not there"):
        Session(clip=ClipInfo(), turns=grown("a").turns, head=2)


@pytest.mark.parametrize("undone", [[0], [2], [9], [-1], [3, 3], [2, 3]])
def test_an_impossible_redo_is_forgotten(undone):
    data = grown("a", "b", "c").go_to(1).to_data()
    assert data["undone"] == [3, 2]
    assert Session(**{**data, "undone": [2]}).redo().head == 2
    session = Session(**{**data, "head": 2, "undone": undone})
    assert session.head == 2 and session.undone == ()
