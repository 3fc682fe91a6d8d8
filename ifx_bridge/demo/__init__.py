"""Short real recordings that come with IFX Bridge, for trying it out and for its tests.

The licence and the origin of every clip are in ``LICENSE.txt`` beside them (CC0).
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

__all__ = ["clips"]


def clips() -> dict[str, Path]:
    """Find the demo clips.

    Returns:
        The path of each clip under its name (``bass``, ``drums``, ``guitar``, ``loop``,
        ``voice``), in alphabetical order. All are 44.1 kHz FLAC; ``bass`` is mono, the
        others are stereo.
    """
    folder = Path(str(files(__name__)))
    return {path.stem: path for path in sorted(folder.glob("*.flac"))}
