"""The source: the recording that everything is about."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QLabel, QMenu, QWidget

from gui.document import Document
from gui.latest import Latest
from gui.listening import Listening
from gui.parts import Panel, button, label, row
from gui.pictures import Waveform, envelope
from ifx_bridge import facts
from ifx_bridge.demo import clips

EMPTY = "Drop a dry recording here\n\nWAV, AIFF, FLAC, MP3 or OGG,\nor a session.json"


class SourcePanel(Panel):
    """Clip, its measurements and its waveform.

    Attributes:
        open_file: The user wants to choose a file.
        open_demo: The user wants the recording of that name.
        open_recent: The user wants that session.
    """

    open_file = pyqtSignal()
    open_demo = pyqtSignal(str)
    open_recent = pyqtSignal(object)

    def __init__(self, document: Document, listening: Listening) -> None:
        """Of a document."""
        super().__init__("Source")
        self.document, self.listening = document, listening
        self.clip_label = label("No clip", "title", wrap=True)
        self.clip_label.setAccessibleName("Clip")
        self.rows.addWidget(self.clip_label)
        self.drop = QLabel(EMPTY)
        self.drop.setObjectName("drop")
        self.drop.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.drop.setMinimumHeight(150)
        self.rows.addWidget(self.drop)
        self.waveform = Waveform()
        self.waveform.setMinimumHeight(130)
        self.waveform.setMaximumHeight(210)
        self.waveform.sought.connect(listening.player.seek)
        self.waveform.looped.connect(listening.player.set_loop)
        self.rows.addWidget(self.waveform, 2)
        self.legend = label("blue: dry · amber: heard · click to go there", "quiet", wrap=True)
        self.rows.addWidget(self.legend)
        self.facts = label("", "quiet", wrap=True)
        self.facts.setAccessibleName("Measured of the clip")
        self.rows.addWidget(self.facts)
        self.rows.addStretch(1)
        self.open_button = button(
            "&Open…", "Open a recording or a session.json (Ctrl+O)", self.open_file.emit
        )
        self.demo_button = button("&Try one", "Recordings that come along")
        demos = QMenu(self.demo_button)
        for name in clips():
            action = demos.addAction(name.capitalize())
            assert action is not None
            action.triggered.connect(lambda _=False, name=name: self.open_demo.emit(name))
        self.demo_button.setMenu(demos)
        self.rows.addLayout(row(self.open_button, self.demo_button, stretch=0))
        self._shapes = Latest(self, document.problem.emit, 1.0, 200)
        self._facts = Latest(self, document.problem.emit)
        self._shown: object = None
        document.opened.connect(self._opened)
        document.working.connect(self._working)
        listening.changed.connect(self._heard)
        listening.arrived.connect(self._heard)
        self._empty(True)

    def add(self, part: QWidget) -> None:
        """Put something below what is known of the clip."""
        self.rows.insertWidget(self.rows.count() - 2, part)

    def _empty(self, yes: bool) -> None:
        self.drop.setVisible(yes)
        for part in (self.waveform, self.legend, self.facts):
            part.setVisible(not yes)

    def _working(self) -> None:
        self.open_button.setEnabled(not self.document.busy)
        self.demo_button.setEnabled(not self.document.busy)

    def _opened(self) -> None:
        clip = self.document.clip
        assert clip is not None
        channels = {1: "mono", 2: "stereo"}.get(clip.channels, f"{clip.channels} channels")
        about = f"{clip.seconds:.1f} s · {clip.sample_rate} Hz · {channels}"
        self.clip_label.setText(f"{clip.path.name}\n{about}")
        self.clip_label.setToolTip(str(clip.path))
        self._empty(False)
        self._shown = clip.samples
        self._shapes.ask(
            lambda report, stopped: envelope(clip.samples),
            lambda shape: self.waveform.show_clip(shape, clip.seconds),
        )
        self.facts.setText("measuring…")

        def told(found: facts.Facts) -> None:
            parts = [f"{found.loudness_lufs:.1f} LUFS", f"crest {found.crest_db:.0f} dB",
                     f"centroid {found.brightness_hz:.0f} Hz",
                     f"{100 * found.low_share:.0f} % below 250 Hz"]  # fmt: skip
            parts.append(f"{found.tempo_bpm:.0f} bpm" if found.tempo_bpm else "no steady beat")
            self.facts.setText(" · ".join(parts))

        self._facts.ask(lambda report, stopped: facts.measure(clip), told)

    def _heard(self) -> None:
        sound = self.listening.sound
        if sound is not None and sound is not self._shown and self.document.clip is not None:
            self._shown = sound
            self._shapes.ask(lambda report, stopped: envelope(sound), self.waveform.show_wet)

    def close_work(self) -> None:
        """No work left in the background."""
        self._shapes.close(5000)
        self._facts.close(5000)

    @property
    def working(self) -> bool:
        """Whether a picture is being made."""
        return self._shapes.busy or self._facts.busy
