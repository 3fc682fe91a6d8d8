"""VST3 presets: what is sound comes back as it was, what is not is refused at the right byte."""

from __future__ import annotations

import json
import os
import random
import re
import struct
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifx_bridge.errors import UserError
from ifx_bridge.presets import vstpreset
from ifx_bridge.presets.vstpreset import VstPreset, file_name, folder, info_xml

ZAM_EQ = Path("/usr/lib/vst3/ZamEQ2.vst3")
CLASS_ID = "2046504473616C633251455A30303030"
STATE = (
    b"__dpf_program__\x000\x00__dpf_parameters_begin__\x00boost1\x00-3.5\x00f1\x00500\x00"
    b"__dpf_parameters_end__\x00\xfe"
)
INFO = info_xml("Mine", "Damien Zammit", "ZamEQ2", "Fx|EQ")
# Run apart: a plugin may take its process with it.
THROUGH_PLUGIN = f"""
import json, sys
import numpy as np
from pedalboard import load_plugin
plugin = load_plugin({str(ZAM_EQ)!r})
parameters = plugin.parameters
given = sys.stdin.buffer.read()
if given:
    plugin.preset_data = given
else:
    parameters["boost_cut_1_db"].raw_value = 0.25
plugin.process(np.zeros((1, 64), np.float32), 48000.0)
value = plugin.parameters["boost_cut_1_db"].raw_value
print(json.dumps([value, plugin.preset_data.hex()]), flush=True)
"""


def made(*chunks: tuple[bytes, bytes], class_id: str = CLASS_ID, gap: bytes = b"") -> bytes:
    """A preset by the format's description alone, with `gap` after every chunk."""
    data, entries = b"", b""
    for name, content in chunks:
        entries += name + struct.pack("<qq", 48 + len(data), len(content))
        data += content + gap
    header = b"VST3" + struct.pack("<i", 1) + class_id.encode() + struct.pack("<q", 48 + len(data))
    return header + data + b"List" + struct.pack("<i", len(chunks)) + entries


PLAIN = made((b"Comp", STATE), (b"Cont", b""))
RICH = made((b"Comp", STATE), (b"Cont", b"\x01\x02"), (b"Xtra", b"?"), (b"Info", INFO))
LIST_AT = 48 + len(STATE)


def through_plugin(preset: bytes = b"") -> tuple[float, bytes]:
    done = subprocess.run(
        [sys.executable, "-c", THROUGH_PLUGIN], input=preset, capture_output=True, timeout=120
    )
    value, data = json.loads(done.stdout.splitlines()[-1])
    return value, bytes.fromhex(data)


@pytest.fixture(scope="module")
def real() -> bytes:
    if not ZAM_EQ.exists():
        pytest.skip("zam-plugins is not installed")
    return through_plugin()[1]


def at(data: bytes, offset: int, layout: str, value: object) -> bytes:
    """`data` with another value in one of its fields."""
    raw = struct.pack(layout, value)
    return data[:offset] + raw + data[offset + len(raw) :]


def test_a_preset_like_dpf_writes() -> None:
    preset = VstPreset.parse(PLAIN)
    assert preset.class_id == CLASS_ID
    assert preset.chunks == (("Comp", STATE), ("Cont", b""))
    assert preset.component == STATE and preset.info == {}
    assert preset.to_bytes() == PLAIN


def test_a_preset_of_a_real_plugin(real: bytes) -> None:
    preset = VstPreset.parse(real)
    assert b"boost1\x00" in preset.component
    assert preset.to_bytes() == real


def test_a_real_host_takes_ours(real: bytes) -> None:
    before, first = through_plugin(real)
    ours = VstPreset.parse(real).with_info(info_xml("A", "B", "C", "Fx|EQ"))
    after, second = through_plugin(ours.to_bytes())
    assert before == after == pytest.approx(0.25, abs=0.01)
    assert VstPreset.parse(first).component == VstPreset.parse(second).component


def test_ardours_way_and_unknown_chunks_are_kept() -> None:
    assert VstPreset.parse(made((b"Comp", STATE))).chunks == (("Comp", STATE),)
    preset = VstPreset.parse(RICH)
    assert [name for name, _ in preset.chunks] == ["Comp", "Cont", "Xtra", "Info"]
    assert preset.to_bytes() == RICH


