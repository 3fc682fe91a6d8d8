"""A plugin in a process of its own, so that nothing it does reaches this one.

Every call has a time limit. A plugin that crashes, hangs, or answers with garbage ends its process,
never the session; the error names it.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from ifx_bridge.audio import Audio
from ifx_bridge.errors import Cancelled, UserError
from ifx_bridge.plugins.description import Description

LOAD_SECONDS = 30.0
CALL_SECONDS = 20.0
# A render may take this many times as long as the sound lasts, besides.
RENDER_FACTOR = 5.0
LARGEST_ANSWER = 32 << 20  # bytes
POLL_SECONDS = 0.05
CHILD = ("-m", "ifx_bridge.plugins.child")


class PluginError(UserError):
    """A plugin did what it must not.

    Attributes:
        fatal: Whether it crashed, hung or answered with garbage, and its process has ended.
    """

    def __init__(self, message: str, *, fatal: bool, kept: str = "", next_step: str = "") -> None:
        """See `UserError`."""
        super().__init__(message, kept=kept, next_step=next_step)
        self.fatal = fatal


class Host:
    """A live plugin, to be closed after use (`with Host(path) as plugin:`)."""

    def __init__(
        self,
        path: Path,
        name: str = "",
        load_seconds: float = LOAD_SECONDS,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Start a process and load a plugin in it.

        Args:
            path: Its file or bundle.
            name: Which, where the file holds several.
            load_seconds: How long loading may take.
            cancelled: Asked while it loads.

        Raises:
            PluginError: It cannot be loaded, or not in time.
            Cancelled: `cancelled` said so.
        """
        self.path, self.name = path, name or path.stem
        self._lock = threading.Lock()
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._shared: Path | None = None
        command = [sys.executable, *CHILD, str(path.absolute())]
        self._process = subprocess.Popen(
            [*command, name] if name else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        assert self._process.stdout is not None
        # Unbuffered, and read by a thread of its own: pipes have no time limits on all systems.
        threading.Thread(
            target=_listen, args=(self._process.stdout, self._answers), daemon=True
        ).start()
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
            return Description.from_data(data)
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
            Cancelled: `cancelled` said so; the process has ended.
        """
        channels, samples = sound.shape
        if not samples:
            return sound.copy()
        limit = CALL_SECONDS + RENDER_FACTOR * channels * samples / sample_rate
        with self._lock:
            file = self._mapped(sound.nbytes)
            mapped = np.memmap(file, np.float32, "r+", shape=(channels, samples))
            mapped[:] = sound
            self._ask(
                limit, "render", cancelled, file=str(file), channels=channels, samples=samples,
                rate=float(sample_rate), values=_positions(values),
            )  # fmt: skip
            wet: Audio = np.array(mapped)
            del mapped
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
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError, ValueError):
                    pipe.close()
        if self._shared is not None:
            self._shared.unlink(missing_ok=True)
            self._shared = None

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
        if not self.alive:
            raise self._ended()
        data = json.dumps({"call": call, **arguments}).encode()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(len(data).to_bytes(4, "little") + data)
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            self.close()
            raise self._ended() from error
        answer = self._wait(seconds, call, cancelled).get("answer")
        if not isinstance(answer, dict):
            self.close()
            raise self._garbage("its answer is none")
        return answer

    def _wait(self, seconds: float, call: str, cancelled: Callable[[], bool]) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while True:
            if cancelled():
                self.close()
                raise Cancelled
            try:
                data = self._answers.get(timeout=POLL_SECONDS)
                break
            except queue.Empty:
                if time.monotonic() > until:
                    self.close()
                    raise PluginError(
                        f"{self.name} did not {call} within {seconds:.0f} s and was stopped.",
                        fatal=True,
                        kept=KEPT,
                        next_step="Use another plugin; ifx-bridge plugins block keeps it out.",
                    ) from None
        if data is None:
            self.close()
            raise self._ended()
        try:
            message = json.loads(data)
            assert isinstance(message, dict)
        except (ValueError, AssertionError, RecursionError) as error:
            self.close()
            raise self._garbage("its answer cannot be read") from error
        if "error" in message:
            if call == "load":
                self.close()
            why = " ".join(str(message["error"]).split())[:300].removesuffix(".")
            raise PluginError(f"{self.name} could not {call}: {why}.", fatal=False, kept=KEPT)
        return message

    def _ended(self) -> PluginError:
        self.close()
        code = self._process.returncode
        how = f"crashed (signal {-code})" if code < 0 else f"ended by itself (code {code})"
        return PluginError(
            f"{self.name} {how}.", fatal=True, kept=KEPT,
            next_step="Use another plugin; ifx-bridge plugins block keeps it out.",
        )  # fmt: skip

    def _garbage(self, why: str) -> PluginError:
        return PluginError(
            f"{self.name} answered with garbage and was stopped: {why}.",
            fatal=True,
            kept=KEPT,
            next_step="Use another plugin; ifx-bridge plugins block keeps it out.",
        )

    def _mapped(self, size: int) -> Path:
        if self._shared is None:
            handle, name = tempfile.mkstemp(prefix="ifx-", suffix=".audio", dir=_shared_folder())
            os.close(handle)
            self._shared = Path(name)
        if self._shared.stat().st_size != size:
            os.truncate(self._shared, size)
        return self._shared


KEPT = "Your session is as it was."


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


def _shared_folder() -> str | None:
    """Memory where there is a folder for it; else where temporary files are."""
    memory = Path("/dev/shm")
    return str(memory) if os.access(memory, os.W_OK) else None


def _environment() -> dict[str, str]:
    """The child finds this package wherever it is imported from; windows stay off."""
    root = str(Path(__file__).parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
