"""Learn what words mean from crowd data: typical settings per word, how far people agree.

    python -m ifx_bridge.study.crowd --data DIR [--out FILE]

DIR holds `socialfx/eq.csv`, `socialfx/reverb.csv`, `socialfx/reverbs.csv`, `socialfx/comp.csv` and
`safe/equaliser.csv`. The file that is written has statistics only, never a contribution.

Equalizer: every contribution is a curve over the 40 bands of SocialFX, centred on its mean, since
loudness is matched elsewhere. The shape of a word is the mean of the contributions scaled to equal
strength (a mean direction, as in K. V. Mardia and P. E. Jupp, Directional Statistics, so that
extreme settings don't dominate). It is then brought to the contributors' median strength, because
averaging people who disagree flattens it. Six bands are fitted to that curve.

Reverb and compressor: contributors described given settings and ticked, of words that others had
used, those that they agreed with. A setting counts for a word by how much more often it was
accepted there than the word is accepted anywhere.

Consistency is the mean cosine between each contribution and the mean of the others, 0 to 1 (for
reverb and compressor, between each setting and the mean of the other settings: votes for the same
setting agree by necessity). That of an equalizer word with one contributor is how consistently this
person rated when asked twice.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import ifx_bridge.effects  # noqa: F401  (registers the effects)
from ifx_bridge.effects.eq import BANDS
from ifx_bridge.effects.rev import COMBS, REV, ROOM_OFFSET, ROOM_SCALE
from ifx_bridge.effects.spec import effect
from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]

CROWD = Path(__file__).parents[1] / "words" / "crowd.json"
ABOUT = (
    "What words mean as settings: statistics over crowd contributions, made by "
    "ifx_bridge.study.crowd."
)
SOURCES = (
    {
        "name": "SocialFX",
        "by": "T. Zheng, P. Seetharaman, B. Pardo: SocialFX: studying a crowdsourced folksonomy of "
        "audio effects terms, ACM Multimedia 2016",
        "licence": "none stated",
        "used": "eq, rev, comp",
    },
    {
        "name": "SAFE",
        "by": "R. Stables, S. Enderby, B. De Man, G. Fazekas, J. D. Reiss: SAFE: a system for the "
        "extraction and retrieval of semantic audio descriptors, ISMIR 2014 late-breaking",
        "licence": "none stated",
        "used": "eq",
    },
)

RATE = 44100.0
# SocialFX learned relative curves; Audealize plays them as 40 peaks of Q 4.31 at up to 5 dB each
# way, which overlap to about twice that. 0.7 of it is as strong (4.2 dB rms) as what SAFE's users,
# who set decibels, do (3.7).
SOCIAL_DB, SOCIAL_Q, SOCIAL_AMOUNT = 5.0, 4.31, 0.7
# Contributions flatter than this are somebody who moved no knob.
FLATTEST_DB = 0.3
# Below this a person's repeated ratings say little, but they still count a little.
LEAST_WEIGHT = 0.1
# SAFE has no repeated ratings: weighted as SocialFX's typical contributor.
SAFE_WEIGHT = 0.5
SAFE_SHELF_Q = 0.71

MOST_GAIN_DB = 12.0
# Weights of the fit's penalties, in dB of error per knob turn (frequency, Q) and per dB (gain).
PULL_KNOB = 1.0
PULL_GAIN = 0.1

# Contributors that make a statistic; fewer, and at how strong an agreement, do too.
FEWEST = {"eq": 2, "rev": 8, "comp": 5}
FEWER = {"eq": 1, "rev": 4, "comp": 3}
STRONG = 0.7
# Where people agree less than this, there is nothing to learn.
LEAST_CONSISTENCY = 0.05
# Pseudo-votes that pull a setting towards the word's own acceptance, and that towards all words'.
PRIOR_SETTING = 4.0
PRIOR_WORD = 20.0

# The tail that Freeverb's damping can darken: centroids at which it is 0 and 1.
BRIGHTEST_HZ, DARKEST_HZ = 8000.0, 500.0
# How much clearer than a diffuse field without direct sound a listener sits.
DIRECT_BONUS_DB = 6.0
DRY_LEVEL = (0.3, 0.5)
WET_LEVEL = (0.05, 0.6)

# A list of words with one of these is a sentence split at its spaces.
_FUNCTION = """
a add adds also an and any are as at be been but by can creating did do for from had has have i if
in into is it its just less made makes me more most much my no none not of on or our same so some
than that the their them then there these they this to too very was we were what when which who will
with without would you your
"""
# Players, pieces, judgements and names: about something else than how it sounds, in any phrase.
_ELSEWHERE = """
aidan amazing apple army audio awesome awful background band bands baseball bastard beat beats bells
better bit bonito brightens brillante car cat change changed chitarrini chitarriny chitarrone circus
clancy clanks classical complementary computer corn country cow crecy cricket cymbals default
different dog drown drug drum drumming drums drumstick dummy eco effect effective effects energies
enjoy eric event excellent existent fade feels female feminine food fool function funeral game
garage genius god good great group guitar guitarriche hallow halloween harpsichord hat hate heater
hello hihat honks horrible horror identical improvement instrument instrumental instrumentation
instruments jammy jazz keyboard keyboards keys kick kickclean kingdom lady like lindo listening lose
lost love maestro mails man march masterpiece medium melody midi mimic minor mother motive movements
multiply music musical name nice nicer nosier note notes nothing noticeable opera optimal orchestra
organ organs original parade party percussion performance personal piano pink pitch preset private
professional quality ralph recital recording reset rhythm rock school session similar singing song
songs sound sounding sounds speed strings strumming superb symbols taco teared techno tempo terrible
test tiger tone toned tones touched track trumpet trumpets unique unnoticeable vampire vengeance
vocal vocals voice volume war warily wield work workout wow
"""
# No description alone.
_ALONE = """
above added altered altering away bad base bass bell below best capacity dash down easy extend fair
fast fine generous heart kind little missing morning near negative new normal notch off one other
over poor pop positive revers roll scattered simple slow string super sweeping time together tonal
up
"""
FUNCTION_WORDS = frozenset(_FUNCTION.split())
ELSEWHERE = FUNCTION_WORDS | frozenset(_ELSEWHERE.split())
ALONE = frozenset(_ALONE.split())
SPOKEN = re.compile(r"[a-z]+(?: [a-z]+)?")
UNANSWERED = {"", "none of the above"}


# Words.


def normalise(text: str) -> str:
    """A word as it is looked up: lower case, one or two words; empty for what is no description."""
    word = " ".join(text.lower().replace("-", " ").split())
    parts = word.split()
    dropped = word in ALONE or any(part in ELSEWHERE for part in parts)
    return "" if dropped or len(word) < 3 or not SPOKEN.fullmatch(word) else word


def spanish(text: str) -> str:
    """A Spanish word as it is looked up: lower case, without accents; empty when it isn't one."""
    decomposed = unicodedata.normalize("NFD", text.lower().strip())
    word = "".join(c for c in decomposed if not unicodedata.combining(c))
    return word if re.fullmatch(r"[a-z]{3,}", word) else ""


