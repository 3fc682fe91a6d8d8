"""Instructions as people type them: accents, Spanish, misspelt words."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection, Container, Iterator, Mapping
from functools import cache
from importlib import resources

# Shorter words are misspelt into other words too easily.
SHORTEST = 4
LONG = 8


def unaccented(text: str) -> str:
    """The text without accents on its letters."""
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))


def translated(text: str, english: Container[str]) -> str:
    """A lower-case text without accents, its Spanish words in English.

    Args:
        text: Any text.
        english: Words that are no sign of Spanish, although Spanish has them too ("no", "final").

    Returns:
        The text as it was, but for accents, when nothing in it is surely Spanish and not all of
        it may be.
    """
    plain = unaccented(text)
    table = spanish()
    words = re.findall(r"[a-z]+", plain)
    meant = [_spanish(word, table) for word in words]
    sure = any(m is not None and w not in english for m, w in zip(meant, words, strict=True))
    if not sure and (len(words) < 2 or None in meant):
        return plain

    def english_for(match: re.Match[str]) -> str:
        found = _spanish(match[0], table)
        return match[0] if found is None else found

    return " ".join(re.sub(r"[a-z]+", english_for, plain).split())


def _spanish(word: str, table: Mapping[str, str]) -> str | None:
    return next((table[form] for form in _forms(word) if form in table), None)


def _forms(word: str) -> Iterator[str]:
    """The word, and what it is the feminine or plural of."""
    yield word
    for ending, singular in (("as", "oa"), ("os", "o"), ("a", "o"), ("es", "e")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word.removesuffix(ending)
            yield from (stem + end for end in (*singular, ""))


@cache
def spanish() -> Mapping[str, str]:
    """English by Spanish word, without accents."""
    text = resources.files("ifx_bridge.words").joinpath("spanish.toml").read_text("utf-8")
    return {word: meant for part in tomllib.loads(text).values() for word, meant in part.items()}


# Short words and ways to write them that no distance finds.
USUAL = {
    "teh": "the", "maek": "make", "mkae": "make", "les": "less", "lss": "less", "mor": "more",
    "moar": "more", "alot": "a lot", "abit": "a bit", "alittle": "a little", "briter": "brighter",
    "brite": "bright", "litle": "little", "lil": "little", "sorta": "sort of", "ur": "your",
    "thru": "through", "hevy": "heavy", "verbed": "reverb",
    "reverbed": "reverb", "vox": "vocals", "gtr": "guitar",
}  # fmt: skip


def usual(text: str) -> str:
    """The text with words as they are usually written; lower case."""
    text = re.sub(r"[a-z]*?([a-z])\1{2,}[a-z]*", lambda m: _shortened(m[0]), text)
    text = re.sub(r"[a-z']+", lambda m: USUAL.get(m[0], m[0]), text)
    # "to harsh", "its way to dry": too. After a verb it is the preposition.
    return re.sub(
        r"(^|\b(?:is|its|sounds?|way|far|bit|little|feels?|just|much) )to "
        r"(?!(?:the|an?|my|be|have|make|sound|do|get)\b)",
        r"\1too ",
        text,
    )


def _shortened(word: str) -> str:
    """A word without letters that were drawn out: "waaay", "deeeep"."""
    from ifx_bridge.words.vocabulary import Vocabulary

    if len(set(word)) < 2:
        return word
    twice, once = (re.sub(r"([a-z])\1{2,}", said, word) for said in (r"\1\1", r"\1"))
    return twice if Vocabulary.load().lemma(twice) is not None or twice == "too" else once


def spelled(text: str, meant: Collection[str], right: Container[str]) -> str:
    """The text with misspelt words replaced by the words of the trade that they are nearest to.

    Args:
        text: Lower case.
        meant: Words that may be meant.
        right: Words that are no mistake.
    """
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extractOne

    def corrected(match: re.Match[str]) -> str:
        word = match[0]
        if len(word) < SHORTEST or word in meant or word in right:
            return word
        most = 2 if len(word) >= LONG else 1
        # People rarely get the first letter wrong. Of a short word, a letter was left out inside.
        likely = sorted(other for other in meant if other[0] == word[0])
        if len(word) == SHORTEST:
            likely = [other for other in likely if len(other) > SHORTEST and other[-1] == word[-1]]
        found = extractOne(word, likely, scorer=OSA.distance, score_cutoff=most)
        return found[0] if found is not None else word

    return re.sub(r"[a-z]+", corrected, text)
