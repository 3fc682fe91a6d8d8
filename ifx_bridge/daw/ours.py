"""IFX Chain, our own plugin, on a track: what a chain is in its parameters, and as its preset.

Nothing is translated: the parameters are those of `chain_plugin.table`, by name and place. DAWs
give them in our own units (Ardour) or from 0 to 1 (REAPER, Live): DPF's scales are linear there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ifx_bridge.chain_plugin.table import NAME, SLOTS, TRIM_DB, entries, kinds, title
from ifx_bridge.chain_plugin.values import values_of
from ifx_bridge.daw.link import DawParameter
from ifx_bridge.daw.stock import Resolved
from ifx_bridge.daw.writing import Wanted
from ifx_bridge.effects.chain import Chain
from ifx_bridge.effects.spec import Parameter
from ifx_bridge.presets import chain as presets
from ifx_bridge.presets.vstpreset import VstPreset

# REAPER puts the kind before a plugin's name and the vendor behind it.
_NAMES = {n: re.compile(rf"(VST3?: )?{title(n)}( \(.*\))?", re.IGNORECASE) for n in (1, 2)}


def channels_of(device_name: str) -> int | None:
    """1 or 2 for IFX Chain Mono and IFX Chain as DAWs name them; None for every other device."""
    return next((n for n, name in _NAMES.items() if name.fullmatch(device_name)), None)


def resolve(chain: Chain, parameters: Sequence[DawParameter]) -> Resolved:
    """The values of all its parameters for a chain, and what of the chain it cannot hold.

    Args:
        chain: The turn's.
        parameters: What the DAW says that the device has.
    """
    held, missing = _held(chain)
    values = values_of(held)
    there = _matched(parameters)
    wanted = []
    for entry in entries():
        value = values[entry.symbol]
        said = f"{entry.name} {entry.parameter.text(value)}"
        parameter = there.get(entry.symbol)
        if parameter is None:
            missing.append(f"{said}: the DAW shows no such parameter of {NAME}")
            continue
        position = _position(entry.parameter, parameter, value)
        if position is None:
            missing.append(f"{said}: the DAW gives it another range than ours")
        else:
            wanted.append(Wanted(parameter, position, title=said))
    return Resolved(tuple(wanted), tuple(missing))


def preset(chain: Chain, name: str, channels: int) -> VstPreset:
    """The preset of what it can hold of a chain.

    Args:
        chain: The turn's.
        name: Of the preset.
        channels: As `channels_of` says.
    """
    return presets.preset_of(_held(chain)[0], name, channels)


def _held(chain: Chain) -> tuple[Chain, list[str]]:
    """The part of a chain that the plugin has, and what that leaves out."""
    own = {effect.id for effect in kinds()}
    slots = [s for s in chain if s.fx in own and s.engine == "pedalboard"][:SLOTS]
    missing = [f"{s.effect.title}: {NAME} has no such effect" for s in chain if s not in slots]
    trim = TRIM_DB.clamp(chain.trim_db)
    if trim != chain.trim_db:
        missing.append(f"output trim {chain.trim_db:+.1f} dB: set to its end, {trim:+.0f} dB")
    return replace(chain, slots=tuple(slots), trim_db=trim), missing


def _matched(parameters: Sequence[DawParameter]) -> dict[str, DawParameter]:
    """By symbol. A name that the DAW has cut short counts where it stands at its own place."""
    there = [p for p in parameters if p.writable]
    names = {p.name.lower(): p for p in there}
    found = {e.symbol: names[e.name.lower()] for e in entries() if e.name.lower() in names}
    # Hosts put some of their own before ours: the first that is known says how many.
    before = (found[e.symbol].index - n for n, e in enumerate(entries()) if e.symbol in found)
    if (first := next(before, None)) is not None:
        places = {p.index - first: p for p in there if p not in found.values()}
        for place, entry in enumerate(entries()):
            if place in places and entry.name.lower().startswith(places[place].name.lower()):
                found.setdefault(entry.symbol, places[place])
    return found


def _position(ours: Parameter, theirs: DawParameter, value: float) -> float | None:
    if theirs.same(ours.low, theirs.low) and theirs.same(ours.high, theirs.high):
        return value
    if (theirs.low, theirs.high) == (0.0, 1.0):
        return (value - ours.low) / (ours.high - ours.low)
    return None
