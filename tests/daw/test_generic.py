from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import mido
import pytest

from ifx_bridge.daw import midi
from ifx_bridge.daw.generic import GenericLink, Map
from ifx_bridge.daw.link import Can
from ifx_bridge.daw.osc import Message, decode, encode
from ifx_bridge.daw.writing import Wanted, write
from ifx_bridge.errors import UserError

MAP = """
name = "Boxes"
port = {port}
play = "/play on:i"

[[parameter]]
track = "Vox"
device = "EQ"
name = "High gain"
low = -12.0
high = 12.0
wire = [0, 1]
send = "/param/3 value:f"
answer = "/param/3 value:f"

[[parameter]]
track = "Vox"
device = "EQ"
name = "Mode"
low = 0.0
high = 16383.0
send = "/mode value:i"
answer = "/mode/is value:i"
"""


class Echo:
    """Answers every value; one address is deaf."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.heard: list[Message] = []
        self.deaf = ""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                data, source = self.socket.recvfrom(1024)
            except OSError:
                return
            for message in decode(data):
                self.heard.append(message)
                if message.address != self.deaf:
                    address = {"/mode": "/mode/is"}.get(message.address, message.address)
                    self.socket.sendto(encode(Message(address, message.args)), source)


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.socket.close()


def written(folder: Path, text: str) -> Path:
    path = folder / "map.toml"
    path.write_text(text)
    return path


def test_values_in_the_users_units(echo: Echo, tmp_path: Path) -> None:
    with GenericLink(written(tmp_path, MAP.format(port=echo.port)), settle_seconds=0.05) as link:
        (track,) = link.tracks()
        (device,) = link.devices(track)
        gain, mode = link.parameters(device)
        report = write(link, [Wanted(gain, 6.0), Wanted(mode, 8000.0)])
        assert report.done, report
        (value,) = next(m.args for m in echo.heard if m.address == "/param/3")
        assert value == pytest.approx(0.75, abs=2e-6)
        assert Message("/mode", (8000,)) in echo.heard
        link.play()
        echo.deaf = "/mode"
        report = write(link, [Wanted(gain, -12.0), Wanted(mode, 1.0)], tries=1)
        # What came back before the value was sent does not count.
        assert [w.status for w in report.writes] == ["confirmed", "unconfirmed"]
        assert report.writes[1].reason == "no answer"
        with pytest.raises(UserError, match="does not tell of it"):
            link.locate(1)


def test_without_answers_nothing_is_confirmed(echo: Echo, tmp_path: Path) -> None:
    text = "\n".join(line for line in MAP.splitlines() if "answer" not in line)
    with GenericLink(written(tmp_path, text.format(port=echo.port))) as link:
        assert Can.READ_BACK not in link.capabilities
        (gain, _) = link.parameters(link.devices(link.tracks()[0])[0])
        (one,) = write(link, [Wanted(gain, 6.0)]).writes
        assert (one.status, one.reason) == (
            "unconfirmed", "sent, but this link cannot read back",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('send = "/param/3 value:f"', "one of send, cc and nrpn"),
        ("high = 12.0", "cannot go from"),
        ('name = "High gain"', "name"),
    ],
)
def test_what_is_wrong_in_a_map_is_told(tmp_path: Path, line: str, said: str) -> None:
    assert line in MAP
    text = MAP.format(port=9).replace(line, "high = -99.0" if "high" in line else "", 1)
    with pytest.raises(UserError, match=r"parameter 1: ") as error:
        Map.load(written(tmp_path, text))
    assert said in error.value.what
    with pytest.raises(UserError, match="no map"):
        Map.load(tmp_path / "nothing.toml")
    with pytest.raises(UserError, match="no parameters"):
        Map.load(written(tmp_path, ""))


class Port:
    def __init__(self) -> None:
        self.sent: list[mido.Message] = []

    def send(self, message: mido.Message) -> None:
        self.sent.append(message)

    def close(self) -> None:
        pass


def test_parameters_by_midi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = Port()
    monkeypatch.setattr(midi, "_opened", lambda *args: port)
    rows = """
[[parameter]]
track = "A"
device = "B"
name = "{}"
low = -60.0
high = 0.0
{}
"""
    text = rows.format("One", "cc = { channel = 1, control = 20 }")
    text += rows.format("Two", "nrpn = { channel = 2, number = 300 }")
    with GenericLink(written(tmp_path, text)) as link:
        one, two = link.parameters(link.devices(link.tracks()[0])[0])
        write(link, [Wanted(one, 0.0), Wanted(two, -30.0)])
    assert port.sent == [*midi.cc14(0, 20, 16383), *midi.nrpn(1, 300, 8192)]


@pytest.mark.parametrize(
    ("line", "wrong", "said"),
    [
        ("port = {port}", "port = 99999", "port is 99999; it goes from 1 to 65535"),
        ("port = {port}", "port = {port}\nrate = 0", "rate is 0"),
        ("port = {port}", 'port = "here"', "port is 'here'"),
        ("port = {port}", "port = {port}\nlisten = -1", "listen is -1"),
        ("port = {port}", 'port = {port}\nask = "refresh"', "begins with a slash"),
        ('send = "/param/3 value:f"', 'send = "a value:f"', "begins with a slash"),
        ('send = "/param/3 value:f"', 'send = "/a/{{x}} value:f"', "no braces"),
        ('send = "/param/3 value:f"', "send = 3", "begins with a slash"),
        ('send = "/param/3 value:f"', "cc = {{ channel = 17, control = 2 }}", "channel is 17"),
        ('send = "/param/3 value:f"', "cc = {{ channel = 1, control = 32 }}", "control is 32"),
        ('play = "/play on:i"', 'play = "/{{play}} on:i"', "no braces"),
    ],
)
def test_what_cannot_be_sent_is_no_map(tmp_path: Path, line: str, wrong: str, said: str) -> None:
    assert line in MAP
    text = MAP.replace(line, wrong, 1).format(port=9)
    with pytest.raises(UserError) as error:
        Map.load(written(tmp_path, text))
    assert said in error.value.what


def test_what_does_not_go_out_is_not_called_sent(tmp_path: Path) -> None:
    text = MAP.format(port=9).replace('name = "Boxes"', 'name = "Boxes"\nhost = "no host.invalid"')
    text = "\n".join(line for line in text.splitlines() if "answer" not in line)
    with GenericLink(written(tmp_path, text)) as link:
        for _ in range(2):  # the sender goes on
            gain, mode = link.parameters(link.devices(link.tracks()[0])[0])
            for one in write(link, [Wanted(gain, 6.0), Wanted(mode, 3.0)]).writes:
                assert one.status == "unconfirmed"
                assert one.reason.startswith("Nothing can be sent to no host.invalid:9")
