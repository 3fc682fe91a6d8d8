"""What the model can call, and what each call does to the draft.

The effects come from the registry. Calls are checked one by one: what makes no sense is left out
and named, the rest is done.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ifx_bridge.brain import history
from ifx_bridge.brain.draft import TITLES, Draft
from ifx_bridge.brain.llm.client import Call
from ifx_bridge.brain.plan import Owned
from ifx_bridge.effects import spec
from ifx_bridge.effects.chain import Slot
from ifx_bridge.errors import UserError

# A chain has one of each effect; nobody needs more calls than this in one turn.
MOST_CALLS = 16
LONGEST_REASON = 300
MOST_PLUGINS = 60
OF_ITS_KIND = "of its own kind"

Schema = dict[str, Any]


@dataclass(frozen=True)
class Tool:
    """One thing that the model may do.

    Attributes:
        name: Function name.
        description: For the model.
        properties: Its arguments by name, JSON schemas; all are required.
        apply: Does it; raises `Nonsense` for arguments that cannot be.
    """

    name: str
    description: str
    apply: Callable[[Draft, Mapping[str, Any]], object]
    properties: Schema = field(default_factory=dict)

    @property
    def schema(self) -> Schema:
        """As chat completions take it."""
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": {
                    "type": "object",
                    "properties": self.properties,
                    "required": list(self.properties),
                    "additionalProperties": False,
                },
            },
        }


class Nonsense(ValueError):
    """Arguments that a tool cannot be called with."""


@dataclass(frozen=True)
class Outcome:
    """What calls did.

    Attributes:
        done: Names of the tools that were called and did something.
        added: Effects that came in, in signal order.
        problems: What was left out, and why.
    """

    done: tuple[str, ...]
    added: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def shapes_sound(self) -> bool:
        """Whether the words are about how it should sound, beyond exact commands."""
        return bool(self.added) or "retune" in self.done or not self.done


def offered(draft: Draft) -> list[Tool]:
    """The tools that make sense for a chain: those that add what is in it already are hidden."""
    tools = [
        Tool(
            f"add_{e.id}",
            f"Add the {e.title.lower()} at the end of the chain. {e.description}",
            partial(_add, fx=e.id),
        )
        for e in spec.effects()
        if e.id not in draft.chain
    ]
    ids = list(draft.chain.ids)
    if ids:
        tools += [
            Tool(
                f"remove_{fx}", f"Take the {TITLES[fx]} out of the chain.", partial(_remove, fx=fx)
            )
            for fx in ids
        ]
        tools += [
            Tool(
                "retune",
                "The request is (also) about how it should sound, and effects that are in the "
                "chain already should change for it; how far is asked for next.",
                _nothing,
            ),
            Tool(
                "reorder",
                "Put the effects into another signal order.",
                _reorder,
                {"order": {"type": "array", "items": {"type": "string", "enum": ids}}},
            ),
            Tool(
                "lock",
                "Leave an effect alone, this turn or from now on.",
                _lock,
                {
                    "effect": {"type": "string", "enum": ids},
                    "until": {"type": "string", "enum": ["this_turn", "unlocked"]},
                },
            ),
        ]
    if draft.locked:
        names = {"type": "string", "enum": sorted({k.split(".")[0] for k in draft.locked})}
        tools.append(
            Tool("unlock", "Let a locked effect change again.", _unlock, {"effect": names})
        )
    knobs = [f"{e.id}.{p.name}" for e in spec.effects() for p in e.parameters]
    tools += [
        Tool(
            "set_parameter",
            "Set one knob to a number that the user gave. Only for numbers that were said.",
            _set,
            {"knob": {"type": "string", "enum": knobs}, "value": {"type": "number"}},
        ),
        Tool(
            "equalize",
            "Boost or cut at a frequency by numbers that the user gave.",
            _equalize,
            {
                "hz": {"type": "number", "minimum": 20, "maximum": 20000},
                "gain_db": {"type": "number", "minimum": -24, "maximum": 24},
            },
        ),
    ]
    tools += _of_plugins(draft)
    if draft.context.turns:
        turns = sorted(draft.context.turns)
        share = {"type": "number", "minimum": 0, "maximum": 1}
        steps = {"steps": {"type": "integer", "minimum": 1, "maximum": len(turns)}}
        tools += [
            Tool(
                "undo",
                "Take the last changes back; turns that changed nothing do not count.",
                lambda d, given: _walk(history.undo, d, given),
                steps,
            ),
            Tool(
                "redo",
                "Do again what was undone last.",
                lambda d, given: _walk(history.redo, d, given),
                steps,
            ),
            Tool("start_over", "Remove everything.", lambda d, _: history.start_over(d)),
            Tool(
                "go_to_turn",
                "Start from an earlier turn's chain instead ('like turn 2 but ...').",
                _go_to,
                {"turn": {"type": "integer", "enum": turns}},
            ),
            Tool(
                "more_of_that",
                "Go further in the direction of the last turn, by this share of it.",
                lambda d, given: history.further(d, _number(given, "share", 0, 2)),
                {"share": {**share, "maximum": 2}},
            ),
            Tool(
                "part_way_back",
                "Go back toward the turn before, by this share of the last change.",
                lambda d, given: history.part_way_back(d, _number(given, "share", 0, 1)),
                {"share": share},
            ),
        ]
    tools.append(
        Tool(
            "not_understood",
            "The request is not about the sound, or cannot be done with these effects.",
            _not_understood,
            {"reason": {"type": "string"}},
        )
    )
    return tools


def _of_plugins(draft: Draft) -> list[Tool]:
    """What can be done with the user's plugins, which the model knows by name."""
    owned = {plugin.title: plugin for plugin in draft.context.owned[:MOST_PLUGINS]}
    if not owned:
        return []
    name: Schema = {"plugin": {"type": "string", "enum": list(owned)}}
    kinds = {"type": "string", "enum": [*TITLES, OF_ITS_KIND]}
    return [
        Tool(
            "use_plugin",
            "Use a plugin of the producer's. Only when they name it. 'effect' is what it stands "
            f"for ('my reverb is ...'), or {OF_ITS_KIND!r}; call add tools for the effects that "
            "the instruction needs as well.",
            partial(_use_plugin, owned=owned),
            {**name, "effect": kinds},
        ),
        Tool(
            "put_plugin_away",
            "Use a plugin of the producer's no more; when they say so.",
            lambda draft, given: draft.put_away(_plugin(owned, given)),
            name,
        ),
    ]


