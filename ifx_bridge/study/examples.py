"""What the FX ears learn from: changes of real sounds, with the words that people have for them.

Contributions of SocialFX and SAFE, and our own lexicon, are rendered through the program's own
effects on many dry sounds, and measured before and after. Three kinds of things are held out, each
apart, by the lists in `splits.json`: contributions (of every data set), words, and dry sounds.

    python -m ifx_bridge.study.examples --data DIR --dry DIR    (draws the lists anew)
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ifx_bridge import audio
from ifx_bridge.ears import measures
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.spec import scaled
from ifx_bridge.refine.whole_chain import Settings, listening_excerpt
from ifx_bridge.study import crowd
from ifx_bridge.words.knowledge import Descriptor, Knowledge, build, lexicon
from ifx_bridge.words.vocabulary import Vocabulary

if TYPE_CHECKING:
    from torch import Tensor

SPLITS = Path(__file__).with_name("splits.json")
# To be raised when the examples or how they are rendered change: old caches are then useless.
EDITION = 1
# The recordings that the contributors heard: only ever for evaluation.
LOOPS = ("drums", "guitar", "piano")

Setting = Callable[["Tensor", float], "Tensor"]
"""(audio `[1, channels, samples]`, sample rate in Hz) -> audio, same shape."""

# How many of each a dry sound is heard through.
PER_SOUND = {"eq": 150, "rev": 40, "comp": 30}
TRANSITIONS = 80
AMOUNTS = (0.35, 1.5)  # of typical strength, from and to
# Reverb and compressor words that fewer people accepted say nothing.
FEWEST_VOTES = {"rev": 25, "comp": 8}
# Several words hold for one setting of a reverb or compressor; those that hold best count.
MOST_WORDS = 8
# Where an equalizer explains a word, reverbs and compressors count this much.
BESIDE_EQ = 0.2
EXPLAINED = 5  # contributions with an equalizer

HELD_OUT = 0.2
HELD_OUT_WORDS = {"eq": 14, "rev": 14}


@dataclass(frozen=True)
class Label:
    """What a change is called.

    Attributes:
        word: Toward (or away from) this.
        amount: How much of it, 1 is typical; negative for less of it.
        weight: How much it counts.
    """

    word: str
    amount: float = 1.0
    weight: float = 1.0


@dataclass(frozen=True)
class Example:
    """A change that can be rendered on any sound.

    Attributes:
        key: The contribution, or what of the lexicon it is; the part before the first colon is
            its source: `eq`, `rev`, `comp`, `lexicon`, `transition`.
        labels: What it is called.
        after: The effects after the change, in signal order.
        before: Those before it; none as a rule.
    """

    key: str
    labels: tuple[Label, ...]
    after: tuple[Setting, ...]
    before: tuple[Setting, ...] = ()


@dataclass(frozen=True)
class Splits:
    """What is held out, by key, word, and name."""

    contributions: frozenset[str]
    words: frozenset[str]
    dry: frozenset[str]

    @classmethod
    def load(cls, path: Path = SPLITS) -> Splits:
        """The fixed lists in the repository."""
        lists = json.loads(path.read_text("utf-8"))
        return cls(*(frozenset(lists[name]) for name in ("contributions", "words", "dry")))


@dataclass(frozen=True, eq=False)
class Measured:
    """Examples on sounds, measured.

    Attributes:
        before: `[n, measurements]`.
        after: `[n, measurements]`.
        keys: Of the examples, `[n]`.
        dry: Names of the sounds, `[n]`.
        labels: Of each row.
    """

    before: NDArray[np.float32]
    after: NDArray[np.float32]
    keys: list[str]
    dry: list[str]
    labels: list[tuple[Label, ...]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def joined(cls, parts: Sequence[Measured]) -> Measured:
        """All rows of several."""
        return cls(
            np.concatenate([p.before for p in parts]),
            np.concatenate([p.after for p in parts]),
            [k for p in parts for k in p.keys],
            [d for p in parts for d in p.dry],
            [row for p in parts for row in p.labels],
        )


# Examples of the data.


def equalizers(data: Path) -> list[Example]:
    """Every equalizer contribution, English and Spanish."""
    found: dict[str, Example] = {}
    for language in ("English", "Español"):
        frequencies, curves = crowd.curves(data, language)
        for curve in curves:
            key = f"eq:{curve.key}"
            label = Label(curve.word, weight=curve.weight)
            known = found.get(key)
            labels = (*known.labels, label) if known else (label,)
            found[key] = Example(key, labels, (crowd.as_filter(curve.level_db, frequencies),))
    return list(found.values())


def reverbs(data: Path, hidden: Iterable[str] = ()) -> list[Example]:
    """Every reverb setting, with the words that people accepted for it more than elsewhere.

    Args:
        data: Folder with SocialFX data.
        hidden: Keys whose votes don't count for what is usual.
    """
    settings = {
        f"rev:{index}": _slot("rev", crowd.freeverb(decay, centroid))
        for index, (decay, centroid) in crowd.measured_reverbs(data).items()
    }
    rows = [
        row
        for row in crowd.rows(data / "socialfx" / "reverb.csv")
        if row["language"] == "English" and f"rev:{row['ind']}" in settings
    ]
    return _voted("rev", settings, rows, frozenset(hidden))


def compressors(data: Path, hidden: Iterable[str] = ()) -> list[Example]:
    """Every compressor setting, likewise."""
    rows = crowd.rows(data / "socialfx" / "comp.csv")
    settings = {}
    for row in rows:
        values = [float(text) for text in row["param"].split(",")]
        settings[f"comp:{row['ind']}"] = _slot("comp", crowd.compressor(*values))
    return _voted("comp", settings, rows, frozenset(hidden))


def _voted(
    fx: str,
    settings: Mapping[str, Setting],
    rows: Sequence[Mapping[str, str]],
    hidden: frozenset[str],
) -> list[Example]:
    labels: dict[str, list[Label]] = defaultdict(list)
    for part in (False, True):  # the votes on shown and on hidden settings never meet
        votes = crowd.count_votes(r for r in rows if (f"{fx}:{r['ind']}" in hidden) == part)
        for word in votes.accepted:
            if votes.count(word) >= FEWEST_VOTES[fx] * (HELD_OUT if part else 1):
                for index, lift in votes.lifts(word).items():
                    labels[f"{fx}:{index}"].append(Label(word, weight=lift))
    examples = []
    for key, setting in settings.items():
        best = sorted(labels[key], key=lambda label: -label.weight)[:MOST_WORDS]
        if best:
            examples.append(Example(key, tuple(best), (setting,)))
    return examples


# Examples of the lexicon.


def handmade() -> Knowledge:
    """The lexicon as it was written by hand, without statistics of the crowd."""
    return build(lexicon(), {})


def described(known: Knowledge, random: np.random.Generator) -> Iterator[Example]:
    """Every descriptor that has effects, each once, at a random amount."""
    for descriptor in known.descriptors.values():
        if descriptor.effects:
            amount = float(random.uniform(*AMOUNTS))
            label = Label(descriptor.name, amount)
            yield Example(f"lexicon:{descriptor.name}", (label,), (strength(descriptor, amount),))


def transitions(known: Knowledge, count: int, random: np.random.Generator) -> Iterator[Example]:
    """Changes from one processed sound to another: a quality added, raised, lowered, removed.

    Less of a quality is more of its opposite, and all that some opposites mean (clean, dry).
    """
    # Pitch shifting takes ten times longer than the rest, so it is rarer.
    able = [d for d in known.descriptors.values() if d.effects]
    chances = np.array([0.2 if "pitchshift" in d.effects else 1.0 for d in able])
    chances /= chances.sum()
    for _ in range(count):
        descriptor, other = random.choice(len(able), 2, replace=False, p=chances)
        about, context = able[descriptor], able[other]
        around: tuple[Setting, ...] = (strength(context, float(random.uniform(*AMOUNTS))),)
        if random.random() < 0.3 or set(about.effects) & set(context.effects):
            around = ()
        first = random.random() < 0.5
        low = 0.0 if random.random() < 0.4 else float(random.uniform(0.2, 0.8))
        high = low + float(random.uniform(0.35, 1.2 if low == 0 else 0.8))

        def state(
            amount: float,
            about: Descriptor = about,
            around: tuple[Setting, ...] = around,
            first: bool = first,
        ) -> tuple[Setting, ...]:
            own = (strength(about, amount),) if amount > 0 else ()
            return (*own, *around) if first else (*around, *own)

        size = high - low
        if random.random() < 0.4:
            yield Example(
                f"transition:more {about.name}", (Label(about.name, size),), state(high), state(low)
            )
            continue
        labels = [Label(about.name, -size)]
        opposite = known.opposite(about)
        if opposite is not None:
            # A quality with settings of its own is first of all those.
            labels.append(Label(opposite.name, size, 0.25 if opposite.effects else 1.0))
        yield Example(f"transition:less {about.name}", tuple(labels), state(low), state(high))


def strength(descriptor: Descriptor, amount: float) -> Setting:
    """A descriptor's effects at so much of their typical strength."""
    slots = [Slot(s.fx, _scaled(s, amount)) for s in descriptor.slots()]
    return partial(_through, Chain(tuple(slots)))


