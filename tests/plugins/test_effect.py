"""Plugins as effects of a chain."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import Cancelled, UserError
from ifx_bridge.plugins import effect
from ifx_bridge.plugins import host as host_module
from ifx_bridge.plugins.description import Description
from ifx_bridge.plugins.library import Library
from tests.plugins.test_host import HOSTILE, RATE, noise, real


@real
def test_in_any_position_of_a_chain() -> None:
    hosted = Slot("zameq2", {"boost_cut_1_db": 12.0, "frequency_1_hz": 800.0}, engine="plugin")
    assert hosted.params["frequency_1_hz"] == 800.0
    assert hosted.effect.parameter("frequency_1_hz").text(800.0) == "800 Hz"
    sound = noise(2, 0.5)
    drive = Slot("dist", {"drive_db": 12.0})
    first = Chain((hosted, drive)).render(sound, RATE)
    last = Chain((drive, hosted)).render(sound, RATE)
    assert first.shape == last.shape == sound.shape
    assert not np.allclose(first, last, atol=1e-3)
    alone = Chain((drive,)).render(sound, RATE)
    with_bypass = Chain((drive, Slot("zameq2", {}, bypass=True, engine="plugin")))
    assert np.array_equal(with_bypass.render(sound, RATE), alone)


@real
def test_a_chain_with_a_plugin_is_saved_and_read_back() -> None:
    chain = Chain((Slot("rev"), Slot("zamdelay", {"time_ms": 250.0}, engine="plugin")))
    again = Chain.from_data(chain.to_data())
    assert again == chain
    with pytest.raises(UserError, match="no Pedalboard plugin") as error:
        chain.to_pedalboard()
    assert "Chain.render" in error.value.next_step


def test_values_of_a_missing_plugin_are_kept() -> None:
    rows = [{"fx": "neverinstalled", "engine": "plugin", "params": {"warmth": 7.5, "x": -3.0}}]
    chain = Chain.from_data(rows)
    assert chain.to_data() == [{**rows[0], "params": {"warmth": 7.5, "x": -3.0}}]
    with pytest.raises(UserError, match="not on this computer") as error:
        chain.render(noise(1, 0.1), RATE)
    assert error.value.kept and error.value.next_step


@real
def test_gradients_pass_through() -> None:
    chain = Chain((Slot("dist", {"drive_db": 6.0}), Slot("zamphono", {}, engine="plugin")))
    drive = torch.tensor(6.0, requires_grad=True)
    sound = torch.from_numpy(noise(1, 0.2))[None]
    wet = chain.forward(sound, RATE, {"dist": {"drive_db": drive}})
    rendered = chain.render(sound[0].numpy(), RATE)
    assert np.allclose(wet.detach()[0].numpy(), rendered, atol=2e-3)
    wet.square().mean().backward()
    assert drive.grad is not None and float(drive.grad.abs()) > 0


@real
@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no folder in memory")
def test_a_plugin_that_was_ended_is_started_again_and_leaves_nothing() -> None:
    chain = Chain((Slot("zamcomp", {}, engine="plugin"),))
    sound = noise(1, 0.2)
    before = set(Path("/dev/shm").glob("ifx-*.audio"))
    for _ in range(3):
        first = chain.render(sound, RATE)
        (host,) = [h for h in effect._rack._hosts.values() if h.name == "ZamComp"]
        os.kill(host._process.pid, signal.SIGKILL)
        host._process.wait()
        assert np.array_equal(chain.render(sound, RATE), first)
        assert host._closed
    assert set(Path("/dev/shm").glob("ifx-*.audio")) <= before


def test_a_render_that_hangs_can_be_stopped(
    tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "Odd.vst3"
    path.touch()
    data = {
        "path": str(path), "name": "Odd", "vendor": "", "version": "", "category": "",
        "class_id": "", "channels": [1], "latency": 0, "noise_db": None, "parameters": [],
    }  # fmt: skip
    monkeypatch.setattr(host_module, "CHILD", (str(HOSTILE), "hangs"))
    monkeypatch.setattr(effect, "PATIENCE_SECONDS", 0.3)
    rack, began = effect.Rack(), time.monotonic()
    with pytest.raises(Cancelled), effect.stoppable(lambda: True):
        rack.render(Description.from_data(data), {}, noise(1, 0.1), RATE)
    assert time.monotonic() - began < 10 and library.blocked() == []
    rack.close()


def test_a_plugin_called_like_an_effect_of_ours() -> None:
    data = {
        "path": "/x/Delay.vst3", "name": "Delay", "vendor": "Someone", "version": "1",
        "category": "Fx", "class_id": "", "channels": [2], "latency": 0, "noise_db": None,
        "parameters": [],
    }  # fmt: skip
    assert effect.id_of(Description.from_data(data)) == "delay-plugin"


@pytest.mark.parametrize(
    "change",
    [
        {"channels": []},
        {"channels": [3]},
        {"parameters": [{"key": "a"}]},
        {"parameters": 5},
        {"latency": "many"},
    ],
)
def test_descriptions_are_checked(change: dict[str, object]) -> None:
    data = {
        "path": "", "name": "", "vendor": "", "version": "", "category": "", "class_id": "",
        "channels": [1], "latency": 0, "noise_db": -90.0, "parameters": [],
    }  # fmt: skip
    assert Description.from_data(data).to_data()["noise_db"] == -90.0
    with pytest.raises(ValueError):
        Description.from_data({**data, **change})
