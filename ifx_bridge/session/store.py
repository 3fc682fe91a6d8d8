"""Sessions on disk: written atomically, read with suspicion."""

from __future__ import annotations

import json
import reprlib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ifx_bridge.audio import atomic_path
from ifx_bridge.errors import UserError
from ifx_bridge.session.model import FORMAT, VERSION, Session, problem

LARGEST_BYTES = 64 * 2**20
_UNTOUCHED = "The file is untouched."
_RESTORE = "Restore it from a copy, or start a new session."


def save(session: Session, path: Path) -> None:
    """Write a session; a crash in between leaves the file that was there.

    Raises:
        UserError: It cannot be written.
    """
    text = json.dumps(session.to_data(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    data = text.encode("utf-8")
    if len(data) > LARGEST_BYTES:
        raise UserError(
            f"The session is too large to be saved ({len(data) // 2**20} MiB).",
            kept="What was saved before is untouched.",
            next_step="Start a new session from its last chain.",
        )
    try:
        with atomic_path(path) as temporary:
            temporary.write_bytes(data)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} could not be written ({_reason(error)}).",
            kept="What was saved before is untouched.",
            next_step="Choose another folder or free some space.",
        ) from error


def load(path: Path) -> Session:
    """Read a session.

    Raises:
        UserError: There is none, it is damaged, or a newer version made it.
    """
    data = _parsed(path, _read(path))
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(
            f"{path.name} is not a session of IFX Bridge.",
            kept=_UNTOUCHED,
            next_step="Give the session.json of a results folder.",
        )
    version = data.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        given = "no version" if version is None else f"the version {reprlib.repr(version)}"
        raise UserError(
            f"{path.name} is damaged: it has {given}, where a number from 1 should be.",
            kept=_UNTOUCHED,
            next_step=_RESTORE,
        )
    if version > VERSION:
        raise UserError(
            f"{path.name} was made by a newer IFX Bridge (version {reprlib.repr(version)} of the "
            f"session file; this one reads up to {VERSION}).",
            kept=_UNTOUCHED,
            next_step="Update IFX Bridge to open it.",
        )
    try:
        return Session.model_validate(data)
    except ValidationError as error:
        raise UserError(
            f"{path.name} is damaged: {problem(error)}.", kept=_UNTOUCHED, next_step=_RESTORE
        ) from error


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise UserError(
                f"{path} is a folder, not a session file.",
                kept="Nothing was changed.",
                next_step="Give the session.json in it.",
            )
        if not path.is_file():
            raise UserError(
                f"There is no session file {path}.",
                kept="Nothing was changed.",
                next_step="Check the name and the folder.",
            )
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} could not be read ({_reason(error)}).",
            kept=_UNTOUCHED,
            next_step="Check the file's permissions.",
        ) from error
    if len(content) > LARGEST_BYTES:
        raise UserError(
            f"{path.name} is too large to be a session (over {LARGEST_BYTES // 2**20} MiB).",
            kept=_UNTOUCHED,
            next_step="Give the session.json of a results folder.",
        )
    return content


def _parsed(path: Path, content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        what = "it is not text in UTF-8"
        cause: Exception = error
    except json.JSONDecodeError as error:
        what = f"it is not valid JSON, or it is cut off (line {error.lineno})"
        cause = error
    except RecursionError as error:
        what, cause = "it is nested too deeply", error
    except ValueError as error:
        what, cause = "it holds NaN, an infinity or an endless number", error
    raise UserError(
        f"{path.name} is not a session that can be read: {what}.",
        kept=_UNTOUCHED,
        next_step=_RESTORE,
    ) from cause


def _no_constant(name: str) -> None:
    """NaN and infinity are no JSON."""
    raise ValueError(name)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
