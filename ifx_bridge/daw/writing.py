"""Setting values so that what is said of them is true: send, wait, read back twice; three tries."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ifx_bridge.daw.link import Can, DawLink, DawParameter, PushReport, Reading, Status, Write
from ifx_bridge.daw.units import Quantity, quantity
from ifx_bridge.errors import UserError

TRIES = 3
UNMARKED_READINGS = 4
# Marks of writes, so many units in the last place; used again only after all others.
_marks = itertools.cycle(range(1, 13))
# Rounds of halving: more than displays resolve.
ROUNDS = 24

Cancel = Callable[[], bool]
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Wanted:
    """One value to set.

    Attributes:
        parameter: Which.
        value: Between its `low` and `high`; or
        display: what its display should say, for the link to search.
        title: What it is for, in the user's words.
        unit: Of numbers that its display shows without one.
    """

    parameter: DawParameter
    value: float = 0.0
    display: Quantity | None = None
    title: str = ""
    unit: str = ""


def write(
    link: DawLink,
    wanted: Sequence[Wanted],
    *,
    tries: int = TRIES,
    there: Collection[tuple[int, int, int]] = (),
    cancelled: Cancel = lambda: False,
    report: Report = lambda done, total: None,
) -> PushReport:
    """Set values and find out what became of each.

    A value is confirmed only by readings in a row, each asked for after the link's settling time:
    two where the mark of this very write came back (see `_marked`), four where values are rounded
    and an answer about the past cannot be told from one about now. What is refused is not sent.

    Args:
        link: Where.
        wanted: What.
        tries: How often to send a value that is not confirmed.
        there: Keys of the parameters that may have their value already, by a preset: these are
            read first, and sent only when they do not agree.
        cancelled: Asked between rounds; when true, what is not confirmed yet stays unconfirmed.
        report: Told how many are confirmed of how many.
    """
    began = time.monotonic()
    found: dict[int, Write] = {}
    targets = _searched(link, wanted, found, cancelled)
    waiting: dict[int, Wanted] = {}
    for index, want in targets.items():
        if reason := want.parameter.refusal(want.value):
            found[index] = _ended(want, None, "refused", reason)
        else:
            waiting[index] = want
    last: dict[int, Reading] = {}
    failed = ""
    total = len(wanted)
    if Can.READ_BACK not in link.capabilities:
        reason = "sent, but this link cannot read back"
        try:
            link.set([(w.parameter, _inside(w)) for w in waiting.values()])
        except UserError as error:
            reason = str(error)
        found |= {i: _ended(w, None, "unconfirmed", reason) for i, w in waiting.items()}
        waiting = {}
    for attempt in range(tries):
        if not waiting or cancelled():
            break
        mark = next(_marks)
        sent = {
            index: _marked(want, mark)
            for index, want in waiting.items()
            if attempt or want.parameter.key not in there
        }
        try:
            link.set([(waiting[index].parameter, value) for index, value in sent.items()])
        except UserError as error:  # what was sent before may have arrived all the same
            failed = str(error)
        for index in _agreeing(link, waiting, sent, last):
            found[index] = _ended(waiting.pop(index), last[index], "confirmed", "")
        report(len(found), total)
    for index, want in waiting.items():
        reading = last.get(index)
        if cancelled():
            reason = "stopped before it was confirmed"
        elif reading is None or failed:
            reason = failed or "no answer"
        elif want.parameter.same(want.value, reading.value):
            reason = "it was not read back often enough to be sure"
        else:
            said = reading.text or f"{reading.value:g}"
            reason = f"it says {said} after {tries} tries; automation may hold it there"
        found[index] = _ended(want, reading, "unconfirmed", reason)
    notes = []
    if waiting and not last:
        notes.append(f"{link.name} has stopped answering. What was there before may still be.")
    return PushReport(tuple(found[i] for i in range(total)), tuple(notes), time.monotonic() - began)


def _agreeing(
    link: DawLink,
    waiting: Mapping[int, Wanted],
    sent: Mapping[int, float],
    last: dict[int, Reading],
) -> list[int]:
    """Those of which enough readings in a row agree; `last` gets the last reading of each."""
    agreeing, exact = dict(waiting), set[int]()
    for number in range(1, UNMARKED_READINGS + 1):
        # Whose mark has come back needs no more than two readings.
        asked = [i for i in agreeing if number <= 2 or i not in exact]
        if not asked:
            break
        time.sleep(link.settle_seconds)
        readings = link.read([agreeing[i].parameter for i in asked])
        for index in asked:
            reading, want = readings.get(agreeing[index].parameter.key), agreeing[index]
            if reading is not None:
                last[index] = reading
            if reading is None or not want.parameter.same(want.value, reading.value):
                del agreeing[index]
            elif index in sent and np.float32(reading.value) == np.float32(sent[index]):
                exact.add(index)
    return list(agreeing)


def _marked(want: Wanted, mark: int) -> float:
    """A value moved by a few units in the last place, into the range.

    No other write has just that number, so reading it back proves that this one has arrived: an
    answer about the past, even about the same value, has another.
    """
    parameter, value = want.parameter, _inside(want)
    # The ends stay as they are: some knobs mean something of its own there (off, automatic).
    if parameter.step or value in (parameter.low, parameter.high):
        return value
    unit = float(np.spacing(np.float32(max(abs(value), 1e-3 * (parameter.high - parameter.low)))))
    inward = 1 if value < (parameter.low + parameter.high) / 2 else -1
    # From a number of single precision: halves between two would be rounded together.
    return float(np.float32(np.float32(value) + inward * mark * unit))


def _inside(want: Wanted) -> float:
    return min(want.parameter.high, max(want.parameter.low, want.value))


def _ended(want: Wanted, reading: Reading | None, status: Status, reason: str) -> Write:
    return Write(
        want.parameter,
        want.value,
        reading.value if reading else None,
        status,
        reason,
        want.title,
        reading.text if reading else "",
    )


# Searching for what a display should say.


@dataclass
class _Search:
    """Halving between two positions; `below` tells on which side of the target a text is."""

    want: Wanted
    low: float
    high: float
    best: tuple[float, float] | None = None  # distance, position
    rising: bool | None = None
    ends: tuple[float | None, float | None] = (None, None)
    reason: str = ""


def positions(link: DawLink, wanted: Sequence[Wanted]) -> tuple[list[Wanted], list[Write]]:
    """Values with displays replaced by the positions that show them, and those not to be found.

    Everything stands where it stood afterwards.
    """
    refused: dict[int, Write] = {}
    found = _searched(link, wanted, refused, lambda: False)
    _restore(link, [w.parameter for i, w in enumerate(wanted) if w.display and i in found])
    return list(found.values()), list(refused.values())


def _searched(
    link: DawLink, wanted: Sequence[Wanted], found: dict[int, Write], cancelled: Cancel
) -> dict[int, Wanted]:
    """Displays replaced by the positions that show them; those not found restored and refused."""
    plain = {i: w for i, w in enumerate(wanted) if w.display is None}
    searches = {
        i: _Search(w, w.parameter.low, w.parameter.high)
        for i, w in enumerate(wanted)
        if w.display is not None
    }
    if not searches:
        return plain
    _ends(link, searches)
    for _ in range(ROUNDS):
        active = {i: s for i, s in searches.items() if not s.reason and not _exact(s)}
        if not active or cancelled():
            break
        middles = {i: (s.low + s.high) / 2 for i, s in active.items()}
        shown = _shown(link, {i: (s.want, middles[i]) for i, s in active.items()})
        for i, search in active.items():
            _step(search, middles[i], shown.get(i))
    lost = []
    for i, search in searches.items():
        display, parameter = search.want.display, search.want.parameter
        assert display is not None
        if not search.reason and (search.best is None or search.best[0] > display.slack):
            search.reason = f"nothing on it shows {display}"
        if search.reason or cancelled():
            lost.append((i, search))
        elif search.best is not None:
            plain[i] = replace(search.want, value=search.best[1])
        if search.reason:
            found[i] = _ended(search.want, None, "refused", search.reason)
            found[i] = replace(found[i], wanted=display.value, text=parameter.text)
    _restore(link, [s.want.parameter for _, s in lost])
    if cancelled():
        for i, search in lost:
            found.setdefault(i, _ended(search.want, None, "unconfirmed", "stopped"))
    return dict(sorted((i, w) for i, w in plain.items() if i not in found))


def _restore(link: DawLink, parameters: Sequence[DawParameter]) -> None:
    if parameters:
        write(link, [Wanted(p, p.value) for p in parameters])


def _shown(link: DawLink, positions: dict[int, tuple[Wanted, float]]) -> dict[int, Quantity | str]:
    """What displays say at positions; a text counts only with the position that was set."""
    shown: dict[int, Quantity | str] = {}
    left = dict(positions)
    for _ in range(TRIES):
        if not left:
            break
        link.set([(want.parameter, position) for want, position in left.values()])
        time.sleep(link.settle_seconds)
        readings = link.read([want.parameter for want, _ in left.values()], texts=True)
        for i, (want, position) in list(left.items()):
            reading = readings.get(want.parameter.key)
            if reading is not None and want.parameter.same(position, reading.value):
                shown[i] = quantity(reading.text, want.unit) or reading.text
                del left[i]
    return shown


def _ends(link: DawLink, searches: dict[int, _Search]) -> None:
    """Which way the displays go; ends that show words are moved inward until numbers come."""
    for side in ("low", "high"):
        todo = dict(searches)
        for share in (0.0, 0.01, 0.03, 0.1):
            at = {}
            for i, s in todo.items():
                p = s.want.parameter
                span = share * (p.high - p.low)
                at[i] = (s.want, p.low + span if side == "low" else p.high - span)
            shown = _shown(link, at)
            for i, (_, position) in at.items():
                text = shown.get(i)
                s = searches[i]
                value = _comparable(s, text)
                if value is None:
                    continue
                setattr(s, side, position)
                s.ends = (value, s.ends[1]) if side == "low" else (s.ends[0], value)
                _note(s, position, value)
                del todo[i]
            if not todo:
                break
    for s in searches.values():
        first, last = s.ends
        assert s.want.display is not None
        target = s.want.display.value
        if first is None or last is None:
            s.reason = "its display shows no numbers of that kind, or it does not answer"
        elif (
            not min(first, last) - s.want.display.slack
            <= target
            <= (max(first, last) + s.want.display.slack)
        ):
            s.reason = f"it shows {first:g} to {last:g}, not {s.want.display}"
        else:
            s.rising = last >= first


def _comparable(search: _Search, text: Quantity | str | None) -> float | None:
    display = search.want.display
    if not isinstance(text, Quantity) or display is None:
        return None
    same_kind = text.unit in ("", display.unit) or display.unit == ""
    return text.value if same_kind else None


def _note(search: _Search, position: float, value: float) -> None:
    assert search.want.display is not None
    target = search.want.display.value
    distance = 0.0 if value == target else abs(value - target)  # also where both are infinite
    if search.best is None or distance < search.best[0]:
        search.best = (distance, position)


def _exact(search: _Search) -> bool:
    return search.best is not None and search.best[0] == 0


def _step(search: _Search, middle: float, text: Quantity | str | None) -> None:
    value = _comparable(search, text)
    if value is None:
        search.reason = "its display shows no number on the way, or it stopped answering"
        return
    _note(search, middle, value)
    assert search.want.display is not None
    if (value < search.want.display.value) == bool(search.rising):
        search.low = middle
    else:
        search.high = middle
