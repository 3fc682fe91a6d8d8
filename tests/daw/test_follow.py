"""Following: the real Ardour in test_ardour.py; here a REAPER and a Live of ours."""

from __future__ import annotations

import itertools
import random
import time

import pytest

from ifx_bridge.daw.follow import Follow
from ifx_bridge.daw.link import DawParameter, Device, Reading, Scene, Track, Transport
from ifx_bridge.errors import UserError
from tests.daw.fake_reaper import FakeReaper
from tests.daw.fakes import FINE, Effect, FakeLive, Lane, Weather
from tests.daw.test_wire import eventually
from tests.daw.test_writing import KINDS, daw, knobs


@pytest.mark.parametrize("kind", KINDS)
def test_transport_track_and_device_follow_the_daw(kind: str) -> None:
    lanes = [Lane("Drums"), Lane("Vox", [Effect("EQ", knobs(2)), Effect("Comp", knobs(1))])]
    seen: list[Scene | None] = []

    def now() -> Scene:
        return seen[-1] if seen and seen[-1] else Scene(Transport(False))

    with daw(kind, lanes) as (fake, link), Follow(link.scene, seen.append, seconds=0.02):
        assert eventually(lambda: now().track == Track(1, "Drums", True))
        assert now().device is None
        assert not now().transport.playing
        fake.playing = True  # type: ignore[attr-defined]
        fake.tempo = 93.0  # type: ignore[attr-defined]
        assert eventually(lambda: now().transport.playing and now().transport.tempo == 93)
        if isinstance(fake, FakeReaper):
            fake.selected, fake.touched = 2, (2, 2)
        elif isinstance(fake, FakeLive):
            fake.selected, fake.chosen = 1, (1, 1)
        assert eventually(lambda: now().track == Track(2, "Vox", True))
        assert eventually(lambda: now().device == Device(2, 2, "Comp"))
    still = list(seen)
    assert all(one != other for one, other in itertools.pairwise(still))


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_told_and_its_end(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifx_bridge.daw.reaper.QUIET_SECONDS", 0.1)
    seen: list[Scene | None] = []
    with (
        daw(kind, [Lane("Vox")]) as (fake, link),
        Follow(link.scene, seen.append, seconds=0.02),
    ):
        assert eventually(lambda: bool(seen) and seen[-1] is not None)
        fake.weather = Weather(silent=True)
        assert eventually(lambda: seen[-1] is None)
        fake.weather = FINE
        assert eventually(lambda: seen[-1] is not None)


def test_a_listener_that_fails_is_told_of_the_next_change() -> None:
    tempos = iter([100.0, 100.0, 110.0, 120.0])
    told: list[float | None] = []

    def look() -> Scene:
        if (tempo := next(tempos, None)) is None:
            raise UserError("It has quit.")
        return Scene(Transport(False, tempo=tempo))

    def changed(scene: Scene | None) -> None:
        told.append(scene.transport.tempo if scene else None)
        raise RuntimeError("a fault")

    follow = Follow(look, changed, seconds=0.001)
    assert eventually(lambda: told == [100, 110, 120, None])
    follow.close()
    assert told == [100, 110, 120, None]


# Live tells of changes by itself.


def scenes(seen: list[Scene | None]) -> Scene:
    return seen[-1] if seen and seen[-1] else Scene(Transport(False))


def asked(fake: FakeLive, what: str) -> int:
    return sum(m.address == f"/live/{what}" for m in fake.heard)


def test_live_is_listened_to_and_hardly_asked() -> None:
    seen: list[Scene | None] = []
    with daw("live", [Lane("Drums"), Lane("Vox")]) as (fake, link):
        assert isinstance(fake, FakeLive)
        with Follow(link.scene, seen.append, seconds=0.02):
            assert eventually(lambda: scenes(seen).track == Track(1, "Drums", True))
            before = asked(fake, "song/get/tempo")
            for tempo in (93.0, 94.0, 95.0):
                fake.tempo = tempo
                assert eventually(lambda tempo=tempo: scenes(seen).transport.tempo == tempo, 1.0)  # type: ignore[misc]
            fake.selected = 1
            assert eventually(lambda: scenes(seen).track == Track(2, "Vox", True), 1.0)
            fake.playing = fake.rolls = True
            assert eventually(lambda: (scenes(seen).transport.seconds or 0) > 0.1, 1.0)
            assert asked(fake, "song/get/tempo") - before <= 2
        link.close()
        assert eventually(lambda: not fake.listened)


@pytest.mark.parametrize("seed", range(2))
def test_what_live_tells_in_bad_weather_is_seen_in_the_end(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ifx_bridge.daw.live_listen.GUARD_SECONDS", 0.3)
    weather = Weather(loss=0.3, duplicate=0.3, delay=0.3, random=random.Random(seed))
    seen: list[Scene | None] = []
    with daw("live", [Lane("Drums"), Lane("Vox")], weather) as (fake, link):
        assert isinstance(fake, FakeLive)
        with Follow(link.scene, seen.append, seconds=0.02):
            for n in range(4):
                fake.selected, fake.tempo = n % 2, 90.0 + n
                assert eventually(
                    lambda n=n: (  # type: ignore[misc]
                        scenes(seen).transport.tempo == 90 + n
                        and scenes(seen).track == Track(n % 2 + 1, fake.lanes[n % 2].name, True)
                    )
                )


def test_a_live_that_has_forgotten_its_listeners_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifx_bridge.daw.live_listen.GUARD_SECONDS", 0.3)
    seen: list[Scene | None] = []
    with daw("live", [Lane("Vox")]) as (fake, link):
        assert isinstance(fake, FakeLive)
        with Follow(link.scene, seen.append, seconds=0.02):
            assert eventually(lambda: scenes(seen).track is not None)
            fake.listened.clear()
            fake.tempo = 77.0
            assert eventually(lambda: scenes(seen).transport.tempo == 77)
            assert eventually(lambda: len(fake.listened) == 5)


def test_a_return_track_of_live_is_none_of_ours() -> None:
    with daw("live", [Lane("Vox")]) as (fake, link):
        assert isinstance(fake, FakeLive)

        def no_track() -> tuple[int]:
            raise ValueError("it is not in the list")

        fake.get_view__get__selected_track = no_track  # type: ignore[method-assign]
        assert link.scene() == Scene(Transport(False, False, 0.0, 120.0))


def test_values_that_move_in_live_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifx_bridge.daw.live_listen.GUARD_SECONDS", 0.3)
    vox = Effect("EQ", knobs(3))
    told: list[tuple[str, Reading]] = []

    def changed(parameter: DawParameter, reading: Reading) -> None:
        told.append((parameter.name, reading))

    with daw("live", [Lane("Vox", [vox])]) as (fake, link):
        assert isinstance(fake, FakeLive)
        found = link.parameters(link.devices(link.track("Vox"))[0])
        with link.watching(found[:2], changed):
            vox.knobs[0].move(0.5)
            assert eventually(lambda: told == [("Knob 1", Reading(0.5, "0.500"))])
            vox.knobs[2].move(0.5)  # nobody watches it
            # What was lost comes with the guard, and what comes twice is told once.
            fake.weather = Weather(silent=True)
            vox.knobs[1].move(0.75)
            time.sleep(0.1)
            fake.weather = Weather(duplicate=1.0)
            assert eventually(lambda: len(told) == 2)
            assert told[1] == ("Knob 2", Reading(0.75, "0.750"))
            fake.listened.clear()
            vox.knobs[0].move(1.0)
            assert eventually(lambda: len(told) == 3)
            assert told[2] == ("Knob 1", Reading(1.0, "1.000"))
        fake.weather = FINE
        assert eventually(lambda: not fake.listened)
        vox.knobs[0].move(0.0)
        time.sleep(0.5)
        assert len(told) == 3
