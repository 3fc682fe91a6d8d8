"""Pushing a turn: what would be set, then what became of each value; at once or over time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QT_TRANSLATE_NOOP
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui.daw_desk import DawDesk
from gui.files import ask_where
from gui.parts import button, label
from gui.translations import translate
from ifx_bridge.effects.chain import Chain
from ifx_bridge.refine import Progress

if TYPE_CHECKING:
    from ifx_bridge.daw.link import DawParameter, PushReport, Reading
    from ifx_bridge.daw.push import Preview

COLUMNS = (
    QT_TRANSLATE_NOOP("push_dialog", "What"),
    QT_TRANSLATE_NOOP("push_dialog", "Device"),
    QT_TRANSLATE_NOOP("push_dialog", "Parameter"),
    QT_TRANSLATE_NOOP("push_dialog", "Before"),
    QT_TRANSLATE_NOOP("push_dialog", "To"),
    QT_TRANSLATE_NOOP("push_dialog", "Result"),
)
STAYS = QT_TRANSLATE_NOOP("push_dialog", "stays")
NOW, RAMP, FILE = (
    QT_TRANSLATE_NOOP("push_dialog", "Set the values now"),
    QT_TRANSLATE_NOOP("push_dialog", "Ramp from the turn before"),
    QT_TRANSLATE_NOOP("push_dialog", "Ramp into a MIDI file…"),
)
SECONDS, BARS = (
    QT_TRANSLATE_NOOP("push_dialog", "seconds"),
    QT_TRANSLATE_NOOP("push_dialog", "bars of 4"),
)
WORDS = {
    "confirmed": QT_TRANSLATE_NOOP("push_dialog", "confirmed"),
    "unconfirmed": QT_TRANSLATE_NOOP("push_dialog", "unconfirmed"),
    "refused": QT_TRANSLATE_NOOP("push_dialog", "refused"),
}
SIGNS = {"confirmed": "✓", "unconfirmed": "?", "refused": "✗"}
USUAL_TEMPO = 120.0


class PushDialog(QDialog):
    """First what would be set, then what became of it."""

    def __init__(
        self,
        parent: QWidget,
        desk: DawDesk,
        title: str,
        before: Chain,
        after: Chain,
        folder: Path,
    ) -> None:
        """Of a turn and of the one before it; reads the track at once.

        `folder` is where a MIDI file is proposed to go.
        """
        super().__init__(parent)
        self.desk, self.folder = desk, folder
        self.setWindowTitle(translate("push_dialog", "Push to the DAW"))
        self.resize(860, 520)
        self.first: Preview | None = None
        self.last: Preview | None = None
        self.plan: Preview | None = None
        self.report: PushReport | None = None
        self.heading = label(f"“{title}”", "title", wrap=True)
        self.summary = label(translate("push_dialog", "Reading the track…"), wrap=True)
        self.summary.setAccessibleName(translate("push_dialog", "What would be set"))
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.setAccessibleName(translate("push_dialog", "Values"))
        self.table.setHorizontalHeaderLabels([translate("push_dialog", each) for each in COLUMNS])
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        header, numbers = self.table.horizontalHeader(), self.table.verticalHeader()
        assert header is not None and numbers is not None
        numbers.hide()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.notes = label("", "quiet", wrap=True)
        self.notes.setAccessibleName(translate("push_dialog", "What to mind"))
        self.way = QComboBox()
        self.way.setAccessibleName(translate("push_dialog", "How"))
        for way in (NOW, RAMP, FILE):
            self.way.addItem(translate("push_dialog", way), way)
        self.way.currentTextChanged.connect(lambda text: self._choose())
        self.length = _number(translate("push_dialog", "Length"), 0.1, 600, 4)
        self.unit = QComboBox()
        self.unit.setAccessibleName(translate("push_dialog", "Unit of the length"))
        for unit in (SECONDS, BARS):
            self.unit.addItem(translate("push_dialog", unit), unit)
        self.start = _number(
            translate("push_dialog", "Begins at, in seconds of the project"), 0, 86400, 0
        )
        self.curve = QComboBox()
        self.curve.setAccessibleName(translate("push_dialog", "Curve"))
        from ifx_bridge.daw.automation import CURVES

        self.curve.addItems(list(CURVES))
        self.curve.setCurrentText("smooth")
        self.over_time = QWidget()
        times = QHBoxLayout(self.over_time)
        times.setContentsMargins(0, 0, 0, 0)
        for field in (
            label(translate("push_dialog", "over")),
            self.length,
            self.unit,
            label(translate("push_dialog", "from second")),
            self.start,
            self.curve,
        ):
            times.addWidget(field)
        self.progress = QProgressBar()
        self.progress.setAccessibleName(translate("push_dialog", "Values done"))
        self.progress.hide()
        self.push_button = button(
            translate("push_dialog", "&Push"),
            translate("push_dialog", "Set these values and read each back"),
            self.push,
        )
        self.push_button.setObjectName("primary")
        self.stop_button = button(
            translate("push_dialog", "&Stop"),
            translate("push_dialog", "Stop; what was set stays and is told"),
            desk.stop,
        )
        self.close_button = button(
            translate("push_dialog", "&Close"),
            translate("push_dialog", "Close this dialog"),
            self.reject,
        )
        line = QHBoxLayout()
        line.addWidget(self.way)
        line.addWidget(self.over_time)
        line.addStretch(1)
        for part in (self.stop_button, self.close_button, self.push_button):
            line.addWidget(part)
        rows = QVBoxLayout(self)
        rows.addWidget(self.heading)
        rows.addWidget(self.summary)
        rows.addWidget(self.table, 1)
        rows.addWidget(self.notes)
        rows.addWidget(self.progress)
        rows.addLayout(line)
        desk.changed.connect(self._refresh)
        desk.problem.connect(self._failed)
        desk.moved.connect(self._moved)
        self._unwatch: Callable[[], None] = lambda: None
        self._choose()
        desk.preview(before, after, self._planned)
        self._refresh()

    # What would be set.

    def _planned(self, found: tuple[Preview, Preview, Preview]) -> None:
        self.first, self.last, self.plan = found
        plan = self.plan
        self.summary.setText(plan.summary[0].upper() + plan.summary[1:])
        on = translate("push_dialog", "{device} is switched on.")
        off = translate("push_dialog", "{device} is switched off.")
        notes = [(on if s.on else off).format(device=s.device.name) for s in plan.switches]
        notes += plan.warnings
        self.notes.setText("\n".join("· " + text for text in notes))
        rows = [(part, want) for part in plan.parts for want in part.wanted]
        self.table.setRowCount(len(rows))
        for at, (part, want) in enumerate(rows):
            before = _value(want.parameter.value, want.parameter.text)
            to = str(want.display) if want.display is not None else _value(want.value)
            to = (
                translate("push_dialog", STAYS)
                if _value(want.parameter.value) == _value(want.value)
                else to
            )
            texts = (want.title, part.device.name, want.parameter.name, before, to, "")
            for column, text in enumerate(texts):
                self.table.setItem(at, column, QTableWidgetItem(text))
        self._refresh()

        self._unwatch()
        self._unwatch = self.desk.watch_values(plan)

    def _moved(self, parameter: DawParameter, reading: Reading) -> None:
        """A value is another in the DAW by now."""
        wanted = [w for part in self.plan.parts for w in part.wanted] if self.plan else []
        for at, want in enumerate(wanted):
            if want.parameter.key == parameter.key:
                text = reading.text or f"{reading.value:.4g}"
                self.table.setItem(at, 3, QTableWidgetItem(text))

    def _choose(self) -> None:
        now = self.way.currentData() == NOW
        self.over_time.setVisible(not now)
        self.push_button.setText(
            translate("push_dialog", "&Push") if now else translate("push_dialog", "&Write")
        )
        self.start.setEnabled(self.way.currentData() == RAMP)

    def _refresh(self) -> None:
        busy = self.desk.busy
        self.push_button.setEnabled(not busy and self.plan is not None and not self.plan.empty)
        self.stop_button.setEnabled(busy)
        self.way.setEnabled(not busy)
        if not busy:
            self.progress.hide()

    # What became of it.

    def push(self) -> None:
        """Do what is chosen."""
        if self.plan is None or self.first is None or self.last is None:
            return
        self.progress.setRange(0, max(1, self.plan.count))
        self.progress.setValue(0)
        self.progress.show()
        way = self.way.currentData()
        if way == NOW:
            self.desk.push(self.plan, self._progressed, self._done)
            return
        from ifx_bridge.daw.automation import Ramp

        file = None
        if way == FILE:
            file = ask_where(
                self,
                translate("push_dialog", "MIDI file"),
                self.folder / "ramp.mid",
                ".mid",
                "MIDI",
            )
            if file is None:
                return
        scene, curve = self.desk.scene, self.curve.currentText()
        tempo = (scene.transport.tempo if scene is not None else None) or USUAL_TEMPO
        start = self.start.value() if way == RAMP else 0.0
        if self.unit.currentData() == BARS:
            ramp = Ramp.bars(start, self.length.value(), tempo, curve=curve)
        else:
            ramp = Ramp(start, self.length.value(), curve)
        self.desk.ramp(self.first, self.last, ramp, file, self._progressed, self._done)

    def _progressed(self, step: Progress) -> None:
        self.progress.setRange(0, max(1, step.steps))
        self.progress.setValue(step.step)

    def _done(self, report: PushReport) -> None:
        self.report = report
        told = counted(report) or translate("push_dialog", "Nothing was set")
        self.summary.setText(
            translate("push_dialog", "{told} in {seconds:.1f} s.").format(
                told=told, seconds=report.seconds
            )
        )
        ended = {write.parameter.key: write for write in report.writes}
        plan = self.plan
        assert plan is not None
        wanted = [want for part in plan.parts for want in part.wanted]
        for at, want in enumerate(wanted):
            write = ended.get(want.parameter.key)
            text = translate("push_dialog", "as before") if write is None else _became(write.status)
            if write is not None and write.reason:
                text += f": {write.reason}"
            elif write is not None and write.found is not None and self.way.currentData() == NOW:
                text += f": {_value(write.found, write.text)}"
            self.table.setItem(at, len(COLUMNS) - 1, QTableWidgetItem(text))
        lost = [
            f"{write.parameter.name}: {_word(write.status)}, {write.reason}."
            for write in report.writes
            if write.status != "confirmed"
            and not any(write.parameter.key == w.parameter.key for w in wanted)
        ]  # switches have no row
        self.notes.setText("\n".join("· " + text for text in (*lost, *report.notes)))
        self._refresh()

    def _failed(self, error: Any) -> None:
        lines = [error.what, error.kept, error.next_step]
        self.summary.setText("⚠ " + " ".join(line for line in lines if line))
        self._refresh()

    def done(self, result: int) -> None:
        """Closed: what runs is stopped."""
        self.desk.changed.disconnect(self._refresh)
        self.desk.problem.disconnect(self._failed)
        self.desk.moved.disconnect(self._moved)
        self._unwatch()
        self.desk.stop()
        super().done(result)


def counted(report: PushReport) -> str:
    """How many values became what, in words; empty where none was written."""
    counts = [(len(report.of(state)), state) for state in WORDS]  # type: ignore[arg-type]
    return ", ".join(f"{count} {_word(state)}" for count, state in counts if count)


def _word(state: str) -> str:
    return translate("push_dialog", WORDS[state])


def _became(state: str) -> str:
    return f"{SIGNS[state]} {_word(state)}"


def _value(value: float, text: str = "") -> str:
    """A value as the DAW shows it, else to three figures; what is next to nothing is 0."""
    return text or f"{0.0 if abs(value) < 1e-6 else value:.3g}"


def _number(name: str, low: float, high: float, value: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setAccessibleName(name)
    box.setToolTip(name)
    box.setDecimals(1)
    box.setRange(low, high)
    box.setValue(value)
    return box
