"""A plugin that begins with the user's own preset of it, and where it stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ifx_bridge import audio
from ifx_bridge.audio import Clip
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.engine import Engine, open_session, start_from, use
from ifx_bridge.errors import UserError
from ifx_bridge.plugins.library import Library
from ifx_bridge.presets import plugin as presets
from ifx_bridge.presets.vstpreset import VstPreset
from ifx_bridge.refine import Settings, hosted
from ifx_bridge.session import Session
from tests.plugins.conftest import library  # noqa: F401
from tests.plugins.test_host import ZAM, real

pytestmark = real
ENGINE = Engine(settings=Settings(steps=10, trial_steps=3, starts=1))


@pytest.fixture
def clip() -> Clip:
    whole = audio.load(clips()["guitar"])
    return replace(whole, samples=whole.samples[:, : 2 * whole.sample_rate])


@pytest.fixture
def preset(tmp_path: Path) -> Path:
    """Of ZamEQ2, with a boost at 820 Hz that no closed form would give; its path has an @."""
    plugin = Library.default().find(str(ZAM / "ZamEQ2.vst3"))
    Library.default().find(str(ZAM / "ZamDelay.vst3"))
    wanted = {"boost_cut_1_db": 9.0, "frequency_1_hz": 820.0, "master_gain_db": -4.0}
    positions = {key: plugin.parameter(key).position(v) for key, v in wanted.items()}
    folder = tmp_path / "mine@home"
    return presets.write(plugin, positions, "mine", folder).path


def test_what_is_written_on_the_command_line(preset: Path) -> None:
    for text, always, fx, place in (
        (f"ZamEQ2={preset}", True, "eq", ""),
        (f"eq=ZamEQ2={preset}", False, "eq", ""),
        (f"{preset}@after:rev", True, "eq", "after:rev"),
        (f"dist={preset}@last", False, "dist", "last"),
        (f"ZamEQ2={preset}@before:zamdelay", True, "eq", "before:zamdelay"),
    ):
        found = use(text)
        assert (found.plugin, found.always, found.fx, found.place) == ("zameq2", always, fx, place)
        assert found.values["boost_cut_1_db"] == pytest.approx(9.0, abs=0.05)
        assert found.values["master_gain_db"] == pytest.approx(-4.0, abs=0.05)
    assert use("ZamEQ2").values == {}


def test_what_cannot_be_is_said(preset: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.vstpreset"
    VstPreset("0" * 32, (("Comp", b""),)).write(other)
    for text, says in (
        ("ZamEQ2@after:xyz", "no effect or plugin 'xyz'"),
        ("ZamEQ2@before:", "no effect or plugin ''"),
        ("ZamEQ2@behind:rev", "no place"),
        (f"ZamDelay={preset}", "is a preset of ZamEQ2, not of ZamDelay"),
        (str(other), "which is not known here"),
        (f"ZamEQ2={tmp_path}/none.vstpreset", "could not be read"),
        ("verb=ZamEQ2", "no effect 'verb'"),
    ):
        with pytest.raises(UserError, match=says):
            use(text)


def test_without_words_about_it_the_presets_values_stay_exactly(clip: Clip, preset: Path) -> None:
    session = start_from(open_session(clip), Chain((Slot("delay"),)))
    begun = use(f"dist={preset}@first")  # stands for what is not there: kept until it is
    begun = replace(begun, fx="", always=True)
    first = ENGINE.turn(session, clip, "set the delay to 300 ms", uses=[begun])
    assert first.turn.as_chain().ids == ("zameq2", "delay")
    assert first.turn.as_chain()["zameq2"].params == pytest.approx(begun.values, abs=1e-6)
    assert first.turn.uses == (replace(begun, values={}),)  # it has begun
    assert Session(**first.session.to_data()) == first.session


def test_the_search_begins_at_the_preset(
    clip: Clip, preset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosted, "RENDERS", 1)  # the start, and no more
    ours = Chain((Slot("eq", {"band1_gain_db": 6.0}),))
    session = start_from(open_session(clip), ours)
    plain = ENGINE.turn(session, clip, "brighter", uses=[use("eq=ZamEQ2")])
    begun = ENGINE.turn(session, clip, "brighter", uses=[use(f"eq={preset}")])
    gains = [t.turn.as_chain()["zameq2"].params["master_gain_db"] for t in (plain, begun)]
    # What no knob of ours means is as in the preset, else as in a new instance.
    assert gains == [pytest.approx(0, abs=0.05), pytest.approx(-4, abs=0.05)]
    # Given again in a later turn it begins there again, whatever was found meanwhile.
    moved = start_from(open_session(clip), plain.turn.as_chain())
    again = ENGINE.turn(moved, clip, "brighter", uses=[replace(use(str(preset)), fx="")])
    assert again.turn.as_chain()["zameq2"].params["master_gain_db"] == pytest.approx(-4, abs=0.05)


def test_a_place_beside_what_is_not_there_is_told(clip: Clip, preset: Path) -> None:
    session = start_from(open_session(clip), Chain((Slot("delay"),)))
    words = "set the delay to 300 ms"
    beside = ENGINE.turn(session, clip, words, uses=[use("ZamEQ2@before:rev")])
    assert beside.turn.as_chain().ids == ("delay", "zameq2")
    assert any("before rev, which is not in the chain" in note for note in beside.turn.notes)
    # Once: in later turns it is where it is.
    later = ENGINE.turn(beside.session, clip, words)
    assert not any("was to stand" in note for note in later.turn.notes)
    there = ENGINE.turn(session, clip, words, uses=[use("ZamEQ2@before:delay")])
    assert there.turn.as_chain().ids == ("zameq2", "delay") and not there.turn.notes
