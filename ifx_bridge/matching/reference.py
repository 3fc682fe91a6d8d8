"""A chain that makes a dry clip sound like a reference.

Where the reference is the clip itself, processed (their time structures agree), the two are
compared moment by moment: differences of logarithmic spectra, in dB. Other recordings are compared
by level-invariant measurements of their sound (`ifx_bridge.ears.measures`).

Effects are chosen one by one: each kind is tried from several starts and at every place of the
chain, the best few are refined by gradients, and the best stays while it earns its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ifx_bridge.audio import Audio, Clip
from ifx_bridge.effects import spec
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.eq import BANDS
from ifx_bridge.matching.descent import Descent
from ifx_bridge.refine import Progress

if TYPE_CHECKING:
    from torch import Tensor

SECONDS = 3.0  # of the dry clip that are listened to, from its first sound on
TAIL_SECONDS = 1.0
# All that are tried take the first steps, the few that are nearest then go on to the second number.
FIRST_STEPS, TRIAL_STEPS, STEPS = 6, 20, 100
GO_ON = 3
REFINED = 4  # kinds of effects, for every one that is added
PLACES = 2  # in the chain, of each kind
# Other performances differ by more than effects: what brings them nearer by extremes is no answer.
CAUTION = 0.4  # per squared part of a turn away from neutral
WORTH_OF_ANOTHER, MOST_OF_ANOTHER = 0.15, 3
WORTH = 0.06  # of what is left, for one effect more
SPARE = 0.02  # what an effect may be worth and still be left out
NOTHING = 1e-3  # of either distance
ENOUGH = 0.003  # of the distance: nobody hears what is left
MOST_EFFECTS = 5
# What tells performances apart is no effect.
OF_THE_PERFORMANCE = frozenset({"pitchshift", "bitcrush"})
# Where each kind begins; equalizers, delays and shifts are also looked for in the sound.
STARTS: dict[str, tuple[dict[str, float], ...]] = {
    "eq": (),
    "comp": (
        {"threshold_db": -24.0, "ratio": 3.0, "attack_ms": 5.0, "release_ms": 80.0},
        {"threshold_db": -36.0, "ratio": 8.0, "attack_ms": 1.0, "release_ms": 50.0},
    ),
    "dist": ({"drive_db": 8.0}, {"drive_db": 18.0}, {"drive_db": 30.0}),
    "rev": (
        {"room_size": 0.3, "wet_level": 0.2},
        {"room_size": 0.7, "wet_level": 0.3},
        {"room_size": 0.9, "wet_level": 0.4},
    ),
    "delay": (
        {"delay_seconds": 0.12, "feedback": 0.2, "mix": 0.3},
        {"delay_seconds": 0.25, "feedback": 0.3, "mix": 0.3},
        {"delay_seconds": 0.5, "feedback": 0.3, "mix": 0.3},
    ),
    "bitcrush": ({"bit_depth": 10.0}, {"bit_depth": 7.0}, {"bit_depth": 5.0}),
    "pitchshift": (),
}
# Sharpness of the peak, or agreement of the envelopes, from which two clips are one performance.
SHARP, AGREE = 14.0, 0.75


@dataclass(frozen=True)
class Match:
    """What was found.

    Attributes:
        chain: In signal order, the trim left at 0.
        same: Whether the reference is the dry clip, processed.
        before: Distance of the dry clip from the reference: in dB where it is the same, else in
            units of a typical change of the measurements.
        after: Distance of the chain's sound from it.
        without: Distance without each effect in turn, by its id.
        finished: False when it was stopped, and the best so far kept.
    """

    chain: Chain
    same: bool
    before: float
    after: float
    without: dict[str, float]
    finished: bool

    @property
    def nothing(self) -> bool:
        """Whether there was no difference to begin with."""
        return self.before <= NOTHING

    @property
    def share(self) -> float:
        """Of the difference that is made up for, 0 to 1."""
        return 1 - self.after / self.before if self.before > 0 else 0.0


class Listener(Protocol):
    """Says how far a sound is from the reference."""

    def __call__(self, wet: Tensor) -> Tensor:
        """Distance of `[1, channels, samples]`, differentiable."""
        ...


class _Stopped(Exception):
    """The user stopped it."""


def match(
    dry: Clip,
    reference: Clip,
    seed: int = 0,
    progress: Callable[[Progress], None] = lambda step: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Match:
    """Find a chain for `dry` whose sound has what `reference` has.

    Args:
        dry: What is to be changed.
        reference: What it shall sound like; another rate or number of channels is fine.
        seed: Kept for what is drawn at random; now nothing is.
        progress: Called after every step; its score is the share of the difference made up for.
        cancelled: Asked before every step; the best so far is the answer.
    """
    rate = dry.sample_rate
    channels = min(2, dry.channels, reference.channels)
    mine, other = _at(dry, rate, channels), _at(reference, rate, channels)
    lag = _lag(mine, other, rate)
    begin, length = _first_sound(mine, rate), round((SECONDS + TAIL_SECONDS) * rate)
    if lag is not None:
        # Where the reference ends, nothing is known of what would ring on.
        begin = max(begin, -lag)
        length = min(length, other.shape[1] - begin - lag)
        wanted = _cut(other, begin + lag, length)
    else:
        wanted = _cut(other, _first_sound(other, rate), length)
    sound = _cut(mine, begin, length)
    listener = (_Measurements if lag is None else _Moments)(wanted, rate)
    return _Matching(sound, wanted, rate, listener, progress, cancelled).run(
        _delays(mine, other, lag, rate), _shifts(mine, other, rate), lag is not None
    )


# The sounds.


def _at(clip: Clip, rate: float, channels: int) -> Audio:
    """A clip's sound at a rate, with one or two channels."""
    samples = clip.samples
    if channels == 1 or clip.channels > 2:
        samples = np.repeat(samples.mean(0, keepdims=True), channels, axis=0)
    if clip.sample_rate != rate:
        from scipy.signal import resample_poly

        common = gcd(clip.sample_rate, int(rate))
        up, down = int(rate) // common, clip.sample_rate // common
        samples = resample_poly(samples, up, down, axis=1).astype(np.float32)
    return samples


