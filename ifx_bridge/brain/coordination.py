"""Words that share others, written out: "a brighter, longer reverb" is said of one reverb twice.

Each rule rewrites a normalized text into one whose clauses stand on their own.
"""

from __future__ import annotations

import re

from ifx_bridge.brain.phrases import EFFECT_NAMES, REVERB_TRAITS
from ifx_bridge.words.forms import base_in

_REVERB = rf"(?:{'|'.join(EFFECT_NAMES['rev'])}|reverb tail|tail|decay)"
EFFECT = "|".join(
    sorted((n for names in EFFECT_NAMES.values() for n in names), key=len, reverse=True)
)
_ADJECTIVE = (
    r"(?:(?:more|less|much|way|very|slightly|bit) )*"
    rf"(?:{'|'.join(sorted(REVERB_TRAITS, key=len, reverse=True))})(?:[a-z]?er)?r?"
)
_LIST = re.compile(
    rf"\b({_ADJECTIVE})(?:,? and |,? but |, ?)({_ADJECTIVE})"
    rf"(?=(?:(?:,? and |, ?| ){_ADJECTIVE})? ({_REVERB})\b)"
)
_LESS_MORE = re.compile(
    r"\b((?:more|less) (?!or\b|of\b|than\b|more\b|less\b)[\w-]+(?: (?!more\b|less\b)[\w-]+)?)"
    r" (?=(?:more|less) (?!or\b|of\b|than\b|more\b|less\b)\w)"
)
# What is wanted of anything else: "anything but reverb" wants none.
_ANYTHING_BUT = re.compile(
    r"\b(?:anything|any effect|everything|all|whatever)(?: you (?:like|want))?,?"
    r" (?:but|except(?: for)?) (?:the |a )?"
)
_MAY_GO = re.compile(
    r"\beverything,? (?:but|except(?: for)?|apart from|other than) (.+?) (?:can|should|must|has to"
    r"|needs to) (?:go|leave|be (?:removed|deleted))\b"
)
# "down a long tunnel" is where, not how much.
_WHERE = re.compile(r"\b(?:down|up|across|along|at the (?:bottom|end|back) of) (?=(?:an?|the) \w)")
_NO_PLACE = re.compile(rf"(?:an?|the) (?:bit|little|touch|tad|hair|notch|lot|{EFFECT}|third"
rf"|fifth|fourth"
                       r"|octave|semitone|whole|half|step|tone|mix|lows?|highs?|bass|treble"
                       r"|mids?|top|bottom"
                       r"|low|high|volume|gain|level|pitch|drive|wet|dry|ratio|threshold|attack"
                       r"|release"
                       r"|chain|signal|presence|feedback|decay|tail|room|sub|minor|major|few|couple"
                       r"|quarter)\b")  # fmt: skip


# "Clear up the mud" goes nowhere.
_TAKEN_UP = """
    clear clean tidy tighten warm brighten dirty beef fatten thicken fill firm mop soften smooth
    sharpen open turn bring calm tone dial roll knock water wind pull tame muddy mess
"""
_TAKE_UP = frozenset(_TAKEN_UP.split())
# "The reverb and the delay are too loud" is said of each.
_SUBJECTS = re.compile(
    rf"\b(?:the |both the )?({EFFECT}) and (?:the )?({EFFECT}) ((?:are|is|sound|feel)\b[^,.;]*)"
)


def written_out(text: str) -> str:
    """The text with every word that two share said twice."""
    text = _MAY_GO.sub(r"remove everything but \1", text)
    if not re.match(r"(?:please )?(?:remove|delete|mute|bypass|drop|kill|lose|lock|freeze) ", text):
        text = _ANYTHING_BUT.sub("no ", text)
    text = re.sub(r"\b(?:no|not) more than (?=an? )", "", text)
    text = re.sub(
        r"\b(?:drown|drench|bathe|soak|swamp|wash|cover|douse) (?:it|this|that|everything|the"
        r" \w+) in ",
        "lots of ", text,
    )  # fmt: skip
    text = re.sub(r"\bde-(?!ess)(?=[a-z]{3})", "less ", text)
    text = _SUBJECTS.sub(r"the \1 \3, the \2 \3", text)
    text = re.sub(r"\beven (?=(?:more|less|further|better)\b|\w+er\b)", "", text)
    text = _LESS_MORE.sub(r"\1, ", text)
    if re.search(r"\bwet\b", text):  # beside the wet sound, the dry one is a level
        text = re.sub(r"\b(more|less|and|all|no) dry\b(?! (?:level|signal))", r"\1 dry level", text)
    text = _WHERE.sub(_place, text)
    return _LIST.sub(_twice, text)


def _place(match: re.Match[str]) -> str:
    said, before = match.string[match.end() :], match.string[: match.start()].split()
    if before and before[-1] in _TAKE_UP:
        return match[0]
    return match[0] if _NO_PLACE.match(said) else "in "


def _twice(match: re.Match[str]) -> str:
    """Both adjectives with the noun, where both are said of it."""
    first, second, noun = match[1], match[2], match[3]
    if all(trait(word.split()[-1]) for word in (first, second)):
        return f"{first} {noun} and {second}"
    return match[0]


def trait(word: str) -> tuple[str, int] | None:
    """The knob of a reverb that an adjective is about, and which way."""
    base = base_in(word, REVERB_TRAITS)
    return REVERB_TRAITS[base] if base else None
