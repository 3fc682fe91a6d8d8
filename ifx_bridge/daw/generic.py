"""Any program that speaks OSC or MIDI, by a map that the user writes: a small TOML file.

name = "Bitwig"
port = 8000                     # where it listens; host, listen (our port) and rate may be given
ask = "/refresh"                # what makes it send its values, if anything does
midi_port = "IAC"               # for parameters that go by MIDI
play = "/play on:i"             # sent with 1; stop likewise

[[parameter]]
track = "Vox"
device = "EQ"
name = "High gain"
low = -12.0                     # in the unit that you think in
high = 12.0
wire = [0, 1]                   # what goes over the wire for low and high; else the same
send = "/device/param/3/value value:f"
answer = "/device/param/3/value value:f"    # what it says back; without it, nothing is confirmed

[[parameter]]
track = "Vox"
device = "Comp"
name = "Threshold"
low = -60.0
high = 0.0
cc = { channel = 1, control = 20 }          # or nrpn = { channel = 1, number = 300 }
"""

from __future__ import annotations

import threading
import time
import tomllib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ifx_bridge.daw import midi
from ifx_bridge.daw.link import (
    Can,
    Capabilities,
    DawLink,
    DawParameter,
    Device,
    Probe,
    Reading,
    Track,
)
from ifx_bridge.daw.osc import Address, Message
from ifx_bridge.daw.wire import LOOPBACK, Wire
from ifx_bridge.errors import UserError

UNCONFIRMABLE = "The map gives no answers: add `answer` to its parameters."


@dataclass(frozen=True)
class Row:
    """One parameter of a map; see the top of this file."""

    track: str
    device: str
    name: str
    low: float
    high: float
    wire: tuple[float, float]
    step: float = 0.0
    send: Address | None = None
    answer: Address | None = None
    cc: tuple[int, int] | None = None
    nrpn: tuple[int, int] | None = None

    @classmethod
    def of(cls, data: dict[str, Any]) -> Row:
        """From the file.

        Raises:
            ValueError: It is wrong, and how.
        """
        data = dict(data)
        low, high = float(data.pop("low", 0.0)), float(data.pop("high", 1.0))
        first, last = data.pop("wire", (low, high))
        sides: dict[str, Any] = {
            k: _address(k, data.pop(k)) for k in ("send", "answer") if k in data
        }
        for address in sides.values():
            if [name for name, _ in address.arguments] != ["value"]:
                raise ValueError(f"{address.pattern} must end in value:f or value:i alone")
        for kind, number in (("cc", "control"), ("nrpn", "number")):
            if kind in data:
                row = data.pop(kind)
                most = 31 if kind == "cc" else midi.HIGHEST
                sides[kind] = (
                    int(_number("channel", row["channel"], 1, midi.CHANNELS)) - 1,
                    int(_number(number, row[number], 0, most)),
                )
        if len({"send", "cc", "nrpn"} & set(sides)) != 1:
            raise ValueError("it needs one of send, cc and nrpn")
        if not low < high or first == last:
            raise ValueError(f"it cannot go from {low} to {high}")
        return cls(low=low, high=high, wire=(float(first), float(last)), **data, **sides)

    def out(self, value: float) -> float:
        """A value as it goes over the wire."""
        first, last = self.wire
        return first + (value - self.low) / (self.high - self.low) * (last - first)

    def back(self, wired: float) -> float:
        """What came over the wire as a value."""
        first, last = self.wire
        return self.low + (wired - first) / (last - first) * (self.high - self.low)


@dataclass(frozen=True)
class Map:
    """A whole map."""

    name: str
    host: str
    port: int
    listen: int
    rate: float
    ask: str
    midi_port: str
    play: Address | None
    stop: Address | None
    rows: tuple[Row, ...]

    @classmethod
    def load(cls, path: Path) -> Map:
        """Read a file.

        Raises:
            UserError: It is missing, or something in it is wrong.
        """
        try:
            data = tomllib.loads(path.read_text("utf-8"))
            rows = []
            for number, row in enumerate(data.get("parameter", []), 1):
                try:
                    rows.append(Row.of(row))
                except (ValueError, TypeError, KeyError) as error:
                    raise ValueError(f"parameter {number}: {error}") from error
            if not rows:
                raise ValueError("it has no parameters")
            roll = {k: _address(k, data[k]) if k in data else None for k in ("play", "stop")}
            return cls(
                name=str(data.get("name", path.stem)),
                host=str(data.get("host", LOOPBACK)),
                port=int(_number("port", data.get("port", 8000), 1, 65535)),
                listen=int(_number("listen", data.get("listen", 0), 0, 65535)),
                rate=_number("rate", data.get("rate", 30), 0.1, 1000),
                ask=_address("ask", data["ask"]).pattern if data.get("ask") else "",
                midi_port=str(data.get("midi_port", "")),
                rows=tuple(rows),
                **roll,
            )
        except (OSError, ValueError, TypeError) as error:
            raise UserError(
                f"{path.name} is no map of a DAW: {error}.",
                next_step="Its form stands in docs/daw-map.md.",
            ) from error


