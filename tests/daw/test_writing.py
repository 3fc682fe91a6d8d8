"""Pushing to a REAPER and a Live that misbehave."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ifx_bridge.daw.automation import Lane as Way
from ifx_bridge.daw.automation import Ramp, run
from ifx_bridge.daw.link import DawLink, DawParameter, Status
from ifx_bridge.daw.live import LiveLink
from ifx_bridge.daw.push import preview, push
from ifx_bridge.daw.reaper import ReaperLink
from ifx_bridge.daw.units import Quantity
from ifx_bridge.daw.writing import Wanted, write
from ifx_bridge.daw.writing import _marked as marked_value
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from tests.daw.fake_reaper import FakeReaper
from tests.daw.fakes import FINE, Effect, Fake, FakeLive, Knob, Lane, Weather
from tests.daw.test_wire import eventually

KINDS = ["reaper", "live"]


@contextmanager
def daw(kind: str, lanes: list[Lane], weather: Weather = FINE) -> Iterator[tuple[Fake, DawLink]]:
    fake: Fake
    link: ReaperLink | LiveLink
    if kind == "reaper":
        fake = FakeReaper(lanes, weather)
        link = ReaperLink(port=fake.port, listen=0, timeout=0.3, settle_seconds=0.06)
    else:
        fake = FakeLive(lanes, weather)
        link = LiveLink(port=fake.port, listen=0, timeout=0.1, settle_seconds=0.06)
        link.wire.rate = 100
    fake.reply_port = link.wire.port
    with fake, link:
        yield fake, link


def knobs(count: int) -> list[Knob]:
    return [Knob(f"Knob {n}", value=0.25) for n in range(1, count + 1)]


def first_device(link: DawLink) -> tuple[DawParameter, ...]:
    return link.parameters(link.devices(link.track("Vox"))[0])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there(kind: str) -> None:
    lanes = [Lane("Drums"), Lane("Vox", [Effect("EQ", knobs(20)), Effect("Comp", knobs(3))])]
    with daw(kind, lanes) as (_, link):
        probe = link.probe()
        assert probe.connected, probe.how
        assert [(t.index, t.name) for t in link.tracks()] == [(1, "Drums"), (2, "Vox")]
        devices = link.devices(link.track("vox"))
        assert [(d.index, d.name, d.enabled) for d in devices] == [
            (1, "EQ", True), (2, "Comp", True),
        ]  # fmt: skip
        found = link.parameters(devices[0])
        assert [p.index for p in found] == list(range(1, 21))  # beyond REAPER's bank of 16
        assert found[19].name == "Knob 20"
        assert (found[0].value, found[0].text) == (0.25, "0.250")


@pytest.mark.parametrize("kind", KINDS)
def test_a_fine_day(kind: str) -> None:
    vox = Effect("EQ", knobs(60))
    with daw(kind, [Lane("Vox", [vox])]) as (_, link):
        wanted = [Wanted(p, p.index / 100) for p in first_device(link)]
        report = write(link, wanted)
        assert report.done, report.writes
        assert [k.value for k in vox.knobs] == pytest.approx(
            [n / 100 for n in range(1, 61)], abs=2e-6
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_what_is_said_of_a_push_in_bad_weather_is_true(kind: str, seed: int) -> None:
    vox = Effect("EQ", knobs(60))
    comp = Effect("Comp", knobs(60))
    with daw(kind, [Lane("Vox", [comp, vox])]) as (fake, link):
        device = link.devices(link.track("Vox"))[1]
        found = link.parameters(device)
        # There and back: the value wanted now is one that stale answers hold.
        assert write(link, [Wanted(p, 0.75) for p in found]).done
        assert write(link, [Wanted(p, 0.5) for p in found]).done
        fake.weather = Weather(
            loss=0.1, duplicate=0.1, delay=0.2, stale=0.1, random=random.Random(seed)
        )
        report = write(link, [Wanted(p, 0.75) for p in found])
        fake.weather = FINE
    assert len(report.writes) == 60
    for written, knob in zip(report.writes, vox.knobs, strict=True):
        if written.status == "confirmed":
            assert knob.value == pytest.approx(0.75, abs=2e-6)
        else:
            assert written.status == "unconfirmed"
            assert written.reason
    assert len(report.of("confirmed")) > 30
    assert all(knob.value == 0.25 for knob in comp.knobs)


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_told_and_over_when_it_is(kind: str) -> None:
    vox = Effect("EQ", knobs(3))
    with daw(kind, [Lane("Vox", [vox])]) as (fake, link):
        found = first_device(link)
        fake.weather = Weather(silent=True)
        report = write(link, [Wanted(p, 0.5) for p in found], tries=1)
        assert {(w.status, w.reason) for w in report.writes} == {("unconfirmed", "no answer")}
        assert "stopped answering" in report.notes[0]
        assert not link.probe().connected
        with pytest.raises(UserError, match="does not answer"):
            link.tracks()
        fake.weather = FINE
        assert write(link, [Wanted(p, 0.5) for p in found]).done


bounds = st.floats(-20_000, 20_000, width=32)


@example(-1.0, 1.100000023841858, 0.25, 1)  # halfway between two of single precision
@given(bounds, bounds, st.floats(0, 1), st.integers(1, 12))
def test_a_mark_is_unheard_and_stays_inside(
    low: float, span: float, share: float, mark: int
) -> None:
    assume(abs(span) > 1e-3 * abs(low) + 1e-6)
    parameter = DawParameter(1, 1, 1, "Knob", low, low + abs(span), low)
    value = min(parameter.high, low + share * abs(span))
    marked = marked_value(Wanted(parameter, value), mark)
    assert parameter.same(value, marked)
    assert not parameter.refusal(marked)
    if value not in (parameter.low, parameter.high):
        others = {marked_value(Wanted(parameter, value), n) for n in range(1, 13)}
        assert len(others) == 12


def hertz(value: float) -> str:
    frequency = 20 * 1000**value
    return f"{frequency / 1000:.2f} kHz" if frequency >= 1000 else f"{frequency:.0f} Hz"


def decibels(value: float) -> str:
    return "-inf dB" if value == 0 else f"{-60 + 72 * value:.1f} dB"


def auto(value: float) -> str:
    return "Auto" if value < 0.02 else f"{10 ** (1 + 2 * value):.1f} ms"


DISPLAYED = [
    ("Freq", hertz, Quantity(3200, "Hz", 32), "confirmed", "3.2"),
    ("Gain", decibels, Quantity(-12, "dB", 0.15), "confirmed", "-12"),
    ("Attack", auto, Quantity(0.05, "s", 0.001), "confirmed", "50."),
    ("Falling", lambda v: f"{100 - 100 * v:.0f} %", Quantity(0.3, "", 0.01), "confirmed", "30 %"),
    (
        "Thousands",
        lambda v: f"{20 + 19980 * v:,.1f} Hz",
        Quantity(3200, "Hz", 32),
        "confirmed",
        "3,",
    ),
    (
        "Limits",
        lambda v: "inf:1" if v == 1 else f"{1 / (1 - v):.2f}:1",
        Quantity(4, ":1", 0.05),
        "confirmed",
        "4.",
    ),
    (
        "Limited",
        lambda v: "inf:1" if v == 1 else f"{1 / (1 - v):.2f}:1",
        Quantity(math.inf, ":1"),
        "confirmed",
        "inf",
    ),
    ("Beyond", decibels, Quantity(40, "dB", 0.15), "refused", ""),
    ("Words", lambda v: "Off", Quantity(1, "dB", 0.1), "refused", ""),
    ("Other", hertz, Quantity(1, "dB", 0.1), "refused", ""),
]


@pytest.mark.parametrize("kind", KINDS)
def test_displays_are_searched_and_restored(kind: str) -> None:
    vox = Effect("EQ", [Knob(n, value=0.5, display=show) for n, show, *_ in DISPLAYED])
    with daw(kind, [Lane("Vox", [vox])]) as (_, link):
        wanted = [
            Wanted(p, display=row[2]) for p, row in zip(first_device(link), DISPLAYED, strict=True)
        ]
        report = write(link, wanted)
    for written, knob, (name, show, _, status, text) in zip(
        report.writes, vox.knobs, DISPLAYED, strict=True
    ):
        expected: Status = status  # type: ignore[assignment]
        assert written.status == expected, (name, written)
        if status == "confirmed":
            assert show(knob.value).startswith(text)
        else:
            assert knob.value == pytest.approx(0.5, abs=2e-6)
            assert written.reason


def test_reaper_gets_floats() -> None:
    vox = Effect("EQ", knobs(2))
    with daw("reaper", [Lane("Vox", [vox])]) as (fake, link):
        found = first_device(link)
        assert write(link, [Wanted(found[0], 1), Wanted(found[1], 0)]).done
        sets = [m for m in fake.heard if m.address.startswith("/track/1/fx")]
        assert sets
        assert all(type(m.args[0]) is float for m in sets)


def test_reaper_is_let_go_of_by_an_integer() -> None:
    ratio = Knob("Ratio", value=0.2, display=lambda v: f"{1 + 19 * v:.2f} : 1")
    with daw("reaper", [Lane("Vox", [Effect("VST: ReaComp (Cockos)", [ratio])])]) as (fake, link):
        chain = Chain((Slot("comp", {"ratio": 4}),))
        report = push(link, preview(link, link.track("Vox"), chain))
        assert report.done, report
        assert isinstance(fake, FakeReaper)
        assert eventually(lambda: fake.touched_off == ["/track/1/fx/1/fxparam/1/value"])
    assert ratio.text() == "4.00 : 1"


def test_a_pass_in_reaper_sets_touch_and_then_read() -> None:
    with daw("reaper", [Lane("Vox", [Effect("EQ", knobs(1))])]) as (fake, link):
        (found,) = first_device(link)
        run(link, [Way(found, 0.2, 0.8)], Ramp(0.0, 0.3))
        assert isinstance(fake, FakeReaper)
        assert eventually(lambda: any(m.address.endswith("autoread") for m in fake.heard))
        modes = [m.address for m in fake.heard if "/auto" in m.address]
        assert modes == ["/track/1/autotouch", "/track/1/autoread"]
        assert fake.touched_off
        assert not fake.playing


def test_a_configured_plugin_of_live() -> None:
    vox = Effect("Big synth", [Knob("Device On", value=1, quantized=True)])
    with daw("live", [Lane("Vox", [vox])]) as (_, link), pytest.raises(UserError) as error:
        first_device(link)
    assert "more than 64" in error.value.what
    assert "Configure" in error.value.next_step


def test_the_selected_track() -> None:
    for kind in KINDS:
        with daw(kind, [Lane("Drums"), Lane("Vox")]) as (_, link):
            assert link.track("selected").name == "Drums"
            assert link.track("2").name == "Vox"
            with pytest.raises(UserError, match="no track 'Bass'"):
                link.track("Bass")
        with daw(kind, []) as (fake, link):
            fake.lanes = [Lane("A")]
            fake.selected = 5  # type: ignore[attr-defined]
            with pytest.raises(UserError, match="No track is selected"):
                link.track("selected")
        with daw(kind, [Lane("A"), Lane("A")]) as (_, link):
            with pytest.raises(UserError, match="2 tracks") as error:
                link.track("A")
            assert "1, 2" in error.value.next_step


def test_lives_session_clip_is_the_dry_sound(tmp_path: Path) -> None:
    clip = tmp_path / "take.wav"
    lanes = [Lane("Vox", clips=[None, str(clip)]), Lane("Keys", clips=[None])]
    with daw("live", lanes) as (_, link):
        vox, keys = link.tracks()
        with pytest.raises(UserError, match="no such file") as error:
            link.capture(vox, tmp_path / "out")
        assert "Collect All" in error.value.next_step
        clip.write_bytes(b"sound")
        found = link.capture(vox, tmp_path / "out")
        assert found.path.read_bytes() == b"sound"
        assert (found.track, found.item, found.tempo) == ("Vox", "take.wav", 120)
        with pytest.raises(UserError, match="no audio clip"):
            link.capture(keys, tmp_path / "out")


def test_transports() -> None:
    for kind in KINDS:
        with daw(kind, [Lane("Vox")]) as (fake, link):
            assert not link.transport().playing
            link.locate(4.0)
            link.play()
            now = link.transport()
            assert (now.playing, now.tempo) == (True, 120.0)
            assert eventually(lambda: link.transport().seconds == 4.0)
            link.stop()
            assert not link.transport().playing
            assert fake.heard
