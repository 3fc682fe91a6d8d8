"""Numbers and units as people write them, in one form: "three hundred hertz" is "300 hz".

The units are db, hz, s, %, :1, bits, st (semitones), beats and bpm; ranges become their middle.
"""

from __future__ import annotations

import math
import re

from ifx_bridge.words.forms import either

NUMBER = r"(?<![\w./])[-+]?\d+(?:[.,]\d+)?"
# A number in the one form.
FIGURE = re.compile(
    rf"(?P<number>{NUMBER})\s*(?P<unit>db|hz|s|%|:1|bits|st|bpm|beats)?(?![\w%:/]|[.,]\d)"
)
# (the unit, what one of it is in it, how people write it)
UNITS = (
    ("db", 1.0, r"db|dbs|d b|decibels?|decibles?"),
    ("hz", 1000.0, r"k|khz|k hz|kilo ?hertz|kilo"),
    ("hz", 1.0, r"hz|herz|hertz|cycles"),
    ("s", 0.001, r"ms|msecs?|millis?|milli ?seconds?"),
    ("s", 1.0, r"s|secs?|seconds?"),
    ("%", 1.0, r"%|per ?cent|pct"),
    ("st", 0.01, r"cents?|ct"),
    ("st", 1.0, r"st|semis?|semi[ -]?tones?|half[ -]?(?:steps?|tones?)"),
    ("st", 2.0, r"whole[ -]?(?:steps?|tones?)|tones?"),
    ("st", 12.0, r"octaves?|oct"),
    ("bpm", 1.0, r"bpm|beats (?:per|a) minute"),
    ("bits", 1.0, r"[- ]?bits?"),
)  # fmt: skip
# A number of semitones as an interval.
INTERVALS = {
    "minor second": 1, "major second": 2, "minor third": 3, "major third": 4, "third": 4,
    "fourth": 5, "perfect fourth": 5, "tritone": 6, "fifth": 7, "perfect fifth": 7,
    "minor sixth": 8, "major sixth": 9, "sixth": 9, "minor seventh": 10, "major seventh": 11,
    "seventh": 11, "octave": 12,
}  # fmt: skip
# Note values in quarter notes, which are the beats.
NOTES = {"whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "sixteenth": 0.25,
         "1/1": 4.0, "1/2": 2.0, "1/4": 1.0, "1/8": 0.5, "1/16": 0.25, "1/32": 0.125}  # fmt: skip
FEEL = {"dotted": 1.5, "d": 1.5, "triplet": 2 / 3, "triplets": 2 / 3, "t": 2 / 3}
ONES_TEXT = """zero one two three four five six seven eight nine ten eleven twelve thirteen
    fourteen fifteen sixteen seventeen eighteen nineteen"""
TENS_TEXT = "twenty thirty forty fifty sixty seventy eighty ninety"
ONES = {word: value for value, word in enumerate(ONES_TEXT.split())}
TENS = {word: 10 * value for value, word in enumerate(TENS_TEXT.split(), start=2)}
# Said before a unit.
VAGUE = {"half a": 0.5, "half an": 0.5, "a half": 0.5, "quarter of a": 0.25, "a quarter": 0.25,
         "a quarter of a": 0.25, "three quarters of a": 0.75, "a couple of": 2.0, "a couple": 2.0,
         "a few": 3.0, "half": 0.5, "quarter": 0.25}  # fmt: skip
LOWEST_HZ = 20.0
# A single one of these may be said with an article alone ("an octave", but not "a bit").
SINGLE = r"(?:octave|semi-?tone|semi|whole[ -]?(?:step|tone)|half[ -]?(?:step|tone)|db|decibel)"
ANY_UNIT = "|".join(unit for _, _, unit in UNITS)
_WORD = "|".join((*ONES, *TENS, "hundred", "thousand"))
SPOKEN = (
    rf"(?:a )?(?:{_WORD})(?:[ -](?:and )?(?:{_WORD})| point(?: (?:{'|'.join(ONES)}))+| and a half)*"
)
# Before a number in words that has no unit.
KNOB = r"(?:ratio|drive|threshold|attack|release|feedback|mix|wet|depth|q)(?: (?:of|to|at|by|is))?"
DELAYED = re.compile(r"\b(?:delay\w*|echo\w*|repeats?|notes?|dotted|triplets?|sync\w*)\b")
PITCHED = re.compile(r"\b(?:up|down|higher|lower|transpose\w*|pitch\w*|harmony|shift\w*)\b")


