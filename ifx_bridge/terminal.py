"""What commands share on a terminal: progress, notes, and being stopped."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from ifx_bridge.refine import Progress

INTERRUPTED = 130
"""Exit status after Ctrl+C."""


def note(text: str) -> None:
    """Say something beside the results."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def live(console: Console) -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal, and what to call with every step; silent where there is no terminal."""
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(bar_width=24),
        bars.TextColumn("score {task.fields[score]:.2f}"),
        bars.TimeElapsedColumn(),
    )
    shown = console.is_terminal
    with bars.Progress(*columns, console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task("understanding", total=None, score=0.0)

        def report(step: Progress) -> None:
            bar.update(
                task,
                description=step.stage,
                completed=step.step,
                total=step.steps,
                score=step.score,
            )

        yield report


@contextmanager
def stop_flag() -> Iterator[threading.Event]:
    """An event that Ctrl+C and termination set; a second Ctrl+C ends at once."""
    stopped = threading.Event()

    def stop(number: int, frame: object) -> None:
        if stopped.is_set():
            sys.exit(INTERRUPTED)
        stopped.set()

    main_thread = threading.current_thread() is threading.main_thread()
    signals = (signal.SIGINT, signal.SIGTERM) if main_thread else ()
    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
