"""LAION-CLAP checkpoints: read without running anything in them, checked, named anew.

LAION publishes PyTorch pickles of a whole training state. Here they become safetensors with the
names of `transformers.ClapModel`, which computes the same.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import ClapConfig


@dataclass(frozen=True)
class Encoder:
    """What the published audio encoders differ in."""

    name: str
    width: int
    depths: tuple[int, ...]


# By the width of their patches.
ENCODERS = {
    96: Encoder("HTSAT-tiny", 768, (2, 2, 6, 2)),
    128: Encoder("HTSAT-base", 1024, (2, 2, 12, 2)),
}
LONGEST_HEADER = 1 << 24  # bytes, of safetensors
PATCHES = "audio_model.audio_encoder.patch_embed.proj.weight"

# Names as published, and in transformers; the order matters both ways.
BRANCHES = (
    ("audio_branch.", "audio_model.audio_encoder."),
    ("text_branch.", "text_model."),
    ("_projection.0.", "_projection.linear1."),
    ("_projection.2.", "_projection.linear2."),
)
INSIDE_AUDIO = (
    (".bn0.", ".batch_norm."),
    (".attn.proj.", ".attention.output.dense."),
    (".attn.relative_position_bias_table", ".attention.self.relative_position_bias_table"),
    (".mlp.fc1.", ".intermediate.dense."),
    (".mlp.fc2.", ".output.dense."),
    (".norm1.", ".layernorm_before."),
    (".norm2.", ".layernorm_after."),
)
FUSED, SPLIT = ".attn.qkv.", tuple(f".attention.self.{part}." for part in ("query", "key", "value"))
# Of no use here: what the spectrogram is made with (ours is differentiable), heads for training,
# and indices that the model computes itself.
UNUSED = (
    "audio_branch.spectrogram_extractor.",
    "audio_branch.logmel_extractor.",
    "audio_branch.tscam_conv.",
    "audio_branch.head.",
    "audio_transform.",
    "text_transform.",
)
COMPUTED = (
    "position_ids",
    "token_type_ids",
    "relative_position_index",
    "num_batches_tracked",
    "attn_mask",
)


def needs_transformers() -> None:
    """Check that transformers can be imported, and keep it off the network.

    Raises:
        UserError: It is not installed.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        from transformers.utils import logging
    except ImportError as error:
        raise UserError(
            "LAION-CLAP needs transformers, which is not installed.",
            next_step="Install it: pip install 'ifx-bridge[clap]'.",
        ) from error
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def is_checkpoint(path: Path) -> bool:
    """Whether a file looks like one that `read` takes, by its name and header."""
    if path.suffix != ".safetensors":
        return path.suffix in (".pt", ".pth", ".ckpt")
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            return PATCHES.encode() in file.read(min(length, LONGEST_HEADER))
    except OSError:
        return False


def read(path: Path) -> dict[str, Tensor]:
    """The weights in a checkpoint, named and shaped as `transformers.ClapModel` wants them.

    Args:
        path: A `.pt` as LAION publishes it, or a `.safetensors`.

    Raises:
        UserError: It is missing, damaged, something else, or holds code.
    """
    needs_transformers()
    if not path.is_file():
        raise UserError(f"There is no file {path}.", next_step="Check the name and the folder.")
    if zipfile.is_zipfile(path):
        found = _read_pickle(path)
    elif _is_safetensors(path):
        found = _read_safetensors(path)
    else:  # the directory of PyTorch's format stands at the end
        raise _unreadable(path, "it is cut off, or neither of PyTorch nor safetensors")
    return _checked(path, found)


def convert(source: Path, target: Path, about: Mapping[str, str]) -> None:
    """Write a checkpoint as safetensors, atomically.

    Args:
        source: As for `read`.
        target: Where to.
        about: Kept in the file's header.

    Raises:
        UserError: `source` is no usable checkpoint, or `target` cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    from ifx_bridge.audio import atomic_path

    weights = read(source)
    try:
        with atomic_path(target) as temporary:
            save_file(weights, temporary, metadata={"format": "pt", **about})
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"{target.name} could not be written ({error}).",
            kept=f"{source.name} is as it was.",
            next_step="Make room on the disk, then try again.",
        ) from error


def encoder(weights: Mapping[str, Tensor]) -> Encoder:
    """The audio encoder that these weights are of, told by the width of its patches."""
    return ENCODERS[weights[PATCHES].shape[0]]


def config(weights: Mapping[str, Tensor]) -> ClapConfig:
    """The architecture that these weights are of."""
    return _config(weights[PATCHES].shape[0])


def renamed(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Published names to those of transformers; unused tensors are left out."""
    result: dict[str, Tensor] = {}
    for name, tensor in published.items():
        if name.startswith(UNUSED) or name.endswith(COMPUTED):
            continue
        parts = {name: tensor}
        if FUSED in name and tensor.dim():
            thirds = tensor.tensor_split(3)
            parts = {name.replace(FUSED, s): t for s, t in zip(SPLIT, thirds, strict=True)}
        for old, part in parts.items():
            pairs = INSIDE_AUDIO + BRANCHES if old.startswith("audio_branch.") else BRANCHES
            for theirs, ours in pairs:
                old = old.replace(theirs, ours)
            # Safetensors wants every tensor to have memory of its own.
            result[old] = part.contiguous() if part is tensor else part.clone()
    return result


