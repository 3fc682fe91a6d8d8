"""Real plugins, compiled for these tests, that have or do what Debian's do not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ifx_bridge import audio
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.matching.translate import translate
from ifx_bridge.plugin_build import build
from ifx_bridge.plugins.closed_form import role
from ifx_bridge.plugins.effect import ENGINE, id_of
from ifx_bridge.plugins.host import Host, PluginError, SeveralPlugins
from ifx_bridge.plugins.library import Library
from ifx_bridge.presets import plugin as presets
from tests.plugins.test_host import RATE, noise

CODE = Path(__file__).with_name("dpf")


def compiled(kind: str, folder: Path) -> Path:
    name = f"Odd{kind.title()}"
    return library_of(
        name,
        folder / f"{name}{build.SUFFIX}",
        ("Odd.cpp", "-DDISTRHO_PLUGIN_TARGET_VST3", f"-DODD_KIND=ODD_{kind.upper()}",
         f'-DODD_NAME="{name}"', "{dpf}/distrho/DistrhoPluginMain.cpp"),
    )  # fmt: skip


def library_of(name: str, bundle: Path, arguments: Sequence[str]) -> Path:
    """Compile a source in this folder into a bundle."""
    try:
        compiler, dpf = build.tools()
    except UserError as error:
        pytest.skip(str(error))
    folders = (CODE, dpf / "distrho", dpf / "distrho/src", dpf / "dgl")
    binary = build.binary_of(bundle)
    binary.parent.mkdir(parents=True)
    source, *others = (text.replace("{dpf}", str(dpf)) for text in arguments)
    build.run_compiler(
        [
            *(compiler, "-O1", "-std=gnu++17", "-fPIC", "-fvisibility=hidden", "-shared", "-w"),
            *(*(f"-I{path}" for path in folders), str(CODE / source), *others),
            *("-o", str(binary), "-lm", "-lpthread", "-ldl"),
        ]
    )
    return bundle


def shell(folder: Path, *kinds: str) -> Path:
    """A file that holds several."""
    bundle = library_of("Shell", folder / "Shell.vst3", ("Shell.cpp",))
    for kind in kinds:
        binary = build.binary_of(compiled(kind, folder))
        shutil.copy(binary, build.binary_of(bundle).parent)
        shutil.rmtree(folder / f"Odd{kind.title()}.vst3")
    return bundle


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled("well", tmp_path_factory.mktemp("vst3"))


def test_names_of_choices_and_no_meter(well: Path) -> None:
    with Host(well) as plugin:
        found = plugin.describe()
    assert [p.key for p in found.parameters] == ["drive_db", "mode"]
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


@pytest.mark.parametrize(
    ("kind", "said"), [("forgets", "does not read back"), ("varies", "sounds different")]
)
def test_what_does_not_come_back_from_a_preset_is_not_kept(
    kind: str, said: str, tmp_path: Path
) -> None:
    with Host(compiled(kind, tmp_path)) as plugin:
        found = plugin.describe()
    with pytest.raises(UserError, match=said) as error:
        presets.write(found, {"drive_db": 0.375}, "lost", tmp_path / "presets")
    assert "No preset" in error.value.kept
    assert not (tmp_path / "presets").exists()


@pytest.mark.parametrize(
    ("kind", "slot", "key", "value", "left"),
    [
        # Its grains are heard, which Rubber Band's are not.
        ("pitch", Slot("pitchshift", {"semitones": 7.0}), "pitch_semitones", 7.0, 0.8),
        # It counts the sign as one of its bits, which ours does not.
        ("crush", Slot("bitcrush", {"bit_depth": 4.0}), "bit_depth_bits", 5.0, 0.3),
    ],
)
def test_ours_is_found_in_them(
    kind: str, slot: Slot, key: str, value: float, left: float, tmp_path: Path, library: Library
) -> None:
    description = library.find(str(compiled(kind, tmp_path)))
    assert role(description) == slot.fx
    clip = audio.load(clips()["guitar"])
    found = translate(clip, Chain((slot,)), slot.fx, description, 80)
    assert found.slot.params[key] == pytest.approx(value, abs=0.2)
    assert found.found_db < left * found.default_db
    if kind == "pitch":  # exactly, on a tone
        tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)[None]
        heard = np.abs(np.fft.rfft(Chain((found.slot,)).render(tone, RATE)[0])).argmax()
        assert heard == pytest.approx(440 * 2 ** (7 / 12), abs=25)  # grains per second


def test_a_file_with_several_plugins(tmp_path: Path, library: Library) -> None:
    bundle = shell(tmp_path, "well", "crush", "crashes")
    with pytest.raises(SeveralPlugins, match="OddCrashes, OddCrush, OddWell") as several:
        Host(bundle)
    assert not several.value.fatal
    with pytest.raises(UserError, match="holds several"):
        library.find(str(bundle))
    results = library.scan([bundle])
    assert sorted(r.part for r in results if r.description) == ["OddCrashes", "OddCrush", "OddWell"]
    # By its name, in a chain.
    sound = 0.1 * noise(1)
    chain = Chain((Slot("oddcrush", {"bit_depth_bits": 3.0}, engine=ENGINE),))
    assert chain.render(sound, RATE) == pytest.approx(np.round(4 * sound) / 4, abs=1e-6)
    proof = presets.write(library.find("OddWell"), {"mode": 1.0}, "folded", tmp_path / "presets")
    assert proof.parameters == 2
    # One that crashes takes none of the others with it.
    with pytest.raises(PluginError):
        Chain((Slot("oddcrashes", {}, engine=ENGINE),)).render(sound + 1, RATE)
    (blocked,) = library.blocked()
    assert (blocked.path, blocked.part) == (bundle, "OddCrashes")
    assert [d.name for d in library.plugins()] == ["OddCrush", "OddWell"]
    again = library.scan([bundle], again=True)
    assert {r.part: bool(r.problem) for r in again} == {
        "OddCrashes": True, "OddCrush": False, "OddWell": False
    }  # fmt: skip
    assert library.unblock("odd crashes").part == "OddCrashes"


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
