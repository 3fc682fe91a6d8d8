"""dasp-pytorch's equalizer and noise-shaped reverb, as the published recipe optimizes them.

They exist as torch only: no DAW has them, so a chain that uses them is rendered by torch and cannot
become a Pedalboard. The reverb's impulse response is random noise; it is seeded here, so that the
same values are the same sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ifx_bridge.effects.eq import EQ
from ifx_bridge.effects.spec import Effect, Parameter, register

if TYPE_CHECKING:
    from torch import Tensor

NOISE_SEED = 0
OCTAVES = 12


def _equalizer(audio: Tensor, params: Mapping[str, Tensor], sample_rate: float) -> Tensor:
    from dasp_pytorch.functional import parametric_eq

    batch = audio.reshape(-1, *audio.shape[-2:])
    values = {k: v.to(audio.dtype).expand(batch.shape[0]) for k, v in params.items()}
    out: Tensor = parametric_eq(batch, sample_rate, **values).reshape(audio.shape)
    return out


def _reverb(audio: Tensor, params: Mapping[str, Tensor], sample_rate: float) -> Tensor:
    import torch
    from dasp_pytorch.functional import noise_shaped_reverberation

    batch = audio.reshape(-1, *audio.shape[-2:])
    values = {k: v.to(audio.dtype).reshape(1, 1) for k, v in params.items()}
    rows = []
    for item in batch:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(NOISE_SEED)
            rows.append(noise_shaped_reverberation(item[None], sample_rate, **values)[0])
    # dasp answers mono with stereo; its left channel is the mono sound.
    return torch.stack(rows)[:, : audio.shape[-2]].reshape(audio.shape)


register(
    Effect(
        id="eq",
        engine="dasp",
        title="Equalizer (dasp)",
        description=EQ.description,
        parameters=EQ.parameters,
        pedalboard=None,
        twin=_equalizer,
    )
)

register(
    Effect(
        id="rev",
        engine="dasp",
        title="Noise-shaped reverb (dasp)",
        description="Filtered noise with a gain and a decay per octave.",
        parameters=(
            *(
                Parameter(f"band{i}_gain", f"octave {i} gain", "", 0, 1, 0.5)
                for i in range(OCTAVES)
            ),
            *(
                Parameter(f"band{i}_decay", f"octave {i} decay", "", 0, 1, 0.5)
                for i in range(OCTAVES)
            ),
            Parameter("mix", "mix", "", 0, 1, 0.3, description="more reverb"),
        ),
        pedalboard=None,
        twin=_reverb,
    )
)
