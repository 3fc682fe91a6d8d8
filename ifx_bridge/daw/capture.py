"""Captured sounds: checked, kept with where they came from; a bounce folder watched."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from ifx_bridge import audio
from ifx_bridge.audio import Clip
from ifx_bridge.daw.link import Capture
from ifx_bridge.errors import Cancelled, UserError

SUFFIXES = (".wav", ".aif", ".aiff", ".flac")
POLL_SECONDS = 0.25
# A DAW writes a bounce in pieces; when nothing has come for so long, it is done.
STABLE_SECONDS = 1.0
FRAME_SECONDS = 0.05
LONG_TAIL_SECONDS = 1.0


def kept(capture: Capture) -> tuple[Capture, Clip]:
    """Check a captured file, and write beside it where it came from.

    Returns:
        The capture with what was noticed, and its sound.

    Raises:
        UserError: It is silent, too long, damaged or no audio.
    """
    clip = audio.load(capture.path, allow_clipped=True)
    notes = [*capture.notes]
    if (share := audio.clipped_share(clip.samples)) > audio.CLIPPED_SHARE:
        notes.append(
            f"it is clipped: {100 * share:.0f} % of it is cut off flat at its peak; turn the "
            "input down"
        )
    if (tail := fading_seconds(clip)) > LONG_TAIL_SECONDS:
        notes.append(
            f"it may be wet already: its end rings for {tail:.1f} s, as from a reverb or delay"
        )
    done = replace(capture, notes=tuple(notes))
    data = {**asdict(done), "path": done.path.name}
    beside = done.path.with_suffix(".capture.json")
    try:
        with audio.atomic_path(beside) as temporary:
            temporary.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise _unwritable(beside, error, f"The sound is in {done.path}.") from error
    return done, clip


def fading_seconds(clip: Clip) -> float:
    """How long the end takes to fall from 10 to 40 dB below the loudest, steadily; else 0."""
    hop = max(1, round(FRAME_SECONDS * clip.sample_rate))
    frames = clip.samples.shape[1] // hop
    if frames < 4:
        return 0.0
    power = (clip.samples[:, : frames * hop].reshape(clip.channels, frames, hop) ** 2).mean((0, 2))
    level = 10 * np.log10(power + 1e-12)
    loud = np.flatnonzero(level > level.max() - 10)
    quiet = np.flatnonzero(level[loud[-1] :] < level.max() - 40)
    if not len(quiet):
        return 0.0
    fall = level[loud[-1] : loud[-1] + quiet[0] + 1]
    steady = len(fall) > 2 and float(np.mean(np.diff(fall) <= 1.0)) > 0.9
    return float(quiet[0] * FRAME_SECONDS) if steady else 0.0


class BounceFolder:
    """A folder in which the next finished audio file is the capture.

    Args:
        folder: Where the DAW bounces to.

    Raises:
        UserError: There is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UserError(
                f"There is no folder {folder}.", next_step="Make it, and bounce into it."
            )
        self.folder = folder
        self._before = self._files()
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}

    def _files(self) -> dict[Path, tuple[int, int]]:
        found = {}
        for path in self.folder.iterdir():
            if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
                try:
                    state = path.stat()
                except OSError:  # gone between listing and looking
                    continue
                found[path] = (state.st_size, state.st_mtime_ns)
        return found

    def poll(self, now: float) -> Path | None:
        """A file that is new or was written anew, and is finished: stable for a while, readable.

        Args:
            now: Seconds of a clock that only goes forward.
        """
        for path, state in sorted(self._files().items()):
            if self._before.get(path) == state:
                continue
            seen = self._seen.get(path)
            if seen is None or seen[0] != state:
                self._seen[path] = (state, now)
            elif now - seen[1] >= STABLE_SECONDS and state[0] and _whole(path):
                self._before[path] = state
                del self._seen[path]
                return path
        return None

    def next(
        self, timeout: float | None = None, cancelled: Callable[[], bool] = lambda: False
    ) -> Capture:
        """Wait for the next file.

        Args:
            timeout: In seconds; None waits as long as it takes.
            cancelled: Asked all the time.

        Raises:
            UserError: The time is over.
            Cancelled: It was.
        """
        began = time.monotonic()
        while not cancelled():
            if path := self.poll(time.monotonic()):
                return Capture(path, way=f"bounced into {self.folder}", item=path.stem)
            if timeout is not None and time.monotonic() - began > timeout:
                unfinished = ", ".join(p.name for p in self._seen)
                raise UserError(
                    f"No finished file came into {self.folder} within {timeout:.0f} s"
                    + (f"; {unfinished} was not finished." if unfinished else "."),
                    next_step="Bounce a WAV, AIFF or FLAC file into it.",
                )
            time.sleep(POLL_SECONDS)
        raise Cancelled


def _whole(path: Path) -> bool:
    """Whether a file reads to the end that its header names; recorders write the header last."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            return bool(file.frames > 0 and file.seek(file.frames) == file.frames)
    except (soundfile.SoundFileError, OSError, RuntimeError):
        return False


def copied(capture: Capture, folder: Path) -> Capture:
    """A capture whose file lies in a folder of ours, so that the DAW's stays as it is.

    Raises:
        UserError: It cannot be copied.
    """
    copy = folder / f"dry{capture.path.suffix.lower()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with audio.atomic_path(copy) as temporary:
            shutil.copyfile(capture.path, temporary)
    except OSError as error:
        raise UserError(
            f"{capture.path.name} could not be copied ({error.strerror or error}).",
            next_step="Choose another folder with --out, or free some space.",
        ) from error
    return replace(capture, path=copy)


def from_file(path: Path, way: str = "a file that was given") -> Capture:
    """A file that was named, dropped in or sent by OSC.

    Raises:
        UserError: There is none.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}.", next_step="Check the name and the folder.")
    return Capture(path, way=way, item=path.stem)


def cut(
    source: Path, folder: Path, capture: Capture, offset_seconds: float, length_seconds: float
) -> Capture:
    """Write the part of a recording that an item plays.

    Args:
        source: The recording.
        folder: Where to write.
        capture: What is known of it.
        offset_seconds: Where the part begins in the recording.
        length_seconds: How long it is.

    Raises:
        UserError: The recording cannot be read, or the part cannot be written.
    """
    clip = audio.load(source, allow_clipped=True)
    begin = max(0, round(offset_seconds * clip.sample_rate))
    part = clip.samples[:, begin : begin + round(length_seconds * clip.sample_rate)]
    return written(part, clip.sample_rate, folder, capture)


def written(sound: audio.Audio, sample_rate: int, folder: Path, capture: Capture) -> Capture:
    """Write a captured sound as `dry.wav`.

    Args:
        sound: `[channels, samples]`.
        sample_rate: In Hz.
        folder: Where to.
        capture: What is known of it.

    Raises:
        UserError: It cannot be written.
    """
    path = folder / "dry.wav"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        audio.save(path, sound, sample_rate)
    except (OSError, RuntimeError) as error:
        raise _unwritable(path, error, "What was there before is untouched.") from error
    return replace(capture, path=path)


def _unwritable(path: Path, error: Exception, kept: str) -> UserError:
    return UserError(
        f"{path} could not be written ({getattr(error, 'strerror', None) or error}).",
        kept=kept,
        next_step="Choose another folder with --out, or free some space.",
    )
