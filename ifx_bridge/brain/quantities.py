"""Numbers in an instruction: which knob each of them is for, and what it says.

`written` puts numbers and their units in one form, "three hundred hertz" as "300 hz". A `Reader`
goes through the clauses, keeps the effect that is spoken of in mind, and binds every number to a
knob by its unit and by what stands nearest. What cannot be used is named, never lost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ifx_bridge.brain.figures import FIGURE, shown
from ifx_bridge.brain.knobs import (
    BEYOND,
    BY_UNIT,
    COUNTED,
    DOWN,
    FACTORS,
    FILTER,
    FILTER_DB,
    HEARD_HZ,
    HIGHEST_SECONDS,
    LACKING,
    LEAST,
    LOWER_SIDE,
    MISSING,
    MOST,
    NAMES,
    OF_EFFECT,
    OF_UNIT,
    OUT,
    PARTS,
    SET_TO,
    TAKES,
    TRANSPOSE,
    TURNS,
    UNWANTED,
    UP,
    WAYS,
    WHOLE,
)
from ifx_bridge.brain.phrases import EFFECT_NAMES
from ifx_bridge.brain.requests import Request, Verb
from ifx_bridge.effects.spec import effect
from ifx_bridge.words.forms import either

_NAME = re.compile(rf"(?<![\w-])(?:{either(*NAMES, *MISSING)})(?![\w-])")
_EFFECT = re.compile(rf"\b(?:{either(*(n for names in EFFECT_NAMES.values() for n in names))})\b")
_EFFECT_OF = {name: fx for fx, names in EFFECT_NAMES.items() for name in names}
_NOT_A_NUMBER = re.compile(r"(?<!\w)[-+]?(?:inf\w*|nan|\d+e\d+)\s*(?:db|hz|s|%|st|bits)(?!\w)")
_ONLY_NUMBERS = re.compile(r"[\W\d]*(?:(?:db|hz|at|around|by|on|the|of|about)\b[\W\d]*)*")


@dataclass(frozen=True)
class Figure:
    """A number in a clause: where it stands, its unit, and whether a sign was said."""

    start: int
    end: int
    value: float
    unit: str
    signed: bool
    text: str


@dataclass(frozen=True)
class Name:
    """A knob's name in a clause; the effect may be open."""

    start: int
    end: int
    fx: str
    knob: str


@dataclass(frozen=True)
class Reading:
    """What the numbers of a clause say.

    Attributes:
        requests: In the order of the numbers.
        hz: A frequency that what else is said is about ("muddy around 250"), 0 when there is none.
        rest: What is left to be understood of the clause, without the numbers that are for
            nothing; empty when they say all.
    """

    requests: tuple[Request, ...] = ()
    hz: float = 0.0
    rest: str = ""


