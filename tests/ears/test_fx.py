"""The FX ears: what they must not hear, where words lie, and what damaged weights do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ifx_bridge.audio import excerpt, load
from ifx_bridge.demo import clips
from ifx_bridge.ears import Ears, chosen, ears, fx
from ifx_bridge.ears.measures import measure, names
from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError
from ifx_bridge.words.knowledge import knowledge

EARS = fx.FxEars.load()
CLIP = load(clips()["guitar"])
RATE = CLIP.sample_rate
DRY = torch.nn.functional.pad(torch.from_numpy(excerpt(CLIP, 2.0).copy()), (0, RATE // 2))[None]


def likeness(a: str, b: str) -> float:
    one, other = EARS.embed_text(a), EARS.embed_text(b)
    assert one is not None and other is not None
    return float(torch.cosine_similarity(one, other, dim=0))


def test_is_ears_and_small() -> None:
    assert isinstance(EARS, Ears)
    assert fx.SHIPPED.stat().st_size < 2_000_000


def test_names_every_measurement_and_is_finite_on_anything() -> None:
    noise = torch.randn(3, 2, 30000, generator=torch.Generator().manual_seed(0))
    for audio in (noise, torch.zeros(1, 1, 8000), torch.eye(1, 9000)[None], noise[..., :600]):
        found = measure(audio, 22050)
        assert found.shape == (audio.shape[0], len(names()))
        assert torch.isfinite(found).all()
        assert torch.isfinite(EARS.embed_audio(audio, 22050)).all()


@pytest.mark.parametrize("gain", [0.01, 0.3, 4.0])
def test_loudness_buys_nothing(gain: float) -> None:
    here, there = (EARS.embed_audio(x, RATE) for x in (DRY, gain * DRY))
    assert torch.allclose(here, there, atol=1e-2)


@pytest.mark.parametrize("rate", [32000, 48000, 96000])
def test_hears_nearly_the_same_at_any_rate(rate: int) -> None:
    from scipy.signal import resample_poly

    rows = resample_poly(DRY[0].numpy(), rate // 100, RATE // 100, axis=-1)
    other = torch.from_numpy(np.ascontiguousarray(rows))[None]
    # The bands end at 15 kHz, so nothing is missing; windows differ by samples.
    assert (measure(DRY, RATE) - measure(other, rate)).abs().max() < 0.5


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


WORDS = ["bright", "dark", "muffled", "church", "gritty", "squashed", "telephone", "8-bit"]


def test_a_word_is_nearest_to_its_own_effect() -> None:
    before = EARS.embed_audio(DRY, RATE)[0]
    points = {w: p for w in WORDS if (p := EARS.embed_text(w)) is not None}
    right = 0
    for word in WORDS:
        chain = Chain(knowledge().descriptors[word].slots())
        change = EARS.embed_audio(chain.forward(DRY, RATE), RATE)[0] - before
        like = {w: float(torch.cosine_similarity(change, p, dim=0)) for w, p in points.items()}
        right += max(like, key=lambda w: like[w]) == word
    assert right >= len(WORDS) - 1


@pytest.mark.parametrize(("less", "word"), [("gritty", "clean"), ("church", "dry")])
def test_taking_back_is_heard_as_the_opposite(less: str, word: str) -> None:
    chain = Chain(knowledge().descriptors[less].slots())
    change = (EARS.embed_audio(DRY, RATE) - EARS.embed_audio(chain.forward(DRY, RATE), RATE))[0]
    wanted = EARS.embed_text(word)
    assert wanted is not None
    assert float(torch.cosine_similarity(change, wanted, dim=0)) > 0.3


@pytest.mark.parametrize(
    ("one", "other"),
    [("bright", "dark"), ("warm", "cold"), ("gritty", "clean"), ("church", "dry")],
)
def test_opposites_point_apart(one: str, other: str) -> None:
    assert likeness(one, other) < 0


@pytest.mark.parametrize(
    ("unseen", "word"),
    [("sanctuary", "church"), ("luminous", "bright"), ("a sound from a cathedral", "church")],
)
def test_unseen_words_lie_near_what_they_mean(unseen: str, word: str) -> None:
    assert unseen not in EARS.points
    assert likeness(unseen, word) > 0.5


@pytest.mark.parametrize(
    ("spanish", "english"),
    [("frío", "cold"), ("CALIENTE", "warm"), ("pesado", "heavy"), ("oscuro", "dark")],
)
def test_spanish_words_are_known(spanish: str, english: str) -> None:
    assert fx.key_of(spanish) in EARS.points
    assert likeness(spanish, english) > 0


def test_what_means_nothing_is_none() -> None:
    assert EARS.embed_text("qwertzuiop") is None


# Files.


def test_saves_and_loads_the_same(tmp_path: Path) -> None:
    weights, words = fx.load(fx.SHIPPED)
    fx.save(tmp_path / "again.safetensors", weights, words)
    again = ears(str(tmp_path / "again.safetensors"))
    assert torch.equal(again.embed_audio(DRY, RATE), EARS.embed_audio(DRY, RATE))


def test_damaged_files_are_explained(tmp_path: Path) -> None:
    whole = fx.SHIPPED.read_bytes()
    path = tmp_path / "fx.safetensors"
    for damaged in (b"", whole[:100], whole[:-50], b"\x80\x04 pickle", b"\xff" * 5000):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"fx\.safetensors"):
            fx.FxEars.load(path)
    with pytest.raises(UserError, match="missing"):
        fx.FxEars.load(tmp_path / "nothing.safetensors")


@pytest.mark.parametrize("name", sorted(fx.SHAPES))
def test_wrong_tensors_are_explained(tmp_path: Path, name: str) -> None:
    weights, words = fx.load(fx.SHIPPED)
    path = tmp_path / "fx.safetensors"
    for wrong in (weights[name][:-1], torch.full_like(weights[name], float("nan"))):
        fx.save(path, {**weights, name: wrong}, words)
        with pytest.raises(UserError, match=name):
            fx.FxEars.load(path)
    fx.save(path, {n: w for n, w in weights.items() if n != name}, words)
    with pytest.raises(UserError, match=name):
        fx.FxEars.load(path)


# Which ears.


def test_auto_says_which_and_why() -> None:
    name, why = chosen("auto")
    assert ears("auto").name == name and name in why
    assert chosen("perceptual") == ("perceptual", "")


def test_several_at_once() -> None:
    both = ears("fx:0.7+perceptual:0.3")
    assert both.name == "fx:0.7+perceptual:0.3"
    heard, bright = both.embed_audio(DRY, RATE), both.embed_text("bright")
    assert bright is not None and heard.shape == (1, len(bright))
    assert both.embed_text("qwertzuiop") is None
    with pytest.raises(UserError, match="weight"):
        ears("fx:-1+perceptual")
    with pytest.raises(UserError, match="no ears"):
        ears("fx+bat")
