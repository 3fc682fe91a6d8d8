"""Presets on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.presets import store


def test_every_factory_preset_loads() -> None:
    assert store.factory()
    for name in store.factory():
        assert len(store.load(name))


def test_round_trip(tmp_path: Path) -> None:
    chain = Chain((Slot("delay", {"mix": 0.2}), Slot("eq", {"band0_gain_db": -3})))
    store.save(chain, tmp_path / "mine.json", "Mine")
    assert store.load(str(tmp_path / "mine.json")) == chain


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not an ifx-chain"),
        (json.dumps({"format": "ifx-chain", "version": 2, "chain": []}), "newer"),
        (json.dumps({"format": "ifx-chain", "version": True, "chain": []}), "version"),
        (json.dumps({"format": "ifx-chain", "version": 1}), "no 'chain'"),
        (json.dumps({"format": "ifx-chain", "version": 1, "chain": [{"fx": "x"}]}), "no effect"),
        (json.dumps({"format": "ifx-chain", "version": 1, "chain": [3]}), "an 'fx'"),
    ],
)
def test_bad_files_are_messages(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(UserError, match=words):
        store.load(str(path))


@given(st.binary(max_size=200))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_bytes_cause_anything_but_a_message(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.json"
    path.write_bytes(content)
    with pytest.raises(UserError):
        store.load(str(path))
