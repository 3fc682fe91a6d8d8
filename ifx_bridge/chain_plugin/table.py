"""The plugin's parameters, taken from the effect registry, and the C++ header that holds them.

`ifx-bridge plugin header` writes the header; a test fails when it says something else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import ifx_bridge.effects  # noqa: F401  (registers the effects)
from ifx_bridge.effects.chain import HIGHEST_AMOUNT
from ifx_bridge.effects.spec import Effect, Parameter, effects

NAME, VENDOR = "IFX Chain", "IFX Bridge"
FORMAT = 1
SLOTS = 7
FAMILY = "ifx-chain "
FORMAT_NAME = f"{FAMILY}{FORMAT}"
NONE = "None"
TRIM_DB = Parameter("trim_db", "Output trim", "dB", -72, 72, 0)
AMOUNT = Parameter("amount", "Amount", "", 0, HIGHEST_AMOUNT, 1)


@dataclass(frozen=True)
class Entry:
    """One parameter of the plugin.

    Attributes:
        symbol: Identifier in the state: `trim_db`, `slot_1`, `eq_bypass`, `rev_width`.
        name: What the DAW shows, unique.
        parameter: Range, unit and scale.
        fx: Effect that it belongs to; empty for the chain's own.
        whole: Whether only whole numbers count.
    """

    symbol: str
    name: str
    parameter: Parameter
    fx: str = ""
    whole: bool = False


def kinds() -> Sequence[Effect]:
    """The effects that a slot can hold; the value in the slot is 1 for the first."""
    return effects()


def title(channels: int) -> str:
    """The plugin's name: DPF plugins have one layout, so there is one for stereo, one for mono."""
    return {1: f"{NAME} Mono", 2: NAME}[channels]


def class_id(channels: int, windows: bool = sys.platform == "win32") -> str:
    """32 hex digits that hosts know the plugin by: `DPF clas` and its own four letters.

    DPF keeps each word with its last letter first; Windows also turns the first words around when
    it writes them.
    """
    own = {1: b"MxfI", 2: b"CxfI"}[channels]
    raw = b" FPD" + b"salc" + own + bytes(4)
    if windows:
        raw = raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]
    return raw.hex().upper()


@cache
def entries() -> tuple[Entry, ...]:
    """All parameters in the plugin's order, which must stay: DAWs keep automation by number.

    An effect that is added to the registry must be registered last.
    """
    choices = (NONE, *(e.title for e in kinds()))
    rows = [Entry(p.name, p.title, p) for p in (AMOUNT, TRIM_DB)]
    for number in range(1, SLOTS + 1):
        slot = Parameter(
            f"slot_{number}", f"Slot {number}", "", 0, len(kinds()), 0, choices=choices
        )
        rows.append(Entry(slot.name, slot.title, slot, whole=True))
    for fx in kinds():
        bypass = Parameter("bypass", "bypass", "", 0, 1, 0)
        rows.append(Entry(f"{fx.id}_bypass", f"{fx.title} bypass", bypass, fx.id, whole=True))
        rows += [
            Entry(f"{fx.id}_{p.name}", _name(fx.title, p.title), p, fx.id) for p in fx.parameters
        ]
    return tuple(rows)


def header() -> str:
    """The C++ header, as it is in `plugin/generated/parameters.hpp`."""
    kind_names = ", ".join(["kNone", *(_constant(e.id) for e in kinds()), "kFxCount"])
    choices = ", ".join(f'"{title}"' for title in (NONE, *(e.title for e in kinds())))
    bypasses = ", ".join(["-1", *(_constant(f"{e.id}_bypass") for e in kinds())])
    names = "".join(f"    {_constant(e.symbol)},\n" for e in entries())
    rows = "".join(f"    {_row(e)},\n" for e in entries())
    return f"""\
// Written by `ifx-bridge plugin header` from the effect registry; do not edit.
#pragma once

#define IFX_NAME "{NAME}"
#define IFX_VENDOR "{VENDOR}"

namespace ifx {{

constexpr int kFormat = {FORMAT};
inline constexpr const char* kFormatName = "{FORMAT_NAME}";

/// What a slot holds.
enum Fx : int {{ {kind_names} }};
inline constexpr const char* kChoices[] = {{{choices}}};

/// A parameter in its unit; `choices` are the names of whole numbers from `low` on.
struct Parameter {{
    const char *symbol, *name, *unit;
    float low, high, start;
    bool logarithmic, whole;
    const char* const* choices;
}};

/// Places in kParameters.
enum Index : int {{
{names}    kParameterCount
}};

inline constexpr Parameter kParameters[] = {{
{rows}}};

/// By kind of effect.
inline constexpr int kBypass[] = {{{bypasses}}};

}}  // namespace ifx
"""


def _name(effect: str, parameter: str) -> str:
    return effect if effect.endswith(parameter) else f"{effect} {parameter}"


def _constant(symbol: str) -> str:
    return "k" + "".join(re.sub("^.", lambda m: m[0].upper(), part) for part in symbol.split("_"))


def _row(entry: Entry) -> str:
    p = entry.parameter
    numbers = ", ".join(_float(x) for x in (p.low, p.high, p.default))
    flags = ", ".join(str(flag).lower() for flag in (p.scale == "log", entry.whole))
    choices = "kChoices" if p.choices else "nullptr"
    return f'{{"{entry.symbol}", "{entry.name}", "{p.unit}", {numbers}, {flags}, {choices}}}'


def _float(value: float) -> str:
    return f"{float(value)!r}f"
