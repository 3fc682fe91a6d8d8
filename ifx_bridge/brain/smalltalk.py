"""What asks for no change of sound: approval, thanks, greetings, and effects that there are none of."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

# Said around such phrases; means nothing by itself.
_AROUND = (
    r"(?:\b(?:please|now|then|and|but|so|just|that|this|it|is|oh|ah|well|very|really|for me|for now"
    r"|as it is|i think|man|dude|mate|bro|everyone|again|there|here|guys|sir|buddy|the|my|sound)\b|[\s,.;:!?-])*"
)
_ABSENT = "absent"


@dataclass(frozen=True)
class Answer:
    """What is answered.

    Attributes:
        kind: As in `answers.toml`.
        reply: The sentence for the user.
    """

    kind: str
    reply: str


def answer(text: str) -> Answer | None:
    """The answer to an instruction that is nothing but small talk; None for any other.

    Args:
        text: As `grammar.normalized` makes it.
    """
    for kind, (reply, alone, _) in _table().items():
        if text.strip(" .,!?") and alone.fullmatch(text):
            return Answer(kind, reply)
    return None


def without(text: str) -> str:
    """The text without the small talk that it begins with ("perfect, now darker")."""
    for _, _, before in _table().values():
        if match := before.match(text):
            return text[match.end() :]
    return text


def absent(clause: str) -> Answer | None:
    """The answer to a wish for an effect that there is none of."""
    reply, pattern = _absent()
    found = pattern.search(clause)
    return Answer(_ABSENT, reply.format(found[1])) if found else None


@cache
def _table() -> dict[str, tuple[str, re.Pattern[str], re.Pattern[str]]]:
    rows = {}
    for kind, row in _file().items():
        if kind != _ABSENT:
            said = _any(row["said"])
            alone = rf"{_AROUND}(?:(?:{said}){_AROUND})+"
            before = rf"(?:(?:{said})\b\s*(?:[,.;:!]+|\b(?:but|now)\b)[\s,.;:!]*)+(?=\w)"
            rows[kind] = row["reply"], re.compile(alone), re.compile(before)
    return rows


@cache
def _absent() -> tuple[str, re.Pattern[str]]:
    row = _file()[_ABSENT]
    return row["reply"], re.compile(rf"\b({_any(row['said'])})\b")


@cache
def _file() -> dict[str, dict[str, object]]:
    text = resources.files("ifx_bridge.words").joinpath("answers.toml").read_text("utf-8")
    return tomllib.loads(text)


def _any(phrases: list[str]) -> str:
    return "|".join(sorted(map(re.escape, phrases), key=len, reverse=True))