class Reader:
    """Reads the clauses of one instruction in order, with what was spoken of in mind."""

    def __init__(self, instruction: str) -> None:
        """Before the first clause; a tempo holds for the whole instruction."""
        figures = _figures(instruction, ())
        self._tempo = next((f.value for f in figures if f.unit == "bpm"), 0.0)
        self._has_beats = any(f.unit == "beats" for f in figures)
        self._fx = ""
        self._name: Name | None = None
        self._sense = 0
        self._gain = 0.0
        self._hz = 0.0

    def read(self, clause: str) -> Reading:
        """The numbers of the next clause."""
        effects = [_EFFECT_OF[m[0]] for m in _EFFECT.finditer(clause)]
        self._fx = effects[0] if effects else self._fx
        names = _names(clause, self._fx)
        reading = self._read(clause, names, effects)
        known = [n for n in names if n.fx not in ("", "?") and n.knob != "q"]
        self._name = known[-1] if known else None if effects else self._name
        if not effects:
            self._fx = next((n.fx for n in names if n.fx not in ("", "?")), self._fx)
        return reading

    def _read(self, clause: str, names: Sequence[Name], effects: Sequence[str]) -> Reading:
        if unreal := _NOT_A_NUMBER.search(clause):
            return _nothing(clause, f"'{unreal[0]}' is not a number that I can use.")
        figures = _figures(clause, names, bool(self._gain) and _is_list(clause))
        if not figures:
            said = tuple(self._without_number(clause, names, effects))
            return Reading(said, rest="" if said else clause)
        if missing := next((n.knob for n in names if n.fx == "?"), ""):
            return _nothing(
                clause,
                f"There is no {MISSING[missing]} here, so '{figures[0].text}' changes nothing.",
            )
        widths = _bound(figures, [n for n in names if n.knob == "q"])
        tones = [f for f in figures if f.unit == "hz" and not self._is_rate(f, effects)]
        gains = _gains([f for f in figures if f not in widths]) if tones else []
        found: list[Request] = []
        hz = 0.0
        if tones and (share := next((f.text for f in figures if f.unit == "%"), "")):
            return _nothing(
                clause, f"'{share}' of a frequency is nothing that I can set; say it in dB."
            )
        if tones:
            found = list(self._at_frequencies(clause, tones, gains, names))
            hz = 0.0 if found else tones[0].value
        found += self._widths(clause, widths)
        others = [f for f in figures if f not in (*tones, *gains, *widths)]
        bound = _bound(others, [n for n in names if n.knob != "q"])
        unread = [f for f in tones if hz]
        for figure in others:
            request = self._for_knob(clause, figure, bound.get(figure), effects)
            if request is not None:
                found += request
            elif figure.unit or _says_by(clause, figure):
                unread.append(figure)
                found += _nothing(
                    clause,
                    f"I do not know which knob '{figure.text}' is for, so it changes nothing.",
                ).requests
        # "make it 20 % brighter" says more than the number; "drive at 50 %" does not.
        done = any(r.verb != "unusable" for r in found) or any(f in bound for f in unread)
        rest = " ".join(_without(clause, unread).split())
        return Reading(tuple(found), hz, "" if done else rest)

    def _is_rate(self, figure: Figure, effects: Sequence[str]) -> bool:
        """Whether a frequency is how often a delay repeats."""
        return figure.value < HEARD_HZ[0] and (effects[:1] or [self._fx]) == ["delay"]

    # Frequencies.

    def _at_frequencies(
        self,
        clause: str,
        tones: Sequence[Figure],
        gains: Sequence[Figure],
        names: Sequence[Name],
    ) -> Iterator[Request]:
        """What happens at the frequencies of a clause; nothing when it does not say."""
        sense = _sense(clause)
        cut, beyond = FILTER.search(clause), BEYOND.search(clause)
        shelf = next((n.knob for n in names if "shelf" in clause[n.start : n.end]), "")
        if cut or shelf or (beyond and (gains or sense < 0)):
            name = shelf or f"{'high' if _is_high(cut, beyond) else 'low'}_shelf_gain_db"
            yield from self._shelf(clause, name, tones[0], gains, bool(cut or beyond))
            return
        lack = bool(LACKING.search(clause)) and not re.search(r"\b(?:make|more)\b", clause)
        known = sense or lack or UNWANTED.search(clause)
        for index, tone in enumerate(tones):
            self._hz = tone.value
            if gains:
                near = gains[index] if len(gains) == len(tones) else _nearest(tone, gains)
                yield self._gain_at(clause, tone, self._signed(clause, near))
            elif known:
                wanted = (sense > 0 or lack) and not UNWANTED.search(clause)
                verb: Verb = "more" if wanted else "remove" if OUT.search(clause) else "less"
                yield Request(verb, "eq@", hz=tone.value, text=clause)
            elif self._gain and _is_list(clause):  # "2 dB at 100, 300 and 5k"
                yield self._gain_at(clause, tone, self._gain)

    def _gain_at(self, clause: str, tone: Figure, value: float) -> Request:
        self._gain, self._sense = value, 1 if value > 0 else -1
        return Request("shift", "eq@", value=value, hz=tone.value, text=clause)

    def _widths(self, clause: str, widths: Mapping[Figure, Name]) -> Iterator[Request]:
        for figure in widths:
            if self._hz:
                yield Request("set", "eq@q", value=figure.value, hz=self._hz, text=clause)
            else:
                yield from _nothing(
                    clause,
                    f"A Q of {figure.text} needs a frequency, such as 'cut 3 dB at 300 Hz with a "
                    "Q of 4'.",
                ).requests

    def _signed(self, clause: str, gain: Figure) -> float:
        sense = _sense(clause, gain)
        if not sense and not gain.signed and _ONLY_NUMBERS.fullmatch(clause):
            sense = self._sense
        return -abs(gain.value) if sense < 0 else gain.value

    def _shelf(
        self, clause: str, gain: str, tone: Figure, gains: Sequence[Figure], filters: bool
    ) -> Iterator[Request]:
        frequency = gain.replace("gain_db", "cutoff_freq")
        yield Request("set", f"eq.{frequency}", value=tone.value, text=clause)
        if gains:
            value = self._signed(clause, gains[0])
            yield Request("shift", f"eq.{gain}", value=value, text=clause)
        elif filters:
            yield Request("set", f"eq.{gain}", value=FILTER_DB, text=clause)

    # Knobs.

    def _for_knob(
        self, clause: str, figure: Figure, name: Name | None, effects: Sequence[str]
    ) -> list[Request] | None:
        """What a number says of a knob; None when there is no knob for it."""
        unit, value = figure.unit, figure.value
        if unit == "bpm" and self._has_beats:
            return []  # it is said of them
        target = self._target(clause, figure, name, effects)
        sense = _sense(clause, figure)
        if target is None:
            if unit == "db" and self._hz:  # "at 300, cut 3 dB"
                at = Figure(0, 0, self._hz, "hz", False, "")
                return [self._gain_at(clause, at, self._signed(clause, figure))]
            if unit == "db" and (sense or re.search(r"\bloud|\bvolume|\blevel", clause)):
                return [Request("level", text=clause)]
            return None
        fx, knob = target.split(".", 1)
        adding = re.search(r"\badd\b", clause) and not re.search(
            r"\bto (?:the|it|its|this)\b", clause[figure.end :]
        )
        if adding and unit != "db":  # "add a 300 ms delay"
            sense = _sense(re.sub(r"\badd\b", "", clause), figure)
        by = _says_by(clause, figure)
        if by and not sense and not figure.signed:
            sense = self._sense
        to = bool(SET_TO.search(clause[: figure.start]))
        self._sense = sense or self._sense
        change = -abs(value) if sense < 0 else value
        if unit == "db" and fx in ("rev", "delay"):
            factor = 10 ** (change / 20)
            return None if to else [Request("scale", target, value=factor, text=clause)]
        foreign = _unit(fx, knob) != ""
        if unit == "%" and (foreign or by or name is None) and not to and (sense or by):
            factor = max(0.0, 1 + change / 100)
            return [Request("scale", target, value=factor, text=clause)]
        if unit == "%" and foreign:
            return None
        if unit == "beats" and not self._tempo:
            return [Request("set", "delay.beats", value=value, text=clause)]
        if unit in ("beats", "bpm"):
            beats, tempo = (value, self._tempo) if unit == "beats" else (1.0, value)
            seconds = 60 * beats / max(tempo, 1e-9)
            return [Request("set", "delay.delay_seconds", value=seconds, text=clause)]
        relative = not to and (by or sense != 0 or _is_change(fx, knob, figure))
        if relative and knob != "seconds":
            change = _in_unit(fx, knob, change, unit)
            return [Request("shift", target, value=change, text=clause)]
        value = _in_unit(fx, knob, value, unit)
        if (fx, knob) == ("comp", "threshold_db"):
            value = -abs(value)
        found = [Request("set", target, value=value, text=clause)]
        if (fx, knob, value) == ("rev", "wet_level", 1.0):
            found.append(Request("set", "rev.dry_level", value=0.0, text=clause))
        return found

    def _target(
        self, clause: str, figure: Figure, name: Name | None, effects: Sequence[str]
    ) -> str | None:
        """The knob that a number is for."""
        unit = figure.unit
        if name is not None:
            knob = _pseudo(name, unit)
            return f"{name.fx}.{knob}"
        last = self._name
        if last is not None and unit and not effects and _accepts(last, unit):
            return f"{last.fx}.{_pseudo(last, unit)}"  # "fast attack, 1 ms"
        if unit == "" and not effects:
            return "pitchshift.semitones" if TRANSPOSE.search(clause) else None
        for fx in dict.fromkeys((*effects, self._fx)):
            if (fx, unit) in OF_UNIT:
                return f"{fx}.{OF_UNIT[fx, unit]}"
            if unit == "db" and fx in ("rev", "delay"):
                return f"{fx}.{WHOLE[fx]}"
        if unit in BY_UNIT:
            return f"{BY_UNIT[unit]}.{OF_UNIT[BY_UNIT[unit], unit]}"
        return None

    # Without figures.

    def _without_number(
        self, clause: str, names: Sequence[Name], effects: Sequence[str]
    ) -> Iterator[Request]:
        for pattern, target, value, factor in TURNS:
            if re.search(rf"\b(?:{pattern})\b", clause):
                if value is None:
                    yield Request("scale", target, value=factor, text=clause)
                else:
                    yield Request("set", target, value=value, text=clause)
                return
        named = next((n for n in names if n.fx != "?"), None)
        factor, whole = _factor(clause), self._whole_target(clause, named, effects)
        if factor and whole is not None:
            yield Request("scale", whole, value=factor, text=clause)
            return
        if named is not None and named.fx:
            end = math.inf if MOST.search(clause) else -math.inf if LEAST.search(clause) else 0.0
            quality = named.fx == "eq" and not re.search(r"\b(?:max|min)", clause)  # "full bass"
            if end and not quality and named.knob != "q":
                target = f"{named.fx}.{named.knob}"
                yield Request("set", target, value=end, text=clause)
                if target == "rev.wet_level" and end > 0:
                    yield Request("set", "rev.dry_level", value=0.0, text=clause)
                return
        if re.search(r"\b(?:not|never|no)\b", clause):
            return
        for pattern, target, sense in WAYS:
            if re.search(rf"\b(?:{pattern})\b", clause):
                yield Request("more" if sense > 0 else "less", target, text=clause)
                return

    def _whole_target(self, clause: str, name: Name | None, effects: Sequence[str]) -> str | None:
        fx = effects[0] if effects else ""
        if fx == "delay" and re.search(r"\b(?:long|short|fast|quick|slow|time)\b", clause):
            return "delay.delay_seconds"
        if name is not None and name.knob not in ("q", "gain") and (not fx or name.fx == fx):
            return f"{name.fx}.{_pseudo(name, '')}"
        return f"{fx}.{WHOLE[fx]}" if fx in WHOLE else None


