"""What people say, as tables and patterns: names, amounts, verbs, complaints, filler."""

from __future__ import annotations

import re

# What people call the effects, and the knob meant when an effect is asked for "more" or "less".
EFFECT_NAMES = {
    "eq": ("equalizer", "equaliser", "equalization", "equalisation", "eq"),
    "comp": ("compressor", "compression", "comp", "limiter"),
    "rev": ("reverberation", "reverb", "verb"),
    "dist": ("distortion", "overdrive", "saturation", "drive", "fuzz", "dist", "clipping"),
    "delay": ("delay", "echoes", "echos", "echo", "repeats"),
    "pitchshift": ("pitch shifter", "pitch shift", "pitchshift", "pitch shifting", "transposition"),
    "bitcrush": ("bit crusher", "bitcrusher", "bit crushing", "bit crush", "bitcrush", "crusher"),
}
MAIN_KNOB = {
    "eq": ("eq", ""),
    "comp": ("comp", "ratio"),
    "rev": ("rev", "wet_level"),
    "dist": ("dist", "drive_db"),
    "delay": ("delay", "mix"),
    "pitchshift": ("pitchshift", "semitones"),
    "bitcrush": ("bitcrush", "-bit_depth"),
}
# Knobs by what people call them.
KNOB_NAMES = {
    "drive": ("dist", "drive_db"),
    "gain of the distortion": ("dist", "drive_db"),
    "gain": ("dist", "drive_db"),
    "room size": ("rev", "room_size"),
    "room": ("rev", "room_size"),
    "decay time": ("rev", "room_size"),
    "decay": ("rev", "room_size"),
    "reverb time": ("rev", "room_size"),
    "reverb tail": ("rev", "room_size"),
    "tail": ("rev", "room_size"),
    "damping": ("rev", "damping"),
    "reverb mix": ("rev", "wet_level"),
    "wet level": ("rev", "wet_level"),
    "wet": ("rev", "wet_level"),
    "dry level": ("rev", "dry_level"),
    "width": ("rev", "width"),
    "delay time": ("delay", "delay_seconds"),
    "echo time": ("delay", "delay_seconds"),
    "feedback": ("delay", "feedback"),
    "delay mix": ("delay", "mix"),
    "threshold": ("comp", "threshold_db"),
    "ratio": ("comp", "ratio"),
    "attack time": ("comp", "attack_ms"),
    "attack": ("comp", "attack_ms"),
    "release time": ("comp", "release_ms"),
    "release": ("comp", "release_ms"),
    "semitones": ("pitchshift", "semitones"),
    "pitch": ("pitchshift", "semitones"),
    "bit depth": ("bitcrush", "bit_depth"),
    "bits": ("bitcrush", "bit_depth"),
    "bass": ("eq", "low_shelf_gain_db"),
    "lows": ("eq", "low_shelf_gain_db"),
    "low end": ("eq", "low_shelf_gain_db"),
    "sub": ("eq", "low_shelf_gain_db"),
    "low mids": ("eq", "band0_gain_db"),
    "low mid": ("eq", "band0_gain_db"),
    "high mids": ("eq", "band2_gain_db"),
    "high mid": ("eq", "band2_gain_db"),
    "mids": ("eq", "band1_gain_db"),
    "midrange": ("eq", "band1_gain_db"),
    "mid range": ("eq", "band1_gain_db"),
    "upper mids": ("eq", "band2_gain_db"),
    "presence": ("eq", "band3_gain_db"),
    "treble": ("eq", "high_shelf_gain_db"),
    "highs": ("eq", "high_shelf_gain_db"),
    "high end": ("eq", "high_shelf_gain_db"),
    "top": ("eq", "high_shelf_gain_db"),
    "bottom": ("eq", "low_shelf_gain_db"),
    "bottom end": ("eq", "low_shelf_gain_db"),
    "top end": ("eq", "high_shelf_gain_db"),
}
# How much of the typical change the words mean.
_AMOUNTS_TEXT = {
    0.25: """
        a tiny bit, a hair, barely, ever so slightly, ever so, a smidge, a smidgen, a
        whisker, minimally, infinitesimally, a teeny bit, a wee bit, hardly any, a
        hairsbreadth, a sliver of, a sliver, a tiny little bit, tiny little bit, tiny bit,
        teeny bit, a speck of, a teensy bit, microscopic, almost imperceptibly,
        imperceptibly
    """,
    0.5: """
        a little bit, a little, a bit, a touch, a tad, a hint of, a hint, slightly, subtly,
        subtle, somewhat, a dash, a pinch, lightly, mildly, gently, softly, kind of, kinda,
        sort of, marginally, fractionally, a fraction of, a fraction, faintly, vaguely, a
        notch, a shade, a splash of, a dab of, a drop of, a sprinkle of, a sprinkling of, a
        dusting of, a kiss of, a lick of, a whiff of, a taste of, a squeeze of, a trace of,
        a suggestion of, a pinch of, a dash of, a breath of, a drizzle of, a smattering of,
        a whisper of, a nip of, a glimmer of, a spot of, a scrap of, modestly, delicately, a
        wee, a nudge, a trifle, tastefully, sparingly, a lick, only just, a modest, a small
        amount of, bit, touch, hint
    """,
    0.8: """
        some, fairly, moderately, a degree, reasonably
    """,
    1.0: """
        quite, pretty, rather, noticeably, distinctly, a fair amount of, a fair bit of, a
        fair bit, nicely, a decent amount of, a healthy dose of, a dose of, decidedly,
        clearly more, properly
    """,
    1.5: """
        very, really, a lot, lots of, lots, much, way, far, heavily, heavy, strongly, loads
        of, tons of, plenty of, seriously, significantly, so, considerably, deeply, ton of,
        a ton, tons, loads, heaps of, heaps, bags of, buckets of, a bucket of, oceans of,
        piles of, stacks of, a whole lot of, a whole lot, a good deal of, a good deal, a
        great deal of, a great deal, a good bit, markedly, substantially, dramatically,
        drastically, by a mile, by a lot, by miles, by a long way, by far, vastly, majorly,
        radically, aggressively, a fuck ton of, a shit ton of, a shitload of, a boatload of,
        oodles of, big time, like mad, like crazy, awfully, terribly, proper, a mountain of,
        a wall of, bucketloads of, hella, enormously
    """,
    2.0: """
        extremely, super, insanely, totally, completely, massively, absolutely,
        ridiculously, incredibly, ultra, crazy, hugely, utterly, as much as possible, mega,
        unbelievably, to the max, to the maximum, maxed out, outrageously, stupidly,
        obscenely, wildly, monstrously, stupid, hyper, all the way, to eleven, to 11, off
        the charts, full blast, flat out, to the extreme, astronomically, immensely,
        tremendously, exceptionally, violently, as hell, as fuck, to death, times ten, into
        oblivion, to oblivion, to bits, to pieces, through the roof, beyond recognition
    """,
}
AMOUNTS = tuple(
    (amount, tuple(" ".join(phrase.split()) for phrase in text.split(",")))
    for amount, text in _AMOUNTS_TEXT.items()
)
# Adjectives that are an amount in front of something else ("a gentle tape echo").
STRENGTHS = {"gentle": 0.5, "light": 0.5, "delicate": 0.5, "heavy": 1.5, "intense": 1.5}
# Adjectives of size in front of a space: how they change the room.
SIZES = {"big": 0.06, "large": 0.06, "huge": 0.08, "massive": 0.08, "enormous": 0.08, "vast": 0.08,
         "grand": 0.06, "gigantic": 0.08, "giant": 0.08, "small": -0.3, "tiny": -0.4,
         "little": -0.3}  # fmt: skip