def test_class_ids_are_kept_in_upper_case() -> None:
    lower = made((b"Comp", b""), class_id=CLASS_ID.lower())
    assert VstPreset.parse(lower) == VstPreset(CLASS_ID.lower(), (("Comp", b""),))
    assert VstPreset.parse(lower).class_id == CLASS_ID


def test_bytes_of_no_chunk_are_passed_over() -> None:
    chunks = (b"Comp", STATE), (b"Cont", b"x")
    assert VstPreset.parse(made(*chunks, gap=b"---") + b"left") == VstPreset.parse(made(*chunks))


ids = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=4, max_size=4)


@given(
    st.text("0123456789abcdefABCDEF", min_size=32, max_size=32),
    st.dictionaries(ids, st.binary(max_size=300), max_size=20),
    st.binary(max_size=300),
    st.randoms(use_true_random=False),
)
@settings(max_examples=300, deadline=None)
def test_any_preset_comes_back_as_it_was(
    class_id: str, others: dict[str, bytes], state: bytes, order: random.Random
) -> None:
    chunks = list((others | {"Comp": state}).items())
    order.shuffle(chunks)
    preset = VstPreset(class_id, tuple(chunks))
    data = preset.to_bytes()
    assert VstPreset.parse(data) == preset
    assert data == made(*((n.encode(), c) for n, c in chunks), class_id=class_id.upper())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "byte 0: a VST3 preset begins"),
        (b"RIFF" + PLAIN[4:], "byte 0: a VST3 preset begins"),
        (PLAIN[:47], "byte 47: the file ends here, inside its header of 48 bytes"),
        (at(PLAIN, 4, "<i", 99), "byte 4: the version is 99; only 1"),
        (at(PLAIN, 4, "<i", -1), "byte 4: the version is -1"),
        (at(PLAIN, 17, "c", b"g"), "byte 17: 0x67 is no hex digit"),
        (at(PLAIN, 39, "c", b"\xff"), "byte 39: 0xFF is no hex digit"),
        (
            at(PLAIN, 40, "<q", 9000),
            f"byte 40: the chunk list is said to begin at 9,000, but the file has {len(PLAIN)} b",
        ),
        (at(PLAIN, 40, "<q", 47), "byte 40: the chunk list is said to begin at 47, but the head"),
        (at(PLAIN, 40, "<q", -1), "byte 40: the chunk list is said to begin at -1,"),
        (at(PLAIN, 40, "<q", len(PLAIN)), "byte 40: the chunk list is said to begin"),
        (at(PLAIN, 40, "<q", LIST_AT - 1), f"byte {LIST_AT - 1}: the chunk list should begin"),
        (PLAIN[: LIST_AT + 3], f"byte {LIST_AT + 3}: the file ends here, inside the chunk list"),
        (PLAIN[: LIST_AT + 7], f"byte {LIST_AT + 7}: the file ends here, inside the chunk list"),
        (
            PLAIN[:-1],
            f"byte {len(PLAIN) - 1}: the file ends here, but its chunk list goes on to "
            f"{len(PLAIN)}",
        ),
        (at(PLAIN, LIST_AT + 4, "<i", 0), f"byte {LIST_AT + 4}: the chunk list is said to have 0"),
        (at(PLAIN, LIST_AT + 4, "<i", 129), f"byte {LIST_AT + 4}: .* have 129 entries, not 1"),
        (at(PLAIN, LIST_AT + 4, "<i", -(2**31)), f"byte {LIST_AT + 4}: .* have -2,147,48"),
        (at(PLAIN, LIST_AT + 8, "4s", b"Co\0p"), f"byte {LIST_AT + 8}: b'Co.x00p' is not a chunk"),
        (at(PLAIN, LIST_AT + 8, "4s", b"comp"), f"byte {LIST_AT + 8}: the chunk list has no 'Comp"),
        (at(PLAIN, LIST_AT + 28, "4s", b"Comp"), f"byte {LIST_AT + 28}: there is a second chunk"),
        (at(PLAIN, LIST_AT + 12, "<q", 47), f"byte {LIST_AT + 12}: .* begin at 47, outside"),
        (at(PLAIN, LIST_AT + 12, "<q", 2**63 - 1), f"byte {LIST_AT + 12}: .* outside the data"),
        (at(PLAIN, LIST_AT + 12, "<q", 49), f"byte {LIST_AT + 12}: .* lie across the chunk list"),
        (at(PLAIN, LIST_AT + 20, "<q", -1), f"byte {LIST_AT + 20}: .* to have -1 bytes from 48"),
        (at(PLAIN, LIST_AT + 20, "<q", 2**63 - 1), f"byte {LIST_AT + 20}: .* bytes from 48 on"),
        (
            at(at(PLAIN, LIST_AT + 32, "<q", 50), LIST_AT + 40, "<q", 2),
            f"byte {LIST_AT + 32}: the chunk 'Cont' is said to lie across the chunk 'Comp'",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_byte(data: bytes, words: str) -> None:
    with pytest.raises(UserError, match=f"^{words}"):
        VstPreset.parse(data)


def test_chunks_that_share_bytes_cannot_fill_the_memory() -> None:
    state = bytes(4 << 20)
    entries = b"".join(
        b"%04d" % n + struct.pack("<qq", 48, len(state)) for n in range(vstpreset.MOST_CHUNKS)
    )
    data = made((b"Comp", state))[: 48 + len(state)]
    data += b"List" + struct.pack("<i", vstpreset.MOST_CHUNKS) + entries
    tracemalloc.start()
    with pytest.raises(UserError, match="lie across"):
        VstPreset.parse(data)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_no_more_chunks_or_bytes_than_allowed(tmp_path: Path) -> None:
    chunks = tuple((f"{n:04d}", b"x") for n in range(vstpreset.MOST_CHUNKS - 1))
    full = VstPreset(CLASS_ID, (("Comp", b""), *chunks))
    assert VstPreset.parse(full.to_bytes()) == full
    with pytest.raises(ValueError, match="at most 128"):
        full.with_info(INFO)
    large = tmp_path / "large.vstpreset"
    with large.open("wb") as file:
        file.write(PLAIN)
        file.truncate(vstpreset.LARGEST_BYTES + 1)
    with pytest.raises(UserError, match=r"byte 67,108,864: .* 64 MiB"):
        VstPreset.read(large)
    # Header, list and its one entry.
    content = bytes(vstpreset.LARGEST_BYTES - 48 - 8 - 20)
    assert len(VstPreset(CLASS_ID, (("Comp", content),)).to_bytes()) == vstpreset.LARGEST_BYTES
    with pytest.raises(UserError, match="more than 64 MiB"):
        VstPreset(CLASS_ID, (("Comp", content + b"x"),)).to_bytes()


@pytest.mark.parametrize(
    ("class_id", "chunks"),
    [
        ("G" * 32, (("Comp", b""),)),
        ("0" * 31, (("Comp", b""),)),
        (CLASS_ID + "\n", (("Comp", b""),)),
        (CLASS_ID, ()),
        (CLASS_ID, (("Cont", b""),)),
        (CLASS_ID, (("Comp", b""), ("Comp", b""))),
        (CLASS_ID, (("Comp", b""), ("Inf", b""))),
        (CLASS_ID, (("Comp", b""), ("Infø", b""))),
    ],
)
def test_no_malformed_preset_can_be_made(
    class_id: str, chunks: tuple[tuple[str, bytes], ...]
) -> None:
    with pytest.raises(ValueError):
        VstPreset(class_id, chunks)


def fields(data: bytes) -> list[tuple[int, str]]:
    """Where the numbers are in a sound preset."""
    (list_at,) = struct.unpack_from("<q", data, 40)
    (count,) = struct.unpack_from("<i", data, list_at + 4)
    entries = range(list_at + 8, list_at + 8 + 20 * count, 20)
    numbers = [(e + skip, "<q") for e in entries for skip in (4, 12)]
    return [(4, "<i"), (40, "<q"), (list_at + 4, "<i"), *numbers]


def mutated(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 5))):
        if not data:
            return data
        where = chance.randrange(len(data))
        kind = chance.randrange(6)
        if kind == 0:
            data = at(data, where, "B", data[where] ^ 1 << chance.randrange(8))
        elif kind == 1:
            data = data[:where]
        elif kind == 2:
            data = data[:where] + chance.randbytes(chance.choice((1, 4, 100))) + data[where:]
        elif kind == 3:
            data = data[:where] + data[where + chance.choice((1, 20)) :]
        elif kind == 4:
            data = at(data, where, "B", chance.randrange(256))[: len(data)]
    return data


