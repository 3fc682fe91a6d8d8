"""A turn's preset in a session of Ardour, headless: what it bounces is the turn to the last bit."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ifx_bridge.audio import Audio
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.plugin_build import build
from ifx_bridge.presets.chain import preset_of

ARDOUR = Path("/usr/lib/ardour7")
pytestmark = pytest.mark.skipif(
    not (ARDOUR / "luasession").exists(), reason="Debian's ardour is not installed"
)

# A second of the dummy backend's tone is recorded, then the plugin put on the track.
MAKE = """
AudioEngine:set_backend("None (Dummy)", "ifx", ""):set_device_name("Sine Wave")
local s = create_session("WORK/session", "session", 48000)
local track = s:new_audio_track(2, 2, nil, 1, "Gtr", ARDOUR.PresentationInfo.max_order,
                                ARDOUR.TrackMode.Normal, true):front()
track:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
s:maybe_enable_record(true) s:request_roll(ARDOUR.TransportRequestSource.TRS_UI) sleep(1)
s:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI) sleep(1)
local plugin = ARDOUR.LuaAPI.new_plugin(s, "IFX Chain", ARDOUR.PluginType.VST3, "")
track:add_processor_by_index(plugin, 0, nil, true)
s:save_state("") close_session()
"""
BOUNCE = """
AudioEngine:set_backend("None (Dummy)", "ifx", ""):set_device_name("Silence")
local s = load_session("WORK/session", "session")
local track = s:route_by_name("Gtr"):to_track()
local region for one in track:playlist():region_list():iter() do region = one end
local from = region:position():samples()
local to = from + region:length():samples()
track:bounce_range(from, to, ARDOUR.InterThreadInfo(), track:nth_processor(99), false, "dry")
track:bounce_range(from, to, ARDOUR.InterThreadInfo(), track:main_outs(), false, "wet")
close_session()
"""


def run(work: Path, script: str) -> None:
    environment = {
        **os.environ,
        "HOME": str(work),
        "LD_LIBRARY_PATH": str(ARDOUR),
        "ARDOUR_DATA_PATH": "/usr/share/ardour7",
        "ARDOUR_CONFIG_PATH": "/etc/ardour7",
        "ARDOUR_DLL_PATH": str(ARDOUR),
        "VAMP_PATH": str(ARDOUR / "vamp"),
    }
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        environment.pop(variable, None)
    (work / "script.lua").write_text(script.replace("WORK", str(work)))
    scan = [ARDOUR / "ardour-vst3-scanner", "-q", work / ".vst3" / "IFX Chain.vst3"]
    for command in (scan, [ARDOUR / "luasession", work / "script.lua"]):
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
        )
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]


def test_a_preset_as_a_sessions_chunk(bundles: dict[int, Path], tmp_path: Path) -> None:
    chain = Chain(
        (
            Slot("dist", {"drive_db": 14.0}),
            Slot("eq", {"band2_gain_db": -9.0, "high_shelf_gain_db": 6.0}),
            Slot("delay", {"delay_seconds": 0.21}),
            Slot("rev", {"room_size": 0.8}),
        ),
        trim_db=-4.0,
        amount=0.8,
    )
    build.install(list(bundles.values()), tmp_path / ".vst3")
    run(tmp_path, MAKE)
    file = tmp_path / "session" / "session.ardour"
    chunk = base64.b64encode(preset_of(chain, "turn 1").to_bytes()).decode()
    text, replaced = re.subn("<chunk>[^<]*</chunk>", f"<chunk>{chunk}</chunk>", file.read_text())
    assert replaced == 1
    file.write_text(text)
    run(tmp_path, BOUNCE)

    def bounced(name: str) -> Audio:
        files = sorted((tmp_path / "session").rglob(f"{name}%?.wav"))
        return np.array([soundfile.read(path, dtype="float32")[0] for path in files])

    dry, wet = bounced("dry"), bounced("wet")
    assert dry.shape == wet.shape and dry.shape[0] == 2 and dry.shape[1] > 24000
    assert np.abs(dry).max() > 0.01
    assert np.array_equal(chain.render(dry, 48000), wet)
