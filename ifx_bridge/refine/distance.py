"""How far two sounds are apart, whatever their levels: multi-resolution STFT distance."""

from __future__ import annotations

import numpy as np

from ifx_bridge.audio import Audio

SIZES = (256, 1024, 4096)
FLOOR_DB = -70.0


def distance(one: Audio, other: Audio) -> float:
    """Mean difference in dB over time and frequency, in three resolutions.

    Both are brought to one level first, and what is more than 70 dB below the loudest is silence
    (after R. Yamamoto and others, Parallel WaveGAN, 2020, whose logarithmic term this is).

    Args:
        one: `[channels, samples]`.
        other: The same shape.

    Returns:
        In dB; 0 for equal sounds.
    """
    one, other = _leveled(one), _leveled(other)
    return float(np.mean([_difference(one, other, size) for size in SIZES]))


def _leveled(sound: Audio) -> Audio:
    rms = float(np.sqrt(np.square(sound, dtype=np.float64).mean()))
    return sound / np.float32(rms + 1e-9)


def _difference(one: Audio, other: Audio, size: int) -> float:
    levels = [_level_db(sound, size) for sound in (one, other)]
    floor = max(level.max() for level in levels) + FLOOR_DB
    a, b = (np.maximum(level, floor) for level in levels)
    heard = (a > floor) | (b > floor)
    return float(np.abs(a - b)[heard].mean()) if heard.any() else 0.0


def _level_db(sound: Audio, size: int) -> Audio:
    hop = size // 2
    padded = np.pad(sound, ((0, 0), (hop, size)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size, axis=-1)[:, ::hop]
    spectra = np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=-1)
    power = np.square(np.abs(spectra)).astype(np.float32) / size
    return 10 * np.log10(power + np.float32(1e-12))
