"""Turns of phrase, put in the plain words that the grammar reads.

"Knock the highs back" and "go easy on the highs" are "less highs", "not bright enough" is "more
bright". Every rule rewrites normalized text; what no rule knows stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container

from ifx_bridge.brain.coordination import EFFECT
from ifx_bridge.brain.phrases import REVERB_TRAITS
from ifx_bridge.words.forms import base_in

# Verbs with a particle, by what they say; the particle stands before what is meant or behind it.
PARTICLE_VERBS = {
    "less": """
        lop off, chop off, skim off, slice off, hack off, trim off, knock back, knock down,
        calm down, reel in, rein in, hold back, scale back, tuck down, tuck back, tuck in,
        dip down, wind back, pare back, pare down, cool down, quiet down, settle down, strip
        back, turn back, pull down, dim down, thin down, pull off, keep down, ramp down,
        back down, roll back, throttle back, wind down
    """,
    "more": """
        dial up, whack up, jack up, ramp up, bump up, push up, shove up, bring out, lift up,
        kick up, play up, build up, amp up, raise up, coax out, draw out, slide up, tease
        out, crank up, turn up, pump up, bring up
    """,
    "a bit more": "nudge up, edge up, inch up, notch up, creep up",
    "a bit less": "nudge down, edge down, inch down, notch down, creep down",
    "remove": """
        pull out, yank out, rip out, rip off, strip away, strip out, strip off, peel off,
        throw out, turn off, switch off, shut off, get out, cut out, chuck out, pull away,
        throw away, kick out, toss out
    """,
    "add": """
        dial in, throw in, chuck in, chuck on, whack on, bung on, stick on, stick in, blend
        in, work in, fold in, pop on, pop in, drop in, toss in, toss on, sneak in, slip in,
        pile on, lay on, load on, splash on, bring in
    """,
}  # fmt: skip
# Verbs and openings without one.
PLAIN_VERBS = {
    "less": """
        clear up, clear out, mop up, clean out, deal with, sort out, go easy on, go easy
        with, take it easy on, go light on, go gentle on, lay off, shave, trim, dampen,
        rein, temper, subdue, curb, restrain, contain, not as much, not so much, half as
        much, not quite as much, back off on, ease back on, pull back on, reduce the amount
        of, cut down on
    """,
    "more": """
        accentuate, emphasize, emphasise, enhance, improve, highlight, exaggerate, heighten,
        intensify, strengthen, beef up, give me more, underline
    """,
    "lots of": """
        go nuts with, go nuts on, go crazy with, go crazy on, go wild with, go heavy on, go
        heavy with, go to town on, go big on, max out, crank, go all out on, go hard on,
        drench it with, cover it in, pile on, smother it in, bury it in, load up on,
        overload
    """,
    "add": "dust it with, season it with, sprinkle, sprinkle it with, dress it with, hit it with",
    "remove": """
        quit, bin, axe, nuke, zap, banish, purge, wipe, dump, trash, have done with,
        dispense with, do away with, we can lose, i could do without
    """,
}  # fmt: skip
_CANON = {verb: canon for canon, verbs in PLAIN_VERBS.items() for verb in
          (" ".join(v.split()) for v in verbs.split(","))}  # fmt: skip
_ASKING = (
    r"(?P<asking>(?:^|[,;.:!?] ?|\b(?:and|but|then|please|just|maybe|also|now|to|you|lets?|let us"
    r"|i would|should|we|could|can|might) ))"
)
_A_THING = r"(?P<thing>(?!(?:it|this|that|them|everything)\b)(?:[a-z'-]+ ){1,5}?)"
_DEGREE = r"(?:(?P<degree>right|way|well|all the way|a bit|a little|a touch|slightly) )?"
# People and things that make the sound, and words that say which one: no wishes.
_PLAYERS = (
    r"guitars?|piano|drums?|drum loop|drum kit|kit|voices?|vocals?|vocalist|singers?"
    r"|bass line|bassline|bass|synths?|pads?|strings?|organ|choir|horns?|brass|sax|snare|kick"
    r"|toms?|loop|sample|beat|lead|keys|track|mix|podcast|speaker|host|guest|narrator|line|riff"
    r"|solo|stem|take|recording|clip"
)
_WHICH = (
    r"electric|acoustic|female|male|lead|rhythm|bass|backing|background|steel|metal|nylon|upright"
    r"|grand|rock|jazz|live|trap|kick|choir|organ|country|blues|electronic|orchestral|main|rap"
    r"|podcast|kids?|string|brass|horn|808|house|techno|edm|folk|pop|punk|reggae|gospel|funk|young"
)
_NAMED = re.compile(
    rf"\b(?P<the>the|my|our|this|that|his|her|their) (?:(?:{_WHICH}) )+(?P<player>{_PLAYERS})\b"
)
_AS_PLAYER = re.compile(
    r"\b(?:the|my|our|this|that|his|her|their) (?:kick(?: drum)?|choir|organ|horns?|brass)\b"
)
# Verbs of faults, said of a sound in the third person: "it crackles".
_FAULTS = (
    "crackle clip buzz hiss fizz rattle boom ring honk distort screech squeal hum whistle rumble"
    " sizzle sting pierce grate quack pump wobble flub clang squash"
)
_FAULT = re.compile(
    r"\b(?P<who>it|this|that|everything|he|she|(?:the|my) [a-z]+) (?:just |really |kind of |still "
    rf"|always |also )*(?P<verb>{'|'.join(_FAULTS.split())})e?s\b(?! (?:on|for|out|forever|like)\b)"
)
# A sound in too much of something: "swimming in echo".
_SUNK = re.compile(
    r"\b(?:drown|swimm?|soak|drench|swamp|smother|bury|buri|flood|submerg|awash|float)(?:ing|ed)?"
    r" (?:in|under|by|with|beneath) (?:(?:too much|all|that|all that|the|so much|all the) )*"
    rf"(?=(?:{EFFECT})\b)"
)
_WISHED = re.compile(r"\b(?:make|want|get|have|should|let|be|like|need|needs|would)\b")
# What is left whole, said as what must not happen to it.
_SPARED = re.compile(
    r"\b(?:do not|does not|without|never|not) (?:los(?:e|ing)|kill(?:ing)?|ruin(?:ing)?"
    r"|sacrific(?:e|ing)|hurt(?:ing)?|affect(?:ing)?|wreck(?:ing)?|destroy(?:ing)?|touch(?:ing)?"
    r"|chang(?:e|ing)|alter(?:ing)?|smear(?:ing)?|bury(?:ing)?|mask(?:ing)?|swamp(?:ing)?"
    r"|drown(?:ing)?(?: out)?|wash(?:ing)? out|cover(?:ing)?(?: up)?|spoil(?:ing)?) "
    r"(?=(?:the|its?|my|any|all|too much|that|her|his|so much)\b)"
)
_JOINED_NOT = re.compile(
    r"\b(?P<first>[a-z]+) (?:not|never) (?P<second>(?:too |so |overly )?[a-z]+)"
)
_INSTEAD = re.compile(
    r"\b(?P<first>[a-z]+),? (?:rather than|instead of|as opposed to)"
    r" (?:being )?(?:an? |the )?(?P<second>[a-z]+)"
)
_ENOUGH = re.compile(
    r"(?:\b(?P<who>(?:the |my )?[a-z]+(?: end| tail)?) (?:is|are|was|sounds?|feels?|does|do) )?"
    r"\b(?:not|nowhere near|never|hardly|barely)"
    r" (?:(?:quite|nearly|really|anywhere near|sound|feel|even|at all) )*(?P<how>[a-z]+) enough\b"
)
_FAILS = re.compile(
    r"\b(?:(?P<who>(?:the |my )?[a-z]+) (?:just )?(?:does|do|did)|does) not"
    r" (?:(?:really|quite|exactly|even) )*"
    r"(?P<how>[a-z]+)(?: enough| at all)?(?=$|[,.;!?])"
)
_OVER = re.compile(
    r"\bover-?(?P<how>(?!driv|power|whelm|shadow|rid|all\b|view|done|did|do\b|dub)[a-z]{4,})\b"
)
# (pattern, what it says): fixed turns of phrase.
TURNS = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (r"\b(really|very|way|so|much|far|super)(?:,? \1)+\b", "extremely"),
        (r"\bas (\w+) as (?:it gets|possible|can be|you can|it can (?:be|get)|it will go|anything"
         r"|hell|fuck|f\*ck)\b", r"extremely \1"),
        (r"\b(?:smother|drench|drown|soak|bathe|flood|swamp) (?:it|this|that|everything|the \w+)"
         r"(?=$|[,.;!?])", "lots of reverb"),
        (r"\b(?:smother|slather|bury|flood|coat|douse|cover|plaster|lather|load|swamp|dip|dunk)"
         r" (?:it|this|that|everything|the \w+) (?:up )?(?:in|with|under) ", "lots of "),
        (r"\blay (?:the |that |some )?(.+?) on (?:real |really |nice and )?thick\b", r"lots of \1"),
        (r"\b(?:just )?barely(?: |-)there\b|\bbarely audible\b", "a hint of"),
        (r"\bnothing (?:too|overly|so|that) ", "not too "),
        (r"\boverly\b", "too"),
        (r"(?:^|(?<=[,.;] ))((?:the |my )?[a-z]+)'s (?=[a-z]+$|(?:too|so|way|really|very|a bit"
         r"|a little|getting|still|just|not|all|gone|lost|missing|washed|kind)\b)", r"\1 is "),
        (r"\b(?:i am hearing|i hear|there seems to be|i get) (?=an?\b|some\b|too\b|this\b)",
         "there is "),
        (r"\b(?:just |only )?an? (?!lot|ton|load|heap|bunch|bucket|mile|whole|good|great|fair|hell"
         r"|few|tiny|little|million|thousand|hundred|third|half|quarter|much|far)[a-z]+"
         r" (?=(?:more|less) [a-z])", "a bit "),
        (r"\bkeep (?:the |any |my )?(.+?) (?:subtle|minimal|tasteful|light|discreet|in check"
         r"|under control|to a minimum)\b", r"not too much \1"),
        (r"\btoo ([a-z-]+) for (?:an?|my|our|this|the|some|that) [a-z' -]+?"
         r"(?=$|[,.;!?]| and | but )", r"too \1"),
        (r"\bon the (?!other|left|right|far|same)([a-z]+) side\b", r"too \1"),
        (r"\bdo not (?:overdo|go (?:overboard|crazy|nuts|mad|too far|too hard) (?:with|on))"
         r" (?:the )?", "not too much "),
        (rf"\b(?:lighter|milder|subtler) (?=(?:{EFFECT})\b)", "not too much "),
        (rf"\boverdone (?=(?:{EFFECT})\b)", "extremely "),
        (r"\b(too much|more|less|lots of|so much|not enough) (?:of )?(?:the |that |a )?room\b"
         r"(?! size)", r"\1 reverb"),
        (r"\btoo many (?:repeats|echoes|echos|repetitions|bounces)\b", "fewer repeats"),
        (rf"(?:^|(?<=[,.;] ))(?:the|that|this|all that|your|my) ({EFFECT}) (?:is making|makes|made"
         r"|has made|turns|turned|leaves|is turning) (?:it|things|everything|(?:the|my) [a-z]+)"
         r"(?: all| sound| feel| too| so| really| way| into)* [a-z]+", r"too much \1"),
        (rf"\b(?:the )?same ({EFFECT})\b(?! (?:as|from|time|but))", r"keep the \1"),
        (rf"\b(?:the |that )?({EFFECT}) (?:has to|can|must|needs to|should|gotta)"
         r" (?:go|leave|die)\b", r"remove the \1"),
        (r"\bon top(?: of (?:it|that|this|everything))?(?=$|[,.;!?])", ""),
        (r"\bfull[ -]on\b|\ball[ -]out\b|\bfull[ -]blown\b|\bballs to the wall\b", "extremely"),
        (r"\bi (?:do not|no longer) (?:want|need|like) (?:the |any |that |this )?(.+?)"
         r" (?:any ?more|any longer|at all)\b", r"remove the \1"),
        (r"\b(?:no need for|there is no need for|skip|forget|scratch|never mind|hold)"
         rf" (?:the |any )?(?=(?:{EFFECT})\b)", "no "),
    )
)  # fmt: skip


def plain(text: str, known: Container[str]) -> str:
    """A normalized text in plain words.

    Args:
        text: As `grammar.normalized` makes it.
        known: Phrases that name descriptors.
    """
    for pattern, said in TURNS:
        text = pattern.sub(said, text)
    text = _NAMED.sub(r"\g<the> \g<player>", text)
    if len(text.split()) > 2 and not re.search(r"\b(?:like|more|turn) (?:the|my)\b", text):
        text = _AS_PLAYER.sub("it", text)
    text = re.sub(r"(?<=[a-z])'s\b", "", text)
    text = _FAULT.sub(lambda m: f"{m['who']} is {_ing(m['verb'])}", text)
    if not _WISHED.search(text):
        text = _SUNK.sub("too much ", text)
    text = _SPARED.sub(", keep ", text)
    for pattern in (_JOINED_NOT, _INSTEAD):
        text = pattern.sub(_both(known), text)
    text = _ENOUGH.sub(_wanting(known), text)
    text = _FAILS.sub(_wanting(known), text)
    text = _OVER.sub(lambda m: f"too {m['how']}" if _means(m["how"], known) else m[0], text)
    if re.search(r"\d", text):  # numbers bring their own verbs
        return " ".join(text.split())
    return " ".join(_verbs(text).split())


def _verbs(text: str) -> str:
    text = _BEFORE.sub(lambda m: f"{m['asking']}{_PARTICLES[m['phrase']]}", text)
    text = _BEHIND.sub(_behind, text)
    return _PLAIN.sub(lambda m: f"{m['asking']}{_CANON[m['verb']]} ", text)


def _behind(match: re.Match[str]) -> str:
    canon = _PARTICLES.get(f"{match['verb']} {match['particle']}")
    if canon is None:
        return match[0]
    degree = {"right": "way", "well": "way", "all the way": "way"}.get(
        match["degree"] or "", match["degree"] or ""
    )
    if canon in ("add", "remove"):
        degree = ""
    return f"{match['asking']}{degree} {canon} {match['thing']}"


def _both(known: Container[str]) -> Callable[[re.Match[str]], str]:
    def comma(match: re.Match[str]) -> str:
        words = (match["first"], match["second"].split()[-1])
        both = all(base_in(word, known) for word in words)
        return f"{match['first']}, not {match['second']}" if both else match[0]

    return comma


def _wanting(known: Container[str]) -> Callable[[re.Match[str]], str]:
    """What is not there enough is wanted; of what, where the two make a name ("deep bass")."""

    def more(match: re.Match[str]) -> str:
        how, who = match["how"], (match["who"] or "").removeprefix("the ").removeprefix("my ")
        if not _means(how, known):
            return match[0]
        named = f"{how} {who}" in known or re.fullmatch(EFFECT, who)
        return f"more {how} {who}" if named else f"more {how}"

    return more


def _means(word: str, known: Container[str]) -> bool:
    named = word in REVERB_TRAITS or re.fullmatch(EFFECT, word) is not None
    return named or base_in(word, known) is not None


def _ing(verb: str) -> str:
    if re.search(r"[^aeiou][aeiou][bgmnpt]$", verb):
        return f"{verb}{verb[-1]}ing"
    return f"{verb.removesuffix('e')}ing"


_PARTICLES = {
    " ".join(verb.split()): canon
    for canon, verbs in PARTICLE_VERBS.items()
    for verb in verbs.split(",")
}
_BEFORE = re.compile(
    rf"{_ASKING}(?P<phrase>{'|'.join(_PARTICLES)})(?= (?:the|that|those|my|some|more|a|its|all) )"
    rf"(?! (?:the|that|my) (?!bass)(?:{_PLAYERS})\b)"
)
_BEHIND = re.compile(
    rf"{_ASKING}(?P<verb>{'|'.join(sorted({v.split()[0] for v in _PARTICLES}))})"
    rf" {_A_THING}{_DEGREE}"
    rf"(?P<particle>{'|'.join(sorted({v.split()[1] for v in _PARTICLES}))})"
    r"(?: of (?:there|here|it|this|that|the [a-z]+))?"
    r"(?=$|[,.;!?]| (?:a (?:bit|little|touch|tad|hair|notch)|please|some|slightly|and|but)\b)"
)
_PLAIN = re.compile(
    rf"{_ASKING}(?P<verb>{'|'.join(sorted(_CANON, key=len, reverse=True))}) (?!it\b|this\b|that$)"
)
