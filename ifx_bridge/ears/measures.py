"""What is measured of a sound: where its energy is, how it moves, rings, roughens and spreads.

Some seventy numbers, each about unit size, differentiable, and unchanged by gain. They are taken at
the sound's own sample rate, in windows of 32 ms, so that nothing has to be converted.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

WINDOW_SECONDS = 0.032
BANDS = 30
LOWEST_HZ, HIGHEST_HZ = 50.0, 15000.0
# Broad bands in which time is looked at (edges in Hz), and their names.
REGIONS = (50.0, 250.0, 1000.0, 4000.0, 15000.0)
NAMES = ("bass", "low mid", "high mid", "treble")
FLOOR = 1e-6
# Envelope lags at which echoes show, in seconds.
LAGS = (0.06, 0.09, 0.13, 0.18, 0.25, 0.35, 0.5, 0.7)


def names() -> list[str]:
    """What each measurement is, in order."""
    return [
        *(f"energy {hz:.0f} Hz" for hz in _centres()),
        *(f"modulation {r}" for r in NAMES),
        *(f"sustain {r}" for r in NAMES),
        *(f"fall {r}" for r in NAMES),
        *(f"flatness {r}" for r in NAMES),
        *(f"tonality {r}" for r in NAMES),
        *(f"echo {1000 * lag:.0f} ms" for lag in LAGS),
        "crest",
        "density",
        "attack",
        "width",
        "pitch",
        "spread",
    ]


def measure(audio: Tensor, sample_rate: float) -> Tensor:
    """The measurements.

    Args:
        audio: `[batch, channels, samples]`.
        sample_rate: In Hz.

    Returns:
        `[batch, len(names())]`.
    """
    import torch

    energy = audio.square()
    level = energy.mean(dim=(1, 2)) + 1e-18
    power = _power(audio, sample_rate) / level[:, None, None]
    bank, regions = _banks(power.shape[-1], sample_rate, audio.dtype)
    spectrum = power.mean(1)

    # Where: share of the energy per band, in decibels / 10 above a -60 dB floor.
    bands = spectrum @ bank
    share = bands / (bands.sum(-1, keepdim=True) + 1e-9)
    where = torch.log10(share + FLOOR)
    position = torch.linspace(0, 3, BANDS, dtype=audio.dtype)
    pitch = (share * position).sum(-1)
    spread = ((share * (position - pitch[:, None]) ** 2).sum(-1) + 1e-6).sqrt()

    # How it moves: region envelopes in decibels / 10, floored 60 dB below their loudest.
    envelope = (power @ regions).transpose(1, 2)
    curve = torch.log10(envelope / (envelope.amax(-1, keepdim=True) + 1e-9) + FLOOR)
    modulation = curve.std(-1)
    sustain = curve.mean(-1)
    step = curve[..., 1:] - curve[..., :-1]
    sounding = (curve[..., :-1] + 4).clamp(0, 1)
    heard = sounding.sum(-1) + 1
    # Mean fall where it sounds at all: short tails fall fast.
    fall = 10 * (torch.nn.functional.softplus(-step * 20) / 20 * sounding).sum(-1) / heard
    rising = torch.nn.functional.softplus(step * 20) / 20
    attack = 10 * (rising * sounding).sum((1, 2)) / heard.sum(-1)

    # How rough: geometric over arithmetic mean of the spectrum, per region; of the whole sound, and
    # of each moment, which tells noise and distortion from many notes.
    widths = regions.sum(0)
    floor = 1e-5 * spectrum.mean(-1, keepdim=True) + 1e-12
    mean = spectrum @ regions / widths
    flatness = torch.log10(spectrum + floor) @ regions / widths - torch.log10(mean + floor)
    moment = torch.log10(power + floor[:, None]) @ regions / widths
    moment = moment - torch.log10((power @ regions) / widths + floor[:, None])
    weight = envelope.transpose(1, 2)
    tonality = (moment * weight).sum(1) / (weight.sum(1) + 1e-9)

    # Echoes: correlation of the whole envelope with itself some time later.
    whole = (envelope.sum(1) + 1e-12).sqrt()
    whole = whole - whole.mean(-1, keepdim=True)
    variance = whole.square().sum(-1) + 1e-9
    echoes = []
    for lag in LAGS:
        frames = min(max(1, round(2 * lag / WINDOW_SECONDS)), whole.shape[-1] - 1)
        echoes.append((whole[:, frames:] * whole[:, :-frames]).sum(-1) / variance)

    # Peaks: an 8-norm stands for the maximum, which has no useful gradient.
    fourth = (energy / level[:, None, None]).square()
    crest = torch.log10(fourth.square().mean(dim=(1, 2)) + 1e-12) / 4
    density = torch.log10(audio.abs().mean(dim=(1, 2)) / level.sqrt() + 1e-3)
    if audio.shape[1] > 1:
        side = (audio[:, 0] - audio[:, 1]).square().mean(-1) / 4
        width = torch.log10(side / level + 1e-3)
    else:
        width = torch.full_like(crest, -3.0)
    singles = torch.stack([2 * crest, 10 * density, attack, width, 3 * pitch, 3 * spread], -1)
    parts = [where, modulation, sustain, fall, 2 * flatness, 2 * tonality]
    return torch.cat([*parts, 2 * torch.stack(echoes, -1), singles], -1)


def _power(audio: Tensor, sample_rate: float) -> Tensor:
    """Power in half-overlapping Hann windows, mean of the channels, `[batch, frames, bins]`.

    Framed by hand: torch.stft's gradient takes several times longer.
    """
    import torch

    hop = round(WINDOW_SECONDS * sample_rate / 2)
    window = torch.hann_window(2 * hop, dtype=audio.dtype)
    short = max(0, 3 * hop - audio.shape[-1])  # at least four half windows, with the padding
    padded = torch.nn.functional.pad(audio, (hop, hop + short))
    whole = padded[..., : padded.shape[-1] // hop * hop]
    blocks = whole.reshape(*whole.shape[:-1], -1, hop)
    frames = torch.cat([blocks[..., :-1, :], blocks[..., 1:, :]], -1) * window
    transformed = torch.fft.rfft(frames, n=_fast_length(2 * hop))
    power = torch.view_as_real(transformed).square().sum(-1).mean(1)
    return power / (2 * hop * window.square().sum())


@lru_cache(maxsize=8)
def _fast_length(least: int) -> int:
    from scipy.fft import next_fast_len

    return int(next_fast_len(least, real=True))


def _erb_number(hz: Any) -> NDArray[np.float64]:
    # Glasberg and Moore 1990.
    return np.asarray(21.4 * np.log10(1 + 0.00437 * np.asarray(hz, dtype=np.float64)))


def _centres() -> NDArray[np.float64]:
    erb = np.linspace(_erb_number(LOWEST_HZ), _erb_number(HIGHEST_HZ), BANDS)
    return np.asarray((10 ** (erb / 21.4) - 1) / 0.00437)


@lru_cache(maxsize=8)
def _banks(bins: int, sample_rate: float, dtype: object) -> tuple[Tensor, Tensor]:
    """Triangular ERB-spaced bands `[bins, BANDS]` and rectangular regions `[bins, 4]`."""
    import torch

    hz = np.linspace(0, sample_rate / 2, bins)
    position = np.interp(_erb_number(hz), _erb_number(_centres()), np.arange(BANDS), -2, BANDS + 1)
    bank = np.maximum(0, 1 - np.abs(position[None] - np.arange(BANDS)[:, None]))
    # At the bottom bands are narrower than bins: give each its nearest one at least.
    for k, hz_centre in enumerate(_centres()):
        if bank[k].sum() < 0.5 and hz_centre < hz[-1]:
            bank[k, int(np.argmin(np.abs(hz - hz_centre)))] = 0.5
    inside = np.stack([(hz >= low) & (hz < high) for low, high in pairwise(REGIONS)])
    # A region above the highest frequency there is holds nothing, but still has a width.
    regions = inside + 1e-9
    return (
        torch.from_numpy(bank.T.copy()).to(dtype),  # type: ignore[call-overload]
        torch.from_numpy(regions.T.copy()).to(dtype),  # type: ignore[call-overload]
    )
