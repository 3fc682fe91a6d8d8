"""Make the picture of the window in the README: three turns on the guitar, drawn into memory.

python tools/screenshot.py [docs/window.png [dark|light [1100x700]]]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
TURNS = ("make it sound like a church", "add some grit", "cut 3 dB at 300 Hz and make it brighter")
SIZE = (1440, 860)


def main(path: Path, look: str = "dark", size: tuple[int, int] = SIZE) -> None:
    """Open, say, wait, and write the picture."""
    from PyQt6.QtWidgets import QApplication

    from gui import theme
    from gui.main_window import Window
    from ifx_bridge.demo import clips
    from ifx_bridge.engine import Engine

    application = QApplication([])

    def wait(done: Callable[[], bool]) -> None:
        while not done():
            application.processEvents()
            time.sleep(0.02)
        application.processEvents()

    theme.apply(application, look)
    with tempfile.TemporaryDirectory() as folder:
        window = Window(Path(folder), Engine())
        window.resize(*size)
        window.show()
        window.daw.look()  # the picture has the line that it writes
        wait(lambda: window.daw.desk.searched)
        window.open_source(clips()["guitar"])
        wait(window.idle)
        for text in TURNS:
            window.document.send(text)
        wait(window.idle)
        window.grab().save(str(path))
        window.close()


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        Path(given[0] if given else "docs/window.png"),
        given[1] if len(given) > 1 else "dark",
        tuple(map(int, given[2].split("x"))) if len(given) > 2 else SIZE,  # type: ignore[arg-type]
    )
