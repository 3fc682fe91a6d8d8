"""Following: the real Ardour in test_ardour.py; here a REAPER and a Live of ours."""

from __future__ import annotations

import itertools

import pytest

from ifx_bridge.daw.follow import Follow
from ifx_bridge.daw.link import Device, Scene, Track, Transport
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
