"""What ears are: text and audio in one space, so that sound can be moved toward words."""

from __future__ import annotations

from collections.abc import Callable
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
        """A word or short phrase to `[dim]`, or None when it means nothing to these ears."""
        ...


_makers: dict[str, Callable[[], Ears]] = {}


def register(name: str, make: Callable[[], Ears]) -> None:
    """Make ears known; `make` is called when they are first asked for."""
    _makers[name] = make


def ears(name: str = "perceptual") -> Ears:
    """The ears of that name, loaded.

    Raises:
        UserError: There are none.
    """
    if name not in _makers:
        raise UserError(
            f"There are no ears called {name!r}.", next_step=f"Known: {', '.join(_makers)}."
        )
    return _makers[name]()
