"""Chain presets as JSON files; the factory set ships with the package."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import ifx_bridge
from ifx_bridge.audio import atomic_path
from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError
from ifx_bridge.presets import vstpreset
from ifx_bridge.presets.chain import chain_in

FORMAT, VERSION = "ifx-chain", 1
LARGEST_BYTES = 2**20


def factory_folder() -> Path:
    """Where the factory presets are: in the package when installed, else beside it."""
    packed = Path(str(resources.files("ifx_bridge.presets"))) / "factory"
    return packed if packed.is_dir() else Path(ifx_bridge.__file__).parents[1] / "presets"


def factory() -> dict[str, Path]:
    """Factory presets by name."""
    return {path.stem: path for path in sorted(factory_folder().glob("*.json"))}


def load(source: str) -> Chain:
    """A chain from a factory preset's name, a preset file, or IFX Chain's `.vstpreset`.

    Raises:
        UserError: There is none of that name, or the file is not a chain preset.
    """
    known = factory()
    path = known.get(source, Path(source))
    if not path.is_file():
        raise UserError(
            f"There is no preset or file called {source!r}.",
            next_step=f"Factory presets: {', '.join(known)}.",
        )
    if path.suffix.lower() == vstpreset.SUFFIX:
        return chain_in(vstpreset.VstPreset.read(path))
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ValueError("too large")
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path} could not be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path.name} is not a preset: it is not JSON.") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(f"{path.name} is not an {FORMAT} file.")
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise UserError(f"{path.name} has no valid version.")
    if version > VERSION:
        raise UserError(
            f"{path.name} was made by a newer IFX Bridge (preset version {version}).",
            next_step="Update IFX Bridge.",
        )
    if not isinstance(data.get("chain"), list):
        raise UserError(f"{path.name} has no 'chain' list.")
    return Chain.from_data(data["chain"])


def save(chain: Chain, path: Path, name: str = "") -> None:
    """Write a chain preset, atomically."""
    data = {
        "format": FORMAT,
        "version": VERSION,
        "name": name or path.stem,
        "chain": chain.to_data(),
    }
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        with atomic_path(path) as temporary:
            temporary.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(
            f"{path} could not be written ({error.strerror}).",
            next_step="Choose another folder or free some space.",
        ) from error
