"""The host: real plugins are described and rendered; those that misbehave end alone."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from ifx_bridge.errors import Cancelled, UserError
from ifx_bridge.plugins import host as module
from ifx_bridge.plugins.host import Host, PluginError

ZAM = Path("/usr/lib/vst3")
HOSTILE = Path(__file__).with_name("hostile.py")
real = pytest.mark.skipif(not ZAM.is_dir(), reason="Debian's zam-plugins are not installed")
RATE = 48000


def noise(channels: int, seconds: float = 1.0) -> np.ndarray:
    random = np.random.default_rng(0)
    sound = 0.1 * random.standard_normal((channels, int(seconds * RATE)))
    return sound.astype(np.float32)


def hostile(how: str, monkeypatch: pytest.MonkeyPatch, load_seconds: float = 2.0) -> Host:
    monkeypatch.setattr(module, "CHILD", (str(HOSTILE), how))
    monkeypatch.setattr(module, "CALL_SECONDS", 1.0)
    monkeypatch.setattr(module, "RENDER_FACTOR", 0.0)
    return Host(Path("/nowhere/Odd.vst3"), load_seconds=load_seconds)


@real
def test_describes_what_can_be_automated() -> None:
    with Host(ZAM / "ZamEQ2.vst3") as plugin:
        found = plugin.describe()
    assert (found.name, found.vendor, found.channels) == ("ZamEQ2", "Damien Zammit", (1,))
    assert found.class_id == "2046504473616C633251455A00000000"
    frequency = found.parameter("frequency_1_hz")
    assert frequency is not None
    assert (frequency.unit, frequency.low, frequency.high) == ("Hz", 20.0, 14000.0)
    assert frequency.value(frequency.position(440.0)) == pytest.approx(440.0)
    switch = found.parameter("peaks_on")
    assert switch is not None and switch.kind == "switch" and switch.text(1.0) == "on"
    assert found.parameter("buffer_size_frames") is None
    assert found.parameter("current_program") is None


@real
@pytest.mark.parametrize("name", ["ZamComp", "ZaMultiCompX2", "ZamGate"])
def test_meters_are_no_parameters(name: str) -> None:
    with Host(ZAM / f"{name}.vst3") as plugin:
        keys = [p.key for p in plugin.describe().parameters]
    assert "threshold_db" in keys or "threshold_1_db" in keys
    assert not [key for key in keys if "reduction" in key or "output_level" in key]


@real
def test_choices_have_names() -> None:
    with Host(ZAM / "ZamTube.vst3") as plugin:
        model = plugin.describe().parameter("tone_stack_model")
    assert model is not None and model.kind == "choice"
    index = model.texts.index("Ampeg VL 501")
    assert model.text(model.position(index)) == "Ampeg VL 501"


@real
@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("name", ["ZamEQ2", "ZamCompX2"])
def test_mono_and_stereo_plugins_take_any_clip(name: str, channels: int) -> None:
    sound = noise(channels)
    with Host(ZAM / f"{name}.vst3") as plugin:
        wet = plugin.render(sound, RATE, {})
    assert wet.shape == sound.shape
    # At their defaults both pass on what comes in, whichever way round the channels go.
    assert np.allclose(wet, sound, atol=1e-4)


@real
def test_latency_is_made_up_for() -> None:
    click = np.zeros((2, RATE), np.float32)
    click[:, 20000] = 0.5
    with Host(ZAM / "ZaMaximX2.vst3") as plugin:
        assert plugin.describe().latency == 480
        wet = plugin.render(click, RATE, {})
    assert abs(int(np.abs(wet[0]).argmax()) - 20000) <= 1


@real
def test_every_render_begins_anew() -> None:
    sound = noise(1)
    with Host(ZAM / "ZamDelay.vst3") as plugin:
        described = plugin.describe()
        time_ms, mix = described.parameter("time_ms"), described.parameter("dry_wet")
        assert time_ms is not None and mix is not None
        plain = plugin.render(sound, RATE, {})
        set_to = {"time_ms": time_ms.position(90), "dry_wet": 1.0}
        moved = plugin.render(sound, RATE, set_to)
        again = plugin.render(sound, RATE, {})
    assert not np.allclose(plain, moved, atol=1e-3)
    assert np.allclose(plain, again, atol=1e-4)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("hangs while loading", "did not load within 2 s"),
        ("crashes while loading", "crashed (signal 11)"),
        ("exits while loading", "ended by itself"),
        ("prints", "garbage"),
    ],
)
def test_loading_ends(how: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PluginError) as error:
        hostile(how, monkeypatch)
    assert said in str(error.value) and "Odd" in str(error.value)
    assert error.value.fatal and error.value.next_step


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("hangs", "did not describe within 1 s"),
        ("crashes", "crashed"),
        ("answers garbage", "cannot be read"),
        ("answers nonsense", "garbage"),
        ("describes nonsense", "garbage"),
        ("cuts off", "ended by itself"),
    ],
)
def test_calls_end(how: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = hostile(how, monkeypatch)
    with pytest.raises(PluginError) as error:
        plugin.describe(1.0)
    assert said in str(error.value) and error.value.fatal
    assert not plugin.alive
    with pytest.raises(PluginError):
        plugin.describe(1.0)


def test_sound_that_is_no_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = hostile("renders nan", monkeypatch)
    with pytest.raises(PluginError, match="no numbers"):
        plugin.render(noise(1, 0.1), RATE, {})
    assert not plugin.alive


def test_a_render_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = hostile("hangs", monkeypatch)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        plugin.render(noise(1, 0.1), RATE, {}, cancelled=lambda: time.monotonic() > began + 0.2)
    assert not plugin.alive


def test_a_file_that_is_no_plugin(tmp_path: Path) -> None:
    path = tmp_path / "Empty.vst3"
    path.write_bytes(b"nothing")
    with pytest.raises(PluginError, match="Empty could not load") as error:
        Host(path)
    assert not error.value.fatal


@real
def test_ctrl_c_is_not_for_the_plugin() -> None:
    sound = noise(1)
    with Host(ZAM / "ZamEQ2.vst3") as plugin:
        child = plugin._process.pid
        assert os.getpgid(child) != os.getpgid(0)
        os.kill(child, signal.SIGINT)
        assert plugin.render(sound, RATE, {}).shape == sound.shape
        os.kill(child, signal.SIGTERM)
        with pytest.raises(PluginError, match="ended from outside") as error:
            plugin.render(sound, RATE, {})
        assert not error.value.fatal  # it is not its fault
        assert not plugin.alive


@real
def test_what_is_closed_in_the_middle_did_not_crash() -> None:
    plugin = Host(ZAM / "ZamGrains.vst3")
    threading.Timer(0.2, plugin.close).start()
    with pytest.raises(PluginError, match="closed") as error:
        plugin.render(noise(2, 600.0), RATE, {})
    assert not error.value.fatal


@real
def test_a_call_that_is_broken_off_leaves_no_answer_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = Host(ZAM / "ZamEQ2.vst3")

    def interrupt() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plugin.render(noise(1, 5.0), RATE, {}, interrupt)
    assert not plugin.alive


@real
@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no folder in memory")
def test_shared_memory_has_no_name_that_could_stay() -> None:
    def files() -> set[Path]:
        return set(Path("/dev/shm").glob("ifx-*.audio"))

    before, seen = files(), set[Path]()
    with Host(ZAM / "ZamEQ2.vst3") as plugin:
        for seconds in (0.1, 0.2, 0.1):
            plugin.render(noise(1, seconds), RATE, {}, lambda: bool(seen.update(files() - before)))
            assert plugin._shared is None
    assert not seen


def test_no_room_for_a_sound_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    plugin = hostile("renders nan", monkeypatch)
    with pytest.raises(UserError, match="no room"):
        plugin.render(noise(1, 0.1), RATE, {})
    plugin.close()