def extreme(data: bytes, chance: random.Random) -> bytes:
    offset, layout = chance.choice(fields(data))
    bits = 8 * struct.calcsize(layout)
    values = [0, 1, -1, 47, 48, 49, len(data) - 1, len(data), len(data) + 1, chance.randrange(300)]
    edges = [2 ** (bits - 1) - 1, -(2 ** (bits - 1)), 2**31 - 1, 2**31 - 8]
    return at(data, offset, layout, chance.choice([*values, *edges]))


def check_mutations(whole: bytes, seed: int) -> None:
    chance = random.Random(seed)
    taken = 0
    tracemalloc.start()
    try:
        for number in range(1000):
            data = extreme(whole, chance) if number % 3 == 0 else mutated(whole, chance)
            tracemalloc.reset_peak()
            before, began = tracemalloc.get_traced_memory()[0], time.perf_counter()
            try:
                preset = VstPreset.parse(data)
                assert VstPreset.parse(preset.to_bytes()) == preset
                taken += 1
                assert all(isinstance(value, str) for value in preset.info.values())
            except UserError as error:
                assert re.match(r"byte [\d,]+: ", error.what), error.what
                assert int(error.what[5 : error.what.index(":")].replace(",", "")) <= len(data)
            assert time.perf_counter() - began < 1
            assert tracemalloc.get_traced_memory()[1] - before < 1 << 20
    finally:
        tracemalloc.stop()
    assert 50 < taken < 950  # both ways out are taken


