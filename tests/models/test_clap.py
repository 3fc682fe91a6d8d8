"""Checkpoints: what is taken, and what is refused without running anything in it."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ifx_bridge.errors import UserError
from ifx_bridge.models import clap
from tests import clap_files


def test_names_go_there_and_back() -> None:
    for width in (clap_files.TINY, clap_files.BASE):
        with torch.device("meta"):
            state = {n: torch.empty(s) for n, s in clap_files.shapes(width).items()}
            there = clap.renamed(state)
            assert {n: tuple(t.shape) for n, t in there.items()} == clap._shapes(width)
            back = clap.published(there)
        assert {n: t.shape for n, t in back.items()} == {n: t.shape for n, t in state.items()}


def test_queries_keys_and_values_keep_their_order() -> None:
    name = "audio_branch.layers.0.blocks.0.attn.qkv.bias"
    split = clap.renamed({name: torch.arange(6.0)})
    parts = [split[n].tolist() for n in split]
    assert [n.rsplit(".", 2)[1] for n in split] == ["query", "key", "value"]
    assert parts == [[0, 1], [2, 3], [4, 5]]
    assert clap.published(split)[name].tolist() == list(range(6))


class Bomb:
    """Runs a command when unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("where", ["beside", "inside"])
def test_code_in_a_checkpoint_is_not_run(tmp_path: Path, where: str) -> None:
    witness = tmp_path / "ran"
    bomb = Bomb(f"touch {witness}")
    state = {"state_dict": {"a": torch.zeros(1)}, "optimizer": bomb}
    if where == "inside":
        state = {"state_dict": {"a": bomb}}
    path = tmp_path / "evil.pt"
    torch.save(state, path)
    with pytest.raises(UserError, match=r"holds code besides weights\. It was not run"):
        clap.read(path)
    assert not witness.exists()
    torch.load(path, weights_only=False)
    assert witness.exists()  # it would have


def test_bare_pickles_are_not_opened(tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    path = tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps(Bomb(f"touch {witness}")))
    with pytest.raises(UserError, match="damaged"):
        clap.read(path)
    assert not witness.exists()


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    whole = clap_files.write(tmp_path / "whole.pt", clap_files.zeros(clap_files.TINY))
    data = whole.read_bytes()
    path = tmp_path / "damaged.pt"
    for damaged in (b"", b"PK", data[:-1000], data[: len(data) // 2], b"\0" * 5000, data[500:]):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"damaged"):
            clap.read(path)
    garbled = bytearray(data)
    with zipfile.ZipFile(whole) as archive:
        start = archive.getinfo(f"{whole.stem}/data.pkl").header_offset
    garbled[start + 200 : start + 5000] = os.urandom(4800)
    path.write_bytes(garbled)
    with pytest.raises(UserError):
        clap.read(path)
    with pytest.raises(UserError, match="no file"):
        clap.read(tmp_path / "none.pt")


def test_damaged_safetensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    save_file({"a": torch.zeros(100)}, path)
    with pytest.raises(UserError, match="no checkpoint of LAION-CLAP"):
        clap.read(path)
    data = path.read_bytes()
    for damaged in (data[:-10], data[:20], b"", b"\xff" * 8 + b"{}"):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="damaged"):
            clap.read(path)


def edits() -> dict[str, tuple[clap_files.Edit, str]]:
    text = "text_branch.pooler.dense.weight"
    audio = "audio_branch.patch_embed.proj.weight"
    nan = torch.tensor(float("nan")).expand(512)
    return {
        "shape": (lambda s: s.update({text: torch.zeros(768, 767)}), r"\(768, 767\)"),
        "missing": (lambda s: s.pop(text), "1 tensors are missing"),
        "extra": (lambda s: s.update({"audio_branch.fusion_model.x": torch.zeros(1)}), "too many"),
        "large": (lambda s: s.update({audio: torch.zeros(256, 1, 4, 4)}), "neither HTSAT-base"),
        "nan": (lambda s: s.update({"text_projection.0.bias": nan}), "not numbers"),
        "integers": (
            lambda s: s.update({"text_projection.0.bias": torch.zeros(512).long()}),
            "plain numbers",
        ),
        "split": (lambda s: s.update({k: t[..., :2] for k, t in s.items() if "qkv" in k}), "be"),
    }


@pytest.mark.parametrize("edit", list(edits()))
def test_other_models_are_refused(tmp_path: Path, edit: str) -> None:
    state = clap_files.zeros(clap_files.TINY)
    change, said = edits()[edit]
    change(state)
    with pytest.raises(UserError, match=said):
        clap.read(clap_files.write(tmp_path / "other.pt", state))


@pytest.mark.parametrize("content", [[1, 2], {"state_dict": 3}, {"state_dict": {3: 4}}, 5])
def test_other_things_are_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "other.pt"
    torch.save(content, path)
    with pytest.raises(UserError, match="no table of weights"):
        clap.read(path)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import safetensors.torch

    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    source = clap_files.write(tmp_path / "whole.pt", clap_files.zeros(clap_files.TINY))
    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(UserError, match="No space left"):
        clap.convert(source, tmp_path / "kept.safetensors", {})
    assert [p.name for p in tmp_path.iterdir()] == ["whole.pt"]
