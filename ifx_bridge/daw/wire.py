"""A UDP socket for OSC that loses nothing of the state and sends no more than a DAW can take.

Three threads: the receiver only enqueues what comes; the reader decodes it, keeps the latest value
of everything and wakes who waits; the sender flushes the latest values that were put, so many times
a second and no oftener.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ifx_bridge.daw import traffic
from ifx_bridge.daw.osc import Message, NotOsc, bundles, decode, encode
from ifx_bridge.errors import UserError

LOOPBACK = "127.0.0.1"
# The most that a UDP datagram can hold; python-osc's own servers read 8,192.
DATAGRAM = 65535
RECEIVE_BUFFER = 4 * 2**20
# Bounds on memory, far beyond what a DAW has: messages waiting, and things with a state.
BACKLOG, THINGS = 100_000, 65_536

log_in = logging.getLogger("ifx.osc.in")
log_out = logging.getLogger("ifx.osc.out")


@dataclass(frozen=True)
class Counts:
    """What a wire has seen so far.

    Attributes:
        received: Messages that were read.
        sent: Messages that went out.
        garbage: Datagrams that were no OSC.
        refused: Datagrams from addresses that are not allowed.
        lost: Datagrams dropped since too many were waiting.
        unchanged: Messages not sent since their value was there already.
    """

    received: int = 0
    sent: int = 0
    garbage: int = 0
    refused: int = 0
    lost: int = 0
    unchanged: int = 0


class Wire:
    """One socket to one program.

    Args:
        remote: Host and port that messages go to.
        port: Of ours; 0 takes any that is free.
        bind: Address to listen on. Beyond loopback, `allowed` must name who may send.
        allowed: Addresses that may send; by default those of `remote` and of this machine.
        rate: Most flushes a second of what is `put`; above 0.

    Raises:
        UserError: The port is taken, or it would be open to everyone.
    """

    def __init__(
        self,
        remote: tuple[str, int],
        *,
        port: int = 0,
        bind: str = LOOPBACK,
        allowed: frozenset[str] | None = None,
        rate: float = 30.0,
    ) -> None:
        if bind != LOOPBACK and not allowed:
            raise UserError(
                f"Listening on {bind} would let every machine of the network in.",
                next_step="Say which may: --allow ADDRESS.",
            )
        self.remote = remote
        self.allowed = allowed or frozenset({LOOPBACK, remote[0]})
        self.rate = rate
        self._socket = _bound(bind, port)
        self._port = int(self._socket.getsockname()[1])
        self._open = True
        self._counts = dict.fromkeys(Counts.__dataclass_fields__, 0)
        self._arrived: queue.SimpleQueue[tuple[bytes, str] | None] = queue.SimpleQueue()
        self._state: OrderedDict[tuple[Any, ...], Message] = OrderedDict()
        self._collectors: list[queue.SimpleQueue[Message]] = []
        self._listeners: list[Callable[[Message], None]] = []
        self._lock = threading.Lock()
        self._waiting: dict[tuple[Any, ...], Message] = {}
        self._unsent: UserError | None = None
        self._last: OrderedDict[tuple[Any, ...], Message] = OrderedDict()
        self._some_wait = threading.Condition(self._lock)
        self._threads = [
            threading.Thread(target=run, name=f"ifx-osc-{run.__name__}", daemon=True)
            for run in (self._receive, self._read, self._flush)
        ]
        for thread in self._threads:
            thread.start()

    # Sending.

    def send(self, message: Message) -> None:
        """Send at once.

        Raises:
            UserError: It cannot be sent.
        """
        data = _encoded(message)
        with self._lock:
            self._last.pop(message.key, None)
        self._out(data, message)

    def send_all(self, messages: Sequence[Message]) -> None:
        """Send many at once, in bundles: a program reads its socket seldom, and it overflows.

        Raises:
            UserError: They cannot be sent.
        """
        try:
            datagrams = bundles(messages)
        except NotOsc as error:
            raise UserError(f"This cannot be sent: {error}.") from error
        with self._lock:
            for message in messages:
                self._last.pop(message.key, None)
        for data in datagrams:
            self._out(data, *decode(data))

    def put(self, message: Message) -> None:
        """Send with the next flush, unless a newer value for the same thing comes before it.

        A value that was the last one sent for the same thing is dropped; `forget` undoes that.
        """
        with self._some_wait:
            if self._last.get(message.key) == message and message.key not in self._waiting:
                self._counts["unchanged"] += 1
                return
            self._waiting[message.key] = message
            self._some_wait.notify()

    def forget(self) -> None:
        """Let values be sent again that were sent before."""
        with self._lock:
            self._last.clear()

    def flushed(self, timeout: float = 2.0) -> bool:
        """Wait until all that was put has been sent; false when that takes longer than `timeout`.

        Raises:
            UserError: Some of it could not be sent.
        """
        with self._some_wait:
            done = self._some_wait.wait_for(lambda: not self._waiting, timeout)
            error, self._unsent = self._unsent, None
        if error is not None:
            raise error
        return done

    # Receiving.

    def latest(self, address: str, *ids: Any) -> Message | None:
        """The last message to an address with these arguments before its value."""
        with self._lock:
            return self._state.get((address, *ids))

    def state(self) -> dict[tuple[Any, ...], Message]:
        """The last message of everything, by `Message.key`."""
        with self._lock:
            return dict(self._state)

    def listen(self, listener: Callable[[Message], None]) -> Callable[[], None]:
        """Call a function with every message, on the reader's thread; returns how to stop it."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock, contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    @contextmanager
    def collecting(self) -> Iterator[queue.SimpleQueue[Message]]:
        """Every message that comes while the block runs."""
        found: queue.SimpleQueue[Message] = queue.SimpleQueue()
        with self._lock:
            self._collectors.append(found)
        try:
            yield found
        finally:
            with self._lock:
                self._collectors.remove(found)

    def ask(
        self,
        *questions: Message,
        until: Callable[[Message], bool] = lambda message: False,
        timeout: float = 1.0,
    ) -> list[Message]:
        """Send, and collect what comes until the last of the answers or the end of the time.

        Args:
            *questions: What to send.
            until: Whether a message is the last one of the answer.
            timeout: In seconds, for the whole.
        """
        with self.collecting() as arriving:
            for question in questions:
                self.send(question)
            return list(arriving_until(arriving, until, timeout))

    @property
    def counts(self) -> Counts:
        """What was seen so far."""
        with self._lock:
            return Counts(**self._counts)

    @property
    def port(self) -> int:
        """Ours."""
        return self._port

    # Threads.

    def _receive(self) -> None:
        while self._open:
            try:
                data, source = self._socket.recvfrom(DATAGRAM)
            except OSError:
                # Windows says here that nobody listens at the other end; it may come back.
                if self._open:
                    time.sleep(0.01)
                continue
            if not self._open:  # it was the one that ends the wait
                return
            if self._arrived.qsize() < BACKLOG:
                self._arrived.put((data, source[0]))
            else:
                self._counts["lost"] += 1

    def _read(self) -> None:
        while (item := self._arrived.get()) is not None:
            data, host = item
            if host not in self.allowed:
                self._count("refused")
            else:
                self.feed(data)

    def feed(self, data: bytes) -> None:
        """Take a datagram as if it had come in; never raises."""
        traffic.note("in", data, self.port)
        try:
            messages = decode(data)
        except NotOsc as error:
            self._count("garbage")
            log_in.debug("%d bytes: %s", len(data), error)
            return
        for message in messages:
            log_in.debug("%s", message)
            with self._lock:
                self._counts["received"] += 1
                self._state[message.key] = message
                self._state.move_to_end(message.key)
                if len(self._state) > THINGS:
                    self._state.popitem(last=False)
                for collector in self._collectors:
                    collector.put(message)
                listeners = list(self._listeners)
            for listener in listeners:
                try:
                    listener(message)
                except Exception:  # a listener's fault must not stop the reader
                    log_in.exception("A listener failed at %s", message)

    def _flush(self) -> None:
        while True:
            with self._some_wait:
                self._some_wait.wait_for(lambda: self._waiting or not self._open)
                if not self._open:
                    return
                batch = list(self._waiting.values())
            for message in batch:
                try:
                    self._out(_encoded(message), message)
                except UserError as error:
                    log_out.warning("%s", error)
                    with self._lock:
                        self._unsent = self._unsent or error
            with self._some_wait:
                for message in batch:
                    if self._waiting.get(message.key) == message:
                        del self._waiting[message.key]
                    self._last[message.key] = message
                while len(self._last) > THINGS:
                    self._last.popitem(last=False)
                self._some_wait.notify_all()
            time.sleep(1 / self.rate)

    def _out(self, data: bytes, *messages: Message) -> None:
        for message in messages:
            log_out.debug("%s", message)
        traffic.note("out", data, self.port)
        try:
            self._socket.sendto(data, self.remote)
        except (OSError, OverflowError, UnicodeError) as error:  # no such port, no such host
            host, port = self.remote
            reason = getattr(error, "strerror", None) or error
            raise UserError(
                f"Nothing can be sent to {host}:{port} ({reason}).",
                next_step="Check the address.",
            ) from error
        self._count("sent", len(messages))

    def _count(self, what: str, number: int = 1) -> None:
        with self._lock:
            self._counts[what] += number

    def close(self) -> None:
        """Stop the threads and free the port."""
        if not self._open:
            return
        self._open = False
        # A datagram of our own ends the wait of the receiver; closing alone does not everywhere.
        host = self._socket.getsockname()[0]
        with contextlib.suppress(OSError):
            self._socket.sendto(b"", (LOOPBACK if host == "0.0.0.0" else host, self.port))
        self._arrived.put(None)
        with self._some_wait:
            self._some_wait.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(2)
        self._socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def arriving_until(
    arriving: queue.SimpleQueue[Message], last: Callable[[Message], bool], timeout: float
) -> Iterator[Message]:
    """Messages of a queue up to the last one wanted, or to the end of the time in seconds."""
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        try:
            message = arriving.get(timeout=left)
        except queue.Empty:
            return
        yield message
        if last(message):
            return


def _encoded(message: Message) -> bytes:
    try:
        return encode(message)
    except NotOsc as error:
        raise UserError(f"This cannot be sent: {error}.") from error


def _bound(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with contextlib.suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    try:
        made.bind((host, port))
    except (OSError, OverflowError, UnicodeError) as error:
        made.close()
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"Port {port} of {host} cannot be opened ({reason}).",
            next_step="Another program listens there, maybe another IFX Bridge: close it, or "
            "choose another port in the DAW and with --port.",
        ) from error
    return made
