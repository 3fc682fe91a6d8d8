"""Six-band parametric equalizer: two shelves and four peaks, named as in dasp-pytorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ifx_bridge.effects.spec import Effect, Parameter, Params, register

if TYPE_CHECKING:
    from torch import Tensor

    from ifx_bridge.effects.spectral import Circle

# id, what a person reads, frequency range and default in Hz, default Q, what it does when raised
BANDS = (
    ("low_shelf", "low shelf", 30.0, 500.0, 100.0, 0.707, "deeper, boomier bass"),
    ("band0", "low-mid peak", 80.0, 1000.0, 250.0, 1.0, "warmer and fuller, then muddy"),
    ("band1", "mid peak", 250.0, 3000.0, 800.0, 1.0, "boxier, honky, nasal"),
    ("band2", "upper-mid peak", 600.0, 6000.0, 2000.0, 1.0, "more present and forward, tinny"),
    ("band3", "presence peak", 1500.0, 12000.0, 5000.0, 1.0, "crisper, then harsh"),
    ("high_shelf", "high shelf", 1500.0, 16000.0, 8000.0, 0.707, "brighter and airier"),
)
# RBJ filters need their frequency below Nyquist; the same limit holds in both faces.
HIGHEST_FREQUENCY = 0.49


def _parameters() -> tuple[Parameter, ...]:
    rows: list[Parameter] = []
    for band, title, low, high, cutoff, q, raised in BANDS:
        rows += [
            Parameter(
                f"{band}_gain_db",
                f"{title} gain",
                "dB",
                -18,
                18,
                0,
                description=raised,
                neutral=0,
                step=0.09,
            ),
            Parameter(
                f"{band}_cutoff_freq",
                f"{title} frequency",
                "Hz",
                low,
                high,
                cutoff,
                "log",
                "moves the band up",
            ),
            Parameter(
                f"{band}_q_factor",
                f"{title} Q",
                "",
                0.3 if "band" in band else 0.4,
                6.0 if "band" in band else 1.2,
                q,
                "log",
                "narrower and more resonant",
            ),
        ]
    return tuple(rows)


def _face(params: Params, sample_rate: float) -> list[Any]:
    from pedalboard import HighShelfFilter, LowShelfFilter, PeakFilter

    kinds = {"low_shelf": LowShelfFilter, "high_shelf": HighShelfFilter}
    return [
        kinds.get(band, PeakFilter)(
            cutoff_frequency_hz=min(params[f"{band}_cutoff_freq"], HIGHEST_FREQUENCY * sample_rate),
            gain_db=params[f"{band}_gain_db"],
            q=params[f"{band}_q_factor"],
        )
        for band, *_ in BANDS
    ]


def _twin(audio: Tensor, params: Mapping[str, Tensor], sample_rate: float) -> Tensor:
    import torch

    from ifx_bridge.effects import spectral

    bands = [
        biquad(
            band,
            params[f"{band}_gain_db"],
            params[f"{band}_cutoff_freq"],
            params[f"{band}_q_factor"],
            sample_rate,
        )
        for band, *_ in BANDS
    ]

    def transfer(points: Circle) -> Tensor:
        one, two = points.delay(1), points.delay(2)
        response = torch.ones_like(one)
        for b, a in bands:
            response = response * (
                (b[0] + b[1] * one + b[2] * two) / (a[0] + a[1] * one + a[2] * two)
            )
        return response

    filtered = spectral.apply(audio, transfer)
    if audio.dtype != torch.float64:
        return filtered
    # In double precision the twin is exact: it has Pedalboard's rounding noise too, which low
    # bands at high rates raise to -55 dB.
    return filtered + (_rounded(audio, bands) - filtered).detach()


def _rounded(audio: Tensor, bands: list[tuple[list[Tensor], list[Tensor]]]) -> Tensor:
    """The sections one after the other as single-precision recursions, `[..., samples]`."""
    import numpy as np
    import torch

    rows = audio.detach().float().reshape(-1, audio.shape[-1]).numpy().copy()
    sections = np.array([[c.item() for c in (*b, *a[1:])] for b, a in bands], dtype=np.float32)
    return torch.from_numpy(_recursion()(rows, sections)).reshape(audio.shape).to(audio.dtype)


@cache
def _recursion() -> Any:
    import numba
    import numpy as np

    @numba.njit(cache=True, nogil=True)
    def run(rows: Any, sections: Any) -> Any:
        for row in range(rows.shape[0]):
            for b0, b1, b2, a1, a2 in sections:
                one = two = np.float32(0)
                for n in range(rows.shape[1]):
                    value = rows[row, n]
                    out = value * b0 + one
                    one = value * b1 - out * a1 + two
                    two = value * b2 - out * a2
                    rows[row, n] = out
        return rows

    return run


def biquad(
    band: str, gain_db: Tensor, cutoff_freq: Tensor, q_factor: Tensor, sample_rate: float
) -> tuple[list[Tensor], list[Tensor]]:
    """Coefficients (numerator, denominator) of one band, as Pedalboard computes them.

    R. Bristow-Johnson's shelves and peak (Audio EQ Cookbook) with A = 10^(gain / 40). Low
    frequencies are so near to z = 1 that rounding is audible in single precision, which is what
    Pedalboard computes in: the same operations are done here in the same order and precision.

    Args:
        band: `low_shelf`, `high_shelf`, or any other name for a peak.
        gain_db: Gain in dB.
        cutoff_freq: Frequency in Hz, limited to 0.49 of the sample rate.
        q_factor: Q.
        sample_rate: In Hz.
    """
    import math

    import torch

    gain_db, q_factor = gain_db.float(), q_factor.float()
    cutoff = torch.clamp(cutoff_freq.float(), max=HIGHEST_FREQUENCY * sample_rate)
    amplitude = _sqrt(torch.pow(10.0, (gain_db * 0.05).double()).float())
    # Tensors, since torch would multiply by the reciprocal of a plain number.
    omega = torch.tensor(2 * math.pi) * cutoff / torch.tensor(float(sample_rate))
    cosine, sine = torch.cos(omega.double()).float(), torch.sin(omega.double()).float()
    if band in ("low_shelf", "high_shelf"):
        plus, minus = amplitude + 1, amplitude - 1
        beta = sine * _sqrt(amplitude) / q_factor
        tilt = minus * cosine
        if band == "high_shelf":
            b = [plus + tilt + beta, -2 * (minus + plus * cosine), plus + tilt - beta]
            a = [plus - tilt + beta, 2 * (minus - plus * cosine), plus - tilt - beta]
        else:
            b = [plus - tilt + beta, 2 * (minus - plus * cosine), plus - tilt - beta]
            a = [plus + tilt + beta, -2 * (minus + plus * cosine), plus + tilt - beta]
        b = [amplitude * c for c in b]
    else:
        alpha = sine / (2 * q_factor)
        middle = -2 * cosine
        b = [1 + alpha * amplitude, middle, 1 - alpha * amplitude]
        a = [1 + alpha / amplitude, middle, 1 - alpha / amplitude]
    scale = 1 / a[0]
    return [c * scale for c in b], [torch.ones_like(scale), a[1] * scale, a[2] * scale]


def response_db(
    params: Params, frequencies_hz: Sequence[float], sample_rate: float = 48000.0
) -> list[float]:
    """Gain in dB at each frequency.

    Args:
        params: Values of all six bands.
        frequencies_hz: Where, below half the sample rate.
        sample_rate: In Hz.
    """
    import numpy as np
    import torch

    z = np.exp(-2j * np.pi * np.asarray(frequencies_hz) / sample_rate)
    total = np.zeros(len(z))
    for band, *_ in BANDS:
        gain, cutoff, q = (
            torch.tensor(params[f"{band}_{name}"])
            for name in ("gain_db", "cutoff_freq", "q_factor")
        )
        sections = biquad(band, gain, cutoff, q, sample_rate)
        b, a = ([c.item() for c in section] for section in sections)
        above, below = (c[0] + c[1] * z + c[2] * z**2 for c in (b, a))
        total += 20 * np.log10(np.abs(above / below))
    return [float(value) for value in total]


def _sqrt(value: Tensor) -> Tensor:
    # torch's single-precision roots and powers may miss the C library's by the last bit.
    return value.double().sqrt().float()


EQ = register(
    Effect(
        id="eq",
        title="Equalizer",
        description="Shapes tone: brightness, warmth, body, presence; narrows the band for "
        "telephones and radios.",
        parameters=_parameters(),
        pedalboard=_face,
        twin=_twin,
    )
)
