"""Recursive filters evaluated as transfer functions, so that gradients are cheap and exact.

Multiplying spectra convolves circularly: what rings beyond the buffer folds back to its start.
Both signals are therefore weighted by an exponential window gamma^n before the transform (that is,
the transfer function is evaluated on the circle of radius 1/gamma), and the result is divided by
it afterwards: what folds back arrives gamma^length times smaller, however long the filter rings.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# gamma^length. What folds back is this much smaller; rounding noise at the buffer's end is this
# much larger. Double precision has room for -160 dB of fold; single precision meets in the middle.
FOLD_DOUBLE = 1e-8
FOLD_SINGLE = 1e-3


class Circle:
    """The points at which transfer functions are evaluated for one buffer.

    Attributes:
        length: Transform length in samples, at least that of the buffer.
        window: gamma^n, real, `[length]`.
    """

    def __init__(self, samples: int, dtype: torch.dtype) -> None:
        import math

        import torch
        from scipy.fft import next_fast_len

        self.length = int(next_fast_len(samples, real=True))
        fold = FOLD_DOUBLE if dtype == torch.float64 else FOLD_SINGLE
        log_gamma = math.log(fold) / self.length
        index = torch.arange(self.length, dtype=torch.float64)
        self.window = torch.exp(log_gamma * index).to(dtype)
        self._log_gamma = log_gamma
        self._complex = torch.complex128 if dtype == torch.float64 else torch.complex64
        self._delays: dict[int, Tensor] = {}

    def delay(self, samples: int) -> Tensor:
        """z^-samples at every point, complex `[length // 2 + 1]`."""
        import math

        import torch

        if samples not in self._delays:
            bins = torch.arange(self.length // 2 + 1, dtype=torch.int64)
            # The phase is reduced in integers, so that long delays lose no precision.
            turns = (bins * samples % self.length).to(torch.float64) / self.length
            size = math.exp(self._log_gamma * samples)
            points = torch.polar(torch.full_like(turns, size), -2 * math.pi * turns)
            if len(self._delays) >= 64:
                self._delays.clear()
            self._delays[samples] = points.to(self._complex)
        return self._delays[samples]

    def fractional_delay(self, samples: Tensor) -> Tensor:
        """z^-samples for a real, differentiable number of samples."""
        import math

        import torch

        bins = torch.arange(self.length // 2 + 1, dtype=samples.dtype)
        angle = -2 * math.pi * bins / self.length * samples
        return torch.polar(torch.exp(self._log_gamma * samples).expand_as(angle), angle)


@lru_cache(maxsize=8)
def circle(samples: int, dtype: torch.dtype) -> Circle:
    """The (cached) evaluation points for buffers of that many samples."""
    return Circle(samples, dtype)


def spectrum(audio: Tensor, points: Circle) -> Tensor:
    """Windowed spectrum of `[..., samples]`, complex `[..., length // 2 + 1]`."""
    import torch

    samples = audio.shape[-1]
    windowed = audio * points.window[:samples]
    found: Tensor = torch.fft.rfft(windowed, n=points.length)
    return found


def signal(spectrum: Tensor, points: Circle, samples: int) -> Tensor:
    """Inverse of `spectrum`: `[..., samples]`."""
    import torch

    windowed: Tensor = torch.fft.irfft(spectrum, n=points.length)[..., :samples]
    return windowed / points.window[:samples]


def apply(audio: Tensor, transfer: Callable[[Circle], Tensor]) -> Tensor:
    """Filter `[..., samples]` by a transfer function given on the evaluation points.

    The result is what the recursion would give from rest, cut to the length of the input.
    """
    points = circle(audio.shape[-1], audio.dtype)
    return signal(spectrum(audio, points) * transfer(points), points, audio.shape[-1])
