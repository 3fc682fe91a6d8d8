"""OSC as values: messages, the one encoder and decoder, and tables of addresses.

Bytes are made and read by python-osc. What a DAW's addresses are stands in `addresses/*.toml`, one
line each: the address, then its arguments as `name:type`. Braces in the address are its wildcards:

    [out]
    set_parameter = "/track/{track}/fx/{device}/fxparam/{parameter}/value value:f"

Types are `f` float, `i` integer, `s` text and `*` for all that is left.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

Value = float | int | str | bytes | bool | None

# REAPER drops longer messages, and the rest of the queue with them.
LONGEST = 1024
# Ardour answers some questions with an address that OSC does not allow.
ARDOUR_REPLY, PLAIN_REPLY = b"#reply\0\0", b"/reply\0\0"


class NotOsc(ValueError):
    """A datagram that cannot be read, or a message that cannot be written."""


@dataclass(frozen=True)
class Message:
    """One OSC message.

    Attributes:
        address: Begins with a slash.
        args: Numbers, texts, bytes, truth values or None.
    """

    address: str
    args: tuple[Value, ...] = ()

    @property
    def key(self) -> tuple[Any, ...]:
        """What the message is about: all but its last argument, which is the value."""
        return (self.address, *self.args[:-1])

    def __str__(self) -> str:
        return " ".join([self.address, *(repr(a) if isinstance(a, str) else str(a)
                                         for a in self.args)])  # fmt: skip


def encode(message: Message, longest: int = LONGEST) -> bytes:
    """The datagram of a message.

    Raises:
        NotOsc: It cannot be written, or it would be longer than `longest` bytes.
    """
    from pythonosc.osc_message_builder import BuildError, OscMessageBuilder

    if not message.address.startswith("/"):
        raise NotOsc(f"{message.address!r} is no OSC address")
    builder = OscMessageBuilder(message.address)
    try:
        for value in message.args:
            builder.add_arg(value)
        data: bytes = builder.build().dgram
    except (BuildError, ValueError, TypeError) as error:
        raise NotOsc(f"{message} cannot be written: {error}") from error
    if len(data) > longest:
        raise NotOsc(f"{message.address} would take {len(data)} bytes; {longest} are possible")
    return data


def bundles(messages: Sequence[Message], longest: int = LONGEST) -> list[bytes]:
    """Datagrams of many messages, as few as hold them, in their order.

    Raises:
        NotOsc: One of them cannot be written.
    """
    head = b"#bundle\0" + (1).to_bytes(8, "big")  # at once
    made = [bytearray(head)]
    for message in messages:
        data = encode(message, longest - len(head) - 4)
        if len(made[-1]) + 4 + len(data) > longest:
            made.append(bytearray(head))
        made[-1] += len(data).to_bytes(4, "big") + data
    return [bytes(datagram) for datagram in made if len(datagram) > len(head)]


def decode(datagram: bytes) -> tuple[Message, ...]:
    """The messages of a datagram, those in bundles in their order; timetags are not looked at.

    Raises:
        NotOsc: It is damaged, or something else.
    """
    from pythonosc.osc_packet import OscPacket

    if datagram.startswith(ARDOUR_REPLY):
        datagram = PLAIN_REPLY + datagram[len(ARDOUR_REPLY) :]
    try:
        found = [timed.message for timed in OscPacket(datagram).messages]
        return tuple(Message(m.address, tuple(_plain(p) for p in m.params)) for m in found)
    except Exception as error:  # whatever a parser of foreign bytes stumbles over
        raise NotOsc(f"no OSC ({type(error).__name__})") from error


def _plain(value: Any) -> Value:
    if value is None or isinstance(value, float | int | str | bytes | bool):
        return value
    return str(value)


@dataclass(frozen=True)
class Address:
    """One line of a table.

    Attributes:
        name: What it is called in the code.
        pattern: Address with wildcards in braces.
        arguments: Names and types in order.
    """

    name: str
    pattern: str
    arguments: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, name: str, text: str) -> Address:
        """From a table's line."""
        pattern, *rest = text.split()
        arguments = tuple((a, kind) for a, _, kind in (word.partition(":") for word in rest))
        for argument, kind in arguments:
            if not argument or kind not in ("f", "i", "s", "*"):
                raise ValueError(f"{name}: {argument}:{kind} is no argument")
        return cls(name, pattern, arguments)

    def message(self, values: Mapping[str, Any]) -> Message:
        """A message to it; every wildcard and argument must be given.

        Arguments get the type that the table says: REAPER ignores an integer where a float stands.
        """
        args: list[Value] = []
        for argument, kind in self.arguments:
            if kind == "*":
                args.extend(values[argument])
            else:
                args.append({"f": float, "i": int, "s": str}[kind](values[argument]))
        return Message(self.pattern.format_map(values), tuple(args))

    def read(self, message: Message) -> dict[str, Any] | None:
        """Wildcards (numbers where they are) and arguments by name; None if it is another's."""
        match = _regex(self.pattern).fullmatch(message.address)
        if match is None:
            return None
        parts = match.groupdict()
        found: dict[str, Any] = {k: int(v) if v.isdecimal() else v for k, v in parts.items()}
        rest = list(message.args)
        for argument, kind in self.arguments:
            if kind == "*":
                found[argument], rest = rest, []
            elif not rest:
                return None
            else:
                value = rest.pop(0)
                number = isinstance(value, float | int)
                if number == (kind == "s"):
                    return None
                found[argument] = {"f": float, "i": int, "s": str}[kind](value)
        return found


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern)
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", escaped))


@dataclass(frozen=True)
class Table:
    """The addresses of one program.

    Attributes:
        out: What is sent to it, by name.
        into: What comes from it, by name.
        settings: The other entries: ports, rates, limits.
    """

    out: Mapping[str, Address]
    into: Mapping[str, Address]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Table:
        """From a TOML document with `[out]`, `[in]` and settings.

        Raises:
            ValueError: A line cannot be read.
        """
        sides = [
            {name: Address.parse(name, text) for name, text in data.get(side, {}).items()}
            for side in ("out", "in")
        ]
        rest = {k: v for k, v in data.items() if k not in ("out", "in")}
        return cls(sides[0], sides[1], rest)

    def message(self, name: str, /, **values: Any) -> Message:
        """A message to send."""
        return self.out[name].message(values)

    def read(self, message: Message) -> tuple[str, dict[str, Any]] | None:
        """The name and the values of a message that came; None when the table has no such."""
        for name, address in self.into.items():
            if (found := address.read(message)) is not None:
                return name, found
        return None


@cache
def table(name: str) -> Table:
    """One of the tables that come along: `reaper`, `live`, `ardour`, `ifx`."""
    file = resources.files("ifx_bridge.daw").joinpath("addresses", f"{name}.toml")
    return Table.of(tomllib.loads(file.read_text("utf-8")))


def numbers(values: Sequence[Any]) -> list[float]:
    """Those of a message's arguments that are numbers."""
    return [float(v) for v in values if isinstance(v, float | int) and not isinstance(v, bool)]
