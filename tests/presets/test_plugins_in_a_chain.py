"""Plugins of the user's in a chain: their presets, from a turn's own values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ifx_bridge import audio, engine
from ifx_bridge.chain_plugin.values import values_of
from ifx_bridge.cli import app
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.plugins.effect import ENGINE
from ifx_bridge.plugins.library import Library
from ifx_bridge.presets import chain as chain_presets
from ifx_bridge.presets import plugin as presets
from ifx_bridge.presets import store
from ifx_bridge.presets.vstpreset import VstPreset
from ifx_bridge.session import Score
from ifx_bridge.workspace import Workspace
from tests.plugins.conftest import library  # noqa: F401
from tests.plugins.test_host import ZAM, real

SET = {"boost_cut_1_db": 6.25, "frequency_1_hz": 820.0, "peaks_on": 1.0}


def invoke(*arguments: object) -> tuple[str, str]:
    """Output and error of a command."""
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    return done.stdout, str(done.exception or "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A session whose second turn has a plugin between effects of ours."""
    plugin = Library.default().find(str(ZAM / "ZamEQ2.vst3"))
    whole = {p.key: p.value(p.default) for p in plugin.parameters}
    slot = Slot("zameq2", {**whole, **SET}, engine=ENGINE)
    clip = audio.load(clips()["drums"])
    session, place = engine.open_session(clip), Workspace(tmp_path / "work")
    for chain, said in (
        (Chain((Slot("dist"),)), "grit"),
        (Chain((Slot("dist"), slot, Slot("delay"))), "boom"),
    ):
        sound = engine.render(clip, chain)
        session = session.add(
            chain=sound.chain, instruction=said, route="reuse_all", score=Score(before=0, after=0.5)
        )
        assert place.add(session, session.turns[-1], sound.audio, clip) == ()
    return place.folder


def held(path: Path) -> dict[str, float]:
    """What the plugin itself makes of a preset, in its units."""
    preset = VstPreset.read(path)
    plugin = presets.whose(preset)
    assert plugin is not None and plugin.name == "ZamEQ2"
    positions = presets.read(preset, plugin)
    return {p.key: p.value(positions[p.key]) for p in plugin.parameters}


@real
def test_a_turn_is_written_as_the_plugins_preset_exactly(folder: Path, tmp_path: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert {"turn-01.vstpreset", "turn-02.zameq2.vstpreset"} <= names
    assert "turn-02.vstpreset" not in names
    found = held(folder / "turn-02.zameq2.vstpreset")
    for key, value in SET.items():
        assert found[key] == pytest.approx(value, abs=0.02 if key != "frequency_1_hz" else 3)
    said, error = invoke(
        "plugins", "preset", "--session", folder / "session.json", "--out", tmp_path
    )
    assert not error and "boom.vstpreset" in said
    assert held(tmp_path / "boom.vstpreset") == found
    # One value more, by hand.
    invoke("plugins", "preset", "ZamEQ2", "--session", folder / "session.json", "--name", "more",
           "--set", "boost_cut_1_db=-3", "--out", tmp_path)  # fmt: skip
    more = held(tmp_path / "more.vstpreset")
    assert more["boost_cut_1_db"] == pytest.approx(-3, abs=0.02)
    assert {**more, "boost_cut_1_db": 0} == {**found, "boost_cut_1_db": 0}


@real
def test_a_plugin_in_itself_is_not_searched(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "same"
    for named in ("zameq2", "eq"):  # by its own name, and by what it is like
        said, error = invoke(
            "translate", folder / "session.json", f"{named}=ZamEQ2", "--out", out, "--json"
        )
        (row,) = json.loads(said)
        assert not error and row["distance_db"]["found"] == 0 < row["distance_db"]["dry"]
        assert held(Path(row["preset"])) == held(folder / "turn-02.zameq2.vstpreset")


@real
def test_a_session_taken_up_again_writes_what_is_missing(folder: Path) -> None:
    clip = audio.load(clips()["drums"])
    session, path = (
        store.opened(str(folder / "session.json")).session,
        folder / "turn-02.zameq2.vstpreset",
    )
    assert session is not None
    before = path.read_bytes()
    path.unlink()
    Workspace(folder).open(session, clip)
    assert VstPreset.parse(path.read_bytes()).component == VstPreset.parse(before).component


@real
def test_any_preset_is_shown(folder: Path, tmp_path: Path) -> None:
    path = folder / "turn-02.zameq2.vstpreset"
    said, error = invoke("presets", "show", path)
    assert not error and "Damien Zammit" in said and "6.25 dB" in said
    data = json.loads(invoke("presets", "show", path, "--json")[0])
    assert data["info"]["PlugInName"] == "ZamEQ2" and "Comp" in data["chunks"]
    assert data["values"]["boost_cut_1_db"] == pytest.approx(6.25, abs=0.02)
    with pytest.raises(UserError, match="for ZamEQ2 by Damien Zammit, not for IFX Chain"):
        store.chain(str(path))
    unknown = tmp_path / "other.vstpreset"
    VstPreset("0" * 32, (("Comp", b"abc"),)).write(unknown)
    said, error = invoke("presets", "show", unknown)
    assert not error and "0" * 32 in said and "3 bytes" in said and "plugins scan" in said


@real
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--session", "church-grit"), "no plugin of yours"),
        (("ZamEQ2", "--session", "church-grit"), "no zameq2 in this chain"),
        (("--session", "church-grit", "--turn", "2"), "no turns"),
        (("ZamEQ2",), "no name for the preset"),
        ((), "no plugin"),
        (("ZamEQ2", "--name", "x", "--out", "nowhere/x.txt"), "no name for a preset"),
    ],
)
def test_what_cannot_be_a_preset_is_said(arguments: tuple[str, ...], says: str) -> None:
    Library.default().find(str(ZAM / "ZamEQ2.vst3"))
    assert says in invoke("plugins", "preset", *arguments)[1]
    assert not Path("nowhere").exists()