def _first_sound(samples: Audio, rate: float) -> int:
    """Where it begins to sound."""
    level = np.abs(samples).max(0)
    loud = np.flatnonzero(level > 0.02 * level.max())
    return max(0, int(loud[0]) - round(0.02 * rate)) if level.max() > 0 else 0


def _cut(samples: Audio, begin: int, length: int) -> Audio:
    """A stretch, filled with silence where there is nothing."""
    padded = np.pad(samples, ((0, 0), (max(0, -begin), max(0, begin + length - samples.shape[1]))))
    start = max(0, begin)
    return np.ascontiguousarray(padded[:, start : start + length], dtype=np.float32)


def _lag(dry: Audio, wet: Audio, rate: float) -> int | None:
    """How many samples later the same performance is in `wet`; None for another performance."""
    longest = round(12 * rate)
    one, other = dry.mean(0)[:longest], wet.mean(0)[:longest]
    correlation = _correlation(one, other, whiten=True)
    reach = round(2 * rate)
    inside = np.concatenate([correlation[-reach:], correlation[: reach + 1]])
    peak = int(np.argmax(np.abs(inside)))
    if np.abs(inside[peak]) > SHARP * np.sqrt(np.mean(inside**2)):
        return peak - reach
    hop = round(0.01 * rate)
    first, second = _envelope(one, hop), _envelope(other, hop)
    frames = round(2 * rate / hop)
    near = _correlation(first, second, whiten=False)
    near = np.concatenate([near[-frames:], near[: frames + 1]])
    best = int(np.argmax(near))
    scale = np.sqrt(np.sum(first**2) * np.sum(second**2)) + 1e-12
    return (best - frames) * hop if near[best] / scale > AGREE else None


