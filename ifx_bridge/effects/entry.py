"""What a person types for a knob: `1.2k`, `350 ms`, `40 %`, `on`, the name of a choice."""

from __future__ import annotations

import re

from ifx_bridge.effects.spec import Parameter

NUMBER = re.compile(r"([+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[+-]?\d+)?)\s*(\D.*)?", re.ASCII)
SWITCH = {"on": 1.0, "true": 1.0, "yes": 1.0, "off": 0.0, "false": 0.0, "no": 0.0}
# How much one of a unit is of its kind.
KINDS: tuple[dict[str, float], ...] = (
    {"hz": 1.0, "khz": 1000.0, "k": 1000.0},
    {"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 0.001, "msec": 0.001},
    {"db": 1.0},
    {"semitones": 1.0, "semitone": 1.0, "semi": 1.0, "st": 1.0},
    {"bits": 1.0, "bit": 1.0},
    {":1": 1.0, ":": 1.0},
)


def typed(parameter: Parameter, text: str) -> float | None:
    """The value that was typed, with or without a unit; it may be outside the range.

    Returns:
        In the parameter's unit; the index of a choice. None when it is no number, or in a unit that
        the parameter does not have.
    """
    text = text.strip().replace("\u2212", "-").lower()
    choices = [choice.lower() for choice in parameter.choices]
    if text in choices:
        return float(choices.index(text))
    if choices == ["off", "on"] and text in SWITCH:
        return SWITCH[text]
    match = NUMBER.fullmatch(text)
    if match is None:
        return None
    number, unit, own = float(match[1].replace(",", ".")), match[2] or "", parameter.unit.lower()
    if not own and parameter.low >= 0 and parameter.high <= 1:  # shown in per cent
        return number / 100 if unit == "%" or (not unit and number > 1) else _alone(number, unit)
    if unit == own:
        return number
    kind = next((kind for kind in KINDS if own in kind and unit in kind), None)
    return _alone(number, unit) if kind is None else number * kind[unit] / kind[own]


def _alone(number: float, unit: str) -> float | None:
    return None if unit else number