def _listed(text: str) -> set[str]:
    """The words of a comma list; nothing when it is a sentence."""
    items = [item.strip().lower() for item in text.split(",")]
    items = [item for item in items if item not in UNANSWERED]
    if any(item in FUNCTION_WORDS for item in items):
        return set()
    return {word for word in map(normalise, items) if word}


def _spellings(counts: Mapping[str, int]) -> dict[str, str]:
    """Each spelling to the most frequent one that differs from it by spaces only."""
    groups: dict[str, list[str]] = defaultdict(list)
    for word in counts:
        groups[word.replace(" ", "")].append(word)
    best = {key: min(group, key=lambda w: (-counts[w], w)) for key, group in groups.items()}
    return {word: best[word.replace(" ", "")] for word in counts}


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table, as text by column.

    Raises:
        UserError: There is none.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        raise UserError(
            f"{path} is missing.", next_step="Give the folder that has it with --data."
        ) from None


# Equalizer curves.


@dataclass(frozen=True)
class Curve:
    """One contributor's equalizer setting for a word.

    Attributes:
        word: Normalised.
        level_db: Over the bands' frequencies, its mean 0.
        weight: How much it counts, 0 to 1.
        reliability: Consistency of the person's repeated ratings; 0 where unknown.
        key: Which contribution it is: the data set and its own identifier there.
    """

    word: str
    level_db: Array
    weight: float
    reliability: float
    key: str = ""


