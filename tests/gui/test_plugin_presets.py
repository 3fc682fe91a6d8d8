"""Presets of plugins in a turn come out of the window: dragged, and saved."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from gui.listen_panel import DragButton
from ifx_bridge import audio, engine
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.plugins.effect import ENGINE
from ifx_bridge.plugins.library import Library
from ifx_bridge.presets.vstpreset import VstPreset
from ifx_bridge.session import Score
from ifx_bridge.workspace import Workspace
from tests.gui.conftest import Opener, idle
from tests.plugins.conftest import library  # noqa: F401
from tests.plugins.test_host import ZAM, real


def names(button: DragButton) -> list[str]:
    mime = button.mime()
    return [Path(url.toLocalFile()).name for url in mime.urls()] if mime is not None else []


@real
def test_a_plugin_of_mine_is_dragged_and_saved(
    qtbot: QtBot, opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Library.default().find(str(ZAM / "ZamEQ2.vst3"))
    clip, place = audio.load(clips()["guitar"]), Workspace(tmp_path / "work")
    chain = Chain((Slot("dist"), Slot("zameq2", {"boost_cut_1_db": 6.0}, engine=ENGINE)))
    sound = engine.render(clip, chain)
    session = engine.open_session(clip).add(
        chain=sound.chain, instruction="boom", route="reuse_all", score=Score(before=0, after=0.5)
    )
    place.open(engine.open_session(clip), clip)
    place.add(session, session.turns[0], sound.audio, clip)

    window = opened(source=place.session_path, out=place.folder)
    assert names(window.listen.drag_preset) == ["turn-01.zameq2.vstpreset", "turn-01.ifx.json"]
    offered = list[str]()

    def chosen(parent: object, title: str, name: str, kinds: str) -> tuple[str, str]:
        offered.extend(kinds.split(";;"))
        return str(tmp_path / "mine"), offered[1]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", chosen)
    window.run("save-preset")
    idle(qtbot, window)
    assert offered == ["Preset (*.ifx.json)", "ZamEQ2 preset (*.vstpreset)"]
    kept = VstPreset.read(tmp_path / "mine.vstpreset")
    assert kept == VstPreset.read(place.folder / "turn-01.zameq2.vstpreset")
    assert kept.info["PlugInName"] == "ZamEQ2"
