"""What the optimizer minimizes; none of it knows which ears produced the embeddings.

All arguments are `[dim]` or `[batch, dim]` tensors in the space of one pair of ears.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from ifx_bridge.ears.base import Ears

Objective = Literal["aimed", "directional", "semantic", "guided"]
OBJECTIVES: tuple[Objective, ...] = ("aimed", "directional", "semantic", "guided")
TINY = 1e-8
ASIDE = 0.15


def word_change(ears: Ears, toward: Sequence[str], away: Sequence[str]) -> Tensor | None:
    """The change that the words ask for, `[dim]`: all of `toward`, none of `away`.

    None when the ears know none of the words.
    """
    import torch

    from ifx_bridge.ears.base import Directed

    if isinstance(ears, Directed):
        return ears.change(toward, away)

    def total(words: Sequence[str]) -> Tensor | None:
        known = [point for word in words if (point := ears.embed_text(word)) is not None]
        return torch.stack(known).sum(0) if known else None

    there, here = total(toward), total(away)
    if there is None:
        return None if here is None else -here
    # When both are named they are two names of one change, not two changes.
    return there if here is None else (there - here) / 2


def aimed(before: Tensor, after: Tensor, change: Tensor, aside: float = ASIDE) -> Tensor:
    """Squared distance from the point aimed at, in units of the way there: 1 at `before`, 0 there.

    Unlike a cosine it has a place to stop, and half the change is another target than all of it.
    What happens beside the way counts `aside` times: the typical change is a mean over recordings,
    and every recording adds something of its own that is no fault.
    """
    length = (change**2).sum(-1, keepdim=True) + TINY
    moved = after - before
    along = (moved * change).sum(-1, keepdim=True) / length
    off = ((moved - along * change) ** 2).sum(-1, keepdim=True) / length
    return ((1 - along) ** 2 + aside * off).mean()


def directional(before: Tensor, after: Tensor, change: Tensor) -> Tensor:
    """1 - cos(after - before, change): the direction only (StyleGAN-NADA, Gal et al. 2022)."""
    import torch

    return (1 - torch.cosine_similarity(after - before, change, dim=-1)).mean()


def semantic(after: Tensor, text: Tensor) -> Tensor:
    """1 - cos(after, text): closeness to the words, wherever the sound came from."""
    import torch

    return (1 - torch.cosine_similarity(after, text, dim=-1)).mean()


def guided(after: Tensor, text: Tensor, negatives: Tensor, weight: float = 0.5) -> Tensor:
    """`semantic`, plus `weight` times the mean closeness to each of the `[n, dim]` negatives."""
    import torch

    repelled = torch.cosine_similarity(after.reshape(-1, 1, after.shape[-1]), negatives, dim=-1)
    return semantic(after, text) + weight * repelled.mean()


def objective(
    name: Objective, ears: Ears, change: Tensor, toward: Sequence[str], away: Sequence[str]
) -> Callable[[Tensor, Tensor], Tensor]:
    """A loss by its name, as a function of the embeddings before and after.

    Args:
        name: `aimed`, or one of the published ones.
        ears: Which heard them.
        change: The change asked for, `[dim]`.
        toward: Words whose sound is wanted; without any, `semantic` and `guided` are `directional`.
        away: Words whose sound is unwanted: the negatives of `guided`.

    Raises:
        UserError: These ears know changes only, so that nothing is near a word by itself.
    """
    import torch

    from ifx_bridge.ears.base import Placed

    if name == "aimed":
        return lambda before, after: aimed(before, after, change)
    if name == "directional":
        return lambda before, after: directional(before, after, change)
    if not isinstance(ears, Placed):
        raise UserError(
            f"The {name} loss compares a sound with a word; {ears.name} ears know changes only.",
            next_step="Take LAION's (--ears laion), or --loss directional.",
        )
    text = ears.place(toward)
    if text is None:  # "less harsh": nothing to be near to
        return lambda before, after: directional(before, after, change)
    unwanted = [place for word in away if (place := ears.place([word])) is not None]
    if name == "semantic" or not unwanted:
        return lambda before, after: semantic(after, text)
    return lambda before, after: guided(after, text, torch.stack(unwanted))


def score(before: Tensor, after: Tensor, change: Tensor) -> float:
    """Share of the way to the point aimed at: 0 at `before`, 1 there, negative when further off."""
    return float(1 - aimed(before, after, change).detach().sqrt())
