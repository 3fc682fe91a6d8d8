"""Playback: a loop that can switch between sounds at the same place, without a click."""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gui.translations import translate

FADE_SECONDS = 0.01
# Samples that one pass of the mixer fills at most; longer blocks take several.
SCRATCH = 4096
# How long the sound system may take to start, to stop, and to let go of a device that is gone.
START_SECONDS, STOP_SECONDS, LOST_SECONDS = 3.0, 1.0, 0.2
Sound = NDArray[np.float32]


class Mixer:
    """The sound that plays, block by block.

    A switch takes effect with the next block, at the same position, over a short crossfade that
    may last several blocks; a switch during one begins after it. One thread calls `fill`; another
    may call `set_sound` and `set_loop`: they share single references, and neither waits. `fill`
    makes no arrays: its buffers are made beforehand.

    Attributes:
        position: Sample that is played next.
        peak: Largest absolute sample since it was last set to 0.
    """

    def __init__(self, sample_rate: int) -> None:
        """At a sample rate in Hz; silent until a sound is set."""
        self.fade = max(1, int(FADE_SECONDS * sample_rate))
        self.position = 0
        self.peak = 0.0
        steps = np.arange(self.fade, dtype=np.float32) / np.float32(self.fade)
        self._rising, self._falling = steps, 1 - steps
        self._scratch = np.zeros((8, SCRATCH), dtype=np.float32).T
        self._wanted: Sound | None = None
        self._now: Sound | None = None
        self._before: Sound | None = None
        self._faded = self.fade
        self._loop: tuple[int, int] | None = None
        self._seek: int | None = None

    @property
    def sound(self) -> Sound | None:
        """What is played, or will be with the next block."""
        return self._wanted

    def set_sound(self, audio: Sound | None) -> None:
        """Play this next, `[channels, samples]`; None is silence."""
        self._wanted = audio

    def set_loop(self, region: tuple[int, int] | None) -> None:
        """Repeat these samples only, `(first, one after the last)`; None repeats all."""
        self._loop = region

    def seek(self, position: int) -> None:
        """Go on from that sample."""
        self._seek = position

    def fill(self, out: Sound) -> None:
        """Write the next samples into `out`, `[frames, channels]`."""
        wanted = self._wanted
        if wanted is not self._now and self._faded >= self.fade:
            self._before, self._now, self._faded = self._now, wanted, 0
        seek, self._seek = self._seek, None
        if seek is not None:
            self.position = seek
        frames, at = out.shape[0], 0
        while at < frames:
            at += self._part(out[at : at + SCRATCH])
        self.peak = max(self.peak, float(out.max()), -float(out.min())) if frames else self.peak

    def _part(self, out: Sound) -> int:
        """Fill the beginning of `out`, as far as nothing wraps; how many samples that were."""
        longest = self._now if self._now is not None else self._before
        length = longest.shape[1] if longest is not None else 0
        if not length:
            out[:] = 0
            return out.shape[0]
        first, stop = self._loop or (0, length)
        first, stop = (first, stop) if 0 <= first < stop <= length else (0, length)
        if not first <= self.position < stop:
            self.position = first
        count = min(out.shape[0], stop - self.position)
        fading = self._faded < self.fade
        if fading:
            count = min(count, self.fade - self._faded)
            if self._before is not None and self._before.shape[1]:
                here = self.position % self._before.shape[1]
                count = min(count, self._before.shape[1] - here)
        part = out[:count]
        _copy(self._now, self.position, part)
        if fading:
            old = self._scratch[:count, : out.shape[1]]
            _copy(self._before, self.position, old)
            steps = slice(self._faded, self._faded + count)
            for channel in range(part.shape[1]):  # one by one: broadcasting would need a buffer
                new = part[:, channel]
                np.multiply(new, self._rising[steps], out=new)
                np.multiply(old[:, channel], self._falling[steps], out=old[:, channel])
                np.add(new, old[:, channel], out=new)
            self._faded += count
        self.position += count
        if self.position >= stop:
            self.position = first
        return count


def _copy(audio: Sound | None, position: int, out: Sound) -> None:
    """Samples from `position` on into `out`; mono goes to all channels, one speaker hears all."""
    if audio is None or not audio.shape[1]:
        out[:] = 0
        return
    position %= audio.shape[1]
    stop = position + out.shape[0]
    sources, channels = audio.shape[0], out.shape[1]
    if channels == 1 and sources > 1:
        np.copyto(out[:, 0], audio[0, position:stop])
        for source in range(1, sources):
            np.add(out[:, 0], audio[source, position:stop], out=out[:, 0])
        np.multiply(out, np.float32(1 / sources), out=out)
        return
    for channel in range(channels):
        if sources == 1 or channel < sources:
            np.copyto(out[:, channel], audio[0 if sources == 1 else channel, position:stop])
        else:
            out[:, channel] = 0


