"""A REAPER of our own: its OSC control surface as far as we use it, after its published source.

What it sends back follows from the pattern file, as there: every pattern with as many wildcards as
a value has numbers, unless its flag is r; a value once, then only changes, until a message to the
same address makes it forget; all that the counts reach. It goes out in packets of a certain size
with a pause after each. And it misbehaves as the others do.
"""

from __future__ import annotations

import re
import struct
from collections import deque
from importlib import resources
from pathlib import Path

from ifx_bridge.daw.osc import Message, encode
from ifx_bridge.daw.reaper_install import PATTERN
from tests.daw.fakes import FINE, Effect, Fake, Lane, Weather, load_preset

# Its timetag says a moment in 1900, a slip of the source; it means at once.
BUNDLE = b"#bundle\0" + bytes([0, 0, 0, 0, 1, 0, 0, 0])
REFRESH = 41743
PREFIXES = ("VST: ", "VSTi: ", "VST3: ", "VST3i: ", "JS: ", "DX: ", "DXi: ", "AU: ", "AUi: ")
MODES = ("TRIM", "READ", "TOUCH", "WRITE", "LATCH")


def shipped() -> str:
    return resources.files("ifx_bridge.daw").joinpath("reaper_files", PATTERN).read_text("utf-8")


def single(value: float) -> float:
    found: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return found


