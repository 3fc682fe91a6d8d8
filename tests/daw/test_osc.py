from __future__ import annotations

import contextlib
import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifx_bridge.daw.osc import LONGEST, Message, NotOsc, Table, bundles, decode, encode, table

floats = st.floats(width=32, allow_nan=False)
values = st.one_of(
    floats,
    st.integers(-(2**31), 2**31 - 1),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    st.booleans(),
    st.none(),
    st.binary(min_size=1, max_size=20),
)
addresses = st.from_regex(r"(/[a-z0-9_]{1,8}){1,4}", fullmatch=True)


@given(addresses, st.lists(values, max_size=8))
def test_what_is_written_is_read(address: str, args: list[object]) -> None:
    message = Message(address, tuple(args))  # type: ignore[arg-type]
    (again,) = decode(encode(message))
    assert again == message
    assert [type(a) for a in again.args] == [type(a) for a in message.args]


@given(st.lists(addresses, max_size=100))
def test_many_go_in_few_datagrams_in_their_order(names: list[str]) -> None:
    messages = [Message(name, (float(n),)) for n, name in enumerate(names)]
    made = bundles(messages)
    assert all(len(data) <= LONGEST for data in made)
    assert [m for data in made for m in decode(data)] == messages
    # None would have gone into the one before.
    for one, other in pairwise(made):
        first = 4 + len(encode(decode(other)[0]))
        assert len(one) + first > LONGEST


def test_what_is_too_long_for_a_bundle_is_refused() -> None:
    with pytest.raises(NotOsc, match="1004 are possible"):
        bundles([Message("/a", ("x" * 1000,))])


@given(st.binary(max_size=200))
def test_garbage_is_named_and_nothing_else(data: bytes) -> None:
    for begin in (b"", b"/a\0\0,", b"#bundle\0" + bytes(8), b"#reply\0\0,ff\0"):
        with contextlib.suppress(NotOsc):
            decode(begin + data)


def test_bundles_in_bundles_without_end() -> None:
    data = encode(Message("/a", (1,)))
    for _ in range(3000):
        data = b"#bundle\0" + struct.pack(">QI", 1, len(data)) + data
    with pytest.raises(NotOsc):
        decode(data)


def test_bundles_are_read_in_their_order_whatever_their_time() -> None:
    inner = [encode(Message("/v", (n,))) for n in range(4)]
    body = b"".join(struct.pack(">I", len(i)) + i for i in inner)
    far_away = struct.pack(">Q", 2**63)
    assert [m.args for m in decode(b"#bundle\0" + far_away + body)] == [(0,), (1,), (2,), (3,)]


def test_ardours_reply_without_a_slash() -> None:
    data = b"#reply\0\0" + encode(Message("/reply", ("AT", 1)))[8:]
    assert decode(data) == (Message("/reply", ("AT", 1)),)


def test_what_reaper_would_drop_is_not_sent() -> None:
    with pytest.raises(NotOsc, match="bytes"):
        encode(Message("/preset", ("x" * LONGEST,)))


def test_a_message_is_about_all_but_its_value() -> None:
    assert Message("/live/device/set/parameter/value", (0, 1, 2, 0.5)).key == (
        "/live/device/set/parameter/value", 0, 1, 2,
    )  # fmt: skip


TABLE = Table.of(
    {
        "port": 8000,
        "out": {"set": "/track/{track}/fx/{device}/value value:f", "all": "/x first:i rest:*"},
        "in": {"name": "/track/{track}/name name:s", "value": "/track/{track}/pan value:f"},
    }
)


def test_types_come_from_the_table() -> None:
    message = TABLE.message("set", track=1, device=2, value=1)
    assert message == Message("/track/1/fx/2/value", (1.0,))
    assert type(message.args[0]) is float
    assert TABLE.message("all", first=1.0, rest=[2, "c"]) == Message("/x", (1, 2, "c"))
    assert TABLE.settings == {"port": 8000}


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (Message("/track/12/name", ("Vox",)), ("name", {"track": 12, "name": "Vox"})),
        (Message("/track/1/pan", (1,)), ("value", {"track": 1, "value": 1.0})),
        (Message("/track/1/name", (1.0,)), None),
        (Message("/track/1/pan", ("left",)), None),
        (Message("/track/1/pan", ()), None),
        (Message("/track/1/2/name", ("Vox",)), None),
    ],
)
def test_reading_by_the_table(message: Message, found: object) -> None:
    assert TABLE.read(message) == found


def test_wrong_lines_are_told() -> None:
    with pytest.raises(ValueError, match="no argument"):
        Table.of({"out": {"set": "/a value:float"}})


@pytest.mark.parametrize("name", ["ardour", "reaper", "live", "ifx"])
def test_the_tables_that_come_along_can_be_read(name: str) -> None:
    found = table(name)
    assert found.settings["port"] in range(1024, 65536)
    assert found.into