def _scaled(slot: Slot, amount: float) -> dict[str, float]:
    values = scaled(slot.effect, slot.params, amount)
    if slot.fx == "rev":  # what is wet is taken from the dry
        dry = slot.params["dry_level"]
        values["dry_level"] = max(0.05, 0.5 + min(amount, 1.2) * (dry - 0.5))
    return values


def _slot(fx: str, params: Mapping[str, float]) -> Setting:
    return partial(_through, Chain((Slot(fx, params),)))


def _through(chain: Chain, sound: Tensor, rate: float) -> Tensor:
    return chain.forward(sound, rate)


# Sounds.


@dataclass(frozen=True, eq=False)
class Dry:
    """A dry sound as it is listened to: `[1, channels, samples]` at `rate` Hz."""

    name: str
    sound: Tensor
    rate: float

    @classmethod
    def load(cls, path: Path) -> Dry:
        """The most telling two seconds of a file, and silence after it."""
        import torch

        clip = audio.load(path, allow_clipped=True)
        heard = listening_excerpt(clip, Settings())
        return cls(path.stem, torch.from_numpy(heard)[None], clip.sample_rate)


def dry_paths(folder: Path) -> list[Path]:
    """The sounds of a folder, the recordings for evaluation left out whatever they are called."""
    kinds = {".wav", ".flac", ".ogg", ".aiff", ".mp3"}
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in kinds)
    return [path for path in paths if path.stem not in LOOPS]


