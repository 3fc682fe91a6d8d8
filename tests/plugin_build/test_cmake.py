"""The CMake build, which is for systems that `ifx-bridge plugin install` does not compile on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ifx_bridge.errors import UserError
from ifx_bridge.plugin_build import build, check
from ifx_bridge.plugins.host import Host


@pytest.mark.skipif(shutil.which("cmake") is None, reason="CMake is not installed")
def test_it_makes_the_same_plugin(tmp_path: Path) -> None:
    try:
        _, dpf = build.tools()
    except UserError as error:
        pytest.skip(str(error))
    configure = ["cmake", "-S", str(build.sources()), "-B", str(tmp_path), f"-DIFX_DPF={dpf}"]
    for command in (configure, ["cmake", "--build", str(tmp_path), "--config", "Release"]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    bundles = {path.stem: path for path in (tmp_path / "bin").iterdir()}
    assert set(bundles) == set(build.LAYOUTS.values())
    for channels, name in build.LAYOUTS.items():
        sound = check.sample_sound(channels, 48000)
        (_, chain) = next(iter(check.sample_chains(0)))
        with Host(bundles[name]) as host:
            keys = [p.key for p in host.describe().parameters]
            theirs = check.render(host, keys, chain, sound, 48000)
        assert check.difference_db(chain.render(sound, 48000), theirs) <= check.ALLOWED_DB
