"""What asks for no change of sound: approval, thanks, greetings, effects that are not there."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ifx_bridge.words.forms import either

# Said around such phrases; means nothing by itself.
_AROUND = (
    r"(?:\b(?:please|now|then|and|but|so|just|that|this|it|is|oh|ah|well|very|really|for me|for now"
    r"|as it is|i think|man|dude|mate|bro|everyone|again|there|here|guys|sir|buddy|the|my"
    r"|sound)\b|[\s,.;:!?-])*"
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
    for kind, (reply, alone) in _table().items():
        if text.strip(" .,!?") and alone.fullmatch(text):
            return Answer(kind, reply)
    return None


def without(text: str) -> str:
    """The text without the small talk that it begins with ("ok thanks, now darker")."""
    match = _before().match(text)
    return text[match.end() :] if match else text


def absent(clause: str) -> Answer | None:
    """The answer to a wish for an effect that there is none of."""
    reply, pattern = _absent()
    found = pattern.search(clause)
    return Answer(_ABSENT, reply.format(found[1])) if found else None


@cache
def _table() -> dict[str, tuple[str, re.Pattern[str]]]:
    rows = {kind: row for kind, row in _file().items() if kind != _ABSENT}
    more = either(*[said for row in rows.values() for said in row["said"]])
    return {  # the kind that is said first is answered
        kind: (
            row["reply"],
            re.compile(
                rf"{_AROUND}(?:{either(*row['said'])})\b{_AROUND}(?:(?:{more})\b{_AROUND})*"
            ),
        )
        for kind, row in rows.items()
    }


@cache
def _before() -> re.Pattern[str]:
    said = either(*[s for kind, row in _file().items() if kind != _ABSENT for s in row["said"]])
    joint = r"(?:[,.;:!]+|\b(?:but|now)\b)"
    return re.compile(rf"(?:(?:(?:{said})\b\s*)+{joint}[\s,.;:!]*)+(?=\w)")


@cache
def _absent() -> tuple[str, re.Pattern[str]]:
    row = _file()[_ABSENT]
    return row["reply"], re.compile(rf"\b({either(*row['said'])})\b")


@cache
def _file() -> dict[str, Any]:
    text = resources.files("ifx_bridge.words").joinpath("answers.toml").read_text("utf-8")
    return tomllib.loads(text)
