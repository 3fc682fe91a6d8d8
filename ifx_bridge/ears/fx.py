"""FX ears: ears of our own, trained on what crowds of people call changes of sound.

A sound is measured (`ifx_bridge.ears.measures`), and a small trained head turns the measurements
into a point, `g(x) = W x + V tanh(U x + b)`. What counts is the change `g(after) - g(before)`: it
lies where the words point, and as far as people usually go. Words that were trained on have a point
of their own; others, in English, are mixed by a second head from the points of words that the
shipped vocabulary says are alike. `docs/fx-ears.md` says what they learned from and how well they
hear.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ifx_bridge.ears import measures
from ifx_bridge.ears.base import register
from ifx_bridge.errors import UserError
from ifx_bridge.words.forms import base_in

if TYPE_CHECKING:
    from torch import Tensor

SHIPPED = Path(__file__).with_name("fx.safetensors")
FORMAT = "ifx-fx-ears 1"
# A word that was not trained on must be this similar to one that was: the head would also have an
# answer for "invoice".
SIMILAR = 0.4

SHAPES = {
    # Name: axes. f measurements, h hidden, d dimensions of the ears, v of the vocabulary's vectors,
    # n words.
    "mean": "f", "spread": "f", "linear": "fd", "inner": "fh", "inner_bias": "h", "outer": "hd",
    "points": "nd", "vectors": "nv", "meaning": "vv", "trust": "n",
}  # fmt: skip


def hear(weights: Mapping[str, Tensor], measured: Tensor) -> Tensor:
    """The head of the sound: `[batch, f]` measurements to `[batch, d]`."""
    import torch

    x = (measured - weights["mean"]) / weights["spread"]
    inner = torch.tanh(x @ weights["inner"] + weights["inner_bias"])
    return x @ weights["linear"] + inner @ weights["outer"]


def read(weights: Mapping[str, Tensor], vectors: Tensor, hidden: Tensor | None = None) -> Tensor:
    """The head of the words: a mixture of trained words' points, of those that mean most alike.

    Args:
        weights: As in `SHAPES`; which words are alike, and how far each is to be trusted, is
            trained.
        vectors: Of the vocabulary, unit length, `[batch, v]`.
        hidden: Which words must not be used for which row, `[batch, n]`.

    Returns:
        `[batch, d]`.
    """
    import torch

    alike = vectors @ weights["meaning"] @ weights["vectors"].T + weights["trust"]
    # Words that the vocabulary doesn't have are like nothing.
    unknown = weights["vectors"].abs().sum(-1) == 0
    hidden = unknown if hidden is None else hidden | unknown
    return torch.softmax(alike.masked_fill(hidden, -1e4), -1) @ weights["points"]


def key_of(text: str) -> str:
    """A word as it is looked up: lower case, single spaces, no accents."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(plain.split())


class FxEars:
    """The ears; see the module."""

    name = "fx"
    sample_rate = 44100

    def __init__(self, weights: Mapping[str, Tensor], words: Sequence[str]) -> None:
        """Made from trained weights.

        Args:
            weights: Tensors as in `SHAPES`.
            words: What the rows of `points` are called, as `key_of` spells them.
        """
        self._weights = {name: tensor.float() for name, tensor in weights.items()}
        self.points: dict[str, Tensor] = dict(zip(words, self._weights["points"], strict=True))
        self._known: dict[str, Tensor | None] = {}

    @classmethod
    def load(cls, path: Path = SHIPPED) -> FxEars:
        """The weights in a file.

        Raises:
            UserError: It is missing, damaged, or something else.
        """
        return cls(*load(path))

    def embed_audio(self, audio: Tensor, sample_rate: float) -> Tensor:
        """See `Ears`; the sound is listened to at its own rate."""
        weights = {name: tensor.to(audio.dtype) for name, tensor in self._weights.items()}
        return hear(weights, measures.measure(audio, sample_rate))

    def embed_text(self, text: str) -> Tensor | None:
        """See `Ears`: a trained word's own point, else what the words' head makes of it."""
        key = key_of(text)
        if key not in self._known:
            self._known[key] = self._look_up(key)
        return self._known[key]

    def _look_up(self, key: str) -> Tensor | None:
        from ifx_bridge.words.knowledge import knowledge

        name = knowledge().names.get(key, "")
        for word in (key, name, base_in(key, self.points) or ""):
            if word in self.points:
                return self.points[word]
        return self.imagine(key)

    def imagine(self, phrase: str) -> Tensor | None:
        """The point of a phrase by its meaning alone; None when it is far from all trained ones."""
        import torch

        from ifx_bridge.words.vocabulary import Vocabulary

        vocabulary = Vocabulary.load()
        vector = vocabulary.vector(phrase)
        nearest = vocabulary.nearest(phrase, list(self.points), 1)
        if vector is None or not nearest or nearest[0].similarity < SIMILAR:
            return None
        point: Tensor = read(self._weights, torch.from_numpy(vector)[None])[0]
        return point


def save(path: Path, weights: Mapping[str, Tensor], words: Sequence[str]) -> None:
    """Write weights, atomically."""
    from safetensors.torch import save as packed

    from ifx_bridge.audio import atomic_path

    about = {"format": FORMAT, "words": json.dumps(list(words))}
    data = packed({n: t.detach().contiguous() for n, t in weights.items()}, metadata=about)
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def load(path: Path) -> tuple[dict[str, Tensor], list[str]]:
    """The tensors and words in a file, checked; nothing in it is executed.

    Raises:
        UserError: It is missing, damaged, or something else.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise UserError(f"There are no FX ears in {path}: the file is missing.") from None
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"The FX ears in {path} cannot be read: {error}.",
            next_step="Reinstall IFX Bridge, or train them anew: ifx-bridge train-ears.",
        ) from error
    problem = _problem(weights, about)
    if problem:
        raise UserError(f"{path} does not hold FX ears: {problem}.")
    return weights, json.loads(about["words"])


def _problem(weights: Mapping[str, Tensor], about: Mapping[str, str]) -> str:
    import torch

    from ifx_bridge.words.vocabulary import Vocabulary

    if about.get("format") != FORMAT:
        return f"its format is {about.get('format')!r}, not {FORMAT!r}"
    try:
        words = json.loads(about.get("words", ""))
    except json.JSONDecodeError:
        return "its list of words is damaged"
    sizes = {"f": len(measures.names()), "n": len(words), "v": Vocabulary.load().dimensions}
    for name, axes in SHAPES.items():
        if name not in weights:
            return f"it has no {name}"
        shape = tuple(weights[name].shape)
        fits = len(shape) == len(axes)
        if not fits or any(sizes.setdefault(a, n) != n for a, n in zip(axes, shape, strict=True)):
            return f"its {name} has the shape {shape}"
        if not torch.isfinite(weights[name]).all():
            return f"its {name} has values that are no numbers"
    return ""


@cache
def _shared() -> FxEars:
    return FxEars.load()


register("fx", _shared)
