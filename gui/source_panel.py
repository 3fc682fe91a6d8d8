"""The source: the recording that everything is about."""

from __future__ import annotations

from PyQt6.QtCore import QT_TRANSLATE_NOOP, Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QGridLayout, QLabel, QMenu, QVBoxLayout, QWidget

from gui import theme
from gui.curves import envelope
from gui.document import Document
from gui.latest import Latest
from gui.listening import Listening
from gui.parts import Panel, button, label, row
from gui.pictures import Waveform
from gui.translations import translate
from ifx_bridge import facts
from ifx_bridge.demo import clips

EMPTY = QT_TRANSLATE_NOOP(
    "source_panel",
    "Drop a dry recording here\n\nWAV, AIFF, FLAC, MP3 or OGG,\na session.json, or a preset",
)
IDEA = "make it sound like a church"


MEASURED = {
    QT_TRANSLATE_NOOP("source_panel", "LUFS"): QT_TRANSLATE_NOOP(
        "source_panel", "Loudness over the whole clip, ITU-R BS.1770"
    ),
    QT_TRANSLATE_NOOP("source_panel", "crest"): QT_TRANSLATE_NOOP(
        "source_panel", "Peaks above the mean level: the more, the livelier"
    ),
    QT_TRANSLATE_NOOP("source_panel", "centre"): QT_TRANSLATE_NOOP(
        "source_panel", "Where the middle of the spectrum lies: the higher, the brighter"
    ),
    QT_TRANSLATE_NOOP("source_panel", "bass"): QT_TRANSLATE_NOOP(
        "source_panel", "Share of the power below 250 Hz"
    ),
    QT_TRANSLATE_NOOP("source_panel", "tempo"): QT_TRANSLATE_NOOP("source_panel", "Beats a minute"),
    QT_TRANSLATE_NOOP("source_panel", "decay"): QT_TRANSLATE_NOOP(
        "source_panel", "How fast sounds die away"
    ),
}


