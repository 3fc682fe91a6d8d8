"""Where a session stands, from what its turns resumed."""

from __future__ import annotations

import pytest

from ifx_bridge.brain.plan import Resumed
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.session import Score, Session, standing


def add(session: Session, drive: float, resumed: Resumed | None = None, **more: object) -> Session:
    return session.add(
        instruction="x", route="reuse_all", chain=Chain((Slot("dist", {"drive_db": drive}),)),
        score=Score(before=0, after=0), resumed=resumed, **more,
    )  # fmt: skip


def test_a_straight_session_and_one_that_went_back() -> None:
    session = add(add(add(Session(clip={}), 6), 9), 12)
    assert standing(session).line == (1, 2, 3)
    back = add(session, 9, Resumed(2, "step"))
    assert (standing(back).line, standing(back).ahead) == ((1, 2), (3,))
    assert standing(back).before == 3 and standing(back).at == 2
    other = add(back, 20)
    assert (standing(other).line, standing(other).ahead) == ((1, 2, 5), ())
    assert standing(other).origin == 2


def test_what_changed_nothing_is_no_step() -> None:
    session = add(add(Session(clip={}), 6), 6)
    assert standing(session).line == (1,) and standing(session).idle
    session = add(session, 9, understood=False)
    assert standing(session).line == (1,)


def test_a_branch_and_its_undone_turns() -> None:
    session = add(add(Session(clip={}), 6), 9)
    back = session.undo()
    assert standing(back).line == (1,) and standing(back).ahead == (2,)
    assert standing(add(back, 20)).line == (1, 3)


def test_going_on_from_another_sound_and_further_with_a_wish() -> None:
    session = add(add(add(Session(clip={}), 6), 9), 12, Resumed(1, "sound"))
    assert standing(session).origin == 1 and standing(session).line == (1, 2, 3)
    more = standing(add(session, 15, Resumed(3, "wish")))
    assert (more.wish, more.asked_from, more.origin) == (3, 1, 3)


def test_files_of_before_have_no_such_field() -> None:
    data = add(add(Session(clip={}), 6), 9).to_data()
    for turn in data["turns"]:
        del turn["resumed"]
    assert standing(Session(**data)).line == (1, 2)


@pytest.mark.parametrize(
    "resumed",
    [{"turn": 2, "by": "step"}, {"turn": -1, "by": "step"}, {"turn": 1, "by": "magic"}, 7],
)
def test_what_cannot_be_resumed_is_refused(resumed: object) -> None:
    data = add(add(Session(clip={}), 6), 9).to_data()
    data["turns"][1]["resumed"] = resumed
    with pytest.raises(UserError, match="valid session"):
        Session(**data)
