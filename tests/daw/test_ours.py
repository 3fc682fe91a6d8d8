"""IFX Chain on a track: as built here, in the real Ardour; and in a REAPER and a Live of ours."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen
from xml.etree import ElementTree

import mido
import pytest
from typer.testing import CliRunner

from ifx_bridge.chain_plugin.table import entries
from ifx_bridge.chain_plugin.values import values_of
from ifx_bridge.cli import app
from ifx_bridge.daw import ours
from ifx_bridge.daw.ardour import ArdourLink
from ifx_bridge.daw.ardour_session import saved
from ifx_bridge.daw.automation import Ramp, between, lanes, run
from ifx_bridge.daw.link import DawLink, DawParameter
from ifx_bridge.daw.osc import Message
from ifx_bridge.daw.push import insert_missing, preview, push
from ifx_bridge.daw.reaper import ReaperLink
from ifx_bridge.daw.reaper_helper import Helper
from ifx_bridge.daw.reaper_install import SCRIPT, install
from ifx_bridge.daw.wire import LOOPBACK, Wire
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.plugin_build import build
from ifx_bridge.session import ClipInfo, Score, Session, save
from tests.daw import ardour
from tests.daw.fake_reaper import FakeReaper
from tests.daw.fakes import Effect, Knob, Lane, Weather
from tests.daw.reaper_table import ReaperTable, Running
from tests.daw.test_wire import eventually
from tests.daw.test_writing import daw

BEFORE = Chain((Slot("eq"), Slot("dist", {"drive_db": 6.0})), trim_db=-1.0)
AFTER = Chain(
    (
        Slot("dist", {"drive_db": 21.7}),
        Slot("eq", {"band2_gain_db": -7.3, "band2_cutoff_freq": 2345.6}),
        Slot("delay", {"delay_seconds": 0.321, "mix": 0.17}, bypass=True),
        Slot("rev", {"room_size": 0.83, "damping": 0.21}),
    ),
    trim_db=-4.5,
    amount=0.7,
)


def as_daw(low_high: bool, first: int = 1) -> list[DawParameter]:
    rows = [(e.name, e.parameter.low, e.parameter.high) for e in entries()]
    return [
        DawParameter(1, 1, i, name, *((low, high) if low_high else (0, 1)), value=0)
        for i, (name, low, high) in enumerate(rows, first)
    ]


@pytest.mark.parametrize(
    ("name", "channels"),
    [("IFX Chain", 2), ("VST3: IFX Chain (IFX Bridge)", 2), ("ifx chain mono", 1),
     ("VST3: IFX Chain Mono (IFX Bridge)", 1), ("IFX Chainsaw", None), ("Reverb", None)],
)  # fmt: skip
def test_its_name_in_daws(name: str, channels: int | None) -> None:
    assert ours.channels_of(name) == channels


@pytest.mark.parametrize("low_high", [True, False])
def test_every_parameter_has_its_value(low_high: bool) -> None:
    found = ours.resolve(AFTER, as_daw(low_high))
    assert not found.left_out
    assert len(found.wanted) == len(entries())
    for entry, want in zip(entries(), found.wanted, strict=True):
        value = want.value
        if not low_high:
            value = entry.parameter.low + value * (entry.parameter.high - entry.parameter.low)
        assert value == pytest.approx(values_of(AFTER)[entry.symbol], rel=1e-9), entry.symbol


def test_names_that_are_cut_short_count_at_their_place() -> None:
    cut = [DawParameter(**{**p.__dict__, "name": p.name[:22]}) for p in as_daw(True, first=4)]
    assert ours.resolve(AFTER, cut).left_out == ()
    moved = [*cut[:10], *cut[11:]]
    left_out = ours.resolve(AFTER, moved).left_out
    assert len(left_out) == 1
    assert "Equalizer low shelf gain" in left_out[0]


def test_what_it_cannot_hold_is_said() -> None:
    from ifx_bridge.plugins import effect  # noqa: F401  (registers the engine)

    chain = Chain((Slot("zamverb", {"wet": 0.5}, engine="plugin"), Slot("rev")), trim_db=-90)
    found = ours.resolve(chain, as_daw(True))
    assert [text.split(":")[0] for text in found.left_out] == ["zamverb", "output trim -90.0 dB"]
    values = {w.parameter.name: w.value for w in found.wanted}
    assert (values["Slot 2"], values["Output trim"]) == (0, -72)
    stranger = [DawParameter(**{**as_daw(True)[0].__dict__, "high": 7.0})]
    assert "another range" in ours.resolve(chain, stranger).left_out[2]


# The real one.

needs_ardour = pytest.mark.skipif(bool(ardour.missing()), reason=ardour.missing())


@pytest.fixture(scope="module")
def running(
    bundles: dict[int, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ardour.Ardour]:
    folder = tmp_path_factory.mktemp("ifx-chain")
    build.install(list(bundles.values()), folder / "home" / ".vst3")
    session = ardour.make(folder, folder / "home" / ".vst3" / "IFX Chain.vst3")
    with ardour.Ardour(folder, session, (0, "^Distortion drive$")) as made:
        yield made


@pytest.fixture
def link(running: ardour.Ardour) -> Iterator[ArdourLink]:
    with ArdourLink(port=running.port, session=running.session) as made:
        made.tracks()
        yield made


def in_the_plugin(link: DawLink) -> dict[str, float]:
    (device,) = link.devices(link.track(ardour.TRACK))
    return {p.name: p.value for p in link.parameters(device)}


@needs_ardour
def test_a_turn_is_pushed_exactly_into_the_real_plugin(link: ArdourLink) -> None:
    plan = preview(link, link.track(ardour.TRACK), AFTER)
    assert plan.summary == f"{len(entries())} parameters on 'Gtr' → IFX Chain"
    assert plan.missing == plan.notes == plan.parts[0].left_out == ()
    report = push(link, plan)
    assert report.done, report.writes
    assert len(report.writes) == len(entries())
    there, wanted = in_the_plugin(link), values_of(AFTER)
    for entry in entries():
        assert there[entry.name] == pytest.approx(wanted[entry.symbol], rel=3e-6, abs=3e-6)


@needs_ardour
def test_a_ramp_between_turns_becomes_automation_of_the_real_plugin(
    running: ardour.Ardour, link: ArdourLink
) -> None:
    first, last = between(BEFORE, AFTER)
    track = link.track(ardour.TRACK)
    ways, lost = lanes(link, preview(link, track, first), preview(link, track, last))
    assert not lost
    assert {w.parameter.name for w in ways} >= {"Distortion drive", "Amount", "Output trim"}
    assert not any(w.parameter.name.startswith("Slot") for w in ways)
    report = run(link, ways, Ramp(0.25, 1.0, "linear"))
    assert report.done, report.writes
    with saved(running.session, lambda: link.wire.send(Message("/save_state"))) as file:
        root = ElementTree.fromstring(file.read_text("utf-8"))
    lists = [e for e in root.iter("AutomationList") if e.get("state") in ("Write", "Touch")]
    (events,) = [e.text.split() for lane in lists for e in lane if e.text]
    values = [float(v) for v in events[1::2]]
    assert len(values) > 5
    assert values == sorted(values)
    assert 6 <= values[0] < 9
    assert values[-1] == pytest.approx(21.7, rel=1e-5)


@needs_ardour
def test_the_commands_of_ramps_and_of_listening(
    running: ardour.Ardour, link: ArdourLink, tmp_path: Path
) -> None:
    session = Session(clip=ClipInfo())
    for chain in (BEFORE, AFTER):
        session = session.add(
            chain=chain, instruction="x", route="initialize_all", score=Score(before=0, after=1)
        )
    save(session, tmp_path / "session.json")
    place = ["--port", str(running.port), "--ardour-session", str(running.session)]
    first = ["daw", "--daw", "ardour", *place]
    words = ["ramp", str(tmp_path), "--track", ardour.TRACK, "--bars", "2", "--tempo", "90"]
    done = CliRunner().invoke(app, [*first, *words, "--midi-file", str(tmp_path / "ramp.mid")])
    assert done.exit_code == 0, (done.output, done.exception)
    file = mido.MidiFile(tmp_path / "ramp.mid")
    assert file.length == pytest.approx(2 * 4 * 60 / 90, abs=0.1)
    assert any("Distortion drive" in track.name for track in file.tracks)

    with Wire((LOOPBACK, 9)) as wire:
        heard: list[Message] = []
        wire.listen(heard.append)
        with Wire((LOOPBACK, 9)) as free:
            ours = free.port
        wire.remote = (LOOPBACK, ours)
        ports = ["--at", str(ours), "--answer", str(wire.port), "--track", ardour.TRACK]
        command = [*first, "listen", str(tmp_path / "out"), *ports]
        program = "import sys; from ifx_bridge.cli import app; app(sys.argv[1:])"
        listening = subprocess.Popen([sys.executable, "-c", program, *command])
        try:
            assert eventually(lambda: any(m.address == "/ifx/daw/transport" for m in heard), 30)
            with urlopen(f"http://{LOOPBACK}:{ours}/ifx/refine", timeout=10) as reply:
                assert json.loads(reply.read())["TYPE"] == "s"
            link.locate(0.75)
            at = ("/ifx/daw/transport", pytest.approx(0.75, abs=0.01))
            assert eventually(lambda: at in [(m.address, m.args[2]) for m in heard if m.args[2:]])
            wire.send(Message("/ifx/push"))
            assert eventually(lambda: any("no clip yet" in str(m) for m in heard))
        finally:
            listening.send_signal(signal.SIGINT)
            assert listening.wait(20) == 0


# REAPER and Live, as far as they are known.


def knobs() -> list[Knob]:
    return [Knob(e.name, quantized=e.whole) for e in entries()]


def in_units(effect: Effect) -> dict[str, float]:
    pairs = zip(entries(), effect.knobs, strict=True)
    return {
        e.symbol: e.parameter.low + k.value * (e.parameter.high - e.parameter.low) for e, k in pairs
    }


REAPERS = "VST3: IFX Chain (IFX Bridge)"


@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_reaper_loads_the_turn_as_a_preset(loss: float) -> None:
    plugin = Effect(REAPERS, knobs())
    weather = Weather(loss=loss, random=random.Random(3))
    with daw("reaper", [Lane("Vox", [plugin])], weather) as (fake, link):
        assert isinstance(fake, FakeReaper)
        report = push(link, preview(link, link.track("Vox"), AFTER))
        assert eventually(lambda: len(fake.touched_off) > 0)
        heard = list(fake.heard)
    assert report.done, report
    assert in_units(plugin) == pytest.approx(values_of(AFTER), rel=1e-5, abs=1e-4)
    if not loss:
        assert [m.address for m in heard].count("/track/1/fx/1/preset") == 1
        # Values go out only to let go of them.
        moved = [m for m in heard if "/fxparam/" in m.address and m.address.startswith("/track")]
        assert moved
        assert all(type(m.args[0]) is int for m in moved)


def test_where_the_preset_is_not_taken_the_values_are_set() -> None:
    plugin = Effect(REAPERS, knobs())
    with daw("reaper", [Lane("Vox", [plugin])]) as (fake, link):
        assert isinstance(fake, FakeReaper)
        fake.takes_presets = False
        report = push(link, preview(link, link.track("Vox"), AFTER))
    assert report.done, report
    assert in_units(plugin) == pytest.approx(values_of(AFTER), rel=1e-5, abs=1e-4)


def test_live_gets_every_value() -> None:
    plugin = Effect("IFX Chain", [Knob("Device On", value=1, quantized=True), *knobs()])
    with daw("live", [Lane("Vox", [Effect("Reverb", []), plugin])]) as (_, link):
        plan = preview(link, link.track("Vox"), AFTER)
        assert [part.device.name for part in plan.parts] == ["IFX Chain"]
        report = push(link, plan)
    assert report.done, report
    plugin.knobs.pop(0)
    assert in_units(plugin) == pytest.approx(values_of(AFTER), rel=1e-5, abs=1e-4)


@pytest.fixture
def helped(tmp_path: Path) -> Iterator[tuple[ReaperTable, ReaperLink]]:
    table = ReaperTable(tmp_path / "REAPER", [Lane("Vox")])
    table.root.mkdir()
    install(table.root)
    running = Running(table.root / "Scripts" / SCRIPT, table)
    helper = Helper(table.root / "IFX Bridge")
    with ReaperLink(port=9, listen=0, helper=helper, settle_seconds=0.001) as link:
        yield table, link
    running.close()


def test_what_is_missing_is_inserted(helped: tuple[ReaperTable, ReaperLink]) -> None:
    table, link = helped
    (track,) = link.tracks()
    chain = Chain((Slot("eq"), Slot("comp")))
    with pytest.raises(UserError, match="no effect") as error:
        insert_missing(link, track, chain)
    assert error.value.kept == "VST: ReaEQ (Cockos) was put on 'Vox'."
    table.lanes[0].effects.clear()
    table.installed |= {"ReaComp": 4}
    found = insert_missing(link, track, chain)
    assert [d.name for d in found] == ["VST: ReaEQ (Cockos)", "VST: ReaComp (Cockos)"]
    assert insert_missing(link, track, chain) == ()
    table.lanes[0].effects.clear()
    table.installed |= {"IFX Chain": 49}
    (only,) = insert_missing(link, track, chain)
    assert ours.channels_of(only.name) == 2
    assert insert_missing(link, track, chain) == ()


def test_a_preset_by_command(
    helped: tuple[ReaperTable, ReaperLink], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, link = helped
    table.lanes[0].effects.append(Effect(REAPERS, knobs()))
    monkeypatch.setattr("ifx_bridge.daw.links.open_link", lambda *_, **__: link)
    ours.preset(AFTER, "x", 2).write(tmp_path / "x.vstpreset")
    words = ["daw", "preset", "1", str(tmp_path / "x.vstpreset"), "--track", "Vox"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, (done.output, done.exception)
    assert "parameters have changed" in done.stdout
    assert in_units(table.lanes[0].effects[0]) == pytest.approx(values_of(AFTER), rel=1e-5)
    (tmp_path / "wrong.vstpreset").write_bytes(b"no preset")
    done = CliRunner().invoke(app, [*words[:3], str(tmp_path / "wrong.vstpreset"), *words[4:]])
    assert isinstance(done.exception, UserError)


def test_a_ramp_becomes_exact_points_in_reaper(helped: tuple[ReaperTable, ReaperLink]) -> None:
    table, link = helped
    table.lanes[0].effects.append(Effect(REAPERS, knobs()))
    first, last = between(BEFORE, AFTER)
    (track,) = link.tracks()
    ways, _ = lanes(link, preview(link, track, first), preview(link, track, last))
    report = run(link, ways, Ramp.bars(8.0, 2, 120, curve="linear"))
    assert report.done, report
    assert table.undo[-1] == "IFX Bridge: ramp"
    place = [e.symbol for e in entries()].index("dist_drive_db")
    points = table.envelopes[0, 0, place].points[1:]  # the first is REAPER's own
    assert [at for at, _ in points] == [8.0, 12.0]
    assert [48 * value for _, value in points] == pytest.approx([6.0, 21.7])
    assert not any((0, 0, n) in table.envelopes for n in range(2, 9))  # the order stays
