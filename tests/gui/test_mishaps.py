"""Exceptions that nobody expected."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PyQt6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from gui.mishaps import LOG, LOG_BYTES, LOGS_KEPT, watch
from gui.parts import Notice
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


def test_diagnostics_carry_what_helps_and_no_key(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "very-secret-value")
    (tmp_path / "window.log").write_text(
        "refused very-secret-value and Bearer abcdefghijklmnop\n" + "the last line\n"
    )
    notice = Notice()
    qtbot.addWidget(notice)
    notice.folder = tmp_path
    notice.tell(UserError("The disk is full.", kept="All is kept."))
    notice.copy_button.click()
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    told = clipboard.text()
    assert "The disk is full." in told and "the last line" in told and "PyQt6 6" in told
    assert "secret" not in told and "abcdefgh" not in told
    assert str(Path.home()) not in told


def test_the_log_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(LOG, "handlers", [])
    watch(tmp_path, lambda error: None)
    for _ in range(60):
        LOG.error("x" * (LOG_BYTES // 8))
    files = list(tmp_path.glob("window.log*"))
    assert len(files) == LOGS_KEPT + 1
    assert all(path.stat().st_size <= LOG_BYTES for path in files)
    for handler in LOG.handlers:
        handler.close()
