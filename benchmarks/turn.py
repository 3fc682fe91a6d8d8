"""Seconds per turn, and whole-chain gradients against the staged recipe, in one run.

    python benchmarks/turn.py [--clip guitar] [--steps 1000] [--evaluations 200]

Both recipes get the same recording, plan, start, ranges and ears, and are judged by the same score
(1: the typical change of the words; 0: none). The staged one is the published recipe: Adam at 0.01
over equalizer and reverb, then Gaussian-process search over the rest, in its own order.
"""

from __future__ import annotations

import argparse
import time

CASES = ("like an old telephone", "like a cassette", "cathedral with some grit", "megaphone")
TURNS = ("make it sound like a church", "add some grit", "too harsh, soften it")


def main() -> None:
    """Run and print."""
    from rich.console import Console
    from rich.table import Table

    from ifx_bridge import audio, engine
    from ifx_bridge.brain import Context, brain
    from ifx_bridge.demo import clips
    from ifx_bridge.ears import ears
    from ifx_bridge.effects.chain import Chain
    from ifx_bridge.refine import refine, refine_staged
    from ifx_bridge.refine.staged import Recipe

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", default="guitar", choices=sorted(clips()))
    parser.add_argument("--steps", type=int, default=1000, help="Adam steps of the staged recipe")
    parser.add_argument("--evaluations", type=int, default=200, help="of its search, at most")
    given = parser.parse_args()
    console, clip = Console(width=110), audio.load(clips()[given.clip])
    thinking, listening = brain(), ears()

    machine, session = engine.Engine(), engine.open_session(clip)
    console.print(f"Turns on {given.clip}, from instruction to matched sound:")
    for instruction in TURNS:
        began = time.perf_counter()
        session = machine.turn(session, clip, instruction).session
        console.print(f"  {time.perf_counter() - began:5.2f} s  {instruction}")

    recipe = Recipe(steps=given.steps, evaluations=given.evaluations)
    table = Table("instruction", "chain", "ours", "s", "staged", "s", "times faster")
    ratios, ours_total, staged_total = [], 0.0, 0.0
    for instruction in CASES:
        plan = thinking.plan(instruction, Context())
        ours = refine(clip, Chain(), plan, listening)
        staged = refine_staged(clip, Chain(), plan, listening, recipe=recipe)
        ratios.append(staged.seconds / ours.seconds)
        ours_total += ours.score / len(CASES)
        staged_total += staged.score / len(CASES)
        table.add_row(
            instruction,
            " → ".join(plan.start.ids),
            f"{ours.score:.3f}",
            f"{ours.seconds:.1f}",
            f"{staged.score:.3f}",
            f"{staged.seconds:.1f}",
            f"{ratios[-1]:.0f}",
        )
    console.print(table)
    mean = 1.0
    for ratio in ratios:
        mean *= ratio ** (1 / len(ratios))
    console.print(
        f"Mean score {ours_total:.3f} against {staged_total:.3f}; {mean:.0f} times faster "
        "(geometric mean)."
    )


if __name__ == "__main__":
    main()