def band_response(kind: str, gain_db: float, cutoff: float, q: float, frequencies: Array) -> Array:
    """Gain in dB of one band, from R. Bristow-Johnson's Audio EQ Cookbook.

    Args:
        kind: `low_shelf`, `high_shelf`, or any other name for a peak.
        gain_db: Gain in dB.
        cutoff: Frequency in Hz.
        q: Q.
        frequencies: Where to evaluate it, in Hz.
    """
    amplitude = 10 ** (gain_db / 40)
    omega = 2 * math.pi * min(cutoff, 0.49 * RATE) / RATE
    cosine, alpha = math.cos(omega), math.sin(omega) / (2 * q)
    if kind in ("low_shelf", "high_shelf"):
        side = 1 if kind == "low_shelf" else -1
        plus, minus = amplitude + 1, (amplitude - 1) * side
        beta = 2 * math.sqrt(amplitude) * alpha
        b = (
            amplitude * (plus - minus * cosine + beta),
            2 * amplitude * side * ((amplitude - 1) - side * plus * cosine),
            amplitude * (plus - minus * cosine - beta),
        )
        a = (
            plus + minus * cosine + beta,
            -2 * side * ((amplitude - 1) + side * plus * cosine),
            plus + minus * cosine - beta,
        )
    else:
        b = (1 + alpha * amplitude, -2 * cosine, 1 - alpha * amplitude)
        a = (1 + alpha / amplitude, -2 * cosine, 1 - alpha / amplitude)
    one = np.exp(-2j * math.pi * frequencies / RATE)
    ratio = (b[0] + one * (b[1] + one * b[2])) / (a[0] + one * (a[1] + one * a[2]))
    return np.asarray(20 * np.log10(np.abs(ratio)), dtype=np.float64)


def response(params: Mapping[str, float], frequencies: Array) -> Array:
    """Gain in dB of the six-band equalizer at these frequencies."""
    total = np.zeros_like(frequencies)
    for band, *_ in BANDS:
        total += band_response(
            band,
            params[f"{band}_gain_db"],
            params[f"{band}_cutoff_freq"],
            params[f"{band}_q_factor"],
            frequencies,
        )
    return total


def curves(data: Path, language: str = "English") -> tuple[Array, list[Curve]]:
    """The bands' frequencies in Hz, and every usable equalizer contribution in one language.

    Audealize's per-word means are of SocialFX's contributors, so they would count people twice.

    Args:
        data: Folder with SocialFX and SAFE data.
        language: `English` (SocialFX and SAFE) or `Español` (SocialFX).
    """
    english = language == "English"
    table = rows(data / "socialfx" / "eq.csv")
    columns = [name for name in table[0] if name.startswith("RSC_")]
    frequencies = np.array([float(name[4:].split("Hz")[0]) for name in columns])
    found: list[Curve] = []
    # The shape of each peak at every band, by decibel: what neighbours add to each other.
    peaks = np.array([band_response("peak", 1.0, f, SOCIAL_Q, frequencies) for f in frequencies])

    def keep(word: str, level: Array, weight: float, reliability: float, key: str) -> None:
        level = level - level.mean()
        if word and rms(level) >= FLATTEST_DB:
            found.append(Curve(word, level, weight, reliability, key))

    for number, row in enumerate(table):
        if row["language"] != language:
            continue
        relative = np.array([float(row[name]) for name in columns])
        span = float(np.ptp(relative)) or 1.0
        reliability = min(1.0, max(0.0, float(row["ratings_consistency"] or 0)))
        keep(
            normalise(row["descriptor"]) if english else spanish(row["descriptor"]),
            (2 * (relative - relative.min()) / span - 1) * SOCIAL_DB * SOCIAL_AMOUNT @ peaks,
            max(LEAST_WEIGHT, reliability),
            reliability,
            f"socialfx {row.get('id', number)}",
        )
    for number, row in enumerate(rows(data / "safe" / "equaliser.csv") if english else ()):
        level = _safe_response(row, frequencies)
        for part in re.split(r"[,+/]|\b(?:and|with)\b", row["descriptor"].lower()):
            keep(normalise(part), level, SAFE_WEIGHT, 0.0, f"safe {row.get('id', number)}")
    spelling = _spellings(Counter(curve.word for curve in found))
    return frequencies, [replace(curve, word=spelling[curve.word]) for curve in found]