@pytest.mark.parametrize("whole", [PLAIN, RICH], ids=["plain", "rich"])
def test_damage_is_noticed_or_harmless(whole: bytes) -> None:
    check_mutations(whole, 3)


def test_damage_to_a_real_preset_is_noticed_or_harmless(real: bytes) -> None:
    check_mutations(real, 4)
    check_mutations(VstPreset.parse(real).with_info(INFO).to_bytes(), 5)


def test_no_cut_goes_unnoticed() -> None:
    for length in range(len(RICH)):
        with pytest.raises(UserError, match="byte "):
            VstPreset.parse(RICH[:length])


NASTY = "A \"<&>' B\n\t\r\x00\ud800\uffff é 音 😀"


def test_the_description_comes_back() -> None:
    preset = VstPreset.parse(PLAIN).with_info(info_xml("Warm & <b>", 'Ä"', "P", "Fx|EQ"))
    assert preset.info == {
        "MediaType": "VstPreset",
        "PlugInCategory": "Fx|EQ",
        "PlugInName": "P",
        "PlugInVendor": 'Ä"',
        "Name": "Warm & <b>",
    }
    again = preset.with_info(info_xml(NASTY, "", "", ""))
    assert [name for name, _ in again.chunks] == ["Comp", "Cont", "Info"]
    assert again.info["Name"] == re.sub("[\0\ud800\uffff]", "\ufffd", NASTY)
    root = ElementTree.fromstring(INFO)
    assert root.tag == "MetaInfo"
    assert root[0].attrib == {
        "id": "MediaType",
        "value": "VstPreset",
        "type": "string",
        "flags": "writeProtected",
    }
    assert {row.tag for row in root} == {"Attribute"}


def test_a_description_by_others_is_read() -> None:
    xml = (
        b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\r\n<MetaInfo>\r\n\t'
        b'<Attribute id="PlugInVendor" value="\xc3\x84"/><Attribute value="?"/><Other id="a"/>'
        b'<Attribute id="PlugInVendor" value="2"/><Attribute id="Name"/></MetaInfo>\r\n'
    )
    assert VstPreset.parse(PLAIN).with_info(xml).info == {"PlugInVendor": "Ä", "Name": ""}
    wrongly = xml.replace(b"utf-8", b"latin-1").removeprefix(b"\xef\xbb\xbf")
    assert VstPreset.parse(PLAIN).with_info(wrongly).info["PlugInVendor"] == "Ä"


LAUGHS = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (b"<a>", "byte 3: the description is not XML"),
        (b"<a>\xff</a>", "byte 3: the description is not XML"),
        (b"<a>&b;</a>", r"byte \d: the description is not XML \(undefined entity"),
        (LAUGHS, r"byte \d+: the description declares"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', r"byte \d+: the description declares"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "http://127.0.0.1/">]><a>&b;</a>', "declares"),
        (b"<a>" + b" " * (1 << 20), "byte 1,048,576: the description goes on"),
        (b"<a>" * 300_000, "byte 900,000: the description is not XML"),
    ],
)
def test_a_bad_description_is_a_message(xml: bytes, words: str) -> None:
    preset = VstPreset.parse(PLAIN).with_info(xml)
    assert VstPreset.parse(preset.to_bytes()) == preset
    with pytest.raises(UserError, match=words):
        _ = preset.info


