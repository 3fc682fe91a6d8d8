"""The chain: effects with values in signal order, immutable; rendered, and differentiated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import ifx_bridge.effects  # noqa: F401  (registers the effects)
from ifx_bridge.effects.spec import Effect, Params, effect, effects
from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from pedalboard import Pedalboard
    from torch import Tensor

HIGHEST_AMOUNT = 2.0


@dataclass(frozen=True)
class Slot:
    """One effect in a chain.

    Attributes:
        fx: Effect id.
        params: All values of the effect, in range, in declared order; read-only.
        bypass: True when it is skipped.
        engine: What renders it.
    """

    fx: str
    params: Params = field(default_factory=dict)
    bypass: bool = False
    engine: str = "pedalboard"

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", MappingProxyType(self.effect.complete(self.params)))

    def __hash__(self) -> int:
        return hash((self.fx, tuple(self.params.items()), self.bypass, self.engine))

    def __reduce__(self) -> Any:
        return (Slot, (self.fx, dict(self.params), self.bypass, self.engine))

    @property
    def effect(self) -> Effect:
        """Its declaration."""
        return effect(self.fx, self.engine, self.params)


@dataclass(frozen=True)
class Chain:
    """Effects in signal order, at most one of each kind.

    Attributes:
        slots: The effects, first one first.
        trim_db: Output gain in dB, after all effects.
        amount: How much of the change is heard: 0 is exactly the dry sound, 1 the chain as it is,
            up to 2 beyond it (`dry + amount * (wet - dry)`).
    """

    slots: tuple[Slot, ...] = ()
    trim_db: float = 0.0
    amount: float = 1.0

    def __post_init__(self) -> None:
        ids = [slot.fx for slot in self.slots]
        if len(set(ids)) != len(ids):
            raise UserError(
                f"A chain holds each effect once, but this one is {' → '.join(ids)}.",
                next_step="Keep one of each kind.",
            )
        if not 0 <= self.amount <= HIGHEST_AMOUNT:
            raise UserError(f"The amount is {self.amount:g}, outside 0 to {HIGHEST_AMOUNT:g}.")
        if not np.isfinite(self.trim_db):
            raise UserError("The output trim is not a number.")

    def __iter__(self) -> Iterator[Slot]:
        return iter(self.slots)

    def __len__(self) -> int:
        return len(self.slots)

    def __contains__(self, fx: object) -> bool:
        return any(slot.fx == fx for slot in self.slots)

    @property
    def ids(self) -> tuple[str, ...]:
        """Effect ids in signal order."""
        return tuple(slot.fx for slot in self.slots)

    @property
    def params(self) -> dict[str, dict[str, float]]:
        """All values, by effect id, in signal order."""
        return {slot.fx: dict(slot.params) for slot in self.slots}

    def __getitem__(self, fx: str) -> Slot:
        for slot in self.slots:
            if slot.fx == fx:
                return slot
        raise UserError(f"There is no {fx} in this chain ({' → '.join(self.ids) or 'empty'}).")

    # Changes: each gives a new chain.

    def with_params(self, changes: Mapping[str, Params]) -> Chain:
        """The same chain with some values changed, `{fx: {name: value}}`."""
        return replace(
            self,
            slots=tuple(
                replace(slot, params={**slot.params, **changes.get(slot.fx, {})})
                for slot in self.slots
            ),
        )

    def added(self, slot: Slot, at: int | None = None) -> Chain:
        """With one more effect, at the end or before position `at`."""
        index = len(self.slots) if at is None else at
        return replace(self, slots=(*self.slots[:index], slot, *self.slots[index:]))

    def removed(self, fx: str) -> Chain:
        """Without that effect."""
        return replace(self, slots=tuple(s for s in self.slots if s.fx != self[fx].fx))

    def reordered(self, ids: Sequence[str]) -> Chain:
        """In another signal order; `ids` must name exactly the effects of the chain."""
        if sorted(ids) != sorted(self.ids):
            raise UserError(f"The order {list(ids)} does not name each effect of {list(self.ids)}.")
        return replace(self, slots=tuple(self[fx] for fx in ids))

    # Faces.

    def to_pedalboard(self) -> Pedalboard:
        """A Pedalboard of the whole chain, output trim and amount included.

        The equalizer's bands are limited to 0.49 of the sample rate when rendered by
        `render`; a Pedalboard does not know its rate, so here they stand as declared.

        Raises:
            UserError: An effect has an engine that Pedalboard does not have.
        """
        return _pedalboard(self, sample_rate=float("inf"))

    def render(
        self,
        audio: NDArray[np.float32],
        sample_rate: float,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> NDArray[np.float32]:
        """The wet sound.

        Args:
            audio: `[channels, samples]`. More than two channels are processed one by one.
            sample_rate: In Hz.
            cancelled: Asked between channels; when true, `Cancelled` is raised.

        Returns:
            Same shape as `audio`; with amount 0, equal to it bit by bit.
        """
        from ifx_bridge.errors import Cancelled

        audio = np.ascontiguousarray(audio, dtype=np.float32)
        if self.amount == 0 or (not self.slots and self.trim_db == 0):
            return audio.copy()
        groups = [audio] if audio.shape[0] <= 2 else [row[None] for row in audio]
        rendered = []
        for group in groups:
            if cancelled():
                raise Cancelled
            rendered.append(_render(self, group, sample_rate))
        return np.concatenate(rendered)

    def forward(
        self,
        audio: Tensor,
        sample_rate: float,
        values: Mapping[str, Mapping[str, Tensor]] | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> Tensor:
        """The differentiable twin of the effects in signal order (no trim, amount 1).

        Args:
            audio: `[batch, channels, samples]`.
            sample_rate: In Hz.
            values: Scalar tensors that replace values, `{fx: {name: tensor}}`.
            start: First slot to run.
            stop: Slot to stop before.

        Returns:
            Same shape as `audio`.
        """
        import torch

        shape = audio.shape
        if shape[-2] > 2:
            audio = audio.reshape(-1, 1, shape[-1])
        for slot in self.slots[start:stop]:
            if slot.bypass:
                continue
            given = (values or {}).get(slot.fx, {})
            tensors = {
                name: given[name]
                if name in given
                else torch.tensor(value, dtype=torch.float64 if _double(audio) else torch.float32)
                for name, value in slot.params.items()
            }
            audio = slot.effect.twin(audio, tensors, sample_rate)
        return audio.reshape(shape)

    # Data.

    def to_data(self) -> list[dict[str, Any]]:
        """The effects as JSON-ready data, in signal order."""
        rows = []
        for slot in self.slots:
            row: dict[str, Any] = {"fx": slot.fx, "params": dict(slot.params)}
            if slot.bypass:
                row["bypass"] = True
            if slot.engine != "pedalboard":
                row["engine"] = slot.engine
            rows.append(row)
        return rows

    @classmethod
    def from_data(
        cls, rows: Sequence[Mapping[str, Any]], trim_db: float = 0.0, amount: float = 1.0
    ) -> Chain:
        """Inverse of `to_data`.

        Raises:
            UserError: An effect or parameter is unknown, or a value is not a number.
        """
        slots = []
        for row in rows:
            if not isinstance(row, Mapping) or not isinstance(row.get("fx"), str):
                raise UserError("A chain is a list of effects, each with an 'fx'.")
            params = row.get("params", {})
            if not isinstance(params, Mapping):
                raise UserError(f"The params of {row['fx']} are not a table of numbers.")
            slots.append(
                Slot(
                    row["fx"],
                    params,
                    bool(row.get("bypass", False)),
                    str(row.get("engine", "pedalboard")),
                )
            )
        return cls(tuple(slots), trim_db, amount)


def _double(audio: Tensor) -> bool:
    import torch

    return audio.dtype == torch.float64


def _plugins(slot: Slot, sample_rate: float) -> list[Any]:
    face = slot.effect.pedalboard
    if face is None:
        ours = any(effect.id == slot.fx for effect in effects())
        raise UserError(
            f"{slot.effect.title} has no Pedalboard plugin, so this chain cannot become one.",
            next_step=f"Use the {slot.fx} of the engine 'pedalboard' instead."
            if ours
            else "Chain.render plays it, each plugin of yours in a process of its own.",
        )
    return [] if slot.bypass else face(slot.params, sample_rate)


def _pedalboard(chain: Chain, sample_rate: float) -> Pedalboard:
    import pedalboard as pb

    if chain.amount == 0:
        return pb.Pedalboard([])
    wet: list[Any] = [p for slot in chain.slots for p in _plugins(slot, sample_rate)]
    trim_db = chain.trim_db
    if chain.amount == 1:
        return pb.Pedalboard([*wet, *_gain(trim_db)])
    trim_db += 20 * float(np.log10(chain.amount))
    dry: list[Any] = [pb.Gain(20 * float(np.log10(abs(1 - chain.amount))))]
    if chain.amount > 1:
        dry.append(pb.Invert())
    return pb.Pedalboard([pb.Mix([pb.Chain(dry), pb.Chain([*wet, pb.Gain(trim_db)])])])


def _render(chain: Chain, audio: NDArray[np.float32], sample_rate: float) -> NDArray[np.float32]:
    """One or two channels."""
    wet = audio
    if all(slot.effect.pedalboard or slot.effect.process for slot in chain.slots):
        # What Pedalboard renders goes through it in one piece, between what renders by itself.
        own: list[Any] = []
        for slot in chain.slots:
            process = slot.effect.process
            if process is None:
                own += _plugins(slot, sample_rate)
            elif not slot.bypass:
                wet = process(slot.params, _through(own, wet, sample_rate), sample_rate)
                own = []
        wet = _through([*own, *_gain(chain.trim_db)], wet, sample_rate)
    else:
        import torch

        with torch.no_grad():
            tensor = chain.forward(torch.from_numpy(wet)[None], sample_rate)[0]
        wet = tensor.numpy() * np.float32(10 ** (chain.trim_db / 20))
    if chain.amount != 1:
        wet = audio + np.float32(chain.amount) * (wet - audio)
    return np.nan_to_num(wet, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)


def _through(
    plugins: list[Any], audio: NDArray[np.float32], sample_rate: float
) -> NDArray[np.float32]:
    import pedalboard as pb

    rendered: NDArray[np.float32] = pb.Pedalboard(plugins)(audio, sample_rate)
    return rendered


def _gain(decibels: float) -> list[Any]:
    import pedalboard as pb

    return [pb.Gain(decibels)] if decibels else []
