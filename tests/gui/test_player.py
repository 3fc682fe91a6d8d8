"""The mixer: looping, and switching without a click; the player without a device."""

from __future__ import annotations

import numpy as np
import pytest

from gui.player import SCRATCH, Mixer, Player


def block_of(mixer: Mixer, frames: int, channels: int) -> np.ndarray:
    out = np.full((frames, channels), np.nan, dtype=np.float32)
    mixer.fill(out)
    return out


def test_loops_and_keeps_its_place_over_a_switch() -> None:
    mixer = Mixer(1000)
    ramp = np.arange(50, dtype=np.float32)[None]
    mixer.set_sound(ramp)
    block_of(mixer, 10, 1)
    assert block_of(mixer, 45, 1)[:, 0].tolist() == [*range(10, 50), *range(5)]
    mixer.set_sound(ramp + 100)
    block = block_of(mixer, 20, 1)[:, 0]
    assert block[mixer.fade :].tolist() == [100 + 5 + n for n in range(mixer.fade, 20)]
    assert block[0] == 5  # the crossfade begins with the old sound


@pytest.mark.parametrize("frames", [1, 16, 64, 441, 1000])
def test_a_switch_makes_no_step_however_small_the_blocks_are(frames: int) -> None:
    mixer = Mixer(44100)
    high, low = (np.full((2, 5000), level, dtype=np.float32) for level in (1, -1))
    mixer.set_sound(high)
    block_of(mixer, mixer.fade, 2)
    mixer.set_sound(low)
    heard = np.concatenate([block_of(mixer, frames, 2) for _ in range(2000 // frames + 1)])
    assert np.abs(np.diff(heard, axis=0)).max() < 2.1 / mixer.fade
    assert heard[0, 0] == 1 and (heard[mixer.fade :] == -1).all()


def test_a_switch_back_during_the_crossfade_makes_no_step() -> None:
    mixer = Mixer(44100)
    high, low = (np.full((1, 5000), level, dtype=np.float32) for level in (1, -1))
    mixer.set_sound(high)
    block_of(mixer, mixer.fade, 1)
    heard = []
    for sound in (low, high, low, high):
        mixer.set_sound(sound)
        heard.append(block_of(mixer, 100, 1))
    heard += [block_of(mixer, 1000, 1) for _ in range(2)]
    assert np.abs(np.diff(np.concatenate(heard)[:, 0])).max() < 2.1 / mixer.fade
    assert heard[-1][-1] == 1


def test_mono_goes_to_both_sides_and_silence_is_silent() -> None:
    mixer = Mixer(1000)
    assert not block_of(mixer, 8, 2).any()
    mixer.set_sound(np.ones((1, 30), dtype=np.float32))
    block_of(mixer, 20, 2)
    assert (block_of(mixer, 5, 2) == 1).all()


def test_stereo_is_folded_for_one_speaker() -> None:
    mixer = Mixer(1000)
    mixer.set_sound(np.array([[1.0] * 30, [0.0] * 30], dtype=np.float32))
    block_of(mixer, 20, 1)
    assert (block_of(mixer, 5, 1) == 0.5).all()


def test_without_a_device_there_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    import sounddevice

    def none(*args: object, **more: object) -> None:
        raise sounddevice.PortAudioError("no default device")

    monkeypatch.setattr(sounddevice, "query_devices", none)
    player = Player()
    assert not player.available and "no audio output device" in player.reason
    player.set_sound(np.ones((1, 30), dtype=np.float32), 44100)
    assert player.play() == player.reason and not player.playing
    player.pause()


def test_a_device_that_refuses_is_a_message_and_can_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sounddevice

    def refuse(**more: object) -> None:
        raise sounddevice.PortAudioError("invalid sample rate")

    monkeypatch.setattr(
        sounddevice, "query_devices", lambda *args, **more: {"max_output_channels": 2}
    )
    monkeypatch.setattr(sounddevice, "OutputStream", refuse)
    player = Player()
    player.set_sound(np.ones((1, 30), dtype=np.float32), 8000)
    assert "8000 Hz" in player.play()
    assert player.available and not player.playing


def test_a_part_repeats_and_a_place_is_found() -> None:
    mixer = Mixer(1000)
    mixer.set_sound(np.arange(100, dtype=np.float32)[None])
    mixer.set_loop((40, 45))
    block_of(mixer, mixer.fade, 1)
    assert block_of(mixer, 10, 1)[:, 0].tolist() == [*range(40, 45)] * 2
    mixer.set_loop(None)
    mixer.seek(90)
    assert block_of(mixer, 12, 1)[:, 0].tolist() == [*range(90, 100), 0, 1]
    assert mixer.peak == 99


def test_blocks_longer_than_the_buffers_and_sounds_of_other_lengths() -> None:
    mixer = Mixer(48000)
    mixer.set_sound(np.ones((1, 10 * SCRATCH), dtype=np.float32))
    assert (block_of(mixer, 3 * SCRATCH, 2)[mixer.fade :] == 1).all()
    mixer.set_sound(np.full((2, 7), 0.5, dtype=np.float32))
    heard = block_of(mixer, 3 * SCRATCH, 2)
    assert np.isfinite(heard).all() and (heard[mixer.fade :] == 0.5).all()
    mixer.set_sound(np.zeros((1, 0), dtype=np.float32))
    assert not block_of(mixer, SCRATCH, 2)[mixer.fade :].any()


def test_the_callback_makes_no_arrays() -> None:
    import tracemalloc

    mixer = Mixer(48000)
    high, low = (np.full((2, 48000), level, dtype=np.float32) for level in (1, -1))
    out = np.zeros((2048, 2), dtype=np.float32)
    mixer.set_sound(high)
    mixer.fill(out)
    tracemalloc.start()
    try:
        for sound in (low, high) * 20:
            mixer.set_sound(sound)
            mixer.fill(out)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2048 * 4  # less than one channel of one block


def test_a_device_that_goes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    import sounddevice

    class Stream:
        active = True

        def __init__(self, **more: object) -> None: ...

        def start(self) -> None: ...

        def stop(self) -> None:
            raise sounddevice.PortAudioError("unplugged")

        close = stop

    monkeypatch.setattr(
        sounddevice, "query_devices", lambda *args, **more: {"max_output_channels": 2}
    )
    monkeypatch.setattr(sounddevice, "OutputStream", Stream)
    player = Player()
    player.set_sound(np.ones((1, 30), dtype=np.float32), 8000)
    assert not player.play() and player.playing and not player.lost
    Stream.active = False
    assert player.lost
    assert not player.find() and not player.playing  # another one is there
