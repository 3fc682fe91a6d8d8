"""The commands `ifx-bridge daw …`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from ifx_bridge.daw.link import Capture, DawLink, DawParameter, Device, PushReport, Transport
    from ifx_bridge.daw.push import Preview
    from ifx_bridge.session import Session

UNCONFIRMED = 1

app = typer.Typer(help="Your DAW: see it, capture from it, push back to it.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of tables.")]
TrackName = Annotated[
    str, typer.Option("--track", help="Name or number of the track, or: selected.")
]


@dataclass(frozen=True)
class Where:
    """Which DAW, and how to reach it."""

    daw: str
    host: str | None
    port: int | None
    session: Path | None
    resource_path: Path | None
    record: Path | None

    @property
    def options(self) -> dict[str, Any]:
        """As links take them."""
        return {
            "host": self.host,
            "port": self.port,
            "session": self.session,
            "resource_path": self.resource_path,
        }


@app.callback()
def _where(
    context: typer.Context,
    daw: Annotated[
        str, typer.Option(help="ardour, reaper, live, a map file, or auto: whichever answers.")
    ] = "auto",
    host: Annotated[str | None, typer.Option(help="Where it runs. [default: here]")] = None,
    port: Annotated[int | None, typer.Option(help="Its OSC port. [default: its own]")] = None,
    ardour_session: Annotated[
        Path | None, typer.Option(help="Folder of the session that is open in Ardour.")
    ] = None,
    reaper_path: Annotated[
        Path | None, typer.Option(help="REAPER's resource folder. [default: the system's]")
    ] = None,
    record_osc: Annotated[
        Path | None, typer.Option(help="Write all OSC to this file, for a bug report.")
    ] = None,
) -> None:
    context.obj = Where(daw, host, port, ardour_session, reaper_path, record_osc)


@contextmanager
def _link(context: typer.Context) -> Iterator[DawLink]:
    from ifx_bridge.daw.links import open_link
    from ifx_bridge.daw.wire import Wire

    where: Where = context.obj
    with ExitStack() as stack:
        link = open_link(where.daw, **where.options)
        stack.enter_context(link)
        wire = getattr(link, "wire", None)
        if where.record and isinstance(wire, Wire):
            stack.enter_context(wire.recording(where.record))
        yield link


def _print(data: Any) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False, default=str))


@app.command()
def probe(context: typer.Context, as_json: AsJson = False) -> None:
    """Look which DAWs answer at their ports, and say how that is known."""
    from ifx_bridge.daw.links import probes

    where: Where = context.obj
    found = dict(probes(**where.options))
    if as_json:
        _print([{"link": name, **asdict(p)} for name, p in found.items()])
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

    with _link(context) as link:
        rows = [(track, link.devices(track)) for track in link.tracks()]
    if as_json:
        _print([{**asdict(t), "devices": [asdict(d) for d in devices]} for t, devices in rows])
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

    with _link(context) as link:
        found = link.parameters(_device(link, track, device))
    if as_json:
        _print([asdict(p) for p in found])
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

    with _link(context) as link:
        chosen = _device(link, track, device)
        known = link.parameters(chosen)
        wanted = [_wanted(link, text, known) for text in values]
        with link.undo_step(f"IFX Bridge: {chosen.name}"):
            report = write(link, wanted)
    _tell(report, as_json)


@app.command()
def push(
    context: typer.Context,
    session: Annotated[Path, typer.Argument(help="A session.json, or its folder.")],
    track: TrackName,
    turn: Annotated[int | None, typer.Option(help="Which turn. [default: the current one]")] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="Take this device for an effect: eq=2.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--preview", help="Say what would be set, and set nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a turn's values into the devices of a track, and read each back."""
    from ifx_bridge.daw import push as pushing

    saved = _session(session)
    chain = saved.turn(turn).as_chain() if turn else saved.chain
    with _link(context) as link:
        plan = pushing.preview(link, link.track(track), chain, _chosen(device or []))
        if dry_run:
            _show(plan, as_json)
            return
        if not as_json:
            print(plan.summary)
        done = pushing.push(link, plan, title=f"IFX Bridge: turn {turn or saved.head}")
    _tell(done, as_json)


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

    out.mkdir(parents=True, exist_ok=True)
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
        with _link(context) as link:
            found = _recorded(link.transport, link.name, record, out, seconds)
    elif track is not None:
        with _link(context) as link:
            found = link.capture(link.track(track), out)
    else:
        raise UserError(
            "Nothing says what to capture.", next_step="Give --track, --watch or --record."
        )
    done, clip = kept(found)
    if as_json:
        _print({**asdict(done), "seconds": clip.seconds, "sample_rate": clip.sample_rate})
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
    as_json: AsJson = False,
) -> None:
    """Go from the turn before to a turn over time: as automation, or as a MIDI file."""
    from ifx_bridge.daw import automation, midi
    from ifx_bridge.daw import push as pushing

    saved = _session(session)
    index = turn or saved.head
    after = saved.turn(index)
    before = saved.turn(after.parent).as_chain() if after.parent else saved.go_to(0).chain
    first, last = automation.between(before, after.as_chain())
    with _link(context) as link:
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
        done = automation.run(link, ways, way)
    for text in lost:
        print(f"Mind: left out: {text}", file=sys.stderr)
    _tell(done, as_json)


