"""The commands `ifx-bridge daw …`: look, set, push, ramp, capture, install."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
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
from ifx_bridge.daw.link import Can
from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from ifx_bridge.daw.automation import Lane, Ramp
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
        wanted = [wanted_by(link, chosen, text, known) for text in values]
        with link.undo_step(f"IFX Bridge: {chosen.name}"):
            report = write(link, wanted)
    tell(report, as_json)


@app.command()
def push(
    context: typer.Context,
    session: Annotated[Path, typer.Argument(help="A session.json, or its folder.")],
    track: TrackName,
    turn: Annotated[
        int | None, typer.Option(min=0, help="Which turn; 0 is the start. [default: the current]")
    ] = None,
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
    from ifx_bridge.daw.pushed import Pushed

    saved, folder = session_at(session)
    index = saved.head if turn is None else turn
    chain = saved.go_to(index).chain
    before = Pushed.load(folder)
    with link_of(context) as link:
        place = link.track(track)
        for made in pushing.insert_missing(link, place, chain) if insert and not dry_run else ():
            print(f"{made.name} was put on {place.name!r}.", file=sys.stderr)
        plan = pushing.preview(link, place, chain, chosen_by(device or []), before)
        if dry_run:
            show(plan, as_json)
            return
        if not as_json:
            print(plan.summary)
        done = pushing.push(link, plan, title=f"IFX Bridge: turn {index}")
        used = before.after(link.name, plan, done)
    try:
        if used != before:
            used.save(folder)
    finally:
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
    out: Annotated[Path | None, typer.Option(help="Folder for the dry sound.")] = None,
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
    from ifx_bridge.daw.capture import BounceFolder, copied, kept

    if record == "list":
        from ifx_bridge.daw.recording import devices

        found_devices = devices()
        for index, name, channels in found_devices:
            print(f"{index} {name}, {channels} channel(s)")
        if not found_devices:
            print("No device here can be recorded.")
        return
    if out is None:
        raise UserError("Nothing says where to.", next_step="Give a folder with --out.")
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
        found = copied(BounceFolder(watch).next(seconds), out)
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
    track: Annotated[
        str | None,
        typer.Option(
            "--track",
            help="Name or number of the track, or: selected. Without it, MIDI goes by IFX "
            "Chain's parameters, and no DAW is asked.",
        ),
    ] = None,
    turn: Annotated[
        int | None, typer.Option(min=1, help="To which turn. [default: the current one]")
    ] = None,
    start: Annotated[float, typer.Option(min=0, help="Where it begins, in seconds.")] = 0.0,
    seconds: Annotated[float | None, typer.Option(help="How long. [default: 4]")] = None,
    bars: Annotated[float | None, typer.Option(help="How long, in bars of 4 beats.")] = None,
    tempo: Annotated[
        float | None,
        typer.Option(min=4, max=1000, help="Beats a minute. [default: the DAW's, else 120]"),
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
    from ifx_bridge.daw import automation
    from ifx_bridge.daw import push as pushing

    if seconds is not None and bars is not None:
        raise UserError("Both --bars and --seconds say how long.", next_step="Give one of them.")
    if midi_file is not None and midi_port is not None:
        raise UserError("It goes to a MIDI file or to a port.", next_step="Give one of them.")
    saved, _ = session_at(session)
    index = saved.head if turn is None else turn
    if not index:
        raise UserError("The start has no turn before it.", next_step="Choose one with --turn.")
    after = saved.turn(index).as_chain()
    before = saved.go_to(saved.turn(index).parent or 0).chain

    def over(playing: float | None) -> tuple[automation.Ramp, float]:
        speed = tempo or playing or 120.0
        if bars is not None:
            return automation.Ramp.bars(start, bars, speed, curve=curve), speed
        return automation.Ramp(start, 4.0 if seconds is None else seconds, curve), speed

    if track is None:
        if midi_file is None and midi_port is None:
            raise UserError(
                "Automation needs a track.",
                next_step="Give --track; or write MIDI with --midi-file or --midi-port.",
            )
        for slot in automation.unplayable(before, after):
            print(f"Mind: left out: {slot}", file=sys.stderr)
        _to_midi(automation.own_lanes(before, after), *over(None), midi_file, midi_port)
        return
    first, last = automation.between(before, after)
    with link_of(context) as link:
        chosen = link.track(track)
        plans = [pushing.preview(link, chosen, c, switching=False) for c in (first, last)]
        ways, lost = automation.lanes(link, *plans)
        for text in dict.fromkeys((*lost, *(w for plan in plans for w in plan.warnings))):
            print(f"Mind: {text}", file=sys.stderr)
        timed = bars is not None or midi_file is not None
        asks = timed and tempo is None and Can.TRANSPORT in link.capabilities
        way, speed = over(link.transport().tempo if asks else None)
        if midi_file is not None or midi_port is not None:
            _to_midi(ways, way, speed, midi_file, midi_port)
            return
        done = automation.run(link, ways, way)
    tell(done, as_json)


def _to_midi(
    ways: Sequence[Lane], way: Ramp, tempo: float, file: Path | None, port: str | None
) -> None:
    from ifx_bridge.daw import midi

    if file is not None:
        midi.write_file(file, ways, way, tempo)
    elif port is not None:
        with midi.output(port) as opened:
            midi.stream(opened, ways, way)
    print(f"{file or port}: {len(ways)} parameters over {way.seconds:g} s")


@app.command()
def replay(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A recording, as --record-osc writes it.")],
    messages: Annotated[
        bool, typer.Option("--messages", help="List what went out and came in, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let the link look at a recording of OSC, and say what it sees there; no DAW is asked."""
    from ifx_bridge.daw import replaying, traffic

    where: Where = context.obj
    seen = replaying.look(file, where.daw)
    rows = list(traffic.replay(file)) if messages else []
    if as_json:
        listed = [{"at": r.at, "side": r.side, "messages": replaying.told(r)} for r in rows]
        print_json({**asdict(seen), **({"traffic": listed} if messages else {})})
        return
    for row in rows:
        for text in replaying.told(row):
            print(f"{row.at - rows[0].at:9.3f} s {row.side:>3} {text}")
    print(f"{seen.probe.daw}: {seen.probe.how}")
    if seen.scene is not None:
        print(seen.scene)
    for track in seen.tracks:
        print(f"{track.index} {track.name}{' (selected)' if track.selected else ''}")
        for device in (d for d in seen.devices if d.track == track.index):
            print(f"  {device.index} {device.name}{'' if device.enabled else ' (off)'}")
            for p in (p for p in seen.parameters if p.key[:2] == (device.track, device.index)):
                print(f"    {p.index} {p.name}: {p.value:g} {p.text}".rstrip())
    for text in seen.problems:
        print(f"Mind: {text}")
    if seen.strange or seen.garbage:
        print(f"Passed over: {seen.garbage} datagrams; {', '.join(seen.strange) or 'no address'}")


@app.command()
def install(
    context: typer.Context,
    program: Annotated[str, typer.Argument(help="reaper")],
    resource_path: Annotated[
        Path | None, typer.Option(help="REAPER's resource folder. [default: the system's]")
    ] = None,
    remove: Annotated[bool, typer.Option("--uninstall", help="Take it out again.")] = False,
) -> None:
    """Put our pattern file and helper script into REAPER."""
    from ifx_bridge.daw import reaper_install

    where: Where = context.obj
    resource_path = resource_path or where.resource_path
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
