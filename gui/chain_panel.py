"""The chain: a card per effect in signal order, made from the effects' declarations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QMimeData, QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QDrag, QDragEnterEvent, QDropEvent, QMouseEvent
from PyQt6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.bands import BAND, band_of, band_title
from gui.document import Document
from gui.edits import Edit
from gui.icons import padlock
from gui.knobs import Knob
from gui.listening import Listening
from gui.parts import Panel, button, label, row
from gui.sliders import Slider
from gui.translations import translate
from ifx_bridge.effects import spec
from ifx_bridge.effects.chain import Slot

MIME = "application/x-ifx-effect"
# A plugin may have hundreds of parameters: a card shows so many.
MOST_KNOBS = 48
NAME_WIDTH = 66

EMPTY = QT_TRANSLATE_NOOP(
    "chain_panel",
    "No effects yet. Say how it should sound, add one below, or begin with a preset (Ctrl+P).",
)


class Card(QFrame):
    """One effect.

    Attributes:
        changed: A function that takes the edit as it is and gives the one that is wanted.
        said: A line for the status bar.
    """

    changed = pyqtSignal(object)
    said = pyqtSignal(str)

    def __init__(self, slot: Slot) -> None:
        """Of an effect in a chain."""
        super().__init__()
        self.setObjectName("card")
        self.fx, self.kind = slot.fx, slot.effect
        self.base = slot
        self.setAccessibleName(self.kind.title)
        self.title = label(self.kind.title, "title")
        self.title.setToolTip(
            translate("chain_panel", "{description} Drag to move it in the chain").format(
                description=self.kind.description
            )
        )
        self.title.setCursor(Qt.CursorShape.OpenHandCursor)
        self.bypass = self._tool(
            "",
            translate("chain_panel", "Switch the effect off and on"),
            check=True,
            name=translate("chain_panel", "On"),
        )
        self.bypass.clicked.connect(lambda yes: self._do(lambda e: e.with_bypass(self.fx, yes)))
        self.lock = self._tool(
            "",
            translate("chain_panel", "Locked: no instruction moves this effect"),
            check=True,
            name=translate("chain_panel", "Lock"),
        )
        self.lock.clicked.connect(lambda yes: self._do(lambda e: e.with_lock({self.fx}, yes)))
        self.up = self._tool(
            "▲",
            translate("chain_panel", "Earlier in the signal"),
            name=translate("chain_panel", "Move earlier"),
        )
        self.up.clicked.connect(lambda: self._move(-1))
        self.down = self._tool(
            "▼",
            translate("chain_panel", "Later in the signal"),
            name=translate("chain_panel", "Move later"),
        )
        self.down.clicked.connect(lambda: self._move(1))
        self.remove = self._tool(
            "✕",
            translate("chain_panel", "Remove the effect"),
            name=translate("chain_panel", "Remove"),
        )
        self.remove.clicked.connect(lambda: self._do(lambda e: e.removed(self.fx)))
        head = row(self.title, self.bypass, self.lock, self.up, self.down, self.remove, stretch=0)
        self.knobs: dict[str, Knob] = {}
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(6)
        self.grid.setVerticalSpacing(3)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(10, 8, 10, 8)
        rows.setSpacing(5)
        rows.addLayout(head)
        rows.addLayout(self.grid)
        self._fill()
        self.amount = Slider()
        self.amount.setRange(0, 200)
        self.amount.setPageStep(10)
        self.amount.setAccessibleName(
            translate("chain_panel", "{title} amount in percent").format(title=self.kind.title)
        )
        self.amount.setToolTip(
            translate(
                "chain_panel", "All knobs of this effect together: 0 % does nothing, 200 % twice"
            )
        )
        self.percent = label("100 %", "quiet")
        self.percent.setFixedWidth(42)
        if any(knob.parameter.neutral is not None for knob in self.knobs.values()):
            name = label(translate("chain_panel", "amount"), "quiet")
            name.setMinimumWidth(NAME_WIDTH)
            rows.addLayout(row(name, self.amount, self.percent, stretch=1))
        else:
            self.amount.setParent(self)
            self.amount.hide()
            self.percent.setParent(self)
            self.percent.hide()
        self.amount.setValue(100)
        self.amount.valueChanged.connect(self._scaled)
        self._press: QPoint | None = None

    def _tool(self, text: str, tip: str, *, name: str, check: bool = False) -> QToolButton:
        made = QToolButton()
        made.setText(text)
        made.setCheckable(check)
        made.setToolTip(tip)
        made.setAccessibleName(f"{name}: {self.kind.title}")
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return made

    def _fill(self) -> None:
        """A row per knob; per band where there are bands."""
        at = 0
        bands: dict[str, int] = {}
        for parameter in self.kind.parameters[:MOST_KNOBS]:
            knob = self.knobs[parameter.name] = Knob(self, parameter, self.kind.title)
            name = parameter.name
            knob.box.said.connect(self.said.emit)
            knob.turned.connect(lambda value, name=name: self._turned(name, value))
            knob.locked.connect(
                lambda yes, name=name: self._do(lambda e: e.with_lock(self._keys(name), yes))
            )
            band = BAND.match(name)
            if band is None or len(band_of(self.kind, name)) == 1:
                self.grid.addWidget(self._name(parameter.title, knob), at, 0)
                self.grid.addWidget(knob.slider, at, 1)
                self.grid.addWidget(knob.box, at, 2)
                self.grid.addWidget(knob.lock, at, 3)
                at += 1
                continue
            if not bands:
                for column, text in enumerate(
                    (
                        "",
                        translate("chain_panel", "gain"),
                        translate("chain_panel", "frequency"),
                        translate("chain_panel", "Q"),
                    )
                ):
                    heading = label(text, "quiet")
                    heading.setAlignment(Qt.AlignmentFlag.AlignRight)
                    self.grid.addWidget(heading, at, column)
                at += 1
            if band[1] not in bands:
                bands[band[1]] = at
                self.grid.addWidget(self._name(band_title(parameter.title), knob), at, 0)
                at += 1
            column = {"gain_db": 1, "cutoff_freq": 2, "q_factor": 3}[band[2]]
            knob.box.setFixedWidth({"gain_db": 66, "cutoff_freq": 70, "q_factor": 42}[band[2]])
            if band[2] == "gain_db":
                self.grid.addLayout(row(knob.slider, knob.box, stretch=0), bands[band[1]], column)
            else:
                self.grid.addWidget(knob.box, bands[band[1]], column)
                knob.slider.setParent(self)
                knob.slider.hide()
            if band[2] == "q_factor":
                gain = self.knobs[f"{band[1]}_gain_db"]
                title = f"{self.kind.title} {band_title(parameter.title)}"
                gain.lock.setAccessibleName(
                    translate("chain_panel", "Lock {title}").format(title=title)
                )
                gain.lock.setToolTip(
                    translate(
                        "chain_panel", "Locked: no instruction moves this band's gain, frequency, Q"
                    )
                )
                self.grid.addWidget(gain.lock, bands[band[1]], 4)
            if band[2] != "gain_db":
                knob.lock.setParent(self)
                knob.lock.hide()
        self.grid.setColumnStretch(1, 1)

    def _keys(self, name: str) -> set[str]:
        """What the lock beside a knob locks: a band's gain, frequency and Q together."""
        return {f"{self.fx}.{each}" for each in band_of(self.kind, name)}

    def _name(self, text: str, knob: Knob) -> QLabel:
        made = label(text, "quiet")
        made.setBuddy(knob.slider)
        made.setMinimumWidth(NAME_WIDTH)
        return made

    def show_slot(self, slot: Slot, edit: Edit, place: int, count: int, by_hand: bool) -> None:
        """Show an effect's values, where it stands, and what is locked."""
        whole = self.fx in edit.locked
        for name, knob in self.knobs.items():
            knob.show(slot.params[name], whole or bool(self._keys(name) & edit.locked))
            knob.lock.setEnabled(not whole)
        self.lock.setChecked(whole)
        self.lock.setIcon(padlock(whole))
        self.bypass.setChecked(slot.bypass)
        self.bypass.setText(
            translate("chain_panel", "off") if slot.bypass else translate("chain_panel", "on")
        )
        self.setProperty("muted", slot.bypass)
        self.up.setEnabled(place > 0)
        self.down.setEnabled(place < count - 1)
        if not by_hand:
            self.base = slot
            self.amount.blockSignals(True)
            self.amount.setValue(100)
            self.amount.blockSignals(False)
            self.percent.setText("100 %")

    def _do(self, change: Callable[[Edit], Edit]) -> None:
        self.changed.emit(change)

    def _turned(self, name: str, value: float) -> None:
        self._do(lambda edit: edit.with_value(self.fx, name, value))

    def _scaled(self, percent: int) -> None:
        self.percent.setText(f"{percent} %")
        self._do(lambda edit: edit.scaled(self.fx, self.base, percent / 100))

    def _move(self, by: int) -> None:
        self._do(lambda edit: edit.moved(self.fx, edit.chain.ids.index(self.fx) + by))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """A drag begins on the title's row."""
        if event is not None and event.position().y() < self.title.geometry().bottom() + 4:
            self._press = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Far enough, it is a drag."""
        if event is None or self._press is None:
            return
        if (event.position().toPoint() - self._press).manhattanLength() > 12:
            self._press = None
            data = QMimeData()
            data.setData(MIME, self.fx.encode())
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.setPixmap(self.grab().scaledToWidth(200))
            drag.exec(Qt.DropAction.MoveAction)


class ChainPanel(Panel):
    """The cards, and a way to add an effect.

    Attributes:
        add_plugin: The user wants to add a plugin.
        said: A line for the status bar.
    """

    add_plugin = pyqtSignal()
    said = pyqtSignal(str)

    def __init__(self, document: Document, listening: Listening) -> None:
        """Of a document; shows what is heard."""
        super().__init__(translate("chain_panel", "Chain"))
        self.document, self.listening = document, listening
        self.cards: list[Card] = []
        self.state = label("", "quiet", wrap=True)
        self.rows.addWidget(self.state)
        self.holder = QWidget()
        self.stack = QVBoxLayout(self.holder)
        self.stack.setContentsMargins(0, 0, 6, 0)
        self.stack.setSpacing(8)
        self.stack.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidget(self.holder)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows.addWidget(self.area, 1)
        self.add_button = button(
            translate("chain_panel", "&Add effect"),
            translate("chain_panel", "Add an effect at the end of the chain"),
        )
        self.menu = QMenu(self.add_button)
        self.menu.aboutToShow.connect(self._offer)
        self.add_button.setMenu(self.menu)
        self.add_button.setObjectName("add")
        self.preset_button = button(
            translate("chain_panel", "Begin with a &preset…"),
            translate("chain_panel", "A factory preset (Ctrl+P)"),
        )
        self.preset_button.setObjectName("add")
        self.foot = QWidget()
        foot = QHBoxLayout(self.foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.addWidget(self.add_button, 1)
        foot.addWidget(self.preset_button, 1)
        self.stack.insertWidget(0, self.foot)
        self.setAcceptDrops(True)
        listening.changed.connect(self.refresh)
        document.working.connect(self.refresh)
        self.refresh()

    def missing(self) -> list[spec.Effect]:
        """The effects that the chain does not have."""
        chain = self.document.edit.chain
        return [effect for effect in spec.effects() if effect.id not in chain]

    def add(self, fx: str, engine: str = "pedalboard") -> None:
        """Add an effect at the end, by its id; of ours, or a plugin."""
        slot = Slot(fx, engine=engine)
        self._change(lambda edit: edit if fx in edit.chain else edit.added(slot))

    def refresh(self) -> None:
        """Show the chain that is heard."""
        edit = self.listening.edit
        slots = edit.chain.slots
        if [(c.fx, c.kind) for c in self.cards] != [(s.fx, s.effect) for s in slots]:
            self._rebuild(slots)
        by_hand = self.document.draft is not None
        for place, (card, slot) in enumerate(zip(self.cards, slots, strict=True)):
            card.show_slot(slot, edit, place, len(slots), by_hand)
        ready = self.document.session is not None and not self.document.busy
        free = ready and not self.listening.hearing_a
        self.holder.setEnabled(free)
        self.add_button.setEnabled(free)
        self.preset_button.setVisible(not slots)
        if self.document.session is None:
            text = translate("chain_panel", "Open a recording to begin.")
        elif self.listening.hearing_a:
            text = translate(
                "chain_panel", "Showing {name}. Switch to B to turn its knobs."
            ).format(name=self.listening.name)
        elif self.document.refining:
            text = translate(
                "chain_panel", "The knobs follow the best so far; stop to turn them yourself."
            )
        else:
            text = "" if slots else translate("chain_panel", EMPTY)
        self.state.setText(text)
        self.state.setVisible(bool(text))

    def _rebuild(self, slots: tuple[Slot, ...]) -> None:
        old = {(card.fx, card.kind): card for card in self.cards}
        cards = []
        for place, slot in enumerate(slots):
            card = old.pop((slot.fx, slot.effect), None)
            if card is None:
                card = Card(slot)
                card.changed.connect(self._change)
                card.said.connect(self.said.emit)
            else:
                self.stack.removeWidget(card)
            self.stack.insertWidget(place, card)
            card.show()
            cards.append(card)
        for card in old.values():
            self.stack.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = cards

    def _change(self, change: Callable[[Edit], Edit]) -> None:
        if self.document.session is None or self.document.busy:
            return
        now = self.document.edit
        if self.listening.step is not None:
            now = replace(now, chain=self.listening.step)
        self.document.change(change(now))

    def _offer(self) -> None:
        self.menu.clear()
        for effect in self.missing():
            action = self.menu.addAction(effect.title)
            assert action is not None
            action.setToolTip(effect.description)
            action.triggered.connect(lambda _=False, fx=effect.id: self.add(fx))
        self.menu.addSeparator()
        action = self.menu.addAction(translate("chain_panel", "A plugin of yours…"))
        assert action is not None
        action.setToolTip(translate("chain_panel", "One of the plugins on this computer"))
        action.triggered.connect(lambda: self.add_plugin.emit())

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Take cards; files are the window's."""
        if event is not None and (data := event.mimeData()) is not None:
            event.setAccepted(data.hasFormat(MIME))

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Put a card where it was dropped."""
        data = event.mimeData() if event is not None else None
        if event is None or data is None or not data.hasFormat(MIME):
            return
        fx = data.data(MIME).data().decode(errors="replace")
        y = self.holder.mapFrom(self, event.position().toPoint()).y()
        place = sum(card.geometry().center().y() < y for card in self.cards if card.fx != fx)
        if fx in self.document.edit.chain:
            self._change(lambda edit: edit.moved(fx, place))
            event.acceptProposedAction()
