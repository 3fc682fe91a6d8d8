"""LAION-CLAP as ears, with its whole architecture and weights that mean nothing.

So nothing here tells how well it hears; the published weights are not needed.
"""

from __future__ import annotations

import copy
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch

from ifx_bridge import audio, engine
from ifx_bridge.demo import clips
from ifx_bridge.ears import Ears, base, clap_audio, ears, laion, losses
from ifx_bridge.errors import UserError
from ifx_bridge.models import clap
from ifx_bridge.models.catalog import DEFAULT, KNOWN, MERGES, VOCABULARY
from ifx_bridge.models.store import Store
from ifx_bridge.refine import Settings
from tests import clap_files

RATE = clap_audio.SAMPLE_RATE
NAMES = ("laion", "laion-package", DEFAULT)


# Ears are made once and kept; these are not kept, or only for these tests.
ANEW: dict[str, Callable[[], Ears]] = {
    name: base._makers[name].__wrapped__  # type: ignore[attr-defined]
    for name in NAMES
}
kept = cache(ANEW["laion"])


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkpoint with the small encoder, `mine.pt`, and a store that it was brought to.

    For the session, since making it takes seconds and workers come back to these tests.
    """
    folder = tmp_path_factory.mktemp("laion")
    path = clap_files.write(folder / "mine.pt", clap_files.random(clap_files.TINY, text_layers=2))
    words, merges = clap_files.write_tokenizer(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, file in {DEFAULT: path, VOCABULARY: words, MERGES: merges}.items():
            digest = audio.file_sha256(file)
            patch.setitem(KNOWN, name, replace(KNOWN[name], sha256=digest))
            Store(folder / "models").bring(file)
    yield folder
    kept.cache_clear()
    shutil.rmtree(folder)  # a gigabyte


@pytest.fixture
def checkpoint(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkpoint, with its files in the store and no network."""

    def refused(*args: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setenv("IFX_MODELS", str(folder / "models"))
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *a, **k: folder / "cache")
    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setitem(base._makers, "laion", kept)
    return folder / "mine.pt"


@pytest.fixture
def heard(checkpoint: Path) -> laion.ClapEars:
    found = ears("laion")
    assert isinstance(found, laion.ClapEars)
    return found


def sound(seconds: float, channels: int = 2, rate: int = RATE, batch: int = 1) -> torch.Tensor:
    """Noise whose level and colour change, the same at any rate."""
    from scipy.signal import resample_poly

    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(batch, channels, round(seconds * 11025), generator=generator) / 10
    noise *= torch.linspace(1, 0.2, noise.shape[-1])
    shape = torch.from_numpy(resample_poly(noise.numpy(), rate, 11025, axis=-1))
    return shape.float()


def likeness(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.cosine_similarity(a, b, dim=-1).min())


def test_from_the_store(heard: laion.ClapEars) -> None:
    assert isinstance(heard, Ears) and isinstance(heard, base.Directed)
    assert heard.name == "laion" and heard.sample_rate == 48000
    assert ears("laion") is heard
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    found = heard.embed_audio(sound(1, batch=3), RATE)
    assert found.shape == (3, 512)
    assert torch.allclose(found.norm(dim=-1), torch.ones(3))
    # The weights do something.
    assert likeness(found[:1], heard.embed_audio(torch.eye(1, RATE)[None], RATE)) < 0.9


def test_from_a_file(heard: laion.ClapEars, checkpoint: Path) -> None:
    """As it is published: the same as what the store has made of it."""
    from_file = ears(str(checkpoint))
    assert isinstance(from_file, laion.ClapEars) and from_file.name == "mine"
    other, same = (each.embed_audio(sound(1), RATE) for each in (from_file, heard))
    assert torch.allclose(other, same, atol=1e-5)


@pytest.mark.parametrize("gain", [1e-3, 20])
def test_loudness_buys_nothing(heard: laion.ClapEars, gain: float) -> None:
    here, there = (heard.embed_audio(x, RATE) for x in (sound(1), gain * sound(1)))
    assert torch.allclose(here, there, atol=1e-3)


@pytest.mark.parametrize(("rate", "channels"), [(22050, 1), (44100, 2), (96000, 2)])
def test_hears_the_same_at_any_rate(heard: laion.ClapEars, rate: int, channels: int) -> None:
    here = heard.embed_audio(sound(1, channels), RATE)
    there = heard.embed_audio(sound(1, channels, rate), rate)
    assert there.shape == (1, 512) and likeness(here, there) > 0.99


