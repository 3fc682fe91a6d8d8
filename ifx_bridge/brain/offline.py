"""The brain that needs no key and no network: a grammar, a lexicon, and statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

from ifx_bridge.brain import grammar
from ifx_bridge.brain.grammar import MAIN_KNOB, Request
from ifx_bridge.brain.plan import Context, Move, Plan, scaled, settled
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.eq import BANDS
from ifx_bridge.effects.spec import Parameter, effect
from ifx_bridge.words.knowledge import Descriptor, Knowledge, knowledge

# How far "less" goes: this share of what there is, times the amount, but a step that is heard.
LESS_SHARE = 0.4
LEAST_STEPS = 0.65
MOST_SHARE = 0.85
# Re-tuning an effect toward a word it was not made for.
RETUNE_SHARE = 0.6
# Similarity in the vocabulary from which an unknown word is taken to mean a known one.
TRUSTED = 0.52
OFFERED = 0.3
# From here even a word's listed opposite does not speak against it.
SURELY = 0.8
TITLES = {
    "eq": "equalizer", "comp": "compressor", "rev": "reverb", "dist": "distortion",
    "delay": "delay", "pitchshift": "pitch shift", "bitcrush": "bit crusher",
}  # fmt: skip
# What a knob without neutral position may do on its own when its effect is new.
FREE_BY_NAME = ("room_size", "damping", "cutoff_freq")


class Offline:
    """See the module; deterministic, well under 100 ms."""

    name = "offline"

    @cached_property
    def _knowledge(self) -> Knowledge:
        return knowledge()

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._knowledge.names)

    def plan(self, instruction: str, context: Context) -> Plan:
        """See `Brain`."""
        requests = grammar.parse(instruction, self._known)
        draft = _Draft(self._knowledge, context)
        for request in self._without_repeats(requests):
            draft.carry_out(request)
        return settled(draft.plan(instruction), context.locked)

    def _without_repeats(self, requests: Sequence[Request]) -> list[Request]:
        """Without effects by name that a descriptor of the same clause brings ("slapback echo")."""
        brought = {
            (request.text, fx)
            for request in requests
            if request.verb == "quality"
            and (descriptor := self._knowledge.find(request.target)) is not None
            for fx in descriptor.effects
        }
        return [r for r in requests if r.verb != "add" or (r.text, r.target) not in brought]


class _Draft:
    """A plan being written, request by request."""

    def __init__(self, known: Knowledge, context: Context) -> None:
        self.knowledge = known
        self.context = context
        self.chain = context.chain
        self.moves: dict[tuple[str, str], Move] = {}
        self.free: set[str] = set()
        self.held: set[str] = set()
        self.toward: list[str] = []
        self.away: list[str] = []
        self.amounts: list[float] = []
        self.said: list[str] = []
        self.misunderstood: list[str] = []

    def plan(self, instruction: str) -> Plan:
        understood = bool(self.said)
        if not understood and not self.misunderstood:
            self.misunderstood.append(self._offer(instruction))
        moves = tuple(m for m in self.moves.values() if m.fx in self.chain)
        return Plan(
            instruction=instruction,
            start=self.chain,
            moves=moves,
            free=frozenset(k for k in self.free if k.split(".")[0] in self.chain),
            held=frozenset(self.held),
            toward=tuple(dict.fromkeys(self.toward)),
            away=tuple(dict.fromkeys(self.away)),
            amount=sum(self.amounts) / len(self.amounts) if self.amounts else 1.0,
            explanation=" ".join([*self.said, *self.misunderstood]),
            understood=understood,
        )

    def carry_out(self, request: Request) -> None:
        handler: Callable[[Request], None] = getattr(self, f"_{request.verb}")
        handler(request)

    def _say(self, sentence: str) -> None:
        sentence = sentence[0].upper() + sentence[1:]
        if sentence not in self.said:
            self.said.append(sentence)

    # Qualities.

    def _quality(self, request: Request) -> None:
        descriptor = self.knowledge.find(request.target)
        assert descriptor is not None
        if request.less:
            self._complaint(descriptor, request)
        else:
            self._want(descriptor, request.amount, request.target, request.value)

    def _want(self, descriptor: Descriptor, amount: float, said: str, size: float = 0.0) -> None:
        opposite = self.knowledge.opposite(descriptor)
        if descriptor.relief and opposite is not None:
            if self._relieve(opposite, descriptor.name, amount):
                return
            if not descriptor.effects:
                self._say(
                    f"It is as {descriptor.name} as the clip itself: nothing in the chain is in "
                    "the way, so nothing changes."
                )
                return
        if descriptor.name in self.toward:
            return  # said twice in other words
        if self._raise(descriptor, amount):
            return
        slots = [_sized(slot, size) for slot in descriptor.slots()]
        new = [slot for slot in slots if slot.fx not in self.chain]
        for slot in slots:
            if slot.fx in self.chain:
                self._retune(slot, amount)
            else:
                self._insert(slot, amount)
        self.toward.append(descriptor.name)
        self.amounts.append(amount)
        fresh = [slot.fx for slot in new]
        kept = [f"the {TITLES[fx]}" for fx in descriptor.effects if fx not in fresh]
        parts = []
        if fresh:
            added = _listed([f"{_article(TITLES[fx])} {TITLES[fx]}" for fx in fresh])
            parts.append(f"{added} {'is' if len(fresh) == 1 else 'are'} added")
        if kept:
            parts.append(f"{_listed(kept)} {'is' if len(kept) == 1 else 'are'} re-tuned")
        taken = "" if said == descriptor.name else f" (taken as '{descriptor.name}')"
        self._say(f"{' and '.join(parts)} for '{said}'{taken}.")

    def _raise(self, descriptor: Descriptor, amount: float) -> bool:
        """Turn up what makes it so already, when it is not what we would add ("harsher")."""
        first = descriptor.causes[0] if descriptor.causes else None
        if first is None or first.fx not in self.chain or first.fx in descriptor.effects:
            return False
        if any(fx in self.chain for fx in descriptor.effects):
            return False
        self._turn(Request("more", f"{first.fx}.{first.name}", amount=amount), first.sign)
        self.toward.append(descriptor.name)
        self.amounts.append(amount)
        return True

    def _complaint(self, descriptor: Descriptor, request: Request) -> None:
        opposite = self.knowledge.opposite(descriptor)
        wanted = opposite.name if opposite else ""
        causes = {cause.fx for cause in descriptor.causes}
        fresh = bool(causes & (set(self.chain.ids) - set(self.context.chain.ids)))
        if not (request.avoid and fresh) and self._relieve(descriptor, wanted, request.amount):
            return
        if request.avoid:
            if not fresh:
                self._say(f"Nothing in the chain makes it {descriptor.name}; that stays so.")
            return
        if opposite is not None and opposite.effects:
            self._want(opposite, 0.6 * request.amount, opposite.name)
            return
        self._say(f"Nothing in the chain makes it {descriptor.name}, so nothing changes.")

    def _relieve(self, descriptor: Descriptor, wanted: str, amount: float) -> bool:
        """Turn back what causes a quality; False when nothing in the chain does."""
        culprit = ""
        knobs = []
        for cause in descriptor.causes:
            if cause.fx not in self.chain or self.chain[cause.fx].bypass:
                continue
            if culprit and cause.fx != culprit:
                continue
            parameter = effect(cause.fx).parameter(cause.name)
            position = parameter.to_unit(self._value(cause.fx, cause.name, -cause.sign))
            if parameter.neutral is None:
                if not culprit:  # such a knob colours what another one does; it is no cause alone
                    continue
                target = position - cause.sign * parameter.step * amount
            else:
                neutral = parameter.to_unit(parameter.neutral)
                distance = (position - neutral) * cause.sign
                if distance < 0.02:
                    continue
                target = _turned_back(parameter, position, neutral, amount)
            culprit = cause.fx
            knobs.append(parameter.title)
            self._move(cause.fx, parameter, target, 0.9)
        if not culprit:
            return False
        self.toward += [wanted] if wanted else []
        self.away.append(descriptor.name)
        self.amounts.append(amount)
        self._say(
            f"The {TITLES[culprit]} is what makes it {descriptor.name}, so its {_listed(knobs)} "
            f"{'is' if len(knobs) == 1 else 'are'} turned back."
        )
        return True

    def _retune(self, typical: Slot, amount: float) -> None:
        """Moves of an effect that is there already, toward another word's typical values."""
        changes: dict[str, float] = {}
        for parameter in typical.effect.parameters:
            name = parameter.name
            now, there = self._value(typical.fx, name), typical.params[name]
            position, target = parameter.to_unit(now), parameter.to_unit(there)
            if parameter.neutral is None:
                if typical.fx == "eq":
                    band = name.rsplit("_", 2)[0].removesuffix("_cutoff").removesuffix("_q")
                    gain = self._value("eq", f"{band}_gain_db")
                    wanted = typical.params[f"{band}_gain_db"]
                    if abs(gain) < 1.0 and abs(wanted) >= 1.0:
                        changes[name] = there  # the band was idle: no one hears it move
                elif abs(target - position) > 0.02:
                    self._move(typical.fx, parameter, position + 0.5 * (target - position), 0.5)
                continue
            neutral = parameter.to_unit(parameter.neutral)
            reach = (target - neutral) * amount
            if abs(reach) < 0.01:
                continue
            fresh = typical.fx not in self.context.chain
            if fresh and reach * (position - neutral) > 0:  # two words in one: the stronger counts
                goal = neutral + max(reach, position - neutral, key=abs)
            elif typical.fx == "eq":
                goal = position + RETUNE_SHARE * reach
            elif abs(reach) > abs(position - neutral):
                goal = neutral + reach
            else:
                goal = position + 0.5 * LESS_SHARE * amount * (position - neutral)
            self._move(typical.fx, parameter, goal, 0.8)
        if changes:
            self.chain = self.chain.with_params({typical.fx: changes})

    def _insert(self, slot: Slot, amount: float) -> None:
        """A new effect at the end: later words act on what is already heard."""
        slot = replace(slot, params=scaled(slot.params, slot.fx, amount))
        self.chain = self.chain.added(slot)
        for parameter in slot.effect.parameters:
            value = slot.params[parameter.name]
            free = parameter.neutral is not None or parameter.name.endswith(FREE_BY_NAME)
            if slot.fx == "eq" and not parameter.name.endswith("_gain_db"):
                free = parameter.name.endswith("cutoff_freq")
            if free:
                self.free.add(f"{slot.fx}.{parameter.name}")
                self.moves[slot.fx, parameter.name] = Move(slot.fx, parameter.name, value, 0.5)

    # Effects and knobs by name.

    def _add(self, request: Request) -> None:
        fx = request.target
        if fx in self.chain:
            self._more(request)
        elif fx == "eq":
            self._say("A flat equalizer is added; say what it should do, such as 'brighter'.")
            self.chain = self.chain.added(Slot("eq"))
        elif fx == "pitchshift":
            self.misunderstood.append(
                "Which way should the pitch go? Say 'up 3 semitones' or 'an octave down'."
            )
        else:
            self._insert(Slot(fx, effect(fx).defaults()), request.amount)
            self._say(f"{_article(TITLES[fx])} {TITLES[fx]} is added.")

    def _more(self, request: Request) -> None:
        self._turn(request, +1)

    def _less(self, request: Request) -> None:
        self._turn(request, -1)

    def _remove(self, request: Request) -> None:
        fx = self._present(request.target)
        if fx is None:
            self._say(f"There is no {TITLES[request.target]} in the chain, so nothing is removed.")
            return
        self.chain = self.chain.removed(fx)
        self._say(f"The {TITLES[fx]} is removed.")

    def _present(self, fx: str) -> str | None:
        """The effect meant: people say echo for reverb and the other way round."""
        if fx in self.chain:
            return fx
        twin = {"delay": "rev", "rev": "delay", "bitcrush": "dist", "dist": "bitcrush"}.get(fx)
        return twin if twin in self.chain else None

    def _turn(self, request: Request, sense: int) -> None:
        fx, knob = (
            request.target.split(".", 1) if "." in request.target else MAIN_KNOB[request.target]
        )
        if knob.startswith("-"):
            sense, knob = -sense, knob[1:]
        if fx not in self.chain:
            if fx == "eq" and knob:
                self._insert(Slot("eq", {knob: sense * 6.0}), request.amount)
                self._say(f"The equalizer turns the {effect('eq').parameter(knob).title} "
                          f"{'up' if sense > 0 else 'down'}.")  # fmt: skip
            elif knob == "semitones":
                self._insert(Slot(fx, {knob: sense * 4.0}), request.amount)
                self._say(f"The pitch goes {'up' if sense > 0 else 'down'}.")
            elif sense > 0 or knob == "bit_depth" or "." in request.target:
                self._insert(Slot(fx), request.amount)
                self._say(f"{_article(TITLES[fx])} {TITLES[fx]} is added.")
            else:
                other = self._present(fx)
                if other is None:
                    self._say(f"There is no {TITLES[fx]} in the chain, so nothing changes.")
                    return
                self._turn(replace(request, target=other), sense)
            return
        if not knob:
            scale = 1 + sense * LESS_SHARE * request.amount
            for parameter in effect(fx).parameters:
                if parameter.neutral is not None:
                    neutral = parameter.to_unit(parameter.neutral)
                    distance = parameter.to_unit(self._value(fx, parameter.name)) - neutral
                    if abs(distance) > 0.01:
                        self._move(fx, parameter, neutral + scale * distance, 0.9)
            self._say(f"The {TITLES[fx]} does {'more' if sense > 0 else 'less'}.")
            return
        parameter = effect(fx).parameter(knob)
        position = parameter.to_unit(self._value(fx, knob, sense))
        if parameter.neutral is None:
            goal = position + sense * 1.5 * parameter.step * request.amount
        else:
            neutral = parameter.to_unit(parameter.neutral)
            if (position - neutral) * sense >= 0:
                most = max(LESS_SHARE * abs(position - neutral), parameter.step) * request.amount
                goal = position + sense * most
            else:
                goal = _turned_back(parameter, position, neutral, request.amount)
        self._move(fx, parameter, goal, 0.9)
        self._say(
            f"The {parameter.title} of the {TITLES[fx]} goes {'up' if sense > 0 else 'down'}."
        )

    def _set(self, request: Request) -> None:
        fx, knob = request.target.split(".", 1)
        value = request.value
        if (fx, knob) == ("rev", "seconds"):
            knob, value = "room_size", _room_size(value)
        parameter = effect(fx).parameter(knob)
        if fx not in self.chain:
            self._insert(Slot(fx), 1.0)
        set_to = parameter.clamp(value)
        self._fix(fx, {knob: set_to})
        note = "" if abs(set_to - value) < 1e-9 else ", the furthest it goes"
        self._say(
            f"The {parameter.title} of the {TITLES[fx]} is set to {parameter.text(set_to)}{note}."
        )

    def _shift(self, request: Request) -> None:
        if request.target == "eq@":
            self._equalize(request.hz, request.value)
            return
        fx, knob = request.target.split(".", 1)
        if fx not in self.chain:
            self._insert(Slot(fx), 1.0)
        now = self._value(fx, knob)
        self._set(replace(request, value=now + request.value))

    def _equalize(self, hz: float, gain_db: float) -> None:
        """A gain at a frequency: on the band that stands there already, or the nearest idle one."""
        if "eq" not in self.chain:
            self.chain = self.chain.added(Slot("eq"))
        peaks = [band for band, *_ in BANDS if band.startswith("band")]

        def distance(band: str) -> float:
            parameter = effect("eq").parameter(f"{band}_cutoff_freq")
            within = abs(parameter.clamp(hz) - hz) < 1e-6
            now = self._value("eq", f"{band}_cutoff_freq")
            octaves = abs(_octaves(now, hz))
            idle = abs(self._value("eq", f"{band}_gain_db")) < 0.5
            return (0 if within else 100) + (0 if idle or octaves < 0.35 else 10) + octaves

        # Below and above what the peaks reach, the shelves do it.
        band = min([*peaks, "low_shelf", "high_shelf"], key=lambda b: distance(b) + 5 * ("s" in b))
        same = abs(_octaves(self._value("eq", f"{band}_cutoff_freq"), hz)) < 0.35
        before = self._value("eq", f"{band}_gain_db") if same else 0.0
        parameter = effect("eq").parameter(f"{band}_gain_db")
        gain = parameter.clamp(before + gain_db)
        frequency = effect("eq").parameter(f"{band}_cutoff_freq")
        at = frequency.clamp(hz)
        self._fix("eq", {f"{band}_gain_db": gain, f"{band}_cutoff_freq": at})
        self._say(f"The equalizer changes {frequency.text(at)} by {parameter.text(gain_db)}.")

    def _fix(self, fx: str, values: dict[str, float]) -> None:
        self.chain = self.chain.with_params({fx: values})
        for name in values:
            self.held.add(f"{fx}.{name}")
            self.free.discard(f"{fx}.{name}")
            self.moves.pop((fx, name), None)

    # Order and keeping.

    def _keep(self, request: Request) -> None:
        kept = [request.target]
        if request.target not in TITLES:
            descriptor = self.knowledge.find(request.target)
            assert descriptor is not None
            sources = {*descriptor.effects, *(c.fx for c in descriptor.causes[:1])}
            kept = [fx for fx in self.chain.ids if fx in sources]
        self.held.update(kept)
        if kept:
            verb = "is" if len(kept) == 1 else "are"
            self._say(f"The {_listed([TITLES[fx] for fx in kept])} {verb} left alone.")

    def _reverse(self, request: Request) -> None:
        if len(self.chain) < 2:
            self._say("There is no order to change: the chain has fewer than two effects.")
            return
        self.chain = self.chain.reordered(self.chain.ids[::-1])
        order = " → ".join(TITLES[fx] for fx in self.chain.ids)
        self._say(f"The signal order is now {order}.")

    def _first(self, request: Request) -> None:
        self._reorder(request.target, lambda rest: 0, "first")

    def _last(self, request: Request) -> None:
        self._reorder(request.target, len, "last")

    def _before(self, request: Request) -> None:
        place = f"before the {TITLES[request.other]}"
        self._reorder(request.target, lambda rest: rest.index(request.other), place, request.other)

    def _after(self, request: Request) -> None:
        place = f"after the {TITLES[request.other]}"
        self._reorder(
            request.target, lambda rest: rest.index(request.other) + 1, place, request.other
        )

    def _reorder(
        self, fx: str, index: Callable[[list[str]], int], place: str, other: str = ""
    ) -> None:
        missing = [f for f in (fx, other) if f and f not in self.chain]
        if missing:
            names = _listed([TITLES[f] for f in missing])
            self._say(f"There is no {names} in the chain, so the order stays.")
            return
        rest = [f for f in self.chain.ids if f != fx]
        rest.insert(index(rest), fx)
        self.chain = self.chain.reordered(rest)
        self._say(f"The {TITLES[fx]} now comes {place}.")

    # The session.

    def _back(self, request: Request) -> None:
        if not self.context.chains:
            self._say("There is nothing to undo yet.")
            return
        self._become(self.context.previous)
        self._say("The last turn is taken back.")

    def _reset(self, request: Request) -> None:
        self._become(Chain())
        self._say("All effects are removed; this is the dry sound.")

    def _become(self, chain: Chain) -> None:
        self.chain = chain
        self.held |= set(chain.ids)

    def _again(self, request: Request) -> None:
        self._repeat(0.5 * request.amount, "further")

    def _halfway(self, request: Request) -> None:
        self._repeat(-0.5 * min(request.amount, 1.6), "part of the way back")

    def _repeat(self, share: float, how: str) -> None:
        """Go on, or back, on the way from the previous chain to this one."""
        previous, changed = self.context.previous, False
        for slot in self.context.chain:
            for parameter in slot.effect.parameters:
                position = parameter.to_unit(slot.params[parameter.name])
                if slot.fx in previous:
                    origin = parameter.to_unit(previous[slot.fx].params[parameter.name])
                elif parameter.neutral is not None:
                    origin = parameter.to_unit(parameter.neutral)
                else:
                    continue
                if abs(position - origin) > 1e-3:
                    changed = True
                    self._move(slot.fx, parameter, position + share * (position - origin), 0.9)
        if changed:
            self._say(f"What the last turn did goes {how}.")
        else:
            self._say("The last turn changed no knob, so there is nothing to go further with.")

    def _level(self, request: Request) -> None:
        self._say(
            "Every turn is matched in loudness to the dry clip, so that louder does not pass for "
            "better; nothing changes. Use the fader of the track."
        )

    def _tempo(self, request: Request) -> None:
        self._say(
            "No effect here changes the tempo, so nothing changes. The pitch can move: say 'down 3 "
            "semitones'."
        )

    # Not understood.

    def _unknown(self, request: Request) -> None:
        words = request.target
        best = self._nearest(words)
        reverse = self._opposite_of(words)
        same = best is not None and self.knowledge.find(best[0]) is reverse
        if reverse is not None and (same or best is None or best[1] < SURELY):
            if request.less:
                self._want(reverse, request.amount, reverse.name)
            else:
                self._complaint(reverse, request)
            return
        for candidate in [words, *words.split()]:
            found = self._nearest(candidate)
            if found and (best is None or found[1] > best[1]):
                best = found
        if best is not None and best[1] >= TRUSTED:
            name = self.knowledge.names[best[0]]
            descriptor = self.knowledge.descriptors[name]
            if request.less:
                self._complaint(descriptor, request)
            else:
                self._want(descriptor, request.amount, words)
        else:
            self.misunderstood.append(self._offer(words))

    def _opposite_of(self, word: str) -> Descriptor | None:
        """The descriptor that a word is the opposite of ("unclear" of "clear")."""
        from ifx_bridge.words.vocabulary import Vocabulary

        for other in Vocabulary.load().opposites(word):
            if (found := self.knowledge.find(other)) is not None:
                return found
        return None

    def _nearest(self, phrase: str) -> tuple[str, float] | None:
        from ifx_bridge.words.vocabulary import Vocabulary

        vocabulary = Vocabulary.load()
        names = list(self.knowledge.names)
        corrected = vocabulary.correct(phrase) if " " not in phrase else None
        if corrected is not None and corrected in self.knowledge.names and phrase != corrected:
            return corrected, 1.0
        matches = vocabulary.nearest(phrase, names, 1)
        return (matches[0].word, matches[0].similarity) if matches else None

    def _offer(self, words: str) -> str:
        from ifx_bridge.words.vocabulary import Vocabulary

        matches = Vocabulary.load().nearest(words, list(self.knowledge.descriptors), 3)
        near = [f"'{m.word}'" for m in matches if m.similarity >= OFFERED]
        offer = (
            f" The nearest I know: {', '.join(near)}."
            if near
            else (
                " Say how it should sound ('warmer', 'like a church'), name an effect "
                "('more reverb'), or give a number ('cut 3 dB at 300 Hz')."
            )
        )
        words = words if len(words) <= 60 else words[:57] + "..."
        return f"I do not understand '{words}', so it changes nothing.{offer}"

    # Small things.

    def _value(self, fx: str, name: str, sense: int = 0) -> float:
        """Where a knob stands by now.

        One that moves in this sense (+1, -1) already still counts as unmoved: two requests that
        say the same are one ("too harsh, soften it").
        """
        move, now = self.moves.get((fx, name)), self.chain[fx].params[name]
        return now if move is None or (move.to - now) * sense > 0 else move.to

    def _move(self, fx: str, parameter: Parameter, position: float, confidence: float) -> None:
        key = f"{fx}.{parameter.name}"
        if key in self.held or fx in self.held:
            return
        self.free.add(key)
        goal = parameter.from_unit(position)
        known = self.moves.get((fx, parameter.name))
        # Of two requests that say the same the larger step counts.
        now = self.chain[fx].params[parameter.name]
        if known is not None and (known.to - now) * (goal - now) > 0 and known.confidence >= 0.8:
            goal = max(known.to, goal, key=lambda v: abs(v - now))
        self.moves[fx, parameter.name] = Move(fx, parameter.name, goal, confidence)


