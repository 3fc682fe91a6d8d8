"""The twin is the same sound as what Pedalboard renders: at most -80 dB apart, anywhere."""

from __future__ import annotations

import pytest

from benchmarks.parity import SAMPLE_RATES, worst

SIX = ["eq", "comp", "dist", "bitcrush", "delay", "rev"]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
@pytest.mark.parametrize("fx", SIX)
def test_twin_is_the_rendered_sound(fx: str, sample_rate: int, channels: int) -> None:
    found = worst(fx, sample_rate, channels, draws=3)
    assert set(found) == {"noise", "impulse", "music"}
    assert max(found.values()) <= -80, found
