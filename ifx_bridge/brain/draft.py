"""A plan being written, one decision after the other.

Every brain writes with these: whatever it asks for, the result is a valid plan, and what was done
is said in words. What is locked stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import isinf, log2

from ifx_bridge.brain.fitting import fitted, silent_until
from ifx_bridge.brain.plan import SURE, Context, Move, Owned, Plan, Resumed, Usage, Use
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.eq import BANDS
from ifx_bridge.effects.spec import Parameter, Params, effect, scaled

# How far "less" goes: this share of what there is, but a step that is heard, and never all of it.
LESS_SHARE = 0.4
LEAST_STEPS = 0.65
MOST_SHARE = 0.85
# How far a knob without neutral position goes, in audible steps.
FREE_STEPS = 1.5
# How surely a knob goes where a command sends it.
COMMANDED = 0.9
# What a knob without neutral position may do on its own when its effect is new.
FREE_BY_NAME = ("room_size", "damping", "cutoff_freq")
# Said of a number that a knob does not reach.
FURTHEST = ", the furthest it goes"
# What a band of the equalizer is made of.
PARTS = ("gain_db", "cutoff_freq", "q_factor")
TITLES = {
    "eq": "equalizer", "comp": "compressor", "rev": "reverb", "dist": "distortion",
    "delay": "delay", "pitchshift": "pitch shift", "bitcrush": "bit crusher",
}  # fmt: skip


class Draft:
    """What a plan says so far.

    Attributes:
        context: What the instruction was said in.
        chain: The chain to start from.
        moves: Where knobs go, by effect and name.
        free: Knobs that may move without penalty.
        held: Knobs and effects that must not move this turn.
        locked: Those that no turn may move.
        pinned: Knobs that were set to a number; only a command moves them.
        toward: Words whose sound is wanted.
        away: Words whose sound is unwanted.
        amounts: How much of it, one entry per wish.
        said: Sentences about what is done.
        misunderstood: Sentences about what was not understood.
        uses: Plugins of the user's that are used, by their ids.
        resumed: What is taken up of an earlier turn.
    """

    def __init__(self, context: Context) -> None:
        """Nothing decided yet."""
        self.context = context
        self.chain = context.chain
        self.moves: dict[tuple[str, str], Move] = {}
        self.free: set[str] = set()
        self.held: set[str] = set()
        self.locked: set[str] = set(context.locked)
        self.pinned: set[str] = set(context.pinned)
        self.toward: list[str] = []
        self.away: list[str] = []
        self.amounts: list[float] = []
        self.said: list[str] = []
        self.misunderstood: list[str] = []
        self.uses: dict[str, Use] = {use.plugin: use for use in context.uses}
        self.resumed: Resumed | None = None

    def plan(
        self,
        instruction: str,
        *,
        explanation: str = "",
        brain: str = "offline",
        notes: Sequence[str] = (),
        usage: Usage | None = None,
    ) -> Plan:
        """The plan as it stands, without what would move something locked."""
        return Plan(
            instruction=instruction,
            start=self.chain,
            moves=tuple(
                m for m in self.moves.values() if m.fx in self.chain and self._movable(m.fx, m.name)
            ),
            free=frozenset(
                key for key in self.free if key.split(".")[0] in self.chain and self._movable(key)
            ),
            held=frozenset(self.held | self.locked | self.pinned),
            locked=frozenset(self.locked),
            pinned=frozenset(key for key in self.pinned if key.split(".")[0] in self.chain),
            toward=tuple(dict.fromkeys(self.toward)),
            away=tuple(dict.fromkeys(self.away)),
            amount=sum(self.amounts) / len(self.amounts) if self.amounts else 1.0,
            explanation=explanation or " ".join([*self.said, *self.misunderstood]),
            understood=bool(self.said),
            brain=brain,
            notes=tuple(notes),
            usage=usage or Usage(),
            uses=tuple(self.uses.values()),
            resumed=self._resumed(),
        )

    def _resumed(self) -> Resumed | None:
        """What is taken up; an undo that goes on to something else is a step of its own."""
        if self.resumed is None or self.resumed.by != "step":
            return self.resumed
        there = self.context.past(self.resumed.turn).chain
        only = self.chain.slots == there.slots and not self.moves
        return self.resumed if only else replace(self.resumed, by="sound")

    def say(self, sentence: str) -> None:
        """Tell the user one thing; said twice it is told once."""
        sentence = sentence[0].upper() + sentence[1:]
        if sentence not in self.said:
            self.said.append(sentence)

    def _movable(self, *key: str) -> bool:
        """Whether a knob (`fx`, `name` or `fx.name`) is neither held, locked nor pinned."""
        fx, name = key if len(key) == 2 else key[0].split(".", 1)
        return not {fx, f"{fx}.{name}"} & (self.held | self.locked | self.pinned)

    def protected(self, key: str) -> bool:
        """Whether an effect or a knob is locked, which is said, or left alone this turn."""
        fx = key.split(".")[0]
        if {fx, key} & self.held:
            return True  # said when it was asked for
        hit = fx if fx in self.locked else key if key in self.locked else ""
        if hit:
            self.say(
                f"{_subject(hit)} is locked and stays; say 'unlock the {title_of(hit)}' first."
            )
        return bool(hit)

    # Effects.

    def insert(self, slot: Slot, amount: float = 1.0) -> bool:
        """A new effect at the end: later words act on what is already heard.

        Args:
            slot: The effect with its typical values.
            amount: How much of them, 1 is all.

        Returns:
            Whether it was added; False when it is locked or left alone.
        """
        if self.protected(slot.fx):
            return False
        slot = replace(slot, params=scaled(slot.effect, slot.params, amount))
        slot = fitted(slot, self.chain, self.context.facts)
        self.chain = self.chain.added(slot)
        for parameter in slot.effect.parameters:
            value = slot.params[parameter.name]
            free = parameter.neutral is not None or parameter.name.endswith(FREE_BY_NAME)
            if slot.fx == "eq" and not parameter.name.endswith("_gain_db"):
                free = parameter.name.endswith("cutoff_freq")
            if free:
                self.free.add(f"{slot.fx}.{parameter.name}")
                self.moves[slot.fx, parameter.name] = Move(slot.fx, parameter.name, value, 0.5)
        return True

    def remove(self, fx: str) -> None:
        """Take an effect out."""
        if fx not in self.chain:
            self.say(f"There is no {TITLES[fx]} in the chain, so nothing is removed.")
        elif not self._protected_within(fx):
            self.chain = self.chain.removed(fx)
            for use in [u for u in self.uses.values() if u.fx == fx and u.always]:
                self.uses[use.plugin] = replace(use, always=False)
            self.say(f"The {TITLES[fx]} is removed.")

    def _protected_within(self, fx: str) -> bool:
        """Whether an effect, or one of its knobs, is locked (which is said) or left alone."""
        inside = [key for key in sorted(self.locked | self.held) if key.split(".")[0] == fx]
        return self.protected(inside[0]) if inside else False

    def reorder(self, ids: Sequence[str], moved: Sequence[str] | None = None) -> None:
        """The chain in another signal order.

        Args:
            ids: A permutation of its effects.
            moved: Which of them leave their place, none of which may be locked; by default the
                locked ones count as moved when the others' order does not explain the change.
        """
        if list(ids) == list(self.chain.ids):
            self.say("The signal order is so already.")
            return
        if moved is None:
            fixed = [fx for fx in self.chain.ids if fx in self.locked | self.held]
            others = [fx for fx in self.chain.ids if fx not in fixed]
            if fixed != [fx for fx in ids if fx in fixed] or (
                len(others) > 1 and others == [fx for fx in ids if fx in others]
            ):
                moved = fixed
            else:
                moved = ()
        if any([self.protected(fx) for fx in moved]):
            return
        self.chain = self.chain.reordered(list(ids))
        order = " → ".join(TITLES[fx] for fx in self.chain.ids)
        self.say(f"The signal order is now {order}.")

    # Knobs.

    def value(self, fx: str, name: str, sense: int = 0) -> float:
        """Where a knob stands by now.

        One that moves in this sense (+1, -1) already still counts as unmoved: two requests that
        say the same are one ("too harsh, soften it").
        """
        move, now = self.moves.get((fx, name)), self.chain[fx].params[name]
        return now if move is None or (move.to - now) * sense > 0 else move.to

    def position(self, fx: str, name: str, sense: int = 0) -> float:
        """`value` as a part of the knob's turn, 0 to 1."""
        return effect(fx).parameter(name).to_unit(self.value(fx, name, sense))

    def silent(self, fx: str, name: str, position: float) -> float:
        """Where a knob that stands at `position` would begin to be heard, 0 to 1.

        That is its neutral position; further on where the clip is so quiet that it does nothing
        audible there yet.
        """
        parameter = effect(fx).parameter(name)
        assert parameter.neutral is not None
        neutral = parameter.to_unit(parameter.neutral)
        heard = silent_until(parameter, self.before(fx), self.context.facts)
        quiet = neutral if heard is None else parameter.to_unit(heard)
        beyond = (position - quiet) * (position - neutral) > 0
        return quiet if beyond else neutral

    def before(self, fx: str) -> Chain:
        """What stands in front of an effect."""
        slots = self.chain.slots
        return replace(self.chain, slots=slots[: self.chain.ids.index(fx)])

    def move(self, fx: str, name: str, position: float, confidence: float) -> bool:
        """Send a knob to a position of 0 to 1; of two moves that say the same the larger counts.

        Returns:
            Whether the knob moves; False where it is protected, or at its end already.
        """
        if confidence >= COMMANDED:
            self.pinned.discard(f"{fx}.{name}")
        if not self._movable(fx, name):
            return False
        self.free.add(f"{fx}.{name}")
        parameter = effect(fx).parameter(name)
        goal, known = parameter.from_unit(position), self.moves.get((fx, name))
        now = self.chain[fx].params[name]
        if known is not None and (known.to - now) * (goal - now) > 0 and known.confidence >= SURE:
            goal = max(known.to, goal, key=lambda v: abs(v - now))
        self.moves[fx, name] = Move(fx, name, goal, confidence)
        return abs(goal - now) > 1e-9

    def turn(
        self, fx: str, name: str, sense: int, amount: float = 1.0, confidence: float = COMMANDED
    ) -> bool:
        """Turn a knob up (+1) or down (-1) by what is heard as one step, times the amount.

        Returns:
            As `move`.
        """
        if self.protected(f"{fx}.{name}"):
            return False
        parameter = effect(fx).parameter(name)
        position = self.position(fx, name, sense)
        if parameter.neutral is None:
            goal = position + sense * FREE_STEPS * parameter.step * amount
        else:
            silent = self.silent(fx, name, position)
            if (position - silent) * sense >= 0:
                most = max(LESS_SHARE * abs(position - silent), parameter.step) * amount
                goal = position + sense * most
            else:
                goal = turned_back(parameter, position, silent, amount)
        return self.move(fx, name, goal, confidence)

    def turn_whole(self, fx: str, sense: int, amount: float = 1.0) -> bool:
        """Turn every knob of an effect away from neutral (+1) or back to it (-1).

        Returns:
            Whether one of them moves.
        """
        if self.protected(fx):
            return False
        moved = False
        scale = max(1 - MOST_SHARE, 1 + sense * LESS_SHARE * amount)
        for parameter in effect(fx).parameters:
            if parameter.neutral is not None:
                position = self.position(fx, parameter.name)
                silent = self.silent(fx, parameter.name, position)
                if abs(position - silent) > 0.01:
                    goal = silent + scale * (position - silent)
                    moved |= self.move(fx, parameter.name, goal, COMMANDED)
        return moved

    def fix(self, fx: str, values: Params) -> None:
        """Set knobs to numbers; only a request about them moves them from then on."""
        values = {k: v for k, v in values.items() if not self.protected(f"{fx}.{k}")}
        self.chain = self.chain.with_params({fx: values})
        for name in values:
            self.pinned.add(f"{fx}.{name}")
            self.free.discard(f"{fx}.{name}")
            self.moves.pop((fx, name), None)

    def set(self, fx: str, name: str, value: float) -> None:
        """Set one knob, in its unit; infinite is as far as it goes. A missing effect is added."""
        if self.protected(f"{fx}.{name}"):
            return
        parameter = effect(fx).parameter(name)
        if fx not in self.chain:
            if value == parameter.neutral:
                self.say(f"There is no {TITLES[fx]} in the chain, so nothing changes.")
                return
            self.insert(Slot(fx))
        set_to = parameter.clamp(value)
        self.fix(fx, {name: set_to})
        near = isinf(value) or abs(set_to - value) < 1e-9
        note = "" if near else FURTHEST
        self.say(
            f"The {parameter.title} of the {TITLES[fx]} is set to {parameter.text(set_to)}{note}."
        )

    def equalize(self, hz: float, gain_db: float, q: float = 0.0) -> bool:
        """A gain at a frequency: on the band that stands there already, or the nearest idle one.

        Args:
            hz: Where.
            gain_db: Added to what the band there does already.
            q: Of the band, where it can be so narrow; 0 leaves it as it is.

        Returns:
            Whether something changes.
        """
        if self.protected("eq"):
            return False
        if "eq" not in self.chain:
            self.chain = self.chain.added(Slot("eq"))
        bands = [band for band, *_ in BANDS]
        free = [
            band
            for band in bands
            if not {f"eq.{band}_{part}" for part in PARTS} & (self.locked | self.held)
        ]
        if not free:
            self.say("Every band of the equalizer is locked, so nothing changes.")
            return False

        def distance(band: str) -> float:
            parameter = effect("eq").parameter(f"{band}_cutoff_freq")
            within = abs(parameter.clamp(hz) - hz) < 1e-6
            octaves = abs(_octaves(self.value("eq", f"{band}_cutoff_freq"), hz))
            idle = abs(self.value("eq", f"{band}_gain_db")) < 0.5
            return (0 if within else 100) + (0 if idle or octaves < 0.35 else 10) + octaves

        # Below and above what the peaks reach, the shelves do it.
        band = min(free, key=lambda b: distance(b) + 5 * (not b.startswith("band")))
        same = abs(_octaves(self.value("eq", f"{band}_cutoff_freq"), hz)) < 0.35
        before = self.value("eq", f"{band}_gain_db") if same else 0.0
        parameter = effect("eq").parameter(f"{band}_gain_db")
        gain = parameter.clamp(before + gain_db)
        frequency = effect("eq").parameter(f"{band}_cutoff_freq")
        at = frequency.clamp(hz)
        width = effect("eq").parameter(f"{band}_q_factor")
        width_value = width.clamp(q) if q else self.value("eq", width.name)
        band_values = {"gain_db": gain, "cutoff_freq": at, "q_factor": width_value}
        self.fix("eq", {f"{band}_{name}": value for name, value in band_values.items()})
        note = FURTHEST if abs(gain - before - gain_db) > 1e-6 or abs(at - hz) > 1e-6 else ""
        change = parameter.text(gain - before)
        self.say(f"The equalizer changes {frequency.text(at)} by {change}{note}.")
        return True

    def widen(self, hz: float, q: float) -> None:
        """The Q of the band that stands at a frequency."""
        if "eq" not in self.chain or self.protected("eq"):
            return
        band = min(
            (band for band, *_ in BANDS),
            key=lambda b: (
                abs(_octaves(self.value("eq", f"{b}_cutoff_freq"), hz))
                + (0 if abs(self.value("eq", f"{b}_gain_db")) > 1e-9 else 5)
            ),
        )
        self.set("eq", f"{band}_q_factor", q)

    # Keeping.

    def hold(self, keys: Sequence[str]) -> None:
        """Leave effects or knobs alone this turn."""
        self.held.update(keys)
        if keys:
            verb = "is" if len(keys) == 1 else "are"
            self.say(f"{_subject(*keys)} {verb} left alone.")

    def lock(self, keys: Sequence[str]) -> None:
        """Leave effects or knobs alone from now on, where this turn has put them."""
        for move in [m for m in self.moves.values() if {m.fx, f"{m.fx}.{m.name}"} & set(keys)]:
            self.chain = self.chain.with_params({move.fx: {move.name: move.to}})
            del self.moves[move.fx, move.name]
        self.locked.update(keys)
        if keys:
            names = " and ".join(f"'unlock the {title_of(key)}'" for key in keys)
            verb = "is" if len(keys) == 1 else "are"
            self.say(f"{_subject(*keys)} {verb} locked: nothing moves it until you say {names}.")

    def unlock(self, keys: Sequence[str]) -> None:
        """Let them move again; an effect's knobs go with it."""
        hit = {k for k in self.locked if k in keys or k.split(".")[0] in keys}
        self.locked -= hit
        if hit:
            verb = "is" if len(hit) == 1 else "are"
            self.say(f"{_subject(*sorted(hit))} {verb} unlocked.")
        else:
            self.say("That is not locked, so nothing changes.")

    # Plugins.

    def use(self, plugin: Owned, fx: str = "", always: bool = True, place: str = "") -> None:
        """Use a plugin of the user's, for the effect of its kind or beside the others.

        Args:
            plugin: Which.
            fx: The effect of ours that it stands for; by default the one that it is like.
            always: Whether it comes in where the chain has no such effect.
            place: See `Use`.
        """
        fx = fx or plugin.fx
        for other in [u for u in self.uses.values() if fx and u.fx == fx]:
            del self.uses[other.plugin]
        self.uses[plugin.id] = Use(plugin.id, fx, always, place)
        if fx in self.chain or (fx and not always):
            self.say(f"{plugin.title} is your {TITLES[fx]}.")
        else:
            self.say(f"{plugin.title} is added.")

    def put_away(self, plugin: Owned, effect_too: bool = True) -> None:
        """Use a plugin no more.

        Args:
            plugin: Which.
            effect_too: Whether the effect that it stands for goes, too; else ours comes back.
        """
        use = self.uses.pop(plugin.id, None)
        if use is None:
            self.say(f"{plugin.title} is not used, so nothing is removed.")
        elif effect_too and use.fx in self.chain:
            self.remove(use.fx)
        else:
            self.say(f"{plugin.title} is not used any more.")

    # Turns; `history` has what is said of them.

    def become(
        self, chain: Chain, uses: Sequence[Use], pinned: Collection[str] = frozenset()
    ) -> None:
        """Start from another chain instead, with the plugins used and the numbers set in it.

        What is locked or left alone stays as it is now.
        """
        self.chain = self._with_protected(chain)
        self.uses = {use.plugin: use for use in uses}
        self.moves.clear()
        self.free.clear()
        self.pinned = {key for key in pinned if key.split(".")[0] in self.chain}

    def _with_protected(self, chain: Chain) -> Chain:
        """A chain with what is locked or left alone as it is now; says so where that differs."""
        ids = list(chain.ids)
        for place, slot in enumerate(self.chain):
            keys = [k for k in sorted(self.locked | self.held) if k.split(".")[0] == slot.fx]
            if not keys:
                continue
            if slot.fx not in ids:
                before = [ids.index(fx) + 1 for fx in self.chain.ids[:place] if fx in ids]
                ids.insert(max(before, default=0), slot.fx)
                chain = chain.added(slot).reordered(ids)
            else:
                whole = slot.fx in keys
                kept = {k: v for k, v in slot.params.items() if whole or f"{slot.fx}.{k}" in keys}
                if kept.items() <= chain[slot.fx].params.items():
                    continue
                chain = chain.with_params({slot.fx: kept})
            self.protected(keys[0])
        return chain


def turned_back(parameter: Parameter, position: float, silent: float, amount: float) -> float:
    """A knob position less far from silent, by a share of it and at least a step that is heard.

    Never all the way: less is not none.
    """
    distance = position - silent
    most = max(LESS_SHARE * abs(distance), LEAST_STEPS * parameter.step) * amount
    return position - min(most, MOST_SHARE * abs(distance)) * (1 if distance > 0 else -1)


def listed(items: Sequence[str]) -> str:
    """`a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def title_of(key: str) -> str:
    """What a person calls an effect or a knob (`fx`, `fx.name`)."""
    fx, _, name = key.partition(".")
    if fx not in TITLES:  # a plugin
        return f"{name} of {fx}" if name else fx
    return f"{effect(fx).parameter(name).title} of the {TITLES[fx]}" if name else TITLES[fx]


def _subject(*keys: str) -> str:
    return f"The {listed([title_of(key) for key in keys])}"


def _octaves(a: float, b: float) -> float:
    return log2(b / a) if a > 0 and b > 0 else 99.0
