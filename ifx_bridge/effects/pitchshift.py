"""Pitch shift by Rubber Band; the number of semitones is searched, not differentiated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ifx_bridge.effects.spec import Effect, Parameter, Params, register

if TYPE_CHECKING:
    from torch import Tensor

SURROGATE_WINDOW = 2048


def _face(params: Params, sample_rate: float) -> list[Any]:
    import numpy as np
    from pedalboard import PitchShift

    # In single precision, which is what plugins hold: Rubber Band answers to the last digit of its
    # ratio with other frames, 40 dB below the sound.
    semitones = float(np.float32(params["semitones"]))
    # Rubber Band colours the sound even at 0, where nothing is asked of it.
    return [PitchShift(semitones)] if abs(semitones) > 1e-6 else []


def _twin(audio: Tensor, params: Mapping[str, Tensor], sample_rate: float) -> Tensor:
    import torch
    from pedalboard import Pedalboard

    semitones = params["semitones"].item()
    plugins = _face({"semitones": semitones}, sample_rate)
    if not plugins:
        return audio
    flat = audio.detach().reshape(-1, *audio.shape[-2:])
    shifted = torch.stack(
        [torch.from_numpy(Pedalboard(plugins)(item.float().numpy(), sample_rate)) for item in flat]
    ).to(audio.dtype)
    shifted = shifted.reshape(audio.shape)
    if not audio.requires_grad:
        return shifted
    surrogate = _warped(audio, shifted, 2 ** (semitones / 12))
    return shifted + (surrogate - surrogate.detach())


def _warped(audio: Tensor, shifted: Tensor, ratio: float) -> Tensor:
    """A stand-in for the gradient: magnitudes moved in frequency, in the phase of `shifted`.

    What an effect before the pitch shift does to a frequency shows at `ratio` times it; that is
    all that the gradient must know.
    """
    import torch

    shape, samples = audio.shape, audio.shape[-1]
    window = torch.hann_window(SURROGATE_WINDOW, dtype=audio.dtype)

    def stft(x: Tensor) -> Tensor:
        return torch.stft(
            x.reshape(-1, samples), SURROGATE_WINDOW, window=window, return_complex=True
        )

    magnitude = stft(audio).abs()
    bins = magnitude.shape[1]
    position = torch.arange(bins, dtype=audio.dtype) / ratio
    below = position.floor().long().clamp(max=bins - 2)
    share = (position - below).clamp(0, 1)[:, None]
    inside = (position <= bins - 1).to(audio.dtype)[:, None]
    moved = (magnitude[:, below] * (1 - share) + magnitude[:, below + 1] * share) * inside
    phase = stft(shifted).angle()
    out = torch.istft(torch.polar(moved, phase), SURROGATE_WINDOW, window=window, length=samples)
    return out.reshape(shape)


PITCHSHIFT = register(
    Effect(
        id="pitchshift",
        title="Pitch shift",
        description="Moves the pitch without the tempo: octaves, chipmunk, monster, giant.",
        parameters=(
            Parameter(
                "semitones",
                "shift",
                "semitones",
                -24,
                24,
                0,
                description="higher and smaller; below 0 deeper and bigger",
                neutral=0,
                differentiable=False,
                step=1 / 24,
            ),
        ),
        pedalboard=_face,
        twin=_twin,
    )
)
