"""What a turn no longer has, how much of it is wanted, and what is on or off: said as it is."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ifx_bridge.cli import app
from ifx_bridge.daw.automation import Lane as Way
from ifx_bridge.daw.automation import Ramp, between, lanes, run
from ifx_bridge.daw.desk import Desk
from ifx_bridge.daw.link import DawLink, Device, Track
from ifx_bridge.daw.push import Preview, preview, push
from ifx_bridge.daw.pushed import FILE, Pushed, Used
from ifx_bridge.daw.remote import Command
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.spec import effects, scaled
from ifx_bridge.engine import Engine
from ifx_bridge.errors import UserError
from ifx_bridge.session import ClipInfo, Score, Session, save
from tests.daw.fakes import FINE, Effect, Fake, Knob, Lane, Weather
from tests.daw.test_writing import KINDS, daw

ON = "Device On"
NAMES = {
    "live": ("Compressor", "Delay"),
    "reaper": ("VST: ReaComp (Cockos)", "VST: ReaDelay (Cockos)"),
}
COMP = Chain((Slot("comp", {"threshold_db": -24, "ratio": 4}),))
NOTHING = Chain()


def comp(kind: str, on: bool = True) -> Effect:
    ratio = Knob("Ratio", value=0.2, display=lambda v: f"{1 + 19 * v:.2f} : 1")
    threshold = Knob("Threshold", display=lambda v: f"{-70 + 76 * v:.1f} dB")
    first = [Knob(ON, value=float(on), quantized=True)] if kind == "live" else []
    return Effect(NAMES[kind][0], [*first, threshold, ratio], on=on)


def delay(kind: str) -> Effect:
    first = [Knob(ON, value=1.0, quantized=True)] if kind == "live" else []
    return Effect(NAMES[kind][1], [*first, Knob("Feedback")])


def shown(effect: Effect) -> str:
    """Its name as the link has it: REAPER's surface leaves out what kind of plugin it is."""
    return effect.name.removeprefix("VST: ")


def is_on(effect: Effect) -> bool:
    return bool(effect.knobs[0].value) if effect.knobs[0].name == ON else effect.on


def pushed_after(link: DawLink, chain: Chain, before: Pushed) -> tuple[Preview, Pushed]:
    plan = preview(link, link.track("Vox"), chain, pushed=before)
    report = push(link, plan)
    assert report.done, report
    return plan, before.after(link.name, plan, report)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_turn_no_longer_has_goes_off_and_what_is_the_users_stays(kind: str) -> None:
    ours, users = comp(kind), delay(kind)
    with daw(kind, [Lane("Vox", [ours, users])]) as (_, link):
        _, used = pushed_after(link, COMP, Pushed())
        assert [row.device for row in used.rows] == [shown(ours)]
        plan, after = pushed_after(link, NOTHING, used)
        assert plan.summary == f"on 'Vox', off: {shown(ours)}"
        still = f"Still sounding there, though not of this turn: {shown(users)} (2)."
        assert plan.notes == (still,)
        assert (is_on(ours), is_on(users), after.rows) == (False, True, ())
        # Back again, and it is switched on.
        plan, _ = pushed_after(link, COMP, after)
        assert plan.summary.endswith(f"{shown(ours)}; on: {shown(ours)}")
        assert is_on(ours)


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_that_is_off_is_switched_on_and_that_is_read_back(kind: str) -> None:
    ours = comp(kind, on=False)
    with daw(kind, [Lane("Vox", [ours])]) as (fake, link):
        (device,) = link.devices(link.track("Vox"))
        assert not device.enabled
        report = push(link, preview(link, link.track("Vox"), COMP))
        assert report.done
        (switched,) = [w for w in report.writes if w.parameter.index == 0]
        assert (switched.wanted, switched.found, switched.title) == (1, 1, "comp on")
        assert is_on(ours)
        # One that cannot be switched is never called confirmed.
        stuck(fake, ours)
        report = push(link, preview(link, link.track("Vox"), NOTHING, pushed=used_all(link)))
        (switched,) = report.writes
        assert (switched.status, switched.reason) == ("unconfirmed", "it is on after 3 tries")