def test_channels_are_folded_as_energy(heard: laion.ClapEars) -> None:
    mono = sound(1, 1)
    expected = heard.embed_audio(mono, RATE)
    for other in (torch.cat([mono, mono], 1), torch.cat([mono, -mono], 1)):
        assert torch.allclose(heard.embed_audio(other, RATE), expected, atol=1e-3)


def test_long_clips_are_heard_the_same_every_time(heard: laion.ClapEars) -> None:
    long = sound(12, 1)
    with torch.no_grad():
        first, second = (heard.embed_audio(long, RATE) for _ in range(2))
        crops = [heard.embed_audio(long[..., s * RATE : (s + 10) * RATE], RATE) for s in (0, 2)]
    assert torch.equal(first, second)
    assert torch.allclose(first.norm(dim=-1), torch.ones(1))
    mean = torch.nn.functional.normalize(torch.stack(crops).mean(0), dim=-1)
    assert likeness(first, mean) > 0.999  # but for the level, which is of the whole


def test_silence_is_heard(heard: laion.ClapEars) -> None:
    for silence in (torch.zeros(1, 2, 1000), torch.zeros(1, 1, 1)):
        assert torch.isfinite(heard.embed_audio(silence, 44100)).all()


@pytest.mark.parametrize(("seconds", "rate"), [(1, 44100), (11, 48000)])
def test_gradients_reach_every_sample(heard: laion.ClapEars, seconds: int, rate: int) -> None:
    clip = sound(seconds, 2, rate).requires_grad_(True)
    heard.embed_audio(clip, rate)[0, :5].sum().backward()
    assert clip.grad is not None and torch.isfinite(clip.grad).all()
    assert (clip.grad != 0).float().mean() > 0.999


def test_gradients_agree_with_finite_differences(heard: laion.ClapEars) -> None:
    """Through the whole audio encoder, in double precision."""
    network = heard._model.network  # type: ignore[attr-defined]
    encoder = copy.deepcopy(network.audio_model).double()
    clip, direction = sound(1).double(), sound(1).flip(-1).double()
    head = torch.randn(768, generator=torch.Generator().manual_seed(0)).double()
    at = torch.zeros((), dtype=torch.float64, requires_grad=True)

    def along(step: torch.Tensor) -> torch.Tensor:
        crops = clap_audio.cropped(clap_audio.leveled(clip + step * direction)).flatten(0, 1)
        return encoder(clap_audio.log_mel(crops)).pooler_output[0] @ head

    along(at).backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        numeric = (along(torch.tensor(1e-6)) - along(torch.tensor(-1e-6))) / 2e-6
    assert at.grad is not None and abs(float(numeric)) > 1e-3
    assert float(at.grad) == pytest.approx(float(numeric), rel=1e-4)


def test_words_are_changes_of_one_length(heard: laion.ClapEars) -> None:
    bright, dark = heard.embed_text("bright"), heard.embed_text("dark")
    assert bright is not None and dark is not None and not torch.allclose(bright, dark)
    assert float(bright.norm()) == pytest.approx(laion.REACH, rel=1e-5)
    assert heard.embed_text(" ") is None and heard.change([], []) is None
    assert heard.change(["bright"], ["bright"]) is None


def test_swapped_words_are_opposite_changes(heard: laion.ClapEars) -> None:
    change = losses.word_change(heard, ["bright", "clear"], ["dark"])
    back = losses.word_change(heard, ["dark"], ["clear", "bright"])
    assert change is not None and back is not None
    assert torch.equal(change, heard.change(["bright", "clear"], ["dark"]))
    assert torch.allclose(change, -back, atol=1e-6)
    assert float(change.norm()) == pytest.approx(laion.REACH, rel=1e-5)
    # Words to get away from only.
    away, toward = losses.word_change(heard, [], ["dark"]), heard.embed_text("dark")
    assert away is not None and torch.allclose(away, -toward, atol=1e-6)
    before = torch.nn.functional.normalize(torch.ones(1, 512), dim=-1)
    assert losses.score(before, before, change) == pytest.approx(0, abs=1e-4)
    assert losses.score(before, before + change, change) == pytest.approx(1, abs=1e-2)


def test_places_of_texts_can_be_aimed_at(heard: laion.ClapEars) -> None:
    bright, dark, dull = (heard.point(text) for text in ("bright", "dark", "dull"))
    assert float(losses.semantic(bright, bright)) == pytest.approx(0, abs=1e-6)
    negatives = torch.stack([dark, dull])
    clip = sound(1).requires_grad_(True)
    after = heard.embed_audio(clip, RATE)
    loss = losses.guided(after, bright, negatives)
    repelled = torch.cosine_similarity(after, negatives, dim=-1).mean()
    expected = losses.semantic(after, bright) + 0.5 * repelled
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), abs=1e-6)
    loss.backward()  # type: ignore[no-untyped-call]
    assert clip.grad is not None and clip.grad.abs().sum() > 0


