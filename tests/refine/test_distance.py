"""How far apart two sounds are."""

from __future__ import annotations

import numpy as np

from ifx_bridge.refine.distance import distance
from tests.plugins.test_host import noise


def test_distance() -> None:
    sound = noise(2)
    assert distance(sound, sound) == 0
    assert distance(sound, 0.5 * sound) < 1e-3  # level is no difference
    dull = np.cumsum(sound, axis=1) * 0.05
    assert distance(sound, dull.astype(np.float32)) > 3
    silence = np.zeros_like(sound)
    assert distance(silence, silence) == 0 and np.isfinite(distance(sound, silence))
