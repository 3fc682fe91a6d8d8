"""Clips: reading, writing, loudness, telling excerpts. Arrays are `[channels, samples]` float32."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ifx_bridge.errors import UserError, writing

Audio = NDArray[np.float32]

CHANNELS = range(1, 9)
SAMPLE_RATES = (8000, 192000)
SHORTEST_SECONDS = 0.1
LONGEST_SECONDS = 15 * 60
LARGEST_BYTES = 2**30
STREAMED_BYTES = 0x7FFFF000
QUIETEST_PEAK_DB = -70.0
CLIPPED_SHARE = 0.01
CLIPPED_RUN = 4
TRUE_PEAK_CEILING_DB = -0.3
LOUDNESS_TOLERANCE_LU = 0.5
FORMATS = "WAV, AIFF, FLAC, MP3 or OGG"


@dataclass(frozen=True, eq=False)
class Clip:
    """A dry recording.

    Attributes:
        samples: `[channels, samples]`, float32, read-only.
        sample_rate: In Hz.
        path: Where it was read.
        sha256: Of the file's bytes.
    """

    samples: Audio
    sample_rate: int
    path: Path
    sha256: str

    @property
    def channels(self) -> int:
        """1 to 8."""
        return int(self.samples.shape[0])

    @property
    def seconds(self) -> float:
        """Duration."""
        return float(self.samples.shape[1] / self.sample_rate)


def load(path: Path, *, allow_clipped: bool = False) -> Clip:
    """Read a recording and check that it can be worked on.

    Args:
        path: A WAV, AIFF, FLAC, MP3 or OGG file of 1 to 8 channels.
        allow_clipped: Accept a recording whose peaks are cut off.

    Raises:
        UserError: The file is missing, not audio, damaged, empty, silent, clipped or too large.
    """
    import soundfile

    path = Path(path)
    if not path.exists():
        raise UserError(f"There is no file {path}.", next_step="Check the name and the folder.")
    if not path.is_file():
        raise UserError(f"{path} is not a file.", next_step=f"Give a {FORMATS} file.")
    try:
        size = path.stat().st_size
        if size == 0:
            raise UserError(f"{path.name} is empty (0 bytes).", next_step="Record it again.")
        with soundfile.SoundFile(path) as file:
            _check_size(path, file.channels, file.samplerate, max(file.frames, 0))
            data = file.read(dtype="float32", always_2d=True).T
            sample_rate = file.samplerate
            if data.shape[1] < 0.99 * file.frames or _cut_off(file.extra_info):
                raise UserError(
                    f"{path.name} is damaged: it ends before what its header says.",
                    next_step="Export or copy it again.",
                )
    except OSError as error:
        raise UserError(
            f"{path.name} could not be read ({error.strerror or error}).",
            next_step="Check the file's permissions.",
        ) from error
    except (soundfile.SoundFileError, RuntimeError, ValueError, MemoryError) as error:
        raise UserError(
            f"{path.name} is not audio that can be read, or it is damaged.",
            next_step=f"Give a {FORMATS} file.",
        ) from error
    _check_sound(path, data, sample_rate, allow_clipped)
    samples = np.ascontiguousarray(data)
    samples.flags.writeable = False
    return Clip(samples, sample_rate, path, file_sha256(path))


def _cut_off(log: str) -> bool:
    """Whether libsndfile's log says that a chunk is longer than the file.

    Recorders that cannot go back to the header write a size near 2^32; those files are whole.
    """
    sizes = re.findall(r"^ ?(?:RIFF|FORM|data|SSND) : (\d+) \(should be (\d+)\)", log, re.M)
    return any(int(says) > int(holds) and int(says) < STREAMED_BYTES for says, holds in sizes)


def _check_size(path: Path, channels: int, sample_rate: int, frames: int) -> None:
    if channels not in CHANNELS:
        raise UserError(
            f"{path.name} has {channels} channels; 1 to 8 are possible.",
            next_step="Export it with fewer channels.",
        )
    low, high = SAMPLE_RATES
    if not low <= sample_rate <= high:
        raise UserError(
            f"{path.name} has a sample rate of {sample_rate} Hz; {low} to {high} Hz are possible.",
            next_step="Export it at 44100 or 48000 Hz.",
        )
    if frames > LONGEST_SECONDS * sample_rate or 4 * frames * channels > LARGEST_BYTES:
        raise UserError(
            f"{path.name} is too long ({frames / sample_rate / 60:.0f} minutes, {channels} "
            f"channels); at most {LONGEST_SECONDS // 60} minutes and 1 GiB in memory are possible.",
            next_step="Cut out the part that the instruction is about.",
        )


def _check_sound(path: Path, data: Audio, sample_rate: int, allow_clipped: bool) -> None:
    name = path.name
    if data.shape[1] < SHORTEST_SECONDS * sample_rate:
        length = f"{1000 * data.shape[1] / sample_rate:.0f} ms" if data.size else "no samples"
        raise UserError(
            f"{name} is empty or too short ({length}).",
            next_step=f"Give at least {1000 * SHORTEST_SECONDS:.0f} ms of sound.",
        )
    _check_size(path, data.shape[0], sample_rate, data.shape[1])
    if not np.isfinite(data).all():
        raise UserError(
            f"{name} holds samples that are not numbers (NaN or infinity).",
            next_step="Export it again from the DAW.",
        )
    peak = float(np.abs(data).max())
    if peak < 10 ** (QUIETEST_PEAK_DB / 20) or not np.isfinite(loudness(data, sample_rate)):
        raise UserError(
            f"{name} is silent (its peak is below {QUIETEST_PEAK_DB:.0f} dBFS, or it never "
            "reaches -70 LUFS).",
            next_step="Check the track and its fader, then capture it again.",
        )
    if peak > 16:
        raise UserError(
            f"{name} peaks at {20 * np.log10(peak):+.0f} dBFS, far beyond full scale.",
            next_step="Lower it in the DAW and export it again.",
        )
    if not allow_clipped and (share := clipped_share(data)) > CLIPPED_SHARE:
        raise UserError(
            f"{name} is clipped: {100 * share:.0f} % of it is cut off flat at its peak.",
            next_step="Record it at a lower level, or pass --allow-clipped if it is meant so.",
        )


def clipped_share(audio: Audio) -> float:
    """Proportion of samples that stand in flat runs at the peak, 0 to 1."""
    peak = float(np.abs(audio).max())
    if peak < 0.5:
        return 0.0
    runs = 0
    for row in audio:
        for sign in (1, -1):
            flat = np.concatenate([[False], sign * row >= peak * 0.9995, [False]])
            edges = np.flatnonzero(np.diff(flat.astype(np.int8)))
            lengths = edges[1::2] - edges[::2]
            runs += int(lengths[lengths >= CLIPPED_RUN].sum())
    return runs / audio.size


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that replaces it when the block ends well.

    A crash or a full disk leaves what was there before.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        temporary.chmod(0o666 & ~_umask())
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def save(path: Path, audio: Audio, sample_rate: int) -> None:
    """Write a 32-bit float WAV file, atomically; folders are made when needed.

    Raises:
        UserError: It cannot be written.
    """
    import soundfile

    with writing(path), atomic_path(path) as temporary:
        soundfile.write(temporary, audio.T, sample_rate, subtype="FLOAT", format="WAV")


def loudness(audio: Audio, sample_rate: float) -> float:
    """Integrated loudness in LUFS (ITU-R BS.1770 by pyloudnorm); -inf when below its gate.

    Sounds under a second are measured as repeated. More than five channels have no weights in the
    standard and are measured one after the other, as mono.
    """
    import warnings

    from pyloudnorm import Meter

    # An upper bound on memory, and the gate's relative level is that of the whole all the same.
    data = audio if audio.shape[0] <= 5 else audio.reshape(1, -1)
    if data.shape[1] < sample_rate:
        data = np.tile(data, int(np.ceil(sample_rate / data.shape[1])))
    with warnings.catch_warnings(), np.errstate(divide="ignore"):
        warnings.simplefilter("ignore")
        return float(Meter(sample_rate).integrated_loudness(data.T.astype(np.float64)))


def true_peak_db(audio: Audio) -> float:
    """Peak between the samples too, in dBFS (four times oversampled, ITU-R BS.1770 annex 2)."""
    with np.errstate(divide="ignore"):
        return float(20 * np.log10(_oversampled_peaks(audio).max()))


def _oversampled_peaks(audio: Audio) -> NDArray[np.float32]:
    """Largest absolute value around every sample over all channels, `[samples]`."""
    from scipy.signal import resample_poly

    peaks = np.zeros(audio.shape[1], dtype=np.float32)
    for row in audio:
        fine = np.abs(resample_poly(row, 4, 1)).astype(np.float32)[: 4 * audio.shape[1]]
        peaks = np.maximum(peaks, fine.reshape(-1, 4).max(axis=1))
    highest: NDArray[np.float32] = np.maximum(peaks, np.abs(audio).max(axis=0))
    return highest


def match_trim_db(dry: Audio, wet: Audio, sample_rate: float) -> float:
    """Gain in dB that makes `wet` as loud as `dry`.

    Where that would lift the true peak above the ceiling, the slack of the loudness tolerance is
    used to stay below it. 0 when either is too quiet to have a loudness.
    """
    target, now = loudness(dry, sample_rate), loudness(wet, sample_rate)
    if not np.isfinite(target) or not np.isfinite(now):
        return 0.0
    trim = target - now
    over = true_peak_db(wet) + trim - TRUE_PEAK_CEILING_DB
    return trim - min(max(over, 0.0), 0.9 * LOUDNESS_TOLERANCE_LU)


def limited(audio: Audio, sample_rate: float) -> tuple[Audio, float]:
    """Keep the true peak at or below the ceiling.

    A look-ahead limiter: the gain is the running minimum of what every peak needs, smoothed by a
    window of the same width (2 ms), so that it never arrives late.

    Returns:
        The audio, and the largest reduction in dB (0 when nothing was touched).
    """
    from scipy.ndimage import minimum_filter1d
    from scipy.signal import fftconvolve, windows

    ceiling = 10 ** (TRUE_PEAK_CEILING_DB / 20)
    peaks = _oversampled_peaks(audio)
    highest = float(peaks.max())
    if highest <= ceiling:
        return audio, 0.0
    width = 2 * int(0.001 * sample_rate) + 1
    need = np.minimum(1.0, 0.999 * ceiling / np.maximum(peaks, 1e-9))
    held = np.pad(minimum_filter1d(need, width), width // 2, mode="edge")
    window = windows.hann(width + 2)[1:-1]
    gain = fftconvolve(held, window / window.sum(), mode="valid")
    out = (audio * gain).astype(np.float32)
    # Modulation can leave a trace above the ceiling between samples.
    rest = 10 ** (true_peak_db(out) / 20)
    out *= np.float32(min(1.0, ceiling / rest))
    return out, 20 * float(np.log10(highest / ceiling))


def excerpt(clip: Clip, seconds: float) -> Audio:
    """The most telling stretch of a clip: loud, with something happening in it.

    Frames of 50 ms are rated by their energy and by how much louder they are than the one before
    (in decibels above the clip's -50 dB floor); the stretch with the highest sum is chosen.

    Returns:
        `[channels, samples]`, at most `seconds` long, read-only view where possible.
    """
    samples, rate = clip.samples, clip.sample_rate
    length = round(seconds * rate)
    if samples.shape[1] <= length:
        return samples
    hop = max(1, round(0.05 * rate))
    frames = samples.shape[1] // hop
    energy = (samples[:, : frames * hop].reshape(clip.channels, frames, hop) ** 2).mean((0, 2))
    level = np.maximum(10 * np.log10(energy / energy.max() + 1e-12), -50) + 50
    rise = np.maximum(np.diff(level, prepend=level[0]), 0)
    rating = np.concatenate([[0], np.cumsum(level + 2 * rise)])
    span = min(frames, int(np.ceil(length / hop)))
    start = int(np.argmax(rating[span:] - rating[:-span])) * hop
    start = min(start, samples.shape[1] - length)
    return samples[:, start : start + length]
