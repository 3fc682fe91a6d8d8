"""Recording an input or loopback device while the DAW rolls: metered, latency taken off."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifx_bridge import audio
from ifx_bridge.daw.capture import written
from ifx_bridge.daw.link import Capture
from ifx_bridge.errors import Cancelled, UserError

Block = NDArray[np.float32]
# How often the transport is asked; the beginning is as exact as this and the device's block.
POLL_SECONDS = 0.02
CLIPPED = 0.999


@dataclass(frozen=True)
class Level:
    """What comes in just now, in dBFS.

    Attributes:
        peak_db: Highest sample since the last one.
        clipped: Whether it reached full scale.
        rolling: Whether it is being kept.
    """

    peak_db: float
    clipped: bool
    rolling: bool


class Take:
    """Keeps of a stream of blocks what sounded while the transport rolled.

    What is heard now was played one latency ago, so the beginning is dropped by as much, and as
    much is waited for at the end.

    Args:
        latency: In samples.
        most: Longest take, in samples.
    """

    def __init__(self, latency: int, most: int) -> None:
        self._to_drop = self._to_wait = latency
        self._most = most
        self._kept: list[Block] = []
        self.count = 0
        self.began = self.done = self.full = False

    def feed(self, block: Block, rolling: bool) -> None:
        """Take the next block, `[samples, channels]`.

        Args:
            block: The sound.
            rolling: Whether the transport rolls now.
        """
        if self.done or not (rolling or self.began):
            return
        self.began = True
        if not rolling:
            block = block[: self._to_wait]
            self._to_wait -= len(block)
            self.done = self._to_wait <= 0
        dropped = min(self._to_drop, len(block))
        self._to_drop -= dropped
        block = block[dropped : dropped + self._most - self.count]
        self.count += len(block)
        self._kept.append(block)
        if self.count >= self._most:
            self.full = self.done = True

    @property
    def sound(self) -> audio.Audio:
        """What was kept, `[channels, samples]`."""
        if not self._kept:
            return np.zeros((1, 0), np.float32)
        return np.ascontiguousarray(np.concatenate(self._kept).T)


def devices() -> list[tuple[int, str, int]]:
    """Number, name and channels of each device that can be recorded.

    Raises:
        UserError: There is no sound system.
    """
    found = [
        (index, f"{row['name']} ({_api(row['hostapi'])})", int(row["max_input_channels"]))
        for index, row in enumerate(_sounddevice().query_devices())
    ]
    return [row for row in found if row[2]]


def record(
    device: str,
    folder: Path,
    *,
    playing: Callable[[], bool],
    channels: int = 2,
    latency_seconds: float | None = None,
    most_seconds: float = float(audio.LONGEST_SECONDS),
    meter: Callable[[Level], None] = lambda level: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Capture:
    """Record from the start of the transport to its stop.

    Args:
        device: Number, name, or the beginning of a name.
        folder: Where `dry.wav` goes.
        playing: Whether the transport rolls; asked all the time.
        channels: How many; fewer if the device has fewer.
        latency_seconds: Between the transport and what comes in; by default the device's own.
        most_seconds: Ends it by itself.
        meter: Told the level with every round.
        cancelled: Asked all the time; what was recorded so far is kept.

    Raises:
        UserError: There is no such device, or it cannot be opened, or the file not written.
        Cancelled: It was stopped before anything was recorded.
    """
    sounddevice = _sounddevice()
    index, name, there = _find(device)
    arriving: queue.SimpleQueue[tuple[Block, bool]] = queue.SimpleQueue()

    def heard(block: Block, frames: int, when: Any, status: Any) -> None:
        arriving.put((block.copy(), bool(status.input_overflow)))

    try:
        stream = sounddevice.InputStream(
            device=index, channels=min(channels, there), dtype="float32", callback=heard
        )
    except Exception as error:  # PortAudio's errors have no common base of use
        raise UserError(
            f"{name} cannot be recorded ({error}).",
            next_step="Close other programs that use it, or choose another: --record list.",
        ) from error
    rate = round(stream.samplerate)
    latency = stream.latency if latency_seconds is None else latency_seconds
    take, gaps = Take(round(latency * rate), round(most_seconds * rate)), 0
    with stream:
        while not take.done and not cancelled():
            rolling, peak = playing(), 0.0
            while not arriving.empty():
                block, gap = arriving.get()
                gaps += gap and take.began
                peak = max(peak, float(np.abs(block).max(initial=0.0)))
                take.feed(block, rolling)
            level = 20 * float(np.log10(max(peak, 1e-6)))
            meter(Level(level, peak >= CLIPPED, take.began))
            time.sleep(POLL_SECONDS)
    if not take.count:
        raise Cancelled
    notes = []
    if gaps:
        notes.append(f"it has {gaps} gap(s): the computer was too slow for the device")
    if take.full:
        notes.append(f"it was ended after {most_seconds:g} s")
    way = f"recorded from {name}, {1000 * latency:.0f} ms of latency taken off"
    return written(take.sound, rate, folder, Capture(folder, way, notes=tuple(notes)))


def _find(device: str) -> tuple[int, str, int]:
    rows = devices()
    for match in (
        lambda row: str(row[0]) == device,
        lambda row: row[1].lower() == device.lower(),
        lambda row: row[1].lower().startswith(device.lower()),
    ):
        if found := [row for row in rows if match(row)]:
            return found[0]
    known = ", ".join(f"{i} {name}" for i, name, _ in rows) or "none"
    raise UserError(f"There is no input {device!r}.", next_step=f"There are: {known}.")


def _api(index: int) -> str:
    return str(_sounddevice().query_hostapis(index)["name"])


def _sounddevice() -> Any:
    try:
        import sounddevice
    except OSError as error:  # PortAudio's library is missing
        raise UserError(
            f"Nothing can be recorded here ({error}).",
            next_step="Install PortAudio (Debian: libportaudio2), or use --watch.",
        ) from error
    return sounddevice
