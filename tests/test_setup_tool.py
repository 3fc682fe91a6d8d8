from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tools import setup as tool

ROOT = Path(__file__).resolve().parent.parent


def report(*packages: tuple[str, str, list[str]], url: str = "") -> dict[str, Any]:
    return {
        "install": [
            {
                "metadata": {"name": name, "version": version, "requires_dist": requires},
                "download_info": {"url": url},
            }
            for name, version, requires in packages
        ]
    }


def ldconfig(*libraries: str) -> str:
    lines = [f"\t{name} (libc6,x86-64) => /usr/lib/{name}" for name in libraries]
    return "\n".join(["9 libs found in cache", *lines])


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 4), (4, 0, 0)])
def test_new_enough_python(version: tuple[int, ...]) -> None:
    assert tool.python_problem(version, []) is None


def test_old_python_is_told_what_to_run() -> None:
    assert "PYTHON=python3.13" in str(tool.python_problem((3, 9, 2), ["python3.13", "python3.11"]))
    message = str(tool.python_problem((3, 10, 1), []))
    assert "3.11 or newer" in message
    assert "3.10.1" in message


def test_programs_of_an_environment() -> None:
    venv = Path("somewhere")
    assert tool.venv_program(venv, "python", windows=False) == venv / "bin" / "python"
    assert tool.venv_program(venv, "python", windows=True) == venv / "Scripts" / "python.exe"


def test_an_environment_knows_its_place() -> None:
    venv = Path("/home/me/ifx/.venv")
    cfg = "version = 3.11.7\ncommand = /usr/bin/python3 -m venv --clear {}\n"
    assert tool.belongs_here(cfg.format(venv), venv)
    assert not tool.belongs_here(cfg.format("/home/me/old/.venv"), venv)
    assert not tool.belongs_here("home = /usr/bin\n", venv)


def test_fingerprint_notices_each_part() -> None:
    base = (b"project", b"script", (3, 11, 7), Path("/a"))
    changed = [
        (b"Project", b"script", (3, 11, 7), Path("/a")),
        (b"project", b"Script", (3, 11, 7), Path("/a")),
        (b"project", b"script", (3, 12, 0), Path("/a")),
        (b"project", b"script", (3, 11, 7), Path("/b")),
        (b"projects", b"cript", (3, 11, 7), Path("/a")),
    ]
    prints = {tool.fingerprint(*parts) for parts in [base, *changed]}
    assert len(prints) == 6
    assert tool.fingerprint(b"project", b"script", (3, 11, 9), Path("/a")) in prints


def test_torch_requirement() -> None:
    wanted = {"project": {"dependencies": ["torch-audio>=1", "torchaudio", "torch>=2,<3", "x"]}}
    assert tool.torch_requirement(wanted) == "torch>=2,<3"
    with pytest.raises(KeyError):
        tool.torch_requirement({"project": {"dependencies": ["numpy"]}})


def test_the_projects_torch_is_capped() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "<" in tool.torch_requirement(project)


def test_missing_packages() -> None:
    everything = ldconfig(*tool.LIBRARIES)
    assert tool.missing_packages(everything, set(tool.PROGRAMS)) == []
    others = ["ardour", "jackd2", "xvfb", "zam-plugins"]
    assert tool.missing_packages(everything, {"xauth"}) == others

    some = ldconfig(*(set(tool.LIBRARIES) - {"libportaudio.so.2", "libEGL.so.1"}))
    assert tool.missing_packages(some, set(tool.PROGRAMS)) == ["libegl1", "libportaudio2"]

    nothing = tool.missing_packages("", set())
    assert set(nothing) == {*tool.LIBRARIES.values(), *tool.PROGRAMS.values()}


def test_apt_command() -> None:
    command = tool.apt_command(["xvfb"], ["sudo"])
    assert command == ["sudo", "apt-get", "install", "-y", "--no-install-recommends", "xvfb"]


def test_cuda_is_recognised() -> None:
    needs = ["numpy", 'nvidia-cublas-cu12==12.1; platform_system == "Linux"']
    assert tool.cuda_reason(report(("torch", "2.13.0", needs))) == "nvidia-cublas-cu12"
    bindings = ['cuda-bindings<14,>=13; platform_system == "Linux"']
    assert tool.cuda_reason(report(("torch", "2.13.0", bindings))) == "cuda-bindings"
    alone = report(("torch", "2.13.0", []), ("nvidia-nccl-cu12", "2", []))
    assert tool.cuda_reason(alone) == "nvidia-nccl-cu12"


def test_a_cpu_build_passes() -> None:
    needs = ["numpy", "sympy", 'nvidia-thing; extra == "gpu"']
    assert tool.cuda_reason(report(("torch", "2.13.0+cpu", needs))) is None
    assert tool.cuda_reason({}) is None


def test_torch_source() -> None:
    wheel = "https://download.pytorch.org/whl/cpu/torch-2.13.0%2Bcpu.whl"
    remote = report(("torch", "2.13.0+cpu", []), url=wheel)
    assert tool.torch_source(remote) == "torch 2.13.0+cpu from download.pytorch.org"
    local = report(("torch", "2.13.0+cpu", []), url="file:///wheels/torch.whl")
    assert tool.torch_source(local) == "torch 2.13.0+cpu from a local folder"
    assert tool.torch_source(report()) == "the torch already installed"
