"""Ten of our turns in Debian's plugins (`apt install zam-plugins`): how near do they come?

    python benchmarks/translate.py

For each turn: the distance of the plugin's sound from ours (multi-resolution STFT, dB) with the
plugin as it is when new, by the meanings of its parameters, and as found in 250 renders.
"""

from __future__ import annotations

import time

from ifx_bridge import audio
from ifx_bridge.demo import clips
from ifx_bridge.engine import Engine, open_session
from ifx_bridge.matching.translate import translate
from ifx_bridge.plugins.library import Library

TURNS = (
    ("guitar", "make it brighter", "eq", "ZamEQ2"),
    ("voice", "warm", "eq", "ZamEQ2"),
    ("loop", "dark", "eq", "ZamGEQ31"),
    ("voice", "like an old telephone", "eq", "ZamGEQ31"),
    ("drums", "squash it", "comp", "ZamComp"),
    ("loop", "punchy", "comp", "ZamCompX2"),
    ("guitar", "add a slapback echo", "delay", "ZamDelay"),
    ("voice", "dub echo", "delay", "ZamDelay"),
    ("drums", "muffled", "eq", "ZamEQ2"),
    ("bass", "squash it", "comp", "ZamCompX2"),
)
# Plugins that cannot sound like ours: a tube with a tone stack, and a reverb of fixed rooms with no
# knob but how much of it.
BEYOND = (
    ("guitar", "add some grit", "dist", "ZamTube"),
    ("guitar", "make it sound like a church", "rev", "ZamVerb"),
)


def main() -> None:
    print(f"{'clip':8}{'turn':30}{'plugin':12}{'new':>7}{'meant':>7}{'found':>7}{'ratio':>7}  s")
    ratios: list[float] = []
    for name, words, fx, plugin in (*TURNS, *BEYOND):
        clip = audio.load(clips()[name])
        chain = Engine().turn(open_session(clip), clip, words).session.chain
        if fx not in chain:
            print(f"{name:8}{words:30}{plugin:12} has no {fx}: {' → '.join(chain.ids)}")
            continue
        began = time.perf_counter()
        one = translate(clip, chain, fx, Library.default().find(plugin))
        ratios.append(one.found_db / one.default_db)
        figures = "".join(f"{x:7.2f}" for x in (one.default_db, one.meant_db, one.found_db))
        seconds = time.perf_counter() - began
        print(f"{name:8}{words:30}{plugin:12}{figures}{ratios[-1]:7.2f} {seconds:4.0f}", flush=True)
    halved = [ratio <= 0.5 for ratio in ratios]
    count = len(TURNS)
    print(f"at least halved: {sum(halved[:count])} of {count}; of the last, {sum(halved[count:])}")


if __name__ == "__main__":
    main()
