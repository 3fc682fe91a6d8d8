"""Ears: they tell whether a sound has moved toward the words."""

from ifx_bridge.ears import fx, laion, laion_package, perceptual  # noqa: F401  (register themselves)
from ifx_bridge.ears.base import Ears, chosen, ears

__all__ = ["Ears", "chosen", "ears"]
