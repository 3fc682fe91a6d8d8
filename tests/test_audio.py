"""Reading, refusing, loudness, and safe writing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ifx_bridge import audio
from ifx_bridge.errors import UserError

RATE = 44100


def music(seconds: float = 1.5, rate: int = RATE, channels: int = 1) -> audio.Audio:
    rng = np.random.default_rng(1)
    time = np.arange(int(seconds * rate)) / rate
    wave = 0.3 * np.sin(2 * np.pi * 220 * time) * np.exp(-2 * (time % 0.5))
    return (wave + 0.01 * rng.standard_normal((channels, time.size))).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2, 3, 8])
@pytest.mark.parametrize("rate", [8000, 22050, 44100, 96000, 192000])
def test_any_rate_and_channels(tmp_path: Path, rate: int, channels: int) -> None:
    path = tmp_path / "clip.wav"
    sound = music(0.5, rate, channels)
    soundfile.write(path, sound.T, rate, subtype="FLOAT")
    clip = audio.load(path)
    assert (clip.sample_rate, clip.channels) == (rate, channels)
    assert np.array_equal(clip.samples, sound)
    assert not clip.samples.flags.writeable


@pytest.mark.parametrize("ending", ["wav", "aiff", "flac", "mp3", "ogg"])
def test_formats(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"clip.{ending}"
    soundfile.write(path, music().T, RATE)
    clip = audio.load(path)
    assert clip.sample_rate == RATE
    assert clip.seconds == pytest.approx(1.5, abs=0.1)


def test_bad_input_is_refused_in_words(tmp_path: Path) -> None:
    def written(name: str, data: audio.Audio, **kind: str) -> Path:
        path = tmp_path / name
        soundfile.write(path, data.T, RATE, subtype=kind.get("subtype", "FLOAT"))
        return path

    garbage = tmp_path / "garbage.wav"
    garbage.write_bytes(np.random.default_rng(0).bytes(5000))
    empty_file = tmp_path / "zero.wav"
    empty_file.touch()
    whole = written("whole.wav", music()).read_bytes()
    truncated = tmp_path / "truncated.wav"
    truncated.write_bytes(whole[: len(whole) // 8])
    nan = music()
    nan[0, 100] = np.nan
    for path, words in (
        (tmp_path / "none.wav", "no file"),
        (tmp_path, "not a file"),
        (garbage, "not audio"),
        (empty_file, "empty"),
        (written("frames.wav", np.zeros((1, 0), np.float32)), "empty or too short"),
        (written("short.wav", music(0.02)), "too short"),
        (written("silent.wav", np.zeros((2, RATE), np.float32)), "silent"),
        (written("faint.wav", music() * 1e-5), "silent"),
        (written("nan.wav", nan), "not numbers"),
        (written("clipped.wav", np.clip(20 * music(), -1, 1)), "clipped"),
        (written("loud.wav", 100 * music()), "beyond full scale"),
        (written("nine.wav", music(channels=9)), "9 channels"),
    ):
        with pytest.raises(UserError, match=words) as caught:
            audio.load(path)
        assert str(caught.value).count(".") >= 1
    assert audio.load(tmp_path / "clipped.wav", allow_clipped=True).channels == 1
    with pytest.raises(UserError, match=r"damaged|not audio|empty or too short"):
        audio.load(truncated)


def test_huge_files_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.wav"
    with soundfile.SoundFile(path, "w", 8000, 1, subtype="PCM_U8") as file:
        for _ in range(16):
            file.write(np.zeros(60 * 8000, dtype=np.int16))
    with pytest.raises(UserError, match="too long"):
        audio.load(path)


@given(st.binary(max_size=400))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_bytes_cause_anything_but_a_message(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.wav"
    path.write_bytes(b"RIFF" + content)
    with pytest.raises(UserError):
        audio.load(path)


@pytest.mark.parametrize("gain_db", [-18.0, 0.0, 14.0])
def test_trim_matches_loudness(gain_db: float) -> None:
    dry = music()
    wet = (10 ** (gain_db / 20) * np.tanh(5 * dry)).astype(np.float32)
    trim = audio.match_trim_db(dry, wet, RATE)
    matched = wet * np.float32(10 ** (trim / 20))
    assert audio.loudness(matched, RATE) == pytest.approx(audio.loudness(dry, RATE), abs=0.5)


def test_short_and_many_channels_have_a_loudness() -> None:
    assert np.isfinite(audio.loudness(music(0.15), RATE))
    assert np.isfinite(audio.loudness(music(1.0, channels=8), RATE))
    assert audio.loudness(np.zeros((1, RATE), np.float32), RATE) == -np.inf


def test_limiter_keeps_the_ceiling_and_touches_nothing_below() -> None:
    quiet = music()
    same, none = audio.limited(quiet, RATE)
    assert same is quiet and none == 0
    loud, reduced = audio.limited(4 * quiet, RATE)
    assert audio.true_peak_db(loud) <= audio.TRUE_PEAK_CEILING_DB + 0.01
    assert reduced > 0


def test_true_peak_sees_between_samples() -> None:
    time = np.arange(RATE) / RATE
    wave = np.sin(2 * np.pi * RATE / 4 * time + np.pi / 4).astype(np.float32)[None]
    assert np.abs(wave).max() < 0.71
    assert audio.true_peak_db(wave) == pytest.approx(0, abs=0.2)


def test_excerpt_takes_what_happens() -> None:
    clip_samples = np.zeros((1, 10 * RATE), np.float32)
    clip_samples[:, 6 * RATE : 7 * RATE] = music(1.0)
    clip = audio.Clip(clip_samples, RATE, Path("x.wav"), "")
    part = audio.excerpt(clip, 2.0)
    assert part.shape == (1, 2 * RATE)
    assert (part**2).sum() > 0.9 * (clip_samples**2).sum()


def test_a_failed_write_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(RuntimeError), audio.atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