class Player:
    """A mixer on an output device, where there is one.

    Attributes:
        reason: Why there is no playback; empty when there is.
    """

    def __init__(self, device: str = "", latency: str = "high") -> None:
        """Silent.

        Args:
            device: Part of the output device's name; empty for the system's own choice.
            latency: `low` or `high`, as the device's driver understands it.
        """
        self.device, self.latency = device, latency
        self._stream: Any = None
        self._rate = 0
        self._channels = 2
        self._rates: dict[int, int] = {}
        self._closing = threading.Thread()
        self.mixer = Mixer(44100)
        self.reason = ""
        self._look()

    def _look(self) -> None:
        self.reason = ""
        self._rates = {}
        try:
            import sounddevice

            found = sounddevice.query_devices(self.device or None, kind="output")
            self._channels = max(1, min(2, int(found["max_output_channels"])))
        except OSError as error:  # PortAudio itself is missing
            self.reason = translate(
                "player", "Playback is off: the PortAudio library was not found ({error})."
            ).format(error=error)
        except Exception as error:
            self.reason = translate(
                "player", "Playback is off: there is no audio output device ({error})."
            ).format(error=error)

    def find(self, device: str | None = None) -> str:
        """Look for devices again; the reason why there is none.

        Args:
            device: Another device's name; the same as before when None.
        """
        self.pause()
        self.device = self.device if device is None else device
        # PortAudio lists devices once, when it starts.
        if self._closing.is_alive() or not self._patiently(_start_anew, START_SECONDS):
            self.reason = translate(
                "player", "The sound system does not answer: open the window again to hear."
            )
        else:
            self._look()
        return self.reason

    def _patiently(self, work: Callable[[], None], seconds: float) -> bool:
        """Whether a call came back in time: a driver may wait for a lost device for minutes."""
        self._closing = threading.Thread(target=work, daemon=True)
        self._closing.start()
        self._closing.join(seconds)
        if self._closing.is_alive():
            with contextlib.suppress(Exception):
                import sounddevice

                atexit.unregister(sounddevice._exit_handler)  # the end would wait as long
        return not self._closing.is_alive()

    def rate_for(self, sample_rate: int) -> int:
        """The rate at which sound of that rate is played: the device's own where it has but one."""
        if not self.available:
            return sample_rate
        if sample_rate not in self._rates:
            self._rates[sample_rate] = self._taken(sample_rate)
        return self._rates[sample_rate]

    def _taken(self, sample_rate: int) -> int:
        import sounddevice

        device = self.device or None
        try:
            sounddevice.check_output_settings(device, self._channels, "float32", None, sample_rate)
        except Exception:  # whatever the device objects to
            with contextlib.suppress(Exception):
                about = sounddevice.query_devices(device, kind="output")
                return round(float(about["default_samplerate"])) or sample_rate
        return sample_rate

    @property
    def available(self) -> bool:
        """Whether there is a device."""
        return not self.reason

    @property
    def playing(self) -> bool:
        """Whether sound comes out now."""
        return self._stream is not None

    @property
    def lost(self) -> bool:
        """Whether the device stopped by itself, as when it is unplugged."""
        try:
            return self._stream is not None and not self._stream.active
        except Exception:  # the stream is gone with its device
            return True

    @property
    def seconds(self) -> float:
        """Where in the clip it plays."""
        return self.mixer.position / self._rate if self._rate else 0.0

    def set_sound(self, audio: Sound | None, sample_rate: int) -> None:
        """What is to be heard, from the present position on; its rate as `rate_for` says."""
        if sample_rate != self._rate:
            was_playing, place = self.playing, self.seconds
            self.pause()
            self._rate, self.mixer = sample_rate, Mixer(sample_rate)
            self.mixer.position = round(place * sample_rate)
            self.mixer.set_sound(audio)
            if was_playing:
                self.play()
            return
        self.mixer.set_sound(audio)

    def set_loop(self, seconds: tuple[float, float] | None) -> None:
        """Repeat this part only, in seconds; None repeats all."""
        region = None
        if seconds is not None and self._rate:
            region = (round(seconds[0] * self._rate), round(seconds[1] * self._rate))
        self.mixer.set_loop(region)

    def seek(self, seconds: float) -> None:
        """Go on from there."""
        position = max(0, round(seconds * self._rate))
        if self.playing:
            self.mixer.seek(position)
        else:
            self.mixer.position = position

    def play(self) -> str:
        """Start; the reason why not, if it did not."""
        if not self.available or self.playing or not self._rate:
            return self.reason
        import sounddevice

        mixer = self.mixer

        def fill(out: Sound, frames: int, time: object, status: object) -> None:
            mixer.fill(out)

        stream = None
        try:
            stream = sounddevice.OutputStream(
                samplerate=self._rate,
                channels=self._channels,
                dtype="float32",
                device=self.device or None,
                latency=self.latency,
                callback=fill,
            )
            stream.start()
        except Exception as error:  # PortAudioError, ValueError: whatever the device objects to
            if stream is not None:
                stream.close()
            return translate(
                "player", "The output device refused to play at {rate} Hz ({error})."
            ).format(rate=self._rate, error=error)
        self._stream = stream
        return ""

    def pause(self) -> None:
        """Stop, keeping the position."""
        seconds = LOST_SECONDS if self.lost else STOP_SECONDS
        stream, self._stream = self._stream, None
        if stream is not None:
            self._patiently(lambda: _close(stream), seconds)


def _close(stream: Any) -> None:
    with contextlib.suppress(Exception):  # the device may be gone
        stream.stop()
    with contextlib.suppress(Exception):
        stream.close()


def _start_anew() -> None:
    with contextlib.suppress(Exception):
        import sounddevice

        sounddevice._terminate()
        sounddevice._initialize()
