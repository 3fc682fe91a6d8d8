"""Programs of our own that misbehave: they lose, reorder, delay and duplicate datagrams, answer
with the value before, fall silent and come back. Here what they share, and a Live, written from the
wire format; the REAPER is in `fake_reaper.py`.
"""

from __future__ import annotations

import fnmatch
import heapq
import itertools
import random
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ifx_bridge.chain_plugin.table import entries
from ifx_bridge.chain_plugin.values import values_in
from ifx_bridge.daw.osc import Message, NotOsc, decode, encode
from ifx_bridge.presets.vstpreset import VstPreset

LOOPBACK = "127.0.0.1"


@dataclass
class Weather:
    """How bad the connection is; shares of datagrams, and seconds."""

    loss: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    longest_delay: float = 0.04
    stale: float = 0.0
    silent: bool = False
    random: random.Random = field(default_factory=lambda: random.Random(1))

    def happens(self, share: float) -> bool:
        return self.random.random() < share


FINE = Weather()


@dataclass
class Knob:
    name: str
    low: float = 0.0
    high: float = 1.0
    value: float = 0.0
    quantized: bool = False
    display: Any = None
    # In REAPER: the ends in a unit of its own, as JS effects have, and the step there.
    slider: tuple[float, float] = (0.0, 1.0)
    step: float = 1.0

    def __post_init__(self) -> None:
        self.before = self.value

    def move(self, value: float) -> None:
        self.before, self.value = self.value, value

    def text(self, value: float | None = None) -> str:
        shown = self.value if value is None else value
        return self.display(shown) if self.display else f"{shown:.3f}"


@dataclass
class Effect:
    name: str
    knobs: list[Knob]
    on: bool = True
    preset: str = ""


@dataclass
class Lane:
    name: str
    effects: list[Effect] = field(default_factory=list)
    clips: list[str | None] = field(default_factory=list)


def load_preset(effect: Effect, path: Path) -> bool:
    """As the effect would; what is in the file is known of IFX Chain only."""
    if not path.is_file():
        return False
    effect.preset = str(path)
    if "IFX Chain" in effect.name:
        values = values_in(VstPreset.read(path).component)
        for entry, knob in zip(entries(), effect.knobs, strict=True):
            p = entry.parameter
            knob.move((values[entry.symbol] - p.low) / (p.high - p.low))
    return True


