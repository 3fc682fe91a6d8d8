"""Building and installing: what is said when it cannot be, and nothing half done."""

from __future__ import annotations

import _ctypes
import json
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ifx_bridge import audio, engine
from ifx_bridge.chain_plugin.table import header
from ifx_bridge.chain_plugin.values import playable
from ifx_bridge.cli import app
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.plugin_build import build
from ifx_bridge.plugin_build.check import sample_sound
from ifx_bridge.presets.chain import chain_in
from ifx_bridge.presets.vstpreset import VstPreset
from ifx_bridge.session import ClipInfo, Score, Session, save
from ifx_bridge.workspace import Workspace
from tests.plugin_build.conftest import toolchain

runner = CliRunner()


def test_without_a_compiler_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv(build.DPF_VARIABLE, str(tmp_path))
    with pytest.raises(UserError) as error:
        build.bundles()
    assert "a C++ compiler and the DISTRHO Plugin Framework" in error.value.what
    assert "works without it" in error.value.kept
    assert "apt-get install g++ dpf-source librubberband-dev" in error.value.next_step


def test_elsewhere_it_says_how_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UserError, match="CMake") as error:
        build.tools()
    assert "plugin/README.md" in error.value.next_step


def test_code_that_does_not_compile_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toolchain()
    broken = tmp_path / "code"
    broken.mkdir()
    (broken / "IFXChain.cpp").write_text("#error no good\n")
    (broken / "DistrhoPluginInfo.h").write_text("")
    monkeypatch.setattr(build, "sources", lambda: broken)
    monkeypatch.setattr(build, "cache_folder", lambda: tmp_path / "cache")
    with pytest.raises(UserError, match="no good"):
        build.bundles()
    assert not list((tmp_path / "cache").iterdir())


def test_all_changes_to_dpf_find_their_place() -> None:
    toolchain()
    code = (build.tools()[1] / "distrho/src/DistrhoPluginVST3.cpp").read_text("utf-8")
    assert len(build.changes()) == 4
    for old, new in build.changes():
        assert code.count(old) == 1 and build.patched(build.tools()[1]).count(new) == 1


def test_installing_replaces_what_is_there(bundles: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "vst3"
    old = target / "IFX Chain.vst3" / "Contents" / "old.txt"
    old.parent.mkdir(parents=True)
    old.write_text("from before")
    other = target / "Other.vst3"
    other.mkdir()
    places = build.install(list(bundles.values()), target)
    assert sorted(target.iterdir()) == sorted([*places, other])
    assert not old.exists() and len(list(target.rglob("*.so"))) == 2
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="could not be put"):
        build.install(list(bundles.values()), tmp_path / "file")


