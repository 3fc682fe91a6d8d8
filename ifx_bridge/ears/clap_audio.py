"""What CLAP hears of audio, as it was trained, and differentiable all the way.

Audio is resampled to 48 kHz, brought to one level, rounded to 16 bits, laid out in stretches of ten
seconds, and turned into log-mel spectrograms. Channels are folded as energy: what differs between
them does not cancel.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import ceil, log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor, dtype

SAMPLE_RATE = 48000
CROP_SECONDS = 10
CROP = CROP_SECONDS * SAMPLE_RATE
# Of longer audio, this many stretches at most are heard: evenly spaced, the same every time. (The
# published code takes one at random, and two of them can differ much.)
MOST_CROPS = 4
LEVEL = 0.1  # RMS, or less where the peak would exceed full scale
WINDOW, HOP, MELS = 1024, 480, 64
LOWEST_HZ, HIGHEST_HZ = 50.0, 14000.0
# Slaney's mel scale: linear up to 1 kHz, then 27 steps for a factor of 6.4.
LINEAR_HZ, BREAK_HZ = 200 / 3, 1000.0
FLOOR = 1e-10
# Zero crossings of the resampling filter on each side, and its Kaiser window: as
# scipy.signal.resample_poly has them.
CROSSINGS, KAISER = 10, 5.0
LARGEST_TERM = 640


def prepared(audio: Tensor, sample_rate: float) -> Tensor:
    """All that comes before the spectrogram.

    Args:
        audio: `[batch, channels, samples]`.
        sample_rate: In Hz.

    Returns:
        `[batch, crops, channels, CROP]` at 48 kHz.
    """
    return cropped(quantized(leveled(resampled(audio, sample_rate))))


def resampled(audio: Tensor, sample_rate: float) -> Tensor:
    """To 48 kHz by a windowed-sinc polyphase filter, `[..., samples]`."""
    import torch

    # Ratios of large numbers would need large filters; this is within a few millionths of any.
    ratio = Fraction(SAMPLE_RATE / sample_rate).limit_denominator(LARGEST_TERM)
    up, down = ratio.numerator, ratio.denominator
    if up == down:
        return audio
    kernel, before = _polyphase(up, down, audio.dtype)
    samples = audio.shape[-1]
    length = ceil(samples * up / down)
    blocks = ceil(length / up)
    after = max(0, (blocks - 1) * down + kernel.shape[-1] - before - samples)
    padded = torch.nn.functional.pad(audio.reshape(-1, 1, samples), (before, after))
    phases = torch.nn.functional.conv1d(padded, kernel, stride=down)[..., :blocks]
    joined = phases.transpose(1, 2).reshape(*audio.shape[:-1], blocks * up)
    return joined[..., :length]


def leveled(audio: Tensor) -> Tensor:
    """All of `[batch, channels, samples]` at one level, so that loudness buys nothing."""
    import torch

    rms = (audio.pow(2).mean(dim=(1, 2), keepdim=True) + 1e-18).sqrt()
    peak = audio.abs().amax(dim=(1, 2), keepdim=True)
    return audio / torch.maximum(rms / LEVEL, peak)


def quantized(audio: Tensor) -> Tensor:
    """Rounded to 16 bits as in training; gradients pass straight through."""
    steps = (audio.clamp(-1, 1) * 32767).trunc() / 32767
    return audio + (steps - audio).detach()


def cropped(audio: Tensor) -> Tensor:
    """`[batch, channels, samples]` to `[batch, crops, channels, CROP]`.

    Short audio is repeated as often as it fits and then filled up with silence, as in training.
    """
    import torch

    samples = audio.shape[-1]
    if samples <= CROP:
        repeated = audio.repeat(1, 1, CROP // samples)
        filled = torch.nn.functional.pad(repeated, (0, CROP - repeated.shape[-1]))
        return filled[:, None]
    count = min(MOST_CROPS, ceil(samples / CROP))
    starts = [round(k * (samples - CROP) / (count - 1)) for k in range(count)]
    return torch.stack([audio[..., start : start + CROP] for start in starts], 1)


def log_mel(audio: Tensor) -> Tensor:
    """`[n, channels, CROP]` at 48 kHz to `[n, 1, 1001, MELS]`, in dB."""
    import torch

    count, channels, samples = audio.shape
    window = torch.hann_window(WINDOW, dtype=audio.dtype)
    stft = torch.stft(
        audio.reshape(-1, samples), WINDOW, HOP, window=window, pad_mode="reflect",
        return_complex=True,
    )  # fmt: skip
    power = stft.real**2 + stft.imag**2
    power = power.reshape(count, channels, *power.shape[1:]).mean(1)
    mels = power.transpose(1, 2) @ _mel_bank(audio.dtype)
    return (10 * mels.clamp(min=FLOOR).log10())[:, None]


@lru_cache(maxsize=8)
def _polyphase(up: int, down: int, dtype: dtype) -> tuple[Tensor, int]:
    """The filter as `up` phases, `[up, 1, taps]`, and how many samples it reaches back.

    Output sample q * up + r is the sum over j of x[q * down + j] h[r * down - j * up].
    """
    import torch
    from scipy.signal import firwin

    half = CROSSINGS * max(up, down)
    h = up * firwin(2 * half + 1, 1 / max(up, down), window=("kaiser", KAISER))
    back = half // up
    ahead = (half + (up - 1) * down) // up
    at = np.arange(up)[:, None] * down - np.arange(-back, ahead + 1)[None] * up + half
    kernel = np.where((at >= 0) & (at <= 2 * half), h[at.clip(0, 2 * half)], 0.0)
    return torch.from_numpy(kernel[:, None]).to(dtype), back


@lru_cache(maxsize=2)
def _mel_bank(dtype: dtype) -> Tensor:
    """Slaney's triangular bands of equal area, `[bins, MELS]`: librosa's default."""
    import torch

    edges = _mel_to_hz(np.linspace(_hz_to_mel(LOWEST_HZ), _hz_to_mel(HIGHEST_HZ), MELS + 2))
    hz = np.linspace(0, SAMPLE_RATE / 2, WINDOW // 2 + 1)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (hz - low) / (centre - low), (high - hz) / (high - centre)
    bank = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
    return torch.from_numpy(bank).to(dtype)


def _hz_to_mel(hz: float) -> float:
    if hz < BREAK_HZ:
        return hz / LINEAR_HZ
    return BREAK_HZ / LINEAR_HZ + 27 * log(hz / BREAK_HZ) / log(6.4)


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    beyond = mel - BREAK_HZ / LINEAR_HZ
    return np.where(beyond < 0, mel * LINEAR_HZ, BREAK_HZ * 6.4 ** (beyond / 27))
