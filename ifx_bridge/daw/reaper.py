"""REAPER: OSC for what it can, our helper script (if it runs) for the rest and for certainty."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ifx_bridge.daw.link import (
    Can,
    Capabilities,
    Capture,
    DawLink,
    DawParameter,
    Device,
    Point,
    Probe,
    Reading,
    Scene,
    Track,
    Transport,
    silent,
)
from ifx_bridge.daw.osc import Message, table
from ifx_bridge.daw.reaper_helper import Helper
from ifx_bridge.daw.wire import LOOPBACK, Wire
from ifx_bridge.errors import UserError

TABLE = table("reaper")
HINT = (
    "Start REAPER and add, in Preferences, Control/OSC/web, the mode OSC with the pattern file IFX "
    "Bridge, device port 9000 and local port 8000: ifx-bridge daw install reaper puts it there."
)
HELPERLESS = "This needs the helper script: ifx-bridge daw install reaper."
TRIES = 3
# When nothing has come for so long, it is asked whether it is still there.
QUIET_SECONDS = 10.0
# How far the control surface shows; what comes back ends at the first empty name.
TRACKS, DEVICES, PARAMETERS = 128, 32, 256

PLAIN = frozenset(
    {Can.TRANSPORT, Can.TRACKS, Can.DEVICES, Can.TEXTS, Can.SET, Can.READ_BACK, Can.ENABLE}
    | {Can.PRESETS, Can.PASS}
)
HELPED = PLAIN | {Can.INSERT, Can.UNDO_STEP, Can.POINTS, Can.CAPTURE}


class ReaperLink(DawLink):
    """A running REAPER.

    Args:
        host: Where it runs.
        port: Where it receives.
        listen: Where it sends.
        helper: The helper's folder; None for OSC alone.
        timeout: Longest wait for an answer, in seconds.
    """

    name = "REAPER"

    def __init__(
        self,
        host: str = LOOPBACK,
        port: int = int(TABLE.settings["port"]),
        *,
        listen: int = int(TABLE.settings["listen"]),
        helper: Helper | None = None,
        timeout: float = 0.5,
        settle_seconds: float = 0.1,
    ) -> None:
        self.host, self.port, self.timeout = host, port, timeout
        self.settle_seconds = settle_seconds
        self.helper = helper
        self.wire = Wire((host, port), port=listen, rate=TABLE.settings["rate"])
        self._heard_at = -math.inf
        self.wire.listen(self._heard)

    def _heard(self, message: Message) -> None:
        self._heard_at = time.monotonic()

    @property
    def _helped(self) -> Helper | None:
        return self.helper if self.helper is not None and self.helper.alive() else None

    @property
    def capabilities(self) -> Capabilities:
        """More while the helper's heart beats."""
        if self._helped:
            return Capabilities(HELPED)
        return Capabilities(PLAIN, dict.fromkeys(HELPED - PLAIN, HELPERLESS))

    def close(self) -> None:
        """Free the port."""
        self.wire.close()

    def probe(self) -> Probe:
        """By letting it send everything, and by the helper's heartbeat."""
        answered = self._refresh(lambda message: True)
        helped = self._helped
        if answered or helped:
            ways = ["it sent its state over OSC"] if answered else ["OSC is silent"]
            ways.append("the helper script answers" if helped else "the helper script is not there")
            return Probe(self.name, self.host, self.port, True, "; ".join(ways))
        return Probe(self.name, self.host, self.port, False, f"No answer. {HINT}")

    def transport(self) -> Transport:
        """From the helper, or from what REAPER sends when it sends everything anew."""
        if self._helped:
            return self.scene().transport
        needed = {"playing", "seconds", "tempo"}

        def done(message: Message) -> bool:
            if found := TABLE.read(message):
                needed.discard(found[0])
            return not needed

        if not self._refresh(done):
            raise silent(self.name, self.port, HINT)
        return self._transport()

    def _transport(self) -> Transport:
        seconds, tempo = (self._last(name) for name in ("seconds", "tempo"))
        return Transport(
            bool(self._last("playing")),
            bool(self._last("recording")),
            None if seconds is None else float(seconds),
            None if tempo is None else float(tempo),
        )

    def scene(self) -> Scene:
        """From the helper, or from what REAPER has sent of itself; it sends every change.

        The device is the one whose parameters were moved last.
        """
        if helper := self._helped:
            return _scene(helper.ask("scene"))
        if time.monotonic() - self._heard_at > QUIET_SECONDS:
            if not self._gather():
                raise silent(self.name, self.port, HINT)
            self._heard_at = time.monotonic()
        chosen = (n for n in range(1, TRACKS + 1) if self._last("track_selected", track=n))
        track = next((n for n in chosen if self._last("track_name", track=n)), None)
        where = [str(self._last(f"touched_{what}") or "") for what in ("track", "device")]
        device = None
        if all(number.isdecimal() and int(number) > 0 for number in where):
            name = str(self._last("touched_name") or "")
            device = Device(int(where[0]), int(where[1]), name)
        name = str(self._last("track_name", track=track)) if track else ""
        return Scene(self._transport(), Track(track, name, True) if track else None, device)

    def _last(self, name: str, **ids: int | None) -> Any:
        """The value of the table's message that came last."""
        message = self.wire.latest(TABLE.into[name].pattern.format_map(ids))
        return message.args[0] if message and message.args else None

    def play(self) -> None:
        """Let it roll."""
        self.wire.send(TABLE.message("play", on=1))

    def stop(self) -> None:
        """Stop it."""
        self.wire.send(TABLE.message("stop", on=1))

    def locate(self, seconds: float) -> None:
        """Go to a place."""
        self.wire.send(TABLE.message("locate", seconds=seconds))

    def tracks(self) -> tuple[Track, ...]:
        """All that have a name; the helper knows those without, too."""
        if helper := self._helped:
            rows = helper.ask("tracks")["tracks"]
            return tuple(Track(r["track"], r["name"], r["selected"]) for r in rows)
        names: dict[int, str] = {}
        selected: dict[int, bool] = {}
        self.wire.send(TABLE.message("count_tracks", number=TRACKS))
        for message in self._gather():
            found = TABLE.read(message)
            if found and found[0] == "track_name" and isinstance(found[1]["track"], int):
                names[found[1]["track"]] = found[1]["name"]
            elif found and found[0] == "track_selected":
                selected[found[1]["track"]] = bool(found[1]["on"])
        if not names:
            raise silent(self.name, self.port, HINT)
        return tuple(Track(i, n, selected.get(i)) for i, n in sorted(names.items()) if n)

    def devices(self, track: Track) -> tuple[Device, ...]:
        """The effects of a track."""
        if helper := self._helped:
            rows = helper.ask("devices", track=track.index)["devices"]
            return tuple(Device(track.index, r["device"], r["name"], r["on"]) for r in rows)
        names: dict[int, str] = {}
        on: dict[int, bool] = {}
        here = False
        self.wire.send(TABLE.message("count_devices", number=DEVICES))
        for message in self._gather(TABLE.message("select_track", number=track.index)):
            found = TABLE.read(message)
            if not found:
                continue
            name, values = found
            if name == "this_track":
                here = values["number"] == str(track.index)
            elif name == "device_name" and isinstance(values["device"], int):
                names[values["device"]] = values["name"]
            elif name == "device_on" and isinstance(values["device"], int):
                on[values["device"]] = bool(values["on"])
        if not here:
            raise silent(self.name, self.port, HINT)
        return tuple(
            Device(track.index, i, n, on.get(i, True)) for i, n in sorted(names.items()) if n
        )

    def parameters(self, device: Device) -> tuple[DawParameter, ...]:
        """All parameters, 0 to 1, with what they display."""
        if helper := self._helped:
            answer = helper.ask("parameters", track=device.track, device=device.index)
            rows = answer["parameters"]
            return tuple(
                DawParameter(
                    device.track, device.index, r["parameter"], r["name"], low=0.0, high=1.0,
                    value=r["value"], text=r["text"], step=r["step"],
                )
                for r in rows
            )  # fmt: skip
        names, values = self._view(device.track, device.index)
        if not values:
            raise silent(self.name, self.port, HINT)
        return tuple(
            DawParameter(
                device.track, device.index, index, names[index], low=0.0, high=1.0,
                value=reading.value, text=reading.text,
            )
            for index, reading in sorted(values.items()) if names.get(index)
        )  # fmt: skip

    def set(self, values: Sequence[tuple[DawParameter, float]]) -> None:
        """By the helper in one go, or each over OSC."""
        if helper := self._helped:
            rows = [[p.track, p.device, p.index, value] for p, value in values]
            helper.ask("set", values=rows)
            return
        self.wire.forget()
        for p, value in values:
            ids = {"track": p.track, "device": p.device, "parameter": p.index}
            self.wire.put(TABLE.message("set", value=value, **ids))
        self.wire.flushed()

    def read(
        self, parameters: Iterable[DawParameter], texts: bool = False
    ) -> dict[tuple[int, int, int], Reading]:
        """What REAPER says when everything is sent anew; only while it names the right device."""
        wanted = list(parameters)
        if helper := self._helped:
            try:
                rows = helper.ask("read", parameters=[list(p.key) for p in wanted])["values"]
            except UserError:
                return {}
            return {(r[0], r[1], r[2]): Reading(r[3], r[4]) for r in rows}
        found: dict[tuple[int, int, int], Reading] = {}
        for track, device in sorted({p.key[:2] for p in wanted}):
            indices = frozenset(p.index for p in wanted if p.key[:2] == (track, device))
            _, values = self._view(track, device, indices, texts)
            found |= {(track, device, i): r for i, r in values.items() if i in indices}
        return found

    def _view(
        self, track: int, device: int, wanted: frozenset[int] | None = None, shown: bool = False
    ) -> tuple[dict[int, str], dict[int, Reading]]:
        """Names and readings of one device's parameters.

        The messages do not say which device they are about; the surface does, and a lost message
        may have left it at another one. What came before it named the right one, in each round of
        sending anew, does not count.
        """
        names: dict[int, str] = {}
        values: dict[int, float] = {}
        texts: dict[int, str] = {}
        ends = time.monotonic() + TRIES * self.timeout
        for _ in range(2 * TRIES):
            here = {"this_track": False, "this_device": False}
            expected = {"this_track": str(track), "this_device": str(device)}
            kinds = ("parameter_value", "parameter_text") if shown else ("parameter_value",)
            missing = dict.fromkeys((kind, i) for i in wanted or () for kind in kinds)

            def done(message: Message, missing: dict[tuple[str, int], None] = missing) -> bool:
                if found := TABLE.read(message):
                    missing.pop((found[0], found[1].get("parameter", 0)), None)
                return bool(wanted) and not missing

            for message in self._gather(
                TABLE.message("select_track", number=track),
                TABLE.message("select_device", number=device),
                TABLE.message("count_parameters", number=PARAMETERS),
                until=done,
                rounds=1,
            ):
                found = TABLE.read(message)
                if not found:
                    continue
                name, row = found
                if name in here:
                    here[name] = row["number"] == expected[name]
                elif not all(here.values()):
                    continue
                elif name == "parameter_name":
                    names[row["parameter"]] = row["name"]
                elif name == "parameter_value":
                    values[row["parameter"]] = row["value"]
                elif name == "parameter_text":
                    texts[row["parameter"]] = row["text"]
            enough = bool(values)
            if wanted:
                enough = set(values) >= wanted and (not shown or set(texts) >= wanted)
            if enough or time.monotonic() > ends:
                break
        if shown:
            values = {i: v for i, v in values.items() if i in texts}
        return names, {i: Reading(v, texts.get(i, "")) for i, v in values.items()}

    def _gather(
        self,
        *first: Message,
        until: Callable[[Message], bool] = lambda message: False,
        rounds: int = TRIES,
    ) -> list[Message]:
        """Everything that is sent anew, in as many rounds as may be lost but one."""
        refresh = TABLE.message("action", number=TABLE.settings["refresh"])
        found: list[Message] = []
        for _ in range(rounds):
            found += self.wire.ask(*first, refresh, until=until, timeout=self.timeout / 2)
        return found

    def _refresh(self, done: Callable[[Message], bool]) -> list[Message]:
        for _ in range(TRIES):
            if found := self._gather(until=done, rounds=1):
                return found
        return []

    def release(self, parameters: Iterable[DawParameter]) -> None:
        """End the touch of each; the helper does it with every value."""
        if self._helped:
            return
        for p in parameters:
            ids = {"track": p.track, "device": p.device, "parameter": p.index}
            self.wire.send(TABLE.message("release", value=-1, **ids))

    def arm(self, parameters: Iterable[DawParameter], on: bool) -> str:
        """Set the tracks' automation to touch, and to read afterwards."""
        for track in sorted({p.track for p in parameters}):
            self.wire.send(TABLE.message("touch_mode" if on else "read_mode", track=track, on=1))
        return (
            "REAPER records this where the parameter has an armed envelope, or where it is set to "
            "add envelopes when parameters are moved in write modes."
        )

    def enable(self, device: Device, on: bool) -> None:
        """Switch an effect on or off."""
        ids = {"track": device.track, "device": device.index}
        self.wire.send(TABLE.message("enable", on=float(on), **ids))

    def load_preset(self, device: Device, path: Path) -> None:
        """Load a `.vstpreset` into a VST3 effect, by its full path."""
        ids = {"track": device.track, "device": device.index}
        if helper := self._helped:
            helper.ask("preset", **ids, path=str(path.absolute()))
            return
        self.wire.send(TABLE.message("preset", path=str(path.absolute()), **ids))

    def insert(self, track: Track, name: str) -> Device:
        """Put an effect at the end of a track."""
        row = self._need(Can.INSERT).ask("insert", track=track.index, name=name)
        return Device(track.index, row["device"], row["name"])

    def write_points(self, parameter: DawParameter, points: Sequence[Point]) -> None:
        """Replace the envelope's points between the first one and the last by these."""
        t, d, p = parameter.key
        rows = [[point.seconds, point.value] for point in points]
        self._need(Can.POINTS).ask("points", track=t, device=d, parameter=p, points=rows)

    def capture(self, track: Track, folder: Path) -> Capture:
        """The selected items of a track, or all of it, before all effects."""
        from ifx_bridge.daw.reaper_capture import dry

        return dry(self._need(Can.CAPTURE), track, folder)

    @contextmanager
    def undo_step(self, title: str) -> Iterator[None]:
        """One undo step of the block, where the helper runs."""
        helper = self._helped
        if helper is None:
            yield
            return
        helper.ask("undo_begin")
        try:
            yield
        finally:
            if self._helped:  # it may have quit
                with suppress(UserError):
                    helper.ask("undo_end", title=title)

    def _need(self, what: Can) -> Helper:
        self.capabilities.need(what)
        assert self.helper is not None
        return self.helper


def _scene(row: dict[str, Any]) -> Scene:
    track, device = row.get("track"), row.get("device")
    return Scene(
        Transport(row["playing"], row["recording"], row["seconds"], row["tempo"]),
        Track(track["track"], track["name"], True) if track else None,
        Device(device["track"], device["device"], device["name"]) if device else None,
    )
