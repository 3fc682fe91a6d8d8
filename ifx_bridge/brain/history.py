"""Going back, forth and part of the way among a session's turns.

What "the last turn" is, the context's `Standing` says. Each of these changes nothing and says why
when there is no such turn.
"""

from __future__ import annotations

from dataclasses import replace

from ifx_bridge.brain.draft import COMMANDED, TITLES, Draft, listed
from ifx_bridge.brain.plan import Resumed, Resumption
from ifx_bridge.effects.chain import Chain
from ifx_bridge.effects.spec import scaled

# Turned by less of its way than this, a knob did not move.
HARDLY = 1e-3


def undo(draft: Draft, steps: int = 1) -> bool:
    """Take the last changes back.

    Args:
        draft: What the plan says so far.
        steps: How many, 1 or more.

    Returns:
        Whether there were so many.
    """
    line = draft.context.stands.line
    if not line:
        draft.say("There is nothing to undo yet.")
        return True
    if steps > len(line):
        return _refuse(
            draft, f"Only {_counted(len(line), 'change')} can be taken back, so nothing changes."
        )
    _resume(draft, (0, *line)[-1 - steps], "step")
    draft.say(
        "The last turn is taken back."
        if steps == 1
        else f"The last {steps} changes are taken back; it is as {_named(draft)}."
    )
    return True


def redo(draft: Draft, steps: int = 1) -> bool:
    """Do again what was undone; see `undo`."""
    ahead = draft.context.stands.ahead
    if steps > len(ahead):
        why = (
            f"Only {_counted(len(ahead), 'change')} can be done again, so nothing changes."
            if ahead
            else "Nothing was undone that could be done again."
        )
        return _refuse(draft, why)
    _resume(draft, ahead[-steps], "step")
    draft.say(f"What was undone is done again; it is as {_named(draft)}.")
    return True


def as_before(draft: Draft) -> bool:
    """How it was before the last change, also when that was an undo."""
    stands = draft.context.stands
    if stands.idle or not draft.context.turns:
        draft.say("The last instruction changed nothing, so there is nothing to take back.")
        return True
    _resume(draft, stands.before, "step")
    draft.say("It is as it was before the last turn.")
    return True


def go_to(draft: Draft, turn: int) -> bool:
    """Begin with the sound of a turn.

    Args:
        draft: What the plan says so far.
        turn: Its number; negative numbers count steps back from the current one, which is -1.

    Returns:
        Whether there is such a turn.
    """
    number = found(draft, turn)
    if number is None:
        return False
    _resume(draft, number, "sound")
    draft.say(f"Back to {_named(draft)}.")
    return True


def found(draft: Draft, turn: int) -> int | None:
    """The number of a turn that is there, see `go_to`; else None, and the draft says so."""
    context, line = draft.context, draft.context.stands.line
    if turn < 0:
        if -turn <= len(line) + 1:
            return (0, *line)[turn]
        _refuse(draft, f"Only {_counted(len(line), 'change')} led here, so nothing changes.")
    elif turn == 0 or turn in context.turns:
        return turn
    else:
        known = ", ".join(str(i) for i in context.turns) or "none yet"
        _refuse(draft, f"There is no turn {turn} (there are: {known}), so nothing changes.")
    return None


def start_over(draft: Draft) -> bool:
    """Take all effects out."""
    draft.become(Chain(), [use for use in draft.uses.values() if not use.always])
    draft.say("All effects are removed; it is dry.")
    return True


def further(draft: Draft, share: float) -> bool:
    """Go on with what the last wish changed.

    Args:
        draft: What the plan says so far.
        share: How much of that change; -2 turns it round.
    """
    stands = draft.context.stands
    wished, origin = (draft.context.past(n).chain for n in (stands.wish, stands.asked_from))
    changed = False
    for slot in draft.chain:
        if slot.fx not in wished:
            continue
        for parameter in slot.effect.parameters:
            there = parameter.to_unit(wished[slot.fx].params[parameter.name])
            if slot.fx in origin:
                here = parameter.to_unit(origin[slot.fx].params[parameter.name])
            elif parameter.neutral is not None:
                here = parameter.to_unit(parameter.neutral)
            else:
                continue
            if abs(there - here) > HARDLY:
                changed = True
                goal = draft.position(slot.fx, parameter.name) + share * (there - here)
                draft.move(slot.fx, parameter.name, min(1.0, max(0.0, goal)), COMMANDED)
    if not changed:
        draft.say("The last turn changed no knob, so there is nothing to go further with.")
        return True
    draft.resumed = Resumed(stands.wish, "wish")
    how = "is turned round" if share < 0 else "goes further"
    draft.say(f"What the last turn did {how}.")
    return True


