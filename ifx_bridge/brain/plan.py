"""What every brain answers: a plan, checked data that the engine can carry out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from ifx_bridge.effects.chain import Chain
from ifx_bridge.effects.spec import effect
from ifx_bridge.facts import Facts


@dataclass(frozen=True)
class Move:
    """Where one knob should go: the prior of the refinement.

    Attributes:
        fx: Effect id, in the planned chain.
        name: Parameter name.
        to: Value to move to, in the parameter's unit.
        confidence: 0 to 1. From `SURE` on the knob must go at least half of the way, whatever the
            ears say; below, it is only drawn there.
    """

    fx: str
    name: str
    to: float
    confidence: float


SURE = 0.8
"""Confidence from which a move's direction binds."""


@dataclass(frozen=True)
class Usage:
    """What asking a model took.

    Attributes:
        calls: Requests answered.
        prompt_tokens: Tokens sent.
        completion_tokens: Tokens answered, those of reasoning included.
        cost_usd: In US dollars, where the provider says so or its price is known.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None

    def __post_init__(self) -> None:
        counts = (self.calls, self.prompt_tokens, self.completion_tokens)
        if min(counts) < 0 or not 0 <= (self.cost_usd or 0.0) < math.inf:
            raise ValueError("usage cannot be negative or infinite")

    def __add__(self, other: Usage) -> Usage:
        costs = [u.cost_usd for u in (self, other) if u.calls]
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            None if not costs or None in costs else math.fsum(c for c in costs if c is not None),
        )

    @property
    def text(self) -> str:
        """As a person reads it."""
        cost = "cost unknown" if self.cost_usd is None else f"${self.cost_usd:.4f}"
        return f"{self.prompt_tokens} tokens sent, {self.completion_tokens} received, {cost}"


PLACE = re.compile(r"|first|last|(after|before):[a-z0-9-]+")


@dataclass(frozen=True)
class Use:
    """A plugin of the user's that is to be used.

    Attributes:
        plugin: Its effect id.
        fx: The effect of ours that it stands for wherever the chain has that; empty when it is of
            a kind that we do not have.
        always: Whether it is in the chain even where there is no such effect.
        place: `first`, `last`, `after:ID`, `before:ID`, or empty: where its effect would be.
        values: What it shall begin with, in its own units, until it has begun; empty for what it
            had, or has when new.
    """

    plugin: str
    fx: str = ""
    always: bool = False
    place: str = ""
    values: dict[str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not PLACE.fullmatch(self.place):
            raise ValueError(f"{self.place!r} is no place in a chain")


@dataclass(frozen=True)
class Owned:
    """A plugin that the user could use.

    Attributes:
        id: Its effect id.
        title: Its name.
        fx: The effect of ours that it is like; empty when there is none.
    """

    id: str
    title: str
    fx: str = ""


Resumption = Literal["step", "sound", "wish"]


@dataclass(frozen=True)
class Resumed:
    """What a turn takes up of an earlier one.

    Attributes:
        turn: Which; 0 is the start of the session.
        by: `step`: an undo or a redo, it stands where that turn stood. `sound`: it began with that
            turn's sound in place of the current one. `wish`: it went further with what that turn
            asked for, or part of the way back.
    """

    turn: int
    by: Resumption

    def __post_init__(self) -> None:
        if self.turn < 0 or self.by not in get_args(Resumption):
            raise ValueError(f"a turn cannot resume turn {self.turn} by {self.by!r}")


@dataclass(frozen=True)
class Standing:
    """Where a session stands, as a person counts: what changed nothing is no step.

    Attributes:
        line: Turns that led here, the oldest first; each is one undo.
        ahead: Turns that a redo goes to, the next one last.
        origin: The turn whose sound the last change went on from; 0 is the start.
        wish: The turn that asked for the last change, before it was gone further with.
        asked_from: The turn whose sound that change went on from.
        before: Where it stood before the last change, undo or redo.
        idle: The last instruction changed nothing.
    """

    line: tuple[int, ...] = ()
    ahead: tuple[int, ...] = ()
    origin: int = 0
    wish: int = 0
    asked_from: int = 0
    before: int = 0
    idle: bool = False

    @property
    def at(self) -> int:
        """The turn whose sound is heard; 0 is the start."""
        return self.line[-1] if self.line else 0

    @classmethod
    def straight(cls, turns: Iterable[int]) -> Standing:
        """After turns that each went on from the one before."""
        line = tuple(turns)
        last = line[-2] if len(line) > 1 else 0
        return cls(line, (), last, line[-1] if line else 0, last, last)


@dataclass(frozen=True)
class Plan:
    """An instruction, understood.

    Attributes:
        instruction: What the person said.
        start: The chain to start from, in signal order: kept, added and removed effects done,
            values that were given as numbers set.
        moves: Where knobs should go, and how surely.
        free: Knobs (`fx.name`) that may move without penalty.
        held: Knobs or whole effects (`fx.name`, `fx`) that must not move this turn.
        locked: Those that no later turn may move either, until they are unlocked.
        pinned: Knobs that were set to a number, in this turn or before: only a request that is
            about them moves them.
        toward: Words whose sound is wanted.
        away: Words whose sound is unwanted.
        amount: How much of the typical change is wanted; 1 is typical.
        explanation: One or two sentences for the user.
        understood: False when nothing of it could be understood; then nothing changes.
        brain: Who made it.
        notes: What else the user should know, such as who could not be asked, and why.
        usage: What asking a model took.
        uses: Plugins of the user's, in place of effects of ours or beside them.
        resumed: What it takes up of an earlier turn; None: it only goes on from the current one.
    """

    instruction: str
    start: Chain
    moves: tuple[Move, ...] = ()
    free: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    locked: frozenset[str] = frozenset()
    pinned: frozenset[str] = frozenset()
    toward: tuple[str, ...] = ()
    away: tuple[str, ...] = ()
    amount: float = 1.0
    explanation: str = ""
    understood: bool = True
    brain: str = "offline"
    notes: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    uses: tuple[Use, ...] = ()
    resumed: Resumed | None = None

    def __post_init__(self) -> None:
        for move in self.moves:
            effect(move.fx, self.start[move.fx].engine).parameter(move.name)

    @property
    def aim(self) -> Chain:
        """The start with every move made: where the brain alone would go."""
        changes: dict[str, dict[str, float]] = {}
        for move in self.moves:
            changes.setdefault(move.fx, {})[move.name] = move.to
        return self.start.with_params(changes)


@dataclass(frozen=True)
class Past:
    """A turn as a brain sees it."""

    instruction: str
    chain: Chain
    uses: tuple[Use, ...] = ()
    pinned: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Context:
    """What a brain may know besides the instruction; never audio, never a name of a file.

    Attributes:
        chain: The current chain, in effects of ours even where a plugin stands for one.
        turns: Every turn of the session by its number, other branches included.
        standing: Where the session stands among them; by default they are one line.
        start: What was there before the first turn.
        locked: Knobs or effects that the user has locked.
        pinned: Knobs that the user has set to a number.
        facts: Measurements of the dry clip.
        owned: The plugins that the user could use.
        uses: Those that are used.
    """

    chain: Chain = field(default_factory=Chain)
    turns: Mapping[int, Past] = field(default_factory=dict)
    standing: Standing | None = None
    start: Past = field(default_factory=lambda: Past("", Chain()))
    locked: frozenset[str] = frozenset()
    pinned: frozenset[str] = frozenset()
    facts: Facts | None = None
    owned: tuple[Owned, ...] = ()
    uses: tuple[Use, ...] = ()

    @property
    def stands(self) -> Standing:
        """Where the session stands."""
        return self.standing or Standing.straight(self.turns)

    def past(self, turn: int) -> Past:
        """A turn by its number; 0 is the start.

        Raises:
            KeyError: There is no such turn.
        """
        return self.turns[turn] if turn else self.start


def never() -> bool:
    """A cancel token that nobody holds."""
    return False


class Brain(Protocol):
    """Turns an instruction into a plan."""

    @property
    def name(self) -> str:
        """Identifier, also in `session.json`."""
        ...

    def plan(
        self, instruction: str, context: Context, cancelled: Callable[[], bool] = never
    ) -> Plan:
        """The plan for an instruction; one that was not understood says so and changes nothing.

        Args:
            instruction: What the person said.
            context: What is known of the session.
            cancelled: Asked often while something outside is waited for.

        Raises:
            Cancelled: `cancelled` said so.
        """
        ...
