"""References to turns: which sound an instruction goes back to, and how much of the way.

A reference stands alone ("undo twice"), or what is wanted of that sound follows it, or goes before
it ("turn 1 but darker", "darker, like turn 2").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ifx_bridge.words.forms import either

Kind = Literal[
    "undo",  # so many steps
    "redo",
    "before",  # how it was before the last change
    "goto",  # a turn
    "start",  # dry
    "further",  # a share of the last change on top
    "back",  # a share of the last change less
    "toward",  # a share of the way to a turn
    "between",  # two turns
]


@dataclass(frozen=True)
class Reference:
    """What is referred to.

    Attributes:
        kind: What to do with it.
        turn: Number of the turn; 0 is the start, negative numbers count back from the current
            turn, which is -1.
        other: Second turn of `between`.
        steps: How many, for `undo` and `redo`.
        share: Of the way, 0 to 1; of the last change, for `further`.
    """

    kind: Kind
    turn: int = 0
    other: int = 0
    steps: int = 1
    share: float = 1.0


_CARDINALS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "a": 1, "an": 1, "couple": 2, "few": 3,
    "once": 1, "twice": 2, "thrice": 3,
}  # fmt: skip
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10,
    "last": -1, "latest": -1, "current": -1, "previous": -2, "prior": -2, "earlier": -2,
}  # fmt: skip
_SHARES = {
    "half": 0.5, "halfway": 0.5, "a half": 0.5, "one half": 0.5, "a third": 1 / 3,
    "one third": 1 / 3, "third": 1 / 3, "two thirds": 2 / 3, "a quarter": 0.25,
    "one quarter": 0.25, "quarter": 0.25, "three quarters": 0.75, "most": 0.75, "part": 0.5,
    "partway": 0.5, "some": 0.4, "a bit": 0.25, "a little": 0.25, "a little bit": 0.25,
    "a touch": 0.2, "a tad": 0.2, "slightly": 0.25, "a hair": 0.15, "all": 1.0, "a lot": 0.75,
}  # fmt: skip


_COUNTS = ("once", "twice", "thrice", "couple", "few")
_NUMBER = rf"\d{{1,4}}|{either(*(w for w in _CARDINALS if w not in _COUNTS[:3]))}"
# The number of a turn, of nothing else: "take 3 dB off" and "take a bit off" name no turn.
_WORDS = either(*(word for word in _CARDINALS if len(word) > 2 and word not in _COUNTS))
_NAME = (
    rf"(?:\d{{1,4}}|{_WORDS})"
    r"(?![.,:]?\d| ?(?:db|decibels?|hz|hertz|k|khz|kilohertz|ms|milliseconds?|s|sec|seconds?|%"
    r"|percent|st|cents?|semi\w*|half|halves|whole|bits?|octaves?|bpm|beats?|notes?)\b)"
)
_NOUN = r"(?:turn|step|version|take|iteration|attempt|try|sound|result|setting|one|thing|mix|state)"
_STEP = r"(?:turns?|steps?|versions?|changes?|instructions?|edits?|moves?|times?|things?|ones?)"
_NTH = rf"{either(*_ORDINALS)}|\d+(?:st|nd|rd|th)"
_DRY = r"(?:sound|clip|signal|recording|audio|file|take|version|one|track)"


def _place(mark: str = "") -> str:
    """A turn, as it is named; groups end in `mark`."""
    return (
        rf"(?:(?:the )?(?:turn|step|version|take|iteration|number)(?: number| no\.?)? "
        rf"?(?P<turn{mark}>{_NAME})"
        rf"|(?:the |my |our )?(?:very )?(?P<nth{mark}>{_NTH}) {_NOUN}(?: (?:i|we|you) \w+)?"
        rf"|(?:the )?(?:very )?(?P<alone{mark}>first|previous|last)"
        rf"|(?:what (?:it|we|i|you) (?:was|had|did)|(?:how|where|what) (?:it|we|i) (?:was|were"
        rf"|is|had)"
        rf"|the way it was|the sound|the one)? ?"
        rf"(?:about )?(?P<ago{mark}>{_NUMBER})(?: of)? {_STEP} (?:ago|back|before|earlier)"
        rf"|(?P<dry{mark}>(?:the |my )?(?:very )?(?:original|dry|untouched|unprocessed|raw|clean"
        rf"|source|beginning|start|scratch|bypassed|nothing)(?: {_DRY})?)"
        rf"|(?P<before{mark}>(?:(?:how|the way|what|where) (?:it|we|i|that) (?:was|were|had"
        rf"|sounded)"
        rf"|it was|we had|i had)(?: it)?(?: (?:just )?(?:before|a (?:moment|minute|second) ago))?"
        rf"(?: (?:that|this))?|before(?: (?:that|this|it))?"
        rf"|(?:a (?:moment|minute|second)) ago))"
    )


_SHARE = (
    rf"(?:(?P<percent>\d{{1,3}}) ?(?:%|percent)|(?P<share>{either(*_SHARES)}))"
    r"(?: ?way)?(?: of the way| the way| of (?:it|that|the (?:change|difference|last (?:turn"
    r"|one))))?"
)
_ASKED = (
    r"(?:(?:please|ok|okay|now|just|let us|can (?:we|you)|could (?:we|you)|i want|i would like"
    r"|i think|hmm+|no|nah|actually|well|and|then|so|um|sorry|wait|we should|to|maybe|oh)[ ,]+)*"
)
_POLITE = (
    r"(?: (?:please|again|now|then|instead|though|thanks|sounded better|was better|was nicer))*"
)
_TO_TURN = (
    r"(?:(?:(?:go|come|get|jump|switch|take (?:me|us|it)|bring (?:me|us|it)|put it) (?:all the"
    r" way )?)?"
    r"back to|return to|revert (?:back )?to|restore|go to|goto|jump to|load|recall|switch to"
    r"|bring back|from|reset to|rewind to|i (?:preferred|prefer|liked))"
)
_LIKE = (
    r"(?:(?:i want it |i would like it |make it |have it )?(?:just |exactly )?"
    r"(?:like(?: in)?|as in|(?:the )?same as(?: in)?)|take|use|on|give me|start(?:ing)? (?:from"
    r"|with)"
    r"|based on|make it (?:like|as in)|go with|keep|with|similar to|as it was in|as it was)"
)
_DO_BACK = (
    r"(?:(?:go|get|come|take (?:it|me|us)|return|revert|step|move)(?: all the way)? back|back)"
)
_THAT = (
    r"(?:that|it|this|the same|the (?:last|same) (?:one|turn|change|thing)|the (?:change|effect))"
)
_TIMES = rf"(?P<times>once|twice|thrice|(?:the last )?(?:{_NUMBER})(?: of)?(?: {_STEP})?)"
_UNDO = r"(?:undo|revert|take back|roll back|reverse)"

Read = Callable[["re.Match[str]"], Reference]


def _number(text: str) -> int:
    text = text.removeprefix("the last ").split()[0]
    return int(text) if text.isdigit() else _CARDINALS[text]


def _share(match: re.Match[str]) -> float:
    if percent := match["percent"]:
        return min(1.0, int(percent) / 100)
    return _SHARES[match["share"]]


def _turn(match: re.Match[str], mark: str = "", back: bool = False) -> int:
    """The number of a place; "the last one" that one goes *back* to is the one before."""
    if text := match[f"turn{mark}"]:
        return _number(text)
    if text := match[f"nth{mark}"] or match[f"alone{mark}"]:
        number = _ORDINALS[text] if text in _ORDINALS else int(re.sub(r"\D", "", text))
        return -2 if number == -1 and back else number
    if text := match[f"ago{mark}"]:
        return -1 - _number(text)
    return -2 if match[f"before{mark}"] else 0


def _goto(match: re.Match[str]) -> Reference:
    back = "back" in match[0] or "revert" in match[0] or "restore" in match[0]
    if match["before"]:
        return Reference("before")
    if match["ago"]:
        return Reference("undo", steps=_number(match["ago"]))
    turn = _turn(match, back=back)
    if turn == -2:
        return Reference("undo")
    return Reference("goto", turn) if turn else Reference("start")


def _undo(match: re.Match[str]) -> Reference:
    return Reference("undo", steps=_number(match["times"]) if match["times"] else 1)


def _redo(match: re.Match[str]) -> Reference:
    return Reference("redo", steps=_number(match["times"]) if match["times"] else 1)


def _toward(match: re.Match[str]) -> Reference:
    turn = _turn(match, back=True)
    return Reference("toward", turn, share=_share(match))


def _kept(match: re.Match[str]) -> Reference:
    """What is said of the amount that is kept: "a third of that"."""
    return Reference("back", share=1.0 - _share(match))


def _back(match: re.Match[str]) -> Reference:
    return Reference("back", share=_share(match))


def _between(match: re.Match[str]) -> Reference:
    bare = match.groupdict().get("bare")
    other = int(bare) if bare else _turn(match, "2")
    return Reference("between", _turn(match, "1"), other, share=0.5)


def _always(kind: Kind, share: float = 1.0) -> Read:
    return lambda match: Reference(kind, share=share)


# What may be followed by more, or stand alone.
_SENTENCES: tuple[tuple[str, Read], ...] = (
    (
        rf"(?:(?:go|somewhere|something|a (?:mix|blend|cross)|halfway|half way|in|meet me|right"
        rf"|put it"
        rf"|make it|the middle|half) )*(?:between|of) {_place('1')} and {_place('2')}", _between,
    ),
    (rf"(?:(?:a )?(?:blend|mix|cross|average|combine|combination|middle)(?: of| between)?"
     rf"|between|mix) "
     rf"(?:{_place('1')}) (?:and|with|to) (?:{_place('2')}|(?P<bare>\d+))", _between),
    (
        rf"(?:go |move |get |come |dial it |take it |bring it )?{_SHARE}(?: of the way)?(?: back)?"
        rf" (?:back |over )?(?:to|toward|towards) {_place()}", _toward,
    ),
    (rf"{_UNDO}(?: {_THAT})?(?: (?:last|previous))?(?: {_TIMES})?(?: too| as well)?(?: {_STEP})?",
     _undo),
    (rf"(?:undo|take back|revert|delete|cancel|scrap) (?:the |my |your )?(?:last|previous|latest"
     rf"|that)"
     rf"(?: last)?(?: (?P<times>{_NUMBER}))?(?: {_STEP})?", _undo),
    (rf"take {_THAT} back", _always("undo")),
    (
        rf"(?:{_DO_BACK}|rewind)(?: by)?(?: (?P<times>{_NUMBER}))(?: {_STEP})?(?: ago)?", _undo,
    ),
    (rf"(?:redo|undo the undo|re-do|do (?:it|that) over)(?: {_THAT})?(?: {_TIMES})?(?: {_STEP})?",
     _redo),
    (
        r"(?:i )?(?:like|liked|prefer|preferred|loved?)(?: it| that)?(?: \w+)? ?(?:better |more "
        r"|best )?"
        r"(?:the way it was(?: before)?|how it was(?: before)?|as it was(?: before)?|before)",
        _always("before"),
    ),
    (
        r"(?:it|that) (?:was|sounded) (?:better|nicer|good|fine|great) (?:before|earlier|as it was)"
        r"(?: that| this)?", _always("before"),
    ),
    (r"(?:never mind|nevermind|forget (?:it|that|about (?:it|that))|scratch that|cancel that"
     r"|(?:no )?not (?:that|like that)|wrong (?:way|direction)(?: around)?)", _always("before")),
    (r"(?:undo )+undo", lambda match: Reference("undo", steps=len(match[0].split()))),
    (r"(?:meet|somewhere|land|settle|go) (?:\w+ )?in (?:the middle|between)", _always("back", 0.5)),
    (rf"{_TO_TURN} {_place()}(?: {_NOUN})?", _goto),
    (rf"{_DO_BACK} {_place()}", _goto),
    (rf"{_LIKE} (?!(?:the )?(?:raw|clean|start|dry|untouched|last$|scratch|nothing)|first|last)"
     rf"{_place()}", _goto),
    (r"(?:the )?(?P<nth>)(?P<alone>previous|prior)(?P<ago>)(?P<before>)(?P<dry>)(?P<turn>)"
     r"(?: (?:one|turn|version|sound|step))?", _goto),
    (rf"(?:the )?(?P<turn>)(?P<alone>)(?P<ago>)(?P<before>)(?P<dry>)(?P<nth>{_NTH})"
     rf" (?:{_NOUN}) (?:was|sounded|is) (?:\w+ )?(?:better|best|nicer|great|good|right)", _goto),
    (rf"(?:the )?(?P<turn>)(?P<alone>)(?P<ago>)(?P<before>)(?P<dry>)(?P<nth>{_NTH})"
     rf" (?:turn|step|version|take|iteration|attempt|try)", _goto),
    (rf"(?P<nth>)(?P<alone>)(?P<ago>)(?P<before>)(?P<dry>)(?:turn|version|take|step)"
     rf"(?: number)? (?P<turn>{_NAME})", _goto),
    (rf"(?P<nth>)(?P<alone>)(?P<before>)(?P<dry>)(?P<turn>)(?P<ago>{_NUMBER})"
     r" (?:turns?|steps?|versions?) (?:ago|back|earlier)", _goto),
    (r"(?P<nth>)(?P<alone>)(?P<ago>)(?P<before>)(?P<dry>)back to (?P<turn>\d+)", _goto),
    (r"(?:start (?:over|again|fresh|from scratch)|reset(?: (?:it|all|everything))?)",
     _always("start")),
    (
        rf"(?:go |dial |ease |pull |turn |bring |take |back |roll |wind )?(?:it |that |this "
        rf"|them )?"
        rf"{_SHARE} ?(?:back|off|of (?:it|that) (?:back|off))", _back,
    ),
    (rf"(?:undo|take back|take off|remove|lose|take) {_SHARE}(?: of (?:it|that|this))?(?: back|"
     rf" off)?",
     _back),
    (rf"(?:dial|ease|pull|turn|bring|take|back|roll) (?:it|that|this) (?:back|down|off)"
     rf" (?:by )?{_SHARE}", _back),
    (rf"(?:only |just |use |keep |make it |with )*{_SHARE} (?:that|as much|as much as that)",
     _kept),
    (rf"(?:only |just |use |keep |make it )*(?:(?P<percent>\d{{1,3}}) ?(?:%|percent)"
     rf"|(?P<share>{either(*_SHARES)})) of (?:that|it|this|the (?:change|last (?:turn|one)))",
     _kept),
    (r"(?:twice|double|two times) (?:that|as much|it|the amount|this)(?: please)?",
     _always("further", 1.0)),
    (r"(?:three times|triple) (?:that|as much|the amount|this)", _always("further", 2.0)),
    (rf"(?:even |much |way |a (?:bit|little|touch|tad) |some )?more of {_THAT}",
     _always("further")),
    (rf"(?:(?:do|again|repeat|same|the same)(?: {_THAT})? (?:again|more|once more|one more time)"
     rf"|repeat {_THAT})",
     _always("further")),
    (rf"(?:a (?:bit|little|touch|tad) |much |way )?less of {_THAT}", _always("back", 0.5)),
    (r"(?:(?:it|that|this|you) (?:is |are |was |went |goes |gone |have gone |has gone )?)?"
     r"(?:a (?:bit|little|touch|tad) |way |far |much )?too far", _always("back", 0.5)),
    (r"(?:do |go |try |make it )?(?:(?:the |in the )?(?:(?:exact |complete )?opposite|reverse)"
     r"(?: of (?:that|this|it))?(?: direction)?|(?:the )?other way(?: (?:a)?round)?"
     r"|the other direction)", _always("further", -2.0)),
)  # fmt: skip
# What is a reference only as the whole instruction.
_WHOLE: tuple[tuple[str, Read], ...] = (
    (r"(?:go back|back|previous|(?:a|one) (?:step|turn) back)", _always("undo")),
    (
        r"(?:(?:remove|clear|delete|undo|bypass|strip|wipe|drop|kill|lose|take)(?: out| away|"
        r" off)? "
        r"(?:everything|it all|all|all(?: of)? (?:it|the effects)|all effects"
        r"|the (?:whole |entire )?chain)(?: off| out| away)?|(?:no|remove the) effects"
        r"|the original|(?:the )?(?:original|dry)(?: (?:sound|clip|signal|version|recording))"
        r"|dry again"
        r"|(?:all the way back|from the top|from scratch))", _always("start"),
    ),
    (
        r"(?:even )?(?:more|again|further|stronger|push it(?: further)?|harder|more more"
        r"|not enough|too (?:subtle|weak|little)|(?:go|keep) (?:further|going)|go on|continue"
        r"|(?:more|another|a) step(?: further)?|once more|one more time|more please|stronger"
        r" please)"
        r"|(?:a (?:bit|little|touch|tad) |a little bit |much |way |slightly |lots |some )"
        r"(?:more|further|stronger)", _always("further"),
    ),
    (
        r"(?:go )?half ?way(?: back)?|too (?:much|strong|heavy|extreme|intense)"
        r"|(?:(?:that|it|this) (?:is|was) )?(?:way |a (?:bit|little|touch|tad) |far )?"
        r"(?:too much|overdone|too (?:strong|heavy|extreme))"
        r"|less(?: please)?|(?:a (?:bit|little|touch|tad) |a little bit |much |way )less"
        r"|tone (?:it|that) down|dial (?:it|that) (?:back|down)|overdone"
        r"|(?:ease|back) off(?: a (?:bit|little|touch|tad))?"
        r"|(?:that is )?over the top|not so (?:much|strong)|(?:make it )?(?:more )?subtler?|weaker"
        r"|calm down|easy|easy there|not that much|half", _always("back", 0.5),
    ),
)  # fmt: skip
# Between a reference and what is wanted beside it.
_JOINT = (
    r"(?:(?:\s*[,;:.!]+)?\s+(?:but|and|with|plus|only|just|except|yet|then|and then|while"
    r"|make it|though)\b|\s*[,;:.!]+)"
)


@dataclass(frozen=True)
class _Pattern:
    """A sentence about turns: alone, before something else, after it."""

    alone: re.Pattern[str]
    before: re.Pattern[str]
    after: re.Pattern[str]
    make: Read


@cache
def _patterns() -> tuple[_Pattern, ...]:
    return tuple(
        _Pattern(
            re.compile(rf"{_ASKED}(?P<all>{said}){_POLITE}"),
            re.compile(rf"{_ASKED}(?P<all>{said}){_POLITE}{_JOINT}"),
            re.compile(rf"{_JOINT}\s*{_ASKED}(?P<all>{said}){_POLITE}$"),
            make,
        )
        for said, make in _SENTENCES
    )


@cache
def _whole() -> tuple[tuple[re.Pattern[str], Read], ...]:
    return tuple((re.compile(rf"{_ASKED}(?:{said}){_POLITE}"), make) for said, make in _WHOLE)


# A turn by its number is one wherever it stands: "darker like turn 2".
_AT_THE_END = re.compile(rf"\b(?:like|as in|from) (?:in )?{_place()}$")


def read(text: str, amount: Callable[[str], float]) -> tuple[Reference | None, str]:
    """The reference of an instruction and what else it says.

    Args:
        text: Lower case, contractions written out, as `grammar.normalized` makes it.
        amount: How much words say, 1 is usual ("way more": 1.5).
    """
    text = text.strip(" .,!;")
    for pattern, make in _whole():
        if match := pattern.fullmatch(text):
            return _sized(make(match), text, amount), ""
    for sentence in _patterns():
        if match := sentence.alone.fullmatch(text):
            return _sized(sentence.make(match), text, amount), ""
    for sentence in _patterns():
        if match := sentence.before.match(text):
            said, rest = match["all"], text[match.end() :]
            return _sized(sentence.make(match), said, amount), rest.strip()
    for sentence in _patterns():
        if match := sentence.after.search(text):
            said, rest = match["all"], text[: match.start()]
            return _sized(sentence.make(match), said, amount), rest.strip()
    # "Not feeling it, go back".
    *before, last = re.split(r"[,.;:!]+ ", text)
    for pattern, make in _whole() if before else ():
        if match := pattern.fullmatch(last):
            return _sized(make(match), last, amount), ", ".join(before)
    match = _AT_THE_END.search(text)
    if match and (match["turn"] or match["nth"]):
        return _goto(match), text[: match.start()].strip()
    return None, text


def _sized(reference: Reference, said: str, amount: Callable[[str], float]) -> Reference:
    """How much further or back, by the words: "way more of that"."""
    said = re.sub(r"\btoo (?:much|far)\b", "", said)
    if (
        reference.kind == "further"
        and reference.share == 1.0
        and not re.search(r"\b(?:twice|double|two times)\b", said)
    ):
        return Reference("further", share=0.5 * amount(said))
    if (
        reference.kind == "back"
        and reference.share == 0.5
        and not re.search(r"\bhalf|\bpart|%|percent", said)
    ):
        return Reference("back", share=0.5 * min(amount(said), 1.6))
    return reference
