"""A recording in a DAW's place: what was asked in it is answered as it was then.

A link that asks the same questions sees what it saw when the recording was made, at the same pace.
What nobody asked then stays without an answer.
"""

from __future__ import annotations

import heapq
import itertools
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from ifx_bridge.daw.link import DawParameter, Device, Probe, Scene, Track
from ifx_bridge.daw.links import LINKS
from ifx_bridge.daw.osc import Message, NotOsc, decode, table
from ifx_bridge.daw.traffic import Datagram, replay
from ifx_bridge.daw.wire import DATAGRAM, LOOPBACK
from ifx_bridge.errors import UserError

# How long after a question what comes in may be its answer.
ANSWER_SECONDS = 1.0
POLL_SECONDS = 0.002

T = TypeVar("T")


class Player:
    """A UDP program that answers as a recording does.

    What came in from one question until it was asked again, within `ANSWER_SECONDS`, is its answer;
    a question that is asked oftener than then is answered as the last time.

    Args:
        rows: The recording.
    """

    def __init__(self, rows: list[Datagram]) -> None:
        self._answers: dict[bytes, list[list[tuple[float, bytes]]]] = defaultdict(list)
        asked = [row for row in rows if row.side == "out"]
        came = [row for row in rows if row.side == "in"]
        for place, question in enumerate(asked):
            again = next((r.at for r in asked[place + 1 :] if r.data == question.data), None)
            end = min(question.at + ANSWER_SECONDS, again or float("inf"))
            self._answers[question.data].append(
                [(r.at - question.at, r.data) for r in came if question.at <= r.at < end]
            )
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self._socket.settimeout(POLL_SECONDS)
        self.port = int(self._socket.getsockname()[1])
        self._open = True
        self._thread = threading.Thread(target=self._run, name="ifx-replay", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        due: list[tuple[float, int, bytes, tuple[str, int]]] = []
        number = itertools.count()
        while self._open:
            try:
                data, source = self._socket.recvfrom(DATAGRAM)
            except OSError:  # nothing came, or nobody is there who was answered
                data = b""
            if known := self._answers.get(data):
                now = time.monotonic()
                answer = known.pop(0) if len(known) > 1 else known[0]
                for after, reply in answer:
                    heapq.heappush(due, (now + after, next(number), reply, source))
            while due and due[0][0] <= time.monotonic():
                _, _, reply, target = heapq.heappop(due)
                self._socket.sendto(reply, target)

    def close(self) -> None:
        """Free the port."""
        self._open = False
        self._thread.join(5)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


@dataclass(frozen=True)
class Seen:
    """What a link sees in a recording; empty where it was not asked then.

    Attributes:
        probe: Whether anybody answers.
        scene: Transport and selection.
        tracks: All.
        devices: Of all tracks.
        parameters: Of all devices.
        strange: Messages that came in and that the link does not know, each address once.
        garbage: Datagrams that came in and are no OSC.
        problems: What the link said where it did not get on.
    """

    probe: Probe
    scene: Scene | None
    tracks: tuple[Track, ...]
    devices: tuple[Device, ...]
    parameters: tuple[DawParameter, ...]
    strange: tuple[str, ...]
    garbage: int
    problems: tuple[str, ...]


def likeliest(rows: list[Datagram]) -> str:
    """Name of the link that knows most of a recording's messages.

    Raises:
        UserError: None knows any.
    """
    came, _ = _messages(rows)
    known = {n: sum(table(n).read(m) is not None for m in came) for n in LINKS}
    best = max(known, key=lambda name: known[name])
    if not known[best]:
        raise UserError(
            "No link knows what came in there.", next_step="Say which DAW it was with --daw."
        )
    return best


def look(path: Path, name: str = "auto") -> Seen:
    """Let a link look at a recording.

    Args:
        path: The recording.
        name: Of the link; `auto` takes the likeliest.

    Raises:
        UserError: It is no recording, or of nothing that there is a link to.
    """
    rows = list(replay(path))
    name = likeliest(rows) if name == "auto" else name
    if name not in LINKS:
        raise UserError(f"There is no link {name!r}.", next_step=f"Known: {', '.join(LINKS)}.")
    came, garbage = _messages(rows)
    strange = dict.fromkeys(m.address for m in came if table(name).read(m) is None)
    problems: list[str] = []
    with Player(rows) as player:
        options = {"port": player.port, "listen": 0, "resource_path": path.parent / "no REAPER"}
        with LINKS[name].open(**options) as link:
            probe = link.probe()
            if not probe.connected:
                return Seen(probe, None, (), (), (), tuple(strange), garbage, ())
            scene = _asked(link.scene, problems)
            tracks = _asked(link.tracks, problems) or ()
            devices = [d for t in tracks for d in _asked(partial(link.devices, t), problems) or ()]
            parameters = [
                p for d in devices for p in _asked(partial(link.parameters, d), problems) or ()
            ]
    return Seen(
        probe, scene, tracks, tuple(devices), tuple(parameters), tuple(strange), garbage,
        tuple(dict.fromkeys(problems)),
    )  # fmt: skip


def told(row: Datagram) -> list[str]:
    """A datagram in words."""
    try:
        return [str(message) for message in decode(row.data)]
    except NotOsc as error:
        return [f"{len(row.data)} bytes: {error}"]


def _asked(question: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return question()
    except UserError as error:
        problems.append(str(error))
        return None


def _messages(rows: list[Datagram]) -> tuple[list[Message], int]:
    """What came in, and how many datagrams were no OSC."""
    found: list[Message] = []
    garbage = 0
    for row in rows:
        if row.side == "in":
            try:
                found += decode(row.data)
            except NotOsc:
                garbage += 1
    return found, garbage
