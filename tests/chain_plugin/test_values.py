"""Chains as values and text, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifx_bridge.chain_plugin.table import SLOTS, entries, kinds
from ifx_bridge.chain_plugin.values import chain_of, state_of, values_in, values_of
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    kinds_in_order = draw(st.permutations(kinds()))[: draw(st.integers(0, len(kinds())))]
    slots = []
    for fx in kinds_in_order:
        params = {p.name: float(np.float32(draw(st.floats(p.low, p.high)))) for p in fx.parameters}
        slots.append(Slot(fx.id, params, bypass=draw(st.booleans())))
    trim = draw(st.floats(-72, 72, width=32))
    return Chain(tuple(slots), trim, draw(st.floats(0, 2, width=32)))


@given(chains())
def test_there_and_back(chain: Chain) -> None:
    assert chain_of(values_of(chain)) == chain


@given(chains())
def test_as_text_there_and_back(chain: Chain) -> None:
    state = state_of(values_of(chain))
    # Single precision is what the plugin holds; that much comes back to the last bit.
    back = chain_of(values_in(state))
    assert back.ids == chain.ids
    one, other = values_of(chain), values_of(back)
    assert {k: np.float32(v) for k, v in one.items()} == {
        k: np.float32(v) for k, v in other.items()
    }


@given(st.binary(max_size=300))
def test_any_other_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(UserError, match="no state of IFX Chain"):
        values_in(data)


def test_states_of_other_formats() -> None:
    state = state_of({})
    with pytest.raises(UserError, match="ifx-chain 2"):
        values_in(state.replace(b"ifx-chain 1", b"ifx-chain 2"))
    with pytest.raises(UserError, match="no state"):
        values_in(state.replace(b"trim_db\x000.0", b"trim_db\x00nan"))
    assert "new_knob" not in values_in(state.replace(b"rev_width", b"new_knob"))


def test_the_state_can_be_read_by_a_person() -> None:
    words = state_of(values_of(Chain((Slot("dist", {"drive_db": 6.5}),)))).decode("latin1")
    assert "format\0ifx-chain 1\0" in words
    assert "dist_drive_db\x006.5\0" in words


def test_what_the_plugin_does_not_have() -> None:
    twin = Slot("rev", {}, engine="dasp")
    with pytest.raises(UserError, match="no rev"):
        values_of(Chain((twin,)))
    with pytest.raises(UserError, match="trim"):
        values_of(Chain((), trim_db=-100))
    with pytest.raises(UserError, match="no parameter"):
        chain_of({"eq_magic": 1.0})


def test_an_effect_in_two_slots_counts_once() -> None:
    assert chain_of({"slot_2": 4, "slot_5": 4}).ids == ("dist",)
    assert len([e for e in entries() if e.symbol.startswith("slot_")]) == SLOTS
