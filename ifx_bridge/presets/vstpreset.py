"""Steinberg's .vstpreset files, which every VST3 host loads: read strictly, written, named, placed.

Little-endian: `VST3`, int32 version (1), 32 hex digits of the processor's class id, int64 offset of
the chunk list; then the chunks' data; then `List`, int32 count, and per chunk a four-character id,
int64 offset and int64 size. `Comp` is the processor's state and always there, `Cont` the
controller's, `Info` describes the preset in XML.

Hosts read these leniently: they take what is cut off, or of another version, and set a plugin to
something else than what was saved. Here all of it is checked; an error says which byte is wrong.

https://steinbergmedia.github.io/vst3_dev_portal, "Preset Format" and "Preset Locations".
"""

from __future__ import annotations

import re
import struct
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape

from ifx_bridge.audio import atomic_path
from ifx_bridge.errors import UserError, writing

SUFFIX = ".vstpreset"
VERSION = 1
LARGEST_BYTES, LARGEST_INFO_BYTES = 64 << 20, 1 << 20
MOST_CHUNKS = 128  # of the SDK's own reader
HEADER, LIST, ENTRY = (struct.Struct(layout) for layout in ("<4si32sq", "<4si", "<4sqq"))

CLASS_ID = re.compile("[0-9A-Fa-f]{32}")
CHUNK_ID = re.compile("[ -~]{4}")
NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NOT_IN_NAMES = frozenset('\\*?/:<>|"')
# Devices on Windows, whatever follows the first dot.
DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.I)
LONGEST_NAME = 120
# Of 255 that file systems allow; the rest is for the temporary name while a file is written.
LONGEST_NAME_BYTES = 230


@dataclass(frozen=True)
class VstPreset:
    """A preset of one plugin.

    Args:
        class_id: Of the plugin's processor: 32 hex digits, kept in upper case.
        chunks: Id (four printable ASCII characters) and content, in the file's order.

    Raises:
        ValueError: An id is malformed or there twice, `Comp` is missing, or there are too many.
    """

    class_id: str
    chunks: tuple[tuple[str, bytes], ...]

    def __post_init__(self) -> None:
        if not CLASS_ID.fullmatch(self.class_id):
            raise ValueError(f"{self.class_id!r} is not a class id")
        object.__setattr__(self, "class_id", self.class_id.upper())
        ids = [name for name, _ in self.chunks]
        if not all(CHUNK_ID.fullmatch(name) for name in ids) or len(set(ids)) < len(ids):
            raise ValueError(f"chunk ids must be four characters each, and different: {ids}")
        if "Comp" not in ids or len(ids) > MOST_CHUNKS:
            raise ValueError(f"a preset has a Comp chunk and at most {MOST_CHUNKS}: {ids}")

    @property
    def component(self) -> bytes:
        """State of the processor."""
        return dict(self.chunks)["Comp"]

    @property
    def info(self) -> dict[str, str]:
        """What the preset says of itself (`Name`, `PlugInName`, `PlugInVendor`...), maybe nothing.

        Raises:
            UserError: The description is not well-formed XML, declares a document type or entities,
                or is too long. The byte is counted from the chunk's beginning.
        """
        return _attributes(dict(self.chunks).get("Info", b""))

    def with_info(self, xml: bytes) -> VstPreset:
        """The same preset with this description, last in the file as Steinberg's code wants it."""
        others = tuple(chunk for chunk in self.chunks if chunk[0] != "Info")
        return VstPreset(self.class_id, (*others, ("Info", xml)))

    @classmethod
    def parse(cls, data: bytes) -> VstPreset:
        """From a file's content.

        Bytes that belong to no chunk are passed over: Steinberg's own code leaves some behind the
        list when it replaces a description by a shorter one.

        Raises:
            UserError: It is not a whole, sound preset; says at which byte it is not.
        """
        end = len(data)
        if end > LARGEST_BYTES:
            _refuse(LARGEST_BYTES, f"the file goes on; at most {LARGEST_BYTES >> 20} MiB are read")
        if not data.startswith(b"VST3"):
            _refuse(0, "a VST3 preset begins with 'VST3', and this does not")
        if end < HEADER.size:
            _refuse(end, f"the file ends here, inside its header of {HEADER.size} bytes")
        _, version, class_id, list_at = HEADER.unpack_from(data)
        if version != VERSION:
            _refuse(4, f"the version is {version:,}; only {VERSION} is known")
        for at, digit in enumerate(class_id, 8):
            if chr(digit) not in "0123456789ABCDEFabcdef":
                _refuse(at, f"0x{digit:02X} is no hex digit; the plugin's class id is made of them")
        entries = _entries(data, list_at)
        return cls(
            class_id.decode("ascii"),
            tuple((name, data[start : start + size]) for name, start, size in entries),
        )

    def to_bytes(self) -> bytes:
        """The file's content.

        Raises:
            UserError: It would be larger than what `parse` takes.
        """
        at, entries = HEADER.size, []
        for name, content in self.chunks:
            entries.append(ENTRY.pack(name.encode("ascii"), at, len(content)))
            at += len(content)
        if at + LIST.size + len(entries) * ENTRY.size > LARGEST_BYTES:
            raise UserError(
                f"The plugin's settings take {at / 2**20:,.0f} MiB; presets of more than "
                f"{LARGEST_BYTES >> 20} MiB are not written."
            )
        header = HEADER.pack(b"VST3", VERSION, self.class_id.encode("ascii"), at)
        listed = LIST.pack(b"List", len(entries))
        return b"".join((header, *(content for _, content in self.chunks), listed, *entries))

    @classmethod
    def read(cls, path: Path) -> VstPreset:
        """From a file.

        Raises:
            UserError: It cannot be read, or is not a sound preset.
        """
        try:
            with path.open("rb") as file:
                data = file.read(LARGEST_BYTES + 1)
        except OSError as error:
            raise UserError(f"{path} could not be read ({error.strerror or error}).") from error
        try:
            return cls.parse(data)
        except UserError as error:
            raise UserError(f"{path.name}, {error.what}", next_step=error.next_step) from error

    def write(self, path: Path) -> None:
        """To a file, atomically; folders are made when needed.

        Raises:
            UserError: It cannot be written, or is too large.
        """
        data = self.to_bytes()
        with writing(path), atomic_path(path) as temporary:
            temporary.write_bytes(data)


