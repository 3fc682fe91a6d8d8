"""What a wheel carries: the plugin's sources, and the compiled plugin for who has no compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import ifx_bridge
from ifx_bridge.plugin_build import build

ROOT = Path(ifx_bridge.__file__).parents[1]


@pytest.fixture(scope="module")
def site(bundles: dict[int, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `make wheel` makes, unpacked."""
    work = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet",
               "--no-index", "--wheel-dir", str(work), str(ROOT)]  # fmt: skip
    environment = {**os.environ, "IFX_PREBUILT": str(bundles[2].parent)}
    made = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr
    (wheel,) = work.glob("*.whl")
    assert "-py3-none-linux_" in wheel.name  # for one platform, and any Python
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(work / "site")
    return work / "site"


def run(site: Path, work: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`ifx-bridge` from the unpacked wheel; the libraries it needs are those of this Python."""
    environment = {**os.environ, "PYTHONPATH": str(site), "HOME": str(work), **variables}
    command = [sys.executable, "-c", "from ifx_bridge.cli import main; main()", *words]
    return subprocess.run(
        command, env=environment, cwd=work, capture_output=True, text=True, timeout=120
    )


def test_without_a_compiler_the_prebuilt_is_installed(
    site: Path, bundles: dict[int, Path], tmp_path: Path
) -> None:
    done = run(site, tmp_path, "plugin", "install", PATH="", CXX="")
    assert done.returncode == 0, done.stderr
    for bundle in bundles.values():
        placed = build.binary_of(tmp_path / ".vst3" / bundle.name)
        assert placed.read_bytes() == build.binary_of(bundle).read_bytes()
        assert not build.unloadable(tmp_path / ".vst3" / bundle.name)


def test_it_needs_no_library_that_may_be_missing(bundles: dict[int, Path]) -> None:
    for bundle in bundles.values():
        said = subprocess.run(["ldd", build.binary_of(bundle)], capture_output=True, text=True)
        assert "libc.so" in said.stdout
        assert "rubberband" not in said.stdout and "stdc++" not in said.stdout
        said = subprocess.run(["nm", "-D", "-C", "--defined-only", build.binary_of(bundle)],
                              capture_output=True, text=True)  # fmt: skip
        assert "GetPluginFactory" in said.stdout
        assert "RubberBand::" not in said.stdout


def test_a_prebuilt_that_does_not_load_is_not_installed(site: Path, tmp_path: Path) -> None:
    other = tmp_path / "site"
    shutil.copytree(site, other)
    carried = other / "ifx_bridge/plugin_build/prebuilt"
    build.binary_of(carried / "IFX Chain.vst3").write_bytes(b"of another machine")
    done = run(other, tmp_path, "plugin", "install", PATH="", CXX="")
    assert done.returncode == 2 and not (tmp_path / ".vst3").exists()
    assert "does not fit this system" in done.stderr and "C++ compiler" in done.stderr
    assert "Traceback" not in done.stderr

    # Without it, the sources that the wheel carries are compiled: they are those of the checkout.
    shutil.rmtree(carried)
    done = run(other, tmp_path, "plugin", "install", PATH="", CXX="")
    assert done.returncode == 2 and "does not fit" not in done.stderr
    assert "apt-get install g++" in " ".join(done.stderr.split())
    ours = {p.relative_to(build.sources()) for p in build.sources().rglob("*") if p.is_file()}
    packed = other / "ifx_bridge/plugin_build/source"
    assert ours == {p.relative_to(packed) for p in packed.rglob("*") if p.is_file()}
    cache = str(build.cache_folder().parents[1])
    done = run(other, tmp_path, "plugin", "build", XDG_CACHE_HOME=cache)
    assert done.returncode == 0, done.stderr
    assert "compiling" not in done.stderr and str(build.bundles()[2]) in done.stdout
