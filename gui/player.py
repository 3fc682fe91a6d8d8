"""Playback: a loop that can switch between sounds at the same place, without a click."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FADE_SECONDS = 0.01


class Mixer:
    """The sound that plays, block by block.

    A switch takes effect with the next block, at the same position, over a short crossfade that
    may last several blocks; a switch during one begins after it. One thread calls `next_block`;
    another may call `set_sound`: they share a single reference, and neither waits.
    """

    def __init__(self, sample_rate: int) -> None:
        """At a sample rate in Hz; silent until a sound is set."""
        self.fade = max(1, int(FADE_SECONDS * sample_rate))
        self.position = 0
        self._wanted: NDArray[np.float32] | None = None
        self._now: NDArray[np.float32] | None = None
        self._before: NDArray[np.float32] | None = None
        self._faded = self.fade

    def set_sound(self, audio: NDArray[np.float32] | None) -> None:
        """Play this next, `[channels, samples]`; None is silence."""
        self._wanted = audio

    def next_block(self, frames: int, channels: int) -> NDArray[np.float32]:
        """The next samples, `[frames, channels]`."""
        wanted = self._wanted
        if wanted is not self._now and self._faded >= self.fade:
            self._before, self._now, self._faded = self._now, wanted, 0
        block = self._part(self._now, frames, channels)
        if self._faded < self.fade:
            length = min(self.fade - self._faded, frames)
            steps = np.arange(self._faded, self._faded + length, dtype=np.float32)
            ramp = (steps / np.float32(self.fade))[:, None]
            old = self._part(self._before, length, channels)
            block[:length] = ramp * block[:length] + (1 - ramp) * old
            self._faded += length
        longest = self._now if self._now is not None else self._before
        if longest is not None:
            self.position = (self.position + frames) % longest.shape[1]
        return block

    def _part(
        self, audio: NDArray[np.float32] | None, frames: int, channels: int
    ) -> NDArray[np.float32]:
        out = np.zeros((frames, channels), dtype=np.float32)
        if audio is None:
            return out
        index = np.arange(self.position, self.position + frames) % audio.shape[1]
        rows = audio[:channels, index]  # a copy of this block alone
        if channels == 1 and audio.shape[0] > 1:
            rows = audio[:, index].mean(axis=0, keepdims=True)
        if rows.shape[0] == 1:
            out[:] = rows.T
        else:
            out[:, : rows.shape[0]] = rows.T
        return out


class Player:
    """A mixer on the default output device, where there is one."""

    def __init__(self) -> None:
        """Silent; `available` says whether a device was found, `reason` why not."""
        self._stream: Any = None
        self._rate = 0
        self._channels = 2
        self.mixer = Mixer(44100)
        self.reason = ""
        try:
            import sounddevice

            device = sounddevice.query_devices(kind="output")
            self._channels = max(1, min(2, int(device["max_output_channels"])))
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

    def play(self) -> str:
        """Start; the reason why not, if it did not."""
        if not self.available or self.playing or not self._rate:
            return self.reason
        import sounddevice

        mixer = self.mixer

        def fill(out: NDArray[np.float32], frames: int, time: object, status: object) -> None:
            out[:] = mixer.next_block(frames, out.shape[1])

        stream = None
        try:
            stream = sounddevice.OutputStream(
                samplerate=self._rate, channels=self._channels, dtype="float32", callback=fill
            )
            stream.start()
        except Exception as error:  # PortAudioError, ValueError: whatever the device objects to
            if stream is not None:
                stream.close()
            return f"The output device refused to play at {self._rate} Hz ({error})."
        self._stream = stream
        return ""

    def pause(self) -> None:
        """Stop, keeping the position."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.stop()
            stream.close()
