"""Presets on disk: chains of ours, and settings of plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ifx_bridge.presets.store import load_chain

__all__ = ["load_chain"]


def __getattr__(name: str) -> Any:
    if name != "load_chain":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ifx_bridge.presets.store import load_chain

    return load_chain
