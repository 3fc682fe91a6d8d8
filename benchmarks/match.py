"""Chains drawn at random, found again from dry and wet sound alone.

    python benchmarks/match.py [--cases 10]

One to three effects in random order with random settings on a demo recording; prints what was done,
what was found, and how far the dry sound and the found chain are from the reference: in dB,
or, where the reference was taken for another performance, in units of typical changes; and the
processor's time, which on one idle core is the time it takes.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

from ifx_bridge import audio
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.matching.reference import match

# Settings that are heard, and that somebody would choose.
RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "eq": {"low_shelf_gain_db": (-12, 9), "band1_gain_db": (-9, 9), "high_shelf_gain_db": (-12, 9)},
    "comp": {"threshold_db": (-40, -20), "ratio": (3, 10), "attack_ms": (1, 20)},
    "rev": {"room_size": (0.3, 0.95), "wet_level": (0.15, 0.5), "damping": (0.1, 0.9)},
    "dist": {"drive_db": (10, 30)},
    "delay": {"delay_seconds": (0.08, 0.6), "feedback": (0.1, 0.6), "mix": (0.2, 0.5)},
    "bitcrush": {"bit_depth": (4, 8)},
    "pitchshift": {"semitones": (-12, 12)},
}


def drawn(random: np.random.Generator) -> Chain:
    """A chain."""
    slots = []
    for fx in random.choice(list(RANGES), size=random.integers(1, 4), replace=False):
        values = {name: float(random.uniform(*ends)) for name, ends in RANGES[fx].items()}
        if fx == "pitchshift":
            values = {"semitones": float(random.choice([-12, -7, -5, -3, 3, 4, 5, 7, 12]))}
        slots.append(Slot(str(fx), values))
    return Chain(tuple(slots))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10)
    cases = parser.parse_args().cases
    random, names = np.random.default_rng(1), list(clips())
    same, kinds, shares = 0, 0, []
    for case in range(cases):
        clip = audio.load(clips()[names[case % len(names)]])
        chain, began = drawn(random), time.process_time()
        wet = replace(clip, samples=chain.render(clip.samples, clip.sample_rate))
        found = match(clip, wet)
        same += found.chain.ids == chain.ids
        kinds += set(found.chain.ids) == set(chain.ids)
        shares.append(found.share)
        done, again = (" → ".join(c.ids) or "nothing" for c in (chain, found.chain))
        print(
            f"{names[case % len(names)]:7} {done:32} found {again:32} "
            f"{found.before:6.2f} → {found.after:5.2f} {'dB' if found.same else '(another take)'}"
            f"  {time.process_time() - began:4.0f} s",
            flush=True,
        )
    print(
        f"of {cases}: the same effects in the same order {same}, the same effects {kinds}; "
        f"of the distance, {100 * np.mean(shares):.0f} % made up for (median "
        f"{100 * np.median(shares):.0f} %)"
    )


if __name__ == "__main__":
    main()
