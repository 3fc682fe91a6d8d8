"""Work of which only the newest matters: one at a time, and what came in between is skipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QObject, QTimer

from gui.worker import Job, Work

Then = Callable[[Any], None]


class Latest(QObject):
    """Runs the newest request in the background.

    A request that arrives while another runs waits for it and replaces what waited before. Between
    two runs it rests for `rest` times as long as the last one took, so that what is only looked at
    or listened to on the way takes little from the work itself.
    """

    def __init__(self, parent: QObject, failed: Then, rest: float = 0.0, pause_ms: int = 0) -> None:
        """Idle.

        Args:
            parent: Owner.
            failed: Called with the `UserError` of a run that failed.
            rest: Rest after a run, as a multiple of its time.
            pause_ms: Rest at least.
        """
        super().__init__(parent)
        self._failed, self._rest, self._pause = failed, rest, pause_ms
        self._next: tuple[Work, Then] | None = None
        self._job: Job | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._start)

    @property
    def busy(self) -> bool:
        """Whether something runs or waits."""
        return self._job is not None or self._next is not None

    def ask(self, work: Work, then: Then) -> None:
        """Run this next; `then` is called with its result in this thread."""
        self._next = (work, then)
        if self._job is None and not self._timer.isActive():
            self._start()

    def drop(self) -> None:
        """Forget what waits, and ask what runs to stop."""
        self._next = None
        if self._job is not None:
            self._job.cancel()

    def close(self, wait_ms: int) -> bool:
        """Drop all, and wait; whether it has ended."""
        self.drop()
        self._timer.stop()
        return self._job is None or self._job.wait(wait_ms)

    def _start(self) -> None:
        if self._job is not None or self._next is None:
            return
        (work, then), self._next = self._next, None
        job = self._job = Job(work, self)
        job.succeeded.connect(then)
        job.failed.connect(self._told)
        job.finished.connect(self._done)
        job.start()

    def _told(self, error: Any) -> None:
        if self._job is not None and not self._job.cancelled:
            self._failed(error)

    def _done(self) -> None:
        job, self._job = self._job, None
        if job is None:
            return
        self._timer.start(max(self._pause, round(1000 * self._rest * job.seconds)))
        job.deleteLater()