def _safe_response(row: Mapping[str, str], frequencies: Array) -> Array:
    def band(kind: str, name: str, q: float) -> Array:
        gain, cutoff = float(row[f"{name}_gain_db"]), float(row[f"{name}_freq"])
        return band_response(kind, gain, cutoff, q, frequencies)

    shelves = [band(kind, kind, SAFE_SHELF_Q) for kind in ("low_shelf", "high_shelf")]
    peaks = [band("peak", name, float(row[f"{name}_q"])) for name in ("b1", "b2", "b3")]
    return np.asarray(sum(shelves + peaks), dtype=np.float64)


def rms(values: Array) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def typical_curve(contributions: Sequence[Curve]) -> tuple[Array, float, float]:
    """What a word's contributors have in common.

    Args:
        contributions: At least one.

    Returns:
        The curve in dB at the contributors' median strength, that strength (rms, dB), consistency.
    """
    strengths = np.array([rms(c.level_db) for c in contributions])
    weights = np.array([c.weight for c in contributions])
    shapes = np.array([c.level_db for c in contributions]) / strengths[:, None]
    mean = weights @ shapes / weights.sum()
    strength = float(np.median(strengths))
    agreement = (
        cosine_consistency(shapes, weights)
        if len(contributions) > 1
        else contributions[0].reliability
    )
    return mean * strength / max(rms(mean), 1e-9), strength, agreement


def cosine_consistency(points: Array, weights: Array) -> float:
    """Mean cosine between each row and the weighted mean of the other rows, clipped to 0..1."""
    size = np.linalg.norm(points, axis=1, keepdims=True)
    units = points / np.maximum(size, 1e-9)
    weighted = units * weights[:, None]
    others = weighted.sum(0) - weighted
    length = np.maximum(np.linalg.norm(others, axis=1), 1e-9)
    cosines = (units * others).sum(1) / length
    return float(np.clip(weights @ cosines / weights.sum(), 0, 1))


def fit_bands(level_db: Array, frequencies: Array) -> tuple[dict[str, float], float]:
    """Six bands whose curve is the given one, up to an overall level.

    Bounded least squares (the trust-region reflective method of M. A. Branch, T. F. Coleman and
    Y. Li, as in SciPy) on the error in dB, with mild pulls towards the bands' default frequencies
    and Qs and towards small gains, from three starts.

    Args:
        level_db: The wanted curve.
        frequencies: Where it is given, in Hz.

    Returns:
        The equalizer's parameters, rounded, and the rms error in dB.
    """
    from scipy.optimize import least_squares

    knobs = [
        [effect("eq").parameter(f"{band}_{end}") for end in ("gain_db", "cutoff_freq", "q_factor")]
        for band, *_ in BANDS
    ]
    names = [knob.name for row in knobs for knob in row]
    rest = np.array([0.0 if k.unit == "dB" else k.to_unit(k.default) for r in knobs for k in r])
    pull = np.array([PULL_GAIN if k.unit == "dB" else PULL_KNOB for r in knobs for k in r])
    high = np.array([MOST_GAIN_DB if k.unit == "dB" else 1.0 for r in knobs for k in r])
    low = np.array([-MOST_GAIN_DB if k.unit == "dB" else 0.0 for r in knobs for k in r])
    target = level_db - level_db.mean()

    def values(x: Array) -> dict[str, float]:
        flat = [k for row in knobs for k in row]
        return {
            k.name: float(v) if k.unit == "dB" else k.from_unit(float(v))
            for k, v in zip(flat, x, strict=True)
        }

    def error(params: Mapping[str, float]) -> Array:
        difference = response(params, frequencies) - target
        return np.asarray(difference - difference.mean(), dtype=np.float64)

    def residuals(x: Array) -> Array:
        return np.concatenate([error(values(x)), pull * (x - rest)])

    sampled = rest.copy()
    centres = np.array([row[1].default for row in knobs])
    sampled[::3] = np.interp(np.log(centres), np.log(frequencies), target)
    best: Any = None
    for gains in (0.0, 0.5, 1.0):
        start = np.clip(np.where(pull == PULL_GAIN, sampled * gains, sampled), low, high)
        found = least_squares(residuals, start, bounds=(low, high), max_nfev=60)
        if best is None or found.cost < best.cost - 1e-6:
            best = found
    params = {
        name: _rounded(value, 1 if name.endswith("gain_db") else None)
        for name, value in values(best.x).items()
    }
    params = {name: effect("eq").parameter(name).clamp(params[name]) for name in names}
    return params, rms(error(params))


