"""Compressor with the ballistics of JUCE, per channel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ifx_bridge.effects.spec import Effect, Parameter, Params, register

if TYPE_CHECKING:
    from torch import Tensor


def _face(params: Params, sample_rate: float) -> list[Any]:
    from pedalboard import Compressor

    return [Compressor(**params)]


def _twin(audio: Tensor, params: Mapping[str, Tensor], sample_rate: float) -> Tensor:
    import torch

    threshold = torch.pow(10.0, params["threshold_db"] / 20)
    # JUCE's BallisticsFilter: the coefficient's exponent is -2 pi 1000 / (time in ms x rate).
    attack = torch.exp(-2 * math.pi * 1000 / (params["attack_ms"] * sample_rate))
    release = torch.exp(-2 * math.pi * 1000 / (params["release_ms"] * sample_rate))
    envelope = _follower().apply(audio.abs(), attack, release)
    over = torch.clamp(envelope / threshold, min=1.0)
    return audio * torch.pow(over, 1 / params["ratio"] - 1)


@cache
def _follower() -> Any:
    """The peak follower e[n] = |x| + c (e[n-1] - |x|) as an autograd function.

    c is the attack coefficient while |x| exceeds e[n-1], else the release coefficient. A loop over
    samples has no fast form in torch, so both directions are compiled by numba.
    """
    import numba
    import numpy as np
    import torch

    @numba.njit(cache=True, nogil=True)
    def forward(level: Any, attack: float, release: float) -> Any:
        out = np.empty_like(level)
        for row in range(level.shape[0]):
            envelope = 0.0
            for n in range(level.shape[1]):
                c = attack if level[row, n] > envelope else release
                envelope = level[row, n] + c * (envelope - level[row, n])
                out[row, n] = envelope
        return out

    @numba.njit(cache=True, nogil=True)
    def backward(level: Any, out: Any, gradient: Any, attack: float, release: float) -> Any:
        to_level = np.empty_like(level)
        to_attack = 0.0
        to_release = 0.0
        for row in range(level.shape[0]):
            carried = 0.0
            for n in range(level.shape[1] - 1, -1, -1):
                previous = out[row, n - 1] if n > 0 else 0.0
                rising = level[row, n] > previous
                total = gradient[row, n] + carried
                difference = total * (previous - level[row, n])
                if rising:
                    c = attack
                    to_attack += difference
                else:
                    c = release
                    to_release += difference
                to_level[row, n] = (1.0 - c) * total
                carried = c * total
        return to_level, to_attack, to_release

    class Follower(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, level: Tensor, attack: Tensor, release: Tensor) -> Tensor:
            rows = level.detach().reshape(-1, level.shape[-1]).contiguous().numpy()
            out = forward(rows, float(attack), float(release))
            ctx.rows, ctx.out, ctx.times = rows, out, (attack, release)
            return torch.from_numpy(out).reshape(level.shape)

        @staticmethod
        def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            (gradient,) = gradients
            attack, release = ctx.times
            flat = gradient.reshape(ctx.rows.shape).contiguous().numpy()
            to_level, to_attack, to_release = backward(
                ctx.rows, ctx.out, flat, float(attack), float(release)
            )
            return (
                torch.from_numpy(to_level).reshape(gradient.shape),
                attack.new_tensor(to_attack),
                release.new_tensor(to_release),
            )

    return Follower


COMP = register(
    Effect(
        id="comp",
        title="Compressor",
        description="Evens out loud and quiet: squashed, punchy, tight, controlled.",
        parameters=(
            Parameter(
                "threshold_db",
                "threshold",
                "dB",
                -60,
                0,
                -20,
                description="less of the sound is compressed",
                neutral=0,
                per_db=1.0,
            ),
            Parameter(
                "ratio",
                "ratio",
                ":1",
                1,
                20,
                4,
                "log",
                "more squashed, more even, flatter",
                neutral=1,
            ),
            Parameter(
                "attack_ms", "attack", "ms", 0.5, 100, 5, "log", "punchier, lets transients through"
            ),
            Parameter(
                "release_ms", "release", "ms", 10, 1000, 100, "log", "smoother, pumps more slowly"
            ),
        ),
        pedalboard=_face,
        twin=_twin,
    )
)
