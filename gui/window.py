"""The first window: a clip, an instruction, the turns, and their sound against the dry."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from html import escape
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
    QPalette,
)
from PyQt6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMainWindow,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from gui.player import Player
from gui.worker import Job, Work
from ifx_bridge import audio, engine, workspace
from ifx_bridge.audio import Clip
from ifx_bridge.brain import announcement
from ifx_bridge.effects.chain import Chain
from ifx_bridge.effects.describe import changes
from ifx_bridge.engine import Engine, TurnResult
from ifx_bridge.errors import UserError
from ifx_bridge.refine import Progress
from ifx_bridge.session import Session, Turn, save
from ifx_bridge.session import load as load_session
from ifx_bridge.workspace import Workspace

FILES = "Recordings and sessions (*.wav *.aif *.aiff *.flac *.mp3 *.ogg *.json)"
CLOSE_WAIT_MS = 20_000
# Sounds kept in memory beside the dry clip; others are read again from the folder.
SOUNDS_KEPT = 8
INDEX = Qt.ItemDataRole.UserRole


class Window(QMainWindow):
    """One session about one clip."""

    def __init__(self, out: Path | None = None, machine: Engine | None = None) -> None:
        """Empty.

        Args:
            out: Folder for the results; by default one named after the clip.
            machine: What carries out the instructions.
        """
        super().__init__()
        self.machine = machine or Engine()
        self.out = out
        self.clip: Clip | None = None
        self.session: Session | None = None
        self.workspace: Workspace | None = None
        self.job: Job | None = None
        self.readers: set[Job] = set()
        self.doing = ""
        self.waiting: deque[str] = deque()
        self.sounds: dict[int, NDArray[np.float32]] = {}
        self.player = Player()
        self.setWindowTitle("IFX Bridge")
        self.resize(900, 600)
        self.setAcceptDrops(True)
        self._build()
        self._refresh()
        self._say(self.player.reason or "Open a dry recording, or drop one here.")

    # Building.

    def _build(self) -> None:
        self.open_button = self._button("&Open…", "Open a recording or a session.json (Ctrl+O)")
        self.open_button.clicked.connect(self._choose)
        self.clip_label = QLabel("No clip")
        self.clip_label.setTextFormat(Qt.TextFormat.PlainText)
        self.clip_label.setAccessibleName("Clip")

        self.instruction = QLineEdit()
        self.instruction.setPlaceholderText("Say how it should sound: 'like a church', 'too harsh'")
        self.instruction.setToolTip("What to do to the sound; Enter sends it (Ctrl+L comes here)")
        self.instruction.setAccessibleName("Instruction")
        self.instruction.returnPressed.connect(self.send)
        self.instruction.installEventFilter(self)
        self.send_button = self._button("&Send", "Carry out the instruction (Enter)")
        self.send_button.clicked.connect(self.send)

        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress")
        self.bar.setToolTip("What is being done, and the best score so far")
        self.stop_button = self._button("S&top", "Stop and keep the best so far (Esc)")
        self.stop_button.setShortcut(QKeySequence("Esc"))
        self.stop_button.clicked.connect(self.stop)

        self.turns = QListWidget()
        self.turns.setAccessibleName("Turns")
        self.turns.setToolTip("Choose what to hear; the next instruction goes on from the bold one")
        self.turns.setWordWrap(True)
        self.turns.setSpacing(3)
        self.turns.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.turns.currentItemChanged.connect(self._selected)
        self.details = QTextEdit()
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setAccessibleName("What changed")
        page_of_details = self.details.document()
        assert page_of_details is not None
        page_of_details.setDocumentMargin(10)

        self.play_button = self._button("&Play", "Play or pause, in a loop (Space)")
        self.play_button.setMinimumWidth(90)
        self.play_button.clicked.connect(self._toggle_play)
        self.dry_box = QCheckBox("Hear the d&ry clip (A/B)")
        self.dry_box.setAccessibleName("Hear the dry clip")
        self.dry_box.setToolTip("Switch between the dry clip and the chosen turn, as loud (D)")
        self.dry_box.toggled.connect(self._set_sound)
        self.dry_box.installEventFilter(self)

        self.notice = QLabel()
        self.notice.setTextFormat(Qt.TextFormat.PlainText)
        self.notice.setWordWrap(True)
        self.notice.setMargin(8)
        self.notice.setAutoFillBackground(True)
        self.notice.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.notice.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self.notice.setAccessibleName("Problem")
        self.notice.hide()

        top, ask, work, listen = (QHBoxLayout() for _ in range(4))
        top.addWidget(self.open_button)
        top.addWidget(self.clip_label, 1)
        ask.addWidget(self.instruction, 1)
        ask.addWidget(self.send_button)
        work.addWidget(self.bar, 1)
        work.addWidget(self.stop_button)
        listen.addWidget(self.play_button)
        listen.addWidget(self.dry_box, 1)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.addWidget(self.turns)
        halves.addWidget(self.details)
        halves.setChildrenCollapsible(False)
        halves.setSizes([400, 500])
        page = QWidget()
        rows = QVBoxLayout(page)
        rows.setContentsMargins(12, 12, 12, 8)
        rows.setSpacing(10)
        for row in (top, ask, work):
            rows.addLayout(row)
        rows.addWidget(halves, 1)
        rows.addWidget(self.notice)
        rows.addLayout(listen)
        self.setCentralWidget(page)

        menu_bar = self.menuBar()
        assert menu_bar is not None
        file_menu, edit_menu, hear_menu = (
            menu_bar.addMenu(name) for name in ("&File", "&Edit", "&Listen")
        )
        assert file_menu is not None and edit_menu is not None and hear_menu is not None
        file_menu.addAction(self._action("Open…", self._choose, "Ctrl+O"))
        file_menu.addAction(self._action("Quit", self.close, "Ctrl+Q"))
        self.undo_action = self._action("Undo turn", self.undo, "Ctrl+Z")
        self.redo_action = self._action("Redo turn", self.redo, "Ctrl+Shift+Z", "Ctrl+Y")
        edit_menu.addActions([self.undo_action, self.redo_action])
        write = self._action("Write an instruction", self._write, "Ctrl+L")
        edit_menu.addAction(write)
        self.play_action = self._action("Play or pause", self._toggle_play, "Space", "Ctrl+Space")
        self.dry_action = self._action("Dry or turn", self.dry_box.toggle, "D", "Ctrl+D")
        hear_menu.addActions([self.play_action, self.dry_action])
        self.instruction.setFocus()

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAccessibleName(text.replace("&", "").rstrip("…"))
        button.setAutoDefault(False)
        button.installEventFilter(self)
        return button

    def _action(self, text: str, do: Callable[[], object], *keys: str) -> QAction:
        action = QAction(text, self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.triggered.connect(lambda: do())
        return action

    def _write(self) -> None:
        self.instruction.setFocus()
        self.instruction.selectAll()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Who gets a key that both a part of the window and the window know."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            if isinstance(watched, QAbstractButton) and event.key() == Qt.Key.Key_Space:
                event.accept()  # Space presses the button that has the focus
                return True
            undoing = event.matches(QKeySequence.StandardKey.Undo)
            redoing = event.matches(QKeySequence.StandardKey.Redo)
            if watched is self.instruction and (
                (undoing and not self.instruction.isUndoAvailable())
                or (redoing and not self.instruction.isRedoAvailable())
            ):
                event.ignore()  # no text to undo: it means the turn
                return True
        return super().eventFilter(watched, event)

    # What the user does.

    def open_source(self, source: Path) -> None:
        """Open a recording, or a saved session about one, in the background."""
        if self.job is not None:
            self._say("Wait until the turn is done, or stop it, before opening something else.")
            return
        is_session = source.suffix.lower() == ".json"
        read = self._read_session if is_session else self._read_clip
        self._run(lambda report, stopped: read(source), self._opened, f"reading {source.name}")
        self._say(f"Reading {source.name}…")

    def _read_clip(self, path: Path) -> tuple[Clip, Session, Workspace, Path | None]:
        clip = audio.load(path)
        return self._placed(clip, engine.open_session(clip), None)

    def _read_session(self, path: Path) -> tuple[Clip, Session, Workspace, Path | None]:
        about = load_session(path).clip
        source = Path(about.path)
        if not source.is_file():
            raise UserError(
                f"The recording that {path.name} is about, {source}, is not there any more.",
                kept="The session is untouched.",
                next_step=f"Put {about.name} back there, or open it alone for a new session.",
            )
        clip = audio.load(source, allow_clipped=True)  # accepted when the session was made
        return self._placed(clip, workspace.resume(path, clip), path)

    def _placed(
        self, clip: Clip, session: Session, found: Path | None
    ) -> tuple[Clip, Session, Workspace, Path | None]:
        beside = found.resolve().parent if found is not None else Path(f"{clip.path.stem}-ifx")
        place = Workspace(self.out or beside)
        continuing = found is not None and place.session_path.resolve() == found.resolve()
        aside = None if continuing else place.set_aside()
        place.open(session, clip)
        self.machine.load()
        return clip, session, place, aside

    def send(self) -> None:
        """Carry out what stands in the instruction box, after what is still running."""
        text = self.instruction.text().strip()
        if not text:
            return
        if self.clip is None:
            self._say("Open a recording first (Ctrl+O, or drop it here).")
            return
        self.waiting.append(text)
        self.instruction.setText("")  # not clear(): Ctrl+Z is the turn's from here on
        self.notice.hide()
        if self.job is not None:
            self._say(f"“{text}” waits for its turn ({len(self.waiting)} waiting).")
        self._next()

    def stop(self) -> None:
        """Stop the turn; the best so far is kept. Waiting instructions are dropped."""
        if self.job is None:
            return
        dropped = f" Dropped: {', '.join(self.waiting)}." if self.waiting else ""
        self.waiting.clear()
        self.job.cancel()
        self.stop_button.setEnabled(False)
        self._say(f"Stopping; the best so far is kept.{dropped}")

    def undo(self) -> None:
        """Go to the turn before."""
        self._walk("undo")

    def redo(self) -> None:
        """Go to the turn that was undone."""
        self._walk("redo")

    def _walk(self, how: str) -> None:
        if self.session is None or self.workspace is None or self.job is not None:
            return
        try:
            self.session = getattr(self.session, how)()
            save(self.session, self.workspace.session_path)
        except UserError as error:
            self._problem(error)
        head = self.session.head
        self._refresh(select=head)
        where = f"turn {head}, “{self.session.turn(head).instruction}”" if head else "the dry clip"
        self._say(f"The next instruction goes on from {where}.")

    # The background.

    def _run(self, work: Work, then: Callable[..., None], doing: str) -> None:
        job = Job(work, self)
        job.progressed.connect(self._progressed)
        job.succeeded.connect(then)
        job.failed.connect(self._failed)
        job.finished.connect(self._done)
        self.job = job
        self.notice.hide()
        self.bar.setRange(0, 1)
        self.bar.setFormat(f"{doing}…")
        self._refresh()
        job.start()

    def _next(self) -> None:
        if self.job is not None or not self.waiting or self.clip is None or self.session is None:
            self._refresh()
            return
        text, session, clip = self.waiting.popleft(), self.session, self.clip
        place = self.workspace
        assert place is not None

        def work(report, stopped) -> tuple[TurnResult, UserError | None]:
            result = self.machine.turn(session, clip, text, report, stopped)
            try:
                place.add(result.session, result.turn, result.audio, clip)
            except UserError as error:  # the turn can be heard all the same
                return result, error
            return result, None

        self.doing = text
        self._run(work, self._turned, "understanding")
        self._say(f"Working on: {text}")

    def _opened(self, found: tuple[Clip, Session, Workspace, Path | None]) -> None:
        self.clip, self.session, self.workspace, aside = found
        self.sounds = {0: self.clip.samples}
        seconds, rate = self.clip.seconds, self.clip.sample_rate
        channels = {1: "mono", 2: "stereo"}.get(
            self.clip.channels, f"{self.clip.channels} channels"
        )
        self.clip_label.setText(f"{self.clip.path.name} · {seconds:.1f} s · {rate} Hz · {channels}")
        self.dry_box.setChecked(False)
        self._refresh(select=self.session.head)
        kept = f" The session that was there is kept in {aside}." if aside else ""
        off = f" {self.player.reason}" if self.player.reason else ""
        told = announcement(self.machine.brain)
        self._say(
            f"Ready. {told} Results go to {self.workspace.folder}.{kept}{off}".replace("  ", " ")
        )

    def _turned(self, found: tuple[TurnResult, UserError | None]) -> None:
        result, unsaved = found
        turn = result.turn
        self.session, self.doing = result.session, ""
        self._keep(turn.index, result.audio)
        self.dry_box.setChecked(False)
        self._refresh(select=turn.index)
        if unsaved is not None:
            self._problem(unsaved)
        elif not turn.understood:
            self._say(f"Turn {turn.index} changed nothing: say it in other words.")
        elif not turn.finished:
            self._say(f"Stopped. Turn {turn.index} is the best so far, and it is saved.")
        else:
            self._say(f"Turn {turn.index} is done and saved ({turn.seconds:.1f} s).")

    def _progressed(self, step: Progress) -> None:
        self.bar.setRange(0, max(1, step.steps))
        self.bar.setValue(step.step)
        more = f" · {len(self.waiting)} waiting" if self.waiting else ""
        self.bar.setFormat(f"{step.stage} · best score {step.score:.2f}{more}")

    def _failed(self, error: UserError) -> None:
        if not self.instruction.text():
            self.instruction.setText(self.doing)  # to be sent again
        self.doing = ""
        self._problem(error)

    def _done(self) -> None:
        job, self.job = self.job, None
        if job is not None:
            job.deleteLater()
        self._next()

    def _problem(self, error: UserError) -> None:
        self.notice.setText("\n".join(p for p in (error.what, error.kept, error.next_step) if p))
        self.notice.show()
        self._say(str(error))

    # What is shown.

    def _refresh(self, select: int | None = None) -> None:
        busy = self.job is not None
        self.stop_button.setEnabled(busy)
        self.send_button.setEnabled(self.clip is not None)
        self.open_button.setEnabled(not busy)
        session = self.session
        self.undo_action.setEnabled(not busy and session is not None and session.head > 0)
        self.redo_action.setEnabled(not busy and session is not None and bool(session.undone))
        for part in (self.play_button, self.play_action):
            part.setEnabled(self.player.available and self.clip is not None)
        for switch in (self.dry_box, self.dry_action):
            switch.setEnabled(self.clip is not None)
        if self.player.reason:
            self.play_button.setToolTip(self.player.reason)
        if not busy:
            self.bar.setRange(0, 1)
            self.bar.setValue(0)
            self.bar.setFormat("Ready" if self.clip is not None else "")
        if select is not None:
            self._list(select)

    def _list(self, select: int) -> None:
        self.turns.clear()
        session = self.session
        if session is None:
            return
        on_path = {turn.index for turn in session.path()}
        rows = [(0, "Dry clip")]
        for turn in session.turns:
            titles = [slot.effect.title for slot in turn.as_chain()]
            parts = [
                f"{turn.index}  {turn.instruction}",
                " → ".join(titles) or "no effects",
                f"score {turn.score.after:.2f}",
            ]
            if not turn.finished:
                parts.append("stopped early")
            if turn.index not in on_path:
                parts.append("undone" if turn.index in session.undone else "another branch")
            rows.append((turn.index, " — ".join(parts)))
        for index, text in rows:
            item = QListWidgetItem(text)
            item.setData(INDEX, index)
            font = item.font()
            font.setBold(index == session.head)
            item.setFont(font)
            self.turns.addItem(item)
            if index == select:
                self.turns.setCurrentItem(item)

    def _selected(self, item: QListWidgetItem | None) -> None:
        if item is None or self.session is None:
            return
        index = item.data(INDEX)
        if index == 0:
            self.details.setPlainText("The recording as it came.")
        else:
            self.details.setHtml(self._told(self.session.turn(index)))
        self._set_sound()

    def _told(self, turn: Turn) -> str:
        """What a turn did, as HTML."""
        assert self.session is not None
        before = (
            self.session.turn(turn.parent).as_chain()
            if turn.parent
            else Chain.from_data(self.session.start)
        )
        parts = [f"<h3>{escape(turn.instruction)}</h3>", f"<p>{escape(turn.explanation)}</p>"]
        parts += [f"<p><i>{escape(note)}</i></p>" for note in turn.notes]
        found = changes(before, turn.as_chain())
        for title, group in groupby(found, key=lambda change: change.title):
            rows = list(group)
            new = " (new)" if rows[0].kind == "added" else ""
            texts = "".join(f"<li>{escape(change.text)}</li>" for change in rows)
            parts.append(f"<p><b>{escape(title)}</b>{new}</p><ul>{texts}</ul>")
        if not found:
            parts.append("<p>No knob was turned.</p>")
        notes = [
            f"Score {turn.score.before:.2f} → {turn.score.after:.2f}",
            f"Output {turn.trim_db:+.1f} dB, so that it is as loud as the dry clip",
            f"Took {turn.seconds:.1f} s; route {turn.route}",
        ]
        if turn.usage is not None:
            notes.append(f"Asked {turn.brain}: {turn.usage.text}")
        if turn.limited_db:
            notes.append(f"Peaks limited by {turn.limited_db:.1f} dB")
        if not turn.finished:
            notes.append("Stopped: this is the best so far")
        parts.append("<hr><p>" + "<br>".join(escape(note) for note in notes) + "</p>")
        return "".join(parts)

    # Listening.

    def _keep(self, index: int, sound: NDArray[np.float32]) -> None:
        self.sounds[index] = sound
        for old in [i for i in self.sounds if i not in (0, index)][: -SOUNDS_KEPT + 1]:
            del self.sounds[old]

    def _set_sound(self) -> None:
        """Play the chosen sound, which is read first where that is needed."""
        clip, session, place = self.clip, self.session, self.workspace
        if clip is None or session is None or place is None:
            return
        item = self.turns.currentItem()
        index = item.data(INDEX) if item is not None and not self.dry_box.isChecked() else 0
        if index in self.sounds:
            self.player.set_sound(self.sounds[index], clip.sample_rate)
            return
        turn = session.turn(index)

        def read(report, stopped) -> tuple[Clip, int, NDArray[np.float32]]:
            try:
                sound = audio.load(place.turn_path(index), allow_clipped=True).samples
            except UserError:
                sound = engine.render(clip, turn.as_chain()).audio
            return clip, index, sound

        job = Job(read, self)
        job.succeeded.connect(self._read)
        job.failed.connect(self._problem)
        job.finished.connect(self._reader_done)
        self.readers.add(job)
        job.start()

    def _read(self, found: tuple[Clip, int, NDArray[np.float32]]) -> None:
        clip, index, sound = found
        if clip is self.clip:
            self._keep(index, sound)
            item = self.turns.currentItem()
            if item is not None and item.data(INDEX) == index:
                self._set_sound()

    def _reader_done(self) -> None:
        for job in [job for job in self.readers if job.isFinished()]:
            self.readers.discard(job)
            job.deleteLater()

    def _toggle_play(self) -> None:
        if self.player.playing:
            self.player.pause()
        elif problem := self.player.play():
            self._say(problem)
        playing = self.player.playing
        self.play_button.setText("&Pause" if playing else "&Play")
        self.play_button.setAccessibleName("Pause" if playing else "Play")

    # Files and closing.

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open a recording or a session", "", FILES)
        if name:
            self.open_source(Path(name))

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Accept files."""
        if event is not None and _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Open the first file."""
        if event is not None and (path := _dropped(event)) is not None:
            event.acceptProposedAction()
            self.open_source(path)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Stop what runs and keep it: every turn is saved when it is made."""
        self.player.pause()
        self.waiting.clear()
        running = [job for job in (self.job, *self.readers) if job is not None]
        for job in running:
            job.cancel()
        if not all(job.wait(CLOSE_WAIT_MS) for job in running) and event is not None:
            self._say("The turn is still being saved; close again in a moment.")
            event.ignore()
            return
        super().closeEvent(event)

    def _say(self, text: str) -> None:
        status = self.statusBar()
        assert status is not None
        status.showMessage(text)
        status.setToolTip(text)


def _dropped(event: QDropEvent) -> Path | None:
    """The first file of a drop."""
    mime = event.mimeData()
    urls = mime.urls() if mime is not None else []
    return Path(urls[0].toLocalFile()) if urls and urls[0].isLocalFile() else None
