"""Our effects in real plugins: what parameters mean, and what the sound says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ifx_bridge import audio
from ifx_bridge.chain_plugin.values import values_of
from ifx_bridge.cli import app
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.matching.commands import UNLIKE
from ifx_bridge.matching.translate import translate
from ifx_bridge.plugins.library import VARIABLE, Library
from ifx_bridge.presets import store
from ifx_bridge.refine.distance import distance
from tests.plugins.test_host import ZAM, real


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "plugins"))
    return Library.default()


@real
@pytest.mark.parametrize(
    ("name", "slot", "plugin"),
    [
        ("guitar", Slot("eq", {"high_shelf_gain_db": 8.0, "band0_gain_db": -5.0}), "ZamEQ2"),
        ("drums", Slot("comp", {"threshold_db": -35.0, "ratio": 8.0}), "ZamCompX2"),
        ("voice", Slot("delay", {"delay_seconds": 0.2, "feedback": 0.3, "mix": 0.4}), "ZamDelay"),
    ],
)
def test_distance_is_at_least_halved(name: str, slot: Slot, plugin: str, library: Library) -> None:
    clip = audio.load(clips()[name])
    found = translate(clip, Chain((slot,)), slot.fx, library.find(str(ZAM / f"{plugin}.vst3")), 120)
    assert found.finished
    assert found.found_db <= found.meant_db + 1e-6
    assert found.found_db < 0.5 * found.default_db
    # What stands in its place sounds like it in a chain.
    wet = Chain((found.slot,)).render(clip.samples, clip.sample_rate)
    ours = Chain((slot,)).render(clip.samples, clip.sample_rate)
    assert distance(wet, ours) < 0.5 * distance(clip.samples, ours)


@real
def test_what_cannot_do_it_is_said(tmp_path: Path, library: Library) -> None:
    """An echo is no equalizer: the least that is left is what leaves the sound alone."""
    clip = audio.load(clips()["guitar"])
    chain = Chain((Slot("eq", {"high_shelf_gain_db": 8.0}),))
    good = translate(clip, chain, "eq", library.find(str(ZAM / "ZamEQ2.vst3")), 60)
    bad = translate(clip, chain, "eq", library.find(str(ZAM / "ZamDelay.vst3")), 10)
    assert good.good and good.left < 0.5
    assert good.left == pytest.approx(good.found_db / good.dry_db)
    assert not bad.good and bad.left > 0.5
    store.save(store.Preset.of(chain, name="bright"), tmp_path / "bright.ifx.json")
    made = ["translate", str(tmp_path / "bright.ifx.json"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*made, "eq=ZamDelay", "--renders", "5"])
    assert "no recording" in str(done.exception)
    made += ["--clip", str(clips()["drums"]), "--renders", "5"]
    done = CliRunner().invoke(app, [*made, "eq=ZamDelay"])
    assert done.exit_code == UNLIKE and "ZamDelay cannot do this eq" in done.stderr, done.output
    assert "left" in done.stdout and "dry" in done.stdout
    done = CliRunner().invoke(app, [*made, "eq=ZamEQ2", "eq=ZamGEQ31"])
    assert "Two plugins are given for eq" in str(done.exception)
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(app, [*made[:3], str(tmp_path / "file"), *made[4:], "eq=ZamEQ2"])
    assert "could not be written" in str(done.exception)


@real
def test_stopping_keeps_the_best(library: Library) -> None:
    clip = audio.load(clips()["guitar"])
    chain = Chain((Slot("eq", {"high_shelf_gain_db": 8.0}),))
    asked = iter(range(1000))
    plugin = library.find(str(ZAM / "ZamEQ2.vst3"))
    found = translate(clip, chain, "eq", plugin, cancelled=lambda: next(asked) > 5)
    assert not found.finished and found.found_db <= found.default_db
    with pytest.raises(UserError, match="no rev"):
        translate(clip, chain, "rev", plugin)


@real
def test_the_commands(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ifx_bridge.cli", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    result = tmp_path / "result"
    made = run("refine", str(clips()["guitar"]), "cut 6 dB at 1 kHz", "--out", str(result))
    assert made.returncode == 0, made.stderr
    session, out = str(result / "session.json"), tmp_path / "mine"
    done = run("translate", session, "eq=ZamEQ2", "--out", str(out), "--renders", "100", "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["distance_db"]["found"] < 0.5 * row["distance_db"]["new"]
    assert Path(row["preset"]).is_file()
    assert (out / "translated.wav").is_file() and (out / "ours.wav").is_file()
    # Without a plugin it is ours, and nothing is lost.
    exact = run("translate", session, "--out", str(out), "--name", "exact")
    assert exact.stdout.strip() == str(out / "exact.vstpreset"), exact.stderr
    ours = values_of(store.chain(session))
    assert values_of(store.chain(exact.stdout.strip())) == pytest.approx(ours, rel=1e-6)
    for arguments, said in ((["rev=ZamEQ2"], "no rev"), (["eq"], "names no plugin")):
        bad = run("translate", session, *arguments, "--out", str(out))
        assert bad.returncode == 2 and said in bad.stderr and "Traceback" not in bad.stderr
    kept = run(
        "plugins", "preset", "ZamEQ2", "--name", "p", "--set", "peaks_on=on", "--out", str(out)
    )
    assert "12 parameters and the same sound" in kept.stdout, kept.stderr
