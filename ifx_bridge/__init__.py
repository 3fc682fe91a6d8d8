"""IFX Bridge: refine an effect chain with words, beside a DAW.

`Session` and `load_chain` are imported when they are first asked for, with what they need.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ifx_bridge.presets import load_chain
    from ifx_bridge.session import Session

# torch's threads wait for each other thousands of times a second. Beside a DAW that plays, waiting
# long in a busy loop takes the processor from the very thread that is waited for, and a turn takes
# twice as long; waiting shortly costs a little on an idle machine (benchmarks/busy.py has both).
# Read by GNU's OpenMP when torch is loaded; what the user chose stands.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")

__version__ = "0.1.0"
__all__ = ["Session", "load_chain"]
_FROM = {"Session": "ifx_bridge.session", "load_chain": "ifx_bridge.presets"}


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_FROM[name]), name)
