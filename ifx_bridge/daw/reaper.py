"""REAPER: OSC for what it can, our helper script (if it runs) for the rest and for certainty."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

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
from ifx_bridge.daw.osc import Message
from ifx_bridge.daw.reaper_helper import Helper
from ifx_bridge.daw.reaper_surface import TABLE, Surface, address
from ifx_bridge.daw.wire import LOOPBACK, Wire
from ifx_bridge.errors import UserError

HINT = (
    "Start REAPER and add, in Preferences, Control/OSC/web, OSC with the pattern config IFX Bridge "
    "and the mode Configure device IP+local port: ifx-bridge daw install reaper says how."
)
HELPERLESS = "This needs the helper script: ifx-bridge daw install reaper."
# When nothing has come for so long, it is asked whether it is still there. While it rolls, its
# position comes all the time.
QUIET_SECONDS, QUIET_ROLLING_SECONDS = 10.0, 1.5

Found = TypeVar("Found")

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
        self.surface = Surface(self.wire, timeout)
        self._heard_at = -math.inf
        self._knows = False
        # It does not say where it is while that has always been the beginning.
        self._seconds = 0.0
        self.wire.listen(self._heard)

    def _heard(self, message: Message) -> None:
        self._heard_at = time.monotonic()
        found = TABLE.into["seconds"].read(message)
        if found is not None:
            self._seconds = found["seconds"]

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
        """By asking it which track its control surface is at, and by the helper's heartbeat."""
        answered = self.surface.alive()
        helped = self._helped
        if answered or helped:
            ways = ["it answers over OSC"] if answered else ["OSC is silent"]
            ways.append("the helper script answers" if helped else "the helper script is not there")
            return Probe(self.name, self.host, self.port, True, "; ".join(ways))
        return Probe(self.name, self.host, self.port, False, f"No answer. {HINT}")

    def transport(self) -> Transport:
        """From the helper, or from what REAPER has said last; it says every change."""
        return self.scene().transport

    def scene(self) -> Scene:
        """From the helper, or from what REAPER has said of itself; it says every change.

        The device is the one whose parameters were moved last.
        """
        if helper := self._helped:
            return _scene(helper.ask("scene"))
        self._listen()
        chosen = (n for n in range(1, self.surface.shown + 1)
                  if self._last("track_selected", track=n))  # fmt: skip
        track = next((n for n in chosen if self._last("track_name", track=n)), None)
        where = [str(self._last(f"touched_{what}") or "") for what in ("track", "device")]
        device = None
        if all(number.isdecimal() and int(number) > 0 for number in where):
            name = str(self._last("touched_name") or "")
            device = Device(int(where[0]), int(where[1]), name)
        name = str(self._last("track_name", track=track)) if track else ""
        tempo = self._last("tempo")
        transport = Transport(
            bool(self._last("playing")),
            bool(self._last("recording")),
            self._seconds,
            None if tempo is None else float(tempo),
        )
        return Scene(transport, Track(track, name, True) if track else None, device)

    def _listen(self) -> None:
        """Make sure that what it has said of itself is true now.

        Raises:
            UserError: It does not answer.
        """
        quiet = time.monotonic() - self._heard_at
        if self._knows and quiet < (
            QUIET_ROLLING_SECONDS if self._last("playing") else QUIET_SECONDS
        ):
            return
        if self._knows and self.surface.alive():
            return
        self._knows = False
        self._answered(self.surface.tracks())
        self._seconds = 0.0
        told = [address(name) for name in ("playing", "recording", "tempo")]
        self._knows = self.surface.refresh(told)
        if not self._knows:
            raise silent(self.name, self.port, HINT)

    def _last(self, name: str, **ids: int) -> Any:
        """The value of the table's message that came last."""
        message = self.wire.latest(address(name, **ids))
        return message.args[0] if message and message.args else None

    def play(self) -> None:
        """Let it roll."""
        self._do("play", on=1)

    def stop(self) -> None:
        """Stop it."""
        self._do("stop", on=1)

    def locate(self, seconds: float) -> None:
        """Go to a place."""
        self._do("locate", seconds=seconds)

    def _do(self, what: str, **values: Any) -> None:
        """By the helper, or over OSC, where its next answer says that it has come so far."""
        if helper := self._helped:
            helper.ask(what, **values)
        else:
            self.wire.send(TABLE.message(what, **values))
            self.surface.alive()

    def tracks(self) -> tuple[Track, ...]:
        """All of them."""
        if helper := self._helped:
            rows = helper.ask("tracks")["tracks"]
            return tuple(Track(r["track"], r["name"], r["selected"]) for r in rows)
        return self._answered(self.surface.tracks())

    def devices(self, track: Track) -> tuple[Device, ...]:
        """The effects of a track."""
        if helper := self._helped:
            rows = helper.ask("devices", track=track.index)["devices"]
            return tuple(Device(track.index, r["device"], r["name"], r["on"]) for r in rows)
        return self._answered(self.surface.devices(track.index))

    def parameters(self, device: Device) -> tuple[DawParameter, ...]:
        """All parameters, 0 to 1, with what they display."""
        t, d = device.track, device.index
        if helper := self._helped:
            return tuple(
                DawParameter(
                    t, d, r["parameter"], r["name"], low=0.0, high=1.0,
                    value=r["value"], text=r["text"], step=r["step"],
                )
                for r in helper.ask("parameters", track=t, device=d)["parameters"]
            )  # fmt: skip
        return tuple(
            DawParameter(t, d, n, name, 0.0, 1.0, value=reading.value, text=reading.text)
            for n, (name, reading) in self._answered(self.surface.parameters(t, d)).items()
        )

    def _answered(self, found: Found | None) -> Found:
        if found is None:
            raise silent(self.name, self.port, HINT)
        return found

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
        """What REAPER says when it has forgotten that it has said it already."""
        wanted = list(parameters)
        if helper := self._helped:
            try:
                rows = helper.ask("read", parameters=[list(p.key) for p in wanted])["values"]
            except UserError:
                return {}
            return {(r[0], r[1], r[2]): Reading(r[3], r[4]) for r in rows}
        found: dict[tuple[int, int, int], Reading] = {}
        for track, device in sorted({p.key[:2] for p in wanted}):
            indices = sorted(p.index for p in wanted if p.key[:2] == (track, device))
            there = self.surface.read(track, device, indices, texts)
            found |= {(track, device, n): reading for n, reading in there.items()}
        return found

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
            self._do("touch_mode" if on else "read_mode", track=track, on=1)
        return (
            "REAPER records this where the parameter has an armed envelope, or where it is set to "
            "add envelopes when parameters are moved in write modes."
        )

    def enable(self, device: Device, on: bool) -> None:
        """Switch an effect on or off."""
        self._do("enable", track=device.track, device=device.index, on=int(on))

    def load_preset(self, device: Device, path: Path) -> None:
        """Load a `.vstpreset` into a VST3 effect, by its full path."""
        ids = {"track": device.track, "device": device.index}
        if helper := self._helped:
            helper.ask("preset", **ids, path=str(path.absolute()))
            return
        self.wire.send(TABLE.message("preset", path=str(path.absolute()), **ids))

    def insert(self, track: Track, *names: str) -> Device:
        """Put an effect at the end of a track: the first of the names that REAPER has."""
        row = self._need(Can.INSERT).ask("insert", track=track.index, names=list(names))
        return Device(track.index, row["device"], row["name"])

    def write_points(self, parameter: DawParameter, points: Sequence[Point]) -> tuple[float, float]:
        """Replace the envelope's points between the first one and the last by these.

        Before them stays what was there; a new envelope begins as they do.
        """
        t, d, p = parameter.key
        rows = [[point.seconds, point.value] for point in points]
        done = self._need(Can.POINTS).ask("points", track=t, device=d, parameter=p, points=rows)
        return float(done["first"]), float(done["last"])

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
        helper.ask("undo_begin", title=title)
        try:
            yield
        finally:
            if self._helped:  # it may have quit
                with suppress(UserError):
                    helper.ask("undo_end")

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
