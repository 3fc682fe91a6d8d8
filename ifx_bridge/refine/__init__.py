"""Optimizers: from a plan and a clip to a better chain."""

from ifx_bridge.refine.staged import refine_staged
from ifx_bridge.refine.whole_chain import Outcome, Progress, Settings, refine

RECIPES = {"whole-chain": refine, "staged": refine_staged}
"""Ways to refine, by name; all take the same arguments."""

__all__ = ["RECIPES", "Outcome", "Progress", "Settings", "refine", "refine_staged"]
