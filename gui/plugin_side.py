"""What the window does with plugins on this computer and with reference recordings.

Scanning and translating run in the background, one at a time, under a small dialog that stops them;
a match is a turn like any other, and waits for its turn among the instructions.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QObject, Qt
from PyQt6.QtWidgets import QFileDialog, QProgressDialog

from gui import plugin_work
from gui.dialogs import plugin_chooser
from gui.document import Task
from gui.files import music
from gui.latest import Latest
from gui.plugin_work import Step
from gui.translate_dialog import TranslateDialog
from gui.translations import translate
from gui.worker import Job, Work
from ifx_bridge.plugins.effect import ENGINE as PLUGIN_ENGINE

if TYPE_CHECKING:
    from gui.main_window import Window
    from ifx_bridge.plugins.description import Description

RECORDINGS = QT_TRANSLATE_NOOP("plugin_side", "Recordings (*.wav *.aif *.aiff *.flac *.mp3 *.ogg)")
NONE_KNOWN = QT_TRANSLATE_NOOP(
    "plugin_side", "No plugin is known yet: choose Scan plugins… in the menu Chain."
)
WAIT_MS = 20_000


class PluginSide(QObject):
    """Connects the plugins of this computer, and what matches sounds, with the window."""

    def __init__(self, window: Window) -> None:
        """Nothing is looked for."""
        super().__init__(window)
        self.window = window
        self.progress: QProgressDialog | None = None
        self._lister = Latest(self, window.problem)
        self._job: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether something runs."""
        return self._job is not None or self._lister.busy

    def scan(self) -> None:
        """Look for plugins; those that are known already take no time."""
        self._do(translate("plugin_side", "Looking for plugins"), plugin_work.scan, self.window.say)

    def add(self) -> None:
        """Ask which plugin to put at the end of the chain."""

        def then(plugins: list[Description]) -> None:
            if not plugins:
                self.window.say(translate("plugin_side", NONE_KNOWN))
                return
            dialog = plugin_chooser(self.window, plugins)
            if dialog.exec():
                chosen = next(each for each in plugins if each.path == dialog.picked)
                self.window.chain.add(*plugin_work.effect_of(chosen))

        self._list(then)

    def match(self) -> None:
        """Ask for a reference, and find the chain that sounds like it: a turn."""
        title = translate("plugin_side", "What it shall sound like")
        name, _ = QFileDialog.getOpenFileName(
            self.window, title, str(music()), translate("plugin_side", RECORDINGS)
        )
        if name:
            seed = self.window.document.machine.settings.seed
            make = plugin_work.matching(Path(name), seed)
            self.window.document.carry_out(Task(f"sound like {Path(name).name}", make))

    def translate(self) -> None:
        """Ask which plugin stands for which effect, and find settings that sound the same."""
        document = self.window.document

        def then(plugins: list[Description]) -> None:
            clip, chain = document.clip, document.edit.chain
            ours = [slot for slot in chain if slot.engine != PLUGIN_ENGINE]
            if clip is None or not plugins or not ours:
                none = translate("plugin_side", "There is no effect of ours here.")
                self.window.say(none if plugins else translate("plugin_side", NONE_KNOWN))
                return
            dialog = TranslateDialog(self.window, ours, plugins)
            if not dialog.exec() or not dialog.pairs():
                return
            folder = self.window.results() / "translated"
            work = plugin_work.translating(clip, chain, dialog.pairs(), folder)
            self._do(translate("plugin_side", "Translating"), work, self.window.say)

        self._list(then)

    def _list(self, then: Callable[[list[Description]], None]) -> None:
        self._lister.ask(lambda report, stopped: plugin_work.plugins(), then)

    def _do(self, title: str, work: Work, then: Callable[[Any], object]) -> None:
        if self._job is not None:
            self.window.say(
                translate("plugin_side", "One thing at a time: wait until it is done, or stop it.")
            )
            return
        dialog = self.progress = QProgressDialog(
            f"{title}…", translate("plugin_side", "Stop"), 0, 0, self.window
        )
        dialog.setWindowTitle(title)
        # Not modal: a modal one runs the event loop inside setValue, and the job may end there.
        dialog.setWindowModality(Qt.WindowModality.NonModal)
        dialog.setMinimumDuration(300)
        dialog.setMinimumWidth(380)
        dialog.setAutoReset(False)
        job = self._job = Job(work, self)
        dialog.canceled.connect(job.cancel)
        job.progressed.connect(self._progressed)
        job.succeeded.connect(then)
        job.failed.connect(lambda error: None if job.cancelled else self.window.problem(error))
        job.finished.connect(self._done)
        job.start()

    def _progressed(self, step: Step) -> None:
        if self.progress is not None and self._job is not None and not self._job.cancelled:
            self.progress.setMaximum(step.total)
            self.progress.setValue(step.done)
            self.progress.setLabelText(step.text)

    def _done(self) -> None:
        job, self._job = self._job, None
        dialog, self.progress = self.progress, None
        if job is not None:
            if job.cancelled:
                self.window.say(translate("plugin_side", "Stopped; what was found is kept."))
            job.deleteLater()
        if dialog is not None:
            dialog.reset()
            dialog.deleteLater()

    def close(self) -> None:
        """End what runs."""
        self._lister.close(WAIT_MS)
        if self._job is not None:
            self._job.cancel()
            self._job.wait(WAIT_MS)
