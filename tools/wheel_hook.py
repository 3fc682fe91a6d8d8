"""What a wheel gets beside the Python: the compiled plugin, when `IFX_PREBUILT` names its folder.

`make wheel` sets it. On other systems build the plugin as `plugin/README.md` says, then

    IFX_PREBUILT=build/plugin/bin python -m pip wheel --no-deps --wheel-dir dist .

Such a wheel is for one platform, and says so in its name.
"""

from __future__ import annotations

import os
import re
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VARIABLE = "IFX_PREBUILT"
PLACE = "ifx_bridge/plugin_build/prebuilt"


class Prebuilt(BuildHookInterface):  # type: ignore[type-arg]
    """Put the bundles in, if any are named."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See hatchling's documentation of build hooks.

        Raises:
            FileNotFoundError: There is no bundle in the named folder.
        """
        named = os.environ.get(VARIABLE)
        if not named or version == "editable":
            return
        found = sorted(Path(named).absolute().glob("*.vst3"))
        if not found:
            raise FileNotFoundError(f"{VARIABLE}: no .vst3 in {named}")
        for bundle in found:
            build_data["force_include"][str(bundle)] = f"{PLACE}/{bundle.name}"
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-" + re.sub(r"[-.]", "_", sysconfig.get_platform())
