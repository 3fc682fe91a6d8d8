"""What changed between two chains, in words and units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ifx_bridge.effects.chain import Chain
from ifx_bridge.effects.spec import Parameter, Params

Kind = Literal["added", "removed", "changed", "moved"]
# A knob that turned less than this part of its way did not change to the ear.
HARDLY = 0.008


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        kind: What happened.
        fx: Effect id.
        title: The effect's name.
        name: Parameter name; empty for a moved or removed effect.
        before: Value before, None where there was none.
        after: Value after, None where there is none.
        text: For people.
    """

    kind: Kind
    fx: str
    title: str
    name: str
    before: float | None
    after: float | None
    text: str


def changes(before: Chain, after: Chain) -> list[Change]:
    """Every audible difference, in the signal order of `after`, removed effects first."""
    found = [
        Change("removed", s.fx, s.effect.title, "", None, None, f"{s.effect.title} removed")
        for s in before
        if s.fx not in after
    ]
    for slot in after:
        kind = slot.effect
        for parameter in kind.parameters:
            value = slot.params[parameter.name]
            if slot.fx not in before:
                if _silent(parameter, slot.params) or parameter.name.endswith("_q_factor"):
                    continue
                text = f"{parameter.title} {parameter.text(value)}"
                found.append(
                    Change("added", slot.fx, kind.title, parameter.name, None, value, text)
                )
                continue
            old = before[slot.fx].params.get(parameter.name, value)
            if _silent(parameter, slot.params) and _silent(parameter, before[slot.fx].params):
                continue
            turned = abs(parameter.to_unit(old) - parameter.to_unit(value))
            if turned < HARDLY or parameter.text(old) == parameter.text(value):
                continue
            text = f"{parameter.title} {parameter.text(old)} → {parameter.text(value)}"
            found.append(Change("changed", slot.fx, kind.title, parameter.name, old, value, text))
    kept_before = [fx for fx in before.ids if fx in after]
    kept_after = [fx for fx in after.ids if fx in before]
    if kept_before != kept_after:
        text = f"order now {' → '.join(slot.effect.title for slot in after)}"
        first = after.slots[0]
        found.append(Change("moved", first.fx, first.effect.title, "", None, None, text))
    return found


def _silent(parameter: Parameter, params: Params) -> bool:
    """A band without gain says nothing: its gain, frequency and Q are left out."""
    for suffix in ("_gain_db", "_cutoff_freq", "_q_factor"):
        if parameter.name.endswith(suffix):
            band = parameter.name.removesuffix(suffix)
            return abs(params.get(f"{band}_gain_db", 1.0)) < 0.25
    return False
