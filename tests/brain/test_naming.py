"""The user's plugins by their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifx_bridge.brain import Context, brain
from ifx_bridge.brain.plan import Owned, Plan, Use
from ifx_bridge.effects.chain import Chain, Slot

OWNED = (
    Owned("bigroom", "BigRoom", "rev"),
    Owned("fateq2", "FatEQ2", "eq"),
    Owned("grainstorm", "GrainStorm"),
    Owned("squeeze3", "Squeeze 3", "comp"),
)


def plan(instruction: str, *slots: Slot, uses: tuple[Use, ...] = ()) -> Plan:
    return brain("offline").plan(instruction, Context(Chain(slots), owned=OWNED, uses=uses))


@pytest.mark.parametrize(
    ("instruction", "ids", "uses"),
    [
        ("my reverb is BigRoom", (), [Use("bigroom", "rev")]),
        ("my reverb is big room, make it sound like a church", ("rev",), [Use("bigroom", "rev")]),
        ("BigRoom is my reverb", (), [Use("bigroom", "rev")]),
        ("use Fat EQ 2 for the eq and make it brighter", ("eq",), [Use("fateq2", "eq")]),
        ("use BigRoom as my delay", (), [Use("bigroom", "delay")]),
        ("make it warm with FatEQ2 as the eq", ("eq",), [Use("fateq2", "eq")]),
        ("use BigRoom to make it sound like a church", ("rev",), [Use("bigroom", "rev", True)]),
        ("squash it with squeeze 3", ("comp",), [Use("squeeze3", "comp", True)]),
        ("add GrainStorm after the reverb", (), [Use("grainstorm", "", True, "after:rev")]),
        ("put the grainstorm plugin first", (), [Use("grainstorm", "", True, "first")]),
        ("my eq is FatEQ2 and my reverb is BigRoom; bright church", ("eq", "rev"),
         [Use("fateq2", "eq"), Use("bigroom", "rev")]),
    ],
)  # fmt: skip
def test_use(instruction: str, ids: tuple[str, ...], uses: list[Use]) -> None:
    found = plan(instruction)
    assert found.understood, found.explanation
    assert set(found.start.ids) == set(ids)
    assert list(found.uses) == uses


def test_its_name_stands_for_the_effect() -> None:
    used = (Use("bigroom", "rev"),)
    less = plan("less BigRoom", Slot("rev"), uses=used)
    assert [(m.fx, m.name) for m in less.moves] == [("rev", "wet_level")]
    locked = plan("lock the bigroom", Slot("rev"), uses=used)
    assert locked.locked == {"rev"}
    last = plan("put BigRoom last", Slot("rev"), Slot("dist"), uses=used)
    assert last.uses == (Use("bigroom", "rev", True, "last"),)


def test_put_away() -> None:
    used = (Use("bigroom", "rev"),)
    removed = plan("remove BigRoom", Slot("rev"), uses=used)
    assert removed.uses == () and removed.start.ids == ()
    ours_again = plan("don't use BigRoom", Slot("rev"), uses=used)
    assert ours_again.uses == () and ours_again.start.ids == ("rev",)
    unused = plan("remove GrainStorm", Slot("rev"))
    assert "not used" in unused.explanation and unused.start.ids == ("rev",)
    no_reverb = plan("remove the reverb", Slot("rev"), uses=(Use("bigroom", "rev", True),))
    assert no_reverb.start.ids == () and no_reverb.uses == (Use("bigroom", "rev"),)


def test_one_plugin_for_one_effect() -> None:
    other = plan("my reverb is Squeeze 3", Slot("rev"), uses=(Use("bigroom", "rev"),))
    assert other.uses == (Use("squeeze3", "rev"),)


def test_of_another_kind_it_is_locked_by_its_name() -> None:
    used = (Use("grainstorm", "", True),)
    assert plan("lock GrainStorm", uses=used).locked == {"grainstorm"}


@pytest.mark.parametrize("text", ["my reverb is Valhalla Room", "use Valhalla for the reverb"])
def test_a_plugin_that_is_not_there(text: str) -> None:
    found = plan(text)
    assert not found.understood and "Valhalla" in found.explanation
    assert found.start.ids == () and found.uses == ()


def test_complaints_are_not_taken_for_names() -> None:
    found = plan("my reverb is too loud", Slot("rev"))
    assert "plugin" not in found.explanation


@given(st.lists(st.sampled_from(
    ["use", "my", "reverb", "is", "BigRoom", "GrainStorm", "remove", "lock", "put", "first", "as",
     "the", "after", "eq", ",", "and", "warm", "don't", "FatEQ2", "with", "\x01", "1\x02"]
), max_size=10))  # fmt: skip
def test_any_sentence_about_plugins_gives_a_valid_plan(words: list[str]) -> None:
    found = plan(" ".join(words), Slot("rev"), uses=(Use("bigroom", "rev"),))
    assert len({use.plugin for use in found.uses}) == len(found.uses)
    kinds = [use.fx for use in found.uses if use.fx]
    assert len(set(kinds)) == len(kinds)
