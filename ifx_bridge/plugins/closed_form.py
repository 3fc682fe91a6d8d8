"""Settings of a plugin that follow from ours by what parameters mean, without listening."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from ifx_bridge.effects.chain import Slot
from ifx_bridge.effects.eq import BANDS, response_db
from ifx_bridge.plugins.description import Description, PluginParameter

# In seconds, Hz.
FACTORS = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "hz": 1.0, "khz": 1e3}
# What a gain is about, by its own name: a number and Hz, or a letter or number of a band.
OF_HZ = re.compile(r"(\d+(?:\.\d+)?)\s*(k?)hz", re.IGNORECASE)
GAIN = re.compile(r"gain|boost|cut|level|peak", re.IGNORECASE)
FREQUENCY = re.compile(r"freq", re.IGNORECASE)
WIDTH = re.compile(r"^q\b|width|_q$|^q_|\bq\b|bw", re.IGNORECASE)
NOT_A_BAND = re.compile(r"master|output|input|makeup|trim|main", re.IGNORECASE)
# Bands that do less are left alone.
LEAST_DB = 0.2


@cache
def maps() -> dict[str, dict[str, Any]]:
    """The table of meanings, by effect and parameter."""
    return _table("maps.toml")


@cache
def roles() -> dict[str, dict[str, str]]:
    """How a plugin is known to be like an effect of ours, by effect; the first that fits holds."""
    return _table("roles.toml")


def _table(name: str) -> dict[str, dict[str, Any]]:
    file = resources.files("ifx_bridge.plugins").joinpath(name)
    return tomllib.loads(file.read_text("utf-8"))


def role(plugin: Description) -> str:
    """The id of the effect of ours that a plugin is like; empty when there is none."""
    says = f"{plugin.category}|{plugin.name}".lower()
    names = [p.name.lower() for p in plugin.parameters]
    for fx, rule in roles().items():
        fits = re.search(rule["says"], says) and not re.search(rule.get("unless", "$^"), says)
        if fits and any(re.search(rule["has"], name) for name in names):
            return str(fx)
    return ""


@dataclass(frozen=True)
class Meant:
    """What can be told of a plugin's settings; all others stay as in a new instance.

    Attributes:
        positions: By key, 0 to 1.
        exact: Keys that are not to be searched.
    """

    positions: Mapping[str, float]
    exact: frozenset[str] = frozenset()


def closed_form(slot: Slot, plugin: Description) -> Meant:
    """The settings of a plugin that mean what an effect of ours does."""
    if slot.fx == "eq":
        return Meant(_bands(slot, plugin))
    found: dict[str, float] = {}
    exact: set[str] = set()
    taken: set[str] = set()
    for name, rule in maps().get(slot.fx, {}).items():
        ours = slot.effect.parameter(name)
        for theirs in plugin.parameters:
            plain = f"{theirs.name} {theirs.key}".lower()
            if (
                theirs.key in taken
                or theirs.kind != "number"
                or not re.search(rule["names"], plain)
            ):
                continue
            value = slot.params[name]
            if rule.get("share"):
                found[theirs.key] = ours.to_unit(value)
            else:
                found[theirs.key] = theirs.position(_converted(value, rule["units"][0], theirs))
            taken.add(theirs.key)
            if rule.get("exact"):
                exact.add(theirs.key)
            if slot.fx != "comp":  # of several bands of a compressor, all are set
                break
    return Meant(found, frozenset(exact))


def _converted(value: float, unit: str, theirs: PluginParameter) -> float:
    ours, other = FACTORS.get(unit.lower()), FACTORS.get(theirs.unit.lower())
    return value * ours / other if ours and other else value


def _bands(slot: Slot, plugin: Description) -> dict[str, float]:
    gains = [
        p
        for p in plugin.parameters
        if p.kind == "number" and p.unit.lower() == "db" and not NOT_A_BAND.search(p.name)
    ]
    fixed = {p: hz for p in gains if (hz := _hz_in(p.name)) or (hz := _hz_in(p.key))}
    if len(fixed) >= 5:
        return _graphic(slot, fixed)
    found: dict[str, float] = {}
    free = {gain: _of_band(gain, plugin) for gain in gains if GAIN.search(gain.name + gain.key)}
    free = {gain: parts for gain, parts in free.items() if "frequency" in parts}
    wanted = sorted(BANDS, key=lambda band: -abs(slot.params[f"{band[0]}_gain_db"]))
    for band, *_ in wanted:
        gain_db, hz = slot.params[f"{band}_gain_db"], slot.params[f"{band}_cutoff_freq"]
        if abs(gain_db) < LEAST_DB or not free:
            continue

        # Shelves for shelves where names tell, else the band that is nearest in frequency.
        def apart(gain: PluginParameter, band: str = band, hz: float = hz) -> float:
            frequency = free[gain]["frequency"]
            octaves = abs(np.log2(frequency.value(frequency.default) / hz))
            wrong = 0.0 if _is_shelf(gain) == ("shelf" in band) else 3.0
            return float(octaves + wrong)

        best = min(free, key=apart)
        parts = free.pop(best)
        found[best.key] = best.position(gain_db)
        found[parts["frequency"].key] = parts["frequency"].position(hz)
        if "width" in parts:
            q = slot.params[f"{band}_q_factor"]
            width = parts["width"]
            # RBJ's relation of Q and bandwidth in octaves.
            octaves = 2 / np.log(2) * np.arcsinh(1 / (2 * q))
            isq = "q" in width.name.lower()
            found[width.key] = width.position(q if isq else float(octaves))
    return found


def _graphic(slot: Slot, fixed: Mapping[PluginParameter, float]) -> dict[str, float]:
    points = list(fixed.values())
    levels = response_db(slot.params, points)
    return {p.key: p.position(level) for p, level in zip(fixed, levels, strict=True)}


def _of_band(gain: PluginParameter, plugin: Description) -> dict[str, PluginParameter]:
    """The frequency and the width that go with a gain: those whose names end alike."""
    mark = _mark(gain.key)
    parts: dict[str, PluginParameter] = {}
    for p in plugin.parameters:
        if p is gain or p.kind != "number" or _mark(p.key) != mark:
            continue
        if FREQUENCY.search(p.name + p.key):
            parts["frequency"] = p
        elif WIDTH.search(p.name) or WIDTH.search(p.key):
            parts["width"] = p
    return parts


def _mark(key: str) -> str:
    """What tells one band's parameters from another's: `1` in `boost_cut_1_db`."""
    words = [w for w in key.lower().split("_") if w not in ("db", "hz", "ms", "oct")]
    digits = re.findall(r"\d+", key)
    return digits[-1] if digits else words[-1]


def _is_shelf(gain: PluginParameter) -> bool:
    return bool(re.search(r"shelf|\b[lh]\b|low|high|bass|treble", gain.name.lower()))


def _hz_in(name: str) -> float:
    match = OF_HZ.search(name)
    return float(match[1]) * (1000 if match[2] else 1) if match else 0.0
