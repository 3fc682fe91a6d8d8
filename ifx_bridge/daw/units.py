"""Numbers with units as displays write them, and units into each other."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

# Unit as written (small letters) -> the plain unit of its kind, and how many of those it is.
UNITS: dict[str, tuple[str, float]] = {
    "hz": ("Hz", 1.0),
    "khz": ("Hz", 1000.0),
    "k": ("Hz", 1000.0),
    "s": ("s", 1.0),
    "sec": ("s", 1.0),
    "seconds": ("s", 1.0),
    "ms": ("s", 1e-3),
    "db": ("dB", 1.0),
    "%": ("", 0.01),
    "st": ("semitones", 1.0),
    "semitones": ("semitones", 1.0),
    "semis": ("semitones", 1.0),
    "ct": ("semitones", 0.01),
    "cents": ("semitones", 0.01),
    "bits": ("bits", 1.0),
    "bit": ("bits", 1.0),
    "oct": ("oct", 1.0),
    ":1": (":1", 1.0),
    ": 1": (":1", 1.0),
}
# Of these, displays show thousands; of others, three digits behind a comma are decimals.
THOUSANDS = frozenset({"hz", "ms", "ct", "cents"})
_SPACES = " '’\u00a0\u2009\u202f"
_INFINITY = ("inf", "infinity", "∞")
_DIGITS = rf"(?:infinity|inf|∞|\d{{1,3}}(?:[{_SPACES}]\d{{3}})+(?:[.,]\d+)?|[\d.,]*\d)"
_NUMBER = re.compile(rf"^\s*([-+−]?)\s*({_DIGITS})\s*(\D*?)\s*$", re.IGNORECASE)
_RATIO = re.compile(rf"^\s*({_DIGITS})\s*:\s*1(?:[.,]0+)?\s*$", re.IGNORECASE)
_INVERSE = re.compile(rf"^\s*1\s*:\s*({_DIGITS})\s*$", re.IGNORECASE)
# By groups of three with one kind of mark between them, decimals behind another.
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")


@dataclass(frozen=True)
class Quantity:
    """A number with a plain unit: Hz, s, dB, semitones, bits, oct, :1, or none for a proportion.

    Attributes:
        value: In that unit.
        unit: Plain.
        slack: How far from it another is still as good.
    """

    value: float
    unit: str = ""
    slack: float = 0.0

    def __str__(self) -> str:
        if self.unit == "Hz" and self.value >= 1000:
            return f"{self.value / 1000:.4g} kHz"
        if self.unit == "s" and self.value < 1:
            return f"{1000 * self.value:.4g} ms"
        return f"{self.value:.4g}{'' if self.unit == ':1' else ' '}{self.unit}".rstrip()


def quantity(text: str, bare: str = "") -> Quantity | None:
    """What a display says, when it is a number: `3.20 kHz`, `1,500 Hz`, `-inf dB`, `4.0:1`, `12 %`.

    Args:
        text: The display.
        bare: The unit of a number that is shown without one.
    """
    if match := _RATIO.match(text) or _INVERSE.match(text):
        ratio = _number(match[1], "")
        return None if ratio is None else Quantity(ratio, ":1")
    match = _NUMBER.match(text)
    if match is None:
        return None
    sign, digits, unit = match.groups()
    unit = unit.strip() or bare
    number = _number(digits, unit)
    if number is None:
        return None
    plain, factor = UNITS.get(unit.lower(), (unit, 1.0))
    return Quantity((-number if sign in ("-", "−") else number) * factor, plain)


def _number(digits: str, unit: str) -> float | None:
    """Digits with decimals and thousands marked in any of the usual ways; None for 1.2.3."""
    if digits.lower() in _INFINITY:
        return math.inf
    digits = re.sub(f"[{_SPACES}]", "", digits)
    marks = [c for c in digits if c in ".,"]
    grouped = _GROUPED.fullmatch(digits)
    if grouped and (len(marks) > 1 or (marks == [","] and unit.lower() in THOUSANDS)):
        thousands = marks[0]
        # A zero in front is no number of thousands.
        if not digits.startswith("0"):
            return float(digits.replace(thousands, "").replace(",", "."))
    return float(digits.replace(",", ".")) if len(marks) <= 1 else None


def convert(value: float, unit: str, to: str) -> float:
    """A value from one unit into another of its kind.

    Raises:
        ValueError: They are not of one kind.
    """
    kind, factor = UNITS.get(unit.lower(), (unit, 1.0))
    other, divisor = UNITS.get(to.lower(), (to, 1.0))
    if kind != other:
        raise ValueError(f"{unit or 'a proportion'} cannot become {to or 'a proportion'}")
    return value * factor / divisor


def plain(value: float, unit: str) -> Quantity:
    """A value of one of our parameters, or in a unit as written, as a quantity."""
    kind, factor = UNITS.get(unit.lower(), (unit, 1.0))
    return Quantity(value * factor, kind)
