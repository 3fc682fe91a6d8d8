"""Ears of our own: what listeners are known to hear in effects, measured, and linear in words.

Audio becomes some sixty level-invariant measurements (where the energy is, how it moves, how long
it rings, how rough it is, how wide). A linear map, fitted by `ifx_bridge.study.hearing` on what
contributors' settings for a word do to real recordings, weighs them by how much contributors agree.
The point of a word is the change that it typically makes, so 0 is "no change".
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ifx_bridge.ears.base import register

if TYPE_CHECKING:
    from torch import Tensor

FITTED = Path(__file__).with_name("perceptual.npz")
SAMPLE_RATE = 32000
WINDOW, HOP = 1024, 512
BANDS = 30
LOWEST_HZ, HIGHEST_HZ = 50.0, 15000.0
# Broad bands in which time is looked at: bass, low mid, high mid, treble (edges in Hz).
REGIONS = (50.0, 250.0, 1000.0, 4000.0, 15000.0)
FLOOR = 1e-6
# Envelope lags at which echoes show, in seconds.
LAGS = (0.06, 0.09, 0.13, 0.18, 0.25, 0.35, 0.5, 0.7)
# A word that is none of the fitted ones is the mean of those this similar to it.
SIMILAR = 0.5


def feature_names() -> list[str]:
    """What each measurement is, in order."""
    regions = ("bass", "low mid", "high mid", "treble")
    return [
        *(f"energy {hz:.0f} Hz" for hz in _centres()),
        *(f"modulation {r}" for r in regions),
        *(f"sustain {r}" for r in regions),
        *(f"fall {r}" for r in regions),
        *(f"flatness {r}" for r in regions),
        *(f"echo {1000 * lag:.0f} ms" for lag in LAGS),
        "crest",
        "attack",
        "width",
    ]


def measure(audio: Tensor, sample_rate: float) -> Tensor:
    """The measurements, before the fitted map.

    Args:
        audio: `[batch, channels, samples]`.
        sample_rate: In Hz.

    Returns:
        `[batch, len(feature_names())]`, about unit size each; unchanged by gain.
    """
    import torch

    audio = _resampled(audio, sample_rate)
    level = audio.pow(2).mean(dim=(1, 2), keepdim=True).sqrt()
    audio = audio / (level + 1e-9)
    batch, channels, samples = audio.shape
    window = torch.hann_window(WINDOW, dtype=audio.dtype)
    stft = torch.stft(audio.reshape(-1, samples), WINDOW, HOP, window=window, return_complex=True)
    power = (stft.real**2 + stft.imag**2).reshape(batch, channels, *stft.shape[1:]).mean(1)
    power = power / (window**2).sum()
    bank, regions = _banks(audio.dtype)

    # Where: share of the energy per band, in decibels / 10 above a -60 dB floor.
    bands = torch.einsum("bft,kf->bk", power, bank)
    share = bands / (bands.sum(-1, keepdim=True) + 1e-9)
    where = torch.log10(share + FLOOR)

    # How it moves: region envelopes in decibels / 10, floored 60 dB below their loudest.
    envelope = torch.einsum("bft,rf->brt", power, regions)
    top = envelope.amax(-1, keepdim=True) + 1e-9
    curve = torch.log10(envelope / top + FLOOR)
    modulation = curve.std(-1)
    sustain = curve.mean(-1)
    step = curve[..., 1:] - curve[..., :-1]
    falling = torch.nn.functional.softplus(-step * 20) / 20
    # Mean fall where it sounds at all: short tails fall fast.
    sounding = (curve[..., :-1] + 4).clamp(0, 1)
    fall = 10 * (falling * sounding).sum(-1) / (sounding.sum(-1) + 1)

    # How rough: geometric over arithmetic mean of the spectrum, per region.
    spectrum = power.mean(-1)
    rows = []
    for region in regions:
        inside = spectrum[:, region > 0]
        floor = 1e-5 * spectrum.mean(-1, keepdim=True) + 1e-12
        rows.append(
            torch.log10(inside + floor).mean(-1) - torch.log10(inside.mean(-1) + floor[:, 0])
        )
    rough = torch.stack(rows, -1)

    # Echoes: correlation of the whole envelope with itself some time later.
    whole = envelope.sum(1).sqrt()
    whole = whole - whole.mean(-1, keepdim=True)
    energy = (whole**2).sum(-1) + 1e-9
    echoes = []
    for lag in LAGS:
        frames = min(max(1, round(lag * SAMPLE_RATE / HOP)), whole.shape[-1] - 1)
        echoes.append((whole[:, frames:] * whole[:, :-frames]).sum(-1) / energy)
    echo = torch.stack(echoes, -1)

    # Peaks: an 8-norm stands for the maximum, which has no useful gradient.
    crest = torch.log10(audio.pow(8).mean(dim=(1, 2)) + 1e-12) / 4
    rising = torch.nn.functional.softplus(step * 20) / 20
    attack = (rising * sounding).sum(-1).sum(-1) / (sounding.sum(-1).sum(-1) + 1)
    if channels > 1:
        side = (audio - audio.mean(1, keepdim=True)).pow(2).mean(dim=(1, 2))
        width = torch.log10(side / (audio.pow(2).mean(dim=(1, 2)) + 1e-9) + 1e-3)
    else:
        width = torch.full_like(crest, -3.0)
    singles = torch.stack([2 * crest, 10 * attack, width], -1)
    return torch.cat([where, modulation, sustain, fall, 2 * rough, 2 * echo, singles], -1)


class Perceptual:
    """The ears; see the module."""

    name = "perceptual"
    sample_rate = SAMPLE_RATE

    def __init__(
        self, weights: NDArray[np.float32], points: dict[str, NDArray[np.float32]]
    ) -> None:
        """Made from a fitted map.

        Args:
            weights: `[features, dim]`.
            points: Typical change by word, `[dim]` each.
        """
        import torch

        self._weights = torch.from_numpy(weights)
        self.points = points

    @classmethod
    def load(cls, path: Path = FITTED) -> Perceptual:
        """The shipped fit."""
        with np.load(path, allow_pickle=False) as data:
            points = dict(zip(map(str, data["words"]), data["points"], strict=True))
            return cls(data["weights"], points)

    def embed_audio(self, audio: Tensor, sample_rate: float) -> Tensor:
        """See `Ears`."""
        return measure(audio, sample_rate) @ self._weights.to(audio.dtype)

    def embed_text(self, text: str) -> Tensor | None:
        """See `Ears`; words outside the fit are reached through the shipped vocabulary."""
        import torch

        from ifx_bridge.words.knowledge import knowledge
        from ifx_bridge.words.vocabulary import Vocabulary

        key = " ".join(text.lower().split())
        names = {way: name for way, name in knowledge().names.items() if name in self.points}
        if (name := names.get(key, key)) in self.points:
            return torch.from_numpy(self.points[name])
        nearest = Vocabulary.load().nearest(key, list(names))
        matches = [m for m in nearest if m.similarity > SIMILAR]
        if not matches:
            return None
        total = sum(m.similarity for m in matches)
        mean = sum(m.similarity / total * self.points[names[m.word]] for m in matches)
        return torch.as_tensor(mean, dtype=torch.float32)


def _erb_number(hz: Any) -> NDArray[np.float64]:
    # Glasberg and Moore 1990.
    return np.asarray(21.4 * np.log10(1 + 0.00437 * np.asarray(hz, dtype=np.float64)))


def _centres() -> NDArray[np.float64]:
    erb = np.linspace(_erb_number(LOWEST_HZ), _erb_number(HIGHEST_HZ), BANDS)
    return np.asarray((10 ** (erb / 21.4) - 1) / 0.00437)


@lru_cache(maxsize=2)
def _banks(dtype: object) -> tuple[Tensor, Tensor]:
    """Triangular ERB-spaced bands `[BANDS, bins]` and rectangular regions `[4, bins]`."""
    import torch

    hz = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)
    position = np.interp(_erb_number(hz), _erb_number(_centres()), np.arange(BANDS), -2, BANDS + 1)
    bank = np.maximum(0, 1 - np.abs(position[None] - np.arange(BANDS)[:, None]))
    # At the bottom bands are narrower than bins: give each its nearest one at least.
    for k, hz_centre in enumerate(_centres()):
        if bank[k].sum() < 0.5:
            bank[k, int(np.argmin(np.abs(hz - hz_centre)))] = 0.5
    regions = np.stack([(hz >= low) & (hz < high) for low, high in pairwise(REGIONS)])
    return (
        torch.from_numpy(bank).to(dtype),  # type: ignore[call-overload]
        torch.from_numpy(regions.astype(np.float64)).to(dtype),  # type: ignore[call-overload]
    )


def _resampled(audio: Tensor, sample_rate: float) -> Tensor:
    """To 32 kHz in the frequency domain (a band-limited cut or zero-fill); differentiable."""
    import torch

    if sample_rate == SAMPLE_RATE:
        return audio
    samples = audio.shape[-1]
    target = max(WINDOW, round(samples * SAMPLE_RATE / sample_rate))
    spectrum = torch.fft.rfft(audio)
    bins = target // 2 + 1
    if spectrum.shape[-1] > bins:
        spectrum = spectrum[..., :bins]
    converted: Tensor = torch.fft.irfft(spectrum, n=target) * (target / samples)
    return converted


@cache
def _shared() -> Perceptual:
    return Perceptual.load()


register("perceptual", _shared)
