"""Putting our pattern file and helper script into REAPER's resource folder, and taking them out."""

from __future__ import annotations

import os
import re
import sys
from importlib import resources
from pathlib import Path

from ifx_bridge.audio import atomic_path
from ifx_bridge.errors import UserError

PATTERN = "IFX Bridge.ReaperOSC"
SCRIPT = "IFX Bridge.lua"
FILES = {PATTERN: "OSC", SCRIPT: "Scripts"}
STARTUP = "__startup.lua"
BEGIN, END = b"-- IFX Bridge: begin", b"-- IFX Bridge: end"
# Whatever becomes of it, the user's own script goes on.
START = (
    BEGIN
    + f"""
pcall(dofile, reaper.GetResourcePath() .. "/Scripts/{SCRIPT}")
""".encode()
    + END
    + b"\n"
)
BLOCK = re.compile(re.escape(BEGIN) + rb".*?" + re.escape(END) + rb"[ \t]*\r?\n?", re.DOTALL)
MARK = b"\xef\xbb\xbf"  # of UTF-8, which some editors put first; Lua takes it nowhere else
CLICKS = (
    "In REAPER, open Preferences, Control/OSC/web, and Add. Control surface mode: OSC (Open Sound "
    "Control). Pattern config: IFX Bridge. Mode: Configure device IP+local port. Device IP "
    "127.0.0.1, device port 9000, local listen port 8000. It is quicker with max packet size 32768 "
    "and wait 0 ms between packets.",
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
    startup = root / "Scripts" / STARTUP
    own = _own(startup)  # read before anything is written: it may be damaged
    written = []
    source = resources.files("ifx_bridge.daw").joinpath("reaper_files")
    for name, folder in FILES.items():
        path = root / folder / name
        _write(path, source.joinpath(name).read_bytes())
        written.append(path)
    for side in ("requests", "replies"):
        (root / "IFX Bridge" / side).mkdir(parents=True, exist_ok=True)
    # At its beginning: behind a `return` Lua allows nothing.
    head = MARK if own.startswith(MARK) else b""
    text = head + START + own.removeprefix(MARK)
    if not startup.exists() or startup.read_bytes() != text:
        _write(startup, text)
        written.append(startup)
    return tuple(written)


def _own(startup: Path) -> bytes:
    """What the user has in the startup script: all but our block, whatever its encoding.

    Raises:
        UserError: It cannot be read, or our block has no end.
    """
    try:
        text = BLOCK.sub(b"", startup.read_bytes()) if startup.exists() else b""
    except OSError as error:
        raise UserError(
            f"{startup} could not be read ({error.strerror or error}).", kept="Nothing was changed."
        ) from error
    if BEGIN in text:
        raise UserError(
            f"In {startup}, the line {END.decode()!r} is missing, so that it cannot be told where "
            "your own lines begin.",
            kept="Nothing was changed.",
            next_step=f"Take out the lines of IFX Bridge there, from {BEGIN.decode()!r} on.",
        )
    return text


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
    own = _own(startup)
    try:
        if startup.exists() and startup.read_bytes() != own:
            if own.strip():
                _write(startup, own)
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


def _write(path: Path, text: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_bytes(text)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(
        f"{path} could not be written ({error.strerror or error}).",
        kept="What was there before is untouched.",
        next_step="Check the folder's permissions, or free some space.",
    )
