"""What an effect is: its parameters, its rendered face and its differentiable twin, declared once.

Everything that needs to know about effects (the chain, the optimizer, the tables, the prompts)
reads these declarations. To add an effect, write one file in this folder that ends in
`register(Effect(...))`, and name it in `effects/__init__.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

Scale = Literal["linear", "log"]
Params = Mapping[str, float]
"""Parameter values of one effect, by name, in the units of their declaration."""


@dataclass(frozen=True)
class Parameter:
    """One knob.

    Attributes:
        name: Identifier, Pedalboard's own (dasp-pytorch's for the equalizer).
        title: What a person reads.
        unit: `dB`, `Hz`, `s`, `ms`, `semitones`, `bits`, `:1` or empty for a proportion.
        low: Smallest value, inclusive.
        high: Largest value, inclusive.
        default: Value of a newly added effect.
        scale: How the knob turns: `log` for what is heard as a ratio.
        description: What turning it up does to the sound, in musical words.
        neutral: Value at which this knob's part of the effect is gone, where there is one.
        differentiable: False when only search can move it.
        step: One clearly audible step, as a part of the knob's whole turn.
        choices: Names of the values 0, 1, 2, …; empty for numbers.
        per_db: What the value changes by where its input is 1 dB louder, for the same sound.
        beats: True for a time that music counts in beats.
    """

    name: str
    title: str
    unit: str
    low: float
    high: float
    default: float
    scale: Scale = "linear"
    description: str = ""
    neutral: float | None = None
    differentiable: bool = True
    step: float = 0.1
    choices: tuple[str, ...] = ()
    per_db: float = 0.0
    beats: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.default <= self.high or self.low >= self.high:
            raise ValueError(f"{self.name}: default {self.default} outside {self.low}..{self.high}")
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"{self.name}: a log scale needs a positive range")

    def clamp(self, value: float) -> float:
        """The nearest value inside the range; NaN becomes the default."""
        if math.isnan(value):
            return self.default
        return float(min(self.high, max(self.low, value)))

    def to_unit(self, value: float) -> float:
        """Position of the knob, 0 to 1."""
        value = self.clamp(value)
        if self.scale == "log":
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def from_unit(self, position: float) -> float:
        """Value at a knob position of 0 to 1 (clipped to it)."""
        position = min(1.0, max(0.0, position))
        if self.scale == "log":
            return self.clamp(self.low * (self.high / self.low) ** position)
        return self.low + position * (self.high - self.low)

    def from_unit_tensor(self, position: Tensor) -> Tensor:
        """`from_unit` for a torch scalar, differentiable."""
        if self.scale == "log":
            return self.low * (position * math.log(self.high / self.low)).exp()
        return self.low + position * (self.high - self.low)

    def text(self, value: float) -> str:
        """The value as a person writes it, with its unit."""
        if self.choices:
            return self.choices[round(self.clamp(value))]
        if self.unit == "Hz":
            return f"{value / 1000:.2f} kHz" if value >= 1000 else f"{value:.0f} Hz"
        if self.unit == "s":
            return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"
        if self.unit == "dB":
            return f"{value:+.1f} dB"
        if self.unit == "ms":
            return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"
        if self.unit == "semitones":
            return f"{value:+.1f} semitones"
        if self.unit == "bits":
            return f"{value:.1f} bits"
        if self.unit == ":1":
            return f"{value:.1f}:1"
        if self.unit:
            return f"{value:.4g} {self.unit}"
        return f"{100 * value:.0f} %" if self.low >= 0 and self.high <= 1 else f"{value:.2f}"


Face = Callable[[Params, float], "list[Any]"]
"""(values, sample rate in Hz) -> Pedalboard plugins, in series."""

Twin = Callable[["Tensor", "Mapping[str, Tensor]", float], "Tensor"]
"""(audio [..., channels, samples], scalar tensors by name, sample rate in Hz) -> audio, same shape.

One or two channels; two are left and right.
"""


Process = Callable[[Params, NDArray[np.float32], float], NDArray[np.float32]]
"""(values, audio `[channels, samples]`, sample rate in Hz) -> audio, same shape."""


@dataclass(frozen=True)
class Effect:
    """One kind of effect.

    Attributes:
        id: Short identifier, also the name in `session.json`.
        title: What a person reads.
        description: What it is for, in musical words.
        parameters: The knobs, in the order in which they are shown.
        pedalboard: The face that is heard and exported; None when no Pedalboard plugin exists.
        twin: The differentiable face.
        engine: `pedalboard`, or the library that renders it instead.
        process: What renders it instead of Pedalboard; None for our own effects.
    """

    id: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    pedalboard: Face | None
    twin: Twin
    engine: str = "pedalboard"
    process: Process | None = None

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name.

        Raises:
            UserError: There is none.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        names = ", ".join(p.name for p in self.parameters)
        raise UserError(f"{self.title} has no parameter {name!r}.", next_step=f"It has: {names}.")

    def defaults(self) -> dict[str, float]:
        """Values of a newly added effect."""
        return {p.name: p.default for p in self.parameters}

    def complete(self, params: Params) -> dict[str, float]:
        """All values, in declared order: the given ones clamped to range, defaults for the rest.

        Raises:
            UserError: A name is unknown or a value is not a number.
        """
        for name, value in params.items():
            self.parameter(name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UserError(f"{self.title}: {name} is {value!r}, which is not a number.")
        return {p.name: p.clamp(float(params.get(p.name, p.default))) for p in self.parameters}


def scaled(kind: Effect, params: Params, amount: float) -> dict[str, float]:
    """Values of an effect with its strength multiplied.

    Knobs with a neutral position move that many times as far from it, on the scale of the knob;
    the others stay.
    """
    values = dict(params)
    for parameter in kind.parameters:
        if parameter.neutral is not None and parameter.name in values:
            neutral = parameter.to_unit(parameter.neutral)
            distance = parameter.to_unit(values[parameter.name]) - neutral
            values[parameter.name] = parameter.from_unit(neutral + amount * distance)
    return values


_registry: dict[tuple[str, str], Effect] = {}


def register(effect: Effect) -> Effect:
    """Make an effect known under its id and engine; a second one of the same key is an error."""
    key = (effect.id, effect.engine)
    if key in _registry:
        raise ValueError(f"effect {key} is registered twice")
    _registry[key] = effect
    return effect


def register_engine(name: str, find: Callable[[str, Collection[str]], Effect]) -> None:
    """Make an engine known whose effects are found when asked for.

    Args:
        name: Of the engine.
        find: (effect id, names of parameters that it must have) -> the effect; it has an answer
            for every id, so that a chain outlives what it was made with.
    """
    _engines[name] = find


_engines: dict[str, Callable[[str, Collection[str]], Effect]] = {}


def effect(id: str, engine: str = "pedalboard", names: Collection[str] = ()) -> Effect:
    """The effect with that id.

    Args:
        id: Which effect.
        engine: What renders it.
        names: Parameters that it must have; only engines whose effects may be missing look at it.

    Raises:
        UserError: There is none.
    """
    if engine in _engines:
        return _engines[engine](id, names)
    try:
        return _registry[id, engine]
    except KeyError:
        known = ", ".join(e.id for e in effects(engine)) or "none for this engine"
        raise UserError(
            f"There is no effect {id!r} ({engine}).", next_step=f"Known effects: {known}."
        ) from None


def effects(engine: str = "pedalboard") -> Sequence[Effect]:
    """All effects of an engine, in order of registration."""
    return [e for e in _registry.values() if e.engine == engine]
