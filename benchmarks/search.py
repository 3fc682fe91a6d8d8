"""Search over a hosted plugin: the published Gaussian process against ours, in one run.

    python benchmarks/search.py [--renders 100] [--table benchmarks/search.md]

Same plugin, clip, words, ears and number of renders; the score is the share of the way to what the
words ask, 0 at the start and 1 there, that is reached after so many renders. Needs Debian's
`zam-plugins`. CMA-ES stands beside them where its library is installed (`pip install cmaes`).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ifx_bridge import audio
from ifx_bridge.demo import clips
from ifx_bridge.ears import ears, losses
from ifx_bridge.plugins.effect import as_effect
from ifx_bridge.plugins.library import Library
from ifx_bridge.refine.search import Dimension, Found, gaussian_process, search
from ifx_bridge.refine.whole_chain import Settings, listening_excerpt

FOLDER = Path("/usr/lib/vst3")
CASES = (
    ("ZamEQ2", "guitar", "bright"),
    ("ZamEQ2", "drums", "muffled"),
    ("ZamEQ2", "voice", "telephone"),
    ("ZamDelay", "voice", "echo"),
    ("ZamCompX2", "drums", "punchy"),
    ("ZaMultiCompX2", "loop", "bright"),
    ("ZamGrains", "guitar", "underwater"),
)
SHOWN = (25, 50, 100)
# What moving a knob that need not move costs, as refining counts it.
STAY = 0.1

Search = Callable[[Callable[..., float], list[Dimension], int, int], Found]


def cma(cost: Callable[..., float], knobs: list[Dimension], renders: int, seed: int) -> Found:
    """CMA-ES with margins over all knobs."""
    from cmaes import CMAwM

    steps = np.array([1 / (k.steps - 1) if k.steps else 0.0 for k in knobs])
    bounds = np.tile([0.0, 1.0], (len(knobs), 1))
    start = np.array([k.start for k in knobs])
    optimizer = CMAwM(mean=start, sigma=0.18, bounds=bounds, steps=steps, seed=seed)

    def stayed(at: np.ndarray) -> float:
        return float(cost(at)) + STAY * float(np.square(at - start).sum())

    best, least, trace = start, stayed(start), []
    trace.append(least)
    while len(trace) < renders:
        answers = []
        for _ in range(min(optimizer.population_size, renders - len(trace))):
            heard, told = optimizer.ask()
            value = stayed(heard)
            answers.append((told, value))
            if value < least:
                best, least = heard, value
            trace.append(least)
        if len(answers) == optimizer.population_size:
            optimizer.tell(answers)
    return Found(best, least, tuple(trace), ())


def main() -> None:
    """Run every case with every search, and print the table and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renders", type=int, default=100)
    parser.add_argument("--table", type=Path, help="Markdown file for what is printed.")
    given = parser.parse_args()
    renders, lines = given.renders, list[str]()

    def tell(line: str) -> None:
        print(line, flush=True)
        lines.append(line)

    ways: dict[str, Search] = {
        "published": partial(gaussian_process, stay=STAY),
        "ours": partial(search, stay=STAY),
    }
    try:
        import cmaes  # noqa: F401

        ways["CMA-ES"] = cma
    except ImportError:
        pass
    listening = ears("fx")
    torch.set_num_threads(1)
    shown = [n for n in SHOWN if n <= renders]
    columns = ["case", "search", *(f"score at {n}" for n in shown), "renders", "seconds"]
    tell(f"| {' | '.join(columns)} |")
    tell("|" + " --- |" * len(columns))
    last: dict[str, list[float]] = {name: [] for name in ways}
    spent: dict[str, float] = dict.fromkeys(ways, 0.0)
    for plugin, clip_name, word in CASES:
        described = Library.default().find(str(FOLDER / f"{plugin}.vst3"))
        process = as_effect(described).process
        assert process is not None
        clip = audio.load(clips()[clip_name])
        sound, rate = listening_excerpt(clip, Settings()), clip.sample_rate
        change = losses.word_change(listening, [word], [])
        assert change is not None
        with torch.no_grad():
            origin = listening.embed_audio(torch.from_numpy(sound)[None], rate)
        knobs = [
            Dimension(p.key, p.default, 0 if p.kind == "number" else len(p.values))
            for p in described.parameters
        ]

        def cost(
            at: np.ndarray, described=described, process=process, sound=sound, rate=rate,
            origin=origin, change=change,
        ) -> float:  # fmt: skip
            pairs = zip(described.parameters, at, strict=True)
            wet = process({p.key: p.value(float(x)) for p, x in pairs}, sound, rate)
            with torch.no_grad():
                heard = listening.embed_audio(torch.from_numpy(wet)[None], rate)
            return float(losses.aimed(origin, heard, change))

        for name, way in ways.items():
            began = time.perf_counter()
            found = way(cost, knobs, renders, 0)
            seconds = time.perf_counter() - began
            spent[name] += seconds
            scores = [1 - found.trace[min(n, len(found.trace)) - 1] ** 0.5 for n in shown]
            last[name].append(scores[-1])
            row = " | ".join(f"{score:.2f}" for score in scores)
            case = f"{plugin}, {clip_name}, {word}"
            tell(f"| {case} | {name} | {row} | {len(found.trace)} | {seconds:.1f} |")
    tell("")
    for name in ways:
        tell(f"Mean score, {name}: {np.mean(last[name]):.3f}, in {spent[name]:.0f} s.")
    tell(f"The published way took {spent['published'] / spent['ours']:.1f} times as long.")
    if given.table:
        title = f"# Search over hosted plugins, {renders} renders each\n\n`{Path(__file__).name}`: "
        about = " ".join((__doc__ or "").split("\n\n")[2].split())
        given.table.write_text(title + about + "\n\n" + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
