"""Make the project's virtual environment, ``.venv``, and everything it needs.

Run as ``make setup``, or on any system as ``python tools/setup.py``. It

1. looks for the system libraries of Qt and of PortAudio, and on Debian and Ubuntu installs
   those missing where it may (as root, or with a sudo that asks no password); otherwise it
   prints the line to run and goes on;
2. makes ``.venv``, or repairs it;
3. installs torch without CUDA where the machine has no NVIDIA GPU;
4. installs the project, editable, with its development tools.

A stamp in ``.venv`` makes the next run return at once until ``pyproject.toml``, this file, the
interpreter or the place of the checkout changes. It needs nothing but Python's own library.

Environment variables:
    IFX_ALLOW_CUDA: set to 1 to take pip's own choice of torch, CUDA included.
    IFX_NO_APT: set to 1 to leave system packages alone.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "ifx-setup.stamp"
MINIMUM = (3, 11)
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"

# Shared libraries that PyQt6 and sounddevice load from the system, and Debian's packages of them.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libportaudio.so.2": "libportaudio2",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
# Programs and folders, likewise: a display for looking at the GUI on a machine without one; VST3
# plugins, with which hosting is tested (the only ones that Debian has); what IFX Chain, our own
# plugin, is built with; a DAW, with which the link is tested; and a sound server without card, to
# play into and to record from.
PROGRAMS = {
    "Xvfb": "xvfb",
    "xauth": "xauth",
    "/usr/lib/vst3/ZamEQ2.vst3": "zam-plugins",
    "g++": "g++",
    "/usr/share/dpf/distrho": "dpf-source",
    "/usr/include/rubberband": "librubberband-dev",
    "ardour": "ardour",
    "jackd": "jackd2",
}

# Imported at the end, in the new environment: a half-written package shows itself here.
PROBE = "import numba, numpy, pedalboard, pydantic, scipy, soundfile, torch, typer"


class SetupError(Exception):
    """Something failed that a rebuilt environment may put right."""


class UserError(Exception):
    """Something that only the user can decide or do; the message says what."""


# ---------------------------------------------------------------- decisions, without effects


def python_problem(version: tuple[int, ...], found: list[str]) -> str | None:
    """Say what is wrong with a Python version.

    Args:
        version: The version of the running interpreter.
        found: Names of newer interpreters on this machine.

    Returns:
        A message for the user, or None if the version will do.
    """
    if tuple(version[:2]) >= MINIMUM:
        return None
    wanted = ".".join(map(str, MINIMUM))
    text = f"IFX Bridge needs Python {wanted} or newer; this is {'.'.join(map(str, version[:3]))}."
    if found:
        return f"{text} Run: make setup PYTHON={found[0]}"
    return f"{text} Install a newer one and name it: make setup PYTHON=python{wanted}"


def venv_program(venv: Path, name: str, windows: bool) -> Path:
    """Where a program of a virtual environment lies."""
    return venv / "Scripts" / f"{name}.exe" if windows else venv / "bin" / name


def belongs_here(pyvenv_cfg: str, venv: Path) -> bool:
    """Whether an environment was made at this very place, rather than moved or copied to it."""
    match = re.search(r"^command\s*=\s*(.*)$", pyvenv_cfg, re.MULTILINE)
    return match is not None and match.group(1).strip().endswith(str(venv))


def fingerprint(pyproject: bytes, script: bytes, version: tuple[int, ...], root: Path) -> str:
    """Digest everything that a finished environment depends on."""
    digest = hashlib.sha256()
    for part in (pyproject, script, repr(tuple(version[:2])).encode(), str(root).encode()):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def torch_requirement(pyproject: dict[str, Any]) -> str:
    """Find the project's requirement on torch, e.g. ``torch>=2.6,<2.14``."""
    for line in pyproject["project"]["dependencies"]:
        if re.match(r"torch\b(?!-)", line):
            return str(line)
    raise KeyError("pyproject.toml does not require torch")


def missing_packages(ldconfig: str, programs: set[str]) -> list[str]:
    """Name the Debian packages of what is missing.

    Args:
        ldconfig: What ``ldconfig -p`` prints.
        programs: Which of ``PROGRAMS`` are installed.
    """
    present = {line.split()[0] for line in ldconfig.splitlines() if "=>" in line}
    packages = {package for library, package in LIBRARIES.items() if library not in present}
    packages |= {package for program, package in PROGRAMS.items() if program not in programs}
    return sorted(packages)