class FakeReaper(Fake):
    """With our pattern file or another; `counts` are by the names of its keys."""

    tick = 0.03

    def __init__(
        self,
        lanes: list[Lane],
        weather: Weather = FINE,
        *,
        pattern: str | None = None,
        packet: int = 1024,
        pause: float = 0.010,
    ) -> None:
        self.packet, self.pause = packet, pause
        self.counts = {"TRACK": 8, "FX": 8, "FX_PARAM": 16}
        self.patterns: dict[str, list[tuple[str, str]]] = {}
        self._read(shipped() if pattern is None else pattern)
        self.curtrack, self.curfx = 0, 0  # effects count from 0 in there
        self.selected, self.touched = 1, (0, 0)
        self.playing, self.recording, self.seconds, self.tempo = False, False, 0.0, 120.0
        self.modes: dict[int, str] = {}
        self.touched_off: list[str] = []
        self.takes_presets = True
        self.said = 0  # messages
        self.last: dict[str, float | int | str] = {}
        self._editing: tuple[str, str] | None = None
        self._started, self._lastpos = False, 0.0
        self._queue: deque[bytes] = deque()
        self._next_packet = 0.0
        self._seen: dict[str, object] = {}
        super().__init__(lanes, weather)

    def _read(self, text: str) -> None:
        for line in text.splitlines():
            key, *rest = line.split() or ["#"]
            if key[0] == "#":
                continue
            if re.match("(DEVICE|REAPER)_", key) and rest[0][1:2] != "/":
                count = re.fullmatch(r"DEVICE_(\w+)_COUNT", key)
                if count and int(rest[0]) > 0 and count[1] in self.counts:
                    self.counts[count[1]] = int(rest[0])
                rest = rest[1:]
            self.patterns.setdefault(key, []).extend((p[0], p[1:]) for p in rest)

    # The project.

    def _lane(self, track: int) -> Lane | None:
        if track == 0:
            return Lane("MASTER")
        return self.lanes[track - 1] if 0 < track <= len(self.lanes) else None

    def _effects(self, track: int) -> list[Effect]:
        lane = self._lane(track)
        return lane.effects if lane else []

    def _effect(self, track: int, fx: int) -> Effect | None:
        found = self._effects(track)
        return found[fx] if 0 <= fx < len(found) else None

    # What comes in.

    def take(self, message: Message) -> None:
        for key, rows in self.patterns.items():
            for flag, pattern in rows:
                found = re.fullmatch(pattern.replace("@", r"(\d+)"), message.address)
                if found:
                    self.last.pop(message.address, None)
                    self._editing = (message.address, flag)
                    numbers = [int(n) for n in reversed(found.groups())]  # the innermost first
                    self._process(key, flag, numbers, message)
                    self._editing = None
                    return

    def _process(self, key: str, flag: str, wc: list[int], message: Message) -> None:
        value = message.args[0] if message.args else None
        is_float, is_int = isinstance(value, float), type(value) is int
        number = value if is_float or is_int else None
        plain = float(number) if number is not None else 1.0 if flag == "t" else 0.0  # type: ignore[arg-type]
        # 1 and -1 are on and off; 0 does nothing.
        does = 0
        if flag == "t":
            does = int(plain == 1)
        elif flag == "b" and number is not None:
            does = {0.0: -1, 1.0: 1}.get(plain, 0)
        elif flag == "r" and number is not None:
            does = (plain > 0) - (plain < 0)
        count = re.fullmatch(r"DEVICE_(\w+)_COUNT", key)
        if key in ("PLAY", "STOP", "RECORD"):
            if does:
                self.playing = key != "STOP"
                self.recording = key == "RECORD" or (self.recording and self.playing)
                self.play_state()
        elif key == "TIME":
            self.seconds = plain
        elif key == "TEMPO":
            self.tempo = plain
        elif key == "ACTION":
            if is_int and value == REFRESH:
                self.reset()
        elif count and is_int and plain >= 0:
            self.counts[count[1]] = int(plain)
            self.active_fx_change() if count[1] == "FX_PARAM" else self.track_list_change()
        elif key == "DEVICE_TRACK_SELECT" and is_int and plain >= 0:
            self.curtrack = min(int(plain), len(self.lanes))
            self.active_track_change()
        elif key == "DEVICE_FX_SELECT" and is_int and plain >= 0:
            self.curfx = min(max(0, int(plain) - 1), len(self._effects(self.curtrack)))
            self.active_fx_change()
        elif key.startswith("TRACK_"):
            self._process_track(key, does, wc[0] if wc else self.curtrack, value)
        elif key.startswith("FX_"):
            self._process_fx(key, does, wc, message.address, value)

    def _process_track(self, key: str, does: int, track: int, value: object) -> None:
        lane = self._lane(track)
        if lane is None:
            return
        if key == "TRACK_NAME" and isinstance(value, str):
            lane.name = value
        elif key == "TRACK_SELECT" and does:
            self.selected = track if does > 0 else 0
        elif key.startswith("TRACK_AUTO_") and does:
            self.modes[track] = key.removeprefix("TRACK_AUTO_") if does > 0 else "TRIM"
            self.auto_mode(track)

    def _process_fx(self, key: str, does: int, wc: list[int], address: str, value: object) -> None:
        if key == "FX_PARAM_VALUE":
            knob, *rest = wc
            fx = rest[0] - 1 if rest else self.curfx
            track = rest[1] if len(rest) > 1 else self.curtrack
            effect = self._effect(track, fx)
            if effect is None or not 0 < knob <= len(effect.knobs):
                return
            if type(value) is int and value == -1:
                self.touched_off.append(address)
            if isinstance(value, float):  # and nothing else
                effect.knobs[knob - 1].move(min(1.0, max(0.0, value)))
                self.parameter_change(track, fx, knob - 1)
            return
        fx = wc[0] - 1 if wc else self.curfx
        track = wc[1] if len(wc) > 1 else self.curtrack
        effect = self._effect(track, fx)
        if effect is None:
            return
        if key == "FX_BYPASS" and does and effect.on != (does > 0):
            effect.on = does > 0
            numbers = (fx + 1, track)
            if track == self.curtrack:
                self.value("FX_BYPASS", numbers[:1], n=effect.on)
            if 0 < track <= self.counts["TRACK"]:
                self.value("FX_BYPASS", numbers, n=effect.on)
        elif key == "FX_PRESET" and isinstance(value, str) and value and self.takes_presets:
            load_preset(effect, Path(value))

    # What goes out.

    def value(
        self,
        key: str,
        wc: tuple[int, ...] = (),
        *,
        f: float | None = None,
        n: float | None = None,
        s: str | None = None,
    ) -> None:
        for flag, pattern in self.patterns.get(key, ()):
            value = {"f": f, "n": n, "b": n, "t": n, "s": s}.get(flag)
            if value is None or pattern.count("@") != len(wc):
                continue
            address = pattern
            for number in reversed(wc):
                address = address.replace("@", str(number), 1)
            if flag not in "tb" and self._editing == (address, flag):
                continue
            value = value if isinstance(value, str) else single(value)
            if self.last.get(address) != value:
                self.last[address] = value
                self.say(Message(address, (value,)))

    def track_value(
        self, key: str, track: int, *, n: float | None = None, s: str | None = None
    ) -> None:
        if track == self.curtrack:
            self.value(key, n=n, s=s)
        if 0 < track <= self.counts["TRACK"]:
            self.value(key, (track,), n=n, s=s)

    def reset(self) -> None:
        self.last.clear()
        self._started, self._lastpos = False, 0.0
        self.track_list_change()
        self.active_track_change()

    def play_state(self) -> None:
        self.value("RECORD", n=self.playing and self.recording)
        self.value("STOP", n=not self.playing)
        self.value("PLAY", n=self.playing)

    def auto_mode(self, track: int) -> None:
        for mode in MODES:
            self.track_value(f"TRACK_AUTO_{mode}", track, n=self.modes.get(track, "TRIM") == mode)

    def track_list_change(self) -> None:
        if not self._started:
            self._started = True
            self.play_state()
            self.value("TEMPO", f=self.tempo)
            self.active_track_change()
        for track in range(self.counts["TRACK"] + 1):
            self.update_track(track)

    def active_track_change(self) -> None:
        self.update_track(self.curtrack)
        self.active_fx_change()

    def update_track(self, track: int) -> None:
        lane = self._lane(track)
        name = lane.name if lane else ""
        if name in ("", str(track)):  # also of those that are not there
            name = f"Track {track}" if track else "MASTER"
        self.track_value("TRACK_NAME", track, s=name)
        self.track_value("TRACK_NUMBER", track, s=str(track))
        self.track_value("TRACK_SELECT", track, n=lane is not None and track == self.selected)
        self.auto_mode(track)
        current, shown = track == self.curtrack, 0 < track <= self.counts["TRACK"]
        for fx in range(self.counts["FX"]):
            numbers = (fx + 1, track)
            for k, sent in enumerate((current and fx == self.curfx, current, shown)):
                if sent:
                    self.effect(track, fx, numbers[:k])
                    self.parameters(track, fx, numbers[:k])

    def effect(self, track: int, fx: int, wc: tuple[int, ...]) -> None:
        effect = self._effect(track, fx)
        name = effect.name if effect else ""
        for prefix in PREFIXES:
            if name.startswith(prefix):
                name = name[len(prefix) :]
                break
        self.value("FX_NAME", wc, s=name)
        self.value("FX_NUMBER", wc, s=str(fx + 1) if effect else "")
        self.value("FX_PRESET", wc, s=effect.preset if effect else "")
        self.value("FX_BYPASS", wc, n=effect is not None and effect.on)

    def active_fx_change(self) -> None:
        there = self._effect(self.curtrack, self.curfx) is not None
        if not there:
            self.curfx = 0
        self.effect(self.curtrack, self.curfx, ())
        # The number of parameters was taken before it went back to the first.
        self.parameters(self.curtrack, self.curfx, (), there)

    def parameters(self, track: int, fx: int, wc: tuple[int, ...], there: bool = True) -> None:
        effect = self._effect(track, fx) if there else None
        stale = self.weather.stale
        for index in range(self.counts["FX_PARAM"]):
            knob = effect.knobs[index] if effect and index < len(effect.knobs) else None
            value = 0.0
            if knob:
                value = knob.before if stale and self.weather.happens(stale) else knob.value
            numbers = (index + 1, *wc)
            self.value("FX_PARAM_NAME", numbers, s=knob.name if knob else "")
            self.value("FX_PARAM_VALUE", numbers, n=value, s=knob.text(value) if knob else "")

    def parameter_change(self, track: int, fx: int, index: int) -> None:
        effect = self._effect(track, fx)
        assert effect is not None
        if index >= self.counts["FX_PARAM"]:
            return
        knob, numbers = effect.knobs[index], (index + 1, fx + 1, track)
        sent = {1: (track, fx) == (self.curtrack, self.curfx), 3: 0 < track <= self.counts["TRACK"]}
        for k in (k for k, there in sent.items() if there):
            text = knob.text() or f"{knob.value:.3f}"
            self.value("FX_PARAM_VALUE", numbers[:k], n=knob.value, s=text)
        self._seen[f"{track} {fx} {index}"] = knob.value

    def after_tick(self) -> None:
        """What the user has done; the surface is told of it."""
        if not self._started:
            self.track_list_change()
        now: dict[str, object] = {
            "transport": (self.playing, self.recording), "tempo": self.tempo,
            "selected": self.selected, "touched": self.touched,
        }  # fmt: skip
        for track, lane in enumerate(self.lanes, 1):
            for fx, effect in enumerate(lane.effects):
                now |= {f"{track} {fx} {i}": k.value for i, k in enumerate(effect.knobs)}
        changed = [what for what, value in now.items() if self._seen.get(what, value) != value]
        self._seen = now
        for what in changed:
            if what == "transport":
                self.play_state()
            elif what == "tempo":
                self.value("TEMPO", f=self.tempo)
            elif what == "selected":
                for track in range(len(self.lanes) + 1):
                    self.track_value("TRACK_SELECT", track, n=track == self.selected)
            elif what == "touched":
                self._last_touched()
            else:
                track, fx, index = map(int, what.split())
                self.parameter_change(track, fx, index)
        if self.seconds != self._lastpos:
            self._lastpos = self.seconds
            self.value("TIME", f=self.seconds)

    def _last_touched(self) -> None:
        track, device = self.touched
        if effect := self._effect(track, device - 1):
            self.value("LAST_TOUCHED_FX_TRACK_NUMBER", s=str(track))
            self.value("LAST_TOUCHED_FX_NAME", s=effect.name)
            self.value("LAST_TOUCHED_FX_NUMBER", s=str(device))

    def say(self, message: Message) -> None:
        self.said += 1
        self._queue.append(encode(message))

    def pump(self, now: float) -> None:
        while self._queue and self.reply_port and now >= self._next_packet:
            made = [self._queue.popleft()]
            size = len(BUNDLE) + 4 + len(made[0])
            while self._queue and size + 4 + len(self._queue[0]) <= self.packet:
                made.append(self._queue.popleft())
                size += 4 + len(made[-1])
            parts = [len(data).to_bytes(4, "big") + data for data in made]
            self.post(made[0] if len(made) == 1 else BUNDLE + b"".join(parts))
            self._next_packet = now + self.pause
            if self.pause:
                break
