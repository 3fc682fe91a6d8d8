"""Compiling IFX Chain with g++ and DPF, and putting it where DAWs look.

The bundles are kept in the user's cache under the digest of all that they are made of, so that
nothing is compiled twice. There are two, since a DPF plugin has one layout: stereo and mono.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

import ifx_bridge
from ifx_bridge.chain_plugin.table import title
from ifx_bridge.errors import UserError

SUFFIX = ".vst3"
LAYOUTS = {channels: title(channels) for channels in (2, 1)}
DPF_VARIABLE, DPF = "IFX_DPF", Path("/usr/share/dpf")
APT = "sudo apt-get install g++ dpf-source librubberband-dev"
FLAGS = ("-O3", "-std=gnu++17", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-DNDEBUG")
LIBRARIES = ("-lm", "-lpthread", "-ldl")
# A bundle is carried to other computers: it shall need nothing there but the C library, and neither
# lend its own libraries to the DAW nor borrow the DAW's.
SELF_CONTAINED = ("-static-libstdc++", "-static-libgcc", "-Wl,--exclude-libs,ALL", "-s")
COMPILE_SECONDS = 600
LOAD_SECONDS = 30
MAIN = """\
#include "src/DistrhoPlugin.cpp"
#include "vst3.cpp"
#define DISTRHO_IS_STANDALONE 0
#include "src/DistrhoUtils.cpp"
"""


def sources() -> Path:
    """The C++ code: in the package when installed, else beside it."""
    packed = Path(str(resources.files("ifx_bridge.plugin_build"))) / "source"
    return packed if packed.is_dir() else Path(ifx_bridge.__file__).parents[1] / "plugin"


def prebuilt() -> dict[int, Path]:
    """Bundles by channels that this installation carries (`make wheel`); none if one is missing."""
    folder = Path(str(resources.files("ifx_bridge.plugin_build"))) / "prebuilt"
    found = {channels: folder / f"{name}{SUFFIX}" for channels, name in LAYOUTS.items()}
    return found if all(path.is_dir() for path in found.values()) else {}


def bundles(report: Callable[[str], None] = lambda text: None) -> dict[int, Path]:
    """The built plugins by channels: carried along, or compiled now if they are not there yet.

    Args:
        report: Told what is being done.

    Raises:
        UserError: There is no compiler or no DPF, or the compiler fails.
    """
    carried = prebuilt()
    if why := next(filter(None, map(unloadable, carried.values())), ""):
        report(f"The plugin that came along does not fit this system ({why}).")
    elif carried:
        return carried
    compiler, dpf = tools()
    root = cache_folder()
    folder = root / digest(compiler, dpf)
    found = {channels: folder / f"{name}{SUFFIX}" for channels, name in LAYOUTS.items()}
    if folder.is_dir():
        return found
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=root) as work:
            made = Path(work, "made")
            for channels, name in LAYOUTS.items():
                report(f"compiling {name}")
                compile_bundle(compiler, dpf, channels, made)
            try:
                made.rename(folder)
            except OSError:
                if not folder.is_dir():  # another process was faster
                    raise
    except OSError as error:
        raise UserError(
            f"IFX Chain could not be built in {root} ({error.strerror}).",
            next_step="Free some space, or make the folder writable.",
        ) from error
    return found


def unloadable(bundle: Path) -> str:
    """Why the system does not load a bundle as a VST3, for instance for a C library too old.

    Loaded in a process of its own, on Linux only; elsewhere it only has to hold a file. Empty when
    it loads.
    """
    if not bundle.is_file() and not any(path.is_file() for path in bundle.rglob("*")):
        return "there is nothing in it"
    if not sys.platform.startswith("linux"):
        return ""
    load = "import ctypes, sys; ctypes.CDLL(sys.argv[1]).GetPluginFactory"
    binary = binary_of(bundle) if bundle.is_dir() else bundle
    try:
        made = subprocess.run(
            [sys.executable, "-c", load, str(binary)],
            capture_output=True, text=True, timeout=LOAD_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"it did not load within {LOAD_SECONDS} s"
    if made.returncode == 0:
        return ""
    return made.stderr.strip().rpartition("\n")[2] or "loading it ends the process"


def tools() -> tuple[str, Path]:
    """The compiler and DPF's folder.

    Raises:
        UserError: One is missing; says how to get it.
    """
    if not sys.platform.startswith("linux"):
        raise UserError(
            "On this system IFX Chain is built with CMake.",
            kept="Everything else works without it.",
            next_step="See plugin/README.md; then: ifx-bridge plugin install --from FOLDER.",
        )
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    dpf = Path(os.environ.get(DPF_VARIABLE) or DPF)
    missing = []
    if not compiler or not shutil.which(compiler):
        missing.append("a C++ compiler")
    elif not _compiles(compiler, "#include <rubberband/RubberBandStretcher.h>"):
        missing.append("Rubber Band's headers")
    if not (dpf / "distrho" / "DistrhoPlugin.hpp").is_file():
        missing.append("the DISTRHO Plugin Framework")
    if missing or not compiler:
        raise UserError(
            f"To build IFX Chain, this computer lacks {' and '.join(missing)}.",
            kept="Everything else works without it.",
            next_step=f"Debian and Ubuntu have them: {APT}",
        )
    return compiler, dpf


def compile_bundle(compiler: str, dpf: Path, channels: int, folder: Path) -> Path:
    """Compile one layout to a bundle in `folder`.

    Raises:
        UserError: The compiler fails.
    """
    name = LAYOUTS[channels]
    bundle = folder / f"{name}{SUFFIX}"
    binary = binary_of(bundle)
    binary.parent.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="ifx-plugin-") as work:
        Path(work, "vst3.cpp").write_text(patched(dpf), "utf-8")
        Path(work, "main.cpp").write_text(MAIN, "utf-8")
        folders = [work, sources(), dpf / "distrho", dpf / "distrho/src", dpf / "dgl"]
        run_compiler(
            [
                *(compiler, *FLAGS, "-shared", "-w", "-DDISTRHO_PLUGIN_TARGET_VST3"),
                *(f"-DIFX_CHANNELS={channels}", *(f"-I{path}" for path in folders)),
                *(str(sources() / "IFXChain.cpp"), str(Path(work, "main.cpp"))),
                *("-o", str(binary), "-Wl,--no-undefined", *SELF_CONTAINED),
                *(rubber_band(compiler), *LIBRARIES),
            ]
        )
    return bundle


def binary_of(bundle: Path) -> Path:
    """Where a bundle holds its code, on Linux."""
    return bundle / "Contents" / f"{platform.machine()}-linux" / f"{bundle.stem}.so"


def patched(dpf: Path) -> str:
    """DPF's VST3 code with our changes. A DPF of other lines is left as it is."""
    code = (dpf / "distrho/src/DistrhoPluginVST3.cpp").read_text("utf-8")
    for old, new in changes():
        code = code.replace(old, new)
    return code


