"""Asking where to write, and where results go."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from PyQt6.QtCore import QStandardPaths
from PyQt6.QtWidgets import QFileDialog, QMessageBox, QWidget

from gui.translations import translate


def ask_where(parent: QWidget, title: str, start: Path, suffix: str, kind: str) -> Path | None:
    """Ask for a file of one kind to write; see `ask_which`.

    Args:
        parent: The window.
        title: Of the dialog.
        start: What is proposed, with its folder.
        suffix: The ending, with its dot.
        kind: What such files are called.

    Returns:
        A path that ends in `suffix`; None where the user thought better of it.
    """
    found = ask_which(parent, title, start, {kind: suffix})
    return None if found is None else found[0]


def ask_which(
    parent: QWidget, title: str, start: Path, kinds: Mapping[str, str]
) -> tuple[Path, str] | None:
    """Ask for a file to write; nothing that is there is replaced without a yes.

    The dialog itself asks about the name that was typed. Where the ending has to be added, that is
    another file, and it is asked about here.

    Args:
        parent: The window.
        title: Of the dialog.
        start: What is proposed, with its folder.
        kinds: What such files are called, and their endings with the dot: added to a name without
            it, however many dots it has.

    Returns:
        A path with the ending of its kind, and the kind; None where the user thought better of it.
    """
    filters = {f"{kind} (*{suffix})": kind for kind, suffix in kinds.items()}
    while True:
        typed, chosen = QFileDialog.getSaveFileName(parent, title, str(start), ";;".join(filters))
        if not typed:
            return None
        kind, path = filters.get(chosen, next(iter(kinds))), Path(typed)
        if path.name.lower().endswith(kinds[kind]):
            return path, kind
        start = path.with_name(path.name + kinds[kind])
        if not start.exists() or _replace(parent, title, start):
            return start, kind


def _replace(parent: QWidget, title: str, path: Path) -> bool:
    """Whether a file that is there may be replaced."""
    text = translate("files", "{file} is there already. Replace it?")
    kinds = QMessageBox.StandardButton
    answer = QMessageBox.question(
        parent, title, text.format(file=path.name), kinds.Yes | kinds.No, kinds.No
    )
    return answer == kinds.Yes


def results_folder(clip: Path, chosen: str = "") -> Path:
    """Where the results of a clip go: an absolute path.

    Args:
        clip: The recording.
        chosen: The folder that the preferences name; empty is beside the recording, or the user's
            music where that cannot be written.
    """
    if chosen:
        parent = Path(chosen).expanduser()
    else:
        parent = clip.absolute().parent
        if not os.access(parent, os.W_OK) or clip_comes_along(clip):
            parent = music()
    return parent.absolute() / f"{clip.stem}-ifx"


def clip_comes_along(clip: Path) -> bool:
    """Whether a recording is one of the program's own, whose folder is not the user's."""
    from ifx_bridge.demo import clips

    return clip.absolute() in {path.absolute() for path in clips().values()}


def music() -> Path:
    """The user's folder for music, or the home folder where there is none."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MusicLocation)
    return Path(place) if place and Path(place).is_dir() else Path.home()