def written(text: str) -> str:
    """The text (lower case) with every number and its unit in the one form."""
    text = re.sub(r"\bpre[ -]?delay\b", "predelay", text)
    text = re.sub(r"\b(?:minus|negative)\s+(?=\d|a |an |half|" + _WORD + ")", "-", text)
    text = re.sub(r"\b(?:a )?(half|whole) a? ?(step|tone)\b", r"a \1 \2", text)
    text = re.sub(r"(?<=hz)\s*:|(?<=hertz)\s*:|(?<=\dk)\s*:", " ", text)
    text = re.sub(r"\bplus\s+(?=\d)", "+", text)
    text = re.sub(r"(?<![\w%])([-+])\s+(?=\d)", r"\1", text)
    for step in (_rated, _spoken, _notes, _intervals, _ranges, _united):
        text = step(text)
    return text


def shown(value: float, unit: str, signed: bool) -> str:
    """A number as a person writes it."""
    if unit == "s" and abs(value) < 1:
        value, unit = 1000 * value, "ms"
    sign = "+" if signed and value >= 0 else ""
    title = {"db": " dB", "hz": " Hz", "st": " semitones", "": "", "%": "%", ":1": ":1"}
    return f"{sign}{_plain(value)}{title.get(unit, f' {unit}')}"


def _plain(value: float) -> str:
    return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"


def _value(number: str) -> float:
    return float(number.replace(",", "."))


def _said(words: str) -> float | None:
    """The value of a number in words, such as "three hundred and fifty" or "one point five"."""
    if words.endswith(" and a half"):
        whole = _said(words.removesuffix(" and a half"))
        return None if whole is None else whole + 0.5
    whole_words, _, decimals = words.partition(" point ")
    total, part = 0.0, 0.0
    last = math.inf
    for word in re.split(r"[ -](?:and )?", whole_words.removeprefix("a ")):
        if word in ("hundred", "thousand"):
            part = (part or 1) * (100 if word == "hundred" else 1000)
            if word == "thousand":
                total, part = total + part, 0.0
            last = math.inf
            continue
        value = TENS.get(word, ONES.get(word))
        if value is None or value >= last or (last < 20):
            return None  # "one two"
        part, last = part + value, value if word in ONES else 10.0
    digits = "".join(str(ONES[w]) for w in decimals.split()) if decimals else ""
    return float(f"{total + part:.0f}.{digits or 0}")


def _spoken(text: str) -> str:
    """Numbers in words before a unit, or after a knob's name."""

    def change(match: re.Match[str]) -> str:
        value = _said(match["words"])
        return match[0] if value is None else f"{match['before'] or ''}{_plain(value)}"

    text = re.sub(rf"(?P<before>)\b(?P<words>{SPOKEN})(?=[ -]?(?:{ANY_UNIT})\b)", change, text)
    vague = either(*VAGUE)
    text = re.sub(rf"\b({vague}) (?=(?:{ANY_UNIT})\b)", lambda m: f"{_plain(VAGUE[m[1]])} ", text)
    text = re.sub(r"\ba (db|decibel) or two\b", lambda m: "1.5 db", text)
    text = re.sub(rf"(?<![\w])(?:an?|one) (?={SINGLE}\b)", lambda m: "1 ", text)
    return re.sub(
        rf"(?P<before>\b{KNOB} |\b(?:by|up|down) )(?P<words>{SPOKEN})\b(?! (?:the|of))",
        change,
        text,
    )


def _rated(text: str) -> str:
    """Ratios: "eight to one", "4 : 1"."""

    def change(match: re.Match[str]) -> str:
        number = match[1]
        value = _value(number) if number[0].isdigit() else _said(number)
        return match[0] if value is None else f"{_plain(value)}:1"

    number = rf"\d+(?:[.,]\d+)?|{SPOKEN}"
    return re.sub(
        rf"(?<![\w.])({number})\s*(?:\s?:\s?1|to (?:1|one))\b(?![.,]?\d|\s*(?:{ANY_UNIT})\b)",
        change,
        text,
    )


