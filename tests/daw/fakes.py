"""A REAPER and a Live of our own, which misbehave: they lose, reorder, delay and duplicate
messages, answer with the value before, fall silent and come back. Written from the wire formats.
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
    """How bad the connection is; shares of messages, and seconds."""

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
        w = self.weather
        for _ in range(2 if w.happens(w.duplicate) else 1):
            if w.silent or w.happens(w.loss):
                continue
            late = w.random.uniform(0, w.longest_delay) if w.happens(w.delay) else 0.0
            item = (time.monotonic() + late, next(self._number), encode(message, 60_000))
            heapq.heappush(self._later, item)

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
            while self._later and self._later[0][0] <= now and self.reply_port:
                _, _, data = heapq.heappop(self._later)
                self.socket.sendto(data, (LOOPBACK, self.reply_port))

    def take(self, message: Message) -> None:
        raise NotImplementedError

    def after_tick(self) -> None:
        pass

    def close(self) -> None:
        self._open = False
        self._thread.join(5)
        self.socket.close()

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class FakeReaper(Fake):
    """With the addresses of its default file: banks, a value cache, no echo of what was written."""

    def __init__(self, lanes: list[Lane], weather: Weather = FINE) -> None:
        self.track, self.device = 1, 1
        self.selected, self.touched = 1, (0, 0)
        self.counts = {"track": 8, "fx": 8, "fxparam": 16}
        self.cache: dict[str, object] = {}
        self.playing, self.seconds, self.tempo = False, 0.0, 120.0
        self.touched_off: list[str] = []
        self.takes_presets = True
        super().__init__(lanes, weather)

    def _lane(self, number: int) -> Lane | None:
        return self.lanes[number - 1] if 1 <= number <= len(self.lanes) else None

    def _effect(self, track: int, device: int) -> Effect | None:
        lane = self._lane(track)
        return lane.effects[device - 1] if lane and 1 <= device <= len(lane.effects) else None

    def take(self, message: Message) -> None:
        parts = message.address.strip("/").split("/")
        value = message.args[0] if message.args else None
        number = isinstance(value, int) and not isinstance(value, bool)
        match parts:
            case ["action"] if value == 41743:
                self.cache.clear()
            case ["device", "track", "select"] if number:
                self.track = value
            case ["device", "fx", "select"] if number:
                self.device = value
            case ["device", kind, "count"] if number and kind in self.counts:
                self.counts[kind] = value
            case ["play"] if value in (None, 1, 1.0):
                self.playing = True
            case ["stop"] if value in (None, 1, 1.0):
                self.playing = False
            case ["time"] if isinstance(value, float):
                self.seconds = value
            case ["track", track, "fx", device, "fxparam", knob, "value"]:
                effect = self._effect(int(track), int(device))
                if number and value == -1:
                    self.touched_off.append(message.address)
                # Anything but a float is ignored.
                if effect and isinstance(value, float) and int(knob) <= len(effect.knobs):
                    effect.knobs[int(knob) - 1].move(min(1.0, max(0.0, value)))
                    self.cache[message.address] = value
            case ["track", track, "fx", device, "bypass"]:
                if effect := self._effect(int(track), int(device)):
                    effect.on = value == 1
            case ["track", track, "fx", device, "preset"]:
                effect = self._effect(int(track), int(device))
                if effect and self.takes_presets:
                    load_preset(effect, Path(str(value)))

    def after_tick(self) -> None:
        self._send("/play", 1.0 if self.playing else 0.0)
        self._send("/time", self.seconds)
        self._send("/tempo/raw", self.tempo)
        for i in range(1, self.counts["track"] + 1):
            lane = self._lane(i)
            self._send(f"/track/{i}/name", lane.name if lane else "")
            self._send(f"/track/{i}/select", 1.0 if i == self.selected else 0.0)
        self._send("/track/number/str", str(self.track))
        if effect := self._effect(*self.touched):
            self._send("/fx/last_touched/track/number/str", str(self.touched[0]))
            self._send("/fx/last_touched/number/str", str(self.touched[1]))
            self._send("/fx/last_touched/name", effect.name)
        for i in range(1, self.counts["fx"] + 1):
            effect = self._effect(self.track, i)
            self._send(f"/fx/{i}/name", effect.name if effect else "")
            self._send(f"/fx/{i}/bypass", 1.0 if effect and effect.on else 0.0)
        self._send("/fx/number/str", str(self.device))
        effect = self._effect(self.track, self.device)
        for i in range(1, self.counts["fxparam"] + 1):
            knob = effect.knobs[i - 1] if effect and i <= len(effect.knobs) else None
            self._send(f"/fxparam/{i}/name", knob.name if knob else "")
            value = 0.0
            if knob:
                value = knob.before if self.weather.happens(self.weather.stale) else knob.value
            self._send(f"/fxparam/{i}/value", value)
            self._send(f"/fxparam/{i}/value/str", knob.text(value) if knob else "")

    def _send(self, address: str, value: object) -> None:
        if self.cache.get(address) != value:
            self.cache[address] = value
            self.say(Message(address, (value,)))  # type: ignore[arg-type]


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
