"""LAION-CLAP as ears: a joint embedding of sound and text, trained on pairs found on the web.

Its text is a place, not a change: "bright" lies where bright recordings lie. Other ears know what a
word changes; here that is the way from one text to another (StyleGAN-NADA, Gal et al. 2022).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ifx_bridge.audio import file_sha256
from ifx_bridge.ears import clap_audio, clap_text
from ifx_bridge.ears.base import register, register_files
from ifx_bridge.models import clap
from ifx_bridge.models.catalog import DEFAULT, KNOWN
from ifx_bridge.models.store import Store

if TYPE_CHECKING:
    from torch import Tensor

# How long a change is in CLAP's space, where every point is 1 from the middle. A choice: effects
# move a recording by some tenths, only in part along the words, and `losses.aimed` wants a place
# that can be reached.
REACH = 0.3


class Model(Protocol):
    """A CLAP model, whatever runs it."""

    def hear(self, crops: Tensor) -> Tensor:
        """`[n, channels, clap_audio.CROP]` at 48 kHz to unit vectors `[n, dim]`; differentiable."""
        ...

    def read(self, texts: list[str]) -> Tensor:
        """Texts to unit vectors `[texts, dim]`."""
        ...


class ClapEars:
    """The ears; see the module."""

    sample_rate = clap_audio.SAMPLE_RATE

    def __init__(self, name: str, model: Model, texts: clap_text.TextCache) -> None:
        """Made of a model.

        Args:
            name: What these ears are called.
            model: It embeds audio and text.
            texts: Where embeddings of texts are kept.
        """
        self.name = name
        self._model = model
        self._texts = texts
        self._points: dict[str, Tensor] = {}

    def embed_audio(self, audio: Tensor, sample_rate: float) -> Tensor:
        """See `Ears`; unit vectors, the mean of ten-second stretches, unchanged by gain."""
        import torch

        crops = clap_audio.prepared(audio, sample_rate)
        batch, count = crops.shape[:2]
        points = self._model.hear(crops.flatten(0, 1)).reshape(batch, count, -1).mean(1)
        return torch.nn.functional.normalize(points, dim=-1)

    def embed_text(self, text: str) -> Tensor | None:
        """See `Ears`: the change from a neutral recording, `REACH` long."""
        return self.change([text], [])

    def change(self, toward: Sequence[str], away: Sequence[str]) -> Tensor | None:
        """See `Directed`: from one side's place to the other's, `REACH` long.

        The place of no words at all is that of a neutral recording.
        """
        there, here = self.place(toward), self.place(away)
        if there is None and here is None:
            return None
        neutral = self._mean(clap_text.NEUTRAL)
        way = (neutral if there is None else there) - (neutral if here is None else here)
        length = float(way.norm())
        return None if length < 1e-6 else way * (REACH / length)

    def point(self, text: str) -> Tensor:
        """Where a text lies, `[dim]`, 1 long."""
        return self._mean(clap_text.prompts(text))

    def place(self, words: Sequence[str]) -> Tensor | None:
        """See `Placed`."""
        import torch

        points = [self.point(word) for word in words if word.strip()]
        if not points:
            return None
        return torch.nn.functional.normalize(torch.stack(points).mean(0), dim=-1)

    def _mean(self, prompts: tuple[str, ...]) -> Tensor:
        import torch

        key = "\n".join(prompts)
        if key not in self._points:
            with torch.no_grad():
                points = self._texts.embed(prompts, self._model.read)
            self._points[key] = torch.nn.functional.normalize(points.mean(0), dim=-1)
        return self._points[key]


class TransformersModel:
    """CLAP as transformers computes it."""

    def __init__(self, weights: dict[str, Tensor], vocabulary: Path, merges: Path) -> None:
        """Made of weights as `ifx_bridge.models.clap.read` gives them, and RoBERTa's files."""
        from transformers import ClapModel

        self._tokenizer = clap_text.tokenizer(vocabulary, merges)
        self.network = ClapModel.from_pretrained(
            None, config=clap.config(weights), state_dict=weights, local_files_only=True
        )
        self.network.requires_grad_(False)
        self.network.train(False)

    def hear(self, crops: Tensor) -> Tensor:
        """See `Model`."""
        spectrogram = clap_audio.log_mel(crops).to(self.network.dtype)
        heard: Tensor = self.network.get_audio_features(spectrogram).pooler_output
        return heard.to(crops.dtype)

    def read(self, texts: list[str]) -> Tensor:
        """See `Model`."""
        tokens = self._tokenizer(
            texts, padding=True, truncation=True, max_length=clap_text.LONGEST, return_tensors="pt"
        )
        read: Tensor = self.network.get_text_features(**tokens).pooler_output
        return read


def load(
    name: str,
    path: Path | None = None,
    run: Callable[[dict[str, Tensor], Path, Path], Model] = TransformersModel,
) -> ClapEars:
    """Ears from a checkpoint.

    Args:
        name: What they are called.
        path: The checkpoint; by default the installed one, of the name or else the default.
        run: What makes a model of its weights and the tokenizer's two files.

    Raises:
        UserError: Something is missing or damaged; the message says how to get it.
    """
    clap.needs_transformers()
    store = Store.default()
    if path is None:
        installed = name if name in KNOWN else DEFAULT
        path = store.path(installed)
        receipt = store.receipt(installed)
        assert receipt is not None
        sha256 = receipt.sha256
    else:
        sha256 = file_sha256(path) if path.is_file() else ""
    vocabulary, merges = store.vocabulary()
    hashes = "".join((sha256, file_sha256(vocabulary), file_sha256(merges)))
    texts = clap_text.TextCache.default(hashlib.sha256(hashes.encode()).hexdigest())
    return ClapEars(name, run(clap.read(path), vocabulary, merges), texts)


for _name in ("laion", *(known.name for known in KNOWN.values() if known.kind == "clap")):
    register(_name, cache(partial(load, _name)))
register_files(clap.is_checkpoint, lambda path: load(path.stem, path))
