"""What is heard: the chosen turn (B), or what it is compared with (A)."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from gui.document import Document
from gui.edits import Edit
from gui.latest import Latest
from gui.player import Player
from gui.telling import short
from gui.translations import translate
from ifx_bridge import audio
from ifx_bridge.effects.chain import Chain
from ifx_bridge.engine import render
from ifx_bridge.errors import UserError

Sound = NDArray[np.float32]
# Memory for sounds beside the dry clip; at least two are kept.
SOUND_BYTES = 2**29
# How often the best so far is rendered while a refinement runs, at most, and its share of time.
FOLLOW_MS, FOLLOW_REST = 400, 2.0
DEVICE_CHECK_MS = 500


def resampled(sound: Sound, has: int, wanted: int) -> Sound:
    """A sound at another rate, as long in time; both rates in Hz."""
    from math import gcd

    from scipy.signal import resample_poly

    both = gcd(has, wanted)
    return np.asarray(resample_poly(sound, wanted // both, has // both, axis=1), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Preview:
    """A chain that is no turn, heard.

    Attributes:
        chain: As it was asked for.
        sound: What it sounds like.
        offset_db: What matching its loudness added; None where that was not measured.
    """

    chain: Chain
    sound: Sound
    offset_db: float | None


class Listening(QObject):
    """Finds the sound that is asked for, and hands it to the player.

    Attributes:
        changed: What is heard, or whether it is playing, changed.
        arrived: A sound came from the background.
        lost: The device stopped by itself; why.
    """

    changed = pyqtSignal()
    arrived = pyqtSignal()
    lost = pyqtSignal(str)

    def __init__(self, document: Document, player: Player) -> None:
        """Of a document."""
        super().__init__(document)
        self.document, self.player = document, player
        self.sounds: dict[Hashable, Sound] = {}
        self.compare_with = 0
        self.hearing_a = False
        self.matched = True
        self.preview: Preview | None = None
        self.step: Chain | None = None  # of a turn's path, looked at instead of its end
        self._eager = False  # to be played as soon as there is a sound
        self._reader = Latest(self, document.problem.emit)
        self._converter = Latest(self, document.problem.emit)
        self._converted: deque[tuple[Sound, int, Sound]] = deque(maxlen=2)
        self._previewer = Latest(self, document.problem.emit, FOLLOW_REST, FOLLOW_MS)
        self._check = QTimer(self)
        self._check.setInterval(DEVICE_CHECK_MS)
        self._check.timeout.connect(self._still_there)
        document.opened.connect(self._opened)
        document.made.connect(self._made)
        document.changed.connect(self._changed)
        document.edited.connect(self._edited)

    # What is heard.

    @property
    def index(self) -> int:
        """The turn that is heard; 0 is the dry clip."""
        return self.compare_with if self.hearing_a else self.document.chosen

    @property
    def edit(self) -> Edit:
        """The cards of what is heard."""
        if self.hearing_a:
            return self.document.edit_of(self.compare_with)
        if self.step is not None:
            return replace(self.document.edit, chain=self.step)
        return self.document.edit

    @property
    def name(self) -> str:
        """What is heard, in words."""
        if self.hearing_a:
            return translate("listening", "A · {title}").format(title=self.title(self.compare_with))
        if self.step is not None:
            return translate("listening", "B · a step on the way")
        if self.document.draft is not None:
            return translate("listening", "B · edited by hand")
        if self.document.following and self.document.best is not None:
            return translate("listening", "B · best so far")
        return translate("listening", "B · {title}").format(title=self.title(self.document.chosen))

    def title(self, index: int) -> str:
        """A turn in a few words."""
        session = self.document.session
        if not index or session is None:
            return translate("listening", "dry clip")
        return translate("listening", "turn {index}: {instruction}").format(
            index=index, instruction=short(session.turn(index).instruction)
        )

    @property
    def sound(self) -> Sound | None:
        """What is heard, if it is there already."""
        preview = self._previewed
        return preview.sound if preview else self.sounds.get(self._key(self.index))

    @property
    def offset_db(self) -> float | None:
        """What matching adds to what is heard, in dB; None where that was not measured."""
        preview = self._previewed
        return preview.offset_db if preview else self.document.chain_of(self.index).trim_db

    @property
    def dry(self) -> bool:
        """Whether what is heard is the clip as it came."""
        return self._previewed is None and not self.document.chain_of(self.index).slots

    @property
    def _previewed(self) -> Preview | None:
        """What is heard, where it is no turn and there already."""
        return self.preview if not self.hearing_a and self._live() is not None else None

    def _live(self) -> Chain | None:
        """The chain that is heard though it is no turn."""
        if self.step is not None:
            return self.step
        document = self.document
        if document.draft is not None:
            return document.draft.chain
        if document.following and document.best is not None:
            return document.best.chain
        return None

    def _key(self, index: int) -> Hashable:
        return 0 if not index else index if self.matched else (index, "as it is")

    # Choices.

    def hear_a(self, yes: bool) -> None:
        """Hear A, what the turn is compared with, or B."""
        self.hearing_a = yes
        self.update()

    def compare(self, index: int) -> None:
        """Compare with that turn (0: the dry clip)."""
        self.compare_with = index
        self.update()

    def match(self, yes: bool) -> None:
        """Hear everything as loud as the dry clip, or as it comes out of the chain."""
        self.matched = yes
        self.preview = None
        self.update()

    def hear_step(self, chain: Chain | None) -> None:
        """Hear a step on the way of the chosen turn; None is its end."""
        self.step = chain
        self.hearing_a = False
        self.update()

    def toggle_play(self) -> str:
        """Play or pause; the reason why it does not."""
        if not self.player.playing:
            return self.play()
        self.player.pause()
        self._check.stop()
        self.changed.emit()
        return ""

    def play(self) -> str:
        """Play, as soon as there is a sound; the reason why it does not."""
        self._eager = self.player.mixer.sound is None
        problem = "" if self._eager else self.player.play()
        if self.player.playing:
            self._check.start()
        self.changed.emit()
        return problem

    def _hand_over(self, sound: Sound, rate: int) -> None:
        self.player.set_sound(sound, rate)
        if self._eager:
            self.play()

    # Getting sounds.

    def update(self) -> None:
        """Play what is wanted now; what is not there comes from the background."""
        clip, session = self.document.clip, self.document.session
        if clip is None or session is None:
            return
        if self.hearing_a and self.compare_with > len(session.turns):
            self.compare_with = 0
        live = None if self.hearing_a else self._live()
        if live is not None:
            self._ask_preview(live)
        sound = self.sound
        if sound is not None:
            self._play(sound)
        elif live is None:
            self._ask_turn(self.index)
        self.changed.emit()

    def _play(self, sound: Sound) -> None:
        """Hand a sound to the player, at the device's rate where it does not take the clip's."""
        clip = self.document.clip
        assert clip is not None
        rate, has = self.player.rate_for(clip.sample_rate), clip.sample_rate
        if rate == has:
            self._hand_over(sound, rate)
            return
        for one, at, other in self._converted:
            if one is sound and at == rate:
                self._hand_over(other, rate)
                return

        def then(found: Sound) -> None:
            self._converted.append((sound, rate, found))
            if self.sound is sound:
                self._hand_over(found, rate)

        self._converter.ask(lambda report, stopped: resampled(sound, has, rate), then)

    def _ask_preview(self, chain: Chain) -> None:
        clip, matched = self.document.clip, self.matched
        assert clip is not None
        if self.preview is not None and self.preview.chain == chain:
            return

        def work(report, stopped) -> Preview:
            if matched:
                made = render(clip, chain, stopped)
                return Preview(chain, made.audio, made.chain.trim_db)
            whole = replace(chain, trim_db=0.0)
            return Preview(chain, whole.render(clip.samples, clip.sample_rate, stopped), None)

        def then(found: Preview) -> None:
            if clip is self.document.clip and matched == self.matched:
                self.preview = found
                if self._live() is not None and not self.hearing_a:
                    self._play(found.sound)
                    self.arrived.emit()

        self._previewer.ask(work, then)

    def _ask_turn(self, index: int) -> None:
        clip, session = self.document.clip, self.document.session
        place, matched, key = self.document.workspace, self.matched, self._key(index)
        assert clip is not None and session is not None and place is not None
        chain = session.turn(index).as_chain()

        def work(report, stopped) -> Sound:
            if not matched:
                whole = replace(chain, trim_db=0.0)
                return whole.render(clip.samples, clip.sample_rate, stopped)
            try:
                return audio.load(place.turn_path(index), allow_clipped=True).samples
            except UserError:
                return render(clip, chain, stopped).audio

        def then(sound: Sound) -> None:
            if clip is self.document.clip:
                self._keep(key, sound)
                self.update()
                self.arrived.emit()

        self._reader.ask(work, then)

    def _keep(self, key: Hashable, sound: Sound) -> None:
        self.sounds[key] = sound
        others = [old for old in self.sounds if old != 0]
        while len(others) > 2 and sum(self.sounds[o].nbytes for o in others) > SOUND_BYTES:
            del self.sounds[others.pop(0)]

    # What happens elsewhere.

    def _opened(self) -> None:
        clip = self.document.clip
        assert clip is not None
        self._reader.drop()
        self._previewer.drop()
        self.sounds = {0: clip.samples}
        self.preview, self.step = None, None
        self.compare_with, self.hearing_a = 0, False
        self.player.set_loop(None)

    def _made(self, index: int, sound: Any) -> None:
        self._previewer.drop()
        self._keep(index, sound)
        self.hearing_a, self.step, self.preview = False, None, None

    def _changed(self) -> None:
        self.step = None
        self.update()

    def _edited(self) -> None:
        if self.document.draft is not None:
            self.step, self.hearing_a = None, False
        self.update()

    def _still_there(self) -> None:
        if self.player.lost:
            self._check.stop()
            reason = self.player.find() or translate(
                "listening", "The audio device is gone; another one is there now."
            )
            self.lost.emit(reason)
            self.changed.emit()

    def close(self, wait_ms: int = 20_000) -> None:
        """Silence, and no work left."""
        self._check.stop()
        self.player.pause()
        self._reader.close(wait_ms)
        self._previewer.close(wait_ms)
        self._converter.close(wait_ms)

    @property
    def busy(self) -> bool:
        """Whether a sound is being made or read."""
        return self._reader.busy or self._previewer.busy or self._converter.busy
