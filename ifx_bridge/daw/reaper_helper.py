"""Talking with the helper script inside REAPER through a folder of JSON files.

`requests/ID.json` is written here and taken there; `replies/ID.json` comes back, both by renaming a
finished file. `heartbeat.json` is written there once a second: when it is old, nobody is there.
"""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

from ifx_bridge.audio import atomic_path
from ifx_bridge.errors import UserError

VERSION = 2
HEARTBEAT_SECONDS = 3.0


class Helper:
    """The helper of one REAPER.

    Args:
        folder: Where the files are.
        timeout: Longest wait for a reply, in seconds.
    """

    def __init__(self, folder: Path, timeout: float = 5.0) -> None:
        self.folder, self.timeout = folder, timeout

    def alive(self) -> bool:
        """Whether its heart has beaten lately."""
        try:
            age = time.time() - (self.folder / "heartbeat.json").stat().st_mtime
        except OSError:
            return False
        return age < HEARTBEAT_SECONDS

    def ask(self, what: str, **values: Any) -> dict[str, Any]:
        """Have something done.

        Raises:
            UserError: It could not be done, or nobody answers.
        """
        number = uuid.uuid4().hex
        request, reply = (self.folder / side / f"{number}.json" for side in ("requests", "replies"))
        data = {"version": VERSION, "do": what, **values}
        try:
            with atomic_path(request) as temporary:
                temporary.write_text(json.dumps(data), "utf-8")
        except OSError as error:
            raise UserError(
                f"REAPER's helper cannot be asked: {request.parent} cannot be written "
                f"({error.strerror or error}).",
                kept="Nothing was changed.",
                next_step="Free some space, or install it again: ifx-bridge daw install reaper.",
            ) from error
        end = time.monotonic() + self.timeout
        while not reply.exists():
            if time.monotonic() > end:
                request.unlink(missing_ok=True)
                raise UserError(
                    f"REAPER's helper has not answered within {self.timeout:g} s.",
                    next_step="Close open dialogs in REAPER, or start the script IFX Bridge there.",
                )
            time.sleep(0.005)
        try:
            # Names of tracks and effects come as they are: some are in another encoding.
            answer = json.loads(reply.read_bytes().decode("utf-8", "replace"))
            if not isinstance(answer, dict):
                raise ValueError("no object")
        except (OSError, ValueError) as error:
            raise UserError("REAPER's helper answered with something damaged.") from error
        finally:
            reply.unlink(missing_ok=True)
        if "error" in answer:
            raise UserError(f"REAPER's helper: {answer['error']}.", kept="Nothing was changed.")
        return answer