def _rounded(value: float, decimals: int | None = None) -> float:
    """To so many decimals, or to three significant digits."""
    rounded = float(f"{value:.3g}") if decimals is None else round(value, decimals)
    return rounded + 0.0  # no negative zero


# Votes on given settings.


@dataclass
class Votes:
    """Who accepted or refused a word, by setting."""

    accepted: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    refused: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def count(self, word: str) -> int:
        """Contributions that used the word or agreed with it."""
        return self.accepted[word].total()

    def lifts(self, word: str) -> dict[int, float]:
        """How much more often the word was accepted at a setting than elsewhere, where more.

        Both rates are shrunk as in additive smoothing: the setting's towards the word's, and the
        word's towards that of all words.
        """
        yes, no = self.accepted[word], self.refused[word]
        everyone = sum(c.total() for c in self.accepted.values())
        everything = everyone + sum(c.total() for c in self.refused.values())
        overall = everyone / max(everything, 1)
        usual = (yes.total() + PRIOR_WORD * overall) / (yes.total() + no.total() + PRIOR_WORD)
        found = {
            setting: (votes + PRIOR_SETTING * usual) / (votes + no[setting] + PRIOR_SETTING) - usual
            for setting, votes in sorted(yes.items())
        }
        return {setting: lift for setting, lift in found.items() if lift > 0}


def count_votes(answers: Iterable[Mapping[str, str]]) -> Votes:
    """Votes of the rows of `reverb.csv` or `comp.csv`; one spelling of each word."""
    votes = Votes()
    for row in answers:
        setting = int(row["ind"])
        yes = _listed(row["words"]) | _listed(row["agreed"])
        for word in yes:
            votes.accepted[word][setting] += 1
        for word in _listed(row["didnotagree"]) - yes:
            votes.refused[word][setting] += 1
    spelling = _spellings({word: c.total() for word, c in votes.accepted.items()})
    merged = Votes()
    for word, spelled in spelling.items():
        merged.accepted[spelled].update(votes.accepted[word])
        merged.refused[spelled].update(votes.refused.get(word, Counter()))
    return merged


def _kept(count: int, agreement: float, fx: str) -> bool:
    if agreement < LEAST_CONSISTENCY:
        return False
    return count >= FEWEST[fx] or (count >= FEWER[fx] and agreement >= STRONG)


def _consistency(votes: Counter[int], points: Mapping[int, Array]) -> float:
    """`cosine_consistency` of the settings voted for, as points around the average setting."""
    if len(votes) < 2:
        return 0.0
    voted = sorted(votes)
    weights = np.array([float(votes[setting]) for setting in voted])
    return cosine_consistency(np.array([points[setting] for setting in voted]), weights)


def _standardised(
    table: Mapping[int, Sequence[float]],
) -> tuple[dict[int, Array], Array, Array]:
    """Points with mean 0 and spread 1, and the mean and spread they had."""
    values = np.array(list(table.values()), dtype=np.float64)
    mean, spread = values.mean(0), np.maximum(values.std(0), 1e-9)
    return dict(zip(table, (values - mean) / spread, strict=True)), mean, spread


# Reverb.


def room_size_for(rt60: float) -> float:
    """Freeverb's room size for a decay time in seconds, as near as it gets.

    A comb of delay D and feedback g falls by 60 dB in -3 D / log10 g (M. R. Schroeder, Natural
    sounding artificial reverberation, 1962); D is the mean of Freeverb's eight.
    """
    delay = sum(COMBS) / len(COMBS) / 44100
    feedback = 10 ** (-3 * delay / max(rt60, 1e-3))
    return min(1.0, max(0.0, (feedback - ROOM_OFFSET) / ROOM_SCALE))


