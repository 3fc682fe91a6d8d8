"""Where a session stands: what "undo", "redo" and "more of that" are about.

As in an editor: a turn that changed the sound is a step, also when it went back to an old one; an
undo or a redo walks along the steps; and what was not understood, or changed nothing, is no step.
"""

from __future__ import annotations

from ifx_bridge.brain.plan import Resumed, Standing, Use
from ifx_bridge.effects.chain import Slot
from ifx_bridge.session.model import Session, Turn

# What is heard of a turn: the effects of ours and the plugins.
Sound = tuple[tuple[Slot, ...], frozenset[Use]]


def standing(session: Session) -> Standing:
    """Where the current turn of a session stands."""
    start = session.go_to(0)
    sounds: dict[int, Sound] = {0: (start.own.slots, frozenset(start.uses))}
    sounds |= {t.index: (t.as_own().slots, frozenset(t.uses)) for t in session.turns}
    # From which turn's sound each turn's change went on, and which turn asked for it.
    origins, wishes = {0: 0}, {0: 0}
    line, ahead = [0], list[int]()
    before, idle = 0, False
    for turn in session.path():
        number, resumed = turn.index, turn.resumed
        origins[number] = wishes[number] = 0
        at = line[-1]
        if resumed is not None and resumed.by == "step":
            line, ahead = _stepped(line, ahead, resumed.turn)
        elif turn.understood and sounds[number] != sounds[turn.parent]:
            origins[number], wishes[number] = _asked(turn, at, sounds, origins, wishes)
            line, ahead = [*line, number], []
        idle = line[-1] == at
        before = before if idle else at
    # Turns that were undone outside of what was said are redone first.
    ahead += session.undone
    at = line[-1]
    wish = wishes.get(at, at)
    return Standing(
        line=tuple(line[1:]),
        ahead=tuple(ahead),
        origin=origins.get(at, 0),
        wish=wish,
        asked_from=origins.get(wish, 0),
        before=before,
        idle=idle,
    )


def _stepped(line: list[int], ahead: list[int], to: int) -> tuple[list[int], list[int]]:
    """The steps behind and ahead after going to one of them; another is one step further."""
    whole = [*line, *reversed(ahead)]
    if to not in whole:
        return [*line, to], []
    place = whole.index(to) + 1
    return whole[:place], whole[place:][::-1]


def _asked(
    turn: Turn,
    at: int,
    sounds: dict[int, Sound],
    origins: dict[int, int],
    wishes: dict[int, int],
) -> tuple[int, int]:
    """Which sound a turn's change went on from, and which turn asked for it."""
    match turn.resumed:
        case Resumed(turn=number, by="wish"):
            return at, number
        case Resumed(turn=number, by="sound") if sounds.get(number) == sounds[turn.index]:
            return origins.get(number, 0), wishes.get(number, number)  # a turn as it was
        case Resumed(turn=number, by="sound"):
            return number, turn.index
        case _:
            return at, turn.index
