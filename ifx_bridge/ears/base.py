"""What ears are: text and audio in one space, so that sound can be moved toward words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Ears(Protocol):
    """A joint embedding of sound and words.

    Differences are what counts: `embed_text(toward) - embed_text(away)` points where
    `embed_audio(after) - embed_audio(before)` should point.
    """

    @property
    def name(self) -> str:
        """Identifier, also in `session.json`."""
        ...

    @property
    def sample_rate(self) -> int:
        """The rate it listens at, in Hz; other rates are converted inside."""
        ...

    def embed_audio(self, audio: Tensor, sample_rate: float) -> Tensor:
        """`[batch, channels, samples]` at any rate to `[batch, dim]`; differentiable."""
        ...

    def embed_text(self, text: str) -> Tensor | None:
        """The change that a word or short phrase asks for, `[dim]`.

        None when it means nothing to these ears.
        """
        ...


@runtime_checkable
class Directed(Protocol):
    """Ears that know the way from words to words better than a difference of two changes."""

    def change(self, toward: Sequence[str], away: Sequence[str]) -> Tensor | None:
        """The change that leads from `away` to `toward`, `[dim]`; either may be empty."""
        ...


@runtime_checkable
class Placed(Protocol):
    """Ears to which a word is a place among sounds, not only a change."""

    def place(self, words: Sequence[str]) -> Tensor | None:
        """Where words lie together, `[dim]`, 1 long; None without any."""
        ...


# Words that all ears know.
TYPICAL = ("bright", "warm", "muffled", "church", "distorted")

_makers: dict[str, Callable[[], Ears]] = {}


_file_makers: list[tuple[Callable[[Path], bool], Callable[[Path], Ears]]] = []


def register(name: str, make: Callable[[], Ears]) -> None:
    """Make ears known; `make` is called when they are first asked for."""
    _makers[name] = make


def register_files(recognizes: Callable[[Path], bool], make: Callable[[Path], Ears]) -> None:
    """Make ears known that are read from a file of weights which `recognizes` accepts."""
    _file_makers.append((recognizes, make))


def ears(spec: str = "auto") -> Ears:
    """The ears of a name, of a file of weights, or several at once.

    Args:
        spec: `auto`, a name (`fx`), the path of a file of FX ears, or several of these with their
            weights (`fx:0.7+laion:0.3`; 1 where none is given).

    Raises:
        UserError: There are none.
    """
    parts = [_weighted(part.strip()) for part in spec.split("+")]
    if len(parts) == 1:
        return _one(parts[0][0])
    return Blend([(_one(name), weight) for name, weight in parts])


def chosen(spec: str = "auto") -> tuple[str, str]:
    """Which ears a spec stands for, and a line that says why when the spec leaves it open."""
    if spec != "auto":
        return spec, ""
    from ifx_bridge.ears.fx import SHIPPED

    if SHIPPED.is_file():
        return "fx", "Ears: fx, ours, trained on what crowds of people call changes of sound."
    return "perceptual", f"Ears: perceptual, since {SHIPPED.name} is missing."


def _weighted(part: str) -> tuple[str, float]:
    name, colon, weight = part.rpartition(":")
    try:
        return (name, float(weight)) if colon else (part, 1.0)
    except ValueError:  # a colon that belongs to a path
        return part, 1.0


def _one(name: str) -> Ears:
    name, _ = chosen(name)
    if name in _makers:
        return _makers[name]()
    for recognizes, make in _file_makers:
        if recognizes(Path(name)):
            return make(Path(name))
    if name.endswith(".safetensors"):
        from ifx_bridge.ears.fx import FxEars

        return FxEars.load(Path(name))
    raise UserError(
        f"There are no ears called {name!r}.",
        next_step=f"Known: auto, {', '.join(_makers)}, a .safetensors file, or several: fx+laion.",
    )


class Blend:
    """Several ears as one: their embeddings side by side, each as long as its weight says."""

    def __init__(self, parts: Sequence[tuple[Ears, float]]) -> None:
        """Made of at least one pair of ears.

        Args:
            parts: Ears, and how much their squared distances count.

        Raises:
            UserError: A weight is not positive.
        """
        if not all(0 < weight < float("inf") for _, weight in parts):
            raise UserError("Each of several ears needs a weight above 0.")
        self.name = "+".join(f"{ears.name}:{weight:g}" for ears, weight in parts)
        self.sample_rate = max(ears.sample_rate for ears, _ in parts)
        # Ears differ in how long a typical change is; here each is 1 long before it is weighted.
        self._parts = [(ears, weight**0.5 / _typical_length(ears)) for ears, weight in parts]

    def embed_audio(self, audio: Tensor, sample_rate: float) -> Tensor:
        """See `Ears`."""
        import torch

        found = [scale * ears.embed_audio(audio, sample_rate) for ears, scale in self._parts]
        return torch.cat(found, -1)

    def embed_text(self, text: str) -> Tensor | None:
        """See `Ears`; ears that don't know a word want no change."""
        import torch

        points = [(ears.embed_text(text), scale) for ears, scale in self._parts]
        if all(point is None for point, _ in points):
            return None
        return torch.cat(
            [
                torch.zeros(_dimensions(ears)) if point is None else scale * point
                for (ears, _), (point, scale) in zip(self._parts, points, strict=True)
            ]
        )


def _typical_length(ears: Ears) -> float:
    points = [p for word in TYPICAL if (p := ears.embed_text(word)) is not None]
    return sum(float(p.norm()) for p in points) / len(points) if points else 1.0


def _dimensions(ears: Ears) -> int:
    point = next(p for word in TYPICAL if (p := ears.embed_text(word)) is not None)
    return len(point)