@app.command()
def listen(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder of the session.")],
    track: Annotated[str, typer.Option("--track", help="Track to capture from and push to.")] = "",
    at: Annotated[int | None, typer.Option(help="Our OSC port. [default: 9123]")] = None,
    answer: Annotated[int, typer.Option(help="Where answers go.")] = 9124,
    bind: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    allow: Annotated[
        list[str] | None, typer.Option(help="Who may send, when it listens beyond this machine.")
    ] = None,
    midi_port: Annotated[str, typer.Option(help="MIDI input whose knobs give commands.")] = "",
    midi_map: Annotated[Path, typer.Option(help="What they do.")] = Path("ifx-midi.toml"),
) -> None:
    """Be controlled by OSC (/ifx/refine, /ifx/capture, /ifx/push, …) and MIDI until Ctrl+C."""
    import signal
    import threading
    import tomllib
    from contextlib import nullcontext

    from ifx_bridge.daw import midi, remote
    from ifx_bridge.daw.desk import Desk
    from ifx_bridge.daw.wire import Wire
    from ifx_bridge.engine import Engine

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    where: Where = context.obj
    port = at if at is not None else remote.TABLE.settings["port"]
    controls = midi.Controls()
    if midi_map.exists():
        controls = midi.Controls.of(tomllib.loads(midi_map.read_text("utf-8")).get("control", []))
    with ExitStack() as stack:
        opened = where.daw != "auto" or bool(track)
        link = stack.enter_context(_link(context)) if opened else None
        host = (allow or ["127.0.0.1"])[0]
        allowed = frozenset([*allow, "127.0.0.1"]) if allow else None
        wire = stack.enter_context(Wire((host, answer), port=port, bind=bind, allowed=allowed))
        desk = Desk(folder, Engine(), link, track, stopped.is_set)
        heard = stack.enter_context(midi.input(midi_port) if midi_port else nullcontext())
        made = remote.Remote(wire, desk, controls)
        print(f"Listening on {bind}:{wire.port}; answers go to {host}:{answer}. Ctrl+C ends.")
        try:
            remote.serve(made, stopped.is_set, heard)
        finally:
            made.close()


@app.command()
def learn(
    command: Annotated[str, typer.Argument(help="capture, undo, ab, push or amount.")],
    midi_port: Annotated[str, typer.Option(help="MIDI input.")],
    midi_map: Annotated[Path, typer.Option(help="Where it is kept.")] = Path("ifx-midi.toml"),
    seconds: Annotated[float, typer.Option(min=1, help="How long to wait.")] = 20.0,
) -> None:
    """Learn which knob or key gives a command: move it."""
    import time
    import tomllib

    from ifx_bridge.audio import atomic_path
    from ifx_bridge.daw import midi

    known = midi.Controls()
    if midi_map.exists():
        known = midi.Controls.of(tomllib.loads(midi_map.read_text("utf-8")).get("control", []))
    end = time.monotonic() + seconds
    with midi.input(midi_port) as port:
        print(f"Move the knob or press the key for {command!r}.")
        while time.monotonic() < end:
            for message in port.iter_pending():
                if message.type in ("control_change", "note_on", "program_change"):
                    with atomic_path(midi_map) as temporary:
                        temporary.write_text(known.learned(message, command).to_toml(), "utf-8")
                    print(f"{midi_map}: {message.type} gives {command!r}.")
                    return
            time.sleep(0.01)
    raise UserError("Nothing was moved.", kept="The map is as it was.")


