"""Presets of real plugins: written, read back by a fresh instance, equal in values and sound."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from ifx_bridge.errors import UserError
from ifx_bridge.plugins.library import VARIABLE, Library
from ifx_bridge.presets import plugin as module
from ifx_bridge.presets.vstpreset import VstPreset
from tests.plugins.test_host import ZAM, real

# All of Debian's but the one that has no parameters.
NAMES = sorted({p.stem for p in ZAM.glob("*.vst3")} - {"ZamAutoSat"})


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "plugins"))
    return Library.default()


@real
@pytest.mark.parametrize("name", NAMES)
def test_round_trip(name: str, tmp_path: Path, library: Library) -> None:
    described = library.find(str(ZAM / f"{name}.vst3"))
    random = np.random.default_rng(7)
    positions = {
        p.key: float(random.uniform(0.1, 0.9)) if p.kind == "number" else random.choice(p.positions)
        for p in described.parameters
    }
    proof = module.write(described, positions, "A test: 1/2", tmp_path)
    assert proof.path == tmp_path / "A test_ 1_2.vstpreset"
    assert proof.parameters == len(described.parameters)
    assert proof.sound_db <= proof.allowed_db
    preset = VstPreset.read(proof.path)
    assert preset.class_id == described.class_id
    assert preset.info["Name"] == "A test: 1/2" and preset.info["PlugInName"] == name


@real
def test_without_parameters_there_is_nothing_to_keep(tmp_path: Path, library: Library) -> None:
    with pytest.raises(UserError, match="no parameters"):
        module.write(library.find(str(ZAM / "ZamAutoSat.vst3")), {}, "x", tmp_path)


def test_difference() -> None:
    sound = np.ones((1, 10), np.float32)
    assert module._difference_db(sound, sound) == -math.inf
    assert module._difference_db(sound, 1.001 * sound) == pytest.approx(-60, abs=0.1)
