"""Words for CLAP: prompts, the tokenizer, and text embeddings kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

# Averaged, so that no wording decides. They are a choice, as is what counts as neutral.
TEMPLATES = ("{}", "this sound is {}", "a {} sound", "a recording that sounds {}")
NEUTRAL = ("a sound", "a recording", "a dry recording", "a recording without effects")
LONGEST = 77  # tokens, as in training
VOCABULARY, MERGES = 50265, 50000
SPECIAL = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}


def prompts(text: str) -> tuple[str, ...]:
    """What CLAP is asked about a word or phrase."""
    plain = " ".join(text.lower().split())
    return tuple(template.format(plain) for template in TEMPLATES)


def tokenizer(vocabulary: Path, merges: Path) -> Any:
    """RoBERTa's tokenizer, from its two files.

    Transformers would make an empty one of missing or damaged files without a word, and every text
    would mean the same.

    Raises:
        UserError: The files are not RoBERTa's.
    """
    try:
        words = json.loads(vocabulary.read_text(encoding="utf-8"))
        lines = merges.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError, RecursionError) as error:
        raise _no_tokenizer(vocabulary.parent, f"they cannot be read ({error})") from error
    pairs = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
    if not isinstance(words, dict) or len(words) != VOCABULARY or len(pairs) != MERGES:
        count = len(words) if isinstance(words, dict) else 0
        raise _no_tokenizer(
            vocabulary.parent,
            f"{count} words and {len(pairs)} merges instead of {VOCABULARY} and {MERGES}",
        )
    if any(words.get(token) != number for token, number in SPECIAL.items()):
        raise _no_tokenizer(vocabulary.parent, "other special tokens")
    numbers = words.values()
    if not all(isinstance(n, int) for n in numbers) or set(numbers) != set(range(VOCABULARY)):
        raise _no_tokenizer(vocabulary.parent, "other numbers than one for each word")
    if any(len(pair) != 2 for pair in pairs):
        raise _no_tokenizer(vocabulary.parent, "merges that are not pairs")
    from transformers import RobertaTokenizer

    try:
        made = RobertaTokenizer(vocab=words, merges=pairs)  # type: ignore[arg-type]
    except Exception as error:  # tokenizers raises nothing narrower
        raise _no_tokenizer(vocabulary.parent, str(error)) from error
    if len(made) != VOCABULARY:
        raise _no_tokenizer(vocabulary.parent, f"{len(made)} tokens were made of them")
    return made


@dataclass(frozen=True)
class TextCache:
    """Embeddings of prompts on disk; they cost seconds to compute and never change.

    Attributes:
        folder: Where they are.
        identity: Of weights and tokenizer: other ones mean other embeddings.
    """

    folder: Path
    identity: str

    @classmethod
    def default(cls, identity: str) -> TextCache:
        """In the user's cache folder."""
        from platformdirs import user_cache_path

        return cls(user_cache_path("ifx-bridge", appauthor=False) / "clap-text", identity)

    def embed(self, texts: Sequence[str], compute: Callable[[list[str]], Tensor]) -> Tensor:
        """Embeddings of texts, `[texts, dim]`: from disk where they are there, else computed.

        Args:
            texts: One at least.
            compute: Gives `[texts, dim]`.
        """
        import torch

        found = {text: self._read(text) for text in texts}
        if missing := [text for text, point in found.items() if point is None]:
            for text, point in zip(missing, compute(missing), strict=True):
                found[text] = point
                self._write(text, point)
        return torch.stack([point for text in texts if (point := found[text]) is not None])

    def _read(self, text: str) -> Tensor | None:
        import torch

        try:
            point = np.frombuffer(self._path(text).read_bytes(), "<f4").astype(np.float32)
        except (OSError, ValueError):
            return None
        # A damaged entry is as good as none.
        whole = point.shape == (512,) and abs(float(np.linalg.norm(point)) - 1) < 1e-3
        return torch.from_numpy(point) if whole else None

    def _write(self, text: str, point: Tensor) -> None:
        from ifx_bridge.audio import atomic_path

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_path(self._path(text)) as temporary:
                temporary.write_bytes(point.numpy().astype("<f4").tobytes())
        except OSError:
            pass  # it can be computed again

    def _path(self, text: str) -> Path:
        key = hashlib.sha256(f"{self.identity}\n{text}".encode()).hexdigest()
        return self.folder / f"{key}.f32"


def _no_tokenizer(folder: Path, why: str) -> UserError:
    return UserError(
        f"The tokenizer files in {folder} are not RoBERTa's: {why}.",
        next_step="Bring them again: ifx-bridge models verify shows which, then delete and fetch.",
    )