def damping_for(centroid: float) -> float:
    """Freeverb's damping for a tail with this spectral centroid in Hz.

    Freeverb can't be as dark as SocialFX's reverb, whose low-pass goes down to 54 Hz, so positions
    are matched, not centroids: from 0 for the brightest settings to 1 at `DARKEST_HZ`.
    """
    position = math.log(BRIGHTEST_HZ / max(centroid, 1.0)) / math.log(BRIGHTEST_HZ / DARKEST_HZ)
    return min(1.0, max(0.0, position))


def levels_for(rt60: float, room_size: float, damping: float) -> tuple[float, float]:
    """Freeverb's wet and dry level for a decay time in seconds.

    The data don't tell: SocialFX's clarity as computed for its settings and as measured on their
    impulse responses have next to no correlation, and no word prefers values of either. So the mix
    follows from the decay. Clarity C80 of a diffuse field is 10 log10(exp(1.104 / RT60) - 1) dB
    (M. Barron, L.-J. Lee, Energy relations in concert auditoriums, 1988, without direct sound); the
    direct sound adds `DIRECT_BONUS_DB`. The dry level falls from 0.5 at 0.6 s to 0.3 at 6 s, and
    the wet level is the one that gives Freeverb's impulse response that clarity.
    """
    decay = max(rt60, 0.1)
    clarity = math.exp(1.104 / decay) - 1
    ratio = clarity * 10 ** (DIRECT_BONUS_DB / 10)
    low, high = DRY_LEVEL
    position = min(1.0, max(0.0, math.log10(decay / 0.6)))
    dry = high - (high - low) * position
    early, late = _tail_energies()(room_size, damping)
    wet = 2 * dry / math.sqrt(max(ratio * late - early, 1e-6))
    return min(WET_LEVEL[1], max(WET_LEVEL[0], wet)), dry


@lru_cache(maxsize=1)
def _tail_energies() -> Callable[[float, float], tuple[float, float]]:
    """(room size, damping) -> energies of Freeverb's wet impulse response before, after 80 ms."""
    import torch
    from scipy.interpolate import RegularGridInterpolator

    rooms, dampings = np.linspace(0, 1, 9), np.linspace(0, 1, 3)
    impulse = torch.zeros(2, int(3 * RATE), dtype=torch.float64)
    impulse[:, 0] = 1
    border = int(0.08 * RATE)
    table = np.zeros((len(rooms), len(dampings), 2))
    fixed = {"wet_level": 1.0, "dry_level": 0.0, "width": 1.0}
    with torch.no_grad():
        for i, room in enumerate(rooms):
            for j, damping in enumerate(dampings):
                values = {"room_size": float(room), "damping": float(damping), **fixed}
                params = {k: torch.tensor(v, dtype=torch.float64) for k, v in values.items()}
                energy = np.square(REV.twin(impulse, params, RATE).numpy()[0])
                table[i, j] = np.log([energy[:border].sum(), energy[border:].sum()])
    interpolate = RegularGridInterpolator((rooms, dampings), table)

    def energies(room_size: float, damping: float) -> tuple[float, float]:
        early, late = np.exp(interpolate([[room_size, damping]])[0])
        return float(early), float(late)

    return energies


def freeverb(rt60: float, centroid: float) -> dict[str, float]:
    """Freeverb's parameters for a decay time in seconds and the tail's spectral centroid in Hz."""
    room, damping = room_size_for(rt60), damping_for(centroid)
    wet, dry = levels_for(rt60, room, damping)
    values = {"room_size": room, "damping": damping, "wet_level": wet, "dry_level": dry}
    return {**{name: round(value, 3) for name, value in values.items()}, "width": 1.0}


def _typical_point(
    lifts: Mapping[int, float], points: Mapping[int, Array], agreement: float
) -> Array:
    """The mean of the settings, as far from the average setting as people agree.

    Many settings are accepted by chance, which moves the mean towards the average setting: with a
    mean cosine c between people, to about c of the settings' own distance. It is moved out again to
    the root of c, so that words on which nobody agrees stay near the average setting.
    """
    rows, weights = np.array([points[s] for s in lifts]), np.array(list(lifts.values()))
    mean = weights @ rows / weights.sum()
    distance = weighted_median(np.linalg.norm(rows, axis=1), weights) * math.sqrt(agreement)
    return np.asarray(mean * distance / max(float(np.linalg.norm(mean)), 1e-9))


