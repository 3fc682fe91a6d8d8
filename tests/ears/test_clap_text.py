"""CLAP's words: files that are no tokenizer are refused, and no text is embedded twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ifx_bridge.ears import clap_text
from ifx_bridge.errors import UserError
from tests import clap_files


def test_a_whole_tokenizer_tells_texts_apart(tmp_path: Path) -> None:
    tokenizer = clap_text.tokenizer(*clap_files.write_tokenizer(tmp_path))
    bright, dark = tokenizer("bright")["input_ids"], tokenizer("dark")["input_ids"]
    assert bright != dark
    for tokens in (bright, dark):
        assert tokens[0] == 0 and tokens[-1] == 2  # as RoBERTa begins and ends
        assert clap_text.SPECIAL["<unk>"] not in tokens


def with_word(number: object) -> Callable[[str], str]:
    """A change of one word's number."""
    return lambda text: json.dumps(json.loads(text) | {"madeupword0": number})


def first_words(count: int) -> Callable[[str], str]:
    return lambda text: json.dumps(dict(list(json.loads(text).items())[:count]))


DAMAGE: dict[str, tuple[str, Callable[[str], str | None], str]] = {
    "no words": ("vocab.json", lambda text: "{}", "0 words"),
    "a few words": ("vocab.json", first_words(100), "100 words"),
    "a list": ("vocab.json", lambda text: "[1, 2]", "0 words"),
    "no file": ("vocab.json", lambda text: None, "cannot be read"),
    "an empty file": ("vocab.json", lambda text: "", "cannot be read"),
    "cut off": ("vocab.json", lambda text: text[:-1000], "cannot be read"),
    "not JSON": ("vocab.json", lambda text: "\0\1garbage", "cannot be read"),
    "deep JSON": ("vocab.json", lambda text: "[" * 200_000, "cannot be read"),
    "other numbers": ("vocab.json", lambda t: t.replace('"<pad>": 1', '"<pad>": 2'), "special"),
    "one number twice": ("vocab.json", with_word(300), "one for each word"),
    "a number too large": ("vocab.json", with_word(10**6), "one for each word"),
    "no number": ("vocab.json", with_word([]), "one for each word"),
    "no merges": ("merges.txt", lambda text: "", "0 merges"),
    "no merges file": ("merges.txt", lambda text: None, "cannot be read"),
    "half the merges": ("merges.txt", lambda text: text[: len(text) // 2], "merges"),
    "a merge of three": ("merges.txt", lambda text: text[:-1] + " x\n", "not pairs"),
    "a merge of other words": ("merges.txt", lambda t: t[: t[:-1].rfind("\n")] + "\nx yz\n", "yz"),
}


@pytest.mark.parametrize("damage", list(DAMAGE))
def test_other_files_are_refused(tmp_path: Path, damage: str) -> None:
    files = clap_files.write_tokenizer(tmp_path)
    name, change, said = DAMAGE[damage]
    file = tmp_path / name
    text = change(file.read_text(encoding="utf-8"))
    if text is None:
        file.unlink()
    else:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=said) as caught:
        clap_text.tokenizer(*files)
    assert "ifx-bridge models verify" in caught.value.next_step


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    for name in ("vocab.json", "merges.txt"):
        files = clap_files.write_tokenizer(tmp_path)
        (tmp_path / name).write_bytes(b"\xff\xfe\x80" * 1000)
        with pytest.raises(UserError, match="cannot be read"):
            clap_text.tokenizer(*files)


def test_prompts_are_plain_and_differ() -> None:
    assert clap_text.prompts("  Bright\n and  Warm ") == clap_text.prompts("bright and warm")
    assert len(set(clap_text.prompts("bright"))) == len(clap_text.TEMPLATES)


class Reader:
    """Embeds texts at random, and notes which."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: list[str]) -> torch.Tensor:
        self.asked += texts
        rows = [torch.randn(512, generator=torch.Generator().manual_seed(len(t))) for t in texts]
        return torch.nn.functional.normalize(torch.stack(rows), dim=-1)


def test_nothing_is_computed_twice(tmp_path: Path) -> None:
    reader = Reader()
    texts = ["bright", "a dark one", "bright"]
    first = clap_text.TextCache(tmp_path / "new", "a").embed(texts, reader)
    assert first.shape == (3, 512) and torch.equal(first[0], first[2])
    again = clap_text.TextCache(tmp_path / "new", "a").embed(texts, reader)
    assert torch.equal(first, again)
    clap_text.TextCache(tmp_path / "new", "a").embed(["bright", "third"], reader)
    assert reader.asked == ["bright", "a dark one", "third"]


def test_other_weights_have_other_entries(tmp_path: Path) -> None:
    reader = Reader()
    for identity in ("a", "b", "a"):
        clap_text.TextCache(tmp_path, identity).embed(["bright"], reader)
    assert reader.asked == ["bright"] * 2
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[:-4],
        lambda data: data + data,
        lambda data: b"PK\3\4" + data[4:],
        lambda data: b"\0" * len(data),
        lambda data: data[:-4] + np.float32("nan").tobytes(),
        lambda data: data[:-4] + np.float32("inf").tobytes(),
        lambda data: data[:-4] + np.float32(9).tobytes(),
    ],
    ids=["empty", "cut", "shorter", "longer", "zip", "zero", "nan", "infinite", "long"],
)
def test_damaged_entries_are_computed_again(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    reader = Reader()
    cache = clap_text.TextCache(tmp_path, "a")
    whole = cache.embed(["bright"], reader)
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    assert torch.equal(cache.embed(["bright"], reader), whole)
    assert reader.asked == ["bright"] * 2
    cache.embed(["bright"], reader)
    assert reader.asked == ["bright"] * 2  # mended


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    reader = Reader()
    (tmp_path / "file").write_text("")
    cache = clap_text.TextCache(tmp_path / "file" / "folder", "a")
    assert torch.equal(cache.embed(["bright"], reader), cache.embed(["bright"], reader))
    assert reader.asked == ["bright"] * 2
