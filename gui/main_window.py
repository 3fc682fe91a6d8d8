"""The window: source, conversation, chain, listening and delivering, from left to right."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QByteArray, QEvent, QObject, Qt, QUrl
from PyQt6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
)
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QMainWindow,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from gui import commands, theme
from gui.chain_panel import ChainPanel
from gui.conversation_panel import ConversationPanel
from gui.daw_side import DawSide
from gui.dialogs import KeysDialog, command_chooser, preset_chooser, recent_chooser
from gui.document import Document
from gui.files import ask_where, ask_which, clip_comes_along, music
from gui.latest import Latest
from gui.listen_panel import ListenPanel
from gui.listening import Listening
from gui.parts import Notice
from gui.pictures import Picture
from gui.player import Player
from gui.plugin_side import PluginSide
from gui.preferences import PreferencesDialog
from gui.settings import Settings
from gui.source_panel import SourcePanel
from gui.telling import short
from gui.translations import translate
from ifx_bridge import audio
from ifx_bridge.brain import chosen
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain
from ifx_bridge.engine import Engine
from ifx_bridge.errors import UserError
from ifx_bridge.presets import store as presets
from ifx_bridge.presets import vstpreset

FILES = QT_TRANSLATE_NOOP(
    "main_window", "Recordings and sessions (*.wav *.aif *.aiff *.flac *.mp3 *.ogg *.json)"
)


# Of the four areas, in a window of this size.
SIZE, WIDTHS = (1440, 860), (270, 350, 450, 370)


class Window(QMainWindow):
    """One session about one clip."""

    def __init__(
        self,
        out: Path | None = None,
        machine: Engine | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Empty.

        Args:
            out: Folder for the results; by default one named after the clip.
            machine: What carries out the instructions; by default as the preferences say.
            settings: The preferences; by default none are kept.
        """
        super().__init__()
        self.settings = settings or Settings()
        self.setWindowTitle("IFX Bridge")
        self.setMinimumSize(1100, 700)
        self.resize(*SIZE)
        self.setAcceptDrops(True)
        self._given = machine
        player = Player(self.settings["audio/device"], self.settings["audio/latency"])
        self.document = Document(self, machine or self._machine(), out)
        self.document.follow_best = self.settings["listen/follow"]
        self.document.folder = self.settings["files/folder"]
        self.listening: Listening = Listening(self.document, player)
        self.listening.matched = self.settings["listen/matched"]
        self.source: SourcePanel = SourcePanel(self.document, self.listening)
        self.conversation = ConversationPanel(self.document, self.listening)
        self.chain = ChainPanel(self.document, self.listening)
        self.listen = ListenPanel(self.document, self.listening, self.source)
        self.daw: DawSide = DawSide(self)
        self.source.add(self.daw.panel)
        self.plugins = PluginSide(self)
        self.notice = Notice()
        self._writer = Latest(self, self.problem)
        self._lay_out()
        self.actions_by_name = commands.install(self)
        self._connect()
        self.refresh()
        self._as_it_was()
        self.say(
            player.reason or translate("main_window", "Open a dry recording, or drop one here.")
        )
        self.conversation.instruction.setFocus()

    def _machine(self) -> Engine:
        kept = self.settings
        machine = Engine(chosen(kept["engine/brain"]), kept["engine/ears"], kept["engine/recipe"])
        return replace(machine, settings=replace(machine.settings, seed=kept["engine/seed"]))

    def _lay_out(self) -> None:
        self.areas = QSplitter(Qt.Orientation.Horizontal)
        panels = (self.source, self.conversation, self.chain, self.listen)
        for panel, width, least in zip(panels, WIDTHS, (180, 232, 404, 244), strict=True):
            panel.setMinimumWidth(least)
            self.areas.addWidget(panel)
            self.areas.setStretchFactor(self.areas.count() - 1, width)
        self.areas.setChildrenCollapsible(False)
        self.areas.setHandleWidth(8)
        self.areas.setSizes(list(WIDTHS))
        page = QWidget()
        rows = QVBoxLayout(page)
        rows.setContentsMargins(8, 4, 8, 2)
        rows.addWidget(self.notice)
        rows.addWidget(self.areas, 1)
        self.setCentralWidget(page)
        for widget in self.findChildren(QAbstractButton):
            widget.installEventFilter(self)

    def _kept(self) -> dict[str, tuple[Callable[[], QByteArray], Callable[[QByteArray], object]]]:
        """What is as it was at the next start: how to keep it, and how to bring it back."""
        halves = self.conversation.halves
        return {
            "geometry": (self.saveGeometry, self.restoreGeometry),
            "areas": (self.areas.saveState, self.areas.restoreState),
            "conversation": (halves.saveState, halves.restoreState),
        }

    def _as_it_was(self) -> None:
        for name, (_, restore) in self._kept().items():
            found = self.settings.state(name)
            if isinstance(found, QByteArray):
                restore(found)

    def _connect(self) -> None:
        document, listening = self.document, self.listening
        document.said.connect(self.say)
        document.problem.connect(self.problem)
        document.opened.connect(self._opened)
        for signal in (document.changed, document.working, listening.changed):
            signal.connect(self.refresh)
        listening.lost.connect(
            lambda why: self.problem(
                UserError(
                    why,
                    kept=translate("main_window", "Everything else goes on."),
                    next_step=translate(
                        "main_window", "Plug it in, then look for audio devices in the menu Listen."
                    ),
                )
            )
        )
        self.listen.told.connect(self.say)
        self.listen.export.connect(self.export)
        self.listen.keep_preset.connect(self.keep_preset)
        self.listen.find_device.connect(lambda: self.run("find-device"))
        self.source.open_file.connect(self.choose_file)
        self.source.hear_idea.connect(self.hear_idea)
        self.chain.preset_button.clicked.connect(lambda: self.run("presets"))
        self.chain.said.connect(self.say)
        self.chain.add_plugin.connect(lambda: self.run("add-plugin"))
        self.source.open_demo.connect(lambda name: self.open_source(clips()[name]))
        self.settings.changed.connect(self._preferred)
        hints = QGuiApplication.styleHints()
        if hints is not None:  # the desktop's own scheme, also when it changes at dusk
            hints.colorSchemeChanged.connect(self._scheme)

    # Commands.

    def states(self) -> set[str]:
        """Which of `commands.NEEDS` are there."""
        document = self.document
        session = document.session
        found = {"busy" if document.refining else ""}
        if document.clip is not None and session is not None:
            found.add("clip")
            if session.head > 0 or document.draft is not None:
                found.add("undo")
            if session.undone:
                found.add("redo")
            if session.turns:
                found.add("turn")
            if document.edit.chain.slots:
                found.add("effects")
        if not document.busy:
            found.add("idle")
        if self.listening.player.available:
            found.add("device")
        if self.daw.ready:
            found.add("daw")
        return found - {""}

    def run(self, name: str) -> None:
        """Run a command, where it can; say why not where it cannot."""
        command = commands.COMMANDS[name]
        why = command.why_not(self.states())
        if why:
            self.say(why)
            return
        try:
            command.run(self)
        except UserError as error:
            self.problem(error)
        self.refresh()

    def refresh(self) -> None:
        """Enable what can be done now."""
        states = self.states()
        for name, action in self.actions_by_name.items():
            command = commands.COMMANDS[name]
            why = command.why_not(states)
            action.setEnabled(not why)
            action.setToolTip(why or command.shown_text)
            if command.on is not None:
                action.setChecked(command.on(self))
        session = self.document.session
        named = f"{session.clip.name} — IFX Bridge" if session is not None else "IFX Bridge"
        if self.windowTitle() != named:
            self.setWindowTitle(named)

    def palette(self) -> None:  # type: ignore[override]
        """Find a command by its name."""
        dialog = command_chooser(self, self.states())
        if dialog.exec():
            self.run(dialog.picked)

    def show_keys(self) -> None:
        """All commands with their keys."""
        KeysDialog(self).exec()

    def preferences(self) -> None:
        """Change preferences."""
        PreferencesDialog(self, self.settings).exec()

    def _preferred(self, key: str) -> None:
        if key.startswith("engine/") and self._given is None:
            self.document.machine = self._machine()
        elif key == "audio/device":
            self.find_device()
        elif key == "audio/latency":
            self.listening.player.latency = self.settings[key]
        elif key == "listen/matched":
            self.listen.match_box.setChecked(self.settings[key])
        elif key == "listen/follow":
            self.document.follow_best = self.settings[key]
        elif key == "files/folder":
            self.document.folder = self.settings[key]
        elif key.startswith(("daw/", "midi/", "remote/")):
            self.daw.preferred(key)
        elif key == "look/theme":
            application = QApplication.instance()
            assert isinstance(application, QApplication)
            theme.apply(application, self.settings[key])
            for picture in self.findChildren(Picture):
                picture.recolour()
            self.source.colour()
            self.chain.refresh()

    def _scheme(self) -> None:
        if self.settings["look/theme"] == "system":
            self._preferred("look/theme")

    def find_device(self) -> None:
        """Look for audio devices again."""
        reason = self.listening.player.find(self.settings["audio/device"])
        self.listening.changed.emit()
        self.say(reason or translate("main_window", "There is an audio output device."))

    # Files.

    def open_source(self, source: Path, out: Path | None = None) -> None:
        """Open a recording, a session or a preset.

        Args:
            source: The file.
            out: Folder for the results, where it is not the usual one.
        """
        if source.name.endswith((presets.SUFFIX, vstpreset.SUFFIX)):
            self.take_preset(str(source))
        else:
            self.notice.hide()
            self.document.open(source, out)

    def hear_idea(self, text: str) -> None:
        """Open a recording that comes along, play it, and carry out one instruction."""
        opened = self.document.opened

        def begin() -> None:
            opened.disconnect(begin)
            self.listening.update()  # the dry clip is there to be played
            self.listening.play()
            self.document.send(text)
            self.conversation.write()  # the next instruction is the user's

        opened.connect(begin)
        self.open_source(clips()["guitar"])

    def choose_file(self) -> None:
        """Ask which file to open."""
        clip = self.document.clip
        start = music() if clip is None or clip_comes_along(clip.path) else clip.path.parent
        title = translate("main_window", "Open a recording or a session")
        name, _ = QFileDialog.getOpenFileName(
            self, title, str(start), translate("main_window", FILES)
        )
        if name:
            self.open_source(Path(name))

    def reopen(self) -> None:
        """Open the session that was worked on last."""
        recent = self.settings.recent
        if recent:
            self.open_source(recent[0])
        else:
            self.say(translate("main_window", "There is no earlier session."))

    def choose_recent(self) -> None:
        """Ask which earlier session to open."""
        recent = self.settings.recent
        if not recent:
            self.say(translate("main_window", "There is no earlier session."))
            return
        dialog = recent_chooser(self, recent)
        if dialog.exec():
            self.open_source(Path(dialog.picked))

    def _opened(self) -> None:
        if self.document.workspace is not None:
            self.settings.remember(self.document.workspace.session_path.resolve())

    def show_results(self) -> None:
        """Show the folder of the session in the file manager."""
        if self.document.workspace is not None:
            folder = self.document.workspace.folder.absolute()
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
            self.say(translate("main_window", "Results are in {folder}.").format(folder=folder))

    def export(self) -> None:
        """Ask for a file, and write what is heard."""
        clip, sound = self.document.clip, self.listening.sound
        if clip is None or sound is None:
            self.say(translate("main_window", "The sound is not there yet; try again in a moment."))
            return
        index = self.listening.index
        name = f"{clip.path.stem}-turn-{index:02d}.wav" if index else f"{clip.path.stem}-dry.wav"
        path = ask_where(
            self, translate("main_window", "Export"), self.results() / name, ".wav", "WAV"
        )
        if path is None:
            return

        def work(report, stopped) -> None:
            try:
                audio.save(path, sound, clip.sample_rate)
            except (OSError, RuntimeError) as error:
                raise UserError(
                    translate("main_window", "{path} could not be written ({error}).").format(
                        path=path, error=error
                    ),
                    kept=translate("main_window", "The session is as it was."),
                    next_step=translate("main_window", "Choose another folder or free some space."),
                ) from error

        self._writer.ask(
            work,
            lambda nothing: self.say(translate("main_window", "Written: {path}").format(path=path)),
        )

    def keep_preset(self) -> None:
        """Ask for a file, and write the chain that is heard."""
        preset, written = self.listen.preset(), self.listen.plugin_presets()
        name = re.sub(r"[^\w .-]+", "_", short(preset.name)).strip(" .…") or "preset"
        ours = translate("main_window", "Preset")
        theirs = translate("main_window", "{plugin} preset")
        plugins = {theirs.format(plugin=title): path for title, path in written.items()}
        kinds = {ours: presets.SUFFIX} | dict.fromkeys(plugins, vstpreset.SUFFIX)
        found = ask_which(
            self, translate("main_window", "Save preset"), self.results() / name, kinds
        )
        if found is None:
            return
        path, kind = found

        def write() -> None:
            if kind == ours:
                presets.save(preset, path)
            else:
                vstpreset.VstPreset.read(plugins[kind]).write(path)

        self._writer.ask(
            lambda report, stopped: write(),
            lambda nothing: self.say(translate("main_window", "Written: {path}").format(path=path)),
        )

    def results(self) -> Path:
        """Where files of the session are; the user's music while none is open."""
        place = self.document.workspace
        return place.folder.absolute() if place is not None else music()

    def choose_preset(self) -> None:
        """Ask which factory preset to begin with."""
        found = {name: presets.load(name).description for name in presets.factory()}
        dialog = preset_chooser(self, found)
        if dialog.exec():
            self.take_preset(dialog.picked)

    def take_preset(self, source: str) -> None:
        """Put a preset's chain in place of the chain, as a turn."""
        if self.document.session is None or self.document.busy:
            self.say(
                translate(
                    "main_window",
                    "Open a recording first, then the preset; not while a turn is made.",
                )
            )
            return
        try:
            preset = presets.load(source)
        except UserError as error:
            self.problem(error)
            return
        title = f"Preset: {preset.name or Path(source).stem}"
        self.document.change(replace(self.document.edit, chain=preset.as_chain(), title=title))
        self.document.commit()

    def clear_chain(self) -> None:
        """Empty the chain, as a turn."""
        edit = self.document.edit
        self.document.change(replace(edit, chain=Chain(), locked=frozenset()))
        self.document.commit()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Accept files."""
        if event is not None and _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Open the first file."""
        if event is not None and (path := _dropped(event)) is not None:
            event.acceptProposedAction()
            self.open_source(path)

    # Telling, and the end.

    def say(self, text: str) -> None:
        """One line at the bottom."""
        status = self.statusBar()
        assert status is not None
        status.showMessage(text)
        status.setToolTip(text)

    def problem(self, error: UserError) -> None:
        """What went wrong, what is safe and what to do."""
        self.notice.tell(error)
        self.say(str(error))

    def idle(self) -> bool:
        """Whether nothing is done or waits in the background."""
        document = self.document
        return not (
            document.job is not None or document.waiting or document.saving or self._writer.busy
            or document.draft is not None or self.listening.busy or self.source.working
            or self.listen.working or self.daw.desk.busy or self.plugins.busy
        )  # fmt: skip

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Space presses the button that has the focus, though it also plays."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() == Qt.Key.Key_Space
            and not event.modifiers()
        ):
            event.accept()
            return True
        return super().eventFilter(watched, event)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Stop what runs and keep it: every turn is saved when it is made."""
        self.listening.player.pause()
        if not self.document.close():
            if event is not None:
                event.ignore()
            return
        for name, (keep, _) in self._kept().items():
            self.settings.keep(name, keep())
        self.daw.close()
        self.plugins.close()
        self.listening.close()
        self.source.close_work()
        self.listen.close_work()
        self._writer.close(20_000)
        super().closeEvent(event)


def _dropped(event: QDropEvent) -> Path | None:
    """The first file of a drop."""
    mime = event.mimeData()
    urls = mime.urls() if mime is not None else []
    return Path(urls[0].toLocalFile()) if urls and urls[0].isLocalFile() else None