def _nothing(clause: str, sentence: str) -> Reading:
    """Says why a number is of no use."""
    return Reading((Request("unusable", sentence, text=clause),))


def _says_by(clause: str, figure: Figure) -> bool:
    return bool(re.search(r"\bby (?:about |around )?$", clause[: figure.start]))


def _is_list(clause: str) -> bool:
    """Whether a clause goes on with what the one before said ("and 2 dB at 500")."""
    return _ONLY_NUMBERS.fullmatch(clause) is not None


def _gains(figures: Sequence[Figure]) -> list[Figure]:
    """The gains among the numbers of a clause with frequencies: in dB, else without a unit."""
    return [f for f in figures if f.unit == "db"] or [f for f in figures if f.unit == ""]


def _names(clause: str, topic: str) -> list[Name]:
    """The knobs named in a clause; the effect `?` marks one that no effect has."""
    found = []
    for match in _NAME.finditer(clause):
        if match[0] in MISSING:
            found.append(Name(match.start(), match.end(), "?", match[0]))
            continue
        fx, knob = NAMES[match[0]]
        if match[0] in {"mix", "time", "gain", "wet", "wet level", "decay", "tail"}:
            other = OF_EFFECT.get((topic, knob))
            if other is not None:
                fx, knob = topic, other
            elif knob == "time":
                fx, knob = "delay", "delay_seconds"
            elif knob == "gain":
                continue
        found.append(Name(match.start(), match.end(), fx, knob))
    return found


