"""What a listener would hear, measured on rendered audio; none of it is the ears' own code."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Audio = NDArray[np.float32]
LONGEST_TAIL, TAIL_DB = 15.0, -60.0
NOTHING_DB = -60.0


def band_db(audio: Audio, rate: float, low: float, high: float) -> float:
    """Energy between two frequencies as a part of all energy, in dB."""
    hz, power = signal.welch(audio.mean(0), rate, nperseg=8192)
    inside = (hz >= low) & (hz < high)
    return float(10 * np.log10(power[inside].sum() / power.sum() + 1e-12))


def centroid_hz(audio: Audio, rate: float) -> float:
    """Centre of gravity of the magnitude spectrum."""
    hz, power = signal.welch(audio.mean(0), rate, nperseg=8192)
    return float((hz * np.sqrt(power)).sum() / np.sqrt(power).sum())


def crest_db(audio: Audio) -> float:
    """Peak over rms."""
    return float(20 * np.log10(np.abs(audio).max() / np.sqrt((audio**2).mean())))


def loudness_range_db(audio: Audio, rate: float) -> float:
    """Spread between loud and quiet 50 ms frames (95th to 20th percentile), in dB."""
    hop = int(0.05 * rate)
    frames = audio.shape[1] // hop
    energy = (audio[:, : frames * hop].reshape(audio.shape[0], frames, hop) ** 2).mean((0, 2))
    level = 10 * np.log10(energy + 1e-9)
    return float(np.percentile(level, 95) - np.percentile(level, 20))


def pitch_ratio(before: Audio, after: Audio, rate: float) -> float:
    """By which factor the spectrum moved, from the best shift on a logarithmic axis."""
    at = np.geomspace(60, 6000, 600)

    def profile(audio: Audio) -> NDArray[np.float64]:
        hz, power = signal.welch(audio.mean(0), rate, nperseg=16384)
        level = np.interp(at, hz, 10 * np.log10(power + 1e-14))
        return np.asarray(level - signal.savgol_filter(level, 151, 2))

    first, second = profile(before), profile(after)
    lags = range(-180, 181)
    fit = [
        float((first[max(0, -k) : 600 - max(0, k)] * second[max(0, k) : 600 - max(0, -k)]).mean())
        for k in lags
    ]
    return float((6000 / 60) ** (lags[int(np.argmax(fit))] / 599))


def tail_db(before: Audio, after: Audio, rate: float) -> float:
    """How much more a sound rings: level of its quietest fifth of frames against its loudest."""
    return loudness_range_db(before, rate) - loudness_range_db(after, rate)


def echo_at(before: Audio, after: Audio, rate: float, low: float, high: float) -> float:
    """Delay in seconds, within a range, at which the result best repeats the dry sound."""
    samples = min(before.shape[1], int(6 * rate))
    dry, wet = before.mean(0)[:samples], after.mean(0)[:samples]
    size = 2 * samples
    # Deconvolution, regularized: the impulse response between the two.
    spectrum, other = np.fft.rfft(dry, size), np.fft.rfft(wet, size)
    power = np.abs(spectrum) ** 2
    response = np.fft.irfft(other * np.conj(spectrum) / (power + 1e-3 * power.max()), size)
    start, stop = int(low * rate), int(high * rate)
    return (start + int(np.argmax(np.abs(response[start:stop])))) / rate


def echo_seconds(before: Audio, after: Audio, rate: float) -> float:
    """When what no gain of the dry sound explains best repeats it, 0.04 to 1.2 s; 0 for nothing."""
    gain = float((before * after).sum() / (before**2).sum())
    if roughness_db(before, after) < NOTHING_DB:
        return 0.0
    return echo_at(before, after - np.float32(gain) * before, rate, 0.04, 1.2)


def roughness_db(before: Audio, after: Audio) -> float:
    """What the result has that no gain of the dry sound explains, relative to it, in dB."""
    gain = float((before * after).sum() / (before**2).sum())
    rest = after - gain * before
    return float(10 * np.log10((rest**2).sum() / (after**2).sum() + 1e-12))


def dirt_db(before: Audio, after: Audio, rate: float) -> float:
    """What the result has that no short filter of the dry sound explains, in dB.

    Equalizers stay below -25; distortion, bit crushing and compression, and whatever rings longer
    than the 0.1 s looked at, lie above.
    """
    dry, wet = before.mean(0), after.mean(0)
    _, alike = signal.coherence(dry, wet, rate, nperseg=4096)
    _, power = signal.welch(wet, rate, nperseg=4096)
    unlike = np.clip(1 - alike, 0, 1)  # rounding goes beyond
    return float(10 * np.log10((unlike * power).sum() / power.sum() + 1e-12))


def tail_seconds(render: Callable[[Audio], Audio], audio: Audio, rate: float) -> float:
    """How long a sound still rings after it is cut off at its loudest: until 60 dB less is left.

    Args:
        render: From dry to wet sound.
        audio: `[channels, samples]`, dry.
        rate: In Hz.

    Returns:
        Seconds, at most `LONGEST_TAIL`.
    """
    hop = int(0.01 * rate)
    level = np.convolve((audio**2).mean(0), np.ones(10 * hop))[: audio.shape[1]]
    cut = int(np.argmax(level)) + 1
    start = max(0, cut - int(rate))
    silence = np.zeros((audio.shape[0], int(LONGEST_TAIL * rate)), np.float32)
    wet = render(np.concatenate([audio[:, start:cut], silence], 1))
    loudest = float((wet[:, max(0, cut - start - 10 * hop) : cut - start] ** 2).mean())
    after = (wet[:, cut - start :] ** 2).mean(0)
    frames = after[: after.size // hop * hop].reshape(-1, hop).mean(1)
    heard = np.flatnonzero(frames > loudest * 10 ** (TAIL_DB / 10))
    return float((heard[-1] + 1) * hop / rate) if heard.size else 0.0


def differences(before: Audio, after: Audio, rate: float) -> dict[str, float]:
    """What changed, in numbers a person can check.

    Returns:
        `brighter` (factor of the centroid), `crest_db` and `range_db` (changes of peaks over rms,
        and of loud over quiet), `rough_db` (what no gain explains), `dirt_db` (what no short
        filter explains), `pitch` (factor), and `bass_db`, `mid_db`, `treble_db` (changes of the
        shares of 20-250 Hz, 250 Hz-2.5 kHz and 2.5-16 kHz).
    """

    def share(low: float, high: float) -> float:
        return band_db(after, rate, low, high) - band_db(before, rate, low, high)

    found = {
        "brighter": centroid_hz(after, rate) / centroid_hz(before, rate),
        "crest_db": crest_db(after) - crest_db(before),
        "range_db": loudness_range_db(after, rate) - loudness_range_db(before, rate),
        "rough_db": roughness_db(before, after),
        "dirt_db": dirt_db(before, after, rate),
        "pitch": pitch_ratio(before, after, rate),
        "bass_db": share(20, 250),
        "mid_db": share(250, 2500),
        "treble_db": share(2500, 16000),
    }
    return {name: round(value, 3) for name, value in found.items()}
