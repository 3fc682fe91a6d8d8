"""The effects: one file each, registered when this package is imported, in their usual order."""

from ifx_bridge.effects import eq  # noqa: I001  (the order is that of the tables)
from ifx_bridge.effects import comp, pitchshift, dist, bitcrush, delay, rev
from ifx_bridge.effects import dasp

__all__ = ["bitcrush", "comp", "dasp", "delay", "dist", "eq", "pitchshift", "rev"]