class Fake:
    """A UDP program that looks at its messages once in a tick, as both do."""

    tick = 0.01

    def __init__(self, lanes: list[Lane], weather: Weather = FINE) -> None:
        self.lanes, self.weather = lanes, weather
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((LOOPBACK, 0))
        self.socket.settimeout(0.001)
        self.port: int = self.socket.getsockname()[1]
        self.reply_port = 0
        self.heard: list[Message] = []
        self._later: list[tuple[float, int, bytes]] = []
        self._number = itertools.count()
        self._open = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def say(self, message: Message) -> None:
        self.post(encode(message, 60_000))

    def post(self, data: bytes) -> None:
        w = self.weather
        for _ in range(2 if w.happens(w.duplicate) else 1):
            if w.silent or w.happens(w.loss):
                continue
            late = w.random.uniform(0, w.longest_delay) if w.happens(w.delay) else 0.0
            heapq.heappush(self._later, (time.monotonic() + late, next(self._number), data))

    def _run(self) -> None:
        waiting: list[bytes] = []
        due = time.monotonic() + self.tick
        while self._open:
            try:
                data, _ = self.socket.recvfrom(65535)
                w = self.weather
                if not w.silent and not w.happens(w.loss):
                    waiting += [data] * (2 if w.happens(w.duplicate) else 1)
                    if w.happens(w.delay) and len(waiting) > 1:
                        waiting[-1], waiting[-2] = waiting[-2], waiting[-1]
            except TimeoutError:
                pass
            except OSError:
                return
            now = time.monotonic()
            if now >= due:
                due = now + self.tick
                batch, waiting = waiting, []
                for data in batch:
                    try:
                        messages = decode(data)
                    except NotOsc:
                        continue
                    for message in messages:
                        self.heard.append(message)
                        self.take(message)
                self.after_tick()
            self.pump(now)
            while self._later and self._later[0][0] <= now and self.reply_port:
                _, _, data = heapq.heappop(self._later)
                self.socket.sendto(data, (LOOPBACK, self.reply_port))

    def take(self, message: Message) -> None:
        raise NotImplementedError

    def after_tick(self) -> None:
        pass

    def pump(self, now: float) -> None:
        pass

    def close(self) -> None:
        self._open = False
        self._thread.join(5)
        self.socket.close()

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class FakeLive(Fake):
    """AbletonOSC: counts from 0, answers begin with the ids, to one fixed port."""

    def __init__(self, lanes: list[Lane], weather: Weather = FINE) -> None:
        self.playing, self.beats, self.tempo, self.recording = False, 0.0, 120.0, False
        self.selected, self.chosen = 0, None
        self.rolls = False  # whether its place moves while it plays
        # By question: the ids, and what was told last.
        self.listened: dict[tuple[str, tuple[Any, ...]], Any] = {}
        super().__init__(lanes, weather)

    def take(self, message: Message) -> None:
        handlers = {name[4:].replace("__", "/"): name for name in dir(self) if name[:4] == "get_"}
        path = message.address.removeprefix("/live/")
        if path == "test":
            self.say(Message("/live/test", ("ok",)))
            return
        matching = [h for h in handlers if fnmatch.fnmatch(h, path)]
        try:
            if path == "device/set/parameter/value":
                track, device, knob, value = message.args
                found = self._knob(track, device, knob)
                found.move(min(found.high, max(found.low, float(value))))  # type: ignore[arg-type]
            elif "/start_listen/" in path or "/stop_listen/" in path:
                self._listen(path, message.args)
            elif path == "song/continue_playing":
                self.playing = True
            elif path == "song/stop_playing":
                self.playing = False
            elif path == "song/set/current_song_time":
                self.beats = float(message.args[0])  # type: ignore[arg-type]
            elif path == "song/set/record_mode":
                self.recording = bool(message.args[0])
            elif matching:
                for name in matching:
                    values = getattr(self, handlers[name])(*message.args)
                    self.say(Message(f"/live/{name}", (*message.args, *values)))
            else:
                self.say(Message("/live/error", (f"Unknown OSC address: {message.address}",)))
        except (IndexError, ValueError, TypeError) as error:
            self.say(Message("/live/error", (f"Error handling OSC message: {error}",)))

    def _listen(self, path: str, args: tuple[Any, ...]) -> None:
        kind, verb, what = path.split("/", 2)
        getter = f"get_{kind}/get/{what}".replace("/", "__")
        getattr(self, getter)(*args)  # an error where there is no such thing
        if verb == "stop_listen":
            self.listened.pop((getter, args), None)
        else:
            self.listened[getter, args] = object()  # told at once

    def after_tick(self) -> None:
        if self.playing and self.rolls:
            self.beats += self.tempo / 60 * self.tick
        for (getter, args), last in list(self.listened.items()):
            try:
                values = getattr(self, getter)(*args)
            except (IndexError, ValueError):
                continue
            if values == last:
                continue
            self.listened[getter, args] = values
            address = "/live/" + getter[4:].replace("__", "/")
            self.say(Message(address, (*args, *values)))
            if address.endswith("/parameter/value"):
                shown = (self._knob(*args).text(),)
                self.say(Message(f"{address}_string", (*args, *shown)))

    def _effect(self, track: Any, device: Any) -> Effect:
        if track < 0 or device < 0:
            raise IndexError("list index out of range")
        return self.lanes[track].effects[device]

    def _knob(self, track: Any, device: Any, knob: Any) -> Knob:
        if knob < 0:
            raise IndexError("list index out of range")
        return self._effect(track, device).knobs[knob]

    def _said(self, knob: Knob) -> float:
        return knob.before if self.weather.happens(self.weather.stale) else knob.value

    def get_application__get__version(self) -> tuple[Any, ...]:
        return (12, 1)

    def get_song__get__tempo(self) -> tuple[Any, ...]:
        return (self.tempo,)

    def get_song__get__is_playing(self) -> tuple[Any, ...]:
        return (self.playing,)

    def get_song__get__record_mode(self) -> tuple[Any, ...]:
        return (self.recording,)

    def get_song__get__current_song_time(self) -> tuple[Any, ...]:
        return (self.beats,)

    def get_song__get__track_names(self) -> tuple[Any, ...]:
        return tuple(lane.name for lane in self.lanes)

    def get_view__get__selected_track(self) -> tuple[Any, ...]:
        return (self.selected,)

    def get_view__get__selected_device(self) -> tuple[Any, ...]:
        if self.chosen is None:
            raise ValueError("no device is selected")
        return self.chosen

    def get_track__get__devices__name(self, track: int) -> tuple[Any, ...]:
        return tuple(e.name for e in self.lanes[track].effects)

    def get_track__get__clips__name(self, track: int) -> tuple[Any, ...]:
        return tuple(path and path.rpartition("/")[2] for path in self.lanes[track].clips)

    def get_clip__get__file_path(self, track: int, clip: int) -> tuple[Any, ...]:
        return (self.lanes[track].clips[clip],)

    def get_device__get__parameters__name(self, track: int, device: int) -> tuple[Any, ...]:
        return tuple(k.name for k in self._effect(track, device).knobs)

    def get_device__get__parameters__min(self, track: int, device: int) -> tuple[Any, ...]:
        return tuple(k.low for k in self._effect(track, device).knobs)

    def get_device__get__parameters__max(self, track: int, device: int) -> tuple[Any, ...]:
        return tuple(k.high for k in self._effect(track, device).knobs)

    def get_device__get__parameters__is_quantized(self, track: int, device: int) -> tuple[Any, ...]:
        return tuple(k.quantized for k in self._effect(track, device).knobs)

    def get_device__get__parameters__value(self, track: int, device: int) -> tuple[Any, ...]:
        return tuple(self._said(k) for k in self._effect(track, device).knobs)

    def get_device__get__parameter__value(
        self, track: int, device: int, knob: int
    ) -> tuple[Any, ...]:
        return (self._said(self._knob(track, device, knob)),)

    def get_device__get__parameter__value_string(
        self, track: int, device: int, knob: int
    ) -> tuple[Any, ...]:
        return (self._knob(track, device, knob).text(),)
