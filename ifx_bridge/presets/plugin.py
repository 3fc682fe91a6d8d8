"""Presets of hosted plugins, written through the plugin itself and proved before they are kept.

The values are set in a live instance, whose state becomes the file; the file is then loaded into a
fresh instance, and every parameter and a rendered sound are compared. Only what agrees is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ifx_bridge.audio import Audio
from ifx_bridge.errors import UserError
from ifx_bridge.plugins.description import Description
from ifx_bridge.plugins.library import Library
from ifx_bridge.presets import vstpreset
from ifx_bridge.presets.vstpreset import VstPreset

# How far a sound from the loaded preset may be from the one that was saved, unless the plugin's own
# renders differ more than that.
ALIKE_DB = -60.0
RATE = 48000
SECONDS = 1.0
# Positions snap to steps, and are stored in single precision.
STEP = 1e-3


@dataclass(frozen=True)
class Proof:
    """What came back from a preset.

    Attributes:
        path: The file.
        parameters: How many parameters were compared.
        sound_db: Difference of the sounds over the sound, in dB; -inf when there is none.
        allowed_db: How much was allowed: -60, or the plugin's own difference from run to run.
    """

    path: Path
    parameters: int
    sound_db: float
    allowed_db: float


def write(
    plugin: Description,
    positions: Mapping[str, float],
    name: str,
    out: Path | None = None,
) -> Proof:
    """Write a preset that any VST3 host loads.

    Args:
        plugin: Whose.
        positions: By key, 0 to 1; all others as in a new instance.
        name: Of the preset.
        out: Folder or `.vstpreset` file; by default where hosts look for this plugin's presets.

    Raises:
        UserError: The plugin has no VST3 presets or no parameters, or what it reads back is not
            what was set; then nothing is written.
        PluginError: The plugin fails.
    """
    if not plugin.class_id:
        raise UserError(f"{plugin.name} is no VST3 plugin, so it has no .vstpreset files.")
    if not plugin.parameters:
        raise UserError(f"{plugin.name} has no parameters, so there is nothing to keep.")
    sound = _noise(max(plugin.channels))
    values = {p.key: positions.get(p.key, p.default) for p in plugin.parameters}
    keys = list(values)
    library, place = Library.default(), (Path(plugin.path), plugin.part)
    with library.host(*place) as live:
        wet = live.render(sound, RATE, values)
        preset = VstPreset.parse(live.state(values))
        set_to = live.values(keys)
    about = vstpreset.info_xml(name, plugin.vendor, plugin.name, plugin.category)
    preset = preset.with_info(about)
    with library.host(*place) as fresh:
        fresh.load(preset.to_bytes())
        loaded = fresh.values(keys)
        again = fresh.render(sound, RATE, {key: at for key, (at, _) in loaded.items()})
    wrong = [key for key in keys if not _same(set_to[key], loaded[key])]
    if wrong:
        raise UserError(
            f"{plugin.name} does not read back what was set: {', '.join(wrong[:5])}.",
            kept="No preset was written.",
            next_step="Set these by hand, or report which plugin it is.",
        )
    difference = _difference_db(wet, again)
    allowed = max(ALIKE_DB, plugin.noise_db)
    if difference > allowed:
        raise UserError(
            f"{plugin.name} sounds different when its preset is loaded ({difference:.0f} dB, "
            f"{allowed:.0f} dB are allowed).",
            kept="No preset was written.",
        )
    path = _place(plugin, name, out)
    preset.write(path)
    return Proof(path, len(keys), difference, allowed)


def _place(plugin: Description, name: str, out: Path | None) -> Path:
    if out is not None and out.suffix == vstpreset.SUFFIX:
        return out
    folder = out if out is not None else vstpreset.folder(plugin.vendor, plugin.name)
    return folder / vstpreset.file_name(name)


def _same(one: tuple[float, str], other: tuple[float, str]) -> bool:
    """Positions snap to steps when a preset is read, so equal texts are equal too."""
    return abs(one[0] - other[0]) <= STEP or one[1] == other[1] or _rounds(one, other)


def _rounds(one: tuple[float, str], other: tuple[float, str]) -> bool:
    try:
        a, b = float(one[1].split(" ")[0]), float(other[1].split(" ")[0])
    except (ValueError, IndexError):
        return False
    return abs(a - b) <= STEP * max(1.0, abs(a))


def _noise(channels: int) -> Audio:
    random = np.random.default_rng(0)
    return (0.2 * random.standard_normal((channels, int(SECONDS * RATE)))).astype(np.float32)


def _difference_db(one: Audio, other: Audio) -> float:
    rest = float(np.square(one.astype(np.float64) - other).sum())
    whole = float(np.square(one.astype(np.float64)).sum())
    return 10 * float(np.log10(rest / (whole + 1e-30))) if rest > 0 else -np.inf
