"""Chain presets on disk."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ifx_bridge import audio, cli
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.engine import open_session
from ifx_bridge.errors import UserError
from ifx_bridge.presets import load_chain, store
from ifx_bridge.presets.impulse import impulse_response
from ifx_bridge.presets.store import SUFFIX, Preset
from ifx_bridge.session import save as save_session
from ifx_bridge.study.heard import differences

RUN = CliRunner()
CHAIN = Chain((Slot("delay", {"mix": 0.2}), Slot("eq", {"band0_gain_db": -3})), trim_db=-1.5)


def test_the_factory_set_is_large_and_varied() -> None:
    presets = [store.load(name) for name in store.factory()]
    assert len(presets) >= 40
    assert {fx for p in presets for fx in p.as_chain().ids} >= {
        "eq", "comp", "rev", "dist", "delay", "pitchshift", "bitcrush",
    }  # fmt: skip
    assert {"guitar", "drums", "voice", "bass", "loop"} <= {t for p in presets for t in p.tags}
    for preset in presets:
        assert preset.name and preset.description and preset.tags and preset.instructions
        assert preset.measured


@pytest.mark.parametrize("name", sorted(store.factory()))
def test_a_factory_preset_is_sane_on_any_sound(name: str) -> None:
    noise = np.random.default_rng(0).standard_normal((2, 24000)).astype(np.float32)
    wet = store.chain(name).render(0.1 * noise, 48000)
    assert wet.shape == noise.shape and np.isfinite(wet).all()
    assert 1e-4 < float(np.sqrt(np.mean(wet**2))) < 3


@pytest.mark.parametrize("name", sorted(store.factory())[::20])
def test_what_is_said_to_be_measured_is_so(name: str) -> None:
    preset = store.load(name)
    clip = audio.load(clips()[preset.clip.split()[0]])
    wet = preset.as_chain().render(clip.samples, clip.sample_rate)
    again = differences(clip.samples, wet, clip.sample_rate)
    assert again == pytest.approx(preset.measured, rel=0.05, abs=0.6)


def test_round_trip(tmp_path: Path) -> None:
    preset = Preset.of(CHAIN, name="Mine", tags=("a", "b"), instructions=("x",))
    store.save(preset, tmp_path / "new" / "mine.ifx.json")
    again = store.load(str(tmp_path / "new" / "mine.ifx.json"))
    assert again == preset and again.as_chain() == CHAIN


def test_load_chain(tmp_path: Path) -> None:
    import pedalboard

    store.save(Preset.of(CHAIN), tmp_path / "mine.ifx.json")
    clip = audio.load(clips()["guitar"])
    session = open_session(clip).add(
        instruction="x", route="initialize_all", chain=CHAIN, score={"before": 0, "after": 0}
    )
    save_session(session, tmp_path / "session.json")
    sound = clip.samples[:, :20000]
    wanted = CHAIN.render(sound, clip.sample_rate)
    for source in (tmp_path / "mine.ifx.json", str(tmp_path / "session.json")):
        board = load_chain(source)
        assert isinstance(board, pedalboard.Pedalboard)
        assert np.allclose(board(sound, clip.sample_rate), wanted, atol=1e-5)
    with pytest.raises(UserError, match="no preset or file") as error:
        load_chain("telefone")
    assert "telephone" in error.value.next_step


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not an ifx-chain"),
        ('{"format": "other", "chain": []}', "not an ifx-chain"),
        (json.dumps({"format": "ifx-chain", "version": 2, "chain": []}), "newer"),
        (json.dumps({"format": "ifx-chain", "version": True, "chain": []}), "version"),
        (json.dumps({"format": "ifx-chain", "version": 1}), "no 'chain'"),
        (json.dumps({"format": "ifx-chain", "version": 1, "chain": [{"fx": "x"}]}), "no effect"),
        (json.dumps({"format": "ifx-chain", "version": 1, "chain": [3]}), "chain"),
        (json.dumps({"chain": [], "tags": "rock"}), "tags"),
        (json.dumps({"chain": [], "amount": 3}), "amount"),
        (json.dumps({"chain": [], "colour": "red"}), "colour"),
        ('{"chain": [], "trim_db": NaN}', "trim_db"),
    ],
)
def test_bad_files_are_messages(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(UserError, match=words):
        store.load(str(path))


@given(st.binary(max_size=200))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_bytes_cause_anything_but_a_message(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.json"
    path.write_bytes(content)
    with pytest.raises(UserError):
        store.load(str(path))


def test_a_changed_file_is_a_preset_or_a_message(tmp_path: Path) -> None:
    whole = store.factory()["telephone"].read_bytes()
    dice, path = random.Random(0), tmp_path / "changed.json"
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data))
            data[at : at + dice.randint(0, 3)] = dice.choice([b"", b"9", b"-", b"e9", b'"', b"}"])
        path.write_bytes(bytes(data))
        try:
            chain = store.chain(str(path))
        except UserError:
            continue
        assert np.isfinite([v for row in chain.params.values() for v in row.values()]).all()


# The commands.


def run(*words: str) -> str:
    result = RUN.invoke(cli.app, ["presets", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_browsing() -> None:
    assert "telephone" in run() and "telephone" in run("list")
    found = json.loads(run("list", "--tag", "reverb", "--json"))
    assert found and all("reverb" in row["tags"] for row in found.values())
    assert set(json.loads(run("list", "--search", "church grit", "--json"))) == {"church-grit"}
    with pytest.raises(UserError) as error:
        run("list", "--tag", "nonesuch")
    assert "reverb" in error.value.next_step
    shown = run("show", "telephone")
    assert "Equalizer" in shown and "Made by: like an old telephone" in shown
    assert json.loads(run("show", "telephone", "--json"))["format"] == "ifx-chain"
    assert json.loads(run("schema"))["properties"]["chain"]


def test_a_turn_is_kept_as_a_preset(tmp_path: Path) -> None:
    clip = audio.load(clips()["guitar"])
    session = open_session(clip)
    for chain in (CHAIN, CHAIN.removed("eq")):
        session = session.add(
            instruction="x", route="reuse_all", chain=chain, score={"before": 0, "after": 0}
        )
    save_session(session, tmp_path / "session.json")
    words = ("save", str(tmp_path / "session.json"), "--turn", "1", "--tag", "Mine")
    run(*words, "--out", str(tmp_path / "kept"))
    kept = store.load(str(tmp_path / f"kept{SUFFIX}"))
    assert kept.as_chain() == CHAIN and kept.tags == ("mine",) and kept.instructions == ("x",)


def test_impulse_response(tmp_path: Path) -> None:
    rev = Slot("rev", {"room_size": 0.5, "wet_level": 0.3})
    response, left_out = impulse_response(Chain((Slot("dist"), rev)), 44100)
    assert left_out == ("dist",) and response.shape[0] == 2
    assert np.abs(response).max() == pytest.approx(10 ** (-1 / 20), abs=1e-3)
    assert 0.5 < response.shape[1] / 44100 < 6
    # Convolution with it is what the reverb adds.
    from scipy.signal import fftconvolve

    mono = np.random.default_rng(0).standard_normal((1, 22050)).astype(np.float32) * 0.1
    sound = np.repeat(mono, 2, axis=0)
    wet = Chain((Slot("rev", {**rev.params, "dry_level": 0.0}),)).render(sound, 44100)
    made = np.stack([fftconvolve(s, r)[:22050] for s, r in zip(sound, response, strict=True)])
    assert np.corrcoef(made.ravel(), wet.ravel())[0, 1] > 0.999
    path = tmp_path / "ir.wav"
    assert "stereo" in run("impulse", "church-grit", "--out", str(path), "--rate", "48000")
    assert audio.load(path).sample_rate == 48000
    with pytest.raises(UserError, match="no reverb"):
        run("impulse", "telephone", "--out", str(path))


def test_an_echo_has_its_repeats() -> None:
    echo = Slot("delay", {"delay_seconds": 0.25, "feedback": 0.5, "mix": 0.4})
    response, _ = impulse_response(Chain((echo,)), 8000)
    peaks = np.flatnonzero(np.abs(response[0]) > 0.05)
    assert list(peaks[:3]) == [2000, 4000, 6000]
    both, _ = impulse_response(Chain((echo,)), 8000, with_dry=True)
    assert np.flatnonzero(np.abs(both[0]) > 0.05)[0] == 0
