from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifx_bridge import audio
from ifx_bridge.daw.recording import Take, record
from ifx_bridge.errors import UserError
from tests.daw import jack


@given(
    st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=40),
    st.integers(0, 70),
)
def test_what_is_kept_is_what_sounded_while_it_rolled(
    blocks: list[tuple[int, bool]], latency: int
) -> None:
    take, at = Take(latency, 10_000), 0
    rolled: list[int] = []
    ended = False
    for length, rolling in blocks:
        if rolling and not ended:
            rolled += range(at, at + length)
        ended = ended or (bool(rolled) and not rolling)
        # Once it has stopped, rolling again does not begin another take.
        take.feed(np.arange(at, at + length, dtype=np.float32)[:, None], rolling and not ended)
        at += length
    wanted = [n + latency for n in rolled if n + latency < at]
    assert take.sound[0].tolist() == wanted


def test_a_take_has_an_end() -> None:
    take = Take(0, 100)
    for _ in range(9):
        take.feed(np.ones((30, 2), np.float32), True)
    assert (take.count, take.full, take.done) == (100, True, True)
    assert take.sound.shape == (2, 100)


def test_a_device_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no input 'nothing such'"):
        record("nothing such", tmp_path, playing=lambda: True)


# PortAudio looks for sound systems once, when it is loaded: hence a process of its own.
SCRIPT = """
import sys, threading, time
import jack, numpy as np
from pathlib import Path
from ifx_bridge import audio
from ifx_bridge.daw.recording import record

server, out = sys.argv[1], Path(sys.argv[2])
noise = audio.load(out / "played.wav").samples[0]
player = jack.Client("player", servername=server, no_start_server=True)
port = player.outports.register("out")
at, rolling = 0, threading.Event()

@player.set_process_callback
def process(frames):
    global at
    block = np.zeros(frames, "f4")
    if rolling.is_set():
        part = noise[at : at + frames]
        block[: len(part)] = part
        at += frames
    port.get_array()[:] = block

levels, playing, ports = [], [False], []
def meter(level):
    levels.append(level)
    if not ports:
        ports.extend(player.get_ports("PortAudio.*", is_input=True))
        for target in ports:
            player.connect(port, target)
    if len(levels) == 20:
        playing[0] = True
    if len(levels) == 30:
        rolling.set()
    if at > len(noise) + 48000 // 2:
        playing[0] = False

player.activate()
found = record("system", out, playing=lambda: playing[0], channels=1, meter=meter,
               latency_seconds=0.02, most_seconds=20)
assert ports, "nothing to connect to"
assert not levels[0].rolling and levels[-1].rolling
assert max(level.peak_db for level in levels) > -30
print(found.way, found.notes)
"""


def test_a_virtual_device_is_recorded_bit_by_bit(tmp_path: Path) -> None:
    if jack.missing():
        pytest.skip(jack.missing())
    rng = np.random.default_rng(0)
    played = (0.1 * rng.standard_normal((1, jack.RATE))).astype(np.float32)
    audio.save(tmp_path / "played.wav", played, jack.RATE)
    server = jack.Jack()
    try:
        server.client("waits-until-it-is-there").close()
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, server.name, str(tmp_path)],
            env={**os.environ, **server.environment, "PYTHONPATH": os.getcwd()},
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        server.close()
    assert done.returncode == 0, done.stderr
    assert "20 ms of latency taken off" in done.stdout
    recorded = audio.load(tmp_path / "dry.wav")
    assert recorded.sample_rate == jack.RATE
    begin = int(np.argmax(np.correlate(recorded.samples[0], played[0, :2000], "valid")))
    part = recorded.samples[0, begin : begin + played.shape[1]]
    assert np.array_equal(part, played[0])
    assert begin < jack.RATE // 2
