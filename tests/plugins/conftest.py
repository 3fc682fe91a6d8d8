"""Every test of plugins has a library of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ifx_bridge.plugins.library import VARIABLE, Library


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "plugins"))
    return Library.default()
