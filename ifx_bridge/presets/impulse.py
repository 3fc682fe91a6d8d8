"""The impulse response of a chain, for convolvers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ifx_bridge.audio import Audio
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError

# What an impulse says everything about, and what rings among it.
LINEAR, RINGING = frozenset({"eq", "rev", "delay"}), frozenset({"rev", "delay"})
LONGEST_SECONDS, FADE_SECONDS = 30.0, 0.5
OVER_DB = -80.0  # the response ends where no more than this is left of its peak
PEAK_DB = -1.0
# Convolvers mix the dry sound themselves.
WET = {"rev": {"dry_level": 0.0}, "delay": {"mix": 1.0}}


def impulse_response(
    chain: Chain, sample_rate: int = 48000, with_dry: bool = False
) -> tuple[Audio, tuple[str, ...]]:
    """The response of the linear effects of a chain.

    Args:
        chain: Ours.
        sample_rate: In Hz.
        with_dry: Whether the dry sound stays in it; convolvers have a knob for that.

    Returns:
        `[2, samples]`, its peak at -1 dBFS, as long as it rings (until 80 dB less is left; what
        rings longer than `LONGEST_SECONDS` is faded out there), and the ids of the effects that
        are left out because an impulse cannot say what they do.

    Raises:
        UserError: The chain has no reverb and no delay.
    """
    kept = [s for s in chain if s.fx in LINEAR and s.engine == "pedalboard" and not s.bypass]
    left_out = tuple(s.fx for s in chain if s not in kept)
    if not RINGING & {s.fx for s in kept}:
        raise UserError(
            "This chain has no reverb and no delay, so there is nothing for a convolver.",
            next_step="Choose another preset: ifx-bridge presets list --tag reverb.",
        )
    slots = kept if with_dry else _without_dry(kept)
    # Between two repeats there is silence, which is not the end.
    pause = 1.5 * max((s.params["delay_seconds"] for s in slots if s.fx == "delay"), default=0.2)
    seconds = 2.0 + pause
    while True:
        impulse = np.zeros((2, round(seconds * sample_rate)), np.float32)
        impulse[:, 0] = 1.0
        response = Chain(tuple(slots)).render(impulse, sample_rate)
        level = np.abs(response).max(0)
        heard = np.flatnonzero(level > level.max() * 10 ** (OVER_DB / 20))
        end = int(heard[-1]) + 1 if heard.size else 1
        if end / sample_rate < seconds - pause:
            break
        if seconds >= LONGEST_SECONDS:
            fade = round(FADE_SECONDS * sample_rate)
            response[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
            break
        seconds = min(LONGEST_SECONDS, 2 * seconds)
    scale = 10 ** (PEAK_DB / 20) / max(float(level.max()), 1e-9)
    return np.ascontiguousarray(response[:, :end] * np.float32(scale)), left_out


def _without_dry(slots: list[Slot]) -> list[Slot]:
    """The last effect that rings lets nothing through unchanged; those before feed it."""
    last = max(i for i, slot in enumerate(slots) if slot.fx in RINGING)
    wet = replace(slots[last], params={**slots[last].params, **WET[slots[last].fx]})
    return [*slots[:last], wet, *slots[last + 1 :]]
