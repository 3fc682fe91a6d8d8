"""The first window: a clip, an instruction, the turns, and their sound against the dry."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence
from PyQt6.QtWidgets import (
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
from gui.worker import Job
from ifx_bridge import audio, engine
from ifx_bridge.audio import Clip
from ifx_bridge.effects.chain import Chain
from ifx_bridge.effects.describe import changes
from ifx_bridge.effects.spec import effect
from ifx_bridge.engine import Engine, TurnResult
from ifx_bridge.errors import UserError
from ifx_bridge.refine import Progress
from ifx_bridge.session import Session, Turn, save
from ifx_bridge.workspace import Workspace

AUDIO_FILES = "Audio (*.wav *.aif *.aiff *.flac *.mp3 *.ogg)"
CLOSE_WAIT_MS = 20_000


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
        self.open_button = self._button("&Open clip…", "Open a dry recording (Ctrl+O)")
        self.open_button.clicked.connect(self._choose)
        self.clip_label = QLabel("No clip")
        self.clip_label.setAccessibleName("Clip")

        self.instruction = QLineEdit()
        self.instruction.setPlaceholderText("Say how it should sound: 'like a church', 'too harsh'")
        self.instruction.setAccessibleName("Instruction")
        self.instruction.returnPressed.connect(self.send)
        self.send_button = self._button("&Send", "Carry out the instruction (Enter)")
        self.send_button.clicked.connect(self.send)

        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress")
        self.stop_button = self._button("S&top", "Stop and keep the best so far (Esc)")
        self.stop_button.setShortcut(QKeySequence("Esc"))
        self.stop_button.clicked.connect(self.stop)

        self.turns = QListWidget()
        self.turns.setAccessibleName("Turns")
        self.turns.currentItemChanged.connect(self._selected)
        self.details = QTextEdit()
        self.details.setReadOnly(True)
        self.details.setAccessibleName("What changed")

        self.play_button = self._button("&Play", "Play or pause, in a loop (Ctrl+Space)")
        self.play_button.setShortcut(QKeySequence("Ctrl+Space"))
        self.play_button.clicked.connect(self._toggle_play)
        self.dry_box = QCheckBox("Hear the &dry clip (A/B)")
        self.dry_box.setToolTip("Switch between dry and the selected turn, at equal loudness")
        self.dry_box.setShortcut(QKeySequence("Ctrl+D"))
        self.dry_box.toggled.connect(self._set_sound)

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
        halves.setSizes([380, 520])
        page = QWidget()
        rows = QVBoxLayout(page)
        for row in (top, ask, work):
            rows.addLayout(row)
        rows.addWidget(halves, 1)
        rows.addLayout(listen)
        self.setCentralWidget(page)

        menu_bar = self.menuBar()
        assert menu_bar is not None
        file_menu, edit_menu = menu_bar.addMenu("&File"), menu_bar.addMenu("&Edit")
        assert file_menu is not None and edit_menu is not None
        opening = self._action("Open clip…", "Ctrl+O", self._choose)
        file_menu.addAction(opening)
        file_menu.addAction(self._action("Quit", "Ctrl+Q", self.close))
        self.undo_action = self._action("Undo turn", "Ctrl+Z", self.undo)
        self.redo_action = self._action("Redo turn", "Ctrl+Shift+Z", self.redo)
        edit_menu.addActions([self.undo_action, self.redo_action])

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAccessibleName(text.replace("&", "").rstrip("…"))
        return button

    def _action(self, text: str, keys: str, do: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda: do())
        return action

    # What the user does.

    def open_clip(self, path: Path) -> None:
        """Load a recording in the background and begin a session about it."""
        if self.job is not None:
            self._say("Wait until the turn is done, or stop it, before opening another clip.")
            return
        self._run(lambda report, stopped: self._loaded_clip(path), self._opened)
        self._say(f"Reading {path.name}…")

    def _loaded_clip(self, path: Path) -> tuple[Clip, Session, Workspace, Path | None]:
        clip = audio.load(path)
        place = Workspace(self.out or Path(f"{path.stem}-ifx"))
        aside = place.set_aside()
        session = engine.open_session(clip)
        place.open(session, clip)
        self.machine.load()
        return clip, session, place, aside

    def send(self) -> None:
        """Carry out what stands in the instruction box, after what is still running."""
        text = self.instruction.text().strip()
        if not text:
            return
        if self.clip is None:
            self._say("Open a recording first.")
            return
        self.waiting.append(text)
        self.instruction.clear()
        self._next()

    def stop(self) -> None:
        """Stop the turn; the best so far is kept. Waiting instructions are dropped."""
        self.waiting.clear()
        if self.job is not None:
            self.job.cancel()
            self._say("Stopping…")

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
            self._say(str(error))
        self._refresh(select=self.session.head)

    # The background.

    def _run(self, work, then) -> None:
        job = Job(work, self)
        job.progressed.connect(self._progressed)
        job.succeeded.connect(then)
        job.failed.connect(self._failed)
        job.finished.connect(self._done)
        self.job = job
        job.start()
        self._refresh()

    def _next(self) -> None:
        if self.job is not None or not self.waiting or self.clip is None or self.session is None:
            self._refresh()
            return
        text, session, clip = self.waiting.popleft(), self.session, self.clip
        place = self.workspace
        assert place is not None

        def work(report, stopped):
            result = self.machine.turn(session, clip, text, report, stopped)
            place.add(result.session, result.turn, result.audio, clip)
            return result

        self._run(work, self._turned)
        self._say(f"Working on: {text}")

    def _opened(self, found: tuple[Clip, Session, Workspace, Path | None]) -> None:
        self.clip, self.session, self.workspace, aside = found
        self.sounds = {0: self.clip.samples}
        seconds, rate = self.clip.seconds, self.clip.sample_rate
        channels = {1: "mono", 2: "stereo"}.get(
            self.clip.channels, f"{self.clip.channels} channels"
        )
        self.clip_label.setText(f"{self.clip.path.name} · {seconds:.1f} s · {rate} Hz · {channels}")
        self._refresh(select=0)
        kept = f" The session that was there is kept in {aside}." if aside else ""
        off = f" {self.player.reason}" if self.player.reason else ""
        self._say(f"Ready. Results go to {self.workspace.folder}.{kept}{off}")

    def _turned(self, result: TurnResult) -> None:
        self.session = result.session
        self.sounds[result.turn.index] = result.audio
        self._refresh(select=result.turn.index)
        stopped = "" if result.turn.finished else " Stopped: this is the best so far."
        self._say(f"{result.turn.explanation}{stopped}")

    def _progressed(self, step: Progress) -> None:
        self.bar.setRange(0, step.steps)
        self.bar.setValue(step.step)
        self.bar.setFormat(f"{step.stage} · best score {step.score:.2f}")

    def _failed(self, error: UserError) -> None:
        self._say(str(error))

    def _done(self) -> None:
        self.job = None
        self._next()

    # What is shown.

    def _refresh(self, select: int | None = None) -> None:
        busy = self.job is not None
        self.stop_button.setEnabled(busy)
        self.send_button.setEnabled(self.clip is not None)
        self.open_button.setEnabled(not busy)
        session = self.session
        self.undo_action.setEnabled(not busy and session is not None and session.head > 0)
        self.redo_action.setEnabled(not busy and session is not None and bool(session.undone))
        self.play_button.setEnabled(self.player.available and self.clip is not None)
        self.dry_box.setEnabled(self.clip is not None)
        if not busy:
            self.bar.setRange(0, 1)
            self.bar.setValue(0)
            self.bar.setFormat("idle")
        elif self.bar.format() == "idle":
            self.bar.setRange(0, 0)
            self.bar.setFormat("understanding")
        if select is not None:
            self._list(select)

    def _list(self, select: int) -> None:
        self.turns.clear()
        if self.session is None:
            return
        on_path = {turn.index for turn in self.session.path()}
        rows = [(0, "Dry clip")]
        for turn in self.session.turns:
            ids = turn.as_chain().ids
            names = " → ".join(effect(fx).title for fx in ids) or "no effects"
            branch = "" if turn.index in on_path else "  (other branch)"
            rows.append(
                (
                    turn.index,
                    f"{turn.index}  {turn.instruction}\n"
                    f"     {names} · score {turn.score.after:.2f}{branch}",
                )
            )
        for index, text in rows:
            item = QListWidgetItem(text)
            item.setData(Qt.ItemDataRole.UserRole, index)
            self.turns.addItem(item)
            if index == select:
                self.turns.setCurrentItem(item)

    def _selected(self, item: QListWidgetItem | None) -> None:
        if item is None or self.session is None:
            return
        index = item.data(Qt.ItemDataRole.UserRole)
        if index == 0:
            self.details.setPlainText("The recording as it came.")
        else:
            turn = self.session.turn(index)
            self.details.setPlainText(self._told(turn))
        self._set_sound()

    def _told(self, turn: Turn) -> str:
        assert self.session is not None
        before = self.session.turn(turn.parent).as_chain() if turn.parent else Chain()
        lines = [turn.explanation, ""]
        for change in changes(before, turn.as_chain()):
            lines.append(f"{effect(change.fx).title}: {change.text}")
        lines += [
            "",
            f"Route: {turn.route}",
            f"Score: {turn.score.before:.2f} → {turn.score.after:.2f}",
            f"Output trim: {turn.trim_db:+.1f} dB, so that it is as loud as the dry clip",
            f"Time: {turn.seconds:.1f} s",
        ]
        return "\n".join(lines)

    # Listening.

    def _set_sound(self) -> None:
        if self.clip is None or self.session is None:
            return
        item = self.turns.currentItem()
        index = item.data(Qt.ItemDataRole.UserRole) if item is not None else 0
        if self.dry_box.isChecked():
            index = 0
        if index not in self.sounds:
            self.sounds[index] = engine.render(self.clip, self.session.turn(index).as_chain()).audio
        self.player.set_sound(self.sounds[index], self.clip.sample_rate)

    def _toggle_play(self) -> None:
        if self.player.playing:
            self.player.pause()
        else:
            self.player.play()
            if self.player.reason:
                self._say(self.player.reason)
        self.play_button.setText("&Pause" if self.player.playing else "&Play")

    # Files and closing.

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open a dry recording", "", AUDIO_FILES)
        if name:
            self.open_clip(Path(name))

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Accept files."""
        mime = event.mimeData() if event is not None else None
        if event is not None and mime is not None and mime.hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Open the first file."""
        mime = event.mimeData() if event is not None else None
        if mime is not None and mime.urls():
            self.open_clip(Path(mime.urls()[0].toLocalFile()))

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Stop what runs and keep it: every turn is saved when it is made."""
        self.player.pause()
        self.waiting.clear()
        if self.job is not None:
            self.job.cancel()
            self.job.wait(CLOSE_WAIT_MS)
        super().closeEvent(event)

    def _say(self, text: str) -> None:
        status = self.statusBar()
        assert status is not None
        status.showMessage(text)
