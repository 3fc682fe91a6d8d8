"""Our helper script under a real Lua interpreter, asked through its folder by the real link."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ifx_bridge import audio
from ifx_bridge.daw.automation import Lane as Way
from ifx_bridge.daw.automation import Ramp, run
from ifx_bridge.daw.link import Can, Device, Point, Track, Transport
from ifx_bridge.daw.reaper import ReaperLink
from ifx_bridge.daw.reaper_helper import Helper
from ifx_bridge.daw.reaper_install import SCRIPT, helper_folder, install
from ifx_bridge.daw.units import Quantity
from ifx_bridge.daw.writing import Wanted, write
from ifx_bridge.errors import UserError
from tests.daw.fakes import Effect, Knob, Lane
from tests.daw.reaper_table import Item, ReaperTable, Running
from tests.daw.test_wire import eventually


@pytest.fixture
def table(tmp_path: Path) -> ReaperTable:
    gain = Knob("Gain", value=0.5, display=lambda v: f"{-60 + 72 * v:.1f} dB")
    vox = Lane('Vöx "lead"\n', [Effect("VST3: EQ", [gain, Knob("Mode", quantized=True)])])
    return ReaperTable(tmp_path / "REAPER", [vox, Lane("")])


@pytest.fixture
def running(table: ReaperTable) -> Iterator[Running]:
    table.root.mkdir()
    install(table.root)
    made = Running(table.root / "Scripts" / SCRIPT, table)
    yield made
    made.close()


@pytest.fixture
def link(table: ReaperTable, running: Running) -> Iterator[ReaperLink]:
    folder = helper_folder(table.root)
    assert folder
    with ReaperLink(port=9, listen=0, helper=Helper(folder), settle_seconds=0.001) as made:
        yield made


def test_everything_is_told_exactly(link: ReaperLink) -> None:
    assert "helper script answers" in link.probe().how
    tracks = link.tracks()
    assert [(t.index, t.name) for t in tracks] == [(1, 'Vöx "lead"\n'), (2, "Track 2")]
    (device,) = link.devices(tracks[0])
    assert (device.index, device.name, device.enabled) == (1, "VST3: EQ", True)
    gain, mode = link.parameters(device)
    assert (gain.value, gain.text, gain.step) == (0.5, "-24.0 dB", 0)
    assert mode.step == 1
    assert link.devices(tracks[1]) == ()


def test_one_undo_step_for_a_push(link: ReaperLink, table: ReaperTable) -> None:
    gain, mode = link.parameters(link.devices(link.tracks()[0])[0])
    with link.undo_step("IFX Bridge: turn 3"):
        report = write(link, [Wanted(gain, display=Quantity(-12, "dB", 0.15)), Wanted(mode, 1.0)])
    assert report.done, report
    assert report.writes[0].text == "-12.0 dB"
    assert table.undo == ["IFX Bridge: turn 3"]
    assert [k.value for k in table.lanes[0].effects[0].knobs] == pytest.approx([2 / 3, 1], abs=0.01)


@pytest.mark.parametrize("end", ["nobody asks any more", "the script ends"])
def test_a_push_that_is_not_ended_is_one_undo_step_all_the_same(
    link: ReaperLink, table: ReaperTable, running: Running, end: str
) -> None:
    assert link.helper
    link.helper.ask("undo_begin", title="IFX Bridge: turn 3")
    assert table.undo == []
    if end == "the script ends":
        running.close()
    else:
        table.clock += 11
    assert eventually(lambda: table.undo == ["IFX Bridge: turn 3"])


def test_started_once_more_only_the_newest_answers(
    link: ReaperLink, table: ReaperTable, running: Running
) -> None:
    second = Running(table.root / "Scripts" / SCRIPT, table)
    assert eventually(lambda: not running.goes_on)
    assert link.tracks()
    running.close()
    assert link.helper
    assert link.helper.alive()
    second.close()
    assert not link.helper.alive()


def test_without_osc_the_helper_does_all_that_is_claimed(
    link: ReaperLink, table: ReaperTable
) -> None:
    device = link.devices(link.tracks()[0])[0]
    parameters = link.parameters(device)
    link.locate(7.5)
    link.play()
    assert link.transport() == Transport(True, False, 7.5, 96.0)
    link.stop()
    assert not link.transport().playing
    link.enable(device, False)
    assert not link.devices(link.tracks()[0])[0].enabled
    link.enable(device, True)
    assert link.devices(link.tracks()[0])[0].enabled
    link.arm(parameters, True)
    assert table.modes == {0: 2}
    link.arm(parameters, False)
    assert table.modes == {0: 1}


def test_names_in_another_encoding_are_read(link: ReaperLink, table: ReaperTable) -> None:
    table.lanes[0].name = "Vöx".encode("latin-1")  # type: ignore[assignment]
    assert link.tracks()[0].name == "V\ufffdx"


def test_reaper_quits_in_the_middle_of_a_push(
    table: ReaperTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.root.mkdir()
    install(table.root)
    running = Running(table.root / "Scripts" / SCRIPT, table)
    helper = Helper(table.root / "IFX Bridge", timeout=0.3)
    with ReaperLink(port=9, listen=0, helper=helper, timeout=0.05, settle_seconds=0.001) as link:
        found = link.parameters(link.devices(link.tracks()[0])[0])
        ask = helper.ask

        def last_words(what: str, **values: object) -> dict[str, object]:
            if what == "set":
                ask(what, **values)
                running.close()
            return ask(what, **values)

        monkeypatch.setattr(helper, "ask", last_words)
        with link.undo_step("IFX Bridge: turn 1"):
            report = write(link, [Wanted(p, 0.75) for p in found], tries=1)
    assert [w.status for w in report.writes] == ["unconfirmed", "unconfirmed"]
    assert {w.reason for w in report.writes} == {report.writes[0].reason}
    assert "has not answered" in report.writes[0].reason
    assert "stopped answering" in report.notes[0]


def test_nothing_is_set_when_one_cannot_be(link: ReaperLink, table: ReaperTable) -> None:
    gain, mode = link.parameters(link.devices(link.tracks()[0])[0])
    del table.lanes[0].effects[0].knobs[1]
    with pytest.raises(UserError, match="no parameter 2"):
        link.set([(gain, 0.9), (mode, 1.0)])
    assert table.lanes[0].effects[0].knobs[0].value == 0.5


def test_points(link: ReaperLink, table: ReaperTable) -> None:
    gain, _ = link.parameters(link.devices(link.tracks()[0])[0])
    assert Can.POINTS in link.capabilities
    assert link.write_points(gain, [Point(0, 0.1), Point(1, 0.2), Point(2, 0.3)]) == (0.1, 0.3)
    assert link.write_points(gain, [Point(1, 0.8), Point(1.5, 0.9)]) == (0.8, 0.9)
    envelope = table.envelopes[0, 0, 0]
    # The point that REAPER made at the beginning is gone, and until the second ramp nothing drifts.
    hold = (0.999, pytest.approx(0.1999))
    assert envelope.points == [(0, 0.1), hold, (1, 0.8), (1.5, 0.9), (2, 0.3)]
    link.write_points(gain, [Point(1, 0.8), Point(1.5, 0.9)])
    assert envelope.points == [(0, 0.1), hold, (1, 0.8), (1.5, 0.9), (2, 0.3)]
    assert envelope.sorted
    with pytest.raises(UserError, match="between 0 and 1"):
        link.write_points(gain, [Point(0, 1.1)])
    assert envelope.points[0] == (0, 0.1)


def test_a_ramp_that_starts_late_begins_where_it_should(
    link: ReaperLink, table: ReaperTable
) -> None:
    gain, _ = link.parameters(link.devices(link.tracks()[0])[0])
    report = run(link, [Way(gain, 0.1, 0.8)], Ramp(32, 2, "linear"))
    assert report.done
    assert report.writes[0].found == 0.8
    assert table.envelopes[0, 0, 0].points == [(0, 0.1), (32, 0.1), (34, 0.8)]
    table.envelopes[0, 0, 0].takes_points = False
    (write,) = run(link, [Way(gain, 0.3, 0.4)], Ramp(32, 2, "linear")).writes
    assert write.status == "unconfirmed"
    assert "not 0.3" in write.reason


@pytest.fixture
def bits(table: ReaperTable) -> Knob:
    """A slider of a JS effect, in a unit of its own."""
    knob = Knob(
        "Bits", value=0.2, quantized=True, slider=(1, 24), step=1,
        display=lambda v: f"{1 + 23 * v:.2f} bits",
    )  # fmt: skip
    table.lanes[1].effects = [Effect("JS: Bits", [knob])]
    return knob


def test_steps_are_of_the_unit_of_the_effect(bits: Knob, link: ReaperLink) -> None:
    (found,) = link.parameters(link.devices(link.tracks()[1])[0])
    assert found.step == pytest.approx(1 / 23)
    bits.move = lambda value: None  # type: ignore[method-assign]
    (stuck,) = write(link, [Wanted(found, 0.6)]).writes
    assert (stuck.status, stuck.found) == ("unconfirmed", 0.2)


def test_envelopes_are_in_the_unit_of_the_effect(
    bits: Knob, link: ReaperLink, table: ReaperTable
) -> None:
    (found,) = link.parameters(link.devices(link.tracks()[1])[0])
    assert link.write_points(found, [Point(1, 0.0), Point(2, 1.0)]) == (0, 1)
    assert table.envelopes[1, 0, 0].points == [(0, 1), (1, 1), (2, 24)]


def test_effects_and_presets(link: ReaperLink, table: ReaperTable, tmp_path: Path) -> None:
    device = link.insert(link.tracks()[0], "ReaEQ")
    assert (device.index, device.name) == (2, "VST: ReaEQ (Cockos)")
    with pytest.raises(UserError, match='no effect "Nothing"'):
        link.insert(link.tracks()[0], "Nothing", "Nothing else")
    assert link.insert(link.tracks()[1], "Nothing", "ReaEQ").name == "VST: ReaEQ (Cockos)"
    preset = tmp_path / "ä.vstpreset"
    with pytest.raises(UserError, match="did not take"):
        link.load_preset(device, preset)
    preset.write_bytes(b"VST3")
    link.load_preset(device, preset)
    assert table.lanes[0].effects[1].preset == str(preset)


def test_the_dry_sound_of_the_selected_item(
    link: ReaperLink, table: ReaperTable, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    sound = (0.1 * rng.standard_normal((1, 48000))).astype(np.float32)
    audio.save(tmp_path / "take.wav", sound, 48000)
    track = link.tracks()[0]
    with pytest.raises(UserError, match="no audio item"):
        link.capture(track, tmp_path)
    other = Item("/nowhere.wav", 0, 1)
    item = Item(str(tmp_path / "take.wav"), position=8.0, length=0.5, offset=0.25)
    item.selected = 1.0
    table.items[0] = [other, item]
    found = link.capture(track, tmp_path / "out")
    assert (found.start_seconds, found.end_seconds, found.tempo) == (8.0, 8.5, 96.0)
    assert (found.track, found.item) == (track.name, "take.wav")
    assert found.way == "the source file of the item"
    assert np.array_equal(audio.load(found.path).samples, sound[:, 12000:36000])
    assert not table.accessors


def test_what_is_no_plain_file_is_rendered_before_the_effects(
    link: ReaperLink, table: ReaperTable, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    table.sounds[0] = rng.standard_normal((2, 48000)).astype(np.float32)
    (track, _) = link.tracks()
    first, second = Item("/a.wav", 0.25, 0.5), Item("/b.wav", 0.7, 0.5)
    table.items[0] = [first, second]
    found = link.capture(track, tmp_path)
    assert found.way == "rendered by REAPER before the effects"
    assert (found.start_seconds, found.item) == (0.25, "a.wav, b.wav")
    assert found.end_seconds == pytest.approx(1.2)
    sound = audio.load(found.path, allow_clipped=True).samples
    assert sound.shape == (2, 45600)
    assert np.array_equal(sound[:, :36000], table.sounds[0][:, 12000:])
    assert not sound[:, 36000:].any()  # what is behind the end of all sound
    # One item, played at another speed, on a track that plays the same on both sides.
    table.sounds[0] = table.sounds[0][:1]
    first.selected, first.rate = 1.0, 1.5
    found = link.capture(track, tmp_path)
    assert np.array_equal(
        audio.load(found.path, allow_clipped=True).samples, table.sounds[0][:, 12000:36000]
    )
    assert not any(accessor.open for accessor in table.accessors)
    assert link.helper
    assert not list(link.helper.folder.glob("*.f32"))


@pytest.mark.parametrize(
    "change",
    [{"rate": 1.5}, {"section": True}, {"markers": 2}, {"source_seconds": 0.3},
     {"D_PITCH": 2.0}, {"D_VOL": 0.5}, {"I_CHANMODE": 1.0}, {"D_PAN": -1.0}, {"envelopes": 1},
     {"effects": 1}, {"D_FADEINLEN": 0.01}, {"D_FADEOUTLEN": 0.01}, {"D_FADEINLEN_AUTO": 0.01},
     {"D_FADEOUTLEN_AUTO": 0.01}],
)  # fmt: skip
def test_items_that_change_their_source_are_no_plain_file(
    link: ReaperLink, table: ReaperTable, change: dict[str, float]
) -> None:
    item = Item("/a.wav", 0.0, 0.5)
    table.items[0] = [item]
    assert link.helper
    assert link.helper.ask("source", track=1)["path"] == "/a.wav"
    for name, value in change.items():
        if name in item.take:
            item.take[name] = value
        elif name in item.info:
            item.info[name] = value
        else:
            setattr(item, name, value)
    assert "path" not in link.helper.ask("source", track=1)


def test_muted_items_are_not_heard(link: ReaperLink, table: ReaperTable) -> None:
    muted, other = Item("/a.wav", 0.0, 0.5), Item("/b.wav", 1.0, 0.5)
    muted.selected = muted.info["B_MUTE_ACTUAL"] = 1.0
    table.items[0] = [muted, other]
    assert link.helper
    assert link.helper.ask("source", track=1)["path"] == "/b.wav"
    table.items[0] = [muted]
    with pytest.raises(UserError, match="not muted"):
        link.helper.ask("source", track=1)


def test_rendering_that_fails_leaves_nothing(
    link: ReaperLink, table: ReaperTable, tmp_path: Path
) -> None:
    table.items[0] = [Item("/a.wav", 0.0, 0.5), Item("/b.wav", 0.0, 0.5)]
    track = link.tracks()[0]
    with pytest.raises(UserError, match="no sound of the track"):
        link.capture(track, tmp_path)
    table.items[0][1].info["D_LENGTH"] = 3600.0
    with pytest.raises(UserError, match="too long"):
        link.capture(track, tmp_path)
    assert not any(accessor.open for accessor in table.accessors)
    assert not list(tmp_path.glob("*.wav"))
    assert link.helper
    assert not list(link.helper.folder.glob("*.f32"))
    with pytest.raises(UserError, match="cannot write"):
        link.helper.ask(
            "render_begin", track=1, path="/nowhere/x", start=0, rate=48000, channels=1, frames=1
        )
    with pytest.raises(UserError, match="nothing is being rendered"):
        link.helper.ask("render_more", frames=1)


def test_the_scene(link: ReaperLink, table: ReaperTable) -> None:
    scene = link.scene()
    assert scene.transport == Transport(False, False, 1.25, 96.0)
    assert scene.track == Track(1, 'Vöx "lead"\n', True)
    assert scene.device is None
    table.play_state, table.selected, table.touched = 5, 1, (True, 1, 0, 1)
    scene = link.scene()
    assert scene.transport == link.transport() == Transport(True, True, 3.5, 96.0)
    assert scene.track == Track(2, "Track 2", True)
    assert scene.device == Device(1, 1, "VST3: EQ")
    # An item's effect, an input's, and one that is gone.
    for touched in ((True, 0x10001, 0, 0), (True, 1, 0x1000000, 0), (True, 1, 5, 0)):
        table.touched = touched
        assert link.scene().device is None
    table.selected = 9
    assert link.scene().track is None


def test_what_is_damaged_or_of_another_version(link: ReaperLink) -> None:
    helper = link.helper
    assert helper
    for text, said in (
        ("{", "damaged JSON"),
        ('{"version": 2, "do": "fly"}', "does not know how to fly"),
        ('{"version": 9, "do": "hello"}', "another version"),
        ("[[[[]]]]", "another version"),
        ('{"version": 2, "do": "devices", "track": 7}', "no track 7"),
        ('{"version": 2, "do": "devices"}', "no whole number"),
        ('{"version": 2, "do": "set", "values": 3}', "error"),
    ):
        (helper.folder / "requests" / "ab.part").write_text(text)
        (helper.folder / "requests" / "ab.part").rename(helper.folder / "requests" / "ab.json")
        reply = helper.folder / "replies" / "ab.json"
        end = time.monotonic() + 10
        while not reply.exists():
            assert time.monotonic() < end, text
            time.sleep(0.002)
        assert said in reply.read_text() or said == "error", text
        assert "error" in json.loads(reply.read_text())
        reply.unlink()
    assert helper.ask("hello")["version"] == 2


def test_without_its_heart_it_is_off(link: ReaperLink) -> None:
    assert link.helper
    link.helper.folder = link.helper.folder / "away"
    assert Can.INSERT not in link.capabilities
    assert Can.SET in link.capabilities
    with pytest.raises(UserError) as error:
        link.insert(Track(1, "Vox"), "ReaEQ")
    assert "install reaper" in error.value.next_step


def test_a_reply_that_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "requests").mkdir()
    (tmp_path / "replies").mkdir()
    with pytest.raises(UserError, match="has not answered"):
        Helper(tmp_path, timeout=0.05).ask("hello")
    assert not list((tmp_path / "requests").iterdir())
    with pytest.raises(UserError, match="cannot be asked"):
        Helper(tmp_path / "away").ask("hello")
