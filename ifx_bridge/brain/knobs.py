"""What engineers say of knobs and numbers, as tables: names, units, ways, multiples, filters."""

from __future__ import annotations

import math
import re

from ifx_bridge.brain.phrases import KNOB_NAMES, LESS, MORE, REMOVE
from ifx_bridge.words.forms import either

# Knobs whose names mean one only beside a number; without an effect: of the one spoken of.
NAMES = {
    **KNOB_NAMES,
    "mix": ("", "mix"), "dry wet": ("", "mix"), "wet dry": ("", "mix"), "blend": ("", "mix"),
    "time": ("", "time"), "gain": ("", "gain"), "size": ("rev", "room_size"),
    "high shelf": ("eq", "high_shelf_gain_db"), "low shelf": ("eq", "low_shelf_gain_db"),
    "depth": ("bitcrush", "bit_depth"), "q": ("eq", "q"), "bandwidth": ("eq", "q"),
}  # fmt: skip
# What is called so of which effect, where it is not the knob above.
OF_EFFECT = {
    ("delay", "wet"): "mix", ("delay", "wet_level"): "mix", ("delay", "time"): "delay_seconds",
    ("delay", "room_size"): "feedback", ("rev", "mix"): "wet_level", ("rev", "time"): "room_size",
    ("dist", "gain"): "drive_db",
}  # fmt: skip
# Knobs that engineers know and no effect here has.
MISSING = {
    "predelay": "pre-delay", "knee": "knee", "makeup": "make-up gain", "make-up": "make-up gain",
    "lookahead": "look-ahead", "sample rate": "sample rate", "samplerate": "sample rate",
    "modulation": "modulation", "diffusion": "diffusion", "swing": "swing",
}  # fmt: skip
# The knob that a number is for when only the effect is named, by effect and unit.
OF_UNIT = {
    ("delay", "s"): "delay_seconds", ("delay", "beats"): "beats", ("delay", "bpm"): "beats",
    ("delay", "hz"): "delay_seconds", ("delay", "%"): "mix", ("delay", ""): "delay_seconds",
    ("rev", "s"): "seconds", ("rev", "%"): "wet_level", ("rev", ""): "wet_level",
    ("dist", "db"): "drive_db", ("dist", ""): "drive_db",
    ("comp", "db"): "threshold_db", ("comp", ":1"): "ratio",
    ("pitchshift", "st"): "semitones", ("pitchshift", ""): "semitones",
    ("bitcrush", "bits"): "bit_depth", ("bitcrush", ""): "bit_depth",
}  # fmt: skip
# The effect that a unit alone means.
BY_UNIT = {":1": "comp", "bits": "bitcrush", "st": "pitchshift", "beats": "delay", "bpm": "delay",
           "s": "delay"}  # fmt: skip
# The knob that "halve" or "by 20 %" of an effect turns.
WHOLE = {"rev": "wet_level", "delay": "mix", "dist": "drive_db", "comp": "ratio"}
# Units that a knob takes numbers in, by its own.
TAKES = {"dB": {"db"}, "s": {"s", "beats", "bpm"}, "ms": {"s"}, "": {"%"}, ":1": {":1"},
         "bits": {"bits"}, "semitones": {"st"}}  # fmt: skip

# All that a shelf can do stands for a filter.
FILTER_DB = -18.0
HEARD_HZ = (20.0, 20000.0)
HIGHEST_SECONDS = 5.0


UP = re.compile(
    rf"(?<![\w-])(?:{either(*(w for w in MORE if w not in {'deeper', 'not enough'}))}"
    r"|add|lift\w*|bump|bumped|give (?:it|me|us)|rise|sharp|emphasi[sz]e|gain up|plus"
    r"|slowed|lacks?|lacking|missing|not enough|needs?|want)(?![\w-])"
)
DOWN = re.compile(
    rf"(?<![\w-])(?:{either(*LESS, *(w for w in REMOVE if w not in {'no', 'stop', 'undo'}))}"
    r"|trim\w*|shave\w*|knock|dip|dipped|notch\w*|scoop\w*|carve\w*|duck\w*|dial|softer|deeper|flat"
    r"|filter\w*|below zero|minus|off|back|out of|pull)(?![\w-])"
    r"|\b(?:take|bring|pull|turn|knock)\b.+\b(?:off|out|away|down|back)\b"
)
OUT = re.compile(r"\b(?:remove|kill|get rid of|notch out|take out|eliminate|lose)\b")
# Qualities that nobody wants more of at a frequency.
UNWANTED = re.compile(
    r"\b(?:too much|resonan\w*|ring\w*|build ?-?up|harsh\w*|annoying|nasty|ugly|hurts?|honk\w*"
    r"|mud\w*|whistl\w*|pok(?:es|ing)|painful|stick(?:s|ing)?|boom\w*|box\w*|nasal\w*|hum|hiss\w*"
    r"|shrill\w*|pierc\w*|brittle\w*|sibilan\w*|tinny|rumbl\w*|squeal\w*|buzz\w*)\b"
)
# And of which nobody wants less.
LACKING = re.compile(r"\b(?:dull\w*|muffled|thin\w*|weak\w*|hollow\w*|lifeless|anemic)\b")
SET_TO = re.compile(r"\b(?:to|at|of|is|be|around|about|too|=)\s*(?:about |around )?$")
# What a bare number after it counts is no quantity ("turn 2").
COUNTED = re.compile(r"\b(?:turns?|versions?|steps?|takes?|presets?|numbers?|tracks?)\s*$")
TRANSPOSE = re.compile(r"\b(?:transpose\w*|(?:de)?tune\w*|pitch\w*)\b")
FILTER = re.compile(r"\b(?:(high|hi|low|lo)[ -]?(cut|pass)\w*|(hpf|lpf))\b")
BEYOND = re.compile(r"\b(below|under|beneath|above|over)\b(?= (?:about |around )?\d)")
LOWER_SIDE = {"below", "under", "beneath"}
# Multiples: (the words, the factor; one that a direction turns is of "by").
FACTORS = (
    (r"halve\w*|in half|half as|half the|half of the|half", 0.5),
    (r"doubl(?:e|ing)|twice|two times|2 ?x", 2.0),
    (r"tripl(?:e|ing)|three times|3 ?x", 3.0),
)
PARTS = {"half": 1 / 2, "a half": 1 / 2, "a third": 1 / 3, "a quarter": 1 / 4, "a fifth": 1 / 5,
         "two thirds": 2 / 3, "three quarters": 3 / 4, "a tenth": 1 / 10}  # fmt: skip
