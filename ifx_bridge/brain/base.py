"""Brains by name."""

from __future__ import annotations

from collections.abc import Callable

from ifx_bridge.brain.plan import Brain
from ifx_bridge.errors import UserError

_makers: dict[str, Callable[[], Brain]] = {}


def register(name: str, make: Callable[[], Brain]) -> None:
    """Make a brain known; `make` is called when it is first asked for."""
    _makers[name] = make


def brain(name: str = "offline") -> Brain:
    """The brain of that name.

    Raises:
        UserError: There is none.
    """
    if name not in _makers:
        raise UserError(
            f"There is no brain called {name!r}.", next_step=f"Known: {', '.join(_makers)}."
        )
    return _makers[name]()
