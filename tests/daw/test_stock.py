"""What the tables say of devices, and what a turn becomes in them."""

from __future__ import annotations

import math

import pytest

from ifx_bridge.daw.link import DawParameter
from ifx_bridge.daw.push import preview, push
from ifx_bridge.daw.stock import Stock, resolve, stock
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.spec import effects
from ifx_bridge.errors import UserError
from tests.daw.fakes import Effect, Knob, Lane
from tests.daw.test_writing import daw


def test_every_table_can_be_read_and_every_effect_has_a_device() -> None:
    assert {row.effect for row in stock()} == {e.id for e in effects()}
    with pytest.raises(ValueError, match="no effect"):
        Stock.of({"effect": "wah", "name": "x", "by": "value"})
    with pytest.raises(ValueError, match="by is"):
        Stock.of({"effect": "eq", "name": "x", "by": "magic"})
    with pytest.raises(ValueError, match="no way"):
        Stock.of(
            {"effect": "comp", "name": "x", "by": "value", "set": {"A": ["ratio", "", "twice"]}}
        )


def numbered(*rows: tuple[str, float, float]) -> list[DawParameter]:
    return [
        DawParameter(1, 1, i, name, low, high, low) for i, (name, low, high) in enumerate(rows, 1)
    ]


def test_strong_peaks_come_first_and_what_is_left_is_said() -> None:
    (row,) = [r for r in stock() if r.name == "ZamEQ2"]
    slot = Slot(
        "eq",
        {"band0_gain_db": 1, "band1_gain_db": -6, "band2_gain_db": 4, "low_shelf_gain_db": 2},
    )
    names = [b[k] for b in row.bands for k in ("gain", "frequency", "width") if k in b]
    found = resolve(row, slot, numbered(*((n, 0.0, 20000.0) if "F" in n else (n, -50, 20)
                                          for n in names)))  # fmt: skip
    values = {w.parameter.name: w.value for w in found.wanted}
    assert (values["Boost/Cut 1"], values["Boost/Cut 2"], values["Boost/Cut L"]) == (-6, 4, 2)
    assert values["Frequency 1"] == slot.params["band1_cutoff_freq"]
    assert values["Bandwidth 1"] == pytest.approx(1.388, abs=0.001)
    assert ["low-mid peak gain" in text for text in found.left_out] == [True]


def test_units_are_carried_over_and_ends_are_said() -> None:
    (row,) = [r for r in stock() if r.name == "ACE Delay"]
    slot = Slot("delay", {"delay_seconds": 0.35, "feedback": 0.4, "mix": 0.3})
    found = resolve(
        row, slot, numbered(("Time", 1, 300), ("Feedback", 0, 100), ("Dry/Wet", 0, 100))
    )
    values = {w.parameter.name: w.value for w in found.wanted}
    assert values == {"Time": 300, "Feedback": pytest.approx(40), "Dry/Wet": pytest.approx(30)}
    assert "350 is beyond its end" in found.left_out[0]


def test_a_plugin_of_the_users_is_left_to_its_preset() -> None:
    from ifx_bridge.plugins import effect  # noqa: F401  (registers the engine)

    chain = Chain((Slot("zamverb", {"wet": 0.5}, engine="plugin"), Slot("rev")))
    with daw("live", [Lane("Vox")]) as (_, link):
        plan = preview(link, link.track("Vox"), chain)
    assert "load its preset" in plan.missing[0]


def live_comp() -> Effect:
    ratio = Knob("Ratio", value=0.2, display=lambda v: f"{1 + 19 * v:.2f} : 1")
    attack = Knob("Attack", value=0.1, display=lambda v: f"{0.01 * 10 ** (5 * v):.2f} ms")
    release = Knob("Release", display=lambda v: f"{10 ** (3.5 * v):.1f} ms")
    threshold = Knob("Threshold", display=lambda v: f"{-70 + 76 * v:.1f} dB")
    return Effect("Compressor", [Knob("Device On", value=1.0), threshold, ratio, attack, release])


def test_a_turn_in_lives_own_compressor() -> None:
    comp = live_comp()
    chain = Chain((Slot("comp", {"threshold_db": -24, "ratio": 4}), Slot("rev")), trim_db=1.5)
    with daw("live", [Lane("Vox", [comp])]) as (_, link):
        plan = preview(link, link.track("Vox"), chain)
        assert plan.summary == "4 parameters on 'Vox' → Compressor"
        assert plan.missing[0].startswith("Reverb: put one of these on the track: ")
        report = push(link, plan)
    assert report.done
    assert any("output trim" in note for note in report.notes)
    shown = [k.text() for k in comp.knobs[1:]]
    assert shown[0] == "-24.0 dB"
    assert float(shown[1].split()[0]) == pytest.approx(4, rel=0.02)
    assert float(shown[2].split()[0]) == pytest.approx(5, rel=0.02)


def test_the_order_of_devices_is_minded() -> None:
    lanes = [Lane("Vox", [Effect("Reverb", []), live_comp()])]
    with daw("live", lanes) as (_, link):
        plan = preview(link, link.track("Vox"), Chain((Slot("comp"), Slot("rev"))))
        assert any("another order" in note for note in plan.notes)
        with pytest.raises(UserError, match="does not stand in"):
            preview(link, link.track("Vox"), Chain((Slot("comp"),)), {"comp": 1})


def test_numbers_without_a_unit_are_read_in_the_tables() -> None:
    reverb = Effect(
        "VST: ReaVerbate (Cockos)",
        [
            Knob("Wet", value=0.25, display=lambda v: f"{20 * math.log10(2 * v + 1e-9):.1f}"),
            Knob("Room size", value=0.3, display=lambda v: f"{170 * v:.0f}"),
            Knob("Dampening", value=0.5, display=lambda v: f"{100 * v:.0f}"),
            Knob("Wet", value=1.0, display=lambda v: f"{100 * v:.0f} %"),
        ],
    )
    chain = Chain((Slot("rev", {"room_size": 0.6, "damping": 0.2, "wet_level": 0.5}),))
    with daw("reaper", [Lane("Vox", [reverb])]) as (_, link):
        report = push(link, preview(link, link.track("Vox"), chain))
    assert report.done, report
    assert [k.text() for k in reverb.knobs[1:3]] == ["60", "20"]
    assert float(reverb.knobs[0].text()) == pytest.approx(-6, abs=0.2)
    # REAPER's own knob of the same name stays as it was.
    assert reverb.knobs[3].value == 1


def test_the_times_of_reapers_delay_do_not_add_up() -> None:
    (row,) = [r for r in stock() if "ReaDelay" in r.insert]
    names = ("Wet", "Dry", "1: Length (time)", "1: Length (musical)", "1: Feedback")
    found = resolve(
        row, Slot("delay", {"delay_seconds": 0.25}), numbered(*((n, 0, 1) for n in names))
    )
    assert not found.left_out
    by_name = {w.parameter.name: w for w in found.wanted}
    assert (by_name["1: Length (musical)"].value, by_name["1: Length (musical)"].display) == (
        0,
        None,
    )
    time = by_name["1: Length (time)"]
    assert (time.display.value, time.unit) == (0.25, "ms")  # type: ignore[union-attr]
