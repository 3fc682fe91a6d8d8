"""What IFX Chain, the chain as a plugin, holds: its parameters (`table`) and its state (`values`).

The plugin itself is C++ and lives in `plugin/`; `ifx_bridge.plugin_build` compiles and checks it.
"""
