"""A turn beside a DAW that keeps the processors busy: torch as it comes, and as we load it.

    python benchmarks/busy.py [--busy 2] [--rounds 3]

Other processes do nothing but count, as many as there are processors. "As torch comes" loads it
before `ifx_bridge` can say how its threads are to wait.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys

CHOICES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
TURN = """
import {first}
import time
from ifx_bridge import audio, engine
from ifx_bridge.demo import clips
clip, machine = audio.load(clips()["guitar"]), engine.Engine()
machine.turn(engine.open_session(clip), clip, "warm")  # the first one loads and compiles
began = time.perf_counter()
machine.turn(engine.open_session(clip), clip, "make it sound like a church")
print(time.perf_counter() - began)
"""


def seconds(first: str) -> float:
    """One turn in a process that imports this module first."""
    environment = {k: v for k, v in os.environ.items() if k not in CHOICES}
    program = [sys.executable, "-c", TURN.format(first=first)]
    return float(subprocess.run(program, env=environment, check=True, stdout=-1).stdout)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 1, help="other processes")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for count in (0, given.busy):
        others = [subprocess.Popen([sys.executable, "-c", "while 1: pass"]) for _ in range(count)]
        try:
            pairs = [(seconds("torch"), seconds("ifx_bridge")) for _ in range(given.rounds)]
        finally:
            for other in others:
                other.kill()
                other.wait()
        theirs, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(
            f"{count} busy processes: {theirs:.1f} s as torch comes, {ours:.1f} s as we load it "
            f"({theirs / ours:.1f} times as long)."
        )


if __name__ == "__main__":
    main()
