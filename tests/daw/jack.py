"""A JACK server of our own without a sound card: virtual sound devices and MIDI ports."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time

RATE = 48000
_numbers = itertools.count()


def missing() -> str:
    """Why it cannot run here; empty when it can."""
    return "" if shutil.which("jackd") else "needs the Debian package jackd2"


class Jack:
    def __init__(self, patient: bool = False) -> None:
        """`patient` waits for every client in each period, however busy the machine is."""
        self.name = f"ifx{os.getpid()}-{next(_numbers)}"
        command = ["jackd", "-n", self.name, "--no-realtime"]
        command += ["--sync", "--timeout", "10000"] if patient else []
        command += ["-d", "dummy", "-r", str(RATE)]
        command += ["-p", "1024", "-C", "2", "-P", "2"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.environment = {"JACK_DEFAULT_SERVER": self.name, "JACK_NO_START_SERVER": "1"}

    def client(self, name: str):  # type: ignore[no-untyped-def]
        import jack

        end = time.monotonic() + 20
        while True:
            assert self._process.poll() is None, "jackd ended"
            try:
                return jack.Client(name, servername=self.name, no_start_server=True)
            except jack.JackOpenError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
