"""Work in the background: functions that always come back as a result or a message."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QObject, QThread, pyqtSignal

from gui.translations import translate
from ifx_bridge.errors import Cancelled, UserError
from ifx_bridge.refine import Progress

REPORTS_PER_SECOND = 20

Work = Callable[[Callable[[Progress], None], Callable[[], bool]], Any]


class Job(QThread):
    """One function, run in a thread of its own.

    The function is given a progress callback and a cancel token, as the engine takes them; its
    result, or what went wrong, arrives in the thread that owns this object. Qt's own `started`
    and `finished` enclose these signals.

    Attributes:
        progressed: A `Progress`, at most 20 a second.
        succeeded: What the function returned.
        failed: A `UserError`; never anything else.
        seconds: How long it took, once it has ended.
    """

    progressed = pyqtSignal(object)
    succeeded = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(self, work: Work, parent: QObject | None = None) -> None:
        """Of a function; `start()` runs it."""
        super().__init__(parent)
        self._work = work
        self._stop = threading.Event()
        self._reported = 0.0
        self.seconds = 0.0

    def cancel(self) -> None:
        """Ask it to stop soon; it keeps the best so far."""
        self._stop.set()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    def run(self) -> None:
        """In the thread."""
        began = time.monotonic()
        try:
            self.succeeded.emit(self._work(self._report, self._stop.is_set))
        except Cancelled:
            self.failed.emit(
                UserError(translate("worker", "Stopped before there was anything to keep."))
            )
        except UserError as error:
            self.failed.emit(error)
        except Exception as error:  # no traceback reaches a user
            self.failed.emit(
                UserError(
                    translate(
                        "worker", "Something unexpected went wrong ({kind}: {error})."
                    ).format(kind=type(error).__name__, error=error),
                    kept=translate("worker", "The session is as it was."),
                    next_step=translate("worker", "Try again, or report it with what you did."),
                )
            )
        finally:
            self.seconds = time.monotonic() - began

    def _report(self, step: Progress) -> None:
        now = time.monotonic()
        if now - self._reported >= 1 / REPORTS_PER_SECOND:
            self._reported = now
            self.progressed.emit(step)