def changes() -> list[tuple[str, str]]:
    """What DPF 1.6's VST3 code has, and what our copy of it has there; `plugin/README.md` says why.

    CMake reads the same files.
    """
    olds = sorted((sources() / "dpf_changes").glob("*.old"))
    return [(old.read_text("utf-8"), old.with_suffix(".new").read_text("utf-8")) for old in olds]


def compile_harness(out: Path, *flags: str) -> Path:
    """Compile the chain without a plugin around it (`plugin/harness.cpp`), for tests.

    Args:
        out: The program.
        flags: More for the compiler, for instance `-fsanitize=thread`.

    Raises:
        UserError: As in `bundles`.
    """
    compiler, _ = tools()
    code = str(sources() / "harness.cpp")
    run_compiler(
        [
            *(compiler, *FLAGS, *flags, "-Wall", "-Wextra", code, "-o", str(out)),
            *(rubber_band(compiler), *LIBRARIES),
        ]
    )
    return out


def rubber_band(compiler: str) -> str:
    """For the linker: the static library where there is one, else the shared."""
    command = [compiler, "-print-file-name=librubberband.a"]
    found = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return found if Path(found).is_absolute() else "-lrubberband"


def run_compiler(command: Sequence[str]) -> None:
    """Run it, quietly.

    Raises:
        UserError: It fails or takes too long; says its first error.
    """
    try:
        made = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"The compiler could not be run to its end ({error}).") from error
    if made.returncode != 0:
        lines = [line for line in made.stderr.splitlines() if "error" in line] or ["no reason"]
        raise UserError(
            f"The compiler does not take the plugin: {lines[0].strip()[:300]}",
            kept="An installed plugin is as it was.",
            next_step=f"Is all of this up to date? {APT}",
        )


def install(found: Sequence[Path], folder: Path | None = None) -> list[Path]:
    """Copy bundles to where DAWs look; one that is there is replaced when the new one is whole.

    Args:
        found: The bundles.
        folder: Where to; by default the user's own VST3 folder.

    Raises:
        UserError: A bundle is no plugin that loads here, or the folder cannot be written.
    """
    for bundle in found:
        if why := unloadable(bundle):
            raise UserError(
                f"{bundle} is no plugin that loads here ({why}).",
                kept="What is installed was left as it is.",
                next_step="Build it once more, or name the folder of another build: --from FOLDER.",
            )
    target = folder or user_folder()
    placed = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        for bundle in found:
            with tempfile.TemporaryDirectory(prefix=".ifx-", dir=target) as name:
                new, old, place = Path(name, "new"), Path(name, "old"), target / bundle.name
                shutil.copytree(bundle, new)
                if place.exists():
                    place.rename(old)
                new.rename(place)
            placed.append(place)
    except OSError as error:
        raise UserError(
            f"The plugin could not be put into {target} ({error.strerror}).",
            next_step="Close DAWs that use it, or name another folder: --to FOLDER.",
        ) from error
    return placed


def user_folder() -> Path:
    """Where hosts look for the user's own VST3 plugins.

    https://steinbergmedia.github.io/vst3_dev_portal, "Plug-in Locations".
    """
    if sys.platform == "darwin":
        return Path.home() / "Library/Audio/Plug-Ins/VST3"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData/Local")
        return Path(local, "Programs/Common/VST3")
    return Path.home() / ".vst3"


def cache_folder() -> Path:
    """Where built bundles are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("ifx-bridge", appauthor=False) / "chain-plugin"


def digest(compiler: str, dpf: Path) -> str:
    """Of everything that the bundles are made of."""
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
    how = (version, FLAGS, SELF_CONTAINED, LIBRARIES, MAIN, changes())
    hashed = hashlib.sha256(repr(how).encode())
    code = [p for p in sorted(sources().rglob("*")) if p.suffix in (".h", ".hpp", ".cpp")]
    for path in [*code, *sorted((dpf / "distrho/src").glob("*.[ch]pp"))]:
        hashed.update(path.name.encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()[:20]


def _compiles(compiler: str, line: str) -> bool:
    try:
        made = subprocess.run(
            [compiler, "-x", "c++", "-fsyntax-only", "-"],
            input=line + "\n", capture_output=True, text=True, timeout=COMPILE_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return made.returncode == 0
