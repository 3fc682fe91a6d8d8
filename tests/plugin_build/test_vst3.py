"""The built plugin in real hosts: in Pedalboard (in a process of its own) and in DawDreamer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ifx_bridge import audio
from ifx_bridge.chain_plugin.table import class_id, entries
from ifx_bridge.chain_plugin.values import values_in, values_of
from ifx_bridge.cli import app
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.plugin_build.check import (
    ALLOWED_DB,
    ALLOWED_PITCH_DB,
    check,
    difference_db,
    render,
    sample_chains,
    sample_sound,
)
from ifx_bridge.plugins.description import Description
from ifx_bridge.plugins.host import Host
from ifx_bridge.presets import chain as presets
from ifx_bridge.presets import plugin as proofs
from ifx_bridge.presets.vstpreset import VstPreset
from ifx_bridge.session import load

CHAINS = [chain for _, chain in sample_chains(chains=10, seed=5)][-10:]
WHOLE = max(CHAINS, key=len)
runner = CliRunner()


@pytest.fixture
def stereo(bundles: dict[int, Path]) -> Iterator[Host]:
    with Host(bundles[2]) as host:
        yield host


@pytest.fixture(scope="module")
def described(bundles: dict[int, Path]) -> Description:
    with Host(bundles[2]) as host:
        return host.describe()


def _keys(description: Description) -> list[str]:
    return [p.key for p in description.parameters]


def test_what_hosts_see(bundles: dict[int, Path], described: Description) -> None:
    assert (described.name, described.vendor) == ("IFX Chain", "IFX Bridge")
    assert described.class_id == class_id(2) and described.channels == (2,)
    assert described.noise_db == -np.inf
    assert len(described.parameters) == len(entries())
    for found, entry in zip(described.parameters, entries(), strict=True):
        assert found.name == entry.name and found.unit == entry.parameter.unit
        assert found.texts == entry.parameter.choices
        low, high = entry.parameter.low, entry.parameter.high
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
        assert found.value(found.default) == pytest.approx(entry.parameter.default, rel=1e-4)
    with Host(bundles[1]) as mono:
        assert mono.describe().class_id == class_id(1)


def test_it_sounds_like_the_session(bundles: dict[int, Path]) -> None:
    results = check(bundles, rates=(48000,))
    assert len(results) == 20
    for one in results:
        assert one.good, one


@pytest.mark.parametrize("number", range(len(CHAINS)))
def test_a_preset_is_the_turn(number: int, stereo: Host, described: Description) -> None:
    chain = CHAINS[number]
    sound = sample_sound(2, 44100, seconds=0.4)
    wet = render(stereo, _keys(described), chain, sound, 44100)
    allowed = ALLOWED_PITCH_DB if "pitchshift" in chain else ALLOWED_DB
    assert difference_db(chain.render(sound, 44100), wet) <= allowed
    # What the plugin says of its state is what was written, in single precision.
    loaded = values_in(VstPreset.parse(stereo.state()).component)
    written = values_of(chain)
    assert {k: np.float32(v) for k, v in loaded.items()} == {
        k: np.float32(v) for k, v in written.items()
    }


def test_state_at_any_time(described: Description, tmp_path: Path) -> None:
    """Set by automation, saved, loaded into a fresh instance: the same values and sound."""
    random = np.random.default_rng(1)
    for _ in range(3):
        positions = {p.key: float(random.uniform()) for p in described.parameters}
        proof = proofs.write(described, positions, "any", tmp_path)
        assert proof.parameters == len(entries())
        # Positions of a preset that is read are rounded anew, by less than is heard.
        assert proof.sound_db <= -60


def test_silence_stays_silent_and_nonsense_does_not_stay(
    stereo: Host, described: Description
) -> None:
    silence = np.zeros((2, 24000), np.float32)
    assert not render(stereo, _keys(described), WHOLE, silence, 48000).any()
    sound = sample_sound(2, 48000, seconds=0.5)
    before = render(stereo, _keys(described), WHOLE, sound, 48000)
    broken = sound.copy()
    broken[0, 1000], broken[1, 2000], broken[0, 3000] = np.nan, np.inf, -3e38
    wet = render(stereo, _keys(described), WHOLE, broken, 48000)  # refused, were it no number
    assert np.isfinite(wet).all()
    assert np.array_equal(render(stereo, _keys(described), WHOLE, sound, 48000), before)


def test_latency_is_made_up_for(stereo: Host, described: Description) -> None:
    """Not shifted but as late as what would be: made up for, it is the sound itself."""
    shift = Chain((Slot("pitchshift", {"semitones": 0.0}),))
    sound = sample_sound(2, 48000, seconds=0.5)
    assert described.latency == 0
    assert np.array_equal(render(stereo, _keys(described), shift, sound, 48000), sound)


# DawDreamer hosts by another wrapper of JUCE, and reads presets by its own reader.
DREAMER = """
import sys
import numpy as np
import dawdreamer
path, preset, rate, sound, out = sys.argv[1:]
sound = np.load(sound)
engine = dawdreamer.RenderEngine(int(rate), 512)
plugin = engine.make_plugin_processor("chain", path)
assert plugin.load_vst3_preset(preset)
engine.load_graph([(engine.make_playback_processor("dry", sound), []), (plugin, ["dry"])])
engine.render(sound.shape[1] / int(rate) + 0.2)
late = plugin.get_latency_samples()
np.save(out, engine.get_audio()[:, late : late + sound.shape[1]])
import os
os._exit(0)
"""


@pytest.mark.parametrize("number", range(0, len(CHAINS), 2))
def test_in_dawdreamer(number: int, bundles: dict[int, Path], tmp_path: Path) -> None:
    pytest.importorskip("dawdreamer")
    chain = CHAINS[number]
    sound = sample_sound(2, 44100, seconds=0.5)
    np.save(tmp_path / "dry.npy", sound)
    file = presets.write(chain, "turn 1", tmp_path)
    made = subprocess.run(
        [sys.executable, "-c", DREAMER, str(bundles[2]), str(file), "44100",
         str(tmp_path / "dry.npy"), str(tmp_path / "wet.npy")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-2000:]
    wet = np.load(tmp_path / "wet.npy")
    allowed = ALLOWED_PITCH_DB if "pitchshift" in chain else ALLOWED_DB
    assert difference_db(chain.render(sound, 44100), wet) <= allowed


def test_a_refined_turn_its_preset_and_its_file_are_one(
    bundles: dict[int, Path], tmp_path: Path
) -> None:
    clip = clips()["guitar"]
    out = tmp_path / "result"
    refined = runner.invoke(app, ["refine", str(clip), "like a church", "--out", str(out)])
    assert refined.exit_code == 0, refined.exception
    (turn,) = load(out / "session.json").turns
    assert turn.limited_db == 0
    file = out / "turn-01.vstpreset"  # written along with the sound
    dry, written = (audio.load(path, allow_clipped=True) for path in (clip, out / "turn-01.wav"))
    preset = file.read_bytes()
    with Host(bundles[min(2, dry.channels)]) as fresh:
        keys = _keys(fresh.describe())
        fresh.load(preset)
        positions = {key: at for key, (at, _) in fresh.values(keys).items()}
        wet = fresh.render(np.array(dry.samples), dry.sample_rate, positions)
    assert difference_db(written.samples, wet) <= -100
