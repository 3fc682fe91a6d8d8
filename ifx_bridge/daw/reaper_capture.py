"""The dry sound of a track in REAPER: the file that its item plays, or what the helper renders."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import numpy as np

from ifx_bridge import audio
from ifx_bridge.daw.capture import cut, written
from ifx_bridge.daw.link import Capture, Track
from ifx_bridge.daw.reaper_helper import Helper
from ifx_bridge.errors import UserError

# Of sound, rendered with one request: REAPER's window stands still for as long as that takes.
SECONDS_AT_ONCE = 2.0


def dry(helper: Helper, track: Track, folder: Path) -> Capture:
    """The selected items of a track, else all, before the track's effects.

    A single item that plays its recording as it is comes from the file itself; all else is what
    REAPER plays immediately before the effects, rendered piece by piece.

    Args:
        helper: Of the REAPER.
        track: Which.
        folder: Where to write.

    Raises:
        UserError: There is nothing, it is too long, or it cannot be written.
    """
    row = helper.ask("source", track=track.index)
    path = row.get("path")
    found = Capture(
        Path(path or "dry.wav"),
        way="the source file of the item" if path else "rendered by REAPER before the effects",
        daw="REAPER",
        track=row["track"],
        item=row["item"],
        start_seconds=row["start"],
        end_seconds=row["start"] + row["length"],
        tempo=row["tempo"],
    )
    if path:
        return cut(Path(path), folder, found, row["offset"], row["length"])
    if row["length"] > audio.LONGEST_SECONDS:
        raise UserError(
            f"What is to be captured is too long ({row['length'] / 60:.0f} minutes); at most "
            f"{audio.LONGEST_SECONDS // 60} are possible.",
            next_step="Select one item on the track.",
        )
    return written(_rendered(helper, track, row), int(row["rate"]), folder, found)


def _rendered(helper: Helper, track: Track, row: dict[str, Any]) -> audio.Audio:
    raw = helper.folder / f"{uuid.uuid4().hex}.f32"
    rate, channels = int(row["rate"]), int(row["channels"])
    frames = round(row["length"] * rate)
    try:
        helper.ask(
            "render_begin", track=track.index, path=str(raw.absolute()), start=row["start"],
            rate=rate, channels=channels, frames=frames,
        )  # fmt: skip
        while helper.ask("render_more", frames=round(SECONDS_AT_ONCE * rate))["left"]:
            continue
        sound = np.fromfile(raw, "<f4")
    except OSError as error:
        raise UserError(
            f"What REAPER has rendered cannot be read ({error.strerror or error})."
        ) from error
    finally:
        raw.unlink(missing_ok=True)
    if len(sound) != frames * channels:
        raise UserError(
            "REAPER has not rendered all of it.", next_step="Free some space, and try again."
        )
    sound = np.ascontiguousarray(sound.reshape(frames, channels).T)
    # A mono recording plays on both sides alike.
    return sound[:1] if (sound[1:] == sound[:1]).all() else sound