def apply(calls: Sequence[Call], draft: Draft) -> Outcome:
    """Do what was called, in order; nothing that comes in can make the chain invalid."""
    before = set(draft.chain.ids)
    known = {tool.name: tool for tool in offered(draft)}
    done: list[str] = []
    problems: list[str] = []
    for number, call in enumerate(calls):
        if number >= MOST_CALLS:
            problems.append(f"{len(calls) - MOST_CALLS} calls beyond the {MOST_CALLS}th")
            break
        name = call.name.strip()
        tool = known.get(name)
        if tool is None:
            problems.append(f"{_short(name)!r} (there is no such tool here)")
            continue
        try:
            tool.apply(draft, arguments_of(call.arguments))
            done.append(name)
        except Nonsense as error:
            problems.append(f"{name} ({error})")
        except UserError as error:
            problems.append(f"{name} ({error.what.rstrip('.')})")
    added = tuple(fx for fx in draft.chain.ids if fx not in before and f"add_{fx}" in done)
    return Outcome(tuple(done), added, tuple(problems))


def arguments_of(text: str) -> dict[str, Any]:
    """The arguments of a call; an empty text is none.

    Raises:
        Nonsense: It is no JSON object.
    """
    if not text.strip():
        return {}
    try:
        given = json.loads(text)
        if isinstance(given, str):  # encoded twice
            given = json.loads(given)
    except (ValueError, RecursionError):
        raise Nonsense("its arguments are no JSON") from None
    if not isinstance(given, dict):
        raise Nonsense("its arguments are no object")
    return given


