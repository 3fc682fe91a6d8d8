"""Instructions to requests: clauses, amounts, negation, numbers with units, names of things.

Nothing here knows a chain; what a request does to one is the offline brain's business.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from ifx_bridge.brain import idioms, smalltalk
from ifx_bridge.brain.coordination import trait, written_out
from ifx_bridge.brain.figures import FIGURE, written
from ifx_bridge.brain.knobs import WORDS
from ifx_bridge.brain.phrases import (
    ADD,
    ALL,
    AMOUNTS,
    ARTICLES,
    ASKED,
    ASKED_NOT,
    BORROWED,
    CONTRAST,
    DECADE,
    DECADES,
    EFFECT_NAMES,
    ENGLISH,
    EVERYTHING,
    EXCEPT,
    FAULT,
    FILLER,
    GONE,
    IT,
    ITS,
    JOINT,
    KEEPING,
    KINDS,
    KNOB_NAMES,
    LEADING,
    LESS,
    LESS_OF_IT,
    LITTLE,
    MORE,
    NEGATIVE,
    OF_EFFECT,
    OWN_FORMS,
    PASSAGE,
    PLAIN,
    QUESTION,
    REMOVE,
    RESTORED,
    RHETORICAL,
    SIGH,
    SIZES,
    SOFTENING,
    STATEMENT,
    STRENGTHS,
    SUBJECT,
    SWAP,
    TEMPO,
    TOO_LITTLE,
    TURNED_DOWN,
    VERBS,
    WISH,
)
from ifx_bridge.brain.quantities import Reader, Reading
from ifx_bridge.brain.references import Reference
from ifx_bridge.brain.references import read as read_reference
from ifx_bridge.brain.requests import Request, Verb
from ifx_bridge.words.forms import base_in, either
from ifx_bridge.words.knowledge import complaints
from ifx_bridge.words.reading import spelled, translated, usual


def normalized(text: str) -> str:
    """Lower case, plain quotes and spaces, contractions written out."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = text.translate(PLAIN)
    for short, long in (
        ("can't", "can not"), ("won't", "will not"), ("n't", " not"), ("it's", "it is"),
        ("that's", "that is"), ("there's", "there is"), ("i'd", "i would"), ("let's", "let us"),
        ("i'm", "i am"), ("dont ", "do not "), ("gimme", "give me"), ("wanna", "want to"),
        ("over the top", "overdone"), ("eq out ", "filter out "),
    ):  # fmt: skip
        text = text.replace(short, long)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(DECADE, lambda m: DECADES[m[1] or m[2]], text)
    text = re.sub(ITS, "it is ", text)
    text = re.sub(r"[^\w\s.,;:!?%+'/-]|(?<!\d)/|/(?!\d)", " ", text.replace("@", " at "))
    return " ".join(text.split())


def clauses(text: str) -> list[str]:
    """The parts of a normalized instruction that each ask for one thing."""
    parts = re.split(
        r"[;!?]+|[.,](?!\d)|:(?!\d)|\b(?:and then|and|but|then|plus|while|yet|also|with(?! no))\b"
        r"|(?=\bwithout\b)",
        text,
    )
    parts = [half for part in parts for half in CONTRAST.sub(r"\1\n", part).split("\n")]
    # A minus before a number is no dash.
    stripped = (re.sub(r"^[ '-]+(?=[^\d '-]|-\d|$)|[ '-]+$", "", part).strip() for part in parts)
    return [part for part in stripped if part]


def parse(instruction: str, known: frozenset[str]) -> list[Request]:
    """The requests of an instruction, in order.

    Args:
        instruction: What the person said, any text.
        known: Phrases that name descriptors.
    """
    typed = usual(normalized(instruction))
    text = translated(typed, ENGLISH)
    if talk := smalltalk.answer(typed) or smalltalk.answer(text):
        return [Request("acknowledge", talk.reply, text=text)]
    text = _spelled(smalltalk.without(text), known)
    said = written_out(_told(text))
    reference, rest = read_reference(said, lambda words: _amount(words)[0])
    if reference is not None:
        if borrowed := BORROWED.fullmatch(rest):
            fx = _effects_in(borrowed[1])
            return [Request("borrow", fx[0], reference=reference, text=said)]
        return [Request("refer", reference=reference, text=said), *_asked(rest, known)]
    return _asked(said, known)


