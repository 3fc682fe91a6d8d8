"""What the pictures draw, computed of sounds and chains: no Qt here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ifx_bridge.effects.chain import Chain

# Columns of the waveform, and frequencies of the curves.
COLUMNS = 800
GRID_HZ = np.geomspace(20, 20000, 240)
# The spectrum is of this much of the sound at most, from its middle.
SPECTRUM_SAMPLES = 2**19
BANDS = ("low_shelf", "band0", "band1", "band2", "band3", "high_shelf")
# A tail is drawn for so long at most, at this rate, and down to this level.
TAIL_SECONDS, TAIL_RATE, TAIL_DB = 6.0, 44100, -60.0
Array = NDArray[np.floating]


def envelope(audio: Array, columns: int = COLUMNS) -> tuple[Array, Array]:
    """Lowest and highest sample of each column over all channels, `[columns]` each."""
    length = audio.shape[1]
    if not length:
        return np.zeros(1), np.zeros(1)
    edges = np.linspace(0, length, min(columns, length), endpoint=False).astype(int)
    low = np.minimum.reduceat(audio, edges, axis=1).min(axis=0)
    return low, np.maximum.reduceat(audio, edges, axis=1).max(axis=0)


def spectrum_db(audio: Array, sample_rate: float) -> Array:
    """Mean power around each of `GRID_HZ` in dB, third octaves, of all channels."""
    size = 8192
    middle = audio.shape[1] // 2
    part = audio[:, max(0, middle - SPECTRUM_SAMPLES // 2) : middle + SPECTRUM_SAMPLES // 2]
    mono = part.mean(axis=0)
    mono = np.pad(mono, (0, max(0, size - mono.size)))
    frames = np.lib.stride_tricks.sliding_window_view(mono, size)[:: size // 2]
    power = np.zeros(size // 2 + 1)
    for frame in frames:
        power += np.abs(np.fft.rfft(frame * np.hanning(size))) ** 2
    # Bins have edges, which third octaves cut anywhere: a smooth curve where bins are few, too.
    edges = (np.arange(power.size + 1) - 0.5) * sample_rate / size
    total = np.concatenate([[0.0], np.cumsum(power / len(frames))])
    low, high = GRID_HZ * 2 ** (-1 / 6), GRID_HZ * 2 ** (1 / 6)
    held = np.interp(high, edges, total) - np.interp(low, edges, total)
    mean = held / ((high - low) * size / sample_rate)
    return 10 * np.log10(mean + 1e-12)


def eq_db(chain: Chain, sample_rate: float) -> Array | None:
    """What the chain's equalizer does at `GRID_HZ`, in dB; None without one.

    The biquads of the Audio EQ Cookbook, as the effect renders them.
    """
    if "eq" not in chain or chain["eq"].bypass or chain["eq"].engine != "pedalboard":
        return None
    params = chain["eq"].params
    z = np.exp(-2j * np.pi * np.minimum(GRID_HZ, 0.499 * sample_rate) / sample_rate)
    total = np.zeros(GRID_HZ.size)
    for band in BANDS:
        gain, q = params[f"{band}_gain_db"], params[f"{band}_q_factor"]
        hertz = min(params[f"{band}_cutoff_freq"], 0.49 * sample_rate)
        a, w = 10 ** (gain / 40), 2 * np.pi * hertz / sample_rate
        cos, alpha = np.cos(w), np.sin(w) / (2 * q)
        if "shelf" in band:
            sign, root = (1 if band == "low_shelf" else -1), 2 * np.sqrt(a) * alpha
            b = (a * (a + 1 - sign * (a - 1) * cos + root),
                 sign * 2 * a * (a - 1 - sign * (a + 1) * cos),
                 a * (a + 1 - sign * (a - 1) * cos - root))  # fmt: skip
            d = (a + 1 + sign * (a - 1) * cos + root,
                 -sign * 2 * (a - 1 + sign * (a + 1) * cos),
                 a + 1 + sign * (a - 1) * cos - root)  # fmt: skip
        else:
            b = (1 + alpha * a, -2 * cos, 1 - alpha * a)
            d = (1 + alpha / a, -2 * cos, 1 - alpha / a)
        response = (b[0] + b[1] * z + b[2] * z**2) / (d[0] + d[1] * z + d[2] * z**2)
        total += 20 * np.log10(np.abs(response) + 1e-12)
    return total


def transfer(chain: Chain) -> tuple[Array, Array] | None:
    """Level out over level in, both in dB, of compressor and distortion; None without either."""
    levels = np.linspace(-60, 0, 121)
    out, found = levels.copy(), False
    for slot in chain:
        if slot.bypass or slot.engine != "pedalboard":
            continue
        if slot.fx == "comp":
            threshold, ratio = slot.params["threshold_db"], slot.params["ratio"]
            out = np.where(out > threshold, threshold + (out - threshold) / ratio, out)
            found = True
        elif slot.fx == "dist":
            out = 20 * np.log10(np.tanh(10 ** ((out + slot.params["drive_db"]) / 20)) + 1e-12)
            found = True
    return (levels, out) if found else None


def decay(chain: Chain) -> tuple[Array, Array] | None:
    """Level in dB that is still to come after each second of an impulse; None without a tail.

    Of reverb and delay, as they are rendered: energy summed backwards (Schroeder).
    """
    slots = tuple(slot for slot in chain if slot.fx in ("rev", "delay") and not slot.bypass)
    if not slots:
        return None
    impulse = np.zeros((1, round(TAIL_SECONDS * TAIL_RATE)), dtype=np.float32)
    impulse[0, 0] = 1.0
    sound = Chain(slots).render(impulse, TAIL_RATE)
    left = np.cumsum(np.square(sound[0, ::-1], dtype=np.float64))[::-1]
    level = 10 * np.log10(left / max(left[0], 1e-30) + 1e-12)
    edges = np.arange(0, level.size, TAIL_RATE // 200)
    return edges / TAIL_RATE, level[edges]


def falls_to(curve: tuple[Array, Array], level_db: float) -> float:
    """Seconds until a decay has fallen that far; the last one where it never does."""
    seconds, level = curve
    below = np.flatnonzero(level <= level_db)
    return float(seconds[below[0]] if below.size else seconds[-1])
