"""Presets of hosted plugins: read, and written through the plugin, proved before they are kept.

The values are set in a live instance, whose state becomes the file; the file is then loaded into a
fresh instance, and every parameter and a rendered sound are compared. Only what agrees is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ifx_bridge.audio import Audio
from ifx_bridge.effects.chain import Slot
from ifx_bridge.errors import UserError
from ifx_bridge.plugins import effect as plugins
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
    path = vstpreset.placed(out, vstpreset.folder(plugin.vendor, plugin.name), name)
    preset.write(path)
    return Proof(path, len(keys), difference, allowed)


def write_slot(slot: Slot, name: str, out: Path | None = None) -> Proof:
    """Write what a plugin in a chain is set to as a preset of it; nothing is searched.

    Args:
        slot: A plugin of the user's with its values.
        name: Of the preset.
        out: As in `write`.

    Raises:
        UserError: The plugin is not on this computer, or as in `write`.
        PluginError: The plugin fails.
    """
    return write(*settings(slot), name, out)


def settings(slot: Slot) -> tuple[Description, dict[str, float]]:
    """A plugin in a chain: which, and its values as positions, 0 to 1, by key.

    Raises:
        UserError: It is not on this computer, or of another version.
    """
    plugin = plugins.described(slot.fx)
    if plugin is None or not slot.params.keys() <= {p.key for p in plugin.parameters}:
        why = "is not on this computer" if plugin is None else "is of another version here"
        raise UserError(
            f"The plugin {slot.fx} {why}.",
            kept="Its values are kept.",
            next_step="Install it, then: ifx-bridge plugins scan.",
        )
    return plugin, plugins.positions(plugin, slot.params)


def whose(preset: VstPreset) -> Description | None:
    """The plugin on this computer that a preset is for."""
    known = Library.default().plugins()
    return next((plugin for plugin in known if plugin.class_id.upper() == preset.class_id), None)


def read(preset: VstPreset, plugin: Description) -> dict[str, float]:
    """What a plugin makes of a preset: positions of all its parameters, 0 to 1, by key.

    Raises:
        PluginError: It does not take the preset, or fails.
    """
    with Library.default().host(Path(plugin.path), plugin.part) as fresh:
        fresh.load(preset.to_bytes())
        found = fresh.values([p.key for p in plugin.parameters])
    return {key: at for key, (at, _) in found.items()}


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