def _asked(said: str, known: frozenset[str]) -> list[Request]:
    """The requests of a text without references to other turns."""
    if not said:
        return []
    said = written(idioms.plain(said, known))
    text = _reduced(said, known)
    if whole := _whole(text):
        return [whole]
    if QUESTION.match(text):
        return [Request("question", text, text=text)]
    if replaced := _replacement(text, known):
        return replaced
    if chained := _into(text):
        return chained
    if (rest := EXCEPT.fullmatch(text)) and (kept := _effects_in(rest["kept"])):
        verb: Verb = "lock" if rest["verb"] in ("lock", "freeze") else "remove"
        return [Request(verb, ALL, other=" ".join(kept), text=text)]
    if SWAP.search(text) and len(effects := _effects_in(text)) == 2:
        return [Request("swap", effects[0], other=effects[1], text=text)]
    out: list[Request] = []
    parts = clauses(said)
    reader = Reader(said)
    for part, clause in zip(parts, _carried([_reduced(p, known) for p in parts]), strict=True):
        if out and LITTLE.fullmatch(part):
            out = [replace(request, amount=0.5 * request.amount) for request in out]
            continue
        part, clause = (re.sub(SUBJECT, "it ", text) for text in (part, clause))
        reading = reader.read(clause)
        complained = None if reading.requests or reading.hz else _complaint(part, known)
        if not complained and not STATEMENT.match(part) and (missing := smalltalk.absent(part)):
            out.append(Request("acknowledge", missing.reply, text=part))
            continue
        found = [complained] if complained else list(_clause(clause, known, reading))
        # "less bright and boomy": a bare descriptor goes on in the sense of the clause before.
        previous = out[-1] if out else None
        for request in found:
            bare = request.verb == "quality" and request.text == request.target
            if bare and previous and previous.less:
                request = replace(request, less=True, avoid=previous.avoid, amount=previous.amount)
            if request.target == IT:  # "add reverb and lock it"
                request = replace(request, target=_said_of(previous) or ALL)
            out.append(request)
    said_of = {r.hz for r in out if r.verb != "unusable"}  # "at 300 Hz, cut 3 dB"
    return [r for r in out if r.verb != "unusable" or r.hz not in said_of or not r.hz]


def _said_of(request: Request | None) -> str:
    """The effect, knob or quality that a request is about."""
    return request.target if request and request.verb != "acknowledge" else ""


def _into(text: str) -> list[Request]:
    """Effects in signal order: "reverb into distortion"."""
    parts = re.split(
        r" (?:into|feeding|going into|then into|followed by|first,? (?:and )?then) ", text
    )
    effects = [_effects_in(part) for part in parts]
    if len(parts) < 2 and not re.search(r"\d", text):  # "reverb, then delay": nothing but names
        parts = re.split(r",? (?:and )?then ", text)
        effects = [_effects_in(part) if len(_content(part)) == 1 else [] for part in parts]
        if any(_has(part, (*MORE, *LESS, *REMOVE)) for part in parts):
            return []
    if len(parts) < 2 or not all(len(found) == 1 for found in effects):
        return []
    ids = [found[0] for found in effects]
    if len(set(ids)) < len(ids):
        return []
    return [Request("into", ids[0], other=" ".join(ids[1:]), text=text)]


def _told(text: str) -> str:
    """The text; "why does it sound so dull?" is not asked to be answered."""
    if asked := GONE.fullmatch(text):
        return f"{asked[1]} is gone"
    asked = RHETORICAL.fullmatch(text)
    return f"{asked[1]} is {asked[2]}" if asked else text


def _reduced(text: str, known: frozenset[str]) -> str:
    """The text with forms of known words as the words themselves."""
    named = {w for p in descriptor_phrases(text, known) if " " in p for w in p.split()}
    own = FILLER | OWN_FORMS | named
    return re.sub(r"[a-z]+", lambda m: m[0] if m[0] in own else base_in(m[0], known) or m[0], text)


