"""The window in another language: every text is asked for, and every text is in the catalog."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator
from PyQt6.QtGui import QAction, QTextDocument
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QTabBar,
    QTableWidget,
    QTabWidget,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gui import translations
from gui.commands import COMMANDS, MENUS, NEEDS
from gui.daw_desk import DawDesk
from gui.dialogs import KeysDialog, command_chooser
from gui.main_window import Window
from gui.midi_control import MidiDialog
from gui.pictures import Picture
from gui.preferences import PreferencesDialog
from gui.push_dialog import PushDialog
from gui.settings import SETTINGS
from gui.source_panel import IDEA
from gui.telling import before, plain
from ifx_bridge.daw.automation import CURVES
from ifx_bridge.demo import clips
from ifx_bridge.effects import spec
from ifx_bridge.effects.chain import Chain
from ifx_bridge.effects.describe import changes
from tests.gui.conftest import Opener, idle

ROOT = Path(__file__).resolve().parents[2]
INSTRUCTION = "make it warmer"
MODULES = {path.stem for path in (ROOT / "gui").glob("*.py")}
PLACEHOLDER = re.compile(r"(\{[^}]*\})")
# Names and units, which are the same in every language; A and B are the sides of the comparison.
NAMES = re.compile(
    r"\b(IFX Bridge|IFX|DAW|MIDI|WAV|EQ|LAION-CLAP|A|B|dB|Hz|kHz|s|ms|bpm|GB)\b|#\w+"
)


class Marker(QTranslator):
    """Turns every text of the window into a marked one, and leaves its placeholders free."""

    def translate(self, context, source, disambiguation=None, n=-1):  # type: ignore[override]
        if context not in MODULES:  # what Qt and pyqtgraph themselves say
            return None
        parts = PLACEHOLDER.split(source)
        return "".join(p if PLACEHOLDER.fullmatch(p) else f"«{p}»" for p in parts if p)

    def isEmpty(self) -> bool:
        return False


@pytest.fixture
def marked(qapp: QApplication) -> Iterator[None]:
    marker = Marker()
    qapp.installTranslator(marker)
    yield
    qapp.removeTranslator(marker)


def unmarked(text: str, values: list[str]) -> str:
    """What is left of a shown text without what was translated, values, names and tags."""
    for value in values:
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", " ", text)
    text = re.sub(r"«[^«»]*»", " ", text)
    text = NAMES.sub(" ", re.sub(r"<[^>]*>|&nbsp;", " ", text))
    return " ".join(re.findall(r"[^\W\d_]+", text))


def shown(top: QWidget) -> Iterator[tuple[str, str]]:
    """Everything that can be read in a window or dialog, with where it stands."""
    for widget in [top, *top.findChildren(QWidget)]:
        if isinstance(widget.parent(), QDialogButtonBox | QTabBar):
            continue  # Cancel, Scroll Left: of Qt
        where = f"{type(widget).__name__} {widget.accessibleName() or widget.objectName()}"
        texts = [widget.toolTip(), widget.statusTip(), widget.accessibleName(),
                 widget.accessibleDescription()]  # fmt: skip
        if widget.isWindow():
            texts.append(widget.windowTitle())
        if isinstance(widget, QAbstractButton | QLabel):
            texts.append(widget.text())
        elif isinstance(widget, QLineEdit):
            texts.append(widget.placeholderText())
        elif isinstance(widget, QTextEdit):
            texts.append(widget.toPlainText())
        elif isinstance(widget, QProgressBar):
            texts.append(widget.format().replace("%p", ""))
        elif isinstance(widget, QTabWidget):
            for at in range(widget.count()):
                texts += [widget.tabText(at), widget.tabToolTip(at)]
        elif isinstance(widget, QListWidget):
            for row in range(widget.count()):
                item = widget.item(row)
                assert item is not None
                texts += [item.text(), item.toolTip()]
        elif isinstance(widget, QTableWidget):
            for column in range(widget.columnCount()):
                header = widget.horizontalHeaderItem(column)
                texts.append(header.text() if header is not None else "")
                cells = [widget.item(row, column) for row in range(widget.rowCount())]
                texts += [cell.text() for cell in cells if cell is not None]
        elif isinstance(widget, QComboBox):
            texts += [widget.itemText(at) for at in range(widget.count())]
        elif isinstance(widget, Picture):
            texts += [axis["item"].labelText for axis in widget.getPlotItem().axes.values()]
            texts += [note.toPlainText() for note in (getattr(widget, "note", None),) if note]
            legend = widget.getPlotItem().legend
            texts += [text.text for _, text in legend.items] if legend is not None else []
        yield from ((where, text) for text in texts if text)
    for action in top.findChildren(QAction):
        if action.objectName() in COMMANDS or action.menu() is not None:
            yield from ((f"action {action.objectName()}", text)
                        for text in (action.text(), action.toolTip(), action.statusTip())
                        if text)  # fmt: skip


def engine_speaks(window: Window) -> list[str]:
    """Values, names of files, and what the engine says: longest first."""
    found = {str(path) for path in clips().values()} | {p.name for p in clips().values()}
    found |= {name.capitalize() for name in clips()} | {IDEA, INSTRUCTION}
    for effect in spec.effects():
        found |= {effect.title, effect.description}
        for parameter in effect.parameters:
            found |= {parameter.title, parameter.title.rsplit(" ", 1)[0].removesuffix(" peak")}
            found |= {parameter.description, parameter.text(parameter.default)}
            found |= set(parameter.choices or ())
    session, place = window.document.session, window.document.workspace
    found |= {str(place.folder)} if place is not None else set()
    for turn in session.turns if session is not None else ():
        found |= {turn.explanation, turn.instruction, turn.brain, *turn.notes}
        found |= {plain(each.text) for each in changes(before(session, turn), turn.as_chain())}
    # What PortAudio says.
    found |= set(re.findall("»([^«]*)«", window.listening.player.reason))
    plain_text = QTextDocument()
    for text in list(found):
        plain_text.setHtml(text)
        found.add(plain_text.toPlainText())
    return sorted(filter(None, found), key=len, reverse=True)


def catalog(folder: Path) -> set[tuple[str | None, str | None]]:
    """Context and text of all that the extraction finds."""
    path = folder / "ifx.ts"
    subprocess.run([sys.executable, str(ROOT / "tools/texts.py"), str(path)], check=True)
    assert [each.name for each in folder.iterdir()] == ["ifx.ts"]
    return {
        (context.findtext("name"), message.findtext("source"))
        for context in ET.parse(path).getroot().iter("context")
        for message in context.iter("message")
    }


def left(top: QWidget, values: list[str]) -> list[str]:
    return [
        f"{where}: {text!r} leaves {rest!r}"
        for where, text in shown(top)
        if (rest := unmarked(text, values))
    ]


@pytest.mark.usefixtures("marked")
def test_nothing_in_the_window_is_left_in_english(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    assert not left(window, engine_speaks(window))
    window.document.send(INSTRUCTION)
    qtbot.waitUntil(lambda: window.document.chosen == 1, timeout=60_000)
    idle(qtbot, window)
    values = engine_speaks(window)
    assert not left(window, values)
    told = window.statusBar()
    assert told is not None and not unmarked(told.currentMessage(), values)
    window.listening.hear_a(True)
    idle(qtbot, window)
    assert not left(window, values)
    assert any("«Turn »1" in text for _, text in shown(window))


@pytest.mark.usefixtures("marked")
def test_an_empty_window_is_translated(qtbot: QtBot) -> None:
    window = Window()
    qtbot.addWidget(window)
    assert not left(window, engine_speaks(window))
    assert any("«Open…»" in text for _, text in shown(window))
    for menu in MENUS:
        bar = window.menuBar()
        assert bar is not None and f"«{menu}»" in [each.text() for each in bar.actions()]


@pytest.mark.usefixtures("marked")
def test_dialogs_are_translated(qtbot: QtBot) -> None:
    window = Window()
    qtbot.addWidget(window)
    choices = {each for s in SETTINGS if s.choices is not None for each in s.choices()}
    keys = {key for each in COMMANDS.values() for key in each.keys}
    values = sorted({*engine_speaks(window), *choices, *keys} - {""}, key=len, reverse=True)
    preferences = PreferencesDialog(window, window.settings)
    qtbot.waitUntil(lambda: not preferences.working, timeout=60_000)
    for dialog in (preferences, KeysDialog(window), command_chooser(window, set()),
                   MidiDialog(window, window.daw.midi, window.settings)):  # fmt: skip
        assert not left(dialog, values), type(dialog).__name__
    preferences.reject()
    desk = DawDesk(window)
    push = PushDialog(window, desk, "", Chain(), Chain(), Path())
    assert not left(push, [*CURVES, *values])
    for index in range(push.way.count()):  # what is done does not hang on the language
        push.way.setCurrentIndex(index)
        assert push.over_time.isHidden() == (index == 0)
        assert push.start.isEnabled() == (index == 1)
    push.reject()


def test_the_marker_finds_what_was_forgotten(qtbot: QtBot, marked: None) -> None:
    forgotten = QLabel("forgotten")
    qtbot.addWidget(forgotten)
    assert left(forgotten, []) == ["QLabel : 'forgotten' leaves 'forgotten'"]
    forgotten.setText("«Hearing »guitar.wav")
    assert left(forgotten, ["guitar.wav"]) == []
    spin = QDoubleSpinBox()
    qtbot.addWidget(spin)
    spin.setToolTip("«more of »this")
    assert len(left(spin, [])) == 1


def bare(node: ast.AST) -> str:
    """The words of a text that stands in the code as it is; empty for what is translated."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return unmarked(node.value, [])
    if isinstance(node, ast.JoinedStr):
        return " ".join(filter(None, map(bare, node.values)))
    if isinstance(node, ast.BinOp):
        return f"{bare(node.left)} {bare(node.right)}".strip()
    if isinstance(node, ast.IfExp):
        return f"{bare(node.body)} {bare(node.orelse)}".strip()
    if isinstance(node, ast.BoolOp):
        return " ".join(filter(None, map(bare, node.values)))
    return ""


