"""A chain as the plugin's values and state, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ifx_bridge.chain_plugin.table import (
    AMOUNT,
    FAMILY,
    FORMAT_NAME,
    SLOTS,
    TRIM_DB,
    entries,
    kinds,
)
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError

# DPF's own words around what it keeps: strings that end in a zero byte.
STATE, PARAMETERS = "state", "parameters"
FORMAT_KEY = "format"


def playable(chain: Chain) -> tuple[Chain, tuple[Slot, ...]]:
    """What IFX Chain plays of a chain, and what it does not have: plugins of the user's.

    Args:
        chain: Any.

    Returns:
        The chain without what is left out, and that.
    """
    ours = tuple(s for s in chain if s.engine == "pedalboard" and s.fx in _numbers())
    return replace(chain, slots=ours), tuple(s for s in chain if s not in ours)


def values_of(chain: Chain) -> dict[str, float]:
    """All of the plugin's values for a chain, by symbol, in the parameters' units.

    Values of effects that are not in the chain are the defaults, and slots behind its last
    effect are empty.

    Raises:
        UserError: The chain has an effect that the plugin does not have, or a trim out of range.
    """
    numbers = _numbers()
    values = {e.symbol: e.parameter.default for e in entries()}
    if foreign := [slot.fx for slot in playable(chain)[1]]:
        raise UserError(
            f"IFX Chain has no {' and no '.join(foreign)}.",
            next_step=f"It has {SLOTS} slots for {', '.join(numbers)}.",
        )
    if not TRIM_DB.low <= chain.trim_db <= TRIM_DB.high:
        raise UserError(
            f"An output trim of {chain.trim_db:+.0f} dB is out of IFX Chain's range "
            f"({TRIM_DB.low:+.0f} to {TRIM_DB.high:+.0f} dB)."
        )
    values |= {"trim_db": chain.trim_db, "amount": chain.amount}
    for number, slot in enumerate(chain, 1):
        values[f"slot_{number}"] = float(numbers[slot.fx])
        values[f"{slot.fx}_bypass"] = float(slot.bypass)
        values |= {f"{slot.fx}_{name}": value for name, value in slot.params.items()}
    return values


def chain_of(values: Mapping[str, float]) -> Chain:
    """The chain that the plugin plays with these values; what is not given is at its default.

    An effect that is in two slots counts in the first, as in the plugin.

    Raises:
        UserError: A symbol is unknown.
    """
    known = {e.symbol: e.parameter for e in entries()}
    if unknown := [symbol for symbol in values if symbol not in known]:
        raise UserError(f"IFX Chain has no parameter {unknown[0]!r}.")
    sound = {symbol: p.clamp(float(values.get(symbol, p.default))) for symbol, p in known.items()}
    slots: dict[str, Slot] = {}
    for number in range(1, SLOTS + 1):
        kind = round(sound[f"slot_{number}"])
        if kind == 0:
            continue
        fx = kinds()[kind - 1]
        params = {p.name: sound[f"{fx.id}_{p.name}"] for p in fx.parameters}
        slots.setdefault(fx.id, Slot(fx.id, params, bypass=sound[f"{fx.id}_bypass"] > 0.5))
    return Chain(tuple(slots.values()), sound[TRIM_DB.name], sound[AMOUNT.name])


def state_of(values: Mapping[str, float]) -> bytes:
    """The plugin's state: text that names each value, as DPF writes it (`Comp` of a preset)."""
    words = [f"__dpf_{STATE}_begin__", FORMAT_KEY, FORMAT_NAME, f"__dpf_{STATE}_end__"]
    words.append(f"__dpf_{PARAMETERS}_begin__")
    for entry in entries():
        value = values.get(entry.symbol, entry.parameter.default)
        words += [entry.symbol, str(round(value)) if entry.whole else _number(value)]
    words.append(f"__dpf_{PARAMETERS}_end__")
    return b"".join(word.encode() + b"\0" for word in words) + b"\xfe\0"


def values_in(state: bytes) -> dict[str, float]:
    """Inverse of `state_of`; symbols that are not the plugin's are passed over.

    Raises:
        UserError: It is no state of IFX Chain, or of a newer format.
    """
    words = state.split(b"\xfe")[0].decode("utf-8", "replace").split("\0")
    known = {e.symbol for e in entries()}
    try:
        begin = words.index(f"__dpf_{PARAMETERS}_begin__") + 1
        end = words.index(f"__dpf_{PARAMETERS}_end__")
        format_name = words[words.index(FORMAT_KEY, 0, begin) + 1]
        pairs = zip(words[begin:end:2], words[begin + 1 : end : 2], strict=True)
        found = {symbol: float(text) for symbol, text in pairs if symbol in known}
        if not format_name.startswith(FAMILY) or not all(map(math.isfinite, found.values())):
            raise ValueError
    except ValueError:
        raise UserError("This is no state of IFX Chain.") from None
    if format_name != FORMAT_NAME:
        raise UserError(
            f"This preset has the format {format_name!r}; {FORMAT_NAME!r} is known here.",
            next_step="Use the IFX Bridge that wrote it.",
        )
    return found


def _numbers() -> dict[str, int]:
    """What a slot's value is for each effect."""
    return {effect.id: number for number, effect in enumerate(kinds(), 1)}


def _number(value: float) -> str:
    """Single precision, which is what the plugin holds, in as few digits as name it."""
    return repr(float(str(np.float32(value))))
