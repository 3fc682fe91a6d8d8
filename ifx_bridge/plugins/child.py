"""The process that a plugin lives in: `python -m ifx_bridge.plugins.child PATH [NAME]`.

Requests come on standard input and answers go to standard output, each a JSON object behind its
length (4 bytes, little-endian). Audio is in a file that both processes map, `[channels, samples]`
of 32-bit floats. What a plugin prints goes to standard error. Nothing here is trusted by the other
side (`ifx_bridge.plugins.host`).
"""

from __future__ import annotations

import base64
import json
import math
import os
import queue
import re
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
Json = dict[str, Any]

PROBES = 33  # positions at which a parameter is asked what it means
MOST_CHOICES = 64
MOST_PARAMETERS = 512
RATE = 48000.0
SETTLE = 64  # samples of silence after which values have arrived
# By these names, a host's or DPF's own, not the plugin's.
HOSTS_OWN = frozenset(
    {"buffer_size_frames", "sample_rate_frames", "latency_frames", "bypass", "current_program"}
    | {"program"}
)
MIDI = re.compile(r"^midi_?cc|^midi_ch|^cc_?\d+", re.IGNORECASE)
NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([^\d\s].*)?$")
KILO = re.compile(r"^k(hz)?\b", re.IGNORECASE)


def main(path: str, name: str = "") -> None:
    """Load the plugin, then answer until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the other side to decide about
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what plugins print is no answer
    questions: queue.SimpleQueue[Json] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, questions), daemon=True).start()
    try:
        hosted = Hosted(path, name)
    except BaseException as error:  # whatever a plugin throws
        _send(answers, {"error": _said(error), "names": [] if name else _names(path)})
        return
    _send(answers, {"ready": True})
    calls: dict[str, Callable[..., Json]] = {
        "describe": hosted.describe,
        "share": hosted.share,
        "render": hosted.render,
        "values": hosted.values,
        "state": hosted.state,
        "load": hosted.load,
    }
    while True:
        request = questions.get()
        call = calls[request.pop("call")]
        try:
            _send(answers, {"answer": call(**request)})
        except Exception as error:
            _send(answers, {"error": _said(error)})


def _listen(stream: BinaryIO, questions: queue.SimpleQueue[Json]) -> None:
    """Pass questions on, and end with whoever asks them, even in the middle of an answer.

    Nothing is taken down: plugins also hang and crash then.
    """
    while len(head := stream.read(4)) == 4:
        questions.put(json.loads(stream.read(int.from_bytes(head, "little"))))
    os._exit(0)


class Hosted:
    """One live instance."""

    def __init__(self, path: str, name: str) -> None:
        """Load it; takes as long as the plugin likes."""
        import pedalboard
        from pedalboard import _pedalboard

        # Every parameter would be asked for a thousand texts, twice; some plugins take a second
        # for each. What they mean is asked in `describe`.
        init: Any = _pedalboard.AudioProcessorParameter.__init__
        if init.__defaults__ == (1000,):
            init.__defaults__ = (4,)
        plugin: Any = pedalboard.load_plugin(path, plugin_name=name or None)
        self.plugin = plugin
        self.path = path
        self.memory: Audio = np.zeros((1, 0), np.float32)
        # The first look resets the values of some plugins, so it comes before any is set.
        found: dict[str, Any] = self.plugin.parameters
        self.parameters = dict(list(found.items())[:MOST_PARAMETERS])
        self.defaults = {key: float(p.raw_value) for key, p in self.parameters.items()}
        self.channels = [n for n in (1, 2) if self._takes(n)]
        if not self.channels:
            raise ValueError("it takes neither one channel nor two")

    def _takes(self, channels: int) -> bool:
        if getattr(self.plugin, "is_instrument", False):
            raise ValueError("it is an instrument, not an effect")
        try:
            silence = np.zeros((channels, SETTLE), np.float32)
            made: Audio = self.plugin(silence, RATE, reset=False)
            return bool(made.shape[0] == channels)
        except ValueError:
            return False

    # Calls.

    def describe(self) -> Json:
        """See `Description`."""
        rows = []
        plain = {
            key: p
            for key, p in self.parameters.items()
            if p.is_automatable and key not in HOSTS_OWN and not MIDI.match(key)
        }
        meters = self._meters(plain)
        for key, parameter in plain.items():
            if key not in meters and (row := self._describe(key, parameter)) is not None:
                rows.append(row)
        return {
            "path": self.path,
            "name": str(self.plugin.name),
            "vendor": str(self.plugin.manufacturer_name),
            "version": str(self.plugin.version),
            "category": str(self.plugin.category),
            "class_id": self._class_id(),
            "channels": self.channels,
            "latency": int(self.plugin.reported_latency_samples),
            "noise_db": self._noise_db(),
            "parameters": rows,
        }

    def share(self, file: str, shape: list[int]) -> Json:
        """Take over memory for sounds: a file of 32-bit floats, `[channels, samples]`."""
        self.memory = np.memmap(file, np.float32, "r+", shape=(shape[0], shape[1]))
        return {}

    def render(self, rate: float, values: Mapping[str, float]) -> Json:
        """Replace what the shared memory holds by what the plugin makes of it.

        Args:
            rate: In Hz.
            values: Positions by key; all others as in a new instance.
        """
        sound = np.array(self.memory)
        self._put({**self.defaults, **values})
        self.memory[:] = self._process(sound, rate)
        return {"latency": int(self.plugin.reported_latency_samples)}

    def values(self, keys: list[str]) -> Json:
        """Positions and texts as they are now."""
        return {
            key: [float(self.parameters[key].raw_value), str(self.parameters[key].string_value)]
            for key in keys
        }

    def state(self, values: Mapping[str, float] | None) -> Json:
        """The preset's bytes, of these positions or (None) of what is there now."""
        if values is not None:
            self._put({**self.defaults, **values})
        return {"preset": base64.b64encode(self.plugin.preset_data).decode()}

    def load(self, preset: str) -> Json:
        """Take over a preset's bytes."""
        self.plugin.preset_data = base64.b64decode(preset)
        self._settle()
        return {}

    # Inside.

    def _process(self, sound: Audio, rate: float) -> Audio:
        channels = sound.shape[0]
        if channels in self.channels:
            return self._one(sound, rate)
        if 1 in self.channels:  # one after another, each from silence
            return np.concatenate([self._one(row[None], rate) for row in sound])
        if channels == 1:
            both = self._one(np.repeat(sound, 2, axis=0), rate)
            mixed: Audio = both.mean(axis=0, keepdims=True, dtype=np.float32)
            return mixed
        pairs = [self._process(sound[i : i + 2], rate) for i in range(0, channels, 2)]
        return np.concatenate(pairs)

    def _one(self, sound: Audio, rate: float) -> Audio:
        made: Audio = self.plugin(np.ascontiguousarray(sound), rate, reset=True)
        if made.shape != sound.shape:
            fitted = np.zeros_like(sound)
            length = min(made.shape[-1], sound.shape[-1])
            fitted[:, :length] = made[: sound.shape[0], :length]
            return fitted
        return made

    def _put(self, values: Mapping[str, float]) -> None:
        for key, position in values.items():
            parameter = self.parameters.get(key)
            if parameter is not None and float(parameter.raw_value) != position:
                parameter.raw_value = min(1.0, max(0.0, float(position)))
        self._settle()

    def _settle(self) -> None:
        """Values reach a plugin, and its state, only with a block of sound."""
        self.plugin(np.zeros((self.channels[-1], SETTLE), np.float32), RATE, reset=False)

    def _meters(self, parameters: Mapping[str, Any]) -> set[str]:
        """Those that sound moves, that don't stay where they are put, or are in no preset."""
        self._settle()
        before = {key: float(p.raw_value) for key, p in parameters.items()}
        random = np.random.default_rng(0)
        loud = random.uniform(-0.7, 0.7, (self.channels[-1], int(0.25 * RATE))).astype(np.float32)
        self.plugin(loud, RATE, reset=False)
        found = {key for key, p in parameters.items() if float(p.raw_value) != before[key]}
        self._put(self.defaults)
        preset = self._preset()
        for key, parameter in parameters.items():
            if key in found:
                continue
            away = 1.0 if before[key] < 0.5 else 0.0
            parameter.raw_value = away
            self._settle()
            kept = [float(parameter.raw_value)]
            if preset:
                moved = self._preset()
                self.plugin.preset_data = preset
                self._settle()
                self.plugin.preset_data = moved
                self._settle()
                kept.append(float(parameter.raw_value))
            if any(abs(at - away) > 0.5 * abs(before[key] - away) for at in kept):
                found.add(key)
            self._put(self.defaults)
        return found

    def _preset(self) -> bytes:
        try:
            return bytes(self.plugin.preset_data)
        except (AttributeError, RuntimeError, ValueError):  # Audio Units have none
            return b""

    def _describe(self, key: str, parameter: Any) -> Json | None:
        steps = int(parameter.num_steps)
        few = 2 <= steps <= MOST_CHOICES
        positions = np.linspace(0, 1, steps if few else PROBES)
        asked = [str(parameter.get_text_for_raw_value(float(p))).strip() for p in positions]
        unit = str(parameter.label or "").strip()
        numbers = [_number(text, unit) for text in asked]
        row: Json = {
            "key": key,
            "name": str(parameter.name),
            "unit": unit,
            "default": min(1.0, max(0.0, self.defaults[key])),
            "texts": [],
            "log": False,
            "kind": "number",
        }
        values = [number for number in numbers if number is not None]
        if len(values) < len(asked):
            return _choices(row, positions, asked)
        distinct = sorted(set(values))
        if len(distinct) < 2:
            return None  # it says the same everywhere
        if len(distinct) == 2 and (few or distinct == [0.0, 1.0]):
            ends = (0.0, 1.0) if values[0] == distinct[0] else (1.0, 0.0)
            return {**row, "kind": "switch", "positions": [0.0, 1.0], "values": ends}
        if not unit:
            row["unit"] = _unit(asked[-1]) or _unit(asked[0])
        row |= {"positions": [float(p) for p in positions], "values": values}
        rising = np.diff(values)
        row["log"] = bool(
            min(values) > 0
            and max(values) / min(values) > 8
            and (np.all(rising > 0) or np.all(rising < 0))
            and abs(math.log(values[len(values) // 2] ** 2 / (values[0] * values[-1])))
            < 0.25 * abs(math.log(values[-1] / values[0]))
        )
        return row

    def _noise_db(self) -> float | None:
        """How much two renders differ, over the sound, in dB; None where they don't."""
        random = np.random.default_rng(1)
        sound = (0.1 * random.standard_normal((self.channels[-1], int(0.5 * RATE)))).astype(
            np.float32
        )
        one, two = (self._one(sound, RATE).astype(np.float64) for _ in range(2))
        rest, whole = float(np.square(one - two).mean()), float(np.square(one).mean())
        return 10 * math.log10(rest / (whole + 1e-30)) if rest > 0 else None

    def _class_id(self) -> str:
        head = self._preset()[:40]
        return head[8:40].decode("ascii", "replace") if head[:4] == b"VST3" else ""


def _choices(row: Json, positions: NDArray[np.float64], asked: list[str]) -> Json | None:
    """A parameter whose texts are names."""
    names = list(dict.fromkeys(asked))
    if not 2 <= len(names) <= MOST_CHOICES:
        return None
    middles = [float(np.mean([p for p, t in zip(positions, asked, strict=True) if t == name]))
               for name in names]  # fmt: skip
    order = sorted(range(len(names)), key=lambda i: middles[i])
    return {
        **row,
        "kind": "switch" if len(names) == 2 else "choice",
        "positions": [middles[i] for i in order],
        "values": [float(k) for k in range(len(names))],
        "texts": [names[i] for i in order],
    }


def _number(text: str, unit: str) -> float | None:
    match = NUMBER.match(text.replace("\u2212", "-").replace(",", "."))
    if match is None:
        return {"-inf": -120.0, "inf": None, "off": None}.get(text.lower().split(" ")[0])
    value = float(match[1])
    rest = (match[2] or "").strip()
    larger = (KILO.match(rest) and not KILO.match(unit)) or (rest, unit.lower()) == ("s", "ms")
    return 1000 * value if larger else value


def _unit(text: str) -> str:
    match = NUMBER.match(text)
    unit = (match[2] or "").strip() if match else ""
    return "Hz" if KILO.match(unit) else unit[:12]


def _said(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:500]


def _send(stream: BinaryIO, message: Json) -> None:
    data = json.dumps(message).encode()
    stream.write(len(data).to_bytes(4, "little") + data)
    stream.flush()


def _names(path: str) -> list[str]:
    """Of the plugins in a file; none where it does not say."""
    import pedalboard

    for kind in ("VST3Plugin", "AudioUnitPlugin"):
        try:
            return list(getattr(pedalboard, kind).get_plugin_names_for_file(path))
        except Exception:  # of another kind, or whatever a plugin throws
            continue
    return []


if __name__ == "__main__":
    main(str(Path(sys.argv[1])), *sys.argv[2:3])
