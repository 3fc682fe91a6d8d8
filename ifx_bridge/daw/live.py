"""Ableton Live, through the control surface AbletonOSC (ports 11000 and 11001).

Live counts from 0 on the wire; here, as in its window, everything counts from 1.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ifx_bridge.daw.capture import copied
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
from ifx_bridge.daw.live_listen import Changed, Told, Watch
from ifx_bridge.daw.osc import Message, table
from ifx_bridge.daw.wire import LOOPBACK, Wire
from ifx_bridge.errors import UserError

TABLE = table("live")
HINT = (
    "Start Live, put AbletonOSC into its Remote Scripts folder and choose it in Settings, Link, "
    "Tempo & MIDI, Control Surface."
)
TRIES = 3
# AbletonOSC looks for messages once in 100 ms.
TICK_SECONDS = 0.1
ON = "Device On"
# Between two questions for the selected device.
DEVICE_SECONDS = 0.5
TRANSPORT: dict[str, dict[str, int]] = {"tempo": {}, "playing": {}, "beats": {}, "recording": {}}

CAPABILITIES = Capabilities(
    frozenset(
        {Can.TRANSPORT, Can.TRACKS, Can.DEVICES, Can.TEXTS, Can.SET, Can.READ_BACK, Can.ENABLE}
        | {Can.PASS, Can.CAPTURE}
    ),
    {
        Can.PRESETS: "AbletonOSC cannot load presets: drag the file onto the device.",
        Can.INSERT: "AbletonOSC cannot insert devices: put it on the track by hand.",
        Can.UNDO_STEP: "Live makes an undo step of every value.",
        Can.POINTS: "AbletonOSC cannot write automation: record a pass instead.",
    },
)


class LiveLink(DawLink):
    """A running Live with AbletonOSC.

    Args:
        host: Where it runs.
        port: AbletonOSC's port.
        listen: Where it sends its answers; AbletonOSC knows only one.
        timeout: Longest wait for an answer, in seconds.
    """

    name = "Ableton Live"

    def __init__(
        self,
        host: str = LOOPBACK,
        port: int = int(TABLE.settings["port"]),
        *,
        listen: int = int(TABLE.settings["listen"]),
        timeout: float = 5 * TICK_SECONDS,
        settle_seconds: float = 2 * TICK_SECONDS,
    ) -> None:
        self.host, self.port, self.timeout = host, port, timeout
        self.settle_seconds = settle_seconds
        self.wire = Wire((host, port), port=listen, rate=TABLE.settings["rate"])
        self._told = Told(self.wire)
        self._track_names: list[str] = []
        self._device: tuple[int, Device | None] = (-1, None)
        self._device_at = -math.inf

    @property
    def capabilities(self) -> Capabilities:
        """What AbletonOSC allows."""
        return CAPABILITIES

    def close(self) -> None:
        """Free the port."""
        self._told.close()
        self.wire.close()

    def probe(self) -> Probe:
        """By AbletonOSC's own test and Live's version."""
        if self._ask("test") is None:
            return Probe(self.name, self.host, self.port, False, f"No answer. {HINT}")
        version = self._ask("version")
        said = ".".join(str(v) for v in version["rest"]) if version else "of unknown version"
        how = f"AbletonOSC answered its test, and Live {said} its version"
        return Probe(self.name, self.host, self.port, True, how)

    def transport(self) -> Transport:
        """Position in seconds follows from beats at the tempo of now."""
        return _transport(self._all(**TRANSPORT))

    def scene(self) -> Scene:
        """As Live tells it by itself; asked for now and then, since something may be lost."""
        if guard := self._told.due:
            answers = self._all(**TRANSPORT, track_names={})
            self._track_names = [str(name) for name in answers["track_names"]["rest"]]
            # Live answers with an error while a return track or the main one is selected.
            self._told.guarded(answers | self._answers({"selected_track": {}}, tries=1))
        rows = self._told.rows()
        number = rows.get("selected_track", {}).get("track", -1)
        if not 0 <= number < len(self._track_names):
            return Scene(_transport(rows))
        track = Track(number + 1, self._track_names[number], True)
        return Scene(_transport(rows), track, self._selected_device(number, guard))

    def _selected_device(self, track: int, guard: bool) -> Device | None:
        """The device selected on the selected track, of whose change Live does not tell."""
        now = time.monotonic()
        if guard or track != self._device[0] or now - self._device_at > DEVICE_SECONDS:
            # Live answers with an error while no device is selected.
            where = self._answers({"selected_device": {}}, tries=1).get("selected_device")
            device = None
            if where is not None and where["track"] == track and where["device"] >= 0:
                ids = {"device_names": {"track": track}}
                known = self._answers(ids).get("device_names", {}).get("rest", ())
                if where["device"] < len(known):
                    name = str(known[where["device"]])
                    device = Device(track + 1, where["device"] + 1, name)
            self._device, self._device_at = (track, device), time.monotonic()
        return self._device[1]

    @contextmanager
    def watching(self, parameters: Iterable[DawParameter], changed: Changed) -> Iterator[None]:
        """By Live's listeners."""
        watch = Watch(self, parameters, changed)
        try:
            yield
        finally:
            watch.close()

    def play(self) -> None:
        """Let it roll from where it is."""
        self.wire.send(TABLE.message("play"))

    def stop(self) -> None:
        """Stop it."""
        self.wire.send(TABLE.message("stop"))

    def arm(self, parameters: Iterable[DawParameter], on: bool) -> str:
        """Switch arrangement recording, into which values sent while it plays go."""
        self.wire.send(TABLE.message("set_recording", on=on))
        return (
            "Live records this into the arrangement, over what armed tracks have there. A value "
            "set later overrides it until Back to Arrangement is pressed."
        )

    def locate(self, seconds: float) -> None:
        """Go to a place, at the tempo of now."""
        tempo = self._all(tempo={})["tempo"]["tempo"]
        self.wire.send(TABLE.message("set_beats", beats=seconds * tempo / 60))

    def tracks(self) -> tuple[Track, ...]:
        """Audio and MIDI tracks; AbletonOSC does not reach return and main tracks."""
        names = self._all(track_names={})["track_names"]["rest"]
        selected = self._ask("selected_track")
        return tuple(
            Track(index + 1, str(name), selected["track"] == index if selected else None)
            for index, name in enumerate(names)
        )

    def devices(self, track: Track) -> tuple[Device, ...]:
        """What is on a track; not what is inside racks. The first parameter says what is on."""
        names = self._all(device_names={"track": track.index - 1})["device_names"]["rest"]
        switches = self._each("value", [(track.index - 1, i, 0) for i in range(len(names))])
        on = {i: row["value"] != 0 for (_, i, _), row in switches.items()}
        return tuple(
            Device(track.index, i + 1, str(name), on.get(i, True)) for i, name in enumerate(names)
        )

    def parameters(self, device: Device) -> tuple[DawParameter, ...]:
        """All that Live shows.

        Raises:
            UserError: It does not answer, or the plugin has more than 64 parameters, which Live
                shows only after they were chosen by hand.
        """
        ids = {"track": device.track - 1, "device": device.index - 1}
        names = ("names", "lows", "highs", "steps", "values")
        columns = self._all(**dict.fromkeys(names, ids))
        rows = [columns[name]["rest"] for name in names]
        found = tuple(
            DawParameter(
                track=device.track,
                device=device.index,
                index=index + 1,
                name=str(name),
                low=float(low),
                high=float(high),
                value=float(value),
                step=1.0 if step else 0.0,
            )
            for index, (name, low, high, step, value) in enumerate(zip(*rows, strict=False))
        )
        if len(found) == 1 and found[0].name == ON:
            raise UserError(
                f"Live shows no parameters of {device.name}: it has more than 64.",
                kept="Nothing was changed.",
                next_step="Press Configure on the device in Live and touch those that matter.",
            )
        return tuple(
            DawParameter(**{**p.__dict__, "text": t.text})
            for p, t in zip(found, self._with_texts(found), strict=True)
        )

    def _with_texts(self, parameters: Sequence[DawParameter]) -> list[Reading]:
        texts = self._texts(parameters)
        return [Reading(p.value, texts.get(p.key, "")) for p in parameters]

    def _texts(self, parameters: Iterable[DawParameter]) -> dict[tuple[int, int, int], str]:
        """Displays, by `DawParameter.key`."""
        found = self._each(
            "text", [(t - 1, d - 1, p - 1) for t, d, p in (q.key for q in parameters)]
        )
        return {(t + 1, d + 1, p + 1): row["text"] for (t, d, p), row in found.items()}

    def set(self, values: Sequence[tuple[DawParameter, float]]) -> None:
        """Send values in the parameters' own ranges."""
        self.wire.forget()
        for p, value in values:
            ids = {"track": p.track - 1, "device": p.device - 1, "parameter": p.index - 1}
            self.wire.put(TABLE.message("set", value=value, **ids))
        self.wire.flushed()

    def read(
        self, parameters: Iterable[DawParameter], texts: bool = False
    ) -> dict[tuple[int, int, int], Reading]:
        """By one question for each device."""
        wanted = list(parameters)
        shown = self._texts(wanted) if texts else {}
        found: dict[tuple[int, int, int], Reading] = {}
        for track, device in sorted({p.key[:2] for p in wanted}):
            answer = self._ask("values", track=track - 1, device=device - 1)
            for p in wanted:
                row = answer["rest"] if answer and p.key[:2] == (track, device) else ()
                if p.index <= len(row):
                    found[p.key] = Reading(float(row[p.index - 1]), shown.get(p.key, ""))
        return found

    def enable(self, device: Device, on: bool) -> None:
        """By the first parameter, which every device of Live has."""
        ids = {"track": device.track - 1, "device": device.index - 1, "parameter": 0}
        self.wire.send(TABLE.message("set", value=float(on), **ids))

    def capture(self, track: Track, folder: Path) -> Capture:
        """The file of the first audio clip in the track's Session slots, as it lies on the disk."""
        index = track.index - 1
        clips = self._all(clip_names={"track": index})["clip_names"]["rest"]
        for number, name in enumerate(clips):
            if name is None:
                continue
            found = self._ask("clip_path", track=index, clip=number)
            if found and found["path"]:
                path = Path(found["path"])
                if not path.is_file():
                    raise UserError(
                        f"Live says that the clip is {path}, but there is no such file here.",
                        next_step="Collect the set (File, Collect All and Save), or bounce it.",
                    )
                way = "the file of the Session clip, as it lies on the disk"
                tempo = self._tempo()
                found_clip = Capture(path, way, self.name, track.name, str(name), tempo=tempo)
                return copied(found_clip, folder)
        raise UserError(
            f"{track.name!r} has no audio clip in a Session slot.",
            kept="Nothing was changed.",
            next_step="Arrangement clips cannot be read: drag it into a slot, or bounce it and "
            "capture with --watch.",
        )

    def _tempo(self) -> float | None:
        found = self._ask("tempo")
        return found["tempo"] if found else None

    # The wire.

    def _ask(self, name: str, **ids: int) -> dict[str, Any] | None:
        """The answer about just these numbers; asked again when it does not come."""
        return self._answers({name: ids}).get(name)

    def _answers(
        self, questions: Mapping[str, Mapping[str, int]], tries: int = TRIES
    ) -> dict[str, dict[str, Any]]:
        """Answers to questions asked at once, as far as they come; errors count as answers."""
        found: dict[str, dict[str, Any]] = {}
        for _ in range(tries):
            left = {name: ids for name, ids in questions.items() if name not in found}
            if not left:
                break
            asked, errors = time.monotonic(), 0

            def last(message: Message, left: Any = left, asked: float = asked) -> bool:
                nonlocal errors
                for name, ids in left.items():
                    row = TABLE.into[name].read(message)
                    if row is not None and all(row.get(k) == v for k, v in ids.items()):
                        found[name] = row
                errors += self._erred(message, asked)
                return sum(name in found for name in left) + errors >= len(left)

            batch = [TABLE.message(name, **ids) for name, ids in left.items()]
            self.wire.ask(*batch, until=last, timeout=self.timeout)
        return found

    def _each(
        self, name: str, places: Iterable[tuple[int, int, int]]
    ) -> dict[tuple[int, int, int], dict[str, Any]]:
        """Answers about many parameters, asked for all at once and again where they do not come."""
        left, found = set(places), dict[tuple[int, int, int], dict[str, Any]]()
        for _ in range(TRIES):
            if not left:
                break
            batch = [TABLE.message(name, track=t, device=d, parameter=p) for t, d, p in left]
            asked, errors = time.monotonic(), 0

            def last(message: Message, asked: float = asked) -> bool:
                nonlocal errors
                if row := TABLE.into[name].read(message):
                    place = (row["track"], row["device"], row["parameter"])
                    if place in left:
                        found[place] = row
                        left.discard(place)
                errors += self._erred(message, asked)
                return errors >= len(left)

            self.wire.ask(*batch, until=last, timeout=self.timeout)
        return found

    @staticmethod
    def _erred(message: Message, asked: float) -> bool:
        """Whether it is an error about what was asked then, not about what was asked before."""
        late = time.monotonic() > asked + TICK_SECONDS
        return late and TABLE.into["error"].read(message) is not None

    def _all(self, **questions: Mapping[str, int]) -> dict[str, dict[str, Any]]:
        answers = self._answers(questions)
        if set(answers) != set(questions):
            raise silent(self.name, self.port, f"{HINT} While one of its menus is open, it waits.")
        return answers


def _transport(found: Mapping[str, Mapping[str, Any]]) -> Transport:
    tempo = found["tempo"]["tempo"]
    playing, recording = (bool((found[k]["rest"] or [0])[0]) for k in ("playing", "recording"))
    seconds = found["beats"]["beats"] * 60 / tempo if tempo else None
    return Transport(playing, playing and recording, seconds, tempo)
