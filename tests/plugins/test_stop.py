"""Ctrl+C in a terminal, which reaches every process of its group."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ifx_bridge.demo import clips
from ifx_bridge.plugins.library import Library
from tests.plugins.test_host import real

pytestmark = pytest.mark.skipif(os.name == "nt", reason="process groups of POSIX")


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ifx_bridge.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@real
def test_ctrl_c_keeps_the_best_so_far_and_blames_nobody(tmp_path: Path, library: Library) -> None:
    result = tmp_path / "result"
    refine = start("refine", str(clips()["guitar"]), "cut 6 dB at 1 kHz", "--out", str(result))
    assert refine.wait(120) == 0
    session, out = str(result / "session.json"), tmp_path / "mine"
    # Often enough to run until it is stopped.
    translate = start(
        "translate", session, "eq=ZamEQ2", "--out", str(out), "--renders", "100000", "--json"
    )
    assert translate.stderr is not None
    while "eq in ZamEQ2" not in translate.stderr.readline():
        assert translate.poll() is None
    time.sleep(3)
    os.killpg(translate.pid, signal.SIGINT)
    said, told = translate.communicate(timeout=60)
    assert translate.returncode == 130, told
    assert library.blocked() == []
    (row,) = json.loads(said)
    assert Path(row["preset"]).is_file()
    assert (out / "translated.wav").is_file()
