"""The conversation: the turns, what each did, what is being done, and the instruction box."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QModelIndex, QObject, QPointF, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPen
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QSplitter,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTextEdit,
)

from gui import telling, theme
from gui.document import Document
from gui.listening import Listening
from gui.parts import Panel, button, row
from ifx_bridge.errors import UserError
from ifx_bridge.refine import Progress

INDEX = Qt.ItemDataRole.UserRole
ON_WAY = Qt.ItemDataRole.UserRole + 1
GUTTER, PADDING = 30, 8
WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft
HINT = "Say how it should sound…"
EMPTY = """<h3>Say it in words</h3>
<p>Open a recording on the left, then type how it should sound:</p>
<p><i>make it sound like a church<br>a bit warmer<br>too harsh, soften it<br>cut 3 dB at 300 Hz<br>
like turn 2 but brighter</i></p>
<p>Every instruction becomes a turn. Click one to hear it, see its knobs, and go on from there;
none is ever lost. Ctrl+K finds every command.</p>"""


class Rows(QStyledItemDelegate):
    """A turn as what was said, then quietly what there is to know, beside the line of the turns.

    The dot on the line is full for what leads to what is heard, and hollow beside that way.
    """

    def _fonts(self, option: QStyleOptionViewItem, index: QModelIndex) -> tuple[QFont, QFont]:
        said = QFont(index.data(Qt.ItemDataRole.FontRole) or option.font)
        said.setPixelSize(13)
        return said, QFont(option.font)

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
        lines = self._heights(width - GUTTER - PADDING, option, index)
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
        x, y = area.left() + 14, area.top() + PADDING + 8
        painter.setPen(QPen(QColor(colours.line), 2))
        above = option.rect.top() if index.row() else y
        model = index.model()
        last = model is None or index.row() + 1 == model.rowCount()
        below = y if last else option.rect.bottom() + 1
        painter.drawLine(QPointF(x, above), QPointF(x, below))
        painter.setPen(QPen(QColor(colours.accent if way else colours.quiet), 2))
        painter.setBrush(QColor(colours.accent if way else colours.field))
        painter.drawEllipse(QPointF(x, y), 4.5, 4.5)
        top, width = option.rect.top() + PADDING - 1, option.rect.width() - GUTTER - PADDING
        inks = (colours.text if way else colours.quiet, colours.quiet)
        for (text, font, height), ink in zip(
            self._heights(width, option, index), inks, strict=True
        ):
            painter.setFont(font)
            painter.setPen(QColor(ink))
            painter.drawText(QRect(option.rect.left() + GUTTER, top, width, height), WRAPPED, text)
            top += height + 1
        painter.restore()


class ConversationPanel(Panel):
    """Turns of a session, and a place to ask for the next."""

    def __init__(self, document: Document, listening: Listening) -> None:
        """Of a document."""
        super().__init__("Conversation")
        self.document, self.listening = document, listening
        self.turns = QListWidget()
        self.turns.setAccessibleName("Turns")
        self.turns.setToolTip("Click a turn to hear it and go on from there")
        self.turns.setWordWrap(True)
        self.turns.setItemDelegate(Rows(self.turns))
        self.turns.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.turns.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.turns.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.turns.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.turns.currentItemChanged.connect(self._selected)
        self.turns.itemClicked.connect(self._selected)  # the one that is chosen already, too
        self.details = QTextEdit()
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setAccessibleName("What changed")
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.addWidget(self.turns)
        halves.addWidget(self.details)
        halves.setChildrenCollapsible(False)
        halves.setSizes([300, 330])
        self.rows.addWidget(halves, 1)

        self.queue = QListWidget()
        self.queue.setAccessibleName("Waiting instructions")
        self.queue.setToolTip("These wait for their turn; Delete takes one back")
        self.queue.setMaximumHeight(66)
        self.queue.installEventFilter(self)
        self.queue.hide()
        self.rows.addWidget(self.queue)
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress")
        self.bar.setToolTip("What is being done, and the best score so far")
        self.stop_button = button("S&top", "Stop and keep the best so far (Esc)", document.stop)
        self.rows.addLayout(row(self.bar, self.stop_button, stretch=0))
        self.instruction = QLineEdit()
        self.instruction.setObjectName("ask")
        self.instruction.setPlaceholderText(HINT)
        self.instruction.setToolTip("What to do to the sound; Enter sends it (Ctrl+L comes here)")
        self.instruction.setAccessibleName("Instruction")
        self.instruction.returnPressed.connect(self.send)
        self.instruction.installEventFilter(self)
        self.send_button = button(
            "&Send", "Carry out the instruction (Enter)", self.send, primary=True
        )
        self.rows.addLayout(row(self.instruction, self.send_button, stretch=0))

        document.changed.connect(self.refresh)
        document.working.connect(self.show_work)
        document.progressed.connect(self._progressed)
        document.problem.connect(self._failed)
        self.refresh()
        self.show_work()

    def send(self) -> None:
        """Carry out what stands in the instruction box, after what is still running."""
        if self.document.send(self.instruction.text()):
            self.instruction.setText("")  # not clear(): Ctrl+Z is the turn's from here on

    def write(self) -> None:
        """Go to the instruction box."""
        self.instruction.setFocus()
        self.instruction.selectAll()

    # What is shown.

    def refresh(self) -> None:
        """Show the turns as they are."""
        session, chosen = self.document.session, self.document.chosen
        self.turns.blockSignals(True)
        self.turns.clear()
        if session is not None:
            on_path = {turn.index for turn in session.path()}
            here = " · you are here" if session.head == 0 else ""
            rows = [(0, f"Dry clip\nthe recording as it came{here}")]
            for turn in session.turns:
                rows.append((turn.index, telling.row(session, turn, turn.index in on_path)))
            for index, text in rows:
                item = QListWidgetItem(text)
                item.setData(INDEX, index)
                item.setData(ON_WAY, not index or index in on_path)
                font = item.font()
                font.setBold(index == session.head)
                item.setFont(font)
                self.turns.addItem(item)
                if index == chosen:
                    self.turns.setCurrentItem(item)
        self.turns.blockSignals(False)
        self.turns.setVisible(session is not None)
        if session is None:
            self.details.setHtml(EMPTY)
        elif chosen:
            self.details.setHtml(telling.page(session, session.turn(chosen)))
        else:
            self.details.setPlainText("The recording as it came.")
        if (current := self.turns.currentItem()) is not None:
            self.turns.scrollToItem(current)

    def show_work(self) -> None:
        """Show what is being done and what waits."""
        document = self.document
        self.stop_button.setEnabled(
            document.refining and document.job is not None and not document.job.cancelled
        )
        self.send_button.setEnabled(document.clip is not None)
        waiting = document.instructions
        self.queue.clear()
        self.queue.addItems([f"waiting: {text}" for text in waiting])
        self.queue.setVisible(bool(waiting))
        for part in (self.bar, self.stop_button):
            part.setVisible(document.busy)
        if not document.busy:
            self.bar.setRange(0, 1)
            self.bar.setValue(0)
            self.bar.setFormat("Ready" if document.clip is not None else "Nothing open yet")
        elif document.best is None:
            self.bar.setRange(0, 1)
            doing = "understanding" if document.refining else document.doing
            self.bar.setFormat(f"{doing}…")

    def _progressed(self, step: Progress) -> None:
        self.bar.setRange(0, max(1, step.steps))
        self.bar.setValue(step.step)
        waiting = len(self.document.instructions)
        more = f" · {waiting} waiting" if waiting else ""
        self.bar.setFormat(f"{step.stage} · best score {step.score:.2f}{more}")

    def _selected(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.document.choose(item.data(INDEX))

    def _failed(self, error: UserError) -> None:
        if self.document.doing and self.document.clip is not None and not self.instruction.text():
            session = self.document.session
            last = session.turns[-1].instruction if session and session.turns else ""
            if self.document.doing != last and not self.document.doing.startswith("reading "):
                self.instruction.setText(self.document.doing)  # to be sent again
        self.document.doing = ""

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Keys that mean something else here than in the window."""
        if isinstance(event, QKeyEvent):
            if watched is self.queue and event.type() == QEvent.Type.KeyPress:
                if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
                    self.document.unqueue(self.queue.currentRow())
                    return True
            elif event.type() == QEvent.Type.ShortcutOverride and watched is self.instruction:
                undoing = event.matches(QKeySequence.StandardKey.Undo)
                redoing = event.matches(QKeySequence.StandardKey.Redo)
                if (undoing and not self.instruction.isUndoAvailable()) or (
                    redoing and not self.instruction.isRedoAvailable()
                ):
                    event.ignore()  # no text to undo: it means the turn
                    return True
        return super().eventFilter(watched, event)
