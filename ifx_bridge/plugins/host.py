"""A plugin in a process of its own, so that nothing it does reaches this one.

Every call has a time limit. A plugin that crashes, hangs, or answers with garbage ends its process,
never the session; the error names it.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from ifx_bridge.audio import Audio
from ifx_bridge.errors import Cancelled, UserError
from ifx_bridge.plugins.description import Description

LOAD_SECONDS = 30.0
CALL_SECONDS = 20.0
# A render may take besides, for each channel, this many times as long as the sound lasts: what is
# slower than that cannot play in a DAW either.
RENDER_FACTOR = 1.0
LARGEST_ANSWER = 32 << 20  # bytes
MOST_PARTS = 256  # plugins in a file
POLL_SECONDS = 0.05
END_SECONDS = 1.0  # within which a process ends that has closed its end of the channel
CHILD = ("-m", "ifx_bridge.plugins.child")
# Nobody's fault: these come from the system or from a person, never from what a plugin does.
FROM_OUTSIDE = frozenset({signal.SIGINT, signal.SIGTERM, *(
    getattr(signal, name) for name in ("SIGHUP", "SIGKILL") if hasattr(signal, name)
)})  # fmt: skip


class PluginError(UserError):
    """A plugin did what it must not.

    Attributes:
        fatal: Whether it crashed, hung or answered with garbage, so that its process has ended and
            it had better not be loaded again.
    """

    def __init__(self, message: str, *, fatal: bool, kept: str = "", next_step: str = "") -> None:
        """See `UserError`."""
        super().__init__(message, kept=kept, next_step=next_step)
        self.fatal = fatal


class SeveralPlugins(PluginError):
    """A file holds several plugins, and none was named.

    Attributes:
        names: Theirs.
    """

    def __init__(self, file: str, names: Sequence[str]) -> None:
        """Of the file's name and the plugins'."""
        super().__init__(f"{file} holds several plugins: {', '.join(names)}.", fatal=False,
                         next_step="Name one of them.")  # fmt: skip
        self.names = tuple(names)


class Host:
    """A live plugin, to be closed after use (`with Host(path) as plugin:`)."""

    def __init__(
        self,
        path: Path,
        part: str = "",
        load_seconds: float = LOAD_SECONDS,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Start a process and load a plugin in it.

        Args:
            path: Its file or bundle.
            part: Its name, where the file holds several.
            load_seconds: How long loading may take.
            cancelled: Asked while it loads.

        Raises:
            PluginError: It cannot be loaded, or not in time.
            SeveralPlugins: The file holds several, and `part` is empty.
            Cancelled: `cancelled` said so.
        """
        self.path, self.part, self.name = path, part, part or path.stem
        self._lock = threading.Lock()
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._shared: Path | None = None
        self._memory: Audio | None = None
        self._closed = False
        command = [sys.executable, *CHILD, str(path.absolute()), *([part] if part else [])]
        # Ctrl+C goes to all of a terminal's process group: what is done about it is decided here.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # on Windows
        )
        assert self._process.stdout is not None
        # Read by a thread of its own: pipes have no time limits on all systems.
        threading.Thread(
            target=_listen, args=(self._process.stdout, self._answers), daemon=True
        ).start()
        with self._ending():
            self._wait(load_seconds, "load", cancelled)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None

    def describe(self, seconds: float = LOAD_SECONDS) -> Description:
        """What it is, and its parameters.

        Raises:
            PluginError: It does not say so properly.
        """
        data = self._call(seconds, "describe")
        try:
            return replace(Description.from_data(data), part=self.part)
        except ValueError as error:
            self.close()
            raise self._garbage(str(error)) from error

    def render(
        self,
        sound: Audio,
        sample_rate: float,
        values: Mapping[str, float],
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Audio:
        """What it makes of a sound, from silence, its latency made up for.

        Args:
            sound: `[channels, samples]`; channels that the plugin does not take at once are
                processed one after another.
            sample_rate: In Hz.
            values: Positions by key, 0 to 1; all others as in a new instance.
            cancelled: Asked while it renders.

        Returns:
            Same shape.

        Raises:
            PluginError: It fails, takes too long, or gives no numbers.
            UserError: There is no room for the sound.
            Cancelled: `cancelled` said so; the process has ended.
        """
        channels, samples = sound.shape
        if not samples:
            return sound.copy()
        limit = CALL_SECONDS + RENDER_FACTOR * channels * samples / sample_rate
        with self._lock:
            memory = self._shared_memory(sound.shape)
            memory[:] = sound
            self._ask(limit, "render", cancelled, rate=float(sample_rate),
                      values=_positions(values))  # fmt: skip
            wet: Audio = np.array(memory)
        if not np.isfinite(wet).all():
            self.close()
            raise self._garbage("its sound has values that are no numbers")
        return wet

    def values(self, keys: Sequence[str]) -> dict[str, tuple[float, str]]:
        """Positions and texts as they are now, by key.

        Raises:
            PluginError: It fails.
        """
        found = self._call(CALL_SECONDS, "values", keys=list(keys))
        try:
            return {str(k): (float(v[0]), str(v[1])) for k, v in found.items()}
        except (TypeError, ValueError, IndexError) as error:
            self.close()
            raise self._garbage("its values are none") from error

    def state(self, values: Mapping[str, float] | None = None) -> bytes:
        """The bytes of a preset, of these positions or of what is there now.

        Raises:
            PluginError: It fails, or has no presets.
        """
        given = None if values is None else _positions(values)
        answer = self._call(CALL_SECONDS, "state", values=given)
        try:
            return base64.b64decode(answer["preset"], validate=True)
        except (KeyError, TypeError, ValueError) as error:
            self.close()
            raise self._garbage("its preset is none") from error

    def load(self, preset: bytes) -> None:
        """Take over a preset.

        Raises:
            PluginError: It does not take it.
        """
        self._call(CALL_SECONDS, "load", preset=base64.b64encode(preset).decode())

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._closed = True
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError, ValueError):
                    pipe.close()
        self._memory = None
        self._unlink()

    # The channel.

    def _call(self, seconds: float, call: str, **arguments: Any) -> dict[str, Any]:
        with self._lock:
            return self._ask(seconds, call, **arguments)

    def _ask(
        self,
        seconds: float,
        call: str,
        cancelled: Callable[[], bool] = lambda: False,
        **arguments: Any,
    ) -> dict[str, Any]:
        data = json.dumps({"call": call, **arguments}).encode()
        assert self._process.stdin is not None
        with self._ending():
            if not self.alive:
                raise self._ended()
            try:
                self._process.stdin.write(len(data).to_bytes(4, "little") + data)
                self._process.stdin.flush()
            except (OSError, ValueError) as error:
                raise self._ended() from error
            answer = self._wait(seconds, call, cancelled).get("answer")
            if not isinstance(answer, dict):
                raise self._garbage("its answer is none")
            return answer

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """The process ends with whatever breaks a call off: its answer would be the next one's."""
        try:
            yield
        except PluginError as error:
            if error.fatal:
                self.close()
            raise
        except BaseException:
            self.close()
            raise

    def _wait(self, seconds: float, call: str, cancelled: Callable[[], bool]) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while True:
            if cancelled():
                raise Cancelled
            try:
                data = self._answers.get(timeout=POLL_SECONDS)
                break
            except queue.Empty:
                if time.monotonic() > until:
                    raise self._fatal(
                        f"did not {call} within {seconds:.0f} s and was stopped"
                    ) from None
        if data is None:
            raise self._ended()
        try:
            message = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._garbage("its answer cannot be read") from error
        if not isinstance(message, dict):
            raise self._garbage("its answer cannot be read")
        if "error" not in message:
            return message
        if call == "load":
            self.close()
        names = message.get("names")
        if not self.part and isinstance(names, list) and len(names) > 1:
            raise SeveralPlugins(self.path.name, [str(name)[:200] for name in names[:MOST_PARTS]])
        why = " ".join(str(message["error"]).split())[:300].removesuffix(".")
        raise PluginError(f"{self.name} could not {call}: {why}.", fatal=False)

    def _ended(self) -> PluginError:
        """Why nothing more comes; only what the plugin did by itself is held against it."""
        if self._closed:
            return PluginError(f"{self.name} was closed.", fatal=False)
        try:
            code = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return self._garbage("it closed the channel")
        if -code in FROM_OUTSIDE:
            return PluginError(f"{self.name} was ended from outside (signal {-code}).", fatal=False)
        how = f"crashed (signal {-code})" if code < 0 else f"ended by itself (code {code})"
        return self._fatal(how)

    def _garbage(self, why: str) -> PluginError:
        return self._fatal(f"answered with garbage and was stopped: {why}")

    def _fatal(self, what: str) -> PluginError:
        return PluginError(f"{self.name} {what}.", fatal=True, next_step="Use another plugin.")

    # Shared memory.

    def _shared_memory(self, shape: tuple[int, ...]) -> Audio:
        """Memory of both processes for a sound; its file has no name once both have it."""
        if self._memory is None or self._memory.shape != shape:
            self._memory = None
            self._unlink()  # where that was not possible before
            self._shared = _file(4 * int(np.prod(shape)))
            memory = np.memmap(self._shared, np.float32, "r+", shape=shape)
            try:
                self._ask(CALL_SECONDS, "share", file=str(self._shared), shape=list(shape))
            finally:
                self._unlink()
            self._memory = memory
        return self._memory

    def _unlink(self) -> None:
        """Remove the file; on Windows that waits until nobody has it open."""
        if self._shared is not None:
            with suppress(PermissionError):
                self._shared.unlink(missing_ok=True)
                self._shared = None


