"""Start the window."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import tempfile
from pathlib import Path

import platformdirs
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication

from gui import icons, theme, translations
from gui.main_window import Window
from gui.mishaps import watch
from gui.settings import Settings
from gui.source_panel import IDEA
from gui.translations import translate
from ifx_bridge.engine import Engine
from ifx_bridge.errors import UserError

# Three threads may be at work beside the window: at Python's 5 ms it would wait 15 for its turn.
SWITCH_SECONDS = 0.001
DEMO = IDEA


def run(
    source: Path | None = None, out: Path | None = None, brain: str = "auto", demo: bool = False
) -> int:
    """Open the window and stay until it is closed; the exit status.

    Args:
        source: A recording, or a saved session.
        out: Folder for the results.
        brain: What understands the words; `auto` is what the preferences say.
        demo: Begin with a recording that comes along, and one instruction.
    """
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    state = Path(platformdirs.user_state_dir("ifx-bridge"))
    settings = Settings(Path(platformdirs.user_config_dir("ifx-bridge")) / "window.ini")
    translations.install(application)
    prepare(application, settings["look/theme"])
    if demo and out is None:
        out = Path(tempfile.mkdtemp(prefix="ifx-bridge-demo-"))
    window = Window(out, None if brain == "auto" else Engine(brain=brain), settings)
    watch(state, window.problem)
    window.show()
    window.document.warm()
    window.daw.start()
    running = Running(state)
    begin(window, source, demo, running.ended_badly)
    # Python sees signals only when it runs; an idle event loop does not.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.close())
    # Python may find garbage in any thread, and Qt's objects must go in this one.
    from pyqtgraph.util.garbage_collector import GarbageCollector

    collector = GarbageCollector()
    heartbeat = QTimer()
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(200)
    status = application.exec()
    del collector
    running.done()
    return status


def prepare(application: QApplication, look: str = "system") -> None:
    """Name, look, and threads that take turns quickly enough for a window."""
    application.setApplicationName("IFX Bridge")
    theme.apply(application, look)
    application.setWindowIcon(icons.application())
    sys.setswitchinterval(SWITCH_SECONDS)


def begin(window: Window, source: Path | None, demo: bool, ended_badly: bool) -> None:
    """Open what is asked for, else what was open last; say so when that ended badly."""
    recent = window.settings.recent
    if demo:
        window.hear_idea(DEMO)
    elif source is not None:
        window.open_source(source)
    elif recent and (window.settings["files/reopen"] or ended_badly):
        window.open_source(recent[0])
        if ended_badly:
            window.problem(
                UserError(
                    translate("app", "The window did not end as it should the last time."),
                    kept=translate(
                        "app", "Every turn had been saved: the session is opened as it was."
                    ),
                    next_step=translate(
                        "app", "Go on; what was being refined has to be asked for again."
                    ),
                )
            )


class Running:
    """A file that is there while the window runs: found at start, the last time ended badly.

    What the interpreter says when it crashes goes into it.
    """

    def __init__(self, folder: Path) -> None:
        """In a folder of this person; where it cannot be written, nothing is noticed."""
        self.path = folder / "running.txt"
        self.ended_badly = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.ended_badly = self.path.exists() and not _alive(self.path)
            if self.ended_badly:
                self.path.replace(folder / "crash.txt")
            self._file = self.path.open("w")
            self._file.write(f"{os.getpid()}\n")
            self._file.flush()
            faulthandler.enable(self._file)
        except OSError:
            self._file = None  # type: ignore[assignment]

    def done(self) -> None:
        """It ended as it should."""
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            self.path.unlink(missing_ok=True)


def _alive(path: Path) -> bool:
    """Whether the process that wrote it still runs, as with two windows."""
    try:
        os.kill(int(path.read_text().split()[0]), 0)
    except (OSError, ValueError, IndexError, OverflowError):
        return False
    return True
