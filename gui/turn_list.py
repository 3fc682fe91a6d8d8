"""The list of turns beside their tree."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QModelIndex, QPointF, QRect, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QMouseEvent, QPainter, QPainterPath, QPen
from PyQt6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from gui import theme
from gui.tree import Node

INDEX = Qt.ItemDataRole.UserRole
ON_WAY = Qt.ItemDataRole.UserRole + 1
NODE = Qt.ItemDataRole.UserRole + 2
# In place of an index: the turn that is being made.
RUNNING = -1
# From the left edge to the first lane, from lane to lane, and to the text; lanes that are drawn.
MARGIN, LANE, GAP, LANES = 14, 11, 16, 6
PADDING = 8
WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft
ROOT = Node()


@dataclass(frozen=True)
class Row:
    """One row of the list.

    Attributes:
        index: Of the turn, or `RUNNING`.
        text: What was said, and below what there is to know.
        node: Its place in the tree.
        on_way: Whether it leads to what is heard.
        head: Whether the next instruction goes on from it.
        tip: More to know.
    """

    index: int
    text: str
    node: Node = ROOT
    on_way: bool = True
    head: bool = False
    tip: str = ""


def _x(lane: int) -> int:
    """Where a lane is drawn, from the left edge of a row."""
    return MARGIN + LANE * min(lane, LANES - 1)


class Rows(QStyledItemDelegate):
    """A turn as what was said, then quietly what there is to know, beside the tree of the turns.

    The dot is full for what leads to what is heard, and hollow beside that way.
    """

    def _fonts(self, option: QStyleOptionViewItem, index: QModelIndex) -> tuple[QFont, QFont]:
        said = QFont(index.data(Qt.ItemDataRole.FontRole) or option.font)
        said.setPixelSize(13)
        return said, QFont(option.font)

    def _gutter(self) -> int:
        view = self.parent()
        assert isinstance(view, Turns)
        return _x(view.lanes) + GAP

    def _heights(self, width: int, option: QStyleOptionViewItem, index: QModelIndex):
        texts = str(index.data()).split("\n", 1)
        for text, font in zip(texts, self._fonts(option, index), strict=True):
            room = QRect(0, 0, width, 4000)
            yield text, font, QFontMetrics(font).boundingRect(room, WRAPPED, text).height()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """For the list's width."""
        view = self.parent()
        assert isinstance(view, QListWidget)
        width = (view.viewport() or view).width()
        lines = self._heights(width - self._gutter() - PADDING, option, index)
        return QSize(width, sum(height for *_, height in lines) + 2 * PADDING)

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw a row."""
        if painter is None:
            return
        colours, area = theme.current, QRectF(option.rect).adjusted(1, 1, -1, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QColor(colours.accent))
            painter.setBrush(QColor(colours.card))
            painter.drawRoundedRect(area, 6, 6)
        way = bool(index.data(ON_WAY))
        self._tree(painter, option.rect, index.data(NODE) or Node(), way)
        gutter = self._gutter()
        top, width = option.rect.top() + PADDING - 1, option.rect.width() - gutter - PADDING
        inks = (colours.text if way else colours.quiet, colours.quiet)
        for (text, font, height), ink in zip(
            self._heights(width, option, index), inks, strict=True
        ):
            painter.setFont(font)
            painter.setPen(QColor(ink))
            painter.drawText(QRect(option.rect.left() + gutter, top, width, height), WRAPPED, text)
            top += height + 1
        painter.restore()

    def _tree(self, painter: QPainter, area: QRect, node: Node, way: bool) -> None:
        colours = theme.current
        top, bottom = area.top(), area.bottom() + 1
        dot = QPointF(area.left() + _x(node.lane), top + 1 + PADDING + 8)
        painter.setPen(QPen(QColor(colours.line), 2))
        for lane in node.passing:
            x = area.left() + _x(lane)
            painter.drawLine(QPointF(x, top), QPointF(x, bottom))
        if not node.begins:
            painter.drawLine(QPointF(dot.x(), top), dot)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for lane in node.leaving:
            x = area.left() + _x(lane)
            path, turn = QPainterPath(dot), min(bottom, dot.y() + 2 * LANE)
            path.cubicTo(QPointF(dot.x(), turn), QPointF(x, dot.y()), QPointF(x, turn))
            path.lineTo(QPointF(x, bottom))
            painter.drawPath(path)
        painter.setPen(QPen(QColor(colours.accent if way else colours.quiet), 2))
        painter.setBrush(QColor(colours.accent if way else colours.field))
        painter.drawEllipse(dot, 4.5, 4.5)


class Turns(QListWidget):
    """The list of turns: a click or a key chooses one.

    Attributes:
        picked: Index of the turn that the user chose.
    """

    picked = pyqtSignal(int)

    def __init__(self) -> None:
        """Empty."""
        super().__init__()
        self.lanes = 0
        self.pressing = False
        self.currentItemChanged.connect(self._pick)

    def _pick(self, item: QListWidgetItem | None) -> None:
        if item is not None and not self.pressing:
            self.picked.emit(item.data(INDEX))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose what was pressed after Qt has marked it.

        What follows a choice changes rows, and Qt marks what lies under the pointer then.
        """
        if event is None:
            return
        self.pressing = True
        super().mousePressEvent(event)
        if (item := self.itemAt(event.position().toPoint())) is not None:
            self.picked.emit(item.data(INDEX))
        self.pressing = False

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """A drag over the rows chooses none of them."""

    def show_rows(self, rows: list[Row], chosen: int) -> None:
        """Show rows, each in its place: what has not changed is not touched.

        Args:
            rows: From above.
            chosen: Index of the turn whose row is marked.
        """
        self.blockSignals(True)
        lanes = max((row.node.lane for row in rows), default=0)
        if lanes != self.lanes:
            self.lanes = lanes
            self.scheduleDelayedItemsLayout()
        while self.count() > len(rows):
            self.takeItem(self.count() - 1)
        for at, row in enumerate(rows):
            if at == self.count():
                self.addItem(QListWidgetItem())
            item = self.item(at)
            assert item is not None
            font = item.font()
            font.setBold(row.head)
            for role, value in (
                (Qt.ItemDataRole.DisplayRole, row.text), (INDEX, row.index), (ON_WAY, row.on_way),
                (NODE, row.node), (Qt.ItemDataRole.FontRole, font),
                (Qt.ItemDataRole.ToolTipRole, row.tip),
            ):  # fmt: skip
                if item.data(role) != value:
                    item.setData(role, value)
            if row.index == chosen and self.currentRow() != at:
                self.setCurrentRow(at)
        self.blockSignals(False)
        # A row that was clicked stays under the pointer.
        if not self.pressing and (current := self.currentItem()) is not None:
            self.scrollToItem(current)
