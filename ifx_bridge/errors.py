"""The one exception that becomes a message to the user."""

from __future__ import annotations


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
