"""What every link to a DAW can be asked, and the values that it answers with.

Callers never ask which DAW it is: they read `capabilities`, and `Capabilities.need` raises the
reason in words where something is not possible.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from ifx_bridge.errors import UserError


class Can(StrEnum):
    """One thing that a link may be able to do."""

    TRANSPORT = "follow and move the transport"
    TRACKS = "list tracks"
    DEVICES = "list the devices of a track"
    TEXTS = "read parameters as displayed"
    SET = "set parameters"
    READ_BACK = "read parameters back"
    ENABLE = "switch devices on and off"
    PRESETS = "load a preset into a device"
    INSERT = "insert a device"
    UNDO_STEP = "make one undo step of a push"
    POINTS = "write automation as exact points"
    PASS = "record automation as a pass while playing"
    CAPTURE = "give the dry sound of a track"


@dataclass(frozen=True)
class Capabilities:
    """What a link can do, and why not the rest.

    Attributes:
        can: What it can.
        why_not: Of what it cannot: the reason, one sentence.
    """

    can: frozenset[Can]
    why_not: Mapping[Can, str] = field(default_factory=dict)

    def __contains__(self, what: Can) -> bool:
        return what in self.can

    def need(self, what: Can) -> None:
        """Make sure that it can.

        Raises:
            UserError: It cannot, and why.
        """
        if what not in self.can:
            raise UserError(
                f"This link cannot {what.value}.",
                kept="Nothing was changed.",
                next_step=self.why_not.get(what, ""),
            )


@dataclass(frozen=True)
class Probe:
    """What was found at a port.

    Attributes:
        daw: Which program it would be.
        host: Where.
        port: Its port.
        connected: True only after it has answered.
        how: How that is known, or what to do when it is not connected.
    """

    daw: str
    host: str
    port: int
    connected: bool
    how: str


@dataclass(frozen=True)
class Transport:
    """Where the DAW is.

    Attributes:
        playing: Whether it rolls.
        recording: Whether it records; None when it does not say.
        seconds: Position; None when it does not say.
        tempo: In beats a minute; None when it does not say.
    """

    playing: bool
    recording: bool | None = None
    seconds: float | None = None
    tempo: float | None = None


@dataclass(frozen=True)
class Track:
    """One track.

    Attributes:
        index: As the DAW counts.
        name: What the user calls it.
        selected: Whether it is; None when the DAW does not say.
    """

    index: int
    name: str
    selected: bool | None = None


@dataclass(frozen=True)
class Device:
    """One plugin or built-in effect on a track.

    Attributes:
        track: Index of its track.
        index: As the DAW counts.
        name: What the DAW calls it.
        enabled: False when it is switched off.
    """

    track: int
    index: int
    name: str
    enabled: bool = True


@dataclass(frozen=True)
class Scene:
    """What somebody at the DAW sees just now.

    Attributes:
        transport: Where it is.
        track: The selected track; None when none is, or the DAW does not say.
        device: The device chosen or moved last; None likewise.
    """

    transport: Transport
    track: Track | None = None
    device: Device | None = None


@dataclass(frozen=True)
class DawParameter:
    """One parameter of a device, and where it stood when it was read.

    Attributes:
        track: Index of the track.
        device: Index of the device.
        index: As the DAW counts.
        name: What the DAW calls it.
        low: Smallest value that can be set.
        high: Largest one.
        value: Where it is, low to high.
        text: The value as displayed; empty when the DAW does not say.
        step: Between neighbouring values; 0 when continuous.
        writable: False for meters.
        choices: Names of certain values.
        unit: Of its values, as written; empty when they have none or the DAW does not say.
    """

    track: int
    device: int
    index: int
    name: str
    low: float
    high: float
    value: float
    text: str = ""
    step: float = 0.0
    writable: bool = True
    choices: tuple[tuple[float, str], ...] = ()
    unit: str = ""

    @property
    def key(self) -> tuple[int, int, int]:
        """What tells it from all others."""
        return (self.track, self.device, self.index)

    def same(self, one: float, other: float) -> bool:
        """Whether two values are one: within half a step, or single precision."""
        slack = max(self.step / 2, 2e-6 * (self.high - self.low), 2e-6 * abs(one))
        return abs(one - other) <= slack

    def refusal(self, value: float) -> str:
        """Why a value cannot be set; empty when it can."""
        if not self.writable:
            return "it can only be read"
        if not math.isfinite(value):
            return "this is no number"
        slack = 2e-6 * (self.high - self.low)
        if not self.low - slack <= value <= self.high + slack:
            return f"it goes from {self.low:g} to {self.high:g}"
        return ""


@dataclass(frozen=True)
class Reading:
    """A parameter as read just now."""

    value: float
    text: str = ""


@dataclass(frozen=True)
class Point:
    """One point of automation: seconds from the project's start, and the value there."""

    seconds: float
    value: float