def _figures(clause: str, names: Sequence[Name], in_list: bool = False) -> list[Figure]:
    """The numbers of a clause; some without a unit show by their place what they are."""
    found = []
    for match in FIGURE.finditer(clause):
        unit, number = match["unit"] or "", match["number"].replace(",", ".")
        value, signed = float(number), number[0] in "+-"
        text = shown(value, unit, signed)
        tone = not signed and HEARD_HZ[0] <= value <= HEARD_HZ[1]
        before = clause[: match.start()]
        if not unit and COUNTED.search(before):
            continue
        if not unit and " beats" in clause and AT.search(before):
            unit = "bpm"
        elif not unit and tone and (in_list or _is_tone(clause, before, names)):
            unit = "hz"
        found.append(Figure(match.start(), match.end(), value, unit, signed, text))
    return found


AT = re.compile(r"\b(?:at|around|near|above|below|under|over)\s*$")
EQ_VERB = re.compile(r"\b(?:cut|boost|lift|dip|notch|scoop|carve|reduce|attenuate|tame)\s+$")


def _is_tone(clause: str, before: str, names: Sequence[Name]) -> bool:
    """Whether a number without a unit is a frequency ("-3 at 300", "lift 150 by 2")."""
    if FILTER.search(clause):
        return True
    if any(n.fx != "eq" for n in names) or _EFFECT.search(clause):
        return False
    return bool(EQ_VERB.search(before) or AT.search(before))