def test_what_does_not_load_replaces_nothing(bundles: dict[int, Path], tmp_path: Path) -> None:
    target, fake = tmp_path / "vst3", tmp_path / "fake"
    before = {path: path.stat() for path in build.install(list(bundles.values()), target)}
    for kind in ("missing", "empty", "other", "half"):
        folder = fake / kind
        for name in build.LAYOUTS.values():
            binary = build.binary_of(folder / f"{name}{build.SUFFIX}")
            if kind != "missing":
                binary.parent.mkdir(parents=True)
            if kind == "other":  # a library, and no plugin
                shutil.copy(Path(_ctypes.__file__), binary)
            if kind == "half":
                whole = build.binary_of(bundles[2]).read_bytes()
                binary.write_bytes(whole[: len(whole) // 2])
        found = [folder / f"{name}{build.SUFFIX}" for name in build.LAYOUTS.values()]
        with pytest.raises(UserError, match="no plugin that loads here") as error:
            # The first one is good; still, nothing is put in place.
            build.install([bundles[2], found[1]], target)
        assert "left as it is" in error.value.kept
        assert {path: path.stat() for path in before} == before
    done = runner.invoke(app, ["plugin", "install", "--from", str(fake / "empty")])
    assert isinstance(done.exception, UserError)


def test_install_and_check_by_command(bundles: dict[int, Path], tmp_path: Path) -> None:
    target = tmp_path / "vst3"
    absent = runner.invoke(app, ["plugin", "check", "--in", str(target)])
    assert isinstance(absent.exception, UserError)
    assert "plugin install" in absent.exception.next_step
    built = next(iter(bundles.values())).parent
    done = runner.invoke(app, ["plugin", "install", "--from", str(built), "--to", str(target)])
    assert done.exit_code == 0 and str(target / "IFX Chain Mono.vst3") in done.stdout
    checked = runner.invoke(
        app, ["plugin", "check", "--in", str(target), "--json", "--rate", "44100"]
    )
    assert checked.exit_code == 0
    rows = json.loads(checked.stdout)
    assert len(rows) == 20 and all(row["good"] for row in rows)
    assert {(row["rate"], row["channels"]) for row in rows} == {(44100, 1), (44100, 2)}


def test_check_finds_another_plugin_wanting(bundles: dict[int, Path], tmp_path: Path) -> None:
    """The wrong layout in the right place: the check must not be content."""
    swapped = tmp_path / "IFX Chain.vst3"
    build.install([bundles[2], bundles[1]], tmp_path)
    mono = tmp_path / "IFX Chain Mono.vst3"
    for path in mono.rglob("*.so"):
        path.write_bytes(next(swapped.rglob("*.so")).read_bytes())
    failed = runner.invoke(app, ["plugin", "check", "--in", str(tmp_path)])
    assert isinstance(failed.exception, UserError)


def test_header_by_command(tmp_path: Path) -> None:
    done = runner.invoke(app, ["plugin", "header", "--out", str(tmp_path / "p.hpp")])
    assert done.exit_code == 0 and (tmp_path / "p.hpp").read_text() == header()


@pytest.mark.parametrize(("channels", "plugin"), [(1, "IFX Chain Mono"), (2, "IFX Chain")])
def test_a_turn_becomes_a_preset(channels: int, plugin: str, tmp_path: Path) -> None:
    chains = [
        Chain((Slot("rev", {"room_size": 0.9}),), trim_db=-1.5),
        Chain((Slot("eq", {"band2_gain_db": -6.0}), Slot("rev")), trim_db=-3.0, amount=0.5),
    ]
    clip = ClipInfo(
        path="a.wav", name="a.wav", sha256="00", sample_rate=44100, channels=channels, seconds=1.0
    )
    session = Session(clip=clip)
    for words, chain in zip(("church", "darker"), chains, strict=True):
        session = session.add(
            chain=chain, instruction=words, route="reuse_all", score=Score(before=0.0, after=0.5)
        )
    save(session, tmp_path / "session.json")
    command = ["plugin", "preset", str(tmp_path / "session.json"), "--out", str(tmp_path)]
    for turn, chain, name in ((["--turn", "1"], chains[0], "church"), ([], chains[1], "darker")):
        done = runner.invoke(app, [*command, *turn])
        assert done.exit_code == 0, done.exception
        preset = VstPreset.read(tmp_path / f"{name}.vstpreset")
        assert chain_in(preset) == chain
        assert preset.info["Name"] == name and preset.info["PlugInName"] == plugin


def test_plugins_of_the_users_are_left_out_and_named(tmp_path: Path) -> None:
    hosted = Slot("neverinstalled", {"warmth": 7.5}, engine="plugin")
    ours = Slot("dist", {"drive_db": 9.0})
    chains = (
        Chain((ours,), trim_db=-2.0),
        Chain((hosted, ours), trim_db=-3.0),
        Chain((Slot("eq"), hosted, ours)),
        Chain((hosted,)),
    )
    sound = sample_sound(2, 44100, seconds=0.2)
    clip = audio.Clip(sound, 44100, tmp_path / "a.wav", "00")
    session = engine.open_session(clip)
    for chain in chains:
        session = session.add(
            chain=chain, instruction="grit", route="reuse_all", score=Score(before=0.0, after=0.5)
        )
    place = Workspace(tmp_path / "out")
    for turn in session.turns:
        place.add(session, turn, sound, clip)
    # Beside the sounds stand the turns that IFX Chain plays, and no others.
    assert [place.preset_path(n).exists() for n in (1, 2, 3, 4)] == [True, False, False, False]
    assert chain_in(VstPreset.read(place.preset_path(1))) == chains[0]
    command = ["plugin", "preset", str(place.session_path), "--out", str(tmp_path), "--turn"]
    for turn, where in (("2", "put it in front"), ("3", "between them")):
        done = runner.invoke(app, [*command, turn])
        assert done.exit_code == 0, done.exception
        assert "neverinstalled is left out" in done.stderr and where in done.stderr
        rest = chain_in(VstPreset.read(tmp_path / "grit.vstpreset"))
        assert rest == playable(chains[int(turn) - 1])[0] and ours in rest.slots
    nothing = runner.invoke(app, [*command, "4"])
    assert isinstance(nothing.exception, UserError) and "nothing but" in str(nothing.exception)
