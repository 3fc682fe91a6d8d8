"""Commands: registered once, by one decorator; menus, palette, shortcuts and help follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PyQt6.QtCore import QT_TRANSLATE_NOOP
from PyQt6.QtGui import QAction, QKeySequence

from gui.translations import translate

if TYPE_CHECKING:
    from gui.main_window import Window

# What a command may need before it can run, and what to say where that is missing.
NEEDS = {
    "clip": QT_TRANSLATE_NOOP("commands", "Open a recording first."),
    "idle": QT_TRANSLATE_NOOP("commands", "Wait until the turn is done, or stop it."),
    "busy": QT_TRANSLATE_NOOP("commands", "Nothing is being refined."),
    "undo": QT_TRANSLATE_NOOP("commands", "This is the start of the session."),
    "redo": QT_TRANSLATE_NOOP("commands", "Nothing was undone."),
    "device": QT_TRANSLATE_NOOP("commands", "There is no audio output device."),
    "turn": QT_TRANSLATE_NOOP("commands", "Give an instruction first."),
    "effects": QT_TRANSLATE_NOOP("commands", "There is no effect in the chain."),
    "daw": QT_TRANSLATE_NOOP("commands", "No DAW answers, or it is busy: look for it first."),
}
MENUS = (
    QT_TRANSLATE_NOOP("commands", "&File"),
    QT_TRANSLATE_NOOP("commands", "&Edit"),
    QT_TRANSLATE_NOOP("commands", "&Listen"),
    QT_TRANSLATE_NOOP("commands", "&Chain"),
    QT_TRANSLATE_NOOP("commands", "&DAW"),
    QT_TRANSLATE_NOOP("commands", "&View"),
    QT_TRANSLATE_NOOP("commands", "&Help"),
)


@dataclass(frozen=True)
class Command:
    """One thing that the window can do.

    Attributes:
        name: Identifier.
        title: What a person reads, in English.
        text: One sentence, in English.
        run: Does it.
        keys: Shortcuts, the first one is shown.
        menu: Where it stands, one of `MENUS`.
        needs: Keys of `NEEDS`; without them it is disabled and says why.
        on: Of what can be switched on and off: whether it is on.
    """

    name: str
    title: str
    text: str
    run: Callable[[Window], object]
    keys: tuple[str, ...]
    menu: str
    needs: tuple[str, ...]
    on: Callable[[Window], bool] | None = None

    @property
    def shown_title(self) -> str:
        """The title in the language of the desktop."""
        return translate("commands", self.title)

    @property
    def shown_text(self) -> str:
        """The sentence in the language of the desktop."""
        return translate("commands", self.text)

    def why_not(self, states: Iterable[str]) -> str:
        """Why it cannot run now; empty when it can."""
        missing = [need for need in self.needs if need not in states]
        return translate("commands", NEEDS[missing[0]]) if missing else ""


COMMANDS: dict[str, Command] = {}
"""All commands by name, in order of registration."""


def command(
    title: str,
    *keys: str,
    menu: str,
    needs: tuple[str, ...] = (),
    on: Callable[[Window], bool] | None = None,
) -> Callable[[Callable[[Window], object]], Callable[[Window], object]]:
    """Register a function of the window as a command; its docstring is the help.

    Args:
        title: What a person reads.
        *keys: Shortcuts.
        menu: One of `MENUS`.
        needs: Keys of `NEEDS`.
        on: Of what can be switched on and off: whether it is on.
    """
    if menu not in MENUS or not set(needs) <= set(NEEDS):
        raise ValueError(f"{title}: unknown menu {menu!r} or needs {needs!r}")

    def register(run: Callable[[Window], object]) -> Callable[[Window], object]:
        name = run.__name__.strip("_").replace("_", "-")
        if name in COMMANDS:
            raise ValueError(f"the command {name} is registered twice")
        text = (run.__doc__ or "").strip().splitlines()[0]
        COMMANDS[name] = Command(name, title, text, run, keys, menu, needs, on)
        return run

    return register


def action_of(window: Window, command: Command) -> QAction:
    """The command as Qt knows it, for menus and shortcuts."""
    action = QAction(command.shown_title, window)
    action.setObjectName(command.name)
    action.setShortcuts([QKeySequence(key) for key in command.keys])
    action.setToolTip(command.shown_text)
    action.setStatusTip(command.shown_text)
    action.setCheckable(command.on is not None)
    action.triggered.connect(lambda: window.run(command.name))
    return action


def install(window: Window) -> dict[str, QAction]:
    """Fill the window's menu bar; the actions by command name."""
    import gui.actions
    import gui.daw_actions  # noqa: F401  (both register their commands)

    bar = window.menuBar()
    assert bar is not None
    actions = {}
    for title in MENUS:
        menu = bar.addMenu(translate("commands", title))
        assert menu is not None
        menu.setToolTipsVisible(True)
        for each in COMMANDS.values():
            if each.menu == title:
                actions[each.name] = action_of(window, each)
                menu.addAction(actions[each.name])
    return actions
