"""Choosing which plugin stands for which effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PyQt6.QtCore import QT_TRANSLATE_NOOP
from PyQt6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from gui.parts import label
from gui.translations import translate
from ifx_bridge.effects.chain import Slot

if TYPE_CHECKING:
    from ifx_bridge.plugins.description import Description

NONE = QT_TRANSLATE_NOOP("translate_dialog", "leave it")


class TranslateDialog(QDialog):
    """A row for each effect, with the plugins to choose from."""

    def __init__(
        self, parent: QWidget, slots: Sequence[Slot], plugins: Sequence[Description]
    ) -> None:
        """Of the effects of a chain and the plugins of this computer."""
        super().__init__(parent)
        self.setWindowTitle(translate("translate_dialog", "Translate to my plugins"))
        self.plugins = {each.path: each for each in plugins if each.class_id and each.parameters}
        self.boxes: dict[str, QComboBox] = {}
        form = QFormLayout()
        for slot in slots:
            box = self.boxes[slot.fx] = QComboBox()
            box.setAccessibleName(
                translate("translate_dialog", "Plugin for {title}").format(title=slot.effect.title)
            )
            box.setToolTip(
                translate("translate_dialog", "Which plugin shall sound like {title}").format(
                    title=slot.effect.title
                )
            )
            box.addItem(translate("translate_dialog", NONE), "")
            for path, each in self.plugins.items():
                box.addItem(f"{each.name} ({each.vendor})", path)
            form.addRow(slot.effect.title, box)
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        rows = QVBoxLayout(self)
        rows.addWidget(
            label(
                translate(
                    "translate_dialog",
                    "Each plugin is tried until it sounds like the effect beside it. Its preset is "
                    "written into the results folder; the chain stays as it is.",
                ),
                wrap=True,
            )
        )
        rows.addLayout(form)
        rows.addWidget(buttons)

    def pairs(self) -> dict[str, Description]:
        """By effect id, the plugin that was chosen."""
        chosen = {fx: self.plugins.get(str(box.currentData())) for fx, box in self.boxes.items()}
        return {fx: plugin for fx, plugin in chosen.items() if plugin is not None}
