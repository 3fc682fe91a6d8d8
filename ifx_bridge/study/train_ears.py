"""Train the FX ears: `ifx-bridge train-ears --data DIR [--dry DIR] [--out DIR]`.

Dry sounds are heard through what people contributed and through the lexicon (see `examples`), and
measured; that takes minutes, is kept in `OUT/cache`, and goes on where it was stopped. Then two
heads are trained, one of sounds and one of words. For a change d of a sound, and each word c with
its point T(c), the word that was said, at its amount s, is to be the most likely under

    log p(c | d) = s d·T(c) - s² |T(c)|² / 2 + log p(c),

words being Gaussian clouds around s T(c), and p(c) how often a word is said at all. It starts from
where this holds exactly if a linear map is all there is: linear discriminant analysis (R. A.
Fisher, 1936). A second term asks what refining relies on (see `losses.aimed`): the change is to end
s of the way along T(c), with little beside the way. A gain or no change at all is 0 by
construction, since the measurements don't hear level.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ifx_bridge import audio
from ifx_bridge.demo import clips
from ifx_bridge.ears.fx import hear, read, save
from ifx_bridge.ears.losses import ASIDE
from ifx_bridge.errors import UserError
from ifx_bridge.study.examples import Data, Measured, cached, dry_paths
from ifx_bridge.words.vocabulary import Vocabulary

if TYPE_CHECKING:
    from torch import Tensor

# How often each source is heard.
SHARES = {"eq": 0.34, "rev": 0.14, "comp": 0.06, "lexicon": 0.22, "transition": 0.24}
# Words are heard in proportion to this power of how often they were said.
BALANCE = 0.5
# Words with fewer contributions are only learned through the words' head.
OWN_POINT = 2
# Share of the identity in the covariance (Ledoit and Wolf's idea, fixed): keeps the map tame in
# directions that hardly vary.
SHRINKAGE = 0.25
# Of the words' head at the start: how much of a mixture the most alike word is.
SHARPNESS = 10.0
# Lengths are set on every so manieth sound, which is not trained on otherwise; a word's own weighs
# more than what is usual from this many changes on, and stays between these.
UNHEARD = 7
FEW, SCALES = 0.5, (0.25, 1.5)
# Twice as much of an effect is less than twice as far, so lengths are set on amounts near 1.
TYPICAL = (0.7, 1.3)
# Variance between words, in that within them, from which on a dimension counts for half.
RELIABLE = 0.05
HALVES = ("points", "vectors", "meaning")


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        seed: Of weights, draws and examples.
        steps: Of Adam.
        batch: Changes a step.
        dimensions: Of the ears.
        hidden: Of the sound head's curved part.
        learning_rate: At the start; it falls to 0 along a cosine.
        decay: Weight decay of the heads (as AdamW).
        aim: Weight of ending where refining aims.
        meaning: Weight of the lexicon's other ways to say a word being read as that word.
        unseen: Share of words, at each step, that are only what the words' head says.
    """

    seed: int = 0
    steps: int = 1500
    batch: int = 768
    dimensions: int = 12
    hidden: int = 24
    learning_rate: float = 3e-4
    decay: float = 0.3
    aim: float = 15.0
    meaning: float = 0.3
    unseen: float = 0.2


@dataclass(frozen=True, eq=False)
class Table:
    """Labelled changes, flat.

    Attributes:
        before: Measurements, `[n, f]`.
        after: Likewise.
        row: Of each label, which change, `[m]`.
        word: Which word, `[m]`.
        amount: `[m]`.
        chance: How often it is drawn, sums to 1, `[m]`.
        usual: Of each label, whose row of `prior` holds, `[m]`.
        prior: Logarithm of how often a word is said, by source, `[sources, words]`.
        words: All words.
        vectors: Of the vocabulary, zeros where there is none, `[words, v]`.
        own: Whether a word has a point of its own, `[words]`.
        aliases: Vectors of other ways to say a word, and which word, `[k, v]` and `[k]`.
    """

    before: NDArray[np.float32]
    after: NDArray[np.float32]
    row: NDArray[np.int64]
    word: NDArray[np.int64]
    amount: NDArray[np.float32]
    chance: NDArray[np.float64]
    usual: NDArray[np.int64]
    prior: NDArray[np.float32]
    words: list[str]
    vectors: NDArray[np.float32]
    own: NDArray[np.bool_]
    aliases: tuple[NDArray[np.float32], NDArray[np.int64]]


