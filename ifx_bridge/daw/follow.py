"""Following a DAW: whoever is interested is told when its transport, track or device changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ifx_bridge.daw.link import Scene
from ifx_bridge.errors import UserError

log = logging.getLogger("ifx.follow")
PERIOD_SECONDS = 0.25


class Follow:
    """Looks at a DAW several times a second, on a thread of its own, until it is closed.

    Args:
        look: What is there now, such as a link's `scene`; raises `UserError` when nobody answers.
        changed: Told the first scene and every other one that differs; None when the DAW has
            stopped answering. It is called on the follower's thread.
        seconds: Between two looks.
    """

    def __init__(
        self,
        look: Callable[[], Scene],
        changed: Callable[[Scene | None], None],
        *,
        seconds: float = PERIOD_SECONDS,
    ) -> None:
        self._look, self._changed, self._seconds = look, changed, seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ifx-follow", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        last: object = self  # unlike every scene
        while not self._stopped.is_set():
            try:
                now: Scene | None = self._look()
            except UserError as error:
                log.debug("%s", error)
                now = None
            if now != last and not self._stopped.is_set():
                last = now
                try:
                    self._changed(now)
                except Exception:  # a listener's fault must not end the following
                    log.exception("A listener failed")
            self._stopped.wait(self._seconds)

    def close(self) -> None:
        """Stop; nothing is told any more."""
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join(10)

    def __enter__(self) -> Follow:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
