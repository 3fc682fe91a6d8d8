"""The door: what is said where Qt would abort."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gui import command
from ifx_bridge.errors import UserError
from tests.gui import screen

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 and Wayland")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


@linux
def test_no_screen() -> None:
    with pytest.raises(UserError, match="no screen") as told:
        command.check_screen()
    assert "ifx-bridge refine" in told.value.next_step


@linux
def test_a_screen_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command.ctypes, "CDLL", lambda name: Xcb())
    monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(UserError, match=":4711 does not answer"):
        command.check_screen()


@linux
def test_a_missing_library_is_named_with_the_line_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError("libxcb-cursor.so.0: cannot open shared object file")

    monkeypatch.setattr(command.ctypes, "CDLL", missing)
    monkeypatch.setenv("DISPLAY", ":0")
    with pytest.raises(UserError, match=r"libxcb-cursor\.so\.0") as told:
        command.check_screen()
    assert "sudo apt-get install" in told.value.next_step
    assert "libxcb-cursor0" in told.value.next_step


def test_drawing_into_memory_needs_no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    command.check_screen()


def test_the_command_itself_does_not_import_qt() -> None:
    code = "import sys, gui.command; sys.exit(any(m.startswith('PyQt6') for m in sys.modules))"
    subprocess.run([sys.executable, "-c", code], check=True)


BARE = "import sys; sys.argv = ['ifx-bridge']; from ifx_bridge.cli import main; main()"


@linux
def test_without_arguments_and_a_screen_it_helps_and_says_why() -> None:
    done = subprocess.run([sys.executable, "-c", BARE], capture_output=True, text=True)
    assert done.returncode == 2
    assert "Usage: " in done.stdout and "refine" in done.stdout
    assert "no screen to open a window on" in done.stderr


@linux
def test_without_arguments_it_opens_the_window(tmp_path: Path) -> None:
    if screen.missing():
        pytest.skip(screen.missing())
    from Xlib import display

    with screen.screen() as name:
        environment = {**os.environ, "DISPLAY": name, "QT_QPA_PLATFORM": "xcb"}
        environment |= {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
        running = subprocess.Popen(
            [sys.executable, "-c", BARE], env=environment, stderr=subprocess.PIPE, text=True
        )
        server, end = display.Display(name), time.monotonic() + 60
        titles: list[str] = []
        try:
            while "IFX Bridge" not in titles and time.monotonic() < end:
                assert running.poll() is None
                windows = server.screen().root.query_tree().children
                titles = [str(window.get_wm_name()) for window in windows]
                time.sleep(0.1)
        finally:
            server.close()
            running.terminate()
            told = running.communicate(timeout=30)[1]
    assert "IFX Bridge" in titles
    assert running.returncode == 0, told


class Xcb:
    """Stands in for a libxcb that cannot connect."""

    class _Function:
        restype: object = None

        def __call__(self, *args: object) -> int:
            return 1

    xcb_connect = _Function()
    xcb_connection_has_error = _Function()
    xcb_disconnect = _Function()