@app.command()
def wiggle(
    midi_port: Annotated[str, typer.Option(help="MIDI output.")],
    number: Annotated[int, typer.Argument(min=1, help="Which lane of a ramp's MIDI file.")] = 1,
) -> None:
    """Move a controller up and down, for the DAW's MIDI learn to catch."""
    import time

    from ifx_bridge.daw import midi

    channel, control = midi.controller(number - 1)
    with midi.output(midi_port) as port:
        for message in midi.wiggle(channel, control):
            port.send(message)
            time.sleep(0.01)
    print(f"CC {control} on channel {channel + 1} was moved.")


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
    print("Two clicks remain:")
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


def _session(path: Path) -> Session:
    from ifx_bridge.session import load

    return load(path / "session.json" if path.is_dir() else path)


def _device(link: DawLink, track: str, name: str) -> Device:
    devices = link.devices(link.track(track))
    found = [d for d in devices if str(d.index) == name]
    found = found or [d for d in devices if d.name.lower() == name.lower()]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{d.index} {d.name}" for d in devices) or "none"
    what = f"{len(found)} devices are" if found else "No device is"
    raise UserError(f"{what} named {name!r} there.", next_step=f"There are: {known}.")


def _wanted(link: DawLink, text: str, known: tuple[DawParameter, ...]) -> Any:
    from ifx_bridge.daw.link import Can
    from ifx_bridge.daw.units import quantity
    from ifx_bridge.daw.writing import Wanted

    name, equals, value = text.rpartition("=")
    found = [p for p in known if p.name.lower() == name.strip().lower()]
    found = found or [p for p in known if str(p.index) == name.strip()]
    if not equals or not found:
        raise UserError(
            f"{text!r} sets nothing.",
            kept="Nothing was changed.",
            next_step="Write NAME=VALUE; ifx-bridge daw parameters lists the names.",
        )
    parameter = found[0]
    for number, choice in parameter.choices:
        if choice.lower() == value.strip().lower():
            return Wanted(parameter, number, title=text)
    try:
        return Wanted(parameter, float(value), title=text)
    except ValueError:
        display = quantity(value)
    if display is None:
        raise UserError(f"{value!r} is no number.", kept="Nothing was changed.")
    from ifx_bridge.daw.stock import with_slack

    link.capabilities.need(Can.TEXTS)
    return Wanted(parameter, display=with_slack(display), title=text)


def _chosen(texts: list[str]) -> dict[str, int]:
    chosen = {}
    for text in texts:
        fx, _, index = text.partition("=")
        if not index.isdecimal():
            raise UserError(f"{text!r} names no device.", next_step="Write EFFECT=NUMBER: eq=2.")
        chosen[fx.strip()] = int(index)
    return chosen


def _show(plan: Preview, as_json: bool) -> None:
    if as_json:
        rows = [
            {"device": part.device.name, "name": w.parameter.name, "title": w.title,
             "value": None if w.display else w.value,
             "display": str(w.display) if w.display else None}
            for part in plan.parts for w in part.wanted
        ]  # fmt: skip
        left_out = [text for part in plan.parts for text in part.left_out]
        _print({"summary": plan.summary, "parameters": rows, "missing": plan.missing,
                "left_out": left_out, "notes": plan.notes})  # fmt: skip
        return
    print(plan.summary)
    for part in plan.parts:
        for want in part.wanted:
            value = str(want.display) if want.display else f"{want.value:g}"
            print(f"  {part.device.name}, {want.parameter.name}: {value} ({want.title})")
        for text in part.left_out:
            print(f"  left out: {text}")
    for text in (*plan.missing, *plan.notes):
        print(f"Mind: {text}")


def _tell(report: PushReport, as_json: bool) -> None:
    counts = {s: len(report.of(s)) for s in ("confirmed", "unconfirmed", "refused")}
    if as_json:
        rows = [
            {"device": w.parameter.device, "name": w.parameter.name, "title": w.title,
             "wanted": w.wanted, "found": w.found, "display": w.text, "status": w.status,
             "reason": w.reason}
            for w in report.writes
        ]  # fmt: skip
        _print({**counts, "writes": rows, "notes": report.notes, "seconds": report.seconds})
    else:
        said = ", ".join(f"{n} {what}" for what, n in counts.items() if n) or "nothing to set"
        print(f"{said} in {report.seconds:.2f} s")
        for w in report.writes:
            if w.status != "confirmed":
                print(f"  {w.parameter.name} ({w.title}): {w.status}, {w.reason}")
        for text in report.notes:
            print(f"Mind: {text}")
    if not report.done:
        raise typer.Exit(UNCONFIRMED)
