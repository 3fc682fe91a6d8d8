"""A real X server without a monitor, and hands on its mouse and keyboard (XTEST)."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = (1440, 900)
SHIFT, CONTROL = 0xFFE1, 0xFFE3
NAMED = {"Return": 0xFF0D, "Escape": 0xFF1B, "Tab": 0xFF09, "Home": 0xFF50, "Left": 0xFF51,
         "Up": 0xFF52, "Right": 0xFF53, "Down": 0xFF54, "space": 0x20}  # fmt: skip


def missing() -> str:
    """Why it cannot run here; empty when it can."""
    return "" if shutil.which("Xvfb") else "needs the Debian package xvfb"


@contextmanager
def screen(size: tuple[int, int] = SIZE) -> Iterator[str]:
    """A display, by its name, on a number that is free."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{size[0]}x{size[1]}x24"]
    command += ["-nolisten", "tcp", "-ac"]
    server = subprocess.Popen(
        command, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(writer)
    with os.fdopen(reader) as told:
        number = told.readline().strip()
    assert number, "Xvfb did not start"
    try:
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


class Manager(threading.Thread):
    """As much of a window manager as keys need: the window that came last has the keyboard."""

    def __init__(self, display: str) -> None:
        from Xlib import X
        from Xlib import display as xdisplay

        super().__init__(daemon=True)
        self._x = X
        self._display = xdisplay.Display(display)
        self._display.screen().root.change_attributes(event_mask=X.SubstructureNotifyMask)
        self._display.flush()
        self._windows: list = []

    def run(self) -> None:
        from Xlib.error import CatchError

        while True:
            event = self._display.next_event()
            if event.type == self._x.MapNotify and not event.override:
                self._windows.append(event.window)
            elif event.type in (self._x.UnmapNotify, self._x.DestroyNotify):
                self._windows = [w for w in self._windows if w.id != event.window.id]
            else:
                continue
            if self._windows:
                gone = CatchError()
                last = self._windows[-1]
                last.set_input_focus(self._x.RevertToParent, self._x.CurrentTime, onerror=gone)
                self._display.sync()


class Hands:
    """The mouse and keyboard of a display; what it shows can be kept as a picture."""

    def __init__(self, display: str) -> None:
        from Xlib import X
        from Xlib import display as xdisplay
        from Xlib.ext import xtest

        self._x, self._fake = X, xtest.fake_input
        self._display = xdisplay.Display(display)
        self._root = self._display.screen().root

    def _send(self, kind: int, detail: int = 0, x: int = 0, y: int = 0) -> None:
        self._fake(self._display, kind, detail, x=x, y=y)
        self._display.sync()
        time.sleep(0.012)

    def move(self, x: int, y: int) -> None:
        self._send(self._x.MotionNotify, 0, x, y)

    def click(self, x: int, y: int, times: int = 1) -> None:
        self.move(x, y)
        for _ in range(times):
            self._send(self._x.ButtonPress, 1)
            self._send(self._x.ButtonRelease, 1)

    def drag(self, start: tuple[int, int], end: tuple[int, int], steps: int = 12) -> None:
        self.move(*start)
        self._send(self._x.ButtonPress, 1)
        for n in range(1, steps + 1):
            along = [round(a + (b - a) * n / steps) for a, b in zip(start, end, strict=True)]
            self.move(*along)
            time.sleep(0.02)
        self._send(self._x.ButtonRelease, 1)

    def press(self, keys: str) -> None:
        """Keys held together, such as `Control+z` or `Return`."""
        *held, last = keys.split("+")
        codes = [
            self._display.keysym_to_keycode({"Control": CONTROL, "Shift": SHIFT}[name])
            for name in held
        ]
        codes.append(self._display.keysym_to_keycode(NAMED.get(last, ord(last[0]))))
        for code in codes:
            self._send(self._x.KeyPress, code)
        for code in reversed(codes):
            self._send(self._x.KeyRelease, code)

    def type(self, text: str) -> None:
        for sign in text:
            code = self._display.keysym_to_keycode(ord(sign))
            plain = self._display.keycode_to_keysym(code, 0) == ord(sign)
            shift = self._display.keysym_to_keycode(SHIFT)
            if not plain:
                self._send(self._x.KeyPress, shift)
            self._send(self._x.KeyPress, code)
            self._send(self._x.KeyRelease, code)
            if not plain:
                self._send(self._x.KeyRelease, shift)

    def picture(self, path: Path) -> None:
        """What the whole screen shows now."""
        from PIL import Image

        shape = self._root.get_geometry()
        raw = self._root.get_image(0, 0, shape.width, shape.height, self._x.ZPixmap, 0xFFFFFFFF)
        size = (shape.width, shape.height)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.frombytes("RGB", size, raw.data, "raw", "BGRX").save(path)