def _correlation(one: Audio, other: Audio, whiten: bool) -> Audio:
    """Of `other` with `one`, at lags 0, 1, … and (at the end) …, -2, -1."""
    size = 1 << (len(one) + len(other) - 1).bit_length()
    cross = np.fft.rfft(other, size) * np.conj(np.fft.rfft(one, size))
    if whiten:
        magnitude = np.abs(cross)
        cross /= magnitude + 1e-3 * magnitude.max() + 1e-12
    found: Audio = np.fft.irfft(cross, size).astype(np.float32)
    return found


def _envelope(sound: Audio, hop: int) -> Audio:
    frames = sound[: len(sound) // hop * hop].reshape(-1, hop)
    level = np.log10(np.mean(frames**2, axis=1) + 1e-6 * np.mean(sound**2) + 1e-12)
    rise = np.maximum(np.diff(level, prepend=level[:1]), 0)
    centred: Audio = (rise - rise.mean()).astype(np.float32)
    return centred


def _delays(dry: Audio, wet: Audio, lag: int | None, rate: float) -> list[float]:
    """Delay times at which the reference seems to repeat, in seconds."""
    longest = round(12 * rate)
    one, other = dry.mean(0)[:longest], wet.mean(0)[:longest]
    if lag is not None:
        response = np.abs(_correlation(one, np.roll(other, -lag), whiten=True))
    else:
        response = np.maximum(_correlation(other, other, whiten=True), 0)
    shortest, most = round(0.03 * rate), round(1.5 * rate)
    found, response = [], response[:most].copy()
    response[:shortest] = 0
    for _ in range(3):
        at = int(np.argmax(response))
        found.append(at / rate)
        response[max(0, at - shortest // 2) : at + shortest // 2] = 0
    return found


def _shifts(dry: Audio, wet: Audio, rate: float) -> list[int]:
    """The likeliest shifts in semitones, by the long-term spectra on a scale of pitch."""
    per_octave, size = 48, 16384
    grid = 60 * 2 ** (np.arange(7 * per_octave) / per_octave)
    curves = []
    for sound in (dry, wet):
        mono = np.pad(sound.mean(0), (0, size))
        frames = np.lib.stride_tricks.sliding_window_view(mono, size)[:: size // 4]
        power = (np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2).mean(0)
        curve = np.interp(grid, np.fft.rfftfreq(size, 1 / rate), 10 * np.log10(power + 1e-9))
        smooth = np.convolve(curve, np.ones(per_octave) / per_octave, mode="same")
        curves.append(curve - smooth)
    step = per_octave // 12
    scores = {}
    for semitones in range(-12, 13):
        moved = np.roll(curves[0], semitones * step)
        inside = slice(12 * step, -12 * step)
        scores[semitones] = float(np.corrcoef(moved[inside], curves[1][inside])[0, 1])
    best = sorted(scores, key=lambda s: -scores[s])[:3]
    return [s for s in best if s and scores[s] > scores[0]]


# What is compared.


class _Moments:
    """The same performance: spectra moment by moment."""

    SIZES = (512, 2048)
    FLOOR_DB = -60.0

    def __init__(self, wet: Audio, rate: float) -> None:
        import torch

        self.windows = [torch.hann_window(size) for size in self.SIZES]
        self.bands = [_bands(size, rate) for size in self.SIZES]
        self.wanted = self._levels(torch.from_numpy(wet)[None])

    def __call__(self, wet: Tensor) -> Tensor:
        import torch

        heard = self._levels(wet)
        return torch.stack(
            [(a - b).abs().mean() for a, b in zip(heard, self.wanted, strict=True)]
        ).mean()

    def _levels(self, sound: Tensor) -> list[Tensor]:
        import torch

        sound = sound / (sound.square().mean().sqrt() + 1e-9)
        found = []
        rows, floor = sound.reshape(-1, sound.shape[-1]), 10 ** (self.FLOOR_DB / 10)
        for size, window, bands in zip(self.SIZES, self.windows, self.bands, strict=True):
            spectra = torch.stft(rows, size, size // 2, window=window, return_complex=True)
            power = (spectra.real**2 + spectra.imag**2) / window.square().sum()
            found.append(10 * torch.log10(bands @ power + floor))
        return found


class _Measurements:
    """Another performance: what is measured of its sound, in units of typical changes."""

    def __init__(self, wet: Audio, rate: float) -> None:
        import torch

        from ifx_bridge.ears import fx, measures

        weights, _ = fx.load(fx.SHIPPED)
        self.spread, self.rate, self.measure = weights["spread"].float(), rate, measures.measure
        self.wanted = self.measure(torch.from_numpy(wet)[None], rate)

    def __call__(self, wet: Tensor) -> Tensor:
        # Few large differences count less than many small ones: performances do differ.
        apart = (self.measure(wet, self.rate) - self.wanted) / self.spread
        return ((1 + apart.square()).sqrt() - 1).mean()


def _bands(size: int, rate: float) -> Tensor:
    """Mean power in bands of a quarter octave, narrower than a bin never, `[bands, bins]`."""
    import torch

    hz = np.fft.rfftfreq(size, 1 / rate)
    edges = [40.0]
    while edges[-1] < min(18000.0, 0.49 * rate):
        edges.append(max(edges[-1] * 2**0.25, edges[-1] + rate / size))
    rows = [((hz >= a) & (hz < b)).astype(np.float32) for a, b in pairwise(edges)]
    rows = [row / row.sum() for row in rows if row.any()]
    return torch.from_numpy(np.stack(rows))


# The search.


class _Matching:
    """Chains, tried and refined."""

    def __init__(
        self,
        sound: Audio,
        wanted: Audio,
        rate: float,
        listener: Listener,
        progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> None:
        import torch

        self.sound, self.rate, self.listener = torch.from_numpy(sound)[None], rate, listener
        self.wanted, self.progress, self.cancelled = wanted, progress, cancelled
        same = isinstance(listener, _Moments)
        self.caution = 0.0 if same else CAUTION
        self.worth = WORTH if same else WORTH_OF_ANOTHER
        self.most = MOST_EFFECTS if same else MOST_OF_ANOTHER
        self.before = self.least = self._apart(Chain())
        self.best = Chain()
        self.steps, self.stage = 0, "comparing"

    def run(self, delays: list[float], shifts: list[int], same: bool) -> Match:
        finished = True
        try:
            if self.before > NOTHING:
                self._grow(delays, shifts)
                self.stage = "refining"
                self._refine(Descent(self.best), STEPS)
                self._prune()
        except _Stopped:
            finished = False
        self.caution = 0.0
        without = {fx: self._apart(self.best.removed(fx)) for fx in self.best.ids}
        return Match(self.best, same, self.before, self._apart(self.best), without, finished)

    def _grow(self, delays: list[float], shifts: list[int]) -> None:
        while len(self.best) < self.most:
            here, base = self.least, self.best
            if here < ENOUGH * self.before:
                break
            tried: list[tuple[float, int, Chain]] = []
            for slot in self._candidates(base, delays, shifts):
                self.stage = f"trying {slot.effect.title.lower()}"
                for at in range(len(base) + 1):
                    chain = base.added(slot, at)
                    tried.append((self._apart(chain, check=True), len(tried), chain))
            # The best start of each kind and place, of the likeliest kinds.
            tried.sort()
            firsts: dict[tuple[str, ...], Chain] = {}
            kinds = dict[str, int]()
            for _, _, chain in tried:
                (fx,) = set(chain.ids) - set(base.ids)
                if chain.ids in firsts or (fx not in kinds and len(kinds) == REFINED):
                    continue
                kinds[fx] = kinds.get(fx, 0) + 1
                if kinds[fx] <= PLACES:
                    firsts[chain.ids] = chain
            ways = [Descent(chain) for chain in firsts.values()]
            for steps in (FIRST_STEPS, TRIAL_STEPS):
                for way in ways:
                    (fx,) = set(way.chain.ids) - set(base.ids)
                    self.stage = f"refining with {spec.effect(fx).title.lower()}"
                    self._refine(way, steps)
                ways = sorted(ways, key=lambda way: way.least)[:GO_ON]
            if self.least > here * (1 - self.worth):
                break

    def _candidates(self, base: Chain, delays: list[float], shifts: list[int]) -> Iterator[Slot]:
        for fx, starts in STARTS.items():
            if fx in base or (self.caution and fx in OF_THE_PERFORMANCE):
                continue
            if fx == "eq":
                yield self._equalizer(base)
            for start in starts:
                yield Slot(fx, start)
        if "delay" not in base:
            for seconds in delays:
                yield Slot("delay", {"delay_seconds": seconds, "feedback": 0.2, "mix": 0.3})
        if "pitchshift" not in base and not self.caution:
            for semitones in shifts:
                yield Slot("pitchshift", {"semitones": semitones})

    def _equalizer(self, base: Chain) -> Slot:
        """The equalizer whose bands make up for what differs on average."""
        import torch

        with torch.no_grad():
            heard = base.forward(self.sound, self.rate)[0].numpy()
        values = {}
        for band, _, _, _, hz, _, _ in BANDS:
            levels = []
            for sound in (heard, self.wanted):
                power = (np.abs(np.fft.rfft(sound, axis=-1)) ** 2).mean(0)
                bins = np.fft.rfftfreq(sound.shape[-1], 1 / self.rate)
                near = (bins > hz / 1.4) & (bins < hz * 1.4)
                levels.append(10 * np.log10(power[near].mean() / (power.mean() + 1e-12) + 1e-9))
            values[f"{band}_gain_db"] = float(np.clip(0.8 * (levels[1] - levels[0]), -15, 15))
        return Slot("eq", values)

    def _prune(self) -> None:
        for fx in self.best.ids:
            fewer = self.best.removed(fx)
            apart = self._apart(fewer, check=True)
            if apart < self.least + SPARE * self.before:
                self.best, self.least = fewer, apart

    def _apart(self, chain: Chain, check: bool = False) -> float:
        import torch

        if check and self.cancelled():
            raise _Stopped
        with torch.no_grad():
            apart = float(self.listener(chain.forward(self.sound, self.rate)))
        return apart + sum(
            self.caution * (p.to_unit(slot.params[p.name]) - p.to_unit(p.neutral)) ** 2
            for slot in chain
            for p in slot.effect.parameters
            if p.neutral is not None
        )

    def _refine(self, way: Descent, steps: int) -> None:
        """Every knob of a chain by gradients, until so many steps are done; the best is kept."""
        if not way.knobs:
            way.least = self._apart(way.chain)
            if way.least < self.least:
                self.least, self.best = way.least, way.chain
            return
        while way.steps < steps:
            if self.cancelled():
                raise _Stopped
            if self.least < ENOUGH * self.before:
                break
            values = way.values()
            loss = self.listener(way.chain.forward(self.sound, self.rate, values))
            loss = loss + self.caution * way.moved()
            found = float(loss.detach())
            if np.isfinite(found):
                way.least = min(way.least, found)
            if found < self.least:
                self.least = found
                self.best = way.chain.with_params(
                    {
                        fx: {n: float(f"{float(v.detach()):.4g}") for n, v in row.items()}
                        for fx, row in values.items()
                    }
                )
            way.step(loss)
            self.steps += 1
            score = 1 - self.least / self.before
            self.progress(Progress(self.stage, way.steps, steps, score, self.best))
