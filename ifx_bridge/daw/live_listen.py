"""What Live tells by itself, through AbletonOSC's listeners.

Datagrams are lost, and Live forgets its listeners when it is started anew: what is told counts only
until the next guard, when everything is asked for and listened to again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from ifx_bridge.daw.link import DawParameter, Reading
from ifx_bridge.daw.osc import Message, table
from ifx_bridge.daw.wire import Wire
from ifx_bridge.errors import UserError

TABLE = table("live")
TOLD = ("tempo", "playing", "beats", "recording", "selected_track")
GUARD_SECONDS = 2.0
# While it plays, its place comes with every tick: when it does not, something was lost.
LATE_SECONDS = 1.0

Key = tuple[int, int, int]
Changed = Callable[[DawParameter, Reading], None]


class Told:
    """The last of everything that can be listened to, by its name in the table.

    Args:
        wire: To AbletonOSC.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._names = {TABLE.into[name].pattern: name for name in TOLD}
        self._rows: dict[str, dict[str, Any]] = {}
        self._at: dict[str, float] = {}
        self._guarded = float("-inf")
        self._lock = threading.Lock()
        wire.listen(self._heard)

    def _heard(self, message: Message) -> None:
        name = self._names.get(message.address)
        if name and (row := TABLE.into[name].read(message)) is not None:
            with self._lock:
                self._rows[name], self._at[name] = row, time.monotonic()

    @property
    def due(self) -> bool:
        """Whether everything has to be asked for anew."""
        now = time.monotonic()
        with self._lock:
            playing = bool((self._rows.get("playing", {}).get("rest") or [0])[0])
            late = playing and now - self._at.get("beats", 0.0) > LATE_SECONDS
        return late or now - self._guarded > GUARD_SECONDS

    def guarded(self, answers: Mapping[str, dict[str, Any]]) -> None:
        """Everything was asked for just now: listen on from these answers."""
        now = time.monotonic()
        with self._lock:
            for name in TOLD:
                if name in answers:
                    self._rows[name], self._at[name] = answers[name], now
                else:
                    self._rows.pop(name, None)
        for name in TOLD:
            self._wire.send(TABLE.message(f"listen_{name}"))
        self._guarded = time.monotonic()

    def rows(self) -> dict[str, dict[str, Any]]:
        """As it stands."""
        with self._lock:
            return dict(self._rows)

    def close(self) -> None:
        """Have Live tell nothing any more."""
        if self._guarded > float("-inf"):
            with suppress(UserError):
                for name in TOLD:
                    self._wire.send(TABLE.message(f"leave_{name}"))


class Reader(Protocol):
    """What the guard asks: the link."""

    wire: Wire

    def read(self, parameters: Iterable[DawParameter], texts: bool = False) -> dict[Key, Reading]:
        """Values by key."""


class Watch:
    """Tells of parameters as they move, until it is closed.

    Args:
        link: Asked now and then, for what was lost.
        parameters: Which.
        changed: Told every reading that is new, on a thread of its own kind.
    """

    def __init__(self, link: Reader, parameters: Iterable[DawParameter], changed: Changed) -> None:
        self._link, self._changed = link, changed
        self._parameters = {p.key: p for p in parameters}
        self._last = {p.key: Reading(p.value, p.text) for p in self._parameters.values()}
        self._values: dict[Key, float] = {}  # whose display is still to come
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._stop = link.wire.listen(self._heard)
        self._say("listen_value")
        threading.Thread(target=self._guard, name="ifx-watch", daemon=True).start()

    def _say(self, name: str) -> None:
        with suppress(UserError):  # the guard says again
            for t, d, p in self._parameters:
                ids = {"track": t - 1, "device": d - 1, "parameter": p - 1}
                self._link.wire.send(TABLE.message(name, **ids))

    def _heard(self, message: Message) -> None:
        # A change comes as two messages, the value and then what it displays.
        if row := TABLE.into["value"].read(message):
            self._values[_key(row)] = row["value"]
        elif row := TABLE.into["text"].read(message):
            value = self._values.pop(_key(row), None)
            if value is not None:
                self._tell(_key(row), Reading(value, row["text"]))

    def _tell(self, key: Key, reading: Reading) -> None:
        with self._lock:
            if key not in self._last or self._last[key] == reading or self._closed.is_set():
                return
            self._last[key] = reading
        self._changed(self._parameters[key], reading)

    def _guard(self) -> None:
        while not self._closed.wait(GUARD_SECONDS):
            with suppress(UserError):
                found = self._link.read(self._parameters.values())
                moved = [p for k, p in self._parameters.items()
                         if k in found and found[k].value != self._last[k].value]  # fmt: skip
                for key, reading in self._link.read(moved, texts=True).items():
                    self._tell(key, reading)
            self._say("listen_value")

    def close(self) -> None:
        """Tell nothing any more."""
        self._closed.set()
        self._stop()
        self._say("leave_value")


def _key(row: dict[str, Any]) -> Key:
    return (row["track"] + 1, row["device"] + 1, row["parameter"] + 1)
