"""The tree of turns as rows under each other: which lane each stands in, and which lines pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """What is drawn beside one row.

    Attributes:
        lane: Of its dot, from the left.
        begins: Whether no line comes from above.
        passing: Lanes of lines that pass it.
        leaving: Lanes in which its children go on below.
    """

    lane: int = 0
    begins: bool = True
    passing: tuple[int, ...] = ()
    leaving: tuple[int, ...] = ()


def nodes(parents: Sequence[int]) -> list[Node]:
    """A node for every row.

    Args:
        parents: Of each row the row that it goes on from, which stands above it; the first row has
            none, and its entry is not read.
    """
    lanes = [0] * len(parents)
    for row in range(1, len(parents)):
        parent = parents[row]
        taken = set(lanes[parent + 1 : row])  # dots that the line would cross
        taken |= {
            lanes[other]
            for other in range(1, row)
            if parents[other] < row and parent < other  # lines beside it
        }
        free = (lane for lane in range(len(parents)) if lane not in taken)
        lanes[row] = lanes[parent] if lanes[parent] not in taken else next(free)
    found = []
    for row, lane in enumerate(lanes):
        below = range(row + 1, len(parents))
        passing = {lanes[other] for other in below if parents[other] < row}
        leaving = {lanes[other] for other in below if parents[other] == row}
        found.append(Node(lane, row == 0, tuple(sorted(passing)), tuple(sorted(leaving))))
    return found