def measured_reverbs(data: Path) -> dict[int, tuple[float, float]]:
    """Decay time in seconds and centroid in Hz of every reverb setting's impulse response."""
    found: dict[int, tuple[float, float]] = {}
    for row in rows(data / "socialfx" / "reverbs.csv"):
        measures = [float(text) for text in ast.literal_eval(row["impulsemeasures"])]
        found[int(row["index"])] = measures[0], measures[4]
    return found


def _reverbs(data: Path) -> dict[str, Any]:
    shortest, longest = (
        -3 * sum(COMBS) / len(COMBS) / 44100 / math.log10(ROOM_OFFSET + ROOM_SCALE * room)
        for room in (0, 1)
    )
    # Beyond Freeverb's reach all decays are the same, so they must not pull the mean.
    measured = {
        index: (math.log(min(longest, max(shortest, decay))), math.log(max(centroid, 1.0)))
        for index, (decay, centroid) in measured_reverbs(data).items()
    }
    points, centre, spread = _standardised(measured)
    votes = count_votes(
        row
        for row in rows(data / "socialfx" / "reverb.csv")
        if row["language"] == "English" and int(row["ind"]) in measured
    )
    words: dict[str, Any] = {}
    for word in sorted(votes.accepted):
        count, agreement = votes.count(word), _consistency(votes.accepted[word], points)
        lifts = votes.lifts(word)
        if not lifts or not _kept(count, agreement, "rev"):
            continue
        decay, centroid = np.exp(centre + spread * _typical_point(lifts, points, agreement))
        words[word] = {
            "params": freeverb(float(decay), float(centroid)),
            "count": count,
            "consistency": round(agreement, 3),
            "measures": {
                "rt60_seconds": round(float(decay), 2),
                "centroid_hz": round(float(centroid)),
            },
        }
    return words


# Compressor.


def compressor(
    threshold_db: float, knee_db: float, ratio: float, attack: float, release: float
) -> dict[str, float]:
    """Our compressor's parameters, clamped, for the Web Audio DynamicsCompressorNode's.

    The node compresses fully only a knee above its threshold, so a hard knee is equivalent half a
    knee above it (D. Giannoulis, M. Massberg, J. D. Reiss, Digital dynamic range compressor design,
    2012, whose knee lies around the threshold). Its makeup gain is left to loudness matching.

    Args:
        threshold_db: In dB.
        knee_db: Width in dB.
        ratio: Decibels in per decibel out.
        attack: In seconds.
        release: In seconds.
    """
    values = {
        "threshold_db": threshold_db + knee_db / 2,
        "ratio": ratio,
        "attack_ms": attack * 1000,
        "release_ms": release * 1000,
    }
    return {
        name: effect("comp").parameter(name).clamp(_rounded(value))
        for name, value in values.items()
    }


def weighted_median(values: Array, weights: Array) -> float:
    """The value at which half of the weight lies below, interpolated."""
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    middle = np.cumsum(weights) - weights / 2
    return float(np.interp(weights.sum() / 2, middle, values))


def _compressors(data: Path) -> dict[str, Any]:
    answers = rows(data / "socialfx" / "comp.csv")
    settings: dict[int, list[float]] = {}
    for row in answers:
        settings[int(row["ind"])] = [float(text) for text in row["param"].split(",")]
    # Attack and release go down to nothing, where logarithms would exaggerate.
    points, _, _ = _standardised(
        {
            index: [threshold + knee / 2, math.log(ratio), math.log(attack), math.log(release)]
            for index, (threshold, knee, ratio, attack, release) in sorted(
                (i, (t, k, r, max(a, 5e-4), max(e, 1e-2)))
                for i, (t, k, r, a, e) in settings.items()
            )
        }
    )
    votes = count_votes(answers)
    words: dict[str, Any] = {}
    for word in sorted(votes.accepted):
        count, agreement = votes.count(word), _consistency(votes.accepted[word], points)
        lifts = votes.lifts(word)
        if not lifts or not _kept(count, agreement, "comp"):
            continue
        table, weights = np.array([settings[s] for s in lifts]), np.array(list(lifts.values()))
        # Thresholds only mean something together with their knees.
        table[:, 0] += table[:, 1] / 2
        threshold, _, *rest = (weighted_median(column, weights) for column in table.T)
        words[word] = {
            "params": compressor(threshold, 0.0, *rest),
            "count": count,
            "consistency": round(agreement, 3),
        }
    return words


