"""The chain as a value: order, faces, amount, data."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.spec import Parameter, effect, effects
from ifx_bridge.errors import UserError

RATE = 44100
NOISE = (0.2 * np.random.default_rng(0).standard_normal((2, RATE // 2))).astype(np.float32)


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    ids = draw(st.permutations([e.id for e in effects()]))[: draw(st.integers(0, 7))]
    slots = []
    for fx in ids:
        params = {
            p.name: draw(st.floats(p.low, p.high, allow_nan=False)) for p in effect(fx).parameters
        }
        slots.append(Slot(fx, params, bypass=draw(st.booleans())))
    return Chain(tuple(slots), draw(st.floats(-20, 20)), draw(st.floats(0, 2)))


@given(chains())
@settings(max_examples=60, deadline=None)
def test_data_round_trip(chain: Chain) -> None:
    again = Chain.from_data(chain.to_data(), chain.trim_db, chain.amount)
    assert again == chain and hash(again) == hash(chain)
    assert pickle.loads(pickle.dumps(chain)) == chain


def test_signal_order_is_heard_and_differentiated() -> None:
    first = Chain((Slot("dist", {"drive_db": 24}), Slot("rev", {"room_size": 0.8})))
    second = first.reordered(["rev", "dist"])
    one, two = first.render(NOISE, RATE), second.render(NOISE, RATE)
    assert np.abs(one - two).max() > 0.05
    for chain, rendered in ((first, one), (second, two)):
        twin = chain.forward(torch.from_numpy(NOISE)[None].double(), RATE)[0].numpy()
        assert np.sqrt(((twin - rendered) ** 2).mean() / (rendered**2).mean()) < 1e-4


def test_amount_nulls_exactly_and_goes_beyond() -> None:
    chain = Chain((Slot("dist"), Slot("eq", {"band1_gain_db": 9})), trim_db=-4)
    dry = replace(chain, amount=0.0)
    assert np.array_equal(dry.render(NOISE, RATE), NOISE)
    assert np.array_equal(dry.to_pedalboard()(NOISE, RATE), NOISE)
    wet = chain.render(NOISE, RATE)
    for amount in (0.3, 1.7):
        part = replace(chain, amount=amount)
        expected = NOISE + np.float32(amount) * (wet - NOISE)
        assert np.allclose(part.render(NOISE, RATE), expected, atol=1e-6)
        assert np.allclose(part.to_pedalboard()(NOISE, RATE), expected, atol=1e-6)


def test_pedalboard_is_what_is_rendered() -> None:
    import pedalboard

    chain = Chain((Slot("comp"), Slot("pitchshift", {"semitones": 3}), Slot("delay")), trim_db=2)
    board = chain.to_pedalboard()
    assert isinstance(board, pedalboard.Pedalboard)
    assert np.array_equal(board(NOISE, RATE), chain.render(NOISE, RATE))


def test_bypass_and_neutral_pitch_change_nothing() -> None:
    chain = Chain((Slot("dist", bypass=True), Slot("pitchshift", {"semitones": 0})))
    assert np.array_equal(chain.render(NOISE, RATE), NOISE)


def test_more_than_two_channels_are_processed_one_by_one() -> None:
    many = np.concatenate([NOISE] * 3)[:5]
    chain = Chain((Slot("rev"), Slot("comp")))
    wet = chain.render(many, RATE)
    assert wet.shape == many.shape
    assert np.array_equal(wet[4], chain.render(many[4:5], RATE)[0])


def test_dasp_engine_renders_and_says_why_it_is_no_pedalboard() -> None:
    chain = Chain((Slot("eq", {"band1_gain_db": 6}, engine="dasp"),))
    ours = Chain((Slot("eq", {"band1_gain_db": 6}),))
    difference = chain.render(NOISE, RATE) - ours.render(NOISE, RATE)
    assert np.sqrt((difference**2).mean()) < 0.02
    with pytest.raises(UserError, match="no Pedalboard plugin"):
        chain.to_pedalboard()
    reverb = Chain((Slot("rev", engine="dasp"),))
    short = NOISE[:, :4096]
    assert np.array_equal(reverb.render(short, RATE), reverb.render(short, RATE))


def test_values() -> None:
    chain = Chain((Slot("rev"),))
    with pytest.raises(FrozenInstanceError):
        chain.trim_db = 1.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        chain["rev"].params["room_size"] = 1.0  # type: ignore[index]
    assert Slot("dist", {"drive_db": 1e9}).params["drive_db"] == 48
    with pytest.raises(UserError, match="each effect once"):
        chain.added(Slot("rev"))
    with pytest.raises(UserError, match="no effect 'flanger'"):
        Slot("flanger")
    with pytest.raises(UserError, match="no parameter 'size'"):
        Slot("rev", {"size": 1})
    with pytest.raises(UserError, match="not a number"):
        Slot("rev", {"room_size": "big"})  # type: ignore[dict-item]


@given(st.sampled_from([p for e in effects() for p in e.parameters]), st.floats(0, 1))
def test_knob_positions_round_trip(parameter: Parameter, position: float) -> None:
    value = parameter.from_unit(position)
    assert parameter.low <= value <= parameter.high
    assert parameter.to_unit(value) == pytest.approx(position, abs=1e-6)
    tensor = parameter.from_unit_tensor(torch.tensor(position, dtype=torch.float64))
    assert float(tensor) == pytest.approx(value, rel=1e-6, abs=1e-9)
    assert parameter.text(value)