def _notes(text: str) -> str:
    """Note values: "dotted eighth", "1/8 triplet", "quarter note"."""
    if not DELAYED.search(text):
        return text
    feel = r"dotted|triplets?"

    def change(match: re.Match[str]) -> str:
        how = match["first"] or match["last"] or ""
        named = match["note"] in ("whole", "half", "quarter")
        if named and not (how or match["word"]):
            return match[0]  # "half the delay"
        return f"{_plain(NOTES[match['note']] * FEEL.get(how, 1.0))} beats"

    notes = either(*NOTES)
    text = re.sub(r"\bquarter (?=(?:delay|echo))", lambda m: "quarter note ", text)
    return re.sub(
        rf"(?:\b(?P<first>{feel})[ -])?(?<![\w/.])(?P<note>{notes})(?:ths?|s)?"
        rf"(?P<word>[ -]?notes?)?(?:[ -]?(?P<last>{feel}|d|t)\b)?(?![\w/])(?! of\b)",
        change,
        text,
    )


def _intervals(text: str) -> str:
    """Intervals: "down a fifth" is 7 semitones."""
    if not PITCHED.search(text):
        return text
    names = either(*INTERVALS)
    for pattern in (
        rf"\b(?:an?|one) (?P<name>{names})\b(?! of\b)",
        rf"(?<=\bup )(?P<name>{names})s?\b",
        rf"(?<=\bdown )(?P<name>{names})s?\b",
        rf"(?<!\d )(?<![\d-])\b(?P<name>{names})s?(?= (?:up|down|higher|lower)\b)",
    ):
        text = re.sub(pattern, lambda m: f"{INTERVALS[m['name']]} st", text)
    return text


def _ranges(text: str) -> str:
    """Ranges: the geometric mean of frequencies, the mean of anything else."""
    number, hertz = r"\d+(?:[.,]\d+)?", r"k ?hz|k|kilohertz|hz|hertz"

    def tones(match: re.Match[str]) -> str:
        in_k = match["unit"].startswith("k")
        low, high = _value(match["low"]), _value(match["high"]) * (1000 if in_k else 1)
        own = match["own"]
        low *= 1000 if (own.startswith("k") if own else in_k and low < LOWEST_HZ) else 1
        return f"{_plain(round(math.sqrt(low * high), 1))} hz"

    def others(match: re.Match[str]) -> str:
        return f"{_plain((_value(match['low']) + _value(match['high'])) / 2)} {match['unit']}"

    text = re.sub(rf"\bbetween ({number} ?(?:{hertz})?) and (?=\d)", r"\1 to ", text)
    text = re.sub(
        rf"(?:\bfrom )?(?<![\w.])(?P<low>{number})\s*(?P<own>{hertz})?\s*(?:-|to|through)\s*"
        rf"(?P<high>{number})\s*(?P<unit>{hertz})\b",
        tones,
        text,
    )
    units = "|".join(unit for name, _, unit in UNITS if name != "hz")
    text = re.sub(rf"\bfrom [-+]?{number}\s*(?:{units})?\s+to (?=[-+]?\d)", "to ", text)
    return re.sub(
        rf"(?<![\w.])(?P<low>-?{number})\s*(?:{units})?(?:-|\s+or\s+)(?P<high>{number})\s*"
        rf"(?P<unit>{units})(?!\w)",
        others,
        text,
    )


def _united(text: str) -> str:
    """One name for each unit, and its value in it."""
    for name, factor, unit in UNITS:

        def change(match: re.Match[str], name: str = name, factor: float = factor) -> str:
            sign = "+" if match[1].startswith("+") else ""
            return f"{sign}{_plain(_value(match[1]) * factor)} {name}"

        # "8-bit" is a sound, "8 bits" and "to 8 bit" a number.
        sound = r"(?:(?<=to )|(?<=at )|(?!8[ -]?bit\b))" if name == "bits" else ""
        text = re.sub(rf"{sound}({NUMBER})[ -]?(?:{unit})(?![\w:])", change, text)
    return re.sub(r"(\d) %", r"\1%", text)
