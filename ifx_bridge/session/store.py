"""Sessions on disk: written atomically, read with suspicion."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from ifx_bridge.audio import atomic_path
from ifx_bridge.errors import UserError
from ifx_bridge.session.model import FORMAT, VERSION, Session

LARGEST_BYTES = 64 * 2**20


def save(session: Session, path: Path) -> None:
    """Write a session; a crash in between leaves the file that was there.

    Raises:
        UserError: It cannot be written.
    """
    text = json.dumps(session.to_data(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        with atomic_path(path) as temporary:
            temporary.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(
            f"{path} could not be written ({error.strerror or error}).",
            kept="What was saved before is untouched.",
            next_step="Choose another folder or free some space.",
        ) from error


def load(path: Path) -> Session:
    """Read a session.

    Raises:
        UserError: There is none, it is damaged, or a newer version made it.
    """
    untouched = "The file is untouched."
    try:
        if not path.is_file():
            raise UserError(f"There is no session file {path}.", next_step="Check the name.")
        if path.stat().st_size > LARGEST_BYTES:
            raise UserError(f"{path.name} is too large to be a session.", kept=untouched)
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path} could not be read ({error.strerror or error}).") from error
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path.name} is not a session: it is not valid JSON, or it is cut off.",
            kept=untouched,
            next_step="Restore it from a copy, or start a new session.",
        ) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(
            f"{path.name} is not a session of IFX Bridge.",
            kept=untouched,
            next_step="Give the session.json of a results folder.",
        )
    version = data.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise UserError(f"{path.name} has no valid version ({version!r}).", kept=untouched)
    if version > VERSION:
        raise UserError(
            f"{path.name} was made by a newer IFX Bridge (session version {version}; this one "
            f"reads up to {VERSION}).",
            kept=untouched,
            next_step="Update IFX Bridge to open it.",
        )
    try:
        return Session.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = " → ".join(str(part) for part in first["loc"]) or "the file"
        reason = first["msg"].removeprefix("Value error, ")
        raise UserError(
            f"{path.name} is damaged at {where}: {reason}.",
            kept=untouched,
            next_step="Restore it from a copy, or start a new session.",
        ) from error
    except (RecursionError, OverflowError) as error:
        raise UserError(f"{path.name} is damaged.", kept=untouched) from error
