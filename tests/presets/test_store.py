"""Chain presets on disk."""

from __future__ import annotations

import json
import random
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ifx_bridge import audio, cli
from ifx_bridge.demo import clips
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.spec import effect
from ifx_bridge.engine import open_session
from ifx_bridge.errors import UserError
from ifx_bridge.presets import load_chain, store
from ifx_bridge.presets.impulse import impulse_response
from ifx_bridge.presets.store import SUFFIX, Preset
from ifx_bridge.session import save as save_session
from ifx_bridge.study import factory

RUN = CliRunner()
CHAIN = Chain((Slot("delay", {"mix": 0.2}), Slot("eq", {"band0_gain_db": -3})), trim_db=-1.5)


@cache
def demo(name: str) -> audio.Clip:
    return audio.load(clips()[name])


@cache
def dry_figures(name: str) -> dict[str, float]:
    dry = demo(name)
    return factory.measure(dry, Chain(), dry.samples)


def test_the_factory_set_is_large_and_varied() -> None:
    presets = {name: store.load(name) for name in store.factory()}
    assert len(presets) >= 40 and set(presets) == {r.name for r in factory.RECIPES}
    assert {fx for p in presets.values() for fx in p.as_chain().ids} == set(factory.TAGS)
    for instrument in ("guitar", "drums", "voice", "bass", "loop"):
        assert sum(instrument in p.tags for p in presets.values()) >= 5
    for preset in presets.values():
        assert preset.name and preset.tags and 1 <= len(preset.instructions) <= 3
        assert preset.description[0].isupper() and preset.description.endswith(".")
        told = {factory.TAGS[fx] for fx in preset.as_chain().ids}
        assert told == set(preset.tags) & set(factory.TAGS.values())
    for (one, first), (other, second) in combinations(presets.items(), 2):
        assert not factory.near(first.as_chain(), second.as_chain()), (one, other)


@pytest.mark.parametrize("recipe", factory.RECIPES, ids=[r.name for r in factory.RECIPES])
def test_a_factory_preset_holds_its_claims_and_the_dry_sound_none(recipe: factory.Recipe) -> None:
    measured, dry = store.load(recipe.name).measured, dry_figures(recipe.clip)
    assert recipe.claims
    for name, (low, high) in recipe.claims.items():
        assert low <= measured[name] <= high
        assert not low <= dry[name] <= high


def test_what_does_nothing_clips_or_is_silent_is_no_preset() -> None:
    sound, claims = demo("guitar"), {"brighter": factory.more(1.1)}
    figures = {"rough_db": -5.0, "brighter": 1.2}
    assert not factory.fault(sound, sound.samples, figures, claims)
    for wet, changed, words in (
        (sound.samples * np.nan, {}, "silent"),
        (sound.samples * 0, {}, "silent"),
        (sound.samples * 30, {}, "clips"),
        (sound.samples * 0.5, {}, "louder"),
        (sound.samples, {"rough_db": -40.0}, "hardly"),
        (sound.samples, {"brighter": 1.0}, "brighter is 1"),
    ):
        assert words in factory.fault(sound, wet, {**figures, **changed}, claims)


@pytest.mark.parametrize("name", sorted(store.factory()))
def test_a_factory_preset_is_sane_on_another_sound(name: str) -> None:
    own = store.load(name).clip.split()[0]
    other = demo("drums" if own != "drums" else "guitar")
    dry = other.samples[:, : 2 * other.sample_rate]
    wet = store.chain(name).render(dry, other.sample_rate)
    assert wet.shape == dry.shape and np.isfinite(wet).all()
    change = 20 * np.log10(np.sqrt(np.mean(wet**2)) / np.sqrt(np.mean(dry**2)))
    assert -20 < change < 20 and np.abs(wet).max() < 4


@pytest.mark.parametrize("name", ["church-grit", "dub-drums", "fuzz-bass"])
def test_what_is_said_to_be_measured_is_so(name: str) -> None:
    preset = store.load(name)
    dry = demo(preset.clip.split()[0])
    wet = preset.as_chain().render(dry.samples, dry.sample_rate)
    again = factory.measure(dry, preset.as_chain(), wet)
    assert again == pytest.approx(preset.measured, rel=0.02, abs=0.05)


