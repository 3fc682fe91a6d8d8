"""Turns with plugins of the user's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ifx_bridge import audio
from ifx_bridge.audio import Clip
from ifx_bridge.brain.plan import Use
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.engine import Engine, TurnResult, lock, open_session, start_from, use
from ifx_bridge.errors import UserError
from ifx_bridge.plugins import effect as plugins
from ifx_bridge.plugins.host import PluginError
from ifx_bridge.plugins.library import Library
from ifx_bridge.refine import Settings, hosted
from ifx_bridge.session import Session
from tests.plugins.conftest import library  # noqa: F401
from tests.plugins.test_host import real

pytestmark = real
ENGINE = Engine(settings=Settings(steps=10, trial_steps=3, starts=1))


@pytest.fixture(scope="module")
def clip() -> Clip:
    whole = audio.load(clips()["guitar"])
    return replace(whole, samples=whole.samples[:, : 2 * whole.sample_rate])


@pytest.fixture(autouse=True)
def few_renders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted, "RENDERS", 16)


def turn(session: Session, clip: Clip, words: str, *uses: Use) -> TurnResult:
    return ENGINE.turn(session, clip, words, uses=uses)


def test_my_equalizer(clip: Clip) -> None:
    library_of("ZamEQ2")
    first = turn(open_session(clip), clip, "my eq is ZamEQ2, make it brighter")
    assert first.turn.as_chain().ids == ("zameq2",) and first.turn.as_own().ids == ("eq",)
    assert first.turn.score.after > 0.3
    # A command about it, in numbers.
    cut = turn(first.session, clip, "cut 6 dB at 300 Hz")
    before, after = (t.as_chain()["zameq2"].params for t in (first.turn, cut.turn))
    assert before != after
    # Nothing is said about it: it stays exactly.
    echo = turn(cut.session, clip, "add a slapback echo")
    assert echo.turn.as_chain().ids == ("zameq2", "delay")
    assert echo.turn.as_chain()["zameq2"].params == after
    back = turn(echo.session, clip, "undo")
    assert back.turn.as_chain().ids == ("zameq2",)
    assert back.turn.as_chain()["zameq2"].params == after
    ours = turn(back.session, clip, "don't use ZamEQ2")
    assert ours.turn.as_chain().ids == ("eq",) and ours.turn.uses == ()
    # The session as a file.
    again = Session(**ours.session.to_data())
    assert again == ours.session and again.own.ids == ("eq",)


def library_of(*names: str) -> None:
    for name in names:
        Library.default().find(name)


def test_a_sure_word_turns_the_knob_that_means_it(clip: Clip) -> None:
    library_of("ZamComp")
    first = turn(open_session(clip), clip, "squash it", use("comp=ZamComp"))
    less = turn(first.session, clip, "less compression")
    ratios = [t.as_chain()["zamcomp"].params["ratio"] for t in (first.turn, less.turn)]
    assert ratios[1] < ratios[0] - 0.5


def test_numbers_are_exact(clip: Clip) -> None:
    library_of("ZamDelay")
    found = turn(open_session(clip), clip, "delay 250 ms", use("delay=ZamDelay"))
    assert found.turn.as_chain()["zamdelay"].params["time_ms"] == pytest.approx(250, abs=0.5)


def test_beside_ours_at_its_place_with_a_lock(clip: Clip) -> None:
    library_of("ZamPhono", "ZamEQ2")
    uses = (use("ZamPhono@before:rev"), use("ZamEQ2@last"))
    locked = lock("zameq2.master_gain_db")
    words = "make it sound like a church"
    found = ENGINE.turn(open_session(clip), clip, words, uses=uses, locked=[locked])
    assert found.turn.as_chain().ids == ("zamphono", "rev", "zameq2")
    assert found.turn.as_own().ids == ("rev",) and found.turn.route == "initialize_all"
    assert found.turn.as_chain()["zameq2"].params["master_gain_db"] == pytest.approx(0, abs=1e-3)
    assert found.turn.locked == ("zameq2.master_gain_db",)


def test_of_a_chain_that_was_given(clip: Clip) -> None:
    library_of("ZamPhono")
    start = Chain((Slot("dist"), Slot("zamphono", engine="plugin")))
    session = start_from(open_session(clip), start)
    assert session.own.ids == ("dist",)
    found = turn(session, clip, "remove the distortion")
    assert found.turn.as_chain().ids == ("zamphono",)


def test_a_plugin_that_fails_costs_nothing_but_itself(
    clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    library_of("ZamVerb")

    def fail(*args: object) -> None:
        raise PluginError("ZamVerb crashed.", fatal=True)

    monkeypatch.setattr(plugins._rack, "render", fail)
    found = turn(open_session(clip), clip, "my reverb is ZamVerb, make it sound like a church")
    assert found.turn.as_chain().ids == ("rev",) and found.turn.uses == ()
    assert any("ZamVerb failed (ZamVerb crashed)" in note for note in found.turn.notes)
    assert found.turn.score.after > 0.3


def test_stopped_it_keeps_the_best_so_far(clip: Clip) -> None:
    library_of("ZamEQ2")
    steps = []

    def stopped() -> bool:
        return sum("ZamEQ2" in stage for stage in steps) > 3

    found = ENGINE.turn(
        open_session(clip),
        clip,
        "make it brighter",
        lambda step: steps.append(step.stage),
        stopped,
        [use("eq=ZamEQ2")],
    )
    assert not found.turn.finished and found.turn.as_chain().ids == ("zameq2",)


@pytest.mark.parametrize("text", ["foo=ZamVerb", "ZamVerb@middle", "Nonesuch"])
def test_what_cannot_be_used_is_said(text: str) -> None:
    with pytest.raises(UserError) as error:
        use(text)
    assert error.value.next_step


def test_what_cannot_be_locked_is_said() -> None:
    for key in ("rev.foo", "nonesuch", "zameq2.foo"):
        with pytest.raises(UserError):
            lock(key)
