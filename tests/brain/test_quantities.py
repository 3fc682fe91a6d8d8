"""Numbers in instructions: each to its knob, with the right sign, and none of them lost."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifx_bridge.brain import Context, Past, Plan, brain
from ifx_bridge.brain.figures import written
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.eq import BANDS, response_db
from ifx_bridge.effects.spec import effect
from ifx_bridge.facts import Facts

BRAIN = brain("offline")
SET = {
    "rev": {"wet_level": 0.4, "room_size": 0.6},
    "delay": {"delay_seconds": 0.4, "mix": 0.35, "feedback": 0.4},
    "dist": {"drive_db": 24.0},
    "comp": {"threshold_db": -28.0, "ratio": 5.0},
    "eq": {"high_shelf_gain_db": 4.0, "band1_gain_db": -3.0},
    "bitcrush": {"bit_depth": 6.0},
    "pitchshift": {"semitones": -4.0},
}


def chain_of(ids: str) -> Chain:
    return Chain(tuple(Slot(fx, SET[fx]) for fx in ids.split()))


def plan(instruction: str, ids: str = "") -> Plan:
    chain = chain_of(ids)
    return BRAIN.plan(instruction, Context(chain, {1: Past("before", chain)}))


def peak(found: Plan, hz: float) -> float:
    """Gain in dB of the band that stands at a frequency."""
    values = found.aim["eq"].params
    bands = [b for b, *_ in BANDS if values[f"{b}_gain_db"]]
    at = min(bands, key=lambda b: abs(values[f"{b}_cutoff_freq"] - hz))
    assert values[f"{at}_cutoff_freq"] == pytest.approx(hz, rel=0.01)
    return values[f"{at}_gain_db"]


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ("three hundred and fifty hertz", "350 hz"),
        ("one point five kilohertz", "1500 hz"),
        ("minus three db", "-3 db"),
        ("eight to one", "8:1"),
        ("half a second", "0.5 s"),
        ("a quarter second delay", "0.25 s delay"),
        ("a couple of decibels", "2 db"),
        ("one and a half db", "1.5 db"),
        ("down a minor third", "down 3 st"),
        ("two octaves up", "24 st up"),
        ("drop it half a step", "drop it 1 st"),
        ("50 cents sharp", "0.5 st sharp"),
        ("dotted eighth delay", "0.75 beats delay"),
        ("1/16 triplet echo", "0.166667 beats echo"),
        ("200 to 400 hz", "282.8 hz"),
        ("between 2 and 4k", "2828.4 hz"),
        ("2-3 db", "2.5 db"),
        ("from 10 to 18 db", "to 18 db"),
        ("12-bit", "12 bits"),
        ("an 8-bit sound", "an 8-bit sound"),
        ("a bit more", "a bit more"),
        ("one more time", "one more time"),
        ("back to turn one", "back to turn one"),
        ("half the reverb", "half the reverb"),
    ],
)
def test_one_form(said: str, form: str) -> None:
    assert written(said) == form
    assert written(form) == form


@pytest.mark.parametrize(
    ("said", "hz", "gain"),
    [
        ("-2.5dB at 250hz", 250, -2.5),
        ("-4dB 500Hz", 500, -4),
        ("take 4 dB off at 500 Hz", 500, -4),
        ("take 6 decibels out of 1.2 kHz", 1200, -6),
        ("knock 2 dB off at 3k", 3000, -2),
        ("make 1k 3 dB quieter", 1000, -3),
        ("a 3 dB cut at 300 Hz", 300, -3),
        ("add a 3 dB dip at 300 Hz", 300, -3),
        ("cut three dB at three hundred hertz", 300, -3),
        ("3 dB less at 5 kHz", 5000, -3),
        ("2dB down at 3k", 3000, -2),
        ("cut -3 dB at 1k", 1000, -3),
        ("-3 at 300", 300, -3),
        ("lift 150 by 2", 150, 2),
        ("bump 3k up 2 dB", 3000, 2),
        ("+2dB @ 5k", 5000, 2),
        ("a dB or two at 8k", 8000, 1.5),
        ("cut 2-4k by 3 dB", 2828.4, -3),
        ("dip 200 to 400 Hz a bit", 282.8, -2),
        ("pull out some 400 Hz", 400, -3.2),
        ("more 100 Hz", 100, 4),
        ("remove the hum at 50 Hz", 50, -12),
        ("get rid of 200 Hz", 200, -12),
        ("it's muddy around 250", 250, -4),
        ("way too harsh at 3k", 3000, -4),
        ("brighter around 8k", 8000, 4),
        ("dull at 8k", 8000, 4),
    ],
)
def test_gains_at_frequencies(said: str, hz: float, gain: float) -> None:
    found = plan(said)
    assert found.start.ids == ("eq",)
    assert peak(found, hz) == pytest.approx(gain, abs=2.1 if "way" in said else 1e-6)


@pytest.mark.parametrize(
    ("said", "gains"),
    [
        ("+2 at 100, -3 at 400, +1.5 at 10k", {100: 2, 400: -3, 10000: 1.5}),
        ("cut 3 dB at 300 and 2 dB at 500", {300: -3, 500: -2}),
        ("cut 300 by 3 and 500 by 2", {300: -3, 500: -2}),
        ("boost 2 dB at 100, 300 and 5k", {100: 2, 300: 2, 5000: 2}),
        ("cut 3 dB at 300 Hz and boost 2 dB at 8 kHz", {300: -3, 8000: 2}),
        ("cut 3 dB at 300 and give me 2 dB at 5k", {300: -3, 5000: 2}),
    ],
)
def test_several_frequencies(said: str, gains: dict[float, float]) -> None:
    found = plan(said)
    assert {hz: peak(found, hz) for hz in gains} == pytest.approx(gains)


@pytest.mark.parametrize(
    ("said", "ids", "values"),
    [
        ("10 ms attack 200 ms release", "comp", {"comp.attack_ms": 10, "comp.release_ms": 200}),
        ("attack 10 ms release 200 ms", "comp", {"comp.attack_ms": 10, "comp.release_ms": 200}),
        ("set attack to 10 and release to 200", "comp",
         {"comp.attack_ms": 10, "comp.release_ms": 200}),
        ("threshold -24, ratio 3:1, attack 10, release 90", "",
         {"comp.threshold_db": -24, "comp.ratio": 3, "comp.attack_ms": 10, "comp.release_ms": 90}),
        ("comp: 3:1, -25 dB, fast attack", "", {"comp.ratio": 3, "comp.threshold_db": -25}),
        ("ratio of eight to one", "", {"comp.ratio": 8}),
        ("fast attack, 1 ms", "comp", {"comp.attack_ms": 1}),
        ("high shelf at 10k, 3 dB up", "",
         {"eq.high_shelf_cutoff_freq": 10000, "eq.high_shelf_gain_db": 3}),
        ("filter out everything over 5 kHz", "",
         {"eq.high_shelf_cutoff_freq": 5000, "eq.high_shelf_gain_db": -18}),
        ("turn the ratio down to 2", "comp", {"comp.ratio": 2}),
        ("set ratio to 2", "comp", {"comp.ratio": 2}),
        ("increase the ratio by 2", "comp", {"comp.ratio": 7}),
        ("threshold 30", "comp", {"comp.threshold_db": -30}),
        ("threshold down to -30", "comp", {"comp.threshold_db": -30}),
        ("threshold 6 dB lower", "comp", {"comp.threshold_db": -34}),
        ("raise the threshold by 3 dB", "comp", {"comp.threshold_db": -25}),
        ("300ms delay, 40% mix, 50% feedback", "",
         {"delay.delay_seconds": 0.3, "delay.mix": 0.4, "delay.feedback": 0.5}),
        ("delay 300 ms feedback 40 mix 25", "",
         {"delay.delay_seconds": 0.3, "delay.mix": 0.25, "delay.feedback": 0.4}),
        ("delay 300 ms low cut 200 hz", "",
         {"delay.delay_seconds": 0.3, "eq.low_shelf_cutoff_freq": 200}),
        ("add a 120 ms echo with 30% feedback", "",
         {"delay.delay_seconds": 0.12, "delay.feedback": 0.3}),
        ("add 50 ms to the delay", "delay", {"delay.delay_seconds": 0.45}),
        ("delay 50 ms longer", "delay", {"delay.delay_seconds": 0.45}),
        ("delay 20 ms shorter", "delay", {"delay.delay_seconds": 0.38}),
        ("double the delay time", "delay", {"delay.delay_seconds": 0.8, "delay.mix": 0.35}),
        ("halve the delay time", "delay", {"delay.delay_seconds": 0.2}),
        ("twice as fast delay", "delay", {"delay.delay_seconds": 0.2}),
        ("delay in half time", "delay", {"delay.delay_seconds": 0.8}),
        ("delay time 500", "delay", {"delay.delay_seconds": 0.5}),
        ("delay at 5 Hz", "", {"delay.delay_seconds": 0.2}),
        ("dotted eighth delay at 120 bpm", "", {"delay.delay_seconds": 0.375}),
        ("eighth delay, 120 bpm", "", {"delay.delay_seconds": 0.25}),
        ("half note delay at 120", "", {"delay.delay_seconds": 1.0}),
        ("sync the delay to 100 bpm", "delay", {"delay.delay_seconds": 0.6}),
        ("feedback to 0.2", "delay", {"delay.feedback": 0.2}),
        ("max feedback", "delay", {"delay.feedback": 0.95}),
        ("single repeat", "delay", {"delay.feedback": 0}),
        ("reduce feedback by a third", "delay", {"delay.feedback": 0.4 * 2 / 3}),
        ("10% more feedback", "delay", {"delay.feedback": 0.5}),
        ("mix 20%", "delay", {"delay.mix": 0.2}),
        ("mix 20%", "rev", {"rev.wet_level": 0.2}),
        ("turn the delay down 6 dB", "delay", {"delay.mix": 0.35 * 10 ** (-6 / 20)}),
        ("reverb 3s 25% wet", "", {"rev.wet_level": 0.25, "rev.room_size": 0.825}),
        ("wet to 20", "rev", {"rev.wet_level": 0.2}),
        ("reverb mix 30", "rev", {"rev.wet_level": 0.3}),
        ("100% wet", "rev", {"rev.wet_level": 1, "rev.dry_level": 0}),
        ("decrease reverb by half", "rev", {"rev.wet_level": 0.2}),
        ("20% less reverb", "rev", {"rev.wet_level": 0.32}),
        ("reduce the reverb by 10% and the delay by 20%", "rev delay",
         {"rev.wet_level": 0.36, "delay.mix": 0.28}),
        ("set the drive to 10", "dist", {"dist.drive_db": 10}),
        ("halve the drive", "dist", {"dist.drive_db": 12}),
        ("drive down 6", "dist", {"dist.drive_db": 18}),
        ("drive +3", "dist", {"dist.drive_db": 27}),
        ("more drive, like 6 dB more", "dist", {"dist.drive_db": 30}),
        ("detune 30 cents", "", {"pitchshift.semitones": 0.3}),
        ("a semitone flat", "", {"pitchshift.semitones": -1}),
        ("drop it half a step", "", {"pitchshift.semitones": -1}),
        ("raise a whole tone", "", {"pitchshift.semitones": 2}),
        ("down 5 semis", "", {"pitchshift.semitones": -5}),
        ("raise it by 2 semitones", "pitchshift", {"pitchshift.semitones": -2}),
        ("back to original pitch", "pitchshift", {"pitchshift.semitones": 0}),
        ("12-bit", "", {"bitcrush.bit_depth": 12}),
        ("2 bits less", "bitcrush", {"bitcrush.bit_depth": 4}),
        ("trim 2 dB off the low end", "", {"eq.low_shelf_gain_db": -2}),
        ("shave 3 dB off the top", "", {"eq.high_shelf_gain_db": -3}),
        ("bass +3", "", {"eq.low_shelf_gain_db": 3}),
        ("high shelf at 9k +3 dB", "",
         {"eq.high_shelf_gain_db": 3, "eq.high_shelf_cutoff_freq": 9000}),
        ("everything below 90 down 4 dB", "",
         {"eq.low_shelf_gain_db": -4, "eq.low_shelf_cutoff_freq": 90}),
    ],
)  # fmt: skip
def test_numbers_reach_their_knobs(said: str, ids: str, values: dict[str, float]) -> None:
    found = plan(said, ids)
    aim = found.aim
    reached = {key: aim[key.split(".")[0]].params[key.split(".")[1]] for key in values}
    assert reached == pytest.approx(values, rel=0.01)
    assert not found.explanation.count("I do not")


@pytest.mark.parametrize(
    ("said", "ids", "knob", "sign"),
    [
        ("lower the threshold", "comp", "threshold_db", -1),
        ("raise the threshold", "comp", "threshold_db", +1),
        ("softer attack", "comp", "attack_ms", +1),
        ("fast attack", "comp", "attack_ms", -1),
        ("gentler ratio", "comp", "ratio", -1),
        ("shorter delay", "delay", "delay_seconds", -1),
        ("shorten the delay", "delay", "delay_seconds", -1),
        ("faster echoes", "delay", "delay_seconds", -1),
        ("slower delay", "delay", "delay_seconds", +1),
        ("fewer repeats", "delay", "feedback", -1),
        ("more repeats", "delay", "feedback", +1),
        ("delay should repeat longer", "delay", "feedback", +1),
        ("tune it down a bit", "pitchshift", "semitones", -1),
    ],
)
def test_the_right_knob_turns(said: str, ids: str, knob: str, sign: int) -> None:
    aim, before = plan(said, ids).aim, chain_of(ids)
    moved = {
        name: value - before[fx].params[name]
        for fx in before.ids
        for name, value in aim[fx].params.items()
        if value != before[fx].params[name]
    }
    assert set(moved) == {knob} and moved[knob] * sign > 0


def test_a_band_has_the_q_that_is_said() -> None:
    for said in ("cut 3 dB at 300 Hz with a Q of 4", "cut 3 dB at 300 Hz, Q 4"):
        values = plan(said).start["eq"].params
        assert (values["band0_gain_db"], values["band0_q_factor"]) == (-3, 4)


def test_notes_follow_the_measured_tempo() -> None:
    facts = Facts(10, 1, -20, 12, 2000, 0.3, 0.1, 30, 100.0)
    found = BRAIN.plan("1/8 dotted delay", Context(facts=facts))
    assert found.start["delay"].params["delay_seconds"] == pytest.approx(0.45)
    assert "measured tempo of 100 bpm" in found.explanation
    still = BRAIN.plan("1/8 dotted delay", Context(facts=replace(facts, tempo_bpm=0.0)))
    assert "tempo" in still.explanation
    assert still.start["delay"].params == Slot("delay").params


@pytest.mark.parametrize(
    ("said", "ids", "named"),
    [
        ("predelay 30 ms", "rev", "pre-delay"),
        ("reverb with 20 ms predelay", "", "20 ms"),
        ("knee 6 dB", "comp", "knee"),
        ("cut inf dB at 300 Hz", "", "inf db"),
        ("cut 1e400 dB at 300 Hz", "", "1e400 db"),
        ("reduce 2k by 50%", "", "50%"),
        ("drive at 50%", "dist", "50%"),
        ("make it 20% brighter", "", "20%"),
        ("at 300 Hz", "", "What should happen at 300 Hz"),
        ("Q of 4", "eq", "Q of 4"),
    ],
)
def test_what_cannot_be_used_is_named(said: str, ids: str, named: str) -> None:
    found = plan(said, ids)
    assert named in found.explanation
    assert all(found.start[fx].params == Slot(fx, SET[fx]).params for fx in ids.split())
    assert "delay" not in found.start


@pytest.mark.parametrize(
    "said",
    ["boost 1 kHz by 40 dB", "cut 3 dB at 50 kHz", "delay 9 s", "feedback 200%", "crush to 90 bits",
     "down 5 octaves", "cut 3 dB at 300 Hz with a Q of 90"],
)  # fmt: skip
def test_what_is_clamped_is_said(said: str) -> None:
    assert "furthest it goes" in plan(said).explanation


# Round trips.

gains = st.integers(2, 24).map(lambda n: n / 2)
tones = st.sampled_from([60, 110, 250, 400, 800, 1200, 2500, 4000, 8000])
BOOSTS = ("boost {hz} by {db}", "add {db} at {hz}", "{db} more at {hz}", "raise {hz} {db}",
          "lift {db} at {hz}", "+{db} at {hz}", "at {hz} boost {db}", "at {hz}, boost {db}",
          "push {hz} up {db}",
          "give me {db} at {hz}", "a {db} boost at {hz}", "{hz} up {db}", "{hz}: +{db}",
          "could you turn up {hz} by about {db}")  # fmt: skip
CUTS = ("cut {hz} by {db}", "cut {db} at {hz}", "{db} less at {hz}", "lower {hz} {db}",
        "take {db} off at {hz}", "take {db} out of {hz}", "-{db} at {hz}", "minus {db} at {hz}",
        "at {hz} cut {db}", "a {db} dip around {hz}", "pull {hz} down {db}", "notch {hz} by {db}",
        "{hz} down {db}", "knock {db} off {hz}", "make {hz} {db} quieter", "reduce {hz} by {db}",
        "trim {db} off {hz}", "shave {db} off at {hz}", "bring {hz} down by {db}", "{hz} -{db}",
        "scoop {db} out at {hz}", "add a {db} cut at {hz}", "{db} down at {hz}",
        "attenuate {hz} by {db}", "please drop {hz} by {db}")  # fmt: skip


@given(
    st.sampled_from([(p, 1) for p in BOOSTS] + [(p, -1) for p in CUTS]),
    gains,
    tones,
    st.sampled_from(["{:g} dB", "{:g}dB", "{:g} decibels", "{:g} db"]),
    st.sampled_from(["{:g} Hz", "{:g}hz", "{:g} hertz", "k"]),
)
@settings(max_examples=400, deadline=None)
def test_gains_come_back(
    phrase: tuple[str, int], gain: float, hz: float, db: str, unit: str
) -> None:
    tone = f"{hz / 1000:g}k" if unit == "k" else unit.format(hz)
    said = phrase[0].format(db=db.format(gain), hz=tone)
    found = plan(said)
    assert peak(found, hz) == pytest.approx(phrase[1] * gain, abs=0.01), said
    at = response_db(found.start["eq"].params, [hz])[0]
    assert math.copysign(1, at) == phrase[1]


# Knob, how its numbers are written (format, value of 1 in the knob's unit), and a range of them.
KNOBS = [
    ("comp.threshold_db", "threshold", "-{} dB", -1, (5, 55)),
    ("comp.ratio", "ratio", "{}:1", 1, (2, 19)),
    ("comp.ratio", "ratio", "{} to 1", 1, (2, 19)),
    ("comp.ratio", "ratio", "{}", 1, (2, 19)),
    ("comp.attack_ms", "attack", "{} ms", 1, (1, 99)),
    ("comp.attack_ms", "attack time", "{}", 1, (1, 99)),
    ("comp.release_ms", "release", "{}ms", 1, (10, 900)),
    ("delay.delay_seconds", "delay time", "{} ms", 0.001, (20, 1900)),
    ("delay.delay_seconds", "echo time", "{} milliseconds", 0.001, (20, 1900)),
    ("delay.feedback", "feedback", "{}%", 0.01, (1, 94)),
    ("delay.feedback", "feedback", "{} percent", 0.01, (1, 94)),
    ("delay.mix", "delay mix", "{} %", 0.01, (1, 99)),
    ("rev.damping", "damping", "{}%", 0.01, (1, 99)),
    ("rev.room_size", "room size", "{}", 0.01, (2, 99)),
    ("rev.width", "width", "{}%", 0.01, (1, 99)),
    ("dist.drive_db", "drive", "{} dB", 1, (1, 47)),
    ("bitcrush.bit_depth", "bit depth", "{}", 1, (2, 15)),
]  # fmt: skip
ORDERS = ("{knob} {n}", "{knob} at {n}", "{knob} to {n}", "set the {knob} to {n}",
          "set {knob} to {n}", "{n} {knob}", "i want the {knob} at {n}", "{knob} of {n}",
          "make the {knob} {n}", "the {knob} should be {n}", "turn the {knob} down to {n}",
          "turn the {knob} up to {n}", "can you put the {knob} at {n}")  # fmt: skip


@given(
    st.lists(st.sampled_from(KNOBS), min_size=1, max_size=3, unique_by=lambda k: k[0]),
    st.sampled_from(ORDERS),
    st.sampled_from([", ", " and ", "; ", ", then "]),
    st.data(),
)
@settings(max_examples=400, deadline=None)
def test_knobs_come_back(
    knobs: list[tuple[str, str, str, float, tuple[int, int]]],
    order: str,
    joint: str,
    data: st.DataObject,
) -> None:
    parts, wanted = [], {}
    for key, name, unit, factor, (low, high) in knobs:
        number = data.draw(st.integers(low, high), label=key)
        parts.append(order.format(knob=name, n=unit.format(number)))
        wanted[key] = number * factor
    said = joint.join(parts)
    aim = plan(said, "comp delay rev dist bitcrush").aim
    reached = {key: aim[key.split(".")[0]].params[key.split(".")[1]] for key in wanted}
    assert reached == pytest.approx(wanted, abs=1e-6), said


UP_WORDS = ("{n} more {knob}", "raise the {knob} by {n}", "turn the {knob} up {n}",
            "{knob} up {n}", "increase {knob} by {n}", "{knob} {n} higher")  # fmt: skip
DOWN_WORDS = ("{n} less {knob}", "lower the {knob} by {n}", "turn the {knob} down {n}",
              "{knob} down {n}", "decrease {knob} by {n}", "{knob} {n} lower",
              "pull the {knob} back by {n}", "take {n} off the {knob}")  # fmt: skip
STEPS = [
    ("comp.threshold_db", "threshold", "{} dB", 1, 20),
    ("comp.attack_ms", "attack", "{} ms", 1, 4),
    ("comp.release_ms", "release", "{} ms", 1, 80),
    ("delay.delay_seconds", "delay time", "{} ms", 0.001, 300),
    ("dist.drive_db", "drive", "{} dB", 1, 20),
]


@given(
    st.sampled_from([(p, 1) for p in UP_WORDS] + [(p, -1) for p in DOWN_WORDS]),
    st.sampled_from(STEPS),
    st.data(),
)
@settings(max_examples=300, deadline=None)
def test_changes_come_back(
    phrase: tuple[str, int], step: tuple[str, str, str, float, int], data: st.DataObject
) -> None:
    key, name, unit, factor, most = step
    number = data.draw(st.integers(1, most))
    said = phrase[0].format(knob=name, n=unit.format(number))
    ids = "comp delay dist"
    fx, knob = key.split(".")
    change = plan(said, ids).aim[fx].params[knob] - chain_of(ids)[fx].params[knob]
    assert change == pytest.approx(phrase[1] * number * factor), said


@given(st.sampled_from([*ORDERS, *UP_WORDS, *DOWN_WORDS]), st.sampled_from(KNOBS),
       st.floats(-1e9, 1e9))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_any_number_stays_in_range(
    order: str, knob: tuple[str, str, str, float, tuple[int, int]], number: float
) -> None:
    key, name, unit, *_ = knob
    found = plan(order.format(knob=name, n=unit.format(number)), "comp delay rev dist bitcrush")
    fx, parameter = key.split(".")[0], effect(key.split(".")[0]).parameter(key.split(".")[1])
    assert parameter.low <= found.aim[fx].params[parameter.name] <= parameter.high
    assert found.explanation
