"""What a remote control works on: a session in a folder, and the track that it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ifx_bridge.audio import Clip, load
from ifx_bridge.daw import push as pushing
from ifx_bridge.daw.capture import from_file, kept
from ifx_bridge.daw.link import DawLink
from ifx_bridge.daw.pushed import Pushed
from ifx_bridge.daw.remote import Command, Say
from ifx_bridge.effects.chain import Chain
from ifx_bridge.engine import Engine, open_session
from ifx_bridge.errors import UserError
from ifx_bridge.session import Session
from ifx_bridge.session import load as load_session
from ifx_bridge.session import save as save_session
from ifx_bridge.workspace import DRY_FILE, Workspace


class Desk:
    """Carries the commands of a remote control out.

    Args:
        folder: Of the session; one that is there already is gone on with.
        engine: What makes turns.
        link: The DAW; None when there is none.
        track: Name or number of the track to capture from and push to, or: selected.
        cancelled: Whether to stop.
    """

    def __init__(
        self,
        folder: Path,
        engine: Engine,
        link: DawLink | None = None,
        track: str = "",
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.place, self.engine, self.link, self.track = Workspace(folder), engine, link, track
        self.cancelled = cancelled
        self.clip: Clip | None = None
        self.session: Session | None = None
        self.amount: float | None = None
        self.side = "after"
        self.pushed = Pushed.load(folder)
        if self.place.session_path.exists():
            self.session = load_session(self.place.session_path)
            self.clip = load(folder / DRY_FILE, allow_clipped=True)

    def do(self, command: Command, say: Say) -> None:
        """Carry a command out.

        Raises:
            UserError: It is not possible, and why.
        """
        getattr(self, f"_{command.name}")(say, **command.values)

    def _capture(self, say: Say) -> None:
        link = self._daw()
        track = link.track(self.track)
        captured = link.capture(track, self.place.folder / "captured")
        # What was captured goes back there, whatever is selected by then.
        self.track = track.name or str(track.index)
        self._begin(say, captured.path, kept(captured)[0].notes)

    def _file(self, say: Say, path: str) -> None:
        self._begin(say, from_file(Path(path)).path, ())

    def _begin(self, say: Say, path: Path, notes: tuple[str, ...]) -> None:
        clip = load(path, allow_clipped=True)
        self.place.set_aside()
        self.clip, self.session, self.side = clip, open_session(clip), "after"
        self.place.open(self.session, clip)
        said = "; ".join([f"{clip.seconds:.1f} s of {path.name}", *notes])
        say("status", text=said)

    def _refine(self, say: Say, text: str) -> None:
        session, clip = self._open()

        def progress(step: object) -> None:
            share = getattr(step, "step", 0) / max(1, getattr(step, "steps", 1))
            say("progress", stage=str(getattr(step, "stage", "")), share=min(1.0, share))

        result = self.engine.turn(session, clip, text, progress, self.cancelled)
        self.session, self.side = result.session, "after"
        self.place.add(result.session, result.turn, result.audio, clip)
        say("turn", number=result.turn.index, text=result.turn.explanation)

    def _undo(self, say: Say) -> None:
        self._went(say, self._open()[0].undo())

    def _redo(self, say: Say) -> None:
        self._went(say, self._open()[0].redo())

    def _went(self, say: Say, session: Session) -> None:
        save_session(session, self.place.session_path)
        self.session = session
        said = session.turn(session.head).instruction if session.head else "the start"
        say("turn", number=session.head, text=said)

    def _ab(self, say: Say) -> None:
        self._open()
        self.side = "before" if self.side == "after" else "after"
        say("side", name=self.side)
        if self.link is not None:
            self._push(say)

    def _amount(self, say: Say, value: float) -> None:
        if not 0 <= value <= 2:
            raise UserError("The amount goes from 0 to 2.", kept="It stays as it was.")
        self.amount = value
        say("status", text=f"amount {100 * value:.0f} %")

    def _push(self, say: Say) -> None:
        link = self._daw()
        chain = self.chain()
        plan = pushing.preview(link, link.track(self.track), chain, pushed=self.pushed)
        say("status", text=plan.summary)
        if plan.empty and len(chain):
            raise UserError("Nothing was pushed.", next_step=" ".join(plan.warnings))
        report = pushing.push(link, plan, cancelled=self.cancelled)
        self.pushed = self.pushed.after(link.name, plan, report)
        self.pushed.save(self.place.folder)
        if report.writes:
            counts = (len(report.of("confirmed")), len(report.writes))
            say("status", text=f"{counts[0]} of {counts[1]} confirmed")
        for text in report.notes:
            say("status", text=f"Mind: {text}")
        lost = [f"{w.parameter.name}: {w.status}, {w.reason}" for w in report.writes
                if w.status != "confirmed"]  # fmt: skip
        if lost:
            raise UserError("Not everything was confirmed.", next_step="; ".join(lost))

    def chain(self) -> Chain:
        """What would be pushed: the current turn or, on the other side, the one before.

        With the amount that was asked for, or else with the turn's own.
        """
        session, _ = self._open()
        if self.side == "before":
            session = session.undo() if session.head else session
        chain = session.chain
        return chain if self.amount is None else replace(chain, amount=self.amount)

    def _open(self) -> tuple[Session, Clip]:
        if self.session is None or self.clip is None:
            raise UserError(
                "There is no clip yet.", next_step="Send /ifx/capture, or /ifx/file with a path."
            )
        return self.session, self.clip

    def _daw(self) -> DawLink:
        if self.link is None or not self.track:
            raise UserError(
                "No DAW and track were given.", next_step="Start it with --daw and --track."
            )
        return self.link
