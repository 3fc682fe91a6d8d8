"""Ears: they tell whether a sound has moved toward the words."""

from ifx_bridge.ears import perceptual  # noqa: F401  (registers itself)
from ifx_bridge.ears.base import Ears, ears

__all__ = ["Ears", "ears"]
