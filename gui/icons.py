"""Pictures of our own, drawn when they are needed: sharp at any size, in the window's colours."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from gui import theme

SIZES = (16, 24, 32, 48, 64, 128, 256)


def application() -> QIcon:
    """A bridge whose deck is a wave."""
    icon = QIcon()
    for size in SIZES:
        icon.addPixmap(_drawn(size, _bridge))
    return icon


def padlock(closed: bool) -> QIcon:
    """A lock, open or closed: told apart by its shape, not by its colour."""
    return QIcon(_drawn(32, lambda painter: _padlock(painter, closed)))


def _drawn(size: int, draw) -> QPixmap:
    """What `draw` paints into a square of 32 units."""
    made = QPixmap(size, size)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / 32, size / 32)
    draw(painter)
    painter.end()
    return made


def _bridge(painter: QPainter) -> None:
    colours = theme.DARK  # the same on every desktop
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours.card))
    painter.drawRoundedRect(QRectF(0, 0, 32, 32), 7, 7)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = QPen(QColor(colours.dry), 2.4)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    arch = QPainterPath(QPointF(5, 25))
    arch.cubicTo(9, 11, 23, 11, 27, 25)
    painter.drawPath(arch)
    pen.setColor(QColor(colours.accent))
    painter.setPen(pen)
    for x, half in ((6, 2.0), (11, 6.0), (16, 8.0), (21, 5.0), (26, 2.5)):
        painter.drawLine(QPointF(x, 15 - half), QPointF(x, 15 + half))


def _padlock(painter: QPainter, closed: bool) -> None:
    colours = theme.current
    colour = QColor(colours.on_accent if closed else colours.quiet)
    pen = QPen(colour, 3)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    bow = QPainterPath(QPointF(10, 15))
    bow.lineTo(10, 10)
    bow.cubicTo(10, 3, 22, 3, 22, 10)
    if closed:
        bow.lineTo(22, 15)
    painter.drawPath(bow)
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(7.5, 15.5, 17, 12), 2, 2)