MOST = re.compile(
    r"\b(?:max(?:imum|ed)?(?: out)?|all the way up|fully|full|all|infinite|endless)\b"
)
LEAST = re.compile(r"\b(?:min(?:imum)?|all the way down|zero)\b")
# Knobs by what is said of them; None: to a value instead of a way.
TIME = r"(?:delay|echo(?:e?s)?|slapback|repeats)"
TURNS: tuple[tuple[str, str, float | None, float], ...] = (
    (rf"(?:half|1/2)[ -]?time {TIME}|{TIME} (?:in |at |to )?half[ -]?time", "delay.delay_seconds",
     None, 2.0),
    (rf"double[ -]?time {TIME}|{TIME} (?:in |at |to )?double[ -]?time", "delay.delay_seconds",
     None, 0.5),
    (r"(?:single|one|only one|just one) (?:repeat|echo)", "delay.feedback", 0.0, 0.0),
    (r"(?:infinite|endless|forever) (?:repeats|feedback|echo(?:e?s)?)", "delay.feedback",
     math.inf, 0.0),
    (r"(?:back to|to)? ?(?:the |its )?(?:original|normal|natural|recorded) pitch|reset the pitch"
     r"|pitch (?:back )?to (?:normal|zero|original)", "pitchshift.semitones", 0.0, 0.0),
)  # fmt: skip
WAYS: tuple[tuple[str, str, int], ...] = (
    (r"(?:fewer|less|not so many|too many) (?:repeats|echoes)", "delay.feedback", -1),
    (r"(?:more|extra|additional) (?:repeats|echoes)", "delay.feedback", +1),
    (rf"{TIME} (?:\w+ )?repeat\w* (?:for )?(?:longer|more)|repeat (?:for )?longer"
     r"|longer repeats", "delay.feedback", +1),
    (r"repeats? (?:for )?shorter|shorter repeats", "delay.feedback", -1),
    (rf"(?:shorter|short|shorten|faster|fast|quicker|quick|tighter) (?:the |a )?(?:\w+ )?{TIME}"
     rf"|{TIME} (?:is |a |bit |much |should be )*(?:shorter|faster|quicker|tighter)"
     rf"|{TIME} (?:is |a |bit |much )*too (?:long|slow)",
     "delay.delay_seconds", -1),
    (rf"(?:longer|long|lengthen|slower|slow|stretch) (?:the |a )?(?:\w+ )?{TIME}"
     rf"|{TIME} (?:is |a |bit |much |should be )*(?:longer|slower|too short|too fast|too quick)",
     "delay.delay_seconds", +1),
    (r"(?:soft|gentl|slow|smooth|relaxed|long)\w* (?:the )?attack", "comp.attack_ms", +1),
    (r"(?:hard|sharp|snapp|aggressive|tight|fast|quick|short)\w* (?:the )?attack",
     "comp.attack_ms", -1),
    (r"(?:soft|gentl|mild|light|easi)\w* ratio", "comp.ratio", -1),
    (r"(?:hard|steep|strong|heav|aggressive|tough)\w* ratio", "comp.ratio", +1),
    (r"(?:smooth|relaxed|gentl|slow|long)\w* release", "comp.release_ms", +1),
    (r"(?:tight|fast|quick|short|snapp)\w* release", "comp.release_ms", -1),
    (r"(?:de)?tune (?:it |this |the \w+ )?down", "pitchshift.semitones", -1),
    (r"(?:de)?tune (?:it |this |the \w+ )?up", "pitchshift.semitones", +1),
)  # fmt: skip
WORDS = frozenset(" ".join((*NAMES, *MISSING, "single shorten lengthen quieter semitone")).split())
