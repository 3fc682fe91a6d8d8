"""The DAW beside the window: who answers, what is selected there; capturing from it, pushing to it.

Everything that talks to the DAW runs in the background, one thing at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QObject, pyqtSignal

from gui.latest import Latest
from gui.translations import translate
from gui.worker import Job
from ifx_bridge.daw.pushed import Pushed
from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError
from ifx_bridge.refine import Progress

if TYPE_CHECKING:
    from ifx_bridge.daw.automation import Lane, Ramp
    from ifx_bridge.daw.follow import Follow
    from ifx_bridge.daw.link import Capture, DawLink, Device, Probe, PushReport, Scene, Track
    from ifx_bridge.daw.push import Preview

SELECTED = "selected"
OFF = "off"


@dataclass(frozen=True)
class Found:
    """What looking for DAWs found.

    Attributes:
        probes: By name of the link: what was there, and what each needs.
        link: To the one that is worked with; None when none answers.
        tracks: Its tracks, where it lists them.
    """

    probes: tuple[tuple[str, Probe], ...] = ()
    link: DawLink | None = None
    tracks: tuple[Track, ...] = ()


class DawDesk(QObject):
    """The link to a DAW, and what is known of it.

    Attributes:
        changed: Another DAW, another selection, or work began or ended.
        captured: A `Capture` is on disk.
        said: One line for the status bar.
        problem: A `UserError`.
        moved: A `DawParameter` that is watched, and its new `Reading`.
    """

    changed = pyqtSignal()
    captured = pyqtSignal(object)
    said = pyqtSignal(str)
    problem = pyqtSignal(object)
    moved = pyqtSignal(object, object)
    _scene_seen = pyqtSignal(object)

    def __init__(self, parent: QObject) -> None:
        """Not connected to anything."""
        super().__init__(parent)
        self.found = Found()
        self.searched = False
        self.scene: Scene | None = None
        self.answers = False
        self.devices: tuple[Device, ...] = ()
        self.track_name = SELECTED
        self.pushed = Pushed()  # of this window; what was pushed before it is named, not switched
        self.doing = ""
        self._closed = False
        self._job: Job | None = None
        self._follow: Follow | None = None
        self.watching: Path | None = None
        self._watcher: Job | None = None
        self._bounces: Any = None
        self._looker = Latest(self, lambda error: None)
        self._scene_seen.connect(self._seen)

    # Who answers.

    @property
    def link(self) -> DawLink | None:
        """The link that is worked with."""
        return self.found.link

    @property
    def busy(self) -> bool:
        """Whether something is being done with the DAW."""
        return self._job is not None

    def search(self, which: str = "auto", **options: Any) -> None:
        """Look who answers, and connect when exactly one does.

        Args:
            which: A link's name, `auto` for any, or `off`.
            **options: As `links.open_link` takes them (host, port, session).
        """
        if self._closed:
            return
        if self.busy:
            self.said.emit(
                translate("daw_desk", "The DAW is busy: {doing}.").format(doing=self.doing)
            )
            return
        self._disconnect()
        if which == OFF:
            self.searched = True
            self.changed.emit()
            return

        def work(report: Callable[[Progress], None], stopped: Callable[[], bool]) -> Found:
            return look(which, options)

        self._do(translate("daw_desk", "looking for DAWs"), work, self._connected)

    def _connected(self, found: Found) -> None:
        from ifx_bridge.daw.follow import Follow

        if self._closed:  # it was found too late
            if found.link is not None:
                found.link.close()
            return
        self.found, self.searched = found, True
        if found.link is not None:
            self.answers = True
            self._follow = Follow(found.link.scene, self._scene_seen.emit)
            self.said.emit(translate("daw_desk", "{name} answers.").format(name=found.link.name))
        else:
            self.said.emit(translate("daw_desk", "No DAW answers; everything else works."))

    def _disconnect(self) -> None:
        if self._follow is not None:
            self._follow.close()
        if self.found.link is not None:
            self.found.link.close()
        self._follow, self.scene, self.devices, self.answers = None, None, (), False
        self.found = Found()

    def _seen(self, scene: Scene | None) -> None:
        if self.link is None:
            return
        moved = scene is None or self.scene is None or scene.track != self.scene.track
        if (scene is not None) != self.answers:
            self.answers = scene is not None
            name = self.link.name
            text = translate("daw_desk", "{name} no longer answers.")
            if scene is not None:
                text = translate("daw_desk", "{name} answers again.")
            self.said.emit(text.format(name=name))
        self.scene = scene
        if moved:
            self._look_at_devices()
        self.changed.emit()

    def follow_track(self, name: str) -> None:
        """Work with a track of that name, or with the selected one."""
        if name != self.track_name:
            self.track_name = name
            self._look_at_devices()
            self.changed.emit()

    @property
    def track_title(self) -> str:
        """The track that is worked with, as the user calls it; empty when none is."""
        if self.track_name != SELECTED:
            return self.track_name
        return self.scene.track.name if self.scene is not None and self.scene.track else ""

    def _look_at_devices(self) -> None:
        link, name = self.link, self.track_name
        if link is None:
            return

        def work(report: Callable[[Progress], None], stopped: Callable[[], bool]) -> Any:
            return link.devices(link.track(name))

        def then(devices: tuple[Device, ...]) -> None:
            self.devices = devices
            self.changed.emit()

        self.devices = ()
        self._looker.ask(work, then)

    # Working with it.

    def capture(self, folder: Path) -> None:
        """Take the dry sound of the track into a new folder beneath this one."""
        link, name = self._needed(), self.track_name
        if link is None:
            return

        def work(report: Callable[[Progress], None], stopped: Callable[[], bool]) -> Capture:
            return captured(link, name, folder)

        self._do(
            translate("daw_desk", "capturing from {name}").format(name=link.name),
            work,
            self.captured.emit,
        )

    def watch(self, folder: Path | None) -> None:
        """Take the next finished file that is bounced into a folder, and every one after it."""
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher.wait()
            self._watcher = None
        self.watching = folder
        if folder is not None:
            from ifx_bridge.daw.capture import BounceFolder

            try:
                self._bounces = BounceFolder(folder)  # what is there now is not waited for
            except UserError as error:
                self._unwatched(error)
                return
            self._wait_for_bounce()
        self.changed.emit()

    def _wait_for_bounce(self) -> None:
        bounces = self._bounces

        def work(report: Callable[[Progress], None], stopped: Callable[[], bool]) -> Capture:
            from ifx_bridge.daw.capture import kept

            return kept(bounces.next(cancelled=stopped))[0]

        job = self._watcher = Job(work, self)
        job.succeeded.connect(self.captured.emit)
        job.failed.connect(lambda error: None if job.cancelled else self.problem.emit(error))
        job.finished.connect(lambda: None if job.cancelled else self._wait_for_bounce())
        job.finished.connect(job.deleteLater)
        job.start()

    def _unwatched(self, error: UserError) -> None:
        self.problem.emit(error)
        self.watching = None
        self.changed.emit()

    def preview(self, before: Chain, after: Chain, then: Callable[[Any], None]) -> None:
        """Find out what a push of `after`, or a ramp from `before` to it, would set.

        `then` is given both `Preview`s; of the ramp's beginning first.
        """
        link, name = self._needed(), self.track_name
        if link is None:
            return

        def work(report: Callable[[Progress], None], stopped: Callable[[], bool]) -> Any:
            from ifx_bridge.daw import automation
            from ifx_bridge.daw.push import preview

            track = link.track(name)
            first, last = automation.between(before, after)
            return (
                preview(link, track, first, switching=False),
                preview(link, track, last, switching=False),
                preview(link, track, after, pushed=self.pushed),
            )

        self._do(translate("daw_desk", "reading the track"), work, then)

    def watch_values(self, plan: Preview) -> Callable[[], None]:
        """Tell by `moved` what a preview's parameters do, where the DAW tells; returns an end."""
        stack = ExitStack()
        if self.link is not None:
            parameters = [want.parameter for part in plan.parts for want in part.wanted]
            stack.enter_context(self.link.watching(parameters, self.moved.emit))
        return stack.close

    def push(self, plan: Preview, told: Progressed, then: Callable[[PushReport], None]) -> None:
        """Set what a preview says, each value read back."""
        link = self._needed()
        if link is None:
            return

        def work(report: Callable[[Progress], None], stopped: Callable[[], bool]) -> PushReport:
            from ifx_bridge.daw.push import push

            done = push(link, plan, cancelled=stopped, report=_steps(report))
            self.pushed = self.pushed.after(link.name, plan, done)
            return done

        self._do(
            translate("daw_desk", "pushing to {name}").format(name=link.name), work, then, told
        )

    def ramp(
        self,
        first: Preview,
        last: Preview,
        way: Ramp,
        file: Path | None,
        told: Progressed,
        then: Callable[[PushReport], None],
    ) -> None:
        """Go from one preview to the other over time: as automation, or into a MIDI file."""
        link = self._needed()
        if link is None:
            return

        def work(report: Callable[[Progress], None], stopped: Callable[[], bool]) -> PushReport:
            from ifx_bridge.daw import automation, midi
            from ifx_bridge.daw.link import PushReport, Write

            ways, lost = automation.lanes(link, first, last)
            if file is None:
                done = automation.run(link, ways, way, cancelled=stopped, report=_steps(report))
            else:
                midi.write_file(file, ways, way, _tempo(link))
                done = PushReport(tuple(_written(lane, Write) for lane in ways))
            return replace(done, notes=(*done.notes, *lost))

        self._do(translate("daw_desk", "writing the ramp"), work, then, told)

    def stop(self) -> None:
        """Ask what runs to stop; what was set stays and is told."""
        if self._job is not None:
            self._job.cancel()

    def close(self, wait_ms: int = 10_000) -> None:
        """End everything and free the ports."""
        self._closed = True
        self.watch(None)
        self._looker.close(wait_ms)
        if self._job is not None:
            self._job.cancel()
            self._job.wait(wait_ms)
        self._disconnect()

    def _needed(self) -> DawLink | None:
        if self.busy:
            self.said.emit(
                translate("daw_desk", "The DAW is busy: {doing}.").format(doing=self.doing)
            )
            return None
        if self.link is None:
            self.problem.emit(
                UserError(
                    translate("daw_desk", "No DAW is connected."),
                    kept=translate("daw_desk", "Everything else works."),
                    next_step=translate(
                        "daw_desk", "Start it, then: Look again. What each DAW needs is said there."
                    ),
                )
            )
        return self.link

    def _do(
        self,
        doing: str,
        work: Callable[..., Any],
        then: Callable[[Any], None],
        told: Callable[[Progress], None] = lambda step: None,
    ) -> None:
        job = self._job = Job(work, self)
        self.doing = doing
        job.progressed.connect(told)
        job.succeeded.connect(then)
        job.failed.connect(self.problem.emit)
        job.finished.connect(self._ended)
        job.start()
        self.changed.emit()

    def _ended(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job, self.doing = None, ""
        self.changed.emit()


Progressed = Callable[[Progress], None]


def look(which: str, options: dict[str, Any]) -> Found:
    """Ask all known ports, or one; connect when exactly one DAW answers.

    Raises:
        UserError: There is no link of that name.
    """
    from ifx_bridge.daw import links

    if which == "auto":
        probes = tuple(links.probes(**options))
    else:
        with links.open_link(which, **options) as one:
            probes = ((which, one.probe()),)
    running = [name for name, probe in probes if probe.connected]
    if len(running) != 1:
        return Found(probes)
    link = links.open_link(running[0], **options)
    try:
        tracks = link.tracks()
    except UserError:  # a map of the user's may list none
        tracks = ()
    return Found(probes, link, tracks)


def captured(link: DawLink, track: str, folder: Path) -> Capture:
    """Take a track's dry sound into a new folder beneath `folder`, named after the track.

    Raises:
        UserError: The DAW cannot give it, or it is of no use, or the disk is full.
    """
    from ifx_bridge.daw.capture import kept

    chosen = link.track(track)
    name = re.sub(r"[^\w .-]+", "_", chosen.name).strip(" .") or f"track-{chosen.index}"
    number = 1
    while (place := folder / f"{name}-{number:02d}").exists():
        number += 1
    made = link.capture(chosen, place)
    named = made.path.with_name(f"{name}{made.path.suffix}")
    try:
        made.path.replace(named)
    except OSError:
        named = made.path
    return kept(replace(made, path=named))[0]


def origin(capture: Capture) -> str:
    """Where a capture came from, and what to mind about it, in words."""
    parts = [part for part in (capture.daw, capture.track, capture.item) if part]
    if capture.start_seconds is not None and capture.end_seconds is not None:
        parts.append(
            translate("daw_desk", "{start_seconds:.1f} to {end_seconds:.1f} s").format(
                start_seconds=capture.start_seconds, end_seconds=capture.end_seconds
            )
        )
    if capture.tempo:
        parts.append(f"{capture.tempo:.0f} bpm")
    if not capture.daw:
        parts = [f"{capture.path.name}, {capture.way}"]
    text = translate("daw_desk", "From {place}.").format(place=" · ".join(parts))
    mind = translate("daw_desk", "Mind: {note}.")
    return " ".join([text, *(mind.format(note=note) for note in capture.notes)])


def _steps(report: Callable[[Progress], None]) -> Callable[[int, int], None]:
    return lambda done, total: report(Progress("values", done, total, 0.0, Chain()))


def _tempo(link: DawLink) -> float:
    try:
        return link.transport().tempo or 120.0
    except UserError:
        return 120.0


def _written(lane: Lane, write: Any) -> Any:
    return write(
        lane.parameter,
        lane.after,
        lane.after,
        "confirmed",
        translate("daw_desk", "in the file"),
        lane.title,
    )
