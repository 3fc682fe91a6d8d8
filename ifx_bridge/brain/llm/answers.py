"""The second question: starting values and what the words mean, as one structured answer.

The schema is made from the registry, for the effects that the chain has at that moment; what
comes back is taken value by value, and what cannot be is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ifx_bridge.brain.draft import TITLES, Draft
from ifx_bridge.brain.llm.client import Call, one_line
from ifx_bridge.brain.llm.tools import number
from ifx_bridge.brain.plan import SURE, Move
from ifx_bridge.effects.spec import Parameter, effect

AMOUNTS = {"little": 0.5, "normal": 1.0, "much": 1.6}
LEAST_AMOUNT, MOST_AMOUNT = 0.1, 2.5
MOST_WORDS, LONGEST_WORD = 5, 40
LONGEST_EXPLANATION = 400
# What only a whole answer has.
SAYING = frozenset({"start", "moves", "toward", "away", "explanation"})
# Places in a text where JSON could begin; a text of brackets has very many.
MOST_TRIES = 50
_OPENING = re.compile(r"[{\[]")

Schema = dict[str, Any]


def schema(draft: Draft, added: Sequence[str]) -> Schema:
    """The shape of the answer.

    Args:
        draft: With the chain as the first question left it.
        added: Effects whose starting values are asked for, in signal order.
    """
    kept = [fx for fx in draft.chain.ids if fx not in added]
    knobs = [f"{fx}.{p.name}" for fx in kept for p in effect(fx).parameters if p.step]
    properties: Schema = {}
    if added:
        properties["start"] = _object({fx: _object(_values(fx)) for fx in added})
    if knobs:
        properties["moves"] = {
            "type": "array",
            "description": "Knobs of effects that were there before, and where they should go.",
            "items": _object(
                {
                    "knob": {"type": "string", "enum": knobs},
                    "direction": {"type": "string", "enum": ["up", "down"]},
                    "amount": {"type": "string", "enum": list(AMOUNTS)},
                    "confidence": {
                        "type": "number",
                        "description": "0 to 1: how sure it is that this knob must go that way.",
                    },
                }
            ),
        }
    words = {"type": "array", "items": {"type": "string"}}
    properties |= {
        "toward": {**words, "description": "One to three common words for the sound wanted."},
        "away": {**words, "description": "Words for the sound that is to go, if any."},
        "amount": {
            "type": "number",
            "description": "How much of the usual change is wanted: 0.5 a bit, 1 usual, 1.6 much.",
        },
        "explanation": {
            "type": "string",
            "description": "One sentence for the user: what was done, and which effect caused a "
            "complaint.",
        },
    }
    return _object(properties)


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _values(fx: str) -> Schema:
    return {p.name: {"type": "number", "description": described(p)} for p in effect(fx).parameters}


def described(parameter: Parameter) -> str:
    """A knob in one line: what it is, its unit and range, what turning it up does."""
    unit = parameter.unit or "proportion"
    does = f"; up: {parameter.description}" if parameter.description else ""
    return f"{parameter.title}, {unit}, {parameter.low:g} to {parameter.high:g}{does}"


def take(data: Mapping[str, Any], draft: Draft, added: Sequence[str]) -> list[str]:
    """Write a structured answer into the draft; returns what had to be left out."""
    problems: list[str] = []
    starts = data.get("start")
    for fx in added:
        given = starts.get(fx) if isinstance(starts, Mapping) else None
        if not isinstance(given, Mapping):
            problems.append(f"its values for the {TITLES[fx]}, which begins with the usual ones")
            given = {}
        problems += _start(draft, fx, given)
    moves = data.get("moves")
    for row in moves if isinstance(moves, list) else ():
        if not isinstance(row, Mapping) or not _turn(draft, row, added):
            problems.append("a move that names no knob of the chain, or no direction")
    draft.toward += _words(data.get("toward"))
    draft.away += [word for word in _words(data.get("away")) if word not in draft.toward]
    amount = number(data.get("amount"))
    if draft.toward or draft.away:
        draft.amounts.append(min(MOST_AMOUNT, max(LEAST_AMOUNT, 1.0 if amount is None else amount)))
    explanation = data.get("explanation")
    if isinstance(explanation, str) and one_line(explanation, LONGEST_EXPLANATION):
        draft.say(one_line(explanation, LONGEST_EXPLANATION))
    return problems


def _start(draft: Draft, fx: str, given: Mapping[str, Any]) -> list[str]:
    """Starting values of a new effect; knobs that were set to numbers keep them."""
    problems, values = [], {}
    for parameter in effect(fx).parameters:
        if parameter.name not in given or f"{fx}.{parameter.name}" in draft.pinned:
            continue
        value = number(given[parameter.name])
        if value is None:
            problems.append(f"{fx}.{parameter.name} (not a number)")
            continue
        values[parameter.name] = parameter.clamp(value)
        if (fx, parameter.name) in draft.moves:
            draft.moves[fx, parameter.name] = Move(fx, parameter.name, values[parameter.name], 0.5)
    draft.chain = draft.chain.with_params({fx: values})
    return problems


def _turn(draft: Draft, row: Mapping[str, Any], added: Sequence[str]) -> bool:
    knob, direction = row.get("knob"), row.get("direction")
    if not isinstance(knob, str) or direction not in ("up", "down"):
        return False
    fx, _, name = knob.partition(".")
    if fx not in draft.chain or name not in draft.chain[fx].params:
        return False
    if fx in added:
        return True  # its start says where it is
    amount = row.get("amount")
    confidence = number(row.get("confidence"))
    draft.turn(
        fx,
        name,
        1 if direction == "up" else -1,
        AMOUNTS.get(amount, 1.0) if isinstance(amount, str) else 1.0,
        min(1.0, max(0.0, SURE if confidence is None else confidence)),
    )
    return True


def _words(given: object) -> list[str]:
    if isinstance(given, str):
        given = given.split(",")
    if not isinstance(given, list):
        return []
    words = [one_line(w, LONGEST_WORD).lower() for w in given if isinstance(w, str)]
    return [w for w in dict.fromkeys(words) if w][:MOST_WORDS]


def objects_in(text: str) -> Iterator[Any]:
    """The JSON objects and arrays in a text, whatever stands around them (prose, fences, tags)."""
    decoder, at = json.JSONDecoder(), 0
    for _ in range(MOST_TRIES):
        start = _OPENING.search(text, at)
        if start is None:
            return
        try:
            value, at = decoder.raw_decode(text, start.start())
            yield value
        except (ValueError, RecursionError):
            at = start.end()


def object_in(text: str) -> dict[str, Any] | None:
    """The object of a text that says most; an answer that was cut off holds only parts of one."""
    best = max(
        (value for value in objects_in(text) if isinstance(value, dict)),
        key=lambda value: len(SAYING & value.keys()),
        default={},
    )
    return best if SAYING & best.keys() else None


def calls_in(text: str) -> tuple[Call, ...]:
    """Tool calls written as text, as models do that were not given tools, or do not know how.

    Understands `{"calls": [{"name", "arguments"}]}`, single `{"name", "arguments"}` objects, and
    both as an API would have sent them.
    """
    found: list[Call] = []
    for value in objects_in(text):
        rows = value
        if isinstance(value, dict):
            rows = value.get("calls", value.get("tool_calls", [value]))
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, str):
                row = {"name": row}
            if isinstance(row, dict) and isinstance(row.get("function"), dict):
                row = row["function"]
            if not isinstance(row, dict) or not isinstance(row.get("name"), str):
                continue
            arguments = row.get("arguments", row.get("parameters", {}))
            found.append(
                Call(
                    row["name"],
                    arguments if isinstance(arguments, str) else json.dumps(arguments),
                )
            )
    return tuple(found)
