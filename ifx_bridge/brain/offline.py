"""The brain that needs no key and no network: a grammar, a lexicon, and statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ifx_bridge.brain import grammar, history, naming
from ifx_bridge.brain.draft import COMMANDED, LESS_SHARE, TITLES, Draft, listed, turned_back
from ifx_bridge.brain.fitting import fitted, in_time
from ifx_bridge.brain.knobs import WHOLE
from ifx_bridge.brain.phrases import ALL, INTRODUCED, MAIN_KNOB
from ifx_bridge.brain.plan import SURE, Context, Plan, never
from ifx_bridge.brain.requests import Request
from ifx_bridge.effects.chain import Slot
from ifx_bridge.effects.eq import response_db
from ifx_bridge.effects.spec import effect
from ifx_bridge.errors import Cancelled
from ifx_bridge.words.knowledge import Descriptor, Knowledge, knowledge

# Re-tuning an effect toward a word it was not made for.
RETUNE_SHARE = 0.6
# A complaint asks for less of the change than a wish does.
AGAINST = 0.6
# Nor are the filters of a scene turned into boosts of their size.
MOST_AGAINST_DB = 10.0
# Similarity in the vocabulary from which an unknown word is taken to mean a known one.
TRUSTED = 0.57
# Of a phrase that is not introduced as a sound ("like a ...", "in a ..."), more is asked.
TRUSTED_UNINTRODUCED = 0.65
# A word of a phrase says less than the phrase: so much less is its similarity.
PART = 0.12
OFFERED = 0.3
# What is done at a frequency when nobody says by how much, and to take something out of there.
USUAL_DB, OUT_DB, OUT_Q = 4.0, 12.0, 4.0
# Less than this of a curve is nothing.
LEAST_DB = 0.5
# Longer instructions are cut; nobody speaks so much in one turn.
LONGEST_INSTRUCTION = 300
MOST_REQUESTS = 20
# From here even a word's listed opposite does not speak against it.
SURELY = 0.8


class Offline:
    """See the module; deterministic, well under 100 ms."""

    name = "offline"

    def __init__(self) -> None:
        """With the shipped knowledge; read here, so that the first plan is as quick as any."""
        from ifx_bridge.words.vocabulary import Vocabulary

        self._knowledge = knowledge()
        self._known = frozenset(self._knowledge.names)
        vocabulary = Vocabulary.load()
        for names in (_alone(self._knowledge.names), list(self._knowledge.descriptors)):
            vocabulary.nearest("warm", names)
        vocabulary.opposites("warm")
        grammar.parse("reverv", self._known)

    def plan(
        self, instruction: str, context: Context, cancelled: Callable[[], bool] = never
    ) -> Plan:
        """See `Brain`."""
        writer = _Writer(self._knowledge, context)
        rest = naming.carry_out(_beginning(instruction), writer)
        requests = grammar.parse(rest, self._known) if rest else []
        writer.guesses = all(request.verb == "unknown" for request in requests)
        for request in _protecting_first(self._without_repeats(requests)[:MOST_REQUESTS]):
            if cancelled():
                raise Cancelled
            writer.carry_out(request)
            if writer.lost:  # nothing else that it says can be meant of another sound
                why = writer.misunderstood
                writer = _Writer(self._knowledge, context)
                writer.misunderstood = why
                break
        plan = writer.finished(instruction)
        if len(_beginning(instruction)) < len(instruction) or len(requests) > MOST_REQUESTS:
            note = "The instruction is long; only its beginning was read."
            plan = replace(plan, notes=(*plan.notes, note))
        return plan

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


def _protecting_first(requests: Sequence[Request]) -> list[Request]:
    """What is to be left alone comes first: "brighter, but do not touch the equalizer".

    What is locked after it was asked for by name stays behind that ("300 ms delay, lock the
    delay").
    """
    ordered: list[Request] = []
    for request in requests:
        place = len(ordered)
        if request.verb in ("keep", "lock"):
            fx = request.target.split(".")[0]
            named = [i for i, r in enumerate(ordered) if fx in (r.target.split(".")[0], r.other)]
            place = named[-1] + 1 if named and request.verb == "lock" else 0
        ordered.insert(place, request)
    return ordered


class _Writer(Draft):
    """Carries out requests, with what is known of words."""

    def __init__(self, known: Knowledge, context: Context) -> None:
        super().__init__(context)
        self.knowledge = known
        # Whether a turn was meant that is not there; then nothing changes.
        self.lost = False
        # Whether unknown words may mean what they are near to: beside what is understood they are
        # mostly talk.
        self.guesses = True
        # Knobs that were turned back because of how it sounds.
        self.relieved: set[tuple[str, str]] = set()

    def finished(self, instruction: str) -> Plan:
        """The plan; an instruction that said nothing gets an offer."""
        for slot in self.chain:
            timed = {f"{slot.fx}.{p.name}" for p in slot.effect.parameters if p.beats}
            fresh = slot.fx not in self.context.chain and not timed & self.pinned
            if fresh and (text := in_time(slot, self.context.facts)):
                self.say(text)
        if not self.said and not self.misunderstood:
            self.misunderstood.append(self._offer(instruction))
        return self.plan(instruction)

    def carry_out(self, request: Request) -> None:
        """Write what one request asks for."""
        handler: Callable[[Request], None] = getattr(self, f"_{request.verb}")
        handler(request)

    # Qualities.

    def _quality(self, request: Request) -> None:
        fx, name = self.knowledge.where_there.get(request.target, ("", ""))
        descriptor = self.knowledge.find(name if fx in self.context.chain else request.target)
        assert descriptor is not None
        if request.hz and descriptor.effects.keys() <= {"eq"}:
            self._quality_at(descriptor, request)
            return
        if request.hz:  # more than an equalizer: a telephone, grit
            self.misunderstood.append(f"It is not only at {request.hz:g} Hz that this changes.")
        if request.less:
            self._complaint(descriptor, request)
        else:
            self._want(descriptor, request.amount, request.target, request.value)

    def _quality_at(self, descriptor: Descriptor, request: Request) -> None:
        """More or less of what a quality does at a frequency ("muddy around 250")."""
        curve = {**effect("eq").defaults(), **descriptor.effects.get("eq", {})}
        does = response_db(curve, [request.hz])[0]
        sense = -1 if request.less else 1
        rises = does > -LEAST_DB
        self.equalize(request.hz, USUAL_DB * request.amount * (sense if rises else -sense))
        (self.away if request.less else self.toward).append(descriptor.name)
        self.amounts.append(request.amount)

    def _want(self, descriptor: Descriptor, amount: float, said: str, size: float = 0.0) -> None:
        opposite = self.knowledge.opposite(descriptor)
        if descriptor.relief and opposite is not None:
            asked = not descriptor.effects  # "clean it up" is about what is in the way
            if self._relieve(opposite, descriptor.name, amount, asked):
                return
            if not descriptor.effects:
                self.say(
                    f"It is as {descriptor.name} as the clip itself: nothing in the chain is in "
                    "the way, so nothing changes."
                )
                return
        if descriptor.name in self.toward:
            return  # said twice in other words
        if self._raise(descriptor, amount):
            return
        if size and "rev" in self.chain and "rev" in descriptor.effects:
            if self.turn("rev", "room_size", 1 if size > 0 else -1, amount):
                self.say(f"The room of the reverb gets {'larger' if size > 0 else 'smaller'}.")
            return
        fresh, kept = [], []
        for slot in (_sized(slot, size) for slot in descriptor.slots()):
            if slot.fx not in self.chain:
                fresh += [slot.fx] if self.insert(slot, amount) else []
            elif not self.protected(slot.fx) and self._retune(slot, amount):
                kept.append(f"the {TITLES[slot.fx]}")
        if not fresh and not kept:
            self.say(f"Nothing that may move makes it more {descriptor.name}.")
            return
        self.toward.append(descriptor.name)
        self.amounts.append(amount)
        parts = []
        if fresh:
            added = listed([f"{_article(TITLES[fx])} {TITLES[fx]}" for fx in fresh])
            parts.append(f"{added} {'is' if len(fresh) == 1 else 'are'} added")
        if kept:
            parts.append(f"{listed(kept)} {'is' if len(kept) == 1 else 'are'} re-tuned")
        taken = "" if said == descriptor.name else f" (taken as '{descriptor.name}')"
        self.say(f"{' and '.join(parts)} for '{said}'{taken}.")

    def _raise(self, descriptor: Descriptor, amount: float) -> bool:
        """Turn up what makes it so already, when it is not what we would add ("harsher")."""
        first = descriptor.causes[0] if descriptor.causes else None
        if first is None or first.fx not in self.chain or first.fx in descriptor.effects:
            return False
        if any(fx in self.chain for fx in descriptor.effects):
            return False
        why = f" for '{descriptor.name}'"
        request = Request("more", f"{first.fx}.{first.name}", amount=amount)
        if self._turn(request, first.sign, why):
            self.toward.append(descriptor.name)
            self.amounts.append(amount)
        return True

    def _complaint(self, descriptor: Descriptor, request: Request) -> None:
        if descriptor.name in self.away or (
            descriptor.name in self.toward and "sounds like" in request.text
        ):
            return  # said twice in other words
        opposite = self.knowledge.opposite(descriptor)
        wanted = opposite.name if opposite else ""
        scene = "sounds like" in request.text and bool(descriptor.effects.keys() - {"eq"})
        if scene and not any(c.fx in self.context.chain for c in descriptor.causes):
            self._want(descriptor, request.amount, request.target)  # said of what is not there yet
            return
        causes = {cause.fx for cause in descriptor.causes}
        fresh = bool(causes & (set(self.chain.ids) - set(self.context.chain.ids)))
        if not (request.avoid and fresh) and self._relieve(descriptor, wanted, request.amount):
            return
        if any((cause.fx, cause.name) in self.relieved for cause in descriptor.causes[:1]):
            return  # the same in other words ("squeaky like a cartoon")
        if request.avoid:
            if not fresh:
                self.say(f"Nothing in the chain makes it {descriptor.name}; that stays so.")
            return
        if "eq" in descriptor.effects:
            self._equalize_away(descriptor, wanted, request.amount)
            return
        if opposite is not None and opposite.effects:
            self._want(opposite, AGAINST * request.amount, opposite.name)
            return
        self.say(f"Nothing in the chain makes it {descriptor.name}, so nothing changes.")

    def _equalize_away(self, descriptor: Descriptor, wanted: str, amount: float) -> None:
        """What no effect in the chain causes is in the recording: the quality's curve, inverted."""
        typical = Slot("eq", descriptor.effects["eq"])
        gains = {
            k: min(MOST_AGAINST_DB, max(-MOST_AGAINST_DB, -v))
            for k, v in typical.params.items()
            if k.endswith("_gain_db")
        }
        against = replace(typical, params={**typical.params, **gains})
        present = "eq" in self.chain
        if self.protected("eq"):
            return
        if present and not self._retune(against, AGAINST * amount):
            self.say(f"No knob that may move makes it less {descriptor.name}.")
            return
        if not present:
            self.insert(against, AGAINST * amount)
        done = "is re-tuned" if present else "is added"
        self.toward += [wanted] if wanted else []
        self.away.append(descriptor.name)
        self.amounts.append(AGAINST * amount)
        self.say(
            f"Nothing in the chain makes it {descriptor.name}; an equalizer {done} against it."
        )

    def _relieve(
        self, descriptor: Descriptor, wanted: str, amount: float, asked: bool = True
    ) -> bool:
        """Turn back what causes a quality; False when nothing in the chain does.

        Numbers that were set are turned back only when the quality was `asked` to go.
        """
        culprit = ""
        knobs = []
        for cause in descriptor.causes:
            if cause.fx not in self.chain or self.chain[cause.fx].bypass:
                continue
            if culprit and cause.fx != culprit:
                continue
            if not asked and f"{cause.fx}.{cause.name}" in self.pinned:
                continue
            parameter = effect(cause.fx).parameter(cause.name)
            position = self.position(cause.fx, cause.name, -cause.sign)
            if parameter.neutral is None:
                if not culprit:  # such a knob colours what another one does; it is no cause alone
                    continue
                target = position - cause.sign * parameter.step * amount
            else:
                silent = self.silent(cause.fx, cause.name, position)
                if (position - silent) * cause.sign < 0.02:
                    continue
                target = turned_back(parameter, position, silent, amount)
            culprit = cause.fx
            if self.protected(f"{cause.fx}.{cause.name}"):
                continue
            if self.move(cause.fx, cause.name, target, COMMANDED):
                knobs.append(parameter.title)
                self.relieved.add((cause.fx, cause.name))
        if not knobs:
            return bool(culprit)  # what causes it may not move
        self.toward += [wanted] if wanted else []
        self.away.append(descriptor.name)
        self.amounts.append(amount)
        self.say(
            f"The {TITLES[culprit]} is what makes it {descriptor.name}, so its {listed(knobs)} "
            f"{'is' if len(knobs) == 1 else 'are'} turned back."
        )
        return True

    def _retune(self, typical: Slot, amount: float) -> bool:
        """Moves of an effect that is there already, toward another word's typical values.

        Returns:
            Whether one of its knobs moves.
        """
        typical = fitted(typical, self.before(typical.fx), self.context.facts)
        changes: dict[str, float] = {}
        moved = False
        for parameter in typical.effect.parameters:
            name = parameter.name
            now, there = self.value(typical.fx, name), typical.params[name]
            position, target = parameter.to_unit(now), parameter.to_unit(there)
            if parameter.neutral is None:
                if typical.fx == "eq":
                    band = name.rsplit("_", 2)[0].removesuffix("_cutoff").removesuffix("_q")
                    gain = self.value("eq", f"{band}_gain_db")
                    wanted = typical.params[f"{band}_gain_db"]
                    # A band that is idle, and has not been set: no one hears it move.
                    free = all(self._movable("eq", k) for k in (name, f"{band}_gain_db"))
                    if free and abs(gain) < 1.0 and abs(wanted) >= 1.0:
                        changes[name] = there
                elif abs(target - position) > 0.02:
                    half_way = position + 0.5 * (target - position)
                    moved |= self.move(typical.fx, name, half_way, 0.5)
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
            moved |= self.move(typical.fx, name, goal, SURE)
        if changes:
            self.chain = self.chain.with_params({typical.fx: changes})
        return moved

    # Effects and knobs by name.

    def _add(self, request: Request) -> None:
        fx = request.target
        if fx in self.chain:
            self._more(request)
        elif fx == "eq":
            if not self.protected("eq"):
                self.say("A flat equalizer is added; say what it should do, such as 'brighter'.")
                self.chain = self.chain.added(Slot("eq"))
        elif fx == "pitchshift":
            self.misunderstood.append(
                "Which way should the pitch go? Say 'up 3 semitones' or 'an octave down'."
            )
        else:
            self._insert(Slot(fx), request.amount)

    def _insert(self, slot: Slot, amount: float = 1.0) -> bool:
        """`insert`, and say so."""
        added = self.insert(slot, amount)
        if added:
            self.say(f"{_article(TITLES[slot.fx])} {TITLES[slot.fx]} is added.")
        return added

    def _more(self, request: Request) -> None:
        self._turn(request, +1)

    def _less(self, request: Request) -> None:
        self._turn(request, -1)

    def _sparing(self, request: Request) -> None:
        if request.target in self.chain:
            self._less(request)
        else:
            self._add(replace(request, amount=0.5))

    def _remove(self, request: Request) -> None:
        if request.target == "eq@":
            self.equalize(request.hz, -OUT_DB, OUT_Q)
            return
        if request.target in self.chain and request.target not in self.context.chain:
            return  # "crunchy, but not fuzz": what this turn brings is not what should go
        if request.target == ALL:
            for fx in self._all_but(request.other):
                self.remove(fx)
            if not len(self.context.chain):
                self.say("There is no effect in the chain, so nothing is removed.")
            return
        self.remove(self._present(request.target) or request.target)

    def _all_but(self, kept: str) -> list[str]:
        return [fx for fx in self.chain.ids if fx not in kept.split()]

    def _present(self, fx: str) -> str | None:
        """The effect meant: people say echo for reverb and the other way round."""
        if fx in self.chain:
            return fx
        twin = {"delay": "rev", "rev": "delay", "bitcrush": "dist", "dist": "bitcrush"}.get(fx)
        return twin if twin in self.chain else None

    def _turn(self, request: Request, sense: int, why: str = "") -> bool:
        """Turn a knob, or an effect's main knob; whether something moves or is added."""
        if request.target == "eq@":
            return self.equalize(request.hz, sense * USUAL_DB * request.amount)
        fx, knob = (
            request.target.split(".", 1) if "." in request.target else MAIN_KNOB[request.target]
        )
        if knob.startswith("-"):
            sense, knob = -sense, knob[1:]
        way = "up" if sense > 0 else "down"
        if fx not in self.chain:
            return self._turn_missing(request, fx, knob, sense)
        if not knob:
            moved = self.turn_whole(fx, sense, request.amount)
            if moved:
                self.say(f"The {TITLES[fx]} does {'more' if sense > 0 else 'less'}.")
            return moved
        title = f"The {effect(fx).parameter(knob).title} of the {TITLES[fx]}"
        if self.turn(fx, knob, sense, request.amount):
            self.say(f"{title} goes {way}{why}.")
            return True
        if not self.protected(f"{fx}.{knob}"):
            self.say(f"{title} goes no further {way}.")
        return False

    def _turn_missing(self, request: Request, fx: str, knob: str, sense: int) -> bool:
        """The same of an effect that is not in the chain: it is added if that makes sense."""
        way = "up" if sense > 0 else "down"
        if fx == "eq" and knob:
            added = self.insert(Slot("eq", {knob: sense * 6.0}), request.amount)
            if added:
                self.say(f"The equalizer turns the {effect('eq').parameter(knob).title} {way}.")
            return added
        if knob == "semitones":
            added = self.insert(Slot(fx, {knob: sense * 4.0}), request.amount)
            if added:
                self.say(f"The pitch goes {way}.")
            return added
        main = knob == MAIN_KNOB[fx][1].removeprefix("-")
        if sense > 0 or knob in ("bit_depth", "delay_seconds") or (fx == "comp" and not main):
            added = self._insert(Slot(fx), request.amount)
            if added and not main:  # "a short delay"
                self._turn(request, sense)
            return added
        other = self._present(fx)
        if other is None:
            self.say(f"There is no {TITLES[fx]} in the chain, so nothing changes.")
            return False
        return self._turn(replace(request, target=other), sense)

    def _set(self, request: Request) -> None:
        if request.target == "eq@q":
            self.widen(request.hz, request.value)
            return
        fx, knob = self._knob(request.target)
        if (fx, knob) == ("rev", "seconds"):
            self.set(fx, "room_size", _room_size(request.value))
        elif (fx, knob) == ("delay", "beats"):
            self._set_beats(request.value)
        else:
            self.set(fx, knob, request.value)

    def _knob(self, target: str) -> tuple[str, str]:
        """Effect and knob; a mix of no effect is that of the last one that has one."""
        fx, knob = target.split(".", 1)
        if fx:
            return fx, knob
        mixes = {"delay": "mix", "rev": "wet_level"}
        fx = next((fx for fx in reversed(self.chain.ids) if fx in mixes), "delay")
        return fx, mixes[fx]

    def _set_beats(self, beats: float) -> None:
        """A delay in quarter notes of the clip's own tempo."""
        tempo = self.context.facts.tempo_bpm if self.context.facts else 0.0
        if not tempo:
            if "delay" not in self.chain:
                self._insert(Slot("delay"))
            self.misunderstood.append(
                "The clip has no steady beat that I could measure, so the delay keeps its time; "
                "say the tempo, such as 'dotted eighth delay at 120 bpm'."
            )
            return
        self.set("delay", "delay_seconds", 60 * beats / tempo)
        if "delay" in self.chain and not self.protected("delay.delay_seconds"):
            self.say(f"That is at the clip's measured tempo of {tempo:.0f} bpm.")

    def _scale(self, request: Request) -> None:
        fx, knob = self._knob(request.target)
        if fx not in self.chain and self._present(fx) is None and request.value < 1:
            self.say(f"There is no {TITLES[fx]} in the chain, so nothing changes.")
            return
        if fx not in self.chain and (other := self._present(fx)) is not None:
            fx, knob = other, MAIN_KNOB[other][1].removeprefix("-")
        if fx in self.chain or self.insert(Slot(fx)):
            self.set(fx, knob, request.value * self.chain[fx].params[knob])

    def _unusable(self, request: Request) -> None:
        self.misunderstood.append(request.target)

    def _shift(self, request: Request) -> None:
        if request.target == "eq@":
            self.equalize(request.hz, request.value)
            return
        fx, knob = self._knob(request.target)
        strength = knob == WHOLE.get(fx)
        if fx not in self.chain and strength and request.value < 0:
            self.say(f"There is no {TITLES[fx]} in the chain, so nothing changes.")
        elif fx in self.chain or self.insert(Slot(fx)):
            self.set(fx, knob, self.chain[fx].params[knob] + request.value)

    # Order and keeping.

    def _keep(self, request: Request) -> None:
        self.hold(self._meant(request))

    def _lock(self, request: Request) -> None:
        self.lock(self._meant(request))

    def _unlock(self, request: Request) -> None:
        self.unlock(self._meant(request) if request.target else sorted(self.locked))

    def _meant(self, request: Request) -> list[str]:
        """Effects or knobs: the one named, or those in the chain that make a quality."""
        if request.target == ALL:
            return self._all_but(request.other)
        if request.target.split(".")[0] in TITLES:
            return [request.target]
        descriptor = self.knowledge.find(request.target)
        assert descriptor is not None
        sources = {*descriptor.effects, *(c.fx for c in descriptor.causes[:1])}
        return [fx for fx in self.chain.ids if fx in sources]

    def _reverse(self, request: Request) -> None:
        if len(self.chain) < 2:
            self.say("There is no order to change: the chain has fewer than two effects.")
        else:
            self.reorder(self.chain.ids[::-1], self.chain.ids)

    def _first(self, request: Request) -> None:
        self._place(request.target, lambda rest: 0)

    def _last(self, request: Request) -> None:
        self._place(request.target, len)

    def _before(self, request: Request) -> None:
        self._place(request.target, lambda rest: rest.index(request.other), request.other)

    def _after(self, request: Request) -> None:
        self._place(request.target, lambda rest: rest.index(request.other) + 1, request.other)

    def _swap(self, request: Request) -> None:
        first, second = request.target, request.other
        missing = [fx for fx in (first, second) if fx not in self.chain]
        if missing:
            self.say(f"There is no {listed([TITLES[f] for f in missing])} in the chain, so the "
                     "order stays.")  # fmt: skip
            return
        other = {first: second, second: first}
        self.reorder([other.get(fx, fx) for fx in self.chain.ids], (first, second))

    def _replace(self, request: Request) -> None:
        old, new = self._present(request.target), request.other
        if old is None or old == new:
            self._add(replace(request, target=new))
            return
        ids = [new if fx == old else fx for fx in self.chain.ids if fx != new]
        self.remove(old)
        if old in self.chain:
            return  # it is locked
        self._add(replace(request, target=new))
        if sorted(ids) == sorted(self.chain.ids):
            self.chain = self.chain.reordered(ids)

    def _place(self, fx: str, index: Callable[[list[str]], int], other: str = "") -> None:
        if fx not in TITLES:  # a quality: the effect that it brought
            descriptor = self.knowledge.find(fx)
            brought = [f for f in self.chain.ids if descriptor and f in descriptor.effects]
            fx = brought[-1] if brought else fx
        if fx not in TITLES or fx == other:
            self.say("It is not clear what should be moved, so the order stays.")
            return
        if other and other not in self.chain:
            self.say(f"There is no {TITLES[other]} in the chain, so the order stays.")
            return
        if fx not in self.chain:
            self._add(Request("add", fx))
            if fx not in self.chain:
                return
        rest = [f for f in self.chain.ids if f != fx]
        rest.insert(index(rest), fx)
        self.reorder(rest, (fx,))

    # The session.

    def _refer(self, request: Request) -> None:
        assert request.reference is not None
        kind, reference = request.reference.kind, request.reference
        match kind:
            case "undo":
                found = history.undo(self, reference.steps)
            case "redo":
                found = history.redo(self, reference.steps)
            case "before":
                found = history.as_before(self)
            case "goto":
                found = history.go_to(self, reference.turn)
            case "start":
                found = history.start_over(self)
            case "further":
                found = history.further(self, reference.share)
            case "back":
                found = history.part_way_back(self, reference.share)
            case "toward":
                found = history.toward(self, reference.turn, reference.share)
            case "between":
                found = history.between(self, reference.turn, reference.other, reference.share)
        self.lost = not found

    def _borrow(self, request: Request) -> None:
        assert request.reference is not None
        turn = request.reference.turn
        if request.reference.kind in ("undo", "before"):
            turn = -1 - request.reference.steps
        self.lost = not history.borrow(self, request.target, turn)

    def _acknowledge(self, request: Request) -> None:
        self.say(request.target)

    def _trait(self, request: Request) -> None:
        """An adjective of an effect: it is there, or comes in so."""
        fx = request.target.split(".")[0]
        if fx not in self.chain:
            if request.less:
                self.say(f"There is no {TITLES[fx]} in the chain, so nothing changes.")
                return
            self._add(Request("add", fx))
        self._turn(request, 1 if request.value > 0 else -1)

    def _into(self, request: Request) -> None:
        """Effects in this signal order, in the places that they take in the chain."""
        order = [request.target, *request.other.split()]
        for fx in order:
            if fx not in self.chain:
                self._add(Request("add", fx))
        following = iter([fx for fx in order if fx in self.chain])
        ids = [next(following) if fx in order else fx for fx in self.chain.ids]
        if ids != list(self.chain.ids):
            self.reorder(ids)

    def _restore(self, request: Request) -> None:
        """A knob, or all of an effect's, to what they are by themselves."""
        fx, _, name = request.target.partition(".")
        if fx not in self.chain:
            self.say(f"There is no {TITLES[fx]} in the chain, so nothing changes.")
            return
        for parameter in effect(fx).parameters:
            if not name or parameter.name == name:
                neutral = parameter.neutral if name else parameter.default
                value = parameter.default if neutral is None else neutral
                self.move(fx, parameter.name, parameter.to_unit(value), COMMANDED)
        what = f"{effect(fx).parameter(name).title} of the {TITLES[fx]}" if name else TITLES[fx]
        self.say(f"The {what} goes back to what it is by itself.")

    def _level(self, request: Request) -> None:
        self.say(
            "Every turn is matched in loudness to the dry clip, so that louder does not pass for "
            "better; nothing changes. Use the fader of the track."
        )

    def _tempo(self, request: Request) -> None:
        self.say(
            "No effect here changes the tempo, so nothing changes. The pitch can move: say 'down 3 "
            "semitones'."
        )

    # Not understood.

    def _question(self, request: Request) -> None:
        self.misunderstood.append(
            "That is a question, and I only work on the sound, so it changes nothing."
        )

    def _unknown(self, request: Request) -> None:
        words = request.target
        if not self.guesses:
            self.misunderstood.append(f"I do not understand '{_short(words)}'.")
            return
        best = self._nearest(words)
        reverse = self._opposite_of(words)
        same = best is not None and self.knowledge.find(best[0]) is reverse
        if reverse is not None and (same or best is None or best[1] < SURELY):
            if request.less:
                self._want(reverse, request.amount, reverse.name)
            else:
                self._complaint(reverse, request)
            return
        for candidate in words.split() if " " in words else ():
            found = self._nearest(candidate)
            if found and (best is None or found[1] - PART > best[1]):
                best = found[0], found[1] - PART
        introduced = len(words.split()) < 3 or INTRODUCED.search(request.text)
        if best is not None and best[1] >= (TRUSTED if introduced else TRUSTED_UNINTRODUCED):
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
        names = _alone(self.knowledge.names)
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
        return f"I do not understand '{_short(words)}', so it changes nothing.{offer}"


def _alone(names: Iterable[str]) -> list[str]:
    """Names of one word: those of several are meant by all of their words or not at all."""
    return [name for name in names if " " not in name]


def _short(words: str) -> str:
    return words if len(words) <= 60 else words[:57] + "..."


def _beginning(instruction: str) -> str:
    """As much of an instruction as is read, cut between words."""
    if len(instruction) <= LONGEST_INSTRUCTION:
        return instruction
    cut = instruction[:LONGEST_INSTRUCTION]
    return cut.rsplit(maxsplit=1)[0] if " " in cut.strip() else cut


def _sized(slot: Slot, size: float) -> Slot:
    """A reverb with a larger or smaller room; other effects as they are."""
    if slot.fx != "rev" or not size:
        return slot
    return replace(slot, params={**slot.params, "room_size": slot.params["room_size"] + size})


def _room_size(seconds: float) -> float:
    # A comb of 31 ms (their mean) with feedback g falls by 60 dB in -3 * 0.031 / log10(g) s.
    from ifx_bridge.effects.rev import ROOM_OFFSET, ROOM_SCALE

    feedback = 10 ** (-3 * 0.031 / max(seconds, 0.05))
    return float((feedback - ROOM_OFFSET) / ROOM_SCALE)


def _article(title: str) -> str:
    return "an" if title[0] in "aeiou" else "a"
