"""Putting our pattern file and helper script into REAPER's resource folder, and taking them out."""

from __future__ import annotations

import os
import sys
from importlib import resources
from pathlib import Path

from ifx_bridge.audio import atomic_path
from ifx_bridge.errors import UserError

PATTERN = "IFX Bridge.ReaperOSC"
SCRIPT = "IFX Bridge.lua"
FILES = {PATTERN: "OSC", SCRIPT: "Scripts"}
STARTUP = "__startup.lua"
BEGIN, END = "-- IFX Bridge: begin", "-- IFX Bridge: end"
START = f"""{BEGIN}
dofile(reaper.GetResourcePath() .. "/Scripts/{SCRIPT}")
{END}
"""
CLICKS = (
    "In REAPER, open Preferences, Control/OSC/web, Add: mode OSC (Open Sound Control), pattern "
    "config IFX Bridge, device port 9000, device IP 127.0.0.1, local listen port 8000.",
    "Restart REAPER once, so that its startup script runs the helper.",
)


def resource_folder(given: Path | None = None) -> Path | None:
    """REAPER's resource folder: the given one, or the system's, when it is there."""
    home = Path.home()
    usual = {
        "win32": Path(os.environ.get("APPDATA", home / "AppData/Roaming")) / "REAPER",
        "darwin": home / "Library/Application Support/REAPER",
    }.get(sys.platform, Path(os.environ.get("XDG_CONFIG_HOME", home / ".config")) / "REAPER")
    folder = given or usual
    return folder if folder.is_dir() else None


def helper_folder(given: Path | None = None) -> Path | None:
    """Where the helper's files are, when it is installed."""
    root = resource_folder(given)
    return root / "IFX Bridge" if root and (root / "Scripts" / SCRIPT).exists() else None


def _found(given: Path | None) -> Path:
    folder = resource_folder(given)
    if folder is None:
        raise UserError(
            f"There is no folder {given}." if given else "REAPER's resource folder is not there.",
            kept="Nothing was changed.",
            next_step="Give it: --resource-path FOLDER (in REAPER: Options, Show REAPER resource "
            "path).",
        )
    return folder


def install(given: Path | None = None) -> tuple[Path, ...]:
    """Write the files, and let REAPER's startup script run the helper.

    Args:
        given: REAPER's resource folder, if it is not at the usual place.

    Returns:
        What was written.

    Raises:
        UserError: There is no such folder, or it cannot be written.
    """
    root = _found(given)
    written = []
    source = resources.files("ifx_bridge.daw").joinpath("reaper_files")
    for name, folder in FILES.items():
        path = root / folder / name
        _write(path, source.joinpath(name).read_text("utf-8"))
        written.append(path)
    for side in ("requests", "replies"):
        (root / "IFX Bridge" / side).mkdir(parents=True, exist_ok=True)
    startup = root / "Scripts" / STARTUP
    before = startup.read_text("utf-8") if startup.exists() else ""
    if BEGIN not in before:
        _write(startup, before + ("" if before.endswith("\n") or not before else "\n") + START)
        written.append(startup)
    return tuple(written)


def uninstall(given: Path | None = None) -> tuple[Path, ...]:
    """Remove what `install` wrote; the user's own startup script stays as it was.

    Returns:
        What was removed or changed.

    Raises:
        UserError: There is no such folder, or it cannot be changed.
    """
    root = _found(given)
    changed = []
    startup = root / "Scripts" / STARTUP
    try:
        if startup.exists() and BEGIN in (text := startup.read_text("utf-8")):
            head, _, rest = text.partition(BEGIN)
            left = head + rest.partition(END + "\n")[2]
            if left.strip():
                _write(startup, left)
            else:
                startup.unlink()
            changed.append(startup)
        for name, folder in FILES.items():
            if (path := root / folder / name).exists():
                path.unlink()
                changed.append(path)
        channel = root / "IFX Bridge"
        for path in sorted(channel.glob("**/*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        if channel.exists():
            channel.rmdir()
            changed.append(channel)
    except OSError as error:
        raise _unwritable(root, error) from error
    return tuple(changed)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_text(text, "utf-8")
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(
        f"{path} could not be written ({error.strerror or error}).",
        kept="What was there before is untouched.",
        next_step="Check the folder's permissions, or free some space.",
    )