def _complaint(clause: str, known: frozenset[str]) -> Request | None:
    """What a clause complains of in words of its own ("I can't make out the words")."""
    bare = _amount(clause, known)[1] in known  # "a bit boomy" may as well be a wish
    if bare or ASKED.match(clause):
        return None
    for name, said in complaints().items():
        if said.search(clause):
            effects = _effects_in(clause)
            if effects and name == "buried" and re.search(r"\b(hear|notice)\b", clause):
                return Request("more", effects[0], text=clause)  # "I can't hear the reverb"
            amount = 1.5 if re.search(r"\b(way|far|much|so|really|totally)\b", clause) else 1.0
            return Request("quality", name, amount=amount, text=clause, less=True)
    return None


def _replacement(text: str, known: frozenset[str]) -> list[Request]:
    """One effect for another: "replace the reverb with a delay", "use a delay instead of it".

    With the requests that stand before and behind it.
    """
    before, old, new, after = "", "", "", ""
    if match := re.search(
        r"\b(?:replace|swap|change|exchange|trade) (.+?) (?:with|for|by|to) (.+)", text
    ):
        before, old = text[: match.start()], match[1]
        new, _, after = JOINT.sub("\n", match[2]).partition("\n")
    elif match := re.search(r"(.+?) (?:instead of|in place of|rather than) (.+)", text):
        before, _, new = JOINT.sub("\n", match[1]).rpartition("\n")
        old, _, after = JOINT.sub("\n", match[2]).partition("\n")
    gone, come = _effects_in(old), _effects_in(new)
    if len(gone) != 1 or gone == come or len(come) > 1:
        return []
    if come:
        replaced = [Request("replace", gone[0], other=come[0], text=text)]
    elif descriptor_phrases(new, known):
        replaced = [Request("remove", gone[0], text=old), *_said(new, known)]
    else:
        return []
    around = [
        _asked(part.replace("\n", ", "), known) if _content(part) else []
        for part in (before, after)
    ]
    return [*around[0], *replaced, *around[1]]


def _carried(parts: list[str]) -> Iterator[str]:
    """Clauses, each with its verb: "remove the echo and the reverb" says remove twice."""
    verb = ""
    for part in parts:
        rest = set(_content(part)) - {"alone", "untouched"}
        bare = all(_effect_in(word) or _knob_in(word) for word in rest)
        named = _effects_in(part) or _knob_in(part)
        said = LEADING.match(part)
        if said:
            verb = said[0]
        elif verb and named and bare and not _has(part, (*MORE, *LESS)) and not FIGURE.search(part):
            yield f"{verb} {part}"
            continue
        else:
            verb = ""
        yield part


@lru_cache(maxsize=2)
def _trade(known: frozenset[str]) -> frozenset[str]:
    """The words that the grammar and the descriptors are made of, comparatives included."""
    names = [*known, *KNOB_NAMES, *(n for ns in EFFECT_NAMES.values() for n in ns)]
    words = {word for name in names for word in name.split()} | WORDS
    stems = {
        word: word[:-1] + "i" if word.endswith("y") else word.removesuffix("e") for word in known
    }
    stems |= {w: w + w[-1] for w in known if re.fullmatch(r"\w*[^aeiou][aeiou][bdgmnpt]", w)}
    return frozenset({*words, *VERBS, *(stem + "er" for stem in stems.values())} - FILLER)


def _spelled(text: str, known: frozenset[str]) -> str:
    """Misspelt words of the trade put right; what the vocabulary knows is no mistake."""
    words = set(re.findall(r"[a-z]{4,}", text)) - _trade(known) - FILLER
    if all(base_in(word, known) for word in words):
        return text
    from ifx_bridge.words.vocabulary import Vocabulary

    vocabulary = Vocabulary.load()
    right = {word for word in words if base_in(word, known) or vocabulary.lemma(word) is not None}
    return spelled(text, _trade(known), right | FILLER)


