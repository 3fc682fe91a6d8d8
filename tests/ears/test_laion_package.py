"""The ears `laion` beside LAION's own package, which computes the same of the same weights.

`make test-laion` builds the environment that the package needs, and runs this.
"""

from __future__ import annotations

from importlib.util import find_spec
from unittest.mock import patch

import pytest
import torch

from ifx_bridge.ears import clap_audio, clap_text, laion
from ifx_bridge.ears.laion_package import PackageModel
from ifx_bridge.models import clap
from tests import clap_files

pytestmark = pytest.mark.laion_package

RATE = clap_audio.SAMPLE_RATE


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[laion.ClapEars]:
    """Ears run by transformers and by the package, with the same weights."""
    if find_spec("laion_clap") is None:
        pytest.skip("LAION's package is not installed; see `make test-laion`")
    clap.needs_transformers()
    try:
        import torchvision
    except RuntimeError:
        # The published torchvision has no operators for a torch without CUDA, and describes them.
        with patch.object(
            torch.library, "register_fake", lambda *a, **k: lambda function: function
        ):
            import torchvision  # noqa: F401
    folder = tmp_path_factory.mktemp("laion-package")
    weights = clap.renamed(clap_files.random(clap_files.TINY))
    files = clap_files.write_tokenizer(folder)
    models = {"laion": laion.TransformersModel, "laion-package": PackageModel}
    return [
        laion.ClapEars(name, make(weights, *files), clap_text.TextCache(folder / name, ""))
        for name, make in models.items()
    ]


@pytest.mark.parametrize("seconds", [1, 3, 10, 12])
def test_hear_the_same(both: list[laion.ClapEars], seconds: int) -> None:
    """Of one channel: the package takes no more."""
    generator = torch.Generator().manual_seed(seconds)
    clip = torch.randn(2, 1, seconds * RATE, generator=generator) / 10
    ours, theirs = (ears.embed_audio(clip, RATE) for ears in both)
    assert ours.shape == (2, 512)
    assert (ours - theirs).abs().max() < 1e-4


def test_have_the_same_gradients(both: list[laion.ClapEars]) -> None:
    gradients = []
    for ears in both:
        clip = torch.randn(1, 1, 44100, generator=torch.Generator().manual_seed(0)) / 10
        clip.requires_grad_(True)
        ears.embed_audio(clip, 44100)[0, :5].sum().backward()
        assert clip.grad is not None
        gradients.append(clip.grad.flatten())
    assert torch.cosine_similarity(*gradients, dim=0) > 0.999


@pytest.mark.parametrize("text", ["bright", "like a very large church", "8-bit, lo-fi!"])
def test_read_the_same(both: list[laion.ClapEars], text: str) -> None:
    ours, theirs = (ears.embed_text(text) for ears in both)
    assert ours is not None and theirs is not None
    assert (ours - theirs).abs().max() < 1e-4
