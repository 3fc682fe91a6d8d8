"""What should never happen: told in the window and written to a log, instead of ending it."""

from __future__ import annotations

import logging
import os
import platform
import re
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from gui.translations import translate
from ifx_bridge.errors import UserError

LOG_BYTES, LOGS_KEPT = 2**19, 3
# A report has so many lines of the log, and names these packages.
LOG_LINES = 60
PACKAGES = ("PyQt6", "numpy", "torch", "pedalboard", "sounddevice")
LOOKS_SECRET = re.compile(r"\b(?:sk-|AIza|Bearer )[\w.-]{12,}")
LOG = logging.getLogger("ifx_bridge.window")


def diagnostics(folder: Path, error: UserError | None = None) -> str:
    """What a report needs: the message, versions and the end of the log; no keys and no audio.

    Args:
        folder: Where `window.log` is kept.
        error: What is being told.
    """
    parts = [f"IFX Bridge {_version('ifx-bridge')}, {platform.platform()}, "
             f"Python {platform.python_version()}"]  # fmt: skip
    parts.append(", ".join(f"{name} {_version(name)}" for name in PACKAGES))
    if error is not None:
        parts += [line for line in (error.what, error.kept, error.next_step) if line]
    for name in ("window.log", "crash.txt"):
        try:
            lines = (folder / name).read_text(errors="replace").splitlines()[-LOG_LINES:]
        except OSError:
            continue
        parts += [f"--- {name}", *lines]
    return without_secrets("\n".join(parts))


def without_secrets(text: str) -> str:
    """Without what is, or looks like, a key, and without the name of the home folder."""
    for name, value in os.environ.items():
        if len(value) >= 8 and re.search("KEY|TOKEN|SECRET|PASSWORD", name):
            text = text.replace(value, "(key)")
    text = LOOKS_SECRET.sub("(key)", text)
    return text.replace(str(Path.home()), "~")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "from a folder"


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
                translate("mishaps", "Something unexpected went wrong ({kind}: {error}).").format(
                    kind=kind.__name__, error=error
                ),
                kept=translate("mishaps", "Every turn that was made is saved."),
                next_step=translate(
                    "mishaps", "Go on, or report it with what stands in {path}."
                ).format(path=path),
            )
        )

    sys.excepthook = hook
