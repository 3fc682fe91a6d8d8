"""The command `ifx-bridge gui`; Qt is imported only when it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ifx_bridge.errors import UserError

QT_LIBRARIES = (
    "sudo apt-get install libegl1 libgl1 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 "
    "libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0"
)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("gui")(gui)


def gui(
    clip: Annotated[Path | None, typer.Argument(help="Recording to open.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results.")] = None,
) -> None:
    """Open the window."""
    has_display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not (has_display or os.environ.get("QT_QPA_PLATFORM")):
        raise UserError(
            "There is no screen to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set).",
            next_step="Use `ifx-bridge refine` here, or start this on a desktop.",
        )
    try:
        from gui.app import run
    except ImportError as error:
        raise UserError(
            f"The window needs Qt's system libraries, and one is missing ({error}).",
            next_step=f"On Debian or Ubuntu: {QT_LIBRARIES}",
        ) from error
    raise typer.Exit(run(clip, out))