def used_all(link: DawLink) -> Pushed:
    track = link.track("Vox")
    rows = [Used(link.name, track.name, d.index, d.name) for d in link.devices(track)]
    return Pushed(tuple(rows))


def stuck(fake: Fake, effect: Effect) -> None:
    take = fake.take

    def without(message: object) -> None:
        take(message)  # type: ignore[arg-type]
        effect.on = True
        if effect.knobs[0].name == ON:
            effect.knobs[0].value = 1.0

    fake.take = without  # type: ignore[method-assign]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_what_is_said_of_switches_in_bad_weather_is_true(kind: str, seed: int) -> None:
    import random

    ours = comp(kind)
    with daw(kind, [Lane("Vox", [ours])]) as (fake, link):
        plan = preview(link, link.track("Vox"), NOTHING, pushed=used_all(link))
        fake.weather = Weather(
            loss=0.1, duplicate=0.1, delay=0.2, stale=0.1, random=random.Random(seed)
        )
        try:
            (switched,) = push(link, plan).writes
        except UserError:
            return
        finally:
            fake.weather = FINE
        if switched.status == "confirmed":
            assert not is_on(ours)


def test_another_device_in_its_place_gets_nothing() -> None:
    ours = comp("live")
    with daw("live", [Lane("Vox", [ours])]) as (fake, link):
        plan = preview(link, link.track("Vox"), COMP)
        fake.lanes[0].effects.insert(0, delay("live"))
        with pytest.raises(UserError, match="but Delay") as error:
            push(link, plan)
    assert error.value.kept == "Nothing was changed."
    assert ours.knobs[2].value == 0.2


def test_what_is_kept_of_pushes(tmp_path: Path) -> None:
    assert Pushed.load(tmp_path) == Pushed()
    used = Pushed((Used("Ardour", "Gtr", 2, "ACE EQ"),))
    used.save(tmp_path)
    assert Pushed.load(tmp_path) == used
    assert used.has("Ardour", Track(1, "Gtr"), Device(1, 2, "ACE EQ"))
    assert not used.has("Ardour", Track(1, "Gtr"), Device(1, 3, "ACE EQ"))
    assert not used.has("REAPER", Track(1, "Gtr"), Device(1, 2, "ACE EQ"))
    for damaged in ("no", "[1]", '[{"x": 1}]', "3"):
        (tmp_path / FILE).write_text(damaged)
        assert Pushed.load(tmp_path) == Pushed()
    with pytest.raises(UserError, match="could not be noted") as error:
        used.save(tmp_path / "nowhere")
    assert error.value.kept == "The push itself is done."


# Amounts.


@pytest.mark.parametrize(("amount", "ratio", "threshold"), [(0.5, 2.0, -12), (1.5, 8.0, -36)])
def test_an_amount_goes_to_the_knobs_of_a_stock_device_and_is_said(
    amount: float, ratio: float, threshold: float
) -> None:
    ours = comp("live")
    chain = Chain(COMP.slots, trim_db=-2.0, amount=amount)
    with daw("live", [Lane("Vox", [ours])]) as (_, link):
        plan = preview(link, link.track("Vox"), chain)
        report = push(link, plan)
    assert report.done
    wanted = scaled(COMP.slots[0].effect, COMP.slots[0].params, amount)
    shown = [float(k.text().split()[0]) for k in ours.knobs[1:]]
    assert shown[0] == pytest.approx(threshold, abs=0.5)
    assert shown[1] == pytest.approx(wanted["ratio"], rel=0.03)
    assert any(f"{100 * amount:.0f} %" in note for note in report.notes)
    assert any(f"{-2 * amount:+.1f} dB" in note for note in report.notes)


