"""What every brain answers: a plan, checked data that the engine can carry out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.spec import Params, effect


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
class Plan:
    """An instruction, understood.

    Attributes:
        instruction: What the person said.
        start: The chain to start from, in signal order: kept, added and removed effects done,
            values that were given as numbers set.
        moves: Where knobs should go, and how surely.
        free: Knobs (`fx.name`) that may move without penalty.
        held: Knobs or whole effects (`fx.name`, `fx`) that must not move.
        toward: Words whose sound is wanted.
        away: Words whose sound is unwanted.
        amount: How much of the typical change is wanted; 1 is typical.
        explanation: One or two sentences for the user.
        understood: False when nothing of it could be understood; then nothing changes.
    """

    instruction: str
    start: Chain
    moves: tuple[Move, ...] = ()
    free: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    toward: tuple[str, ...] = ()
    away: tuple[str, ...] = ()
    amount: float = 1.0
    explanation: str = ""
    understood: bool = True

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
class Context:
    """What a brain may know besides the instruction; never audio.

    Attributes:
        chain: The current chain.
        history: Instructions so far, oldest first.
        chains: The chain after each of them; `chains[-1]` is `chain`.
        locked: Knobs or effects that the user has locked.
    """

    chain: Chain = field(default_factory=Chain)
    history: tuple[str, ...] = ()
    chains: tuple[Chain, ...] = ()
    locked: frozenset[str] = frozenset()

    @property
    def previous(self) -> Chain:
        """The chain before the current one; empty at the beginning."""
        return self.chains[-2] if len(self.chains) > 1 else Chain()


class Brain(Protocol):
    """Turns an instruction into a plan."""

    @property
    def name(self) -> str:
        """Identifier, also in `session.json`."""
        ...

    def plan(self, instruction: str, context: Context) -> Plan:
        """The plan for an instruction; one that was not understood says so and changes nothing."""
        ...


def scaled(params: Params, fx: str, amount: float) -> dict[str, float]:
    """Values of an effect with its strength multiplied.

    Knobs with a neutral position move that many times as far from it, on the scale of the knob;
    the others stay.
    """
    values = dict(params)
    for parameter in effect(fx).parameters:
        if parameter.neutral is not None and parameter.name in values:
            neutral = parameter.to_unit(parameter.neutral)
            distance = parameter.to_unit(values[parameter.name]) - neutral
            values[parameter.name] = parameter.from_unit(neutral + amount * distance)
    return values


def place(chain: Chain, slot: Slot) -> Chain:
    """The chain with a new effect at the end: later words act on what is already heard."""
    return chain.added(slot)


def settled(plan: Plan, locked: frozenset[str]) -> Plan:
    """The plan without what would move locked knobs."""
    held = plan.held | locked

    def allowed(fx: str, name: str) -> bool:
        return fx not in held and f"{fx}.{name}" not in held

    return replace(
        plan,
        held=held,
        moves=tuple(m for m in plan.moves if allowed(m.fx, m.name)),
        free=frozenset(k for k in plan.free if allowed(*k.split(".", 1))),
    )


Values = Mapping[str, Params]