def _equalizers(data: Path) -> dict[str, Any]:
    frequencies, found = curves(data)
    by_word: dict[str, list[Curve]] = defaultdict(list)
    for curve in found:
        by_word[curve.word].append(curve)
    words: dict[str, Any] = {}
    for word, contributions in sorted(by_word.items()):
        level, strength, agreement = typical_curve(contributions)
        if not _kept(len(contributions), agreement, "eq"):
            continue
        params, error = fit_bands(level, frequencies)
        words[word] = {
            "params": params,
            "count": len(contributions),
            "consistency": round(agreement, 3),
            "strength_db": round(strength, 2),
            "fit_rms_db": round(error, 2),
        }
    return words


def learn(data: Path) -> dict[str, Any]:
    """Statistics per word.

    Args:
        data: Folder with SocialFX and SAFE data.

    Returns:
        `about`, `sources`, and `words`: by word and effect id, `params`, `count` of contributors,
        `consistency`, and what else was measured.

    Raises:
        UserError: A file is missing.
    """
    by_effect = {"eq": _equalizers(data), "rev": _reverbs(data), "comp": _compressors(data)}
    every = Counter[str]()
    for found in by_effect.values():
        every.update({word: int(entry["count"]) for word, entry in found.items()})
    spelling = _spellings(every)
    words: dict[str, dict[str, Any]] = {}
    for word in sorted(every):
        for fx, found in by_effect.items():
            if word in found:
                words.setdefault(spelling[word], {}).setdefault(fx, found[word])
    return {
        "about": ABOUT,
        "sources": [dict(source) for source in SOURCES],
        "words": dict(sorted(words.items())),
    }


def dumps(learned: Mapping[str, Any]) -> str:
    """As JSON, compact, a word a line: the same text for the same statistics."""

    def compact(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    words = ",\n".join(f"{compact(w)}:{compact(v)}" for w, v in sorted(learned["words"].items()))
    head = ",\n".join(f"{compact(k)}:{compact(v)}" for k, v in learned.items() if k != "words")
    return f'{{{head},\n"words":{{\n{words}\n}}}}\n'


def contributed(data: Path) -> Iterator[tuple[str, Callable[[Tensor, float], Tensor]]]:
    """Each contributor's equalizer curve as a filter, for words that at least three people used.

    Reverbs and compressors were given to contributors, not set by them.

    Args:
        data: Folder with SocialFX and SAFE data.

    Yields:
        The word, and (audio `[..., samples]`, sample rate in Hz) -> filtered audio, same shape.
    """
    frequencies, found = curves(data)
    people = Counter(curve.word for curve in found)
    for curve in found:
        if people[curve.word] >= 3:
            yield curve.word, as_filter(curve.level_db, frequencies)


def as_filter(level_db: Array, frequencies: Array) -> Callable[[Tensor, float], Tensor]:
    """A curve as a zero-phase filter, linear in dB over the logarithm of frequency."""

    def apply(audio: Tensor, sample_rate: float) -> Tensor:
        import torch

        samples = audio.shape[-1]
        length = samples + int(0.2 * sample_rate)  # room for what rings before and after
        bins = np.fft.rfftfreq(length, 1 / sample_rate)
        level = np.interp(np.log(np.maximum(bins, 1.0)), np.log(frequencies), level_db)
        gain = torch.from_numpy(10 ** (level / 20)).to(audio.dtype)
        filtered: Tensor = torch.fft.irfft(torch.fft.rfft(audio, n=length) * gain, n=length)
        return filtered[..., :samples]

    return apply


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with SocialFX and SAFE")
    parser.add_argument("--out", type=Path, default=CROWD)
    given = parser.parse_args(arguments)
    learned = learn(given.data)
    given.out.write_text(dumps(learned), encoding="utf-8")
    words = learned["words"].values()
    counts = ", ".join(f"{fx} {sum(fx in word for word in words)}" for fx in FEWEST)
    print(f"{given.out}: {len(words)} words ({counts}), {given.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
