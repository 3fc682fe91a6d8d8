"""The session: turns in a tree, immutable, and the shape of `session.json`."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Collection, Sequence
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ifx_bridge.brain.plan import Resumed, Usage, Use
from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError
from ifx_bridge.plugins.effect import ENGINE as PLUGIN_ENGINE

FORMAT, VERSION = "ifx-session", 1
Route = Literal["initialize_all", "reuse_all", "reuse_and_initialize"]

# pydantic writes at most 255 levels, so what is read must stay well below.
DEEPEST = 64
LONGEST_PROBLEM = 300


def route_of(before: Chain, added: Collection[str]) -> Route:
    """How a turn begins: from the plan's values, the session's, or both.

    Args:
        before: The chain before the turn.
        added: Effects that the turn adds to it.
    """
    if not added:
        return "reuse_all"
    return "reuse_and_initialize" if len(before) else "initialize_all"


class _Value(BaseModel):
    """Immutable; fields that are not ours are kept as they are.

    Whatever could be constructed can be written: a `UserError` is raised otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            kind = type(self).__name__.lower().removesuffix("info")
            raise UserError(f"This is no valid {kind}: {problem(error)}.") from error

    # As on pydantic's own: values inside others are not made through it, so that errors in them
    # are told with their place.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="before")
    @classmethod
    def _encodable(cls, data: Any) -> Any:
        """Names of files can hold bytes that are not text; they become question marks."""
        if not isinstance(data, dict):
            return data
        return {
            key: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
            for key, value in data.items()
        }

    @model_validator(mode="after")
    def _writable(self) -> Self:
        _check_json(self.model_extra)
        return self


class ClipInfo(_Value):
    """Which recording the session is about.

    Attributes:
        path: Where it was.
        name: Its file name.
        sha256: Of the file's bytes.
        sample_rate: In Hz.
        channels: 1 to 8.
        seconds: Its length.
    """

    path: str = ""
    name: str = ""
    sha256: str = ""
    sample_rate: int = Field(default=44100, gt=0, lt=2**31)
    channels: int = Field(default=1, ge=1, le=8)
    seconds: float = Field(default=0.0, ge=0)


class Score(_Value):
    """Share of the way to what the words typically do: 0 at the previous sound, 1 there."""

    before: float
    after: float


