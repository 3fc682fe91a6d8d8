"""Forms of words: what "brighter", "crunchiness" and "softened" are forms of."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

# (ending, what stands there in the base)
ENDINGS = (
    ("iness", ("y",)), ("ness", ("", "y")), ("iest", ("y",)), ("ier", ("y",)), ("est", ("", "e")),
    ("er", ("", "e")), ("ish", ("", "e")), ("ened", ("", "en")), ("ening", ("", "en")),
    ("en", ("", "e")), ("ies", ("y",)), ("ied", ("y",)), ("ed", ("", "e")), ("es", ("",)),
    ("s", ("",)), ("ing", ("", "e", "y")), ("ily", ("y",)), ("ly", ("",)), ("like", ("",)),
    ("ity", ("",)), ("ance", ("ant",)), ("ence", ("ent",)), ("y", ("", "e")),
)  # fmt: skip


def bases(word: str) -> Iterator[str]:
    """Candidates for the base of an inflected or derived word, the likeliest first."""
    for ending, replacements in ENDINGS:
        root = word.removesuffix(ending).rstrip("-")
        if root == word or len(root) < 3:
            continue
        doubled = len(root) > 3 and root[-1] == root[-2]
        for base in (root, root[:-1]) if doubled else (root,):
            yield from (base + end for end in replacements)


def base_in(word: str, known: Container[str]) -> str | None:
    """The known word that this is, or is a form of; None when there is none."""
    if word in known:
        return word
    return next((base for base in bases(word) if base in known), None)


def either(*phrases: str) -> str:
    """A pattern for one of these phrases, the longest first."""
    return "|".join(sorted(map(re.escape, phrases), key=len, reverse=True))