def _whole(text: str) -> Request | None:
    """Requests that are whole instructions."""
    bare = re.sub(r"\b(please|just|ok|okay|actually|no|hmm|now)\b", "", text).strip(" .,!")
    if re.fullmatch(
        r"(make it |turn it |it is |a bit |much |way |too |not )*"
        r"(louder|quieter|loud( enough)?|quiet|"
        r"turn (it )?(up|down)|"
        r"(more|less) (volume|level|gain)|up|down)( please)?",
        bare,
    ):
        return Request("level", text=text)
    if re.fullmatch(r"(swap|reverse|flip|change)( the)? (signal )?(order|effects)", bare):
        return Request("reverse", text=text)
    if re.fullmatch(r"(swap|flip|switch|reverse) (them|the two|both|those|these)( around)?", bare):
        return Request("reverse", text=text)
    return None


def _clause(clause: str, known: frozenset[str], reading: Reading) -> Iterator[Request]:
    """The requests of a clause, in which the numbers have been read."""
    amount = _amount(clause, known)[0]
    for request in reading.requests:
        yield replace(request, amount=amount) if request.verb in ("more", "less") else request
    if reading.rest or reading.hz:
        said = list(_said(reading.rest, known))
        if reading.hz:
            said = [replace(r, hz=reading.hz) for r in said if r.verb == "quality"]
        if reading.hz and not said:
            ask = (
                f"What should happen at {reading.hz:g} Hz? Say 'cut' or 'boost', or how it sounds "
                "there."
            )
            said = [Request("unusable", ask, hz=reading.hz, text=clause)]
        yield from said
    elif order := _order(clause):
        yield order