class Facts(QWidget):
    """What was measured of the clip: a tile each."""

    def __init__(self) -> None:
        """Nothing measured."""
        super().__init__()
        self.setAccessibleName(translate("source_panel", "Measured of the clip"))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setSpacing(6)
        self.values: list[QLabel] = []
        for at, (name, tip) in enumerate(MEASURED.items()):
            tile = QFrame()
            tile.setToolTip(translate("source_panel", tip))
            tile.setObjectName("fact")
            rows = QVBoxLayout(tile)
            rows.setContentsMargins(7, 5, 4, 5)
            rows.setSpacing(0)
            value = label("…", "value")
            name = translate("source_panel", name)
            value.setAccessibleName(name)
            rows.addWidget(value)
            rows.addWidget(label(name, "quiet"))
            self.values.append(value)
            grid.addWidget(tile, at // 2, at % 2)

    def tell(self, found: facts.Facts | None) -> None:
        """What was found; None while it is being measured."""
        texts = (
            ["…"] * len(MEASURED)
            if found is None
            else [
                f"{found.loudness_lufs:.1f}",
                f"{found.crest_db:.0f} dB",
                f"{found.brightness_hz:.0f} Hz",
                f"{100 * found.low_share:.0f} %",
                f"{found.tempo_bpm:.0f} bpm"
                if found.tempo_bpm
                else translate("source_panel", "no beat"),
                f"{found.decay_db_per_second:.0f} dB/s"
                if found.decay_db_per_second
                else translate("source_panel", "none"),
            ]
        )
        for value, text in zip(self.values, texts, strict=True):
            value.setText(text)


class SourcePanel(Panel):
    """Clip, its measurements and its waveform.

    Attributes:
        open_file: The user wants to choose a file.
        open_demo: The user wants the recording of that name.
        hear_idea: The user wants to hear what this does: that instruction, on a guitar.
    """

    open_file = pyqtSignal()
    open_demo = pyqtSignal(str)
    hear_idea = pyqtSignal(str)

    def __init__(self, document: Document, listening: Listening) -> None:
        """Of a document."""
        super().__init__(translate("source_panel", "Source"))
        self.document, self.listening = document, listening
        self.clip_label = label(translate("source_panel", "No clip"), "title", wrap=True)
        self.clip_label.setAccessibleName(translate("source_panel", "Clip"))
        self.rows.addWidget(self.clip_label)
        self.about = label(
            translate("source_panel", "What everything is about: one dry sound."),
            "quiet",
            wrap=True,
        )
        self.about.setAccessibleName(translate("source_panel", "Length, rate and channels"))
        self.rows.addWidget(self.about)
        self.drop = QLabel(translate("source_panel", EMPTY))
        self.drop.setObjectName("drop")
        self.drop.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.drop.setMinimumHeight(150)
        self.rows.addWidget(self.drop)
        self.idea_button = button(
            translate("source_panel", "▶ &Hear the idea"),
            translate(
                "source_panel",
                "Opens a guitar that comes along and asks: {idea}. No key, network or DAW is "
                "needed",
            ).format(idea=IDEA),
            lambda: self.hear_idea.emit(IDEA),
            primary=True,
        )
        self.rows.addWidget(self.idea_button)
        self.idea = label(
            translate(
                "source_panel",
                "A guitar that comes along, and one instruction: “{idea}”. No key, no network, "
                "no DAW.",
            ).format(idea=IDEA),
            "quiet",
            wrap=True,
        )
        self.rows.addWidget(self.idea)
        self.waveform = Waveform()
        self.waveform.setMinimumHeight(130)
        self.waveform.setMaximumHeight(260)
        self.waveform.sought.connect(listening.player.seek)
        self.waveform.looped.connect(listening.player.set_loop)
        self.rows.addWidget(self.waveform, 2)
        self.legend = label("", "quiet", wrap=True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.colour()
        self.rows.addWidget(self.legend)
        self.facts = Facts()
        self.rows.addWidget(self.facts)
        self.rows.addStretch(1)
        self.open_button = button(
            translate("source_panel", "&Open…"),
            translate("source_panel", "Open a recording or a session.json (Ctrl+O)"),
            self.open_file.emit,
        )
        self.demo_button = button(
            translate("source_panel", "&Try one"),
            translate("source_panel", "Recordings that come along"),
        )
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

    def colour(self) -> None:
        """Take the window's colours as they are now."""
        colours = theme.current
        self.legend.setText(
            " &nbsp; ".join(
                (
                    f'<span style="color:{colours.dry}">∿</span> '
                    + translate("source_panel", "dry, a line"),
                    f'<span style="color:{colours.accent}">▬</span> '
                    + translate("source_panel", "heard, filled"),
                    translate("source_panel", "click to go there"),
                )
            )
        )

    def _empty(self, yes: bool) -> None:
        first: tuple[QWidget, ...] = (self.drop, self.idea_button, self.idea)
        for part in first:
            part.setVisible(yes)
        for part in (self.waveform, self.legend, self.facts):
            part.setVisible(not yes)

    def _working(self) -> None:
        self.open_button.setEnabled(not self.document.busy)
        self.demo_button.setEnabled(not self.document.busy)
        self.idea_button.setEnabled(not self.document.busy)

    def _opened(self) -> None:
        clip = self.document.clip
        assert clip is not None
        channels = {
            1: translate("source_panel", "mono"),
            2: translate("source_panel", "stereo"),
        }.get(
            clip.channels,
            translate("source_panel", "{channels} channels").format(channels=clip.channels),
        )
        about = f"{clip.seconds:.1f} s · {clip.sample_rate} Hz · {channels}"
        self.clip_label.setText(clip.path.name)
        self.about.setText(about)
        self.clip_label.setToolTip(str(clip.path))
        self._empty(False)
        self._shown = clip.samples
        self._shapes.ask(
            lambda report, stopped: envelope(clip.samples),
            lambda shape: self.waveform.show_clip(shape, clip.seconds),
        )
        self.facts.tell(None)
        self._facts.ask(lambda report, stopped: facts.measure(clip), self.facts.tell)

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