def test_knobs_that_cannot_go_so_far_are_named() -> None:
    ours = comp("live")
    chain = Chain((Slot("comp", {"threshold_db": -40, "ratio": 4}),), amount=2.0)
    with daw("live", [Lane("Vox", [ours])]) as (_, link):
        plan = preview(link, link.track("Vox"), chain)
    assert any("at its end, -60.0 dB" in text for text in plan.parts[0].left_out)


def test_an_amount_of_nothing_switches_off() -> None:
    ours = comp("live")
    with daw("live", [Lane("Vox", [ours])]) as (_, link):
        plan = preview(link, link.track("Vox"), Chain(COMP.slots, amount=0.0))
        assert (plan.count, [s.on for s in plan.switches]) == (0, [False])
        assert push(link, plan).done
    assert not is_on(ours)
    assert ours.knobs[2].value == 0.2


@given(st.sampled_from(effects()), st.floats(0, 2))
def test_every_effect_has_an_amount(effect: object, amount: float) -> None:
    kind = next(e for e in effects() if e is effect)
    values = {p.name: p.high for p in kind.parameters}
    for p in kind.parameters:
        moved = scaled(kind, values, amount)[p.name]
        assert p.low <= moved <= p.high
        if p.neutral is not None and amount == 0:
            assert math.isclose(moved, p.neutral, abs_tol=1e-9)
    assert any(p.neutral is not None for p in kind.parameters)


def test_a_ramp_into_a_bypass_moves_the_knobs_to_rest() -> None:
    ours = comp("live")
    with daw("live", [Lane("Vox", [ours])]) as (_, link):
        off = Chain((Slot("comp", COMP.slots[0].params, bypass=True),))
        first, last = between(COMP, off)
        plans = [preview(link, link.track("Vox"), c, switching=False) for c in (first, last)]
        assert not plans[1].switches
        ways, lost = lanes(link, *plans)
        assert not lost
        ends = {w.parameter.name: w.after for w in ways}
        assert ends["Ratio"] == pytest.approx(0, abs=0.01)


# Remote control and commands.


def session_of(folder: Path, *chains: Chain) -> Session:
    session = Session(clip=ClipInfo())
    for chain in chains:
        session = session.add(
            chain=chain, instruction="x", route="initialize_all", score=Score(before=0, after=1)
        )
    save(session, folder / "session.json")
    return session


def test_a_remote_push_says_all(tmp_path: Path) -> None:
    ours, said = comp("live"), list[tuple[str, object]]()

    def say(name: str, /, **values: object) -> None:
        said.append((name, next(iter(values.values()))))

    chain = Chain((*COMP.slots, Slot("rev")), trim_db=1.0)
    with daw("live", [Lane("Vox", [ours])]) as (_, link):
        desk = Desk(tmp_path, Engine(ears="perceptual"), link, "Vox")
        desk.session, desk.clip = session_of(tmp_path, chain), object()  # type: ignore[assignment]
        desk.do(Command("push", {}), say)  # type: ignore[arg-type]
        assert ("status", "2 of 2 confirmed") in said
        assert any("Reverb: put one of these" in str(text) for _, text in said)
        assert any("output trim of +1.0 dB" in str(text) for _, text in said)
        said.clear()
        desk.do(Command("amount", {"value": 0.5}), say)  # type: ignore[arg-type]
        desk.do(Command("push", {}), say)  # type: ignore[arg-type]
        assert any("amount of 50 %" in str(text) for _, text in said)
        said.clear()
        desk.do(Command("ab", {}), say)  # type: ignore[arg-type]
        assert said[0] == ("side", "before")
        assert ("status", "1 of 1 confirmed") in said
        assert not is_on(ours)
        # A desk of later knows what was pushed before it.
        assert Pushed.load(tmp_path).rows == ()
        said.clear()
        desk.do(Command("push", {}), say)  # type: ignore[arg-type]
        assert said == [("status", "nothing to set on 'Vox'")]
        desk.session = session_of(tmp_path, Chain((Slot("rev"),)))
        desk.side = "after"
        with pytest.raises(UserError, match="Nothing was pushed"):
            desk.do(Command("push", {}), say)  # type: ignore[arg-type]