def test_a_factory_preset_becomes_the_plugins_preset(tmp_path: Path) -> None:
    for command, name in (
        (("plugin", "preset", "church-grit"), "Church grit"),
        (("translate", "church-grit"), "Church grit"),
    ):
        out = tmp_path / command[0]
        assert invoke(*command, "--out", out)[1] == ""
        kept = VstPreset.read(out / f"{name}.vstpreset")
        assert kept.info["PlugInName"] == "IFX Chain"  # stereo
        wanted = values_of(store.chain("church-grit"))
        assert values_of(chain_presets.chain_in(kept)) == pytest.approx(wanted, rel=1e-6)
    invoke("presets", "save", "church-grit", "--name", "Mine", "--out", tmp_path / "mine")
    mine = store.load(str(tmp_path / "mine.ifx.json"))
    factory = store.load("church-grit")
    assert mine.name == "Mine" and mine.chain == factory.chain and mine.tags == factory.tags
    said = invoke("plugin", "preset", "church-grit", "--out", tmp_path / "a.txt")[1]
    assert "no name for a preset" in said and not (tmp_path / "a.txt").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("presets", "impulse", "church-grit"),
        ("presets", "save", "church-grit"),
        ("plugin", "preset", "church-grit"),
        ("plugin", "header"),
    ],
)
def test_folders_are_made_and_what_cannot_be_written_is_said(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    ending = {"impulse": ".wav", "save": ".ifx.json", "preset": ".vstpreset", "header": ".hpp"}
    name = f"x{ending[command[1]]}"
    made = tmp_path / "new" / "dir" / name
    assert invoke(*command, "--out", made)[1] == "" and made.is_file()
    (tmp_path / "file").write_text("")
    said = invoke(*command, "--out", tmp_path / "file" / name)[1]
    assert "could not be written" in said and "Errno" not in said


def test_sounds_go_to_new_folders_and_never_end_in_a_traceback(tmp_path: Path) -> None:
    sound = 0.1 * audio.load(clips()["drums"]).samples[:, :1000]
    audio.save(tmp_path / "a" / "b.wav", sound, 44100)
    assert (tmp_path / "a" / "b.wav").is_file()
    with pytest.raises(UserError, match="could not be written"):
        audio.save(tmp_path / "a" / "b.wav" / "c.wav", sound, 44100)