def _bound(figures: Sequence[Figure], names: Sequence[Name]) -> dict[Figure, Name]:
    """Each number's knob: all after their names, or all before them, whichever fits more."""

    def one_way(before: bool, left: Sequence[Figure], free: Sequence[Name]) -> dict[Figure, Name]:
        pairs: dict[Figure, Name] = {}
        for figure in left:
            near = [
                n
                for n in free
                if n not in pairs.values()
                and _accepts(n, figure.unit)
                and (n.end <= figure.start if before else n.start >= figure.end)
            ]
            if near:
                pairs[figure] = min(near, key=lambda n: _gap(figure, n))
        return pairs

    ways = [one_way(True, figures, names), one_way(False, list(reversed(figures)), names)]
    best = max(ways, key=lambda pairs: (len(pairs), -sum(_gap(f, n) for f, n in pairs.items())))
    free = [n for n in names if n not in best.values()]
    left = [f for f in figures if f not in best]
    return {**one_way(best is not ways[0], left, free), **best}


def _gap(figure: Figure, other: Name | Figure) -> int:
    return max(other.start - figure.end, figure.start - other.end)


def _nearest(figure: Figure, others: Sequence[Figure]) -> Figure:
    return min(others, key=lambda other: _gap(figure, other))


def _unit(fx: str, knob: str) -> str:
    if knob in ("mix", "seconds", "beats"):
        return {"mix": "", "seconds": "s", "beats": "s"}[knob]
    return effect(fx).parameter(knob).unit


