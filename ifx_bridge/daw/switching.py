"""Switching devices so that what is said of it is true: switch, wait, read back; three tries."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ifx_bridge.daw.link import DawLink, DawParameter, Device, Status, Track, Write
from ifx_bridge.daw.writing import TRIES, UNMARKED_READINGS, Cancel
from ifx_bridge.errors import UserError

# In place of a parameter's number: all parameters count from 1.
SWITCH = 0


@dataclass(frozen=True)
class Switch:
    """One device to be switched.

    Attributes:
        device: Which, as it was.
        on: What it shall be.
        title: What it is for, in the user's words.
    """

    device: Device
    on: bool
    title: str = ""


def switch(
    link: DawLink,
    track: Track,
    wanted: Sequence[Switch],
    cancelled: Cancel = lambda: False,
) -> tuple[Write, ...]:
    """Switch devices of a track, and find out what became of each.

    A switch has no room for a mark, so several readings in a row have to agree.

    Args:
        link: Where.
        track: Their track.
        wanted: Which, and how.
        cancelled: Asked between tries.

    Returns:
        One write for each: 1 is on, 0 is off.
    """
    waiting = {s.device.index: s for s in wanted}
    last: dict[int, bool] = {}
    failed, done = "", set[int]()
    for _ in range(TRIES):
        if not waiting or cancelled():
            break
        try:
            for item in waiting.values():
                link.enable(item.device, item.on)
            agreeing = _agreeing(link, track, waiting, last)
        except UserError as error:  # what was sent may have arrived all the same
            failed = str(error)
            continue
        failed = ""
        done |= agreeing
        waiting = {i: s for i, s in waiting.items() if i not in agreeing}
    writes = []
    for item in wanted:
        index = item.device.index
        status: Status = "confirmed" if index in done else "unconfirmed"
        reason = "" if index in done else failed or "no answer"
        if index not in done and index in last and not failed:
            reason = f"it is {'on' if last[index] else 'off'} after {TRIES} tries"
        found = float(last[index]) if index in last else None
        writes.append(
            Write(_parameter(item.device), float(item.on), found, status, reason, item.title)
        )
    return tuple(writes)


def _agreeing(
    link: DawLink, track: Track, waiting: dict[int, Switch], last: dict[int, bool]
) -> set[int]:
    """Those that every reading agrees about; `last` gets the last reading of each."""
    agreeing = set(waiting)
    for _ in range(UNMARKED_READINGS):
        if not agreeing:
            break
        time.sleep(link.settle_seconds)
        there = {d.index: d for d in link.devices(track)}
        for index in tuple(agreeing):
            device, item = there.get(index), waiting[index]
            if device is not None and device.name == item.device.name:
                last[index] = device.enabled
            if device is None or device.enabled != item.on or device.name != item.device.name:
                agreeing.discard(index)
    return agreeing


def _parameter(device: Device) -> DawParameter:
    return DawParameter(
        device.track, device.index, SWITCH, f"{device.name} on",
        low=0.0, high=1.0, value=float(device.enabled), step=1.0,
    )  # fmt: skip
