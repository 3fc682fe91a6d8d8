"""REAPER's script functions as far as our helper calls them; all calls' arguments are checked."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from lupa.lua54 import LuaRuntime
from numpy.typing import NDArray

from tests.daw.fakes import Effect, Knob, Lane, load_preset


class Item:
    def __init__(self, path: str, position: float, length: float, offset: float = 0.0) -> None:
        self.path, self.rate, self.selected, self.midi, self.section = path, 1.0, 0.0, False, False
        self.info = {"D_POSITION": position, "D_LENGTH": length}
        self.take = {"D_STARTOFFS": offset, "D_PITCH": 0.0, "D_VOL": 1.0, "I_CHANMODE": 0.0}
        self.take["D_PAN"] = 0.0
        self.info |= {"D_VOL": 1.0, "B_MUTE_ACTUAL": 0.0, "D_FADEINLEN": 0.0, "D_FADEOUTLEN": 0.0}
        # No automatic fade.
        self.info |= {"D_FADEINLEN_AUTO": -1.0, "D_FADEOUTLEN_AUTO": -1.0}
        self.source_seconds, self.source_rate, self.channels = 60.0, 48000, 1
        self.markers = self.envelopes = self.effects = 0


class Envelope:
    """Straight lines between its points, in the parameter's own unit."""

    def __init__(self, knob: Knob) -> None:
        self.low, self.high = knob.slider
        # REAPER puts a point at the beginning of an envelope that it makes.
        self.points: list[tuple[float, float]] = [(0.0, in_unit(knob))]
        self.sorted = True
        self.takes_points = True


def in_unit(knob: Knob) -> float:
    low, high = knob.slider
    return low + knob.value * (high - low)


class Array:
    """reaper.array: what is in it is not nothing before it is cleared."""

    def __init__(self, lua: LuaRuntime, size: int) -> None:
        assert isinstance(size, int) and 0 < size <= 4_194_304
        self._lua, self.values = lua, [1e9] * size

    def clear(self) -> None:
        self.values = [0.0] * len(self.values)

    def table(self, first: int, count: int) -> Any:
        assert first >= 1 and first - 1 + count <= len(self.values)
        return self._lua.table_from(self.values[first - 1 : first - 1 + count])


class Accessor:
    def __init__(self, track: Lane) -> None:
        self.track, self.open = track, True


