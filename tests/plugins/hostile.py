"""Plugins that misbehave, as the other end of the channel sees them: `hostile.py HOW PATH [NAME]`.

They take the place of `ifx_bridge.plugins.child`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import BinaryIO

import numpy as np


def send(stream: BinaryIO, data: bytes) -> None:
    stream.write(len(data).to_bytes(4, "little") + data)
    stream.flush()


def main(how: str) -> None:
    out, questions = sys.stdout.buffer, sys.stdin.buffer
    if how == "hangs while loading":
        time.sleep(60)
    if how == "crashes while loading":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "exits while loading":
        return
    if how == "prints":
        out.write(b"\xff\xff\xff\xffhello")
        out.flush()
        time.sleep(60)
    send(out, b'{"ready": true}')
    while head := questions.read(4):
        request = json.loads(questions.read(int.from_bytes(head, "little")))
        if request["call"] == "share":
            shape = tuple(request["shape"])
            memory = np.memmap(request["file"], np.float32, "r+", shape=shape)
            send(out, b'{"answer": {}}')
            continue
        if how == "hangs":
            time.sleep(60)
        if how == "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        if how == "answers garbage":
            send(out, b"\x00\xffnot json")
        if how == "answers nonsense":
            send(out, b'{"answer": [1, 2]}')
        if how == "describes nonsense":
            send(out, b'{"answer": {"parameters": [{"key": 1}], "channels": [9]}}')
        if how == "renders nan":
            memory[:] = np.nan
            send(out, b'{"answer": {"latency": 0}}')
        if how == "cuts off":
            out.write((1000).to_bytes(4, "little") + b"{")
            out.flush()
            return


main(sys.argv[1])
