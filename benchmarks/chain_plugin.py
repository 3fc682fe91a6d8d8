"""What IFX Chain costs: the whole chain in C++ against the sum of Pedalboard's effects.

    python benchmarks/chain_plugin.py [--seconds 20] [--block 64]

Stereo at 48 kHz in blocks of 64 samples, every effect at work. Each figure is the quickest of
five runs, as processor time per second of sound.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pedalboard

from ifx_bridge.chain_plugin.table import kinds
from ifx_bridge.chain_plugin.values import values_of
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.plugin_build import build

RATE, RUNS = 48000, 5


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=float, default=20.0)
    arguments.add_argument("--block", type=int, default=64)
    given = arguments.parse_args()
    slots = [Slot(fx.id, {p.name: p.from_unit(0.6) for p in fx.parameters}) for fx in kinds()]
    chains = {fx.title: Chain((slot,)) for fx, slot in zip(kinds(), slots, strict=True)}
    chains["all but pitch shift"] = Chain(tuple(s for s in slots if s.fx != "pitchshift"))
    chains["whole chain"] = Chain(tuple(slots))
    random = np.random.default_rng(0)
    sound = random.uniform(-0.5, 0.5, (2, int(given.seconds * RATE))).astype(np.float32)
    theirs: dict[str, float] = {}
    print(f"{'':22}{'IFX Chain':>12}{'Pedalboard':>12}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        harness = build.compile_harness(Path(folder, "harness"))
        for name, chain in chains.items():
            ours = _ours(harness, chain, given.block, given.seconds)
            if len(chain) == 1:
                theirs[chain.ids[0]] = _theirs(chain, sound, given.block)
            total = sum(theirs[fx] for fx in chain.ids)
            per_second = (1000 * ours / given.seconds, 1000 * total / given.seconds)
            print(f"{name:22}{per_second[0]:9.2f} ms{per_second[1]:9.2f} ms{ours / total:8.2f}")


def _ours(harness: Path, chain: Chain, block: int, seconds: float) -> float:
    words = [f"{symbol}={value!r}" for symbol, value in values_of(chain).items()]
    command = [str(harness), "time", str(RATE), str(block), str(seconds), *words]
    return min(float(subprocess.check_output(command)) for _ in range(RUNS))


def _theirs(chain: Chain, sound: np.ndarray, block: int) -> float:
    took = []
    for _ in range(RUNS):
        board: pedalboard.Pedalboard = chain.to_pedalboard()
        start = time.process_time()
        board(sound, RATE, buffer_size=block)
        took.append(time.process_time() - start)
    return min(took)


if __name__ == "__main__":
    main()