def _said(clause: str, known: frozenset[str]) -> Iterator[Request]:
    text = f" {clause} "
    if match := KEEPING.search(text):
        verb: Verb = "keep"
        if match["unlock"]:
            verb = "unlock"
        elif match["lock"] or "from now on" in text:
            verb = "lock"
        rest = match["rest"]
        targets, knob = _effects_in(rest), _knob_in(rest)
        if knob is not None and targets in ([], [knob[0]]):
            targets = [f"{knob[0]}.{knob[1]}"]
        targets = targets or descriptor_phrases(rest, known)
        if not targets and EVERYTHING.search(rest):
            targets = [ALL]
        elif not targets and verb == "lock" and re.fullmatch(r" (?:it|that|this)(?: .*)?", rest):
            targets = [IT]
        yield from (Request(verb, target, text=clause) for target in targets)
        if targets:
            return
        if verb == "unlock":
            yield Request("unlock", text=clause)
            return
        if not _content(rest):
            return
    if (order := _order(clause)) is not None:
        yield order
        return
    sparing = re.search(r"\bnot too (?:much|heavy|strong)\b(.*)", clause)
    if sparing and (wanted := _effects_in(sparing[1])):
        yield Request("sparing", wanted[0], text=clause)
        return
    if EVERYTHING.fullmatch(clause.removeprefix("please ")) is None and (
        every := re.fullmatch(rf"(?:please )?(?:{either(*REMOVE)}) {EVERYTHING.pattern}", clause)
    ):
        yield Request("remove", ALL, text=every[0])
        return
    if restored := RESTORED.fullmatch(clause):
        knob, fx = _knob_in(restored["what"]), _effect_in(restored["what"])
        if knob or fx:
            target = f"{knob[0]}.{knob[1].removeprefix('-')}" if knob else fx or ""
            yield Request("restore", target, text=clause)
            return
    timed = re.search(r"\b(attack|release|delay|echo|echoes|repeats|decay|reverb|tail)\b", clause)
    if not timed and TEMPO.search(clause):
        yield Request("tempo", text=clause)
        return
    amount, rest = _amount(clause, known)
    rest = PASSAGE.sub("", rest)
    complaint = bool(re.search(r"\btoo\b", clause)) and not re.search(r"\bnot too\b", clause)
    said_of_it = STATEMENT.match(clause) and not WISH.search(clause)
    bad = NEGATIVE.search(clause) and not re.match(r"(make|more|very)\b", rest)
    complaint = complaint or bool(
        said_of_it
        or (bad and rest not in known)
        or SIGH.fullmatch(clause)
        or (FAULT.fullmatch(clause) and rest not in known)
    )
    if complaint and amount == 1.0 and re.search(r"\b(way|far|much) too\b", clause):
        amount = 1.5
    wanting = bool(
        re.search(
            r"\b(not enough|lacks?|lacking|missing|could use"
            r"|(lost|losing) (its|all|the|some|their|his|her)"
            r"|(has|have|got|there is) (no|zero|hardly any|not much|little)"
            r"|((does|do|did) not (\w+ )?(have|got)|there is not) (\w+ )?(any|much|enough|a lot of)"
            r"|not much [\w ]+ (here|there|in it|left|going on)"
            r"|no \w+ (whatsoever|at all|left|any ?more))\b",
            clause,
        )
    )
    kept_out = bool(re.search(r"\b(do not|not|never|avoid|without|no)\b", clause))
    named = [p for p in descriptor_phrases(rest, known) if " " in p]
    unnamed = _without_phrases(rest, named)  # "take the edge off" takes nothing off
    negated = not wanting and bool(
        kept_out
        or re.search(r"\btake (the |some |that )?[\w ]+ (off|out|away)\b", unnamed)
        or _has(unnamed, REMOVE)
    )
    lessened = _has(_without_phrases(rest, named), LESS) or bool(TURNED_DOWN.search(rest))
    halved = bool(re.search(r"\bhalve\b|\b(?:in|by) half\b|\bhalf (as much|the|of the)\b", clause))
    if halved:
        amount = 1.25
    elif re.search(r"\b(double|twice)\b", clause):
        amount = 2.5

    if bad and OF_EFFECT.match(clause):
        guilty, theirs = _effects_in(clause)[0], _knob_in(rest)
        if theirs is None or theirs[0] != guilty:
            yield Request("less", guilty, amount=amount, text=clause)
            return
    # Descriptors of more than one word go before effect names ("tape echo", "plate reverb").
    phrases = descriptor_phrases(rest, known)
    # What is complained of has a cause in the chain; what is wanted is the knob of that name.
    sizes = [p for p in phrases if p in SIZES]
    others = [p for p in phrases if p not in SIZES]
    bands = [p for p in others if KNOB_NAMES.get(p, ("",))[0] == "eq"]
    if sizes and bands == others and bands and not complaint:  # "massive bass"
        phrases = bands
        amount *= 1.5 if SIZES[sizes[0]] > 0 else 0.5
    if not complaint and any(p not in KNOB_NAMES for p in phrases):
        phrases = [p for p in phrases if p not in KNOB_NAMES]  # "grit in the low end": where it is
        aside = bool(phrases)
    else:
        aside = bool(said_of_it) and any(p not in KNOB_NAMES and p not in SIZES for p in phrases)
    long = [p for p in phrases if " " in p or "-" in p]
    if not complaint:
        long = [p for p in long if p not in KNOB_NAMES]
    knob = None if long else _knob_in(rest)
    if aside and knob and (knob[0] == "eq" or (complaint and knob == ("rev", "room_size"))):
        knob = None  # "the top is dull" is about "dull"
        phrases = [p for p in phrases if p not in KNOB_NAMES]
    fx = None if long else _effect_in(rest)
    said_of = fx == "rev" and knob in (None, ("rev", "room_size"))
    if (said_of or knob == ("rev", "room_size")) and "room" not in clause:
        traits = [found for word in rest.split() if (found := trait(word))]
        if re.search(r"\b(length|extend|stretch)", rest):
            traits.append(("room_size", +1))
        around = " ".join(word for word in rest.split() if trait(word) is None)
        unwanted = complaint or negated or _has(around, LESS)
        for name, sense in traits:
            yield Request(
                "trait", f"rev.{name}", value=-sense if unwanted else sense, amount=amount,
                text=clause, less=unwanted,
            )  # fmt: skip
        if traits:
            return
    if phrases and phrases[0] in STRENGTHS and (fx or len(phrases) > 1):
        amount *= STRENGTHS[phrases[0]]
        phrases = phrases[1:]
    if knob is not None and (fx is None or not _starts(rest, REMOVE)):
        turned: Verb | None = None
        if wanting or TOO_LITTLE.search(clause):
            turned = "more"
        elif (
            complaint or halved or lessened or _has(rest, ("no",)) or (negated and knob[0] == "eq")
        ):
            turned = "less"  # "take a bit off the top"
        elif _has(rest, MORE) or _starts(rest, ADD):
            turned = "more"
        if turned is not None:
            yield Request(turned, ".".join(knob), amount=amount, text=clause)
            return
    if fx is not None and not (knob and fx not in knob):
        if re.search(r"\b(do not|never|avoid)\b.*\b(add|use|put)\b", rest):
            yield Request("keep", fx, text=clause)
        elif TOO_LITTLE.search(clause):
            yield Request("more", fx, amount=amount, text=clause)
        elif complaint or halved or (lessened and not _only_drop(rest)):
            yield Request("less", fx, amount=amount, text=clause)
        elif negated and amount < 1 and not kept_out:  # "take a little reverb off"
            yield Request("less", fx, amount=2 * amount, text=clause)
        elif _has(rest, REMOVE) or re.search(r"\bnot\b|\b(turn|switch|take) .+ (off|out)\b", rest):
            yield Request("remove", fx, text=clause)
        elif _has(rest, MORE):
            yield Request("more", fx, amount=amount, text=clause)
        else:
            yield Request("add", fx, amount=amount, text=clause)
        rest_phrases = [p for p in phrases if _effect_in(p) is None]
        if not rest_phrases:
            return
        phrases = rest_phrases
    if phrases:
        # "without making it harsh", "not too bright" ask for nothing where nothing is there; that
        # is for the brain to see.
        around = _without_phrases(rest, phrases)  # "clean up" is one itself
        less = not wanting and (complaint or negated or _has(around, LESS))
        size = 0.0
        if re.search(r"\b(room|space|hall|reverb)\b", rest):  # "make the room smaller"
            sizes = [p for p in phrases if p in SIZES]
            if sizes and phrases[-1] in SIZES and len(phrases) > len(sizes):
                size = SIZES[sizes[-1]]
                phrases = [p for p in phrases if p not in SIZES]
        if not less and len(phrases) > 1 and phrases[0] in SOFTENING:  # "tame the harshness"
            phrases, less = phrases[1:], True
        for phrase, following in zip(phrases, [*phrases[1:], ""], strict=True):
            if phrase in KINDS and following:
                continue
            if phrase in SIZES and following and not less:
                size = SIZES[phrase]
                continue
            soft = phrase in SOFTENING
            yield Request(
                "quality",
                phrase,
                value=size,
                amount=amount,
                text=clause if less or len(rest.split()) > len(phrase.split()) else phrase,
                less=less and not (soft and not complaint),
                avoid=kept_out
                and not wanting
                and not complaint
                and not _has(clause, LESS_OF_IT)
                and not ASKED_NOT.search(clause),
            )
        return
    leftover = _content(rest)
    if not leftover and re.fullmatch(r"(fix|sort out|deal with) (it|that|this)( please)?", rest):
        return  # said of what was said before
    if not leftover and _has(rest, LESS):
        back = Reference("back", share=0.5 * min(amount, 1.6))
        yield Request("refer", reference=back, text=clause)
    elif not leftover and _has(rest, ("more", "increase", "extra")):
        yield Request("refer", reference=Reference("further", share=0.5 * amount), text=clause)
    if leftover:
        less = complaint or negated or _has(rest, LESS)
        yield Request("unknown", " ".join(leftover), amount=amount, less=less, text=clause)


