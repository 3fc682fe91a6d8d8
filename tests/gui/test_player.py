"""The mixer: looping, and switching without a click."""

from __future__ import annotations

import numpy as np

from gui.player import Mixer


def test_loops_and_keeps_its_place_over_a_switch() -> None:
    mixer = Mixer(1000)
    ramp = np.arange(50, dtype=np.float32)[None]
    mixer.set_sound(ramp)
    mixer.next_block(10, 1)
    assert mixer.next_block(45, 1)[:, 0].tolist() == [*range(10, 50), *range(5)]
    mixer.set_sound(ramp + 100)
    block = mixer.next_block(20, 1)[:, 0]
    assert block[mixer.fade :].tolist() == [100 + 5 + n for n in range(mixer.fade, 20)]
    assert block[0] == 5  # the crossfade begins with the old sound


def test_mono_goes_to_both_sides_and_silence_is_silent() -> None:
    mixer = Mixer(1000)
    assert not mixer.next_block(8, 2).any()
    mixer.set_sound(np.ones((1, 30), dtype=np.float32))
    mixer.next_block(20, 2)
    assert (mixer.next_block(5, 2) == 1).all()
