"""Exceptions that nobody expected."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gui.mishaps import LOG, watch
from ifx_bridge.errors import UserError


def test_they_are_told_and_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(LOG, "handlers", [])
    told: list[UserError] = []
    watch(tmp_path, told.append)
    try:
        raise ZeroDivisionError("by a knob")
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert "by a knob" in told[0].what and "window.log" in told[0].next_step
    assert "test_mishaps.py" in (tmp_path / "window.log").read_text()
    expected = UserError("The disk is full.")
    sys.excepthook(UserError, expected, None)
    assert told[1] is expected
    for handler in LOG.handlers:
        handler.close()
