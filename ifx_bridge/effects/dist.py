"""Distortion: tanh waveshaping after a gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ifx_bridge.effects.spec import Effect, Parameter, Params, register

if TYPE_CHECKING:
    from torch import Tensor


def _face(params: Params, sample_rate: float) -> list[Any]:
    from pedalboard import Distortion

    return [Distortion(**params)]


def _twin(audio: Tensor, params: Mapping[str, Tensor], sample_rate: float) -> Tensor:
    import torch

    return torch.tanh(torch.pow(10.0, params["drive_db"] / 20) * audio)


DIST = register(
    Effect(
        id="dist",
        title="Distortion",
        description="Adds harmonics: warmth, grit, crunch, fuzz, aggression.",
        parameters=(
            Parameter(
                "drive_db",
                "drive",
                "dB",
                0,
                48,
                12,
                description="grittier, then crunchy, then fuzzy and harsh; also more squashed",
                neutral=0,
                per_db=-1.0,
            ),
        ),
        pedalboard=_face,
        twin=_twin,
    )
)
