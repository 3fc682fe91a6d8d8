"""Make the factory presets: chains that the program finds for words, kept when measurement agrees.

    OMP_NUM_THREADS=1 python -m ifx_bridge.study.factory

Every row says on which demo recording, with which instructions, and what has to be measurable of
the result (`ifx_bridge.study.heard.differences`). A chain that does not hold its claims, clips, or
is hardly heard is not written, and named.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ifx_bridge import audio, engine
from ifx_bridge.demo import clips
from ifx_bridge.presets.store import SUFFIX, Preset, factory_folder, save
from ifx_bridge.refine import Settings
from ifx_bridge.study.heard import differences

Claims = Mapping[str, tuple[float, float]]
FAR = 1e9
HARDLY_DB = -30.0  # of the sound: a change below is no preset
SEED = 0


def more(least: float) -> tuple[float, float]:
    """At least so much."""
    return least, FAR


def less(most: float) -> tuple[float, float]:
    """At most so much."""
    return -FAR, most


@dataclass(frozen=True)
class Recipe:
    """How a preset is made.

    Attributes:
        name: Of the file, words joined by `-`.
        clip: Which demo recording.
        instructions: One turn each.
        tags: What it is found by, beside the recording's name.
        description: One sentence.
        claims: Ranges of what is measured.
    """

    name: str
    clip: str
    instructions: tuple[str, ...]
    tags: tuple[str, ...]
    description: str
    claims: Claims


def row(name: str, clip: str, said: str, tags: str, description: str, **claims: object) -> Recipe:
    """A recipe; instructions are parted by `|`."""
    ranges = {k: v for k, v in claims.items() if isinstance(v, tuple)}
    return Recipe(name, clip, tuple(said.split("|")), tuple(tags.split()), description, ranges)


RECIPES = (
    # Places.
    row("church-guitar", "guitar", "make it sound like a church", "reverb space church",
        "A long stone room around a guitar.", rings_db=more(1)),
    row("church-grit", "guitar", "make it sound like a church|add some grit|too harsh, soften it",
        "reverb distortion church gritty", "A church, roughened, then softened.",
        rings_db=more(2), rough_db=more(-20)),
    row("church-choir", "voice", "make it sound like a church", "reverb space church vocal",
        "A voice far up in the nave.", rings_db=more(3)),
    row("small-room-drums", "drums", "in a small room", "reverb room space",
        "Drums in a room one could carry.", rings_db=more(0.3)),
    row("hall-drums", "drums", "in a big hall", "reverb hall space",
        "Drums at the far end of a hall.", rings_db=more(4)),
    row("hall-pad", "voice", "in a big hall", "reverb hall space vocal",
        "A voice in a concert hall.", rough_db=more(-10)),
    row("stadium", "drums", "like in a stadium", "reverb delay space live",
        "The size of a stadium.", rings_db=more(3)),
    row("stadium-guitar", "guitar", "like in a stadium", "reverb delay space live",
        "A solo heard from the upper tier.", rings_db=more(1)),
    row("club-next-door", "loop", "a club next door", "eq scene muffled",
        "The party is on the other side of the wall.", brighter=less(0.7), treble_db=less(-6)),
    row("underwater", "drums", "underwater", "eq scene muffled", "Heard from below the surface.",
        treble_db=less(-8)),
    row("underwater-voice", "voice", "underwater", "eq scene muffled vocal",
        "Somebody calls from the edge of the pool.", treble_db=less(-6)),
    row("cave-bass", "bass", "in a cave", "reverb space dark", "A bass in a cave.",
        rough_db=more(-10)),
    row("dreamy-guitar", "guitar", "dreamy and spacious", "reverb space ambient",
        "Soft edges and a long tail.", rings_db=more(1)),
    row("distant-voice", "voice", "distant", "reverb space vocal",
        "Somebody at the end of the corridor.", rings_db=more(0.5)),
    # Devices.
    row("telephone", "loop", "like an old telephone", "eq distortion lofi scene",
        "A call on a bad line.", bass_db=less(-3)),
    row("telephone-drums", "drums", "like an old telephone", "eq distortion lofi scene",
        "The drum track, held to the receiver.", bass_db=less(-6)),
    row("megaphone", "voice", "like a megaphone", "eq distortion lofi scene vocal",
        "Shouted at a crowd.", bass_db=less(-3), rough_db=more(-20)),
    row("walkie-talkie", "voice", "walkie-talkie", "eq distortion lofi scene vocal",
        "Roger, over.", bass_db=less(-3), rough_db=more(-20)),
    row("am-radio", "loop", "like an old radio", "eq distortion lofi scene", "The kitchen radio.",
        bass_db=less(-4)),
    row("cassette", "loop", "like a worn cassette", "eq compressor distortion lofi scene",
        "The third copy of a tape.", rough_db=more(-25)),
    row("cassette-guitar", "guitar", "like a worn cassette", "eq compressor distortion lofi scene",
        "A demo from 1987.", rough_db=more(-25)),
    row("eight-bit-guitar", "guitar", "8-bit video game", "bitcrush lofi game",
        "The guitar as a game console plays it.", rough_db=more(-29)),
    row("eight-bit-loop", "loop", "8-bit video game", "bitcrush lofi game",
        "The loop as a game console plays it.", rough_db=more(-25)),
    row("lofi-drums", "drums", "crush it to 6 bits|warmer", "bitcrush eq lofi warm",
        "Six bits, rounded off.", rough_db=more(-25)),
    # Colours.
    row("bright-guitar", "guitar", "make it bright", "eq bright", "More string, less wood.",
        brighter=more(1.1)),
    row("crisp-drums", "drums", "crisp and clear", "eq bright clear", "Sticks and skins up front.",
        treble_db=more(1)),
    row("airy-voice", "voice", "airy", "eq bright vocal", "Breath around the voice.",
        brighter=more(1.03)),
    row("dark-loop", "loop", "darker please", "eq dark", "The lights turned down.",
        brighter=less(0.85)),
    row("warm-voice", "voice", "make it warm", "eq warm vocal", "Closer and rounder.",
        brighter=less(0.98)),
    row("warm-drums", "drums", "make it warm", "eq warm", "Wooden shells.", brighter=less(0.95)),
    row("muffled-loop", "loop", "muffled", "eq dark muffled", "A blanket over the speaker.",
        treble_db=less(-3)),
    row("thin-loop", "loop", "thinner", "eq thin", "Room left for others.", bass_db=less(-2)),
    row("tinny-loop", "loop", "tinny", "eq thin lofi", "A speaker as large as a coin.",
        bass_db=less(-2), brighter=more(1.1)),
    row("boomy-loop", "loop", "boomy", "eq bass", "More floor than music.", brighter=less(0.85)),
    row("deep-loop", "loop", "more low end", "eq bass", "The floor moves.", bass_db=more(0.3)),
    # Dirt.
    row("gritty-guitar", "guitar", "add some grit", "distortion gritty", "Rough at the edges.",
        rough_db=more(-20)),
    row("gritty-bass", "bass", "add some grit", "distortion gritty bass", "A bass that growls.",
        rough_db=more(-25), brighter=more(1.0)),
    row("distorted-guitar", "guitar", "distorted", "distortion loud", "All the way up.",
        rough_db=more(-15), crest_db=less(-2)),
    row("fuzz-bass", "bass", "fuzzy", "distortion fuzz bass", "A square bass.", rough_db=more(-20)),
    row("dirty-drums", "drums", "a bit dirty", "distortion gritty", "Sampled once too often.",
        rough_db=more(-30)),
    row("crunchy-loop", "loop", "crunchy", "distortion gritty", "The mixer's red lights.",
        rough_db=more(-25)),
    # Movement.
    row("slapback-guitar", "guitar", "slapback echo", "delay echo rockabilly",
        "One short echo, as in the fifties.", rough_db=more(-25)),
    row("slapback-voice", "voice", "slapback echo", "delay echo rockabilly vocal",
        "A singer in a tiled room.", rough_db=more(-25)),
    row("dub-drums", "drums", "dub echo", "delay echo dub", "Echoes that keep going.",
        rings_db=more(0.5)),
    row("dub-siren-guitar", "guitar", "dub echo|darker", "delay echo dub dark",
        "Echoes that sink.", rough_db=more(-25)),
    row("ping-voice", "voice", "delay 375 ms|more echo", "delay echo vocal",
        "Every word comes back.", rough_db=more(-25)),
    # Dynamics.
    row("squashed-drums", "drums", "squash it", "compressor dynamics",
        "The room breathes with the drums.", range_db=less(-2)),
    row("punchy-drums", "drums", "punchy", "compressor dynamics punch", "Fists.",
        range_db=less(0.5)),
    row("glued-loop", "loop", "glue it together", "compressor dynamics glue",
        "All of one piece.", range_db=less(0.2)),
    row("controlled-voice", "voice", "compressed", "compressor dynamics vocal",
        "Every syllable stands.", range_db=less(-0.5)),
    # Pitch.
    row("octave-down-guitar", "guitar", "an octave down", "pitch octave deep",
        "The guitar as a bass.", pitch=(0.48, 0.52)),
    row("chipmunk", "voice", "make it sound like a chipmunk", "pitch vocal funny",
        "Small and quick to laugh.", pitch=(1.3, 2.2)),
    row("monster", "voice", "like a monster", "pitch vocal scene", "Something under the bed.",
        pitch=(0.4, 0.8)),
    row("monster-cave", "voice", "like a monster|in a cave", "pitch reverb vocal scene",
        "Something deep in a cave.", pitch=(0.4, 0.85)),
)  # fmt: skip


def make(recipe: Recipe) -> tuple[Preset | None, str]:
    """The preset, or what speaks against it."""
    clip = audio.load(clips()[recipe.clip])
    machine = engine.Engine(settings=Settings(seed=SEED))
    session, result = engine.open_session(clip), None
    for instruction in recipe.instructions:
        result = machine.turn(session, clip, instruction)
        session = result.session
        if not result.turn.understood:
            return None, f"{instruction!r} is not understood"
    assert result is not None
    measured = differences(clip.samples, result.audio, clip.sample_rate)
    if problem := _problem(clip, result.audio, measured, recipe.claims):
        return None, problem
    preset = Preset.of(
        session.chain,
        name=recipe.name.replace("-", " ").capitalize(),
        description=recipe.description,
        tags=tuple(dict.fromkeys((recipe.clip, *recipe.tags))),
        instructions=recipe.instructions,
        clip=f"{recipe.clip} (demo)",
        measured=measured,
    )
    return preset, ""


def _problem(
    clip: audio.Clip, wet: audio.Audio, measured: Mapping[str, float], claims: Claims
) -> str:
    if not np.isfinite(wet).all() or np.abs(wet).max() < 1e-3:
        return "it is silent or no sound"
    if audio.true_peak_db(wet) > audio.TRUE_PEAK_CEILING_DB + 0.05:
        return "it clips"
    apart = audio.loudness(wet, clip.sample_rate) - audio.loudness(clip.samples, clip.sample_rate)
    if abs(apart) > audio.LOUDNESS_TOLERANCE_LU:
        return f"it is {apart:+.1f} LU louder"
    if measured["rough_db"] < HARDLY_DB:
        return "it is hardly heard"
    for name, (low, high) in claims.items():
        if not low <= measured[name] <= high:
            return f"{name} is {measured[name]:g}"
    return ""


def main() -> None:
    """Make all, or those named."""
    parser = argparse.ArgumentParser(description="Make the factory presets.")
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--out", type=Path, default=factory_folder())
    given = parser.parse_args()
    kept = 0
    for recipe in RECIPES:
        if given.names and recipe.name not in given.names:
            continue
        preset, problem = make(recipe)
        if preset is None:
            print(f"{recipe.name}: left out, {problem}", flush=True)
            continue
        save(preset, given.out / f"{recipe.name}{SUFFIX}")
        kept += 1
        print(f"{recipe.name}: {' → '.join(preset.as_chain().ids)} {preset.measured}", flush=True)
    print(f"{kept} presets in {given.out}")


if __name__ == "__main__":
    main()
