from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from ifx_bridge.daw.oscquery import OscQuery, answer, host_info, tree
from ifx_bridge.daw.remote import TABLE
from ifx_bridge.errors import UserError


@pytest.fixture
def served() -> Iterator[OscQuery]:
    made = OscQuery(TABLE, 9123, port=0)
    yield made
    made.close()


def get(served: OscQuery, path: str) -> object:
    with urlopen(f"http://127.0.0.1:{served.port}{path}", timeout=10) as reply:
        assert reply.headers["Content-Type"] == "application/json"
        return json.loads(reply.read())


def test_every_address_is_there_with_its_type_and_what_it_is_for(served: OscQuery) -> None:
    root = get(served, "/")
    for side, access in ((TABLE.into, 2), (TABLE.out, 1)):
        for address in side.values():
            node = root
            for part in address.pattern.strip("/").split("/"):
                node = node["CONTENTS"][part]  # type: ignore[index]
            assert node["FULL_PATH"] == address.pattern  # type: ignore[index]
            assert node["ACCESS"] == access  # type: ignore[index]
            assert node["TYPE"] == "".join(kind for _, kind in address.arguments)  # type: ignore[index]
            assert node["DESCRIPTION"], address.name  # type: ignore[index]


def test_parts_attributes_and_the_host(served: OscQuery) -> None:
    assert get(served, "/ifx/refine")["TYPE"] == "s"  # type: ignore[index]
    assert get(served, "/ifx/turn/undo?ACCESS") == {"ACCESS": 2}
    info = get(served, "/?HOST_INFO")
    assert (info["OSC_PORT"], info["OSC_TRANSPORT"]) == (9123, "UDP")  # type: ignore[index]
    with pytest.raises(HTTPError) as error:
        get(served, "/ifx/nothing")
    assert error.value.code == 404


@pytest.mark.parametrize(
    ("request_", "status"),
    [("/ifx/amount?VALUE", 204), ("/ifx/amount?WHATEVER", 400), ("//..//..", 404), ("", 200)],
)
def test_statuses(request_: str, status: int) -> None:
    assert answer(tree(TABLE), host_info(1, "x"), request_)[0] == status


def test_a_port_that_is_taken_is_told(served: OscQuery) -> None:
    with pytest.raises(UserError, match="cannot listen on port"):
        OscQuery(TABLE, 9123, port=served.port)
