"""Presets of IFX Chain, the plugin that plays our own chains: written without the plugin at hand.

Its state is text of ours, so nothing is translated and nothing is lost.
"""

from __future__ import annotations

from pathlib import Path

from ifx_bridge.chain_plugin.table import NAME, VENDOR, class_id, title
from ifx_bridge.chain_plugin.values import chain_of, state_of, values_in, values_of
from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError
from ifx_bridge.presets import text, vstpreset
from ifx_bridge.presets.vstpreset import VstPreset

CATEGORY = "Fx"


def preset_of(chain: Chain, name: str, channels: int = 2) -> VstPreset:
    """The preset with which IFX Chain sounds like a chain.

    Args:
        chain: Of our own effects.
        name: Of the preset.
        channels: 2 for IFX Chain, 1 for IFX Chain Mono.

    Raises:
        UserError: The plugin does not have what the chain has.
    """
    preset = VstPreset(class_id(channels), (("Comp", state_of(values_of(chain))),))
    about = vstpreset.info_xml(name, VENDOR, title(channels), CATEGORY)
    return preset.with_info(about)


def is_ours(preset: VstPreset) -> bool:
    """Whether a preset is for IFX Chain, mono or stereo."""
    return preset.class_id in (class_id(1), class_id(2))


def chain_in(preset: VstPreset) -> Chain:
    """The chain that a preset of IFX Chain holds.

    Raises:
        UserError: It is another plugin's, or of a newer format.
    """
    if not is_ours(preset):
        told = preset.info
        other = told.get("PlugInName") or f"the plugin of class id {preset.class_id}"
        by = f" by {told['PlugInVendor']}" if told.get("PlugInVendor") else ""
        whose = text.line(other + by)
        raise UserError(
            f"This preset is for {whose}, not for {NAME}, so it holds no chain.",
            next_step="What is in it: ifx-bridge presets show FILE. To begin with it in a turn: "
            "--plugin NAME=FILE.",
        )
    return chain_of(values_in(preset.component))


def write(chain: Chain, name: str, out: Path | None = None, channels: int = 2) -> Path:
    """Write a chain as a preset of IFX Chain.

    Args:
        chain: Of our own effects.
        name: Of the preset.
        out: Folder or `.vstpreset` file; by default where hosts look for IFX Chain's presets.
        channels: 2 for IFX Chain, 1 for IFX Chain Mono.

    Returns:
        The file.

    Raises:
        UserError: The plugin does not have what the chain has, or the file cannot be written.
    """
    preset = preset_of(chain, name, channels)
    path = vstpreset.placed(out, vstpreset.folder(VENDOR, title(channels)), name)
    preset.write(path)
    return path
