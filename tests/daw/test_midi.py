from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ifx_bridge.cli import app
from ifx_bridge.daw import midi
from ifx_bridge.daw.automation import Lane, Ramp
from ifx_bridge.daw.link import DawParameter
from ifx_bridge.daw.midi import Controls
from ifx_bridge.errors import UserError
from tests.daw import jack


def parameter(name: str, low: float = 0.0, high: float = 1.0, step: float = 0.0) -> DawParameter:
    return DawParameter(1, 1, 1, name, low, high, low, step=step)


def decoded(track: mido.MidiTrack, tempo: float) -> list[tuple[float, int]]:
    """Seconds and 14-bit value of every pair in a track."""
    at, high, found = 0, 0, []
    for message in track:
        at += message.time
        if message.type != "control_change":
            continue
        if message.control < 32:
            high = message.value
        else:
            seconds = at / midi.TICKS_PER_BEAT * 60 / tempo
            found.append((seconds, high * 128 + message.value))
    return found


def test_a_ramp_as_a_file(tmp_path: Path) -> None:
    ways = [
        Lane(parameter("Freq", 20, 20000), 20, 20000),
        Lane(parameter("Größe"), 1.0, 0.25),
        Lane(parameter("Mode", 0, 3, step=1), 0, 3),
    ]
    path = midi.write_file(tmp_path / "ramp.mid", ways, Ramp(8.0, 2.0, "linear"), tempo=100)
    file = mido.MidiFile(path)
    head, freq, size, mode = file.tracks
    assert mido.tempo2bpm(head[0].tempo) == pytest.approx(100)
    assert "Freq" in freq.name
    assert decoded(freq, 100) == [(0.0, 0), (pytest.approx(2.0, abs=0.001), 16383)]
    assert decoded(size, 100) == [(0.0, 16383), (pytest.approx(2.0, abs=0.001), 4096)]
    assert [v for _, v in decoded(mode, 100)] == [0, 5461, 10922, 16383]
    controls = [{m.control for m in t if m.type == "control_change"} for t in file.tracks[1:]]
    assert [len(c) for c in controls] == [2, 2, 2]
    assert len(set.union(*controls)) == 6


def test_every_lane_has_its_own_controller() -> None:
    count = len(midi.FREE) * 16
    assert len({midi.controller(n) for n in range(count)}) == count
    with pytest.raises(UserError, match="At most"):
        midi.controller(count)


@given(st.integers(0, 16383), st.integers(0, 16383))
def test_fourteen_bits(number: int, value: int) -> None:
    high, low = midi.cc14(3, 20, value)
    assert (high.control, low.control) == (20, 52)
    assert high.value * 128 + low.value == value
    rows = [(m.control, m.value) for m in midi.nrpn(0, number, value)]
    assert [c for c, _ in rows] == [99, 98, 6, 38]
    assert rows[0][1] * 128 + rows[1][1] == number


def test_a_wiggle_ends_where_it_began() -> None:
    values = [m.value for m in midi.wiggle(0, 20) if m.control == 20]
    assert values[0] == values[-1] == 0
    assert max(values) == 127


# Transport.


def play(messages: list[tuple[float, mido.Message]]) -> midi.Clock:
    clock = midi.Clock()
    for at, message in messages:
        clock = clock.heard(message, at)
    return clock


def test_the_clock_tells_tempo_and_place() -> None:
    tempo, jitter = 96.0, [0, 0.001, -0.001, 0.002]
    ticks = [(n * 60 / tempo / 24 + jitter[n % 4], mido.Message("clock")) for n in range(24 * 16)]
    clock = play([(0.0, mido.Message("start")), *ticks])
    assert clock.transport.playing
    assert clock.transport.tempo == pytest.approx(tempo, rel=0.05)
    assert clock.clocks == 24 * 16
    assert clock.transport.seconds == pytest.approx(10, rel=0.05)
    clock = clock.heard(mido.Message("stop"), 99)
    clock = clock.heard(mido.Message("songpos", pos=32), 99)
    assert not clock.transport.playing
    assert clock.clocks == 8 * 24
    clock = clock.heard(mido.Message("clock"), 100)
    assert clock.clocks == 8 * 24  # clocks without playing do not move it
    assert clock.heard(mido.Message("continue"), 101).transport.playing


def test_machine_control() -> None:
    def mmc(*data: int) -> mido.Message:
        return mido.Message("sysex", data=(0x7F, 0x7F, 0x06, *data))

    clock = play([(0, mmc(0x06))])
    assert (clock.playing, clock.recording) == (True, True)
    assert not clock.heard(mmc(0x01), 0).transport.playing
    located = clock.heard(mmc(0x44, 6, 1, 0x21, 2, 3, 12, 0), 0)
    assert located.transport.seconds == pytest.approx(3600 + 120 + 3 + 12 / 25)


@given(st.lists(st.binary(max_size=12)))
def test_no_bytes_are_too_strange(rows: list[bytes]) -> None:
    clock = midi.Clock()
    for row in rows:
        data = tuple(b & 127 for b in row)
        clock = clock.heard(mido.Message("sysex", data=data), 0.0)
        clock = clock.heard(mido.Message("sysex", data=(0x7F, 0, 6, *data)), 0.0)
    assert clock.transport


# Learning.


