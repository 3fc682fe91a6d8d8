"""Fit the perceptual ears: what words do to real recordings.

    python -m ifx_bridge.study.hearing [--data DIR] [--out FILE]

Every descriptor's typical settings are rendered on the demo recordings (never on the loops that
contributors heard, which are for evaluation); the mean change of the
measurements is the descriptor's point. The linear map whitens the measurements by how much that
change varies between recordings and, given the contributors' data, between contributors who used
the same word: what they agree on counts most (as in linear discriminant analysis).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ifx_bridge import audio as sound
from ifx_bridge.demo import clips
from ifx_bridge.ears.perceptual import FITTED, feature_names, measure
from ifx_bridge.effects.chain import Chain
from ifx_bridge.refine.whole_chain import Settings, listening_excerpt
from ifx_bridge.words.knowledge import Knowledge, knowledge

if TYPE_CHECKING:
    from torch import Tensor

Setting = Callable[["Tensor", float], "Tensor"]
"""(dry `[1, channels, samples]`, sample rate in Hz) -> wet, same shape."""

# Share of the identity in the covariance (Ledoit and Wolf's idea, fixed): keeps the map tame in
# directions that hardly vary.
SHRINKAGE = 0.25
# Contributors' settings listened to per word and effect, at most.
MOST_PER_WORD = 24


def fit(
    recordings: Iterable[Path],
    known: Knowledge,
    contributions: Iterable[tuple[str, Setting]] = (),
    progress: Callable[[str], None] = lambda text: None,
) -> dict[str, NDArray[Any]]:
    """The fitted map and points.

    Args:
        recordings: Dry recordings to listen on.
        known: Descriptors with their typical settings.
        contributions: What single contributors set for a word, where their data is at hand.
        progress: Told what is being done.

    Returns:
        `weights` `[features, dim]`, `words` `[n]`, `points` `[n, dim]`, all float32 or text.
    """
    import torch

    dry = [sound.load(path, allow_clipped=True) for path in recordings]
    heard = [(torch.from_numpy(listening_excerpt(c, Settings()))[None], c.sample_rate) for c in dry]
    with torch.no_grad():
        origins = [measure(x, rate)[0] for x, rate in heard]

    def changes(setting: Setting, where: Iterable[int]) -> NDArray[np.float64]:
        rows = []
        with torch.no_grad():
            for index in where:
                x, rate = heard[index]
                rows.append((measure(setting(x, rate), rate)[0] - origins[index]).numpy())
        return np.asarray(rows, dtype=np.float64)

    means: dict[str, NDArray[np.float64]] = {}
    spread: list[NDArray[np.float64]] = []
    for name, descriptor in known.descriptors.items():
        if not descriptor.effects:
            continue
        chain = Chain(descriptor.slots())
        rows = changes(lambda x, rate, chain=chain: chain.forward(x, rate), range(len(heard)))  # type: ignore[misc]
        means[name] = rows.mean(0)
        spread.append(rows - rows.mean(0))
    progress(f"{len(means)} descriptors on {len(heard)} recordings")

    by_word: dict[str, list[NDArray[np.float64]]] = {}
    for number, (word, setting) in enumerate(contributions):
        one_word = by_word.setdefault(word, [])
        if len(one_word) < MOST_PER_WORD:
            one_word.append(changes(setting, [number % len(heard)])[0])
    for one_word in by_word.values():
        if len(one_word) > 2:
            table = np.asarray(one_word)
            spread.append(table - table.mean(0))
    progress(f"{sum(map(len, by_word.values()))} contributors' settings of {len(by_word)} words")

    deviations = np.concatenate(spread)
    covariance = deviations.T @ deviations / len(deviations)
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.trace(covariance) / len(
        covariance
    ) * np.eye(len(covariance))
    values, vectors = np.linalg.eigh(covariance)
    weights = vectors @ np.diag(values**-0.5) @ vectors.T
    words = sorted(means)
    points = np.asarray([means[w] @ weights for w in words])
    assert weights.shape == (len(feature_names()),) * 2
    return {
        "weights": weights.astype(np.float32),
        "words": np.asarray(words),
        "points": points.astype(np.float32),
    }


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with SocialFX, Audealize and SAFE data")
    parser.add_argument("--out", type=Path, default=FITTED)
    given = parser.parse_args(arguments)
    recordings = list(clips().values())
    contributions: Iterable[tuple[str, Setting]] = ()
    if given.data is not None:
        from ifx_bridge.study.crowd import contributed

        contributions = contributed(given.data)
    fitted = fit(recordings, knowledge(), contributions, print)
    np.savez_compressed(given.out, **fitted)  # type: ignore[arg-type]
    print(f"{given.out}: {len(fitted['words'])} words, {given.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
