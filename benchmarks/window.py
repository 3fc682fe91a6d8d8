"""How long the window keeps its user waiting: at start, and at worst during a real refinement;
and how often it is drawn while it plays.

    QT_QPA_PLATFORM=offscreen python benchmarks/window.py

A timer of 2 ms is the heartbeat: the time between two beats is what a click or a key would have
waited. The goal is that it never exceeds 50 ms.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
TURNS = ("make it sound like a church", "add some grit", "squash it and make it brighter")
GOAL_MS = 50


def start_ms() -> float:
    """From the interpreter's start until the window is drawn, without torch."""
    code = (
        "import sys; from PyQt6.QtWidgets import QApplication; app = QApplication([]);"
        "from gui import theme; theme.apply(app); from gui.main_window import Window;"
        "w = Window(); w.show(); w.grab(); assert 'torch' not in sys.modules; w.close()"
    )
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(1000 * (time.perf_counter() - began))
    return min(times)


def stalls_ms(clip: str) -> tuple[list[float], float]:
    """Times between heartbeats during three turns and a minute's worth of knobs."""
    from PyQt6.QtCore import QTimer
    from PyQt6.QtTest import QTest
    from PyQt6.QtWidgets import QApplication

    from gui.app import prepare
    from gui.main_window import Window
    from ifx_bridge.demo import clips
    from ifx_bridge.engine import Engine

    app = QApplication.instance() or QApplication([])
    prepare(app)
    with tempfile.TemporaryDirectory() as folder:
        window = Window(Path(folder), Engine())
        window.show()
        window.open_source(clips()[clip])
        while not window.idle():
            QTest.qWait(20)
        beats: list[float] = []
        timer = QTimer()
        timer.timeout.connect(lambda: beats.append(time.perf_counter()))
        timer.start(2)
        began = time.perf_counter()
        for text in TURNS:
            window.document.send(text)
        while not window.idle():
            QTest.qWait(20)
        seconds = time.perf_counter() - began
        timer.stop()
        window.close()
    return sorted(1000 * (b - a) for a, b in pairwise(beats)), seconds


def frames(seconds: float = 5.0) -> tuple[float, float]:
    """Frames a second that are drawn while it plays, and the longest time between two, in ms.

    Without a sound device the sound is taken from the mixer as fast as a device would.
    """
    from PyQt6.QtTest import QTest
    from PyQt6.QtWidgets import QApplication

    from gui.app import prepare
    from gui.main_window import Window
    from ifx_bridge.demo import clips
    from ifx_bridge.engine import Engine

    app = QApplication.instance() or QApplication([])
    prepare(app)
    with tempfile.TemporaryDirectory() as folder:
        window = Window(Path(folder), Engine())
        window.show()
        window.open_source(clips()["guitar"])
        while not window.idle():
            QTest.qWait(20)
        window.document.send(TURNS[0])
        while not window.idle():
            QTest.qWait(20)
        waveform, player = window.source.waveform, window.listening.player
        drawn: list[float] = []
        began = time.perf_counter()

        def seen(event, paint=waveform.paintEvent) -> None:
            paint(event)
            drawn.append(time.perf_counter())

        def follow() -> None:
            player.mixer.position = round((time.perf_counter() - began) * player._rate)

        waveform.paintEvent = seen
        if player.available:
            player.play()
        else:
            window.listen.frames.timeout.connect(follow)
        window.listen.frames.start()
        QTest.qWait(round(1000 * seconds))
        window.close()
    gaps = [1000 * (b - a) for a, b in pairwise(drawn)]
    return len(drawn) / seconds, max(gaps)


def main() -> None:
    print(f"window drawn {start_ms():.0f} ms after the interpreter's start")
    for clip in ("guitar", "drums"):
        gaps, seconds = stalls_ms(clip)
        over = sum(gap > GOAL_MS for gap in gaps)
        print(
            f"{clip}: {len(TURNS)} turns in {seconds:.1f} s, {len(gaps)} heartbeats; "
            f"median {gaps[len(gaps) // 2]:.1f} ms, 99 % {gaps[int(0.99 * len(gaps))]:.1f} ms, "
            f"longest {gaps[-1]:.0f} ms, {over} over {GOAL_MS} ms"
        )
    rate, longest = frames()
    print(f"playing: {rate:.0f} frames a second, {longest:.0f} ms between two at most")


if __name__ == "__main__":
    main()
