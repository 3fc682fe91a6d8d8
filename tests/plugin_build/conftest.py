"""What is compiled once for all of these tests, whichever worker comes first."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from ifx_bridge.audio import Audio
from ifx_bridge.chain_plugin.values import values_of
from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError
from ifx_bridge.plugin_build import build

COUNTING = ("-DIFX_COUNT_ALLOCATIONS",)  # the harness that most tests share
Render = Callable[..., Audio]


@contextmanager
def alone(name: str) -> Iterator[Path]:
    """One process at a time; gives the folder of what is compiled."""
    folder = build.cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def toolchain() -> str:
    """Of the C++ code and its tools; skips where there are none."""
    try:
        compiler, dpf = build.tools()
    except UserError as error:
        pytest.skip(str(error))
    return build.digest(compiler, dpf)


def harness_with(*flags: str) -> Path:
    key = hashlib.sha256(repr((toolchain(), flags)).encode()).hexdigest()[:20]
    with alone(f"harness-{key}") as folder:
        out = folder / f"harness-{key}"
        if not out.exists():
            build.compile_harness(out.with_suffix(".new"), *flags).rename(out)
    return out


@pytest.fixture(scope="session")
def bundles() -> dict[int, Path]:
    toolchain()
    with alone("bundles"):
        return build.bundles()


@pytest.fixture(scope="session")
def harness() -> Path:
    return harness_with(*COUNTING)


@pytest.fixture(scope="session")
def render(harness: Path) -> Render:
    """(chain, sound, rate, block, later changes) -> what the chain in C++ makes of it."""

    def run(chain: Chain, sound: Audio, rate: int, block: int = 512, *later: str) -> Audio:
        values = [f"{symbol}={value!r}" for symbol, value in values_of(chain).items()]
        made = subprocess.run(
            [harness, "render", str(rate), str(sound.shape[0]), str(block), *values, *later],
            input=sound.tobytes(), capture_output=True, check=True, timeout=60,
        )  # fmt: skip
        return np.frombuffer(made.stdout, np.float32).reshape(sound.shape)

    return run