def info_xml(name: str, vendor: str, plugin: str, category: str) -> bytes:
    """The description that hosts show in their preset browsers, for the `Info` chunk.

    Args:
        name: Of the preset.
        vendor: Of the plugin.
        plugin: The plugin's name.
        category: As the plugin gives it, like `Fx|EQ`.
    """
    rows = (
        ("MediaType", "VstPreset", True),
        ("PlugInCategory", category, True),
        ("PlugInName", plugin, True),
        ("PlugInVendor", vendor, True),
        ("Name", name, False),
    )
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<MetaInfo>"]
    for key, value, fixed in rows:
        flags = ' flags="writeProtected"' if fixed else ""
        lines.append(f'\t<Attribute id="{key}" value="{_escaped(value)}" type="string"{flags}/>')
    return "\n".join([*lines, "</MetaInfo>", ""]).encode()


def folder(vendor: str, plugin: str, system: str = sys.platform, home: Path | None = None) -> Path:
    """Where hosts look for the user's own presets of a plugin; it need not exist.

    Args:
        vendor: Of the plugin.
        plugin: Its name.
        system: As in `sys.platform`.
        home: The user's folder; None is that of whoever runs this.
    """
    windows = system == "win32"
    if windows:
        root = (home / "Documents" if home else _documents()) / "VST3 Presets"
    elif system == "darwin":
        root = (home or Path.home()) / "Library/Audio/Presets"
    else:
        root = (home or Path.home()) / ".vst3/presets"
    # Windows drops dots at a name's end by itself. Elsewhere they stay, as "Inc." does in hosts.
    return root / _part(vendor, windows=windows) / _part(plugin, windows=windows)


def file_name(name: str) -> str:
    """A file name for a preset, good on every system and never out of its folder."""
    name = name.strip()
    if name.lower().endswith(SUFFIX):
        name = name[: -len(SUFFIX)]
    # Without a dot in front: such files are hidden.
    name = name.lstrip(". ")
    return _part(name, windows=True, spare=len(SUFFIX)) + SUFFIX


def placed(out: Path | None, standard: Path, name: str) -> Path:
    """The file that a preset is written to.

    Args:
        out: A `.vstpreset` file, or a folder; None is the standard one.
        standard: Where hosts look for the plugin's presets.
        name: Of the preset, which a file in a folder is named after.

    Raises:
        UserError: `out` ends like a file of another kind.
    """
    if out is None:
        return standard / file_name(name)
    if out.suffix.lower() == SUFFIX:
        return out
    if out.suffix and not out.is_dir():
        raise UserError(
            f"{out.name} is no name for a preset, and no folder that is there.",
            next_step=f"Name a folder, or a file that ends in {SUFFIX}.",
        )
    return out / file_name(name)


def _refuse(at: int, what: str) -> NoReturn:
    raise UserError(f"byte {at:,}: {what}.", next_step="Save or copy the preset once more.")


