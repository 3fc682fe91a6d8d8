"""Asking REAPER over OSC alone, at its own pace, and how much that makes it send."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ifx_bridge.daw.link import Device, Track
from ifx_bridge.daw.osc import Message
from ifx_bridge.daw.reaper import ReaperLink
from ifx_bridge.daw.reaper_surface import BLOCK, GAP, ROOM
from ifx_bridge.daw.writing import Wanted, write
from ifx_bridge.errors import UserError
from tests.daw.fake_reaper import FakeReaper, shipped
from tests.daw.fakes import Effect, Knob, Lane, Weather
from tests.daw.test_wire import eventually

# As REAPER's own file feeds back: every value of every effect of every track, and much besides.
OTHERS = (
    shipped().replace("r/track/@", "n/track/@")
    + """
FX_NAME s/fx/name s/track/@/fx/@/name
FX_NUMBER s/fx/@/number/str s/track/@/fx/@/number/str
FX_PARAM_NAME s/fx/@/fxparam/@/name
FX_PARAM_VALUE n/fx/@/fxparam/@/value s/fx/@/fxparam/@/value/str
TRACK_AUTO_TRIM t/track/@/autotrim
TRACK_AUTO_LATCH t/track/@/autolatch
DEVICE_TRACK_COUNT 8
DEVICE_FX_COUNT 8
DEVICE_FX_PARAM_COUNT 16
"""
)


@contextmanager
def reaper(lanes: list[Lane], **options: object) -> Iterator[tuple[FakeReaper, ReaperLink]]:
    with FakeReaper(lanes, **options) as fake:  # type: ignore[arg-type]
        assert isinstance(fake, FakeReaper)
        with ReaperLink(port=fake.port, listen=0, timeout=0.3, settle_seconds=0.06) as link:
            fake.reply_port = link.wire.port
            yield fake, link


def knobs(count: int) -> list[Knob]:
    return [Knob(f"Knob {n}", value=n / 1000) for n in range(1, count + 1)]


@pytest.mark.parametrize("pattern", [None, OTHERS])
@pytest.mark.parametrize("tracks", [0, 2, 150])
def test_all_tracks_and_no_more(tracks: int, pattern: str | None) -> None:
    lanes = [Lane(f"T{n}" if n % 5 else "") for n in range(1, tracks + 1)]
    with reaper(lanes, pattern=pattern) as (fake, link):
        link.tracks()
        said, began = fake.said, time.monotonic()
        found = link.tracks()
        if tracks:
            assert fake.said - said <= 2 * tracks + 10
        assert time.monotonic() - began < 1
        assert [t.name for t in found] == [
            f"T{n}" if n % 5 else f"Track {n}" for n in range(1, tracks + 1)
        ]
        assert [t.index for t in found if t.selected] == [1][:tracks]
        assert said < (2 if pattern is None else 9) * (tracks + ROOM) + 200


@pytest.mark.parametrize("pattern", [None, OTHERS])
@pytest.mark.parametrize("count", [0, 1, 20, BLOCK, 300])
def test_all_parameters_at_the_pace_of_reaper(count: int, pattern: str | None) -> None:
    effects = [Effect("VST: Other (X)", knobs(500)), Effect("VST3: One (X)", knobs(count))]
    with reaper([Lane("Drums"), Lane("Vox", effects)], pattern=pattern) as (fake, link):
        vox = link.tracks()[1]
        other, one = link.devices(vox)
        assert (one.index, one.name, one.enabled) == (2, "One (X)", True)
        link.parameters(other)
        before, began = fake.said, time.monotonic()
        found = link.parameters(one)
        blocks = (count + GAP - 1) // BLOCK + 1
        assert fake.said - before <= 3 * BLOCK * blocks + 10 * blocks
        assert time.monotonic() - began < 1 + 0.5 * blocks
    expected = [(n, f"Knob {n}", f"{n / 1000:.3f}") for n in range(1, count + 1)]
    assert [(p.index, p.name, p.text) for p in found] == expected
    assert [p.value for p in found] == pytest.approx([n / 1000 for n in range(1, count + 1)])


def test_parameters_without_a_name_do_not_hide_those_behind() -> None:
    eq = Effect("EQ", [Knob("A"), Knob(""), Knob("C")])
    with reaper([Lane("Vox", [eq])]) as (_, link):
        assert [p.index for p in link.parameters(Device(1, 1, "EQ"))] == [1, 3]


def test_many_effects_on_a_track() -> None:
    effects = [Effect(f"E{n}", knobs(2), on=n % 3 > 0) for n in range(1, BLOCK + 6)]
    with reaper([Lane("Vox", effects), Lane("Drums")]) as (fake, link):
        before = fake.said
        found = link.devices(Track(1, "Vox"))
        assert fake.said - before < 4 * 2 * BLOCK
        assert [(d.name, d.enabled) for d in found] == [(e.name, e.on) for e in effects]
        assert link.devices(Track(2, "Drums")) == ()


def test_what_is_not_there_is_told() -> None:
    with reaper([Lane("Vox", [Effect("EQ", knobs(2))])]) as (fake, link):
        with pytest.raises(UserError, match="no track 3"):
            link.devices(Track(3, "Gone"))
        with pytest.raises(UserError, match="no effect 2 on track 1"):
            link.parameters(Device(1, 2, "Gone"))
        found = link.parameters(Device(1, 1, "EQ"))
        assert link.read(found)
        fake.lanes[0].effects.clear()
        assert link.read(found) == {}


@pytest.mark.parametrize("packet, pause", [(1024, 0.010), (32768, 0.0)])
def test_a_push_of_60_parameters_is_told_as_it_is(packet: int, pause: float) -> None:
    eq = Effect("EQ", knobs(60))
    eq.knobs[41].move = lambda value: None  # type: ignore[method-assign]
    with reaper([Lane("Vox", [eq])], packet=packet, pause=pause) as (_, link):
        found = link.parameters(Device(1, 1, "EQ"))
        report = write(link, [Wanted(p, 0.5) for p in found])
    assert [w.parameter.index for w in report.of("unconfirmed")] == [42]
    assert len(report.of("confirmed")) == 59
    moved = [k.value for k in eq.knobs if k is not eq.knobs[41]]
    assert moved == pytest.approx(59 * [0.5], abs=2e-6)


def test_reading_makes_it_send_what_is_read_and_little_else() -> None:
    lanes = [Lane(f"T{n}", [Effect("EQ", knobs(200))]) for n in range(50)]
    with reaper(lanes) as (fake, link):
        found = link.parameters(Device(50, 1, "EQ"))
        for parameters, texts, most in ((found[:60], False, 60), (found[7:8], True, 2)):
            link.read(parameters)  # it is there now
            before = fake.said
            said = link.read(parameters, texts)
            assert fake.said - before <= most + 8
            assert len(said) == len(parameters)
            assert all(reading.text for reading in said.values()) == texts


@pytest.mark.parametrize("pattern", [None, OTHERS])
def test_forgetting_changes_nothing(pattern: str | None) -> None:
    eq = Effect("EQ", knobs(3), on=False, preset="Mine")
    with reaper([Lane("Vox", [eq]), Lane("")], pattern=pattern) as (fake, link):
        fake.tempo, fake.seconds, fake.selected = 93.0, 4.0, 2
        for _ in range(2):
            (device,) = link.devices(link.tracks()[0])
            link.read(link.parameters(device), texts=True)
            scene = link.scene()
        assert scene.track == Track(2, "Track 2", True)
        assert (fake.playing, fake.tempo, fake.seconds) == (False, 93.0, 4.0)
        assert (eq.on, eq.preset, [lane.name for lane in fake.lanes]) == (
            False,
            "Mine",
            ["Vox", ""],
        )
        assert [k.value for k in eq.knobs] == [0.001, 0.002, 0.003]
        assert not fake.touched_off
        # It would not be so for the transport, which is why that is never forgotten.
        link.wire.send(Message("/play"))
        assert eventually(lambda: fake.playing)


def test_the_transport_is_followed_without_asking() -> None:
    with reaper([Lane(f"T{n}") for n in range(1, 41)]) as (fake, link):
        assert link.transport().seconds == 0.0  # which it never says
        assert link.transport().tempo == 120
        heard, said = len(fake.heard), fake.said
        for step in range(50):
            link.transport()
            fake.seconds = 10.0 + step
        assert eventually(lambda: link.transport().seconds == 59.0)
        assert len(fake.heard) == heard
        assert fake.said - said < 60
        assert sum(m.address == "/action" for m in fake.heard) == 1


def test_quiet_is_asked_about_with_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifx_bridge.daw.reaper.QUIET_SECONDS", 0.05)
    with reaper([Lane("Vox", [Effect("EQ", knobs(100))])]) as (fake, link):
        link.parameters(Device(1, 1, "EQ"))
        link.scene()
        said = fake.said
        for _ in range(5):
            time.sleep(0.1)
            link.scene()
        assert fake.said - said <= 5
        assert sum(m.address == "/action" for m in fake.heard) == 1


def test_the_switch_of_an_effect() -> None:
    eq = Effect("EQ", knobs(1))
    for pattern in (None, OTHERS):
        with reaper([Lane("Vox", [eq])], pattern=pattern) as (_, link):
            link.enable(Device(1, 1, "EQ"), False)
            assert not link.devices(Track(1, "Vox"))[0].enabled
            link.enable(Device(1, 1, "EQ"), True)
            assert link.devices(Track(1, "Vox"))[0].enabled


def test_in_bad_weather_all_is_told_or_nothing() -> None:
    lanes = [Lane(f"T{n}", [Effect("EQ", knobs(3)), Effect("Comp", knobs(90))]) for n in range(9)]
    told = 0
    with reaper(lanes) as (fake, link):
        for seed in range(4):
            fake.weather = Weather(loss=0.1, duplicate=0.1, delay=0.2, random=random.Random(seed))
            track = Track(1 + seed, f"T{seed}")
            for look, count in (
                (link.tracks, 9),
                (lambda track=track: link.devices(track), 2),
                (lambda track=track: link.parameters(Device(track.index, 2, "Comp")), 90),
                (lambda track=track: link.parameters(Device(track.index, 1, "EQ")), 3),
            ):
                try:
                    found = look()
                except UserError:
                    continue
                assert len(found) == count
                told += 1
    assert told > 8  # of 16