def published(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `renamed`."""
    import torch

    result: dict[str, Tensor] = {}
    query, key, value = SPLIT
    for name, tensor in weights.items():
        old = name
        if old.startswith("audio_model.") and (key in old or value in old):
            continue
        if old.startswith("audio_model.") and query in old:
            tensor = torch.cat([weights[old.replace(query, part)] for part in SPLIT])
            old = old.replace(query, FUSED)
        pairs = INSIDE_AUDIO + BRANCHES if old.startswith("audio_model.") else BRANCHES
        for theirs, ours in pairs:
            old = old.replace(ours, theirs)
        result[old] = tensor
    return result


def _is_safetensors(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"  # after the header's length


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return {n: t for n, t in load_file(path).items() if not n.endswith(COMPUTED)}
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, str(error)) from error


def _read_pickle(path: Path) -> dict[str, Tensor]:
    import numpy as np
    import torch
    from numpy._core.multiarray import scalar

    # The published training states hold learning rates that are numpy numbers.
    harmless: list[Any] = [
        (scalar, "numpy.core.multiarray.scalar"),
        scalar,
        np.dtype,
        np.dtypes.Float64DType,
        np.dtypes.Int64DType,
    ]
    try:
        with torch.serialization.safe_globals(harmless):
            # Mapped rather than read: two thirds of a training state are never looked at.
            state: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # a damaged pickle can fail in any way
        if re.search("unsupported (global|class)", str(error), re.IGNORECASE):
            raise UserError(
                f"{path.name} holds code besides weights. It was not run.",
                next_step="Get the file from where it is published.",
            ) from error
        raise _unreadable(path, type(error).__name__) from error
    if isinstance(state, dict):
        state = state.get("state_dict", state)
    if not isinstance(state, dict) or not all(
        isinstance(n, str) and isinstance(t, torch.Tensor) for n, t in state.items()
    ):
        raise _foreign(path, "it holds no table of weights")
    # Training on several devices puts a prefix before every name.
    return renamed({name.removeprefix("module."): tensor for name, tensor in state.items()})


def _checked(path: Path, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    import torch

    patches = weights.get(PATCHES)
    width = patches.shape[0] if patches is not None and patches.dim() == 4 else 0
    if width not in ENCODERS:
        raise _foreign(path, "its audio encoder is neither HTSAT-base nor HTSAT-tiny")
    shapes = _shapes(width)
    if missing := sorted(shapes.keys() - weights.keys()):
        raise _foreign(path, f"{len(missing)} tensors are missing, {missing[0]} among them")
    if extra := sorted(weights.keys() - shapes.keys()):
        raise _foreign(path, f"it has {len(extra)} tensors too many, {extra[0]} among them")
    for name, shape in shapes.items():
        tensor = weights[name]
        if tuple(tensor.shape) != shape:
            raise _foreign(path, f"{name} is {tuple(tensor.shape)} and should be {shape}")
        if not tensor.is_floating_point() or tensor.is_sparse or tensor.is_quantized:
            raise _foreign(path, f"{name} does not hold plain numbers")
    for name, tensor in weights.items():
        # Summed, since that takes a tenth of the time and nothing else makes a sum infinite.
        if not torch.isfinite(tensor.sum(dtype=torch.float64)):
            raise _unreadable(path, f"{name} has values that are not numbers")
    return {name: tensor.float() for name, tensor in weights.items()}


def _unreadable(path: Path, why: str) -> UserError:
    return UserError(f"{path.name} is damaged: {why}.", next_step="Fetch or copy it again.")


def _foreign(path: Path, why: str) -> UserError:
    return UserError(
        f"{path.name} is no checkpoint of LAION-CLAP without fusion: {why}.",
        next_step="ifx-bridge models list shows which ones are known.",
    )


@cache
def _config(width: int) -> ClapConfig:
    from transformers import ClapAudioConfig, ClapConfig, ClapTextConfig

    kind = ENCODERS[width]
    audio = ClapAudioConfig(
        patch_embeds_hidden_size=width, hidden_size=kind.width, depths=kind.depths
    )
    # As RoBERTa was trained; the default of transformers' CLAP is another.
    text = ClapTextConfig(layer_norm_eps=1e-5)
    return ClapConfig(text_config=text.to_dict(), audio_config=audio.to_dict())


@cache
def _shapes(width: int) -> dict[str, tuple[int, ...]]:
    import torch
    from transformers import ClapModel

    with torch.device("meta"):
        model = ClapModel(_config(width))
    state = model.state_dict()
    return {name: tuple(t.shape) for name, t in state.items() if not name.endswith(COMPUTED)}
