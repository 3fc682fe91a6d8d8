"""Start the window."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication

from gui.window import Window
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
    application.setStyle("Fusion")
    window = Window(out=out, machine=Engine(brain=brain))
    window.show()
    if source is not None:
        window.open_source(source)
    # Python sees signals only when it runs; an idle event loop does not.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.close())
    heartbeat = QTimer()
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(200)
    return application.exec()