# What is said of a reverb itself: the knob that it is about, and which way.
_TRAITS = {
    ("room_size", +1): "long big large huge endless vast enormous massive",
    ("room_size", -1): "short tight small tiny brief little",
    ("damping", +1): "dark warm dull soft muffled mellow smooth",
    ("damping", -1): "bright harsh metallic sharp brilliant shiny tinny splashy",
    ("width", +1): "wide broad",
    ("width", -1): "narrow mono",
    ("wet_level", +1): "loud wet heavy strong prominent lush deep thick",
    ("wet_level", -1): "quiet dry subtle light weak gentle faint",
}
REVERB_TRAITS = {word: knob for knob, words in _TRAITS.items() for word in words.split()}
# Verbs of change that say which way.
MORE = ("more", "increase", "raise", "turn up", "boost", "bring up", "push", "crank up", "crank",
        "extra", "additional", "stronger", "bigger", "longer", "louder", "wider", "higher",
        "pump up",
        "up", "deeper", "slower",
        "double", "lengthen", "extend", "stretch", "not enough")  # fmt: skip
LESS = ("less", "decrease", "shave", "trim", "reel in", "rein in",
        "reduce", "lower", "turn down", "cut", "bring down", "pull back",
        "back off", "ease off", "ease up on", "ease", "loosen", "relax",
        "faster", "quicker", "dial back", "dial down", "tone down", "tame",
        "fewer",
        "weaker", "smaller", "shorter", "shorten", "shrink", "roll off", "shave off", "halve",
        "take down", "quieter", "narrower", "not so", "not as", "not that",
        "not too", "too much of", "too much", "too many", "lighten", "down", "minimize", "drop",
        "without so much", "way too much", "cut back on", "cut down", "soften", "de", "fix",
        "tackle", "control", "deal with", "sort out", "clean up", "attenuate",
        "scoop")  # fmt: skip
