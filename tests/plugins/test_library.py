"""Scanning, remembering, blocking and finding."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ifx_bridge.errors import Cancelled, UserError
from ifx_bridge.plugins import commands, host
from ifx_bridge.plugins import library as module
from ifx_bridge.plugins.library import Library, bundles, folders
from tests.plugins.test_host import HOSTILE, ZAM, real


def test_folders_of_every_system() -> None:
    home = {"HOME": "/home/me", "USERPROFILE": r"C:\Users\me"}
    linux = folders("linux", {**home, "VST3_PATH": "/a:/b"})
    assert linux[:3] == [Path("/a"), Path("/b"), Path("/home/me/.vst3")]
    assert Path("/usr/lib/vst3") in linux
    mac = folders("darwin", home)
    assert Path("/home/me/Library/Audio/Plug-Ins/VST3") in mac
    assert Path("/Library/Audio/Plug-Ins/Components") in mac
    windows = folders("win32", {**home, "COMMONPROGRAMFILES": "/common"})
    assert Path("/common/VST3") in windows


def test_bundles_in_sub_folders_are_found_once(tmp_path: Path) -> None:
    for name in ("A.vst3", "maker/B.vst3", "maker/C.component", "A.vst3/Contents/Inner.vst3"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "notes.txt").touch()
    found = [p.name for p in bundles([tmp_path, tmp_path, tmp_path / "gone"])]
    assert found == ["A.vst3", "B.vst3", "C.component"]


@real
def test_all_of_debian_s_plugins_are_usable_and_remembered(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = library.scan(bundles([ZAM]))
    assert len(results) == 17
    assert [r.path.name for r in results if r.problem] == []
    assert len(library.plugins()) == 17
    assert library.find("zam eq2").name == "ZamEQ2"
    with pytest.raises(UserError, match="Nearest") as error:
        library.find("ZamDelai")
    assert "ZamDelay" in error.value.next_step

    def forbidden(*args: object, **options: object) -> None:
        raise AssertionError("loaded again")

    monkeypatch.setattr(module, "Host", forbidden)
    assert all(r.description for r in library.scan(bundles([ZAM])))


@real
def test_a_changed_file_is_looked_at_again(tmp_path: Path, library: Library) -> None:
    copy = tmp_path / "ZamPhono.vst3"
    shutil.copytree(ZAM / copy.name, copy)
    library.scan([copy])
    assert len(library.plugins()) == 1
    (copy / "Contents" / "more.txt").write_text("new")
    assert library.plugins() == []
    library.scan([copy])
    assert len(library.plugins()) == 1


def test_one_that_hangs_is_blocked_until_it_is_let_go(
    tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "Slow.vst3"
    path.write_bytes(b"x")
    monkeypatch.setattr(host, "CHILD", (str(HOSTILE), "hangs while loading"))
    (result,) = library.scan([path], load_seconds=1.0)
    assert "within 1 s" in result.problem
    assert [(entry.path, entry.part) for entry in library.blocked()] == [(path, "")]
    (result,) = library.scan([path], load_seconds=1.0)
    assert result.problem.startswith("blocked")
    with pytest.raises(UserError, match="blocked"):
        library.find(str(path))
    assert library.unblock("SLOW").path == path
    assert library.blocked() == []
    with pytest.raises(UserError, match="not blocked"):
        library.unblock(str(path))


def test_one_that_cannot_be_loaded_is_no_offender(tmp_path: Path, library: Library) -> None:
    path = tmp_path / "Empty.vst3"
    path.write_bytes(b"nothing")
    (result,) = library.scan([path])
    assert result.problem and library.blocked() == []


def test_scanning_stops_when_asked(tmp_path: Path, library: Library) -> None:
    with pytest.raises(Cancelled):
        library.scan([tmp_path / "A.vst3"], cancelled=lambda: True)


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"/x.vst3": {"stamp": 1}}', "[" * 100000])
def test_damaged_memory_is_made_anew(text: str, library: Library) -> None:
    library.folder.mkdir(parents=True)
    (library.folder / "known.json").write_text(text)
    (library.folder / "blocked.json").write_text(text)
    assert library.plugins() == []


@real
def test_scans_side_by_side_lose_nothing(library: Library) -> None:
    names = (("ZamEQ2", "ZamComp", "ZamGate"), ("ZamDelay", "ZamTube", "ZamPhono"))
    scans = [
        subprocess.Popen(
            [sys.executable, "-m", "ifx_bridge.cli", "plugins", "scan"]
            + [str(ZAM / f"{name}.vst3") for name in group],
            stdout=subprocess.PIPE,
            text=True,
        )
        for group in names
    ]
    assert all("3 of 3" in scan.communicate()[0] for scan in scans)
    assert {d.name for d in library.plugins()} == {name for group in names for name in group}


def test_blocking_side_by_side_loses_nothing(library: Library) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: library.block(Path(f"/x/{n}.vst3"), "why"), range(40)))
    assert len(library.blocked()) == 40


@pytest.mark.parametrize("given", ["gone", "gone.vst3", "notes.txt"])
def test_what_cannot_be_scanned_is_said(given: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UserError):
        commands.scan([tmp_path / given])


@real
def test_values_as_people_type_them(library: Library) -> None:
    plugin = library.find(str(ZAM / "ZamEQ2.vst3"))
    switch, frequency = plugin.parameter("peaks_on"), plugin.parameter("frequency_1_hz")
    assert switch is not None and frequency is not None
    for text, value in (("300 Hz", 300), ("1.2k", 1200), ("1,2 kHz", 1200), ("440", 440)):
        key, position = commands.setting(plugin, f"frequency_1_hz = {text}")
        assert key == "frequency_1_hz"
        assert frequency.value(position) == pytest.approx(value, rel=1e-6)
    for text, value in (("true", 1), ("on", 1), ("No", 0), ("1", 1)):
        assert switch.value(commands.setting(plugin, f"peaks_on={text}")[1]) == value
    for wrong in ("frequency_1_hz=30 dB", "frequency_1_hz=high", "peaks_on=perhaps"):
        with pytest.raises(UserError, match="takes"):
            commands.setting(plugin, wrong)
    texts = [p.text(p.position(v)) for p in plugin.parameters for v in (p.low, p.high)]
    assert "14000 Hz" in texts and not [text for text in texts if "e" in text.split(" ")[0]]
    assert {p.text(p.default) for p in plugin.parameters if p.unit == "dB"} == {"0 dB"}


@real
def test_commands(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ifx_bridge.cli", "plugins", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert "1 of 1 plugins" in run("scan", str(ZAM / "ZamEQ2.vst3")).stdout
    assert "ZamEQ2" in run("list").stdout
    rows = json.loads(run("show", "zameq2", "--json").stdout)["parameters"]
    assert "frequency_1_hz" in {row["key"] for row in rows}
    from ifx_bridge.demo import clips

    out = tmp_path / "wet.wav"
    clip = str(clips()["guitar"])
    done = run("render", "zameq2", clip, "--out", str(out), "--set", "boost_cut_1_db=12")
    assert done.returncode == 0 and out.stat().st_size > 10000
    bad = run("render", "zameq2", clip, "--out", str(out), "--set", "boost_cut_1_db=99")
    assert bad.returncode == 2 and "outside" in bad.stderr and "Traceback" not in bad.stderr
    named = run("render", "zameq2", clip, "--out", str(tmp_path / "wet.txt"))
    assert named.returncode == 2 and not (tmp_path / "wet.txt").exists()
    assert "not loaded any more" in run("block", "ZamEQ2").stdout
    assert "ZamEQ2" in run("list", "--blocked").stdout
    shown = run("show", "ZamEQ2")
    assert shown.returncode == 2
    assert "ZamEQ2 is blocked: you asked for that. ifx-bridge plugins block" in shown.stderr
    assert "again" in run("block", "--remove", "zam eq2").stdout