def _address(name: str, text: Any) -> Address:
    """An address of a map.

    Raises:
        ValueError: It cannot be sent to.
    """
    if not isinstance(text, str) or not text.startswith("/"):
        raise ValueError(f"{name} is {text!r}; an address begins with a slash")
    if {"{", "}"} & set(text):
        raise ValueError(f"{name} is {text!r}; a map's addresses have no braces")
    return Address.parse(name, text)


def _number(name: str, value: Any, low: float, high: float) -> float:
    """A number of a map.

    Raises:
        ValueError: It is outside of what is possible, or no number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}; it goes from {low:g} to {high:g}")
    return value


class GenericLink(DawLink):
    """A program by a map of the user's.

    Args:
        path: The map.
    """

    def __init__(self, path: Path, *, settle_seconds: float = 0.1) -> None:
        self.map = Map.load(path)
        self.name, self.settle_seconds = self.map.name, settle_seconds
        self._stack = ExitStack()
        self.wire = self._stack.enter_context(
            Wire((self.map.host, self.map.port), port=self.map.listen, rate=self.map.rate)
        )
        self._midi: Any = None
        if any(row.send is None for row in self.map.rows):
            try:
                self._midi = self._stack.enter_context(midi.output(self.map.midi_port))
            except UserError:
                self._stack.close()
                raise
        self._lock = threading.Lock()
        self._values: dict[int, tuple[float, float]] = {}  # value, when it came
        self._sent: dict[int, float] = {}
        self.wire.listen(self._heard)
        # Places in order of first mention.
        self._tracks = list(dict.fromkeys(row.track for row in self.map.rows))
        self._devices = list(dict.fromkeys((row.track, row.device) for row in self.map.rows))

    @property
    def capabilities(self) -> Capabilities:
        """What the map tells of."""
        can = {Can.TRACKS, Can.DEVICES, Can.SET}
        if all(row.answer for row in self.map.rows):
            can |= {Can.READ_BACK}
        why_not = {Can.READ_BACK: UNCONFIRMABLE}
        others = set(Can) - can - {Can.READ_BACK}
        return Capabilities(
            frozenset(can), {**why_not, **dict.fromkeys(others, "The map does not tell of it.")}
        )

    def close(self) -> None:
        """Free the ports."""
        self._stack.close()

    def probe(self) -> Probe:
        """By any value that comes back when asked."""
        answers = self.wire.ask(Message(self.map.ask), timeout=0.5, until=lambda m: True) if (
            self.map.ask
        ) else []  # fmt: skip
        how = f"it answered {self.map.ask}" if answers else "nothing has come back; values are sent"
        return Probe(self.name, self.map.host, self.map.port, bool(answers), how)

    def play(self) -> None:
        """Let it roll, where the map says how."""
        self._roll(self.map.play)

    def stop(self) -> None:
        """Stop it."""
        self._roll(self.map.stop)

    def _roll(self, address: Address | None) -> None:
        if address is None:
            raise self._cannot(Can.TRANSPORT)
        self.wire.send(address.message({name: 1 for name, _ in address.arguments}))

    def tracks(self) -> tuple[Track, ...]:
        """Those of the map."""
        return tuple(Track(i, name) for i, name in enumerate(self._tracks, 1))

    def devices(self, track: Track) -> tuple[Device, ...]:
        """Those of the map."""
        mine = [device for name, device in self._devices if name == track.name]
        return tuple(Device(track.index, i, name) for i, name in enumerate(mine, 1))

    def parameters(self, device: Device) -> tuple[DawParameter, ...]:
        """Those of the map; a value that is not known yet stands at the lower end."""
        place = (self._tracks[device.track - 1], device.name)
        return tuple(
            DawParameter(
                device.track, device.index, number, row.name, row.low, row.high,
                self._values.get(number, (row.low, 0.0))[0], step=row.step,
            )
            for number, row in enumerate(self.map.rows, 1)
            if (row.track, row.device) == place
        )  # fmt: skip

    def set(self, values: Sequence[tuple[DawParameter, float]]) -> None:
        """Send values over OSC or MIDI."""
        self.wire.forget()
        for parameter, value in values:
            row = self.map.rows[parameter.index - 1]
            with self._lock:
                self._sent[parameter.index] = time.monotonic()
            if row.send is not None:
                self.wire.put(row.send.message({"value": row.out(value)}))
                continue
            number = midi.fourteen(row.out(value), *sorted(row.wire))
            if row.cc:
                messages = midi.cc14(*row.cc, number)
            else:
                messages = midi.nrpn(*(row.nrpn or (0, 0)), number)
            for message in messages:
                self._midi.send(message)
        self.wire.flushed()

    def read(
        self, parameters: Iterable[DawParameter], texts: bool = False
    ) -> dict[tuple[int, int, int], Reading]:
        """What has come back since the value was sent."""
        self.capabilities.need(Can.READ_BACK)
        if self.map.ask:
            self.wire.ask(Message(self.map.ask), timeout=self.settle_seconds)
        with self._lock:
            return {
                p.key: Reading(self._values[p.index][0])
                for p in parameters
                if p.index in self._values
                and self._values[p.index][1] >= self._sent.get(p.index, 0.0)
            }

    def _heard(self, message: Message) -> None:
        for number, row in enumerate(self.map.rows, 1):
            if row.answer and (found := row.answer.read(message)):
                with self._lock:
                    self._values[number] = (row.back(found["value"]), time.monotonic())
