"""From the previous turn to this one over time: as exact points, or as a pass while it plays."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ifx_bridge.chain_plugin.table import entries
from ifx_bridge.chain_plugin.values import playable, values_of
from ifx_bridge.daw.link import Can, DawLink, DawParameter, Point, PushReport, Write, midway
from ifx_bridge.daw.push import Preview
from ifx_bridge.daw.writing import Cancel, Report, Wanted, positions, write
from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError

# Between the points of a curve; straight ones need only their ends.
POINT_SECONDS = 0.05
LISTEN_SECONDS = 1.0
START_SECONDS = 5.0
AGAIN_SECONDS = 0.5
# While no value changes, as with switches.
STEP_SECONDS = 0.02

CURVES: dict[str, Callable[[float], float]] = {
    "linear": lambda x: x,
    "smooth": lambda x: x * x * (3 - 2 * x),
    "slow start": lambda x: x * x,
    "slow end": lambda x: 1 - (1 - x) ** 2,
    "exponential": lambda x: (math.exp(3 * x) - 1) / (math.exp(3) - 1),
}


@dataclass(frozen=True)
class Lane:
    """One parameter's way.

    Attributes:
        parameter: Which.
        before: Value at the beginning.
        after: Value at the end.
        title: What it is for.
    """

    parameter: DawParameter
    before: float
    after: float
    title: str = ""

    def value(self, share: float, curve: str) -> float:
        """At a part of the way, 0 to 1.

        Frequencies and times are heard as ratios, but only the parameter's own scale is known here;
        normalized ones are scaled by their plugin.
        """
        share = min(1.0, max(0.0, share))
        value = self.before + CURVES[curve](share) * (self.after - self.before)
        if self.parameter.step:
            value = self.parameter.low + self.parameter.step * round(
                (value - self.parameter.low) / self.parameter.step
            )
        return value


@dataclass(frozen=True)
class Ramp:
    """Where and how.

    Attributes:
        start_seconds: In the project.
        seconds: How long.
        curve: One of `CURVES`.
    """

    start_seconds: float
    seconds: float
    curve: str = "smooth"

    def __post_init__(self) -> None:
        if self.curve not in CURVES:
            raise UserError(
                f"There is no curve {self.curve!r}.", next_step=f"Known: {', '.join(CURVES)}."
            )
        if not (self.seconds > 0 and self.start_seconds >= 0):
            raise UserError("A ramp begins at 0 or later and takes longer than 0 seconds.")

    @classmethod
    def bars(
        cls, start_seconds: float, bars: float, tempo: float, beats: int = 4, curve: str = "smooth"
    ) -> Ramp:
        """Over so many bars at a tempo in beats a minute."""
        return cls(start_seconds, bars * beats * 60 / tempo, curve)


def between(before: Chain, after: Chain) -> tuple[Chain, Chain]:
    """Two chains of the same effects: what one of them lacks, it gets where it does nothing."""

    def filled(chain: Chain, other: Chain) -> Chain:
        for slot in other:
            if slot.fx not in chain:
                still = {p.name: p.neutral for p in slot.effect.parameters if p.neutral is not None}
                chain = chain.added(replace(slot, params={**slot.params, **still}))
        return chain

    last = filled(after, before)
    return filled(before, after).reordered(last.ids), last


def lanes(
    link: DawLink, before: Preview, after: Preview
) -> tuple[tuple[Lane, ...], tuple[str, ...]]:
    """The parameters that differ between two turns on the same devices.

    Args:
        link: Where; displays are searched on it, and what was there is restored.
        before: Preview of the earlier turn.
        after: Preview of the later one.

    Returns:
        The lanes, and what could not be found, in words.
    """
    first, lost = positions(link, [w for part in before.parts for w in part.wanted])
    last, more = positions(link, [w for part in after.parts for w in part.wanted])
    begin = {w.parameter.key: w.value for w in first}
    found = []
    for want in last:
        # What the earlier turn did not have goes on from where it stands.
        start = begin.get(want.parameter.key, want.parameter.value)
        if not want.parameter.same(start, want.value):
            found.append(Lane(want.parameter, start, want.value, want.title))
    return tuple(found), tuple(f"{w.parameter.name}: {w.reason}" for w in (*lost, *more))


def unplayable(before: Chain, after: Chain) -> tuple[str, ...]:
    """What of two chains `own_lanes` leaves out, by name."""
    return tuple(
        f"{slot.effect.title}: IFX Chain has no such effect"
        for slot in dict.fromkeys((*playable(before)[1], *playable(after)[1]))
    )


def own_lanes(before: Chain, after: Chain) -> tuple[Lane, ...]:
    """What moves on IFX Chain between two chains; no DAW is asked.

    Args:
        before: At the beginning.
        after: At the end.

    Raises:
        UserError: Its trim is out of range.
    """
    first, last = (values_of(playable(chain)[0]) for chain in between(before, after))
    found = []
    for place, entry in enumerate(entries()):
        begin, end = first[entry.symbol], last[entry.symbol]
        low, high, step = entry.parameter.low, entry.parameter.high, float(entry.whole)
        parameter = DawParameter(0, 0, place, entry.name, low, high, begin, step=step)
        if begin != end:
            found.append(Lane(parameter, begin, end, entry.name))
    return tuple(found)


def points(lane: Lane, ramp: Ramp) -> tuple[Point, ...]:
    """The points of a lane, its ends included."""
    count = 1 if ramp.curve == "linear" and not lane.parameter.step else 0
    count = count or max(1, math.ceil(ramp.seconds / POINT_SECONDS))
    return tuple(
        Point(ramp.start_seconds + ramp.seconds * i / count, lane.value(i / count, ramp.curve))
        for i in range(count + 1)
    )


def run(
    link: DawLink,
    ways: Sequence[Lane],
    ramp: Ramp,
    *,
    cancelled: Cancel = lambda: False,
    report: Report = lambda done, total: None,
) -> PushReport:
    """Write a ramp: as points where the link can, else by playing and sending.

    Raises:
        UserError: The link can do neither, or the DAW does not play.
    """
    if not ways:
        return PushReport(notes=("Nothing differs between the two turns there.",))
    if Can.POINTS in link.capabilities:
        return _as_points(link, ways, ramp, report)
    link.capabilities.need(Can.PASS)
    return _as_pass(link, ways, ramp, cancelled, report)


def _as_points(link: DawLink, ways: Sequence[Lane], ramp: Ramp, report: Report) -> PushReport:
    began, done = time.monotonic(), []
    with link.undo_step("IFX Bridge: ramp"):
        for lane in ways:
            try:
                ended = _drawn(link, lane, points(lane, ramp))
            except UserError as error:
                ended = Write(lane.parameter, lane.after, None, "refused", str(error), lane.title)
            done.append(ended)
            report(len(done), len(ways))
    return PushReport(tuple(done), (), time.monotonic() - began)


def _drawn(link: DawLink, lane: Lane, made: Sequence[Point]) -> Write:
    parameter = lane.parameter
    first, last = link.write_points(parameter, made)
    for place, value, point in (("beginning", first, made[0]), ("end", last, made[-1])):
        if not parameter.same(point.value, value):
            reason = f"its automation is {value:g} at the {place}, not {point.value:g}"
            return Write(parameter, lane.after, last, "unconfirmed", reason, lane.title)
    return Write(parameter, lane.after, last, "confirmed", "", lane.title)


def _as_pass(
    link: DawLink, ways: Sequence[Lane], ramp: Ramp, cancelled: Cancel, report: Report
) -> PushReport:
    """Send values as the transport goes; the DAW records them where it is set to."""
    began = time.monotonic()
    moved = [lane.parameter for lane in ways]
    sent = {lane.parameter.key: lane.before for lane in ways}
    link.set([(lane.parameter, lane.before) for lane in ways])
    notes = []
    try:
        with midway("The parameters stand at the beginning of the ramp."):
            notes.append(link.arm(moved, True))
            _located(link, ramp)
            here = _rolling(link, ramp)
        with midway("The parameters stand somewhere on the way of the ramp."):
            notes += _passed(link, ways, ramp, here, sent, cancelled, report)
    finally:
        link.release(moved)
        link.stop()
        link.arm(moved, False)
    if cancelled():
        notes.append("Stopped before the end of the ramp.")
    ended = write(link, [Wanted(lane.parameter, lane.after, title=lane.title) for lane in ways])
    return PushReport(ended.writes, (*notes, *ended.notes), time.monotonic() - began)


def _passed(
    link: DawLink,
    ways: Sequence[Lane],
    ramp: Ramp,
    here: float,
    sent: dict[tuple[int, int, int], float],
    cancelled: Cancel,
    report: Report,
) -> list[str]:
    """Send what changes from a place on, until the end of the ramp; returns what to mind."""
    asked = time.monotonic()
    while not cancelled():
        now = here + time.monotonic() - asked
        if time.monotonic() - asked > LISTEN_SECONDS:
            state = link.transport()
            if not state.playing:
                return [f"The DAW stopped at {now:.1f} s, before the end of the ramp."]
            here, asked = state.seconds if state.seconds is not None else now, time.monotonic()
        share = (now - ramp.start_seconds) / ramp.seconds
        values = [(lane.parameter, lane.value(share, ramp.curve)) for lane in ways]
        if new := [(p, value) for p, value in values if sent[p.key] != value]:
            sent.update((p.key, value) for p, value in new)
            link.set(new)
        else:
            time.sleep(STEP_SECONDS)
        report(round(100 * min(1.0, max(0.0, share))), 100)
        if share >= 1:
            break
    return []


def _located(link: DawLink, ramp: Ramp) -> None:
    """Go to the beginning, and wait until the DAW is there: some take a while."""
    link.locate(ramp.start_seconds)
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        now = link.transport().seconds
        if now is None or abs(now - ramp.start_seconds) < POINT_SECONDS:
            return
        time.sleep(0.01)


def _rolling(link: DawLink, ramp: Ramp) -> float:
    """Let it play; returns the position once it rolls."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        link.play()  # again and again: while it still locates, Ardour does not hear it
        again = time.monotonic() + AGAIN_SECONDS
        while time.monotonic() < again:
            state = link.transport()
            if state.playing:
                return state.seconds if state.seconds is not None else ramp.start_seconds
            time.sleep(0.01)
    raise UserError(
        f"{link.name} does not start to play.",
        next_step="Close open dialogs there and try again.",
    )