def test_the_same_is_made_again() -> None:
    (recipe,) = (r for r in factory.RECIPES if r.name == "warm-bass")
    preset, problem = factory.make(recipe)
    stored = store.load("warm-bass")
    assert not problem and preset is not None
    assert factory.near(preset.as_chain(), stored.as_chain())
    same = {"chain", "measured", "trim_db"}  # numbers, which another processor rounds otherwise
    assert preset.model_dump(exclude=same) == stored.model_dump(exclude=same)


def test_round_trip(tmp_path: Path) -> None:
    preset = Preset.of(CHAIN, name="Mine", tags=("a", "b"), instructions=("x",))
    store.save(preset, tmp_path / "new" / "mine.ifx.json")
    again = store.load(str(tmp_path / "new" / "mine.ifx.json"))
    assert again == preset and again.as_chain() == CHAIN


def _slots(fx: str) -> st.SearchStrategy[Slot]:
    knobs = {p.name: st.floats(p.low, p.high) for p in effect(fx).parameters}
    return st.builds(
        Slot, st.just(fx), st.fixed_dictionaries({}, optional=knobs), bypass=st.booleans()
    )


LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30)
CHAINS = st.builds(
    Chain,
    st.lists(st.sampled_from(sorted(factory.TAGS)), unique=True).flatmap(
        lambda ids: st.tuples(*(_slots(fx) for fx in ids))
    ),
    st.floats(-100, 100),
    st.floats(0, 2),
)


@given(
    CHAINS, LINES, st.lists(LINES, max_size=5),
    st.dictionaries(LINES, st.floats(allow_nan=False, allow_infinity=False), max_size=4),
)  # fmt: skip
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_can_be_made_comes_back_from_its_file(
    tmp_path: Path, chain: Chain, line: str, lines: list[str], measured: dict[str, float]
) -> None:
    preset = Preset.of(
        chain, name=line, description=line, tags=lines, instructions=lines, measured=measured
    )
    path = tmp_path / "any.ifx.json"
    store.save(preset, path)
    again = store.load(str(path))
    assert again == preset and again.as_chain() == chain


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3)
    ),
    max_leaves=6,
)


@given(st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_value_in_any_place_is_kept_as_it_is_or_named(
    tmp_path: Path, data: st.DataObject
) -> None:
    whole = json.loads(store.factory()["telephone"].read_text("utf-8"))
    at: Any = whole
    while True:
        keys = sorted(at) if isinstance(at, dict) else range(len(at))
        key = data.draw(st.sampled_from([*keys, "colour"] if isinstance(at, dict) else list(keys)))
        inside = at[key] if key != "colour" else None
        if not isinstance(inside, dict | list) or not inside or data.draw(st.booleans()):
            break
        at = inside
    at[key] = data.draw(VALUES)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(whole), "utf-8")
    try:
        preset = store.load(str(path))
    except UserError as error:
        assert str(error).startswith("changed.json is no preset: ")
        return
    kept = preset.model_dump(mode="json")
    for row, was in zip(kept["chain"], whole["chain"], strict=True):
        row["params"] = {k: v for k, v in row["params"].items() if k in was.get("params", {})}
        assert row["params"] == was.get("params", {})
    blank = Preset(chain=[]).model_dump(mode="json")
    for name in kept.keys() - {"chain"}:
        assert kept[name] == plain(whole.get(name, blank[name]))


def plain(value: Any) -> Any:
    """As a preset keeps it: blanks around texts are cut off, numbers are floats."""
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value.strip() if isinstance(value, str) else value


def test_load_chain(tmp_path: Path) -> None:
    import pedalboard

    store.save(Preset.of(CHAIN), tmp_path / "mine.ifx.json")
    clip = audio.load(clips()["guitar"])
    session = open_session(clip).add(
        instruction="x", route="initialize_all", chain=CHAIN, score={"before": 0, "after": 0}
    )
    save_session(session, tmp_path / "session.json")
    sound = clip.samples[:, :20000]
    wanted = CHAIN.render(sound, clip.sample_rate)
    for source in (tmp_path / "mine.ifx.json", str(tmp_path / "session.json")):
        board = load_chain(source)
        assert isinstance(board, pedalboard.Pedalboard)
        assert np.allclose(board(sound, clip.sample_rate), wanted, atol=1e-5)
    with pytest.raises(UserError, match="no preset or file") as error:
        load_chain("telefone")
    assert "telephone" in error.value.next_step


