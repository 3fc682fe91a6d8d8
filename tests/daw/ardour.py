"""The real Ardour without screen or sound card: a session from a script, served over OSC."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = next(iter(sorted(Path("/usr/lib").glob("ardour[0-9]"), reverse=True)), None)
TRACK = "Gtr"
EFFECTS = ("a-eq", "a-comp", "a-delay", "a-reverb", "a-delay")

MAKE = """
AudioEngine:set_backend("None (Dummy)", "ifx", ""):set_device_name("Sine Wave")
local s = create_session("{session}", "sess", 48000)
local order = ARDOUR.PresentationInfo.max_order
local normal = ARDOUR.TrackMode.Normal
local t = s:new_audio_track({channels}, 2, nil, 1, "{track}", order, normal, true):front()
for _, name in ipairs{{ {plugins} }} do
  local kind = name:match("^urn:") and ARDOUR.PluginType.LV2 or ARDOUR.PluginType.VST3
  local p = ARDOUR.LuaAPI.new_plugin(s, name, kind, "")
  assert(not p:isnil(), name)
  t:add_processor_by_index(p, -1, nil, true)
end
t:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
s:maybe_enable_record(true)
s:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
sleep({seconds})
s:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
sleep(1)
t:rec_enable_control():set_value(0, PBD.GroupControlDisposition.NoGroup)
s:save_state("")
close_session()
"""
SERVE = """
AudioEngine:set_backend("None (Dummy)", "ifx", ""):set_device_name("Silence")
local s = load_session("{session}", "sess")
-- OSC cannot set the automation mode of a plugin's parameter; the user does.
local plugin = s:route_by_name("{track}"):nth_plugin({automated}):to_insert()
for c = 0, plugin:plugin(0):parameter_count() - 1 do
  if plugin:plugin(0):parameter_label(c):match("{label}") then
    local parameter = Evoral.Parameter(ARDOUR.AutomationType.PluginAutomation, 0, c)
    local control = plugin:to_automatable():automation_control(parameter, true)
    control:set_automation_state(ARDOUR.AutoState.Write)
  end
end
io.open("{ready}", "w"):close()
local f repeat sleep(1) f = io.open("{quit}") until f
close_session()
"""
OSC_OFF = '<Protocol name="Open Sound Control (OSC)" active="0"/>'
OSC_ON = (
    '<Protocol name="Open Sound Control (OSC)" feedback="0" debugmode="0" address-only="0" '
    'remote-port="8000" banksize="0" striptypes="159" gainmode="0" send-page-size="0" '
    'plug-page-size="0" active="1"/>'
)


def missing() -> str:
    """Why it cannot run here; empty when it can."""
    return "" if ROOT and shutil.which("ardour") else "needs the Debian package ardour"


def make(folder: Path, vst3: Path | None = None) -> Path:
    """A session with a track that has a recording of a sine and plugins.

    Args:
        folder: Where.
        vst3: A bundle for a stereo track; without it, Ardour's own effects for a mono one.
    """
    session = folder / "sess"
    if vst3:
        scanner = [str(ROOT / "ardour-vst3-scanner"), "-q", str(vst3)]  # type: ignore[operator]
        subprocess.run(scanner, env=_environment(folder), capture_output=True, timeout=60)
    names = [vst3.stem] if vst3 else [f"urn:ardour:{name}" for name in EFFECTS]
    script = MAKE.format(
        session=session,
        track=TRACK,
        plugins=", ".join(f'"{name}"' for name in names),
        channels=2 if vst3 else 1,
        seconds=1 if vst3 else 2,
    )
    done = subprocess.run(
        [str(ROOT / "luasession"), str(_written(folder / "make.lua", script))],  # type: ignore[operator]
        env=_environment(folder),
        capture_output=True,
        timeout=120,
    )
    file = session / "sess.ardour"
    assert file.exists(), done.stderr.decode()[-2000:]
    text = file.read_text("utf-8")
    assert OSC_OFF in text
    file.write_text(text.replace(OSC_OFF, OSC_ON), "utf-8")
    return session


class _Alone:
    """One test process at a time has Ardours: one that ends leaves its port to the next."""

    def __init__(self) -> None:
        self._count = 0

    def enter(self) -> None:
        if not self._count:
            self._file = (Path(tempfile.gettempdir()) / "ifx-tests-ardour.lock").open("w")
            fcntl.flock(self._file, fcntl.LOCK_EX)
        self._count += 1

    def leave(self) -> None:
        self._count -= 1
        if not self._count:
            self._file.close()


_alone = _Alone()


class Ardour:
    """A running one.

    Args:
        folder: For its files.
        session: Which.
        automated: Place of the plugin and name of its parameters whose automation is to be written.
    """

    def __init__(
        self, folder: Path, session: Path, automated: tuple[int, str] = (4, "^Feedback$")
    ) -> None:
        _alone.enter()
        self.session = session
        ready = folder / "ready"
        script = SERVE.format(
            session=session, quit=folder / "quit", ready=ready, track=TRACK,
            automated=automated[0], label=automated[1],
        )  # fmt: skip
        self._log = (folder / "serve.log").open("wb")
        self._process = subprocess.Popen(
            [str(ROOT / "luasession"), str(_written(folder / "serve.lua", script))],  # type: ignore[operator]
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            self._wait(ready)
            self.port = self._port()
        except BaseException:
            self.kill()
            _alone.leave()
            raise

    def _wait(self, ready: Path) -> None:
        """Who asks while the session loads may never be answered."""
        end = time.monotonic() + 60
        while not ready.exists():
            assert self._process.poll() is None, "Ardour ended"
            assert time.monotonic() < end, "Ardour does not load the session"
            time.sleep(0.05)

    def _port(self) -> int:
        """Its OSC port: 3819, or the next one that was free."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self._process.poll() is None, "Ardour ended"
            inodes = set()
            for handle in Path(f"/proc/{self._process.pid}/fd").iterdir():
                try:
                    inodes |= set(re.findall(r"socket:\[(\d+)\]", os.readlink(handle)))
                except OSError:
                    continue
            for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
                columns = line.split()
                port = int(columns[1].split(":")[1], 16)
                if columns[9] in inodes and 3819 <= port < 3900:
                    return port
            time.sleep(0.1)
        raise AssertionError("Ardour opened no OSC port")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)
        self._log.close()

    def __enter__(self) -> Ardour:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        _alone.leave()


def _written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def _environment(folder: Path) -> dict[str, str]:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    root = str(ROOT)
    share = root.replace("/usr/lib", "/usr/share")
    return {
        **os.environ,
        "HOME": str(home),
        "LD_LIBRARY_PATH": root,
        "ARDOUR_DATA_PATH": share,
        "ARDOUR_CONFIG_PATH": root.replace("/usr/lib", "/etc"),
        "ARDOUR_DLL_PATH": root,
        "VAMP_PATH": f"{root}/vamp",
    }
