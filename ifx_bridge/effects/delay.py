"""Feedback delay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ifx_bridge.effects.spec import Effect, Parameter, Params, register

if TYPE_CHECKING:
    from torch import Tensor

    from ifx_bridge.effects.spectral import Circle


def _face(params: Params, sample_rate: float) -> list[Any]:
    from pedalboard import Delay

    return [Delay(**params)]


def _twin(audio: Tensor, params: Mapping[str, Tensor], sample_rate: float) -> Tensor:
    import numpy as np

    from ifx_bridge.effects import spectral

    seconds, feedback, mix = params["delay_seconds"], params["feedback"], params["mix"]
    # Pedalboard truncates to whole samples, in single precision; the gradient is that of the
    # fractional delay.
    whole = int(np.float32(seconds.item()) * np.float32(sample_rate))

    def transfer(points: Circle) -> Tensor:
        line = points.delay(whole)
        if seconds.requires_grad:
            fractional = points.fractional_delay((seconds * sample_rate).to(audio.dtype))
            line = line + fractional - fractional.detach()
        return (1 - mix) + mix * line / (1 - feedback * line)

    return spectral.apply(audio, transfer)


DELAY = register(
    Effect(
        id="delay",
        title="Delay",
        description="Repeats the sound: slapback (80-140 ms), echo, dub, canyon.",
        parameters=(
            Parameter(
                "delay_seconds",
                "time",
                "s",
                0.02,
                2.0,
                0.35,
                "log",
                "repeats come later, larger distance",
                beats=True,
            ),
            Parameter(
                "feedback", "feedback", "", 0, 0.95, 0.3, description="more repeats", neutral=0
            ),
            Parameter("mix", "mix", "", 0, 1, 0.3, description="louder repeats", neutral=0),
        ),
        pedalboard=_face,
        twin=_twin,
    )
)
