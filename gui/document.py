"""What is open: a clip, its session and folder; instructions and hand edits become turns of it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QCoreApplication, QEvent, QObject, QTimer, pyqtSignal

from gui.edits import Edit, hand_turn, told
from gui.latest import Latest
from gui.opening import Opened, read, warm
from gui.telling import outcome, short
from gui.translations import translate
from gui.worker import Job, Work
from ifx_bridge.audio import Audio, Clip
from ifx_bridge.brain import announcement
from ifx_bridge.effects.chain import Chain
from ifx_bridge.engine import Engine
from ifx_bridge.errors import UserError
from ifx_bridge.refine import Progress
from ifx_bridge.session import Session, Turn, save
from ifx_bridge.workspace import Workspace

# A hand edit becomes a turn when nothing was touched for so long.
SETTLE_MS = 900
CLOSE_WAIT_MS = 20_000


Make = Callable[
    [Session, Clip, Callable[[Progress], None], Callable[[], bool]], tuple[Session, Turn, Audio]
]


@dataclass(frozen=True)
class Task:
    """A turn that is to be made in the background.

    Attributes:
        title: What a person reads; of an instruction, its words.
        make: Makes it: of session, clip, progress callback and cancel token.
        words: Whether it is an instruction, which can be sent again.
    """

    title: str
    make: Make
    words: bool = False


@dataclass(frozen=True)
class Made:
    """A new turn, as it comes from the background."""

    session: Session
    turn: Turn
    audio: Audio
    unsaved: UserError | None
    notes: tuple[str, ...] = ()
    path: tuple[Progress, ...] = ()


class Document(QObject):
    """The session that is open, and what is being done to it.

    While nothing is refined, the turn that is `chosen` is the session's head: what is heard, shown
    and gone on from is one thing. While an instruction is carried out, others may be chosen to be
    listened to, and the new turn becomes both when it is done.

    Attributes:
        opened: Another clip or session is open.
        changed: Turns, head or the chosen turn changed.
        edited: The chain on the cards changed: by hand, or by the best so far.
        working: Work began, ended, or waits.
        progressed: A `Progress` of the refinement.
        made: A turn's index and its sound.
        said: One line for the status bar.
        problem: A `UserError`.
    """

    opened = pyqtSignal()
    changed = pyqtSignal()
    edited = pyqtSignal()
    working = pyqtSignal()
    progressed = pyqtSignal(object)
    made = pyqtSignal(int, object)
    said = pyqtSignal(str)
    problem = pyqtSignal(object)

    def __init__(self, parent: QObject, machine: Engine, out: Path | None = None) -> None:
        """Nothing open.

        Args:
            parent: Owner.
            machine: What carries out the instructions.
            out: Folder for the results of all that is opened; by default a session stays where it
                is, and a clip gets a folder named after it.
        """
        super().__init__(parent)
        self.machine, self.out = machine, out.absolute() if out is not None else None
        self.folder = ""  # where new sessions get theirs; empty is beside the recording
        self.clip: Clip | None = None
        self.session: Session | None = None
        self.workspace: Workspace | None = None
        self.chosen = 0
        self.job: Job | None = None
        self.doing = ""
        self.asked = ""  # the instruction that is carried out, to be sent again if it fails
        self.refining = False
        self.following = False
        self.follow_best = True
        self.best: Progress | None = None
        self.paths: dict[int, tuple[Progress, ...]] = {}
        self.waiting: deque[Task | Edit | Callable[[], None]] = deque()
        self.draft: Edit | None = None
        self._settling: Edit | None = None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self.commit)
        self._saver = Latest(self, self.problem.emit)
        self._warmer = Latest(self, self.problem.emit)
        self._files = threading.Lock()
        self._version = self._written = 0

    # What is there.

    @property
    def busy(self) -> bool:
        """Whether an instruction is carried out or a file is being read."""
        return self.job is not None and self._settling is None

    @property
    def edit(self) -> Edit:
        """What stands on the cards."""
        if self.draft is not None:
            return self.draft
        if self._settling is not None:
            return self._settling
        if self.following and self.best is not None:
            return Edit(self.best.chain, self._locked(self.chosen), base=self.chosen)
        return self.edit_of(self.chosen)

    def edit_of(self, index: int) -> Edit:
        """The cards of a turn (0: of the start)."""
        return Edit(self.chain_of(index), self._locked(index), base=index)

    def chain_of(self, index: int) -> Chain:
        """The chain of a turn; of the start for 0."""
        if self.session is None:
            return Chain()
        if index:
            return self.session.turn(index).as_chain()
        return Chain.from_data(self.session.start)

    def _locked(self, index: int) -> frozenset[str]:
        turn = self.session.turn(index) if self.session is not None and index else None
        return frozenset(turn.locked if turn is not None else ())

    @property
    def instructions(self) -> list[str]:
        """What waits to be carried out."""
        return [item.title for item in self.waiting if isinstance(item, Task)]

    # What the user does.

    def open(self, source: Path, out: Path | None = None) -> None:
        """Open a recording, or a saved session about one, in the background.

        Args:
            source: The file.
            out: Folder for its results, where it is another one than `out` and `folder` say.
        """
        if self.busy:
            self.said.emit(
                translate(
                    "document", "Wait until the turn is done, or stop it, before opening something."
                )
            )
            return

        def begin() -> None:
            machine, place, folder = self.machine, out or self.out, self.folder
            self._run(lambda report, stopped: read(source, place, machine, folder), self._opened)
            self.doing = translate("document", "reading {name}").format(name=source.name)
            self.said.emit(translate("document", "Reading {name}…").format(name=source.name))

        self._after_edits(begin)

    def warm(self) -> None:
        """Load in the background what a turn needs, before anything is open."""
        machine = self.machine
        self._warmer.ask(lambda report, stopped: warm(machine), lambda nothing: None)

    def send(self, text: str) -> bool:
        """Carry out an instruction after what is still running; whether it was taken."""
        text = text.strip()
        if not text or self.clip is None:
            if text:
                self.said.emit(
                    translate("document", "Open a recording first (Ctrl+O, or drop it here).")
                )
            return False

        def make(session, clip, report, stopped):
            made = self.machine.turn(session, clip, text, report, stopped)
            return made.session, made.turn, made.audio

        self.carry_out(Task(text, make, words=True))
        return True

    def carry_out(self, task: Task) -> None:
        """Make a turn after what is still running."""
        self._flush()
        self.waiting.append(task)
        if self.job is not None and self.refining:
            count = len(self.instructions)
            self.said.emit(
                translate("document", "“{title}” waits for its turn ({count} waiting).").format(
                    title=short(task.title), count=count
                )
            )
        self._next()

    def unqueue(self, position: int) -> None:
        """Take back an instruction that waits, by its place among them."""
        tasks = [item for item in self.waiting if isinstance(item, Task)]
        if 0 <= position < len(tasks):
            self.waiting.remove(tasks[position])
            self.said.emit(
                translate("document", "Taken back: {title}").format(
                    title=short(tasks[position].title)
                )
            )
            self.working.emit()

    def stop(self) -> None:
        """Stop the turn; the best so far is kept. Waiting instructions are dropped."""
        if self.job is None or not self.refining or self.job.cancelled:
            return
        names = ", ".join(map(short, self.instructions))
        told = translate("document", "Stopping; the best so far is kept.")
        if names:
            told += " " + translate("document", "Dropped: {names}.").format(names=names)
        self._drop_instructions()
        self.job.cancel()
        self.said.emit(told)
        self.working.emit()

    def undo(self) -> None:
        """Go to the turn before."""
        self._walk(lambda session: session.undo())

    def redo(self) -> None:
        """Go to the turn that was undone."""
        self._walk(lambda session: session.redo())

    def choose(self, index: int) -> None:
        """Go to a turn; while one is being made, only listen to it."""
        if self.session is None:
            return
        if self.refining:
            self.following = False
            self.chosen = index
            self.changed.emit()
        elif index != self.session.head or self.draft is not None or self._settling is not None:
            self._walk(lambda session: session.go_to(index))

    def follow(self) -> None:
        """Hear and show the best so far again."""
        self.following = self.refining
        self.edited.emit()

    def change(self, edit: Edit) -> None:
        """Take what stands on the cards now; it becomes a turn when it has settled."""
        if self.clip is None or self.session is None or self.busy:
            return
        if self._settling is None and self.draft is None:
            edit = replace(edit, base=self.chosen)
        self.draft = edit
        self._settle.start()
        self.edited.emit()

    def commit(self) -> None:
        """Make the hand edit a turn now."""
        self._flush()
        self._next()

    def _drop_instructions(self) -> None:
        self.waiting = deque(item for item in self.waiting if not isinstance(item, Task))

    # Turns.

    def _after_edits(self, do: Callable[[], None]) -> None:
        self._flush()
        if self.job is None and not self.waiting:
            do()
        else:
            self.waiting.append(do)
            self._next()

    def _walk(self, move: Callable[[Session], Session]) -> None:
        if self.session is None or self.busy:
            return

        def go() -> None:
            assert self.session is not None
            try:
                self.session = move(self.session)
            except UserError as error:  # the edit was turned back, and there is nothing before it
                self.said.emit(error.what)
                return
            self.chosen = head = self.session.head
            self._save()
            self.changed.emit()
            if head:
                said = short(self.session.turn(head).instruction)
                self.said.emit(
                    translate(
                        "document", "The next instruction goes on from turn {head}, “{said}”."
                    ).format(head=head, said=said)
                )
            else:
                self.said.emit(
                    translate("document", "The next instruction goes on from the dry clip.")
                )

        self._after_edits(go)

    def _flush(self) -> None:
        """The draft, if it says something new, waits to become a turn."""
        self._settle.stop()
        draft, self.draft = self.draft, None
        if draft is None or self.session is None:
            return
        if told(self.edit_of(self.chosen), draft) or draft.title or self._settling is not None:
            self.waiting.append(draft)
        else:
            self.edited.emit()

    def _next(self) -> None:
        while self.job is None and self.waiting:
            item = self.waiting.popleft()
            if isinstance(item, Task):
                self._refine(item)
            elif isinstance(item, Edit):
                self._settle_edit(item)
            else:
                item()
        self.working.emit()

    def _refine(self, task: Task) -> None:
        session, clip, place = self.session, self.clip, self.workspace
        assert session is not None and clip is not None and place is not None
        path = list[Progress]()

        def work(report, stopped) -> Made:
            def step(now: Progress) -> None:
                if not path or now.chain is not path[-1].chain:
                    path.append(now)
                report(now)

            following, turn, sound = task.make(session, clip, step, stopped)
            written = self._write(place, following, turn, sound, clip)
            return Made(following, turn, sound, *written, tuple(path))

        self.doing, self.refining, self.best = task.title, True, None
        self.asked = task.title if task.words else ""
        self.following = self.follow_best
        self._run(work, self._turned)
        self.said.emit(translate("document", "Working on: {title}").format(title=short(task.title)))

    def _settle_edit(self, edit: Edit) -> None:
        session, clip, place = self.session, self.clip, self.workspace
        assert session is not None and clip is not None and place is not None
        edit = replace(edit, base=session.head)
        if not told(self.edit_of(session.head), edit) and not edit.title:
            return  # it was turned back

        def work(report, stopped) -> Made:
            following, turn, sound = hand_turn(session, clip, edit)
            return Made(following, turn, sound, *self._write(place, following, turn, sound, clip))

        self._settling = edit
        self._run(work, self._turned)

    def _run(self, work: Work, then: Callable[[Any], None]) -> None:
        job = self.job = Job(work, self)
        job.progressed.connect(self._progressed)
        job.succeeded.connect(then)
        job.failed.connect(self._failed)
        job.finished.connect(self._done)
        self.working.emit()
        job.start()

    def _opened(self, found: Opened) -> None:
        self.clip, self.session, self.workspace = found.clip, found.session, found.workspace
        self.chosen = found.session.head
        self.draft, self.best, self.paths = None, None, {}
        self.opened.emit()
        self.changed.emit()
        folder, aside = found.workspace.folder, found.aside
        parts = [
            translate("document", "Ready."),
            announcement(self.machine.brain),
            translate("document", "Results go to {folder}.").format(folder=folder),
        ]
        if aside:
            parts.append(
                translate("document", "The session that was there is kept in {aside}.").format(
                    aside=aside
                )
            )
        self.said.emit(" ".join(part for part in parts if part))

    def _turned(self, found: Made) -> None:
        turn = found.turn
        by_hand = self._settling is not None
        self.session, self.chosen = found.session, turn.index
        if found.path:
            self.paths[turn.index] = found.path
        self.made.emit(turn.index, found.audio)
        self._settling, self.refining, self.following, self.best = None, False, False, None
        self.changed.emit()
        if found.unsaved is not None:
            self.problem.emit(found.unsaved)
        else:
            self.said.emit(outcome(turn, by_hand, found.notes))

    def _progressed(self, step: Progress) -> None:
        self.best = step
        self.progressed.emit(step)
        if self.following:
            self.edited.emit()

    def _failed(self, error: UserError) -> None:
        if self._settling is not None and self.draft is None:
            self.draft = self._settling  # stays on the cards; the next touch tries again
        self._settling, self.refining, self.following, self.best = None, False, False, None
        self.problem.emit(error)
        self.edited.emit()

    def _done(self) -> None:
        job, self.job = self.job, None
        self._settling, self.refining = None, False
        if job is not None:
            job.deleteLater()
        self._next()

    # Saving. A newer state is never overwritten by an older one that was late.

    def _write(
        self, place: Workspace, session: Session, turn: Turn, sound: Audio, clip: Clip
    ) -> tuple[UserError | None, tuple[str, ...]]:
        """In the background; what went wrong, and which presets there are not.

        The turn can be heard all the same.
        """
        with self._files:
            self._version += 1
            self._written = self._version
            try:
                return None, place.add(session, turn, sound, clip)
            except UserError as error:
                return error, ()

    def _save(self) -> None:
        session, place = self.session, self.workspace
        assert session is not None and place is not None
        self._version += 1
        version = self._version

        def work(report, stopped) -> None:
            with self._files:
                if version >= self._written:
                    self._written = version
                    save(session, place.session_path)

        self._saver.ask(work, lambda nothing: None)

    @property
    def saving(self) -> bool:
        """Whether something is still to be written."""
        return self._saver.busy

    def close(self) -> bool:
        """Stop what runs and keep it; whether everything has been written."""
        self._warmer.close(CLOSE_WAIT_MS)
        self._drop_instructions()
        if self.job is not None and self._settling is None:
            self.job.cancel()
        self._flush()
        for _ in range(4):  # an edit that settles, then another on top of it
            if self.job is None:
                self._next()
            if self.job is None:
                break
            if not self.job.wait(CLOSE_WAIT_MS):
                self.said.emit(
                    translate("document", "The turn is still being saved; close again in a moment.")
                )
                return False
            QCoreApplication.sendPostedEvents(None, QEvent.Type.MetaCall.value)
        session, place = self.session, self.workspace
        if self._saver.busy and session is not None and place is not None:
            self._saver.close(CLOSE_WAIT_MS)
            try:
                save(session, place.session_path)
            except UserError as error:
                self.problem.emit(error)
                return False
        return True
