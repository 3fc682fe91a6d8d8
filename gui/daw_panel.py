"""The DAW in the source area: who answers, the track and its devices, capturing and pushing."""

from __future__ import annotations

from PyQt6.QtCore import QT_TRANSLATE_NOOP, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QFrame, QVBoxLayout

from gui.daw_desk import SELECTED, DawDesk
from gui.parts import button, label, row
from gui.translations import translate

NOT_LOOKED = QT_TRANSLATE_NOOP("daw_panel", "Not looked for yet.")
NOBODY = QT_TRANSLATE_NOOP("daw_panel", "None answers. Everything else works.")


class DawPanel(QFrame):
    """What is known of the DAW, and what can be done with it.

    Attributes:
        look: The user wants to look again.
        explain: The user wants to know what each DAW needs.
        capture: The user wants the dry sound of the track.
        push: The user wants to put the turn into the track's devices.
    """

    look = pyqtSignal()
    explain = pyqtSignal()
    capture = pyqtSignal()
    push = pyqtSignal()

    def __init__(self, desk: DawDesk) -> None:
        """Of a desk."""
        super().__init__()
        self.desk = desk
        self.setAccessibleName("DAW")
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 8, 0, 0)
        rows.setSpacing(6)
        rows.addWidget(label("DAW", "heading"))
        self.state = label(translate("daw_panel", NOT_LOOKED), wrap=True)
        self.state.setAccessibleName(translate("daw_panel", "DAW state"))
        rows.addWidget(self.state)
        self.look_button = button(
            translate("daw_panel", "Look a&gain"),
            translate("daw_panel", "Ask all known ports who is there"),
            self.look.emit,
        )
        self.why_button = button(
            translate("daw_panel", "&Why?"),
            translate("daw_panel", "What each DAW needs to be seen"),
            self.explain.emit,
        )
        rows.addLayout(row(self.look_button, self.why_button, stretch=0))
        self.track = QComboBox()
        self.track.setAccessibleName(translate("daw_panel", "Track"))
        self.track.setToolTip(
            translate(
                "daw_panel", "The track to capture from and to push to; or whichever is selected"
            )
        )
        self.track.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.track.activated.connect(
            lambda at: desk.follow_track(self.track.itemData(at) or SELECTED)
        )
        rows.addWidget(self.track)
        self.devices = label("", "quiet", wrap=True)
        self.devices.setAccessibleName(translate("daw_panel", "Devices on the track"))
        rows.addWidget(self.devices)
        self.capture_button = button(
            translate("daw_panel", "&Capture"),
            translate("daw_panel", "Take the dry sound of the track as the clip"),
            self.capture.emit,
        )
        self.push_button = button(
            translate("daw_panel", "&Push…"),
            translate(
                "daw_panel",
                "Put the turn into the track's devices: first shown, then set and read back",
            ),
            self.push.emit,
        )
        rows.addLayout(row(self.capture_button, self.push_button))
        self.watched = label("", "quiet", wrap=True)
        self.watched.setAccessibleName(translate("daw_panel", "Watched folder"))
        rows.addWidget(self.watched)
        self.origin = label("", "quiet", wrap=True)
        self.origin.setAccessibleName(translate("daw_panel", "Where the clip came from"))
        self.origin.hide()
        rows.addWidget(self.origin)
        desk.changed.connect(self.refresh)
        self.refresh()

    def show_origin(self, text: str) -> None:
        """Say where the clip came from; nothing hides it."""
        self.origin.setText(text)
        self.origin.setVisible(bool(text))

    def refresh(self) -> None:
        """Show what is known now."""
        desk, link = self.desk, self.desk.link
        self.state.setText(self._state())
        self.look_button.setEnabled(not desk.busy)
        hows = [f"{p.daw} ({p.host}:{p.port}): {p.how}" for _, p in desk.found.probes]
        self.state.setToolTip("\n\n".join(hows))
        folder = desk.watching
        self.watched.setText(
            translate("daw_panel", "Waiting for a bounce in {name}").format(name=folder.name)
            if folder
            else ""
        )
        self.watched.setVisible(folder is not None)
        self.why_button.setVisible(desk.searched and link is None and bool(desk.found.probes))
        there = link is not None
        for part in (self.track, self.devices, self.capture_button, self.push_button):
            part.setVisible(there)
        if link is None:
            return
        self._list_tracks()
        names = " → ".join(device.name for device in desk.devices)
        self.devices.setText(names or translate("daw_panel", "no device on this track"))
        able = desk.answers and not desk.busy
        self.capture_button.setEnabled(able)
        self.push_button.setEnabled(able)

    def _state(self) -> str:
        desk = self.desk
        if desk.busy:
            return f"{desk.doing[0].upper()}{desk.doing[1:]}…"
        if not desk.searched:
            return translate("daw_panel", NOT_LOOKED)
        if desk.link is None:
            several = [name for name, probe in desk.found.probes if probe.connected]
            if several:
                return translate(
                    "daw_panel", "Several answer: {several}. Choose one in Preferences."
                ).format(several=", ".join(several))
            return translate("daw_panel", NOBODY)
        if not desk.answers:
            return translate("daw_panel", "○ {name} no longer answers; waiting for it.").format(
                name=desk.link.name
            )
        scene = desk.scene
        parts = [translate("daw_panel", "● {name} connected").format(name=desk.link.name)]
        if scene is not None:
            playing = scene.transport.playing
            parts.append(
                translate("daw_panel", "playing") if playing else translate("daw_panel", "stopped")
            )
            if scene.transport.tempo:
                parts.append(f"{scene.transport.tempo:.0f} bpm")
        return " · ".join(parts)

    def _list_tracks(self) -> None:
        desk = self.desk
        title = (
            desk.scene.track.name
            if desk.scene is not None and desk.scene.track
            else translate("daw_panel", "none")
        )
        rows = [(translate("daw_panel", "Selected: {title}").format(title=title), SELECTED)]
        rows += [(track.name, track.name) for track in desk.found.tracks]
        shown = [
            (self.track.itemText(n), self.track.itemData(n)) for n in range(self.track.count())
        ]
        if shown != rows:
            self.track.clear()
            for text, data in rows:
                self.track.addItem(text, data)
        at = self.track.findData(desk.track_name)
        self.track.setCurrentIndex(max(0, at))


def needs(desk: DawDesk) -> str:
    """What each DAW needs to be seen, as it was found."""
    lines = [f"{probe.daw} ({probe.host}:{probe.port})\n{probe.how}" for _, probe in
             desk.found.probes if not probe.connected]  # fmt: skip
    return "\n\n".join(lines)
