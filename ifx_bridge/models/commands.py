"""The commands `ifx-bridge models …`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ifx_bridge.errors import UserError
from ifx_bridge.models.catalog import DEFAULT, KNOWN, Known

if TYPE_CHECKING:
    from ifx_bridge.models.store import Receipt, Store

app = typer.Typer(help="Models that are too large to ship.", no_args_is_help=True)
Sha256 = Annotated[str, typer.Option(help="The file's SHA-256 as you have it from its publisher.")]


@app.command("list")
def list_models() -> None:
    """List the known models, and which are on this computer."""
    from rich.console import Console
    from rich.table import Table

    store = _store()
    table = Table()
    table.add_column("name", no_wrap=True)
    for column in ("what", "to load", "here"):
        table.add_column(column)
    for known in KNOWN.values():
        table.add_row(known.name, known.what, _megabytes(known.size), _state(store, known))
    for receipt in store.receipts():
        if receipt.name not in KNOWN:
            table.add_row(receipt.name, "LAION-CLAP from elsewhere", "", _megabytes(receipt.size))
    Console().print(table)
    print(f"They are kept in {store.folder}.")


@app.command()
def fetch(
    what: Annotated[
        str, typer.Argument(help="A known name, or the https:// address of a CLAP checkpoint.")
    ] = DEFAULT,
    sha256: Sha256 = "",
) -> None:
    """Load a model and what it needs; goes on where it was stopped."""
    store = _store()
    try:
        with _bar() as report:
            installed = store.fetch(what, sha256, report)
    except SystemExit:  # Ctrl+C
        print("Stopped. What has arrived is kept; run it again to go on.", file=sys.stderr)
        raise
    for receipt in installed:
        _say(store, receipt)
    if not installed:
        print(f"{what} is already complete in {store.folder}.")


@app.command("import")
def bring(
    file: Annotated[Path, typer.Argument(help="A checkpoint, vocab.json or merges.txt.")],
    sha256: Sha256 = "",
) -> None:
    """Install a file that you brought by hand."""
    store = _store()
    _say(store, store.bring(file, sha256))


@app.command()
def verify() -> None:
    """Read every installed model again and compare its hash."""
    store = _store()
    damaged = []
    for receipt in store.receipts():
        damage = store.damage(receipt)
        print(f"{receipt.name}: {damage or 'as it was installed'}")
        damaged += [store.folder / receipt.file] if damage else []
    if damaged:
        raise UserError(
            f"{len(damaged)} of the installed files are damaged.",
            next_step=f"Delete {', '.join(map(str, damaged))} and fetch or import again.",
        )


def _store() -> Store:
    from ifx_bridge.models.store import Store

    return Store.default()


def _say(store: Store, receipt: Receipt) -> None:
    compared = {
        "table": "as published, by its SHA-256",
        "given": "with the SHA-256 that you gave",
    }[receipt.checked]
    print(f"Installed {receipt.name}: {compared}.")
    if receipt.file.endswith(".safetensors"):
        known = receipt.name in KNOWN
        print(f"Use it: --ears {receipt.name if known else store.folder / receipt.file}")


def _state(store: Store, known: Known) -> str:
    if receipt := store.receipt(known.name):
        return _megabytes(receipt.size)
    arrived = store.arrived(known)
    return f"{100 * arrived // known.size} % has arrived" if arrived else "-"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


@contextmanager
def _bar() -> Iterator[Callable[[Known, int, int], None]]:
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(bar_width=24),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with bars.Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, bars.TaskID] = {}

        def report(known: Known, done: int, total: int) -> None:
            if known.name not in tasks:
                tasks[known.name] = bar.add_task(known.published_name, total=total or None)
            bar.update(tasks[known.name], completed=done)

        yield report
