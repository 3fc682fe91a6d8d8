"""Extract what the window says into a catalog for translators: gui/translations/ifx.ts.

A translation is a copy of it, `de.ts`, made with Qt Linguist or anything that knows the format, and
compiled with Qt's `lrelease de.ts` to `de.qm`, which the window finds by the desktop's locale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from PyQt6.lupdate.lupdate import lupdate  # noqa: E402

import gui.actions  # noqa: E402
import gui.daw_actions  # noqa: E402, F401  (both register their commands)
from gui.commands import COMMANDS  # noqa: E402
from gui.settings import SETTINGS  # noqa: E402
from gui.translations import FOLDER  # noqa: E402

CATALOG = FOLDER / "ifx.ts"


def declared() -> Iterator[tuple[str, str]]:
    """Context and text of what pylupdate6 cannot see: docstrings of commands, rows of settings."""
    for command in COMMANDS.values():
        yield from (("commands", command.title), ("commands", command.text))
    for setting in SETTINGS:
        yield from (("settings", setting.title), ("settings", setting.text))


def extract(catalog: Path) -> None:
    """Bring a catalog up to date by pylupdate6; what has been translated in it stays.

    Args:
        catalog: A `.ts` file; the texts that have no literal call stand beside it meanwhile, in
            `tables.py`.
    """
    catalog.parent.mkdir(parents=True, exist_ok=True)
    tables = catalog.with_name("tables.py")
    rows = [f"QT_TRANSLATE_NOOP({context!r}, {text!r})\n" for context, text in declared()]
    tables.write_text("".join(rows), encoding="utf-8")
    try:
        files = [*sorted(map(str, (ROOT / "gui").glob("*.py"))), str(tables)]
        lupdate(files, [str(catalog)], no_obsolete=True, no_summary=True)  # type: ignore[no-untyped-call]
    finally:
        tables.unlink()


if __name__ == "__main__":
    extract(Path(sys.argv[1]) if sys.argv[1:] else CATALOG)