def part_way_back(draft: Draft, share: float) -> bool:
    """Go back toward the sound before the last change.

    Args:
        draft: What the plan says so far.
        share: Of the way, 0 to 1.
    """
    stands = draft.context.stands
    if share >= 1:
        return undo(draft)
    if not _toward(draft, draft.context.past(stands.origin).chain, share):
        draft.say("The last turn changed no knob, so there is nothing to go back with.")
        return True
    draft.resumed = Resumed(stands.wish, "wish")
    draft.say("What the last turn did goes part of the way back.")
    return True


def toward(draft: Draft, turn: int, share: float) -> bool:
    """Go part of the way from here to a turn's sound; see `go_to`."""
    number = found(draft, turn)
    if number is None:
        return False
    if share >= 1:
        return go_to(draft, turn)
    moved = _toward(draft, draft.context.past(number).chain, share)
    where = f"turn {number}" if number else "the start"
    draft.say(
        f"It goes {100 * share:.0f} % of the way to {where}."
        if moved
        else f"It sounds like {where} already."
    )
    return True


def between(draft: Draft, one: int, other: int, share: float = 0.5) -> bool:
    """The sound that lies between two turns; `share` is 0 at the one and 1 at the other."""
    numbers = found(draft, one), found(draft, other)
    if numbers[0] is None or numbers[1] is None:
        return False
    _resume(draft, numbers[0], "sound")
    _toward(draft, draft.context.past(numbers[1]).chain, share)
    names = [f"turn {number}" if number else "the start" for number in numbers]
    draft.say(f"It lies between {listed(names)}.")
    return True


def borrow(draft: Draft, fx: str, turn: int) -> bool:
    """One effect as it is in another turn; see `go_to`."""
    number = found(draft, turn)
    if number is None:
        return False
    there = draft.context.past(number).chain
    where = f"turn {number}" if number else "the start"
    if fx not in there:
        return _refuse(draft, f"There is no {TITLES[fx]} in {where}, so nothing changes.")
    if fx not in draft.chain:
        draft.chain = draft.chain.added(there[fx])
    else:
        for parameter in there[fx].effect.parameters:
            position = parameter.to_unit(there[fx].params[parameter.name])
            draft.move(fx, parameter.name, position, COMMANDED)
    draft.say(f"The {TITLES[fx]} is that of {where}.")
    return True


def _toward(draft: Draft, goal: Chain, share: float) -> bool:
    """Send every knob a share of its way to another chain; whether any differs."""
    for slot in goal:
        if slot.fx not in draft.chain:
            silent = scaled(slot.effect, slot.params, 0.0)
            draft.chain = draft.chain.added(replace(slot, params=silent))
    changed = False
    for slot in draft.chain:
        for parameter in slot.effect.parameters:
            here = draft.position(slot.fx, parameter.name)
            if slot.fx in goal:
                there = parameter.to_unit(goal[slot.fx].params[parameter.name])
            elif parameter.neutral is not None:
                there = parameter.to_unit(parameter.neutral)
            else:
                continue
            if abs(there - here) > HARDLY:
                changed = True
                draft.move(slot.fx, parameter.name, here + share * (there - here), COMMANDED)
    return changed


def _resume(draft: Draft, number: int, by: Resumption) -> None:
    past = draft.context.past(number)
    draft.become(past.chain, past.uses, past.pinned)
    draft.resumed = Resumed(number, by)


def _named(draft: Draft) -> str:
    """The turn that the draft began with, in words."""
    number = draft.resumed.turn if draft.resumed else 0
    return f"turn {number}" if number else "at the start"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _refuse(draft: Draft, why: str) -> bool:
    draft.misunderstood.append(why)
    return False
