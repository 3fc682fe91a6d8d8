"""A chain's knobs, turned by gradients a few steps at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ifx_bridge.effects.chain import Chain

if TYPE_CHECKING:
    from torch import Tensor

LEARNING_RATE = 0.1
# Knobs that are looked for in the sound, not heard, or say the same as another.
LEFT = frozenset({"delay_seconds", "width", "dry_level"})


class Descent:
    """A chain on its way down, which can be gone on with.

    Attributes:
        chain: Where it began.
        knobs: What is turned, by effect.
        steps: How many are done.
        least: The least distance so far.
    """

    def __init__(self, chain: Chain) -> None:
        import torch

        self.chain, self.steps, self.least = chain, 0, float("inf")
        self.knobs = [
            (slot.fx, p)
            for slot in chain
            for p in slot.effect.parameters
            if p.differentiable and p.name not in LEFT
        ]
        places = torch.tensor(
            [min(0.98, max(0.02, p.to_unit(chain[fx].params[p.name]))) for fx, p in self.knobs]
        )
        self._theta = torch.logit(places).requires_grad_(True)
        self._optimizer = torch.optim.Adam([self._theta], lr=LEARNING_RATE)
        self._fixed = [p.neutral is not None for _, p in self.knobs]
        self._neutral = torch.tensor(
            [p.to_unit(p.default if p.neutral is None else p.neutral) for _, p in self.knobs]
        )[self._fixed]

    def values(self) -> dict[str, dict[str, Tensor]]:
        """Where the knobs are, differentiable, by effect."""
        import torch

        found: dict[str, dict[str, Tensor]] = {}
        for (fx, p), at in zip(self.knobs, torch.sigmoid(self._theta), strict=True):
            found.setdefault(fx, {})[p.name] = p.from_unit_tensor(at)
        return found

    def moved(self) -> Tensor:
        """Squared parts of a turn away from neutral."""
        import torch

        return (torch.sigmoid(self._theta)[self._fixed] - self._neutral).square().sum()

    def step(self, loss: Tensor) -> None:
        """Down the gradient."""
        import torch

        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if self._theta.grad is not None:
            self._theta.grad = torch.nan_to_num(self._theta.grad)
        self._optimizer.step()
        self.steps += 1
