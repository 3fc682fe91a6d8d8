"""Changes by hand: a chain with its locks, edited as a value, told in words, and made a turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from gui.bands import band_of, band_title
from gui.telling import HAND, plain
from ifx_bridge.audio import Audio, Clip
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.describe import changes
from ifx_bridge.engine import render
from ifx_bridge.plugins.effect import ENGINE as PLUGIN_ENGINE
from ifx_bridge.session import Score, Session, Turn, route_of

# A turn's name lists at most this many changes.
TOLD = 3


@dataclass(frozen=True)
class Edit:
    """A state of the cards.

    Attributes:
        chain: The effects with their values.
        locked: Effects and knobs (`fx`, `fx.name`) that no instruction may move.
        title: What the turn is called; made from the changes when empty.
        base: Index of the turn that it goes on from.
    """

    chain: Chain
    locked: frozenset[str] = frozenset()
    title: str = ""
    base: int = 0

    def with_value(self, fx: str, name: str, value: float) -> Edit:
        """With a knob turned."""
        return replace(self, chain=self.chain.with_params({fx: {name: value}}))

    def with_bypass(self, fx: str, bypass: bool) -> Edit:
        """With an effect skipped or heard again."""
        slots = tuple(
            replace(slot, bypass=bypass) if slot.fx == fx else slot for slot in self.chain
        )
        return replace(self, chain=replace(self.chain, slots=slots))

    def with_lock(self, keys: Collection[str], locked: bool) -> Edit:
        """With effects or knobs locked or not."""
        return replace(self, locked=self.locked.union(keys) if locked else self.locked - set(keys))

    def with_amount(self, amount: float) -> Edit:
        """With another amount of the whole, 0 to 2."""
        return replace(self, chain=replace(self.chain, amount=min(2.0, max(0.0, amount))))

    def added(self, slot: Slot) -> Edit:
        """With one more effect at the end."""
        return replace(self, chain=self.chain.added(slot))

    def removed(self, fx: str) -> Edit:
        """Without an effect, and without the locks on it."""
        locked = frozenset(key for key in self.locked if key.split(".")[0] != fx)
        return replace(self, chain=self.chain.removed(fx), locked=locked)

    def moved(self, fx: str, to: int) -> Edit:
        """With an effect at another place, 0 being first."""
        ids = [id for id in self.chain.ids if id != fx]
        ids.insert(max(0, min(to, len(ids))), fx)
        return replace(self, chain=self.chain.reordered(ids))

    def scaled(self, fx: str, base: Slot, amount: float) -> Edit:
        """With an effect's knobs moved from where they do nothing through `base` and beyond.

        Args:
            fx: Which effect.
            base: Its knobs at amount 1.
            amount: 0 to 2. Knobs without a neutral value stay.
        """
        values = {}
        for knob in base.effect.parameters:
            if knob.neutral is None or {fx, f"{fx}.{knob.name}"} & self.locked:
                continue
            still, full = knob.to_unit(knob.neutral), knob.to_unit(base.params[knob.name])
            values[knob.name] = knob.from_unit(still + amount * (full - still))
        return replace(self, chain=self.chain.with_params({fx: values}))


def told(before: Edit, after: Edit) -> str:
    """What is different, in a line; empty when nothing is."""
    begun, new = _with_new(before.chain, after.chain)
    parts = [f"{slot.effect.title} added" for slot in new]
    parts += [plain(change.text) for change in changes(begun, after.chain)]
    for slot in after.chain:
        if slot.bypass != begun[slot.fx].bypass:
            parts.append(f"{slot.effect.title} {'bypassed' if slot.bypass else 'on again'}")
    if after.chain.amount != before.chain.amount:
        parts.append(f"amount {100 * after.chain.amount:.0f} %")
    parts += [f"{name} locked" for name in _locks(after.chain, after.locked - before.locked)]
    there = {key for key in before.locked if key.split(".")[0] in after.chain}
    parts += [f"{name} unlocked" for name in _locks(after.chain, there - after.locked)]
    if not parts and (after.chain.to_data() != before.chain.to_data()):
        parts = ["a fine adjustment"]
    more = f" and {len(parts) - TOLD} more" if len(parts) > TOLD else ""
    return ", ".join(parts[:TOLD]) + more


def _with_new(before: Chain, after: Chain) -> tuple[Chain, list[Slot]]:
    """A chain with what `after` has besides, as it comes, and what that is."""
    begun, new, ids = before, list[Slot](), after.ids
    for at, slot in enumerate(after):
        if slot.fx not in before:
            new.append(slot)
            place = begun.ids.index(ids[at - 1]) + 1 if at else 0
            begun = begun.added(Slot(slot.fx, engine=slot.engine), place)
    return begun, new


def _locks(chain: Chain, keys: Collection[str]) -> list[str]:
    """Locks by their names; of a band's three, the band's."""
    names: dict[str, None] = {}
    for key in sorted(keys):
        fx, _, name = key.partition(".")
        if fx not in chain:
            continue
        effect = chain[fx].effect
        whole = [f"{fx}.{each}" for each in band_of(effect, name)]
        title = next((p.title for p in effect.parameters if p.name == name), "")
        if len(whole) > 1 and set(whole) <= set(keys):
            title = band_title(title)
        names[f"{effect.title} {title}".strip()] = None
    return list(names)


def hand_turn(
    session: Session, clip: Clip, edit: Edit, cancelled: Callable[[], bool] = lambda: False
) -> tuple[Session, Turn, Audio]:
    """Make an edit a turn of its own, rendered and matched in loudness.

    The chain in effects of ours, which words are understood in, follows where it is another one
    than what is heard.
    """
    began = time.perf_counter()
    session = session.go_to(edit.base) if edit.base != session.head else session
    before = Edit(session.chain, frozenset(session.locked))
    rendering = render(clip, edit.chain, cancelled)
    own = None
    if any(slot.engine == PLUGIN_ENGINE for slot in edit.chain):
        moved = {s.fx: s.params for s in edit.chain if s.engine != PLUGIN_ENGINE}
        own = session.own.with_params(moved).to_data()
    plugins = {slot.fx for slot in edit.chain if slot.engine == PLUGIN_ENGINE}
    following = session.add(
        instruction=edit.title or f"By hand: {told(before, edit) or 'nothing changed'}",
        route=route_of(session.chain, set(edit.chain.ids) - set(session.chain.ids)),
        chain=rendering.chain,
        score=Score(before=0.0, after=0.0),
        seconds=round(time.perf_counter() - began, 3),
        explanation="Set by hand; no score was measured.",
        limited_db=round(rendering.limited_db, 2),
        brain=HAND,
        ears="none",
        locked=sorted(edit.locked),
        pinned=sorted(key for key in session.pinned if key.split(".")[0] in edit.chain),
        uses=tuple(use for use in session.uses if use.plugin in plugins),
        own_chain=own,
    )
    return following, following.turn(following.head), rendering.audio