def _entries(data: bytes, list_at: int) -> list[tuple[str, int, int]]:
    """Id, offset and size in bytes of every chunk, all of them checked."""
    end = len(data)
    if list_at < HEADER.size:
        _refuse(
            40,
            f"the chunk list is said to begin at {list_at:,}, but the header takes "
            f"{HEADER.size} bytes",
        )
    if list_at >= end:
        _refuse(
            40, f"the chunk list is said to begin at {list_at:,}, but the file has {end:,} bytes"
        )
    if data[list_at : list_at + 4] != b"List"[: end - list_at]:
        _refuse(list_at, "the chunk list should begin here with 'List', and does not")
    if end < list_at + LIST.size:
        _refuse(end, f"the file ends here, inside the chunk list that begins at {list_at:,}")
    _, count = LIST.unpack_from(data, list_at)
    if not 1 <= count <= MOST_CHUNKS:
        _refuse(list_at + 4, f"the chunk list is said to have {count:,} entries, not 1 to 128")
    first = list_at + LIST.size
    list_end = first + count * ENTRY.size
    if end < list_end:
        _refuse(end, f"the file ends here, but its chunk list goes on to {list_end:,}")

    found: list[tuple[str, int, int]] = []
    taken = [("the chunk list", list_at, list_end)]
    for at in range(first, list_end, ENTRY.size):
        raw, start, size = ENTRY.unpack_from(data, at)
        name = raw.decode("latin-1")
        if not CHUNK_ID.fullmatch(name):
            _refuse(at, f"{raw!r} is not a chunk id of four ASCII characters")
        if any(name == other for other, _, _ in found):
            _refuse(at, f"there is a second chunk {name!r}")
        if not HEADER.size <= start <= end:
            _refuse(
                at + 4,
                f"the chunk {name!r} is said to begin at {start:,}, outside the data between "
                f"{HEADER.size} and {end:,}",
            )
        if not 0 <= size <= end - start:
            _refuse(
                at + 12,
                f"the chunk {name!r} is said to have {size:,} bytes from {start:,} on, but the "
                f"file has {end:,} bytes",
            )
        for other, begin, stop in taken:
            if start < stop and begin < start + size:
                _refuse(at + 4, f"the chunk {name!r} is said to lie across {other}")
        found.append((name, start, size))
        taken.append((f"the chunk {name!r}", start, start + size))
    if all(name != "Comp" for name, _, _ in found):
        _refuse(first, "the chunk list has no 'Comp', in which the plugin's settings would be")
    return found


def _attributes(xml: bytes) -> dict[str, str]:
    if not xml:
        return {}
    if len(xml) > LARGEST_INFO_BYTES:
        _refuse(LARGEST_INFO_BYTES, "the description goes on; at most 1 MiB are read")
    # The format fixes UTF-8, whatever the description declares.
    parser = expat.ParserCreate("utf-8")
    found: dict[str, str] = {}

    def element(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Attribute" and "id" in attributes:
            found.setdefault(attributes["id"], attributes.get("value", ""))

    def declared(*_: object) -> NoReturn:
        # Entities can grow without bound and name other files; no preset needs them.
        _refuse(
            parser.CurrentByteIndex, "the description declares a document type, which is not read"
        )

    parser.StartElementHandler = element
    parser.StartDoctypeDeclHandler = declared
    parser.EntityDeclHandler = declared
    parser.ExternalEntityRefHandler = declared
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        what = f"the description is not XML ({expat.ErrorString(error.code)})"
        _refuse(max(parser.ErrorByteIndex, 0), what)
    return found


def _escaped(text: str) -> str:
    # Unescaped, line ends and tabs within an attribute are read as spaces.
    more = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
    return escape(NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text), more)


def _documents() -> Path:
    from platformdirs import user_documents_path

    return user_documents_path()


def _part(text: str, *, windows: bool, spare: int = 0) -> str:
    """One part of a path; `spare` characters shorter than it could be."""
    text = "".join("_" if _unfit(char) else char for char in text.strip())
    spare += 1  # for what may be put in front below
    text = text[: LONGEST_NAME - spare]
    text = text.encode()[: LONGEST_NAME_BYTES - spare].decode("utf-8", "ignore")
    text = text.rstrip(". " if windows else " ")
    if not text.strip(". "):
        return text.replace(".", "_") or "_"
    if windows and DEVICES.fullmatch(text):
        return f"_{text}"
    return text


def _unfit(char: str) -> bool:
    """Whether some system cannot have it in a name, or shows it as a line's end."""
    return char in NOT_IN_NAMES or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