def _accepts(name: Name, unit: str) -> bool:
    if name.fx == "?":
        return False
    if name.knob == "q":
        return unit in ("", "q")
    if unit in ("", "%") or (name.fx, name.knob, unit) == ("rev", "room_size", "s"):
        return True
    return unit in TAKES[_unit(name.fx, name.knob)]


def _pseudo(name: Name, unit: str) -> str:
    """The knob, or what stands for it in that unit."""
    if (name.fx, name.knob, unit) == ("rev", "room_size", "s"):
        return "seconds"
    return "beats" if (name.fx, unit) == ("delay", "beats") else name.knob


def _in_unit(fx: str, knob: str, value: float, unit: str) -> float:
    """A number in the knob's own unit."""
    own = _unit(fx, knob)
    if unit == "hz":
        return 1 / value if value > 0 else math.inf
    if own == "ms" and unit == "s":
        return 1000 * value
    if own == "" and (unit == "%" or (unit == "" and abs(value) > 1)):
        return value / 100
    if own == "s" and unit == "" and abs(value) > HIGHEST_SECONDS:
        return value / 1000
    return value


def _is_change(fx: str, knob: str, figure: Figure) -> bool:
    """Whether a signed number is a change: "bass +3", "drive -6", but not "threshold -30"."""
    if not figure.signed or knob in ("mix", "seconds", "beats"):
        return False
    parameter = effect(fx).parameter(knob)
    return fx == "eq" or (parameter.low >= 0)


def _sense(clause: str, figure: Figure | None = None) -> int:
    """Which way the words say, +1 or -1; of both, the nearest before a number; 0 for neither."""
    clause = FILTER.sub(lambda m: " " * len(m[0]), clause)  # "low cut" cuts nothing else
    hits = [(m.start(), m.end(), -1) for m in DOWN.finditer(clause)]
    hits += [(m.start(), m.end(), +1) for m in UP.finditer(clause)]
    hits = [h for h in hits if h[2] < 0 or not any(d[0] <= h[0] < d[1] for d in hits if d[2] < 0)]
    if figure is not None and figure.unit == "st":
        hits = [h for h in hits if clause[h[0] : h[1]] not in ("off", "back", "out of")]
    if not hits:
        return 0
    if figure is None or len({h[2] for h in hits}) == 1:
        return min(h[2] for h in hits)
    if any(h[2] < 0 and clause[h[0] : h[1]] not in ("off", "back") for h in hits) and re.search(
        r"\b(?:add|give (?:it|me|us)|needs?|want)\b", clause
    ):
        return -1  # "add a 3 dB cut"
    before = [h for h in hits if h[1] <= figure.start]
    return max(before or hits, key=lambda h: h[0])[2]


def _is_high(cut: re.Match[str] | None, beyond: re.Match[str] | None) -> bool:
    if cut is None:
        return beyond is not None and beyond[1] not in LOWER_SIDE
    if cut[3]:
        return cut[3] == "lpf"
    return cut[1].startswith("h") == (cut[2] == "cut")


def _factor(clause: str) -> float:
    """What to multiply by: "halve", "by a third", "twice as fast"; 0 when nothing says so."""
    for part, share in PARTS.items():
        if re.search(rf"\bby {part}\b|\b{part} (?:less|more|shorter|longer)\b", clause):
            down = re.search(r"\b(?:less|shorter)\b", clause) or _sense(clause) < 0
            return 1 - share if down else 1 + share
    for words, factor in FACTORS:
        if re.search(rf"(?<![\w-])(?:{words})(?![\w-])", clause):
            return 1 / factor if re.search(r"\bas (?:fast|quick|short)\b", clause) else factor
    return 0.0


def _without(clause: str, figures: Sequence[Figure]) -> str:
    for figure in sorted(figures, key=lambda f: -f.start):
        before = re.sub(r"\b(?:at|around|near|about|by|to|of)\s*$", "", clause[: figure.start])
        clause = f"{before} {clause[figure.end :]}"
    return clause
