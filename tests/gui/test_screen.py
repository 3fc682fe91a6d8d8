"""The whole window on a real X server, by real keys and clicks, as a person uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ifx_bridge import audio
from ifx_bridge.demo import clips
from tests.daw import jack
from tests.gui import screen

ROOT = Path(__file__).resolve().parents[2]
# Looked at by people; not in git.
PICTURES = ROOT / "build/screenshots"
SECONDS = 3


def test_a_clip_becomes_a_file_by_mouse_and_keyboard(tmp_path: Path) -> None:
    if screen.missing():
        pytest.skip(screen.missing())
    clip = audio.load(clips()["guitar"])
    short = clip.samples[:, : SECONDS * clip.sample_rate]
    audio.save(tmp_path / "guitar.wav", short, clip.sample_rate)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "QT_QPA_PLATFORM": "xcb",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "IFX_BRAIN": "offline",
    }
    environment.pop("WAYLAND_DISPLAY", None)
    server = None if jack.missing() else jack.Jack()
    try:
        if server is not None:
            server.client("waits-until-it-is-there").close()
            environment |= server.environment
        with screen.screen() as display:
            done = subprocess.run(
                [sys.executable, "tests/gui/drive.py", str(tmp_path / "guitar.wav"),
                 str(tmp_path), str(PICTURES)],
                env={**environment, "DISPLAY": display},
                cwd=ROOT, capture_output=True, text=True, timeout=400,
            )  # fmt: skip
    finally:
        if server is not None:
            server.close()
    assert done.returncode == 0, done.stderr
    assert "closed with 5 turns at 4" in done.stdout
    warned = [line for line in done.stderr.splitlines() if "qt" in line.lower()]
    assert not warned, done.stderr
    assert len(list(PICTURES.glob("*.png"))) >= 12