def tabulate(measured: Measured, names: Mapping[str, str], hidden: frozenset[str]) -> Table:
    """What is trained on.

    Args:
        measured: Changes with labels.
        names: Ways to say a word, to the word.
        hidden: Words that must not be seen, in no spelling.
    """
    vocabulary = Vocabulary.load()
    flat = [
        (row, label.word, label.amount, label.weight, measured.keys[row])
        for row, labels in enumerate(measured.labels)
        for label in labels
    ]
    said = {
        (key, word) for _, word, _, _, key in flat if not key.startswith(("lexicon", "transition"))
    }
    people = Counter(word for _, word in said)
    ours = {word for _, word, _, _, key in flat if key.startswith(("lexicon", "transition"))}
    vector_of = {word: vocabulary.vector(word) for word in {entry[1] for entry in flat}}
    words = sorted(
        w for w, v in vector_of.items() if v is not None or w in ours or people[w] >= OWN_POINT
    )
    index = {word: number for number, word in enumerate(words)}
    flat = [entry for entry in flat if entry[1] in index]

    source = np.array([key.split(":")[0] for *_, key in flat])
    word = np.array([index[entry[1]] for entry in flat])
    weight = np.array([entry[3] for entry in flat])
    chance = np.zeros(len(flat))
    for name, share in SHARES.items():
        here = source == name
        if here.any():
            total = np.bincount(word[here], weight[here], len(words)) + 1e-12
            balanced = weight[here] / total[word[here]] ** (1 - BALANCE)
            chance[here] = share * balanced / balanced.sum()
    chance /= chance.sum()
    # Half of what is said of this effect, half of what is said at all.
    overall = np.bincount(word, chance, len(words))
    usual = np.array([list(SHARES).index(name) for name in source])
    prior = np.zeros((len(SHARES), len(words)))
    for number in range(len(SHARES)):
        here = usual == number
        own = np.bincount(word[here], chance[here], len(words))
        prior[number] = np.log(0.5 * own / (own.sum() + 1e-12) + 0.5 * overall + 1e-9)
    size = vocabulary.dimensions
    others = [
        (vector, index[name])
        for way, name in names.items()
        if name in index
        and way not in index
        and way not in hidden
        and (vector := vocabulary.vector(way)) is not None
    ]
    return Table(
        measured.before,
        measured.after,
        np.array([entry[0] for entry in flat]),
        word,
        np.array([entry[2] for entry in flat], dtype=np.float32),
        chance,
        usual,
        prior.astype(np.float32),
        words,
        np.array(
            [v if (v := vector_of[w]) is not None else np.zeros(size) for w in words], np.float32
        ),
        np.array([w in ours or people[w] >= OWN_POINT for w in words]),
        (
            np.array([v for v, _ in others], np.float32).reshape(-1, size),
            np.array([i for _, i in others], np.int64),
        ),
    )


