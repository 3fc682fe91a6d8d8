"""Against the real Ardour."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from ifx_bridge import audio
from ifx_bridge.cli import app
from ifx_bridge.daw.ardour import ArdourLink
from ifx_bridge.daw.ardour_session import last_opened, saved, session_file
from ifx_bridge.daw.automation import Lane, Ramp, run
from ifx_bridge.daw.follow import Follow
from ifx_bridge.daw.link import Can, DawParameter, Scene, Track, Transport
from ifx_bridge.daw.osc import Message
from ifx_bridge.daw.writing import Wanted, write
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.session import ClipInfo, Score, Session, save
from tests.daw import ardour

pytestmark = pytest.mark.skipif(bool(ardour.missing()), reason=ardour.missing())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ardour.Ardour]:
    folder = tmp_path_factory.mktemp("ardour")
    with ardour.Ardour(folder, ardour.make(folder)) as made:
        yield made


@pytest.fixture
def link(running: ardour.Ardour) -> Iterator[ArdourLink]:
    with ArdourLink(port=running.port, session=running.session) as made:
        made.tracks()  # waits until the session is there
        yield made


def parameter(link: ArdourLink, device: str, name: str) -> DawParameter:
    track = link.track(ardour.TRACK)
    found = next(d for d in link.devices(track) if d.name == device)
    return next(p for p in link.parameters(found) if p.name == name)


def eventually(true: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_what_is_there(link: ArdourLink) -> None:
    probe = link.probe()
    assert probe.connected
    assert "48000 Hz" in probe.how
    (track,) = link.tracks()
    assert track.name == ardour.TRACK
    devices = link.devices(track)
    names = ["ACE EQ", "ACE Compressor", "ACE Delay", "ACE Reverb", "ACE Delay"]
    assert [d.name for d in devices] == names
    assert all(d.enabled for d in devices)


def test_descriptors(link: ArdourLink) -> None:
    ratio = parameter(link, "ACE Compressor", "Ratio")
    assert (ratio.low, ratio.high, ratio.step, ratio.writable) == (1, 20, 0, True)
    meter = parameter(link, "ACE Compressor", "Gain Reduction")
    assert not meter.writable
    divisor = parameter(link, "ACE Delay", "Divisor")
    assert divisor.step == 1
    assert (2.0, "b - Half note") in divisor.choices


def test_values_are_set_and_read_back(link: ArdourLink) -> None:
    wanted = [
        Wanted(parameter(link, "ACE EQ", "Frequency 1"), 1234.5),
        Wanted(parameter(link, "ACE EQ", "Gain H"), -3.21),
        Wanted(parameter(link, "ACE Delay", "Sync BPM"), 1.0),
        Wanted(parameter(link, "ACE EQ", "Gain 1"), 55.0),
        Wanted(parameter(link, "ACE Compressor", "Gain Reduction"), 3.0),
        Wanted(parameter(link, "ACE EQ", "Gain 2"), float("nan")),
    ]
    report = write(link, wanted)
    assert [w.status for w in report.writes] == ["confirmed"] * 3 + ["refused"] * 3
    assert [w.reason for w in report.of("refused")] == [
        "it goes from -20 to 20", "it can only be read", "this is no number",
    ]  # fmt: skip
    now = link.read([w.parameter for w in wanted])
    assert now[wanted[0].parameter.key].value == pytest.approx(1234.5, rel=1e-5)
    assert now[wanted[1].parameter.key].value == pytest.approx(-3.21, rel=1e-5)
    assert now[wanted[3].parameter.key].value == wanted[3].parameter.value


def test_the_transport_is_followed(link: ArdourLink) -> None:
    link.stop()
    link.locate(0.5)
    assert eventually(lambda: link.transport().seconds == pytest.approx(0.5, abs=0.05))
    assert not link.transport().playing
    link.play()
    assert eventually(lambda: link.transport().playing)
    assert eventually(lambda: (link.transport().seconds or 0) > 0.6)
    link.stop()
    assert eventually(lambda: not link.transport().playing)


def test_selection_tempo_and_position_are_followed(link: ArdourLink) -> None:
    seen: list[Scene | None] = []
    with Follow(link.scene, seen.append, seconds=0.05):

        def now() -> Scene:
            return seen[-1] if seen and seen[-1] else Scene(Transport(False))

        assert eventually(lambda: now().transport.tempo == 120)
        assert now().track is None
        link.wire.send(Message("/strip/select", (1, 0)))  # without a window, this selects
        assert eventually(lambda: now().track == Track(1, ardour.TRACK, True))
        link.locate(1.5)
        assert eventually(lambda: now().transport.seconds == pytest.approx(1.5, abs=0.05))
    assert link.track("selected").name == ardour.TRACK


def test_devices_are_switched(link: ArdourLink) -> None:
    (track,) = link.tracks()
    for on in (False, True):
        link.enable(link.devices(track)[2], on)
        assert eventually(lambda on=on: link.devices(track)[2].enabled is on)  # type: ignore[misc]


def test_a_ramp_is_recorded_as_automation(running: ardour.Ardour, tmp_path: Path) -> None:
    session = tmp_path / "sess"
    shutil.copytree(running.session, session)
    # One of its own: once it has rolled, writing becomes touching.
    with (
        ardour.Ardour(tmp_path, session) as own,
        ArdourLink(port=own.port, session=session) as link,
    ):
        last = link.devices(link.track(ardour.TRACK))[-1]
        feedback = next(p for p in link.parameters(last) if p.name == "Feedback")
        link.locate(3.0)
        report = run(link, [Lane(feedback, 10.0, 90.0)], Ramp(0.25, 1.0, "linear"))
        assert any("automation is set to write" in note for note in report.notes)
        assert not link.transport().playing
        with saved(session, lambda: link.wire.send(Message("/save_state"))) as file:
            root = ElementTree.fromstring(file.read_text("utf-8"))
    # After a pass of writing, Ardour goes over to touch.
    lists = [e for e in root.iter("AutomationList") if e.get("state") in ("Write", "Touch")]
    (events,) = [e.text.split() for lane in lists for e in lane if e.text]
    values = [float(v) for v in events[1::2]]
    assert len(values) > 5
    assert values == sorted(values)
    assert values[0] < 20
    assert values[-1] == pytest.approx(90, rel=1e-5)


def test_what_it_cannot_is_said(link: ArdourLink, tmp_path: Path) -> None:
    assert Can.CAPTURE in link.capabilities
    assert Can.PRESETS not in link.capabilities
    (track,) = link.tracks()
    with pytest.raises(UserError, match="cannot load a preset") as error:
        link.load_preset(link.devices(track)[0], tmp_path / "x.vstpreset")
    assert "no presets" in error.value.next_step


def test_the_dry_sound_is_what_was_recorded(link: ArdourLink, tmp_path: Path) -> None:
    (track,) = link.tracks()
    found = link.capture(track, tmp_path)
    (recorded,) = link.session.glob("interchange/*/audiofiles/*.wav")  # type: ignore[union-attr]
    sound, rate = soundfile.read(recorded, dtype="float32", always_2d=True)
    captured = audio.load(found.path, allow_clipped=True)
    assert captured.sample_rate == rate
    assert np.array_equal(captured.samples, sound.T[:, : captured.samples.shape[1]])
    assert captured.samples.shape[1] > rate
    assert (found.daw, found.track, found.tempo) == ("Ardour", ardour.TRACK, 120)
    assert found.end_seconds == pytest.approx(captured.seconds, abs=1e-4)


def test_another_session_is_noticed(link: ArdourLink, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not the folder of one Ardour session"):
        session_file(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "other.ardour").write_text("<Session/>")
    link.session = other
    (track,) = link.tracks()
    link_seconds = pytest.MonkeyPatch()
    link_seconds.setattr("ifx_bridge.daw.ardour_session.SAVING_SECONDS", 0.3)
    with pytest.raises(UserError, match="has not saved"):
        link.capture(track, tmp_path)
    link_seconds.undo()


def test_the_session_opened_last_is_found(running: ardour.Ardour) -> None:
    config = running.session.parent / "home" / ".config"
    assert last_opened(config) == running.session


def turn(folder: Path) -> Path:
    chain = Chain(
        (
            Slot("eq", {"band1_gain_db": -4.2, "band3_gain_db": 2.5, "high_shelf_gain_db": 3}),
            Slot("comp", {"threshold_db": -31.5, "ratio": 3.3}),
            Slot("delay", {"delay_seconds": 0.123, "mix": 0.25}, bypass=True),
            Slot("rev", {"wet_level": 0.2, "dry_level": 0.6}),
        )
    )
    session = Session(clip=ClipInfo()).add(
        chain=chain, instruction="a church", route="initialize_all", score=Score(before=0, after=1)
    )
    save(session, folder / "session.json")
    return folder / "session.json"


def test_the_commands(running: ardour.Ardour, link: ArdourLink, tmp_path: Path) -> None:
    def run(*words: str) -> object:
        first = ["daw", "--port", str(running.port), "--ardour-session", str(running.session)]
        done = CliRunner().invoke(app, [*first, "--daw", "ardour", *words, "--json"])
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.stdout)

    assert [p["connected"] for p in run("probe") if p["link"] == "ardour"] == [True]  # type: ignore[attr-defined]
    (track,) = run("tracks")  # type: ignore[misc]
    assert track["devices"][1]["name"] == "ACE Compressor"
    done = run("set", "ACE Compressor", "Ratio=2.5", "--track", "gtr")
    assert done["confirmed"] == 1  # type: ignore[index]

    words = ("Attack=0.02 s", "--track", "gtr")
    assert run("set", "ACE Compressor", *words)["confirmed"] == 1  # type: ignore[index]
    assert parameter(link, "ACE Compressor", "Attack").value == pytest.approx(20, rel=1e-5)
    words = ("Frequency 1=3.2kHz", "Gain 1=-2,5 dB", "--track", "gtr")
    assert run("set", "ACE EQ", *words)["confirmed"] == 2  # type: ignore[index]
    assert parameter(link, "ACE EQ", "Frequency 1").value == pytest.approx(3200, rel=1e-5)
    assert parameter(link, "ACE EQ", "Gain 1").value == pytest.approx(-2.5, rel=1e-5)
    for device, value, said in (
        ("ACE EQ", "Gain 1=3.2kHz", "Gain 1 is in dB: Hz cannot become dB"),
        ("ACE Compressor", "Knee=3 dB", "does not say in which unit"),
    ):
        first = ["daw", "--daw", "ardour", "--port", str(running.port)]
        refused = CliRunner().invoke(app, [*first, "set", device, value, "--track", "gtr"])
        assert said in str(refused.exception)

    arguments = ("push", str(turn(tmp_path)), "--turn", "1", "--track", ardour.TRACK)
    shown = run(*arguments, "--preview")
    assert "ACE EQ, ACE Compressor, ACE Delay, ACE Reverb" in shown["summary"]  # type: ignore[index]
    assert parameter(link, "ACE Compressor", "Ratio").value == pytest.approx(2.5, rel=1e-5)
    done = run(*arguments)
    assert (done["unconfirmed"], done["refused"]) == (0, 0)  # type: ignore[index]
    assert shown["switches"] == [{"device": "ACE Delay", "index": 3, "on": False}]  # type: ignore[index]
    assert done["confirmed"] == len(shown["parameters"]) + 1  # type: ignore[index]
    for device, name, value in (
        ("ACE EQ", "Gain 1", -4.2), ("ACE EQ", "Gain 2", 2.5), ("ACE EQ", "Gain H", 3),
        ("ACE EQ", "Frequency 2", 5000), ("ACE Compressor", "Threshold", -31.5),
        ("ACE Delay", "Time", 123), ("ACE Delay", "Dry/Wet", 25), ("ACE Reverb", "Blend", 0.25),
    ):  # fmt: skip
        assert parameter(link, device, name).value == pytest.approx(value, rel=1e-5)
    assert [d.enabled for d in link.devices(link.tracks()[0])] == [True, True, False, True, True]
    # The start has none of them: what this push has used goes off, the user's own stays on.
    link.enable(link.devices(link.tracks()[0])[2], True)
    done = run("push", str(tmp_path), "--turn", "0", "--track", ardour.TRACK)
    assert (done["confirmed"], done["unconfirmed"]) == (3, 0)  # type: ignore[index]
    (note,) = done["notes"]  # type: ignore[index]
    assert note.endswith("not of this turn: ACE Delay (3), ACE Delay (5).")
    assert [d.enabled for d in link.devices(link.tracks()[0])] == [False, False, True, False, True]
    for device in link.devices(link.tracks()[0]):
        link.enable(device, True)

    found = run("capture", "--track", ardour.TRACK, "--out", str(tmp_path / "dry"))
    assert found["seconds"] > 1  # type: ignore[index]
    assert (tmp_path / "dry" / "dry.capture.json").exists()


def test_a_port_where_nobody_is() -> None:
    with ArdourLink(port=9, timeout=0.1) as link:
        probe = link.probe()
        assert not probe.connected
        assert "Open Sound Control" in probe.how
        with pytest.raises(UserError, match="does not answer"):
            link.tracks()


def test_a_daw_that_quits_in_the_middle(
    running: ardour.Ardour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        ardour.Ardour(tmp_path, running.session) as other,
        ArdourLink(port=other.port, timeout=0.2) as link,
    ):
        link.tracks()
        wanted = [
            Wanted(parameter(link, "ACE EQ", "Gain 1"), 1.0),
            Wanted(parameter(link, "ACE EQ", "Gain 2"), 2.0),
        ]
        send = link.set

        def last_words(values: object) -> None:
            send(values)  # type: ignore[arg-type]
            other.kill()

        monkeypatch.setattr(link, "set", last_words)
        report = write(link, wanted)
    assert [w.status for w in report.writes] == ["unconfirmed"] * 2
    assert {w.reason for w in report.writes} == {"no answer"}
    assert "stopped answering" in report.notes[0]
