"""What CLAP hears of audio: as in its training, and with gradients that are right."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import resample_poly

from ifx_bridge.ears import clap_audio

RATE = clap_audio.SAMPLE_RATE


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(shape, generator=generator, dtype=torch.float64)


def sounds() -> dict[str, torch.Tensor]:
    """Three seconds each, `[samples]` in double precision, between silence and full scale."""
    seconds = torch.arange(3 * RATE, dtype=torch.float64) / RATE
    return {
        "noise": noise(3 * RATE),
        "tone": 0.9 * torch.sin(2 * torch.pi * 440 * seconds),
        "decay": noise(3 * RATE, seed=1) * torch.exp(-5 * seconds),
        "click": torch.nn.functional.pad(torch.ones(1, dtype=torch.float64), (1000, RATE)),
    }


@pytest.mark.parametrize("kind", list(sounds()))
def test_the_spectrogram_is_that_of_transformers(kind: str) -> None:
    from transformers import ClapFeatureExtractor

    sound = sounds()[kind]
    theirs = ClapFeatureExtractor(
        feature_size=64, sampling_rate=RATE, hop_length=480, fft_window_size=1024,
        frequency_min=50, frequency_max=14000, truncation="rand_trunc", padding="repeatpad",
    )(sound.numpy(), sampling_rate=RATE, return_tensors="pt")["input_features"]  # fmt: skip
    ours = clap_audio.log_mel(clap_audio.cropped(sound[None, None]).flatten(0, 1))
    assert ours.shape == theirs.shape == (1, 1, 1001, 64)
    assert (ours - theirs).abs().max() < 1e-3
    single = clap_audio.log_mel(clap_audio.cropped(sound[None, None]).flatten(0, 1).float())
    audible = theirs > -60
    assert (single - theirs)[audible].abs().max() < 1e-2


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 32000, 44100, 88200, 96000, 192000])
@pytest.mark.parametrize("samples", [1, 7, 1000, 12345])
def test_resampling_is_that_of_scipy(rate: int, samples: int) -> None:
    audio = noise(2, 3, samples)
    ours = clap_audio.resampled(audio, rate)
    common = np.gcd(rate, RATE)
    theirs = resample_poly(audio.numpy(), RATE // common, rate // common, axis=-1)
    assert ours.shape == theirs.shape
    assert np.abs(ours.numpy() - theirs).max() < 1e-9


def test_odd_rates_keep_their_pitch() -> None:
    rate = 44099.7
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(44100, dtype=torch.float64) / rate)
    found = clap_audio.resampled(tone[None, None], rate)[0, 0, : RATE // 2]
    assert torch.fft.rfft(found).abs().argmax() == 500
    assert clap_audio.resampled(tone, RATE) is tone


def test_levels() -> None:
    quiet, loud = noise(1, 2, RATE) * 1e-3, noise(1, 2, RATE) * 30
    for sound in (quiet, loud):
        leveled = clap_audio.leveled(sound)
        assert float(leveled.pow(2).mean().sqrt()) == pytest.approx(clap_audio.LEVEL, rel=1e-6)
    click = torch.nn.functional.pad(torch.ones(1, 1, 1), (0, RATE))
    assert clap_audio.leveled(0.2 * click).max() == 1  # full scale is the limit
    assert not clap_audio.leveled(torch.zeros(1, 1, 100)).any()


def test_rounding_is_that_of_16_bits_and_lets_gradients_through() -> None:
    audio = noise(1, 1, 1000).requires_grad_(True)
    rounded = clap_audio.quantized(audio)
    steps = rounded.detach() * 32767
    assert (steps - steps.round()).abs().max() < 1e-6
    assert (rounded - audio).detach().abs().max() < 1 / 32767
    rounded.sum().backward()  # type: ignore[no-untyped-call]
    assert audio.grad is not None and (audio.grad == 1).all()


def test_short_audio_is_repeated_as_often_as_it_fits() -> None:
    sound = noise(1, 2, 3 * RATE)
    (crop,) = clap_audio.cropped(sound)[0]
    assert crop.shape == (2, clap_audio.CROP)
    for start in (0, 3, 6):
        assert torch.equal(crop[:, start * RATE : (start + 3) * RATE], sound[0])
    assert not crop[:, 9 * RATE :].any()


@pytest.mark.parametrize(
    ("seconds", "starts"), [(10, [0]), (12, [0, 2]), (25, [0, 7.5, 15]), (100, [0, 30, 60, 90])]
)
def test_long_audio_is_heard_at_fixed_places(seconds: int, starts: list[float]) -> None:
    sound = torch.arange(seconds * RATE)[None, None]
    crops = clap_audio.cropped(sound)
    assert crops.shape == (1, len(starts), 1, clap_audio.CROP)
    assert crops[0, :, 0, 0].tolist() == [round(s * RATE) for s in starts]


def test_channels_do_not_cancel() -> None:
    sound = noise(1, 1, clap_audio.CROP)
    opposite = torch.cat([sound, -sound], 1)
    assert torch.allclose(clap_audio.log_mel(opposite), clap_audio.log_mel(sound))


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 96000])
def test_gradients_agree_with_finite_differences(rate: int) -> None:
    """Of all but the rounding, which is a staircase."""
    audio = noise(1, 2, rate // 2)
    direction = noise(1, 2, rate // 2, seed=1)
    head = noise(1001 * clap_audio.MELS, seed=2)
    at = torch.zeros((), dtype=torch.float64, requires_grad=True)

    def heard(step: torch.Tensor) -> torch.Tensor:
        sound = clap_audio.leveled(clap_audio.resampled(audio + step * direction, rate))
        found = clap_audio.log_mel(clap_audio.cropped(sound).flatten(0, 1))
        return torch.tanh(found.flatten() / 20) @ head

    heard(at).backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        numeric = (heard(torch.tensor(1e-6)) - heard(torch.tensor(-1e-6))) / 2e-6
    assert at.grad is not None
    assert float(at.grad) == pytest.approx(float(numeric), rel=1e-5)
