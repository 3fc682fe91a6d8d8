"""Texts of presets and sessions, which come from others and are shown in terminals."""

from __future__ import annotations

import re

# In a terminal, control characters are commands.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def shown(text: str) -> str:
    """The text with a question mark for each control character."""
    return CONTROL.sub("?", text)


def line(text: str, longest: int = 500) -> str:
    """The text as one line of at most so many characters."""
    return " ".join(CONTROL.sub(" ", text).split())[:longest]
