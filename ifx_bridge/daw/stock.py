"""Which devices stand in for our effects, and what their knobs get: the tables in `devices/`.

    [[device]]
    effect = "comp"                 # which of ours
    name = "ACE Compressor"         # a regular expression of the whole name, in any case
    by = "value"                    # or "display": found by what the DAW displays
    insert = ["…"]                  # what to insert where a link can and none is there: its names
    approximate = "…"               # how it differs, where it does
    fixed = { "Knee" = 0 }          # values that make it behave like ours
    [device.set]                    # the device's parameter = [ours, its unit, how]
    "Threshold" = ["threshold_db", "dB"]

An equalizer has `bands` (kind, and the names of gain, frequency, width and on) instead, and the
unit of `width`: `oct` or `q`. How values are carried over stands in `HOW`.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

from ifx_bridge.daw.link import DawParameter, Device
from ifx_bridge.daw.units import Quantity, convert, plain
from ifx_bridge.daw.writing import Wanted
from ifx_bridge.effects.chain import Slot
from ifx_bridge.effects.eq import BANDS
from ifx_bridge.effects.rev import COMBS, ROOM_OFFSET, ROOM_SCALE
from ifx_bridge.effects.spec import effects

# Bands that do less may be left out without a word.
LEAST_DB = 0.2
QUIETEST = 1e-4


def _octaves(q: float) -> float:
    # The bandwidth in octaves of a band with that Q, as in RBJ's cookbook.
    return 2 / math.log(2) * math.asinh(1 / (2 * q))


def _decay(size: float) -> float:
    # Seconds to fall by 60 dB in a comb of Freeverb of middle length.
    per_round = 20 * math.log10(ROOM_SCALE * size + ROOM_OFFSET)
    return -60 / per_round * sum(COMBS) / len(COMBS) / 44100


How = Callable[[float, Slot], float]
HOW: dict[str, How] = {
    "decibels": lambda v, slot: 20 * math.log10(max(v, QUIETEST)),
    "rest_decibels": lambda v, slot: 20 * math.log10(max(1 - v, QUIETEST)),
    "decay": lambda v, slot: _decay(v),
    "wet_of_both": lambda v, slot: v / max(v + slot.params["dry_level"], 1e-9),
}


@dataclass(frozen=True)
class Stock:
    """One device of a table; see the top of this file."""

    effect: str
    name: str
    by: str
    insert: Sequence[str] = ()
    approximate: str = ""
    width: str = "oct"
    fixed: Mapping[str, float] = field(default_factory=dict)
    set: Mapping[str, Sequence[str]] = field(default_factory=dict)
    bands: Sequence[Mapping[str, str]] = ()

    def is_named(self, name: str) -> bool:
        """Whether a device is this one."""
        return re.fullmatch(self.name, name, re.IGNORECASE) is not None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Stock:
        """From a table's entry.

        Raises:
            ValueError: It says something that cannot be.
        """
        try:
            made = cls(**data)
            re.compile(made.name)
        except (TypeError, re.error) as error:
            raise ValueError(f"this is no device: {error}") from error
        if made.by not in ("value", "display"):
            raise ValueError(f"{made.name}: by is 'value' or 'display', not {made.by!r}")
        known = next((e for e in effects() if e.id == made.effect), None)
        if known is None:
            raise ValueError(f"{made.name}: there is no effect {made.effect!r}")
        for theirs, rule in made.set.items():
            known.parameter(rule[0])
            if len(rule) > 2 and rule[2] not in (*HOW, "share"):
                raise ValueError(f"{made.name}: {theirs}: there is no way {rule[2]!r}")
        return made


@cache
def stock() -> tuple[Stock, ...]:
    """All devices of the tables that come along."""
    found = []
    for file in resources.files("ifx_bridge.daw").joinpath("devices").iterdir():
        if file.name.endswith(".toml"):
            rows = tomllib.loads(file.read_text("utf-8"))["device"]
            found += [Stock.of(row) for row in rows]
    return tuple(found)


@dataclass(frozen=True)
class Resolved:
    """What a device of the DAW gets.

    Attributes:
        wanted: Values.
        left_out: What has no place in it, in the user's words.
    """

    wanted: tuple[Wanted, ...]
    left_out: tuple[str, ...] = ()


def resolve(table: Stock, slot: Slot, parameters: Sequence[DawParameter]) -> Resolved:
    """The values of a device that does what an effect of ours does.

    Args:
        table: What is known of the device.
        slot: Our effect.
        parameters: What the device has.
    """
    wanted: list[Wanted] = []
    missing: list[str] = []
    # REAPER adds a Wet of its own behind the effect's: the first of a name is the effect's.
    names = {p.name: p for p in reversed(parameters) if p.writable}

    def find(pattern: str) -> DawParameter | None:
        found = [p for n, p in names.items() if n == pattern]
        there = reversed(names.items())
        found = found or [p for n, p in there if re.fullmatch(pattern, n, re.IGNORECASE)]
        return found[0] if found else None

    def add(pattern: str, value: float, unit: str, to: str, title: str) -> None:
        parameter = find(pattern)
        if parameter is None:
            missing.append(f"{title}: {table.effect} device has no {pattern!r}")
            return
        if table.by == "display":
            target = plain(value, unit)
            wanted.append(Wanted(parameter, display=with_slack(target), title=title, unit=to))
            return
        converted = convert(value, unit, to)
        inside = min(parameter.high, max(parameter.low, converted))
        if not parameter.same(inside, converted):
            missing.append(f"{title}: {converted:.4g} is beyond its end, set to {inside:.4g}")
        wanted.append(Wanted(parameter, inside, title=title))

    def switch(pattern: str, title: str) -> None:
        if (parameter := find(pattern)) is not None:
            wanted.append(Wanted(parameter, parameter.high, title=title))

    for pattern, value in table.fixed.items():
        parameter = find(pattern)
        if parameter is not None:
            wanted.append(Wanted(parameter, float(value), title=f"{parameter.name} of the device"))
    for theirs, rule in table.set.items():
        ours, to, how = (*rule, "")[:3]
        declared = slot.effect.parameter(ours)
        value = slot.params[ours]
        title = f"{slot.effect.title} {declared.title} {declared.text(value)}"
        if how == "share":
            parameter = find(theirs)
            if parameter is None:
                missing.append(f"{title}: no {theirs!r}")
            else:
                span = parameter.high - parameter.low
                position = parameter.low + declared.to_unit(value) * span
                wanted.append(Wanted(parameter, position, title=title))
        elif how:
            add(theirs, HOW[how](value, slot), "" if to == "%" else to, to, title)
        else:
            add(theirs, value, declared.unit, to, title)
    if table.bands:
        missing += _bands(table, slot, add, switch)
    used = {rule[0] for rule in table.set.values()}
    if not table.bands:
        used |= (
            {"dry_level"} if any("wet_of_both" in rule for rule in table.set.values()) else set()
        )
        for p in slot.effect.parameters:
            if p.name not in used:
                missing.append(f"{slot.effect.title} {p.title}: it has no such knob")
    return Resolved(tuple(wanted), tuple(missing))


def _bands(
    table: Stock,
    slot: Slot,
    add: Callable[[str, float, str, str, str], None],
    switch: Callable[[str, str], None],
) -> list[str]:
    """Our bands on those of a device: shelves on shelves, the strongest peaks on its peaks."""
    missing = []
    ours = sorted(BANDS, key=lambda band: -abs(slot.params[f"{band[0]}_gain_db"]))
    chosen: dict[int, str] = {}
    for band, *_ in ours:
        kind = band if "shelf" in band else "peak"
        free = [i for i, b in enumerate(table.bands) if b["kind"] == kind and i not in chosen]
        gain = slot.params[f"{band}_gain_db"]
        if free:
            chosen[free[0]] = band
        elif abs(gain) >= LEAST_DB:
            declared = slot.effect.parameter(f"{band}_gain_db")
            missing.append(f"{declared.title} {declared.text(gain)}: no band is left for it")
    for place, theirs in enumerate(table.bands):
        if place not in chosen:
            continue
        band = chosen[place]
        knobs = {"gain": ("gain_db", "dB"), "frequency": ("cutoff_freq", "Hz")}
        for role, (suffix, unit) in knobs.items():
            declared = slot.effect.parameter(f"{band}_{suffix}")
            value = slot.params[declared.name]
            title = f"{slot.effect.title} {declared.title} {declared.text(value)}"
            add(theirs[role], value, unit, unit, title)
        if "width" in theirs:
            q = slot.params[f"{band}_q_factor"]
            title = f"{slot.effect.title} {slot.effect.parameter(f'{band}_q_factor').title} {q:.2f}"
            if table.width == "oct":
                add(theirs["width"], _octaves(q), "oct", "oct", title)
            else:
                add(theirs["width"], q, "", "", title)
        if "on" in theirs:
            switch(theirs["on"], "band on")
    return missing


def with_slack(target: Quantity) -> Quantity:
    """With as much slack as displays round, and nobody hears."""
    floor = {"dB": 0.15, "semitones": 0.05, "Hz": 1.0, "s": 0.0005, "bits": 0.5, "oct": 0.05}
    if math.isinf(target.value):  # nothing is near it but itself
        return target
    slack = max(0.02 * abs(target.value), floor.get(target.unit, 0.01))
    return replace(target, slack=slack)


def stands_in(device_name: str) -> bool:
    """Whether a device stands in for one of our effects."""
    return any(row.is_named(device_name) for row in stock())


def unit_of(device_name: str, parameter_name: str) -> str:
    """The unit of a device's values as a table says it; empty where none does."""
    for row in stock():
        if row.by != "value" or not row.is_named(device_name):
            continue
        units = {theirs: rule[1] for theirs, rule in row.set.items()}
        for band in row.bands:
            units |= {band["gain"]: "dB", band["frequency"]: "Hz"}
        for pattern, unit in units.items():
            if pattern == parameter_name or re.fullmatch(pattern, parameter_name, re.IGNORECASE):
                return unit
    return ""


def device_for(slot: Slot, devices: Sequence[Device]) -> tuple[Device, Stock] | None:
    """The first device of a track that stands in for an effect."""
    for device in devices:
        for row in stock():
            if row.effect == slot.fx and row.is_named(device.name):
                return device, row
    return None