def _content(text: str) -> list[str]:
    """The words that could mean something of their own."""
    return [w for w in re.findall(r"[a-z][a-z'-]+", text) if w not in FILLER | VERBS]


def descriptor_phrases(text: str, known: frozenset[str]) -> list[str]:
    """Known phrases in a text, longest first where they overlap, in order of appearance."""
    words = re.findall(r"[\w'+-]+", text)
    found: list[str] = []
    index = 0
    while index < len(words):
        phrase, length = _phrase_at(words[index : index + 7], known)
        if phrase in known:
            found.append(phrase)
        index += length
    return found


def _phrase_at(words: list[str], known: frozenset[str]) -> tuple[str, int]:
    """The longest known phrase that words begin with, articles in it or not, and its length."""
    for length in range(len(words), 0, -1):
        phrase = " ".join(words[:length])
        bare = " ".join(w for w in words[:length] if w not in ARTICLES)
        if phrase in known or (length > 1 and phrase in KNOB_NAMES):
            return phrase, length  # "high end" is not "high"
        if " " in bare and bare in known and words[0] not in ARTICLES:
            return bare, length
    return "", 1


def _without_phrases(text: str, phrases: list[str]) -> str:
    """The text without known phrases, articles in them or not."""
    between = rf" (?:(?:{'|'.join(ARTICLES)}) )*"
    said = "|".join(between.join(map(re.escape, p.split())) for p in phrases)
    return re.sub(rf"(?<![\w-])(?:{said})(?![\w-])", " ", text) if said else text


