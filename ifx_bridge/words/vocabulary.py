"""The shipped vocabulary: which everyday words are near which, and which are opposites.

Made by `ifx_bridge.study.vocabulary`; sources and licences are in `ATTRIBUTION.md`. Similarity
knows neither negation nor direction: "harsh" and "soft" are near, as topics are. Directions come
from the grammar and the opposites.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ifx_bridge.words.forms import base_in

SHIPPED = Path(__file__).with_name("vocabulary.npz")
# Words that WordNet lists in one sense are this much more similar: not all senses are about sound.
SYNONYM = 0.2
# How much the words before the last one count in a phrase: "old phone" is a phone.
MODIFIER = 0.6
_STOP = "a an the of in on at to for from with by and or some like my your very so"
STOP = frozenset(_STOP.split())


Table = tuple[list[str], list[str | None], NDArray[np.float32]]


@dataclass(frozen=True)
class Match:
    """A phrase and how near it is.

    Attributes:
        word: The phrase.
        similarity: Cosine, -1 to 1, raised by 0.2 for WordNet's synonyms.
    """

    word: str
    similarity: float


class Vocabulary:
    """The table; see the module."""

    def __init__(
        self,
        words: Sequence[str],
        vectors: NDArray[np.float32],
        synonyms: NDArray[np.uint16],
        opposites: NDArray[np.uint16],
    ) -> None:
        """Of words in order of frequency.

        Args:
            words: Lower case; collocations with underscores.
            vectors: `[n, dim]`.
            synonyms: Pairs of indices, `[m, 2]`, both ways.
            opposites: Likewise.
        """
        self._words = tuple(words)
        self._index = {word: number for number, word in enumerate(self._words)}
        self._vectors = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)
        self._synonyms, self._opposites = synonyms, opposites
        self._tables: dict[tuple[str, ...], Table] = {}

    @classmethod
    def load(cls) -> Vocabulary:
        """The shipped table, read once."""
        return _shipped()

    def __len__(self) -> int:
        return len(self._words)

    @property
    def dimensions(self) -> int:
        """Length of its vectors."""
        return int(self._vectors.shape[1])

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and _key(word) in self._index

    def lemma(self, word: str) -> str | None:
        """The table's word that this is a form of ("brighter", "crunchiness"), or None."""
        return base_in(_key(word), self._index)

    def vector(self, phrase: str) -> NDArray[np.float32] | None:
        """Unit vector of a word or phrase, `[dim]`; None when it holds no known word."""
        whole = self.lemma(phrase)
        if whole is not None:
            return np.asarray(self._vectors[self._index[whole]])
        words = [w for w in re.findall(r"[a-z0-9'-]+", phrase.lower()) if w not in STOP]
        known = [base for w in words if (base := self.lemma(w)) is not None]
        if not known:
            return None
        weights = [MODIFIER] * (len(known) - 1) + [1.0]
        rows = [w * self._vectors[self._index[k]] for w, k in zip(weights, known, strict=True)]
        total = np.sum(rows, axis=0)
        size = float(np.linalg.norm(total))
        return np.asarray(total / size, dtype=np.float32) if size > 1e-6 else None

    def nearest(self, phrase: str, among: Sequence[str], count: int = 3) -> tuple[Match, ...]:
        """The phrases of `among` nearest to a phrase, best first; empty when it is unknown."""
        vector = self.vector(phrase)
        if vector is None or not among:
            return ()
        names, bases, table = self._table(tuple(among))
        if not names:
            return ()
        similarity = table @ vector
        own = self.lemma(phrase)
        alike = self._related(self._synonyms_of, own) if own is not None else frozenset()
        for index, base in enumerate(bases):
            if base is not None and base == own:
                similarity[index] = 1.0
            elif base in alike:
                similarity[index] += SYNONYM
        best = np.argsort(-similarity, kind="stable")[:count]
        return tuple(Match(names[i], float(np.clip(similarity[i], -1.0, 1.0))) for i in best)

    def opposites(self, word: str) -> tuple[str, ...]:
        """Words of the opposite sense, by WordNet."""
        base = self.lemma(word)
        return tuple(sorted(self._related(self._opposites_of, base))) if base else ()

    def correct(self, word: str) -> str | None:
        """The word meant by a misspelt one: the nearest at one edit, or two when it is long.

        Of several as near, the most frequent. A swap of neighbours is one edit.
        """
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        word = word.lower()
        if not re.fullmatch(r"[a-z]{4,24}", word) or self.lemma(word) is not None:
            return None
        most = 2 if len(word) >= 8 else 1
        found = extract(word, self._words, scorer=OSA.distance, score_cutoff=most, limit=None)
        return min(found, key=lambda row: (row[1], row[2]))[0] if found else None

    def _related(self, table: dict[int, list[int]], word: str) -> frozenset[str]:
        return frozenset(self._words[i] for i in table.get(self._index[word], ()))

    @cached_property
    def _synonyms_of(self) -> dict[int, list[int]]:
        return _grouped(self._synonyms)

    @cached_property
    def _opposites_of(self) -> dict[int, list[int]]:
        return _grouped(self._opposites)

    def _table(self, among: tuple[str, ...]) -> Table:
        """Names that have a vector, their lemmas and vectors; the same few lists are asked for."""
        if among not in self._tables:
            rows = [(name, v) for name in among if (v := self.vector(name)) is not None]
            names = [name for name, _ in rows]
            vectors = np.asarray([v for _, v in rows], dtype=np.float32)
            self._tables[among] = names, [self.lemma(name) for name in names], vectors
        return self._tables[among]


def _key(word: str) -> str:
    return word.lower().strip().replace(" ", "_")


def _grouped(pairs: NDArray[np.uint16]) -> dict[int, list[int]]:
    table: dict[int, list[int]] = {}
    for a, b in pairs.tolist():
        table.setdefault(a, []).append(b)
    return table


@cache
def _shipped() -> Vocabulary:
    with np.load(SHIPPED, allow_pickle=False) as data:
        words = data["words"].tobytes().decode().split("\n")
        vectors = data["vectors"].astype(np.float32) * data["scales"]
        return Vocabulary(words, vectors, data["synonyms"], data["opposites"])