def test_a_turns_own_amount_is_its_own_until_another_is_asked_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Engine(ears="perceptual"))
    desk.session = session_of(tmp_path, Chain(COMP.slots, amount=0.7))
    desk.clip = object()  # type: ignore[assignment]
    assert desk.chain().amount == 0.7
    desk.amount = 1.0
    assert desk.chain().amount == 1.0


def test_commands_refuse_what_they_would_pass_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_of(tmp_path, COMP)
    with daw("live", [Lane("Vox", [comp("live"), comp("live")])]) as (_, link):
        monkeypatch.setattr("ifx_bridge.daw.links.open_link", lambda *_, **__: link)
        monkeypatch.setattr(link, "close", lambda: None)

        def told(*words: str) -> str:
            done = CliRunner().invoke(app, ["daw", *words])
            assert done.exit_code, done.output
            return str(done.exception) if isinstance(done.exception, UserError) else done.output

        place = [str(tmp_path), "--track", "Vox"]
        assert "no device for an effect" in told("push", *place, "--device", "foo=2")
        assert "The turn has no eq" in told("push", *place, "--device", "eq=2")
        assert "no turn 7" in told("push", *place, "--turn", "7").lower()
        assert "equal to 1" in told("ramp", *place, "--turn", "0")
        assert "Both" in told("ramp", *place, "--bars", "1", "--seconds", "9")
        assert "tempo" in told("ramp", *place, "--tempo", "0").lower()
        assert "--port" in told("--port", "99999", "probe")
        shown = CliRunner().invoke(app, ["daw", "push", *place, "--preview", "--device", "comp=2"])
        assert "  2 Compressor, Ratio: 4:1" in shown.output
        shown = CliRunner().invoke(app, ["daw", "push", *place, "--turn", "0", "--preview"])
        assert shown.output.startswith("nothing to set on 'Vox'")


def test_a_ramp_becomes_a_midi_file_without_a_daw(tmp_path: Path) -> None:
    import mido

    session_of(tmp_path, COMP, Chain((Slot("comp", {"threshold_db": -30, "ratio": 8}),)))
    file = tmp_path / "ramp.mid"
    words = ["daw", "ramp", str(tmp_path), "--bars", "2", "--tempo", "90"]
    done = CliRunner().invoke(app, [*words, "--midi-file", str(file)])
    assert done.exit_code == 0, (done.output, done.exception)
    assert mido.MidiFile(file).length == pytest.approx(2 * 4 * 60 / 90, abs=0.1)
    assert any("Compressor ratio" in track.name for track in mido.MidiFile(file).tracks)
    done = CliRunner().invoke(app, words)
    assert "needs a track" in str(done.exception)


def test_a_daw_that_falls_silent_in_a_pass_is_told_as_it_is() -> None:
    ours = comp("live")
    with daw("live", [Lane("Vox", [ours])]) as (fake, link):
        ratio = link.parameters(link.devices(link.track("Vox"))[0])[2]
        fake.rolls = True  # type: ignore[attr-defined]
        took = fake.take

        def until_it_plays(message: object) -> None:
            took(message)  # type: ignore[arg-type]
            if ours.knobs[2].value > 0.3:
                fake.weather = Weather(silent=True)

        fake.take = until_it_plays  # type: ignore[method-assign]
        with pytest.raises(UserError, match="does not answer") as error:
            run(link, [Way(ratio, 0.2, 0.8)], Ramp(0.0, 4.0))
    assert error.value.kept == "The parameters stand somewhere on the way of the ramp."


def test_json_names_the_switches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session_of(tmp_path, COMP)
    with daw("live", [Lane("Vox", [comp("live", on=False)])]) as (_, link):
        monkeypatch.setattr("ifx_bridge.daw.links.open_link", lambda *_, **__: link)
        words = ["daw", "push", str(tmp_path), "--track", "Vox", "--preview", "--json"]
        data = json.loads(CliRunner().invoke(app, words).stdout)
    assert data["switches"] == [{"device": "Compressor", "index": 1, "on": True}]
