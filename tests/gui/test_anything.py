"""500 random actions: no exception, no lost turn, and window and session agree."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QDialog, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from gui.commands import COMMANDS
from gui.main_window import Window
from gui.turn_list import INDEX
from ifx_bridge.effects import spec
from ifx_bridge.plugins.library import VARIABLE
from ifx_bridge.presets import store
from ifx_bridge.session import load
from tests.gui.conftest import Opener, idle

ACTIONS, SETTLED_EVERY = 500, 25
WORDS = ("like a church", "add some grit", "brighter", "less reverb", "undo", "xyzzy", "",
         "lock the reverb", "remove the distortion", "cut 3 dB at 300 Hz")  # fmt: skip
# What would end the test, or only opens what another action does.
LEFT_OUT = {"quit", "find-device", "try-guitar", "open", "reopen", "results-folder", "scan-plugins"}


class User:
    """Does anything."""

    def __init__(self, window: Window, seed: int) -> None:
        self.window, self.dice = window, random.Random(seed)
        self.presets = list(store.factory().items())
        self.instructions = 0

    def act(self) -> str:
        kinds: list[tuple[Callable[[], str], int]] = [
            (self.command, 6), (self.turn_knob, 6), (self.press, 6), (self.add, 3), (self.say, 1),
            (self.choose, 3), (self.amount, 2), (self.preset, 1), (self.scrub, 1),
            (self.compare, 2), (self.wait, 3), (self.type_value, 2),
        ]  # fmt: skip
        choices, weights = zip(*kinds, strict=True)
        return self.dice.choices(choices, weights)[0]()

    def command(self) -> str:
        name = self.dice.choice([name for name in COMMANDS if name not in LEFT_OUT])
        self.window.run(name)
        return name

    def knobs(self) -> list:
        cards = self.window.chain.cards if self.window.chain.holder.isEnabled() else []
        return [knob for card in cards for knob in card.knobs.values()]

    def turn_knob(self) -> str:
        if knobs := self.knobs():
            self.dice.choice(knobs).slider.setValue(self.dice.randint(0, 1000))
        return "turn a knob"

    def type_value(self) -> str:
        if knobs := self.knobs():
            box = self.dice.choice(knobs).box
            box.lineEdit().setText(self.dice.choice(["3", "1.2k", "-400 dB", "", "nan", "40 %"]))
            box.interpretText()
        return "type a value"

    def press(self) -> str:
        if not (self.window.chain.cards and self.window.chain.holder.isEnabled()):
            return "press nothing"
        card = self.dice.choice(self.window.chain.cards)
        if self.dice.random() < 0.2:
            card.amount.setValue(self.dice.randint(0, 200))
            return "amount of a card"
        knob = self.dice.choice(list(card.knobs.values()))
        tools = [card.bypass, card.lock, card.up, card.down, card.remove, knob.lock]
        tool = self.dice.choice(tools)
        tool.click()
        return tool.accessibleName()

    def add(self) -> str:
        panel = self.window.chain
        if panel.add_button.isEnabled():
            panel.add(self.dice.choice(spec.effects()).id)
        return "add"

    def say(self) -> str:
        words = self.dice.choice(WORDS) if self.instructions < 12 else ""
        self.instructions += bool(words)
        self.window.conversation.instruction.setText(words)
        self.window.conversation.send()
        return f"say {words!r}"

    def choose(self) -> str:
        turns = self.window.conversation.turns
        turns.setCurrentRow(self.dice.randrange(turns.count()))
        return "choose a turn"

    def amount(self) -> str:
        if self.window.listen.amount.isEnabled():
            self.window.listen.amount.setValue(self.dice.randint(0, 200))
        return "amount"

    def preset(self) -> str:
        self.window.take_preset(self.dice.choice(self.presets)[0])
        return "preset"

    def scrub(self) -> str:
        self.window.listen.path.choose(self.dice.randrange(-2, 9))
        return "scrub"

    def compare(self) -> str:
        combo = self.window.listen.compare
        combo.setCurrentIndex(self.dice.randrange(combo.count()))
        combo.activated.emit(combo.currentIndex())
        return "compare"

    def wait(self) -> str:
        QTest.qWait(self.dice.choice([1, 10, 60]))
        return "wait"


def check(window: Window, folder: Path) -> None:
    """Everything is idle: window, session and disk say the same."""
    document, session = window.document, window.document.session
    assert session is not None and document.chosen == session.head
    turns = window.conversation.turns
    assert turns.count() == 1 + len(session.turns) == window.listen.compare.count()
    current = turns.currentItem()
    assert current is not None and current.data(INDEX) == session.head
    shown = window.listening.edit
    assert [card.fx for card in window.chain.cards] == list(shown.chain.ids)
    for card, slot in zip(window.chain.cards, shown.chain, strict=True):
        assert {name: knob.value for name, knob in card.knobs.items()} == dict(slot.params)
        assert card.bypass.isChecked() == slot.bypass
    if not window.listening.hearing_a and window.listening.step is None:
        assert shown.chain.to_data() == session.chain.to_data()
        assert shown.locked == set(session.locked)
    assert window.actions_by_name["undo"].isEnabled() == (session.head > 0)
    assert window.actions_by_name["redo"].isEnabled() == bool(session.undone)
    assert window.listening.player.mixer.sound is window.listening.sound
    assert load(folder / "session.json").to_data() == session.to_data()
    for turn in session.turns:
        assert (folder / f"turn-{turn.index:02d}.wav").exists()


@pytest.mark.parametrize("seed", [1, 2])
def test_anything_a_user_does_is_fine(
    qtbot: QtBot, opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    noise = np.random.default_rng(seed).standard_normal((11025, 2)) * 0.1
    soundfile.write(tmp_path / "short.wav", noise.astype(np.float32), 22050)
    monkeypatch.setattr(QDialog, "exec", lambda dialog: 0)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: "")
    yes = QMessageBox.StandardButton.Yes
    monkeypatch.setattr(QMessageBox, "question", lambda *args: yes)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: ("", ""))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "plugins"))
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *args: (str(tmp_path / "saved.wav"), "")
    )
    window = opened(source=tmp_path / "short.wav")
    user, done, most = User(window, seed), list[str](), 0
    for number in range(1, ACTIONS // 2 + 1):
        done.append(user.act())
        session = window.document.session
        assert session is not None and len(session.turns) >= most, done[-20:]
        most = len(session.turns)
        if number % SETTLED_EVERY == 0:
            idle(qtbot, window)
            check(window, tmp_path / "out")
    assert most > 10
    assert not window.notice.text(), window.notice.text()
