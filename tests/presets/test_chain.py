"""Chains as presets of IFX Chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.presets import chain as module
from ifx_bridge.presets import store
from ifx_bridge.presets.vstpreset import VstPreset

CHAIN = Chain((Slot("rev", {"room_size": 0.75}, bypass=True), Slot("dist")), -2.5, 0.5)


@pytest.mark.parametrize("channels", [1, 2])
def test_written_and_read(channels: int, tmp_path: Path) -> None:
    path = module.write(CHAIN, "dark/hall", tmp_path, channels)
    assert path.parent == tmp_path
    preset = VstPreset.read(path)
    assert preset.info["Name"] == "dark/hall" and preset.info["PlugInVendor"] == "IFX Bridge"
    assert module.chain_in(preset) == CHAIN
    assert store.load(str(path)).as_chain() == CHAIN == store.chain(str(path))


def test_without_a_folder_it_goes_where_hosts_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def folder(vendor: str, plugin: str) -> Path:
        return tmp_path / vendor / plugin

    monkeypatch.setattr(module.vstpreset, "folder", folder)
    path = module.write(CHAIN, "hall")
    assert path == tmp_path / "IFX Bridge" / "IFX Chain" / "hall.vstpreset"


def test_another_plugins_preset_is_refused() -> None:
    with pytest.raises(UserError, match="not for IFX Chain"):
        module.chain_in(VstPreset("0" * 32, (("Comp", b""),)))
