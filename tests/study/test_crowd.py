"""Statistics per word: how they are learned, on made-up people, and what is shipped."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ifx_bridge.effects.spec import effect
from ifx_bridge.errors import UserError
from ifx_bridge.study import crowd

FREQUENCIES = np.geomspace(20, 19682, 40)
BANDS = [f"RSC_{f:.0f}Hz_band" for f in FREQUENCIES]
PEAKS = ("b1", "b2", "b3")


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def social(word: str, curve: Iterable[float], language: str = "English") -> dict[str, object]:
    head = {"descriptor": word, "language": language, "ratings_consistency": 0.5}
    return {**head, **dict(zip(BANDS, curve, strict=True))}


def safe(word: str, low: float, high: float) -> dict[str, object]:
    row: dict[str, object] = {"descriptor": word}
    for name, gain in (("low_shelf", low), ("high_shelf", high)):
        row |= {f"{name}_gain_db": gain, f"{name}_freq": 1000}
    for name in PEAKS:
        row |= {f"{name}_gain_db": 0, f"{name}_freq": 1000, f"{name}_q": 0.71}
    return row


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rising = np.log(FREQUENCIES)
    people = [social(w, rising) for w in ("Bright", "bright ", "BRIGHT")]
    people += [social("dark", -rising)] * 2 + [social("claro", rising, "Español")] * 2
    people += [social("guitar", rising)] * 3
    write(tmp_path / "socialfx" / "eq.csv", people)
    write(
        tmp_path / "safe" / "equaliser.csv",
        [safe("Dark, thick", 6, -6), safe("thick", 8, -4), safe("idle", 0, 0), safe("odd", 3, 0)],
    )
    reverbs: list[dict[str, object]] = []
    votes: list[dict[str, object]] = []
    for index in range(20):
        decay, centroid = 0.7 * 1.1**index, 500 + 400 * (index % 5)
        measures = [f"{x}" for x in (decay, 1000, 0, 0.2, centroid)]
        reverbs.append({"index": index, "impulsemeasures": repr(measures)})
        here, other = ("Huge-Hall", "tiny") if decay > 2 else ("tiny", "huge-hall")
        votes += [
            {
                "words": here,
                "language": "English",
                "agreed": here,
                "didnotagree": f"{other},none of the above",
                "ind": index,
            }
        ] * 2
    write(tmp_path / "socialfx" / "reverbs.csv", reverbs)
    write(tmp_path / "socialfx" / "reverb.csv", votes)
    write(
        tmp_path / "socialfx" / "comp.csv",
        [
            {
                "words": "squashed" if index % 2 else "the,drums,got,louder",
                "agreed": "",
                "didnotagree": "" if index % 2 else "squashed",
                "ind": index,
                "param": f"{-70 if index % 2 else -30},20,{15 if index % 2 else 2},0.01,0.2",
            }
            for index in range(12)
        ],
    )
    return tmp_path


def tilt(params: Mapping[str, float]) -> float:
    """Treble over bass in dB."""
    low, high = np.geomspace(60, 300, 20), np.geomspace(2500, 10000, 20)
    return float(crowd.response(params, high).mean() - crowd.response(params, low).mean())


def test_learns_what_people_did(data: Path) -> None:
    words = crowd.learn(data)["words"]
    assert set(words) == {"bright", "dark", "thick", "huge hall", "tiny", "squashed"}
    bright, dark = words["bright"]["eq"], words["dark"]["eq"]
    assert bright["count"] == 3 and dark["count"] == 3
    assert bright["consistency"] == pytest.approx(1, abs=0.01)
    assert 2.96 * 0.7 < bright["strength_db"] < 2 * 2.96 * 0.7  # played at 0.7; peaks overlap
    assert tilt(bright["params"]) > 3 > -3 > tilt(dark["params"])
    huge, tiny = words["huge hall"]["rev"], words["tiny"]["rev"]
    assert huge["count"] + tiny["count"] == 40
    assert huge["params"]["room_size"] > tiny["params"]["room_size"]
    assert huge["measures"]["rt60_seconds"] > 2 > tiny["measures"]["rt60_seconds"]
    squashed = words["squashed"]["comp"]["params"]
    assert squashed == {"threshold_db": -60, "ratio": 15, "attack_ms": 10, "release_ms": 200}


def test_same_data_same_text(data: Path) -> None:
    text = crowd.dumps(crowd.learn(data))
    assert text == crowd.dumps(crowd.learn(data))
    assert json.loads(text)["words"]["bright"]["eq"]["count"] == 3


def test_command_writes_the_file(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "crowd.json"
    crowd.main(["--data", str(data), "--out", str(out)])
    assert out.read_text("utf-8") == crowd.dumps(crowd.learn(data))


def test_missing_data_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--data"):
        crowd.learn(tmp_path)


@pytest.mark.parametrize(
    "bands",
    [
        {"low_shelf_gain_db": 6.0, "high_shelf_gain_db": -8.0},
        {"band1_gain_db": 9.0, "band1_cutoff_freq": 1200.0, "band1_q_factor": 1.5},
        {
            "low_shelf_gain_db": -10.0,
            "low_shelf_cutoff_freq": 300.0,
            "band2_gain_db": 6.0,
            "band3_gain_db": 4.0,
        },
    ],
)
def test_bands_recover_a_known_curve(bands: dict[str, float]) -> None:
    wanted = crowd.response(effect("eq").complete(bands), FREQUENCIES)
    params, error = crowd.fit_bands(wanted + 3, FREQUENCIES)
    assert error < 1
    difference = crowd.response(params, FREQUENCIES) - wanted
    assert crowd.rms(difference - difference.mean()) == pytest.approx(error, abs=1e-6)


def test_response_is_the_effects_own() -> None:
    params = effect("eq").complete(
        {"low_shelf_gain_db": 7, "band1_gain_db": -5, "band3_q_factor": 3, "high_shelf_gain_db": -6}
    )
    impulse = torch.zeros(1, 44100, dtype=torch.float64)
    impulse[:, 0] = 1
    tensors = {k: torch.tensor(v, dtype=torch.float64) for k, v in params.items()}
    rendered = effect("eq").twin(impulse, tensors, crowd.RATE).numpy()[0]
    spectrum = 20 * np.log10(np.abs(np.fft.rfft(rendered)))
    frequencies = np.array([60.0, 300.0, 1000.0, 3000.0, 12000.0])
    expected = spectrum[frequencies.astype(int)]
    assert crowd.response(params, frequencies) == pytest.approx(expected, abs=0.05)


def test_louder_contributions_do_not_dominate() -> None:
    up = np.linspace(-1, 1, 40)
    people = [crowd.Curve("x", up * size, 1, 0) for size in (1, 1, 1)]
    people.append(crowd.Curve("x", -up * 20, 1, 0))
    curve, strength, agreement = crowd.typical_curve(people)
    assert curve[-1] > 0 and strength == pytest.approx(crowd.rms(up))
    assert crowd.rms(curve) == pytest.approx(strength)
    assert agreement == pytest.approx(0.5)


def test_longer_decays_need_larger_rooms() -> None:
    decays = np.geomspace(0.3, 12, 30)
    rooms = [crowd.room_size_for(decay) for decay in decays]
    assert rooms == sorted(rooms) and rooms[0] == 0 and rooms[-1] == 1
    assert crowd.damping_for(400) == 1 and crowd.damping_for(9000) == 0
    assert crowd.damping_for(1000) > crowd.damping_for(3000)


def test_dry_level_falls_with_decay_and_levels_stay_in_bounds() -> None:
    settings = [crowd.freeverb(decay, 2000) for decay in (0.3, 0.8, 2, 5, 12)]
    dry = [s["dry_level"] for s in settings]
    assert dry == sorted(dry, reverse=True)
    assert all(0.3 <= s["dry_level"] <= 0.5 and 0.05 <= s["wet_level"] <= 0.6 for s in settings)


@pytest.mark.parametrize(
    ("written", "word"),
    [
        (" Far-Away ", "far away"),
        ("WARM", "warm"),
        ("as if it were", ""),
        ("more bass", ""),
        ("re27", ""),
        ("guitar", ""),
        ("!st", ""),
    ],
)
def test_words(written: str, word: str) -> None:
    assert crowd.normalise(written) == word


def test_contributed_filters_keep_the_shape(data: Path) -> None:
    found = list(crowd.contributed(data))
    assert {word for word, _ in found} == {"bright", "dark"}
    noise = torch.randn(1, 2, 8192, generator=torch.Generator().manual_seed(0))
    bright = next(setting for word, setting in found if word == "bright")(noise, 44100)
    assert bright.shape == noise.shape and bright.dtype == noise.dtype
    before, after = (torch.fft.rfft(x).abs().square().mean((0, 1)) for x in (noise, bright))
    ratio = after / before
    assert ratio[2000:3000].mean() > 2 * ratio[10:40].mean()


# The shipped file.


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(crowd.CROWD.read_text("utf-8"))
    return loaded


def test_shipped_schema(shipped: dict[str, Any]) -> None:
    assert set(shipped) == {"about", "sources", "words"}
    assert all(source["name"] and source["licence"] for source in shipped["sources"])
    extra = {"eq": {"strength_db", "fit_rms_db"}, "rev": {"measures"}, "comp": set()}
    for word, found in shipped["words"].items():
        assert word == crowd.normalise(word)
        assert found and set(found) <= set(extra)
        for fx, entry in found.items():
            assert set(entry) == {"params", "count", "consistency"} | extra[fx]
            assert list(entry["params"]) == [p.name for p in effect(fx).parameters]
            assert effect(fx).complete(entry["params"]) == entry["params"], (word, fx)
            assert entry["count"] >= 1 and 0 < entry["consistency"] <= 1
            if fx == "eq":
                gains = [v for k, v in entry["params"].items() if k.endswith("gain_db")]
                assert max(map(abs, gains)) <= 12 and entry["fit_rms_db"] < 1


def test_shipped_file_is_small_and_as_written(shipped: dict[str, Any]) -> None:
    text = crowd.CROWD.read_text("utf-8")
    assert len(text) < 250_000
    assert text == crowd.dumps(shipped)


@pytest.mark.parametrize("word", ["bright", "tinny", "thin", "crisp", "airy", "cold", "shrill"])
def test_bright_words_have_more_treble(shipped: dict[str, Any], word: str) -> None:
    assert tilt(shipped["words"][word]["eq"]["params"]) > 3


@pytest.mark.parametrize("word", ["warm", "dark", "muffled", "deep", "boomy", "muddy", "mellow"])
def test_dark_words_have_more_bass(shipped: dict[str, Any], word: str) -> None:
    assert tilt(shipped["words"][word]["eq"]["params"]) < -3


def test_rooms_have_their_size(shipped: dict[str, Any]) -> None:
    rooms = {w: v["rev"]["measures"] for w, v in shipped["words"].items() if "rev" in v}
    decay = {w: found["rt60_seconds"] for w, found in rooms.items()}
    assert decay["small room"] < 1 < 2.5 < decay["church"] < decay["cathedral"]
    assert decay["close"] < decay["distant"]
    assert rooms["underwater"]["centroid_hz"] < rooms["muffled"]["centroid_hz"]
    assert rooms["muffled"]["centroid_hz"] < rooms["bright"]["centroid_hz"]
