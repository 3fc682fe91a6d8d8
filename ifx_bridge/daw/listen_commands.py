"""The commands of `ifx-bridge daw` for being controlled: listen, learn, wiggle."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ifx_bridge.daw.command_parts import Where, app, link_of
from ifx_bridge.errors import UserError


@app.command()
def listen(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder of the session.")],
    track: Annotated[
        str, typer.Option("--track", help="To capture from and push to. [default: the selected]")
    ] = "",
    at: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Our OSC port. [default: 9123]")
    ] = None,
    answer: Annotated[int, typer.Option(min=1, max=65535, help="Where answers go.")] = 9124,
    bind: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    allow: Annotated[
        list[str] | None, typer.Option(help="Who may send, when it listens beyond this machine.")
    ] = None,
    midi_port: Annotated[str, typer.Option(help="MIDI input whose knobs give commands.")] = "",
    midi_map: Annotated[Path, typer.Option(help="What they do.")] = Path("ifx-midi.toml"),
    midi_clock: Annotated[
        str, typer.Option(help="MIDI input whose clock, MMC and song position say what rolls.")
    ] = "",
    query: Annotated[
        bool, typer.Option("--oscquery/--no-oscquery", help="Say by HTTP what can be sent.")
    ] = True,
) -> None:
    """Be controlled by OSC (/ifx/refine, /ifx/capture, /ifx/push, …) and MIDI until Ctrl+C."""
    import signal
    import threading
    from contextlib import ExitStack, nullcontext

    from ifx_bridge.daw import follow, midi, oscquery, remote
    from ifx_bridge.daw.desk import Desk
    from ifx_bridge.daw.wire import Wire
    from ifx_bridge.engine import Engine

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    where: Where = context.obj
    port = at if at is not None else remote.TABLE.settings["port"]
    controls = midi.Controls.read(midi_map)
    with ExitStack() as stack:
        opened = where.daw != "auto" or bool(track)
        link = stack.enter_context(link_of(context)) if opened else None
        host = (allow or ["127.0.0.1"])[0]
        allowed = frozenset([*allow, "127.0.0.1"]) if allow else None
        wire = stack.enter_context(Wire((host, answer), port=port, bind=bind, allowed=allowed))
        desk = Desk(folder, Engine(), link, track or "selected", stopped.is_set)
        heard = stack.enter_context(midi.input(midi_port) if midi_port else nullcontext())
        made = remote.Remote(wire, desk, controls)
        if midi_clock:
            clock = midi.Follower(stack.enter_context(midi.input(midi_clock)))
            stack.enter_context(follow.Follow(clock.scene, remote.Announcer(made.say)))
        elif link is not None:
            stack.enter_context(follow.Follow(link.scene, remote.Announcer(made.say)))
        if query:
            try:
                asked = oscquery.OscQuery(remote.TABLE, wire.port, bind=bind)
                stack.callback(asked.close)
                print(f"OSCQuery: http://{bind}:{asked.port}")
            except UserError as error:
                print(error, file=sys.stderr)
        print(f"Listening on {bind}:{wire.port}; answers go to {host}:{answer}. Ctrl+C ends.")
        try:
            remote.serve(made, stopped.is_set, heard)
        finally:
            made.close()


@app.command()
def learn(
    command: Annotated[str, typer.Argument(help="capture, undo, redo, ab, push or amount.")],
    midi_port: Annotated[str, typer.Option(help="MIDI input.")],
    midi_map: Annotated[Path, typer.Option(help="Where it is kept.")] = Path("ifx-midi.toml"),
    seconds: Annotated[float, typer.Option(min=1, help="How long to wait.")] = 20.0,
) -> None:
    """Learn which knob or key gives a command: move it."""
    import time

    from ifx_bridge.daw import midi

    known = midi.Controls.read(midi_map)
    end = time.monotonic() + seconds
    with midi.input(midi_port) as port:
        print(f"Move the knob or press the key for {command!r}.")
        while time.monotonic() < end:
            for message in port.iter_pending():
                if message.type in midi.KINDS:
                    _write(midi_map, known.learned(message, command).to_toml())
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


def _write(path: Path, text: str) -> None:
    from ifx_bridge.audio import atomic_path

    try:
        with atomic_path(path) as temporary:
            temporary.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(
            f"{path} could not be written ({error.strerror or error}).",
            kept="What was learned before is untouched.",
            next_step="Choose another file with --midi-map, or free some space.",
        ) from error
