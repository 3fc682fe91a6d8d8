"""The session: turns in a tree, immutable, and the shape of `session.json`."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError

FORMAT, VERSION = "ifx-session", 1
Route = Literal["initialize_all", "reuse_all", "reuse_and_initialize"]


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
    """Immutable; fields of later minor versions are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)


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
    sample_rate: int = Field(default=44100, gt=0)
    channels: int = Field(default=1, ge=1)
    seconds: float = Field(default=0.0, ge=0)


class Score(_Value):
    """Share of the way to what the words typically do: 0 at the previous sound, 1 there."""

    before: float
    after: float


class Turn(_Value):
    """One instruction's outcome.

    Attributes:
        index: From 1, in order of making.
        parent: The turn that it went on from; 0 is the session's start.
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
        brain: Name of the brain.
        seed: Of the refinement.
    """

    index: int = Field(ge=1)
    parent: int = Field(default=-1, ge=-1)
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
    seed: int = 0

    @field_validator("chain")
    @classmethod
    def _known(cls, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return _checked(rows)

    def as_chain(self) -> Chain:
        """The chain of this turn."""
        return Chain.from_data(self.chain, self.trim_db, self.amount)


class Session(_Value):
    """Turns about one clip.

    Attributes:
        clip: The recording.
        start: Effects that were there before the first turn; usually none.
        turns: All turns ever made, branches included; turn `n` is `turns[n - 1]`.
        head: The current turn; 0 is the start.
        undone: Turns that `redo` goes to, the next one last.
    """

    clip: ClipInfo
    start: list[dict[str, Any]] = Field(default_factory=list)
    turns: tuple[Turn, ...] = ()
    head: int = Field(default=-1, ge=-1)
    undone: tuple[int, ...] = ()

    @field_validator("start")
    @classmethod
    def _known(cls, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return _checked(rows)

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, data: Any) -> Any:
        """Files without a tree are a line: each turn goes on from the one before."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        for derived in ("format", "version", "history", "current_params"):
            data.pop(derived, None)
        turns = data.get("turns")
        if isinstance(turns, Sequence) and not isinstance(turns, str):
            if data.get("head") is None:
                data["head"] = len(turns)
            data["turns"] = tuple(
                {**t, "parent": t.get("parent", number)} if isinstance(t, dict) else t
                for number, t in enumerate(turns)
            )
        elif turns is None and data.get("head") is None:
            data["head"] = 0
        return data

    @model_validator(mode="after")
    def _tree(self) -> Session:
        for number, turn in enumerate(self.turns, 1):
            if turn.index != number:
                raise ValueError(f"turn {number} says that it is turn {turn.index}")
            if not 0 <= turn.parent < number:
                raise ValueError(f"turn {number} goes on from turn {turn.parent}")
        known = range(len(self.turns) + 1)
        if self.head not in known or any(index not in known for index in self.undone):
            raise ValueError(f"there is no turn {self.head}")
        return self

    # Reading.

    def turn(self, index: int) -> Turn:
        """The turn of that number.

        Raises:
            UserError: There is none.
        """
        if not 1 <= index <= len(self.turns):
            raise UserError(
                f"There is no turn {index}.", next_step=f"There are {len(self.turns)} turns."
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
    def history(self) -> tuple[str, ...]:
        """The instructions that led to the current turn, oldest first."""
        return tuple(turn.instruction for turn in self.path())

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
        """
        turn = Turn(
            index=len(self.turns) + 1,
            parent=self.head,
            chain=chain.to_data(),
            trim_db=chain.trim_db,
            amount=chain.amount,
            **fields,
        )
        return self._with(turns=(*self.turns, turn), head=turn.index, undone=())

    def undo(self) -> Session:
        """At the turn before.

        Raises:
            UserError: This is the start.
        """
        if not self.head:
            raise UserError("There is nothing to undo: this is the start of the session.")
        return self._with(head=self.turn(self.head).parent, undone=(*self.undone, self.head))

    def redo(self) -> Session:
        """At the turn that was undone last.

        Raises:
            UserError: Nothing was undone.
        """
        if not self.undone:
            raise UserError("There is nothing to redo.")
        return self._with(head=self.undone[-1], undone=self.undone[:-1])

    def go_to(self, index: int) -> Session:
        """At any turn (0: the start); the next instruction branches off there.

        Raises:
            UserError: There is no such turn.
        """
        if index:
            self.turn(index)
        return self._with(head=index, undone=())

    def _with(self, **changes: Any) -> Session:
        return self.model_copy(update=changes)

    def to_data(self) -> dict[str, Any]:
        """JSON-ready, as it stands in `session.json`."""
        own = self.model_dump(mode="json")
        data = {"format": FORMAT, "version": VERSION, "clip": own.pop("clip")}
        data["history"] = list(self.history)
        data["current_params"] = self.current_params
        return {**data, **own}


def _checked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Chain data with all values, in range; the rest of each row as it was."""
    try:
        whole = Chain.from_data(rows).to_data()
    except UserError as error:
        raise ValueError(str(error)) from error
    for row in rows:
        for value in row.get("params", {}).values():
            if not math.isfinite(value):
                raise ValueError(f"{row['fx']} has a value that is not finite")
    return [{**row, **full} for row, full in zip(rows, whole, strict=True)]
