"""The conversation: the turns, what each did, what is being done, and the instruction box."""

from __future__ import annotations

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QEvent, QObject, Qt
from PyQt6.QtGui import QKeyEvent, QKeySequence
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QSplitter,
    QTextEdit,
)

from gui import telling
from gui.document import Document
from gui.listening import Listening
from gui.parts import Panel, button, row
from gui.translations import translate
from gui.tree import nodes
from gui.turn_list import RUNNING, Row, Rows, Turns
from ifx_bridge.errors import UserError
from ifx_bridge.refine import Progress

QUEUE_ROWS = 3
HINT = QT_TRANSLATE_NOOP("conversation_panel", "What to change?")
EMPTY = QT_TRANSLATE_NOOP(
    "conversation_panel",
    """<h3>Say it in words</h3>
<p>Open a recording on the left, then type how it should sound:</p>
<p><i>make it sound like a church<br>a bit warmer<br>too harsh, soften it<br>cut 3 dB at 300 Hz<br>
like turn 2 but brighter</i></p>
<p>Every instruction becomes a turn. Click one to hear it, see its knobs, and go on from there;
none is ever lost. Ctrl+K finds every command.</p>""",
)


class ConversationPanel(Panel):
    """Turns of a session, and a place to ask for the next."""

    def __init__(self, document: Document, listening: Listening) -> None:
        """Of a document."""
        super().__init__(translate("conversation_panel", "Conversation"))
        self.document, self.listening = document, listening
        self.turns = Turns()
        self.turns.setAccessibleName(translate("conversation_panel", "Turns"))
        self.turns.setToolTip(
            translate("conversation_panel", "Click a turn to hear it and go on from there")
        )
        self.turns.setWordWrap(True)
        self.turns.setItemDelegate(Rows(self.turns))
        self.turns.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.turns.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.turns.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.turns.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.turns.picked.connect(self._picked)
        self.details = QTextEdit()
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setAccessibleName(translate("conversation_panel", "What changed"))
        self.halves = halves = QSplitter(Qt.Orientation.Vertical)
        halves.addWidget(self.turns)
        halves.addWidget(self.details)
        halves.setChildrenCollapsible(False)
        halves.setSizes([300, 330])
        self.rows.addWidget(halves, 1)

        self.queue = QListWidget()
        self.queue.setAccessibleName(translate("conversation_panel", "Waiting instructions"))
        self.queue.setToolTip(
            translate("conversation_panel", "These wait for their turn; Delete takes one back")
        )
        self.queue.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.queue.setUniformItemSizes(True)
        self.queue.installEventFilter(self)
        self.queue.hide()
        self.rows.addWidget(self.queue)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(translate("conversation_panel", "Progress"))
        self.bar.setToolTip(
            translate("conversation_panel", "What is being done, and the best score so far")
        )
        self.stop_button = button(
            translate("conversation_panel", "S&top"),
            translate("conversation_panel", "Stop and keep the best so far (Esc)"),
            document.stop,
        )
        self.rows.addLayout(row(self.bar, self.stop_button, stretch=0))
        self.instruction = QLineEdit()
        self.instruction.setObjectName("ask")
        self.instruction.setPlaceholderText(translate("conversation_panel", HINT))
        self.instruction.setToolTip(
            translate(
                "conversation_panel", "What to do to the sound; Enter sends it (Ctrl+L comes here)"
            )
        )
        self.instruction.setAccessibleName(translate("conversation_panel", "Instruction"))
        self.instruction.returnPressed.connect(self.send)
        self.instruction.installEventFilter(self)
        self.send_button = button(
            translate("conversation_panel", "&Send"),
            translate("conversation_panel", "Carry out the instruction (Enter)"),
            self.send,
            primary=True,
        )
        self.rows.addLayout(row(self.instruction, self.send_button, stretch=0))

        self._stage = ""
        document.changed.connect(self.refresh)
        document.working.connect(self.show_work)
        document.edited.connect(self._show_rows)
        document.progressed.connect(self._progressed)
        document.problem.connect(self._failed)
        self.refresh()
        self.show_work()

    def send(self) -> None:
        """Carry out what stands in the instruction box, after what is still running."""
        walk = {"undo": self.document.undo, "redo": self.document.redo}.get(self._typed())
        if walk is not None and self.document.session is not None:
            if self.document.busy:
                self.document.said.emit(
                    translate("conversation_panel", "Wait until the turn is done, or stop it.")
                )
                return
            walk()  # as the command does: it is no turn of its own
            self.instruction.setText("")
        elif self.document.send(self.instruction.text()):
            self.instruction.setText("")  # not clear(): Ctrl+Z is the turn's from here on

    def _typed(self) -> str:
        return self.instruction.text().strip().lower().rstrip(".!")

    def write(self) -> None:
        """Go to the instruction box."""
        self.instruction.setFocus()
        self.instruction.selectAll()

    # What is shown.

    def refresh(self) -> None:
        """Show the turns as they are."""
        session, chosen = self.document.session, self.document.chosen
        self._show_rows()
        self.turns.setVisible(session is not None)
        if session is None:
            self.details.setHtml(translate("conversation_panel", EMPTY))
        elif chosen:
            self.details.setHtml(telling.page(session, session.turn(chosen)))
        else:
            self.details.setPlainText(translate("conversation_panel", "The recording as it came."))

    def _show_rows(self) -> None:
        document, session = self.document, self.document.session
        if session is None:
            self.turns.show_rows([], 0)
            return
        on_path = {0, *(turn.index for turn in session.path())}
        parents = [0, *(turn.parent for turn in session.turns)]
        if document.refining:
            parents.append(session.head)
        tree = nodes(parents)
        dry = f"{translate('conversation_panel', 'Dry clip')}\n"
        dry += translate("conversation_panel", "the recording as it came")
        if session.head == 0:
            dry += " · " + translate("conversation_panel", "you are here")
        rows = [Row(0, dry, tree[0], True, not session.head)]
        for turn in session.turns:
            at, way = turn.index, turn.index in on_path
            text = telling.row(session, turn, way)
            tip = translate("conversation_panel", "Score: {meaning}").format(
                meaning=telling.score_tip(turn)
            )
            rows.append(Row(at, text, tree[at], way, at == session.head, tip))
        if document.refining:
            text = f"{len(rows)}  {document.doing}\n{self._stage}"
            rows.append(Row(RUNNING, text, tree[-1], True))
        self.turns.show_rows(rows, RUNNING if document.following else document.chosen)

    def show_work(self) -> None:
        """Show what is being done and what waits."""
        document = self.document
        if document.best is None:
            self._stage = translate("conversation_panel", "working…")
        self._show_rows()
        self.stop_button.setEnabled(
            document.refining and document.job is not None and not document.job.cancelled
        )
        self.send_button.setEnabled(document.clip is not None)
        waiting = document.instructions
        self.queue.clear()
        self.queue.addItems(
            [
                translate("conversation_panel", "waiting: {text}").format(
                    text=" ".join(text.split())
                )
                for text in waiting
            ]
        )
        for at, text in enumerate(waiting):
            if (item := self.queue.item(at)) is not None:
                item.setToolTip(text)
        height = min(QUEUE_ROWS, len(waiting)) * max(1, self.queue.sizeHintForRow(0))
        self.queue.setFixedHeight(height + 2 * self.queue.frameWidth() + 6)
        self.queue.setVisible(bool(waiting))
        for part in (self.bar, self.stop_button):
            part.setVisible(document.busy)
        if not document.busy:
            self.bar.setRange(0, 1)
            self.bar.setValue(0)
            self.bar.setFormat(
                translate("conversation_panel", "Ready")
                if document.clip is not None
                else translate("conversation_panel", "Nothing open yet")
            )
        elif document.best is None:
            self.bar.setRange(0, 1)
            doing = (
                translate("conversation_panel", "understanding")
                if document.refining
                else document.doing
            )
            self.bar.setFormat(f"{doing}…")

    def _progressed(self, step: Progress) -> None:
        self.bar.setRange(0, max(1, step.steps))
        self.bar.setValue(step.step)
        best = translate("conversation_panel", "best score {score:.2f}").format(score=step.score)
        self.bar.setFormat(best)
        self._stage = f"{step.stage} · {best.replace(' ', telling.SPACE)}"
        self._show_rows()

    def _picked(self, index: int) -> None:
        if index == RUNNING:
            self.document.follow()
        else:
            self.document.choose(index)

    def _failed(self, error: UserError) -> None:
        asked, self.document.asked = self.document.asked, ""
        if asked and not self.instruction.text():
            session = self.document.session
            last = session.turns[-1].instruction if session and session.turns else ""
            if asked != last:
                self.instruction.setText(asked)  # to be sent again

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