class ReaperTable:
    """The functions; call `lua_table` for what goes into a script."""

    def __init__(self, root: Path, lanes: list[Lane]) -> None:
        self.root, self.lanes = root, lanes
        self.items: dict[int, list[Item]] = {}
        self.envelopes: dict[tuple[int, int, int], Envelope] = {}
        self.undo: list[str] = []
        self.ext_states: dict[tuple[str, str], str] = {}
        self.modes: dict[int, int] = {}
        self.installed = {"ReaEQ": 3}
        # By track: what it plays before its effects, [channels, samples] from the project's start.
        self.sounds: dict[int, NDArray[np.float32]] = {}
        self.accessors: list[Accessor] = []
        self.play_state, self.position, self.cursor = 0, 3.5, 1.25
        self.clock = 0.0  # ahead of the real one, in seconds
        self.selected = 0
        self.touched: tuple[bool, int, int, int] = (False, 0, 0, 0)

    def lua_table(self, lua: LuaRuntime) -> Any:
        self.lua = lua
        table = lua.table()
        for name in dir(self):
            if name[0].isupper() or name in ("time_precise", "new_array"):
                table[name] = getattr(self, name)
        return table

    # Checks.

    def _track(self, track: Any) -> int:
        assert isinstance(track, Lane), f"{track!r} is no MediaTrack"
        return self.lanes.index(track)

    def _effect(self, track: Any, fx: Any) -> Effect:
        self._track(track)
        assert isinstance(fx, int) and 0 <= fx < len(track.effects), f"no effect {fx!r}"
        found: Effect = track.effects[fx]
        return found

    def _knob(self, track: Any, fx: Any, index: Any) -> Any:
        effect = self._effect(track, fx)
        assert isinstance(index, int) and 0 <= index < len(effect.knobs), f"no knob {index!r}"
        return effect.knobs[index]

    @staticmethod
    def _project(project: Any) -> None:
        assert project == 0 and isinstance(project, int)

    # The functions, as documented.

    def GetResourcePath(self) -> str:
        return str(self.root)

    def GetAppVersion(self) -> str:
        return "7.78/linux-x86_64"

    def RecursiveCreateDirectory(self, path: str, ignored: int) -> int:
        assert isinstance(path, str) and ignored == 0
        Path(path).mkdir(parents=True, exist_ok=True)
        return 1

    def EnumerateFiles(self, path: str, index: int) -> str | None:
        assert isinstance(path, str) and isinstance(index, int)
        if index == -1:
            self._listing = sorted(os.listdir(path))
            return None
        return self._listing[index] if index < len(self._listing) else None

    def time_precise(self) -> float:
        return time.monotonic() + self.clock

    def CountTracks(self, project: int) -> int:
        self._project(project)
        return len(self.lanes)

    def GetTrack(self, project: int, index: int) -> Lane | None:
        self._project(project)
        assert isinstance(index, int)
        return self.lanes[index] if 0 <= index < len(self.lanes) else None

    def GetTrackName(self, track: Lane) -> tuple[bool, str]:
        return True, track.name or f"Track {self._track(track) + 1}"

    def IsTrackSelected(self, track: Lane) -> bool:
        return self._track(track) == self.selected

    def TrackFX_GetCount(self, track: Lane) -> int:
        self._track(track)
        return len(track.effects)

    def TrackFX_GetFXName(self, track: Lane, fx: int, buffer: str) -> tuple[bool, str]:
        assert buffer == ""
        return True, self._effect(track, fx).name

    def TrackFX_GetEnabled(self, track: Lane, fx: int) -> bool:
        return self._effect(track, fx).on

    def TrackFX_GetNumParams(self, track: Lane, fx: int) -> int:
        return len(self._effect(track, fx).knobs)

    def TrackFX_GetParamName(
        self, track: Lane, fx: int, index: int, buffer: str
    ) -> tuple[bool, str]:
        assert buffer == ""
        return True, self._knob(track, fx, index).name

    def TrackFX_GetParamNormalized(self, track: Lane, fx: int, index: int) -> float:
        return float(self._knob(track, fx, index).value)

    def TrackFX_SetParamNormalized(self, track: Lane, fx: int, index: int, value: float) -> bool:
        assert isinstance(value, float | int) and 0 <= value <= 1
        self._knob(track, fx, index).move(value)
        return True

    def TrackFX_GetFormattedParamValue(
        self, track: Lane, fx: int, index: int, buffer: str
    ) -> tuple[bool, str]:
        assert buffer == ""
        return True, self._knob(track, fx, index).text()

    def TrackFX_GetParameterStepSizes(
        self, track: Lane, fx: int, index: int
    ) -> tuple[bool, float, float, float, bool]:
        knob = self._knob(track, fx, index)
        switch = knob.quantized and knob.step == knob.slider[1] - knob.slider[0]
        return (knob.quantized, knob.step, knob.step, knob.step, switch)

    def TrackFX_GetParam(self, track: Lane, fx: int, index: int) -> tuple[float, float, float]:
        knob = self._knob(track, fx, index)
        return (in_unit(knob), *knob.slider)

    def TrackFX_SetEnabled(self, track: Lane, fx: int, enabled: bool) -> None:
        assert isinstance(enabled, bool)
        self._effect(track, fx).on = enabled

    def TrackFX_EndParamEdit(self, track: Lane, fx: int, index: int) -> bool:
        self._knob(track, fx, index)
        return True

    def TrackFX_AddByName(self, track: Lane, name: str, input: bool, instantiate: int) -> int:
        self._track(track)
        assert isinstance(name, str) and input is False and instantiate == -1
        if name not in self.installed:
            return -1
        knobs = [Knob(f"K{n}") for n in range(self.installed[name])]
        track.effects.append(Effect(f"VST: {name} (Cockos)", knobs))
        return len(track.effects) - 1

    def TrackFX_SetPreset(self, track: Lane, fx: int, name: str) -> bool:
        return load_preset(self._effect(track, fx), Path(name))

    def GetFXEnvelope(self, track: Lane, fx: int, index: int, create: bool) -> Envelope | None:
        assert isinstance(create, bool)
        key, knob = (self._track(track), fx, index), self._knob(track, fx, index)
        if create and key not in self.envelopes:
            self.envelopes[key] = Envelope(knob)
        return self.envelopes.get(key)

    def Envelope_Evaluate(
        self, envelope: Envelope, at: float, rate: int, count: int
    ) -> tuple[int, float, float, float, float]:
        assert isinstance(envelope, Envelope) and envelope.sorted
        assert isinstance(rate, int) and isinstance(count, int) and count >= 1 and at >= 0
        value = float(np.interp(at, *zip(*envelope.points, strict=True)))
        return count, value, 0.0, 0.0, 0.0

    def DeleteEnvelopePointRange(self, envelope: Envelope, start: float, end: float) -> bool:
        assert isinstance(envelope, Envelope) and start <= end
        envelope.points = [p for p in envelope.points if not start <= p[0] < end]
        return True

    def InsertEnvelopePoint(
        self, envelope: Envelope, at: float, value: float, shape: int, tension: float,
        selected: bool, no_sort: bool,
    ) -> bool:  # fmt: skip
        assert isinstance(envelope, Envelope) and envelope.low <= value <= envelope.high
        assert shape == 0 and tension == 0 and selected is False and no_sort is True
        if envelope.takes_points:
            envelope.points.append((at, value))
        envelope.sorted = False
        return True

    def Envelope_SortPoints(self, envelope: Envelope) -> bool:
        envelope.points.sort()
        envelope.sorted = True
        return True

    def UpdateArrange(self) -> None:
        pass

    def CountTrackMediaItems(self, track: Lane) -> int:
        return len(self.items.get(self._track(track), []))

    def GetTrackMediaItem(self, track: Lane, index: int) -> Item:
        return self.items[self._track(track)][index]

    def GetMediaItemInfo_Value(self, item: Item, name: str) -> float:
        assert isinstance(item, Item)
        return item.selected if name == "B_UISEL" else item.info[name]

    def GetActiveTake(self, item: Item) -> Item:
        assert isinstance(item, Item)
        return item

    def TakeIsMIDI(self, take: Item) -> bool:
        return take.midi

    def GetMediaItemTakeInfo_Value(self, take: Item, name: str) -> float:
        return take.rate if name == "D_PLAYRATE" else take.take[name]

    def GetMediaItemTake_Source(self, take: Item) -> Item:
        return take

    def GetMediaSourceParent(self, source: Item) -> Item | None:
        return source if source.section else None

    def GetMediaSourceFileName(self, source: Item) -> str:
        assert isinstance(source, Item)
        return source.path

    def GetMediaSourceLength(self, source: Item) -> tuple[float, bool]:
        assert isinstance(source, Item)
        return source.source_seconds, False

    def GetMediaSourceSampleRate(self, source: Item) -> int:
        assert isinstance(source, Item)
        return source.source_rate

    def GetMediaSourceNumChannels(self, source: Item) -> int:
        assert isinstance(source, Item)
        return source.channels

    def GetTakeNumStretchMarkers(self, take: Item) -> int:
        assert isinstance(take, Item)
        return take.markers

    def CountTakeEnvelopes(self, take: Item) -> int:
        assert isinstance(take, Item)
        return take.envelopes

    def TakeFX_GetCount(self, take: Item) -> int:
        assert isinstance(take, Item)
        return take.effects

    def new_array(self, size: int) -> Array:
        return Array(self.lua, size)

    def CreateTrackAudioAccessor(self, track: Lane) -> Accessor:
        self._track(track)
        self.accessors.append(Accessor(track))
        return self.accessors[-1]

    def DestroyAudioAccessor(self, accessor: Accessor) -> None:
        assert accessor.open
        accessor.open = False

    def GetAudioAccessorSamples(
        self, accessor: Accessor, rate: int, channels: int, start: float, count: int, buffer: Array
    ) -> int:
        assert accessor.open and isinstance(rate, int) and isinstance(channels, int)
        assert isinstance(count, int) and count * channels <= len(buffer.values)
        sound = self.sounds.get(self._track(accessor.track))
        if sound is None:
            return -1
        part = sound[:, round(start * rate) : round(start * rate) + count]
        if not part.shape[1]:
            return 0
        block = np.zeros((count, channels), np.float32)
        for c in range(channels):
            block[: part.shape[1], c] = part[min(c, len(part) - 1)]
        buffer.values[: count * channels] = block.reshape(-1).tolist()
        return 1

    def GetPlayState(self) -> int:
        return self.play_state

    def GetPlayPosition(self) -> float:
        return self.position

    def GetCursorPosition(self) -> float:
        return self.cursor

    def GetSelectedTrack(self, project: int, index: int) -> Lane | None:
        self._project(project)
        assert index == 0
        return self.lanes[self.selected] if 0 <= self.selected < len(self.lanes) else None

    def GetMediaTrackInfo_Value(self, track: Lane, name: str) -> float:
        assert name == "IP_TRACKNUMBER"
        return self._track(track) + 1.0

    def GetLastTouchedFX(self) -> tuple[bool, int, int, int]:
        return self.touched

    def GetTakeName(self, take: Item) -> str:
        return Path(take.path).name

    def TimeMap_GetTimeSigAtTime(self, project: int, at: float) -> tuple[int, int, float]:
        self._project(project)
        assert isinstance(at, float)
        return 6, 8, 96.0

    def OnPlayButton(self) -> None:
        self.play_state = 1

    def OnStopButton(self) -> None:
        self.play_state = 0

    def SetEditCurPos(self, at: float, move_view: bool, seek: bool) -> None:
        assert isinstance(at, float) and move_view is True and seek is True
        self.cursor = self.position = at

    def SetTrackAutomationMode(self, track: Lane, mode: int) -> bool:
        assert isinstance(mode, int) and 0 <= mode <= 5
        self.modes[self._track(track)] = mode
        return True

    def GetExtState(self, section: str, key: str) -> str:
        assert isinstance(section, str) and isinstance(key, str)
        return self.ext_states.get((section, key), "")

    def SetExtState(self, section: str, key: str, value: str, persist: bool) -> None:
        assert isinstance(value, str) and persist is False
        self.ext_states[section, key] = value

    def Undo_OnStateChangeEx2(self, project: int, title: str, states: int, track: int) -> None:
        self._project(project)
        assert isinstance(title, str) and states == -1 and track == -1
        self.undo.append(title)


class Running:
    """The helper script in a real Lua interpreter, called again and again as REAPER does."""

    def __init__(self, script: Path, table: ReaperTable) -> None:
        self.table = table
        self._open = True
        self.next: Any = None
        self.at_exit: list[Any] = []
        self.error: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(script,), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self, script: Path) -> None:
        try:
            lua = LuaRuntime(unpack_returned_tuples=True)  # type: ignore[call-arg]
            functions = self.table.lua_table(lua)
            functions.defer, functions.atexit = self.defer, self.atexit
            lua.globals().reaper = functions
            lua.execute(script.read_text("utf-8"))
            self._ready.set()
            while self._open:
                job, self.next = self.next, None
                if job is None:  # it has ended by itself
                    break
                job()
                time.sleep(0.002)
            for job in self.at_exit:
                job()
        except BaseException as error:
            self.error = error
            self._ready.set()

    def defer(self, function: Any) -> bool:
        assert callable(function)
        self.next = function
        return True

    def atexit(self, function: Any) -> bool:
        assert callable(function)
        self.at_exit.append(function)
        return True

    @property
    def goes_on(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        self._open = False
        self._thread.join(5)
        if self.error:
            raise self.error
