"""Ten of our turns in Debian's plugins (`apt install zam-plugins`): how near do they come?

    python benchmarks/translate.py

For each turn: the distance from our sound (multi-resolution STFT, dB) of the dry sound, and of the
plugin as it is when new, by the meanings of its parameters, and as found in 250 renders. It ends
with status 1 unless the plugin's own distance is at least halved in all of the ten.
"""

from __future__ import annotations

import time

from ifx_bridge import audio
from ifx_bridge.demo import clips
from ifx_bridge.engine import Engine, open_session
from ifx_bridge.matching.translate import RENDERS, Translation, translate
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


def translated(
    clip_name: str, words: str, fx: str, plugin: str, renders: int = RENDERS
) -> Translation:
    """One of the turns, made and translated.

    Raises:
        UserError: The turn has no such effect, or there is no such plugin.
    """
    clip = audio.load(clips()[clip_name])
    chain = Engine().turn(open_session(clip), clip, words).session.chain
    return translate(clip, chain, fx, Library.default().find(plugin), renders)


def main() -> int:
    """Print the table; the exit status."""
    columns = ("dry", "new", "meant", "found", "left")
    print(f"{'clip':8}{'turn':30}{'plugin':12}{''.join(f'{c:>7}' for c in columns)}  s")
    halved: list[bool] = []
    for name, words, fx, plugin in (*TURNS, *BEYOND):
        began = time.perf_counter()
        one = translated(name, words, fx, plugin)
        halved.append(one.found_db <= 0.5 * one.default_db)
        distances = (one.dry_db, one.default_db, one.meant_db, one.found_db)
        figures = "".join(f"{x:7.2f}" for x in distances) + f"{one.left:7.0%}"
        seconds = time.perf_counter() - began
        print(f"{name:8}{words:30}{plugin:12}{figures} {seconds:4.0f}", flush=True)
    count = len(TURNS)
    print(f"at least halved: {sum(halved[:count])} of {count}; of the last, {sum(halved[count:])}")
    return 0 if all(halved[:count]) else 1


if __name__ == "__main__":
    raise SystemExit(main())
