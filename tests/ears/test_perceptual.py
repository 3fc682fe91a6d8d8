"""The ears: what they must not hear, what they must, and where words lie."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ifx_bridge.audio import excerpt, load
from ifx_bridge.demo import clips
from ifx_bridge.ears import Ears, ears, losses
from ifx_bridge.ears.perceptual import feature_names, measure
from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError
from ifx_bridge.words.knowledge import knowledge

EARS = ears("perceptual")
CLIP = load(clips()["guitar"])
RATE = CLIP.sample_rate
DRY = torch.nn.functional.pad(torch.from_numpy(excerpt(CLIP, 2.0).copy()), (0, RATE // 2))[None]


def test_is_ears() -> None:
    assert isinstance(EARS, Ears)
    assert EARS.sample_rate == 32000
    with pytest.raises(UserError, match="no ears"):
        ears("bat")


@pytest.mark.parametrize("gain", [0.01, 0.3, 4.0])
def test_loudness_buys_nothing(gain: float) -> None:
    assert torch.allclose(
        EARS.embed_audio(DRY, RATE), EARS.embed_audio(gain * DRY, RATE), atol=2e-3
    )


def test_names_every_measurement_and_is_finite_on_anything() -> None:
    noise = torch.randn(3, 2, 30000, generator=torch.Generator().manual_seed(0))
    for audio in (noise, torch.zeros(1, 1, 8000), torch.eye(1, 9000)[None], noise[..., :600]):
        found = measure(audio, 22050)
        assert found.shape == (audio.shape[0], len(feature_names()))
        assert torch.isfinite(found).all()


@pytest.mark.parametrize("rate", [16000, 48000, 96000])
def test_hears_the_same_at_any_rate(rate: int) -> None:
    from scipy.signal import resample_poly

    rows = resample_poly(DRY[0].numpy(), rate // 100, RATE // 100, axis=-1)
    other = torch.from_numpy(np.ascontiguousarray(rows))[None]
    here, there = measure(DRY, RATE)[0], measure(other, rate)[0]
    # Above the Nyquist of the lower rate there is nothing left to hear.
    same = [i for i, n in enumerate(feature_names()) if "treble" not in n and "energy" not in n]
    assert (here[same] - there[same]).abs().max() < 0.35


def test_gradient_matches_finite_differences() -> None:
    audio = DRY.double()[..., : RATE // 2]
    direction = torch.randn(audio.shape, generator=torch.Generator().manual_seed(1)).double() * 1e-2
    at = torch.zeros((), dtype=torch.float64, requires_grad=True)

    def heard(step: torch.Tensor) -> torch.Tensor:
        return EARS.embed_audio(audio + step * direction, RATE).sum()

    heard(at).backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        numeric = (heard(torch.tensor(1e-4)) - heard(torch.tensor(-1e-4))) / 2e-4
    assert at.grad is not None
    assert float(at.grad) == pytest.approx(float(numeric), rel=1e-2)


WORDS = ["bright", "dark", "warm", "muffled", "church", "gritty", "squashed", "telephone", "8-bit"]


def test_a_word_is_nearest_to_its_own_effect() -> None:
    """On a recording, a word's settings are heard as that word rather than the others."""
    before = EARS.embed_audio(DRY, RATE)[0]
    points = {w: p for w in WORDS if (p := EARS.embed_text(w)) is not None}
    right = 0
    for word in WORDS:
        chain = Chain(knowledge().descriptors[word].slots())
        change = EARS.embed_audio(chain.forward(DRY, RATE), RATE)[0] - before
        likeness = {w: float(torch.cosine_similarity(change, p, dim=0)) for w, p in points.items()}
        right += max(likeness, key=lambda w: likeness[w]) == word
    assert right >= 8


def test_opposites_point_apart_and_unknown_words_are_reached() -> None:
    bright, dark = EARS.embed_text("bright"), EARS.embed_text("dark")
    assert bright is not None and dark is not None
    assert float(torch.cosine_similarity(bright, dark, dim=0)) < -0.2
    church = EARS.embed_text("church")
    for word in ("minster chapel", "sanctuary"):  # the second is in no table of ours
        reached = EARS.embed_text(word)
        assert reached is not None and church is not None
        assert float(torch.cosine_similarity(reached, church, dim=0)) > 0.7
    assert EARS.embed_text("qwertzuiop") is None


def test_losses() -> None:
    before, change = torch.zeros(1, 4), torch.tensor([2.0, 0, 0, 0])
    there, beside = before + change, before + torch.tensor([2.0, 2.0, 0, 0])
    assert float(losses.aimed(before, before, change)) == pytest.approx(1)
    assert float(losses.aimed(before, there, change)) == pytest.approx(0, abs=1e-6)
    assert 0 < float(losses.aimed(before, beside, change)) < 1
    # Past the point is worse than at it: there is a place to stop.
    assert float(losses.aimed(before, 3 * there, change)) > 1
    assert float(losses.directional(before, 3 * there, change)) == pytest.approx(0, abs=1e-6)
    assert losses.score(before, there, change) == pytest.approx(1, abs=1e-3)
    text = torch.tensor([1.0, 0, 0, 0])
    negatives = torch.tensor([[0.0, 1.0, 0, 0]])
    assert float(losses.semantic(there, text)) == pytest.approx(0, abs=1e-6)
    assert float(losses.guided(beside, text, negatives)) > float(losses.semantic(beside, text))
    assert losses.word_change(EARS, (), ()) is None
