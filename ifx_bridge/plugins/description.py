"""What a plugin says of itself, as it is passed between processes and kept on disk."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

Kind = Literal["number", "choice", "switch"]


@dataclass(frozen=True)
class PluginParameter:
    """One automatable parameter; its position runs from 0 to 1, as in automation.

    Attributes:
        key: Identifier, unique within the plugin.
        name: What the plugin calls it.
        unit: As the plugin writes it (`Hz`, `dB`, …); often empty.
        kind: `number`, `choice` (names), or `switch` (two values).
        default: Position in a new instance.
        positions: Where it was asked, ascending from 0 to 1; for choices, in the middle of each.
        values: What it means there: numbers in its unit, or the indices of `texts`.
        texts: Names of the choices; empty for numbers.
        log: Whether equal turns are equal ratios.
    """

    key: str
    name: str
    unit: str
    kind: Kind
    default: float
    positions: tuple[float, ...]
    values: tuple[float, ...]
    texts: tuple[str, ...] = ()
    log: bool = False

    @property
    def low(self) -> float:
        """Smallest value."""
        return min(self.values)

    @property
    def high(self) -> float:
        """Largest value."""
        return max(self.values)

    def value(self, position: float) -> float:
        """What a position means, in the parameter's unit (or the index of a choice)."""
        position = min(1.0, max(0.0, position))
        if self.kind != "number":
            nearest = min(self.positions, key=lambda p: abs(p - position))
            return self.values[self.positions.index(nearest)]
        after = min(max(1, bisect_left(self.positions, position)), len(self.positions) - 1)
        left, right = self.positions[after - 1], self.positions[after]
        share = (position - left) / (right - left)
        return _between(self.values[after - 1], self.values[after], share, self.log)

    def position(self, value: float) -> float:
        """Where a value is, clamped to the range."""
        if self.kind != "number":
            index = min(range(len(self.values)), key=lambda i: abs(self.values[i] - value))
            return self.positions[index]
        value = min(self.high, max(self.low, value))
        points = list(zip(self.positions, self.values, strict=True))
        for (left, a), (right, b) in pairwise(points):
            if min(a, b) <= value <= max(a, b) and a != b:
                if self.log and a > 0 and b > 0 and value > 0:
                    share = math.log(value / a) / math.log(b / a)
                else:
                    share = (value - a) / (b - a)
                return left + share * (right - left)
        return self.default

    def tidy(self, value: float) -> float:
        """A value without the rounding errors of positions in single precision, in the range."""
        small = abs(value) <= 1e-5 * max(map(abs, self.values))
        return min(self.high, max(self.low, 0.0 if small else float(f"{value:.5g}")))

    def text(self, position: float) -> str:
        """A position as a person reads it."""
        value = self.value(position)
        if self.texts:
            return self.texts[int(value)]
        if self.kind == "switch" and (self.low, self.high) == (0.0, 1.0):
            return "on" if value > 0.5 else "off"
        # As digits, however large or small: nobody writes 1.4e+04 Hz.
        return f"{Decimal(f'{self.tidy(value):.5g}'):f} {self.unit}".rstrip()


def _between(a: float, b: float, share: float, log: bool) -> float:
    if log and a > 0 and b > 0:
        return float(a * (b / a) ** share)
    return a + share * (b - a)


@dataclass(frozen=True)
class Description:
    """A plugin as an effect.

    Attributes:
        path: Of its file or bundle.
        name: Its own name.
        vendor: Who made it.
        version: As it says.
        category: As it says, for instance `Fx|EQ|Mono`.
        class_id: 32 hexadecimal digits that presets are for; empty where unknown.
        channels: How many channels it takes, 1 or 2 or both.
        latency: In samples, which rendering makes up for.
        noise_db: Difference between two renders with the same values over the sound; -inf is bit
            by bit the same.
        parameters: Those that can be automated, meters and the host's own left out.
        part: The name under which its file has it, where that holds several plugins.
    """

    path: str
    name: str
    vendor: str
    version: str
    category: str
    class_id: str
    channels: tuple[int, ...]
    latency: int
    noise_db: float
    parameters: tuple[PluginParameter, ...]
    part: str = ""

    def parameter(self, key: str) -> PluginParameter | None:
        """The parameter of that key."""
        return next((p for p in self.parameters if p.key == key), None)

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        data = asdict(self)
        if not math.isfinite(self.noise_db):
            data["noise_db"] = None
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Description:
        """Inverse of `to_data`; everything is checked, since it comes from elsewhere.

        Raises:
            ValueError: It is not a description.
        """
        try:
            parameters = tuple(_parameter(row) for row in data["parameters"])
            if len({p.key for p in parameters}) != len(parameters):
                raise ValueError("two parameters have one key")
            channels = tuple(int(n) for n in data["channels"])
            if not channels or not set(channels) <= {1, 2}:
                raise ValueError(f"it takes {channels} channels")
            noise = data["noise_db"]
            return cls(
                path=str(data["path"]),
                name=str(data["name"])[:200],
                vendor=str(data["vendor"])[:200],
                version=str(data["version"])[:200],
                category=str(data["category"])[:200],
                class_id=str(data["class_id"])[:32],
                channels=channels,
                latency=int(data["latency"]),
                noise_db=-math.inf if noise is None else float(noise),
                parameters=parameters,
                part=str(data.get("part", ""))[:200],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it is no description of a plugin ({error!r})") from error


def _parameter(row: Mapping[str, Any]) -> PluginParameter:
    kind = row["kind"]
    if kind not in ("number", "choice", "switch"):
        raise ValueError(f"a parameter of the kind {kind!r}")
    positions = tuple(float(x) for x in row["positions"])
    values = tuple(float(x) for x in row["values"])
    if not all(map(math.isfinite, (*positions, *values, float(row["default"])))):
        raise ValueError("a parameter has values that are not numbers")
    if len(positions) != len(values) or len(positions) < 2:
        raise ValueError("a parameter has no range")
    if any(a >= b for a, b in pairwise(positions)) or positions[0] < 0 or positions[-1] > 1:
        raise ValueError("a parameter's positions do not ascend from 0 to 1")
    texts = tuple(str(text)[:200] for text in row["texts"])
    if texts and any(not 0 <= value < len(texts) for value in values):
        raise ValueError("a choice has no name")
    return PluginParameter(
        str(row["key"])[:200],
        str(row["name"])[:200],
        str(row["unit"])[:40],
        kind,
        min(1.0, max(0.0, float(row["default"]))),
        positions,
        values,
        texts,
        bool(row["log"]),
    )
