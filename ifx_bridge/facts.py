"""What can be measured of a clip and said in words: what a brain may know of the sound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifx_bridge.audio import Audio, Clip, excerpt, loudness

# Measured over this much of the clip at most, around its most telling part.
SECONDS = 20.0
FRAME_SECONDS, HOP_SECONDS = 0.046, 0.0116
BANDS_HZ = {"low": (20, 250), "mid": (250, 2500), "high": (2500, 20000)}
TEMPO_BPM = (60.0, 200.0)
# Least autocorrelation of the onsets, of 1, that counts as a beat, and least number of beats.
STEADY, BEATS = 0.25, 6
Spectra = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Facts:
    """Measurements of a dry clip.

    Attributes:
        seconds: Length.
        channels: 1 to 8.
        loudness_lufs: Integrated loudness, ITU-R BS.1770.
        crest_db: Peak over root mean square: 3 for a sine, 12 and more for drums.
        brightness_hz: Spectral centroid of what sounds, weighted by power.
        low_share: Share of the power between 20 and 250 Hz.
        high_share: Share of the power above 2.5 kHz.
        decay_db_per_second: How fast sounds die away, a median; 0 when none do.
        tempo_bpm: Beats a minute; 0 when no steady beat is heard.
    """

    seconds: float
    channels: int
    loudness_lufs: float
    crest_db: float
    brightness_hz: float
    low_share: float
    high_share: float
    decay_db_per_second: float
    tempo_bpm: float

    @property
    def text(self) -> str:
        """One line for a prompt: numbers only, nothing that names the clip."""
        parts = [
            f"{self.seconds:.1f} s",
            f"{self.channels} channel(s)",
            f"{self.loudness_lufs:.0f} LUFS",
            f"crest {self.crest_db:.0f} dB",
            f"spectral centroid {self.brightness_hz:.0f} Hz",
            f"{100 * self.low_share:.0f} % of the power below 250 Hz",
            f"{100 * self.high_share:.0f} % above 2.5 kHz",
        ]
        if self.decay_db_per_second:
            parts.append(f"sounds decay by {self.decay_db_per_second:.0f} dB a second")
        parts.append(f"tempo {self.tempo_bpm:.0f} bpm" if self.tempo_bpm else "no steady beat")
        return ", ".join(parts)


@lru_cache(maxsize=4)
def measure(clip: Clip) -> Facts:
    """The facts of a clip; of a long one, of its most telling `SECONDS`."""
    samples = excerpt(clip, SECONDS)
    rate = clip.sample_rate
    power, frequencies = _spectra(samples, rate)
    spectrum = power.sum(axis=0)
    total = float(spectrum.sum()) or 1.0
    envelope = power.sum(axis=1)
    peak, rms = float(np.abs(samples).max()), float(np.sqrt(np.mean(np.square(samples))))

    def share(band: str) -> float:
        low, high = BANDS_HZ[band]
        return float(spectrum[(frequencies >= low) & (frequencies < high)].sum()) / total

    return Facts(
        seconds=clip.seconds,
        channels=clip.channels,
        loudness_lufs=loudness(clip.samples, rate),
        crest_db=20 * math.log10(peak / rms) if rms > 0 else 0.0,
        brightness_hz=float((spectrum * frequencies).sum()) / total,
        low_share=share("low"),
        high_share=share("high"),
        decay_db_per_second=_decay(envelope, HOP_SECONDS),
        tempo_bpm=_tempo(power, HOP_SECONDS),
    )


def _spectra(samples: Audio, rate: int) -> tuple[Spectra, Spectra]:
    """Power per frame and frequency `[frames, bins]` of the mean of the channels."""
    mono = samples.mean(axis=0, dtype=np.float64)
    length, hop = max(16, round(FRAME_SECONDS * rate)), max(1, round(HOP_SECONDS * rate))
    mono = np.pad(mono, (0, max(0, length - mono.size)))
    frames = np.lib.stride_tricks.sliding_window_view(mono, length)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(length), axis=1)) ** 2
    return power, np.fft.rfftfreq(length, 1 / rate)


def _decay(envelope: Spectra, hop_seconds: float) -> float:
    """Median slope of what falls for at least a fifth of a second, in dB a second."""
    floor = float(envelope.max()) * 1e-9 + 1e-20
    level = 10 * np.log10(envelope + floor)
    smooth = np.convolve(level, np.ones(5) / 5, mode="same")
    least = max(3, round(0.2 / hop_seconds))
    falling, slopes, begin = np.diff(smooth) < 0, [], 0
    for index in range(falling.size + 1):
        if index < falling.size and falling[index]:
            continue
        if index - begin >= least and smooth[begin] > level.max() - 40:
            slopes.append((smooth[begin] - smooth[index]) / ((index - begin) * hop_seconds))
        begin = index + 1
    return float(np.median(slopes)) if slopes else 0.0


def _tempo(power: Spectra, hop_seconds: float) -> float:
    """The strongest period of the onsets, near 120 bpm where several fit; 0 when none does."""
    rise = np.diff(np.log1p(power / (power.mean() + 1e-20)), axis=0)
    onsets = np.maximum(rise, 0).mean(axis=1)
    onsets -= onsets.mean()
    lags = np.arange(round(60 / TEMPO_BPM[1] / hop_seconds), round(60 / TEMPO_BPM[0] / hop_seconds))
    if onsets.size < BEATS * lags[0] or not np.any(onsets):
        return 0.0
    spectrum = np.fft.rfft(onsets, 2 * onsets.size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: onsets.size]
    correlation /= correlation[0]
    lags = lags[lags < onsets.size // 2]
    if not lags.size:
        return 0.0
    # People tap near 120 bpm: a log-normal weight of one octave, as beat trackers use it.
    nearness = np.exp(-0.5 * np.log2(60 / (lags * hop_seconds) / 120) ** 2)
    best = int(lags[np.argmax(correlation[lags] * nearness)])
    if correlation[best] < STEADY:
        return 0.0
    around = correlation[best - 1 : best + 2]  # a parabola through the top
    bend = around[0] - 2 * around[1] + around[2]
    shift = 0.5 * (around[0] - around[2]) / bend if bend < 0 else 0.0
    return 60 / ((best + float(shift)) * hop_seconds)
