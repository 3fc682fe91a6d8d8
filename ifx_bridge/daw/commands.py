"""The commands `ifx-bridge daw …`: look, set, push, ramp, capture, install."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import ifx_bridge.daw.listen_commands  # noqa: F401  (adds its own)
from ifx_bridge.daw.command_parts import (
    AsJson,
    TrackName,
    Where,
    app,
    chosen_by,
    device_on,
    link_of,
    print_json,
    session_at,
    show,
    tell,
    wanted_by,
)
from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from ifx_bridge.daw.link import Capture, Transport

__all__ = ["app"]


@app.command()
def probe(context: typer.Context, as_json: AsJson = False) -> None:
    """Look which DAWs answer at their ports, and say how that is known."""
    from ifx_bridge.daw.links import probes

    where: Where = context.obj
    found = dict(probes(**where.options))
    if as_json:
        print_json([{"link": name, **asdict(p)} for name, p in found.items()])
        return
    for p in found.values():
        state = "connected" if p.connected else "not connected"
        print(f"{p.daw} ({p.host}:{p.port}): {state}. {p.how[0].upper()}{p.how[1:]}")


@app.command()
def tracks(context: typer.Context, as_json: AsJson = False) -> None:
    """List the tracks and what is on them."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    with link_of(context) as link:
        rows = [(track, link.devices(track)) for track in link.tracks()]
    if as_json:
        print_json([{**asdict(t), "devices": [asdict(d) for d in devices]} for t, devices in rows])
        return
    table = Table("track", "name", "devices")
    for track, devices in rows:
        names = [f"{d.index} {d.name}{'' if d.enabled else ' (off)'}" for d in devices]
        table.add_row(str(track.index), escape(track.name), escape(", ".join(names)))
    Console().print(table)


@app.command()
def parameters(
    context: typer.Context,
    device: Annotated[str, typer.Argument(help="Name or number of the device.")],
    track: TrackName,
    as_json: AsJson = False,
) -> None:
    """List a device's parameters, ranges and values."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    with link_of(context) as link:
        found = link.parameters(device_on(link, track, device))
    if as_json:
        print_json([asdict(p) for p in found])
        return
    table = Table("", "name", "value", "display", "range")
    for p in found:
        span = f"{p.low:g} to {p.high:g}" if p.writable else "read only"
        table.add_row(str(p.index), escape(p.name), f"{p.value:g}", escape(p.text), span)
    Console().print(table)


@app.command("set")
def set_values(
    context: typer.Context,
    device: Annotated[str, typer.Argument(help="Name or number of the device.")],
    values: Annotated[
        list[str], typer.Argument(help="NAME=VALUE; a unit asks for what it displays (=3.2kHz).")
    ],
    track: TrackName,
    as_json: AsJson = False,
) -> None:
    """Set parameters of a device, and read each back."""
    from ifx_bridge.daw.writing import write

    with link_of(context) as link:
        chosen = device_on(link, track, device)
        known = link.parameters(chosen)
        wanted = [wanted_by(link, text, known) for text in values]
        with link.undo_step(f"IFX Bridge: {chosen.name}"):
            report = write(link, wanted)
    tell(report, as_json)


@app.command()
def push(
    context: typer.Context,
    session: Annotated[Path, typer.Argument(help="A session.json, or its folder.")],
    track: TrackName,
    turn: Annotated[int | None, typer.Option(help="Which turn. [default: the current one]")] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="Take this device for an effect: eq=2.")
    ] = None,
    insert: Annotated[
        bool, typer.Option("--insert", help="Put devices on the track for effects that have none.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--preview", help="Say what would be set, and set nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a turn's values into the devices of a track, and read each back."""
    from ifx_bridge.daw import push as pushing

    saved = session_at(session)
    chain = saved.turn(turn).as_chain() if turn else saved.chain
    with link_of(context) as link:
        place = link.track(track)
        for made in pushing.insert_missing(link, place, chain) if insert and not dry_run else ():
            print(f"{made.name} was put on {place.name!r}.", file=sys.stderr)
        plan = pushing.preview(link, place, chain, chosen_by(device or []))
        if dry_run:
            show(plan, as_json)
            return
        if not as_json:
            print(plan.summary)
        done = pushing.push(link, plan, title=f"IFX Bridge: turn {turn or saved.head}")
    tell(done, as_json)