def apt_command(packages: list[str], prefix: list[str]) -> list[str]:
    """The command that installs Debian packages, ``prefix`` being empty or a sudo."""
    return [*prefix, "apt-get", "install", "-y", "--no-install-recommends", *packages]


def cuda_reason(report: dict[str, Any]) -> str | None:
    """Find out from a pip report whether it would install a CUDA build of torch.

    Args:
        report: What ``pip install --dry-run --report`` writes.

    Returns:
        The package that gives it away, or None.
    """
    for item in report.get("install", []):
        metadata = item["metadata"]
        for line in [metadata["name"], *metadata.get("requires_dist", [])]:
            if re.match(r"(nvidia|cuda)[-_]", line, re.IGNORECASE) and "extra ==" not in line:
                return str(re.split(r"[^\w.-]", line, maxsplit=1)[0])
    return None


def torch_source(report: dict[str, Any]) -> str:
    """Describe, in a few words, which torch a pip report would install and from where."""
    for item in report.get("install", []):
        if item["metadata"]["name"].lower() == "torch":
            url = urlsplit(item.get("download_info", {}).get("url", ""))
            where = url.hostname or "a local folder"
            return f"torch {item['metadata']['version']} from {where}"
    return "the torch already installed"


# ---------------------------------------------------------------- effects


def say(text: str) -> None:
    """Tell the user something at once, even into a pipe."""
    print(f"setup: {text}", flush=True)


def run(command: list[str], **more: Any) -> bool:
    """Run a command in sight of the user; True if it went well."""
    print("  $ " + shlex.join(command), flush=True)
    return subprocess.run(command, **more).returncode == 0


