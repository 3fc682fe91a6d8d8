from __future__ import annotations

from itertools import pairwise

import pytest

from ifx_bridge.daw.automation import CURVES, Lane, Ramp, between, lanes, points, run
from ifx_bridge.daw.link import DawParameter, Point
from ifx_bridge.daw.push import preview
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from tests.daw.fakes import Effect, FakeLive, Knob
from tests.daw.fakes import Lane as Track
from tests.daw.test_stock import live_comp
from tests.daw.test_writing import daw

KNOB = DawParameter(1, 1, 1, "Gain", -10, 10, 0)


@pytest.mark.parametrize("curve", CURVES)
def test_curves_begin_and_end_where_they_should(curve: str) -> None:
    made = points(Lane(KNOB, -5, 7), Ramp(4, 2, curve))
    assert (made[0].seconds, made[-1].seconds) == (4, 6)
    assert made[0].value == pytest.approx(-5)
    assert made[-1].value == pytest.approx(7)
    values = [p.value for p in made]
    assert values == sorted(values)


def test_straight_lines_need_two_points_and_steps_all_of_them() -> None:
    assert points(Lane(KNOB, 0, 1), Ramp(0, 9, "linear")) == (Point(0, 0), Point(9, 1))
    stepped = DawParameter(1, 1, 1, "Mode", 0, 3, 0, step=1)
    assert {p.value for p in points(Lane(stepped, 0, 3), Ramp(0, 1, "linear"))} == {0, 1, 2, 3}


def test_bars() -> None:
    assert Ramp.bars(0, 4, tempo=120).seconds == 8
    assert Ramp.bars(0, 2, tempo=90, beats=3).seconds == 4
    with pytest.raises(UserError, match="no curve"):
        Ramp(0, 1, "wobbly")
    with pytest.raises(UserError, match="longer than 0"):
        Ramp(0, 0)


def chain(**values: float) -> Chain:
    return Chain((Slot("comp", values),))


def test_only_what_differs_moves_and_the_search_leaves_no_trace() -> None:
    comp = live_comp()
    before = [k.value for k in comp.knobs]
    with daw("live", [Track("Vox", [comp])]) as (_, link):
        vox = link.track("Vox")
        first = preview(link, vox, chain(threshold_db=-10, ratio=4))
        last = preview(link, vox, chain(threshold_db=-30, ratio=4))
        ways, lost = lanes(link, first, last)
    assert lost == ()
    assert [w.parameter.name for w in ways] == ["Threshold"]
    assert [k.value for k in comp.knobs] == pytest.approx(before, abs=1e-6)
    assert comp.knobs[1].display(ways[0].before) == "-10.0 dB"
    assert comp.knobs[1].display(ways[0].after) == "-30.0 dB"


def test_a_pass_follows_the_transport_and_ends_at_the_later_turn() -> None:
    knob = Knob("Gain", value=0.9)
    with daw("live", [Track("Vox", [Effect("Utility", [Knob("On", value=1), knob])])]) as (
        fake, link,
    ):  # fmt: skip
        assert isinstance(fake, FakeLive)
        found = link.parameters(link.devices(link.track("Vox"))[0])[1]
        report = run(link, [Lane(found, 0.2, 0.8)], Ramp(1.0, 0.5, "linear"))
        assert report.done
        assert not fake.playing
        assert fake.beats == 2.0
        modes = [m.args[0] for m in fake.heard if m.address.endswith("set/record_mode")]
        assert modes == [1, 0]
        sent = [m.args[3] for m in fake.heard if m.address.endswith("set/parameter/value")]
    assert len(sent) > 5
    assert all(b > a - 1e-6 for a, b in pairwise(sent))
    assert sent[0] == pytest.approx(0.2, abs=2e-6)
    assert knob.value == pytest.approx(0.8, abs=2e-6)


def test_effects_come_and_go_by_way_of_doing_nothing() -> None:
    before = Chain((Slot("dist", {"drive_db": 20}),))
    after = Chain((Slot("comp", {"ratio": 4, "attack_ms": 9}), Slot("rev", {"wet_level": 0.4})))
    first, last = between(before, after)
    assert first.ids == last.ids == ("comp", "rev", "dist")
    assert first["comp"].params["ratio"] == 1
    assert first["comp"].params["attack_ms"] == 9
    assert (first["rev"].params["wet_level"], last["rev"].params["wet_level"]) == (0, 0.4)
    assert (first["dist"].params["drive_db"], last["dist"].params["drive_db"]) == (20, 0)


def test_nothing_to_do_does_not_play() -> None:
    with daw("live", [Track("Vox")]) as (fake, link):
        assert "Nothing differs" in run(link, [], Ramp(0, 1)).notes[0]
        assert fake.heard == []


def test_a_daw_that_does_not_play_is_told() -> None:
    with daw("live", [Track("Vox", [Effect("Utility", [Knob("Gain")])])]) as (fake, link):
        (found,) = link.parameters(link.devices(link.track("Vox"))[0])
        fake.take = lambda message: None  # type: ignore[method-assign]
        with pytest.raises(UserError):
            run(link, [Lane(found, 0.2, 0.8)], Ramp(0, 0.2))
