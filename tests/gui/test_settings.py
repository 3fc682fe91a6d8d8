"""Preferences: declared once, checked when read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gui.settings import SETTINGS, Settings


def test_values_are_kept_and_what_makes_no_sense_is_not(tmp_path: Path) -> None:
    path = tmp_path / "window.ini"
    settings, heard = Settings(path), list[str]()
    settings.changed.connect(heard.append)
    settings["engine/seed"] = 7
    settings["engine/seed"] = 7
    settings["listen/matched"] = False
    assert heard == ["engine/seed", "listen/matched"]
    del settings
    again = Settings(path)
    assert again["engine/seed"] == 7 and again["listen/matched"] is False
    path.write_text("[engine]\nseed=many\n[listen]\nmatched=true\n")
    damaged = Settings(path)
    damaged._store.sync()  # type: ignore[union-attr]
    assert damaged["engine/seed"] == 0 and damaged["listen/matched"] is True


def test_every_setting_is_whole() -> None:
    assert len({setting.key for setting in SETTINGS}) == len(SETTINGS)
    for setting in SETTINGS:
        assert setting.title and setting.text.endswith(".") and "/" in setting.key
        assert setting.read(setting.default) == setting.default
        if setting.choices is not None:
            assert setting.default in setting.choices()
    with pytest.raises(KeyError):
        Settings()["no/such"]


def test_recent_sessions_that_are_gone_are_left_out(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "window.ini")
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    for path in (one, two):
        path.write_text("{}")
        settings.remember(path)
    settings.remember(one)
    assert settings.recent == [one, two]
    one.unlink()
    assert settings.recent == [two]