def shown_bare(code: str) -> Iterator[str]:
    """Texts that code shows without translating them: in a widget, a line, an error."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name == "emit" and isinstance(called, ast.Attribute):
            name = getattr(called.value, "attr", "")
        values = [*node.args, *(each.value for each in node.keywords)]
        yield from (f"{node.lineno}: {bare(each)}"
                    for each in values[SHOWING.get(name, slice(0))] if bare(each))  # fmt: skip


# What shows texts, and which of its arguments are texts.
SHOWING = dict.fromkeys(
    ("setText", "setToolTip", "setAccessibleName", "setAccessibleDescription",
     "setPlaceholderText", "setWindowTitle", "setStatusTip", "setFormat", "setPlainText",
     "setLabelText", "addAction", "addItem", "addItems", "label", "say", "said", "told",
     "QCheckBox", "QLabel"), slice(1)
) | dict.fromkeys(
    ("button", "DragButton", "_tool", "setTabToolTip", "ask_where", "ask_which", "Chooser"),
    slice(2),
) | {"UserError": slice(3), "State": slice(2, 3)}  # fmt: skip


def test_no_text_is_shown_as_it_stands_in_the_code() -> None:
    # Status lines, errors and states that no window of these tests happens to show.
    assert list(shown_bare("made.setToolTip(f'{n} more')")) == ["1: more"]
    assert list(shown_bare("self.said.emit('Done.' if yes else translate('a', 'b'))")) == [
        "1: Done"
    ]
    told = {}
    for path in sorted((ROOT / "gui").glob("*.py")):
        if path.name != "command.py":  # speaks to the terminal, before there is Qt
            told[path.name] = list(shown_bare(path.read_text()))
    assert {name: texts for name, texts in told.items() if texts} == {}


def test_the_catalog_has_the_text_of_every_command_and_setting(tmp_path: Path) -> None:
    found = catalog(tmp_path)
    wanted = {("commands", text) for each in COMMANDS.values() for text in (each.title, each.text)}
    wanted |= {("commands", text) for text in (*MENUS, *NEEDS.values())}
    wanted |= {("settings", text) for each in SETTINGS for text in (each.title, each.text)}
    assert wanted <= found
    for name, text in (
        ("listen_panel", "&Export WAV…"),
        ("telling", "score {score}"),
        ("push_dialog", "Ramp into a MIDI file…"),
        ("source_panel", "Beats a minute"),
    ):
        assert (name, text) in found


@pytest.mark.usefixtures("marked")
def test_every_text_that_is_asked_for_is_in_the_catalog(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[tuple[str, str]] = set()
    real = QCoreApplication.translate

    def noting(context: str, text: str) -> str:
        if context in MODULES:
            asked.add((context, text))
        return real(context, text)

    monkeypatch.setattr(translations.QCoreApplication, "translate", noting)
    window = Window()
    qtbot.addWidget(window)
    monkeypatch.undo()
    assert len(asked) > 150
    assert asked <= catalog(tmp_path)


def test_a_translation_is_taken_by_its_locale_and_english_needs_none(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    before = set(qapp.findChildren(QTranslator))
    assert not translations.install(qapp, QLocale("de_AT"))
    qt = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)) / "qtbase_de.qm"
    shutil.copy(qt, tmp_path / "de.qm")  # a compiled catalog that is at hand
    assert not translations.install(qapp, QLocale("en_GB"))
    try:
        assert translations.install(qapp, QLocale("de_AT"))
        assert translations.translate("QPlatformTheme", "Cancel") == "Abbrechen"
        assert translations.translate("listen_panel", "Curve") == "Curve"  # not in the catalog
    finally:
        for each in set(qapp.findChildren(QTranslator)) - before:
            qapp.removeTranslator(each)
            each.deleteLater()
    assert translations.translate("QPlatformTheme", "Cancel") == "Cancel"