def _listen(stream: BinaryIO, answers: queue.SimpleQueue[bytes | None]) -> None:
    """Put every message in the queue, and None when there will be no more."""
    try:
        while len(head := stream.read(4)) == 4:
            size = int.from_bytes(head, "little")
            if size > LARGEST_ANSWER:
                answers.put(b"too large")
                break
            data = stream.read(size)
            if len(data) < size:
                break
            answers.put(data)
    except (OSError, ValueError):  # closed meanwhile
        pass
    answers.put(None)


def _positions(values: Mapping[str, float]) -> dict[str, float]:
    return {key: min(1.0, max(0.0, float(value))) for key, value in values.items()}


def _file(size: int) -> Path:
    """An empty file for so many bytes: in memory where there is a folder for that, and room.

    Raises:
        UserError: There is no room.
    """
    memory = Path("/dev/shm")
    places = [str(memory)] if os.access(memory, os.W_OK) else []
    for place in (*places, None):
        handle, name = tempfile.mkstemp(prefix="ifx-", suffix=".audio", dir=place)
        try:
            # A file with holes in it ends whoever fills them when there is no room.
            if sys.platform == "linux":
                os.posix_fallocate(handle, 0, size)
            else:
                os.truncate(handle, size)
            return Path(name)
        except OSError:
            Path(name).unlink(missing_ok=True)
        finally:
            os.close(handle)
    raise UserError(
        f"There is no room for {size / 1e6:.0f} MB of sound in {tempfile.gettempdir()}.",
        next_step="Free some space there.",
    )


def _environment() -> dict[str, str]:
    """The child finds this package wherever it is imported from; windows stay off."""
    root = str(Path(__file__).parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
