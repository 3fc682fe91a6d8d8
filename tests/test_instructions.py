"""Single instructions, each with what must be heard of it on the rendered audio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from ifx_bridge import audio, engine
from ifx_bridge.audio import Audio, Clip
from ifx_bridge.demo import clips
from ifx_bridge.study import heard as m


@dataclass(frozen=True)
class Heard:
    """Dry and wet sound of one instruction, and the chain between."""

    dry: Audio
    wet: Audio
    rate: int
    chain: tuple[str, ...]
    params: dict[str, dict[str, float]]

    def gain(self, low: float, high: float) -> float:
        """Change of a band's share of the energy, in dB."""
        before = m.band_db(self.dry, self.rate, low, high)
        return m.band_db(self.wet, self.rate, low, high) - before

    @property
    def brighter(self) -> float:
        """Factor of the spectral centroid."""
        return m.centroid_hz(self.wet, self.rate) / m.centroid_hz(self.dry, self.rate)

    @property
    def rings(self) -> float:
        """How much longer it rings, as less spread between loud and quiet, in dB."""
        return m.tail_db(self.dry, self.wet, self.rate)

    @property
    def pitch(self) -> float:
        """Factor of the pitch."""
        return m.pitch_ratio(self.dry, self.wet, self.rate)


CASES: list[tuple[str, str, Callable[[Heard], bool]]] = [
    ("make it bright", "guitar", lambda h: h.brighter > 1.15),
    ("darker please", "loop", lambda h: h.brighter < 0.85),
    ("make it warm", "drums", lambda h: h.brighter < 0.95 and h.gain(150, 700) > 0.5),
    ("muffled, like under a blanket", "drums", lambda h: h.gain(4000, 16000) < -6),
    ("tinny", "loop", lambda h: h.gain(30, 250) < -2 and h.gain(1500, 8000) > 2),
    ("boomy", "loop", lambda h: h.gain(60, 250) > 1 and h.brighter < 0.8),
    ("crisp and clear", "drums", lambda h: h.gain(3000, 12000) > 2),
    ("thinner", "loop", lambda h: h.gain(30, 200) < -3),
    (
        "like an old telephone",
        "drums",
        lambda h: h.gain(30, 200) < -6 and h.gain(6000, 16000) < -4 and h.gain(700, 3000) > 1,
    ),
    (
        "it should sound like a church",
        "drums",
        lambda h: h.rings > 6 and h.params["rev"]["room_size"] > 0.7,
    ),
    ("in a small room", "drums", lambda h: h.rings > 0.5 and h.params["rev"]["room_size"] < 0.4),
    ("underwater", "drums", lambda h: h.gain(3000, 16000) < -8),
    (
        "slapback echo",
        "drums",
        lambda h: 0.06 < m.echo_at(h.dry, h.wet, h.rate, 0.04, 0.3) < 0.16,
    ),
    (
        "delay 250 ms",
        "drums",
        lambda h: abs(m.echo_at(h.dry, h.wet, h.rate, 0.1, 0.4) - 0.25) < 0.005,
    ),
    ("an octave down", "guitar", lambda h: abs(h.pitch - 0.5) < 0.02),
    ("make it sound like a chipmunk", "voice", lambda h: 1.3 < h.pitch < 2.2),
    ("like a monster", "voice", lambda h: 0.4 < h.pitch < 0.8),
    (
        "8-bit video game",
        "guitar",
        lambda h: h.chain == ("bitcrush",) and h.gain(8000, 16000) > 6,
    ),
    (
        "squash it",
        "drums",
        lambda h: m.loudness_range_db(h.wet, h.rate) < m.loudness_range_db(h.dry, h.rate) - 2,
    ),
    (
        "distorted",
        "guitar",
        lambda h: m.crest_db(h.wet) < m.crest_db(h.dry) - 2 and m.roughness_db(h.dry, h.wet) > -20,
    ),
    ("cut 6 dB at 1 kHz", "loop", lambda h: h.gain(900, 1100) < -3.5),
    ("walkie-talkie", "guitar", lambda h: h.gain(30, 150) < -6 and h.gain(1000, 3000) > 1),
    ("a club next door", "loop", lambda h: h.brighter < 0.6),
    ("brittle and icy", "loop", lambda h: h.brighter > 1.15),
]  # fmt: skip


@cache
def clip(name: str) -> Clip:
    return audio.load(clips()[name])


@pytest.mark.parametrize(("instruction", "name", "holds"), CASES, ids=[c[0] for c in CASES])
def test_is_heard(instruction: str, name: str, holds: Callable[[Heard], bool]) -> None:
    dry = clip(name)
    result = engine.Engine().turn(engine.open_session(dry), dry, instruction)
    wet = result.audio
    assert wet.shape == dry.samples.shape
    assert np.isfinite(wet).all()
    chain = result.turn.as_chain()
    assert holds(Heard(dry.samples, wet, dry.sample_rate, chain.ids, chain.params)), (
        result.turn.explanation,
        chain.params,
    )
    # Loudness buys nothing, and the file is safe.
    difference = audio.loudness(wet, dry.sample_rate) - audio.loudness(dry.samples, dry.sample_rate)
    assert abs(difference) <= audio.LOUDNESS_TOLERANCE_LU
    assert audio.true_peak_db(wet) <= audio.TRUE_PEAK_CEILING_DB + 0.01