def _sized(slot: Slot, size: float) -> Slot:
    """A reverb with a larger or smaller room; other effects as they are."""
    if slot.fx != "rev" or not size:
        return slot
    return replace(slot, params={**slot.params, "room_size": slot.params["room_size"] + size})


def _turned_back(parameter: Parameter, position: float, neutral: float, amount: float) -> float:
    """A knob position less far from neutral, by a share of it and at least a step that is heard.

    Never all the way: less is not none.
    """
    distance = position - neutral
    most = max(LESS_SHARE * abs(distance), LEAST_STEPS * parameter.step) * amount
    return position - min(most, MOST_SHARE * abs(distance)) * (1 if distance > 0 else -1)


def _room_size(seconds: float) -> float:
    # A comb of 31 ms (their mean) with feedback g falls by 60 dB in -3 * 0.031 / log10(g) s.
    from ifx_bridge.effects.rev import ROOM_OFFSET, ROOM_SCALE

    feedback = 10 ** (-3 * 0.031 / max(seconds, 0.05))
    return float((feedback - ROOM_OFFSET) / ROOM_SCALE)


def _octaves(a: float, b: float) -> float:
    from math import log2

    return log2(b / a) if a > 0 and b > 0 else 99.0


def _article(title: str) -> str:
    return "an" if title[0] in "aeiou" else "a"


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
