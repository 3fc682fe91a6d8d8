"""What a person types for a knob."""

from __future__ import annotations

import pytest

from ifx_bridge.effects.entry import typed
from ifx_bridge.effects.spec import Parameter, effects


def knob(
    unit: str, low: float = 0.0, high: float = 100.0, choices: tuple[str, ...] = ()
) -> Parameter:
    return Parameter("x", "X", unit, low, high, low, choices=choices)


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (knob("Hz", 20, 20000), "1.2k", 1200),
        (knob("Hz", 20, 20000), " 1,2 kHz ", 1200),
        (knob("kHz", 0.02, 20), "300 Hz", 0.3),
        (knob("kHz", 0.02, 20), "3k", 3),
        (knob("s", 0, 2), "350 ms", 0.35),
        (knob("ms", 0, 2000), "0.35s", 350),
        (knob("dB", -60, 12), "\u22126 dB", -6),
        (knob("dB", -60, 12), "+40", 40),  # whoever asks decides what is outside
        (knob("semitones", -12, 12), "-3 st", -3),
        (knob(":1", 1, 20), "4:1", 4),
        (knob("", 0, 1), "40 %", 0.4),
        (knob("", 0, 1), "40", 0.4),
        (knob("", 0, 1), "0.4", 0.4),
        (knob("%", 0, 100), "40 %", 40),
        (knob("rpm", 0, 100), "33 RPM", 33),
        (knob("", 0, 1, ("off", "on")), "TRUE", 1),
        (knob("", 0, 1, ("off", "on")), "off", 0),
        (knob("", 0, 2, ("Soft", "Hard", "Fold")), "fold", 2),
        (knob("", 0, 2, ("Soft", "Hard", "Fold")), "1", 1),
        (knob("Hz", 20, 20000), "1e3", 1000),
    ],
)
def test_values(parameter: Parameter, text: str, value: float) -> None:
    assert typed(parameter, text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["", "high", "3 dB", "-", "k", "1.2.3", "12 parsecs", "nan", "true"]
)
def test_what_is_none(text: str) -> None:
    assert typed(knob("Hz", 20, 20000), text) is None


def test_what_is_shown_can_be_typed() -> None:
    for effect in effects():
        for parameter in effect.parameters:
            for position in (0.0, 0.3, 1.0):
                shown = parameter.text(parameter.from_unit(position))
                value = typed(parameter, shown)
                assert value is not None, (effect.id, parameter.name, shown)
                assert parameter.text(parameter.clamp(value)) == shown