class Turn(_Value):
    """One instruction's outcome.

    Attributes:
        index: From 1, in order of making.
        parent: The turn that it went on from, the one before by default; 0 is the session's start.
        instruction: What the person said.
        route: How it began.
        chain: Effects in signal order, `{"fx", "params", "bypass"?, "engine"?}`.
        trim_db: Output trim that matches the loudness to the dry clip.
        amount: How much of the change is heard, 0 to 2.
        score: What the ears say.
        seconds: Time it took.
        explanation: Why, in words.
        understood: False when the instruction said nothing to the brain.
        finished: False when it was stopped, and the best so far kept.
        limited_db: What a safety limiter took off the highest peak.
        ears: Name of the ears.
        brain: Name of the brain that answered.
        locked: Effects and knobs (`fx`, `fx.name`) that later turns leave alone.
        pinned: Knobs that were set to a number; only words about them move them.
        notes: What else the user was told.
        usage: What asking a model took.
        seed: Of the refinement.
        uses: Plugins of the user's, in place of effects of ours or beside them.
        own_chain: The chain in effects of ours only; None where no plugin stands for one.
        resumed: What it took up of an earlier turn; None: it only went on from its parent.
    """

    index: int = Field(ge=1)
    parent: int = Field(default=0, ge=0)
    instruction: str
    route: Route
    chain: list[dict[str, Any]]
    trim_db: float = 0.0
    amount: float = Field(default=1.0, ge=0, le=2)
    score: Score
    seconds: float = Field(default=0.0, ge=0)
    explanation: str = ""
    understood: bool = True
    finished: bool = True
    limited_db: float = 0.0
    ears: str = "perceptual"
    brain: str = "offline"
    locked: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    usage: Usage | None = None
    seed: int = Field(default=0, ge=-(2**63), lt=2**64)
    uses: tuple[Use, ...] = ()
    own_chain: list[dict[str, Any]] | None = None
    resumed: Resumed | None = None

    @classmethod
    def of(cls, *, chain: Chain, **fields: Any) -> Turn:
        """A turn from its chain and its other fields.

        Args:
            chain: The turn's chain; gives `chain`, `trim_db` and `amount`.
            **fields: The other fields.

        Raises:
            UserError: A field is missing, or its value cannot be.
        """
        return cls(chain=chain.to_data(), trim_db=chain.trim_db, amount=chain.amount, **fields)

    @model_validator(mode="before")
    @classmethod
    def _line(cls, data: Any) -> Any:
        """Turns without a parent go on from the one before."""
        if isinstance(data, dict) and data.get("parent") is None:
            index = data.get("index")
            return {**data, "parent": index - 1 if isinstance(index, int) and index > 0 else 0}
        return data

    @field_validator("chain", "own_chain")
    @classmethod
    def _known(cls, rows: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
        return rows if rows is None else checked_rows(rows)

    def as_chain(self) -> Chain:
        """The chain of this turn."""
        return Chain.from_data(self.chain, self.trim_db, self.amount)

    def as_own(self) -> Chain:
        """The same in effects of ours, which words are understood in; no trim."""
        return _own(self.chain if self.own_chain is None else self.own_chain, self.amount)


class Session(_Value):
    """Turns about one clip.

    Attributes:
        clip: The recording.
        start: Effects that were there before the first turn; usually none.
        turns: All turns ever made, branches included; turn `n` is `turns[n - 1]`.
        head: The current turn, the last one by default; 0 is the start.
        undone: Turns that `redo` goes to, the next one last.
    """

    clip: ClipInfo
    start: list[dict[str, Any]] = Field(default_factory=list)
    turns: tuple[Turn, ...] = ()
    head: int = Field(default=0, ge=0)
    undone: tuple[int, ...] = ()

    @field_validator("start")
    @classmethod
    def _known(cls, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return checked_rows(rows)

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, data: Any) -> Any:
        """Derived fields are made anew; files without a head are at their last turn."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        for derived in ("format", "version", "history", "current_params"):
            data.pop(derived, None)
        if data.get("head") is None:
            turns = data.get("turns")
            data["head"] = len(turns) if isinstance(turns, Sequence) else 0
        return data

    @field_validator("undone")
    @classmethod
    def _reachable(cls, undone: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        """Kept only where each goes on from the one before, beginning at the head."""
        at, turns = info.data.get("head"), info.data.get("turns", ())
        for index in reversed(undone):
            if not 1 <= index <= len(turns) or turns[index - 1].parent != at:
                return ()
            at = index
        return undone

    @model_validator(mode="after")
    def _tree(self) -> Self:
        for number, turn in enumerate(self.turns, 1):
            if turn.index != number:
                raise ValueError(f"turn {number} says that it is turn {turn.index}")
            if turn.parent >= number:
                raise ValueError(
                    f"turn {number} goes on from turn {turn.parent}, which is not before it"
                )
            if turn.resumed is not None and turn.resumed.turn >= number:
                raise ValueError(
                    f"turn {number} takes up turn {turn.resumed.turn}, which is not before it"
                )
        if self.head > len(self.turns):
            raise ValueError(f"the head is turn {self.head}, which is not there")
        return self

    # Reading.

    def turn(self, index: int) -> Turn:
        """The turn of that number.

        Raises:
            UserError: There is none.
        """
        if not 1 <= index <= len(self.turns):
            count = len(self.turns)
            raise UserError(
                f"There is no turn {index}.",
                next_step=f"Choose one of 1 to {count}." if count else "Give an instruction first.",
            )
        return self.turns[index - 1]

    def path(self, index: int | None = None) -> tuple[Turn, ...]:
        """The turns from the start to a turn (the current one by default), oldest first."""
        at = self.head if index is None else index
        found: list[Turn] = []
        while at:
            found.append(self.turn(at))
            at = found[-1].parent
        return tuple(reversed(found))

    def children(self, index: int) -> tuple[Turn, ...]:
        """The turns that went on from a turn (0: from the start)."""
        return tuple(turn for turn in self.turns if turn.parent == index)

    @property
    def chain(self) -> Chain:
        """The current chain."""
        return self.turn(self.head).as_chain() if self.head else Chain.from_data(self.start)

    @property
    def own(self) -> Chain:
        """The current chain in effects of ours."""
        return self.turn(self.head).as_own() if self.head else _own(self.start, 1.0)

    @property
    def uses(self) -> tuple[Use, ...]:
        """The plugins that are used."""
        if self.head:
            return self.turn(self.head).uses
        uses, last = list[Use](), ""
        for slot in self.chain:
            if slot.engine == PLUGIN_ENGINE:
                uses.append(Use(slot.fx, always=True, place=f"after:{last}" if last else "first"))
            last = slot.fx
        return tuple(uses)

    @property
    def history(self) -> tuple[str, ...]:
        """The instructions that led to the current turn, oldest first."""
        return tuple(turn.instruction for turn in self.path())

    @property
    def locked(self) -> tuple[str, ...]:
        """Effects and knobs that no turn may move."""
        return self.turn(self.head).locked if self.head else ()

    @property
    def pinned(self) -> tuple[str, ...]:
        """Knobs that were set to a number."""
        return self.turn(self.head).pinned if self.head else ()

    @property
    def current_params(self) -> dict[str, dict[str, float]]:
        """All values of the current chain, by effect id."""
        return self.chain.params

    # Changes: each gives a new session.

    def add(self, *, chain: Chain, **fields: Any) -> Session:
        """With one more turn after the current one, which becomes current.

        Turns that were undone stay, as another branch.

        Args:
            chain: The turn's chain.
            **fields: The other fields of `Turn`, without `index` and `parent`.

        Raises:
            UserError: A field is missing, or its value cannot be.
        """
        turn = Turn.of(index=len(self.turns) + 1, parent=self.head, chain=chain, **fields)
        return self._with(turns=(*self.turns, turn), head=turn.index, undone=())

    def undo(self) -> Session:
        """At the turn before.

        Raises:
            UserError: This is the start.
        """
        if not self.head:
            raise UserError(
                "There is nothing to undo: this is the start of the session.",
                kept="All turns are kept.",
                next_step="Redo, go to a turn, or give an instruction."
                if self.turns
                else "Give an instruction first.",
            )
        return self.go_to(self.turn(self.head).parent)

    def redo(self) -> Session:
        """At the turn that was undone last.

        Raises:
            UserError: Nothing was undone.
        """
        if not self.undone:
            raise UserError(
                "There is nothing to redo.",
                kept="All turns are kept.",
                next_step="Redo takes back an undo; other turns are reached by their number.",
            )
        return self.go_to(self.undone[-1])

    def go_to(self, index: int) -> Session:
        """At any turn (0: the start); the next instruction branches off there.

        Going back along the path is an undo of several turns, which `redo` takes back one by one;
        going to another branch leaves nothing to redo.

        Raises:
            UserError: There is no such turn.
        """
        if index:
            self.turn(index)
        line = [0, *(turn.index for turn in self.path()), *reversed(self.undone)]
        ahead = line[line.index(index) + 1 :] if index in line else []
        return self._with(head=index, undone=tuple(reversed(ahead)))

    def _with(self, **changes: Any) -> Session:
        return self.model_copy(update=changes)

    def to_data(self) -> dict[str, Any]:
        """JSON-ready, as it stands in `session.json`."""
        own = self.model_dump(mode="json")
        data = {"format": FORMAT, "version": VERSION, "clip": own.pop("clip")}
        data["history"] = list(self.history)
        data["current_params"] = self.current_params
        return {**data, **own}


def _own(rows: list[dict[str, Any]], amount: float) -> Chain:
    return Chain.from_data([r for r in rows if r.get("engine") != PLUGIN_ENGINE], amount=amount)


def checked_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Chain data with all values, in range; the rest of each row as it was.

    Raises:
        ValueError: It is no chain.
    """
    _check_json(rows)
    try:
        whole = Chain.from_data(rows).to_data()
    except UserError as error:
        raise ValueError(str(error).removesuffix(".")) from error
    return [{**row, **full} for row, full in zip(rows, whole, strict=True)]


def _check_json(value: Any, depth: int = 0) -> None:
    """Raise ValueError for what would not come back from a JSON file as it is."""
    if depth > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                raise ValueError(f"it has a key that is not text ({reprlib.repr(key)})")
            _check_json(key, depth)
            _check_json(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            _check_json(part, depth + 1)
    elif isinstance(value, str):
        if value.encode("utf-8", "replace").decode() != value:
            raise ValueError("it holds text that is not valid Unicode")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"it holds {value}, which is not a finite number")
    elif isinstance(value, int):
        if value.bit_length() > 1023:
            raise ValueError("it holds a number that is too large")
    elif value is not None:
        raise ValueError(f"it holds a {type(value).__name__}, which has no place in a file")


def problem(error: ValidationError) -> str:
    """What is wrong first, and where, in words; a clause without a full stop."""
    found = error.errors(include_url=False)
    first, more = found[0], len(found) - 1
    place, kind = list(first["loc"]), first["type"]
    if kind == "missing":
        what = f"{_place(place[:-1]) or 'it'} has no {str(place[-1])!r}"
    elif kind in ("value_error", "assertion_error"):
        what = ": ".join(part for part in (_place(place), str(first["ctx"]["error"])) if part)
    else:
        wanted = re.split(r", unable| or instance of| or object", first["msg"])[0]
        wanted = re.sub("^Input should be ", "", wanted).replace("a valid dictionary", "a table")
        shown = reprlib.repr(first["input"])
        what = f"{_place(place) or 'it'} is {shown} and should be {wanted}"
    if len(what) > LONGEST_PROBLEM:
        what = what[:LONGEST_PROBLEM] + "…"
    return f"{what} (and {more} more)" if more else what


def _place(parts: Sequence[int | str]) -> str:
    """`("turns", 0, "score", "after")` as "turn 1, score, after"."""
    words: list[str] = []
    for part in parts:
        if isinstance(part, int) and words and words[-1] in _ITEMS:
            words[-1] = f"{_ITEMS[words[-1]]} {part + 1}"
        else:
            words.append(str(part))
    return ", ".join(words)


_ITEMS = {"turns": "turn", "chain": "chain, effect", "start": "start, effect", "undone": "undone"}
