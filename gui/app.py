"""Start the window."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import platformdirs
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication

from gui import theme
from gui.main_window import Window
from gui.settings import Settings
from ifx_bridge.engine import Engine


def run(source: Path | None = None, out: Path | None = None, brain: str = "offline") -> int:
    """Open the window and stay until it is closed; the exit status.

    Args:
        source: A recording, or a saved session.
        out: Folder for the results.
        brain: What understands the words.
    """
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("IFX Bridge")
    settings = Settings(Path(platformdirs.user_config_dir("ifx-bridge")) / "window.ini")
    theme.apply(application, settings["look/theme"])
    window = Window(out, None if brain == "auto" else Engine(brain=brain), settings)
    window.show()
    if source is not None:
        window.open_source(source)
    elif settings["files/reopen"] and settings.recent:
        window.open_source(settings.recent[0])
    # Python sees signals only when it runs; an idle event loop does not.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.close())
    heartbeat = QTimer()
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(200)
    return application.exec()