def test_files(tmp_path: Path) -> None:
    preset = VstPreset.parse(RICH)
    path = tmp_path / "new" / "folder" / file_name("😀" * 200)
    preset.write(path)
    assert VstPreset.read(path) == preset
    assert os.listdir(path.parent) == [path.name]
    with pytest.raises(UserError, match="could not be written"):
        preset.write(path / "below a file.vstpreset")
    with pytest.raises(UserError, match="could not be written"):
        preset.write(path.parent)
    assert os.listdir(path.parent) == [path.name]
    with pytest.raises(UserError, match="could not be read"):
        VstPreset.read(tmp_path)
    path.write_bytes(RICH[:-1])
    with pytest.raises(UserError, match=f"^{path.name}, byte {len(RICH) - 1}: the file ends here"):
        VstPreset.read(path)


HOME = Path("/home/me")
ROOTS = {
    "win32": HOME / "Documents/VST3 Presets",
    "darwin": HOME / "Library/Audio/Presets",
    "linux": HOME / ".vst3/presets",
}


@pytest.mark.parametrize("system", ROOTS)
def test_folders(system: str) -> None:
    assert folder("Damien Zammit", "ZamEQ2", system, HOME) == (
        ROOTS[system] / "Damien Zammit" / "ZamEQ2"
    )
    assert folder('a\\*?/:<>|"b', " É 音 ", system, HOME) == (
        ROOTS[system] / "a_________b" / "É 音"
    )


def test_documents_are_where_windows_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_documents_path", lambda: Path("/moved/Dokumente"))
    assert folder("A", "B", "win32") == Path("/moved/Dokumente/VST3 Presets/A/B")
    assert folder("A", "B", "linux") == Path.home() / ".vst3/presets/A/B"
    assert folder("A", "B", "darwin") == Path.home() / "Library/Audio/Presets/A/B"


@pytest.mark.parametrize(
    ("name", "on_windows", "elsewhere"),
    [
        ("", "_", "_"),
        ("  ", "_", "_"),
        (".", "_", "_"),
        ("..", "_", "__"),
        (". .", "_", "_ _"),
        ("../..", ".._", ".._.."),
        ("/etc", "_etc", "_etc"),
        ("C:\\x", "C__x", "C__x"),
        ("Sound Inc.", "Sound Inc", "Sound Inc."),
        ("Sound Inc. . ", "Sound Inc", "Sound Inc. ."),
        ("a\nb\x00\x7f\u2028\ud800", "a_b____", "a_b____"),
        ("con", "_con", "con"),
        ("LPT1.x", "_LPT1.x", "LPT1.x"),
        ("COM²", "_COM²", "COM²"),
        ("Console", "Console", "Console"),
    ],
)
def test_nasty_names(name: str, on_windows: str, elsewhere: str) -> None:
    for system, root in ROOTS.items():
        part = on_windows if system == "win32" else elsewhere
        assert folder(name, name, system, HOME) == root / part / part


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Warm voice", "Warm voice"),
        ("Warm.vstpreset", "Warm"),
        ("Warm.VSTPRESET ", "Warm"),
        ("", "_"),
        (".vstpreset", "_"),
        ("..", "_"),
        ("../../x", "_.._x"),
        ("...hidden. ", "hidden"),
        ("a/b\\c", "a_b_c"),
        ("aux", "_aux"),
        ("nul.1", "_nul.1"),
        ("v1.5", "v1.5"),
    ],
)
def test_file_names(name: str, expected: str) -> None:
    assert file_name(name) == f"{expected}.vstpreset"


@given(st.text(max_size=300), st.sampled_from(["win32", "darwin", "linux"]))
@settings(max_examples=500, deadline=None)
def test_no_name_leaves_its_folder(name: str, system: str) -> None:
    place = folder(name, name, system, HOME)
    assert len(place.relative_to(ROOTS[system]).parts) == 2
    for part in (*place.parts[-2:], file_name(name)):
        assert part not in ("", ".", "..") and PurePosixPath(part).name == part
        assert not re.search(r'[\\*?/:<>|"\x00-\x1f\x7f]', part)
        assert len(part) <= 120 and len(part.encode()) <= 230
    assert file_name(name).endswith(".vstpreset") and not file_name(name).startswith(".")
    if system == "win32":
        assert not any(part.endswith((".", " ")) for part in place.parts)
