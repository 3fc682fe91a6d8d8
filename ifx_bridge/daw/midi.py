"""MIDI: ramps as files, controllers out, transport and commands in. It may be missing: then not."""

from __future__ import annotations

import math
import time
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ifx_bridge.audio import atomic_path
from ifx_bridge.daw.automation import Lane, Ramp, points
from ifx_bridge.daw.link import Scene, Transport
from ifx_bridge.errors import UserError

# Controllers 0 to 31 have their low half at 32 to 63. Those with a meaning of their own are left
# out: bank, modulation, breath, foot, portamento, data entry, volume, balance, pan, expression.
FREE = tuple(n for n in range(32) if n not in (0, 1, 2, 4, 5, 6, 7, 8, 10, 11))
CHANNELS = 16
HIGHEST = 2**14 - 1
TICKS_PER_BEAT = 960
# Beats a minute: slower ones do not fit into the file, faster ones are no music.
SLOWEST, FASTEST = 4, 1000
CLOCKS_PER_BEAT = 24
# Song position counts sixteenths.
SIXTEENTHS_PER_BEAT = 4
WIGGLE_STEPS = 16
# Times a second: MIDI's own wire takes 1,000 messages in that time.
STREAM_RATE = 50


def controller(index: int) -> tuple[int, int]:
    """Channel (from 0) and controller of the n-th lane.

    Raises:
        UserError: There are too many.
    """
    if not 0 <= index < len(FREE) * CHANNELS:
        raise UserError(f"At most {len(FREE) * CHANNELS} parameters fit into one MIDI file.")
    return index // len(FREE), FREE[index % len(FREE)]


def fourteen(value: float, low: float, high: float) -> int:
    """A value as 14 bits of its range."""
    share = (value - low) / (high - low)
    return round(HIGHEST * min(1.0, max(0.0, share)))


def cc14(channel: int, control: int, value: int) -> list[Any]:
    """The two messages of a 14-bit controller, high half first as receivers want it."""
    from mido import Message

    return [
        Message("control_change", channel=channel, control=control, value=value >> 7),
        Message("control_change", channel=channel, control=control + 32, value=value & 127),
    ]


def nrpn(channel: int, number: int, value: int) -> list[Any]:
    """The four messages of a non-registered parameter, 14 bits each."""
    from mido import Message

    rows = ((99, number >> 7), (98, number & 127), (6, value >> 7), (38, value & 127))
    return [Message("control_change", channel=channel, control=c, value=v) for c, v in rows]


def write_file(path: Path, ways: Sequence[Lane], ramp: Ramp, tempo: float = 120.0) -> Path:
    """Write a ramp as a standard MIDI file: a track for each parameter, 14-bit controllers.

    The file begins where the ramp does; put it there.

    Args:
        path: Where.
        ways: The lanes; the n-th uses `controller(n)`.
        ramp: Length and curve.
        tempo: Of the project, in beats a minute.

    Raises:
        UserError: It cannot be written, there are too many lanes, or MIDI has no such tempo.
    """
    import mido

    if not SLOWEST <= tempo <= FASTEST:
        raise UserError(
            f"A MIDI file cannot have {tempo:g} beats a minute.",
            kept="No file was written.",
            next_step=f"Give a tempo from {SLOWEST} to {FASTEST}.",
        )
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    head = mido.MidiTrack()
    head.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo)))
    file.tracks.append(head)
    for index, lane in enumerate(ways):
        channel, control = controller(index)
        track = mido.MidiTrack()
        name = f"{lane.parameter.name} (CC {control}/{control + 32}, channel {channel + 1})"
        track.append(mido.MetaMessage("track_name", name=name.encode("ascii", "replace").decode()))
        at, last = 0, None
        for point in points(lane, replace(ramp, start_seconds=0.0)):
            value = fourteen(point.value, lane.parameter.low, lane.parameter.high)
            if value == last:
                continue
            tick = round(point.seconds * tempo / 60 * TICKS_PER_BEAT)
            for message in cc14(channel, control, value):
                track.append(message.copy(time=tick - at))
                at = tick
            last = value
        file.tracks.append(track)
    try:
        with atomic_path(path) as temporary:
            file.save(temporary)
    except OSError as error:
        raise UserError(
            f"{path} could not be written ({error.strerror or error}).",
            kept="What was there before is untouched.",
            next_step="Choose another place, or free some space.",
        ) from error
    return path


def wiggle(channel: int, control: int) -> list[Any]:
    """A controller moved up and down, for a DAW's MIDI learn to catch."""
    up = [round(HIGHEST * n / WIGGLE_STEPS) for n in range(WIGGLE_STEPS + 1)]
    return [m for value in (*up, *reversed(up)) for m in cc14(channel, control, value)]


