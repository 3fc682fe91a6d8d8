"""Start the window."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication

from gui.window import Window


def run(clip: Path | None = None, out: Path | None = None) -> int:
    """Open the window and stay until it is closed; the exit status."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("IFX Bridge")
    window = Window(out=out)
    window.show()
    if clip is not None:
        window.open_clip(clip)
    # Python sees Ctrl+C only when it runs; an idle event loop does not.
    signal.signal(signal.SIGINT, lambda *_: window.close())
    heartbeat = QTimer()
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(200)
    return application.exec()
