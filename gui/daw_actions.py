"""The commands that have to do with DAWs, MIDI and remote control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.commands import command
from gui.daw_desk import SELECTED

if TYPE_CHECKING:
    from gui.main_window import Window


@command("Look for DAWs", "Ctrl+Shift+D", menu="&DAW")
def look_for_daws(window: Window) -> None:
    """Ask all known ports of this machine who is there."""
    window.daw.look()


@command("Capture the track", "Ctrl+R", menu="&DAW", needs=("idle", "daw"))
def capture(window: Window) -> None:
    """Take the dry sound of the DAW's track as the clip."""
    window.daw.capture()


@command("Watch a bounce folder…", menu="&DAW",
         on=lambda window: window.daw.desk.watching is not None)  # fmt: skip
def watch_bounces(window: Window) -> None:
    """Every finished file that is bounced into a folder becomes the clip."""
    window.daw.watch()


@command("Push…", "Ctrl+U", menu="&DAW", needs=("clip", "daw"))
def push(window: Window) -> None:
    """Show what would be set on the track, then set it, or ramp to it."""
    window.daw.push()


@command("Push at once", "Ctrl+Shift+U", menu="&DAW", needs=("clip", "daw"))
def push_now(window: Window) -> None:
    """Set the turn's values on the track without asking."""
    window.daw.push_now()


@command("Follow the selected track", menu="&DAW", needs=("daw",),
         on=lambda window: window.daw.desk.track_name == SELECTED)  # fmt: skip
def follow_selection(window: Window) -> None:
    """Work with whichever track is selected in the DAW, or stay with this one."""
    window.daw.follow_selection()


@command("MIDI learn…", "Ctrl+M", menu="&DAW")
def midi_learn(window: Window) -> None:
    """Choose which knob or key gives which command."""
    window.daw.learn()
