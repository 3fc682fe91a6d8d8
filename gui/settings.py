"""Preferences: each declared once; the file and the dialog follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, QSettings, pyqtSignal

from gui.translations import translate
from ifx_bridge.errors import UserError

RECENT_KEPT = 12


@dataclass(frozen=True)
class Setting:
    """One preference.

    Attributes:
        key: Identifier, with its group before the slash.
        default: Its value and, by that, its type: bool, int, float or str.
        title: What a person reads, in English.
        text: One sentence, in English.
        low: Smallest value of a number.
        high: Largest value of a number.
        choices: Values that are possible; called when the dialog opens, empty for any.
    """

    key: str
    default: bool | int | float | str
    title: str
    text: str
    low: float = 0
    high: float = 0
    choices: Callable[[], list[str]] | None = None

    @property
    def shown_title(self) -> str:
        """The title in the language of the desktop."""
        return translate("settings", self.title)

    @property
    def shown_text(self) -> str:
        """The sentence in the language of the desktop."""
        return translate("settings", self.text)

    def read(self, value: Any) -> bool | int | float | str:
        """A value as it may stand in a file, checked; the default where it makes no sense."""
        kind = type(self.default)
        try:
            if kind is bool:
                return str(value).lower() in ("true", "1", "yes")
            found: int | float | str = kind(value)
        except (TypeError, ValueError):
            return self.default
        if isinstance(found, str):
            return found
        return kind(min(self.high, max(self.low, found))) if self.high > self.low else found


def _brains() -> list[str]:
    return ["auto", "offline", "gemini", "openai", "openrouter", "ollama", "lmstudio", "llamacpp"]


def _ears() -> list[str]:
    return ["auto", "fx", "perceptual", "laion"]


def _devices() -> list[str]:
    try:
        import sounddevice

        found = sounddevice.query_devices()
        return ["", *dict.fromkeys(d["name"] for d in found if d["max_output_channels"] > 0)]
    except Exception:  # no PortAudio, no driver: only the system's own choice
        return [""]


def _midi_inputs() -> list[str]:
    try:
        from ifx_bridge.daw.midi import port_names

        return ["", *port_names()[0]]
    except UserError:  # no MIDI on this computer
        return [""]


SETTINGS = (
    Setting("engine/brain", "auto", "Brain", "Who understands the words; offline needs no network.",
            choices=_brains),
    Setting("engine/ears", "auto", "Ears", "What judges the sound while knobs are moved.",
            choices=_ears),
    Setting("engine/recipe", "whole-chain", "Recipe", "How the knobs are searched.",
            choices=lambda: ["whole-chain", "staged"]),
    Setting("engine/seed", 0, "Seed", "The same seed gives the same result.", 0, 2**31 - 1),
    Setting("audio/device", "", "Output device", "Empty is the system's own choice.",
            choices=_devices),
    Setting("audio/latency", "high", "Latency", "Low answers sooner, high never crackles.",
            choices=lambda: ["low", "high"]),
    Setting("listen/matched", True, "Match loudness", "Hear every turn as loud as the dry clip."),
    Setting("listen/follow", True, "Follow the best so far",
            "Sound and knobs follow while a refinement runs."),
    Setting("files/folder", "", "Results folder",
            "New sessions get a folder here; empty is beside the recording."),
    Setting("files/reopen", True, "Reopen at start", "Go on with the last session at start."),
    Setting("daw/link", "auto", "DAW", "Which DAW to look for; off asks no port.",
            choices=lambda: ["auto", "reaper", "live", "ardour", "off"]),
    Setting("daw/port", 0, "DAW's port", "Where it listens for OSC; 0 is the usual one.", 0, 65535),
    Setting("daw/session", "", "DAW session", "Folder of Ardour's session; empty is the last one."),
    Setting("midi/input", "", "MIDI input", "Whose knobs and keys run commands; empty is none.",
            choices=_midi_inputs),
    Setting("remote/on", False, "Remote control",
            "Take commands by OSC (/ifx/refine, /ifx/push, …) from this machine."),
    Setting("remote/port", 9123, "Remote control's port", "Where they are sent to.", 0, 65535),
    Setting("look/theme", "system", "Theme", "Colours of the window; system follows the desktop.",
            choices=lambda: ["system", "dark", "light"]),
)  # fmt: skip
BY_KEY = {setting.key: setting for setting in SETTINGS}


class Settings(QObject):
    """The preferences of this person.

    Attributes:
        changed: The key of a preference that has another value now.
    """

    changed = pyqtSignal(str)

    def __init__(self, path: Path | None = None) -> None:
        """In a file; None keeps them in memory only."""
        super().__init__()
        self._store: QSettings | None = None
        self._values: dict[str, Any] = {}
        if path is not None:
            self._store = QSettings(str(path), QSettings.Format.IniFormat)

    def __getitem__(self, key: str) -> Any:
        """A preference's value."""
        setting = BY_KEY[key]
        found = self._raw(key)
        return setting.default if found is None else setting.read(found)

    def __setitem__(self, key: str, value: bool | int | float | str) -> None:
        """Change a preference."""
        value = BY_KEY[key].read(value)
        if value != self[key]:
            self._put(key, value)
            self.changed.emit(key)

    # What the window remembers by itself.

    @property
    def recent(self) -> list[Path]:
        """Session files, the last one first; those that are gone are left out."""
        names = [name for name in str(self._raw("state/recent") or "").split("\n") if name]
        return [path for path in map(Path, names) if path.is_file()]

    def remember(self, session: Path) -> None:
        """Put a session file first."""
        paths = [session, *(path for path in self.recent if path != session)][:RECENT_KEPT]
        self._put("state/recent", "\n".join(map(str, paths)))

    def state(self, name: str) -> Any:
        """Something of the window itself, such as its geometry; None when never kept."""
        return self._raw(f"state/{name}")

    def keep(self, name: str, value: Any) -> None:
        """Keep something of the window itself."""
        self._put(f"state/{name}", value)

    def _raw(self, key: str) -> Any:
        return self._values.get(key) if self._store is None else self._store.value(key)

    def _put(self, key: str, value: Any) -> None:
        if self._store is None:
            self._values[key] = value
        else:
            self._store.setValue(key, value)
