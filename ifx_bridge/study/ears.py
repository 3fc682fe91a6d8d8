"""How well ears hear: `ifx-bridge study ears --data DIR --dry DIR --out DIR`.

Whatever is held out in training, each apart: contributions, dry sounds, words. Three questions:

- *Naming*: of all words that people used with an effect, which one does a change sound like?
- *Following people*: does a word point where its contributors went, and do more people accept it
  for settings that the ears find like it?
- *Refining*: does following the ears from a random chain bring the sound where contributors' own
  settings would have brought it, judged by what no ears were trained on?

Beside the ears stand baselines and what people themselves reach.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ifx_bridge.ears import measures
from ifx_bridge.ears.base import Ears
from ifx_bridge.ears.fx import SHIPPED, FxEars, hear, load
from ifx_bridge.ears.losses import ASIDE
from ifx_bridge.ears.perceptual import Perceptual
from ifx_bridge.study import crowd, plots
from ifx_bridge.study.examples import LOOPS, SEVEN, Data, Example, Measured, cached, dry_paths
from ifx_bridge.study.following import STEPS, attack, equalizers, judged
from ifx_bridge.study.train_ears import Recipe, Table, discriminant, gather, tabulate, train
from ifx_bridge.words.vocabulary import Vocabulary

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]

TRAINED_SOUNDS, NEW_SOUNDS = 5, 5  # heard in evaluations; the latter beside the three loops
SOME = 160  # contributions that were trained on, heard on new sounds


@dataclass(frozen=True, eq=False)
class System:
    """Something that says how like a word a change of sound is.

    Attributes:
        name: What the report calls it.
        embed: Measurements before and after, `[n, f]` each, to `[n, d]`.
        points: Of words, `[d]`.
        unseen: The point of a word that has none, or None.
    """

    name: str
    embed: Callable[[NDArray[np.float32], NDArray[np.float32]], Array]
    points: Mapping[str, Array]
    unseen: Callable[[str], Array | None]

    def likeness(self, measured: Measured, words: Sequence[str]) -> Array:
        """Cosine of every change with every word, `[n, words]`; -1 where a word is unknown."""
        change = self.embed(measured.before, measured.after)
        found = [self.points.get(w) if w in self.points else self.unseen(w) for w in words]
        known = np.array([point is not None for point in found])
        table = np.array([np.ones(change.shape[1]) if p is None else p for p in found])
        table = table / (np.linalg.norm(table, axis=1, keepdims=True) + 1e-9)
        unit = change / (np.linalg.norm(change, axis=1, keepdims=True) + 1e-9)
        return np.where(known[None], unit @ table.T, -1.0)

    def missed(self, measured: Measured, right: Sequence[str]) -> float:
        """Median squared distance from the point aimed at, as refining counts it."""
        change = self.embed(measured.before, measured.after)
        found = [self.points[w] if w in self.points else self.unseen(w) for w in right]
        known = [index for index, point in enumerate(found) if point is not None]
        table, change = np.array([p for p in found if p is not None]), change[known]
        length = (table**2).sum(1) + 1e-8
        along = (change * table).sum(1) / length
        beside = ((change - along[:, None] * table) ** 2).sum(1) / length
        return float(np.median((1 - along) ** 2 + ASIDE * beside))


def trained(name: str, weights: Mapping[str, Tensor], words: Sequence[str]) -> System:
    """FX ears, their measurements taken already."""
    import torch

    ears = FxEars(weights, words)
    weights = {key: tensor.float() for key, tensor in weights.items()}

    def embed(before: NDArray[np.float32], after: NDArray[np.float32]) -> Array:
        with torch.no_grad():
            there, here = (hear(weights, torch.from_numpy(x)) for x in (after, before))
        return (there - here).double().numpy()

    def unseen(word: str) -> Array | None:
        point = ears.imagine(word)
        return None if point is None else point.double().numpy()

    points = {word: point.double().numpy() for word, point in ears.points.items()}
    return System(name, embed, points, unseen)


def class_means(name: str, table: Table, columns: slice = slice(None)) -> System:
    """A linear map that whitens what differs within words, and the words' mean changes.

    Linear discriminant analysis, on the same training examples.

    Args:
        name: What the report calls it.
        table: The training examples.
        columns: Which measurements it is given.
    """
    change = (table.after - table.before)[:, columns].astype(np.float64)
    whiten, means = discriminant(change[table.row], table)
    points = {word: means[index] for index, word in enumerate(table.words) if table.own[index]}
    return System(
        name,
        lambda before, after: (after - before)[:, columns].astype(np.float64) @ whiten,
        points,
        nearest_word(points),
    )


def nearest_word(points: Mapping[str, Array]) -> Callable[[str], Array | None]:
    """For an unknown word, the point of the trained word that means most nearly the same."""
    known = list(points)

    def unseen(word: str) -> Array | None:
        found = Vocabulary.load().nearest(word, known, 1)
        return points[found[0].word] if found else None

    return unseen


# Naming.


@dataclass(frozen=True)
class Naming:
    """How well changes are named.

    Attributes:
        mrr: Mean reciprocal rank of the right word.
        top1: Share named right at once.
        right_way: Share of changes that point rather toward the word than away.
        aimed: Median of `losses.aimed` for what people did, as if it had been asked for by the
            word: 0 there, 1 as far off as no change at all.
    """

    mrr: float
    top1: float
    right_way: float
    aimed: float


def naming(
    likeness: Array, right: Sequence[int], weights: Array | None = None
) -> tuple[float, float]:
    """Mean reciprocal rank and top-1 share of the right columns; ties count half."""
    own = likeness[np.arange(len(right)), right][:, None]
    ranks = 1 + (likeness > own).sum(1) + 0.5 * ((likeness == own).sum(1) - 1)
    weights = np.ones(len(right)) if weights is None else weights
    return (
        float(np.average(1 / ranks, weights=weights)),
        float(np.average(ranks < 1.5, weights=weights)),
    )


def chance_naming(words: int) -> tuple[float, float]:
    """Mean reciprocal rank and top-1 share of guessing."""
    return float(np.mean(1 / np.arange(1, words + 1))), 1 / words


@dataclass(frozen=True, eq=False)
class Trial:
    """Changes to be named.

    Attributes:
        name: What is held out.
        measured: The changes.
        right: The word of each.
        words: Candidates.
    """

    name: str
    measured: Measured
    right: list[str]
    words: list[str]

    def judge(self, system: System) -> Naming:
        """How a system names them."""
        likeness = system.likeness(self.measured, self.words)
        index = {word: number for number, word in enumerate(self.words)}
        right = [index[word] for word in self.right]
        mrr, top1 = naming(likeness, right)
        own = likeness[np.arange(len(right)), right]
        return Naming(mrr, top1, float((own > 0).mean()), system.missed(self.measured, self.right))


def select(
    measured: Measured, keep: Callable[[str, str], str | None]
) -> tuple[Measured, list[str]]:
    """Rows with a right word.

    Args:
        measured: All rows.
        keep: (key, word) -> the word, or None; a row's first word in order of weight counts.
    """
    rows, right = [], []
    for row, labels in enumerate(measured.labels):
        for label in sorted(labels, key=lambda label: -label.weight):
            word = keep(measured.keys[row], label.word)
            if word is not None:
                rows.append(row)
                right.append(word)
                break
    part = Measured(
        measured.before[rows],
        measured.after[rows],
        [measured.keys[r] for r in rows],
        [measured.dry[r] for r in rows],
        [measured.labels[r] for r in rows],
    )
    return part, right


SOURCES = {
    "eq:socialfx": "equalizer (SocialFX)",
    "eq:safe": "equalizer (SAFE)",
    "rev": "reverb",
    "comp": "compressor",
}


def source_of(key: str) -> str:
    """The data set of a contribution, as the report calls it."""
    return next((name for start, name in SOURCES.items() if key.startswith(start)), "")


@dataclass
class Evaluation:
    """Changes for evaluation, by what is new about them."""

    data: Data
    table: Table
    contributions: Measured
    sounds: Measured
    words: Measured
    both: Measured
    names: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        by_source: dict[str, set[str]] = defaultdict(set)
        own = {w for w, own in zip(self.table.words, self.table.own, strict=True) if own}
        for example in self.data.shown():
            for label in example.labels:
                if label.word in own:
                    by_source[source_of(example.key)].add(label.word)
        self.names = {source: sorted(words) for source, words in by_source.items()}

    def trials(self) -> list[Trial]:
        """Everything to be named."""
        found = []
        held = self.data.splits.words
        parts = {
            "contributions": self.contributions,
            "dry sounds": self.sounds,
            "contributions and dry sounds": self.both,
        }
        for new, measured in parts.items():
            for source, words in self.names.items():
                candidates = set(words)
                rows, right = select(
                    measured,
                    lambda key, word, source=source, candidates=candidates: (  # type: ignore[misc]
                        word if source_of(key) == source and word in candidates else None
                    ),
                )
                if right:
                    found.append(Trial(f"{new}, {source}", rows, right, words))
            rows, right = select(
                measured,
                lambda key, word: word if key.startswith("eq:socialfx") and word in SEVEN else None,
            )
            if right:
                found.append(Trial(f"{new}, equalizer, seven words", rows, right, list(SEVEN)))
        for source in (SOURCES["eq:socialfx"], SOURCES["rev"]):
            rows, right = select(
                self.words,
                lambda key, word, source=source: (  # type: ignore[misc]
                    word if source_of(key) == source and word in held else None
                ),
            )
            if right:
                among = sorted(set(right))
                found.append(Trial(f"words, {source}, among new words", rows, right, among))
                everything = sorted({*among, *self.names[source]})
                found.append(Trial(f"words, {source}, among all words", rows, right, everything))
        return found


def prepare(
    data: Data,
    table: Table,
    folder: Path,
    dry: Path,
    cache: Path,
    progress: Callable[[str], None] = lambda text: None,
) -> Evaluation:
    """Hear what is held out; kept in `cache`."""
    random = np.random.default_rng(1)
    paths = {path.stem: path for path in dry_paths(dry)}
    loops = [folder / "audio" / f"{name}.wav" for name in LOOPS]
    known = sorted(set(paths) - data.splits.dry)
    new = sorted(set(paths) & data.splits.dry)
    familiar = [paths[name] for name in random.choice(known, TRAINED_SOUNDS, replace=False)]
    unknown = [*loops, *(paths[name] for name in random.choice(new, NEW_SOUNDS, replace=False))]
    hidden = [e for e in data.contributions if e.key in data.splits.contributions]
    shown = [e for e in data.contributions if e.key not in data.splits.contributions]
    about_new = [e for e in shown if any(label.word in data.splits.words for label in e.labels)]
    some = [shown[i] for i in sorted(random.choice(len(shown), SOME, replace=False))]

    def heard(examples: Sequence[Example], where: Iterable[Path], name: str) -> Measured:
        parts = []
        for path in where:
            progress(f"listening to what is held out: {name}, {path.stem}")
            parts.append(cached(lambda: examples, path, cache, name))
        return Measured.joined(parts)

    return Evaluation(
        data,
        table,
        contributions=heard(hidden, familiar, "held"),
        sounds=heard(some, unknown, "some"),
        words=heard(about_new, familiar, "words"),
        both=heard(hidden, unknown, "held"),
    )


# Following people.


def agreement(system: System, evaluation: Evaluation, folder: Path, fx: str) -> tuple[float, int]:
    """Rank correlation (Spearman's) of likeness with acceptance, on held-out settings.

    For every setting and word that at least three people accepted or refused there: how like the
    word the ears find it, less what is usual for the word, against the share that accepted.

    Returns:
        The correlation, and of how many pairs of setting and word.
    """
    from scipy.stats import spearmanr

    votes = crowd.count_votes(
        row
        for row in crowd.rows(folder / "socialfx" / f"{'reverb' if fx == 'rev' else fx}.csv")
        if f"{fx}:{row['ind']}" in evaluation.data.splits.contributions
    )
    words = evaluation.names[SOURCES[fx]]
    likeness = system.likeness(evaluation.both, words)
    likeness = likeness - likeness.mean(0)
    heard: dict[int, list[int]] = defaultdict(list)
    for row, key in enumerate(evaluation.both.keys):
        if key.startswith(f"{fx}:"):
            heard[int(key.split(":")[1])].append(row)
    pairs = []
    for column, word in enumerate(words):
        yes, no = votes.accepted[word], votes.refused[word]
        usual = yes.total() / max(1, yes.total() + no.total())
        for setting, rows in heard.items():
            people = yes[setting] + no[setting]
            if people >= 3:
                pairs.append((likeness[rows, column].mean(), yes[setting] / people - usual))
    return (float(spearmanr(np.array(pairs)).statistic), len(pairs)) if pairs else (0.0, 0)


def ratings(system: System, evaluation: Evaluation, folder: Path, fx: str) -> tuple[float, int]:
    """Rank correlation (Spearman's) of how far a setting moves the sound with how far people felt.

    Returns:
        The correlation, and over how many answers.
    """
    from scipy.stats import spearmanr

    change = np.linalg.norm(system.embed(evaluation.both.before, evaluation.both.after), axis=1)
    felt: dict[str, list[float]] = defaultdict(list)
    for key, size in zip(evaluation.both.keys, change, strict=True):
        felt[key].append(float(size))
    pairs = [
        (np.mean(felt[key]), int(row["likert"]))
        for row in crowd.rows(folder / "socialfx" / f"{'reverb' if fx == 'rev' else fx}.csv")
        if (key := f"{fx}:{row['ind']}") in felt and row["likert"].isdigit()
    ]
    return (float(spearmanr(np.array(pairs)).statistic), len(pairs)) if pairs else (0.0, 0)


def people_name(folder: Path, evaluation: Evaluation, words: Sequence[str]) -> tuple[float, float]:
    """What the contributors' own curves reach: the mean curve of the others names each one's.

    Only held-out SocialFX contributions are named, by the curves of those that are shown, without
    any sound or ears between: nothing that listens can be expected to do much better.
    """
    curves = [c for language in ("English", "Español") for c in crowd.curves(folder, language)[1]]
    held = evaluation.data.splits.contributions
    means: dict[str, Array] = {}
    for curve in curves:
        if f"eq:{curve.key}" not in held and curve.word in words:
            unit = curve.weight * curve.level_db / crowd.rms(curve.level_db)
            means[curve.word] = means.get(curve.word, 0.0) + unit
    known = sorted(means)
    asked = [
        c
        for c in curves
        if f"eq:{c.key}" in held and c.word in means and c.key.startswith("socialfx")
    ]
    table = np.array([means[w] / np.linalg.norm(means[w]) for w in known])
    units = np.array([c.level_db / np.linalg.norm(c.level_db) for c in asked])
    return naming(units @ table.T, [known.index(c.word) for c in asked])


# The report.


def run(
    folder: Path,
    dry: Path,
    out: Path,
    cache: Path,
    progress: Callable[[str], None] = lambda text: None,
) -> Path:
    """The command: everything, on the shipped ears; writes and gives `OUT/README.md`."""
    data = Data.load(folder)
    heard, _ = gather(data, dry_paths(dry), cache, 0, progress)
    table = tabulate(heard, data.known.names, data.splits.words)
    evaluation = prepare(data, table, folder, dry, cache, progress)
    random = np.random.default_rng(0)
    shuffled = replace(table, word=random.permutation(table.word))
    progress("training on shuffled words")
    untaught = train(shuffled, Recipe()).finished(heard)
    systems = [
        class_means("band energies, linear", table, slice(0, measures.BANDS)),
        class_means("all measurements, linear", table),
        trained("FX, shuffled words", *untaught),
        trained("FX", *load(SHIPPED)),
    ]
    lines = [
        HEAD.format(
            contributions=len(data.splits.contributions),
            words=", ".join(sorted(data.splits.words)),
            dry=len(data.splits.dry),
        )
    ]
    out.mkdir(parents=True, exist_ok=True)
    lines += _naming_tables(systems, evaluation, folder, out)
    lines += [
        "",
        "## Following people",
        "",
        AGREE,
        "",
        "| ears | reverb | compressor |",
        "|---|---|---|",
    ]
    for system in systems:
        found = [agreement(system, evaluation, folder, fx) for fx in ("rev", "comp")]
        lines.append(
            f"| {system.name} | " + " | ".join(f"{r:+.3f} ({n} pairs)" for r, n in found) + " |"
        )
    lines += ["", LIKERT, "", "| ears | reverb | compressor |", "|---|---|---|"]
    for system in systems:
        rated = [ratings(system, evaluation, folder, fx) for fx in ("rev", "comp")]
        lines.append(
            f"| {system.name} | " + " | ".join(f"{r:+.3f} ({n} answers)" for r, n in rated) + " |"
        )
    lines += _refining(data, folder, out, progress)
    progress("pulling on every knob")
    words = sorted(data.splits.words)
    a = attack(FxEars.load(), sorted({*SEVEN, *words, "church", "gritty", "echo", "clean"}), folder)
    lines += ["", "## Pulling on every knob", ""]
    lines.append(ATTACK.format(runs=a.runs, broken=a.broken, extreme=a.extreme, started=a.started))
    path = out / "README.md"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _refining(data: Data, folder: Path, out: Path, progress: Callable[[str], None]) -> list[str]:
    words = sorted(data.splits.words)
    ways: list[tuple[str, Ears, bool]] = [
        ("FX, stopping at the aim", FxEars.load(), True),
        ("FX, direction only, no stop", FxEars.load(), False),
        ("perceptual, stopping at the aim", Perceptual.load(), True),
    ]
    steps = " | ".join(str(step) for step in STEPS[1:])
    lines = ["", "## Refining", "", REFINE, "", "![What is left](left.svg)", ""]
    lines += [
        f"| ears | right way | how far | correlation | over twice | left after {steps} |",
        "|---" * (5 + len(STEPS) - 1) + "|",
    ]
    left = {}
    for name, listening, stop in ways:
        progress(f"refining equalizers: {name}")
        f = equalizers(listening, words, folder, stop)
        left[name] = f.curve
        row = " | ".join(f"{value:.2f}" for value in f.curve[1:])
        lines.append(
            f"| {name} | {f.right_way:.0%} | {f.moved:.2f} | {f.likeness:+.2f} "
            f"| {f.over:.0%} | {row} |"
        )
    plots.curves(out / "left.svg", STEPS, left, "steps of Adam", "left to what contributors did")
    heard = sorted(word for word, known in crowd.learn(folder)["words"].items() if "comp" in known)
    for fx, among in (("rev", words), ("comp", heard)):
        lines += [
            "",
            OTHERS[fx],
            "",
            "| ears | runs | nearer | how far | past it |",
            "|---|---|---|---|---|",
        ]
        for name, listening, stop in ways:
            progress(f"refining {fx}: {name}")
            j = judged(listening, among, folder, fx, stop)
            lines.append(
                f"| {name} | {j.runs} | {j.right_way:.0%} | {j.moved:.2f} | {j.over:.0%} |"
            )
    return lines


def _naming_tables(
    systems: Sequence[System], evaluation: Evaluation, folder: Path, out: Path
) -> list[str]:
    lines = ["## Naming", "", NAMING, "", "![Naming](naming.svg)"]
    bars: dict[str, dict[str, float]] = defaultdict(dict)
    for trial in evaluation.trials():
        mrr, top1 = chance_naming(len(trial.words))
        bars["chance"][trial.name] = mrr
        lines += [
            "",
            f"**New: {trial.name}**; {len(trial.right)} changes, {len(trial.words)} words",
            "",
            "| | MRR | top-1 | right way | left to the aim |",
            "|---|---|---|---|---|",
            f"| chance | {mrr:.3f} | {top1:.1%} | 50% | 1.00 |",
        ]
        for system in systems:
            n = trial.judge(system)
            bars[system.name][trial.name] = n.mrr
            lines.append(
                f"| {system.name} | {n.mrr:.3f} | {n.top1:.1%} | {n.right_way:.0%} "
                f"| {n.aimed:.2f} |"
            )
        if "seven" in trial.name or ("SocialFX" in trial.name and "words" not in trial.name):
            mrr, top1 = people_name(folder, evaluation, trial.words)
            lines.append(f"| people's own curves (ceiling) | {mrr:.3f} | {top1:.1%} | | |")
            bars["people's own curves"][trial.name] = mrr
    plots.bars(out / "naming.svg", bars, "mean reciprocal rank of the right word")
    return lines


HEAD = """# How well the FX ears hear

Made by `ifx-bridge study ears --data DIR --dry DIR --out DIR`. The data are SocialFX and SAFE, the
dry sounds those of `python -m ifx_bridge.study.dry_sounds`; what is held out stands in
`ifx_bridge/study/splits.json`: {contributions} contributions, {dry} dry sounds (among them the
three loops that the contributors heard), and all contributions of these words: {words}.

The linear baselines are discriminant analyses fitted on exactly what the FX ears were trained on;
words new to them get the point of the nearest known word by text alone. No one has listened.
"""
NAMING = """Which of all the words is a change? Ranked by cosine. *MRR* is the mean reciprocal rank
of the right word, *right way* how often a change points rather toward its word than away from it,
*left to the aim* the median of what refining minimizes (`losses.aimed`) where the contributor
stopped: 0 at the aim, 1 as far from it as doing nothing, above 1 worse than doing nothing.
The ears with shuffled words have learned one usual change for all words: that they miss little of
it says nothing."""
AGREE = """Spearman's rank correlation, over held-out settings and words, between how like the word
a setting is to the ears and the share of people who accepted the word for it rather than refuse
it, both less what is usual for the word."""
LIKERT = """The same for how strongly people found a setting to do anything, on the scale of the
questionnaire (0 to 4): Spearman's correlation, over answers to held-out settings, of the rating
with how far the setting moves the sound to these ears."""
REFINE = """From random equalizers (gains within 4 dB) on the three loops, the words that the FX
ears never saw are followed by gradient. The judge is the equalizer's curve against the mean curve
of the word's contributors: *how far* is 1 where contributors' median strength is reached, *left*
the median distance to their curve after so many steps, 1 at the start (disagreement of random
directions raises it). The perceptual ears were fitted on statistics of all contributions, those of
these words included, so they are not held out from them."""
OTHERS = {
    "rev": """The same from random reverbs, hardly heard at first (wet level 3 %). The judge is the
decay time, measured on an impulse, against that of the word's typical setting: *nearer* ended
nearer to it than it began, *how far* is the median share of the way, *past it* went past it by more
than the whole way.""",
    "comp": """The same from random compressors, judged by the crest factor of the sound. No word of
the compressor data was held out, only settings, so every word with statistics is followed; many of
these say little about a compressor (clear, distant).""",
}
ATTACK = """{runs} random chains of three effects, every knob free, 50 steps of Adam on the
aim: {broken} ended silent (40 dB down), squared off or in no numbers; {extreme:.0%} of the knobs
ended in the last 2 % of their range, against {started:.0%} of the random chains they began as."""
