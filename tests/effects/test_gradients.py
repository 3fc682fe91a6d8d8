"""Gradients of the twins against finite differences, through a chain in its signal order."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ifx_bridge.effects.chain import Chain, Slot

RATE = 22050
CASES = [
    ("eq", "band1_gain_db", 4.0),
    ("eq", "high_shelf_cutoff_freq", 4000.0),
    ("comp", "threshold_db", -30.0),
    ("comp", "ratio", 4.0),
    ("comp", "attack_ms", 5.0),
    ("comp", "release_ms", 80.0),
    ("dist", "drive_db", 12.0),
    ("delay", "mix", 0.4),
    ("delay", "feedback", 0.5),
    ("rev", "room_size", 0.6),
    ("rev", "damping", 0.4),
    ("rev", "wet_level", 0.3),
    ("rev", "width", 0.5),
]


def sound() -> torch.Tensor:
    rng = np.random.default_rng(3)
    decay = np.exp(-np.arange(RATE // 2) / 3000)
    return torch.from_numpy(0.3 * rng.standard_normal((1, 2, RATE // 2)) * decay)


@pytest.mark.parametrize(("fx", "name", "value"), CASES)
def test_matches_finite_differences(fx: str, name: str, value: float) -> None:
    audio = sound()
    # The smooth measure that is differentiated; behind a fixed effect, so that order matters.
    chain = Chain((Slot(fx, {name: value}), Slot("dist" if fx != "dist" else "rev")))
    probe = torch.cos(torch.arange(audio.shape[-1], dtype=torch.float64) * 0.05)

    def measure(at: torch.Tensor) -> torch.Tensor:
        wet = chain.forward(audio, RATE, {fx: {name: at}})
        return (wet * probe).sum() + wet.pow(2).sum()

    at = torch.tensor(value, dtype=torch.float64, requires_grad=True)
    measure(at).backward()  # type: ignore[no-untyped-call]
    step = 1e-3 * max(abs(value), 1.0)
    with torch.no_grad():
        higher, lower = measure(at + step), measure(at - step)
    numeric = float(higher - lower) / (2 * step)
    assert at.grad is not None
    assert float(at.grad) == pytest.approx(numeric, rel=0.03, abs=1e-4)


def test_bit_depth_gradient_points_to_less_noise() -> None:
    audio = sound()
    depth = torch.tensor(6.0, dtype=torch.float64, requires_grad=True)
    chain = Chain((Slot("bitcrush"),))
    noise = (chain.forward(audio, RATE, {"bitcrush": {"bit_depth": depth}}) - audio).pow(2).sum()
    noise.backward()  # type: ignore[no-untyped-call]
    assert depth.grad is not None and float(depth.grad) < 0


def test_gradients_pass_a_pitch_shift() -> None:
    audio = sound().float()
    gain = torch.tensor(6.0, requires_grad=True)
    chain = Chain((Slot("eq"), Slot("pitchshift", {"semitones": 12.0})))
    wet = chain.forward(audio, RATE, {"eq": {"band1_gain_db": gain}})
    wet.pow(2).sum().backward()  # type: ignore[no-untyped-call]
    assert gain.grad is not None and float(gain.grad) > 0


def test_long_tails_do_not_fold_back() -> None:
    audio = torch.zeros(1, 1, RATE // 4, dtype=torch.float64)
    audio[..., -200] = 1.0  # what rings beyond the end would appear at the start
    wet = Chain((Slot("rev", {"room_size": 1.0, "damping": 0.0}),)).forward(audio, RATE)
    assert float(wet[..., : RATE // 4 - 400].abs().max()) < 1e-6
