"""The preferences dialog: states, keys in the keyring, and large weights that go on."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from PyQt6.QtWidgets import QComboBox, QWidget
from pytestqt.qtbot import QtBot

from gui.preferences import PreferencesDialog
from gui.settings import Settings
from ifx_bridge.brain.llm import providers
from ifx_bridge.models import clap
from ifx_bridge.models.catalog import DEFAULT, KNOWN, MERGES, VOCABULARY
from ifx_bridge.models.store import Store
from tests.file_server import Served, serve

WEIGHTS = bytes(range(256)) * 4000


class Ring(KeyringBackend):
    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ring]:
    for name in ("GEMINI_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY", "IFX_BRAIN"):
        monkeypatch.delenv(name, raising=False)
    before, ring = keyring.get_keyring(), Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.fixture
def dialog(qtbot: QtBot, ring: Ring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IFX_MODELS", str(tmp_path / "models"))
    parent = QWidget()
    qtbot.addWidget(parent)
    made = PreferencesDialog(parent, Settings())
    made.show()
    rest(qtbot, made)
    yield made
    made.reject()


def rest(qtbot: QtBot, dialog: PreferencesDialog) -> None:
    qtbot.waitUntil(lambda: not dialog.working, timeout=20_000)


def choose(dialog: PreferencesDialog, key: str, name: str) -> None:
    combo = dialog.widgets[key]
    assert isinstance(combo, QComboBox)
    combo.setCurrentText(name)


def test_a_key_goes_to_the_keyring_and_nowhere_else(
    qtbot: QtBot, dialog: PreferencesDialog, ring: Ring
) -> None:
    assert "✓ Stands for offline" in dialog.brain_state.text()
    assert not dialog.key.isEnabled()
    choose(dialog, "engine/brain", "gemini")
    assert dialog.brain_state.text().startswith("✕ Off: no key.")
    dialog.key.setText("a-secret-of-some-length")
    dialog.keep_button.click()
    rest(qtbot, dialog)
    assert list(ring.kept.values()) == ["a-secret-of-some-length"] and not dialog.key.text()
    assert dialog.brain_state.text().startswith("✓ Key …ngth from the keyring.")
    dialog.accept()
    assert dialog.settings["engine/brain"] == "gemini"
    assert "secret" not in str(dialog.settings._values)
    dialog.forget_button.click()
    rest(qtbot, dialog)
    assert not ring.kept and "no key" in dialog.brain_state.text()


def test_a_server_on_this_machine_is_there_or_not(
    qtbot: QtBot, dialog: PreferencesDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        here = tuple(
            replace(each, base_url=f"http://127.0.0.1:{port}/v1") if each.id == "ollama" else each
            for each in providers.PROVIDERS
        )
        monkeypatch.setattr("gui.engines.PROVIDERS", here)
        dialog.look()
        rest(qtbot, dialog)
        choose(dialog, "engine/brain", "ollama")
        assert f"✓ A server answers at 127.0.0.1:{port}" in dialog.brain_state.text()
    dialog.look()
    rest(qtbot, dialog)
    assert "✕ Off: no server answers" in dialog.brain_state.text()


def test_weights_are_loaded_with_progress_stopped_and_gone_on_with(
    qtbot: QtBot, dialog: PreferencesDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clap, "convert", lambda source, target, about: target.write_bytes(b"x"))
    monkeypatch.setattr(clap, "needs_transformers", lambda: None)
    files = {DEFAULT: WEIGHTS, VOCABULARY: b"words" * 9, MERGES: b"pairs" * 9}
    with (
        serve(Served(WEIGHTS), "w.pt") as one,
        serve(Served(files[VOCABULARY]), "v") as two,
        serve(Served(files[MERGES]), "m") as three,
    ):
        for (name, data), server in zip(files.items(), (one, two, three), strict=True):
            digest = hashlib.sha256(data).hexdigest()
            known = replace(KNOWN[name], url=server.url, size=len(data), sha256=digest)
            monkeypatch.setitem(KNOWN, name, known)
        choose(dialog, "engine/ears", "laion")
        dialog.look()
        rest(qtbot, dialog)
        assert "✕ Off: 0.0 GB of weights to load" in dialog.ears_state.text()
        shown: list[int] = []
        dialog.load_bar.valueChanged.connect(shown.append)
        dialog.load_button.click()
        assert dialog.load_button.text() == "Stop"
        dialog.load_button.click()
        rest(qtbot, dialog)
        assert dialog.load_button.text() == "Load" and not Store.default().receipt(DEFAULT)
        assert "kept" in dialog.told.text()
        dialog.load_button.click()
        rest(qtbot, dialog)
    assert max(shown) > 0
    assert "✓ Its weights are installed." in dialog.ears_state.text()


def test_where_the_weights_cannot_be_had_it_says_so(
    qtbot: QtBot, dialog: PreferencesDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clap, "needs_transformers", lambda: None)
    monkeypatch.setitem(KNOWN, DEFAULT, replace(KNOWN[DEFAULT], url="http://127.0.0.1:1/w.pt"))
    dialog.load_button.click()
    rest(qtbot, dialog)
    assert "could not be reached" in dialog.told.text()