LESS_OF_IT = ("less", "reduce", "remove", "lose", "get rid of", "kill", "tone down", "not so")
REMOVE = ("remove", "delete", "get rid of", "take out", "take away", "take off", "lose", "kill",
          "turn off", "switch off", "mute", "bypass", "ditch", "scrap", "drop", "eliminate",
          "filter out", "notch out", "dial out", "clean out",
          "no more", "without any", "without", "no", "undo", "stop", "strip", "clear out",
          "disable", "cancel")  # fmt: skip
ADD = ("add", "put on", "put", "apply", "use", "throw in", "throw on", "insert", "give it",
       "give me",
       "give us", "slap on", "slap", "introduce", "include", "with", "i want", "i would like",
       "we need", "it needs", "needs", "need", "want", "bring in", "turn on", "mix in", "sprinkle",
       "drench it in", "drown it in", "bathe it in")  # fmt: skip
VERBS = frozenset(word for phrase in (*MORE, *LESS, *REMOVE, *ADD) for word in phrase.split())
# Words that carry no request of their own.
FILLER_TEXT = """
    both them everything many never mind bit lot half double twice amount
    a add adds again all also an and any as at audio bass be beat been being bit bring but
    by can character clip come comes coming could drum drums effect effects everything feel
    feeling feels for from get getting give go goes going guitar had has have having hear
    heard here i if in inside instrument into is it it's its just kind kinda let let's lets
    like loop made make making maybe me mix more my need needs not now of on one our out
    over overall pad pads part parts performed perhaps piano play played playing please plus
    put quality really recorded recording same sample set should signal singer snare some
    something sort sound sounded sounding sounds standing still strings style synth that the
    them then there these thing this those through to tone too track try turn us very vibe
    vibes vocal vocals voice voices want wants was we were what where which whole with would
    whoa woah ugh hmm af ngl tbh imo pls plz omg lol damn dude bro yo
    you song songs verse verses chorus choruses intro outro refrain section sections
"""
FILLER = frozenset(FILLER_TEXT.split())

# Spanish has these too.
SHARED = """
    reverb es e y la en grave nasal radio final robot lo grande reduce de del el le eco sin con
    me un
    sea al no corta
"""
ENGLISH = FILLER | set(SHARED.split())

