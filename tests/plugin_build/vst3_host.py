"""A small VST3 host: what a DAW does at the plugin's boundary, sample by sample, on Linux.

Interfaces are tables of functions (https://steinbergmedia.github.io/vst3_dev_portal); the numbers
below are places in them.
"""

from __future__ import annotations

import ctypes as c
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ifx_bridge.audio import Audio
from ifx_bridge.plugin_build.build import binary_of

OK = 0
IN, OUT = 0, 1
LATENCY_CHANGED = 1 << 3
Points = Mapping[str, Sequence[tuple[int, float]]]  # by title: sample and position from 0 to 1


def iid(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


COMPONENT = iid("E831FF31 F2D54301 928EBBEE 25697802")
PROCESSOR = iid("42043F99 B7DA453C A569E79D 9AAEC33D")
CONTROLLER = iid("DCD7BBE3 7742448D A874AACC 979C759E")


class ClassInfo(c.Structure):
    _fields_ = (("id", c.c_uint8 * 16), ("cardinality", c.c_int32), ("category", c.c_char * 32),
                ("name", c.c_char * 64))  # fmt: skip


class ParameterInfo(c.Structure):
    _fields_ = (("id", c.c_uint32), ("title", c.c_uint16 * 128), ("short", c.c_uint16 * 128),
                ("units", c.c_uint16 * 128), ("steps", c.c_int32), ("default", c.c_double),
                ("unit", c.c_int32), ("flags", c.c_int32))  # fmt: skip


class Setup(c.Structure):
    _fields_ = (
        ("mode", c.c_int32),
        ("size", c.c_int32),
        ("block", c.c_int32),
        ("rate", c.c_double),
    )


class Bus(c.Structure):
    _fields_ = (("channels", c.c_int32), ("silent", c.c_uint64), ("audio", c.c_void_p))


class Data(c.Structure):
    _fields_ = (("mode", c.c_int32), ("size", c.c_int32), ("samples", c.c_int32),
                ("inputs", c.c_int32), ("outputs", c.c_int32), ("in_", c.POINTER(Bus)),
                ("out", c.POINTER(Bus)), ("changes", c.c_void_p), ("told", c.c_void_p),
                ("events", c.c_void_p), ("told_events", c.c_void_p),
                ("context", c.c_void_p))  # fmt: skip


def call(thing: int | None, place: int, *words: Any, returns: Any = c.c_int32) -> Any:
    """Call a method of the plugin's."""
    assert thing
    table = c.cast(thing, c.POINTER(c.POINTER(c.c_void_p))).contents
    return c.CFUNCTYPE(returns, c.c_void_p)(table[place])(thing, *words)


class Ours:
    """An object of the host's, given to the plugin; its methods come after the three of all."""

    def __init__(self, *methods: tuple[Any, Sequence[Any], Callable[..., Any]]) -> None:
        nothing = (c.c_uint32, (), lambda: 1)
        first = (c.c_int32, (c.c_void_p, c.c_void_p), lambda *_: -1)
        self._kept = [
            c.CFUNCTYPE(returns, c.c_void_p, *takes)(lambda _, *words, does=does: does(*words))
            for returns, takes, does in (first, nothing, nothing, *methods)
        ]
        self._table = (c.c_void_p * len(self._kept))(*(c.cast(f, c.c_void_p) for f in self._kept))
        self._self = c.c_void_p(c.addressof(self._table))
        self.address = c.addressof(self._self)


def stream(memory: io.BytesIO) -> Ours:
    number = c.POINTER(c.c_int32)

    def read(buffer: int, size: int, count: Any) -> int:
        got = memory.read(size)
        c.memmove(buffer, got, len(got))
        if count:
            count[0] = len(got)
        return OK

    def write(buffer: int, size: int, count: Any) -> int:
        memory.write(c.string_at(buffer, size))
        if count:
            count[0] = size
        return OK

    def seek(to: int, mode: int, at: Any) -> int:
        place = memory.seek(to, mode)
        if at:
            at[0] = place
        return OK

    def tell(at: Any) -> int:
        at[0] = memory.tell()
        return OK

    far = c.POINTER(c.c_int64)
    return Ours(
        (c.c_int32, (c.c_void_p, c.c_int32, number), read),
        (c.c_int32, (c.c_void_p, c.c_int32, number), write),
        (c.c_int32, (c.c_int64, c.c_int32, far), seek),
        (c.c_int32, (far,), tell),
    )


def queue(number: int, points: Sequence[tuple[int, float]]) -> Ours:
    def point(at: int, sample: Any, value: Any) -> int:
        sample[0], value[0] = points[at]
        return OK

    numbers, values = c.POINTER(c.c_int32), c.POINTER(c.c_double)
    return Ours(
        (c.c_uint32, (), lambda: number),
        (c.c_int32, (), lambda: len(points)),
        (c.c_int32, (c.c_int32, numbers, values), point),
        (c.c_int32, (c.c_int32, c.c_double, numbers), lambda *_: OK),
    )


def changes(queues: Sequence[Ours]) -> Ours:
    spare = queue(0, ())  # takes what the plugin tells
    answer = Ours(
        (c.c_int32, (), lambda: len(queues)),
        (c.c_void_p, (c.c_int32,), lambda at: queues[at].address),
        (c.c_void_p, (c.c_void_p, c.c_void_p), lambda *_: spare.address),
    )
    answer.spare = spare  # type: ignore[attr-defined]  # lives as long
    return answer


class Instance:
    """One instance of the plugin in a bundle.

    Attributes:
        restarts: What it asked the host to look at anew, as flags.
    """

    def __init__(self, bundle: Path, channels: int) -> None:
        library = c.CDLL(str(binary_of(bundle)))
        library.ModuleEntry(c.c_void_p(library._handle))
        library.GetPluginFactory.restype = c.c_void_p
        factory, info = library.GetPluginFactory(), ClassInfo()
        assert call(factory, 5, c.c_int32(0), c.byref(info)) == OK
        self.channels, self.restarts = channels, 0
        self._component = c.c_void_p()
        made = call(factory, 6, info.id, COMPONENT, c.byref(self._component))
        assert made == OK and call(self._component.value, 3, None) == OK
        self._processor, self._controller = (self._face(one) for one in (PROCESSOR, CONTROLLER))
        edit = (c.c_int32, (c.c_uint32, c.c_double), lambda *_: OK)
        touch = (c.c_int32, (c.c_uint32,), lambda *_: OK)
        self._handler = Ours(touch, edit, touch, (c.c_int32, (c.c_int32,), self._restart))
        assert call(self._controller, 16, c.c_void_p(self._handler.address)) == OK
        self._numbers = self._titles()

    def _face(self, one: bytes) -> int | None:
        found = c.c_void_p()
        assert call(self._component.value, 0, one, c.byref(found)) == OK
        return found.value

    def _restart(self, flags: int) -> int:
        self.restarts |= flags
        return OK

    def _titles(self) -> dict[str, int]:
        found, info = {}, ParameterInfo()
        for place in range(call(self._controller, 8)):
            assert call(self._controller, 9, c.c_int32(place), c.byref(info)) == OK
            found[bytes(info.title).decode("utf-16-le").split("\0")[0]] = info.id
        return found

    def start(self, rate: int, block: int) -> None:
        """Get ready to play blocks of up to so many samples, having stopped if it did."""
        self._block = block
        setup = Setup(0, 0, block, rate)
        call(self._processor, 8, c.c_int32(0))
        call(self._component.value, 11, c.c_int32(0))
        assert call(self._processor, 7, c.byref(setup)) == OK
        for way in (IN, OUT):
            call(
                self._component.value, 10, c.c_int32(0), c.c_int32(way), c.c_int32(0), c.c_int32(1)
            )
        assert call(self._component.value, 11, c.c_int32(1)) == OK
        call(self._processor, 8, c.c_int32(1))

    def play(self, sound: Audio, points: Points | None = None) -> Audio:
        """Give one block, `[channels, samples]`, and automation in it; returns as much."""
        assert sound.shape[0] == self.channels and sound.shape[1] <= self._block
        sound = np.ascontiguousarray(sound, dtype=np.float32)
        wet = np.full_like(sound, 9)
        buses = []
        for audio in (sound, wet):
            rows = (c.c_void_p * self.channels)(*(row.ctypes.data for row in audio))
            buses.append((Bus(self.channels, 0, c.addressof(rows)), rows))
        given = {self._numbers[title]: at for title, at in (points or {}).items() if at}
        coming = changes([queue(number, at) for number, at in given.items()])
        told = changes(())
        data = Data(0, 0, sound.shape[1], 1, 1, c.pointer(buses[0][0]), c.pointer(buses[1][0]),
                    coming.address, told.address)  # fmt: skip
        assert call(self._processor, 9, c.byref(data)) == OK
        return wet

    @property
    def latency(self) -> int:
        """In samples."""
        return int(call(self._processor, 6, returns=c.c_uint32))

    @property
    def tail(self) -> int:
        """In samples."""
        return int(call(self._processor, 10, returns=c.c_uint32))

    @property
    def state(self) -> bytes:
        """As a DAW saves it."""
        memory = io.BytesIO()
        kept = stream(memory)
        assert call(self._component.value, 13, c.c_void_p(kept.address)) == OK
        return memory.getvalue()

    @state.setter
    def state(self, value: bytes) -> None:
        kept = stream(io.BytesIO(value))
        assert call(self._component.value, 12, c.c_void_p(kept.address)) == OK
