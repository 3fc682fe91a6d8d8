"""Plugins of the user's on cards: their own names and units, moved and undone like any effect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QMimeData, QPointF, Qt
from PyQt6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from gui.chain_panel import MIME
from gui.dialogs import Chooser
from gui.translate_dialog import TranslateDialog
from ifx_bridge.effects.chain import Slot
from ifx_bridge.plugins.library import VARIABLE, bundles, folders
from tests.gui.conftest import Opener, idle
from tests.plugins.test_host import real


@real
def test_a_plugin_is_a_card_like_any_other(
    qtbot: QtBot, opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "plugins"))
    window = opened()
    window.chain.add("dist")
    edit = window.document.edit
    hosted = Slot("zameq2", {"frequency_1_hz": 800.0}, engine="plugin")
    window.document.change(replace(edit, chain=edit.chain.added(hosted)))
    idle(qtbot, window)
    card = window.chain.cards[1]
    assert card.title.text() == "ZamEQ2"
    knob = card.knobs["frequency_1_hz"]
    assert knob.box.text() == "800 Hz" and "ZamEQ2" in knob.slider.accessibleName()
    before = window.listening.sound
    card.knobs["boost_cut_1_db"].box.setValue(12)
    idle(qtbot, window)
    after = window.listening.sound
    assert before is not None and after is not None
    assert not np.allclose(before, after, atol=1e-3)
    data = QMimeData()
    data.setData(MIME, b"zameq2")
    window.chain.dropEvent(
        QDropEvent(
            QPointF(40, 40), Qt.DropAction.MoveAction, data,
            Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )
    )  # fmt: skip
    idle(qtbot, window)
    assert window.document.session is not None
    assert window.document.session.chain.ids == ("zameq2", "dist")
    window.run("undo")
    idle(qtbot, window)
    assert window.document.session.chain.ids == ("dist", "zameq2")
    assert window.document.session.chain["zameq2"].params["boost_cut_1_db"] == 12


@real
def test_plugins_are_scanned_added_and_translated_to(
    qtbot: QtBot, opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "plugins"))
    zam = next(path for path in bundles(folders()) if path.stem == "ZamEQ2")
    monkeypatch.setattr("ifx_bridge.plugins.library.bundles", lambda roots: [zam])
    window = opened()

    def told() -> str:
        bar = window.statusBar()
        assert bar is not None
        return bar.currentMessage()

    window.run("add-plugin")
    idle(qtbot, window)
    assert "Scan plugins" in told()
    window.run("scan-plugins")
    idle(qtbot, window)
    assert told().startswith("1 of 1 plugins in ")

    def first(dialog: Chooser) -> int:
        dialog._take()
        return 1

    monkeypatch.setattr(Chooser, "exec", first)
    window.run("add-plugin")
    idle(qtbot, window)
    assert window.chain.cards[0].title.text() == "ZamEQ2"
    session = window.document.session
    assert session is not None and session.turn(1).instruction == "By hand: ZamEQ2 added"
    window.chain.add("eq")
    window.document.commit()
    idle(qtbot, window)

    def choose(dialog: TranslateDialog) -> int:
        assert set(dialog.boxes) == {"eq"}
        dialog.boxes["eq"].setCurrentIndex(1)
        return 1

    monkeypatch.setattr(TranslateDialog, "exec", choose)
    monkeypatch.setattr("gui.plugin_work.RENDERS", 6)
    window.run("translate")
    idle(qtbot, window)
    assert "Equalizer in ZamEQ2: " in told() and " dB apart" in told()
    assert list((tmp_path / "out/translated/ZamEQ2").glob("*.vstpreset"))