def with_(**fields: object) -> str:
    """A file that is sound but for these fields."""
    return json.dumps({"format": "ifx-chain", "version": 1, "chain": [], **fields})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not an ifx-chain"),
        ('{"format": "other", "chain": []}', "not an ifx-chain"),
        (json.dumps({"format": "ifx-chain", "version": 2, "chain": []}), "newer"),
        (json.dumps({"format": "ifx-chain", "version": True, "chain": []}), "version"),
        (json.dumps({"format": "ifx-chain", "version": 1}), "no 'chain'"),
        (json.dumps({"format": "ifx-chain", "version": 1, "chain": [{"fx": "x"}]}), "no effect"),
        (json.dumps({"format": "ifx-chain", "version": 1, "chain": [3]}), "chain"),
        ('{"version": 1, "chain": []}', "no 'format'"),
        ('{"format": "ifx-chain", "chain": []}', "no 'version'"),
        (with_(tags="rock"), "tags"),
        (with_(tags=[1]), "tags"),
        (with_(amount=3), "amount"),
        (with_(amount="1"), "amount is '1'"),
        (with_(trim_db=True), "trim_db is True"),
        (with_(trim_db=float("nan")), "trim_db"),
        (with_(colour="red"), "colour"),
        (with_(measured={"a": "1"}), "measured, a"),
        (with_(chain=[{"fx": "rev", "params": {"room_size": 9}}]), "room_size is 9, .* of range"),
        (with_(chain=[{"fx": "rev", "params": {"size": 0.5}}]), "no parameter 'size'"),
        (with_(chain=[{"fx": "rev", "bypass": "yes"}]), "bypass is 'yes'"),
        (with_(chain=[{"fx": "eq"}, {"fx": "rev", "mix": 1}]), r"effect 2 \(rev\).*'mix'"),
        (with_(chain=[{"fx": "rev"}, {"fx": "rev"}]), "each effect once"),
        (with_(name="a\x1b[2J"), "control character"),
        (with_(tags=["a\x07"]), "control character"),
        (with_(**{"a\x1b[2J": 1}), "should be"),
        (with_(measured={"\x9b2J": 1}), "control character"),
        (with_(chain=[{"fx": "a\x1bb", "engine": "plugin"}]), "control character"),
        (with_(chain=[{"fx": "a", "engine": "plugin", "params": {"\x1b": 1}}]), "control char"),
    ],
)
def test_bad_files_are_messages(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(UserError, match=words) as error:
        store.load(str(path))
    assert str(error.value).isprintable()


@given(st.binary(max_size=200))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_bytes_cause_anything_but_a_message(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.json"
    path.write_bytes(content)
    with pytest.raises(UserError):
        store.load(str(path))


def test_a_changed_file_is_a_preset_or_a_message(tmp_path: Path) -> None:
    whole = store.factory()["telephone"].read_bytes()
    dice, path = random.Random(0), tmp_path / "changed.json"
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data))
            data[at : at + dice.randint(0, 3)] = dice.choice([b"", b"9", b"-", b"e9", b'"', b"}"])
        path.write_bytes(bytes(data))
        try:
            chain = store.chain(str(path))
        except UserError:
            continue
        assert np.isfinite([v for row in chain.params.values() for v in row.values()]).all()


# The commands.


