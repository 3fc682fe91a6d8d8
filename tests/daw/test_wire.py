from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifx_bridge.daw.osc import Message, decode, encode
from ifx_bridge.daw.traffic import recording, replay
from ifx_bridge.daw.wire import LOOPBACK, Wire
from ifx_bridge.errors import UserError


class Peer:
    """The other end."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((LOOPBACK, 0))
        self.address: tuple[str, int] = self.socket.getsockname()

    def say(self, wire: Wire, *messages: Message) -> None:
        for message in messages:
            self.socket.sendto(encode(message), (LOOPBACK, wire.port))

    def heard(self, seconds: float = 0.2) -> list[Message]:
        self.socket.settimeout(seconds)
        found: list[Message] = []
        try:
            while True:
                found += decode(self.socket.recv(65535))
        except TimeoutError:
            return found


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.socket.close()


@pytest.fixture
def wire(peer: Peer) -> Iterator[Wire]:
    with Wire(peer.address) as made:
        yield made


def eventually(true: Callable[[], bool], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def test_the_latest_value_of_everything(wire: Wire, peer: Peer) -> None:
    peer.say(wire, *(Message(f"/p/{n % 50}", (float(n),)) for n in range(1000)))
    assert eventually(lambda: wire.counts.received == 1000)
    assert {k[0]: m.args[0] for k, m in wire.state().items()} == {
        f"/p/{n}": float(950 + n) for n in range(50)
    }
    assert wire.latest("/p/7") == Message("/p/7", (957.0,))


def test_many_at_once_are_few_datagrams(wire: Wire, peer: Peer) -> None:
    messages = [Message(f"/fxparam/{n}/value") for n in range(200)]
    wire.send_all(messages)
    peer.socket.settimeout(1)
    datagrams = [peer.socket.recv(65535) for _ in range(6)]
    assert [m for data in datagrams for m in decode(data)] == messages
    assert wire.counts.sent == 200
    with pytest.raises(UserError, match="cannot be sent"):
        wire.send_all([Message("/a", ("x" * 2000,))])
    wire.send_all([])
    assert peer.heard(0.05) == []


def test_asking_ends_with_the_last_answer(wire: Wire, peer: Peer) -> None:
    def answer() -> None:
        assert peer.socket.recv(100) == encode(Message("/list"))
        peer.say(wire, Message("/item", (1,)), Message("/item", (2,)), Message("/end"))

    peer.say(wire, Message("/before"))
    assert eventually(lambda: wire.counts.received == 1)
    thread = threading.Thread(target=answer)
    thread.start()
    found = wire.ask(Message("/list"), until=lambda m: m.address == "/end", timeout=30)
    thread.join()
    assert found == [Message("/item", (1,)), Message("/item", (2,)), Message("/end")]
    assert wire.ask(Message("/silence"), timeout=0.05) == []


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=100), max_size=20))
def test_no_datagrams_stop_the_receiver(datagrams: list[bytes]) -> None:
    with Wire((LOOPBACK, 9)) as wire, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        for data in datagrams:
            other.sendto(data, (LOOPBACK, wire.port))
        other.sendto(encode(Message("/alive", (1,))), (LOOPBACK, wire.port))
        assert eventually(lambda: wire.latest("/alive") is not None)


def test_a_failing_listener_stops_nothing(wire: Wire, peer: Peer) -> None:
    heard: list[Message] = []

    def fail(message: Message) -> None:
        raise RuntimeError("no")

    stop = wire.listen(fail)
    wire.listen(heard.append)
    peer.say(wire, Message("/a"), Message("/b"))
    assert eventually(lambda: len(heard) == 2)
    stop()
    peer.say(wire, Message("/c"))
    assert eventually(lambda: len(heard) == 3)


def test_only_the_latest_value_goes_out_and_only_when_new(peer: Peer) -> None:
    with Wire(peer.address, rate=2) as wire:
        wire.put(Message("/first", (0.0,)))
        assert eventually(lambda: wire.counts.sent == 1)
        for n in range(500):  # within the pause after the first flush
            wire.put(Message("/p", (float(n),)))
        assert wire.flushed(10)
        wire.put(Message("/p", (499.0,)))
        wire.put(Message("/first", (0.0,)))
        assert wire.counts.unchanged == 2
        assert peer.heard() == [Message("/first", (0.0,)), Message("/p", (499.0,))]
        wire.forget()
        wire.put(Message("/p", (499.0,)))
        assert peer.heard(1.5) == [Message("/p", (499.0,))]


def test_no_more_flushes_than_allowed(peer: Peer) -> None:
    with Wire(peer.address, rate=10) as wire:
        began, n = time.monotonic(), 0
        while time.monotonic() < began + 1:
            wire.put(Message("/p", (float(n := n + 1),)))
            time.sleep(0.002)
        assert wire.flushed()
        heard = peer.heard()
        assert len(heard) <= 10 * (time.monotonic() - began) + 2
        assert heard[-1] == Message("/p", (float(n),))


def test_strangers_are_not_heard() -> None:
    with Wire((LOOPBACK, 9), allowed=frozenset({"192.0.2.1"})) as wire:
        peer = Peer()
        peer.say(wire, Message("/a"))
        peer.socket.close()
        assert eventually(lambda: wire.counts.refused == 1)
        assert wire.counts.received == 0


def test_open_to_the_network_only_with_a_list() -> None:
    with pytest.raises(UserError, match="every machine"):
        Wire((LOOPBACK, 9), bind="0.0.0.0")
    with Wire((LOOPBACK, 9), bind="0.0.0.0", allowed=frozenset({LOOPBACK})) as wire:
        peer = Peer()
        peer.say(wire, Message("/a"))
        peer.socket.close()
        assert eventually(lambda: wire.counts.received == 1)


def test_a_port_that_is_taken_is_told(wire: Wire) -> None:
    with pytest.raises(UserError, match=f"Port {wire.port}") as error:
        Wire((LOOPBACK, 9), port=wire.port)
    assert "another port" in error.value.next_step


def test_what_was_recorded_plays_again(wire: Wire, peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "osc.jsonl"
    with recording(path):
        peer.say(wire, Message("/a", (1,)))
        peer.socket.sendto(b"garbage", (LOOPBACK, wire.port))
        assert eventually(lambda: wire.counts.garbage == 1)
        wire.send(Message("/out", ("x",)))
    peer.say(wire, Message("/not/recorded"))
    assert eventually(lambda: wire.counts.received == 2)
    rows = list(replay(path))
    assert [row.side for row in rows] == ["in", "in", "out"]
    assert {row.port for row in rows} == {wire.port}
    with Wire((LOOPBACK, 9)) as other:
        for row in rows:
            if row.side == "in":
                other.feed(row.data)
        assert other.state() == {("/a",): Message("/a", (1,))}
        assert other.counts.garbage == 1


@pytest.mark.parametrize("text", ["no", '{"at": 1}', '{"at": 1, "side": "up", "data": ""}'])
def test_what_is_no_recording_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "osc.jsonl"
    path.write_text(text)
    with pytest.raises(UserError, match="no recording"):
        list(replay(path))


def test_memory_is_bounded(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifx_bridge.daw.wire.THINGS", 100)
    for n in range(1000):
        wire.feed(encode(Message(f"/p/{n}", (1.0,))))
    assert len(wire.state()) == 100
    assert wire.latest("/p/999") is not None


def test_ports_that_cannot_be_are_told() -> None:
    with pytest.raises(UserError, match="Port 99999"):
        Wire((LOOPBACK, 9), port=99999)
    with Wire((LOOPBACK, 99999)) as wire:
        with pytest.raises(UserError, match=f"Nothing can be sent to {LOOPBACK}:99999"):
            wire.send(Message("/a"))
        # What is put fails later: whoever waits for it is told, and only once.
        for message in (Message("/a", (1,)), Message("no address", (1,))):
            wire.put(message)
            with pytest.raises(UserError, match="sent"):
                wire.flushed()
        assert wire.flushed()


def test_every_wire_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "osc.jsonl"
    with recording(path), Wire((LOOPBACK, 9)) as one, Wire((LOOPBACK, 9)) as other:
        one.send(Message("/one"))
        other.send(Message("/other"))
        ports = [one.port, other.port]
    assert [row.port for row in replay(path)] == ports
