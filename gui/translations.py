"""The window in the language of the desktop, where there is a translation; else in English.

A text is translated where it is shown: `translate("module", "literal text")`, with placeholders
filled in afterwards by `.format`. Tables made at import keep the English text, marked by
`QT_TRANSLATE_NOOP`; commands and settings show theirs by `shown_title` and `shown_text`. What the
engine says, and what stands in session files, is English. `make texts` writes the catalog.
"""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

FOLDER = Path(__file__).with_name("translations")


def translate(context: str, text: str) -> str:
    """A text in the language of the desktop.

    Args:
        context: The module that the text stands in; pylupdate6 finds both where they are literal.
        text: In English.
    """
    return QCoreApplication.translate(context, text)


def install(application: QCoreApplication, locale: QLocale | None = None) -> bool:
    """Install the translation for a locale; whether there is one.

    Args:
        application: What speaks from now on.
        locale: By default the system's, whose languages are tried in their order; English needs no
            file, and nothing is looked for behind it.
    """
    locale = locale or QLocale.system()
    for name in (language.replace("-", "_") for language in locale.uiLanguages()):
        if name.split("_")[0] == "en":
            return False
        ours = QTranslator(application)
        if ours.load(str(FOLDER / f"{name}.qm")):
            application.installTranslator(ours)
            # What Qt itself says, such as Cancel: only beside ours, for one language in the window.
            qt = QTranslator(application)
            folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
            if qt.load(QLocale(name), "qtbase", "_", folder):
                application.installTranslator(qt)
            return True
    return False
