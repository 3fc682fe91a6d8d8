"""The list of turns: what is clicked is chosen and marked, and the tree is drawn as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gui.edits import hand_turn
from gui.tree import Node, nodes
from gui.turn_list import INDEX, RUNNING
from tests.gui.conftest import LONG, PATIENT, Opener, idle


@pytest.mark.parametrize("clicked", [4, 2, 12, 0, 7])
def test_a_click_in_a_long_list_marks_what_it_chooses(
    qtbot: QtBot, opened: Opener, clicked: int
) -> None:
    window = opened()
    document, turns = window.document, window.conversation.turns
    assert document.session is not None and document.clip is not None
    for number in range(14):
        edit = replace(document.edit_of(number), title=f"a turn with many words, number {number}")
        document.session, _, _ = hand_turn(document.session, document.clip, edit)
    document.chosen = document.session.head
    document.changed.emit()
    idle(qtbot, window)
    window.resize(1100, 700)
    bar = turns.verticalScrollBar()
    assert bar is not None and bar.maximum() > 0 and bar.value() == bar.maximum()
    bar.setValue(0)
    item = turns.item(clicked)
    place = turns.visualItemRect(item)
    viewport = turns.viewport()
    assert viewport is not None
    if place.bottom() > viewport.height():
        bar.setValue(bar.value() + place.bottom() - viewport.height() + 10)
    before = bar.value()
    spot = turns.visualItemRect(item).center()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=spot)
    idle(qtbot, window)
    assert document.chosen == document.session.head == clicked
    assert [each.data(INDEX) for each in turns.selectedItems()] == [clicked]
    assert turns.currentRow() == clicked
    assert bar.value() == before  # what was clicked stays under the pointer
    # The keys go on from there.
    turns.setFocus()
    qtbot.keyClick(turns, Qt.Key.Key_Down)
    idle(qtbot, window)
    assert document.chosen == clicked + 1
    assert [each.data(INDEX) for each in turns.selectedItems()] == [clicked + 1]


def test_the_turn_that_is_being_made_has_a_row(qtbot: QtBot, opened: Opener) -> None:
    window = opened(LONG)
    turns = window.conversation.turns
    window.document.send("make it sound like a church")
    window.document.send("and " + 40 * "long ")
    qtbot.waitUntil(lambda: window.document.best is not None, timeout=PATIENT)
    last = turns.item(turns.count() - 1)
    assert last is not None and last.data(INDEX) == RUNNING == turns.currentItem().data(INDEX)
    assert last.text().startswith("1  make it sound like a church\n") and "score" in last.text()
    queue = window.conversation.queue
    bar = queue.horizontalScrollBar()
    assert queue.isVisible() and bar is not None and not bar.isVisible()
    turns.setCurrentRow(0)  # listened to meanwhile
    assert not window.document.following and window.document.chosen == 0
    turns.setCurrentRow(1)
    assert window.document.following
    window.run("stop")
    idle(qtbot, window)
    assert turns.count() == 2 and turns.currentItem().data(INDEX) == 1


def test_undo_can_be_typed(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    window.chain.add("rev")
    idle(qtbot, window)
    session = window.document.session
    assert session is not None and session.head == 1
    for text, head in (("Undo", 0), ("redo.", 1)):
        window.conversation.instruction.setText(text)
        window.conversation.send()
        idle(qtbot, window)
        now = window.document.session
        assert now is not None and (now.head, len(now.turns)) == (head, 1)
        assert not window.conversation.instruction.text()


def test_the_tree_has_a_lane_for_each_branch() -> None:
    line = nodes([0, 0, 1, 2])
    assert [node.lane for node in line] == [0, 0, 0, 0]
    assert line[0] == Node(0, True, (), (0,)) and line[3] == Node(0, False, (), ())
    # 3 goes on from 1 beside 2; 4 from 2; 5 from the start.
    found = nodes([0, 0, 1, 1, 2, 0])
    assert [node.lane for node in found] == [0, 0, 0, 1, 0, 2]
    assert found[1].leaving == (0, 1) and found[0].leaving == (0, 2)
    assert found[2].passing == (1, 2) and found[3].passing == (0, 2) and found[4].passing == (2,)
    for row in range(len(found)):  # no line goes through a dot
        assert found[row].lane not in found[row].passing