def run(*words: str) -> str:
    result = RUN.invoke(cli.app, ["presets", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_browsing() -> None:
    assert "telephone" in run() and "telephone" in run("list")
    found = json.loads(run("list", "--tag", "reverb", "--json"))
    assert found and all("reverb" in row["tags"] for row in found.values())
    assert set(json.loads(run("list", "--search", "church grit", "--json"))) == {"church-grit"}
    with pytest.raises(UserError) as error:
        run("list", "--tag", "nonesuch")
    assert "reverb" in error.value.next_step
    shown = run("show", "telephone")
    assert "Equalizer" in shown and "Made by: like an old telephone" in shown
    assert json.loads(run("show", "telephone", "--json"))["format"] == "ifx-chain"
    assert json.loads(run("schema"))["properties"]["chain"]


def test_a_turn_is_kept_as_a_preset(tmp_path: Path) -> None:
    clip = audio.load(clips()["guitar"])
    session = open_session(clip)
    for chain in (CHAIN, CHAIN.removed("eq")):
        session = session.add(
            instruction="x", route="reuse_all", chain=chain, score={"before": 0, "after": 0}
        )
    save_session(session, tmp_path / "session.json")
    words = ("save", str(tmp_path / "session.json"), "--turn", "1", "--tag", "Mine")
    run(*words, "--out", str(tmp_path / "kept"))
    kept = store.load(str(tmp_path / f"kept{SUFFIX}"))
    assert kept.as_chain() == CHAIN and kept.tags == ("mine",) and kept.instructions == ("x",)


@pytest.mark.parametrize(("seconds", "feedback"), [(0.42, 0.6), (1.0, 0.5), (0.02, 0.9)])
def test_an_impulse_response_is_as_long_as_it_rings(seconds: float, feedback: float) -> None:
    echo = Slot("delay", {"delay_seconds": seconds, "feedback": feedback, "mix": 0.5})
    response, _ = impulse_response(Chain((echo,)), 8000)
    repeats = 1 + int(-80 / (20 * np.log10(feedback)))  # until 80 dB less is left
    # Each repeat may come one sample early.
    assert response.shape[1] == pytest.approx(repeats * seconds * 8000, abs=repeats + 1)


def test_what_rings_for_ever_is_faded_out() -> None:
    echo = Slot("delay", {"delay_seconds": 0.19, "feedback": 0.95, "mix": 0.5})
    response, _ = impulse_response(Chain((echo,)), 8000)
    assert 29 < response.shape[1] / 8000 <= 30
    repeats = np.abs(response[0][np.abs(response[0]) > 1e-6])
    assert repeats[1] / repeats[0] == pytest.approx(0.95, abs=0.01)
    assert repeats[-1] / repeats[-2] < 0.7


def test_texts_of_others_are_shown_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "other.ifx.json"
    row = {"fx": "[/red]", "engine": "plugin", "params": {"[bold]": 1.0}}
    path.write_text(with_(name="[/x]", chain=[row]))
    shown = run("show", str(path))
    assert "[/x]" in shown and "[/red]" in shown and "[bold]" in shown


def test_a_session_with_any_text_can_be_kept(tmp_path: Path) -> None:
    session = open_session(demo("guitar")).add(
        instruction="two\nlines\x1b[2J" + 600 * "x", route="reuse_all", chain=CHAIN,
        score={"before": 0, "after": 0},
    )  # fmt: skip
    save_session(session, tmp_path / "session.json")
    run("save", str(tmp_path / "session.json"), "--out", str(tmp_path / "kept"))
    (said,) = store.load(str(tmp_path / f"kept{SUFFIX}")).instructions
    assert said.startswith("two lines") and said.isprintable()


def test_impulse_response(tmp_path: Path) -> None:
    rev = Slot("rev", {"room_size": 0.5, "wet_level": 0.3})
    response, left_out = impulse_response(Chain((Slot("dist"), rev)), 44100)
    assert left_out == ("dist",) and response.shape[0] == 2
    assert np.abs(response).max() == pytest.approx(10 ** (-1 / 20), abs=1e-3)
    assert 0.5 < response.shape[1] / 44100 < 6
    # Convolution with it is what the reverb adds.
    from scipy.signal import fftconvolve

    mono = np.random.default_rng(0).standard_normal((1, 22050)).astype(np.float32) * 0.1
    sound = np.repeat(mono, 2, axis=0)
    wet = Chain((Slot("rev", {**rev.params, "dry_level": 0.0}),)).render(sound, 44100)
    made = np.stack([fftconvolve(s, r)[:22050] for s, r in zip(sound, response, strict=True)])
    assert np.corrcoef(made.ravel(), wet.ravel())[0, 1] > 0.999
    path = tmp_path / "ir.wav"
    assert "stereo" in run("impulse", "church-grit", "--out", str(path), "--rate", "48000")
    assert audio.load(path).sample_rate == 48000
    with pytest.raises(UserError, match="no reverb"):
        run("impulse", "telephone", "--out", str(path))


def test_an_echo_has_its_repeats() -> None:
    echo = Slot("delay", {"delay_seconds": 0.25, "feedback": 0.5, "mix": 0.4})
    response, _ = impulse_response(Chain((echo,)), 8000)
    peaks = np.flatnonzero(np.abs(response[0]) > 0.05)
    assert list(peaks[:3]) == [2000, 4000, 6000]
    both, _ = impulse_response(Chain((echo,)), 8000, with_dry=True)
    assert np.flatnonzero(np.abs(both[0]) > 0.05)[0] == 0
