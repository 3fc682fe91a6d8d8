"""How far each twin is from what Pedalboard renders: `python benchmarks/parity.py [--draws N]`.

Random settings over the whole range, on noise, impulses and music, mono and stereo, at 44.1, 48 and
96 kHz. The figure is the energy of the difference relative to the rendered sound.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATES = (44100, 48000, 96000)
SECONDS = 2.0


def signals(sample_rate: int, channels: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Test signals, `[channels, samples]`."""
    from ifx_bridge import audio
    from ifx_bridge.demo import clips

    rng = np.random.default_rng(0)
    samples = int(SECONDS * sample_rate)
    yield "noise", (0.1 * rng.standard_normal((channels, samples))).astype(np.float32)
    impulse = np.zeros((channels, samples), dtype=np.float32)
    impulse[:, 100], impulse[-1, sample_rate] = 0.9, -0.5
    yield "impulse", impulse
    music = audio.load(clips()["guitar"]).samples
    yield "music", np.resize(music, (channels, samples)).astype(np.float32)


def difference_db(rendered: NDArray[np.float32], twin: NDArray[np.float64]) -> float:
    """Energy of the difference over that of the rendered sound, in dB."""
    error = float(np.sum((rendered.astype(np.float64) - twin) ** 2))
    return 10 * float(np.log10(error / (np.sum(rendered.astype(np.float64) ** 2) + 1e-30) + 1e-20))


def worst(fx: str, sample_rate: int, channels: int, draws: int) -> dict[str, float]:
    """Largest difference in dB by signal, over random settings."""
    import torch
    from pedalboard import Pedalboard

    import ifx_bridge.effects  # noqa: F401
    from ifx_bridge.effects.spec import effect

    kind, rng = effect(fx), np.random.default_rng(1)
    assert kind.pedalboard is not None
    found: dict[str, float] = {}
    for name, x in signals(sample_rate, channels):
        found[name] = -400.0
        for _ in range(draws):
            params = {p.name: p.from_unit(rng.uniform()) for p in kind.parameters}
            values = {k: torch.tensor(v, dtype=torch.float64) for k, v in params.items()}
            with torch.no_grad():
                twin = kind.twin(torch.from_numpy(x).double(), values, sample_rate).numpy()
            rendered = Pedalboard(kind.pedalboard(params, sample_rate))(x, sample_rate)
            found[name] = max(found[name], difference_db(rendered, twin))
    return found


def main() -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    from ifx_bridge.effects.spec import effects

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=5, help="random settings per cell")
    draws = parser.parse_args().draws
    columns = [
        f"{rate / 1000:g}k {'mono' if c == 1 else 'stereo'}"
        for rate in SAMPLE_RATES
        for c in (1, 2)
    ]
    table = Table(
        "effect", "signal", *columns, title="Twin against Pedalboard: worst difference, dB"
    )
    for kind in effects():
        if kind.id == "pitchshift":
            continue  # its twin is Pedalboard itself; only the gradient is ours
        cells = [worst(kind.id, rate, c, draws) for rate in SAMPLE_RATES for c in (1, 2)]
        for name in cells[0]:
            table.add_row(kind.id, name, *(f"{cell[name]:.0f}" for cell in cells))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
