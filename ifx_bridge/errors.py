"""The one exception that becomes a message to the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UserError(Exception):
    """Something that the user can understand and act on; never shown as a traceback.

    Args:
        what: What happened, one sentence.
        kept: What is safe, one sentence; empty when nothing was at stake.
        next_step: What to do now, one sentence.
    """

    def __init__(self, what: str, *, kept: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.kept = kept
        self.next_step = next_step

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.kept, self.next_step) if part)


class Cancelled(Exception):
    """The user stopped a long job; whoever raises it has kept the best so far."""


@contextmanager
def writing(
    path: Path,
    kept: str = "What was saved before is untouched.",
    next_step: str = "Choose another folder or free some space.",
) -> Iterator[None]:
    """Where a file or folder is written: what the system refuses is said to the user.

    Args:
        path: What is written; folders above it are made when needed.
        kept: As in `UserError`.
        next_step: As in `UserError`.

    Raises:
        UserError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, RuntimeError) as error:  # the latter is soundfile's
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"{path} could not be written ({reason}).", kept=kept, next_step=next_step
        ) from error
