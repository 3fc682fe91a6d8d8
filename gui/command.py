"""The command `ifx-bridge gui`; Qt is imported only when it runs."""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from ifx_bridge.errors import UserError

QT_LIBRARIES = (
    "sudo apt-get install libegl1 libgl1 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 "
    "libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 "
    "libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1"
)
NO_WINDOW = "Use `ifx-bridge refine` here, or start this on a desktop."


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("gui")(gui)


def gui(
    source: Annotated[
        Path | None, typer.Argument(help="Recording, or the session.json of earlier work.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results. [default: beside the clip, named after it]"),
    ] = None,
    brain: Annotated[
        str, typer.Option(help="What understands the words; see `ifx-bridge brain list`.")
    ] = "auto",
    demo: Annotated[
        bool, typer.Option("--demo", help="Begin with a recording and one instruction.")
    ] = False,
) -> None:
    """Open the window."""
    check_screen()
    from ifx_bridge.brain import announcement, chosen

    spec = chosen(brain)
    announcement(spec)  # one that is not known is refused before a window opens
    try:
        from gui.app import run
    except ImportError as error:
        raise _libraries_missing(error) from error
    raise typer.Exit(run(source, out, "auto" if brain == "auto" else spec, demo))


def check_screen() -> None:
    """Say what Qt would only abort over.

    Raises:
        UserError: There is no screen, or the libraries to draw on it are missing.
    """
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    if not sys.platform.startswith("linux") or chosen not in ("", "xcb"):
        return
    display, wayland = os.environ.get("DISPLAY"), os.environ.get("WAYLAND_DISPLAY")
    if not display and (chosen or not wayland):
        raise UserError(
            "There is no screen to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set).",
            next_step=NO_WINDOW,
        )
    if wayland and not chosen:
        return  # Qt takes whichever of the two it can
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
        package = find_spec("PyQt6")
        if package is not None and package.origin is not None:
            plugin = Path(package.origin).parent / "Qt6/plugins/platforms/libqxcb.so"
            if plugin.exists():
                ctypes.CDLL(str(plugin))
    except OSError as error:
        raise _libraries_missing(error) from error
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    refused = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    if refused:
        raise UserError(
            f"The screen {display} does not answer (DISPLAY says so).", next_step=NO_WINDOW
        )


def _libraries_missing(error: Exception) -> UserError:
    return UserError(
        f"The window needs Qt and its system libraries, and one is missing ({error}).",
        next_step=f"On Debian or Ubuntu: {QT_LIBRARIES}",
    )
