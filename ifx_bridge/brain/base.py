"""Brains by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache

from ifx_bridge.brain.plan import Brain

_makers: dict[str, Callable[[], Brain]] = {}
# Says which brain to use when nothing else does.
VARIABLE = "IFX_BRAIN"


def register(name: str, make: Callable[[], Brain]) -> None:
    """Make a brain known; `make` is called when it is first asked for."""
    _makers[name] = make


@lru_cache(maxsize=8)
def brain(spec: str = "offline") -> Brain:
    """The brain that is meant: `offline`, or a language model by its name or address.

    Raises:
        UserError: There is none.
    """
    if spec in _makers:
        return _makers[spec]()
    from ifx_bridge.brain.llm import agent, providers

    return agent.Agent(providers.endpoint(spec), brain("offline"))


def chosen(spec: str = "auto") -> str:
    """What `auto` comes to: the environment's choice, a provider whose key is there, or offline."""
    if spec != "auto":
        return spec
    if wanted := os.environ.get(VARIABLE, "").strip():
        return wanted
    from ifx_bridge.brain.llm import keys

    provider = keys.first()
    return provider.id if provider is not None else "offline"


def announcement(spec: str) -> str:
    """What the user must know before a brain is used: who is sent what; empty for offline."""
    if spec in _makers:
        return ""
    from ifx_bridge.brain.llm import providers

    endpoint = providers.endpoint(spec)
    where = "on this machine" if endpoint.is_local else f"at {endpoint.provider.title}"
    return (
        f"Brain: {endpoint.name} {where}. It is sent your instructions, the chain, the names of "
        "your plugins and numbers measured of the clip; never audio, never names of files."
    )
