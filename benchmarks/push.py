"""How fast values go out and are confirmed, and whether a flood from a DAW loses or grows anything.

python benchmarks/push.py [--seconds 60] [--parameters 60] [--rounds 20]

The other end is an echo on loopback that answers at once: the figures are those of the link. With
`--ardour` it is whatever Ardour runs here with OSC on, and its first track's first device.
"""

from __future__ import annotations

import argparse
import resource
import socket
import statistics
import threading
import time
from collections.abc import Iterable, Sequence

from ifx_bridge.daw.ardour import ArdourLink
from ifx_bridge.daw.link import (
    Can,
    Capabilities,
    DawLink,
    DawParameter,
    Probe,
    Reading,
)
from ifx_bridge.daw.osc import Message, encode
from ifx_bridge.daw.wire import LOOPBACK, Wire
from ifx_bridge.daw.writing import Wanted, write

ADDRESSES = 500


def _echo(server: socket.socket) -> None:
    while True:
        try:
            data, source = server.recvfrom(65535)
        except OSError:
            return
        server.sendto(data, source)


class Loop(DawLink):
    """A DAW that agrees with everything."""

    name = "loop"
    settle_seconds = 0.0

    def __init__(self, port: int) -> None:
        self.wire = Wire((LOOPBACK, port), rate=1000)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(frozenset({Can.SET, Can.READ_BACK}))

    def probe(self) -> Probe:
        return Probe(self.name, LOOPBACK, self.wire.port, True, "it is ours")

    def set(self, values: Sequence[tuple[DawParameter, float]]) -> None:
        self.wire.forget()
        for parameter, value in values:
            self.wire.put(Message(f"/p/{parameter.index}", (value,)))
        self.wire.flushed()

    def read(
        self, parameters: Iterable[DawParameter], texts: bool = False
    ) -> dict[tuple[int, int, int], Reading]:
        self.wire.ask(Message("/end"), until=lambda m: m.address == "/end")
        found = {p.key: self.wire.latest(f"/p/{p.index}") for p in parameters}
        return {k: Reading(float(m.args[0])) for k, m in found.items() if m}  # type: ignore[arg-type]

    def close(self) -> None:
        self.wire.close()


def pushes(link: DawLink, parameters: Sequence[DawParameter], rounds: int) -> None:
    """Print how long a push takes until everything is confirmed."""
    times, confirmed = [], 0
    for n in range(rounds):
        share = 0.25 + 0.5 * n / rounds
        wanted = [Wanted(p, p.low + share * (p.high - p.low)) for p in parameters]
        report = write(link, wanted)
        times.append(report.seconds)
        confirmed += len(report.of("confirmed"))
    total = rounds * len(parameters)
    median = statistics.median(times)
    print(
        f"{link.name}: {len(parameters)} parameters confirmed in {1000 * median:.1f} ms (median of "
        f"{rounds}; longest {1000 * max(times):.1f} ms), {len(parameters) / median:.0f} a second; "
        f"{confirmed} of {total} confirmed"
    )


def flood(seconds: float, rate: int = 1000) -> None:
    """Print whether so many messages a second, for so long, leave the right state and memory."""
    last: dict[str, float] = {}
    with Wire((LOOPBACK, 9)) as wire, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
        began, sent = time.monotonic(), 0
        memory = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
        late = 0.0
        while (now := time.monotonic() - began) < seconds:
            while sent < now * rate:
                address, value = f"/p/{sent % ADDRESSES}", float(sent % 65536)
                last[address] = value
                source.sendto(encode(Message(address, (value,))), (LOOPBACK, wire.port))
                sent += 1
            late = max(late, time.monotonic() - began - now)
            if len(memory) == 1 and now > seconds / 10:  # once everything is warm
                memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
            time.sleep(0.001)
        end = time.monotonic() + 5
        while wire.counts.received < sent and time.monotonic() < end:
            time.sleep(0.01)
        counts, state = wire.counts, wire.state()
        wrong = sum(state[(a,)].args[0] != v for a, v in last.items())
    memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    print(
        f"flood: {sent} messages in {seconds:g} s, {counts.received} received, {wrong} of "
        f"{len(last)} values wrong at the end; memory grew by {memory[-1] - memory[1]} KiB after "
        f"the first tenth"
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--parameters", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--ardour", action="store_true", help="Push into a running Ardour instead.")
    given = parser.parse_args()
    if given.ardour:
        with ArdourLink() as link:
            device = link.devices(link.tracks()[0])[0]
            found = [p for p in link.parameters(device) if p.writable and not p.step]
            pushes(link, found, given.rounds)
        return
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((LOOPBACK, 0))
    threading.Thread(target=_echo, args=(server,), daemon=True).start()
    with Loop(server.getsockname()[1]) as loop:
        knobs = [DawParameter(1, 1, n, f"Knob {n}", 0.0, 1.0, 0.0) for n in range(given.parameters)]
        pushes(loop, knobs, given.rounds)
    flood(given.seconds)


if __name__ == "__main__":
    main()
