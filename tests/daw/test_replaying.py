"""Recordings of OSC, played to the link again. The one that is kept is of Ardour 7, started by
`ardour.py`: a probe, the scene, the tracks, the devices and one device's parameters.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ifx_bridge.cli import app
from ifx_bridge.daw import replaying
from ifx_bridge.daw.traffic import recording, replay
from ifx_bridge.errors import UserError
from tests.daw.fakes import Effect, Lane, Weather
from tests.daw.test_writing import KINDS, daw, knobs

KEPT = Path(__file__).parent / "recordings" / "ardour.jsonl"


def test_the_link_sees_in_a_recording_what_was_there() -> None:
    seen = replaying.look(KEPT)
    assert seen.probe.how == "it listed 1 strip(s) at 48000 Hz"
    assert [t.name for t in seen.tracks] == ["Gtr"]
    names = ["ACE EQ", "ACE Compressor", "ACE Delay", "ACE Reverb", "ACE Delay"]
    assert [d.name for d in seen.devices] == names
    values = {p.name: p.value for p in seen.parameters if p.writable}
    assert values["Attack"] == 10
    assert values["Ratio"] == 4
    assert {p.device for p in seen.parameters} == {2}  # nobody asked about the others then
    assert "does not answer" in seen.problems[0]
    assert seen.scene is not None
    assert seen.scene.transport.seconds == 0


def test_it_is_printed() -> None:
    done = CliRunner().invoke(app, ["daw", "replay", str(KEPT), "--messages"])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "0.000 s out /strip/list" in done.output
    assert "  2 ACE Compressor" in done.output
    assert "    4 Ratio: 4" in done.output
    done = CliRunner().invoke(app, ["daw", "--daw", "live", "replay", str(KEPT), "--json"])
    assert json.loads(done.stdout)["probe"]["connected"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_what_others_said_is_seen_again(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "osc.jsonl"
    lanes = [Lane("Drums"), Lane("Vox", [Effect("EQ", knobs(3))])]
    with daw(kind, lanes, Weather(duplicate=0.2)) as (_, link), recording(path):
        link.probe()
        (device,) = [d for t in link.tracks() for d in link.devices(t)]
        link.parameters(device)
    assert replaying.likeliest(list(replay(path))) == kind
    seen = replaying.look(path)
    assert seen.probe.connected
    assert [t.name for t in seen.tracks] == ["Drums", "Vox"]
    assert [d.name for d in seen.devices] == ["EQ"]
    assert [p.value for p in seen.parameters] == [0.25] * 3


def test_what_nobody_knows_is_told(tmp_path: Path) -> None:
    path = tmp_path / "osc.jsonl"
    path.write_text('{"at": 1, "side": "in", "data": "AAAA"}\n')
    with pytest.raises(UserError, match="No link knows"):
        replaying.look(path)
    with pytest.raises(UserError, match="no link 'cubase'"):
        replaying.look(KEPT, "cubase")
    seen = replaying.look(path, "reaper")
    assert (seen.probe.connected, seen.garbage) == (False, 1)


def test_probes_are_recorded(tmp_path: Path) -> None:
    path = tmp_path / "osc.jsonl"
    words = ["daw", "--record-osc", str(path), "--port", "9", "probe"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, (done.output, done.exception)
    asked = [text for row in replay(path) for text in replaying.told(row)]
    assert {"/strip/list", "/live/test"} <= set(asked)


def test_probes_that_fail_name_the_program_and_its_port() -> None:
    done = CliRunner().invoke(app, ["daw", "--host", "no host.invalid", "probe"])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "Ardour (no host.invalid:3819): not connected. Nothing can be sent" in done.output
    assert "Ableton Live (no host.invalid:11000): not connected" in done.output
