"""Session files of Ardour, written here, as 7.3 writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ifx_bridge import audio
from ifx_bridge.daw.ardour_session import TICKS_PER_SECOND, capture
from ifx_bridge.errors import UserError

RATE = 48000


def region(source: int, at: float, length: float, start: float = 0.0, **more: str) -> str:
    ticks = [f"a{round(TICKS_PER_SECOND * seconds)}" for seconds in (start, length, at)]
    attributes = {"muted": "0", "opaque": "1", "type": "audio", "channels": "1"} | more
    rest = " ".join(f'{k.replace("_", "-")}="{v}"' for k, v in attributes.items())
    return (
        f'<Region name="R{source}" start="{ticks[0]}" length="{ticks[1]}@{ticks[2]}" '
        f'source-0="{source}" {rest}/>'
    )


def session(folder: Path, *regions: str) -> Path:
    files = folder / "interchange" / "s" / "audiofiles"
    files.mkdir(parents=True, exist_ok=True)
    for number in (1, 2):
        ramp = np.linspace(0.1 * number, 0.1 * number + 0.05, RATE, dtype=np.float32)
        audio.save(files / f"take{number}.wav", ramp[None], RATE)
    file = folder / "s.ardour"
    file.write_text(
        f"""<Session version="7002" sample-rate="{RATE}">
        <Sources><Source name="take1.wav" id="1"/><Source name="take2.wav" id="2"/></Sources>
        <Routes><Route name="Vox" audio-playlist="9"/><Route name="Bus"/></Routes>
        <Playlists><Playlist id="9">{"".join(regions)}</Playlist></Playlists>
        <TempoMap><Tempos><Tempo npm="96.5"/></Tempos></TempoMap></Session>"""
    )
    return file


def sound(folder: Path, *regions: str) -> np.ndarray:
    found = capture(session(folder, *regions), "Vox", ["Vox"], folder / "out")
    assert found.tempo == 96.5
    return audio.load(found.path).samples[0]


def take(folder: Path, number: int) -> np.ndarray:
    path = folder / "interchange" / "s" / "audiofiles" / f"take{number}.wav"
    return audio.load(path).samples[0]


def test_regions_stand_where_they_stand(tmp_path: Path) -> None:
    made = sound(tmp_path, region(1, 2.0, 0.5, 0.25), region(2, 3.0, 0.5, scale_amplitude="0.5"))
    assert len(made) == 1.5 * RATE
    assert np.array_equal(made[: RATE // 2], take(tmp_path, 1)[RATE // 4 : 3 * RATE // 4])
    assert not made[RATE // 2 : RATE].any()
    assert np.array_equal(made[RATE:], 0.5 * take(tmp_path, 2)[: RATE // 2])


def test_what_lies_over_another_hides_it(tmp_path: Path) -> None:
    over = region(2, 0.5, 0.25, layering_index="1")
    made = sound(tmp_path, over, region(1, 0.0, 1.0, layering_index="0"))
    assert np.array_equal(made[RATE // 2 : 3 * RATE // 4], take(tmp_path, 2)[: RATE // 4])
    assert np.array_equal(made[: RATE // 2], take(tmp_path, 1)[: RATE // 2])
    clear = region(2, 0.5, 0.25, layering_index="1", opaque="0")
    both = sound(tmp_path, clear, region(1, 0.0, 1.0, layering_index="0"))
    assert both[RATE // 2] == pytest.approx(take(tmp_path, 1)[RATE // 2] + 0.2)


def test_muted_regions_are_left_out_and_envelopes_are_noted(tmp_path: Path) -> None:
    file = session(tmp_path, region(1, 0, 1, muted="1"), region(2, 1, 1, envelope_active="1"))
    found = capture(file, "Vox", ["Vox"], tmp_path / "out")
    assert (found.start_seconds, found.end_seconds) == (1, 2)
    assert "envelopes" in found.notes[0]


def test_what_cannot_be_captured_is_told(tmp_path: Path) -> None:
    file = session(tmp_path, region(1, 0, 1))
    with pytest.raises(UserError, match="no track Drums"):
        capture(file, "Vox", ["Vox", "Drums"], tmp_path)
    with pytest.raises(UserError, match="nothing to capture"):
        capture(file, "Bus", ["Bus"], tmp_path)
    with pytest.raises(UserError, match="too long"):
        capture(session(tmp_path, region(1, 0, 1), region(1, 5000, 1)), "Vox", [], tmp_path)
    beats = region(1, 0, 1).replace('length="a', 'length="b')
    with pytest.raises(UserError, match="locked to beats"):
        capture(session(tmp_path, beats), "Vox", [], tmp_path)
    with pytest.raises(UserError, match="cannot be read"):
        capture(damaged(tmp_path), "Vox", [], tmp_path / "x")
    file.write_text("<Session")
    with pytest.raises(UserError, match="cannot be read as an Ardour session"):
        capture(file, "Vox", [], tmp_path)


def damaged(folder: Path) -> Path:
    file = session(folder, region(1, 0, 1))
    (folder / "interchange" / "s" / "audiofiles" / "take1.wav").write_bytes(b"no sound")
    return file
