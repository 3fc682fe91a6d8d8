"""What an instruction asks for, one thing at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ifx_bridge.brain.references import Reference

Verb = Literal[
    "quality",  # a descriptor is wanted (amount), or too strong ("less")
    "add",  # an effect by name
    "remove",
    "more",  # of an effect or a knob
    "less",
    "set",  # a knob to a number
    "shift",  # a knob by a number
    "scale",  # a knob times a number
    "unusable",  # a number or a knob that nothing here can use; the target says so
    "first",
    "last",
    "before",
    "after",
    "keep",  # this turn
    "lock",  # from now on
    "unlock",
    "refer",  # to another turn
    "borrow",  # an effect of another turn
    "restore",  # an effect or a knob to what it is by itself
    "acknowledge",  # small talk, and what there is no effect for
    "trait",  # an adjective of an effect's own
    "into",  # an effect before another, both there
    "level",  # louder or quieter
    "tempo",  # slower or faster
    "sparing",  # an effect, but little of it
    "reverse",  # the signal order
    "swap",  # two effects
    "replace",  # one effect by another
    "question",  # about something else
    "unknown",
]


@dataclass(frozen=True)
class Request:
    """One thing that an instruction asks for.

    Attributes:
        verb: What to do.
        target: Descriptor phrase, effect id or `fx.knob`, by the verb. Of numbers also `eq@`
            (the gain at `hz`), `eq@q`, `.mix` (of whatever is there), `rev.seconds` and
            `delay.beats` (quarter notes).
        other: Second effect of `before` and `after`; several with spaces, of `into` those that
            follow, of `remove` and `lock` those that are left alone.
        value: Number of `set` and `shift`, in the knob's unit; factor of `scale`.
        hz: Frequency that a gain or a quality is asked for at.
        amount: 1 is typical.
        less: A quality is complained of, or wanted less.
        avoid: A quality is to be kept out ("not too bright"): no complaint where it is not there.
        text: The words it came from.
        reference: The turn that `refer` and `borrow` are about.
    """

    verb: Verb
    target: str = ""
    other: str = ""
    value: float = 0.0
    hz: float = 0.0
    amount: float = 1.0
    less: bool = False
    avoid: bool = False
    text: str = ""
    reference: Reference | None = None