# Longer phrases of an amount first.
_MEANT = tuple(
    (amount, phrase, re.compile(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])"))
    for amount, phrases in AMOUNTS
    for phrase in sorted(phrases, key=len, reverse=True)
)


def _amount(clause: str, known: frozenset[str] = frozenset()) -> tuple[float, str]:
    """The amount that the words say, and the clause without them."""
    if clause.endswith(" hard"):
        return 1.5, clause.removesuffix(" hard")
    names = [p for p in descriptor_phrases(clause, known) if " " in p]
    for amount, phrase, pattern in _MEANT:
        if not pattern.search(clause):
            continue
        if phrase in {"bit", "touch"} and re.search(rf"\d\s*{phrase}\b", clause):
            continue  # "8 bit" is no amount
        if any(pattern.search(name) for name in names):
            continue  # "far away" is a name
        return amount, " ".join(pattern.sub(" ", clause).split()) or clause
    return 1.0, clause


def _has(text: str, phrases: tuple[str, ...]) -> bool:
    return any(re.search(rf"(?<![\w-]){re.escape(p)}\b", text) for p in phrases)


def _starts(text: str, phrases: tuple[str, ...]) -> bool:
    return any(re.match(rf"{re.escape(p)}\b", text) for p in phrases)


def _only_drop(text: str) -> bool:
    """Whether this drops a thing altogether ("drop the reverb"), not by so much."""
    return _starts(text, ("drop", "cut")) and not re.search(r"\b(back|down|by)\b", text)


def _effect_in(text: str) -> str | None:
    found = _effects_in(text)
    return found[0] if found else None


def _effects_in(text: str) -> list[str]:
    hits = []
    for fx, names in EFFECT_NAMES.items():
        positions = [m.start() for n in names if (m := re.search(rf"\b{n}\b", text))]
        if positions:
            hits.append((min(positions), fx))
    return [fx for _, fx in sorted(hits)]


def _knob_in(text: str) -> tuple[str, str] | None:
    for name in sorted(KNOB_NAMES, key=len, reverse=True):
        if re.search(rf"\b{name}\b", text):
            fx, knob = KNOB_NAMES[name]
            if name in {"decay", "mix", "wet", "tail", "width"} and "delay" in text:
                return ("delay", "feedback" if name in {"decay", "tail"} else "mix")
            return fx, knob
    return None


def _order(clause: str) -> Request | None:
    verb: Verb
    effects = _effects_in(clause)
    if re.match(r"(?:then )?(?:put|place|move|have|insert) (?:it|that|this) ", clause):
        effects = [IT, *effects]  # "add a plate and put it before the distortion"
    if not effects:
        return None
    if len(effects) > 1 and (match := re.search(r"\b(before|after|behind|in front of)\b", clause)):
        verb = "before" if match[1] in {"before", "in front of"} else "after"
        return Request(verb, effects[0], other=effects[1], text=clause)
    if re.search(r"\b(last|(at|to) the (very )?end)\b", clause):
        return Request("last", effects[0], text=clause)
    if re.search(r"\b(first|(at|to) the (very )?(start|beginning|front))\b", clause):
        return Request("first", effects[0], text=clause)
    return None


def _number(text: str) -> float:
    return float(text.replace(",", "."))
