"""Typical values, fitted to the clip at hand: to how loud it is, and to its beat.

What is known of words was set on recordings at a usual level. A drive that makes those gritty does
nothing audible to a stem that is 20 dB quieter, and a threshold for those never reaches it.
"""

from __future__ import annotations

from dataclasses import replace

from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.spec import Parameter
from ifx_bridge.facts import Facts

# Integrated loudness of the recordings that typical values are for: the demo clips' mean.
USUAL_LUFS = -18.0
# Where a waveshaper that is driven comes out, however hard.
SATURATED_LUFS = -9.0
# Note values in beats, with what they are called. Shorter times are a sound, not a rhythm.
NOTES = {
    0.25: "a sixteenth", 1 / 3: "an eighth triplet", 0.5: "an eighth", 0.75: "a dotted eighth",
    1.0: "a quarter", 1.5: "a dotted quarter", 2.0: "a half",
}  # fmt: skip
RHYTHMIC_SECONDS = 0.2
# How far a time may be from a note value to be meant as it, as a factor.
NEAR = 1.25


def fitted(slot: Slot, before: Chain, facts: Facts | None) -> Slot:
    """An effect's typical values as they are for this clip.

    Args:
        slot: The effect with its typical values.
        before: The effects in front of it.
        facts: Measurements of the clip; without them nothing changes.
    """
    if facts is None:
        return slot
    louder = level_lufs(before, facts.loudness_lufs) - USUAL_LUFS
    values = dict(slot.params)
    for parameter in slot.effect.parameters:
        value = values[parameter.name]
        if parameter.per_db:
            values[parameter.name] = parameter.clamp(value + parameter.per_db * louder)
        elif parameter.beats and (note := note_of(value, facts.tempo_bpm)):
            values[parameter.name] = parameter.clamp(note * 60 / facts.tempo_bpm)
    return replace(slot, params=values)


def in_time(slot: Slot, facts: Facts | None) -> str:
    """What is said of an effect whose time is a note value of the clip's beat; empty where not."""
    for parameter in slot.effect.parameters:
        value = slot.params[parameter.name]
        if facts is not None and parameter.beats and (note := note_of(value, facts.tempo_bpm)):
            return f"The {slot.effect.title.lower()} is {NOTES[note]} at {facts.tempo_bpm:.0f} bpm."
    return ""


def level_lufs(before: Chain, loudness_lufs: float) -> float:
    """About how loud a clip is behind these effects, in LUFS."""
    for slot in before:
        if slot.fx == "dist" and not slot.bypass:
            driven = loudness_lufs + slot.params["drive_db"]
            loudness_lufs = min(driven, SATURATED_LUFS)
    return loudness_lufs


def silent_until(parameter: Parameter, before: Chain, facts: Facts | None) -> float | None:
    """Where a knob begins to be heard: its neutral value, further on for a clip that is quiet."""
    if parameter.neutral is None or not parameter.per_db or facts is None:
        return parameter.neutral
    louder = level_lufs(before, facts.loudness_lufs) - USUAL_LUFS
    return parameter.clamp(parameter.neutral + parameter.per_db * min(0.0, louder))


def note_of(seconds: float, tempo_bpm: float) -> float:
    """The note value near a time, in beats; 0 where there is no beat, or none near."""
    if tempo_bpm <= 0 or seconds < RHYTHMIC_SECONDS:
        return 0.0
    beats = seconds * tempo_bpm / 60
    note = min(NOTES, key=lambda n: max(n / beats, beats / n))
    return note if max(note / beats, beats / note) <= NEAR else 0.0
