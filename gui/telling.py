"""Turns in words."""

from __future__ import annotations

import re
from html import escape
from itertools import groupby

from PyQt6.QtCore import QT_TRANSLATE_NOOP

from gui.translations import translate
from ifx_bridge.effects.chain import Chain
from ifx_bridge.effects.describe import changes
from ifx_bridge.session import Session, Turn

# What a turn made by hand has in place of a brain.
HAND = "hand"
# An instruction is shown whole in its row; elsewhere so much of it.
SHORT = 48
NOUGHT = re.compile(r"(?<![\w.])[+-](0\.0+)(?!\d)")
# Between what belongs together: not broken over two lines.
SPACE = "\u00a0"
ROUTES = {
    "initialize_all": QT_TRANSLATE_NOOP("telling", "new chain"),
    "reuse_all": QT_TRANSLATE_NOOP("telling", "went on with the chain"),
    "reuse_and_initialize": QT_TRANSLATE_NOOP("telling", "added to the chain"),
}


def short(text: str, most: int = SHORT) -> str:
    """The beginning of a long text."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def plain(text: str) -> str:
    """A text whose values that round to nothing have no sign: `0.0 dB`, never `-0.0 dB`."""
    return NOUGHT.sub(r"\1", text)


def decibels(value: float) -> str:
    """A level with its sign, as `+1.5 dB`."""
    return plain(f"{value:+.1f}{SPACE}dB")


def before(session: Session, turn: Turn) -> Chain:
    """The chain that a turn went on from."""
    return session.turn(turn.parent).as_chain() if turn.parent else Chain.from_data(session.start)


def effects(chain: Chain) -> str:
    """The effects in signal order."""
    return " → ".join(slot.effect.title for slot in chain) or translate("telling", "no effects")


def row(session: Session, turn: Turn, on_path: bool) -> str:
    """A turn in the list: the instruction, then what there is to know of it."""
    parts = [effects(turn.as_chain())]
    score = plain(f"{turn.score.after:.2f}")
    parts.append(
        translate("telling", "by hand")
        if turn.brain == HAND
        else translate("telling", "score {score}").format(score=score)
    )
    parts.append(f"{turn.seconds:.1f} s")
    if turn.parent != turn.index - 1:
        parts.append(
            translate("telling", "from turn {parent}").format(parent=turn.parent)
            if turn.parent
            else translate("telling", "from the dry clip")
        )
    if not turn.understood:
        parts.append(translate("telling", "not understood"))
    if not turn.finished:
        parts.append(translate("telling", "stopped early"))
    if turn.index == session.head:
        parts.append(translate("telling", "you are here"))
    elif not on_path:
        parts.append(
            translate("telling", "undone")
            if turn.index in session.undone
            else translate("telling", "another branch")
        )
    # What belongs together is not broken over two lines; the chain may be.
    rest = [part.replace(" ", SPACE) for part in parts[1:]]
    return f"{turn.index}  {' '.join(turn.instruction.split())}\n" + " · ".join([parts[0], *rest])


def outcome(turn: Turn, by_hand: bool, notes: tuple[str, ...]) -> str:
    """What became of a turn that was just made, in a line; `notes` are of its saving."""
    if notes:
        saved = translate("telling", "Turn {index} is done and saved.")
        return " ".join([saved.format(index=turn.index), *notes])
    if by_hand:
        text = translate("telling", "Turn {index}: {instruction}.")
    elif not turn.understood:
        text = translate("telling", "Turn {index} changed nothing: say it in other words.")
    elif not turn.finished:
        text = translate("telling", "Stopped. Turn {index} is the best so far, and it is saved.")
    else:
        text = translate("telling", "Turn {index} is done and saved ({seconds:.1f} s).")
    return text.format(index=turn.index, instruction=short(turn.instruction), seconds=turn.seconds)


def score_tip(turn: Turn) -> str:
    """What the score of a turn means."""
    if turn.brain == HAND:
        return translate("telling", "set by hand: no score was measured")
    if turn.score.after < 0:
        return translate(
            "telling", "below 0 is further from what the words mean than the sound before"
        )
    return translate("telling", "0 is the sound before, 1 is all that the words typically do")


def page(session: Session, turn: Turn) -> str:
    """What a turn did, as HTML."""
    parts = [
        f"<h3>{_heading(turn)}</h3>",
        f"<p>{escape(turn.explanation)}</p>",
    ]
    parts += [f"<p><i>{escape(note)}</i></p>" for note in turn.notes]
    parts += differences(before(session, turn), turn.as_chain())
    notes = []
    if turn.brain != HAND:
        score = plain(f"{turn.score.before:.2f} → {turn.score.after:.2f}")
        notes.append(
            translate("telling", "Score {score}: {meaning}").format(
                score=score, meaning=score_tip(turn)
            )
        )
    if turn.trim_db:
        notes.append(
            translate("telling", "Output {level}, so that it is as loud as the dry clip").format(
                level=decibels(turn.trim_db)
            )
        )
    notes.append(
        translate("telling", "Took {seconds:.1f} s; {route}").format(
            seconds=turn.seconds, route=translate("telling", ROUTES[turn.route])
        )
    )
    if turn.usage is not None:
        notes.append(
            translate("telling", "Asked {brain}: {usage}").format(
                brain=turn.brain, usage=turn.usage.text
            )
        )
    if turn.limited_db:
        notes.append(
            translate("telling", "Peaks limited by {limited_db:.1f} dB").format(
                limited_db=turn.limited_db
            )
        )
    if not turn.finished:
        notes.append(translate("telling", "Stopped: this is the best so far"))
    parts.append("<hr><p>" + "<br>".join(escape(note) for note in notes) + "</p>")
    return "".join(parts)


def _heading(turn: Turn) -> str:
    return translate("telling", "Turn {index}").format(index=turn.index)


def differences(one: Chain, other: Chain) -> list[str]:
    """What is different between two chains, as HTML, effect by effect."""
    parts = []
    found = changes(one, other)
    for title, group in groupby(found, key=lambda change: change.title):
        rows = list(group)
        new = f" ({translate('telling', 'new')})" if rows[0].kind == "added" else ""
        texts = "<br>".join(escape(plain(change.text)) for change in rows)
        parts.append(f"<p><b>{escape(title)}</b>{new}<br>{texts}</p>")
    return parts or ["<p>" + escape(translate("telling", "No knob was turned.")) + "</p>"]
