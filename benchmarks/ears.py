"""How long the ears take to hear 5 s of stereo and to say which way to go, side by side.

python benchmarks/ears.py [--threads 2] [--rounds 30]
"""

from __future__ import annotations

import argparse
import time


def main() -> None:
    """Run and print."""
    import torch

    from ifx_bridge.ears import ears
    from ifx_bridge.ears.fx import FxEars

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=30)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    began = time.perf_counter()
    FxEars.load()
    print(f"loading fx: {time.perf_counter() - began:.3f} s")
    sound = torch.randn(1, 2, 5 * 44100, generator=torch.Generator().manual_seed(0))
    spent: dict[str, list[float]] = {"perceptual": [], "fx": []}
    # In turns, so that whatever else the machine does falls on both alike.
    for _ in range(given.rounds):
        for name, times in spent.items():
            heard = sound.clone().requires_grad_(True)
            began = time.perf_counter()
            ears(name).embed_audio(heard, 44100).sum().backward()  # type: ignore[no-untyped-call]
            times.append(time.perf_counter() - began)
    median = {name: sorted(times)[len(times) // 2] for name, times in spent.items()}
    for name, seconds in median.items():
        print(f"{name}: {1000 * seconds:.1f} ms forward and backward")
    print(f"perceptual takes {median['perceptual'] / median['fx']:.2f} times as long as fx")


if __name__ == "__main__":
    main()
