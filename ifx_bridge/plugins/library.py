"""Which plugins are on this computer: scanned once, remembered until a file changes.

Each is loaded in a process of its own with a limit of time. One that crashes or hangs is put on the
block-list, and is not loaded again until it is taken off. A file may hold several plugins: these
are known, and blocked, by the file and their name in it.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ifx_bridge.audio import atomic_path
from ifx_bridge.errors import Cancelled, UserError
from ifx_bridge.plugins.description import Description
from ifx_bridge.plugins.host import LOAD_SECONDS, Host, PluginError, SeveralPlugins
from ifx_bridge.plugins.lock import locked

# To be raised when descriptions change: older ones are then made anew.
EDITION = 2
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
    """What came of looking at one plugin.

    Attributes:
        path: Its file or bundle.
        description: The plugin; None when it can't be used.
        problem: Why not.
        part: Its name, where the file holds several.
    """

    path: Path
    description: Description | None = None
    problem: str = ""
    part: str = ""

    @property
    def name(self) -> str:
        """Of its file, and of itself where there are several."""
        return f"{self.part} in {self.path.name}" if self.part else self.path.name


@dataclass(frozen=True)
class Blocked:
    """A plugin that is not loaded.

    Attributes:
        path: Its file or bundle.
        part: Its name, where the file holds several; empty is the whole file.
        why: What happened.
    """

    path: Path
    part: str
    why: str

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.part or self.path.stem


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

    # The block-list: by path and name in it, why; no name is the whole file.

    def blocked(self) -> list[Blocked]:
        """What is not loaded."""
        return [
            Blocked(Path(path), part, str(why))
            for path, parts in _read(self._blocked).items()
            for part, why in (parts.items() if isinstance(parts, dict) else [("", parts)])
        ]

    def why_blocked(self, name: str) -> Blocked | None:
        """The entry for a plugin's name, effect id or path."""
        entries = self.blocked()
        exact = [b for b in entries if not b.part and str(b.path) == name]
        return next(iter(exact or [b for b in entries if _plain(b.name) == _plain(name)]), None)

    def block(self, path: Path, why: str, part: str = "") -> None:
        """Not to be loaded any more."""
        with self._changing(self._blocked) as data:
            entry = data.get(str(path))
            data[str(path)] = {**(entry if isinstance(entry, dict) else {}), part: why}

    def unblock(self, name: str) -> Blocked:
        """May be loaded again.

        Args:
            name: A plugin's name or path.

        Raises:
            UserError: It is not blocked.
        """
        found = self.why_blocked(name)
        if found is None:
            raise UserError(
                f"{Path(name).name} is not blocked.",
                next_step="ifx-bridge plugins list --blocked shows those that are.",
            )
        with self._changing(self._blocked) as data:
            entry = data.pop(str(found.path), {})
            rest = {part: why for part, why in entry.items() if part != found.part}
            if rest:
                data[str(found.path)] = rest
        return found

    @contextmanager
    def blaming(self, path: Path, part: str = "") -> Iterator[None]:
        """Whatever a plugin does inside that it must not puts it on the block-list.

        Raises:
            PluginError: What it did.
        """
        try:
            yield
        except PluginError as error:
            if error.fatal:
                self.block(path, error.what, part)
                error.next_step = (
                    "It is not loaded any more, until you take it off the block-list: ifx-bridge "
                    f"plugins block --remove {shlex.quote(part or path.stem)}"
                )
            raise

    @contextmanager
    def host(
        self,
        path: Path,
        part: str = "",
        load_seconds: float = LOAD_SECONDS,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Host]:
        """A live plugin (see `Host`) that is blocked when it crashes, hangs or answers garbage."""
        with self.blaming(path, part), Host(path, part, load_seconds, cancelled) as host:
            yield host

    # The plugins: by path, the file's stamp and what is in it.

    def plugins(self) -> list[Description]:
        """All that were found and can be used, by name."""
        blocked = {(b.path, b.part) for b in self.blocked()}
        found = []
        for path, row in _read(self._known).items():
            if (Path(path), "") not in blocked:
                known = _known_in(row, _stamp(Path(path)))
                found += [d for d in known if (Path(path), d.part) not in blocked]
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
            One for each plugin, those that were known included.

        Raises:
            Cancelled: `cancelled` said so.
        """
        paths, results = list(paths), []
        for number, path in enumerate(paths):
            if cancelled():
                raise Cancelled
            progress(number, len(paths), path)
            results += self._scan(path.absolute(), load_seconds, again, cancelled)
        progress(len(paths), len(paths), Path())
        return results

    def _scan(
        self, path: Path, load_seconds: float, again: bool, cancelled: Callable[[], bool]
    ) -> list[Scanned]:
        blocked = {b.part: f"blocked: {b.why}" for b in self.blocked() if b.path == path}
        if "" in blocked:
            return [Scanned(path, problem=blocked[""])]
        kept_out = [Scanned(path, problem=why, part=part) for part, why in blocked.items()]
        stamp = _stamp(path)
        if not stamp:
            return [Scanned(path, problem="there is no such file")]
        known = _known_in(_read(self._known).get(str(path)), stamp)
        if known and not again:
            usable = [Scanned(path, d, part=d.part) for d in known if d.part not in blocked]
            return usable + kept_out
        results = self._look(path, "", load_seconds, cancelled, blocked) + kept_out
        found = [r.description.to_data() for r in results if r.description is not None]
        if found:
            with self._changing(self._known) as data:
                data[str(path)] = {"stamp": stamp, "plugins": found}
        return results

    def _look(
        self,
        path: Path,
        part: str,
        load_seconds: float,
        cancelled: Callable[[], bool],
        blocked: Collection[str],
    ) -> list[Scanned]:
        """Load a plugin and ask it; of a file with several, each that is not blocked."""
        try:
            with self.host(path, part, load_seconds, cancelled) as host:
                return [Scanned(path, host.describe(load_seconds), part=part)]
        except SeveralPlugins as several:
            looked = [
                self._look(path, name, load_seconds, cancelled, blocked)
                for name in several.names
                if name not in blocked
            ]
            return [result for results in looked for result in results]
        except PluginError as error:
            return [Scanned(path, problem=error.what, part=part)]

    def find(self, name: str) -> Description:
        """The plugin of a name or path; a file that was never scanned is looked at now.

        Raises:
            UserError: There is none, it is blocked, or a file holds several.
        """
        path = Path(name).expanduser()
        if path.suffix.lower() in SUFFIXES and path.exists():
            return self._in_file(path.absolute())
        known, wanted = self.plugins(), _plain(name)
        by_name = {_plain(Path(d.path).stem): d for d in known if not d.part}
        by_name |= {_plain(d.name): d for d in known}
        if wanted in by_name:
            return by_name[wanted]
        blocked = self.why_blocked(name)
        for candidate in bundles(folders()):  # installed since, or never scanned
            if _plain(candidate.stem) == wanted and (not blocked or blocked.path != candidate):
                return self._in_file(candidate)
        if blocked is not None:
            raise _is_blocked(blocked)
        from rapidfuzz import process

        near = [match[0] for match in process.extract(wanted, list(by_name), limit=3)]
        names = ", ".join(by_name[key].name for key in near)
        raise UserError(
            f"There is no plugin called {name!r}.",
            next_step=(f"Nearest: {names}. " if names else "")
            + "ifx-bridge plugins scan looks for new ones.",
        )

    def _in_file(self, path: Path) -> Description:
        """The one plugin in a file."""
        results = self._scan(path, LOAD_SECONDS, False, lambda: False)
        if len(results) > 1:
            raise SeveralPlugins(path.name, [r.part for r in results])
        (only,) = results
        if only.description is not None:
            return only.description
        if (blocked := self.why_blocked(str(path))) is not None:
            raise _is_blocked(blocked)
        raise UserError(f"{path.name} cannot be used: {only.problem.removesuffix('.')}.")

    def locate(self, name: str) -> tuple[Path, str]:
        """File and part of a plugin that may never have been loaded, and is not loaded now.

        Raises:
            UserError: There is none.
        """
        path = Path(name).expanduser()
        if path.suffix.lower() in SUFFIXES and path.exists():
            return path.absolute(), ""
        known, wanted = self.plugins(), _plain(name)
        places = [(d.name, Path(d.path), d.part) for d in known]
        places += [(path.stem, path, "") for path in bundles(folders())]
        for called, path, part in places:
            if _plain(called) == wanted:
                return path, part
        found = self.find(name)
        return Path(found.path), found.part

    @contextmanager
    def _changing(self, path: Path) -> Iterator[dict[str, Any]]:
        """What one of the files holds, to be changed while nobody else changes it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(path.with_suffix(".lock")):
                data = _read(path)
                yield data
                with atomic_path(path) as temporary:
                    temporary.write_text(json.dumps(data, indent=1, ensure_ascii=False), "utf-8")
        except OSError as error:
            raise UserError(
                f"{path} could not be written ({error.strerror or error}).",
                next_step=f"Set {VARIABLE} to a folder that can be written.",
            ) from error

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


def _known_in(row: Any, stamp: str) -> list[Description]:
    """What is remembered of a file; nothing when it has changed, or the memory is damaged."""
    try:
        current = bool(stamp) and row["stamp"] == stamp
        return [Description.from_data(data) for data in row["plugins"]] if current else []
    except (ValueError, KeyError, TypeError):
        return []


def _is_blocked(entry: Blocked) -> UserError:
    return UserError(
        f"{entry.name} is blocked: {entry.why.removesuffix('.')}.",
        next_step=f"ifx-bridge plugins block --remove {shlex.quote(entry.name)} lets it be tried "
        "again.",
    )
