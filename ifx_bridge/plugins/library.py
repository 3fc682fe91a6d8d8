"""Which plugins are on this computer: scanned once, remembered until a file changes.

Each is loaded in a process of its own with a limit of time. One that crashes or hangs is put on the
block-list, and is not loaded again until it is taken off.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ifx_bridge.audio import atomic_path
from ifx_bridge.errors import UserError
from ifx_bridge.plugins.description import Description
from ifx_bridge.plugins.host import LOAD_SECONDS, Host, PluginError

# To be raised when descriptions change: older ones are then made anew.
EDITION = 1
VARIABLE = "IFX_PLUGIN_DATA"
SUFFIXES = (".vst3", ".component")


def folders(system: str = sys.platform, environment: Mapping[str, str] = os.environ) -> list[Path]:
    """Where plugins are on this system, the user's own first.

    VST3: https://steinbergmedia.github.io/vst3_dev_portal, "Plug-in locations"; `VST3_PATH` is what
    Linux hosts look at besides.
    """
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or Path.home())
    if system == "darwin":
        below = Path("Library/Audio/Plug-Ins")
        roots = [home / below, Path("/") / below]
        return [root / kind for root in roots for kind in ("VST3", "Components")]
    if system == "win32":
        local = Path(environment.get("LOCALAPPDATA") or home / "AppData/Local")
        common = Path(environment.get("COMMONPROGRAMFILES") or r"C:\Program Files\Common Files")
        return [local / "Programs/Common/VST3", common / "VST3"]
    named = [Path(p) for p in environment.get("VST3_PATH", "").split(os.pathsep) if p]
    return [*named, home / ".vst3", Path("/usr/local/lib/vst3"), Path("/usr/lib/vst3")]


def bundles(roots: Iterable[Path]) -> list[Path]:
    """Plugin files and bundles in folders and their sub-folders, each once."""
    found: dict[Path, None] = {}
    for root in roots:
        for path in _walk(root):
            found[path] = None
    return list(found)


def _walk(folder: Path, depth: int = 4) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.suffix.lower() in SUFFIXES:
            yield entry
        elif depth and entry.is_dir():
            yield from _walk(entry, depth - 1)


@dataclass(frozen=True)
class Scanned:
    """What came of looking at one file.

    Attributes:
        path: The file or bundle.
        description: The plugin; None when it can't be used.
        problem: Why not.
    """

    path: Path
    description: Description | None = None
    problem: str = ""


@dataclass(frozen=True)
class Library:
    """What is known of the plugins on this computer.

    Attributes:
        folder: Where that is kept.
    """

    folder: Path

    @classmethod
    def default(cls) -> Library:
        """What `IFX_PLUGIN_DATA` names, else the user's data folder."""
        if named := os.environ.get(VARIABLE):
            return cls(Path(named).expanduser())
        from platformdirs import user_data_path

        return cls(user_data_path("ifx-bridge", appauthor=False) / "plugins")

    def edition(self) -> int:
        """Changes whenever something else is known."""
        times = []
        for path in (self._known, self._blocked):
            try:
                times.append(path.stat().st_mtime_ns)
            except OSError:
                times.append(0)
        return hash(tuple(times))

    # The block-list.

    def blocked(self) -> dict[str, str]:
        """Paths that are not loaded, and why."""
        found = _read(self._blocked)
        return {str(path): str(why) for path, why in found.items()}

    def block(self, path: Path, why: str) -> None:
        """Not to be loaded any more."""
        _write(self._blocked, {**self.blocked(), str(path): why})

    def unblock(self, path: Path) -> None:
        """May be loaded again.

        Raises:
            UserError: It is not blocked.
        """
        blocked = self.blocked()
        if blocked.pop(str(path), None) is None:
            raise UserError(
                f"{path.name} is not blocked.",
                next_step="ifx-bridge plugins list --blocked shows those that are.",
            )
        _write(self._blocked, blocked)

    # The plugins.

    def plugins(self) -> list[Description]:
        """All that were found and can be used, by name."""
        blocked, found = self.blocked(), []
        for path, row in _read(self._known).items():
            if path in blocked or row.get("stamp") != _stamp(Path(path)):
                continue
            try:
                found.append(Description.from_data(row["description"]))
            except (ValueError, KeyError, TypeError):
                continue  # of another edition, or damaged: found again by scanning
        return sorted(found, key=lambda d: d.name.lower())

    def scan(
        self,
        paths: Iterable[Path],
        load_seconds: float = LOAD_SECONDS,
        again: bool = False,
        progress: Callable[[int, int, Path], None] = lambda done, total, path: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> list[Scanned]:
        """Look at files that are new or changed; what is known stays.

        Args:
            paths: Files and bundles.
            load_seconds: How long one may take to load.
            again: Whether to look at known ones too.
            progress: Told how many of how many are done, and which comes next.
            cancelled: Asked before each and while it loads; what was found is kept.

        Returns:
            One for each path, those that were known included.

        Raises:
            Cancelled: `cancelled` said so.
        """
        from ifx_bridge.errors import Cancelled

        paths, results = list(paths), []
        for number, path in enumerate(paths):
            if cancelled():
                raise Cancelled
            progress(number, len(paths), path)
            results.append(self._scan(path.absolute(), load_seconds, again, cancelled))
        progress(len(paths), len(paths), Path())
        return results

    def _scan(
        self, path: Path, load_seconds: float, again: bool, cancelled: Callable[[], bool]
    ) -> Scanned:
        if why := self.blocked().get(str(path)):
            return Scanned(path, problem=f"blocked: {why}")
        known = _read(self._known)
        row = known.get(str(path), {})
        stamp = _stamp(path)
        if not stamp:
            return Scanned(path, problem="there is no such file")
        if not again and row.get("stamp") == stamp:
            try:
                return Scanned(path, Description.from_data(row["description"]))
            except (ValueError, KeyError, TypeError):
                pass
        try:
            with Host(path, load_seconds=load_seconds, cancelled=cancelled) as host:
                description = host.describe(load_seconds)
        except PluginError as error:
            if error.fatal:
                self.block(path, error.what)
            return Scanned(path, problem=error.what)
        row = {"stamp": stamp, "description": description.to_data()}
        _write(self._known, {**known, str(path): row})
        return Scanned(path, description)

    def find(self, name: str) -> Description:
        """The plugin of a name or path; one that was never scanned is looked at now.

        Raises:
            UserError: There is none, or it is blocked.
        """
        path = Path(name).expanduser()
        if path.suffix.lower() in SUFFIXES and path.exists():
            found = self._scan(path.absolute(), LOAD_SECONDS, False, lambda: False)
            if found.description is None:
                raise UserError(
                    f"{path.name} cannot be used: {found.problem.removesuffix('.')}.",
                    next_step="ifx-bridge plugins block --remove lets a blocked one be tried.",
                )
            return found.description
        by_name = {_plain(d.name): d for d in self.plugins()}
        by_name |= {_plain(Path(d.path).stem): d for d in self.plugins()}
        if (wanted := _plain(name)) in by_name:
            return by_name[wanted]
        # Installed since, or never scanned.
        blocked = self.blocked()
        for candidate in bundles(folders()):
            if _plain(candidate.stem) == wanted:
                if str(candidate) in blocked:
                    raise UserError(
                        f"{candidate.stem} is blocked: {blocked[str(candidate)]}",
                        next_step=f"ifx-bridge plugins block --remove {candidate.stem} lets it be "
                        "tried again.",
                    )
                return self.find(str(candidate))
        from rapidfuzz import process

        near = [match[0] for match in process.extract(wanted, list(by_name), limit=3)]
        names = ", ".join(by_name[key].name for key in near)
        raise UserError(
            f"There is no plugin called {name!r}.",
            next_step=(f"Nearest: {names}. " if names else "")
            + "ifx-bridge plugins scan looks for new ones.",
        )

    @property
    def _known(self) -> Path:
        return self.folder / "known.json"

    @property
    def _blocked(self) -> Path:
        return self.folder / "blocked.json"


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _stamp(path: Path) -> str:
    """Changes when the plugin does; empty when it is gone."""
    try:
        files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
        stats = [p.stat() for p in files]
    except OSError:
        return ""
    if not stats:
        return ""
    latest = max(s.st_mtime_ns for s in stats)
    return f"{EDITION} {len(stats)} {sum(s.st_size for s in stats)} {latest}"


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # it can be made again
    return data if isinstance(data, dict) else {}


def _write(path: Path, data: Mapping[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(data, indent=1, ensure_ascii=False), "utf-8")
    except OSError as error:
        raise UserError(
            f"{path} could not be written ({error.strerror or error}).",
            next_step=f"Set {VARIABLE} to a folder that can be written.",
        ) from error
