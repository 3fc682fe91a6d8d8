"""What is put into REAPER's resource folder, and what of the user's own is left as it was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lupa.lua54 import LuaRuntime
from typer.testing import CliRunner

from ifx_bridge.cli import app
from ifx_bridge.daw import osc
from ifx_bridge.daw.reaper_install import (
    BEGIN,
    END,
    MARK,
    PATTERN,
    START,
    STARTUP,
    helper_folder,
    install,
    uninstall,
)
from ifx_bridge.errors import UserError
from tests.daw.fake_reaper import shipped


def test_installing_and_uninstalling_leave_the_users_own(tmp_path: Path) -> None:
    root = tmp_path / "REAPER"
    with pytest.raises(UserError, match="There is no folder"):
        install(root)
    (root / "Scripts").mkdir(parents=True)
    startup = root / "Scripts" / STARTUP
    startup.write_text("-- mine")
    install(root)
    install(root)
    text = startup.read_text()
    assert text.endswith("\n-- mine")
    assert text.count("dofile") == 1
    assert (root / "OSC" / PATTERN).exists()
    assert helper_folder(root) == root / "IFX Bridge"
    uninstall(root)
    assert startup.read_text() == "-- mine"
    assert not (root / "OSC" / PATTERN).exists()
    assert not (root / "IFX Bridge").exists()
    assert helper_folder(root) is None


def test_the_commands_of_installing(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["daw", "install", "reaper", "--resource-path", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "Preferences" in done.stdout
    done = CliRunner().invoke(
        app, ["daw", "install", "reaper", "--uninstall", "--resource-path", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    assert not list(tmp_path.rglob("*.lua"))


@pytest.fixture
def startup(tmp_path: Path) -> Path:
    (tmp_path / "Scripts").mkdir()
    return tmp_path / "Scripts" / STARTUP


OWN = [
    "-- Lautstärke\n".encode("latin-1"),
    b"x = 1\r\nreturn x",
    MARK + "-- Lautstärke\n".encode(),
    b"x = 1\n\n",
]


@pytest.mark.parametrize("own", OWN)
def test_the_users_own_startup_script_stays_byte_for_byte(
    startup: Path, tmp_path: Path, own: bytes
) -> None:
    startup.write_bytes(own)
    install(tmp_path)
    text = startup.read_bytes()
    assert START in text
    LuaRuntime(encoding=None).compile(text.removeprefix(MARK))  # type: ignore[call-arg]
    assert MARK not in text[1:]
    uninstall(tmp_path)
    assert startup.read_bytes() == own


def test_a_block_of_before_is_replaced_wherever_it_is(startup: Path, tmp_path: Path) -> None:
    startup.write_bytes(b"a = 1\r\n" + BEGIN + b"\r\nold\r\n" + END + b"\r\nb = 2\r\n")
    install(tmp_path)
    assert startup.read_bytes() == START + b"a = 1\r\nb = 2\r\n"
    assert startup not in install(tmp_path)  # nothing to do


@pytest.mark.parametrize("do", [install, uninstall])
def test_a_block_without_its_end_is_left_alone(startup: Path, tmp_path: Path, do: object) -> None:
    text = BEGIN + b"\ndofile('x')\nmine = 1\n"
    startup.write_bytes(text)
    with pytest.raises(UserError, match="is missing") as error:
        do(tmp_path)  # type: ignore[operator]
    assert error.value.kept == "Nothing was changed."
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [startup]
    assert startup.read_bytes() == text


def test_our_failure_does_not_stop_the_users_own(startup: Path, tmp_path: Path) -> None:
    startup.write_bytes(b"mine = 1")
    install(tmp_path)
    lua = LuaRuntime()
    lua.globals().reaper = lua.table_from({"GetResourcePath": lambda: "/nowhere"})
    lua.execute(startup.read_text())
    assert lua.globals().mine == 1


def test_the_pattern_file_holds_what_the_table_uses() -> None:
    lines = [line for line in shipped().splitlines() if line[:1] not in ("#", "")]
    words = [word for line in lines for word in line.split()[1:] if word[1:2] == "/"]
    patterns = {word[1:] for word in words}
    reaper = osc.table("reaper")
    used = {
        re.sub(r"\{\w+\}", "@", address.pattern)
        for address in (*reaper.out.values(), *reaper.into.values())
    }
    assert used == patterns
    # What comes back for every effect of every track: only its switch, while effects are counted.
    fed = {word for word in words if word.count("@") > 1 and word[0] != "r"}
    assert fed == {"b/track/@/fx/@/bypass"}
