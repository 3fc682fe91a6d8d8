"""Files as CLAP is published, of the full size, with weights that mean nothing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch
from tokenizers.pre_tokenizers import ByteLevel

from ifx_bridge.models import clap

TINY, BASE = 96, 128
PREFIX = "module."


@cache
def shapes(width: int) -> dict[str, torch.Size]:
    """Published names and shapes of what is used, from transformers' own model."""
    from transformers import ClapModel

    clap.needs_transformers()
    with torch.device("meta"):
        state = ClapModel(clap._config(width)).state_dict()
        kept = {n: t for n, t in state.items() if not n.endswith(clap.COMPUTED)}
        return {n: t.shape for n, t in clap.published(kept).items()}


def zeros(width: int) -> dict[str, torch.Tensor]:
    """All tensors, in memory (and in a file) of one number each."""
    return {n: torch.zeros(()).expand(shape) for n, shape in shapes(width).items()}


def random(width: int, text_layers: int = 12) -> dict[str, torch.Tensor]:
    """All tensors, such that what comes in makes a difference to what comes out.

    Layers of the text beyond the given number pass on what comes in, and take no time to write.
    """
    generator = torch.Generator().manual_seed(width)
    state = {}
    for name, shape in shapes(width).items():
        layer = name.removeprefix("text_branch.encoder.layer.").partition(".")[0]
        if layer.isdigit() and int(layer) >= text_layers:
            state[name] = torch.tensor(float(name.endswith("LayerNorm.weight"))).expand(shape)
            continue
        spread = 1.5 / max(1, shape[1:].numel()) ** 0.5 if len(shape) > 1 else 0.1
        drawn = spread * torch.randn(shape, generator=generator)
        if name.endswith("running_var"):
            drawn = torch.full(shape, 400.0)  # decibels, squared
        elif name.endswith("running_mean"):
            drawn = torch.full(shape, -30.0)
        elif ("norm" in name.lower() or "bn0" in name) and name.endswith("weight"):
            drawn = 1 + drawn
        state[name] = drawn
    return state


def write(path: Path, state: dict[str, torch.Tensor]) -> Path:
    """As LAION saved it: with a prefix, constants, heads, indices, and numpy numbers."""
    extra = {
        "text_branch.embeddings.position_ids": torch.arange(514)[None],
        "audio_branch.spectrogram_extractor.stft.conv_real.weight": torch.zeros(513, 1, 1024),
        "audio_branch.logmel_extractor.melW": torch.zeros(513, 64),
        "audio_branch.bn0.num_batches_tracked": torch.tensor(7),
        "audio_branch.layers.0.blocks.0.attn.relative_position_index": torch.zeros(64, 64).long(),
        "audio_branch.layers.0.blocks.1.attn_mask": torch.zeros(64, 64, 64),
        "audio_branch.tscam_conv.weight": torch.zeros(527, 768, 2, 3),
        "audio_branch.head.weight": torch.zeros(527, 527),
        "text_transform.sequential.0.weight": torch.zeros(512, 512),
        "audio_transform.sequential.0.weight": torch.zeros(512, 512),
    }
    training = {
        "epoch": 15,
        "name": "a run",
        "state_dict": {PREFIX + n: t for n, t in (state | extra).items()},
        "optimizer": {"param_groups": [{"lr": np.float64(1e-4), "step": np.int64(3)}]},
    }
    torch.save(training, path)
    return path


def write_tokenizer(folder: Path, merges: int = 50000) -> tuple[Path, Path]:
    """A tokenizer of RoBERTa's form and size that splits words otherwise."""
    letters = sorted(ByteLevel.alphabet())
    pairs = list(itertools.islice(itertools.product(letters, letters), merges))
    words = ["<s>", "<pad>", "</s>", "<unk>", *letters, *(a + b for a, b in pairs)]
    words += [f"madeupword{n}" for n in range(50264 - len(words))] + ["<mask>"]
    vocabulary, lines = folder / "vocab.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({w: n for n, w in enumerate(words)}), encoding="utf-8")
    text = "\n".join(["#version: 0.2", *(f"{a} {b}" for a, b in pairs)])
    lines.write_text(text + "\n", encoding="utf-8")
    return vocabulary, lines


Edit = Callable[[dict[str, torch.Tensor]], object]
