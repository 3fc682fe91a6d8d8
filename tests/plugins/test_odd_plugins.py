"""Real plugins, compiled for these tests, that have or do what Debian's do not."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ifx_bridge import audio
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.plugin_build import build
from ifx_bridge.plugins.effect import ENGINE, id_of
from ifx_bridge.plugins.host import Host, PluginError
from ifx_bridge.plugins.library import Library
from ifx_bridge.presets import plugin as presets
from tests.plugins.test_host import RATE, noise

CODE = Path(__file__).with_name("dpf")


def compiled(kind: str, folder: Path) -> Path:
    try:
        compiler, dpf = build.tools()
    except UserError as error:
        pytest.skip(str(error))
    name = f"Odd{kind.title()}"
    folders = (CODE, dpf / "distrho", dpf / "distrho/src", dpf / "dgl")
    bundle = folder / f"{name}{build.SUFFIX}"
    binary = build.binary_of(bundle)
    binary.parent.mkdir(parents=True)
    build.run_compiler(
        [
            *(compiler, "-O1", "-std=gnu++17", "-fPIC", "-fvisibility=hidden", "-shared", "-w"),
            *("-DDISTRHO_PLUGIN_TARGET_VST3", f"-DODD_KIND=ODD_{kind.upper()}"),
            *(f'-DODD_NAME="{name}"', *(f"-I{path}" for path in folders)),
            *(str(CODE / "Odd.cpp"), str(dpf / "distrho/DistrhoPluginMain.cpp")),
            *("-o", str(binary), "-lm", "-lpthread", "-ldl"),
        ]
    )
    return bundle


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled("well", tmp_path_factory.mktemp("vst3"))


def test_names_of_choices_and_no_meter(well: Path) -> None:
    with Host(well) as plugin:
        found = plugin.describe()
    assert [p.key for p in found.parameters] == ["mode", "drive_db"]
    mode = found.parameter("mode")
    assert mode is not None and mode.kind == "choice" and mode.texts == ("Soft", "Hard", "Fold")
    assert [mode.text(mode.position(value)) for value in (0, 1, 2)] == ["Soft", "Hard", "Fold"]


def test_each_choice_sounds_as_it_should_and_latency_is_made_up_for(well: Path) -> None:
    sound = noise(1)
    shapes = (np.tanh, lambda x: np.clip(x, -1, 1), np.sin)
    with Host(well) as plugin:
        found = plugin.describe()
        assert found.latency == 100
        mode = found.parameter("mode")
        assert mode is not None
        for value, shape in enumerate(shapes):
            positions = {"mode": mode.position(value), "drive_db": 0.5}
            wet = plugin.render(sound, RATE, positions)
            assert wet == pytest.approx(shape(10 * sound), abs=1e-5)


def test_its_presets_keep_the_choice(well: Path, tmp_path: Path) -> None:
    with Host(well) as plugin:
        found = plugin.describe()
    proof = presets.write(found, {"mode": 1.0, "drive_db": 0.3}, "folded", tmp_path)
    assert proof.parameters == 2 and proof.sound_db == -np.inf
    with Host(well) as plugin:
        plugin.load(proof.path.read_bytes())
        assert plugin.values(["mode"])["mode"][1] == "Fold"


def test_one_that_never_loads_is_named_and_blocked(tmp_path: Path, library: Library) -> None:
    bundle = compiled("hangs", tmp_path)
    (result,) = library.scan([bundle], load_seconds=3.0)
    assert "OddHangs" in result.problem and "within 3 s" in result.problem
    assert [entry.path for entry in library.blocked()] == [bundle]
    with pytest.raises(UserError, match="blocked"):
        library.find(str(bundle))


def test_one_that_crashes_while_it_renders_ends_alone_and_is_blocked(
    tmp_path: Path, library: Library
) -> None:
    bundle = compiled("crashes", tmp_path)
    (result,) = library.scan([bundle])
    assert result.description is not None
    chain = Chain((Slot(id_of(result.description), engine=ENGINE),))
    quiet = 0.1 * noise(1)
    assert np.isfinite(chain.render(quiet, RATE)).all()
    with pytest.raises(PluginError, match="OddCrashes crashed") as error:
        chain.render(quiet + 1, RATE)
    assert error.value.fatal and "as it was" in error.value.kept
    assert "block --remove OddCrashes" in error.value.next_step
    (blocked,) = library.blocked()
    assert blocked.path == bundle and "crashed" in blocked.why
    with pytest.raises(UserError, match=r"is blocked \(OddCrashes crashed") as refused:
        chain.render(quiet, RATE)
    assert "block --remove" in refused.value.next_step


def test_one_that_crashes_in_any_command_is_blocked(tmp_path: Path, library: Library) -> None:
    bundle = compiled("crashes", tmp_path)
    description = library.find(str(bundle))
    clip = tmp_path / "loud.wav"
    audio.save(clip, 0.1 * noise(1) + 0.8, RATE)
    command = ["plugins", "render", str(bundle), str(clip), "--out", str(tmp_path / "wet.wav")]
    done = subprocess.run(
        [sys.executable, "-m", "ifx_bridge.cli", *command], capture_output=True, text=True
    )
    assert done.returncode == 2 and "OddCrashes crashed" in done.stderr
    assert "session" not in done.stderr  # there is none
    (blocked,) = library.blocked()
    assert blocked.path == bundle
    library.unblock("oddcrashes")
    with pytest.raises(PluginError), library.host(Path(description.path)) as host:
        host.render(0.1 * noise(1) + 0.8, RATE, {})
    assert [entry.path for entry in library.blocked()] == [bundle]


def test_one_that_hangs_ends_with_whoever_asked(tmp_path: Path) -> None:
    bundle = compiled("hangs", tmp_path)
    code = (
        "import sys, subprocess, pathlib\n"
        "from ifx_bridge.plugins import host\n"
        "start = subprocess.Popen\n"
        "def told(*args, **options):\n"
        "    process = start(*args, **options)\n"
        "    print(process.pid, flush=True)\n"
        "    return process\n"
        "subprocess.Popen = told\n"
        "host.Host(pathlib.Path(sys.argv[1]))\n"
    )
    asking = subprocess.Popen(
        [sys.executable, "-c", code, str(bundle)], stdout=subprocess.PIPE, text=True
    )
    assert asking.stdout is not None
    child = int(asking.stdout.readline())
    time.sleep(2)  # it is loading by now
    assert running(child)
    asking.kill()
    asking.wait()
    until = time.monotonic() + 10
    while running(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not running(child)


def running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
