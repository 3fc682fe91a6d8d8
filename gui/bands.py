"""Bands of equalizers: gain, frequency and Q are knobs of one thing."""

from __future__ import annotations

import re

from ifx_bridge.effects.spec import Effect

BAND = re.compile(r"(.+)_(gain_db|cutoff_freq|q_factor)$")


def band_of(effect: Effect, name: str) -> tuple[str, ...]:
    """The knobs of a knob's band, its gain first; the knob alone where it is in none."""
    found, names = BAND.match(name), {parameter.name for parameter in effect.parameters}
    if found is None or f"{found[1]}_gain_db" not in names:
        return (name,)
    kinds = ("gain_db", "cutoff_freq", "q_factor")
    return tuple(each for kind in kinds if (each := f"{found[1]}_{kind}") in names)


def band_title(title: str) -> str:
    """What a band is called, by the title of one of its knobs."""
    return title.rsplit(" ", 1)[0].removesuffix(" peak")
