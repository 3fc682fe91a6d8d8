from __future__ import annotations

import numpy as np
import pytest
import soundfile as sf

from ifx_bridge.demo import clips

NAMES = ["bass", "drums", "guitar", "loop", "voice"]


def test_the_clips_are_those_documented() -> None:
    assert list(clips()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_clip_is_usable_audio(name: str) -> None:
    audio, rate = sf.read(clips()[name], always_2d=True)
    assert rate == 44100
    assert 3 <= len(audio) / rate <= 10
    assert np.all(np.isfinite(audio))

    peak_db = 20 * np.log10(np.abs(audio).max())
    assert -12 < peak_db <= -0.99

    # Loud enough to hear, and not a short sound before a long silence.
    blocks = audio[: len(audio) // 4410 * 4410].reshape(-1, 4410 * audio.shape[1])
    rms_db = 20 * np.log10(np.sqrt((blocks**2).mean(axis=1)) + 1e-9)
    assert 20 * np.log10(np.sqrt((audio**2).mean())) > -30
    assert np.mean(rms_db > -60) > 0.8


def test_channels() -> None:
    channels = {name: sf.info(path).channels for name, path in clips().items()}
    assert channels == {"bass": 1, "drums": 2, "guitar": 2, "loop": 2, "voice": 2}

    left, right = sf.read(clips()["guitar"])[0].T
    assert np.abs(left - right).max() > 0.05, "stereo in more than name"


def test_every_clip_has_its_licence() -> None:
    guitar = clips()["guitar"]
    text = (guitar.parent / "LICENSE.txt").read_text(encoding="utf-8")
    head, _, deed = text.partition("Statement of Purpose")
    assert "Public License Fallback" in deed
    for path in clips().values():
        _, found, entry = head.partition(f"\n{path.name}\n")
        assert found, path.name
        entry = entry.split("\n\n")[0]
        assert "Copyright:" in entry
        assert "freesound.org/people/" in entry
        assert "CC0" in entry


def test_the_clips_stay_small() -> None:
    assert sum(path.stat().st_size for path in clips().values()) < 4_000_000
