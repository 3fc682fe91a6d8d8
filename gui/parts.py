"""Small parts that the panels are made of: each named for screen readers, each reached by keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import platformdirs
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.mishaps import diagnostics
from gui.translations import translate
from ifx_bridge.errors import UserError


def button(
    text: str, tip: str, do: Callable[[], object] | None = None, *, primary: bool = False
) -> QPushButton:
    """A button with its tip and its name."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setAccessibleName(text.replace("&", "").rstrip("…"))
    made.setAutoDefault(False)
    if primary:
        made.setObjectName("primary")
    if do is not None:
        made.clicked.connect(lambda: do())
    return made


def label(text: str = "", style: str = "", *, wrap: bool = False) -> QLabel:
    """A plain text; `style` is `heading`, `title` or `quiet`."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setObjectName(style)
    made.setWordWrap(wrap)
    return made


def row(*widgets: QWidget, stretch: int = -1) -> QHBoxLayout:
    """Widgets side by side; the one at `stretch` takes what is left."""
    layout = QHBoxLayout()
    layout.setSpacing(6)
    for index, widget in enumerate(widgets):
        layout.addWidget(widget, 1 if index == stretch else 0)
    return layout


class Panel(QFrame):
    """One of the four areas: a heading, then what is in it."""

    def __init__(self, heading: str) -> None:
        """Empty, with its heading."""
        super().__init__()
        self.setObjectName("panel")
        self.setAccessibleName(heading)
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(12, 10, 12, 12)
        self.rows.setSpacing(8)
        self.rows.addWidget(label(heading.upper(), "heading"))


class Notice(QFrame):
    """What went wrong, what is safe, and what to do now; stays until it is closed."""

    def __init__(self) -> None:
        """Hidden."""
        super().__init__()
        self.setObjectName("notice")
        self.label = label(wrap=True)
        self.label.setAccessibleName(translate("parts", "Problem"))
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = button(
            translate("parts", "Close"), translate("parts", "Close this message"), self.hide
        )
        self.close_button.setAccessibleName(translate("parts", "Close the message"))
        self.copy_button = button(
            translate("parts", "Copy diagnostics"),
            translate("parts", "Message, versions and log, without keys or audio"),
            self.copy,
        )
        self.folder = Path(platformdirs.user_state_dir("ifx-bridge"))
        self._error: UserError | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.copy_button)
        layout.addWidget(self.close_button)
        self.hide()

    def tell(self, error: UserError) -> None:
        """Show an error."""
        self._error = error
        lines = [error.what, error.kept, error.next_step]
        self.label.setText("⚠ " + "\n".join(line for line in lines if line))
        self.show()

    def copy(self) -> None:
        """Put what a report needs on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        assert clipboard is not None
        clipboard.setText(diagnostics(self.folder, self._error))

    def text(self) -> str:
        """What is shown."""
        return self.label.text()
