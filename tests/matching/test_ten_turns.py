"""Ten of our turns in Debian's plugins: the plugin's own distance is at least halved in each."""

from __future__ import annotations

import pytest

from benchmarks.translate import TURNS, translated
from ifx_bridge.plugins.library import Library
from tests.plugins.conftest import library  # noqa: F401
from tests.plugins.test_host import ZAM, real

# The benchmark takes 250; so few are enough for a half.
RENDERS = 20


@real
@pytest.mark.parametrize(("clip", "words", "fx", "plugin"), TURNS)
def test_distance_is_at_least_halved(clip: str, words: str, fx: str, plugin: str) -> None:
    Library.default().find(str(ZAM / f"{plugin}.vst3"))
    found = translated(clip, words, fx, plugin, RENDERS)
    assert found.found_db <= 0.5 * found.default_db
    assert found.good


def test_there_are_ten() -> None:
    assert len(set(TURNS)) == 10