def measure(examples: Iterable[Example], dry: Dry) -> Measured:
    """Render the examples on a sound and measure it before and after."""
    import torch

    def heard(settings: tuple[Setting, ...]) -> NDArray[np.float32]:
        sound = dry.sound
        for setting in settings:
            sound = setting(sound, dry.rate)
        found: NDArray[np.float32] = measures.measure(sound, dry.rate)[0].numpy()
        return found

    befores, afters, keys, labels = [], [], [], []
    with torch.no_grad():
        untouched = heard(())
        for example in examples:
            before = heard(example.before) if example.before else untouched
            after = heard(example.after)
            if np.isfinite(before).all() and np.isfinite(after).all():
                befores.append(before)
                afters.append(after)
                keys.append(example.key)
                labels.append(example.labels)
    shape = (-1, len(untouched))
    return Measured(
        np.asarray(befores, dtype=np.float32).reshape(shape),
        np.asarray(afters, dtype=np.float32).reshape(shape),
        keys,
        [dry.name] * len(keys),
        labels,
    )


@lru_cache(maxsize=1)
def _edition() -> str:
    """A digest of what the measurements depend on, so that an old cache is not taken for new."""
    parts = [
        EDITION,
        measures.names(),
        PER_SOUND,
        TRANSITIONS,
        lexicon(),
        SPLITS.read_text("utf-8"),
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def cached(
    examples: Callable[[], Iterable[Example]], path: Path, cache: Path, name: str
) -> Measured:
    """`measure`, kept in the folder `cache` under a name and what it depends on."""
    digest = audio.file_sha256(path)[:12]
    place = cache / f"{name}-{path.stem}-{digest}-{_edition()}.npz"
    if place.is_file():
        with np.load(place, allow_pickle=False) as kept:
            labels = [
                tuple(Label(*row) for row in rows) for rows in json.loads(str(kept["labels"]))
            ]
            keys = json.loads(str(kept["keys"]))
            return Measured(kept["before"], kept["after"], keys, [path.stem] * len(keys), labels)
    found = measure(examples(), Dry.load(path))
    cache.mkdir(parents=True, exist_ok=True)
    rows = [[(label.word, label.amount, label.weight) for label in row] for row in found.labels]
    with audio.atomic_path(place) as temporary:
        np.savez_compressed(
            temporary,
            before=found.before,
            after=found.after,
            keys=np.asarray(json.dumps(found.keys)),
            labels=np.asarray(json.dumps(rows)),
        )
    return found


# All of it.


@dataclass(frozen=True)
class Data:
    """Everything that people contributed, what of it is held out, and the lexicon."""

    contributions: tuple[Example, ...]
    splits: Splits
    known: Knowledge

    @classmethod
    def load(cls, folder: Path, splits: Splits | None = None) -> Data:
        """Of a folder with SocialFX and SAFE data.

        Raises:
            UserError: A file is missing.
        """
        splits = splits or Splits.load()
        found = (
            *equalizers(folder),
            *reverbs(folder, splits.contributions),
            *compressors(folder, splits.contributions),
        )
        return cls(found, splits, handmade())

    def shown(self) -> list[Example]:
        """The contributions to learn from: none that is held out, and no held-out word.

        Where the lexicon says what a word is, only settings of effects that it names count, and
        of equalizers only when some people used the word.
        """
        explained = Counter(
            label.word
            for example in self.contributions
            if example.key.startswith("eq:")
            for label in example.labels
        )

        def kept(fx: str, label: Label) -> Label | None:
            few = explained[label.word] < EXPLAINED
            ours = self.known.descriptors.get(label.word)
            if label.word in self.splits.words:
                return None
            if (
                ours is not None
                and ours.effects
                and (fx not in ours.effects or (fx == "eq" and few))
            ):
                return None
            beside = fx != "eq" and not few
            return replace(label, weight=label.weight * (BESIDE_EQ if beside else 1.0))

        shown = []
        for example in self.contributions:
            fx = example.key.split(":")[0]
            labels = tuple(new for label in example.labels if (new := kept(fx, label)))
            if labels and example.key not in self.splits.contributions:
                shown.append(replace(example, labels=labels))
        return shown

    def drawn(self, seed: int, name: str) -> list[Example]:
        """What a dry sound is heard through in training: some of everything, by seed and name."""
        random = np.random.default_rng([seed, *name.encode()])
        examples = []
        for source, count in PER_SOUND.items():
            pool = [e for e in self.shown() if e.key.startswith(f"{source}:")]
            chosen = random.choice(len(pool), min(count, len(pool)), replace=False)
            examples += [pool[index] for index in sorted(chosen)]
        examples += described(self.known, random)
        examples += transitions(self.known, TRANSITIONS, random)
        return examples


def draw_splits(data: Path, dry: Path, seed: int = 0) -> dict[str, list[str]]:
    """Lists of what to hold out: a fifth of contributions and dry sounds, and some words."""
    random = np.random.default_rng(seed)
    everything = [*equalizers(data), *reverbs(data), *compressors(data)]

    def some(items: Iterable[str], share: float) -> list[str]:
        pool = sorted(set(items))
        return sorted(random.choice(pool, round(share * len(pool)), replace=False).tolist())

    held: list[str] = []
    people: dict[str, Counter[str]] = defaultdict(Counter)
    for source in PER_SOUND:
        held += some((e.key for e in everything if e.key.startswith(f"{source}:")), HELD_OUT)
    for example in everything:
        for label in example.labels:
            people[example.key.split(":")[0]][label.word] += 1
    vocabulary, known = Vocabulary.load(), handmade()
    foreign = {curve.word for curve in crowd.curves(data, "Español")[1]}
    words: list[str] = []
    for source, least, count in (
        ("eq", 5, HELD_OUT_WORDS["eq"]),
        ("rev", 30, HELD_OUT_WORDS["rev"]),
    ):
        pool = sorted(
            word
            for word, number in people[source].items()
            if number >= least
            and word in vocabulary
            and word not in known.descriptors
            and word not in words
            and word not in SEVEN
            and word not in foreign
        )
        words += random.choice(pool, min(count, len(pool)), replace=False).tolist()
    names = [path.stem for path in dry_paths(dry) if not path.stem.startswith("demo_")]
    return {
        "contributions": held,
        "words": sorted(words),
        "dry": sorted([*LOOPS, *some(names, HELD_OUT)]),
    }


# The words that published work evaluates equalizers on.
SEVEN = ("warm", "bright", "soft", "loud", "harsh", "calm", "heavy")


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--dry", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=SPLITS)
    given = parser.parse_args(arguments)
    lists = draw_splits(given.data, given.dry)
    given.out.write_text(json.dumps(lists, indent=1) + "\n", "utf-8")
    print(f"{given.out}: " + ", ".join(f"{len(v)} {k}" for k, v in lists.items()))


if __name__ == "__main__":
    main()