Status = Literal["confirmed", "unconfirmed", "refused"]


@dataclass(frozen=True)
class Write:
    """What became of one value.

    Attributes:
        parameter: Which, as it was before.
        wanted: The value.
        found: What was read back last; None when nothing was.
        status: `confirmed` only when it was read back equal, several times.
        reason: Why it was not confirmed.
        title: What it is for, in the user's words.
        text: The value as displayed, where the DAW says.
    """

    parameter: DawParameter
    wanted: float
    found: float | None
    status: Status
    reason: str = ""
    title: str = ""
    text: str = ""


@dataclass(frozen=True)
class PushReport:
    """What became of a push.

    Attributes:
        writes: One for every parameter.
        notes: What else the user should know.
        seconds: How long it took.
    """

    writes: tuple[Write, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def of(self, status: Status) -> tuple[Write, ...]:
        """The writes that ended so."""
        return tuple(w for w in self.writes if w.status == status)

    @property
    def done(self) -> bool:
        """Whether everything was confirmed."""
        return all(w.status == "confirmed" for w in self.writes)


@dataclass(frozen=True)
class Capture:
    """A dry sound, and where it came from.

    Attributes:
        path: The file.
        way: How it was got.
        daw: From which program; empty when unknown.
        track: Name of the track.
        item: Name of the item, region or clip.
        start_seconds: Where it begins in the project.
        end_seconds: Where it ends.
        tempo: In beats a minute.
        notes: What was noticed about it.
    """

    path: Path
    way: str
    daw: str = ""
    track: str = ""
    item: str = ""
    start_seconds: float | None = None
    end_seconds: float | None = None
    tempo: float | None = None
    notes: tuple[str, ...] = ()


class DawLink(ABC):
    """A connection to a running DAW. Every method may raise `UserError`.

    Methods of what the link cannot do raise it with the link's reason.

    Attributes:
        name: What the user calls the program.
        settle_seconds: How long after setting a value reading it back tells the truth.
    """

    name: str
    settle_seconds: float = 0.05

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What it can do now."""

    @abstractmethod
    def probe(self) -> Probe:
        """Whether the DAW answers, by a round trip; never raises for silence."""

    @abstractmethod
    def close(self) -> None:
        """Free the port."""

    def transport(self) -> Transport:
        """Where the DAW is."""
        raise self._cannot(Can.TRANSPORT)

    def play(self) -> None:
        """Let it roll."""
        raise self._cannot(Can.TRANSPORT)

    def stop(self) -> None:
        """Stop it."""
        raise self._cannot(Can.TRANSPORT)

    def locate(self, seconds: float) -> None:
        """Go to a place of the project."""
        raise self._cannot(Can.TRANSPORT)

    def scene(self) -> Scene:
        """Transport, selected track and device; cheap enough to be asked several times a second."""
        return Scene(self.transport())

    def tracks(self) -> tuple[Track, ...]:
        """All tracks."""
        raise self._cannot(Can.TRACKS)

    def devices(self, track: Track) -> tuple[Device, ...]:
        """What is on a track, in signal order."""
        raise self._cannot(Can.DEVICES)

    def parameters(self, device: Device) -> tuple[DawParameter, ...]:
        """All parameters of a device, with their values."""
        raise self._cannot(Can.DEVICES)

    def set(self, values: Sequence[tuple[DawParameter, float]]) -> None:
        """Send values, and wait until they have gone out; proves nothing."""
        raise self._cannot(Can.SET)

    def read(
        self, parameters: Iterable[DawParameter], texts: bool = False
    ) -> dict[tuple[int, int, int], Reading]:
        """Ask for values now, by `DawParameter.key`; those not answered in time are missing.

        Args:
            parameters: Which.
            texts: Whether what they display matters.
        """
        raise self._cannot(Can.READ_BACK)

    @contextmanager
    def watching(
        self,
        parameters: Iterable[DawParameter],
        changed: Callable[[DawParameter, Reading], None],
    ) -> Iterator[None]:
        """Tell of values that move in the block, where the DAW tells of them by itself.

        Args:
            parameters: Which, as they were read last.
            changed: Told every new reading, on a thread of the link's.
        """
        yield

    def release(self, parameters: Iterable[DawParameter]) -> None:
        """Let go of parameters after a push or a pass, where touching lasts until then."""
        return

    def arm(self, parameters: Iterable[DawParameter], on: bool) -> str:
        """Make ready to record the parameters' automation, or stop that; returns what to mind."""
        return "The DAW records this only where automation is set to write, touch or latch."

    def enable(self, device: Device, on: bool) -> None:
        """Switch a device on or off."""
        raise self._cannot(Can.ENABLE)

    def load_preset(self, device: Device, path: Path) -> None:
        """Load a preset file into a device."""
        raise self._cannot(Can.PRESETS)

    def insert(self, track: Track, *names: str) -> Device:
        """Put a device at the end of a track: the first of the names that the DAW has."""
        raise self._cannot(Can.INSERT)

    def write_points(self, parameter: DawParameter, points: Sequence[Point]) -> tuple[float, float]:
        """Replace the automation of the points' stretch of time by them.

        Returns:
            What the automation says now at the first point and at the last.
        """
        raise self._cannot(Can.POINTS)

    def capture(self, track: Track, folder: Path) -> Capture:
        """Write the dry sound of a track into a folder."""
        raise self._cannot(Can.CAPTURE)

    @contextmanager
    def undo_step(self, title: str) -> Iterator[None]:
        """Make one undo step of what happens in the block, where the DAW allows it."""
        yield

    def track(self, name: str) -> Track:
        """The track of a name or number, or the one that is `selected`.

        Raises:
            UserError: There is none, or several have that name or are selected.
        """
        tracks = self.tracks()
        if name == "selected":
            found = [t for t in tracks if t.selected]
            if not found:
                raise UserError(
                    f"No track is selected in {self.name}.",
                    kept="Nothing was changed.",
                    next_step="Select one there, or give its name or number.",
                )
        else:
            found = [t for t in tracks if t.name == name]
        found = found or [t for t in tracks if t.name.lower() == name.lower()]
        found = found or [t for t in tracks if str(t.index) == name]
        if len(found) == 1:
            return found[0]
        if found:
            numbers = ", ".join(str(t.index) for t in found)
            raise UserError(
                f"{len(found)} tracks are {name if name == 'selected' else f'named {name!r}'}.",
                next_step=f"Give the number: {numbers}.",
            )
        known = ", ".join(f"{t.index} {t.name!r}" for t in tracks) or "none"
        raise UserError(f"{self.name} has no track {name!r}.", next_step=f"It has: {known}.")

    def _cannot(self, what: Can) -> UserError:
        try:
            self.capabilities.need(what)
        except UserError as error:
            return error
        return UserError(f"{self.name} cannot {what.value} through this link.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def silent(name: str, port: int, hint: str, kept: str = "") -> UserError:
    """The error of a DAW that does not answer.

    Args:
        name: What the user calls it.
        port: Where.
        hint: What to do.
        kept: What is safe, where that is known: a question may come in the middle of something.
    """
    return UserError(f"{name} does not answer on port {port}.", kept=kept, next_step=hint)


@contextmanager
def midway(kept: str) -> Iterator[None]:
    """Let errors of the block say what stands now, since something was changed before it."""
    try:
        yield
    except UserError as error:
        raise UserError(error.what, kept=kept, next_step=error.next_step) from error
