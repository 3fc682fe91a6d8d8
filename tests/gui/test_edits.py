"""Hand edits in words."""

from __future__ import annotations

from dataclasses import replace

from gui.edits import Edit, told
from ifx_bridge.effects.chain import Chain, Slot


def test_what_was_added_is_said_and_then_what_was_turned() -> None:
    empty = Edit(Chain())
    assert told(empty, empty.added(Slot("eq"))) == "Equalizer added"
    assert told(empty, empty.added(Slot("dist"))) == "Distortion added"
    louder = empty.added(Slot("dist")).with_value("dist", "drive_db", 30.0)
    assert told(empty, louder).startswith("Distortion added, drive ")
    two = empty.added(Slot("rev")).added(Slot("dist"))
    assert told(empty, two.moved("dist", 0)) == "Distortion added, Reverb added"
    assert told(two, two.moved("dist", 0)) == "order now Distortion → Reverb"
    first = two.added(Slot("eq")).moved("eq", 0)
    assert told(two, first) == "Equalizer added"
    assert told(two, two.removed("rev")) == "Reverb removed"
    assert told(two, two) == ""


def test_locks_go_by_their_names() -> None:
    edit = Edit(Chain((Slot("eq"), Slot("dist"))))
    band = {"eq.band1_gain_db", "eq.band1_cutoff_freq", "eq.band1_q_factor"}
    locked = edit.with_lock(band, True)
    assert told(edit, locked) == "Equalizer mid locked"
    assert told(locked, edit) == "Equalizer mid unlocked"
    assert told(edit, edit.with_lock({"dist"}, True)) == "Distortion locked"
    assert told(edit, edit.with_lock({"dist.drive_db"}, True)) == "Distortion drive locked"
    assert told(locked, replace(locked, chain=Chain(), locked=frozenset())).count("locked") == 0


def test_nothing_has_a_sign() -> None:
    edit = Edit(Chain((Slot("eq", {"low_shelf_gain_db": 3.0}),)))
    turned = edit.with_value("eq", "low_shelf_gain_db", -0.02)
    assert told(edit, turned) == "low shelf gain +3.0 dB → 0.0 dB"
