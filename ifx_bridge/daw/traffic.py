"""What goes over all wires of this program, written to a file for bug reports, and read from it.

One JSON object a line: the time in seconds since 1970, `in` or `out`, our port, and the datagram in
base64.
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from ifx_bridge.errors import UserError

Side = Literal["in", "out"]

# Like a logger, one for the process: probing opens wires of its own, and a link may open new ones.
_files: list[IO[str]] = []
_lock = threading.Lock()


@dataclass(frozen=True)
class Datagram:
    """One line of a recording.

    Attributes:
        at: In seconds since 1970.
        side: Whether it came in or went out.
        data: What it was.
        port: Ours; 0 when it was not noted.
    """

    at: float
    side: Side
    data: bytes
    port: int = 0


@contextmanager
def recording(path: Path) -> Iterator[None]:
    """Write every datagram of every wire in the block to a file.

    Raises:
        UserError: It cannot be made. When the disk is full later, it just ends there.
    """
    try:
        opened = path.open("w", encoding="utf-8", buffering=1)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror or error}).",
            next_step="Choose another file with --record-osc.",
        ) from error
    with _lock:
        _files.append(opened)
    try:
        yield
    finally:
        with _lock:
            _files.remove(opened)
        with contextlib.suppress(OSError):
            opened.close()


def note(side: Side, data: bytes, port: int) -> None:
    """Take a datagram down, where somebody records."""
    if not _files:
        return
    coded = base64.b64encode(data).decode()
    row = json.dumps({"at": time.time(), "side": side, "port": port, "data": coded})
    with _lock:
        for file in _files:
            with contextlib.suppress(OSError):  # a full disk must not stop the wire
                file.write(row + "\n")


def replay(path: Path) -> Iterator[Datagram]:
    """The datagrams of a recording, as they went.

    Raises:
        UserError: It is no recording.
    """
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            at, data = float(row["at"]), base64.b64decode(row["data"], validate=True)
            if not math.isfinite(at) or row["side"] not in ("in", "out"):
                raise ValueError(line)
            yield Datagram(at, row["side"], data, int(row.get("port", 0)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path.name} is no recording of OSC.") from error
