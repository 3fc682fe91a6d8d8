"""The commands `ifx-bridge plugins …`."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from ifx_bridge.plugins.description import Description
    from ifx_bridge.plugins.library import Library

app = typer.Typer(help="VST3 plugins and Audio Units on this computer.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="A plugin's name, or the path of its file.")]
AsJson = Annotated[bool, typer.Option("--json", help="The same as data.")]


@app.command()
def scan(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files or folders. [default: the system's plugin folders]"),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long one may take to load.")] = 30.0,
    again: Annotated[bool, typer.Option("--again", help="Also those that are known.")] = False,
) -> None:
    """Look for plugins; each is loaded in a process of its own."""
    from ifx_bridge.plugins.library import SUFFIXES, bundles, folders

    library = _library()
    for path in paths or ():
        if not path.exists():
            raise UserError(
                f"There is no file or folder {path}.", next_step="Check the name and the folder."
            )
        if path.suffix.lower() not in SUFFIXES and not path.is_dir():
            raise UserError(
                f"{path} is no plugin.",
                next_step=f"Give a {' or '.join(SUFFIXES)}, or a folder that has some in it.",
            )
    roots = paths or folders()
    given = [p for p in roots if p.suffix.lower() in SUFFIXES]
    found = given + bundles(p for p in roots if p not in given)

    def report(done: int, total: int, path: Path) -> None:
        if done < total:
            print(f"{done + 1}/{total} {path.stem}", file=sys.stderr, flush=True)

    results = library.scan(found, seconds, again, report)
    usable = [r for r in results if r.description is not None]
    for result in results:
        if result.problem:
            print(f"{result.name}: {result.problem}", file=sys.stderr)
    where = ", ".join(map(str, roots))
    print(f"{len(usable)} of {len(results)} plugins in {where} can be used.")


@app.command("list")
def list_plugins(
    blocked: Annotated[bool, typer.Option("--blocked", help="Those that are not loaded.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the plugins that can be used."""
    from rich.console import Console
    from rich.table import Table

    library = _library()
    if blocked:
        entries = library.blocked()
        if as_json:
            rows = [{**asdict(entry), "path": str(entry.path)} for entry in entries]
            print(json.dumps(rows, indent=2, ensure_ascii=False))
            return
        for entry in entries:
            where = f"{entry.part} in {entry.path}" if entry.part else str(entry.path)
            print(f"{where}: {entry.why}")
        if not entries:
            print("No plugin is blocked.")
        return
    found = library.plugins()
    if as_json:
        print(json.dumps([d.to_data() for d in found], indent=2, ensure_ascii=False))
        return
    if not found:
        print("No plugin is known yet. Look for them: ifx-bridge plugins scan")
        return
    table = Table("name", "vendor", "category", "channels", "parameters")
    for d in found:
        channels = " or ".join(map(str, d.channels))
        table.add_row(d.name, d.vendor, d.category, channels, str(len(d.parameters)))
    Console().print(table)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show a plugin's parameters: what a new instance has, and their ranges."""
    from rich.console import Console
    from rich.table import Table

    found = _library().find(name)
    if as_json:
        print(json.dumps(found.to_data(), indent=2, ensure_ascii=False))
        return
    same = "the same every time" if found.noise_db < -200 else f"noise {found.noise_db:.0f} dB"
    channels = " or ".join(map(str, found.channels))
    print(f"{found.name} {found.version} by {found.vendor}, {found.category}")
    print(f"{found.path}; channels: {channels}; latency: {found.latency} samples; renders {same}")
    table = Table()
    table.add_column("parameter", no_wrap=True)
    for column in ("name", "new", "from", "to", "kind"):
        table.add_column(column)
    for p in found.parameters:
        kind = f"one of {len(p.texts)}" if p.kind == "choice" else p.kind
        low, high = (p.text(p.position(v)) for v in (p.low, p.high))
        table.add_row(p.key, p.name, p.text(p.default), low, high, kind)
    Console().print(table)
    for p in found.parameters:
        if p.kind == "choice":
            print(f"{p.key}: {', '.join(p.texts)}")


@app.command()
def render(
    name: Name,
    clip: Annotated[Path, typer.Argument(help="An audio file.")],
    out: Annotated[Path, typer.Option(help="Where to write the WAV.")],
    values: Annotated[
        list[str] | None, typer.Option("--set", help="A value: KEY=NUMBER or KEY=NAME.")
    ] = None,
) -> None:
    """Render a clip through a plugin."""
    from ifx_bridge import audio

    if out.suffix.lower() != ".wav":
        raise UserError(f"{out} is no WAV file.", next_step="Give --out a name that ends in .wav.")
    library = _library()
    found = library.find(name)
    positions = dict(setting(found, text) for text in values or ())
    loaded = audio.load(clip)
    with library.host(Path(found.path), found.part) as host:
        wet = host.render(loaded.samples, loaded.sample_rate, positions)
    audio.save(out, wet, loaded.sample_rate)
    print(f"{out}: {loaded.seconds:.2f} s through {found.name}")


@app.command()
def block(
    name: Name,
    remove: Annotated[bool, typer.Option("--remove", help="Let it be loaded again.")] = False,
) -> None:
    """Keep a plugin from being loaded."""
    library = _library()
    if remove:
        print(f"{library.unblock(name).name} may be loaded again.")
        return
    path, part = library.locate(name)
    library.block(path, "you asked for that", part)
    print(
        f"{part or path} is not loaded any more. Take that back: ifx-bridge plugins block "
        f"--remove {shlex.quote(part or path.stem)}"
    )


def _library() -> Library:
    from ifx_bridge.plugins.library import Library

    return Library.default()


def setting(found: Description, text: str) -> tuple[str, float]:
    """Key and position of `KEY=VALUE`.

    Raises:
        UserError: There is no such parameter, or the value is outside its range.
    """
    key, equals, value = text.partition("=")
    parameter = found.parameter(key.strip())
    if not equals or parameter is None:
        raise UserError(
            f"{text!r} sets nothing in {found.name}.",
            next_step=f"Write KEY=VALUE; ifx-bridge plugins show {found.name!r} lists the keys.",
        )
    from ifx_bridge.effects.entry import typed
    from ifx_bridge.plugins.effect import as_parameter

    value = value.strip()
    number = typed(as_parameter(parameter), value)
    if number is None:
        unit = f" in {parameter.unit}" if parameter.unit else ""
        known = ", ".join(as_parameter(parameter).choices) or f"a number{unit}"
        raise UserError(f"{key.strip()} takes {known}, not {value!r}.")
    if not parameter.low <= number <= parameter.high:
        low, high = (parameter.text(parameter.position(v)) for v in (parameter.low, parameter.high))
        raise UserError(f"{key.strip()} goes from {low} to {high}; {value} is outside.")
    return parameter.key, parameter.position(number)
