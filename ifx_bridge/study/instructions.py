"""How well a brain understands: its plans against what an engineer expects.

    python -m ifx_bridge.study.instructions tests/brain/corpus/*.toml [--brain SPEC] [--wrong]

A corpus file holds cases: an instruction, the chain before, and what is beyond doubt about the
plan (the accepted chains in signal order, knobs and bands by direction or number, how much, which
route). A case is right when all of it holds.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ifx_bridge.brain import Brain, Context, Past, Plan, brain
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.eq import response_db
from ifx_bridge.effects.spec import effect
from ifx_bridge.session import route_of

BANDS_HZ = {
    "sub": (20, 60), "low": (60, 250), "lowmid": (250, 600),
    "mid": (600, 2500), "highmid": (2500, 6000), "high": (6000, 16000),
}  # fmt: skip
LEAST_DB = 0.5
# Of the number asked for.
TOLERANCE, LEAST_TOLERANCE, TOLERANCE_DB = 0.02, 0.05, 0.25
# What counts as little and much, of the usual change.
AMOUNTS = {"little": (0.0, 0.85), "normal": (0.0, 10.0), "much": (1.15, 10.0)}


@dataclass(frozen=True)
class Case:
    """One instruction and what is expected of its plan; fields as in the files."""

    say: str
    kind: str
    chain: Sequence[Sequence[str]]
    before: Sequence[str] = ()
    before_params: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    before_previous: Sequence[str] = ()
    history: Sequence[str] = ()
    moves: Sequence[str] = ()
    amount: str = "normal"
    route: str = ""
    understood: bool = True

    def context(self) -> Context:
        """The session that the instruction is said in."""
        chain = _chain(self.before, self.before_params)
        if not len(chain) and not self.history:
            return Context()
        said = tuple(self.history) or ("before",)
        earlier = [Chain()] * (len(said) - 1)
        if earlier and self.before_previous:
            earlier[-1] = _chain(self.before_previous, self.before_params)
        chains = (*earlier, chain)
        turns = {i: Past(s, c) for i, (s, c) in enumerate(zip(said, chains, strict=True), 1)}
        return Context(chain, turns)


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a plan, by part; nothing when it is right."""

    case: Case
    wrong: tuple[str, ...]
    milliseconds: float


def read(path: Path) -> list[Case]:
    """The cases of a file."""
    with path.open("rb") as file:
        return [Case(**row) for row in tomllib.load(file)["case"]]


def judge(case: Case, thinking: Brain) -> Verdict:
    """Ask a brain and compare."""
    context = case.context()
    began = time.perf_counter()
    plan = thinking.plan(case.say, context)
    took = 1000 * (time.perf_counter() - began)
    return Verdict(case, tuple(_wrong(case, context, plan)), took)


def _wrong(case: Case, context: Context, plan: Plan) -> Iterator[str]:
    ids = list(plan.start.ids)
    if plan.understood != case.understood:
        yield f"understood: {plan.understood}"
    if ids not in [list(accepted) for accepted in case.chain]:
        yield f"chain: {' '.join(ids) or 'dry'}"
    route = route_of(context.chain, set(ids) - set(context.chain.ids))
    if case.route and route != case.route:
        yield f"route: {route}"
    low, high = AMOUNTS[case.amount]
    if (plan.toward or plan.away) and not low <= plan.amount <= high:
        yield f"amount: {plan.amount:.2f}"
    for move in case.moves:
        if not _holds(move, context.chain, plan.aim):
            yield f"not: {move}"


def _holds(move: str, before: Chain, after: Chain) -> bool:
    what, *rest = move.split()
    if what in BANDS_HZ:
        low, high = BANDS_HZ[what]
        points = [low * (high / low) ** (i / 8) for i in range(9)]
        change = statistics.fmean(_difference(before, after, points))
        return change >= LEAST_DB if rest == ["up"] else change <= -LEAST_DB
    if what.startswith("eq@"):
        wanted, (change,) = float(rest[0]), _difference(before, after, [float(what[3:])])
        return abs(change - wanted) <= TOLERANCE_DB * abs(wanted) + LEAST_TOLERANCE
    fx, _, name = what.partition(".")
    if not name:
        return fx in before and fx in after and before[fx].params == after[fx].params
    if fx not in after:
        return False
    now = after[fx].params[name]
    if rest[0] == "=":
        wanted = float(rest[1])
        return abs(now - wanted) <= max(TOLERANCE * abs(wanted), LEAST_TOLERANCE)
    parameter = effect(fx).parameter(name)
    origin = parameter.default if parameter.neutral is None else parameter.neutral
    was = before[fx].params[name] if fx in before else origin
    if rest[0] == "same":
        return abs(now - was) < 1e-6
    return now > was + 1e-9 if rest[0] == "up" else now < was - 1e-9


def _difference(before: Chain, after: Chain, points: Sequence[float]) -> list[float]:
    def response(chain: Chain) -> list[float]:
        return response_db(chain["eq"].params, points) if "eq" in chain else [0.0] * len(points)

    return [b - a for a, b in zip(response(before), response(after), strict=True)]


def _chain(ids: Sequence[str], params: Mapping[str, Mapping[str, float]]) -> Chain:
    return Chain(tuple(Slot(fx, params.get(fx, {})) for fx in ids))


def table(verdicts: Sequence[Verdict]) -> list[tuple[str, int, int]]:
    """Rows (kind, right, all), the total last."""
    rows = []
    for kind in sorted({v.case.kind for v in verdicts}):
        mine = [v for v in verdicts if v.case.kind == kind]
        rows.append((kind, sum(not v.wrong for v in mine), len(mine)))
    return [*rows, ("all", sum(right for _, right, _ in rows), sum(n for *_, n in rows))]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the share of right plans, by kind."""
    from rich.console import Console
    from rich.table import Table

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--brain", default="offline")
    parser.add_argument("--wrong", action="store_true", help="show what went wrong")
    given = parser.parse_args(arguments)
    thinking, console = brain(given.brain), Console()
    columns: dict[str, dict[str, Any]] = {}
    slowest = 0.0
    for path in given.files:
        verdicts = [judge(case, thinking) for case in read(path)]
        slowest = max(slowest, *(v.milliseconds for v in verdicts))
        columns[path.stem] = {k: f"{r} of {n} ({100 * r / n:.0f} %)" for k, r, n in table(verdicts)}
        if given.wrong:
            for verdict in verdicts:
                if verdict.wrong:
                    said, wrong = verdict.case.say, "; ".join(verdict.wrong)
                    before = " ".join(verdict.case.before) or "dry"
                    console.print(f"{said!r} [{before}]: {wrong}", markup=False, highlight=False)
    shown = Table("kind", *columns)
    for kind in sorted({k for c in columns.values() for k in c}, key=lambda k: (k == "all", k)):
        shown.add_row(kind, *(column.get(kind, "") for column in columns.values()))
    console.print(shown)
    console.print(f"Slowest plan: {slowest:.0f} ms.", highlight=False)


if __name__ == "__main__":
    main()