def number(value: object) -> float | None:
    """A finite number, also where it was written as text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _number(given: Mapping[str, Any], name: str, low: float, high: float) -> float:
    found = number(given.get(name))
    if found is None:
        raise Nonsense(f"{name} is {_short(given.get(name))!r}, which is not a number")
    return min(high, max(low, found))


def _text(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name)
    if not isinstance(found, str) or not found.strip():
        raise Nonsense(f"{name} is missing")
    return " ".join(found.split())


def _add(draft: Draft, given: Mapping[str, Any], fx: str) -> None:
    if fx in draft.chain:
        raise Nonsense("it is in the chain already")
    draft.insert(Slot(fx))


def _remove(draft: Draft, given: Mapping[str, Any], fx: str) -> None:
    draft.remove(fx)


def _nothing(draft: Draft, given: Mapping[str, Any]) -> None:
    pass


def _reorder(draft: Draft, given: Mapping[str, Any]) -> None:
    order = given.get("order")
    if not isinstance(order, list):
        raise Nonsense("order is missing")
    wanted = list(dict.fromkeys(fx for fx in order if isinstance(fx, str) and fx in draft.chain))
    if not wanted:
        raise Nonsense("order names no effect of the chain")
    # What it left out keeps its place behind what it named.
    draft.reorder([*wanted, *(fx for fx in draft.chain.ids if fx not in wanted)])


def _lock(draft: Draft, given: Mapping[str, Any]) -> None:
    fx = _text(given, "effect")
    if fx not in draft.chain:
        raise Nonsense(f"{_short(fx)!r} is not in the chain")
    if given.get("until") == "unlocked":
        draft.lock([fx])
    else:
        draft.hold([fx])


def _unlock(draft: Draft, given: Mapping[str, Any]) -> None:
    draft.unlock([_text(given, "effect")])


def _set(draft: Draft, given: Mapping[str, Any]) -> None:
    fx, _, name = _text(given, "knob").partition(".")
    parameter = spec.effect(fx).parameter(name)
    value = number(given.get("value"))
    if value is None:
        raise Nonsense(f"value is {_short(given.get('value'))!r}, which is not a number")
    draft.set(fx, parameter.name, value)


def _equalize(draft: Draft, given: Mapping[str, Any]) -> None:
    draft.equalize(_number(given, "hz", 20, 20000), _number(given, "gain_db", -24, 24))


def _plugin(owned: Mapping[str, Owned], given: Mapping[str, Any]) -> Owned:
    name = _text(given, "plugin")
    if name not in owned:
        raise Nonsense(f"there is no plugin {_short(name)!r}")
    return owned[name]


def _use_plugin(draft: Draft, given: Mapping[str, Any], owned: Mapping[str, Owned]) -> None:
    fx = given.get("effect")
    known = isinstance(fx, str) and fx in TITLES
    draft.use(_plugin(owned, given), str(fx) if known else "", always=not known)


def _go_to(draft: Draft, given: Mapping[str, Any]) -> None:
    turn = number(given.get("turn"))
    if turn is None or turn != int(turn) or (turn and int(turn) not in draft.context.turns):
        raise Nonsense(f"there is no turn {_short(given.get('turn'))!r}")
    history.go_to(draft, int(turn))


def _walk(walk: Callable[[Draft, int], bool], draft: Draft, given: Mapping[str, Any]) -> None:
    steps = number(given.get("steps", 1))
    if steps is None or steps < 1:
        raise Nonsense(f"steps is {_short(given.get('steps'))!r}")
    if not walk(draft, int(min(steps, len(draft.context.turns)))):
        raise Nonsense(draft.misunderstood.pop().rstrip("."))


def _not_understood(draft: Draft, given: Mapping[str, Any]) -> None:
    reason = _text(given, "reason")[:LONGEST_REASON].rstrip(".")
    draft.misunderstood.append(f"{reason}. Nothing changes.")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