def stream(
    port: Any,
    ways: Sequence[Lane],
    ramp: Ramp,
    *,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Send a ramp live, as 14-bit controllers; what does not change is not sent again.

    Args:
        port: mido's output.
        ways: The lanes; the n-th uses `controller(n)`.
        ramp: Length and curve; it begins now.
        wait: Waits so many seconds.
        clock: Seconds that only go forward.
        cancelled: Asked all the time; the controllers stay where they are then.

    Raises:
        UserError: There are too many lanes.
    """
    places = [controller(index) for index in range(len(ways))]
    began, last = clock(), dict[int, int]()
    while not cancelled():
        share = min(1.0, (clock() - began) / ramp.seconds)
        for index, lane in enumerate(ways):
            value = fourteen(lane.value(share, ramp.curve), lane.parameter.low, lane.parameter.high)
            if last.get(index) != value:
                last[index] = value
                for message in cc14(*places[index], value):
                    port.send(message)
        if share >= 1:
            return
        wait(1 / STREAM_RATE)


# Ports.


@contextmanager
def output(name: str, virtual: bool = False) -> Iterator[Any]:
    """An open output port; a virtual one is made where the system allows it (not on Windows).

    Raises:
        UserError: There is no MIDI here, or no such port.
    """
    port = _opened("open_output", name, virtual)
    try:
        yield port
    finally:
        port.close()


@contextmanager
def input(name: str, virtual: bool = False) -> Iterator[Any]:
    """An open input port, likewise."""
    port = _opened("open_input", name, virtual)
    try:
        yield port
    finally:
        port.close()


def port_names() -> tuple[list[str], list[str]]:
    """Names of the inputs and the outputs; both empty where there is no MIDI."""
    import mido

    try:
        return list(mido.get_input_names()), list(mido.get_output_names())
    except Exception:  # rtmidi raises a SystemError of its own where ALSA has no sequencer
        return [], []


def _opened(opener: str, name: str, virtual: bool) -> Any:
    import mido

    inputs, outputs = port_names()
    known = inputs if opener == "open_input" else outputs
    # Numbers at the end of a port's name change from start to start.
    full = name if virtual else next((n for n in known if n == name or n.startswith(name)), name)
    try:
        return getattr(mido, opener)(full, virtual=virtual)
    except Exception as error:
        there = ", ".join(known) or "none; on Windows, make one with loopMIDI"
        raise UserError(
            f"The MIDI port {name!r} cannot be opened ({error}).", next_step=f"There are: {there}."
        ) from error


# Transport.


@dataclass(frozen=True)
class Clock:
    """What MIDI clock, song position and MMC have said so far; `heard` gives the next state.

    Attributes:
        playing: Whether it rolls.
        recording: Whether MMC has said so.
        clocks: Since the beginning of the song.
        tempo: In beats a minute, from the clocks' distances; None until there are some.
        at: When the last clock came, in seconds.
        located: Seconds of an MMC locate, while no tempo says how many clocks that is.
    """

    playing: bool = False
    recording: bool = False
    clocks: int = 0
    tempo: float | None = None
    at: float | None = None
    located: float | None = None

    def heard(self, message: Any, now: float) -> Clock:
        """After a message.

        Args:
            message: mido's.
            now: Seconds of a clock that only goes forward.
        """
        match message.type:
            case "clock":
                return self._ticked(now)
            case "start":
                return replace(self, playing=True, clocks=0, at=None, located=None)
            case "continue":
                return replace(self, playing=True, at=None)
            case "stop":
                return replace(self, playing=False, recording=False, at=None)
            case "songpos":
                clocks = message.pos * CLOCKS_PER_BEAT // SIXTEENTHS_PER_BEAT
                return replace(self, clocks=clocks, located=None)
            case "sysex":
                return self._machine(tuple(message.data))
        return self

    def _ticked(self, now: float) -> Clock:
        tempo = self.tempo
        if self.at is not None and 0.002 < now - self.at < 0.2:
            found = 60 / (CLOCKS_PER_BEAT * (now - self.at))
            # Clocks jitter by milliseconds: a slow mean, quicker while it is far off.
            weight = 0.05 if tempo and abs(found / tempo - 1) < 0.2 else 0.3
            tempo = found if tempo is None else tempo + weight * (found - tempo)
        return replace(self, clocks=self.clocks + self.playing, tempo=tempo, at=now)

    def _machine(self, data: tuple[int, ...]) -> Clock:
        """MMC: 7F, device, 06, command."""
        if len(data) < 4 or data[0] != 0x7F or data[2] != 0x06:
            return self
        match data[3]:
            case 0x01 | 0x09:
                return replace(self, playing=False, recording=False)
            case 0x02 | 0x03:
                return replace(self, playing=True)
            case 0x06:
                return replace(self, playing=True, recording=True)
            case 0x07:
                return replace(self, recording=False)
            case 0x44 if len(data) >= 11 and data[5] == 0x01:
                rate = (24, 25, 29.97, 30)[data[6] >> 5 & 3]
                hours, minutes, seconds, frames = data[6] & 31, data[7], data[8], data[9]
                at = 3600 * hours + 60 * minutes + seconds + (frames & 31) / rate
                if self.tempo is None:
                    return replace(self, located=at)
                clocks = round(at * self.tempo / 60 * CLOCKS_PER_BEAT)
                return replace(self, clocks=clocks, located=None)
        return self

    @property
    def transport(self) -> Transport:
        """The same as a link says it."""
        seconds = self.located
        if seconds is None and self.tempo:
            seconds = self.clocks / CLOCKS_PER_BEAT * 60 / self.tempo
        tempo = None if self.tempo is None or math.isnan(self.tempo) else self.tempo
        return Transport(self.playing, self.recording, seconds, tempo)


class Follower:
    """The transport as an open input port tells it.

    Args:
        port: mido's.
    """

    def __init__(self, port: Any) -> None:
        self._port, self._clock = port, Clock()

    def transport(self) -> Transport:
        """After everything that has come until now."""
        for message in self._port.iter_pending():
            self._clock = self._clock.heard(message, time.monotonic())
        return self._clock.transport

    def scene(self) -> Scene:
        """The transport, as `Follow` looks at it."""
        return Scene(self.transport())


# Learning.

KINDS = ("control_change", "note_on", "program_change")
COMMANDS = ("capture", "undo", "redo", "ab", "push", "amount")


@dataclass(frozen=True)
class Control:
    """One knob, key or pad of a controller, and the command that it gives.

    Attributes:
        kind: One of `KINDS`.
        channel: From 0.
        number: Of the controller, note or program, 0 to 127.
        command: One of `COMMANDS`, or of the window's.

    Raises:
        TypeError, ValueError: No message of MIDI can be so.
    """

    kind: str
    channel: int
    number: int
    command: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is none of {', '.join(KINDS)}")
        for name, value, end in (("channel", self.channel, CHANNELS), ("number", self.number, 128)):
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name} is {value!r}, which is no whole number")
            if not 0 <= value < end:
                raise ValueError(f"{name} is {value}, outside 0 to {end - 1}")


@dataclass(frozen=True)
class Controls:
    """What was learned; kept in a small TOML file."""

    rows: tuple[Control, ...] = ()

    def learned(self, message: Any, command: str, known: Collection[str] = COMMANDS) -> Controls:
        """With one more; what the knob did before is forgotten.

        Args:
            message: Of mido's.
            command: What it shall do.
            known: All commands that there are.

        Raises:
            UserError: There is no such command, or the message is of no use for one.
        """
        if command not in known:
            raise UserError(
                f"There is no command {command!r}.", next_step=f"Known: {', '.join(known)}."
            )
        place = _place(message)
        if place is None:
            raise UserError(
                f"{message.type} cannot be learned.", next_step="Move a knob, or play a key."
            )
        kept = tuple(r for r in self.rows if (r.kind, r.channel, r.number) != place)
        return Controls((*kept, Control(*place, command)))

    def command(self, message: Any) -> tuple[str, float] | None:
        """The command of a message, and its value 0 to 1; None when it has none.

        Releasing a key or a button gives no command.
        """
        place = _place(message)
        for row in self.rows:
            if (row.kind, row.channel, row.number) == place:
                value = getattr(message, "value", getattr(message, "velocity", 127)) / 127
                return (row.command, value) if value > 0 or row.command == "amount" else None
        return None

    def to_toml(self) -> str:
        """As it is kept."""
        return "".join(
            f'[[control]]\nkind = "{r.kind}"\nchannel = {r.channel}\nnumber = {r.number}\n'
            f'command = "{r.command}"\n\n'
            for r in self.rows
        )

    @classmethod
    def read(cls, path: Path) -> Controls:
        """From its file; none where there is none yet.

        Raises:
            UserError: It is damaged, or something in it is wrong.
        """
        if not path.exists():
            return cls()
        try:
            rows = tomllib.loads(path.read_text("utf-8")).get("control", [])
            return cls.of(rows)
        except (OSError, ValueError, UserError) as error:
            raise UserError(
                f"{path} is no map of MIDI controls: {error}",
                kept="It is as it was.",
                next_step="Mend it, or choose another with --midi-map.",
            ) from error

    @classmethod
    def of(cls, rows: Iterable[dict[str, Any]], known: Collection[str] = COMMANDS) -> Controls:
        """From the file's rows.

        Raises:
            UserError: One of them is wrong.
        """
        try:
            found = tuple(Control(**row) for row in rows)
        except (TypeError, ValueError) as error:
            raise UserError(f"The MIDI map is damaged: {error}.") from error
        for row in found:
            if row.command not in known:
                raise UserError(f"The MIDI map names a command {row.command!r}, which is not one.")
        return cls(found)


def _place(message: Any) -> tuple[str, int, int] | None:
    match message.type:
        case "control_change":
            return message.type, message.channel, message.control
        case "note_on" | "note_off":
            return "note_on", message.channel, message.note
        case "program_change":
            return message.type, message.channel, message.program
    return None
