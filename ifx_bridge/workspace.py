"""A folder with a session in it: the dry clip, a sound and a preset per turn, `session.json`."""

from __future__ import annotations

import re
from pathlib import Path

from ifx_bridge import audio
from ifx_bridge.audio import Audio, Clip
from ifx_bridge.chain_plugin.table import TRIM_DB
from ifx_bridge.chain_plugin.values import playable
from ifx_bridge.errors import UserError
from ifx_bridge.presets import chain as chain_presets
from ifx_bridge.presets import vstpreset
from ifx_bridge.session import Session, Turn
from ifx_bridge.session import load as load_session
from ifx_bridge.session import save as save_session

SESSION_FILE = "session.json"
DRY_FILE = "dry.wav"
OURS = re.compile(r"^(dry|turn-\d+)\.wav$|^turn-\d+\.vstpreset$|^session\.json$")


class Workspace:
    """Writes what a session produces; every file atomically, nothing of before overwritten."""

    def __init__(self, folder: Path) -> None:
        """Of a folder, which is made when needed.

        Raises:
            UserError: The folder cannot be made.
        """
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error

    @property
    def session_path(self) -> Path:
        """Where the session is saved."""
        return self.folder / SESSION_FILE

    def turn_path(self, index: int) -> Path:
        """Where the sound of a turn is."""
        return self.folder / f"turn-{index:02d}.wav"

    def preset_path(self, index: int) -> Path:
        """Where a turn is as a preset of IFX Chain; none is written of what that does not have."""
        return self.turn_path(index).with_suffix(vstpreset.SUFFIX)

    def set_aside(self) -> Path | None:
        """Move an earlier session's files into a folder of their own, and say which."""
        if not self.session_path.exists():
            return None
        number = 1
        while (previous := self.folder / f"previous-{number:02d}").exists():
            number += 1
        try:
            previous.mkdir()
            for path in sorted(self.folder.iterdir()):
                if OURS.match(path.name):
                    path.rename(previous / path.name)
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        return previous

    def open(self, session: Session, clip: Clip) -> None:
        """Write what is there at the start: the dry clip, earlier turns, the session."""
        self._write(self.folder / DRY_FILE, clip.samples, clip)
        for turn in session.turns:
            path = self.turn_path(turn.index)
            if not path.exists():
                rendered = turn.as_chain().render(clip.samples, clip.sample_rate)
                self._write(path, audio.limited(rendered, clip.sample_rate)[0], clip)
        save_session(session, self.session_path)
        for turn in session.turns:
            self._write_preset(turn, clip)

    def add(self, session: Session, turn: Turn, sound: Audio, clip: Clip) -> None:
        """Write a new turn: its sound, the session that names it, its preset."""
        self._write(self.turn_path(turn.index), sound, clip)
        save_session(session, self.session_path)
        self._write_preset(turn, clip)

    def _write(self, path: Path, sound: Audio, clip: Clip) -> None:
        try:
            audio.save(path, sound, clip.sample_rate)
        except (OSError, RuntimeError) as error:
            raise _unwritable(path, error) from error

    def _write_preset(self, turn: Turn, clip: Clip) -> None:
        chain = turn.as_chain()
        # Half of a turn under its name would be taken for the whole.
        if playable(chain)[1] or not TRIM_DB.low <= chain.trim_db <= TRIM_DB.high:
            return
        name = turn.instruction or f"turn {turn.index}"
        channels = min(clip.channels, 2)
        chain_presets.write(chain, name, self.preset_path(turn.index), channels)


def resume(path: Path, clip: Clip) -> Session:
    """A saved session, checked to be about this clip.

    Raises:
        UserError: The file is no session, or it is about another recording.
    """
    session = load_session(path)
    if session.clip.sha256 != clip.sha256:
        raise UserError(
            f"{path.name} is about another recording ({session.clip.name}) than {clip.path.name}.",
            kept="Nothing was changed.",
            next_step="Give the recording it was made with, or use --chain to take over its "
            "effects for a new session.",
        )
    return session


def _unwritable(path: Path, error: Exception) -> UserError:
    reason = getattr(error, "strerror", None) or error
    return UserError(
        f"{path} could not be written ({reason}).",
        kept="What was saved before is untouched.",
        next_step="Choose another folder with --out, or free some space.",
    )
