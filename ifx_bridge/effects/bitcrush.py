"""Bit crusher: rounding to a coarser grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ifx_bridge.effects.spec import Effect, Parameter, Params, register

if TYPE_CHECKING:
    from torch import Tensor


def _face(params: Params, sample_rate: float) -> list[Any]:
    from pedalboard import Bitcrush

    return [Bitcrush(**params)]


def _twin(audio: Tensor, params: Mapping[str, Tensor], sample_rate: float) -> Tensor:
    import torch

    # Single precision, as in Pedalboard: it decides which way near-ties round.
    steps = torch.pow(2.0, params["bit_depth"].float())
    # round(x s) / s = x + r / s with the rounding error r held constant: the audio's gradient
    # passes straight through, and that of the depth says how the noise shrinks with finer steps.
    scaled = (audio.float() * steps).detach()
    error = torch.round(scaled).to(audio.dtype) - (audio * steps).detach()
    return audio + error / steps


BITCRUSH = register(
    Effect(
        id="bitcrush",
        title="Bit crusher",
        description="Rounds the waveform coarsely: 8-bit, video game, digital noise, lo-fi.",
        parameters=(
            Parameter(
                "bit_depth",
                "bit depth",
                "bits",
                2,
                16,
                8,
                description="cleaner; fewer bits are noisier and more broken",
                neutral=16,
                per_db=-1 / 6.02,  # a bit is a doubling
            ),
        ),
        pedalboard=_face,
        twin=_twin,
    )
)
