"""Ardour, through its own OSC surface (port 3819); its session file gives the dry sound."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ifx_bridge.daw import ardour_session
from ifx_bridge.daw.link import (
    Can,
    Capabilities,
    Capture,
    DawLink,
    DawParameter,
    Device,
    Probe,
    Reading,
    Scene,
    Track,
    Transport,
    silent,
)
from ifx_bridge.daw.osc import Message, table
from ifx_bridge.daw.units import UNITS
from ifx_bridge.daw.wire import LOOPBACK, Wire, arriving_until

TABLE = table("ardour")
HINT = (
    "Start Ardour, open a session and switch on Open Sound Control (OSC) in Edit, Preferences, "
    "Control Surfaces."
)
# The flag bits of a descriptor.
ENUMERATION, INTEGER, TOGGLE, INPUT, HIDDEN = 1, 2, 64, 128, 256
AUDIO_STRIPS = ("AT", "MT", "B")
TRIES = 10
# Of the surface: all kinds of strips, and to be told of their buttons.
STRIP_TYPES, FEEDBACK = 159, 1
NAMES_SECONDS = 2.0

CAPABILITIES = Capabilities(
    frozenset(
        {Can.TRANSPORT, Can.TRACKS, Can.DEVICES, Can.SET, Can.READ_BACK, Can.ENABLE, Can.PASS}
        | {Can.CAPTURE}
    ),
    {
        Can.TEXTS: "Ardour's OSC gives values in the parameter's own unit instead.",
        Can.PRESETS: "Ardour's OSC has no presets: set the values, or load the preset by hand.",
        Can.INSERT: "Ardour's OSC cannot insert plugins: put it on the track by hand.",
        Can.UNDO_STEP: "Ardour keeps plugin parameters out of its undo.",
        Can.POINTS: "Ardour's OSC has no automation points: record a pass instead.",
    },
)


class ArdourLink(DawLink):
    """A running Ardour.

    Args:
        host: Where it runs.
        port: Its OSC port.
        session: Folder of the open session, for capturing; by default the one that Ardour opened
            last.
        timeout: Longest wait for an answer, in seconds.
    """

    name = "Ardour"
    settle_seconds = 0.03

    def __init__(
        self,
        host: str = LOOPBACK,
        port: int = int(TABLE.settings["port"]),
        *,
        session: Path | None = None,
        timeout: float = 1.0,
    ) -> None:
        self.host, self.port, self.timeout, self.session = host, port, timeout, session
        self.wire = self._wire()
        self.sample_rate = 0
        self._names: dict[int, str] = {}
        self._named_at = -NAMES_SECONDS

    def _wire(self) -> Wire:
        return Wire((self.host, self.port), rate=TABLE.settings["rate"])

    @property
    def capabilities(self) -> Capabilities:
        """What Ardour's OSC surface allows."""
        return CAPABILITIES

    def close(self) -> None:
        """Free the port."""
        self.wire.close()

    def probe(self) -> Probe:
        """By asking for the list of strips."""
        rows = self._strips(tries=1)
        if rows is None:
            return Probe(self.name, self.host, self.port, False, f"No answer. {HINT}")
        how = f"it listed {len(rows)} strip(s) at {self.sample_rate} Hz"
        return Probe(self.name, self.host, self.port, True, how)

    def _strips(self, tries: int = TRIES) -> list[list[Any]] | None:
        """Type, name, inputs, outputs, mute, solo, number, record of each; None for silence.

        A client whose first question comes while a session loads is never answered again, so every
        new try takes a socket, and with it a port, of its own.
        """
        for attempt in range(tries):
            if attempt:
                self.wire.close()
                self.wire = self._wire()
            answer = self._ask("strips", last=lambda m: m.args[:1] == ("end_route_list",))
            rows: list[list[Any]] = [
                list(m.args) for m in answer if m.address in ("/reply", "/strip/list")
            ]
            if rows and rows[-1][0] == "end_route_list":
                self.sample_rate = int(rows.pop()[1] or 0)
                return rows
        return None

    def tracks(self) -> tuple[Track, ...]:
        """Audio and MIDI tracks and busses."""
        rows = self._strips()
        if rows is None:
            raise silent(self.name, self.port, HINT)
        strips = {int(r[6]): str(r[1]) for r in rows if len(r) >= 7 and r[0] in AUDIO_STRIPS}
        self._ask_selected(set(strips))
        return tuple(Track(index, name, self._selected(index)) for index, name in strips.items())

    def _ask_selected(self, strips: set[int]) -> None:
        """Have Ardour say which are selected, and from now on when that changes."""

        def last(message: Message) -> bool:
            if row := TABLE.into["selected"].read(message):
                strips.discard(row["strip"])
            return not strips

        ids = {"bank": 0, "types": STRIP_TYPES, "fader": 0, "send_page": 0, "plugin_page": 0}
        question = TABLE.message("surface", feedback=FEEDBACK, **ids)
        self.wire.ask(question, until=last, timeout=self.timeout)

    def _selected(self, strip: int) -> bool | None:
        found = self.wire.latest(TABLE.into["selected"].pattern, strip)
        return bool(found.args[-1]) if found else None

    def scene(self) -> Scene:
        """Its surface does not tell of the plugin that is looked at, nor of the tempo.

        The tempo is the session file's. Names and selection are asked for now and then, since
        not every change of selection is told.
        """
        transport = self.transport()
        if time.monotonic() - self._named_at > NAMES_SECONDS:
            self._names = {t.index: t.name for t in self.tracks()}
            self._named_at = time.monotonic()
        track = next((Track(n, x, True) for n, x in self._names.items() if self._selected(n)), None)
        tempo = ardour_session.tempo(self.session) if self.session else None
        return Scene(replace(transport, tempo=tempo), track)

    def devices(self, track: Track) -> tuple[Device, ...]:
        """The plugins of a track."""
        answer = self._ask("plugins", lambda m: self._is(m, "plugins"), strip=track.index)
        for message in answer:
            if (found := TABLE.into["plugins"].read(message)) and found["strip"] == track.index:
                rest = found["rest"]
                return tuple(
                    Device(track.index, int(index), str(name), bool(on))
                    for index, name, on in zip(rest[::3], rest[1::3], rest[2::3], strict=False)
                )
        raise silent(self.name, self.port, HINT)

    def parameters(self, device: Device) -> tuple[DawParameter, ...]:
        """All that are not hidden; output values are not writable."""
        found = self._descriptor(device.track, device.index)
        if found is None:
            raise silent(self.name, self.port, HINT)
        return found

    def _descriptor(self, strip: int, plugin: int) -> tuple[DawParameter, ...] | None:
        ids = {"strip": strip, "plugin": plugin}

        def last(message: Message) -> bool:
            return TABLE.into["parameters_end"].read(message) == ids

        answer = self._ask("descriptor", last, **ids)
        if not answer or not last(answer[-1]):
            return None
        rows = [TABLE.into["parameter"].read(message) for message in answer]
        return tuple(
            _parameter(row)
            for row in rows
            if row and {"strip": row["strip"], "plugin": row["plugin"]} == ids
            if not row["flags"] & HIDDEN and row["name"] != "hidden"
        )

    def set(self, values: Sequence[tuple[DawParameter, float]]) -> None:
        """Send values in the parameters' own units."""
        self.wire.forget()
        for parameter, value in values:
            self.wire.put(
                TABLE.message(
                    "set",
                    strip=parameter.track,
                    plugin=parameter.device,
                    parameter=parameter.index,
                    value=value,
                )
            )
        self.wire.flushed()

    def read(
        self, parameters: Iterable[DawParameter], texts: bool = False
    ) -> dict[tuple[int, int, int], Reading]:
        """By the descriptors of their devices."""
        wanted = {p.key for p in parameters}
        found: dict[tuple[int, int, int], Reading] = {}
        for strip, plugin in sorted({key[:2] for key in wanted}):
            for p in self._descriptor(strip, plugin) or ():
                if p.key in wanted:
                    found[p.key] = Reading(p.value, p.text)
        return found

    def enable(self, device: Device, on: bool) -> None:
        """Switch a plugin on or off."""
        name = "enable" if on else "disable"
        self.wire.send(TABLE.message(name, strip=device.track, plugin=device.index))

    def transport(self) -> Transport:
        """Speed and frame, as Ardour answers them."""
        if not self.sample_rate and self._strips() is None:
            raise silent(self.name, self.port, HINT)
        frame, speed = self._value("frame"), self._value("speed")
        recording = self._value("record_state")
        if frame is None or speed is None:
            raise silent(self.name, self.port, HINT)
        rolls = speed != 0
        return Transport(
            playing=rolls,
            recording=None if recording is None else rolls and bool(recording),
            seconds=frame / self.sample_rate,
        )

    def play(self) -> None:
        """Let it roll."""
        self.wire.send(TABLE.message("play"))

    def stop(self) -> None:
        """Stop it."""
        self.wire.send(TABLE.message("stop"))

    def locate(self, seconds: float) -> None:
        """Go to a place, without rolling."""
        if not self.sample_rate and self._strips() is None:
            raise silent(self.name, self.port, HINT)
        self.wire.send(TABLE.message("locate", frame=round(seconds * self.sample_rate), roll=0))

    def capture(self, track: Track, folder: Path) -> Capture:
        """The track's regions as they lie on its playlist, before all plugins.

        The session is saved first, so that its file says what is there now.
        """
        where = self.session or ardour_session.last_opened()
        names = [t.name for t in self.tracks()]
        with ardour_session.saved(where, lambda: self.wire.send(TABLE.message("save"))) as file:
            return ardour_session.capture(file, track.name, names, folder)

    # The wire.

    def _ask(self, name: str, last: Callable[[Message], bool], **values: Any) -> list[Message]:
        question = TABLE.message(name, **values)
        return self.wire.ask(question, until=last, timeout=self.timeout)

    @staticmethod
    def _is(message: Message, name: str) -> bool:
        return TABLE.into[name].read(message) is not None

    def _value(self, name: str) -> float | None:
        with self.wire.collecting() as arriving:
            self.wire.send(TABLE.message(name))
            for message in arriving_until(arriving, lambda m: self._is(m, name), self.timeout):
                if found := TABLE.into[name].read(message):
                    return float(next(iter(found.values())))
        return None


def _parameter(row: dict[str, Any]) -> DawParameter:
    rest, flags = list(row["rest"]), row["flags"]
    count = int(rest.pop(0)) if rest else 0
    points = rest[: 2 * count]
    value = float(rest[-1]) if rest else row["low"]
    choices = tuple((float(v), str(t)) for v, t in zip(points[::2], points[1::2], strict=True))
    whole = flags & (ENUMERATION | INTEGER | TOGGLE)
    return DawParameter(
        track=row["strip"],
        device=row["plugin"],
        index=row["parameter"],
        name=row["name"],
        low=row["low"],
        high=row["high"],
        value=value,
        text=dict(choices).get(value, "") if flags & ENUMERATION else "",
        step=1.0 if whole else 0.0,
        writable=bool(flags & INPUT),
        choices=choices,
        unit=_unit(row["format"]),
    )


def _unit(form: str) -> str:
    """The unit in a format such as `%.0f Hz`; empty where it has none that is known."""
    rest = re.sub(r"%[-+ #0-9.]*[a-zA-Z]", "", form).replace("%%", "%").strip()
    return rest if rest.lower() in UNITS else ""
