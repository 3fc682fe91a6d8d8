"""Whether the plugin sounds like the session: rendered in a child process, against Pedalboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ifx_bridge.audio import Audio
from ifx_bridge.chain_plugin.table import kinds
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.plugins.host import Host
from ifx_bridge.presets.chain import preset_of

RATES = (44100, 48000, 96000)
SECONDS = 0.5
# What a check allows, over the sound. Rubber Band is another build of the same library than the
# one inside Pedalboard; all else is the same arithmetic.
ALLOWED_DB, ALLOWED_PITCH_DB = -80.0, -40.0


@dataclass(frozen=True)
class Compared:
    """One comparison.

    Attributes:
        what: Which chain.
        rate: In Hz.
        channels: Of the sound, and so which of the two plugins.
        difference_db: The difference over the sound; -inf is bit by bit the same.
        allowed_db: How much is allowed.
    """

    what: str
    rate: int
    channels: int
    difference_db: float
    allowed_db: float

    @property
    def good(self) -> bool:
        """Whether it is near enough."""
        return self.difference_db <= self.allowed_db


def render(host: Host, keys: Sequence[str], chain: Chain, sound: Audio, rate: int) -> Audio:
    """A chain's sound through a live IFX Chain: its preset is loaded, as a DAW does it.

    Args:
        host: The plugin.
        keys: Of all its parameters.
        chain: Of our own effects.
        sound: `[channels, samples]`, as many channels as the plugin has.
        rate: In Hz.

    Returns:
        Same shape, the latency made up for.
    """
    host.load(preset_of(chain, "check", sound.shape[0]).to_bytes())
    return host.render(sound, rate, {key: at for key, (at, _) in host.values(keys).items()})


def check(
    bundles: Mapping[int, Path],
    rates: tuple[int, ...] = RATES,
    report: Callable[[Compared], None] = lambda compared: None,
) -> list[Compared]:
    """Compare each effect and some whole chains, in all given layouts and rates.

    Args:
        bundles: By channels.
        rates: In Hz.
        report: Told each result.

    Raises:
        PluginError: The plugin fails.
    """
    results = []
    for channels, bundle in sorted(bundles.items()):
        with Host(bundle) as host:
            keys = [p.key for p in host.describe().parameters]
            for rate in rates:
                sound = sample_sound(channels, rate)
                for what, chain in sample_chains():
                    ours = chain.render(sound, rate)
                    theirs = render(host, keys, chain, sound, rate)
                    allowed = ALLOWED_PITCH_DB if "pitchshift" in chain else ALLOWED_DB
                    difference = difference_db(ours, theirs)
                    results.append(Compared(what, rate, channels, difference, allowed))
                    report(results[-1])
    return results


def sample_chains(chains: int = 3, seed: int = 0) -> Iterator[tuple[str, Chain]]:
    """Each effect with values far from neutral, then whole chains in random orders."""
    random = np.random.default_rng(seed)

    def slot(number: int) -> Slot:
        fx = kinds()[number]
        return Slot(fx.id, {p.name: p.from_unit(random.uniform(0.1, 0.9)) for p in fx.parameters})

    for number, fx in enumerate(kinds()):
        yield fx.title, Chain((slot(number),))
    for _ in range(chains):
        order = random.permutation(len(kinds()))[: random.integers(2, len(kinds()) + 1)]
        trim, amount = float(random.uniform(-12, 6)), float(random.choice([0.6, 1.0, 1.5]))
        chain = Chain(tuple(slot(int(number)) for number in order), trim, amount)
        yield " → ".join(chain.ids), chain


def sample_sound(channels: int, rate: int, seconds: float = SECONDS) -> Audio:
    """Struck tones over noise, `[channels, samples]`: loud and quiet, high and low."""
    random = np.random.default_rng(channels)
    time = np.arange(int(seconds * rate)) / rate
    rows = []
    for channel in range(channels):
        tone = np.sin(2 * np.pi * (110 + 221 * channel) * time) * np.exp(-8 * (time % 0.25))
        rows.append(0.4 * tone + 0.05 * random.standard_normal(len(time)))
    return np.array(rows, dtype=np.float32)


def difference_db(one: Audio, other: Audio) -> float:
    """Energy of the difference over that of `one`, in dB; -inf when there is none."""
    rest = float(np.square(one.astype(np.float64) - other).sum())
    whole = float(np.square(one.astype(np.float64)).sum())
    return 10 * float(np.log10(rest / (whole + 1e-30))) if rest > 0 else -np.inf