# Typographic quotes, dashes and minus signs.
PLAIN = str.maketrans({0x2019: "'", 0x2018: "'", 0x2013: "-", 0x2014: ",", 0x2212: "-"})
WORD_NUMBERS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "twelve": "12", "half an": "0.5", "half a": "0.5",
    "an": "1", "a": "1",
}  # fmt: skip
QUESTION = re.compile(
    r"(what|who|when|where|why|how (much|many|is|are|do|does|did)|which|is it|are you|do you)\b"
    r".*\?$"
)
# Verbs that hold for the effects named after an "and", too.
LEADING = re.compile(
    r"(?:please |and |now |just )*(?:remove|delete|get rid of|lose|kill|ditch|scrap|drop"
    r"|take out|mute|bypass|turn off|disable|leave|keep|lock|unlock|freeze"
    r"|do not (?:touch|change|alter|move)|preserve|less|reduce|more|increase|add"
    r"|turn (?:down|up))\b"
)
# What it is like now: named because it should not be so.
STATEMENT = re.compile(
    r"(?:(?:now|still|and|but|well|hmm|honestly|hey) )*"
    r"(?:(?:it|that|this|they|everything|(?:the|my) [\w ]+?"
    r"|(?!make|let|keep|what|if|when|so|until|like|as|can|could|would|will|i|we|you|please|get|give"
    r"|put|add)\w+(?: \w+){0,2}?) "
    r"(?:is|are|sounds?|feels?|seems?|gets?|got|became)|there (?:is|are)|sounds|feels|seems) "
    r"(?!not\b)"
)
# Said of what should not be so.
NEGATIVE = re.compile(
    r"\b(?:hurts?|hurting|killing|kills|ruining|ruins|drowning|washing|washes|in the way"
    r"|distracting|over the top|overdone|overd(?:id|o|oing)"
    r"|overcooked|overboard|overkill|excessive|overwhelm\w*|overpower\w*|dominat\w*"
    r"|swallow(?:s|ing|ed)|eat(?:s|ing)|mask(?:s|ing)|clutter(?:s|ing)|smear(?:s|ing)"
    r"|chok(?:es|ing)|crowd(?:s|ing)|fight(?:s|ing)|obscur(?:es|ing)|bur(?:ies|ying)"
    r"|blur(?:s|ring)|mudd(?:y|ies|ying) (?:everything|it|things|up|the)|clash(?:es|ing)"
    r"|tak(?:es|ing) over|stick(?:s|ing) out"
    r"|took over|taken over|ruined|wrecked|destroyed|overpowered"
    r"|jump(?:s|ing) out|too obvious|bother(?:s|ing)|mess(?:es|ing) (?:up|with)|wreck(?:s|ing)"
    r"|spoil(?:s|ing)|destroy(?:s|ing)|cover(?:s|ing) (?:up|everything|the)|drowns"
    r"|smother(?:s|ing)|swamp(?:s|ing)|overshadow\w*|got away from (?:me|us|you)|out of hand"
    r"|out of control|gets? to me|going on with the|wrong|sucks|horrible|terrible|gross"
    r"|annoying|nasty|ugly|hear the \w+ (?:work\w*|pump\w*|kick\w*)"
    r"|awful|unpleasant|can not stand|sick of|tired of|hate)\b"
)
TOO_LITTLE = re.compile(r"\btoo (?:low|little|short|small|quiet|slow|weak|subtle|few)\b")
# "pull the reverb back": the two halves of a verb.
TURNED_DOWN = re.compile(
    r"\b(?:turn|pull|bring|dial|back|ease|tone|knock|roll|shave|trim|filter)\b.+\b(?:down|back"
    r"|off)\b(?! (?:up|in)\b)"
)
DECADES = {"20": "twenties", "30": "thirties", "40": "forties", "50": "fifties", "60": "sixties",
           "70": "seventies", "80": "eighties", "90": "nineties"}  # fmt: skip
