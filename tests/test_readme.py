"""What the README shows works."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ifx_bridge import audio, engine, workspace
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_the_library_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    clip = audio.load(clips()["guitar"])
    rendering = engine.render(clip, Chain((Slot("dist", {"drive_db": 9}), Slot("delay"))))
    session = engine.open_session(clip).add(
        instruction="rough", route="initialize_all", chain=rendering.chain,
        score={"before": 0, "after": 1},
    )  # fmt: skip
    place = workspace.Workspace(tmp_path / "result")
    place.open(session, clip)
    place.add(session, session.turns[0], rendering.audio, clip)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(code, names)
    assert "('rough',)" in said.getvalue() and "drive_db" in said.getvalue()
    heard = audio.load(tmp_path / "result" / "turn-01.wav").samples
    assert abs(names["wet"] - heard).max() < 1e-3  # type: ignore[operator]


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import ifx_bridge, sys; print([m for m in ('torch', 'numpy', 'pedalboard', 'pydantic') "
        "if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
