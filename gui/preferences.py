"""The preferences: a page per group, made from their declarations; what is chosen tells its state.

Brain and ears say whether they can be used now and why not; keys go to the system's keyring; the
large weights are loaded here, and go on where they were stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from PyQt6.QtCore import QT_TRANSLATE_NOOP
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QProgressBar,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gui import engines
from gui.latest import Latest
from gui.parts import button, label, row
from gui.settings import SETTINGS, Setting, Settings
from gui.translations import translate
from gui.worker import Job
from ifx_bridge.brain.llm import keys
from ifx_bridge.brain.llm.providers import PROVIDERS, Provider
from ifx_bridge.errors import UserError

PAGES = {
    "engine": QT_TRANSLATE_NOOP("preferences", "Engine"),
    "audio": QT_TRANSLATE_NOOP("preferences", "Sound device"),
    "listen": QT_TRANSLATE_NOOP("preferences", "Listening"),
    "files": QT_TRANSLATE_NOOP("preferences", "Files"),
    "daw": QT_TRANSLATE_NOOP("preferences", "DAW"),
    "midi": QT_TRANSLATE_NOOP("preferences", "MIDI"),
    "remote": QT_TRANSLATE_NOOP("preferences", "Remote control"),
    "look": QT_TRANSLATE_NOOP("preferences", "Look"),
}
WAIT_MS = 5000


class PreferencesDialog(QDialog):
    """Every preference, as it is declared."""

    def __init__(self, parent: QWidget, settings: Settings) -> None:
        """Of the preferences; Save keeps what was changed."""
        super().__init__(parent)
        self.setWindowTitle(translate("preferences", "Preferences"))
        self.resize(620, 520)
        self.settings = settings
        self.fields: dict[str, Callable[[], bool | int | float | str]] = {}
        self.widgets: dict[str, QWidget] = {}
        self.states: dict[str, dict[str, engines.State]] = {}
        self.told = label(wrap=True)
        self.told.setAccessibleName(translate("preferences", "What happened"))
        self.pages = QTabWidget()
        self.pages.setAccessibleName(translate("preferences", "Groups of preferences"))
        self.engine_form = QFormLayout()
        for group, rows in groupby(SETTINGS, key=lambda each: each.key.split("/")[0]):
            form = self.engine_form if group == "engine" else QFormLayout()
            self._page(translate("preferences", PAGES[group]), form, list(rows))
        self._looker = Latest(self, self._problem)
        self._job: Job | None = None
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Save | kinds.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.told)
        layout.addWidget(buttons)
        self.finished.connect(self._end)
        for key in ("engine/brain", "engine/ears"):
            combo = self.widgets[key]
            assert isinstance(combo, QComboBox)
            combo.currentTextChanged.connect(lambda name: self._show_states())
        self._show_states()
        self.look()

    def _page(self, title: str, form: QFormLayout, rows: list[Setting]) -> None:
        form.setVerticalSpacing(6)
        for setting in rows:
            field = self._field(setting, self.settings[setting.key])
            field.setAccessibleName(setting.shown_title)
            field.setAccessibleDescription(setting.shown_text)
            field.setToolTip(setting.shown_text)
            self.widgets[setting.key] = field
            form.addRow(setting.shown_title, field)
            form.addRow("", label(setting.shown_text, "quiet", wrap=True))
            if setting.key == "engine/brain":
                self._brain(form)
            elif setting.key == "engine/ears":
                self._ears(form)
        page = QWidget()
        page.setLayout(form)
        self.pages.addTab(page, title)

    def _field(self, setting: Setting, value: bool | int | float | str) -> QWidget:
        if isinstance(setting.default, bool):
            box = QCheckBox()
            box.setChecked(bool(value))
            self.fields[setting.key] = box.isChecked
            return box
        if setting.choices is not None:
            combo = QComboBox()
            combo.setEditable(setting.key.startswith("engine/"))
            combo.addItems(setting.choices())
            if combo.findText(str(value)) < 0:
                combo.addItem(str(value))
            combo.setCurrentText(str(value))
            self.fields[setting.key] = combo.currentText
            return combo
        if isinstance(setting.default, int):
            spin = QSpinBox()
            spin.setRange(int(setting.low), int(setting.high))
            spin.setValue(int(value))
            self.fields[setting.key] = spin.value
            return spin
        line = QLineEdit(str(value))
        self.fields[setting.key] = line.text
        return line

    # What is chosen, and whether it can be used.

    def _brain(self, form: QFormLayout) -> None:
        self.brain_state = label(wrap=True)
        self.brain_state.setAccessibleName(translate("preferences", "State of the brain"))
        form.addRow("", self.brain_state)
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setAccessibleName(translate("preferences", "API key"))
        self.key.setToolTip(
            translate(
                "preferences", "Kept in the system's keyring, never in a file of this program"
            )
        )
        self.keep_button = button(
            translate("preferences", "Keep key"),
            translate("preferences", "Put it into the system's keyring"),
            self.keep_key,
        )
        self.forget_button = button(
            translate("preferences", "Forget"),
            translate("preferences", "Delete it from the keyring"),
            self.forget_key,
        )
        self.key_row = row(self.key, self.keep_button, self.forget_button, stretch=0)
        form.addRow(translate("preferences", "Key"), self.key_row)

    def _ears(self, form: QFormLayout) -> None:
        self.ears_state = label(wrap=True)
        self.ears_state.setAccessibleName(translate("preferences", "State of the ears"))
        form.addRow("", self.ears_state)
        self.load_bar = QProgressBar()
        self.load_bar.setRange(0, 1000)
        self.load_bar.setValue(0)  # without a value it shows no text
        self.load_bar.setAccessibleName(translate("preferences", "Loading of the weights"))
        self.load_button = button(
            translate("preferences", "Load"),
            translate("preferences", "Load LAION-CLAP's weights; can be stopped"),
            self.load,
        )
        form.addRow("LAION-CLAP", row(self.load_bar, self.load_button, stretch=0))

    def look(self) -> None:
        """Find out anew what can be used."""

        def work(report: Any, stopped: Any) -> dict[str, dict[str, engines.State]]:
            return {"engine/brain": engines.brains(), "engine/ears": engines.ears()}

        self._looker.ask(work, self._looked)

    def _looked(self, states: dict[str, dict[str, engines.State]]) -> None:
        self.states = states
        self._show_states()

    @property
    def provider(self) -> Provider | None:
        """Whose key the chosen brain needs."""
        name = str(self.fields["engine/brain"]()).partition(":")[0]
        return next((each for each in PROVIDERS if each.id == name and each.key_name), None)

    def _show_states(self) -> None:
        for key, shown in (("engine/brain", self.brain_state), ("engine/ears", self.ears_state)):
            combo = self.widgets[key]
            assert isinstance(combo, QComboBox)
            known = self.states.get(key, {})
            name = combo.currentText()
            state = known.get(name.partition(":")[0])
            if not known:
                shown.setText(translate("preferences", "Looking…"))
            elif state is None:
                shown.setText(
                    translate("preferences", "Not known beforehand; it is tried when it is used.")
                )
            else:
                shown.setText(f"{'✓' if state.ready else '✕'} {state.text}")
        needs = self.provider is not None
        for part in (self.key, self.keep_button, self.forget_button):
            part.setEnabled(needs)
        self.key.setPlaceholderText(
            translate("preferences", "key of {title}").format(title=self.provider.title)
            if self.provider
            else translate("preferences", "this brain needs none")
        )
        laion = self.states.get("engine/ears", {}).get("laion")
        loading = self._job is not None
        able = laion is not None and not laion.ready and engines.CLAP not in laion.text
        self.load_button.setEnabled(loading or able)
        self.load_button.setText(
            translate("preferences", "Stop") if loading else translate("preferences", "Load")
        )
        if not loading:
            self.load_bar.setFormat(laion.text if laion is not None else "")

    def keep_key(self) -> None:
        """Put the key into the keyring."""
        provider, value = self.provider, self.key.text()
        if provider is None:
            return
        self.key.clear()
        self._looker.ask(
            lambda report, stopped: keys.store(provider, value),
            lambda nothing: self._again(
                translate("preferences", "The key of {title} is in the keyring.").format(
                    title=provider.title
                )
            ),
        )

    def forget_key(self) -> None:
        """Delete the key from the keyring."""
        if (provider := self.provider) is not None:
            self._looker.ask(
                lambda report, stopped: keys.forget(provider),
                lambda nothing: self._again(
                    translate("preferences", "The key of {title} is forgotten.").format(
                        title=provider.title
                    )
                ),
            )

    def _again(self, told: str) -> None:
        self.told.setText(told)
        self.look()

    # The large weights.

    def load(self) -> None:
        """Load them, from where it was stopped; or stop."""
        if self._job is not None:
            self._job.cancel()
            return
        job = self._job = Job(engines.load_weights, self)
        job.progressed.connect(self._arrived)
        job.succeeded.connect(
            lambda whole: self.told.setText(
                translate("preferences", "The weights are installed.")
                if whole
                else translate("preferences", "Stopped; what has arrived is kept.")
            )
        )
        job.failed.connect(self._problem)
        job.finished.connect(self._loaded)
        job.start()
        self._show_states()

    def _arrived(self, step: Any) -> None:
        share, text = step
        self.load_bar.setValue(round(1000 * share))
        self.load_bar.setFormat(text)

    def _loaded(self) -> None:
        self._job = None
        self.load_bar.setValue(0)
        self.look()

    def _problem(self, error: UserError) -> None:
        self.told.setText(" ".join(part for part in (error.what, error.kept, error.next_step)))

    @property
    def working(self) -> bool:
        """Whether something is being looked up or loaded."""
        return self._looker.busy or self._job is not None

    # The end.

    def accept(self) -> None:
        """Keep what was changed."""
        for key, read in self.fields.items():
            self.settings[key] = read()
        super().accept()

    def _end(self) -> None:
        self._looker.close(WAIT_MS)
        if self._job is not None:
            self._job.cancel()
            self._job.wait(WAIT_MS)
