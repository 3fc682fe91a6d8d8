"""Sliders that show how far a value is from where it does nothing."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSlider

from gui import theme

GROOVE, HANDLE = 4.0, 6.0


class Slider(QSlider):
    """A horizontal slider that is filled from `middle`, and goes where it is clicked."""

    def __init__(self, middle: int = 0) -> None:
        """Filled from the position that does nothing."""
        super().__init__(Qt.Orientation.Horizontal)
        self.middle = middle
        self.setMinimumHeight(18)

    def sizeHint(self) -> QSize:
        """Low."""
        return QSize(84, 18)

    def _x(self, position: float) -> float:
        span = max(1, self.maximum() - self.minimum())
        return HANDLE + 1 + (position - self.minimum()) / span * (self.width() - 2 * HANDLE - 2)

    def _at(self, x: float) -> int:
        room = max(1.0, self.width() - 2 * HANDLE - 2)
        share = min(1.0, max(0.0, (x - HANDLE - 1) / room))
        return round(self.minimum() + share * (self.maximum() - self.minimum()))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Groove, fill, a tick at the middle, and the handle."""
        colours, painter = theme.current, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        y = self.height() / 2
        on = self.isEnabled()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.line))
        painter.drawRoundedRect(
            QRectF(1, y - GROOVE / 2, self.width() - 2, GROOVE), GROOVE / 2, GROOVE / 2
        )
        here, middle = self._x(self.sliderPosition()), self._x(self.middle)
        painter.setBrush(QColor(colours.accent if on else colours.quiet))
        left = min(here, middle) if self.middle > self.minimum() else 1.0
        right = max(here, middle) if self.middle > self.minimum() else here
        painter.drawRoundedRect(
            QRectF(left, y - GROOVE / 2, max(0.0, right - left), GROOVE), GROOVE / 2, GROOVE / 2
        )
        if self.minimum() < self.middle < self.maximum():
            painter.setPen(QPen(QColor(colours.quiet), 1))
            painter.drawLine(QPointF(middle, y - 6), QPointF(middle, y + 6))
        painter.setPen(
            QPen(QColor(colours.accent), 2) if self.hasFocus() else QPen(QColor(colours.card), 2)
        )
        painter.setBrush(QColor(colours.text if on else colours.quiet))
        painter.drawEllipse(QPointF(here, y), HANDLE, HANDLE)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Go there, and follow the mouse."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            if abs(event.position().x() - self._x(self.sliderPosition())) > HANDLE:
                self.setSliderPosition(self._at(event.position().x()))
            event.accept()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Follow the mouse."""
        if event is not None and self.isSliderDown():
            self.setSliderPosition(self._at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Stay."""
        self.setSliderDown(False)