# "40s" alone may as well be seconds.
DECADE = re.compile(r"\b(?:19)?([5-9]0)'?s\b|\b(?:(?<=\bthe )|19|')([2-4]0)'?s\b")
# People leave out the apostrophe.
ITS = re.compile(
    r"\bits (?=(?:a|an|all|far|getting|just|kind|kinda|like|not|now|pretty|quite|really|so|sort"
    r"|sounding|still|too|very|way)\b)"
)
# Said after what is wanted, of how much.
LITTLE = re.compile(
    r"(?:but |just )*(?:not (?:too|so|that) (?:much|strong|heavy|crazy|obvious)"
    r"|nothing (?:crazy|extreme|too \w+)|keep it (?:subtle|tasteful|light|gentle)"
    r"|subtly|subtle|tastefully|gently|lightly"
    r"|(?:only |just )?a (?:touch|bit|hint|little)(?: bit)?)(?: though| please)?"
)
INTRODUCED = re.compile(
    r"\b(like|as if|as though|sounds?|sounding|in an?|in the|inside|through|from an?|from the|feel"
    r"|feels|vibe|more|less|too)\b"
)
# "less wet more dry" is two wishes.
CONTRAST = re.compile(r"(\bless (?:\w+ ){1,3}?(?=more\b)|\bmore (?:\w+ ){1,3}?(?=less\b))")
RHETORICAL = re.compile(
    r"(?:why|how come|is it (?:just |only )?me or)(?: (?:is|are|does|do|did))? "
    r"(it|this|that|they|everything|(?:the|my) \w+)(?: (?:is|are))?"
    r"(?: (?:sound|feel|seem|get)s?)? (.*?)\s*\?*"
)
GONE = re.compile(
    r"(?:where|why) (?:did|has|have|is|are) (?:all )?(the [\w ]+?) (?:go|gone|disappear\w*)\s*\?*"
)
# "so muddy", "kinda harsh ngl": nobody asks for that.
SIGH = re.compile(
    r"(?:(?:ugh|hmm|ok|now|still|it is|so|kind of|kinda|sort of|really|honestly|pretty) )+"
    r"(?:harsh|muddy|boomy|thin|tinny|nasal|honky|boxy|flat|muffled|dull|shrill|brittle|piercing"
    r"|lifeless|weak|hollow|noisy|papery|fizzy|mushy|splashy|slappy|washy|woolly|scratchy|spitty"
    r"|sibilant|strident|screechy|ringy|anaemic|gutless|weedy|cloudy|murky|uneven|flabby|tubby"
    r"|hissy|squashed|choked|shouty|grating|congested|wimpy|puny)\b.*"
)
# A fault and where it is: "brittle top end", "harsh around the highs".
FAULT = re.compile(
    r"(?:(?:ugh|hmm|still|really|so|very|super|bit|the|a|some|kind of|kinda|pretty) )*"
    r"(?:harsh|piercing|brittle|shrill|muddy|boomy|boxy|honky|nasal|tinny|sibilant|strident|woolly"
    r"|flabby|tubby|screechy|abrasive|spitty|peaky|spiky|hissy|uneven|undefined|murky)"
    r"(?:,| and| in| around| on)*(?: the| my)?"
    r" (?:top|top end|highs?|high end|treble|low end|lows?|bass|mids?|midrange|low mids|upper mids"
    r"|bottom|bottom end|sub|cymbals?|hats?|hi-hats?|esses|vocals?|voice|consonants|attack)\b.*"
)
# An effect of which something is said: "the reverb is eating the words".
OF_EFFECT = re.compile(
    r"(?:(?:the|that|this|my|now|but|still|all) )*"
    rf"(?:{'|'.join(name for names in EFFECT_NAMES.values() for name in names)})\b"
)
# Clauses that ask for something and complain of nothing.
ASKED = re.compile(
    r"(?:please |just |now |then )*(?:make|give|let|turn|add|put|use|try|go for|want|i want|i need"
    r"|i would|we need|need|can you|could you|should|like|as if|as though|more|less|in an?|inside"
    r"|crush|squash|squeeze|smash|flatten|slam|bury|hide|drown|drench|bathe|soak|under|behind|through|from|cut|boost|reduce|remove|kill|lose|tame"
    r"|fix)\b"
)
# Where it is so, not how.
PASSAGE = re.compile(
    r"\b(?:high|low|loud|quiet|long|short|deep|soft) "
    r"(?:notes?|parts?|bits?|passages?|sections?|hits?)\b"
    r"|\b(?:around|in|on|of|under|from) (?:the|my) (?:kick|bass) ?(?:drum|guitar|line)?$"
)
# Between the things that an instruction asks for.
JOINT = re.compile(r"(?:[,.;] ?|\b(?:and|then|but|plus|also) )+")
WISH = re.compile(r"\b(?:more|less|should|needs?|could|must|not|better|good|nice|great)\b")
SWAP = re.compile(r"\b(?:swap|switch|exchange|flip)\b(?! (?:off|on|it off)\b)")
KEEPING = re.compile(
    r"\b(?:(?P<unlock>unlock|unfreeze)|(?P<lock>lock|freeze|never (?:touch|change))"
    r"|leave|keep|hands off|stay away from|do not (?:mess with|touch|change|alter|move)|hold"
    r"|preserve)\b(?P<rest>.*)"
)
# An effect of another turn: "use the reverb from turn 2".
BORROWED = re.compile(
    r"(?:(?:please|use|take|bring back|give me|i want|with|copy|get|restore|put back|same|but) )*"
    r"(?:the|that|its) (?:same )?"
    rf"((?:{'|'.join(name for names in EFFECT_NAMES.values() for name in names)}))"
)
# Targets that are no effect: all of the chain, and what was just spoken of.
ALL, IT = "*", "it"
EVERYTHING = re.compile(
    r"(?: ?\b(?:both|everything|every effect|all(?: of)?(?: (?:it|them|the effects|effects|three"
    r"|four))?"
    r"|the (?:whole|entire) (?:chain|thing|sound)|the lot|them(?: all)?)\b(?: (?:of them"
    r"|effects))?)"
)
# Skipped inside of names: "tighten up the low end" is "tighten low end".
ARTICLES = ("the", "a", "an", "my", "that", "this", "its", "up", "some")
# Names of effects, and amounts, that are no forms of words.
OWN_FORMS = frozenset({
    "crusher", "bitcrusher", "limiter", "compressor", "gently", "lightly", "softly", "heavily",
    "strongly", "deeply", "mildly", "subtly", "hugely", "massively",
    *(word for _, phrases in AMOUNTS for phrase in phrases for word in phrase.split()),
})  # fmt: skip
# In front of another thing these say what kind it is, not how it should sound ("a cheap intercom").
KINDS = frozenset({"cheap", "toy", "kid", "kids", "young", "crappy", "crummy", "janky", "trashy"})
# Asking for them is complaining of what stands beside them.
SOFTENING = frozenset({"soften", "tame", "smoothen", "smooth out", "tone"})
# "remove everything except the reverb", "keep only the delay".
EXCEPT = re.compile(
    r"(?:please )?(?:(?P<verb>remove|delete|mute|bypass|drop|kill|lose|lock|freeze|take|strip|clear"
    r"|turn|get rid of|pull)"
    r" (?:everything|all(?: the effects)?|anything)(?: off| out| away)?"
    r" (?:but|except(?: for)?|apart from|other than)"
    r"|(?:keep|leave) (?:only|just)|only keep|just keep|nothing but)"
    r" (?P<kept>[\w ]+)"
)
# Who sounds so says nothing of how: "the kick sounds like a basketball".
SUBJECT = re.compile(
    r"^(?:the |my |that |this )?(?!it\b|make|let|so|i\b|have|want)(?:\w+ )?(?!it\b|that\b|this\b)"
    r"(?:\w+ (?=sounds like\b)|\w+s (?=sound like\b))"
)
TEMPO = re.compile(
    r"\b(?:slow|slower|slow down|faster|speed(?: up)?|tempo|bpm|half time|double time)\b"
)
# What something is by itself: "back to original pitch", "reset the equalizer".
RESTORED = re.compile(
    r"(?:(?:please|just|go|get|put|bring|set) )*(?:(?:back|return|reset|restore|revert)(?:"
    r" it)?(?: to)?"
    r"(?: (?:the|its|my|a))?(?: (?:original|normal|natural|default|usual))?"
    r"|(?:the )?(?:original|normal|natural|default|usual)) (?:the )?(?P<what>[a-z ]+?)"
    r"(?: (?:again|please|back|to (?:normal|default|original|zero)))*"
)
# "not so bright" is said of what is there: less of it. "Do not make it bright" is not.
ASKED_NOT = re.compile(r"\b(?:not (?:so|as|that))\b")
