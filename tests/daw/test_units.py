from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifx_bridge.daw.units import Quantity, convert, quantity


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("3.20 kHz", 3200, "Hz"),
        ("440 Hz", 440, "Hz"),
        ("3,2kHz", 3200, "Hz"),
        ("-inf dB", -math.inf, "dB"),
        ("−12.5 dB", -12.5, "dB"),
        ("+3 st", 3, "semitones"),
        ("250 ms", 0.25, "s"),
        ("1.2 s", 1.2, "s"),
        ("12.5 %", 0.125, ""),
        ("4.0 : 1", 4, ":1"),
        ("4:1", 4, ":1"),
        (" 0.500 ", 0.5, ""),
        ("2.0 oct", 2, "oct"),
        ("3,200 Hz", 3200, "Hz"),
        ("1,000.0 Hz", 1000, "Hz"),
        ("1.000,5 Hz", 1000.5, "Hz"),
        ("12 345.6 Hz", 12345.6, "Hz"),
        ("3\u202f200 Hz", 3200, "Hz"),
        ("1,500 ms", 1.5, "s"),
        ("3,200 kHz", 3200, "Hz"),
        ("0,500", 0.5, ""),
        ("0,125 Hz", 0.125, "Hz"),
        ("-6,000 dB", -6, "dB"),
        ("infinity :1", math.inf, ":1"),
        ("inf:1", math.inf, ":1"),
        ("∞ : 1", math.inf, ":1"),
        ("1:8", 8, ":1"),
    ],
)
def test_displays(text: str, value: float, unit: str) -> None:
    found = quantity(text)
    assert found is not None
    assert found.value == pytest.approx(value)
    assert found.unit == unit


@pytest.mark.parametrize("text", ["Off", "Auto", "", "C3", "1/4", "1.2.3", "1,,5", "1 2"])
def test_words_are_no_numbers(text: str) -> None:
    assert quantity(text) is None


@given(st.text(max_size=30))
def test_no_text_is_too_strange(text: str) -> None:
    quantity(text)


def test_converting() -> None:
    assert convert(0.25, "s", "ms") == pytest.approx(250)
    assert convert(0.3, "", "%") == pytest.approx(30)
    assert convert(3000, "Hz", "kHz") == 3
    with pytest.raises(ValueError, match="cannot become"):
        convert(1, "Hz", "dB")


def test_a_number_without_a_unit_has_the_one_that_is_said() -> None:
    assert quantity("250", "ms") == Quantity(0.25, "s")
    assert quantity("50", "%") == Quantity(0.5)
    assert quantity("3 s", "ms") == Quantity(3, "s")
    assert quantity("4", ":1") == Quantity(4, ":1")
    assert quantity("50") == Quantity(50)
