"""What the parameters of plugins mean, without listening."""

from __future__ import annotations

from pathlib import Path

import pytest

from ifx_bridge.effects.chain import Slot
from ifx_bridge.plugins.closed_form import closed_form, maps, roles
from ifx_bridge.plugins.library import VARIABLE, Library
from tests.plugins.test_host import ZAM, real


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "plugins"))
    return Library.default()


def test_maps_name_parameters_that_exist() -> None:
    for fx, rules in maps().items():
        for name, rule in rules.items():
            Slot(fx).effect.parameter(name)
            assert rule.keys() <= {"names", "units", "share", "exact"}


def test_roles_are_of_effects_that_exist() -> None:
    for fx, rule in roles().items():
        assert Slot(fx).effect.id == fx
        assert rule.keys() <= {"says", "has", "unless"} and {"says", "has"} <= rule.keys()


@real
def test_what_units_mean(library: Library) -> None:
    comp = library.find(str(ZAM / "ZamCompX2.vst3"))
    slot = Slot("comp", {"threshold_db": -30.0, "ratio": 6.0, "attack_ms": 5.0, "release_ms": 90.0})
    told = closed_form(slot, comp).positions
    values = {key: comp.parameter(key).value(at) for key, at in told.items()}  # type: ignore[union-attr]
    assert values == pytest.approx(
        {"threshold_db": -30.0, "ratio": 6.0, "attack_ms": 5.0, "release_ms": 90.0}, rel=1e-3
    )
    delay = library.find(str(ZAM / "ZamDelay.vst3"))
    told_delay = closed_form(Slot("delay", {"delay_seconds": 0.25}), delay)
    time_ms = delay.parameter("time_ms")
    assert time_ms is not None
    assert time_ms.value(told_delay.positions["time_ms"]) == pytest.approx(250, rel=1e-3)
    assert told_delay.exact == {"time_ms"}


@real
def test_bands_find_their_like(library: Library) -> None:
    slot = Slot("eq", {"high_shelf_gain_db": 6.0, "high_shelf_cutoff_freq": 5000.0})
    parametric = library.find(str(ZAM / "ZamEQ2.vst3"))
    told = closed_form(slot, parametric).positions
    values = {key: parametric.parameter(key).value(at) for key, at in told.items()}  # type: ignore[union-attr]
    assert values["boost_cut_h_db"] == pytest.approx(6, abs=0.01)
    assert values["frequency_h_hz"] == pytest.approx(5000, rel=0.01)
    graphic = library.find(str(ZAM / "ZamGEQ31.vst3"))
    levels = closed_form(slot, graphic).positions
    assert len(levels) >= 28
    assert max(levels.values()) > 0.7 and levels["100hz_db"] == pytest.approx(0.5, abs=0.02)
