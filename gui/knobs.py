"""A knob as it stands on a card: slider, value with its unit that can be typed, and lock."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QValidator, QWheelEvent
from PyQt6.QtWidgets import QDoubleSpinBox, QSlider, QToolButton, QWidget

from gui.icons import padlock
from gui.sliders import Slider
from gui.telling import plain
from gui.translations import translate
from ifx_bridge.effects.entry import typed as number
from ifx_bridge.effects.spec import Parameter

STEPS = 1000
# A press of an arrow key turns a knob by this part of its way.
NUDGE = 0.01


def typed(parameter: Parameter, text: str) -> float | None:
    """The value that a person typed, within the ends; None when it is no number."""
    value = number(parameter, text)
    return None if value is None else parameter.clamp(value)


class ValueBox(QDoubleSpinBox):
    """A value in its unit; takes `1.2k`, `350 ms`, `40 %`, and turns by even steps to the ear.

    Attributes:
        said: Why what was typed is not what stands there now.
    """

    said = pyqtSignal(str)

    def __init__(self, parameter: Parameter, name: str) -> None:
        """Of a parameter; `name` is for screen readers."""
        self.parameter = parameter
        super().__init__()
        self.setDecimals(6)
        self.setRange(parameter.low, parameter.high)
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._text = ""
        line = self.lineEdit()
        assert line is not None
        line.textEdited.connect(self._remember)
        self.editingFinished.connect(self._tell)

    def _remember(self, text: str) -> None:
        self._text = text

    def _tell(self) -> None:
        text, self._text = self._text.strip(), ""
        if not text:
            return
        about, found = self.parameter, typed(self.parameter, text)
        if found is None:
            self.said.emit(
                translate("knobs", "“{text}” is no value of {title}: it stays {value}.").format(
                    text=text, title=about.title, value=self.text()
                )
            )
        elif found in (about.low, about.high) and plain(about.text(found)) != self._shown(text):
            low, high = plain(about.text(about.low)), plain(about.text(about.high))
            self.said.emit(
                translate("knobs", "{title} goes from {low} to {high}: it is {value} now.").format(
                    title=about.title, low=low, high=high, value=self.text()
                )
            )

    def _shown(self, text: str) -> str:
        """What was typed as it would be shown, were there no ends."""
        value = number(self.parameter, text)
        return "" if value is None else plain(self.parameter.text(value))

    def textFromValue(self, value: float) -> str:
        """With its unit."""
        return plain(self.parameter.text(value))

    def valueFromText(self, text: str | None) -> float:
        """As a person types it."""
        found = typed(self.parameter, text or "")
        return self.value() if found is None else self.parameter.clamp(found)

    def validate(self, text: str | None, position: int):
        """Anything may be typed; what is no number is not taken."""
        known = typed(self.parameter, text or "") is not None
        state = QValidator.State.Acceptable if known else QValidator.State.Intermediate
        return state, text or "", position

    def fixup(self, text: str | None) -> str:
        """Back to the value."""
        return self.textFromValue(self.value())

    def stepBy(self, steps: int) -> None:
        """By even steps of the knob's way."""
        position = self.parameter.to_unit(self.value()) + steps * NUDGE
        self.setValue(self.parameter.from_unit(position))

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Only with the focus: the page scrolls otherwise."""
        if event is not None and not self.hasFocus():
            event.ignore()
            return
        super().wheelEvent(event)


class Knob(QObject):
    """The widgets of one parameter, kept at one value.

    Attributes:
        turned: The user chose a value.
        locked: The user locked it or not.
    """

    turned = pyqtSignal(float)
    locked = pyqtSignal(bool)

    def __init__(self, parent: QWidget, parameter: Parameter, effect: str) -> None:
        """Of an effect's parameter; the owner lays `slider`, `box` and `lock` out."""
        super().__init__(parent)
        self.parameter = parameter
        name = f"{effect} {parameter.title}"
        still = parameter.neutral
        self.slider = Slider(0 if still is None else round(STEPS * parameter.to_unit(still)))
        self.slider.setRange(0, STEPS)
        self.slider.setPageStep(STEPS // 10)
        self.slider.setSingleStep(round(STEPS * NUDGE))
        self.slider.setAccessibleName(name)
        self.slider.setMinimumWidth(40)
        self.slider.installEventFilter(self)
        self.box = ValueBox(parameter, translate("knobs", "{name} value").format(name=name))
        self.box.setFixedWidth(86)
        self.lock = QToolButton()
        self.lock.setCheckable(True)
        self.lock.setIcon(padlock(False))
        self.lock.setFixedWidth(28)
        self.lock.setAccessibleName(translate("knobs", "Lock {name}").format(name=name))
        self.lock.setToolTip(translate("knobs", "Locked: no instruction moves it"))
        more = parameter.description or translate("knobs", "more of it")
        tip = translate("knobs", "{title}: turned up, {more}").format(
            title=parameter.title, more=more
        )
        self.slider.setToolTip(
            translate("knobs", "{tip}. Double-click for {default}").format(
                tip=tip, default=parameter.text(parameter.default)
            )
        )
        self.box.setToolTip(
            translate("knobs", "{tip}. Type a value with or without its unit").format(tip=tip)
        )
        self.slider.valueChanged.connect(self._slid)
        self.box.valueChanged.connect(self._typed)
        self.lock.clicked.connect(self._locked)
        self._value = float("nan")
        self.show(parameter.default)

    @property
    def value(self) -> float:
        """In the parameter's unit."""
        return self._value

    def show(self, value: float, locked: bool = False) -> None:
        """Show a value without telling anyone."""
        if value != self._value:
            self._value = value
            self._place(self.slider, round(STEPS * self.parameter.to_unit(value)))
            self._place(self.box, value)
            self.slider.setAccessibleDescription(plain(self.parameter.text(value)))
        self.lock.setChecked(locked)
        self.lock.setIcon(padlock(locked))

    def _place(self, widget: QSlider | QDoubleSpinBox, value: float) -> None:
        widget.blockSignals(True)
        widget.setValue(value)  # type: ignore[arg-type]
        widget.blockSignals(False)

    def _slid(self, position: int) -> None:
        self._turn(self.parameter.from_unit(position / STEPS))

    def _typed(self, value: float) -> None:
        self._turn(value)

    def _turn(self, value: float) -> None:
        if self.parameter.choices:
            value = float(round(value))
        if value != self._value:
            self.show(value, self.lock.isChecked())
            self.turned.emit(value)

    def _locked(self, yes: bool) -> None:
        self.lock.setIcon(padlock(yes))
        self.locked.emit(yes)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """A double click is the default; the wheel turns only what has the focus."""
        if event is not None and watched is self.slider:
            if event.type() == QEvent.Type.MouseButtonDblClick:
                self._turn(self.parameter.default)
                return True
            if event.type() == QEvent.Type.Wheel and not self.slider.hasFocus():
                event.ignore()
                return True
            if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Delete:
                if event.type() == QEvent.Type.KeyPress:
                    self._turn(self.parameter.default)
                return True
        return super().eventFilter(watched, event)