def discriminant(
    change: NDArray[np.float64], table: Table
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A map that whitens what differs between changes of one word, and the words' mean changes.

    Args:
        change: Of every label, `[m, f]`.
        table: The labels.

    Returns:
        `[f, f]`, and the mean change per amount under it, `[words, f]`.
    """
    count, amount = len(table.words), table.amount[:, None]
    sums = np.zeros((count, change.shape[1]))
    np.add.at(sums, table.word, table.chance[:, None] * amount * change)
    squares = np.bincount(table.word, table.chance * table.amount**2, count)
    means = sums / (squares[:, None] + 1e-12)
    rest = change - amount * means[table.word]
    covariance = (table.chance[:, None] * rest).T @ rest
    size = len(covariance)
    evened = np.trace(covariance) / size * np.eye(size)
    values, vectors = np.linalg.eigh((1 - SHRINKAGE) * covariance + SHRINKAGE * evened)
    whiten = vectors @ np.diag(values**-0.5) @ vectors.T
    return whiten, means @ whiten


@dataclass
class Training:
    """A training under way: weights, optimizer and draws, which can be kept and taken up again."""

    table: Table
    recipe: Recipe
    step: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import torch

        generator = torch.Generator().manual_seed(self.recipe.seed)

        def random(rows: int, columns: int, scale: float) -> Tensor:
            drawn: Tensor = torch.randn(rows, columns, generator=generator)
            drawn *= scale / rows**0.5
            return drawn

        table, recipe = self.table, self.recipe
        f, v, h = table.before.shape[1], table.vectors.shape[1], recipe.hidden
        changes = table.after - table.before
        spread = changes.std(0) + 0.02
        self.fixed = {
            "mean": torch.from_numpy(np.concatenate([table.before, table.after]).mean(0)),
            # A typical change, not a typical difference between sounds, has unit size.
            "spread": torch.from_numpy(spread),
            "vectors": torch.from_numpy(table.vectors[table.own]),
        }
        whiten, means = discriminant((changes / spread)[table.row].astype(np.float64), table)
        # What tells words apart stays; what hardly does, and would only be beside the way, goes.
        said = np.bincount(table.word, table.chance, len(table.words))[:, None]
        between, axes = np.linalg.eigh((said * means).T @ means)
        best = slice(-1, -recipe.dimensions - 1, -1)
        axes = axes[:, best] * (between[best] / (between[best] + RELIABLE)) ** 0.5
        linear, points = whiten @ axes, means @ axes
        start = {
            "linear": torch.from_numpy(linear).float(),
            "inner": random(f, h, 0.3),
            "inner_bias": torch.zeros(h),
            "outer": torch.zeros(h, recipe.dimensions),
            "points": torch.from_numpy(points[table.own]).float(),
            "meaning": SHARPNESS * torch.eye(v),
            "trust": torch.zeros(int(table.own.sum())),
        }
        self.weights = {name: value.requires_grad_() for name, value in start.items()}
        heads = [self.weights[name] for name in ("linear", "inner", "inner_bias", "outer")]
        words = [self.weights[name] for name in ("points", "meaning", "trust")]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": heads, "weight_decay": recipe.decay},
                {"params": words, "weight_decay": 0.0},
            ],
            lr=recipe.learning_rate,
        )
        self.vectors = torch.from_numpy(table.vectors)
        # Which row of the points is whose, and the other way round (-1 for none).
        self.owner = torch.from_numpy(np.flatnonzero(table.own))
        self.row = torch.full((len(table.words),), -1)
        self.row[self.owner] = torch.arange(len(self.owner))

    def advance(self) -> float:
        """One step; gives the loss."""
        import torch

        recipe, table = self.recipe, self.table
        # Each step has draws of its own, so that a training that was stopped goes on the same.
        random = np.random.default_rng([recipe.seed, self.step])
        share = self.step / recipe.steps
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * 0.5 * float(1 + np.cos(np.pi * share))
        drawn = random.choice(len(table.row), recipe.batch, p=table.chance)
        rows, word = table.row[drawn], torch.from_numpy(table.word[drawn])
        amount = torch.from_numpy(table.amount[drawn])[:, None]
        weights = {**self.weights, **self.fixed}
        change = hear(weights, torch.from_numpy(table.after[rows])) - hear(
            weights, torch.from_numpy(table.before[rows])
        )
        # Some words are only what the words' head makes of the others.
        itself = self.row[:, None] == torch.arange(len(self.owner))
        meant = read(weights, self.vectors, itself)
        shown = torch.from_numpy(random.random(len(table.words)) >= recipe.unseen)
        own = (self.row >= 0) & (shown | (self.vectors.abs().sum(-1) == 0))
        points = torch.where(own[:, None], weights["points"][self.row], meant)

        likely = amount * (change @ points.T) - amount**2 * points.square().sum(-1) / 2
        likely = likely + torch.from_numpy(table.prior[table.usual[drawn]])
        named = torch.nn.functional.cross_entropy(likely, word)
        target = points[word]
        length = target.square().sum(-1, keepdim=True) + 0.1
        along = (change * target).sum(-1, keepdim=True) / length
        beside = (change - along * target).square().sum(-1, keepdim=True) / length
        aimed = ((along - amount).square() + ASIDE * beside).clamp(max=9).mean()
        loss = named + recipe.aim * aimed
        other, which = (torch.from_numpy(part) for part in table.aliases)
        if len(which):
            there = points[which].detach()
            error = (read(weights, other) - there).square().sum(-1)
            loss = loss + recipe.meaning * (error / (there.square().sum(-1) + 0.1)).mean()
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(list(self.weights.values()), 1.0)
        self.optimizer.step()
        self.step += 1
        return float(loss.detach())

    def finished(self, unheard: Measured) -> tuple[dict[str, Tensor], list[str]]:
        """The ears' tensors, in half precision where that is enough, and the words with a point."""
        words = [self.table.words[index] for index in self.owner.tolist()]
        kept = calibrated(
            {n: w.detach() for n, w in self.weights.items()} | self.fixed, words, unheard
        )
        halves = {name: kept[name].half() for name in HALVES}
        return {**kept, **halves}, words

    def keep(self, path: Path) -> None:
        """Write the state."""
        import torch

        state = {
            "recipe": asdict(self.recipe),
            "words": json.dumps(self.table.words),
            "step": self.step,
            "weights": {name: w.detach() for name, w in self.weights.items()},
            "optimizer": self.optimizer.state_dict(),
        }
        with audio.atomic_path(path) as temporary:
            torch.save(state, temporary)

    def take_up(self, path: Path) -> bool:
        """Go on from a state that was kept by the same recipe on the same words."""
        import torch

        if not path.is_file():
            return False
        state: dict[str, Any] = torch.load(path, weights_only=True)
        same = state["recipe"] == asdict(self.recipe)
        if not same or state["words"] != json.dumps(self.table.words):
            return False
        with torch.no_grad():
            for name, value in state["weights"].items():
                self.weights[name].copy_(value)
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        return True


def gather(
    data: Data,
    paths: Sequence[Path],
    cache: Path,
    seed: int,
    progress: Callable[[str], None] = lambda text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[Measured, Measured]:
    """Hear every training sound through its examples; kept in `cache`.

    Returns:
        What is trained on, and what lengths are set on.

    Raises:
        Cancelled: `cancelled` said so; what was measured is kept.
    """
    from ifx_bridge.errors import Cancelled

    parts = []
    shown = [path for path in paths if path.stem not in data.splits.dry]
    for number, path in enumerate(shown):
        if cancelled():
            raise Cancelled
        progress(f"listening {number + 1}/{len(shown)}: {path.stem}")
        examples = partial(data.drawn, seed, path.stem)
        parts.append(cached(examples, path, cache, f"train{seed}"))
    if not parts:
        raise UserError("There is no dry sound to train on.", next_step="Give a folder by --dry.")
    unheard = parts[UNHEARD - 1 :: UNHEARD] or parts
    heard = [part for part in parts if part not in unheard] or parts
    return Measured.joined(heard), Measured.joined(unheard)


def train(
    table: Table,
    recipe: Recipe,
    state: Path | None = None,
    resume: bool = False,
    progress: Callable[[str], None] = lambda text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Training:
    """Train to the end.

    Args:
        table: What to learn.
        recipe: How.
        state: Where the state is kept every 500 steps and when stopped.
        resume: Whether to go on from it.
        progress: Told how far it is.
        cancelled: Asked at every step.

    Raises:
        Cancelled: `cancelled` said so; the state is kept.
    """
    from ifx_bridge.errors import Cancelled

    training = Training(table, recipe)
    if resume and state is not None and training.take_up(state):
        progress(f"going on from step {training.step}")
    while training.step < recipe.steps:
        loss = training.advance()
        stopped = cancelled()
        if training.step % 500 == 0 or stopped:
            progress(f"training {training.step}/{recipe.steps}: loss {loss:.3f}")
            if state is not None:
                training.keep(state)
        if stopped:
            raise Cancelled
    return training


def calibrated(
    weights: Mapping[str, Tensor], words: Sequence[str], unheard: Measured
) -> dict[str, Tensor]:
    """The same ears with words' points as long as changes of sounds new to them are.

    On the sounds that it was trained on, a change goes further toward its word than on others.

    Args:
        weights: Trained.
        words: Whose points there are.
        unheard: Labelled changes of sounds that were not trained on.
    """
    import torch

    index = {word: number for number, word in enumerate(words)}
    labels = [
        (row, label) for row, labels in enumerate(unheard.labels) for label in labels
        if label.word in index and TYPICAL[0] <= label.amount <= TYPICAL[1]
    ]  # fmt: skip
    # Beside other effects, and on top of some of it, a quality goes less far than by itself.
    plain = {label.word for row, label in labels if not unheard.keys[row].startswith("transition")}
    flat = [
        (row, index[label.word], label.amount, label.weight)
        for row, label in labels
        if label.word not in plain or not unheard.keys[row].startswith("transition")
    ]
    rows, which = [entry[0] for entry in flat], [entry[1] for entry in flat]
    amount, weight = (np.array([entry[i] for entry in flat]) for i in (2, 3))
    with torch.no_grad():
        weights = {name: tensor.float() for name, tensor in weights.items()}
        change = hear(weights, torch.from_numpy(unheard.after)) - hear(
            weights, torch.from_numpy(unheard.before)
        )
        points = weights["points"][which]
        along = (change[rows] * points).sum(-1) / (points.square().sum(-1) + 1e-6)
    reached = weight * amount * along.numpy()
    meant = weight * amount**2
    usual = reached.sum() / meant.sum()
    share = (np.bincount(which, reached, len(words)) + FEW * usual) / (
        np.bincount(which, meant, len(words)) + FEW
    )
    scale = torch.from_numpy(np.clip(share, *SCALES)).float()
    return {**weights, "points": weights["points"] * scale[:, None]}


def run(
    folder: Path,
    dry: Path | None,
    out: Path,
    recipe: Recipe,
    resume: bool = False,
    progress: Callable[[str], None] = lambda text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Path:
    """The command: train on the data in `folder`, write `OUT/fx.safetensors`, give its path."""
    out.mkdir(parents=True, exist_ok=True)
    data = Data.load(folder)
    paths = dry_paths(dry) if dry is not None else list(clips().values())
    heard, unheard = gather(data, paths, out / "cache", recipe.seed, progress, cancelled)
    table = tabulate(heard, data.known.names, data.splits.words)
    progress(f"{len(heard)} changes, {len(table.words)} words, {table.own.sum()} with a point")
    training = train(table, recipe, out / "state.pt", resume, progress, cancelled)
    path = out / "fx.safetensors"
    save(path, *training.finished(unheard))
    return path
