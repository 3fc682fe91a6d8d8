"""The conversation: the turns, what each did, what is being done, and the instruction box."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QModelIndex, QObject, QRect, QSize, Qt
from PyQt6.QtGui import QFontMetrics, QKeyEvent, QKeySequence
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QSplitter,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTextEdit,
)

from gui import telling
from gui.document import Document
from gui.listening import Listening
from gui.parts import Panel, button, row
from ifx_bridge.errors import UserError
from ifx_bridge.refine import Progress

INDEX = Qt.ItemDataRole.UserRole
HINT = "Say how it should sound…"
EMPTY = """<h3>Say it in words</h3>
<p>Open a recording on the left, then type how it should sound:</p>
<p><i>make it sound like a church<br>a bit warmer<br>too harsh, soften it<br>cut 3 dB at 300 Hz<br>
like turn 2 but brighter</i></p>
<p>Every instruction becomes a turn. Click one to hear it, see its knobs, and go on from there;
none is ever lost. Ctrl+K finds every command.</p>"""


class Rows(QStyledItemDelegate):
    """Rows as tall as their text; Qt forgets what the style sheet puts around it."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """For the list's width."""
        view = self.parent()
        assert isinstance(view, QListWidget)
        width = (view.viewport() or view).width() - 22
        font = index.data(Qt.ItemDataRole.FontRole) or option.font
        flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft
        room = QFontMetrics(font).boundingRect(QRect(0, 0, width, 4000), flags, index.data())
        return QSize(width, room.height() + 14)


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
