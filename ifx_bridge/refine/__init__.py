"""Optimizers: from a plan and a clip to a better chain."""

from ifx_bridge.refine.refine import Outcome, Progress, Settings, refine

__all__ = ["Outcome", "Progress", "Settings", "refine"]
