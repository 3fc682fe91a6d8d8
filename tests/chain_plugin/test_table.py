"""The plugin's parameters are the registry's, and the C++ knows the same."""

from __future__ import annotations

from ifx_bridge.chain_plugin.table import class_id, entries, header
from ifx_bridge.effects.spec import effects
from ifx_bridge.plugin_build.build import sources


def test_the_header_is_the_registry() -> None:
    written = (sources() / "generated" / "parameters.hpp").read_text("utf-8")
    assert written == header(), "run: ifx-bridge plugin header"


def test_every_parameter_of_every_effect_is_there_with_its_range() -> None:
    found = {e.symbol: e for e in entries()}
    for fx in effects():
        assert found[f"{fx.id}_bypass"].whole
        for p in fx.parameters:
            assert found[f"{fx.id}_{p.name}"].parameter is p
    assert len({e.name for e in entries()}) == len(entries()) == len(found)


def test_class_ids_are_what_hosts_say() -> None:
    # The first as scanned on Linux; on Windows the first three fields of a GUID are turned around.
    assert class_id(2, windows=False) == "2046504473616C634378664900000000"
    assert class_id(1, windows=False) == "2046504473616C634D78664900000000"
    assert class_id(2, windows=True) == "445046206173636C4378664900000000"
