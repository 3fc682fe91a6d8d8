"""What should never happen: told in the window and written to a log, instead of ending it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from ifx_bridge.errors import UserError

LOG_BYTES, LOGS_KEPT = 2**19, 3
LOG = logging.getLogger("ifx_bridge.window")


def watch(folder: Path, tell: Callable[[UserError], None]) -> None:
    """From now on, exceptions that nobody expected are logged and told.

    Qt would end the program over an exception in one of its callbacks.

    Args:
        folder: Where `window.log` is kept; where it cannot be written, they are only told.
        tell: Shows an error.
    """
    path = folder / "window.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT, delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        LOG.addHandler(handler)
    except OSError:
        LOG.addHandler(logging.NullHandler())

    def hook(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        if isinstance(error, UserError):
            tell(error)
            return
        LOG.error("unexpected", exc_info=(kind, error, where))
        tell(
            UserError(
                f"Something unexpected went wrong ({kind.__name__}: {error}).",
                kept="Every turn that was made is saved.",
                next_step=f"Go on, or report it with what stands in {path}.",
            )
        )

    sys.excepthook = hook