@app.command()
def preset(
    context: typer.Context,
    device: Annotated[str, typer.Argument(help="Name or number of the device.")],
    file: Annotated[Path, typer.Argument(help="A .vstpreset, as `plugins preset` writes it.")],
    track: TrackName,
) -> None:
    """Load a preset into a device, and say what that changed."""
    import time

    from ifx_bridge.presets.vstpreset import VstPreset

    VstPreset.read(file)
    with link_of(context) as link:
        chosen = device_on(link, track, device)
        before = link.parameters(chosen)
        with link.undo_step(f"IFX Bridge: {file.stem}"):
            link.load_preset(chosen, file)
        time.sleep(2 * link.settle_seconds)
        now = link.read(before)
    moved = sum(p.key in now and not p.same(p.value, now[p.key].value) for p in before)
    print(
        f"{file.name} was sent to {chosen.name}; {moved} of {len(before)} parameters have changed."
    )


@app.command()
def capture(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for the dry sound.")],
    track: Annotated[
        str | None, typer.Option("--track", help="Name or number of the track.")
    ] = None,
    watch: Annotated[
        Path | None, typer.Option(help="Take the next file that is bounced into this folder.")
    ] = None,
    record: Annotated[
        str | None,
        typer.Option(help="Record this device while the DAW rolls; list shows what there is."),
    ] = None,
    midi_clock: Annotated[
        str | None,
        typer.Option(help="MIDI input whose clock or MMC says when it rolls, where OSC does not."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="Longest wait or recording. [default: no end]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Get the dry sound of a track, of the next bounce or of a device, and say how it was got."""
    from ifx_bridge.daw.capture import BounceFolder, kept

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The folder {out} cannot be made ({error.strerror or error}).",
            kept="Nothing was changed.",
            next_step="Choose another with --out.",
        ) from error
    if watch is not None:
        print(f"Waiting for a file in {watch}.", file=sys.stderr)
        found = BounceFolder(watch).next(seconds)
    elif record == "list":
        from ifx_bridge.daw.recording import devices

        for index, name, channels in devices():
            print(f"{index} {name}, {channels} channel(s)")
        return
    elif record is not None and midi_clock is not None:
        from ifx_bridge.daw import midi

        with midi.input(midi_clock) as port:
            follower = midi.Follower(port)
            found = _recorded(follower.transport, "", record, out, seconds)
    elif record is not None:
        with link_of(context) as link:
            found = _recorded(link.transport, link.name, record, out, seconds)
    elif track is not None:
        with link_of(context) as link:
            found = link.capture(link.track(track), out)
    else:
        raise UserError(
            "Nothing says what to capture.", next_step="Give --track, --watch or --record."
        )
    done, clip = kept(found)
    if as_json:
        print_json({**asdict(done), "seconds": clip.seconds, "sample_rate": clip.sample_rate})
        return
    print(f"{done.path}: {clip.seconds:.2f} s, {clip.sample_rate} Hz, {done.way}.")
    for note in done.notes:
        print(f"Mind: {note}.")


@app.command()
def ramp(
    context: typer.Context,
    session: Annotated[Path, typer.Argument(help="A session.json, or its folder.")],
    track: TrackName,
    turn: Annotated[
        int | None, typer.Option(help="To which turn. [default: the current one]")
    ] = None,
    start: Annotated[float, typer.Option(min=0, help="Where it begins, in seconds.")] = 0.0,
    seconds: Annotated[float | None, typer.Option(help="How long.")] = None,
    bars: Annotated[float | None, typer.Option(help="How long, in bars of 4 beats.")] = None,
    tempo: Annotated[
        float | None, typer.Option(help="Beats a minute. [default: the DAW's]")
    ] = None,
    curve: Annotated[str, typer.Option(help="linear, smooth, slow start, …")] = "smooth",
    midi_file: Annotated[
        Path | None, typer.Option(help="Write a MIDI file instead of automation.")
    ] = None,
    midi_port: Annotated[
        str | None, typer.Option(help="Send it live to this MIDI output instead, from now on.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Go from the turn before to a turn over time: as automation, MIDI file or live MIDI."""
    from ifx_bridge.daw import automation, midi
    from ifx_bridge.daw import push as pushing

    saved = session_at(session)
    index = turn or saved.head
    after = saved.turn(index)
    before = saved.turn(after.parent).as_chain() if after.parent else saved.go_to(0).chain
    first, last = automation.between(before, after.as_chain())
    with link_of(context) as link:
        chosen = link.track(track)
        ways, lost = automation.lanes(
            link, pushing.preview(link, chosen, first), pushing.preview(link, chosen, last)
        )
        speed = tempo or (link.transport().tempo if bars else None) or 120.0
        if bars:
            way = automation.Ramp.bars(start, bars, speed, curve=curve)
        else:
            way = automation.Ramp(start, seconds or 4.0, curve)
        if midi_file is not None:
            midi.write_file(midi_file, ways, way, speed)
            print(f"{midi_file}: {len(ways)} parameters over {way.seconds:g} s")
            return
        if midi_port is not None:
            with midi.output(midi_port) as port:
                midi.stream(port, ways, way)
            print(f"{midi_port}: {len(ways)} parameters over {way.seconds:g} s")
            return
        done = automation.run(link, ways, way)
    for text in lost:
        print(f"Mind: left out: {text}", file=sys.stderr)
    tell(done, as_json)


@app.command()
def install(
    program: Annotated[str, typer.Argument(help="reaper")],
    resource_path: Annotated[
        Path | None, typer.Option(help="REAPER's resource folder. [default: the system's]")
    ] = None,
    remove: Annotated[bool, typer.Option("--uninstall", help="Take it out again.")] = False,
) -> None:
    """Put our pattern file and helper script into REAPER."""
    from ifx_bridge.daw import reaper_install

    if program.lower() != "reaper":
        raise UserError(
            f"There is nothing to install for {program!r}.",
            next_step="Ardour has its OSC built in; Live needs AbletonOSC, from its own authors.",
        )
    if remove:
        for path in reaper_install.uninstall(resource_path):
            print(f"{path}: {'changed' if path.exists() else 'removed'}")
        return
    for path in reaper_install.install(resource_path):
        print(f"{path}: written")
    print("Two things remain to be done:")
    for number, text in enumerate(reaper_install.CLICKS, 1):
        print(f"{number}. {text}")


def _recorded(
    transport: Callable[[], Transport], daw: str, device: str, out: Path, seconds: float | None
) -> Capture:
    from dataclasses import replace

    from ifx_bridge import audio
    from ifx_bridge.daw.recording import Level, record

    def meter(level: Level) -> None:
        if sys.stderr.isatty():
            state = "recording" if level.rolling else "press play in the DAW"
            bar = "#" * max(0, round((level.peak_db + 60) / 2))
            loud = " CLIPPED" if level.clipped else ""
            print(f"\r{bar:<31}{level.peak_db:6.1f} dB  {state}{loud}   ", end="", file=sys.stderr)

    found = record(
        device,
        out,
        playing=lambda: transport().playing,
        most_seconds=min(seconds or audio.LONGEST_SECONDS, audio.LONGEST_SECONDS),
        meter=meter,
    )
    return replace(found, daw=daw, tempo=transport().tempo)
