"""The commands of the window: one decorated function each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.commands import command
from ifx_bridge.demo import clips

if TYPE_CHECKING:
    from gui.main_window import Window


@command("Open…", "Ctrl+O", menu="&File", needs=("idle",))
def open(window: Window) -> None:
    """Open a recording or a session.json."""
    window.choose_file()


@command("Reopen the last session", "Ctrl+Shift+O", menu="&File", needs=("idle",))
def reopen(window: Window) -> None:
    """Open the session that was worked on last."""
    window.reopen()


@command("Recent sessions…", menu="&File", needs=("idle",))
def recent(window: Window) -> None:
    """Open an earlier session."""
    window.choose_recent()


@command("Try the guitar", menu="&File", needs=("idle",))
def try_guitar(window: Window) -> None:
    """Open a recording that comes along."""
    window.open_source(clips()["guitar"])


@command("Export what is heard…", "Ctrl+E", menu="&File", needs=("clip",))
def export(window: Window) -> None:
    """Write the sound that is heard as a 32-bit WAV file."""
    window.export()


@command("Save preset…", "Ctrl+S", menu="&File", needs=("clip",))
def save_preset(window: Window) -> None:
    """Write the chain that is heard as a preset."""
    window.keep_preset()


@command("Show the results folder", menu="&File", needs=("clip",))
def results_folder(window: Window) -> None:
    """Show where the turns, the session and its presets are, in the file manager."""
    window.show_results()


@command("Preferences…", "Ctrl+,", menu="&File")
def preferences(window: Window) -> None:
    """Brain, ears, audio device, folders, look."""
    window.preferences()


@command("Quit", "Ctrl+Q", menu="&File")
def quit(window: Window) -> None:
    """Stop what runs, keep it, and close."""
    window.close()


@command("Undo turn", "Ctrl+Z", menu="&Edit", needs=("idle", "undo"))
def undo(window: Window) -> None:
    """Go to the turn before."""
    window.document.undo()


@command("Redo turn", "Ctrl+Shift+Z", "Ctrl+Y", menu="&Edit", needs=("idle", "redo"))
def redo(window: Window) -> None:
    """Go to the turn that was undone."""
    window.document.redo()


@command("Write an instruction", "Ctrl+L", menu="&Edit")
def write(window: Window) -> None:
    """Go to the instruction box."""
    window.conversation.write()


@command("Send", "Ctrl+Return", menu="&Edit", needs=("clip",))
def send(window: Window) -> None:
    """Carry out the instruction."""
    window.conversation.send()


@command("Stop, keep the best so far", "Esc", menu="&Edit", needs=("busy",))
def stop(window: Window) -> None:
    """Stop the refinement; what waits is dropped."""
    window.document.stop()


@command("Play or pause", "Space", "Ctrl+Space", menu="&Listen", needs=("clip", "device"))
def play(window: Window) -> None:
    """Play what is heard, in a loop."""
    window.listen.toggle_play()


@command("Switch A and B", "D", "X", "Ctrl+D", menu="&Listen", needs=("clip",))
def switch(window: Window) -> None:
    """Hear what the turn is compared with, or the turn, at the same place."""
    window.listening.hear_a(not window.listening.hearing_a)


@command("Match loudness", "M", menu="&Listen", needs=("clip",),
         on=lambda window: window.listening.matched)  # fmt: skip
def match_loudness(window: Window) -> None:
    """Compare sounds as loud as the dry clip, or as they come out."""
    window.listen.match_box.toggle()


@command("Loop a part", "L", menu="&Listen", needs=("clip",),
         on=lambda window: window.source.waveform.region.isVisible())  # fmt: skip
def loop(window: Window) -> None:
    """Repeat the marked part of the waveform, or all."""
    window.source.waveform.toggle_loop()


@command("From the beginning", "Home", menu="&Listen", needs=("clip",))
def rewind(window: Window) -> None:
    """Go to the beginning of the clip."""
    window.listening.player.seek(0.0)


@command("Hear the best so far", "F", menu="&Listen", needs=("busy",))
def follow(window: Window) -> None:
    """Hear and see the best so far again while a refinement runs."""
    window.document.follow()


@command("Look for audio devices", menu="&Listen")
def find_device(window: Window) -> None:
    """Look again, after a device was plugged in."""
    window.find_device()


@command("Begin with a preset…", "Ctrl+P", menu="&Chain", needs=("clip", "idle"))
def presets(window: Window) -> None:
    """Put a factory preset in place of the chain."""
    window.choose_preset()


@command("Match a reference…", menu="&Chain", needs=("clip",))
def match_reference(window: Window) -> None:
    """Find the chain that makes the clip sound like another recording, as a turn."""
    window.plugins.match()


@command("Add a plugin…", menu="&Chain", needs=("clip", "idle"))
def add_plugin(window: Window) -> None:
    """Put a plugin of yours at the end of the chain."""
    window.plugins.add()


@command("Translate to my plugins…", menu="&Chain", needs=("clip", "idle", "effects"))
def translate(window: Window) -> None:
    """Find settings of your plugins that sound like the chain's effects; write their presets."""
    window.plugins.translate()


@command("Scan plugins…", menu="&Chain")
def scan_plugins(window: Window) -> None:
    """Look for VST3 plugins and Audio Units on this computer."""
    window.plugins.scan()


@command("Remove all effects", menu="&Chain", needs=("clip", "idle", "effects"))
def clear(window: Window) -> None:
    """Empty the chain; undo brings it back."""
    window.clear_chain()


@command("Command palette…", "Ctrl+K", menu="&View")
def palette(window: Window) -> None:
    """Find any command by its name."""
    window.palette()


@command("Commands and keys…", "F1", menu="&Help")
def keys(window: Window) -> None:
    """All commands with their keys."""
    window.show_keys()
