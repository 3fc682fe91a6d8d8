"""Playback: a loop that can switch between sounds at the same place, without a click."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FADE_SECONDS = 0.01


class Mixer:
    """The sound that plays, block by block.

    A switch takes effect with the next block, at the same position, over a short crossfade. One
    thread calls `next_block`; another may call the rest: what they share are single references.
    """

    def __init__(self, sample_rate: int) -> None:
        """At a sample rate in Hz; silent until a sound is set."""
        self.fade = max(1, int(FADE_SECONDS * sample_rate))
        self.position = 0
        self._now: NDArray[np.float32] | None = None
        self._wanted: NDArray[np.float32] | None = None

    def set_sound(self, audio: NDArray[np.float32] | None) -> None:
        """Play this next, `[channels, samples]`; None is silence."""
        self._wanted = audio

    def next_block(self, frames: int, channels: int) -> NDArray[np.float32]:
        """The next samples, `[frames, channels]`."""
        wanted, now = self._wanted, self._now
        block = self._part(wanted, frames, channels)
        if wanted is not now:
            length = min(self.fade, frames)
            ramp = np.linspace(0, 1, length, dtype=np.float32)[:, None]
            old = self._part(now, length, channels)
            block[:length] = ramp * block[:length] + (1 - ramp) * old
            self._now = wanted
        longest = wanted if wanted is not None else now
        if longest is not None:
            self.position = (self.position + frames) % longest.shape[1]
        return block

    def _part(
        self, audio: NDArray[np.float32] | None, frames: int, channels: int
    ) -> NDArray[np.float32]:
        if audio is None:
            return np.zeros((frames, channels), dtype=np.float32)
        index = np.arange(self.position, self.position + frames) % audio.shape[1]
        rows = audio[:, index] if audio.shape[0] > 1 else audio[[0] * channels][:, index]
        out = np.zeros((frames, channels), dtype=np.float32)
        used = min(channels, rows.shape[0])
        out[:, :used] = rows[:used].T
        return out


class Player:
    """A mixer on the default output device, where there is one."""

    def __init__(self) -> None:
        """Silent; `available` says whether a device was found, `reason` why not."""
        self._stream: Any = None
        self._rate = 0
        self.mixer = Mixer(44100)
        self.reason = ""
        try:
            import sounddevice

            sounddevice.query_devices(kind="output")
        except OSError as error:  # PortAudio itself is missing
            self.reason = f"Playback is off: the PortAudio library was not found ({error})."
        except Exception as error:
            self.reason = f"Playback is off: there is no audio output device ({error})."

    @property
    def available(self) -> bool:
        """Whether there is a device."""
        return not self.reason

    @property
    def playing(self) -> bool:
        """Whether sound comes out now."""
        return self._stream is not None

    def set_sound(self, audio: NDArray[np.float32] | None, sample_rate: int) -> None:
        """What is to be heard, from the present position on."""
        if sample_rate != self._rate:
            was_playing = self.playing
            self.pause()
            self._rate, self.mixer = sample_rate, Mixer(sample_rate)
            self.mixer.set_sound(audio)
            if was_playing:
                self.play()
            return
        self.mixer.set_sound(audio)

    def play(self) -> None:
        """Start; without a device nothing happens."""
        if not self.available or self.playing or not self._rate:
            return
        import sounddevice

        def fill(out: NDArray[np.float32], frames: int, time: object, status: object) -> None:
            out[:] = self.mixer.next_block(frames, out.shape[1])

        try:
            self._stream = sounddevice.OutputStream(
                samplerate=self._rate, channels=2, dtype="float32", callback=fill
            )
            self._stream.start()
        except sounddevice.PortAudioError as error:
            self._stream = None
            self.reason = f"Playback is off: the device refused ({error})."

    def pause(self) -> None:
        """Stop, keeping the position."""
        if self._stream is not None:
            self._stream.stop()
            self._stream.close()
            self._stream = None
