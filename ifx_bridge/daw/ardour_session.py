"""The dry sound of a track out of an Ardour session, whose file says which recordings it is of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ifx_bridge import audio
from ifx_bridge.daw.capture import written
from ifx_bridge.daw.link import Capture
from ifx_bridge.errors import UserError

# Ardour 7 counts time in ticks that all sample rates divide.
TICKS_PER_SECOND = 282_240_000
SAVING_SECONDS = 10.0
LARGEST_FILE = 256 * 2**20


@dataclass(frozen=True)
class Region:
    """A part of a recording on the timeline, times in seconds.

    Attributes:
        name: As shown.
        sources: A file for each channel.
        start: Where the part begins in the recording.
        length: How long it is.
        position: Where it is in the project.
        gain: Linear.
        layer: Higher ones lie over lower ones.
        opaque: Whether it hides what is under it.
        shaped: Whether it has a gain envelope of its own.
    """

    name: str
    sources: tuple[Path, ...]
    start: float
    length: float
    position: float
    gain: float
    layer: int = 0
    opaque: bool = True
    shaped: bool = False


def last_opened(config: Path | None = None) -> Path:
    """Folder of the session that Ardour opened last.

    Args:
        config: Where Ardour keeps its settings; by default the system's places.

    Raises:
        UserError: There is none.
    """
    roots = [config] if config else [Path.home() / ".config", Path.home() / "Library/Preferences"]
    files = [file for root in roots for file in root.glob("[Aa]rdour*/recent")]
    for file in sorted(files, key=lambda f: f.stat().st_mtime, reverse=True):
        # Name and folder of each, the newest first.
        for line in file.read_text("utf-8", "replace").splitlines()[1::2]:
            if any(Path(line).glob("*.ardour")):
                return Path(line)
    raise UserError(
        "It is not known which session is open in Ardour.",
        next_step="Give its folder: --ardour-session FOLDER.",
    )


@contextmanager
def saved(folder: Path, save: Callable[[], None]) -> Iterator[Path]:
    """The session's file, after Ardour has written it anew.

    Raises:
        UserError: It has not.
    """
    file = session_file(folder)
    before = file.stat().st_mtime_ns
    save()
    end = time.monotonic() + SAVING_SECONDS
    while file.stat().st_mtime_ns == before:
        if time.monotonic() > end:
            raise UserError(
                f"Ardour has not saved {file.name}.",
                kept="Nothing was changed.",
                next_step="Is this the open session? If not, give it: --ardour-session FOLDER.",
            )
        time.sleep(0.05)
    yield file


def session_file(folder: Path) -> Path:
    """The `.ardour` file of a session's folder.

    Raises:
        UserError: There is none, or several and none named as the folder.
    """
    if folder.suffix == ".ardour" and folder.is_file():
        return folder
    files = sorted(folder.glob("*.ardour"))
    named = [f for f in files if f.stem == folder.name]
    if len(files) != 1 and len(named) != 1:
        raise UserError(
            f"{folder} is not the folder of one Ardour session ({len(files)} session files).",
            next_step="Give the .ardour file itself.",
        )
    return named[0] if named else files[0]


def capture(file: Path, track: str, tracks: Sequence[str], folder: Path) -> Capture:
    """Put a track's regions together and write them.

    Args:
        file: The session's file.
        track: Name of the track.
        tracks: Names of all tracks that the running Ardour has, to tell whether it is its session.
        folder: Where to write.

    Raises:
        UserError: The session is another one, or the track has no audio.
    """
    root = _parsed(file)
    rate = int(root.get("sample-rate", "48000"))
    routes = {r.get("name", ""): r for r in root.iterfind("Routes/Route")}
    if not set(tracks) <= set(routes):
        missing = ", ".join(sorted(set(tracks) - set(routes)))
        raise UserError(
            f"{file.name} is not the session that is open: it has no track {missing}.",
            kept="Nothing was changed.",
            next_step="Give the open one: --ardour-session FOLDER.",
        )
    regions = _regions(root, routes[track], file.parent)
    if not regions:
        raise UserError(
            f"There is nothing to capture on the track {track!r}: it has no audio regions.",
            next_step="Record or import something, or choose another track.",
        )
    begin = min(r.position for r in regions)
    end = max(r.position + r.length for r in regions)
    if end - begin > audio.LONGEST_SECONDS:
        raise UserError(
            f"The track {track!r} is too long ({(end - begin) / 60:.0f} minutes); at most "
            f"{audio.LONGEST_SECONDS // 60} are possible.",
            next_step="Capture a bounced part of it instead: --watch FOLDER.",
        )
    channels = max(len(r.sources) for r in regions)
    sound = np.zeros((channels, round((end - begin) * rate)), dtype=np.float32)
    for region in regions:
        _place(sound, region, begin, rate)
    about = Capture(
        folder,
        way="the regions of the track, from the session's own recordings",
        daw="Ardour",
        track=track,
        item=", ".join(dict.fromkeys(r.name for r in regions)),
        start_seconds=begin,
        end_seconds=end,
        tempo=_tempo(root),
        notes=("gain envelopes of its regions are not in it",)
        if any(r.shaped for r in regions)
        else (),
    )
    return written(sound, rate, folder, about)


def tempo(folder: Path) -> float | None:
    """Of a session as it was saved last, in beats a minute; None where the file does not say."""
    try:
        file = session_file(folder)
        return _tempo_at(file, file.stat().st_mtime_ns)
    except (OSError, UserError):
        return None


@lru_cache(maxsize=4)
def _tempo_at(file: Path, written: int) -> float | None:
    return _tempo(_parsed(file))


def _place(sound: audio.Audio, region: Region, begin: float, rate: int) -> None:
    import soundfile

    at, count = round((region.position - begin) * rate), round(region.length * rate)
    for row, source in zip(sound, region.sources, strict=False):
        try:
            with soundfile.SoundFile(source) as recorded:
                recorded.seek(min(round(region.start * rate), recorded.frames))
                part = recorded.read(count, dtype="float32", always_2d=True)[:, 0]
        except (OSError, soundfile.SoundFileError) as error:
            raise UserError(
                f"The recording {source.name} of the region {region.name!r} cannot be read.",
                next_step="Bounce the track in Ardour and give the file.",
            ) from error
        place = row[at : at + len(part)]
        if region.opaque:
            place[:] = 0
        place += region.gain * part[: len(place)]


def _regions(root: ElementTree.Element, route: ElementTree.Element, folder: Path) -> list[Region]:
    files = {s.get("id"): s for s in root.iterfind("Sources/Source")}
    playlist = route.get("audio-playlist")
    found = []
    for element in root.iterfind(f"Playlists/Playlist[@id='{playlist}']/Region"):
        if element.get("muted") == "1" or element.get("type", "audio") != "audio":
            continue
        ids = [element.get(f"source-{n}") for n in range(int(element.get("channels", "1")))]
        sources = tuple(_file(files[i], folder) for i in ids if i in files)
        length, _, position = element.get("length", "a0@a0").partition("@")
        if sources:
            found.append(
                Region(
                    element.get("name", ""),
                    sources,
                    _seconds(element.get("start", "a0")),
                    _seconds(length),
                    _seconds(position),
                    float(element.get("scale-amplitude", "1")),
                    int(element.get("layering-index", "0")),
                    element.get("opaque", "1") == "1",
                    element.get("envelope-active") == "1",
                )
            )
    return sorted(found, key=lambda region: region.layer)


def _file(source: ElementTree.Element, folder: Path) -> Path:
    """Recordings lie in the session; files used from elsewhere say where."""
    origin, name = source.get("origin", ""), source.get("name", "")
    for path in folder.glob(f"interchange/*/audiofiles/{_literal(name)}"):
        return path
    return Path(origin) if origin else folder / name


def _literal(name: str) -> str:
    import glob

    return glob.escape(name)


def _seconds(text: str) -> float:
    if not text.startswith("a"):
        raise UserError(
            "A region is locked to beats, whose place the session file does not give in seconds.",
            next_step="Bounce the track in Ardour and give the file.",
        )
    return int(text[1:]) / TICKS_PER_SECOND


def _tempo(root: ElementTree.Element) -> float | None:
    element = root.find("TempoMap/Tempos/Tempo")
    try:
        return float(element.get("npm", "")) if element is not None else None
    except ValueError:
        return None


def _parsed(file: Path) -> ElementTree.Element:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise UserError(f"{file.name} is too large to be a session.")
        return ElementTree.fromstring(file.read_bytes())
    except (OSError, ElementTree.ParseError) as error:
        raise UserError(
            f"{file.name} cannot be read as an Ardour session.", next_step="Save it again."
        ) from error
