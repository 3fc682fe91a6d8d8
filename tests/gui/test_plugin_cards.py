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
from ifx_bridge.effects.chain import Slot
from ifx_bridge.plugins.library import VARIABLE
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