def quiet(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it prints."""
    try:
        return subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


def python() -> str:
    """The environment's interpreter."""
    return str(venv_program(VENV, "python", os.name == "nt"))


def pip(*arguments: str) -> list[str]:
    """A command line of the environment's pip."""
    return [python(), "-m", "pip", *arguments]


def current_fingerprint() -> str:
    """The fingerprint of this checkout under this interpreter."""
    pyproject = (ROOT / "pyproject.toml").read_bytes()
    return fingerprint(pyproject, Path(__file__).read_bytes(), sys.version_info[:2], ROOT)


def is_current() -> bool:
    """Whether an earlier run finished and nothing has changed or broken since."""
    try:
        if STAMP.read_text(encoding="utf-8").strip() != current_fingerprint():
            return False
    except OSError:
        return False
    if not venv_program(VENV, "ifx-bridge", os.name == "nt").exists():
        return False
    check = "import importlib.metadata as m; m.version('ifx-bridge')"
    return quiet([python(), "-c", check]).returncode == 0


def apt_prefix() -> list[str] | None:
    """How apt-get may be run here: directly, through sudo, or (None) not at all."""
    if os.environ.get("IFX_NO_APT") == "1" or not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:  # type: ignore[attr-defined, unused-ignore]
        return []
    if shutil.which("sudo") and quiet(["sudo", "-n", "true"]).returncode == 0:
        return ["sudo", "-n"]
    return None


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages if allowed to, with fresh package lists if need be."""
    prefix = apt_prefix()
    if prefix is None:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = apt_command(packages, prefix)
    known = quiet(["apt-get", "install", "--simulate", *packages]).returncode == 0
    if known and run(command, env=environment):
        return True
    return run([*prefix, "apt-get", "update"]) and run(command, env=environment)


def system_packages() -> None:
    """Install the system libraries that are missing, or say how to."""
    if not sys.platform.startswith("linux"):
        return
    ldconfig = shutil.which("ldconfig") or shutil.which("ldconfig", path="/usr/sbin:/sbin")
    listing = quiet([ldconfig, "-p"]) if ldconfig else None
    if listing is None or listing.returncode != 0:
        say("cannot list the system's libraries here; Qt and PortAudio may be missing")
        return
    programs = {name for name in PROGRAMS if shutil.which(name) or Path(name).is_dir()}
    packages = missing_packages(listing.stdout, programs)
    if not packages:
        return
    say("system packages to install: " + " ".join(packages))
    if apt_install(packages):
        return
    if shutil.which("apt-get"):
        say("not installed from here; for sound and the desktop run this once:")
        print("  " + shlex.join(apt_command(packages, ["sudo"])), flush=True)
    else:
        say("install what holds them on this system, for sound and the desktop")


def venv_usable() -> bool:
    """Whether .venv works, is of this Python, and was made here."""
    try:
        cfg = (VENV / "pyvenv.cfg").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    if not belongs_here(cfg, VENV) or not venv_program(VENV, "pip", os.name == "nt").exists():
        return False
    check = quiet([python(), "-c", "import pip, sys; print(*sys.version_info[:2])"])
    return check.returncode == 0 and check.stdout.split() == [str(n) for n in sys.version_info[:2]]


def make_venv() -> None:
    """Make .venv from nothing, replacing what is there."""
    if importlib.util.find_spec("ensurepip") is None:
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        say(f"this Python cannot make virtual environments without {package}")
        if not apt_install([package]):
            line = shlex.join(apt_command([package], ["sudo"]))
            raise UserError(f"run this, then try again:\n  {line}")
    base = getattr(sys, "_base_executable", None) or sys.executable
    if not run([base, "-m", "venv", "--clear", str(VENV)]):
        raise SetupError("could not make .venv")
    if not run(pip("install", "--quiet", "--upgrade", "pip")):
        say("pip could not be brought up to date; going on with the one there is")


def resolve(*arguments: str) -> dict[str, Any] | None:
    """Ask pip what it would install; None if it finds no answer."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        dry = pip("install", "--dry-run", "--quiet", "--no-deps", "--report", str(report))
        if quiet([*dry, *arguments]).returncode != 0:
            return None
        answer: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return answer


def install_torch(requirement: str) -> None:
    """Install torch by itself, so that CUDA comes only where there is use for it.

    torch's own dependencies follow with the project's.
    """
    installed = resolve("--no-index", requirement)
    if installed is not None and not installed.get("install"):
        return
    plain = not sys.platform.startswith("linux")  # elsewhere the usual build has no CUDA
    if plain or shutil.which("nvidia-smi") or os.environ.get("IFX_ALLOW_CUDA") == "1":
        if not run(pip("install", requirement)):
            raise SetupError("could not install torch")
        return

    say("no NVIDIA GPU here: looking for a torch without CUDA")
    cpu = ["--index-url", TORCH_CPU_INDEX]
    # No retries: where PyTorch's own index cannot be reached, find out within seconds.
    for source, probe in ((cpu, [*cpu, "--retries", "0", "--timeout", "5"]), ([], [])):
        report = resolve(*probe, requirement)
        if report is None:
            say(f"none from {TORCH_CPU_INDEX}, trying pip's usual sources" if source else "none")
        elif reason := cuda_reason(report):
            say(f"{torch_source(report)} is a CUDA build (it requires {reason})")
        else:
            say(torch_source(report))
            if run(pip("install", "--no-deps", *source, requirement)):
                return
            raise SetupError("could not install torch")
    raise UserError(
        "pip found no torch without CUDA, and the usual build takes several GB.\n"
        "With a connection to PyTorch's index, or with a CPU wheel of torch in a folder given\n"
        "instead as --find-links FOLDER, run this and then the same command again:\n"
        f"  {shlex.join(pip('install', '--index-url', TORCH_CPU_INDEX, requirement))}\n"
        "To take the CUDA build all the same: IFX_ALLOW_CUDA=1 make setup"
    )


def build(requirement: str, fresh: bool) -> None:
    """Bring .venv up to date, from nothing if it is to be fresh."""
    if fresh:
        make_venv()
    STAMP.unlink(missing_ok=True)
    install_torch(requirement)
    if not run(pip("install", "--editable", ".[dev]"), cwd=ROOT):
        raise SetupError("could not install the project")
    probe = quiet([python(), "-c", PROBE])
    if probe.returncode != 0:
        raise SetupError("the environment does not work:\n" + probe.stderr.strip())


def main() -> int:
    """Set everything up; returns the exit status."""
    newer = ("python3.14", "python3.13", "python3.12", "python3.11")
    problem = python_problem(sys.version_info[:3], [name for name in newer if shutil.which(name)])
    if problem:
        print(problem, file=sys.stderr)
        return 1
    if is_current():
        return 0
    import tomllib  # new in Python 3.11, hence not before the check above

    requirement = torch_requirement(
        tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    )
    try:
        system_packages()
        usable = venv_usable()
        if not usable and VENV.exists():
            say(".venv is incomplete, or of another Python or place: making it anew")
        try:
            build(requirement, fresh=not usable)
        except SetupError as error:
            if not usable:
                raise
            say(f"{error}\nsetup: making .venv anew")
            build(requirement, fresh=True)
    except (SetupError, UserError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    STAMP.write_text(current_fingerprint() + "\n", encoding="utf-8")
    say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
