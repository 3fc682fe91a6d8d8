"""Reverb: Freeverb as JUCE tunes it (Jezar at Dreampoint's combs and all-passes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ifx_bridge.effects.spec import Effect, Parameter, Params, register

if TYPE_CHECKING:
    from torch import Tensor

    from ifx_bridge.effects.spectral import Circle

# Samples at 44.1 kHz; the right channel's are STEREO_SPREAD longer.
COMBS = (1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617)
ALLPASSES = (556, 441, 341, 225)
STEREO_SPREAD = 23
INPUT_GAIN = 0.015
WET_SCALE, DRY_SCALE, DAMP_SCALE = 3.0, 2.0, 0.4
ROOM_SCALE, ROOM_OFFSET = 0.28, 0.7


def _face(params: Params, sample_rate: float) -> list[Any]:
    from pedalboard import Reverb

    return [Reverb(**params)]


def _twin(audio: Tensor, params: Mapping[str, Tensor], sample_rate: float) -> Tensor:
    from ifx_bridge.effects import spectral

    points = spectral.circle(audio.shape[-1], audio.dtype)
    channels = audio.shape[-2]
    source = spectral.spectrum(audio.sum(dim=-2, keepdim=True) * INPUT_GAIN, points)
    wet = WET_SCALE * params["wet_level"]
    dry = DRY_SCALE * params["dry_level"]
    own, other = 0.5 * wet * (1 + params["width"]), 0.5 * wet * (1 - params["width"])
    tails = [
        source * _tank(points, params["room_size"], params["damping"], sample_rate, spread)
        for spread in (0, STEREO_SPREAD)[:channels]
    ]
    if channels == 1:
        mixed = own * tails[0]
    else:
        import torch

        mixed = torch.cat(
            [own * tails[0] + other * tails[1], own * tails[1] + other * tails[0]], -2
        )
    return spectral.signal(mixed, points, audio.shape[-1]) + dry * audio


def _tank(
    points: Circle, room_size: Tensor, damping: Tensor, sample_rate: float, spread: int
) -> Tensor:
    feedback = ROOM_SCALE * room_size + ROOM_OFFSET
    damp = DAMP_SCALE * damping
    loop = feedback * (1 - damp) / (1 - damp * points.delay(1))
    delays = [points.delay(int(sample_rate) * (d + spread) // 44100) for d in COMBS]
    tank = sum(delay / (1 - loop * delay) for delay in delays)
    for samples in ALLPASSES:
        delay = points.delay(int(sample_rate) * (samples + spread) // 44100)
        tank = tank * ((1.5 * delay - 1) / (1 - 0.5 * delay))
    return tank  # type: ignore[return-value]


REV = register(
    Effect(
        id="rev",
        title="Reverb",
        description="Puts the sound into a space: room, hall, church, cathedral; distance.",
        parameters=(
            Parameter(
                "room_size",
                "room size",
                "",
                0,
                1,
                0.5,
                description="longer decay: from a small room (0.1) over a hall (0.6) to a "
                "cathedral (0.95)",
            ),
            Parameter("damping", "damping", "", 0, 1, 0.5, description="darker, softer tail"),
            Parameter(
                "wet_level",
                "wet level",
                "",
                0,
                1,
                0.33,
                description="more reverb, further away",
                neutral=0,
            ),
            Parameter(
                "dry_level", "dry level", "", 0, 1, 0.5, description="more direct sound, closer"
            ),
            Parameter("width", "width", "", 0, 1, 1, description="wider stereo tail"),
        ),
        pedalboard=_face,
        twin=_twin,
    )
)
