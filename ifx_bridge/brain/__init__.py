"""Brains: they turn an instruction into a plan."""

from ifx_bridge.brain import offline
from ifx_bridge.brain.base import announcement, brain, chosen, register
from ifx_bridge.brain.plan import Brain, Context, Move, Past, Plan, Resumed, Standing

register("offline", offline.Offline)

__all__ = [
    "Brain", "Context", "Move", "Past", "Plan", "Resumed", "Standing", "announcement", "brain",
    "chosen",
]  # fmt: skip
