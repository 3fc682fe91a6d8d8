"""Where files go: nothing that is there is replaced without a yes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtWidgets import QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from gui.files import ask_where, music, results_folder
from ifx_bridge.demo import clips

YES, NO = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No


@pytest.mark.parametrize(
    ("typed", "answers", "expected"),
    [(["mix.v2"], [], "mix.v2.wav"), (["mix"], [YES], "mix.wav"), (["mix.WAV"], [], "mix.WAV"),
     (["mix", "other"], [NO], "other.wav"), (["mix", ""], [NO], None), ([""], [], None)],
)  # fmt: skip
def test_an_ending_is_added_and_what_is_there_is_asked_about(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    typed: list[str], answers: list[QMessageBox.StandardButton], expected: str | None,
) -> None:  # fmt: skip
    (tmp_path / "mix.wav").write_text("precious")
    names, said = iter(typed), iter(answers)

    def name(*args: object) -> tuple[str, str]:
        found = next(names)
        return (str(tmp_path / found) if found else "", "")

    monkeypatch.setattr(QFileDialog, "getSaveFileName", name)
    monkeypatch.setattr(QMessageBox, "question", lambda *args: next(said))
    parent = QWidget()
    qtbot.addWidget(parent)
    found = ask_where(parent, "Export", tmp_path / "mix.wav", ".wav", "WAV")
    assert found == (tmp_path / expected if expected else None)
    assert next(names, None) is None and next(said, None) is None


def test_results_go_beside_the_recording_or_where_they_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "take.wav").touch()
    assert results_folder(Path("take.wav")) == tmp_path / "take-ifx"
    assert results_folder(tmp_path / "take.wav", str(tmp_path / "x")) == tmp_path / "x/take-ifx"
    assert results_folder(clips()["guitar"]) == music() / "guitar-ifx"
    monkeypatch.setattr("os.access", lambda *args: False)
    assert results_folder(tmp_path / "take.wav") == music() / "take-ifx"
    assert music().is_absolute()