def test_knobs_and_keys_are_learned() -> None:
    knob = mido.Message("control_change", channel=2, control=21, value=64)
    key = mido.Message("note_on", channel=9, note=36, velocity=100)
    controls = midi.Controls().learned(knob, "amount").learned(key, "capture")
    again = midi.Controls.of(tomllib.loads(controls.to_toml())["control"])
    assert again == controls
    assert again.command(knob) == ("amount", pytest.approx(64 / 127))
    assert again.command(knob.copy(value=0)) == ("amount", 0)
    assert again.command(key) == ("capture", pytest.approx(100 / 127))
    assert again.command(key.copy(velocity=0)) is None
    assert again.command(key.copy(note=37)) is None
    assert again.learned(knob, "undo").command(knob) == ("undo", pytest.approx(64 / 127))
    with pytest.raises(UserError, match="cannot be learned"):
        again.learned(mido.Message("clock"), "undo")
    with pytest.raises(UserError, match="no command"):
        again.learned(knob, "fly")
    with pytest.raises(UserError, match="which is not one"):
        midi.Controls.of([{"kind": "note_on", "channel": 0, "number": 1, "command": "fly"}])
    with pytest.raises(UserError, match="damaged"):
        midi.Controls.of([{"kind": "note_on"}])


# Ports.


def test_a_port_that_is_not_there_is_told() -> None:
    with pytest.raises(UserError, match="cannot be opened"), midi.output("nowhere at all"):
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[jack.Jack]:
    if jack.missing():
        pytest.skip(jack.missing())
    made = jack.Jack()
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    before = mido.backend
    mido.set_backend("mido.backends.rtmidi/UNIX_JACK", load=True)
    yield made
    mido.set_backend(before)
    made.close()


def test_virtual_ports(server: jack.Jack) -> None:
    client = server.client("patchbay")
    with (
        client,
        midi.output("ifx-out", virtual=True) as out,
        midi.input("ifx-in", virtual=True) as inp,
    ):
        client.activate()
        (source,) = client.get_ports("ifx-out")
        (sink,) = client.get_ports("ifx-in")
        client.connect(source, sink)
        sent = [*midi.cc14(0, 20, 5000), *midi.nrpn(1, 300, 16383), mido.Message("start")]
        sent.append(mido.Message("sysex", data=(0x7F, 0x7F, 6, 2)))
        for message in sent:
            out.send(message)
        heard: list[mido.Message] = []
        end = time.monotonic() + 10
        while len(heard) < len(sent) and time.monotonic() < end:
            heard += inp.iter_pending()
            time.sleep(0.01)
        assert heard == sent
        follower = midi.Follower(inp)
        assert not follower.transport().playing
        out.send(mido.Message("start"))
        end = time.monotonic() + 10
        while not follower.transport().playing:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert any("ifx-out" in name for name in midi.port_names()[0])


def test_a_ramp_is_sent_live() -> None:
    ways = [
        Lane(parameter("Drive", 0, 48), 0.0, 48.0),
        Lane(parameter("Slot", 0, 7, step=1.0), 2.0, 2.0),
    ]
    now, sent = [0.0], list[mido.Message]()

    class Port:
        send = staticmethod(sent.append)

    def wait(seconds: float) -> None:
        now[0] += seconds

    midi.stream(Port, ways, Ramp(0, 2.0, "linear"), wait=wait, clock=lambda: now[0])
    assert now[0] == pytest.approx(2, abs=0.05)
    controls = [midi.controller(n)[1] for n in range(2)]
    drive = [m.value for m in sent if m.control == controls[0]]
    assert drive[0] == 0
    assert drive[-1] == 127
    assert drive == sorted(drive)
    assert len(drive) == 101
    # What does not move is sent once.
    assert len([m for m in sent if m.control == controls[1]]) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[control", "Expected"),
        (
            '[[control]]\nkind = "note_on"\nchannel = "a"\nnumber = 3\ncommand = "undo"',
            "channel is 'a'",
        ),
        ('[[control]]\nkind = "note_on"\nchannel = 16\nnumber = 3\ncommand = "undo"', "0 to 15"),
        ('[[control]]\nkind = "note_on"\nchannel = 0\nnumber = 128\ncommand = "undo"', "0 to 127"),
        (
            '[[control]]\nkind = "wheel"\nchannel = 0\nnumber = 1\ncommand = "undo"',
            "'wheel' is none",
        ),
        ('[[control]]\nkind = "note_on"\nchannel = 0\nnumber = 1\ncommand = "fly"', "'fly'"),
        ("control = 3", "damaged"),
    ],
)
def test_a_damaged_map_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "ifx-midi.toml"
    assert Controls.read(path) == Controls()
    path.write_text(text)
    with pytest.raises(UserError) as error:
        Controls.read(path)
    assert said in error.value.what
    assert error.value.kept == "It is as it was."
    for words in (["listen", str(tmp_path / "out")], ["learn", "redo", "--midi-port", "none"]):
        done = CliRunner().invoke(app, ["daw", *words, "--midi-map", str(path)])
        assert isinstance(done.exception, UserError), done.exception
        assert said in done.exception.what


def test_what_was_learned_is_read_again(tmp_path: Path) -> None:
    learned = Controls().learned(mido.Message("note_on", note=36), "redo")
    (tmp_path / "map.toml").write_text(learned.to_toml())
    assert Controls.read(tmp_path / "map.toml") == learned


@pytest.mark.parametrize("tempo", [0.0, 1.0, 1e9, float("nan")])
def test_tempos_that_midi_has_not_are_told(tmp_path: Path, tempo: float) -> None:
    with pytest.raises(UserError, match="beats a minute"):
        midi.write_file(tmp_path / "x.mid", [], Ramp(0, 1), tempo)
    assert not list(tmp_path.iterdir())
