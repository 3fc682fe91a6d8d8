"""A folder with a session in it: the dry clip, a sound and presets per turn, `session.json`."""

from __future__ import annotations

import re
from pathlib import Path

from ifx_bridge import audio
from ifx_bridge.audio import Audio, Clip
from ifx_bridge.chain_plugin.table import NAME, TRIM_DB
from ifx_bridge.chain_plugin.values import playable
from ifx_bridge.errors import UserError, writing
from ifx_bridge.plugins.effect import ENGINE
from ifx_bridge.presets import chain as chain_presets
from ifx_bridge.presets import plugin as plugin_presets
from ifx_bridge.presets import vstpreset
from ifx_bridge.session import Session, Turn
from ifx_bridge.session import load as load_session
from ifx_bridge.session import save as save_session

SESSION_FILE = "session.json"
DRY_FILE = "dry.wav"
OURS = re.compile(r"^(dry|turn-\d+)\.wav$|^turn-\d+(\.[\w-]+)?\.vstpreset$|^session\.json$")


class Workspace:
    """Writes what a session produces; every file atomically, nothing of before overwritten."""

    def __init__(self, folder: Path) -> None:
        """Of a folder, which is made when needed.

        Raises:
            UserError: The folder cannot be made.
        """
        self.folder = folder
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def session_path(self) -> Path:
        """Where the session is saved."""
        return self.folder / SESSION_FILE

    def turn_path(self, index: int) -> Path:
        """Where the sound of a turn is."""
        return self.folder / f"turn-{index:02d}.wav"

    def preset_path(self, index: int, plugin: str = "") -> Path:
        """Where a turn is as a preset of IFX Chain, or of a plugin of the user's that is in it.

        None is written of what IFX Chain does not have, nor of a plugin that gives none.

        Args:
            index: Of the turn.
            plugin: Effect id of the plugin; empty for IFX Chain.
        """
        ending = f".{plugin}{vstpreset.SUFFIX}" if plugin else vstpreset.SUFFIX
        return self.turn_path(index).with_suffix(ending)

    def presets(self, turn: Turn) -> dict[str, Path]:
        """The presets that there are of a turn, by plugin: IFX Chain, and those of the user's."""
        names = {NAME: ""} | {s.effect.title: s.fx for s in turn.as_chain() if s.engine == ENGINE}
        paths = {title: self.preset_path(turn.index, fx) for title, fx in names.items()}
        return {title: path for title, path in paths.items() if path.is_file()}

    def set_aside(self) -> Path | None:
        """Move an earlier session's files into a folder of their own, and say which."""
        if not self.session_path.exists():
            return None
        number = 1
        while (previous := self.folder / f"previous-{number:02d}").exists():
            number += 1
        with writing(self.folder):
            previous.mkdir()
            for path in sorted(self.folder.iterdir()):
                if OURS.match(path.name):
                    path.rename(previous / path.name)
        return previous

    def open(self, session: Session, clip: Clip) -> None:
        """Write what is there at the start: the dry clip, earlier turns, the session."""
        audio.save(self.folder / DRY_FILE, clip.samples, clip.sample_rate)
        for turn in session.turns:
            path = self.turn_path(turn.index)
            if not path.exists():
                rendered = turn.as_chain().render(clip.samples, clip.sample_rate)
                audio.save(path, audio.limited(rendered, clip.sample_rate)[0], clip.sample_rate)
        save_session(session, self.session_path)
        for turn in session.turns:
            self._write_presets(turn, clip, again=False)

    def add(self, session: Session, turn: Turn, sound: Audio, clip: Clip) -> tuple[str, ...]:
        """Write a new turn: its sound, the session that names it, its presets.

        Returns:
            For the user: which plugin gave no preset, and why.
        """
        audio.save(self.turn_path(turn.index), sound, clip.sample_rate)
        save_session(session, self.session_path)
        return self._write_presets(turn, clip, again=True)

    def _write_presets(self, turn: Turn, clip: Clip, again: bool) -> tuple[str, ...]:
        chain, name = turn.as_chain(), turn.instruction or f"turn {turn.index}"
        # Half of a turn under its name would be taken for the whole.
        if not playable(chain)[1] and TRIM_DB.low <= chain.trim_db <= TRIM_DB.high:
            channels = min(clip.channels, 2)
            chain_presets.write(chain, name, self.preset_path(turn.index), channels)
        problems = []
        for slot in chain:
            path = self.preset_path(turn.index, slot.fx)
            if slot.engine == ENGINE and (again or not path.exists()):
                try:
                    plugin_presets.write_slot(slot, name, path)
                except UserError as error:  # the turn is heard and saved all the same
                    problems.append(f"No preset of {slot.effect.title}: {error.what}")
        return tuple(problems)


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