class Illiterate:
    """A model that must not be asked to read."""

    def __init__(self, weights: dict[str, torch.Tensor], vocabulary: Path, merges: Path) -> None:
        pass

    def read(self, texts: list[str]) -> torch.Tensor:
        raise AssertionError(texts)


def test_texts_are_read_once_for_all(heard: laion.ClapEars) -> None:
    """Ears made later of the same weights find on disk what the first ones have read."""
    expected = heard.embed_text("a word asked twice")
    later = laion.load("laion", run=Illiterate)  # type: ignore[arg-type]
    found = later.embed_text("a word asked twice")
    assert found is not None and expected is not None and torch.equal(found, expected)
    with pytest.raises(AssertionError):
        later.embed_text("a word never asked")


def test_beside_other_ears(heard: laion.ClapEars) -> None:
    both = ears("fx+laion:0.3")
    wanted = both.embed_text("bright")
    found = both.embed_audio(sound(1), RATE)
    assert wanted is not None and found.shape == (1, len(wanted))
    assert found.shape[1] > 512


def test_a_turn(checkpoint: Path) -> None:
    """From an instruction to sound, with these ears."""
    clip = audio.load(clips()["guitar"])
    quick = Settings(steps=2, trial_steps=1, starts=1, seconds=1.0, tail_seconds=0.25)
    doing = engine.Engine(ears="laion", settings=quick)
    result = doing.turn(engine.open_session(clip), clip, "make it bright")
    assert result.turn.ears == "laion"
    assert result.audio.shape == clip.samples.shape
    assert torch.isfinite(torch.from_numpy(result.audio)).all()
    assert len(result.trace) == 3 and all(abs(score) < 100 for score in result.trace)
    assert result.turn.score.after < 1


def test_the_large_encoder(checkpoint: Path) -> None:
    """The one of the default model."""
    weights = clap.renamed(clap_files.random(clap_files.BASE, text_layers=0))
    model = laion.TransformersModel(weights, *Store.default().vocabulary())
    crops = clap_audio.prepared(sound(1), RATE).flatten(0, 1).requires_grad_(True)
    found = model.hear(crops)
    assert found.shape == (1, 512) and torch.allclose(found.norm(), torch.ones(()))
    found[0, 0].backward()
    assert crops.grad is not None and (crops.grad != 0).any()


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No models."""
    monkeypatch.setenv("IFX_MODELS", str(tmp_path))
    for name, make in ANEW.items():
        monkeypatch.setitem(base._makers, name, make)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_without_files_it_says_how_to_get_them(empty: Path, name: str) -> None:
    with pytest.raises(UserError, match=rf"missing: {DEFAULT}\.pt, vocab\.json, merges\.txt") as it:
        ears(name)
    assert f"ifx-bridge models fetch {DEFAULT}" in it.value.next_step


def test_a_checkpoint_alone_needs_the_tokenizer(empty: Path) -> None:
    path = empty / "mine.pt"
    path.write_bytes(b"")
    with pytest.raises(UserError, match=r"missing: vocab\.json, merges\.txt") as caught:
        ears(str(path))
    assert "ifx-bridge models fetch roberta-vocab" in caught.value.next_step
    with pytest.raises(UserError, match="missing") as caught:
        ears(str(empty / "none.pt"))


def test_damaged_files_are_named(checkpoint: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pt"
    cut.write_bytes(b"PK" * 1000)
    with pytest.raises(UserError, match=r"cut\.pt is damaged") as caught:
        ears(str(cut))
    assert caught.value.next_step
    with pytest.raises(UserError, match="no file"):
        ears(str(tmp_path / "none.pt"))


def test_without_transformers_it_says_what_to_install(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers.utils", None)
    with pytest.raises(UserError, match="needs transformers") as caught:
        ears("laion")
    assert "pip install 'ifx-bridge[clap]'" in caught.value.next_step


def test_without_the_package_it_says_what_to_install(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "laion_clap", None)
    with pytest.raises(UserError, match="'laion-package' need LAION's package") as caught:
        ears("laion-package")
    assert "laion-clap==1.1.7" in caught.value.next_step
    assert "--ears laion" in caught.value.next_step
