"""Listening and delivering: transport, A/B, amount, pictures, and the files that come out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QMimeData, QPoint, Qt, QUrl, pyqtSignal
from PyQt6.QtGui import QDrag, QMouseEvent
from PyQt6.QtWidgets import QButtonGroup, QCheckBox, QComboBox, QPushButton, QTabWidget

from gui.curves import decay, eq_db, spectrum_db
from gui.document import Document
from gui.latest import Latest
from gui.listening import Listening
from gui.parts import Panel, button, label, row
from gui.pictures import Decay, ScorePath, Spectrum, Transfer, frames
from gui.sliders import Slider
from gui.source_panel import SourcePanel
from gui.telling import decibels
from gui.translations import translate
from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError
from ifx_bridge.presets.store import SUFFIX, Preset
from ifx_bridge.presets.store import save as save_preset

# The file has bars, not seconds: it fits any tempo.
RAMP_BARS, RAMP_TEMPO = 4, 120.0
PLAY = QT_TRANSLATE_NOOP("listen_panel", "Play or pause, in a loop (Space)")


class DragButton(QPushButton):
    """Files that can be dragged into a DAW or a file manager."""

    def __init__(self, text: str, tip: str, files: Callable[[], list[Path]]) -> None:
        """`files` gives the paths when they are dragged, none where there are none."""
        super().__init__(text)
        self.setToolTip(tip)
        self.setAccessibleName(text)
        self._files, self._press = files, QPoint()

    def mime(self) -> QMimeData | None:
        """What is dragged; None where there is no file."""
        paths = self._files()
        if not paths:
            return None
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path.resolve())) for path in paths])
        return data

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Where it begins."""
        if event is not None:
            self._press = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Far enough, it is a drag."""
        if event is None or (event.position().toPoint() - self._press).manhattanLength() < 12:
            return
        if (data := self.mime()) is not None:
            self.setDown(False)
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.exec(Qt.DropAction.CopyAction)


class ListenPanel(Panel):
    """What is heard and what comes out.

    Attributes:
        export: The user wants the sound in a file.
        keep_preset: The user wants the chain in a file.
        find_device: The user wants audio devices to be looked for.
        told: A line for the status bar.
    """

    export = pyqtSignal()
    keep_preset = pyqtSignal()
    find_device = pyqtSignal()
    told = pyqtSignal(str)

    def __init__(self, document: Document, listening: Listening, source: SourcePanel) -> None:
        """Of a document."""
        super().__init__(translate("listen_panel", "Listen and deliver"))
        self.document, self.listening, self.source = document, listening, source
        self.play_button = button(
            translate("listen_panel", "▶ &Play"), translate("listen_panel", PLAY), self.toggle_play
        )
        self.play_button.setObjectName("play")
        self.play_button.setMinimumWidth(88)
        self.loop_button = button(
            translate("listen_panel", "&Loop"),
            translate("listen_panel", "Repeat the marked part of the waveform (L)"),
        )
        self.loop_button.clicked.connect(source.waveform.toggle_loop)
        self.place = label("0.0 s", "quiet")
        self.rows.addLayout(row(self.play_button, self.loop_button, self.place, stretch=2))
        self.silent = label("", "quiet", wrap=True)
        self.silent.setAccessibleName(translate("listen_panel", "Why nothing is heard"))
        self.look_button = button(
            translate("listen_panel", "Look again"),
            translate("listen_panel", "Look for audio devices again"),
            lambda: self.find_device.emit(),
        )
        self.rows.addLayout(row(self.silent, self.look_button, stretch=0))

        self.a_button = button(
            "A", translate("listen_panel", "Hear what the turn is compared with (D switches)")
        )
        self.b_button = button("B", translate("listen_panel", "Hear the turn (D switches)"))
        self.sides = QButtonGroup(self)
        for each, name in (
            (self.a_button, translate("listen_panel", "Hear A")),
            (self.b_button, translate("listen_panel", "Hear B")),
        ):
            each.setCheckable(True)
            each.setAccessibleName(name)
            self.sides.addButton(each)
        self.a_button.clicked.connect(lambda: listening.hear_a(True))
        self.b_button.clicked.connect(lambda: listening.hear_a(False))
        self.compare = QComboBox()
        self.compare.setAccessibleName(translate("listen_panel", "Compare with"))
        self.compare.setToolTip(translate("listen_panel", "What A is: the dry clip or any turn"))
        self.compare.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.compare.activated.connect(lambda at: listening.compare(at))
        self.rows.addLayout(row(self.a_button, self.b_button, self.compare, stretch=2))
        self.hearing = label("", wrap=True)
        self.hearing.setAccessibleName(translate("listen_panel", "What is heard"))
        self.rows.addWidget(self.hearing)
        self.match_box = QCheckBox(translate("listen_panel", "&Match loudness"))
        self.match_box.setAccessibleName(translate("listen_panel", "Match loudness"))
        self.match_box.setToolTip(
            translate("listen_panel", "Compare sounds as loud as the dry clip: louder always wins")
        )
        self.match_box.setChecked(listening.matched)
        self.match_box.toggled.connect(listening.match)
        self.offset = label("", "quiet")
        self.rows.addLayout(row(self.match_box, self.offset, stretch=1))
        self.amount = Slider(100)
        self.amount.setRange(0, 200)
        self.amount.setPageStep(10)
        self.amount.setAccessibleName(translate("listen_panel", "Amount in percent"))
        self.amount.setToolTip(
            translate(
                "listen_panel", "How much of the whole change is heard; 0 % is exactly the dry clip"
            )
        )
        self.amount.valueChanged.connect(self._amount)
        self.percent = label("100 %")
        self.percent.setFixedWidth(44)
        self.rows.addLayout(
            row(
                label(translate("listen_panel", "Amount"), "quiet"),
                self.amount,
                self.percent,
                stretch=1,
            )
        )

        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(translate("listen_panel", "Pictures"))
        self.spectrum, self.transfer, self.path = Spectrum(), Transfer(), ScorePath()
        self.decay = Decay()
        self.spectrum.bent.connect(self._bend)
        self.path.chosen.connect(lambda step: listening.hear_step(step.chain if step else None))
        for widget, title in (
            (self.spectrum, translate("listen_panel", "Spectrum")),
            (self.transfer, translate("listen_panel", "Curve")),
            (self.decay, translate("listen_panel", "Decay")),
            (self.path, translate("listen_panel", "Way")),
        ):
            self.tabs.addTab(widget, title)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setTabToolTip(
            1, translate("listen_panel", "Level out over level in, of compressor and distortion")
        )
        self.tabs.setTabToolTip(2, translate("listen_panel", "How reverb and delay fade"))
        self.tabs.setTabToolTip(
            3, translate("listen_panel", "The score after every step: click one to hear it")
        )
        self.rows.addWidget(self.tabs, 1)

        self.export_button = button(
            translate("listen_panel", "&Export WAV…"),
            translate("listen_panel", "Write what is heard (Ctrl+E)"),
            primary=True,
        )
        self.export_button.clicked.connect(lambda: self.export.emit())
        self.preset_button = button(
            translate("listen_panel", "Save prese&t…"),
            translate("listen_panel", "Write the chain (Ctrl+S)"),
        )
        self.preset_button.clicked.connect(lambda: self.keep_preset.emit())
        self.rows.addLayout(row(self.export_button, self.preset_button, stretch=0))
        tip = translate("listen_panel", "Drag this into a DAW or a file manager")
        self.drag_sound = DragButton("⠿ WAV", tip, self.sound_file)
        self.drag_preset = DragButton(translate("listen_panel", "⠿ Preset"), tip, self.preset_files)
        self.drag_ramp = DragButton(
            "⠿ MIDI",
            translate(
                "listen_panel", "{tip}: the way from the turn before, as automation of IFX Chain"
            ).format(tip=tip),
            self.ramp_file,
        )
        self.rows.addLayout(row(self.drag_sound, self.drag_preset, self.drag_ramp, stretch=0))

        self._spectra = Latest(self, document.problem.emit, 1.0, 200)
        self._decays = Latest(self, document.problem.emit, 1.0, 200)
        self._ringing: Chain | None = None
        self._shown: object = None
        self.frames = frames(self, self._frame)
        document.opened.connect(self._opened)
        document.changed.connect(self._turns)
        document.working.connect(self.refresh)
        listening.changed.connect(self.refresh)
        listening.arrived.connect(self.refresh)
        self.refresh()

    def toggle_play(self) -> None:
        """Play or pause."""
        problem = self.listening.toggle_play()
        if problem:
            self.told.emit(problem)

    def sound_file(self) -> list[Path]:
        """The file of the turn that is heard; none before it is written."""
        place, index = self.document.workspace, self.listening.index
        if place is None:
            return []
        path = place.turn_path(index) if index else place.folder / "dry.wav"
        return [path] if path.is_file() else []

    def plugin_presets(self) -> dict[str, Path]:
        """Presets of the turn that is heard, by plugin: IFX Chain, or the user's own in it."""
        document, index = self.document, self.listening.index
        if document.workspace is None or document.session is None or not index:
            return {}
        return document.workspace.presets(document.session.turn(index))

    def preset_files(self) -> list[Path]:
        """The chain of the turn that is heard: for IFX Chain, or the user's plugins and our own."""
        place, index = self.document.workspace, self.listening.index
        if place is None or not index:
            return []
        found = list(self.plugin_presets().values())
        if place.preset_path(index) in found:
            return found
        path = place.turn_path(index).with_suffix(SUFFIX)
        save_preset(self.preset(), path)
        return [*found, path]

    def ramp_file(self) -> list[Path]:
        """Four bars from the turn before to the one that is heard, as 14-bit controllers."""
        document, index = self.document, self.listening.index
        place, session = document.workspace, document.session
        if place is None or session is None or not index:
            return []
        from ifx_bridge.daw import midi
        from ifx_bridge.daw.automation import Ramp, own_lanes

        parent = session.turn(index).parent or 0
        try:
            ways = own_lanes(document.chain_of(parent), document.chain_of(index))
            ramp = Ramp.bars(0.0, RAMP_BARS, RAMP_TEMPO)
            path = place.turn_path(index).with_suffix(".mid")
            return [midi.write_file(path, ways, ramp, RAMP_TEMPO)]
        except UserError as error:
            self.told.emit(str(error))
            return []

    def preset(self) -> Preset:
        """The chain that is heard, with what led to it."""
        session, index = self.document.session, self.listening.index
        turns = session.path(index) if session is not None else ()
        said = tuple(turn.instruction[:500] for turn in turns)[-100:]
        return Preset.of(
            self.listening.edit.chain,
            name=said[-1][:80] if said else "dry",
            instructions=said,
            clip=session.clip.name[:500] if session is not None else "",
        )

    def refresh(self) -> None:
        """Show what is heard."""
        listening, document = self.listening, self.document
        ready, player = document.clip is not None, listening.player
        self.play_button.setEnabled(player.available and ready)
        self.play_button.setText(
            translate("listen_panel", "❚❚ &Pause")
            if player.playing
            else translate("listen_panel", "▶ &Play")
        )
        self.play_button.setAccessibleName(
            translate("listen_panel", "Pause")
            if player.playing
            else translate("listen_panel", "Play")
        )
        self.play_button.setToolTip(player.reason or translate("listen_panel", PLAY))
        self.silent.setText(translate("listen_panel", "○ No audio device") if player.reason else "")
        self.silent.setToolTip(player.reason)
        self.silent.setVisible(bool(player.reason))
        self.look_button.setVisible(bool(player.reason))
        if player.playing != self.frames.isActive():
            self.frames.start() if player.playing else self.frames.stop()
        for part in (self.a_button, self.b_button, self.compare, self.loop_button, self.tabs,
                     self.export_button, self.preset_button, self.match_box):  # fmt: skip
            part.setEnabled(ready)
        turn = bool(listening.index)
        self.drag_sound.setEnabled(ready)
        self.drag_preset.setEnabled(ready and turn)
        self.drag_ramp.setEnabled(ready and turn)
        side = self.a_button if listening.hearing_a else self.b_button
        side.setChecked(True)
        self.hearing.setText(
            translate("listen_panel", "Hearing {name}").format(name=listening.name)
            if ready
            else translate("listen_panel", "Nothing to hear yet")
        )
        edit = listening.edit
        self.offset.setText(self._offset() if ready and not listening.dry else "")
        self.amount.setEnabled(
            ready and not document.busy and not listening.hearing_a and len(edit.chain) > 0
        )
        self.amount.blockSignals(True)
        self.amount.setValue(round(100 * edit.chain.amount))
        self.amount.blockSignals(False)
        self.percent.setText(f"{100 * edit.chain.amount:.0f} %")
        if ready:
            self._draw()

    def _offset(self) -> str:
        """What matching does to what is heard, or would do."""
        offset_db = self.listening.offset_db
        if offset_db is None:
            return translate("listen_panel", "off")
        text = translate("listen_panel", "off: {offset}")
        if self.listening.matched:
            text = translate("listen_panel", "by {offset}")
        return text.format(offset=decibels(offset_db))

    def _draw(self) -> None:
        clip, chain = self.document.clip, self.listening.edit.chain
        assert clip is not None
        self.spectrum.show_eq(eq_db(chain, clip.sample_rate))
        free = not self.document.busy and not self.listening.hearing_a
        self.spectrum.show_bands(chain, free)
        self.transfer.show_chain(chain)
        tail = Chain(tuple(slot for slot in chain if slot.fx in ("rev", "delay")))
        if tail != self._ringing:
            self._ringing = tail
            self._decays.ask(lambda report, stopped: decay(tail), self.decay.show_curve)
        self.path.show_path(self.document.paths.get(self.document.chosen, ()))
        sound = self.listening.sound
        if sound is not None and sound is not self._shown:
            self._shown = sound
            rate = clip.sample_rate
            self._spectra.ask(
                lambda report, stopped: spectrum_db(sound, rate), self.spectrum.show_wet
            )

    def _bend(self, band: str, hertz: float, gain_db: float) -> None:
        edit = self.document.edit
        if self.document.busy or self.listening.hearing_a or "eq" not in edit.chain:
            return
        for name, value in ((f"{band}_cutoff_freq", hertz), (f"{band}_gain_db", gain_db)):
            if not {"eq", f"eq.{name}"} & edit.locked:
                knob = next(k for k in edit.chain["eq"].effect.parameters if k.name == name)
                edit = edit.with_value("eq", name, knob.clamp(value))
        self.document.change(edit)

    def _amount(self, percent: int) -> None:
        if self.document.clip is not None and not self.document.busy:
            self.document.change(self.document.edit.with_amount(percent / 100))

    def _opened(self) -> None:
        clip = self.document.clip
        assert clip is not None
        self._shown = clip.samples
        self._spectra.ask(
            lambda report, stopped: spectrum_db(clip.samples, clip.sample_rate),
            self.spectrum.show_dry,
        )

    def _turns(self) -> None:
        session = self.document.session
        count = 1 + len(session.turns) if session is not None else 0
        if self.compare.count() > count:
            self.compare.clear()
        for index in range(self.compare.count(), count):
            self.compare.addItem(f"A: {self.listening.title(index)}")
        if session is not None:
            for index in range(count):
                self.compare.setItemText(index, f"A: {self.listening.title(index)}")
        self.compare.setCurrentIndex(min(self.listening.compare_with, count - 1))

    def _frame(self) -> None:
        seconds = self.listening.player.seconds
        self.source.waveform.head.setValue(seconds)
        self.place.setText(f"{seconds:.1f} s")

    def close_work(self) -> None:
        """No work left in the background."""
        self.frames.stop()
        self._spectra.close(5000)
        self._decays.close(5000)

    @property
    def working(self) -> bool:
        """Whether a picture is being made."""
        return self._spectra.busy or self._decays.busy
