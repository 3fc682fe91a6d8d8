"""What pushes have put to work on the tracks of DAWs, kept beside the session.

A later turn that no longer has an effect switches its device off, but only where an earlier push
has used that device: what else is on a track is the user's.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ifx_bridge.audio import atomic_path
from ifx_bridge.daw.link import Device, Track
from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from ifx_bridge.daw.link import PushReport
    from ifx_bridge.daw.push import Preview

FILE = "pushed.json"


@dataclass(frozen=True)
class Used:
    """A device that a push has used.

    Attributes:
        daw: Name of the link.
        track: Name of the track, or its number where it has none.
        index: Of the device.
        device: Its name.
    """

    daw: str
    track: str
    index: int
    device: str


@dataclass(frozen=True)
class Pushed:
    """All devices that pushes of a session have used and not switched off again."""

    rows: tuple[Used, ...] = ()

    def has(self, daw: str, track: Track, device: Device) -> bool:
        """Whether a push has used a device; one that stands elsewhere by now is another."""
        return _used(daw, track, device) in self.rows

    def after(self, daw: str, plan: Preview, report: PushReport) -> Self:
        """What is used after a push.

        Args:
            daw: Name of the link.
            plan: What was pushed.
            report: What became of it.
        """
        doubted = {w.parameter.key[:2] for w in report.writes if w.status != "confirmed"}
        rows = dict.fromkeys(self.rows)
        for part in plan.parts:
            row = _used(daw, plan.track, part.device)
            if part.on is not False:
                rows[row] = None
            elif (part.device.track, part.device.index) not in doubted:
                rows.pop(row, None)
        return replace(self, rows=tuple(rows))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What was kept in a session's folder; nothing where there is none, or it is damaged."""
        try:
            rows = json.loads((folder / FILE).read_text("utf-8"))
            return cls(tuple(Used(**row) for row in rows))
        except (OSError, ValueError, TypeError):
            return cls()

    def save(self, folder: Path) -> None:
        """Keep it in a session's folder.

        Raises:
            UserError: It cannot be written.
        """
        text = json.dumps([asdict(row) for row in self.rows], indent=2, ensure_ascii=False)
        try:
            with atomic_path(folder / FILE) as temporary:
                temporary.write_text(text + "\n", "utf-8")
        except OSError as error:
            raise UserError(
                f"What was pushed could not be noted in {folder} ({error.strerror or error}).",
                kept="The push itself is done.",
                next_step="Switch off by hand what a later turn no longer has.",
            ) from error


def _used(daw: str, track: Track, device: Device) -> Used:
    return Used(daw, track.name or str(track.index), device.index, device.name)
