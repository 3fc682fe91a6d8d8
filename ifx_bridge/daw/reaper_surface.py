"""REAPER's OSC control surface: what it shows of a project, asked for piece by piece.

The surface shows only what its counts reach, sends each value once and then only changes, and says
in messages of their own which track and which effect the messages without numbers are about. So
everything here goes the same way: set the counts, let it forget what it has sent of the values
wanted (a message without a value to their address does that, and nothing else), let it look again,
and wait until each has come. What does not come is asked for again; nothing is guessed.

Effects and parameters are never counted together: the surface sends the product of them.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ifx_bridge.daw.link import Device, Reading, Track
from ifx_bridge.daw.osc import Message, table
from ifx_bridge.daw.wire import Wire
from ifx_bridge.errors import UserError

TABLE = table("reaper")
TRIES = 3
# More than there are: the surface stays at its last track, and says which that is.
BEYOND = 99_999
# So many tracks that are made later are followed, too.
ROOM = 16
# Shown at once; then the next ones, until there are none.
BLOCK = 64
# So many parameters without a name are behind the last; fewer stand between others in some effects.
GAP = 32
NUMBERS = ("this_track", "this_device")
KINDS = ("parameter_name", "parameter_value", "parameter_text")


def address(name: str, **ids: int) -> str:
    """Where a value of the table comes from."""
    return TABLE.into[name].pattern.format_map(ids)


class Surface:
    """The surface that a wire leads to. Its methods may be called from several threads.

    Args:
        wire: To REAPER.
        timeout: Longest time, in seconds, in which nothing of what is wanted comes.
    """

    def __init__(self, wire: Wire, timeout: float) -> None:
        self.wire, self.timeout = wire, timeout
        # How many tracks it shows.
        self.shown = ROOM
        self._lock = threading.RLock()
        # The track and effect that it has said to be at; None when that is not known.
        self._here: tuple[int, int] | None = None

    def alive(self) -> bool:
        """Whether it answers."""
        number = TABLE.message("select_track", number=self._here[0] if self._here else 1)
        with self._lock:
            return bool(self._answers([address("this_track")], self._rest(), [number]))

    def refresh(self, wanted: Collection[str]) -> bool:
        """Let REAPER send everything anew to all its surfaces; true when some of it came.

        Args:
            wanted: Addresses to wait for.
        """
        again = TABLE.message("action", number=TABLE.settings["refresh"])
        with self._lock:
            self._here = None
            came = self._answers(wanted, self._rest(), [again], forget=False)
            # The position comes last, if at all: it has come when the next answer is here.
            return bool(came) and self.alive()

    def tracks(self) -> tuple[Track, ...] | None:
        """All of them, those without a name as `Track 3`; None when it does not answer."""
        kinds = ("track_name", "track_selected")
        last, where = TABLE.message("select_track", number=BEYOND), address("this_track")
        with self._lock:
            self._here = None
            for _ in range(TRIES):
                # At the last track first: whatever comes then is its number.
                before = [*_counts(parameters=0), last, *self._rest()]
                number = str(self._answers([where], before, [last]).get(where, ""))
                if not number.isdecimal():
                    return None
                numbers = range(1, int(number) + 1)
                self.shown = int(number) + ROOM
                wanted = [address(kind, track=n) for n in numbers for kind in kinds]
                said = self._answers(wanted, [], [*self._rest(), last], {where: number})
                if all(a in said for a in wanted):
                    break
            else:
                return None
        name, selected = ([said[address(kind, track=n)] for n in numbers] for kind in kinds)
        return tuple(Track(n, str(name[n - 1]), bool(selected[n - 1])) for n in numbers)

    def devices(self, track: int) -> tuple[Device, ...] | None:
        """The effects of a track; None when it does not answer.

        Raises:
            UserError: There is no such track.
        """
        with self._lock:
            self._here = None
            if not self._went(track):
                return None
            try:
                return self._devices(track)
            finally:
                self.wire.send_all(self._rest())

    def _devices(self, track: int) -> tuple[Device, ...] | None:
        found: list[Device] = []
        go = TABLE.message("select_track", number=track)
        while True:
            first = len(found) + 1
            block = range(first, first + BLOCK)
            names, switches = (
                [address(kind, device=n) for n in block] for kind in ("device_name", "device_on")
            )
            # No tracks meanwhile, as REAPER's own pattern file shows the effects of all of them.
            counts = _counts(parameters=0, tracks=0, devices=block[-1])
            here = {address("this_track"): str(track)}
            said = self._answers([*names, *switches], [], [*counts, go], here)
            if not all(a in said for a in (*names, *switches)):
                return None
            for n, name, on in zip(block, names, switches, strict=True):
                if not said[name]:
                    return tuple(found)
                found.append(Device(track, n, str(said[name]), bool(said[on])))

    def parameters(self, track: int, device: int) -> dict[int, tuple[str, Reading]] | None:
        """Names and readings of all that have a name; None when it does not answer.

        Raises:
            UserError: There is no such effect.
        """
        found: dict[int, tuple[str, Reading]] = {}
        first = 1
        with self._lock:
            while True:
                block = range(first, first + BLOCK)
                said = self._values(track, device, block, KINDS)
                if len(said) < len(block):
                    return None
                named = {
                    n: (str(name), Reading(float(value), str(text)))
                    for n, (name, value, text) in said.items()
                    if name
                }
                found |= named
                if max(named, default=0) <= block[-1] - GAP:
                    return found
                first += BLOCK

    def read(
        self, track: int, device: int, parameters: Collection[int], texts: bool
    ) -> dict[int, Reading]:
        """The readings that came in time."""
        kinds = KINDS[1:] if texts else KINDS[1:2]
        try:
            with self._lock:
                said = self._values(track, device, parameters, kinds)
        except UserError:  # the effect is gone
            return {}
        return {n: Reading(float(row[0]), *map(str, row[1:])) for n, row in said.items()}

    def _values(
        self, track: int, device: int, parameters: Collection[int], kinds: Sequence[str]
    ) -> dict[int, list[Any]]:
        """Of each parameter of which all has come: one value for each kind."""
        if not self._went(track, device):
            return {}
        wanted = {n: [address(kind, parameter=n) for kind in kinds] for n in parameters}
        # Whole blocks: while the count stays as it is, nothing else is sent.
        count = -(-max(parameters) // BLOCK) * BLOCK
        go = [*_counts(devices=0, parameters=count), TABLE.message("select_track", number=track)]
        here = _at(track, device)
        said = self._answers([a for row in wanted.values() for a in row], [], go, here)
        if any(said.get(a) != number for a, number in here.items()):
            self._here = None
        return {
            n: [said[a] for a in row] for n, row in wanted.items() if all(a in said for a in row)
        }

    def _went(self, track: int, device: int | None = None) -> bool:
        """Go to a track and an effect; true once the surface has said that it is there.

        It shows no parameters on the way: none of another effect can be taken for one of this.

        Raises:
            UserError: It has said that it is somewhere else.
        """
        if device is not None and self._here == (track, device):
            return True
        go = [TABLE.message("select_track", number=track)]
        then = [TABLE.message("select_device", number=device)] if device is not None else []
        here = _at(track, device)
        self._here = None
        said = self._answers([], [*_counts(devices=0, parameters=0), *go], [*then, *go], here)
        if all(said.get(a) == number for a, number in here.items()):
            self._here = (track, device) if device is not None else None
            return True
        if len(said) < len(here):
            return False
        what = f"track {track}" if device is None else f"effect {device} on track {track}"
        raise UserError(
            f"REAPER has no {what}.",
            kept="Nothing was changed.",
            next_step="See what there is: ifx-bridge daw tracks.",
        )

    def _rest(self) -> list[Message]:
        """What it shows while it is asked nothing: all tracks, so that their changes come."""
        return _counts(parameters=0, devices=0, tracks=self.shown)

    def _answers(
        self,
        wanted: Collection[str],
        before: Sequence[Message],
        after: Sequence[Message],
        here: Mapping[str, str] | None = None,
        *,
        forget: bool = True,
    ) -> dict[str, Any]:
        """Values by address, told anew: those that came while it was where it should be.

        Args:
            wanted: Their addresses.
            before: What to send before they are forgotten.
            after: What lets them be sent.
            here: What it must say of itself, by address, for a round to count; with the answer
                comes what it said last.
            forget: Whether it has to forget them.
        """
        here, asked = here or {}, set(wanted)
        found: dict[str, Any] = {}
        said: dict[str, Any] = {}
        for _ in range(TRIES):
            missing = (asked - set(found)) | set(here)
            came: dict[str, Any] = {}
            with self.wire.collecting() as arriving:
                forgotten = [Message(a) for a in sorted(missing)] if forget else []
                self.wire.send_all([*before, *forgotten, *after])
                ends = time.monotonic() + self.timeout
                while missing and (left := ends - time.monotonic()) > 0:
                    try:
                        message = arriving.get(timeout=left)
                    except queue.Empty:
                        break
                    where, value = message.address, message.args[0] if message.args else None
                    if where in asked:
                        came[where] = value
                    elif where in here:
                        said[where] = value
                    if where in here and value != here[where]:
                        missing.add(where)
                    elif where in missing:
                        missing.remove(where)
                        ends = time.monotonic() + self.timeout
            if not missing & set(here):
                found |= came
            if not missing:
                break
        return found | said


def _at(track: int, device: int | None) -> dict[str, str]:
    numbers = (track,) if device is None else (track, device)
    return {address(name): str(n) for name, n in zip(NUMBERS, numbers, strict=False)}


def _counts(**counts: int) -> list[Message]:
    """Low ones first, so that no two are high for a moment."""
    rows = sorted(counts.items(), key=lambda row: row[1])
    return [TABLE.message(f"count_{what}", number=number) for what, number in rows]
