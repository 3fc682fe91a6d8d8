"""Make the dry sounds that the FX ears are trained on.

    python -m ifx_bridge.study.dry_sounds --out DIR

Three sources, all from Debian packages, and the demo recordings of this package:

- `sonic-pi-samples` (CC0): loops and long samples as they are, short ones played in patterns;
- `fluidsynth` with `fluid-soundfont-gm` (MIT) or any General MIDI soundfont: phrases of instruments
  and drum kits, without its reverb and chorus;
- `espeak-ng`: sentences in several voices.

The same command makes the same sounds. None of the recordings that the studies evaluate on is in.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ifx_bridge import audio
from ifx_bridge.audio import Audio
from ifx_bridge.demo import clips
from ifx_bridge.errors import UserError

SAMPLES = Path("/usr/share/sonic-pi/samples")
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
RATE = 44100
SECONDS = 6.0
LEVEL, PEAK = 0.1, 0.9  # rms (-20 dBFS), and what no sample exceeds

_LONG = """
loop_amen_full loop_breakbeat loop_compus loop_drone_g_97 loop_electric loop_garzul
loop_industrial loop_mehackit1 loop_mehackit2 loop_mika loop_perc1 loop_perc2 loop_safari
loop_tabla loop_weirdo ambi_choir ambi_glass_rub ambi_haunted_hum ambi_lunar_land ambi_piano
ambi_drone bass_dnb_f bass_trance_c bass_voxy_c bass_woodsy_c guit_e_fifths guit_e_slide
guit_em9 guit_harmonics
"""
LONG = tuple(_LONG.split())
SHORT = ("bd", "drum", "elec", "perc", "sn", "tabla", "glitch", "bass")
PATTERNS = 2  # of each family of short samples
STEP_SECONDS = 0.136  # sixteenths at 110 beats a minute

# General MIDI programs (from 0), and how they play.
INSTRUMENTS = {
    "piano_grand": (0, "chords"), "piano_electric": (4, "chords"), "harpsichord": (6, "melody"),
    "vibraphone": (11, "melody"), "marimba": (12, "melody"), "organ": (16, "chords"),
    "accordion": (21, "melody"), "guitar_nylon": (24, "melody"), "guitar_steel": (25, "chords"),
    "guitar_jazz": (26, "chords"), "guitar_clean": (27, "chords"), "guitar_muted": (28, "melody"),
    "bass_acoustic": (32, "bass"), "bass_finger": (33, "bass"), "bass_slap": (36, "bass"),
    "bass_synth": (38, "bass"), "violin": (40, "melody"), "cello": (42, "melody"),
    "strings": (48, "chords"), "choir": (52, "chords"), "trumpet": (56, "melody"),
    "trombone": (57, "bass"), "brass": (61, "chords"), "saxophone": (65, "melody"),
    "clarinet": (71, "melody"), "flute": (73, "melody"), "lead_square": (80, "melody"),
    "lead_saw": (81, "melody"), "pad_warm": (89, "chords"), "banjo": (105, "melody"),
    "kalimba": (108, "melody"), "steel_drums": (114, "melody"),
}  # fmt: skip
KITS = {"kit_standard": 0, "kit_room": 8, "kit_power": 16, "kit_jazz": 32, "kit_brush": 40}

SENTENCES = {
    "en_us": ("en-us", "The quick brown fox jumps over the lazy dog while the band plays on."),
    "en_gb": ("en-gb", "She sells sea shells by the shore, and he keeps them in a box."),
    "en_f3": ("en-us+f3", "Turn the volume down a little, then bring the singer back in."),
    "en_m7": ("en-gb+m7", "Every morning the old train leaves the station right on time."),
    "en_f5": ("en-gb+f5", "I would like to hear that chorus again, but softer and closer."),
    "es": ("es", "La guitarra suena lejos, como si viniera de otra casa."),
    "es_f2": ("es+f2", "Cuando llueve por la noche me gusta escuchar la radio."),
    "de": ("de", "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich."),
}


def make() -> Iterator[tuple[str, Audio]]:
    """Every sound: its name and `[channels, samples]` at `RATE`.

    Raises:
        UserError: Samples, soundfont or a program are missing.
    """
    for name, path in clips().items():
        yield f"demo_{name}", audio.load(path).samples
    yield from _samples()
    yield from _instruments()
    yield from _speech()


def _read(path: Path) -> Audio:
    import soundfile
    from scipy.signal import resample_poly

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != RATE:
        samples = resample_poly(samples, RATE, rate, axis=0)
    return np.ascontiguousarray(samples.T, dtype=np.float32)


def _samples() -> Iterator[tuple[str, Audio]]:
    if not SAMPLES.is_dir():
        raise UserError(f"{SAMPLES} is missing.", next_step="Install sonic-pi-samples.")
    for name in LONG:
        sound = _read(SAMPLES / f"{name}.flac")
        # A loop shorter than what is listened to is played again.
        yield name, np.tile(sound, (1, int(np.ceil(3 * RATE / sound.shape[1]))))
    for family in SHORT:
        found = [_read(path) for path in sorted(SAMPLES.glob(f"{family}_*.flac"))]
        found = [hit.mean(0, keepdims=True) for hit in found]
        for number in range(PATTERNS):
            random = np.random.default_rng([number, *family.encode()])
            yield f"pattern_{family}_{number}", _pattern(found, random)


def _pattern(hits: Sequence[Audio], random: np.random.Generator) -> Audio:
    """Two bars of a few of the hits, each on sixteenths of its own, twice."""
    bars = np.zeros((1, int(32 * STEP_SECONDS * RATE)), dtype=np.float32)
    for index in random.choice(len(hits), min(4, len(hits)), replace=False):
        hit = hits[index][:, :RATE]
        for step in np.flatnonzero(random.random(32) < 0.2):
            at = int(step * STEP_SECONDS * RATE)
            end = min(bars.shape[1], at + hit.shape[1])
            bars[:, at:end] += np.float32(random.uniform(0.4, 1)) * hit[:, : end - at]
    return np.tile(bars, (1, 2))


def _instruments() -> Iterator[tuple[str, Audio]]:
    if not SOUNDFONT.is_file():
        raise UserError(f"{SOUNDFONT} is missing.", next_step="Install fluid-soundfont-gm.")
    for name, (program, style) in INSTRUMENTS.items():
        yield name, _played(_phrase(style, np.random.default_rng(list(name.encode()))), program, 0)
    for name, program in KITS.items():
        yield name, _played(_beat(np.random.default_rng(list(name.encode()))), program, 9)


Note = tuple[float, float, int, int]
"""Start and length in seconds, MIDI key, velocity."""


def _phrase(style: str, random: np.random.Generator) -> list[Note]:
    root = int(random.integers(-5, 6))
    scale = np.array([0, 2, 3, 5, 7, 8, 10] if random.random() < 0.5 else [0, 2, 4, 5, 7, 9, 11])
    notes: list[Note] = []
    time = 0.0
    while time < SECONDS - 0.5:
        length = float(random.choice([0.25, 0.5, 0.5, 1.0] if style != "chords" else [0.5, 1, 1.5]))
        velocity = int(random.integers(50, 120))
        degree = int(random.integers(7))
        if style == "chords":
            keys = [55 + root + int(scale[(degree + k) % 7]) + 12 * ((degree + k) // 7)
                    for k in (0, 2, 4)]  # fmt: skip
        else:
            keys = [(36 if style == "bass" else 62) + root + int(scale[degree])]
        if random.random() > 0.15:
            notes += [(time, 0.9 * length, key, velocity) for key in keys]
        time += length
    return notes


def _beat(random: np.random.Generator) -> list[Note]:
    chances = {36: 0.3, 38: 0.2, 42: 0.6, 46: 0.1, 45: 0.1, 49: 0.05}
    return [
        (step * STEP_SECONDS, 0.1, key, int(random.integers(50, 120)))
        for step in range(int(SECONDS / STEP_SECONDS) - 3)
        for key, chance in chances.items()
        if random.random() < chance
    ]


def _played(notes: Sequence[Note], program: int, channel: int) -> Audio:
    from mido import Message, MidiFile, MidiTrack

    ticks = 960.0  # a second, at mido's 480 a beat and MIDI's 120 beats a minute
    events = [(start, "note_on", key, velocity) for start, _, key, velocity in notes]
    events += [(start + length, "note_off", key, 0) for start, length, key, _ in notes]
    track, now = MidiTrack(), 0
    track.append(Message("program_change", program=program, channel=channel))
    for time, kind, key, velocity in sorted(events):
        at = round(time * ticks)
        track.append(Message(kind, note=key, velocity=velocity, time=at - now, channel=channel))
        now = at
    with tempfile.TemporaryDirectory() as folder:
        score, wave = Path(folder, "score.mid"), Path(folder, "sound.wav")
        MidiFile(tracks=[track]).save(score)
        _run("fluidsynth", "-niq", "-R", "0", "-C", "0", "-r", str(RATE), "-F", str(wave),
             str(SOUNDFONT), str(score))  # fmt: skip
        return _read(wave)


def _speech() -> Iterator[tuple[str, Audio]]:
    for name, (voice, sentence) in SENTENCES.items():
        with tempfile.TemporaryDirectory() as folder:
            wave = Path(folder, "speech.wav")
            _run("espeak-ng", "-v", voice, "-w", str(wave), sentence)
            yield f"speech_{name}", _read(wave)


def _run(program: str, *arguments: str) -> None:
    try:
        subprocess.run([program, *arguments], check=True, capture_output=True)
    except FileNotFoundError:
        raise UserError(f"{program} is missing.", next_step=f"Install {program}.") from None


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, sound in make():
        sound = sound[:2, : int(SECONDS * RATE)]
        if not name.startswith("demo_"):
            rms, peak = float(np.sqrt(np.mean(sound**2))), float(np.abs(sound).max())
            sound = sound * np.float32(min(LEVEL / (rms + 1e-9), PEAK / (peak + 1e-9)))
        audio.save(given.out / f"{name}.wav", sound, RATE)
        count += 1
    print(f"{given.out}: {count} sounds")


if __name__ == "__main__":
    main()
