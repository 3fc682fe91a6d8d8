"""Make the factory presets: chains that the program finds for words, kept when measurement agrees.

    OMP_NUM_THREADS=1 python -m ifx_bridge.study.factory

Every row says on which demo recording, with which instructions, and what has to be measurable of
the result (`measure`); the dry sound itself holds none of these claims. A chain that does not hold
them, clips, is hardly heard, or is nearly another preset is not written, and named.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ifx_bridge import audio, engine
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain
from ifx_bridge.presets.store import SUFFIX, Preset, factory_folder, save
from ifx_bridge.refine import Settings
from ifx_bridge.study.heard import differences, echo_seconds, tail_seconds

Claims = Mapping[str, tuple[float, float]]
FAR = 1e9
HARDLY_DB = -30.0  # of the sound: a change below is no preset
TAGS = {
    "eq": "eq", "comp": "compressor", "rev": "reverb", "dist": "distortion", "delay": "delay",
    "pitchshift": "pitch", "bitcrush": "bitcrush",
}  # fmt: skip
NEAR = 0.05  # of a knob's whole turn: chains that differ by less in every knob are the same
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
        tags: What it is found by, beside the recording's name and the effects.
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
    row("church-guitar", "guitar", "make it sound like a church", "space church",
        "A long stone room around a guitar.", tail_s=more(2)),
    row("church-grit", "guitar", "make it sound like a church|add some grit|too harsh, soften it",
        "church gritty", "A church, roughened, then softened.",
        tail_s=more(2), crest_db=less(-3)),
    row("church-choir", "voice", "make it sound like a church|brighter",
        "space church bright vocal", "A bright voice far up in the nave.",
        tail_s=more(2), brighter=more(1.1)),
    row("small-room-drums", "drums", "in a small room", "room space",
        "Drums in a small, short room.", tail_s=(0.2, 0.8)),
    row("garage-drums", "drums", "gritty|in a small room", "room gritty",
        "Driven drums in a small room.", tail_s=(0.2, 0.8), crest_db=less(-3)),
    row("hall-drums", "drums", "in a big hall", "hall space",
        "Drums at the far end of a hall.", tail_s=more(1.2)),
    row("hall-pad", "voice", "in a big hall", "hall space vocal",
        "A held voice in a concert hall.", tail_s=more(1.2)),
    row("stadium", "drums", "like in a stadium", "space live",
        "Drums with the size of a stadium.", tail_s=more(2)),
    row("stadium-guitar", "guitar", "like in a stadium", "space live",
        "A solo heard from the upper tier.", tail_s=more(2)),
    row("club-next-door", "loop", "a club next door", "scene muffled",
        "The party on the other side of the wall.", brighter=less(0.7), treble_db=less(-6)),
    row("underwater", "drums", "underwater", "scene muffled",
        "Drums heard from below the surface.", treble_db=less(-8)),
    row("underwater-voice", "voice", "underwater", "scene muffled vocal",
        "A voice heard from below the surface.", treble_db=less(-6)),
    row("cave-bass", "bass", "in a cave", "space dark", "A bass in a cave.",
        tail_s=more(2)),
    row("dreamy-guitar", "guitar", "dreamy and spacious", "space ambient",
        "Soft edges and a very long tail.", tail_s=more(3)),
    row("distant-voice", "voice", "distant", "space vocal",
        "Somebody at the end of the corridor.", tail_s=more(0.8), treble_db=less(-0.5)),
    row("bathroom-voice", "voice", "in a bathroom", "room space vocal",
        "Hard tiles around a voice.", tail_s=(0.6, 2)),
    row("plate-voice", "voice", "plate reverb", "plate space vocal",
        "A dense plate behind a voice.", tail_s=more(1.5)),
    row("polished-voice", "voice", "bright and airy|compressed|plate reverb",
        "plate bright vocal", "Brightened, held steady, and set on a plate.",
        tail_s=more(1.5), brighter=more(1.1), range_db=less(-5)),
    # Devices.
    row("telephone", "loop", "like an old telephone", "lofi scene",
        "Music on hold, on a bad line.", bass_db=less(-6), treble_db=less(-1)),
    row("telephone-drums", "drums", "like an old telephone", "lofi scene",
        "The drum track, held to the receiver.", bass_db=less(-6), treble_db=less(-3)),
    row("megaphone", "voice", "like a megaphone", "lofi scene vocal",
        "A voice shouted at a crowd.", bass_db=less(-3), dirt_db=more(-20)),
    row("walkie-talkie", "voice", "walkie-talkie", "lofi scene vocal",
        "A voice over a hand-held radio.", bass_db=less(-6), dirt_db=more(-20),
        range_db=less(-3)),
    row("am-radio", "loop", "like an old radio", "lofi scene",
        "The radio in the kitchen.", bass_db=less(-6), dirt_db=more(-25)),
    row("cassette", "loop", "like a worn cassette", "lofi scene",
        "The third copy of a tape.", brighter=less(0.9), dirt_db=more(-20)),
    row("cassette-guitar", "guitar", "like a worn cassette", "lofi scene",
        "A guitar taped at home.", brighter=less(0.9), dirt_db=more(-20)),
    row("tape-slap-loop", "loop", "slapback echo|like a worn cassette",
        "lofi echo", "A slapback on worn tape.",
        brighter=less(0.9), dirt_db=more(-20), echo_s=(0.08, 0.16)),
    row("vinyl-loop", "loop", "like vinyl", "lofi scene",
        "A loop from an old record.", brighter=less(0.9), dirt_db=more(-30)),
    row("lofi-loop", "loop", "lofi", "lofi", "A loop from a cheap sampler.",
        bass_db=less(-1), dirt_db=more(-35)),
    row("lofi-room-loop", "loop", "lofi|in a small room", "lofi room",
        "A cheap sampler played into a small room.", bass_db=less(-1), tail_s=(0.2, 1)),
    row("lofi-drums", "drums", "crush it to 6 bits|warmer", "lofi warm",
        "Six bits, rounded off.", dirt_db=more(-35), brighter=less(0.95)),
    row("eight-bit-guitar", "guitar", "8-bit video game", "lofi game",
        "The guitar as a game console plays it.", dirt_db=more(-35), brighter=more(1.5)),
    row("eight-bit-loop", "loop", "8-bit video game", "lofi game",
        "The loop as a game console plays it.", dirt_db=more(-25), brighter=more(1.5)),
    # Colours.
    row("bright-guitar", "guitar", "make it bright", "bright", "More string, less wood.",
        brighter=more(1.1)),
    row("crisp-drums", "drums", "crisp and clear", "bright clear", "Sticks and skins up front.",
        treble_db=more(3)),
    row("airy-voice", "voice", "airy", "bright vocal", "Breath around the voice.",
        brighter=more(1.05)),
    row("metallic-guitar", "guitar", "cold and metallic", "bright cold",
        "A cold, hard-edged guitar.", brighter=more(1.3), treble_db=more(3)),
    row("dark-loop", "loop", "darker please", "dark", "A loop with the top turned down.",
        brighter=less(0.85)),
    row("warm-voice", "voice", "make it warm", "warm vocal", "A closer and rounder voice.",
        brighter=less(0.95)),
    row("warm-drums", "drums", "make it warm", "warm", "Rounder drums with a softer top.",
        brighter=less(0.95)),
    row("warm-bass", "bass", "warm and full", "warm full", "A round bass without edge.",
        brighter=less(0.9), treble_db=less(-3)),
    row("muffled-loop", "loop", "muffled", "dark muffled", "A blanket over the speaker.",
        treble_db=less(-6)),
    row("thin-loop", "loop", "thinner", "thin", "Room left for other instruments.",
        bass_db=less(-2)),
    row("tinny-loop", "loop", "tinny", "thin lofi", "A very small speaker.",
        bass_db=less(-2), treble_db=more(3)),
    row("scooped-loop", "loop", "scooped", "scooped", "The middle taken out.",
        mid_db=less(-3)),
    row("boomy-loop", "loop", "a bit boomy", "bass", "A little more low end.",
        brighter=less(0.85), bass_db=more(0.5)),
    row("deep-loop", "loop", "more low end", "bass", "Much more low end.", bass_db=more(1.5)),
    # Dirt.
    row("gritty-guitar", "guitar", "add some grit", "gritty", "Rough at the edges.",
        dirt_db=more(-20), crest_db=less(-3)),
    row("gritty-bass", "bass", "add some grit", "gritty", "A bass that growls.",
        dirt_db=more(-20), brighter=more(1.1)),
    row("distorted-guitar", "guitar", "way more distorted", "loud",
        "A guitar amplifier all the way up.", dirt_db=more(-12), crest_db=less(-10)),
    row("metal-guitar", "guitar", "aggressive and distorted|squash it",
        "loud aggressive", "Heavily driven and held at one level.",
        dirt_db=more(-10), range_db=less(-10)),
    row("fuzz-bass", "bass", "fuzzy", "fuzz", "A nearly square bass.",
        dirt_db=more(-10), brighter=more(2)),
    row("dirty-drums", "drums", "a bit dirty|squash it", "gritty",
        "A driven, flattened drum bus.", dirt_db=more(-12), range_db=less(-10)),
    row("crunchy-loop", "loop", "crunchy|warmer", "gritty warm",
        "The mixer's red lights, rounded off.", dirt_db=more(-20), crest_db=less(-3),
        brighter=less(0.95)),
    row("industrial-drums", "drums", "like in a stadium|distorted",
        "loud", "A huge space driven into distortion.",
        tail_s=more(2), crest_db=less(-10)),
    # Echoes.
    row("slapback-guitar", "guitar", "slapback echo", "echo rockabilly",
        "One short echo, as in the fifties.", echo_s=(0.08, 0.16)),
    row("slapback-voice", "voice", "slapback echo|brighter", "echo rockabilly bright vocal",
        "A bright singer with one short echo.", echo_s=(0.08, 0.16), brighter=more(1.05)),
    row("dub-drums", "drums", "dub echo", "echo dub", "Echoes that keep going.",
        echo_s=(0.3, 0.6), tail_s=more(3)),
    row("dub-siren-guitar", "guitar", "dub echo|darker", "echo dub dark",
        "Dark echoes that keep going.", echo_s=(0.3, 0.6), tail_s=more(3), brighter=less(0.85)),
    row("ping-voice", "voice", "delay 375 ms|more echo", "echo vocal",
        "A voice whose every word comes back.", echo_s=(0.37, 0.38), tail_s=more(1)),
    # Dynamics.
    row("squashed-drums", "drums", "squash it", "dynamics",
        "The room breathes with the drums.", range_db=less(-6)),
    row("punchy-drums", "drums", "punchy", "dynamics punch",
        "Drums with harder attacks.", crest_db=more(1.5)),
    row("glued-loop", "loop", "glue it together", "dynamics glue",
        "A loop that sounds all of one piece.", range_db=less(-2), crest_db=less(-1)),
    row("controlled-voice", "voice", "compressed", "dynamics vocal",
        "A voice whose every syllable stands.", range_db=less(-5), crest_db=less(-1)),
    row("squashed-bass", "bass", "squash it", "dynamics",
        "A bass held at one level.", range_db=less(-1.5)),
    row("pumping-guitar", "guitar", "pumping", "dynamics pumping",
        "A guitar that swells after each attack.", range_db=less(-6)),
    # Pitch.
    row("octave-down-guitar", "guitar", "an octave down", "octave deep",
        "The guitar as a bass.", pitch=(0.48, 0.52)),
    row("chipmunk", "voice", "make it sound like a chipmunk", "vocal funny",
        "A small, quick voice.", pitch=(1.3, 2.2)),
    row("child-voice", "voice", "like a child", "vocal", "A voice some years younger.",
        pitch=(1.08, 1.3)),
    row("giant-voice", "voice", "like a giant", "vocal scene deep", "A lower, larger voice.",
        pitch=(0.65, 0.9)),
    row("monster", "voice", "like a monster", "vocal scene",
        "Something under the bed.", pitch=(0.4, 0.8)),
    row("monster-cave", "voice", "like a monster|in a cave",
        "vocal scene", "Something deep in a cave.",
        pitch=(0.4, 0.8), tail_s=more(2)),
    row("robot-voice", "voice", "like a robot", "vocal scene",
        "A metallic, crushed voice.", dirt_db=more(-20), brighter=more(1.2)),
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
    measured = measure(clip, session.chain, result.audio)
    if problem := fault(clip, result.audio, measured, recipe.claims):
        return None, problem
    preset = Preset.of(
        session.chain,
        name=recipe.name.replace("-", " ").capitalize(),
        description=recipe.description,
        tags=(recipe.clip, *(TAGS[fx] for fx in session.chain.ids), *recipe.tags),
        instructions=recipe.instructions,
        clip=f"{recipe.clip} (demo)",
        measured=measured,
    )
    return preset, ""


def measure(clip: audio.Clip, chain: Chain, wet: audio.Audio) -> dict[str, float]:
    """What a chain does to a clip.

    Returns:
        `differences`, and `tail_s` (how long it rings once the sound is cut off) and `echo_s`
        (when it comes back; 0 without a delay), in seconds.
    """

    def render(sound: audio.Audio) -> audio.Audio:
        return chain.render(sound, clip.sample_rate)

    found = differences(clip.samples, wet, clip.sample_rate)
    found["tail_s"] = tail_seconds(render, clip.samples, clip.sample_rate)
    echo = echo_seconds(clip.samples, wet, clip.sample_rate) if "delay" in chain.ids else 0.0
    found["echo_s"] = round(echo, 3)
    return found


def near(first: Chain, second: Chain) -> bool:
    """Whether two chains are the same effects with nearly the same settings."""
    return first.ids == second.ids and all(
        abs(p.to_unit(one.params[p.name]) - p.to_unit(other.params[p.name])) < NEAR
        for one, other in zip(first, second, strict=True)
        for p in one.effect.parameters
    )


def fault(clip: audio.Clip, wet: audio.Audio, measured: Mapping[str, float], claims: Claims) -> str:
    """What speaks against a preset, in words; empty for nothing."""
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
    import torch

    torch.set_num_threads(1)  # sums in one order, so that the same is found again
    parser = argparse.ArgumentParser(description="Make the factory presets.")
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--out", type=Path, default=factory_folder())
    given = parser.parse_args()
    kept: dict[str, Chain] = {}
    for recipe in RECIPES:
        if given.names and recipe.name not in given.names:
            continue
        preset, problem = make(recipe)
        if preset is not None:
            same = [name for name, chain in kept.items() if near(chain, preset.as_chain())]
            problem = f"it is nearly {same[0]}" if same else ""
        if preset is None or problem:
            print(f"{recipe.name}: left out, {problem}", flush=True)
            continue
        kept[recipe.name] = preset.as_chain()
        save(preset, given.out / f"{recipe.name}{SUFFIX}")
        print(f"{recipe.name}: {' → '.join(preset.as_chain().ids)} {preset.measured}", flush=True)
    print(f"{len(kept)} presets in {given.out}")


if __name__ == "__main__":
    main()
