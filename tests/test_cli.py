"""The command line as people run it: a process, its files, its exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain
from ifx_bridge.session import load

GUITAR = str(clips()["guitar"])


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ifx_bridge.cli", *map(str, arguments)]
    root = str(Path(__file__).parents[1])
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def refused(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    return result.stderr


def test_writes_what_it_says_and_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run("refine", GUITAR, "like a church", "--out", out, "--json", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    data: dict[str, Any] = json.loads(first.stdout)
    (turn,) = data["turns"]
    assert turn["route"] == "initialize_all"
    assert turn["chain"][0]["fx"] == "rev"
    assert {c["kind"] for c in turn["changes"]} == {"added"}

    saved = json.loads((out / "session.json").read_text())
    assert (saved["format"], saved["version"]) == ("ifx-session", 1)
    assert saved["history"] == ["like a church"]
    assert saved["current_params"] == {"rev": saved["turns"][0]["chain"][0]["params"]}
    assert set(saved["turns"][0]) >= {
        "index", "instruction", "route", "chain", "score", "seconds", "explanation",
    }  # fmt: skip
    dry, rate = soundfile.read(out / "dry.wav", dtype="float32", always_2d=True)
    original, original_rate = soundfile.read(GUITAR, dtype="float32", always_2d=True)
    assert rate == original_rate and np.array_equal(dry, original)
    wet, _ = soundfile.read(out / "turn-01.wav", dtype="float32", always_2d=True)
    assert wet.shape == dry.shape
    # What is heard is the saved chain, trim included.
    rendered = load(out / "session.json").chain.render(np.ascontiguousarray(dry.T), rate)
    assert np.allclose(rendered.T, wet, atol=1e-6)

    second = run("refine", GUITAR, "add some grit", "--session", out / "session.json", cwd=tmp_path)
    assert second.returncode == 0, second.stderr
    assert "Distortion" in second.stdout and "drive" in second.stdout
    session = load(out / "session.json")
    assert session.history == ("like a church", "add some grit")
    assert session.turns[1].route == "reuse_and_initialize"
    assert (out / "turn-02.wav").exists()

    # The same session in another folder has all its sounds.
    elsewhere = tmp_path / "elsewhere"
    third = run(
        "refine", GUITAR, "undo", "--session", out / "session.json", "--out", elsewhere,
        cwd=tmp_path,
    )  # fmt: skip
    assert third.returncode == 0, third.stderr
    names = {p.name for p in elsewhere.iterdir()}
    turns = {f"turn-{n:02d}.{kind}" for n in (1, 2, 3) for kind in ("wav", "vstpreset")}
    assert names == {"dry.wav", "session.json", *turns}
    assert load(elsewhere / "session.json").chain.ids == ("rev",)

    # A new session in a used folder loses nothing.
    fourth = run("refine", GUITAR, "brighter", "--out", out, cwd=tmp_path)
    assert fourth.returncode == 0 and "kept in" in fourth.stderr.replace("\n", " ")
    assert load(out / "previous-01" / "session.json").history == session.history

    # A session is about its recording.
    other = str(clips()["drums"])
    words = refused(run("refine", other, "x", "--session", out / "session.json", cwd=tmp_path))
    assert "another recording" in words


def test_same_seed_same_result(tmp_path: Path) -> None:
    chains: list[list[Any]] = []
    for folder in ("a", "b"):
        arguments = ("refine", GUITAR, "muffled", "--out", tmp_path / folder, "--seed", "7")
        assert run(*arguments, cwd=tmp_path).returncode == 0
        chains.append(json.loads((tmp_path / folder / "session.json").read_text())["turns"])
    assert chains[0][0]["chain"] == chains[1][0]["chain"]


def test_starts_from_a_preset(tmp_path: Path) -> None:
    result = run(
        "refine", GUITAR, "too harsh, soften it", "--chain", "church-grit", "--out", tmp_path / "o",
        cwd=tmp_path,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    (turn,) = load(tmp_path / "o" / "session.json").turns
    assert turn.route == "reuse_all" and turn.as_chain().ids == ("rev", "dist")


def test_bad_input_is_a_message(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not audio")
    newer = tmp_path / "newer.json"
    newer.write_text('{"format": "ifx-session", "version": 99}')
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    assert "no file" in refused(run("refine", "gone.wav", "bright", cwd=tmp_path))
    assert "not audio" in refused(run("refine", text, "bright", cwd=tmp_path))
    assert "newer" in refused(run("refine", GUITAR, "x", "--session", newer, cwd=tmp_path))
    assert "no preset" in refused(run("refine", GUITAR, "x", "--chain", "nope", cwd=tmp_path))
    assert "written" in refused(run("refine", GUITAR, "x", "--out", blocked, cwd=tmp_path))
    assert "no ears" in refused(run("refine", GUITAR, "x", "--ears", "bat", cwd=tmp_path))
    answer = run("refine", "gone.wav", "bright", "--json", cwd=tmp_path)
    refused(answer)
    assert "no file" in json.loads(answer.stdout)["error"]["what"]


def test_what_is_not_understood_changes_nothing(tmp_path: Path) -> None:
    result = run("refine", GUITAR, "qwertzuiop", "--out", tmp_path / "o", cwd=tmp_path)
    assert result.returncode == 0
    assert "not understand" in result.stdout
    (turn,) = load(tmp_path / "o" / "session.json").turns
    assert not turn.understood and turn.as_chain() == Chain()
    dry, wet = (soundfile.read(tmp_path / "o" / n)[0] for n in ("dry.wav", "turn-01.wav"))
    assert np.array_equal(dry, wet)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path) -> None:
    out = tmp_path / "out"
    many = ["like a cathedral", *("brighter", "darker") * 20]
    process = subprocess.Popen(
        [sys.executable, "-m", "ifx_bridge.cli", "refine", GUITAR, *many, "--out", str(out)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not (out / "turn-01.wav").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.4)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors and "--session" in errors
    session = load(out / "session.json")
    assert 1 <= len(session.turns) < len(many)
    for turn in session.turns:
        assert (out / f"turn-{turn.index:02d}.wav").exists()


def test_lists(tmp_path: Path) -> None:
    assert "drive_db" in run("effects", cwd=tmp_path).stdout
    assert "church-grit" in run("presets", cwd=tmp_path).stdout
    assert run("--version", cwd=tmp_path).stdout.startswith("ifx-bridge")


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, ifx_bridge.cli, ifx_bridge.engine, gui.command;"
        "print([m for m in ('torch', 'pedalboard', 'numba', 'PyQt6', 'skopt') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
